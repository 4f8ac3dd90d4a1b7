/* Glob sets: all patterns run side by side as one bit-parallel automaton. */
/*
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

/* 64 states. [1] is for a '/', [0] for every other byte. `*` repeats on all but '/' and may be left
 * at any time, `**` at the end repeats on all and may be left at any time, `**` and '/' repeats on
 * all and may be left after a '/' only. */
struct word {
    uint64_t start;    /* each pattern's first state */
    uint64_t stay[2];  /* states that repeat on this byte */
    uint64_t leave[2]; /* states that may match nothing more, once this byte is read */
    uint64_t end_dir;  /* final states: the path up to here, a folder, matches */
    uint64_t end_file; /* final states that match a file as well */
};

struct glob_set {
    size_t words;
    size_t states;
    struct word *word; /* owned; [words] */
    uint64_t *takes;   /* owned; [byte * words + word]: this byte moves the state on */
};

/* Where a pattern is being compiled: into `set`, from `p`. */
struct compiler {
    struct glob_set *set;
    const char *p;
    const char *end;
    bool in_folders;    /* the state before is `**` and '/' */
    const char *reason; /* NULL, or why it is refused */
};

/* The next state's word and bit. */
static struct word *word_of(const struct glob_set *set)
{
    return &set->word[set->states / WORD_BITS];
}

static uint64_t bit_of(const struct glob_set *set)
{
    return UINT64_C(1) << set->states % WORD_BITS;
}

static void take_byte(struct glob_set *set, unsigned char byte)
{
    set->takes[byte * set->words + set->states / WORD_BITS] |= bit_of(set);
}

/* Adds a state that repeats: on '/' too or not, to be left after every byte or after '/' only. */
static void add_repeat(struct glob_set *set, bool on_slash, bool leave_always)
{
    struct word *word = word_of(set);
    word->stay[0] |= bit_of(set);
    word->stay[1] |= on_slash ? bit_of(set) : 0;
    word->leave[0] |= leave_always ? bit_of(set) : 0;
    word->leave[1] |= bit_of(set);
    set->states++;
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

/* `**` and '/' twice is the same as once: such states never stand side by side, see step(). */
static void add_folders(struct compiler *c)
{
    if (!c->in_folders)
        add_repeat(c->set, true, false);
    c->in_folders = true;
}

/* At `*`: how many; several between slashes or ends mean folders, else they are one. */
static void compile_stars(struct compiler *c, const char *begin)
{
    const char *first = c->p;
    while (c->p < c->end && *c->p == '*')
        c->p++;
    bool open_left = first == begin || first[-1] == '/';
    bool open_right = c->p == c->end || *c->p == '/';
    bool folders = c->p - first > 1 && open_left && open_right;
    if (folders && c->p < c->end) {
        c->p++;
        add_folders(c);
        return;
    }
    add_repeat(c->set, folders, true);
    c->in_folders = false;
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

static void compile_part(struct compiler *c, const char *begin)
{
    if (*c->p == '*') {
        compile_stars(c, begin);
        return;
    }
    c->in_folders = false;
    if (*c->p == '[')
        compile_bracket(c);
    else if (*c->p == '?')
        compile_any(c);
    else
        compile_literal(c);
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
    word_of(set)->start |= bit_of(set);
    if (!anchored)
        add_folders(&c);
    while (c.p < end && !c.reason)
        compile_part(&c, begin);
    word_of(set)->end_dir |= bit_of(set);
    if (!dirs_only)
        word_of(set)->end_file |= bit_of(set);
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
    set->words = states / WORD_BITS + 1;
    set->word = xcalloc(set->words, sizeof *set->word);
    set->takes = xcalloc(BYTES * set->words, sizeof *set->takes);
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
    free(set->word);
    free(set->takes);
    free(set);
}

/* States that may be left are left. Twice, since a `*` may follow a `**` and '/'; no more, since
 * nothing else of the kind stands side by side. */
static uint64_t leave(const struct word *word, uint64_t now, bool slash)
{
    now |= (now & word->leave[slash]) << 1;
    return now | (now & word->leave[slash]) << 1;
}

/* Moves the states on by one byte. Bits only move upwards: one pass from the lowest word does it.
 */
static void step(const struct glob_set *set, uint64_t *now, unsigned char byte)
{
    const uint64_t *takes = set->takes + byte * set->words;
    bool slash = byte == '/';
    uint64_t carry = 0;
    for (size_t w = 0; w < set->words; w++) {
        const struct word *word = &set->word[w];
        uint64_t moved = now[w] & takes[w];
        uint64_t next = leave(word, moved << 1 | (now[w] & word->stay[slash]) | carry, slash);
        carry = (moved | (next & word->leave[slash])) >> (WORD_BITS - 1);
        now[w] = next;
    }
}

/* The first states, as they stand before the first byte: behind an unseen '/'. */
static void begin(const struct glob_set *set, uint64_t *now)
{
    uint64_t carry = 0;
    for (size_t w = 0; w < set->words; w++) {
        const struct word *word = &set->word[w];
        now[w] = leave(word, word->start | carry, true);
        carry = (now[w] & word->leave[1]) >> (WORD_BITS - 1);
    }
}

static bool ended(const struct glob_set *set, const uint64_t *now, bool dir)
{
    for (size_t w = 0; w < set->words; w++)
        if (now[w] & (dir ? set->word[w].end_dir : set->word[w].end_file))
            return true;
    return false;
}

/* Moves a set of one word on from `p` to `end`, or to the path's end if that is NULL. True if a
 * folder on the way matches, and so all below it. */
static bool read_word(const struct word *word, const uint64_t *takes, const char *p,
                      const char *end, uint64_t *state)
{
    uint64_t now = *state;
    for (; p != end && *p; p++) {
        bool slash = *p == '/';
        if (slash && now & word->end_dir)
            return true;
        uint64_t moved = now & takes[(unsigned char)*p];
        now = leave(word, moved << 1 | (now & word->stay[slash]), slash);
    }
    *state = now;
    return false;
}

/* A set of one word, as nearly all are: its state stays in a register. */
static bool match_word(const struct word *word, const uint64_t *takes, const char *path)
{
    uint64_t now = leave(word, word->start, true);
    return read_word(word, takes, path, NULL, &now) || now & word->end_file;
}

bool glob_set_match(const struct glob_set *set, const char *path)
{
    uint64_t now[MAX_WORDS + 1];
    if (set->states == 0)
        return false;
    if (set->words == 1)
        return match_word(set->word, set->takes, path);
    begin(set, now);
    for (const char *p = path; *p; p++) {
        if (*p == '/' && ended(set, now, true))
            return true;
        step(set, now, (unsigned char)*p);
    }
    return ended(set, now, false);
}

bool glob_walk_match(struct glob_walk *walk, const char *path)
{
    const struct glob_set *set = walk->set;
    if (set->states == 0 || set->words != 1)
        return glob_set_match(set, path);
    const struct word *word = set->word;
    size_t size = walk->folder_size;
    bool same = size > 0 && strncmp(path, walk->folder, size) == 0;
    uint64_t now = same ? walk->state : leave(word, word->start, true);
    const char *slash = strrchr(same ? path + size : path, '/');
    if (slash) {
        size_t whole = (size_t)(slash + 1 - path);
        if (read_word(word, set->takes, path + (same ? size : 0), slash + 1, &now))
            return true;
        walk->folder_size = whole <= sizeof walk->folder ? whole : 0;
        memcpy(walk->folder, path, walk->folder_size);
        walk->state = now;
        size = whole;
    } else if (!same)
        size = 0;
    return read_word(word, set->takes, path + size, NULL, &now) || now & word->end_file;
}

bool glob_set_match_only(const struct glob_set *set, const char *path, bool is_folder)
{
    uint64_t now[MAX_WORDS + 1];
    if (set->states == 0)
        return false;
    begin(set, now);
    for (const char *p = path; *p; p++)
        step(set, now, (unsigned char)*p);
    return ended(set, now, is_folder);
}
