/* Sessions of agents: their row, tools, models and repositories. */
#include "worker/sync/store_session.h"

#include <string.h>

#include "worker/sync/store_internal.h"

enum {
    SQL_PUT,
    SQL_DROP_TOOLS,
    SQL_DROP_USES,
    SQL_DROP_REPOS,
    SQL_TOOL,
    SQL_USE,
    SQL_REPO,
    SQL_COUNT
};

static const char *const sql[SQL_COUNT] = {
    [SQL_PUT] =
        "INSERT INTO session(page, uuid, project, cwd, started_at, ended_at, duration_ms, prompts,"
        " messages, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens)"
        " VALUES(?1, ?2, ?3, ?4, nullif(?5, -1), nullif(?6, -1), ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        " ON CONFLICT(page) DO UPDATE SET uuid = excluded.uuid, project = excluded.project,"
        " cwd = excluded.cwd, started_at = excluded.started_at, ended_at = excluded.ended_at,"
        " duration_ms = excluded.duration_ms, prompts = excluded.prompts,"
        " messages = excluded.messages, input_tokens = excluded.input_tokens,"
        " output_tokens = excluded.output_tokens, cache_read_tokens = excluded.cache_read_tokens,"
        " cache_creation_tokens = excluded.cache_creation_tokens",
    [SQL_DROP_TOOLS] = "DELETE FROM session_tool WHERE session = ?1",
    [SQL_DROP_USES] = "DELETE FROM session_model WHERE session = ?1",
    [SQL_DROP_REPOS] = "DELETE FROM session_repo WHERE session = ?1",
    [SQL_TOOL] = "INSERT INTO session_tool(session, tool, calls, errors) VALUES(?1, ?2, ?3, ?4)"
                 " ON CONFLICT(session, tool) DO UPDATE SET calls = calls + excluded.calls,"
                 " errors = errors + excluded.errors",
    [SQL_USE] =
        "INSERT INTO session_model(session, day, model, messages, input_tokens, output_tokens,"
        " cache_read_tokens, cache_creation_tokens) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT(session, day, model) DO UPDATE SET messages = messages + excluded.messages,"
        " input_tokens = input_tokens + excluded.input_tokens,"
        " output_tokens = output_tokens + excluded.output_tokens,"
        " cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,"
        " cache_creation_tokens = cache_creation_tokens + excluded.cache_creation_tokens",
    [SQL_REPO] = "INSERT OR IGNORE INTO session_repo(session, path, name) VALUES(?1, ?2, ?3)",
};

static sqlite3_stmt *statement(struct store *store, int which, struct error *e)
{
    if (!store_prepare(store, &store->session, sql, SQL_COUNT, e))
        return NULL;
    return store->session.s[which];
}

static void bind_tokens(sqlite3_stmt *s, int at, const struct session_tokens *tokens)
{
    bind_int(s, at, tokens->input);
    bind_int(s, at + 1, tokens->output);
    bind_int(s, at + 2, tokens->cache_read);
    bind_int(s, at + 3, tokens->cache_creation);
}

bool store_session_put(struct store *store, const struct session_row *row, struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_PUT, e);
    const char *cwd = row->cwd ? row->cwd : "";
    const char *slash = strrchr(cwd, '/');
    if (!s)
        return false;
    bind_int(s, 1, row->page);
    bind_text(s, 2, row->uuid);
    bind_text(s, 3, row->project ? row->project : slash ? slash + 1 : cwd);
    bind_text(s, 4, cwd);
    bind_int(s, 5, row->started_at);
    bind_int(s, 6, row->ended_at);
    bind_int(s, 7, row->duration_ms);
    bind_int(s, 8, row->prompts);
    bind_int(s, 9, row->messages);
    bind_tokens(s, 10, &row->tokens);
    return db_run(s, NULL, e);
}

bool store_session_reset(struct store *store, int64_t page, struct error *e)
{
    for (int which = SQL_DROP_TOOLS; which <= SQL_DROP_REPOS; which++)
        if (!db_run_on(statement(store, which, e), page, e))
            return false;
    return true;
}

bool store_session_tool(struct store *store, int64_t page, const struct session_tool *tool,
                        struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_TOOL, e);
    if (!s)
        return false;
    bind_int(s, 1, page);
    bind_text(s, 2, tool->name);
    bind_int(s, 3, tool->calls);
    bind_int(s, 4, tool->errors);
    return db_run(s, NULL, e);
}

bool store_session_use(struct store *store, int64_t page, const struct session_use *use,
                       struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_USE, e);
    if (!s)
        return false;
    bind_int(s, 1, page);
    bind_text(s, 2, use->day);
    bind_text(s, 3, use->model);
    bind_int(s, 4, use->messages);
    bind_tokens(s, 5, &use->tokens);
    return db_run(s, NULL, e);
}

bool store_session_repo(struct store *store, int64_t page, const char *path, const char *name,
                        struct error *e)
{
    sqlite3_stmt *s = statement(store, SQL_REPO, e);
    if (!s)
        return false;
    bind_int(s, 1, page);
    bind_text(s, 2, path);
    bind_text(s, 3, name);
    return db_run(s, NULL, e);
}
