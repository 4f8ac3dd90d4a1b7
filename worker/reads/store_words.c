/* Tokens and counts of a store's index. */
#include "worker/reads/store_words.h"

#include <string.h>

#include "common/store_schema.h"
#include "common/text.h"
#include "worker/reads/store_reading_internal.h"

/* As in chunk_index: see common/store_schema.c. */
static const char *tokenizer_arguments[] = {"remove_diacritics", "2"};

/* https://www.sqlite.org/fts5.html#extending_fts5 */
static bool find_api(struct rstore *store, fts5_api **api, struct error *e)
{
    static const char *const sql = "SELECT fts5(?1)";
    sqlite3_stmt *s = NULL;
    if (!db_prepare(store->db, &sql, 1, &s, e))
        return false;
    sqlite3_bind_pointer(s, 1, (void *)api, "fts5_api_ptr", NULL);
    enum db_row row = db_step(s, e);
    db_finalize(&s, 1);
    if (row == DB_ERROR)
        return false;
    return *api || error_set(e, CAUSE_BUG, "this SQLite has no FTS5");
}

bool rstore_words_init(struct rstore *store, struct error *e)
{
    fts5_api *api = NULL;
    void *context = NULL;
    if (!find_api(store, &api, e) || !rstore_rank_init(store, api, e))
        return false;
    if (api->xFindTokenizer(api, "unicode61", &context, &store->tokenizer) != SQLITE_OK ||
        store->tokenizer.xCreate(context, tokenizer_arguments, 2, &store->tokenizer_own) !=
            SQLITE_OK)
        return error_set(e, CAUSE_BUG, "this SQLite has no tokenizer unicode61");
    return true;
}

void rstore_words_release(struct rstore *store)
{
    if (store->tokenizer_own)
        store->tokenizer.xDelete(store->tokenizer_own);
    store->tokenizer_own = NULL;
}

struct tokenizing {
    token_handler handle;
    void *owner;
};

/* NOLINTNEXTLINE(readability-function-size): the parameters are FTS5's */
static int on_token(void *context, int flags, const char *text, int size, int start, int end)
{
    const struct tokenizing *t = context;
    struct token token = {text, (size_t)size, (size_t)start, (size_t)end};
    (void)flags;
    return t->handle(t->owner, &token) ? SQLITE_OK : SQLITE_DONE;
}

void rstore_tokenize(struct rstore *store, const char *text, size_t size, token_handler handle,
                     void *owner)
{
    struct tokenizing t = {handle, owner};
    store->tokenizer.xTokenize(store->tokenizer_own, &t, FTS5_TOKENIZE_QUERY, text, (int)size,
                               on_token);
}

bool rstore_totals(struct rstore *store, struct rstore_totals *totals, struct error *e)
{
    static const char *const sql =
        "SELECT lattice_chunks(chunk_index), lattice_tokens(chunk_index), rowid,"
        " (SELECT min(id) FROM chunk)"
        " FROM chunk_index WHERE rowid = (SELECT max(id) FROM chunk)";
    sqlite3_stmt *s = rstore_statement(store, SLOT_TOTALS, sql, e);
    bool row = false;
    *totals = (struct rstore_totals){0};
    if (!s || !db_first(s, &row, e))
        return false;
    if (row)
        *totals = (struct rstore_totals){column_int(s, 0), column_int(s, 1), column_int(s, 3),
                                         column_int(s, 2)};
    db_reset(s);
    bool fit = store_count_fits(totals->chunks) && store_count_fits(totals->tokens) &&
               store_count_fits(totals->first) && store_count_fits(totals->last) &&
               totals->first <= totals->last;
    return fit || store_counts_error(store->path, e);
}

bool rstore_count(struct rstore *store, const char *match, const struct rstore_totals *totals,
                  struct rstore_hits *hits, struct error *e)
{
    static const char *const sql =
        "SELECT count(*), max(rowid) FROM (SELECT rowid FROM chunk_index WHERE chunk_index"
        " MATCH ?1 LIMIT ?2)";
    sqlite3_stmt *s = rstore_statement(store, SLOT_COUNT_HITS, sql, e);
    bool row = false;
    int64_t most = hits->most;
    if (!s)
        return false;
    bind_text(s, 1, match);
    bind_int(s, 2, most);
    if (!db_first(s, &row, e))
        return false;
    hits->chunks = column_int(s, 0);
    int64_t last = column_int(s, 1);
    db_reset(s);
    if (hits->chunks == most && last < totals->last) {
        /* As dense in the rest as up to there. */
        double part =
            (double)(last - totals->first + 1) / (double)(totals->last - totals->first + 1);
        hits->estimated = true;
        hits->chunks = (int64_t)((double)hits->chunks / part);
        if (hits->chunks > totals->chunks)
            hits->chunks = totals->chunks;
    }
    return true;
}
