/* JSON to text and text to JSON. */
#include "common/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

json_t *text_json(const char *text)
{
    struct buf clean = {0};
    buf_reserve(&clean, 0);
    utf8_sanitize(&clean, text, strlen(text));
    json_t *json = json_stringn(clean.data, clean.size);
    buf_release(&clean);
    return json;
}

json_t *text_or_null(const char *text)
{
    return text[0] ? text_json(text) : json_null();
}

char *json_line(json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    char *line = xasprintf("%s\n", text ? text : ""); /* NULL cannot be: all text was made valid */
    free(text);
    return line;
}

void json_print(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}
