/* Glob sets: all patterns run side by side as one bit-parallel automaton.
 *
 * Each pattern is a row of states, one bit each, and a final state. A set bit means: the path read
 * so far matches the pattern up to here. A byte moves bits one to the left where the state takes
 * that byte, and keeps them where the state may repeat. No backtracking, so no bad cases.
 * (Navarro and Raffinot, Flexible Pattern Matching in Strings, chapter 4.) */
#include "common/glob.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

enum { WORD_BITS = 64, MAX_WORDS = GLOB_SET_MAX / WORD_BITS, BYTES = 256 };

struct glob_set {
    size_t words;
    size_t states;
    uint64_t *takes;    /* owned; [byte * words + word]: this byte moves the state on */
    uint64_t *start;    /* owned; each pattern's first state */
    uint64_t *star;     /* owned; `*`: repeats on all but '/', may be left at any time */
    uint64_t *dirs;     /* owned; `**` and '/': repeats on all, may be left after a '/' only */
    uint64_t *all;      /* owned; `**` at the end: repeats on all, may be left at any time */
    uint64_t *end_dir;  /* owned; final states: the path up to here, a folder, matches */
    uint64_t *end_file; /* owned; those that match a file as well */
};

/* Where a pattern is being compiled: into `set`, from `p`. */
struct compiler {
    struct glob_set *set;
    const char *p;
    const char *end;
    const char *reason; /* NULL, or why it is refused */
};

static void set_bit(uint64_t *mask, size_t state)
{
    mask[state / WORD_BITS] |= UINT64_C(1) << state % WORD_BITS;
}

static bool has_bit(const uint64_t *mask, size_t state)
{
    return mask[state / WORD_BITS] >> state % WORD_BITS & 1;
}

static void take_byte(struct glob_set *set, unsigned char byte)
{
    set_bit(set->takes + byte * set->words, set->states);
}

static bool class_has(const char *name, size_t length, int byte)
{
    static const struct {
        const char *name;
        int (*has)(int);
    } classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
                   {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
                   {"lower", islower}, {"print", isprint}, {"punct", ispunct},
                   {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strlen(classes[i].name) == length && memcmp(classes[i].name, name, length) == 0)
            return byte < 0 || (byte < 0x80 && classes[i].has(byte));
    return false;
}

/* At `[:name:]`: adds its bytes and moves behind it. False if it is not a class's name. */
static bool take_class(struct compiler *c, bool member[BYTES])
{
    const char *name = c->p + 2;
    const char *close = memchr(name, ']', (size_t)(c->end - name));
    if (!close || close == name || close[-1] != ':')
        return false;
    size_t length = (size_t)(close - 1 - name);
    if (!class_has(name, length, -1))
        c->reason = "unknown [:class:]";
    for (int byte = 0; byte < BYTES; byte++)
        member[byte] |= class_has(name, length, byte);
    c->p = close + 1;
    return true;
}

/* One byte of a bracket, after an optional backslash. */
static unsigned char bracket_byte(struct compiler *c)
{
    if (*c->p == '\\' && c->p + 1 < c->end)
        c->p++;
    return (unsigned char)*c->p++;
}

static void take_range(struct compiler *c, bool member[BYTES])
{
    unsigned char low = bracket_byte(c);
    unsigned char high = low;
    member[low] = true; /* also when the range is upside down, as in git */
    if (c->end - c->p >= 2 && c->p[0] == '-' && c->p[1] != ']') {
        c->p++;
        high = bracket_byte(c);
    }
    for (int byte = low; byte <= high; byte++)
        member[byte] = true;
}

/* At `[`: one state that takes the bytes up to `]`; a `]` in front is a member. */
static void compile_bracket(struct compiler *c)
{
    bool member[BYTES] = {false};
    c->p++;
    bool negated = c->p < c->end && (*c->p == '!' || *c->p == '^');
    c->p += negated;
    for (bool first = true; c->p < c->end && (first || *c->p != ']'); first = false)
        if (c->end - c->p < 2 || c->p[0] != '[' || c->p[1] != ':' || !take_class(c, member))
            take_range(c, member);
    if (c->p == c->end) {
        c->reason = "\"[\" without \"]\"";
        return;
    }
    c->p++;
    for (int byte = 1; byte < BYTES; byte++)
        if (member[byte] != negated && byte != '/')
            take_byte(c->set, (unsigned char)byte);
    c->set->states++;
}

/* At `*`: how many; several between slashes or ends mean folders, else they are one. */
static void compile_stars(struct compiler *c, const char *begin)
{
    const char *first = c->p;
    while (c->p < c->end && *c->p == '*')
        c->p++;
    bool open_left = first == begin || first[-1] == '/';
    bool open_right = c->p == c->end || *c->p == '/';
    struct glob_set *set = c->set;
    if (c->p - first < 2 || !open_left || !open_right) {
        set_bit(set->star, set->states++);
    } else if (c->p == c->end) {
        set_bit(set->all, set->states++);
    } else {
        /* `**` and '/' twice is the same as once: these states never stand side by side. */
        if (set->states == 0 || !has_bit(set->dirs, set->states - 1))
            set_bit(set->dirs, set->states++);
        c->p++;
    }
}

static void compile_literal(struct compiler *c)
{
    if (*c->p == '\\' && ++c->p == c->end) {
        c->reason = "a \"\\\" at the end quotes nothing";
        return;
    }
    take_byte(c->set, (unsigned char)*c->p++);
    c->set->states++;
}

static void compile_any(struct compiler *c)
{
    c->p++;
    for (int byte = 1; byte < BYTES; byte++)
        if (byte != '/')
            take_byte(c->set, (unsigned char)byte);
    c->set->states++;
}

/* What can be seen before compiling; NULL if nothing is wrong. */
static const char *bad_shape(const char *pattern)
{
    if (*pattern == '\0' || strcmp(pattern, "/") == 0)
        return "names nothing";
    if (*pattern == '!')
        return "\"!\" is for .gitignore; use include and exclude";
    const char *part = pattern + (*pattern == '/');
    while (*part) {
        size_t length = strcspn(part, "/");
        if (length == 0)
            return "\"//\" never matches";
        if ((length == 1 && *part == '.') || (length == 2 && memcmp(part, "..", 2) == 0))
            return "\".\" and \"..\" never match; patterns start at the source's root";
        part += length + (part[length] == '/');
    }
    return NULL;
}

static const char *compile(struct glob_set *set, const char *pattern)
{
    const char *reason = bad_shape(pattern);
    if (reason)
        return reason;
    size_t length = strlen(pattern);
    bool dirs_only = pattern[length - 1] == '/';
    const char *end = pattern + length - dirs_only;
    bool anchored = memchr(pattern, '/', (size_t)(end - pattern)) != NULL;
    const char *begin = pattern + (*pattern == '/');
    struct compiler c = {.set = set, .p = begin, .end = end};
    set_bit(set->start, set->states);
    if (!anchored)
        set_bit(set->dirs, set->states++);
    while (c.p < end && !c.reason) {
        if (*c.p == '*')
            compile_stars(&c, begin);
        else if (*c.p == '[')
            compile_bracket(&c);
        else if (*c.p == '?')
            compile_any(&c);
        else
            compile_literal(&c);
    }
    set_bit(set->end_dir, set->states);
    if (!dirs_only)
        set_bit(set->end_file, set->states);
    set->states++;
    return c.reason;
}

static bool refuse(const char *pattern, const char *where, size_t index, const char *reason,
                   struct error *e)
{
    struct buf shown = {0};
    buf_reserve(&shown, 0);
    text_escape(&shown, pattern, strnlen(pattern, 200));
    error_set(e, CAUSE_CONFIG, "%s[%zu]: \"%s\": %s", where, index, shown.data, reason);
    buf_release(&shown);
    return false;
}

static const char too_long[] = "too long: 64 KiB of patterns at most";

/* Room for every state: a byte of pattern makes at most one, and there are two more each. */
static struct glob_set *set_alloc(size_t states)
{
    struct glob_set *set = xcalloc(1, sizeof *set);
    size_t words = states / WORD_BITS + 1;
    set->words = words;
    set->takes = xcalloc(BYTES * words, sizeof *set->takes);
    set->start = xcalloc(words, sizeof *set->start);
    set->star = xcalloc(words, sizeof *set->star);
    set->dirs = xcalloc(words, sizeof *set->dirs);
    set->all = xcalloc(words, sizeof *set->all);
    set->end_dir = xcalloc(words, sizeof *set->end_dir);
    set->end_file = xcalloc(words, sizeof *set->end_file);
    return set;
}

const char *glob_refusal(const char *pattern)
{
    size_t states = strlen(pattern) + 2;
    if (states >= GLOB_SET_MAX)
        return too_long;
    struct glob_set *set = set_alloc(states);
    const char *reason = compile(set, pattern);
    glob_set_free(set);
    return reason;
}

struct glob_set *glob_set_new(const char *const *patterns, size_t count, const char *where,
                              struct error *e)
{
    size_t states = 0;
    for (size_t i = 0; i < count; i++) {
        states += strlen(patterns[i]) + 2;
        if (states >= GLOB_SET_MAX) {
            refuse(patterns[i], where, i, too_long, e);
            return NULL;
        }
    }
    struct glob_set *set = set_alloc(states);
    for (size_t i = 0; i < count; i++) {
        const char *reason = compile(set, patterns[i]);
        if (reason) {
            refuse(patterns[i], where, i, reason, e);
            glob_set_free(set);
            return NULL;
        }
    }
    return set;
}

void glob_set_free(struct glob_set *set)
{
    if (!set)
        return;
    free(set->takes);
    free(set->start);
    free(set->star);
    free(set->dirs);
    free(set->all);
    free(set->end_dir);
    free(set->end_file);
    free(set);
}

/* Moves the states on by one byte, then lets them leave what may match nothing. Bits move only
 * upwards, so one pass from the lowest word does it; at most `**` and `*` follow each other. */
static void step(const struct glob_set *set, uint64_t *now, unsigned char byte)
{
    const uint64_t *takes = set->takes + byte * set->words;
    bool slash = byte == '/';
    uint64_t moved = 0; /* carried over from the word below */
    uint64_t left = 0;
    for (size_t w = 0; w < set->words; w++) {
        uint64_t old = now[w];
        uint64_t stays = set->dirs[w] | set->all[w] | (slash ? 0 : set->star[w]);
        uint64_t new = ((old & takes[w]) << 1) | moved | left | (old & stays);
        uint64_t leave = slash ? set->dirs[w] : 0;
        new |= (new &leave) << 1;
        leave |= set->star[w] | set->all[w];
        new |= (new &leave) << 1;
        moved = (old & takes[w]) >> (WORD_BITS - 1);
        left = (new &leave) >> (WORD_BITS - 1);
        now[w] = new;
    }
}

static bool any(const struct glob_set *set, const uint64_t *now, const uint64_t *mask)
{
    for (size_t w = 0; w < set->words; w++)
        if (now[w] & mask[w])
            return true;
    return false;
}

/* The first states, as they stand before the first byte: behind an unseen '/'. */
static void begin(const struct glob_set *set, uint64_t *now)
{
    uint64_t left = 0;
    for (size_t w = 0; w < set->words; w++) {
        uint64_t leave = set->dirs[w] | set->star[w] | set->all[w];
        now[w] = set->start[w] | left;
        now[w] |= (now[w] & leave) << 1;
        now[w] |= (now[w] & leave) << 1;
        left = (now[w] & leave) >> (WORD_BITS - 1);
    }
}

bool glob_set_match(const struct glob_set *set, const char *path)
{
    uint64_t now[MAX_WORDS + 1];
    begin(set, now);
    for (const char *p = path; *p; p++) {
        if (*p == '/' && any(set, now, set->end_dir))
            return true;
        step(set, now, (unsigned char)*p);
    }
    return any(set, now, set->end_file);
}
