/* The full-text index over chunks, written in rising order of their ids. */
#include "worker/sync/store_index.h"

#include "common/varint.h"
#include "worker/sync/store_internal.h"

/* The index's own memory for terms that are not on disk yet. Larger means fewer, larger segments:
 * with FTS5's default of 1 MB an import spends half of its time on writing and merging them. */
enum { HASH_BYTES_NORMAL = 64 * 1024 * 1024, HASH_BYTES_LOW = 4 * 1024 * 1024 };
/* Segments of one level that merge at a time (FTS5's usermerge), and pages of the index written by
 * one step. Merging on FTS5's own schedule (automerge) would double the work of a first sync. */
enum { MERGE_SEGMENTS = 16, MERGE_STEP_PAGES = 500 };
/* What was taken out stays in its segment until that merges with the one that says so, which may be
 * never: after ten times --full the index had two and a half times its size, and a search took five
 * times as long. Once so many chunks were taken out, and one for each of so many that are there,
 * all segments merge into one. */
enum { WORN_MIN = 1000, WORN_PART = 2 };
/* Each such merge leaves the index with two more levels, which FTS5 of 3.40 never takes away, and
 * with 2000 it calls the index damaged. Before that it is built anew, in one statement: some 60 us
 * for a chunk. A larger one stays worn, after hundreds of times that half of it changed. */
int store_levels_max = 500;
enum { REBUILD_MAX = 100000 };

enum {
    SQL_ADD,
    SQL_DROP,
    SQL_ROW,
    SQL_PAGE_ROWS,
    SQL_WAITING_ROWS,
    SQL_LAST,
    SQL_CONFIG_READ,
    SQL_CONFIG_SET,
    SQL_MERGE,
    SQL_DROPPED,
    SQL_DROPPED_NONE,
    SQL_RECORD,
    SQL_REBUILD,
    SQL_COUNT
};

/* Row by row: a statement that writes several could fail in the middle, so SQLite marks where to
 * go back to, and at each such mark FTS5 writes a segment. */
#define ROWS "SELECT id, title, heading, text FROM chunk WHERE "

static const char *const sql[SQL_COUNT] = {
    [SQL_ADD] = "INSERT INTO chunk_index(rowid, title, heading, text) VALUES(?1, ?2, ?3, ?4)",
    [SQL_DROP] = "INSERT INTO chunk_index(chunk_index, rowid, title, heading, text)"
                 " VALUES('delete', ?1, ?2, ?3, ?4)",
    [SQL_ROW] = ROWS "id = ?1",
    [SQL_PAGE_ROWS] = ROWS "page = ?1 AND id <= ?2 ORDER BY position",
    [SQL_WAITING_ROWS] = ROWS "id > ?1 ORDER BY id",
    [SQL_LAST] = "SELECT max(id) FROM chunk",
    [SQL_CONFIG_READ] = "SELECT v FROM chunk_index_config WHERE k = ?1",
    [SQL_CONFIG_SET] = "INSERT INTO chunk_index(chunk_index, rank) VALUES(?1, ?2)",
    [SQL_MERGE] = "INSERT INTO chunk_index(chunk_index, rank) VALUES('merge', ?1)",
    [SQL_DROPPED] = "SELECT dropped FROM sync_state",
    [SQL_DROPPED_NONE] = "UPDATE sync_state SET dropped = 0",
    [SQL_RECORD] = "SELECT block FROM chunk_index_data WHERE id = ?1",
    [SQL_REBUILD] = "INSERT INTO chunk_index(chunk_index) VALUES('rebuild')",
};

static sqlite3_stmt *statement(struct store *store, int which, struct error *e)
{
    return store_prepare(store, &store->index, sql, SQL_COUNT, e) ? store->index.s[which] : NULL;
}

/* Sets an index option unless the store has it already: a write for nothing costs a commit. */
static bool set_option(struct store *store, const char *name, int64_t value, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_CONFIG_READ, e);
    bool row = false;
    if (!s)
        return false;
    bind_text(s, 1, name);
    if (!db_first(s, &row, e))
        return false;
    bool same = row && column_int(s, 0) == value;
    db_reset(s);
    if (same)
        return true;
    s = statement(store, SQL_CONFIG_SET, e);
    bind_text(s, 1, name);
    bind_int(s, 2, value);
    return db_run(s, NULL, e);
}

bool store_bulk(struct store *store, struct error *e)
{
    if (store->bulk)
        return true;
    int64_t hash = store->memory == MEMORY_LOW ? HASH_BYTES_LOW : HASH_BYTES_NORMAL;
    store->bulk = set_option(store, "hashsize", hash, e) && set_option(store, "automerge", 0, e) &&
                  set_option(store, "usermerge", MERGE_SEGMENTS, e) &&
                  set_option(store, "crisismerge", 256, e);
    return store->bulk;
}

/* From here on new chunks wait. SQLite would give the ids of rows that went to new ones, so that
 * these could not be told from what is in the index. */
static bool begin_waiting(struct store *store, struct error *e)
{
    struct waiting *w = &store->waiting;
    if (w->next)
        return true;
    if (!db_number(statement(store, SQL_LAST, e), 0, &w->behind, e))
        return false;
    w->next = w->behind + 1;
    return true;
}

static bool waits(const struct store *store, int64_t chunk)
{
    return store->waiting.next && chunk > store->waiting.behind;
}

int64_t store_index_next(struct store *store)
{
    return store->waiting.next ? store->waiting.next++ : 0;
}

static bool write_row(struct store *store, int which, const struct index_row *row, struct error *e)
{
    sqlite3_stmt *s = statement(store, which, e);
    if (!s)
        return false;
    bind_int(s, 1, row->id);
    bind_text(s, 2, row->title);
    bind_text(s, 3, row->heading);
    bind_text_size(s, 4, row->text, row->size);
    if (which == SQL_DROP)
        store->dropped_delta++;
    return db_run(s, NULL, e);
}

/* Each row of `rows`, which is bound, by statement `which`. */
static bool write_rows(struct store *store, int which, sqlite3_stmt *rows, struct error *e)
{
    enum db_row answer;
    while ((answer = db_step(rows, e)) == DB_ROW) {
        const struct index_row row = {.id = column_int(rows, 0),
                                      .title = column_text(rows, 1),
                                      .heading = column_text(rows, 2),
                                      .text = column_text(rows, 3),
                                      .size = (size_t)sqlite3_column_bytes(rows, 3)};
        if (!write_row(store, which, &row, e)) {
            db_reset(rows);
            return false;
        }
    }
    return answer == DB_DONE;
}

bool store_index_add(struct store *store, const struct index_row *row, struct error *e)
{
    return waits(store, row->id) || write_row(store, SQL_ADD, row, e);
}

bool store_index_drop(struct store *store, int64_t chunk, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_ROW, e);
    if (!s || !begin_waiting(store, e))
        return false;
    if (waits(store, chunk))
        return true;
    bind_int(s, 1, chunk);
    return write_rows(store, SQL_DROP, s, e);
}

/* Of a page's chunks, those that do not wait. */
static bool write_page(struct store *store, int which, int64_t page, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_PAGE_ROWS, e);
    if (!s)
        return false;
    bind_int(s, 1, page);
    bind_int(s, 2, store->waiting.behind);
    return write_rows(store, which, s, e);
}

bool store_index_drop_page(struct store *store, int64_t page, struct error *e)
{
    return begin_waiting(store, e) && write_page(store, SQL_DROP, page, e);
}

bool store_index_add_page(struct store *store, int64_t page, struct error *e)
{
    return write_page(store, SQL_ADD, page, e);
}

bool store_index_settle(struct store *store, struct error *e)
{
    const struct waiting w = store->waiting;
    store_index_forget(store);
    if (w.next <= w.behind + 1)
        return true;
    sqlite3_stmt *s = statement(store, SQL_WAITING_ROWS, e);
    if (!s)
        return false;
    bind_int(s, 1, w.behind);
    return write_rows(store, SQL_ADD, s, e);
}

void store_index_forget(struct store *store)
{
    store->waiting = (struct waiting){0};
}

/* Of FTS5's own records the one on sizes begins with the number of rows, the one on structure with
 * a cookie and the number of levels: https://www.sqlite.org/fts5.html#appendix_a */
enum { RECORD_SIZES = 1, RECORD_STRUCTURE = 10, COOKIE_BYTES = 4 };

static bool read_record(struct store *store, int record, size_t from, int64_t *value,
                        struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_RECORD, e);
    bool row = false;
    *value = 0;
    if (!s)
        return false;
    bind_int(s, 1, record);
    if (!db_first(s, &row, e))
        return false;
    if (row) {
        struct bytes b = {.data = sqlite3_column_blob(s, 0),
                          .size = (size_t)sqlite3_column_bytes(s, 0),
                          .at = from};
        *value = (int64_t)varint_read(&b);
    }
    db_reset(s);
    return true;
}

struct wear {
    bool worn;    /* the index holds much that was taken out of it */
    bool layered; /* merging all of it would leave too many levels */
};

static bool judge(struct store *store, struct wear *wear, struct error *e)
{
    int64_t dropped = 0;
    int64_t rows = 0;
    int64_t levels = 0;
    *wear = (struct wear){0};
    if (!db_number(statement(store, SQL_DROPPED, e), 0, &dropped, e))
        return false;
    if (dropped < WORN_MIN)
        return true;
    if (!read_record(store, RECORD_SIZES, 0, &rows, e) ||
        !read_record(store, RECORD_STRUCTURE, COOKIE_BYTES, &levels, e))
        return false;
    wear->layered = levels >= store_levels_max;
    wear->worn = dropped >= rows / WORN_PART && !(wear->layered && rows > REBUILD_MAX);
    return true;
}

/* A negative number of pages asks for one segment in the end, a positive one for those of a level.
 * "If the value returned is less than 2, the merge command was a no-op": FTS5, section 6.8. */
static bool merge(struct store *store, int64_t pages, bool *more, struct error *e)
{
    int64_t before = sqlite3_total_changes64(store->db);
    if (!db_run_on(statement(store, SQL_MERGE, e), pages, e))
        return false;
    *more = sqlite3_total_changes64(store->db) - before >= 2;
    return true;
}

static bool rebuild(struct store *store, struct error *e)
{
    return db_run(statement(store, SQL_REBUILD, e), NULL, e);
}

static bool step(struct store *store, bool *more, bool *stopped, struct error *e)
{
    struct wear wear;
    if (!judge(store, &wear, e))
        return false;
    bool ok = wear.worn && wear.layered
                  ? store_at_length(store, rebuild, stopped, e)
                  : merge(store, wear.worn ? -MERGE_STEP_PAGES : MERGE_STEP_PAGES, more, e);
    if (!ok || *more || !wear.worn)
        return ok;
    return db_run(statement(store, SQL_DROPPED_NONE, e), NULL, e);
}

bool store_merge_step(struct store *store, bool *more, struct error *e)
{
    bool stopped = false;
    *more = false;
    if (!store_begin(store, e))
        return false;
    if (step(store, more, &stopped, e) && store_quiet_commit(store, e))
        return true;
    store_rollback(store);
    if (stopped)
        *e = (struct error){0}; /* the next run that changes something builds it */
    return stopped;
}
