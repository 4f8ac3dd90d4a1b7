/* The test runner's parts: the list of tests, the keeper of one test, the loop over all. */
#ifndef LATTICE_TESTS_RUNNER_H
#define LATTICE_TESTS_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A keeper's exit code says how its test went. */
enum verdict_code {
    TEST_OK = 0,
    TEST_FAILED = 10,
    TEST_TIMEOUT = 11,
    TEST_SURVIVOR = 12,
    TEST_STOPPED = 13, /* the runner itself was interrupted */
    TEST_SKIPPED = 77,
};

enum { E2E_LIMIT_S = 60, REPLAY_LIMIT_S = 60 };
enum { TEST_ARGS_MAX = 32 };

struct test {
    char *name; /* owned; variant/unit/text/cuts_at_a_boundary, variant/e2e/git_sync/adds_pages */
    char *variant;             /* owned */
    char *bin;                 /* owned; absolute folder of the variant's programs */
    char *args[TEST_ARGS_MAX]; /* owned; NULL-terminated */
    int limit_s;
    char *dir;    /* owned; its own folder */
    char *output; /* owned; file with what it printed */
    pid_t keeper;
    int pidfd;
    long long started_ms;
};

struct tests {
    struct test *list; /* owned */
    size_t count;
    size_t room;
};

struct options {
    const char *match; /* extended regular expression on names; NULL takes all */
    const char *wrap;  /* words put before each unit test's command */
    const char *e2e_driver;
    char *root; /* owned; the folder the runner was started in */
    int jobs;
    int slow; /* limits are multiplied by this */
    bool keep;
    bool list;
};

/* runner_list.c. Each returns false after saying on stderr what is wrong. */
bool list_variant(struct tests *tests, const struct options *options, const char *variant,
                  const char *bin, char **e2e_files);
void tests_release(struct tests *tests);

/* runner_keeper.c: a process between the runner and one test. It adopts whatever the test leaves
 * behind (also what called setsid), ends the test at its limit, and exits with a verdict_code. */
pid_t keeper_start(const struct test *test, const struct options *options);

void *must(void *p);
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
