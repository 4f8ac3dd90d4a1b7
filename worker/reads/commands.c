/* The commands that are one operation each. */
#include "worker/reads/commands.h"

#include <string.h>

#include "worker/reads/help.h"
#include "worker/reads/print.h"

static const char *const query_words[] = {"query...", NULL};
static const char *const page_words[] = {"source", "path", NULL};
static const char *const source_words[] = {"source", NULL};
static const char *const sources_words[] = {"source...", NULL};
static const char *const view_words[] = {"name", NULL};
static const char *const session_words[] = {"id", NULL};

const struct shell_command shell_commands[] = {
    {"search", reads_help_search, query_words, false, print_search},
    {"page", reads_help_page, page_words, true, print_page},
    {"context", reads_help_context, page_words, false, print_context},
    {"links", reads_help_links, page_words, false, print_links},
    {"recent", reads_help_recent, sources_words, false, print_recent},
    {"sources", reads_help_sources, sources_words, false, print_sources},
    {"runs", reads_help_runs, source_words, false, print_runs},
    {"stats", reads_help_stats, sources_words, false, print_stats},
    {"view", reads_help_view, view_words, false, print_view},
    {"sessions", reads_help_sessions, sources_words, false, print_session_list},
    {"session", reads_help_session, session_words, false, print_session},
    {"queue", reads_help_queue, sources_words, false, print_queue},
};
const size_t shell_command_count = sizeof shell_commands / sizeof *shell_commands;

const struct shell_command *shell_command_find(const char *name)
{
    for (size_t i = 0; i < shell_command_count; i++)
        if (strcmp(shell_commands[i].name, name) == 0)
            return &shell_commands[i];
    return NULL;
}
