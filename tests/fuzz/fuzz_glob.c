/* Fuzz target: lines of patterns, an empty line, a path; against a plain backtracking matcher. */
#include <stdlib.h>
#include <string.h>

#include "common/glob.h"
#include "common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATTERNS_MAX = 8, PLAIN_MAX = 24 };

/* The same rules the slow way, for patterns without brackets and backslashes. */
static bool plain(const char *p, const char *end, const char *begin, const char *path)
{
    if (p == end)
        return *path == '\0';
    if (*p != '*')
        return *path && (*p == '?' ? *path != '/' : *p == *path) &&
               plain(p + 1, end, begin, path + 1);
    const char *after = p;
    while (after < end && *after == '*')
        after++;
    bool deep = after - p > 1 && (p == begin || p[-1] == '/') && (after == end || *after == '/');
    if (deep && after < end && plain(after + 1, end, begin, path))
        return true;
    for (;; path++) {
        if (plain(after, end, begin, path))
            return true;
        if (*path == '\0' || (*path == '/' && !deep))
            return false;
    }
}

/* A pattern on a path and on each folder above it. */
static bool plain_match(const char *pattern, const char *path)
{
    size_t length = strlen(pattern);
    bool dirs_only = pattern[length - 1] == '/';
    const char *end = pattern + length - dirs_only;
    bool anchored = memchr(pattern, '/', (size_t)(end - pattern)) != NULL;
    const char *begin = pattern + (*pattern == '/');
    for (const char *stop = path;; stop++) {
        stop += strcspn(stop, "/");
        if (dirs_only && *stop == '\0')
            return false;
        char *part = xstrndup(path, (size_t)(stop - path));
        const char *slash = strrchr(part, '/');
        bool yes = plain(begin, end, begin, anchored || !slash ? part : slash + 1);
        free(part);
        if (yes || *stop == '\0')
            return yes;
    }
}

static bool comparable(const char *pattern, const char *path)
{
    return strlen(pattern) <= PLAIN_MAX && strlen(path) <= PLAIN_MAX && *path && *path != '/' &&
           !strstr(path, "//") && path[strlen(path) - 1] != '/' && !strpbrk(pattern, "[\\");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *patterns[PATTERNS_MAX];
    struct error e = {0};
    size_t count = 0;
    char *text = xstrndup((const char *)data, size);
    char *line = text;
    while (*line && *line != '\n' && count < PATTERNS_MAX) {
        patterns[count++] = line;
        line += strcspn(line, "\n");
        if (*line)
            *line++ = '\0';
    }
    const char *path = line + (*line == '\n');
    struct glob_set *set = glob_set_new(patterns, count, "include", &e);
    bool refused = false;
    for (size_t i = 0; i < count; i++)
        refused |= glob_refusal(patterns[i]) != NULL;
    if ((set == NULL) != refused)
        abort();
    bool ours = set && glob_set_match(set, path);
    if (set && count == 1 && comparable(patterns[0], path) &&
        ours != plain_match(patterns[0], path))
        abort();
    glob_set_free(set);
    free(text);
    return 0;
}
