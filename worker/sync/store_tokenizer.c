/* FTS5's `unicode61` for the writing connection: the same tokens, in a third of the time. */
#include "worker/sync/store_tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "common/lanes.h"
#include "common/text.h"

/* SQLite's takes 22 instructions and several branches for a byte, a sixth of a first sync. Here the
 * text is folded and its words are marked 16 bytes at a time. A word that is not all ASCII goes to
 * SQLite's own. That gives the same tokens, since none depends on what stands beyond the ASCII
 * separators around it: tests/unit/test_store_tokenizer.c holds both against each other. */

typedef int token_sink(void *ctx, int flags, const char *token, int size, int start, int end);

/* SQLite's own, as it is registered. */
struct original {
    fts5_tokenizer functions;
    void *context;
};

enum { BLOCK = 64 };

struct tokenizer {
    const fts5_tokenizer *original; /* borrowed */
    Fts5Tokenizer *instance;        /* owned */
    char *folded;                   /* owned: the text in hand, in whole blocks */
    size_t blocks;                  /* room */
};

/* What a block holds, bit by bit. */
struct block {
    uint64_t words; /* letters, digits and all that is not ASCII */
    uint64_t wide;  /* what is not ASCII */
};

static struct block fold(const char *text, char *out)
{
    struct block b = {0};
    for (int i = 0; i < BLOCK; i += LANES) {
        lanes x = lanes_load(text + i);
        lanes folded = x + ((lanes)(x - 'A' < 26) & ('a' - 'A'));
        lanes wide = (lanes)(x > 0x7F);
        lanes word = (lanes)(folded - 'a' < 26) | (lanes)(x - '0' < 10) | wide;
        memcpy(out + i, &folded, sizeof folded);
        b.words |= lanes_bits(word) << i;
        b.wide |= lanes_bits(wide) << i;
    }
    return b;
}

/* A text on its way to FTS5. */
struct stretch {
    const struct tokenizer *tokenizer;
    const char *text;
    token_sink *sink;
    void *ctx;
    int why;
    int code;     /* what the sink said last: SQLITE_DONE ends a text */
    int start;    /* of the word in hand */
    int wide_end; /* where the last byte that is not ASCII ends, in the blocks so far */
    bool inside;  /* a word is in hand */
};

/* A token of the word in hand, at its place in the text. */
/* NOLINTNEXTLINE(readability-function-size): the parameters are FTS5's */
static int give_shifted(void *ctx, int flags, const char *token, int size, int start, int end)
{
    struct stretch *s = ctx;
    s->code = s->sink(s->ctx, flags, token, size, s->start + start, s->start + end);
    return s->code;
}

static void give_word(struct stretch *s, int end, bool wide)
{
    const struct tokenizer *t = s->tokenizer;
    int size = end - s->start;
    if (!wide) {
        s->code = s->sink(s->ctx, 0, t->folded + s->start, size, s->start, end);
        return;
    }
    int code =
        t->original->xTokenize(t->instance, s, s->why, s->text + s->start, size, give_shifted);
    if (code != SQLITE_OK)
        s->code = code;
}

/* Where the last of these bytes of a block ends; `otherwise` if there are none. */
static int last_end(uint64_t bits, int at, int otherwise)
{
    return bits ? at + BLOCK - __builtin_clzll(bits) : otherwise;
}

/* At each bit of `edges` a word starts or ends. */
static void give_words(struct stretch *s, int at, uint64_t edges, uint64_t wide)
{
    for (; edges && s->code == SQLITE_OK; edges &= edges - 1) {
        int end = at + __builtin_ctzll(edges);
        uint64_t before = (edges & -edges) - 1;
        if (s->inside)
            give_word(s, end, last_end(wide & before, at, s->wide_end) > s->start);
        else
            s->start = end;
        s->inside = !s->inside;
    }
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are FTS5's */
static int tokenize(Fts5Tokenizer *self, void *ctx, int why, const char *text, int bytes,
                    token_sink *sink)
{
    struct tokenizer *t = (struct tokenizer *)self;
    struct stretch s = {.tokenizer = t, .text = text, .sink = sink, .ctx = ctx, .why = why};
    char rest[BLOCK] = {0}; /* what stands behind the text is no word */
    int whole = bytes > 0 ? bytes / BLOCK * BLOCK : 0;
    uint64_t last = 0; /* the last byte was in a word */
    size_t blocks = (size_t)whole / BLOCK + 1;
    if (blocks > t->blocks) {
        t->folded = xrealloc(t->folded, blocks * BLOCK);
        t->blocks = blocks;
    }
    if (bytes > whole)
        memcpy(rest, text + whole, (size_t)(bytes - whole));
    for (int at = 0; at <= whole; at += BLOCK) {
        struct block b = fold(at < whole ? text + at : rest, t->folded + at);
        give_words(&s, at, b.words ^ (b.words << 1 | last), b.wide);
        last = b.words >> (BLOCK - 1);
        s.wide_end = last_end(b.wide, at, s.wide_end);
    }
    return s.code == SQLITE_DONE ? SQLITE_OK : s.code;
}

static int create(void *context, const char **args, int count, Fts5Tokenizer **out)
{
    const struct original *original = context;
    /* Other options, such as tokenchars, change what ASCII means. */
    if (count != 2 || strcmp(args[0], "remove_diacritics") != 0)
        return SQLITE_ERROR;
    struct tokenizer *t = xcalloc(1, sizeof *t);
    t->original = &original->functions;
    int code = original->functions.xCreate(original->context, args, count, &t->instance);
    if (code != SQLITE_OK)
        free(t);
    else
        *out = (Fts5Tokenizer *)t;
    return code;
}

static void delete (Fts5Tokenizer *self)
{
    struct tokenizer *t = (struct tokenizer *)self;
    t->original->xDelete(t->instance);
    free(t->folded);
    free(t);
}

/* https://www.sqlite.org/fts5.html, section 7. */
static fts5_api *find_api(sqlite3 *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &s, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
        sqlite3_step(s);
    }
    sqlite3_finalize(s);
    return api;
}

bool store_tokenizer_register(sqlite3 *db, struct error *e)
{
    static const char name[] = "unicode61";
    fts5_tokenizer ours = {create, delete, tokenize};
    struct original *original = xcalloc(1, sizeof *original);
    fts5_api *api = find_api(db);
    if (api &&
        api->xFindTokenizer(api, name, &original->context, &original->functions) == SQLITE_OK &&
        api->xCreateTokenizer(api, name, original, &ours, free) == SQLITE_OK)
        return true;
    free(original);
    return db_error(db, "set up its index", e);
}
