/* The rules of one .gitignore: sets of globs in turn, each all for or all against. */
#include "worker/sync/ignore.h"

#include <stdlib.h>
#include <string.h>

#include "common/glob.h"
#include "common/text.h"

/* Rules that stand together and say the same. */
struct rules {
    struct glob_set *set; /* owned */
    enum ignore_verdict verdict;
};

struct ignore {
    struct rules *rules; /* owned; the last that matches counts */
    size_t count;
};

/* Rules that are not a set yet. */
struct gathering {
    struct ignore *into;
    enum ignore_verdict verdict;
    char **patterns; /* owned */
    size_t count;
    size_t bytes;
};

static void close_set(struct gathering *g)
{
    struct ignore *into = g->into;
    struct error unused = {0};
    struct glob_set *set =
        g->count ? glob_set_new((const char *const *)g->patterns, g->count, "", &unused) : NULL;
    for (size_t i = 0; i < g->count; i++)
        free(g->patterns[i]);
    g->count = 0;
    g->bytes = 0;
    if (!set)
        return;
    into->rules = xrealloc(into->rules, (into->count + 1) * sizeof *into->rules);
    into->rules[into->count++] = (struct rules){set, g->verdict};
}

static void add_pattern(struct gathering *g, enum ignore_verdict verdict, char *pattern)
{
    /* A set takes GLOB_SET_MAX bytes, a little more than its patterns have. */
    size_t bytes = strlen(pattern) + 4;
    if (glob_refusal(pattern) || bytes > GLOB_SET_MAX / 2) {
        free(pattern);
        return;
    }
    if (verdict != g->verdict || g->bytes + bytes > GLOB_SET_MAX / 2)
        close_set(g);
    g->verdict = verdict;
    g->bytes += bytes;
    g->patterns = xrealloc(g->patterns, (g->count + 1) * sizeof *g->patterns);
    g->patterns[g->count++] = pattern;
}

/* Spaces at the end go, unless a backslash makes them part of the name. */
static size_t without_spaces(const char *line, size_t size)
{
    size_t end = 0;
    for (size_t i = 0; i < size; i++) {
        if (line[i] == '\\' && i + 1 < size)
            end = ++i + 1;
        else if (line[i] != ' ')
            end = i + 1;
    }
    return end;
}

static void add_line(struct gathering *g, const char *line, size_t size)
{
    enum ignore_verdict verdict = IGNORE_OUT;
    if (size && line[size - 1] == '\r')
        size--;
    if (size == 0 || line[0] == '#' || memchr(line, '\0', size))
        return;
    size = without_spaces(line, size);
    if (size && line[0] == '!') {
        verdict = IGNORE_IN;
        line++;
        size--;
    }
    if (size == 0)
        return;
    /* A second one is a name's. */
    add_pattern(g, verdict, xasprintf("%s%.*s", line[0] == '!' ? "\\" : "", (int)size, line));
}

struct ignore *ignore_parse(const char *text, size_t size)
{
    struct ignore *ignore = xcalloc(1, sizeof *ignore);
    struct gathering g = {.into = ignore, .verdict = IGNORE_OUT};
    size_t at = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    if (size > IGNORE_MAX_BYTES)
        size = IGNORE_MAX_BYTES;
    while (at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        add_line(&g, text + at, length);
        at += length + 1;
    }
    close_set(&g);
    free(g.patterns);
    if (ignore->count)
        return ignore;
    ignore_free(ignore);
    return NULL;
}

enum ignore_verdict ignore_judge(const struct ignore *ignore, const char *path, bool is_folder)
{
    for (size_t i = ignore->count; i-- > 0;)
        if (glob_set_match_only(ignore->rules[i].set, path, is_folder))
            return ignore->rules[i].verdict;
    return IGNORE_SILENT;
}

void ignore_free(struct ignore *ignore)
{
    if (!ignore)
        return;
    for (size_t i = 0; i < ignore->count; i++)
        glob_set_free(ignore->rules[i].set);
    free(ignore->rules);
    free(ignore);
}
