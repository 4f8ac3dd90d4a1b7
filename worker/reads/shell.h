/* Commands of the shell: an operation's parameters as options, its answer as text or JSON. */
#ifndef LATTICE_WORKER_READS_SHELL_H
#define LATTICE_WORKER_READS_SHELL_H

#include <jansson.h>

#include "common/text.h"

/* How text for people is written. */
struct print_style {
    bool bold; /* a terminal, and NO_COLOR is not set */
    bool raw;  /* --raw */
};

struct shell_command {
    const char *name;         /* of the command and of its operation */
    const char *help;         /* printed by --help */
    const char *const *words; /* parameters given as plain words, NULL-terminated; a last one that
                                 ends in "..." takes all that are left, joined by spaces */
    bool takes_raw;           /* --raw */
    /* Returns false if there was nothing to show. */
    bool (*print)(struct buf *out, json_t *answer, const struct print_style *style);
};

/* argv[0] is the command's name. Exit codes: 0 found, 1 nothing found, else a cause's own. */
int shell_run(const struct shell_command *command, int argc, char **argv);

#endif
