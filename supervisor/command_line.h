/* What small commands share: options, help, one line for an error. */
#ifndef LATTICE_SUPERVISOR_COMMAND_LINE_H
#define LATTICE_SUPERVISOR_COMMAND_LINE_H

#include <getopt.h>
#include <jansson.h>

#include "common/error.h"

/* Everything that the options of these commands can say. All borrowed but the JSON. */
struct arguments {
    const char *home;
    const char *kind;
    const char *branch;
    const char *limit;
    json_t *include; /* owned; NULL or a list of texts */
    json_t *exclude; /* owned; NULL or a list of texts */
    json_t *set;     /* owned; NULL or an object */
    bool json;
    bool purge;
    bool help;
    char **words; /* what is not an option */
    int count;
};

/* Options, as rows for getopt_long; a command's list starts with COMMON_OPTIONS. */
enum {
    OPT_HOME = 1,
    OPT_HELP,
    OPT_KIND,
    OPT_BRANCH,
    OPT_INCLUDE,
    OPT_EXCLUDE,
    OPT_SET,
    OPT_JSON,
    OPT_LIMIT,
    OPT_PURGE
};
#define COMMON_OPTIONS                                                                             \
    {"home", required_argument, NULL, OPT_HOME},                                                   \
    {                                                                                              \
        "help", no_argument, NULL, OPT_HELP                                                        \
    }

struct command {
    const char *help; /* printed by --help */
    const struct option *options;
    int least; /* words */
    int most;
    bool (*run)(const struct arguments *a, struct error *e);
};

/* Reads the options, runs the command, prints `error: CAUSE: text` and returns the exit code. */
int command_run(const struct command *command, int argc, char **argv);

/* One line on stderr, control bytes replaced. */
void print_note(const char *level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
