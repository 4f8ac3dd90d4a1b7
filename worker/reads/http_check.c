/* Checks of a request's head. */
#include "worker/reads/http_check.h"

#include <string.h>
#include <strings.h>

/* RFC 9110, section 5.6.2. */
static bool is_token(const char *text, size_t size)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return size > 0;
}

static bool has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
            return true;
    return false;
}

static bool named(const struct http_field *field, const char *name)
{
    return field->name_size == strlen(name) &&
           strncasecmp(field->name, name, field->name_size) == 0;
}

const struct http_field *http_find(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->count; i++)
        if (named(&head->fields[i], name))
            return &head->fields[i];
    return NULL;
}

static size_t how_often(const struct http_head *head, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < head->count; i++)
        n += named(&head->fields[i], name);
    return n;
}

static bool is_number(const struct http_field *field)
{
    for (size_t i = 0; i < field->value_size; i++)
        if (field->value[i] < '0' || field->value[i] > '9')
            return false;
    return field->value_size >= 1 && field->value_size <= 18;
}

/* Where a body ends must have one answer only: RFC 9112, section 6.3. */
static struct http_verdict check_framing(const struct http_head *head)
{
    const struct http_field *encoding = http_find(head, "Transfer-Encoding");
    const struct http_field *length = http_find(head, "Content-Length");
    if (encoding && length)
        return (struct http_verdict){400, "Content-Length and Transfer-Encoding exclude each "
                                          "other: send one of them."};
    if (how_often(head, "Content-Length") > 1)
        return (struct http_verdict){400, "More than one Content-Length: send one."};
    if (how_often(head, "Transfer-Encoding") > 1)
        return (struct http_verdict){400, "More than one Transfer-Encoding: send one."};
    if (length && !is_number(length))
        return (struct http_verdict){400, "Content-Length is not a number."};
    if (encoding && strcmp(head->version, "HTTP/1.1") != 0)
        return (struct http_verdict){400, "Transfer-Encoding needs HTTP/1.1."};
    if (encoding && (encoding->value_size != 7 || strncasecmp(encoding->value, "chunked", 7) != 0))
        return (struct http_verdict){501, "The only Transfer-Encoding known here is chunked."};
    return (struct http_verdict){0};
}

static struct http_verdict check_single(const struct http_head *head)
{
    static const char *const once[] = {"Host",         "Origin",        "Authorization",
                                       "Content-Type", "Last-Event-ID", "MCP-Protocol-Version",
                                       "Mcp-Method",   "Mcp-Name"};
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        if (how_often(head, once[i]) > 1)
            return (struct http_verdict){
                400, "A header came twice that may come once: Host, Origin, Authorization, "
                     "Content-Type, Last-Event-ID, MCP-Protocol-Version, Mcp-Method, Mcp-Name."};
    if (strcmp(head->version, "HTTP/1.1") == 0 && !http_find(head, "Host"))
        return (struct http_verdict){400, "The Host header is missing."};
    return (struct http_verdict){0};
}

struct http_verdict http_check_head(const struct http_head *head)
{
    if (strcmp(head->version, "HTTP/1.1") != 0 && strcmp(head->version, "HTTP/1.0") != 0)
        return (struct http_verdict){505, "Use HTTP/1.1."};
    if (head->too_many)
        return (struct http_verdict){431, "Too many header lines."};
    if (!is_token(head->method, strlen(head->method)))
        return (struct http_verdict){400, "The method is not a word."};
    for (size_t i = 0; i < head->count; i++) {
        const struct http_field *field = &head->fields[i];
        if (!is_token(field->name, field->name_size))
            return (struct http_verdict){400, "A header's name is not a word."};
        if (has_control(field->value, field->value_size))
            return (struct http_verdict){400, "A header's value has a control byte."};
    }
    struct http_verdict verdict = check_framing(head);
    return verdict.status ? verdict : check_single(head);
}

/* Two NULs where the carriage return and the line feed were. */
static bool line_ends(const char *start, size_t size, size_t *at)
{
    bool ok = size - *at >= 2 && start[*at] == '\0' && start[*at + 1] == '\0';
    *at += 2;
    return ok;
}

/* `text` stands at *at and is followed by a separator. */
static bool stands(const char *text, size_t length, const char *start, size_t size, size_t *at)
{
    if (text != start + *at || length >= size - *at)
        return false;
    *at += length;
    return start[*at] == '\0';
}

bool http_head_is_whole(const struct http_head *head, const char *start, size_t size)
{
    size_t at = 0;
    if (!stands(head->method, strlen(head->method), start, size, &at))
        return false;
    at++;
    if (at >= size || !stands(head->target, head->target_size, start, size, &at))
        return false;
    at++;
    if (at >= size || !stands(head->version, strlen(head->version), start, size, &at) ||
        !line_ends(start, size, &at))
        return false;
    for (size_t i = 0; i < head->count; i++) {
        const struct http_field *field = &head->fields[i];
        if (at >= size || !stands(field->name, field->name_size, start, size, &at))
            return false;
        at++;
        while (at < size && (start[at] == ' ' || start[at] == '\t'))
            at++;
        if (at >= size || !stands(field->value, field->value_size, start, size, &at) ||
            !line_ends(start, size, &at))
            return false;
    }
    return at <= size && line_ends(start, size, &at) && at == size;
}
