/* What agents pushed: observations and their sessions. */
#include "worker/sync/store_inbox.h"

#include <string.h>

#include "common/clock.h"
#include "worker/sync/store_internal.h"
#include "worker/sync/store_session.h"

enum {
    SQL_SESSION,
    SQL_SESSION_ADD,
    SQL_SESSION_SET,
    SQL_STATE_SET,
    SQL_PAGE_SET,
    SQL_KNOWN,
    SQL_ADD,
    SQL_EARLY,
    SQL_EARLY_DROP,
    SQL_EARLY_MARK,
    SQL_MARK,
    SQL_HIDE,
    SQL_TAG,
    SQL_SILENT,
    SQL_ORPHANS,
    SQL_CLOSE_SILENT,
    SQL_COUNT
};

/* The first of each mark stays. */
#define MARKS                                                                                      \
    " superseded_by = coalesce(superseded_by, ?2), archived_at = coalesce(archived_at, ?3)"

static const char *const sql[SQL_COUNT] = {
    [SQL_SESSION] = "SELECT i.page, p.title, i.title_rank, s.project, s.cwd, i.agent, i.state,"
                    " p.size_bytes, i.last_at,"
                    " (SELECT coalesce(max(position) + 1, 0) FROM chunk WHERE chunk.page = p.id)"
                    " FROM session s JOIN inbox_session i ON i.page = s.page"
                    " JOIN page p ON p.id = s.page WHERE s.uuid = ?1",
    [SQL_SESSION_ADD] = "INSERT INTO inbox_session(page, agent, state, title_rank, last_at)"
                        " VALUES(?1, ?2, ?3, ?4, ?5)",
    [SQL_SESSION_SET] =
        "UPDATE session SET cwd = ?2, project = ?3, started_at = min(coalesce(started_at, ?4), ?4),"
        " ended_at = max(coalesce(ended_at, ?4), ?4), duration_ms = 1000 *"
        " (max(coalesce(ended_at, ?4), ?4) - min(coalesce(started_at, ?4), ?4)),"
        " prompts = prompts + ?5, messages = messages + ?6 WHERE page = ?1",
    [SQL_STATE_SET] = "UPDATE inbox_session SET agent = ?2, state = ?3, title_rank = ?4,"
                      " last_at = max(last_at, ?5) WHERE page = ?1",
    [SQL_PAGE_SET] = "UPDATE page SET size_bytes = ?2, updated_at = ?3 WHERE id = ?1",
    [SQL_KNOWN] = "SELECT 1 FROM observation WHERE id = ?1",
    [SQL_ADD] = "INSERT INTO observation(id, page, position, chunks, type, at, project, agent,"
                " title, detail) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [SQL_EARLY] = "SELECT superseded_by, archived_at FROM observation_end WHERE id = ?1",
    [SQL_EARLY_DROP] = "DELETE FROM observation_end WHERE id = ?1",
    [SQL_EARLY_MARK] = "INSERT INTO observation_end(id, superseded_by, archived_at)"
                       " VALUES(?1, ?2, ?3) ON CONFLICT(id) DO UPDATE SET" MARKS,
    [SQL_MARK] = "UPDATE observation SET" MARKS " WHERE id = ?1",
    [SQL_HIDE] = "INSERT OR IGNORE INTO hidden_chunk(chunk) SELECT chunk.id"
                 " FROM observation o JOIN chunk ON chunk.page = o.page"
                 " AND chunk.position >= o.position AND chunk.position < o.position + o.chunks"
                 " WHERE o.id = ?1",
    [SQL_TAG] = "INSERT OR IGNORE INTO tag(page, tag) VALUES(?1, ?2)",
    [SQL_SILENT] = "SELECT count(*) FROM inbox_session WHERE state = 'open' AND last_at < ?1",
    [SQL_ORPHANS] = "SELECT count(*) FROM inbox_session WHERE state = 'orphaned'",
    [SQL_CLOSE_SILENT] = "UPDATE inbox_session SET state = 'orphaned' WHERE page IN (SELECT page"
                         " FROM inbox_session WHERE state = 'open' AND last_at < ?1 LIMIT ?2)",
};

static const char *const state_names[] = {
    [INBOX_OPEN] = "open", [INBOX_ENDED] = "ended", [INBOX_ORPHANED] = "orphaned"};

static sqlite3_stmt *statement(struct store *store, int which, struct error *e)
{
    if (!store_prepare(store, &store->inbox, sql, SQL_COUNT, e))
        return NULL;
    return store->inbox.s[which];
}

static enum inbox_state state_of(const char *name)
{
    for (int i = INBOX_OPEN; i < INBOX_ORPHANED; i++)
        if (strcmp(name, state_names[i]) == 0)
            return (enum inbox_state)i;
    return INBOX_ORPHANED;
}

bool store_inbox_session(struct store *store, const char *name, struct inbox_session *session,
                         struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_SESSION, e);
    bool row = false;
    *session = (struct inbox_session){.name = name};
    if (!s)
        return false;
    bind_text(s, 1, name);
    if (!db_first(s, &row, e))
        return false;
    if (!row)
        return true;
    session->page = column_int(s, 0);
    column_copy(s, 1, session->title, sizeof session->title);
    session->title_rank = (enum inbox_title)column_int(s, 2);
    column_copy(s, 3, session->project, sizeof session->project);
    column_copy(s, 4, session->cwd, sizeof session->cwd);
    column_copy(s, 5, session->agent, sizeof session->agent);
    session->state = state_of(column_text(s, 6));
    session->size_bytes = column_int(s, 7);
    session->last_ms = column_int(s, 8);
    session->position = column_int(s, 9);
    db_reset(s);
    return true;
}

static void bind_state(sqlite3_stmt *s, const struct inbox_session *session)
{
    bind_int(s, 1, session->page);
    bind_text(s, 2, session->agent);
    bind_text(s, 3, state_names[session->state]);
    bind_int(s, 4, session->title_rank);
    bind_int(s, 5, session->last_ms);
}

bool store_inbox_session_add(struct store *store, const struct inbox_session *session,
                             struct error *e)
{
    const struct session_row row = {.page = session->page,
                                    .uuid = session->name,
                                    .project = session->project,
                                    .cwd = session->cwd,
                                    .started_at = -1,
                                    .ended_at = -1};
    sqlite3_stmt *s = statement(store, SQL_SESSION_ADD, e);
    if (!s || !store_session_put(store, &row, e))
        return false;
    bind_state(s, session);
    return db_run(s, NULL, e);
}

bool store_inbox_session_set(struct store *store, const struct inbox_session *session,
                             int64_t prompts, int64_t messages, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_SESSION_SET, e);
    if (!s)
        return false;
    bind_int(s, 1, session->page);
    bind_text(s, 2, session->cwd);
    bind_text(s, 3, session->project);
    bind_int(s, 4, session->last_ms / 1000);
    bind_int(s, 5, prompts);
    bind_int(s, 6, messages);
    if (!db_run(s, NULL, e))
        return false;
    bind_state(store->inbox.s[SQL_STATE_SET], session);
    if (!db_run(store->inbox.s[SQL_STATE_SET], NULL, e))
        return false;
    bind_int(store->inbox.s[SQL_PAGE_SET], 1, session->page);
    bind_int(store->inbox.s[SQL_PAGE_SET], 2, session->size_bytes);
    bind_int(store->inbox.s[SQL_PAGE_SET], 3, clock_unix_s());
    return db_run(store->inbox.s[SQL_PAGE_SET], NULL, e);
}

/* --- observations ------------------------------------------------------------------------------
 */

bool store_inbox_known(struct store *store, const char *id, bool *known, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_KNOWN, e);
    if (!s)
        return false;
    bind_text(s, 1, id);
    if (!db_first(s, known, e))
        return false;
    if (*known)
        db_reset(s);
    return true;
}

static void bind_mark(sqlite3_stmt *s, const struct inbox_mark *mark)
{
    bind_text(s, 1, mark->id);
    bind_text(s, 2, mark->superseded_by);
    if (mark->archived_ms)
        bind_int(s, 3, mark->archived_ms);
}

/* *found says if it is there. */
static bool set_mark(struct store *store, const struct inbox_mark *mark, bool *found,
                     struct error *e)
{
    int64_t changes = 0;
    bind_mark(store->inbox.s[SQL_MARK], mark);
    if (!db_run(store->inbox.s[SQL_MARK], &changes, e))
        return false;
    *found = changes > 0;
    if (!*found)
        return true;
    bind_text(store->inbox.s[SQL_HIDE], 1, mark->id);
    return db_run(store->inbox.s[SQL_HIDE], NULL, e);
}

bool store_inbox_mark(struct store *store, const struct inbox_mark *mark, struct error *e)
{
    sqlite3_stmt *early = statement(store, SQL_EARLY_MARK, e);
    bool found = false;
    if (!early || !set_mark(store, mark, &found, e))
        return false;
    if (found)
        return true;
    bind_mark(early, mark);
    return db_run(early, NULL, e);
}

/* What was said of its id before it came. */
static bool take_early(struct store *store, const char *id, struct error *e)
{
    sqlite3_stmt *s = store->inbox.s[SQL_EARLY];
    char by[OBSERVATION_ID_BYTES + 1];
    bool row = false;
    bind_text(s, 1, id);
    if (!db_first(s, &row, e))
        return false;
    if (!row)
        return true;
    column_copy(s, 0, by, sizeof by);
    const struct inbox_mark mark = {id, by[0] ? by : NULL, column_int(s, 1)};
    db_reset(s);
    bind_text(store->inbox.s[SQL_EARLY_DROP], 1, id);
    return set_mark(store, &mark, &row, e) && db_run(store->inbox.s[SQL_EARLY_DROP], NULL, e);
}

bool store_inbox_add(struct store *store, const struct inbox_row *row, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_ADD, e);
    if (!s)
        return false;
    bind_text(s, 1, row->id);
    bind_int(s, 2, row->page);
    bind_int(s, 3, row->position);
    bind_int(s, 4, row->chunks);
    bind_text(s, 5, observation_type_name(row->type));
    bind_int(s, 6, row->at_ms);
    bind_text(s, 7, row->project);
    bind_text(s, 8, row->agent);
    bind_text(s, 9, row->title);
    bind_text(s, 10, row->detail);
    return db_run(s, NULL, e) && take_early(store, row->id, e);
}

bool store_inbox_tag(struct store *store, int64_t page, const char *tag, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_TAG, e);
    if (!s)
        return false;
    bind_int(s, 1, page);
    bind_text(s, 2, tag);
    return db_run(s, NULL, e);
}

/* --- sessions that fell silent -----------------------------------------------------------------
 */

bool store_inbox_silent(struct store *store, int64_t before_ms, int64_t *sessions, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_SILENT, e);
    if (!s)
        return false;
    bind_int(s, 1, before_ms);
    return db_number(s, 0, sessions, e);
}

bool store_inbox_orphans(struct store *store, int64_t *sessions, struct error *e)
{
    return db_number(statement(store, SQL_ORPHANS, e), 0, sessions, e);
}

bool store_inbox_close_silent(struct store *store, int64_t before_ms, int64_t most, int64_t *closed,
                              struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_CLOSE_SILENT, e);
    if (!s)
        return false;
    bind_int(s, 1, before_ms);
    bind_int(s, 2, most);
    return db_run(s, closed, e);
}
