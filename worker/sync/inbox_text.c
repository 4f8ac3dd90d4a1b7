/* An observation as Markdown. */
#include "worker/sync/inbox_text.h"

#include <stdio.h>
#include <string.h>

static const char *const type_labels[] = {
    [TYPE_DECISION] = "Decision",    [TYPE_BUGFIX] = "Bug fix",      [TYPE_FEATURE] = "Feature",
    [TYPE_REFACTOR] = "Refactoring", [TYPE_DISCOVERY] = "Discovery", [TYPE_CHANGE] = "Change",
    [TYPE_SUMMARY] = "Summary",      [TYPE_NOTE] = "Note",           [TYPE_PROMPT] = "Prompt",
};

static void cut_to(char *out, size_t size, const char *text, size_t length)
{
    if (length >= size)
        length = utf8_floor(text, size - 1);
    memcpy(out, text, length);
    out[length] = '\0';
}

void inbox_first_line(const struct observation *o, char *out, size_t size)
{
    const char *text = o->text ? o->text : json_string_value(json_array_get(o->facts, 0));
    text = text ? text + strspn(text, " \t") : "";
    cut_to(out, size, text, strcspn(text, "\n"));
}

void inbox_label(const struct observation *o, char out[INBOX_LABEL_BYTES])
{
    enum { FIRST_BYTES = 80 };
    char first[FIRST_BYTES + 1] = "";
    const char *title = o->op == OBSERVATION_INIT ? NULL : o->title; /* that is the session's */
    if (!title && o->type == TYPE_PROMPT)
        inbox_first_line(o, first, sizeof first);
    if (!title)
        title = first;
    snprintf(out, INBOX_LABEL_BYTES, "%s%s%s", type_labels[o->type], title[0] ? ": " : "", title);
}

void inbox_heading(const struct observation *o, struct buf *out)
{
    char label[INBOX_LABEL_BYTES];
    inbox_label(o, label);
    if (o->op == OBSERVATION_INIT)
        buf_add_text(out, "**User**\n\n");
    else if (o->op != OBSERVATION_NOTE)
        buf_printf(out, "### %s\n\n", label);
    else if (o->title)
        buf_printf(out, "# %s\n\n", o->title);
}

/* The lines behind the first belong to it. */
static void add_item(struct buf *out, const char *text)
{
    buf_add_text(out, "* ");
    for (const char *line = text; *line;) {
        size_t size = strcspn(line, "\n");
        buf_add_text(out, line > text && size ? "  " : "");
        buf_add(out, line, size);
        buf_add_byte(out, '\n');
        line += size + (line[size] == '\n');
    }
}

static void add_facts(struct buf *out, const json_t *facts)
{
    for (size_t i = 0; i < json_array_size(facts); i++)
        add_item(out, json_string_value(json_array_get(facts, i)));
    if (facts)
        buf_add_byte(out, '\n');
}

static void add_list(struct buf *out, const char *label, const json_t *list, const char *quote)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        buf_printf(out, "%s%s%s%s", i ? ", " : label, quote,
                   json_string_value(json_array_get(list, i)), quote);
    if (list)
        buf_add_text(out, "\n\n");
}

void inbox_body(const struct observation *o, struct buf *out)
{
    if (o->text)
        buf_printf(out, "%s\n\n", o->text);
    add_facts(out, o->facts);
    add_list(out, "Concepts: ", o->concepts, "");
    add_list(out, "Files read: ", o->files_read, "`");
    add_list(out, "Files modified: ", o->files_modified, "`");
}

char *inbox_detail(const struct observation *o)
{
    const struct {
        const char *name;
        const json_t *list;
    } lists[] = {{"facts", o->facts},
                 {"concepts", o->concepts},
                 {"files_read", o->files_read},
                 {"files_modified", o->files_modified}};
    json_t *detail = json_object();
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (lists[i].list)
            json_object_set(detail, lists[i].name, (json_t *)lists[i].list);
    char *text = json_dumps(detail, JSON_COMPACT);
    json_decref(detail);
    return text;
}
