/* The ranking function inside FTS5. */
#include "worker/reads/store_rank.h"

#include <stdlib.h>

#include "common/text.h"
#include "worker/reads/rank.h"
#include "worker/reads/store_observations.h"
#include "worker/reads/store_reading_internal.h"

/* As the columns of chunk_index: see common/store_schema.c. Before format 2 the text was last. */
static const double weights[RANK_COLUMNS] = {RANK_TEXT, RANK_TITLE, RANK_HEADING};
static const double weights_1[RANK_COLUMNS] = {RANK_TITLE, RANK_HEADING, RANK_TEXT};

/* Where the phrases of one term stand in the current chunk. */
struct places {
    double frequency;       /* weighted */
    int last[RANK_COLUMNS]; /* position of the last token of the last one, -1: none */
};

static void add_phrase(const Fts5ExtensionApi *api, Fts5Context *context, int phrase,
                       struct places *places)
{
    const struct rstore *store = api->xUserData(context);
    const double *weight = store->format < 2 ? weights_1 : weights;
    Fts5PhraseIter at;
    int column;
    int offset;
    if (api->xPhraseFirst(context, phrase, &at, &column, &offset) != SQLITE_OK)
        return;
    for (; column >= 0; api->xPhraseNext(context, &at, &column, &offset)) {
        if (column >= RANK_COLUMNS)
            continue;
        places->frequency += weight[column];
        if (offset > places->last[column])
            places->last[column] = offset;
    }
}

double rank_chunk(const struct rank_term *terms, size_t count, const struct rank_values *values,
                  double average)
{
    double score = 0;
    for (size_t t = 0; t < count; t++)
        score += rank_term(terms[t].idf, values->frequencies[t], values->size, average);
    return score;
}

static double score_of(const struct rank_scan *scan)
{
    return rank_chunk(scan->terms, scan->term_count, &scan->values, scan->average);
}

/* A column has at least as many tokens as the place of its last hit says: a lower bound of the
 * chunk's size, so an upper bound of its score, that costs nothing. Most chunks that have a
 * frequent word end here. */
static void score_chunk(const Fts5ExtensionApi *api, Fts5Context *context, sqlite3_context *result,
                        int argument_count, sqlite3_value **arguments)
{
    const struct rstore *store = api->xUserData(context);
    struct rank_scan *scan = store->scan;
    struct rank_values *values = &scan->values;
    struct places all = {.last = {-1, -1, -1}};
    int phrase = 0;
    (void)argument_count;
    (void)arguments;
    for (size_t t = 0; t < scan->term_count; t++) {
        double before = all.frequency;
        for (int i = 0; i < scan->terms[t].phrases; i++)
            add_phrase(api, context, phrase++, &all);
        values->frequencies[t] = all.frequency - before;
    }
    values->size = 0;
    for (int c = 0; c < RANK_COLUMNS; c++)
        values->size += all.last[c] + 1;
    if (!scan->unweighed && score_of(scan) < scan->least)
        return;
    if (api->xColumnSize(context, -1, &values->size) != SQLITE_OK) {
        sqlite3_result_error_code(result, SQLITE_CORRUPT_VTAB);
        return;
    }
    sqlite3_result_double(result, scan->unweighed ? 0 : score_of(scan));
}

static void count_chunks(const Fts5ExtensionApi *api, Fts5Context *context, sqlite3_context *result,
                         int argument_count, sqlite3_value **arguments)
{
    sqlite3_int64 count = 0;
    (void)argument_count;
    (void)arguments;
    if (api->xRowCount(context, &count) == SQLITE_OK)
        sqlite3_result_int64(result, count);
    else
        sqlite3_result_error_code(result, SQLITE_CORRUPT_VTAB);
}

static void count_tokens(const Fts5ExtensionApi *api, Fts5Context *context, sqlite3_context *result,
                         int argument_count, sqlite3_value **arguments)
{
    sqlite3_int64 count = 0;
    (void)argument_count;
    (void)arguments;
    if (api->xColumnTotalSize(context, -1, &count) == SQLITE_OK)
        sqlite3_result_int64(result, count);
    else
        sqlite3_result_error_code(result, SQLITE_CORRUPT_VTAB);
}

bool rstore_rank_init(struct rstore *store, fts5_api *api, struct error *e)
{
    static const struct {
        const char *name;
        fts5_extension_function function;
    } functions[] = {
        {"lattice_score", score_chunk},
        {"lattice_chunks", count_chunks},
        {"lattice_tokens", count_tokens},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (api->xCreateFunction(api, functions[i].name, store, functions[i].function, NULL) !=
            SQLITE_OK)
            return db_error(store->db, functions[i].name, e);
    return true;
}

void rank_seen_add(struct rank_seen *seen, int64_t chunk)
{
    if (seen->count == seen->most)
        seen->cut = true;
    if (seen->cut)
        return;
    if (seen->count == seen->room) {
        seen->room = seen->room ? 2 * seen->room : 64;
        seen->chunks = xrealloc(seen->chunks, seen->room * sizeof *seen->chunks);
    }
    seen->chunks[seen->count++] = chunk;
}

void rank_seen_release(struct rank_seen *seen)
{
    free(seen->chunks);
    *seen = (struct rank_seen){0};
}

bool rstore_scan(struct rstore *store, struct rank_scan *scan, score_handler handle, void *owner,
                 struct error *e)
{
    static const char *const all =
        "SELECT rowid, lattice_score(chunk_index) FROM chunk_index WHERE chunk_index MATCH ?1"
        " AND rowid BETWEEN ?2 AND ?3";
    static const char *const shown =
        "SELECT rowid, lattice_score(chunk_index) FROM chunk_index WHERE chunk_index MATCH ?1"
        " AND rowid BETWEEN ?2 AND ?3"
        " AND NOT EXISTS(SELECT 1 FROM hidden_chunk h WHERE h.chunk = chunk_index.rowid)";
    enum db_row row = DB_DONE;
    bool wanted = true;
    bool hides = false;
    if (!scan->with_hidden && !rstore_hides(store, &hides, e))
        return false;
    sqlite3_stmt *s = hides ? rstore_statement(store, SLOT_SCAN_SHOWN, shown, e)
                            : rstore_statement(store, SLOT_SCAN, all, e);
    if (!s)
        return false;
    bind_text(s, 1, scan->match);
    bind_int(s, 2, scan->first);
    bind_int(s, 3, scan->last);
    store->scan = scan;
    while (wanted && (row = db_step(s, e)) == DB_ROW) {
        int64_t chunk = column_int(s, 0);
        rank_seen_add(scan->seen, chunk);
        if (sqlite3_column_type(s, 1) != SQLITE_NULL)
            wanted = handle(owner, chunk, sqlite3_column_double(s, 1));
    }
    db_reset(s);
    store->scan = NULL;
    return row != DB_ERROR;
}

static int by_number(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

bool rstore_page_seen(struct rstore *store, const struct rank_seen *seen, int64_t page,
                      int64_t *hits, struct error *e)
{
    sqlite3_stmt *s =
        rstore_statement(store, SLOT_CHUNK_IDS, "SELECT id FROM chunk WHERE page = ?1", e);
    enum db_row row;
    *hits = 0;
    if (!s)
        return false;
    bind_int(s, 1, page);
    while ((row = db_step(s, e)) == DB_ROW) {
        int64_t chunk = column_int(s, 0);
        *hits += seen->count && bsearch(&chunk, seen->chunks, seen->count, sizeof chunk, by_number);
    }
    return row == DB_DONE;
}
