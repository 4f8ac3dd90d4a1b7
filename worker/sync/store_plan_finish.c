/* The end of planning: renames, counts, shrinkage; and the plan's statements. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "worker/sync/page.h"
#include "worker/sync/store_plan_sql.h"

/* A source of this many pages or more may not lose over half of them unasked. */
enum { SHRINK_MIN_PAGES = 20 };

/* Temporary, so outside the store's file and its log; SQLite keeps it in a file of its own. The
 * cache of that has no bound by itself: a first sync would hold its whole plan in memory. */
const char *const plan_schema =
    "PRAGMA temp.cache_size=-1024;"
    "CREATE TEMP TABLE IF NOT EXISTS plan(seq INTEGER PRIMARY KEY, op INTEGER NOT NULL,"
    " path BLOB NOT NULL, blob TEXT NOT NULL, page INTEGER NOT NULL,"
    " moved INTEGER NOT NULL DEFAULT 0);"
    "CREATE TEMP TABLE IF NOT EXISTS plan_pack(seq INTEGER PRIMARY KEY, items BLOB NOT NULL);"
    "DELETE FROM temp.plan; DELETE FROM temp.plan_pack;";

const char *const plan_sql[PLAN_SQL_COUNT] = {
    [PLAN_SQL_ADD] = "INSERT INTO temp.plan(op, path, blob, page) VALUES(?1, ?2, ?3, ?4)",
    [PLAN_SQL_PACK] = "INSERT INTO temp.plan_pack(items) VALUES(?1)",
    [PLAN_SQL_READ_PACKS] = "SELECT seq, items FROM temp.plan_pack WHERE seq >= ?1 ORDER BY seq",
    [PLAN_SQL_ALL_PAGES] = "SELECT id, path, blob, epoch, size_bytes FROM page ORDER BY path",
    [PLAN_SQL_ALL_ERRORS] = "SELECT path, blob, epoch, shape, reason FROM page_error ORDER BY path",
    [PLAN_SQL_ONE_PAGE] = "SELECT id, path, blob, epoch, size_bytes FROM page WHERE path = ?1",
    [PLAN_SQL_ONE_ERROR] =
        "SELECT path, blob, epoch, shape, reason FROM page_error WHERE path = ?1",
    [PLAN_SQL_READ] =
        "SELECT seq, path, blob, page, moved FROM temp.plan WHERE op = ?1 AND seq > ?2"
        " ORDER BY seq LIMIT ?3",
    [PLAN_SQL_QUARANTINED] = "SELECT path, blob FROM page_error WHERE reason = 'quarantined'",
    /* Sums, not groups: grouping sorts the plan, with memory for each of its rows. */
    [PLAN_SQL_COUNT_OPS] = "SELECT total(op = 0), total(op = 1 AND page = 0), total(op = 1 AND page"
                           " <> 0), total(op = 2), total(op = 3) FROM temp.plan",
    /* The nth that went with the nth that came of the same blob, in path order. */
    [PLAN_SQL_PAIRS] =
        "WITH gone AS (SELECT seq, blob, page, row_number() OVER (PARTITION BY blob ORDER BY path)"
        "  AS n FROM temp.plan WHERE op = 2),"
        " come AS (SELECT seq, blob, path, row_number() OVER (PARTITION BY blob ORDER BY path)"
        "  AS n FROM temp.plan WHERE op = 1 AND page = 0)"
        " SELECT gone.seq, come.seq, gone.page, page.path, page.title, page.kind, page.epoch,"
        " come.path, page.size_bytes FROM gone JOIN come USING(blob, n) JOIN page ON page.id = "
        "gone.page",
    [PLAN_SQL_TO_RENAME] = "UPDATE temp.plan SET op = 0, path = ?2, page = ?3, moved = ?4"
                           " WHERE seq = ?1",
    [PLAN_SQL_TO_CHANGE] = "UPDATE temp.plan SET page = ?2, moved = 1 WHERE seq = ?1",
    [PLAN_SQL_DROP] = "DELETE FROM temp.plan WHERE seq = ?1",
    [PLAN_SQL_HAS_LINKS] = "SELECT 1 FROM link WHERE page = ?1 AND kind = 'markdown' LIMIT 1",
};

static bool count_ops(struct store *store, struct plan_counts *counts, struct error *e)
{
    sqlite3_stmt *s = store->plan.s[PLAN_SQL_COUNT_OPS];
    bool row = false;
    if (!db_first(s, &row, e))
        return false;
    *counts = (struct plan_counts){
        .renames = column_int(s, 0),
        .adds = column_int(s, 1),
        .changes = column_int(s, 2),
        .deletes = column_int(s, 3),
        .forgets = column_int(s, 4),
    };
    db_reset(s);
    return true;
}

struct pair {
    int64_t gone; /* plan rows */
    int64_t come;
    int64_t page;
    bool import; /* the new path changes what the bytes mean */
    char *path;  /* owned; where it goes */
    size_t path_size;
};

static bool same_folder(const char *a, const char *b)
{
    const char *a_slash = strrchr(a, '/');
    const char *b_slash = strrchr(b, '/');
    size_t a_size = a_slash ? (size_t)(a_slash - a) : 0;
    size_t b_size = b_slash ? (size_t)(b_slash - b) : 0;
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

static bool has_links(struct store *store, int64_t page, bool *row, struct error *e)
{
    sqlite3_stmt *s = store->plan.s[PLAN_SQL_HAS_LINKS];
    bind_int(s, 1, page);
    bool ok = db_first(s, row, e);
    db_reset(s);
    return ok;
}

/* What is derived from the path too, the title of a page without one, relative links and the kind
 * by suffix, makes a rename an import that keeps the page's identity. */
static bool needs_import(struct store *store, sqlite3_stmt *row, const char *to, bool *import,
                         struct error *e)
{
    static const char *const kinds[] = {[PAGE_MARKDOWN] = "markdown", [PAGE_TEXT] = "text"};
    const char *from = column_text(row, 3);
    CLEANUP(free_text) char *stem = page_title_from_path(from);
    *import = true;
    if (strcmp(column_text(row, 4), stem) == 0 ||
        strcmp(column_text(row, 5), kinds[page_kind_of_path(to)]) != 0 ||
        column_int(row, 6) != store->plan_state.rules.epoch ||
        column_int(row, 8) > store->plan_state.rules.max_page_bytes || !utf8_valid(to, strlen(to)))
        return true;
    *import = false;
    return same_folder(from, to) || has_links(store, column_int(row, 2), import, e);
}

/* The pairs are read whole before the plan is changed under the query. */
static bool read_pairs(struct store *store, struct pair **pairs, size_t *count, struct error *e)
{
    sqlite3_stmt *s = store->plan.s[PLAN_SQL_PAIRS];
    size_t room = 0;
    enum db_row row;
    while ((row = db_step(s, e)) == DB_ROW) {
        if (*count == room) {
            room = room ? room * 2 : 64;
            *pairs = xrealloc(*pairs, room * sizeof **pairs);
        }
        size_t size = (size_t)sqlite3_column_bytes(s, 7);
        struct pair *p = &(*pairs)[(*count)++];
        *p = (struct pair){
            .gone = column_int(s, 0),
            .come = column_int(s, 1),
            .page = column_int(s, 2),
            .path = xstrndup(sqlite3_column_blob(s, 7), size),
            .path_size = size,
        };
        if (!needs_import(store, s, p->path, &p->import, e)) {
            db_reset(s);
            return false;
        }
    }
    return row == DB_DONE;
}

static bool apply_pair(struct store *store, const struct pair *p, struct error *e)
{
    sqlite3_stmt *rename = store->plan.s[PLAN_SQL_TO_RENAME];
    sqlite3_stmt *come = store->plan.s[p->import ? PLAN_SQL_TO_CHANGE : PLAN_SQL_DROP];
    bind_int(rename, 1, p->gone);
    bind_blob(rename, 2, p->path, p->path_size);
    bind_int(rename, 3, p->page);
    bind_int(rename, 4, p->import);
    bind_int(come, 1, p->come);
    if (p->import)
        bind_int(come, 2, p->page);
    return db_run(rename, NULL, e) && db_run(come, NULL, e);
}

static bool pair_renames(struct store *store, struct error *e)
{
    struct pair *pairs = NULL;
    size_t count = 0;
    bool ok = read_pairs(store, &pairs, &count, e);
    for (size_t i = 0; i < count; i++) {
        /* A page's path is text: a new name that is not UTF-8 stays a delete and a refused add. */
        if (ok && utf8_valid(pairs[i].path, pairs[i].path_size))
            ok = apply_pair(store, &pairs[i], e);
        free(pairs[i].path);
    }
    free(pairs);
    return ok;
}

bool plan_shrinks(int64_t have, int64_t lost, struct error *e)
{
    int64_t left = have - lost;
    if (lost == 0 || (left > 0 && (have < SHRINK_MIN_PAGES || left * 2 >= have)))
        return false;
    error_set(e, CAUSE_SHRINK,
              "refusing to delete %" PRId64 " of %" PRId64 " pages; if that is meant, run "
              "once with --allow-shrink",
              lost, have);
    return true;
}

static bool check_shrink(struct store *store, const struct plan_counts *counts, struct error *e)
{
    struct sync_state state;
    if (counts->deletes == 0)
        return true;
    if (!store_state_read(store, &state, e))
        return false;
    int64_t have = state.pages;
    sync_state_release(&state);
    return !plan_shrinks(have, counts->deletes, e);
}

static bool finish(struct store *store, bool allow_shrink, struct plan_counts *counts,
                   struct error *e)
{
    *counts = store->plan_state.counts;
    if (!plan_pack_flush(store, e))
        return false;
    if (counts->deletes && counts->adds &&
        (!plan_unpack(store, e) || !pair_renames(store, e) || !count_ops(store, counts, e)))
        return false;
    return allow_shrink || check_shrink(store, counts, e);
}

bool plan_finish(struct store *store, bool allow_shrink, struct plan_counts *counts,
                 struct error *e)
{
    bool ok = finish(store, allow_shrink, counts, e);
    plan_end(store);
    return ok;
}
