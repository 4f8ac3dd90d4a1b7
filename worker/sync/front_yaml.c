/* The tree of front matter from libyaml's events. */
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "worker/sync/front_tree.h"

static bool take(struct front_tree *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_MAPPING_START_EVENT:
        return tree_open(b, FRONT_MAP, (const char *)event->data.mapping_start.anchor);
    case YAML_SEQUENCE_START_EVENT:
        return tree_open(b, FRONT_LIST, (const char *)event->data.sequence_start.anchor);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        tree_close(b);
        return true;
    case YAML_SCALAR_EVENT:
        return tree_scalar(
            b, (struct span){(const char *)event->data.scalar.value, event->data.scalar.length},
            event->data.scalar.plain_implicit != 0, (const char *)event->data.scalar.anchor);
    case YAML_ALIAS_EVENT:
        return tree_alias(b, (const char *)event->data.alias.anchor);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

static const char *not_yaml(const yaml_parser_t *parser, struct found *found)
{
    char text[160];
    /* Lines as an editor counts them: from 1, the opening fence is the first. */
    int n =
        snprintf(text, sizeof text, "front matter is not YAML (line %zu: %.80s); taken as text",
                 parser->problem_mark.line + 2, parser->problem ? parser->problem : "unreadable");
    return arena_text(&found->strings, text, n > 0 ? (size_t)n : 0);
}

static void read_events(struct front_tree *b, yaml_parser_t *parser)
{
    yaml_event_type_t type = YAML_NO_EVENT;
    while (!b->refused && type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            b->refused = not_yaml(parser, b->found);
            return;
        }
        type = event.type;
        take(b, &event);
        yaml_event_delete(&event);
    }
}

const char *front_yaml(struct front *f, struct span yaml, struct found *found)
{
    struct front_tree b = {.front = f, .found = found};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return "front matter could not be read; taken as text";
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.text, yaml.size);
    read_events(&b, &parser);
    yaml_parser_delete(&parser);
    return b.refused;
}
