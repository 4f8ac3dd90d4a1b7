/* Any bytes as a message of an agent: what is taken is clean, and its line says the same again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/observation.h"
#include "common/private.h"
#include "tests/fuzz/must.h"
#include "worker/sync/inbox_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_clean(const char *text, bool one_line)
{
    if (!text)
        return;
    size_t size = strlen(text);
    MUST(size > 0 && utf8_valid(text, size));
    for (size_t i = 0; i < size; i++)
        MUST((unsigned char)text[i] >= ' ' || (!one_line && (text[i] == '\n' || text[i] == '\t')));
    char *copy = xstrndup(text, size);
    MUST(session_strip(copy, size) == size);
    free(copy);
}

static void must_be_clean_list(const json_t *list, bool one_line)
{
    MUST(!list || (json_array_size(list) > 0 && json_array_size(list) <= OBSERVATION_LIST_ITEMS));
    for (size_t i = 0; i < json_array_size(list); i++)
        must_be_clean(json_string_value(json_array_get(list, i)), one_line);
}

static void check_fields(const struct observation *o)
{
    bool in_session = o->op != OBSERVATION_NOTE && o->op != OBSERVATION_ARCHIVE;
    MUST(in_session == (o->session != NULL));
    MUST(!o->session || strlen(o->session) <= OBSERVATION_SESSION_BYTES);
    MUST(!o->title || strlen(o->title) <= OBSERVATION_TITLE_BYTES);
    MUST((o->op == OBSERVATION_ARCHIVE) == (o->ids != NULL));
    must_be_clean(o->title, true);
    must_be_clean(o->text, false);
    must_be_clean(o->project, true);
    must_be_clean(o->cwd, true);
    must_be_clean(o->agent, true);
    must_be_clean_list(o->facts, false);
    must_be_clean_list(o->concepts, true);
    must_be_clean_list(o->files_read, true);
    must_be_clean_list(o->files_modified, true);
}

static void check_line(struct observation *o)
{
    struct observation again;
    struct error e = {0};
    struct buf line = {0};
    observation_stamp(o);
    observation_write_line(o, &line);
    MUST(line.size <= OBSERVATION_LINE_MAX_BYTES);
    MUST(memchr(line.data, '\n', line.size) == line.data + line.size - 1);
    MUST(observation_read_line(line.data, line.size - 1, &again, &e));
    MUST(again.op == o->op && again.type == o->type);
    MUST(strcmp(again.ulid, o->ulid) == 0);
    MUST(strcmp(observation_id(&again), observation_id(o)) == 0);
    MUST(json_equal(again.json, o->json));
    check_fields(&again);
    observation_release(&again);
    buf_release(&line);
}

static void check_text(const struct observation *o)
{
    char label[INBOX_LABEL_BYTES];
    char first[32];
    struct buf text = {0};
    char *detail = inbox_detail(o);
    inbox_label(o, label);
    inbox_first_line(o, first, sizeof first);
    inbox_heading(o, &text);
    inbox_body(o, &text);
    MUST(label[0] && utf8_valid(label, strlen(label)) && utf8_valid(first, strlen(first)));
    MUST(text.size == 0 || utf8_valid(text.data, text.size));
    MUST(detail[0] == '{');
    free(detail);
    buf_release(&text);
}

static void check(const char *text, size_t size, const struct observation_route *route)
{
    struct observation o;
    struct error e = {0};
    if (!observation_parse(text, size, route, &o, &e)) {
        MUST(e.cause == CAUSE_BAD_DATA && e.text[0]);
        return;
    }
    check_fields(&o);
    check_text(&o);
    check_line(&o);
    observation_release(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct observation o;
    struct error e = {0};
    check(text, size, &(struct observation_route){0});
    for (int op = 0; op < OBSERVATION_OP_COUNT; op++) {
        enum observation_op it = (enum observation_op)op;
        check(text, size, &(struct observation_route){.op = &it, .session = op < 4 ? "s" : NULL});
    }
    if (observation_read_line(text, size, &o, &e)) {
        check_fields(&o);
        observation_release(&o);
    } else
        MUST(e.cause == CAUSE_BAD_DATA || e.cause == CAUSE_CONFIG);
    return 0;
}
