/* Reading sessions and observations. */
#include "worker/reads/store_observations.h"

#include "common/store_schema.h"
#include "worker/reads/store_reading_internal.h"

#define SESSION_COLUMNS                                                                            \
    "SELECT p.id, s.uuid, p.path, p.title, s.project, s.cwd, i.agent, i.state,"                    \
    " coalesce(s.started_at, 0), coalesce(s.ended_at, 0), i.last_at"                               \
    " FROM inbox_session i JOIN page p ON p.id = i.page JOIN session s ON s.page = i.page"

static bool has_none(const struct rstore *store)
{
    return store->format < STORE_FORMAT_OBSERVED;
}

/* All rows of a statement that is bound. */
static bool each_session(sqlite3_stmt *s, session_handler handle, void *owner, struct error *e)
{
    enum db_row row;
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, &(struct session_row){.page = column_int(s, 0),
                                            .id = column_text(s, 1),
                                            .path = column_text(s, 2),
                                            .title = column_text(s, 3),
                                            .project = column_text(s, 4),
                                            .cwd = column_text(s, 5),
                                            .agent = column_text(s, 6),
                                            .state = column_text(s, 7),
                                            .started_at = column_int(s, 8),
                                            .ended_at = column_int(s, 9),
                                            .last_ms = column_int(s, 10)});
    return row == DB_DONE;
}

bool rstore_sessions(struct rstore *store, const struct session_range *range,
                     session_handler handle, void *owner, struct error *e)
{
    static const char *const sql =
        SESSION_COLUMNS " WHERE (?1 = '' OR i.state = ?1) AND (?2 = '' OR s.project = ?2)"
                        " ORDER BY i.last_at DESC, p.path LIMIT ?3";
    if (has_none(store))
        return true;
    sqlite3_stmt *s = rstore_statement(store, SLOT_SESSIONS, sql, e);
    if (!s)
        return false;
    bind_text(s, 1, range->state ? range->state : "");
    bind_text(s, 2, range->project ? range->project : "");
    bind_int(s, 3, range->limit);
    return each_session(s, handle, owner, e);
}

bool rstore_session(struct rstore *store, const char *id, session_handler handle, void *owner,
                    struct error *e)
{
    if (has_none(store))
        return true;
    sqlite3_stmt *s =
        rstore_statement(store, SLOT_SESSION, SESSION_COLUMNS " WHERE s.uuid = ?1", e);
    if (!s)
        return false;
    bind_text(s, 1, id);
    return each_session(s, handle, owner, e);
}

bool rstore_observations(struct rstore *store, const struct observation_range *range,
                         observation_handler handle, void *owner, struct error *e)
{
    static const char *const sql =
        "SELECT o.id, o.type, o.project, o.agent, o.title, o.detail, coalesce(o.superseded_by, ''),"
        " o.at, coalesce(o.archived_at, 0), o.position, coalesce((SELECT group_concat(text, '')"
        " FROM (SELECT c.text AS text FROM chunk c WHERE c.page = o.page AND c.position >="
        " o.position AND c.position < o.position + o.chunks ORDER BY c.position)), '')"
        " FROM observation o WHERE o.page = ?1 ORDER BY o.position LIMIT ?2 OFFSET ?3";
    sqlite3_stmt *s = rstore_statement(store, SLOT_OBSERVATIONS, sql, e);
    enum db_row row;
    if (!s)
        return false;
    bind_int(s, 1, range->page);
    bind_int(s, 2, range->limit);
    bind_int(s, 3, range->offset);
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, &(struct observation_row){.id = column_text(s, 0),
                                                .type = column_text(s, 1),
                                                .project = column_text(s, 2),
                                                .agent = column_text(s, 3),
                                                .title = column_text(s, 4),
                                                .detail = column_text(s, 5),
                                                .superseded_by = column_text(s, 6),
                                                .at_ms = column_int(s, 7),
                                                .archived_ms = column_int(s, 8),
                                                .chunk = column_int(s, 9),
                                                .text = column_text(s, 10),
                                                .text_size = (size_t)sqlite3_column_bytes(s, 10)});
    return row == DB_DONE;
}

bool rstore_observation_types(struct rstore *store, int64_t page,
                              void (*handle)(void *owner, const char *type, int64_t count),
                              void *owner, struct error *e)
{
    sqlite3_stmt *s = rstore_statement(store, SLOT_OBSERVATION_TYPES,
                                       "SELECT type, count(*) FROM observation WHERE page = ?1"
                                       " GROUP BY type ORDER BY type",
                                       e);
    enum db_row row;
    if (!s)
        return false;
    bind_int(s, 1, page);
    while ((row = db_step(s, e)) == DB_ROW)
        handle(owner, column_text(s, 0), column_int(s, 1));
    return row == DB_DONE;
}

bool rstore_hides(struct rstore *store, bool *any, struct error *e)
{
    *any = false;
    if (has_none(store))
        return true;
    sqlite3_stmt *s = rstore_statement(store, SLOT_HIDES, "SELECT 1 FROM hidden_chunk LIMIT 1", e);
    if (!s || !db_first(s, any, e))
        return false;
    db_reset(s);
    return true;
}

bool rstore_is_hidden(struct rstore *store, int64_t chunk, bool *hidden, struct error *e)
{
    sqlite3_stmt *s =
        rstore_statement(store, SLOT_IS_HIDDEN, "SELECT 1 FROM hidden_chunk WHERE chunk = ?1", e);
    if (!s)
        return false;
    bind_int(s, 1, chunk);
    if (!db_first(s, hidden, e))
        return false;
    db_reset(s);
    return true;
}

bool rstore_spool_files(struct rstore *store, spool_handler handle, void *owner, struct error *e)
{
    if (has_none(store))
        return true;
    sqlite3_stmt *s = rstore_statement(
        store, SLOT_SPOOL_FILES, "SELECT name, offset, lines FROM spool_file ORDER BY name", e);
    enum db_row row = DB_ERROR;
    while (s && (row = db_step(s, e)) == DB_ROW)
        handle(owner, &(struct spool_row){column_text(s, 0), column_int(s, 1), column_int(s, 2)});
    return row == DB_DONE;
}
