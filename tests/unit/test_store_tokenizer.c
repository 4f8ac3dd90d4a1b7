/* The tokenizer of the writing connection, held against SQLite's own. */
#include "worker/sync/store_tokenizer.h"

#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

/* `unicode61` as one connection knows it. */
struct side {
    sqlite3 *db;
    fts5_tokenizer functions;
    Fts5Tokenizer *instance;
};

struct heard {
    struct buf tokens; /* "start end text", one a line */
    int left;          /* tokens before `code` is the answer */
    int code;
};

static fts5_api *api_of(sqlite3 *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *s = NULL;
    CHECK_INT(sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &s, NULL), SQLITE_OK);
    sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
    sqlite3_step(s);
    sqlite3_finalize(s);
    CHECK(api);
    return api;
}

static int make(struct side *side, const char **args, int count)
{
    void *context = NULL;
    fts5_api *api = api_of(side->db);
    CHECK_INT(api->xFindTokenizer(api, "unicode61", &context, &side->functions), SQLITE_OK);
    return side->functions.xCreate(context, args, count, &side->instance);
}

static void open_side(struct side *side, bool ours)
{
    const char *args[] = {"remove_diacritics", "2"};
    struct error e = {0};
    CHECK_INT(sqlite3_open(":memory:", &side->db), SQLITE_OK);
    if (ours)
        CHECK_OK(store_tokenizer_register(side->db, &e), &e);
    CHECK_INT(make(side, args, 2), SQLITE_OK);
}

static void close_side(struct side *side)
{
    side->functions.xDelete(side->instance);
    sqlite3_close(side->db);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are FTS5's */
static int hear(void *ctx, int flags, const char *token, int size, int start, int end)
{
    struct heard *h = ctx;
    CHECK_INT(flags, 0);
    buf_printf(&h->tokens, "%d %d ", start, end);
    buf_add(&h->tokens, token, (size_t)size);
    buf_add_byte(&h->tokens, '\n');
    return --h->left == 0 ? h->code : SQLITE_OK;
}

static int run(const struct side *side, const char *text, size_t size, struct heard *heard)
{
    return side->functions.xTokenize(side->instance, heard, FTS5_TOKENIZE_DOCUMENT, text, (int)size,
                                     hear);
}

/* After `left` tokens, 0 for all, the sink answers `code`. */
static void compare(const struct side sides[2], const char *text, size_t size, int left, int code)
{
    struct heard heard[2] = {{.left = left, .code = code}, {.left = left, .code = code}};
    int codes[2];
    for (int i = 0; i < 2; i++)
        codes[i] = run(&sides[i], text, size, &heard[i]);
    CHECK_INT(codes[1], codes[0]);
    CHECK_MEM(heard[1].tokens.data, heard[1].tokens.size, heard[0].tokens.data,
              heard[0].tokens.size);
    buf_release(&heard[0].tokens);
    buf_release(&heard[1].tokens);
}

static void open_both(struct side sides[2])
{
    open_side(&sides[0], false);
    open_side(&sides[1], true);
}

static void close_both(struct side sides[2])
{
    close_side(&sides[0]);
    close_side(&sides[1]);
}

TEST(each_byte_beside_a_letter_gives_the_tokens_of_sqlite)
{
    struct side sides[2];
    open_both(sides);
    for (int c = 0; c < 256; c++)
        for (size_t before = 60; before < 68; before++) {
            char text[80];
            memset(text, 'B', sizeof text);
            text[before] = (char)c;
            text[before + 2] = ' ';
            compare(sides, text, sizeof text, 0, 0);
            compare(sides, text, before + 1, 0, 0);
        }
    close_both(sides);
}

/* Words that begin, end and are cut at every place of a block of 64 bytes. */
TEST(words_across_blocks_give_the_tokens_of_sqlite)
{
    struct side sides[2];
    char text[512];
    open_both(sides);
    for (size_t from = 0; from < 130; from++)
        for (size_t size = 0; size < 200; size += 1 + size / 8) {
            memset(text, ' ', sizeof text);
            memset(text + from, 'Q', size);
            compare(sides, text, from + size, 0, 0);
            compare(sides, text, sizeof text, 0, 0);
            memcpy(text + from + size / 2, "\xC3\x89", 2);
            compare(sides, text, sizeof text, 0, 0);
        }
    close_both(sides);
}

static size_t random_text(uint64_t *random, char *text, size_t room)
{
    static const char *const pieces[] = {
        "a",
        "Z",
        "word",
        "9",
        " ",
        "\n",
        "-",
        "_",
        "'",
        "\xC3\xA9",
        "e\xCC\x81",
        "\xCC\x81",
        "\xE2\x80\x94",
        "\xE4\xB8\xAD\xE6\x96\x87",
        "\xF0\x9F\x98\x80",
        "\xC3",
        "\x80",
        "\xF0\x9F",
        "\xFF",
        "",
        "STRASSE",
        "\xC7\x85",
        "\xEF\xBF\xBD",
        "\xC2\xA0",
        "\xEE\x80\x80",
        "aVeryLongWordIndeed",
    };
    size_t size = 0;
    for (;;) {
        *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
        /* Half of it plain, so that both ways are gone. */
        size_t count = *random >> 63 ? 9 : sizeof pieces / sizeof *pieces;
        const char *piece = pieces[(*random >> 33) % count];
        size_t length = *piece ? strlen(piece) : 1; /* "" is a NUL byte */
        if (size + length > room)
            return size;
        memcpy(text + size, piece, length);
        size += length;
    }
}

TEST(random_texts_give_the_tokens_of_sqlite)
{
    struct side sides[2];
    uint64_t random = 7;
    char text[700];
    open_both(sides);
    for (int i = 0; i < 3000; i++) {
        size_t size = random_text(&random, text, (size_t)i % sizeof text);
        compare(sides, text, size, 0, 0);
        compare(sides, text, size, 1 + i % 5, i % 2 ? SQLITE_DONE : SQLITE_NOMEM);
    }
    close_both(sides);
}

/* They would change which bytes of ASCII are in a word. */
TEST(other_options_are_refused)
{
    const char *args[] = {"tokenchars", "-"};
    struct side side;
    open_side(&side, true);
    side.functions.xDelete(side.instance);
    CHECK_INT(make(&side, args, 2), SQLITE_ERROR);
    CHECK_INT(make(&side, NULL, 0), SQLITE_ERROR);
    sqlite3_close(side.db);
}
