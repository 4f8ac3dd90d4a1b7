/* The commands that are one operation each. */
#include "worker/reads/commands.h"

#include <string.h>

#include "worker/reads/help.h"
#include "worker/reads/print.h"

static const char *const query_words[] = {"query...", NULL};

const struct shell_command shell_commands[] = {
    {"search", reads_help_search, query_words, false, print_search},
};
const size_t shell_command_count = sizeof shell_commands / sizeof *shell_commands;

const struct shell_command *shell_command_find(const char *name)
{
    for (size_t i = 0; i < shell_command_count; i++)
        if (strcmp(shell_commands[i].name, name) == 0)
            return &shell_commands[i];
    return NULL;
}
