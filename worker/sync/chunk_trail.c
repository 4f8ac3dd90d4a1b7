/* What a chunk is called (its trail of headings) and what a stack trace looks like. */
#include <string.h>

#include "worker/sync/chunk.h"

#define TRAIL_MARK " \xE2\x80\xBA " /* U+203A */

enum { LEVELS = 6 };

/* The headings above a place, by level; NULL where there is none. */
struct path {
    const char *by_level[LEVELS];
};

static void path_enter(struct path *path, const struct heading *h)
{
    path->by_level[h->level - 1] = h->text;
    for (int level = h->level; level < LEVELS; level++)
        path->by_level[level] = NULL;
}

static const char *path_trail(const struct path *path, struct arena *arena)
{
    char trail[TRAIL_MAX_BYTES + sizeof TRAIL_MARK];
    size_t used = 0;
    for (int level = 0; level < LEVELS; level++) {
        const char *text = path->by_level[level];
        if (!text || !*text)
            continue;
        if (used && used + sizeof TRAIL_MARK < TRAIL_MAX_BYTES) {
            memcpy(trail + used, TRAIL_MARK, sizeof TRAIL_MARK - 1);
            used += sizeof TRAIL_MARK - 1;
        }
        size_t size = strnlen(text, TRAIL_MAX_BYTES - used);
        size = utf8_floor(text, size);
        memcpy(trail + used, text, size);
        used += size;
    }
    return arena_text(arena, trail, used);
}

/* The first chunk takes the page's first heading even if front matter stands before it. */
static bool heading_reaches(const struct chunker *c, size_t heading, size_t chunk)
{
    size_t start = c->headings[heading].start;
    return start <= c->chunks[chunk].start || (chunk == 0 && heading == 0 && start == c->first);
}

void chunk_name(struct chunker *c, struct arena *arena)
{
    struct path path = {0};
    const char *trail = "";
    size_t heading = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t entered = heading;
        while (heading < c->heading_count && heading_reaches(c, heading, i))
            path_enter(&path, &c->headings[heading++]);
        if (heading > entered)
            trail = path_trail(&path, arena);
        c->chunks[i].heading = trail;
    }
}

static bool starts(const char *line, size_t size, const char *prefix)
{
    size_t length = strlen(prefix);
    return size >= length && memcmp(line, prefix, length) == 0;
}

static size_t digits(const char *line, size_t size)
{
    size_t n = 0;
    while (n < size && line[n] >= '0' && line[n] <= '9')
        n++;
    return n;
}

/* `#12 0x00007f in f ()` (gdb, sanitizers) and `12: core::panicking::panic` (Rust). */
static bool numbered_frame(const char *line, size_t size)
{
    bool hash = size > 0 && line[0] == '#';
    size_t n = digits(line + hash, size - hash);
    if (n == 0 || n > 5)
        return false;
    const char *rest = line + hash + n;
    size_t left = size - hash - n;
    return hash ? left > 0 && *rest == ' ' : starts(rest, left, ": ");
}

/* `/src/main.go:12 +0x1d` (Go) and `do_syscall_64+0x5c/0x90` (Linux). */
static bool address_frame(const char *line, size_t size)
{
    const char *plus = memmem(line, size, "+0x", 3);
    return plus && plus > line;
}

/* `main.(*Server).Serve(0xc0000, {0x1, 0x2})` (Go): a dotted name, then its arguments. */
static bool call_frame(const char *line, size_t size)
{
    if (size < 4 || line[size - 1] != ')')
        return false;
    const char *open = memchr(line, '(', size);
    size_t name = open ? (size_t)(open - line) : 0;
    return name > 2 && memchr(line, '.', name) && !memchr(line, ' ', name);
}

bool trace_line(const char *line, size_t size)
{
    static const char *const prefixes[] = {
        "at ",
        "File \"",
        "Traceback (most recent",
        "Caused by: ",
        "goroutine ",
        "created by ",
        "from ",
        "frame #",
        "* frame #",
        "... ",
        "Exception in thread ",
        "panic: ",
        "stack backtrace:",
        "Suppressed: ",
    };
    while (size > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        size--;
    }
    while (size > 0 && (line[size - 1] == ' ' || line[size - 1] == '\r'))
        size--;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (starts(line, size, prefixes[i]))
            return true;
    return numbered_frame(line, size) || address_frame(line, size) || call_frame(line, size);
}
