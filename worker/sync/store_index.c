/* The full-text index over chunks, written in rising order of their ids. */
#include "worker/sync/store_index.h"

#include <stdlib.h>
#include <string.h>

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
    SQL_OF_PAGE,
    SQL_NEW_ROWS,
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
    [SQL_OF_PAGE] = "SELECT id FROM chunk WHERE page = ?1 ORDER BY position",
    [SQL_NEW_ROWS] = ROWS "id > ?1 ORDER BY id",
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

/* Memory for what waits to be taken out. The index is told early of more. */
enum { OLD_BYTES_NORMAL = 16 * 1024 * 1024, OLD_BYTES_LOW = 1024 * 1024 };

/* SQLite would give the ids of rows that went to new ones, so that these could not be told from
 * what is in the index. */
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
    return db_run(s, NULL, e);
}

static struct index_row row_at(sqlite3_stmt *rows)
{
    return (struct index_row){.id = column_int(rows, 0),
                              .title = column_text(rows, 1),
                              .heading = column_text(rows, 2),
                              .text = column_text(rows, 3),
                              .size = (size_t)sqlite3_column_bytes(rows, 3)};
}

/* Each row of `rows`, which is bound. */
static bool add_rows(struct store *store, sqlite3_stmt *rows, struct error *e)
{
    enum db_row answer;
    while ((answer = db_step(rows, e)) == DB_ROW) {
        const struct index_row row = row_at(rows);
        if (!write_row(store, SQL_ADD, &row, e)) {
            db_reset(rows);
            return false;
        }
    }
    return answer == DB_DONE;
}

bool store_index_add(struct store *store, const struct index_row *row, struct error *e)
{
    return store->waiting.next || write_row(store, SQL_ADD, row, e);
}

/* In memory: id, size of the text, and the three texts, each with a NUL behind. */
static void keep_old(struct waiting *w, const struct index_row *row)
{
    buf_add(&w->old, &row->id, sizeof row->id);
    buf_add(&w->old, &row->size, sizeof row->size);
    buf_add(&w->old, row->title, strlen(row->title) + 1);
    buf_add(&w->old, row->heading, strlen(row->heading) + 1);
    buf_add(&w->old, row->text, row->size);
    buf_add_byte(&w->old, '\0');
    w->count++;
}

static const char *old_at(const char *at, struct index_row *row)
{
    memcpy(&row->id, at, sizeof row->id);
    at += sizeof row->id;
    memcpy(&row->size, at, sizeof row->size);
    at += sizeof row->size;
    row->title = at;
    at += strlen(at) + 1;
    row->heading = at;
    at += strlen(at) + 1;
    row->text = at;
    return at + row->size + 1;
}

/* A chunk that is new is none that the index has. */
bool store_index_drop(struct store *store, int64_t chunk, struct error *e)
{
    struct waiting *w = &store->waiting;
    sqlite3_stmt *s = statement(store, SQL_ROW, e);
    size_t most = store->memory == MEMORY_LOW ? OLD_BYTES_LOW : OLD_BYTES_NORMAL;
    bool there = false;
    if (!s || (w->old.size >= most && !store_index_settle(store, e)) || !begin_waiting(store, e))
        return false;
    if (chunk > w->behind)
        return true;
    bind_int(s, 1, chunk);
    if (!db_first(s, &there, e))
        return false;
    if (there) {
        const struct index_row row = row_at(s);
        keep_old(w, &row);
    }
    db_reset(s);
    return true;
}

static bool chunks_of(struct store *store, int64_t page, struct buf *ids, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_OF_PAGE, e);
    enum db_row answer;
    if (!s)
        return false;
    bind_int(s, 1, page);
    while ((answer = db_step(s, e)) == DB_ROW) {
        int64_t id = column_int(s, 0);
        buf_add(ids, &id, sizeof id);
    }
    return answer == DB_DONE;
}

bool store_index_change_page(struct store *store, int64_t page, sqlite3_stmt *change,
                             struct error *e)
{
    struct buf ids = {0};
    bool ok = change && chunks_of(store, page, &ids, e);
    for (size_t at = 0; ok && at < ids.size; at += sizeof(int64_t)) {
        int64_t id;
        memcpy(&id, ids.data + at, sizeof id);
        ok = store_index_drop(store, id, e) && db_run_on(change, id, e);
    }
    buf_release(&ids);
    return ok;
}

static int by_id(const void *a, const void *b)
{
    const struct index_row *x = a;
    const struct index_row *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->title > y->title) - (x->title < y->title);
}

/* Takes them out, and puts in what is there now. What changed twice is in the index as it was
 * before the first time. */
static bool change_old(struct store *store, const struct waiting *w, struct error *e)
{
    struct index_row *rows = xcalloc(w->count + 1, sizeof *rows);
    sqlite3_stmt *now = statement(store, SQL_ROW, e);
    const char *at = w->old.data;
    bool ok = now != NULL;
    for (size_t i = 0; i < w->count; i++)
        at = old_at(at, &rows[i]);
    qsort(rows, w->count, sizeof *rows, by_id);
    for (size_t i = 0; ok && i < w->count; i++) {
        if (i && rows[i].id == rows[i - 1].id)
            continue;
        store->dropped_delta++;
        bind_int(now, 1, rows[i].id);
        ok = write_row(store, SQL_DROP, &rows[i], e) && add_rows(store, now, e);
    }
    free(rows);
    return ok;
}

static bool add_new(struct store *store, const struct waiting *w, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_NEW_ROWS, e);
    if (!s)
        return false;
    bind_int(s, 1, w->behind);
    return add_rows(store, s, e);
}

bool store_index_settle(struct store *store, struct error *e)
{
    const struct waiting *w = &store->waiting;
    bool ok = (w->count == 0 || change_old(store, w, e)) &&
              (w->next <= w->behind + 1 || add_new(store, w, e));
    store_index_forget(store);
    return ok;
}

void store_index_forget(struct store *store)
{
    struct waiting *w = &store->waiting;
    buf_reset(&w->old);
    *w = (struct waiting){.old = w->old};
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
