/* lattice-worker: syncs one source, once, and exits with its status; takes messages of hooks. */
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/outcome.h"
#include "common/version.h"
#include "worker/sync/commands.h"
#include "worker/sync/guard.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"sync", command_sync},
    {"append", command_append},
    {"credential", command_credential},
};

static const char usage[] = "usage: lattice-worker sync ID [options]\n"
                            "       lattice-worker append ID [options]\n"
                            "Syncs one source, once, or puts messages into an inbox; see\n"
                            "lattice-worker sync --help and lattice-worker append --help.\n"
                            "lattice-supervise runs it for every source, under deadlines.\n"
                            "--version prints the version.\n";
static const char version[] = "lattice-worker " LATTICE_VERSION "\n";

/* The command may stand behind options: `--home DIR sync ID`. */
static int find_command(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--home") == 0)
            i++;
        else if (argv[i][0] != '-')
            return i;
    }
    return 0;
}

int main(int argc, char **argv)
{
    guard_init();
    log_init_from_environment();
    int at = find_command(argc, argv);
    for (size_t i = 0; at && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[at], commands[i].name) == 0) {
            /* Its name takes the program's place, as getopt expects. */
            memmove(argv + 1, argv, (size_t)at * sizeof *argv);
            return commands[i].run(argc - 1, argv + 1);
        }
    bool says_version = argc == 2 && strcmp(argv[1], "--version") == 0;
    bool asked = says_version || (argc == 2 && strcmp(argv[1], "--help") == 0);
    fputs(says_version ? version : usage, asked ? stdout : stderr);
    return asked ? 0 : cause_exit(CAUSE_USAGE);
}
