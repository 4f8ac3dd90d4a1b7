/* Fuzz target: a request's head, its target, its hosts, and what comes back as an event's id. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/reads/auth.h"
#include "worker/reads/events_source.h"
#include "worker/reads/http_check.h"
#include "worker/reads/http_hosts.h"
#include "worker/reads/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

/* The next line as libmicrohttpd 0.9.75 takes it: a NUL over the carriage return and line feed. */
static char *next_line(char **at, char *end)
{
    char *line = *at;
    char *feed = memchr(line, '\n', (size_t)(end - line));
    if (!feed)
        return NULL;
    *feed = '\0';
    if (feed > line && feed[-1] == '\r')
        feed[-1] = '\0';
    *at = feed + 1;
    return line;
}

static bool split_first(char *line, size_t size, struct http_head *head)
{
    char *target = memchr(line, ' ', size);
    char *version = memrchr(line, ' ', size);
    if (!target || version == target)
        return false;
    *target++ = '\0';
    *version++ = '\0';
    head->method = line;
    head->target = target;
    head->target_size = strlen(target);
    head->version = version;
    return true;
}

static void split_fields(char **at, char *end, struct http_head *head)
{
    char *line;
    while ((line = next_line(at, end)) && line[0]) {
        char *colon = strchr(line, ':');
        if (!colon || head->count == HTTP_FIELDS_MAX) {
            head->too_many = true;
            break;
        }
        *colon++ = '\0';
        colon += strspn(colon, " \t");
        head->fields[head->count++] = (struct http_field){line, strlen(line), colon, strlen(colon)};
    }
}

/* Beside a bare line feed a NUL can pass for a carriage return: then nothing else may stand between
 * it and the line's end. */
static bool hides_something(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        for (size_t j = i; bytes[i] == '\0' && j < size && bytes[j] != '\n'; j++)
            if (bytes[j] != '\0' && bytes[j] != '\r')
                return true;
    return false;
}

/* A head that passes has no NUL that hides what follows, and one answer to where its body ends. */
static void check_head(const uint8_t *data, size_t size)
{
    struct http_head head = {.method = "", .target = "", .version = ""};
    char *copy = xmalloc(size + 1);
    memcpy(copy, data, size);
    char *at = copy;
    char *line = next_line(&at, copy + size);
    if (line && split_first(line, (size_t)(at - line), &head)) {
        split_fields(&at, copy + size, &head);
        size_t length = (size_t)(at - copy);
        bool whole = !head.too_many && http_head_is_whole(&head, copy, length);
        must(!whole || !hides_something(data, length));
        if (whole && !http_check_head(&head).status) {
            bool encoded = http_find(&head, "Transfer-Encoding");
            must(!encoded || !http_find(&head, "content-length"));
            must(strcmp(head.version, "HTTP/1.1") != 0 || http_find(&head, "HOST"));
        }
    }
    free(copy);
}

static void check_target(const char *text, size_t size)
{
    struct http_target target;
    struct error e = {0};
    if (http_target_parse(text, size, &target, &e)) {
        must(target.path[0] == '/' || strcmp(target.path, "*") == 0);
        must(utf8_valid(target.path, strlen(target.path)));
        must(strlen(target.path) <= size);
        must(!target.host || (target.host[0] && !strpbrk(target.host, "/?#@")));
        must(json_object_size(target.args) <= HTTP_ARGS_MAX);
    } else
        must(e.cause == CAUSE_USAGE);
    http_target_release(&target);
}

static void check_hosts(const char *text, size_t size)
{
    struct http_hosts none = {0};
    struct http_hosts any = {.allowed = {"example.org"}, .count = 1, .any_address = true};
    bool host = http_host_allowed(&none, text, size);
    must(!host || http_host_allowed(&any, text, size));
    must(!http_origin_allowed(&none, text, size) || http_origin_allowed(&any, text, size));
    must(!token_matches("0123456789abcdef", text, size) || size == 23);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    check_head(data, size);
    check_target((const char *)data, size);
    check_hosts((const char *)data, size);
    must(event_id_parse(text) >= -1);
    free(text);
    return 0;
}
