/* lattice-reads: searches and shows what was synced, read-only. */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/outcome.h"
#include "common/text.h"
#include "common/version.h"
#include "worker/reads/commands.h"
#include "worker/reads/help.h"
#include "worker/reads/mcp.h"
#include "worker/reads/serve.h"

static int command_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return reads_help_print(reads_help);
}

static int command_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return reads_help_print("lattice-reads " LATTICE_VERSION "\n");
}

static int command_unknown(const char *name)
{
    struct buf text = {0};
    if (name) {
        text_escape(&text, name, strlen(name));
        fprintf(stderr, "error: usage: \"%s\": no such command\n", text.data ? text.data : "");
    }
    buf_release(&text);
    fputs(reads_help, stderr);
    return cause_exit(CAUSE_USAGE);
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; gives the exit code */
} commands[] = {
    {"serve", command_serve}, {"mcp", command_mcp}, {"help", command_help},
    {"--help", command_help}, {"-h", command_help}, {"--version", command_version},
};

int main(int argc, char **argv)
{
    log_init_from_environment();
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    const struct shell_command *command = argc > 1 ? shell_command_find(argv[1]) : NULL;
    if (command)
        return shell_run(command, argc - 1, argv + 1);
    return command_unknown(argc > 1 ? argv[1] : NULL);
}
