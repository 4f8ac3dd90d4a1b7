/* A made-up repository of notes, the same for the same seed, as a stream for `git fast-import`. */
/*
 *   corpus --pages N [--seed S] [--prefix DIR] [--mean BYTES]
 *       one commit with N pages
 *   corpus --pages N ... --round R [--change K] [--rename K] [--delete K] [--add K] [--folder TO]
 *       a later commit on the same pages: K others in each round. With --folder the whole DIR is
 *       renamed to TO, and the K changed pages are changed there.
 *
 * Pages have log-normal sizes and words by Zipf's law, which is what an index feels. */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

enum { VOCABULARY = 50000, SUBJECT_WORDS = 40, WORD_MAX = 32 };
/* Pages in a folder, and folders in a folder. */
enum { FOLDER_PAGES = 40, FOLDER_FOLDERS = 25 };
enum { PAGE_MIN_BYTES = 160, PAGE_MAX_BYTES = 256 * 1024 };

struct options {
    uint64_t seed;
    long pages;
    long mean_bytes;
    long round;
    long change;
    long rename;
    long delete;
    long add;
    const char *prefix;
    const char *folder;
};

/* Draws words by their rank in constant time: Walker's alias method. */
struct vocabulary {
    char words[VOCABULARY][WORD_MAX];
    double keep[VOCABULARY];
    int other[VOCABULARY];
};

/* splitmix64, by Sebastiano Vigna (public domain). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static long below(uint64_t *state, long limit)
{
    return (long)(draw(state) % (uint64_t)limit);
}

static double unit(uint64_t *state)
{
    return (double)(draw(state) >> 11) * 0x1.0p-53;
}

/* e^x without libm, so that every machine makes the same bytes. */
static double exponential(double x)
{
    double term = 1;
    double sum = 1;
    x /= 1024;
    for (int i = 1; i < 8; i++) {
        term *= x / i;
        sum += term;
    }
    for (int i = 0; i < 10; i++)
        sum *= sum;
    return sum;
}

/* Log-normal, sigma 0.8: exp(-0.32) brings the mean back to `mean`. */
static long draw_size(uint64_t *state, long mean)
{
    double normal = -6;
    for (int i = 0; i < 12; i++)
        normal += unit(state);
    double size = (double)mean * exponential(0.8 * normal - 0.32);
    if (size < PAGE_MIN_BYTES)
        return PAGE_MIN_BYTES;
    return size > PAGE_MAX_BYTES ? PAGE_MAX_BYTES : (long)size;
}

/* Frequent words are short, as in every language. */
static void make_word(uint64_t *state, int rank, char word[WORD_MAX])
{
    static const char *const heads[] = {"b", "br", "c", "d",  "dr", "f",  "g", "h",  "k", "l",
                                        "m", "n",  "p", "pr", "r",  "st", "t", "tr", "v", "w"};
    static const char *const vowels[] = {"a", "e", "i", "o", "u", "a", "e", "ou", "\xC3\xA9"};
    static const char *const tails[] = {"", "", "", "", "n", "r", "s", "t", "l", "nd"};
    int syllables = 1 + (rank > 100) + (rank > 1000) + (rank > 20000);
    word[0] = '\0';
    for (int i = 0; i < syllables; i++) {
        size_t used = strlen(word);
        long vowel = below(state, 200) == 0 ? 8 : below(state, 8);
        snprintf(word + used, WORD_MAX - used, "%s%s%s", heads[below(state, 20)], vowels[vowel],
                 tails[below(state, 10)]);
    }
}

static void make_alias(struct vocabulary *v)
{
    static int small[VOCABULARY];
    static int large[VOCABULARY];
    int smalls = 0;
    int larges = 0;
    double sum = 0;
    for (int i = 0; i < VOCABULARY; i++)
        sum += 1 / (i + 2.7);
    for (int i = 0; i < VOCABULARY; i++) {
        v->keep[i] = VOCABULARY / (i + 2.7) / sum;
        v->other[i] = i;
        if (v->keep[i] < 1)
            small[smalls++] = i;
        else
            large[larges++] = i;
    }
    while (smalls && larges) {
        int less = small[--smalls];
        int more = large[larges - 1];
        v->other[less] = more;
        v->keep[more] -= 1 - v->keep[less];
        if (v->keep[more] < 1) {
            larges--;
            small[smalls++] = more;
        }
    }
}

static struct vocabulary *vocabulary_make(uint64_t seed)
{
    struct vocabulary *v = xcalloc(1, sizeof *v);
    for (int i = 0; i < VOCABULARY; i++)
        make_word(&seed, i, v->words[i]);
    make_alias(v);
    return v;
}

static int draw_rank(const struct vocabulary *v, uint64_t *state)
{
    int i = (int)below(state, VOCABULARY);
    return unit(state) < v->keep[i] ? i : v->other[i];
}

/* A page keeps to its subject: two thirds of its words come from a few dozen. Without that, words
 * would hardly repeat within a chunk and an index would be twice as large as it is for real text.
 * Set by 7,867 pages of documentation found on a Debian machine: there a token takes 7.4 bytes of
 * text, and 46 % of a chunk's tokens are different ones; here it is 7.4 and 47 %. */
static int subject[SUBJECT_WORDS];

static void draw_subject(const struct vocabulary *v, uint64_t *state)
{
    for (int i = 0; i < SUBJECT_WORDS; i++)
        subject[i] = draw_rank(v, state);
}

static const char *draw_word(const struct vocabulary *v, uint64_t *state)
{
    return v->words[below(state, 3) ? subject[below(state, SUBJECT_WORDS)] : draw_rank(v, state)];
}

static void add_capitalized(struct buf *out, const char *word)
{
    bool letter = word[0] >= 'a' && word[0] <= 'z';
    buf_add_byte(out, letter ? (char)(word[0] - 'a' + 'A') : word[0]);
    buf_add_text(out, word + 1);
}

/* What stands in technical notes between the words: identifiers, numbers, hashes. */
static void add_token(const struct vocabulary *v, uint64_t *state, struct buf *out)
{
    switch (below(state, 5)) {
    case 0:
        add_capitalized(out, draw_word(v, state));
        add_capitalized(out, draw_word(v, state));
        break;
    case 1:
        buf_printf(out, "%s_%s", draw_word(v, state), draw_word(v, state));
        break;
    case 2:
        buf_printf(out, "%ld", below(state, 10000));
        break;
    case 3:
        buf_printf(out, "v%ld.%ld.%ld", below(state, 4), below(state, 20), below(state, 10));
        break;
    default:
        buf_printf(out, "%07" PRIx64, draw(state) & 0xFFFFFFF);
    }
}

static void add_path(const struct options *o, const char *prefix, long page, struct buf *out)
{
    long folder = page / FOLDER_PAGES;
    if (prefix[0])
        buf_printf(out, "%s/", prefix);
    buf_printf(out, "area-%02ld/topic-%04ld/note-%06ld-%" PRIx64 ".md", folder / FOLDER_FOLDERS,
               folder, page, o->seed & 0xFFF);
}

static void add_link(const struct options *o, uint64_t *state, const struct vocabulary *v,
                     struct buf *out)
{
    long page = below(state, o->pages);
    if (below(state, 2))
        buf_printf(out, "[[note-%06ld-%" PRIx64 "]]", page, o->seed & 0xFFF);
    else if (below(state, 4)) {
        buf_printf(out, "[%s %s](/", draw_word(v, state), draw_word(v, state));
        add_path(o, o->prefix, page, out);
        buf_add_byte(out, ')');
    } else
        buf_printf(out, "https://%s.example.org/%s", draw_word(v, state), draw_word(v, state));
}

static void add_sentence(const struct options *o, const struct vocabulary *v, uint64_t *state,
                         struct buf *out)
{
    long words = 6 + below(state, 14);
    add_capitalized(out, draw_word(v, state));
    for (long i = 1; i < words; i++) {
        long kind = below(state, 200);
        buf_add_text(out, kind < 16 ? ", " : " ");
        if (kind >= 194)
            add_token(v, state, out);
        else if (kind == 193)
            add_link(o, state, v, out);
        else
            buf_add_text(out, draw_word(v, state));
    }
    buf_add_byte(out, '.');
}

static void add_paragraph(const struct options *o, const struct vocabulary *v, uint64_t *state,
                          struct buf *out)
{
    for (long i = 2 + below(state, 5); i > 0; i--) {
        add_sentence(o, v, state, out);
        buf_add_byte(out, i > 1 ? (below(state, 3) ? ' ' : '\n') : '\n');
    }
    buf_add_byte(out, '\n');
}

static void add_list(const struct options *o, const struct vocabulary *v, uint64_t *state,
                     struct buf *out)
{
    for (long i = 2 + below(state, 5); i > 0; i--) {
        buf_add_text(out, "- ");
        add_sentence(o, v, state, out);
        buf_add_byte(out, '\n');
    }
    buf_add_byte(out, '\n');
}

static void add_code(const struct vocabulary *v, uint64_t *state, struct buf *out)
{
    buf_add_text(out, "```c\n");
    for (long i = 3 + below(state, 8); i > 0; i--) {
        const char *name = draw_word(v, state);
        buf_printf(out, "    %s_%s = %s(%s, %ld);\n", name, draw_word(v, state),
                   draw_word(v, state), name, below(state, 100));
    }
    buf_add_text(out, "```\n\n");
}

static void add_words(const struct vocabulary *v, uint64_t *state, struct buf *out)
{
    for (long i = 2 + below(state, 3); i > 0; i--) {
        add_capitalized(out, draw_word(v, state));
        buf_add_byte(out, i > 1 ? ' ' : '\n');
    }
}

static void add_front(const struct vocabulary *v, uint64_t *state, struct buf *out)
{
    buf_add_text(out, "---\ntitle: ");
    add_words(v, state, out);
    buf_printf(out, "date: 20%02ld-%02ld-%02ld\n", 10 + below(state, 16), 1 + below(state, 12),
               1 + below(state, 28));
    buf_printf(out, "tags: [%s, %s]\nauthor: %s\n---\n\n", draw_word(v, state), draw_word(v, state),
               draw_word(v, state));
}

/* Page number `page` as it is in the first commit. */
static void make_page(const struct options *o, const struct vocabulary *v, long page,
                      struct buf *out)
{
    uint64_t state = o->seed * 1000003 + (uint64_t)page * 8191;
    size_t size = (size_t)draw_size(&state, o->mean_bytes);
    buf_reset(out);
    draw_subject(v, &state);
    if (below(&state, 10))
        add_front(v, &state, out);
    buf_add_text(out, "# ");
    add_words(v, &state, out);
    buf_add_byte(out, '\n');
    while (out->size < size) {
        long kind = below(&state, 20);
        if (kind < 3) {
            buf_add_text(out, below(&state, 3) ? "## " : "### ");
            add_words(v, &state, out);
            buf_add_byte(out, '\n');
        } else if (kind < 5)
            add_list(o, v, &state, out);
        else if (kind < 6)
            add_code(v, &state, out);
        else
            add_paragraph(o, v, &state, out);
    }
    /* Cut where the size says, at a line's end if there is one near. */
    size_t cut = utf8_floor(out->data, size);
    const char *end = cut ? memrchr(out->data, '\n', cut) : NULL;
    out->size = end && cut - (size_t)(end - out->data) < 400 ? (size_t)(end - out->data) + 1 : cut;
    out->data[out->size] = 0;
}

static void put_page(const struct options *o, const struct vocabulary *v, const char *prefix,
                     long page)
{
    static struct buf body;
    static struct buf path;
    make_page(o, v, page, &body);
    if (o->round) {
        uint64_t state = o->seed * 1000003 + (uint64_t)page * 8191 + (uint64_t)o->round * 131071;
        buf_printf(&body, "\n## Round %ld\n\n", o->round);
        add_paragraph(o, v, &state, &body);
    }
    buf_reset(&path);
    add_path(o, prefix, page, &path);
    printf("M 100644 inline %s\ndata %zu\n", path.data, body.size);
    fwrite(body.data, 1, body.size, stdout);
    putchar('\n');
}

/* Page k of the round's pages of a class: classes and rounds never share one. */
static long pick(const struct options *o, int class, long k, long count)
{
    long all = (o->pages - class + 2) / 3;
    long page = ((o->round - 1) * count + k) % all;
    /* A step that shares no factor with `all` spreads them over all folders. */
    long step = (long)((double)all * 0.618) + 1;
    for (long a = all, b = step;; step++, a = all, b = step) {
        while (b) {
            long rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1)
            break;
    }
    return (long)((uint64_t)page * (uint64_t)step % (uint64_t)all) * 3 + class;
}

static void put_changes(const struct options *o, const struct vocabulary *v)
{
    struct buf old = {0};
    struct buf new = {0};
    if (o->folder)
        printf("R %s %s\n", o->prefix, o->folder);
    const char *prefix = o->folder ? o->folder : o->prefix;
    for (long k = 0; k < o->change; k++)
        put_page(o, v, prefix, pick(o, 0, k, o->change));
    for (long k = 0; k < o->rename; k++) {
        long page = pick(o, 1, k, o->rename);
        buf_reset(&old);
        buf_reset(&new);
        add_path(o, prefix, page, &old);
        buf_printf(&new, "%s/moved-%ld/", prefix, o->round);
        add_path(o, "", page, &new);
        printf("R %s %s\n", old.data, new.data);
    }
    for (long k = 0; k < o->delete; k++) {
        buf_reset(&old);
        add_path(o, prefix, pick(o, 2, k, o->delete), &old);
        printf("D %s\n", old.data);
    }
    for (long k = 0; k < o->add; k++)
        put_page(o, v, prefix, o->pages + (o->round - 1) * o->add + k);
    buf_release(&old);
    buf_release(&new);
}

static void put_commit(const struct options *o, const struct vocabulary *v)
{
    static const char message[] = "pages\n";
    /* One minute per round, so that the commits are the same each time. */
    printf("commit refs/heads/main\ncommitter Corpus <corpus@example.org> %ld +0000\ndata %zu\n%s",
           1700000000 + 60 * o->round, sizeof message - 1, message);
    if (o->round) {
        printf("from refs/heads/main^0\n");
        put_changes(o, v);
    } else
        for (long page = 0; page < o->pages; page++)
            put_page(o, v, o->prefix, page);
    printf("\ndone\n");
}

static long number(const char *name, const char *text)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < 0) {
        fprintf(stderr, "corpus: --%s: expected a number, got %s\n", name, text);
        exit(2);
    }
    return value;
}

static void parse(int argc, char **argv, struct options *o)
{
    static const struct option options[] = {
        {"pages", 1, NULL, 'n'},  {"seed", 1, NULL, 's'},   {"prefix", 1, NULL, 'p'},
        {"mean", 1, NULL, 'm'},   {"round", 1, NULL, 'r'},  {"change", 1, NULL, 'c'},
        {"rename", 1, NULL, 'R'}, {"delete", 1, NULL, 'd'}, {"folder", 1, NULL, 'f'},
        {"add", 1, NULL, 'a'},    {NULL, 0, NULL, 0},
    };
    int option;
    int at = 0;
    while ((option = getopt_long(argc, argv, "", options, &at)) != -1) {
        switch (option) {
        case 's':
            o->seed = (uint64_t)number("seed", optarg);
            break;
        case 'p':
            o->prefix = optarg;
            break;
        case 'f':
            o->folder = optarg;
            break;
        case '?':
            exit(2);
        default: {
            long *const values[] = {
                ['n'] = &o->pages,  ['m'] = &o->mean_bytes, ['r'] = &o->round, ['c'] = &o->change,
                ['R'] = &o->rename, ['d'] = &o->delete,     ['a'] = &o->add};
            *values[option] = number(options[at].name, optarg);
        }
        }
    }
    if (o->pages < 3 || optind != argc || ((o->folder || o->change) && o->round == 0)) {
        fputs("usage: corpus --pages N [--seed S] [--prefix DIR] [--mean BYTES]\n"
              "              [--round R [--change K] [--rename K] [--delete K] [--add K]\n"
              "              [--folder TO]]\n",
              stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .mean_bytes = 3700, .prefix = "notes"};
    parse(argc, argv, &o);
    struct vocabulary *v = vocabulary_make(o.seed);
    printf("feature done\n");
    put_commit(&o, v);
    free(v);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    perror("corpus: write");
    return 1;
}
