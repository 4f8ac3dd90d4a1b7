/* One-line logs on stderr. */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/text.h"

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

static enum log_level highest = LOG_INFO;

void log_set_level(enum log_level level)
{
    highest = level;
}

void log_init_from_environment(void)
{
    const char *name = getenv("LATTICE_LOG");
    for (int i = 0; name && i <= LOG_DEBUG; i++)
        if (strcmp(name, level_names[i]) == 0)
            highest = (enum log_level)i;
}

void log_line(enum log_level level, const char *source, const char *phase, const char *format, ...)
{
    if (level > highest)
        return;
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    redact_userinfo(text);
    struct buf line = {0};
    buf_add_text(&line, level_names[level]);
    if (source)
        buf_printf(&line, " %s", source);
    if (phase)
        buf_printf(&line, " %s", phase);
    buf_add_text(&line, ": ");
    text_escape(&line, text, utf8_floor(text, strlen(text)));
    buf_add_byte(&line, '\n');
    ssize_t n;
    do
        n = write(STDERR_FILENO, line.data, line.size);
    while (n < 0 && errno == EINTR);
    buf_release(&line);
}
