/* Fuzz target: header lines, links, token and header files, URLs as HTTP sources give them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/sync/http_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

/* Whatever a file says, a line cannot become two. */
static void on_line(void *context, const char *line)
{
    (void)context;
    must(strchr(line, ':') && !strpbrk(line, "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct error e = {0};
    char *token = NULL;
    char *text = xstrndup(size ? bytes : "", size);
    char *value = http_header_value(bytes, size, "ETag");
    char *next = http_link_next(text);
    char *shown = http_url_shown(text);
    must(!value || strlen(value) <= size);
    must(!next || (next[0] && strlen(next) < size));
    must(!strchr(shown, '#'));
    if (http_token_parse(bytes, size, &token, &e))
        must(token[0] && !strpbrk(token, " \t\r\n"));
    else
        must(e.cause == CAUSE_CONFIG && e.text[0]);
    e = (struct error){0};
    if (!http_headers_parse(bytes, size, on_line, NULL, &e))
        must(e.cause == CAUSE_CONFIG && e.text[0]);
    free(token);
    free(shown);
    free(next);
    free(value);
    free(text);
    return 0;
}
