/* The views over sessions that there are. */
#include "common/store_views.h"

#include <string.h>

#define DAY "coalesce(date(started_at, 'unixepoch'), '')"

/* Sessions are counted by the day on which they began, tokens by that on which they were used. */
const struct view store_views[] = {
    {.name = "sessions_per_day",
     .about = "sessions per day and project",
     .sql = "SELECT " DAY ", project, count(*), sum(prompts), sum(messages),"
            " sum(input_tokens), sum(output_tokens), sum(duration_ms)"
            " FROM session GROUP BY 1, 2 ORDER BY 1 DESC, 3 DESC, 2",
     .order = 0,
     .columns = {{"day", VIEW_KEY, VIEW_TEXT},
                 {"project", VIEW_KEY, VIEW_TEXT},
                 {"sessions", VIEW_SUM, VIEW_NUMBER},
                 {"prompts", VIEW_SUM, VIEW_NUMBER},
                 {"messages", VIEW_SUM, VIEW_NUMBER},
                 {"input_tokens", VIEW_SUM, VIEW_NUMBER},
                 {"output_tokens", VIEW_SUM, VIEW_NUMBER},
                 {"duration_ms", VIEW_SUM, VIEW_DURATION}},
     .column_count = 8},
    {.name = "tool_sessions",
     .about = "tools: in how many sessions, how many calls, how many of them failed",
     .sql = "SELECT tool, count(*), sum(calls), sum(errors) FROM session_tool GROUP BY 1"
            " ORDER BY 3 DESC, 1",
     .order = 2,
     .columns = {{"tool", VIEW_KEY, VIEW_TEXT},
                 {"sessions", VIEW_SUM, VIEW_NUMBER},
                 {"calls", VIEW_SUM, VIEW_NUMBER},
                 {"errors", VIEW_SUM, VIEW_NUMBER}},
     .column_count = 4},
    {.name = "models_per_day",
     .about = "models and their tokens per day",
     .sql = "SELECT day, model, count(*), sum(messages), sum(input_tokens), sum(output_tokens),"
            " sum(cache_read_tokens), sum(cache_creation_tokens) FROM session_model GROUP BY 1, 2"
            " ORDER BY 1 DESC, 6 DESC, 2",
     .order = 0,
     .columns = {{"day", VIEW_KEY, VIEW_TEXT},
                 {"model", VIEW_KEY, VIEW_TEXT},
                 {"sessions", VIEW_SUM, VIEW_NUMBER},
                 {"messages", VIEW_SUM, VIEW_NUMBER},
                 {"input_tokens", VIEW_SUM, VIEW_NUMBER},
                 {"output_tokens", VIEW_SUM, VIEW_NUMBER},
                 {"cache_read_tokens", VIEW_SUM, VIEW_NUMBER},
                 {"cache_creation_tokens", VIEW_SUM, VIEW_NUMBER}},
     .column_count = 8},
    {.name = "longest_sessions",
     .about = "the longest 100 sessions of each source",
     .sql = "SELECT path, title, project, started_at, duration_ms, prompts, messages,"
            " output_tokens FROM session JOIN page ON page.id = session.page"
            " ORDER BY duration_ms DESC, path LIMIT 100",
     .order = 4,
     .columns = {{"path", VIEW_KEY, VIEW_TEXT},
                 {"title", VIEW_KEY, VIEW_TEXT},
                 {"project", VIEW_KEY, VIEW_TEXT},
                 {"started_at", VIEW_KEY, VIEW_WHEN},
                 {"duration_ms", VIEW_KEY, VIEW_DURATION},
                 {"prompts", VIEW_KEY, VIEW_NUMBER},
                 {"messages", VIEW_KEY, VIEW_NUMBER},
                 {"output_tokens", VIEW_KEY, VIEW_NUMBER}},
     .column_count = 8},
    {.name = "sessions_per_repository",
     .about = "repositories: in how many sessions, when last",
     .sql = "SELECT r.path, r.name, count(*), sum(prompts), max(ended_at)"
            " FROM session_repo r JOIN session s ON s.page = r.session GROUP BY 1, 2"
            " ORDER BY 3 DESC, 1",
     .order = 2,
     .columns = {{"path", VIEW_KEY, VIEW_TEXT},
                 {"name", VIEW_KEY, VIEW_TEXT},
                 {"sessions", VIEW_SUM, VIEW_NUMBER},
                 {"prompts", VIEW_SUM, VIEW_NUMBER},
                 {"last_at", VIEW_MAX, VIEW_WHEN}},
     .column_count = 5},
};
const size_t store_view_count = sizeof store_views / sizeof *store_views;

const struct view *store_view_find(const char *name)
{
    for (size_t i = 0; i < store_view_count; i++)
        if (strcmp(store_views[i].name, name) == 0)
            return &store_views[i];
    return NULL;
}
