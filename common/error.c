/* Writing, prepending and masking error messages. */
#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

/* Of what is put in front of a message; it is a name or a path of ours. */
enum { WRAP_MAX_BYTES = 200 };

static void finish(char *text, size_t size)
{
    redact_userinfo(text);
    size_t length = strlen(text);
    if (length + 1 == size)
        text[utf8_floor(text, length)] = '\0';
}

bool error_set(struct error *e, enum cause cause, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    e->cause = cause;
    e->damaged = false;
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    finish(e->text, sizeof e->text);
    return false;
}

bool error_wrap(struct error *e, const char *format, ...)
{
    char prefix[ERROR_TEXT_SIZE];
    char old[ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    memcpy(old, e->text, sizeof old);
    /* The prefix is ours and short; what it pushes out is the tail of the old message. */
    size_t cut = utf8_floor(prefix, strnlen(prefix, WRAP_MAX_BYTES));
    size_t used = (size_t)snprintf(e->text, sizeof e->text, "%.*s: ", (int)cut, prefix);
    size_t room = sizeof e->text - used - 1;
    size_t keep = strnlen(old, room);
    memcpy(e->text + used, old, keep);
    e->text[used + keep] = '\0';
    finish(e->text, sizeof e->text);
    return false;
}

void redact_userinfo(char *text)
{
    for (char *scheme = strstr(text, "://"); scheme; scheme = strstr(scheme, "://")) {
        char *start = scheme + 3;
        char *end = start + strcspn(start, "/?# \t\n\"'<>");
        char *at = NULL;
        for (char *p = start; p < end; p++)
            if (*p == '@')
                at = p;
        scheme = start;
        if (!at)
            continue;
        size_t stars = at - start < 3 ? (size_t)(at - start) : 3;
        memset(start, '*', stars);
        memmove(start + stars, at, strlen(at) + 1);
    }
}
