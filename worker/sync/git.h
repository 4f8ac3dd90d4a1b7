/* Running git: no shell, no inherited GIT_*, an explicit --git-dir, and nothing outlives us. */
#ifndef LATTICE_WORKER_SYNC_GIT_H
#define LATTICE_WORKER_SYNC_GIT_H

#include <sys/types.h>

#include "common/error.h"
#include "common/text.h"

struct git_process {
    pid_t pid; /* 0: none */
    int in;    /* -1: closed; non-blocking */
    int out;   /* -1: closed; non-blocking */
    int err;   /* -1: closed; non-blocking */
};

enum git_network { GIT_OFFLINE, GIT_FETCHES };

/* How one git command is started. */
struct git_command {
    const char *git_dir; /* NULL: none (ls-remote, init) */
    const char *const
        *args; /* NULL-terminated, from the subcommand on; -c options may precede it */
    enum git_network network; /* GIT_OFFLINE: no lazy fetch, every transport refused */
    bool wants_input;         /* a pipe to its stdin, else /dev/null */
    const char *user;         /* name that credential helpers are asked for; NULL: theirs */
    const char *credential;   /* helper command for this fetch, NULL: the user's own helpers */
    int secret;               /* borrowed; with a helper: what it reads at GIT_SECRET_FD */
};

/* Where the credential helper of a git of ours finds what it may hand out: the address that it is
 * for on a line, then its answer. In memory: never on disk, in an argument or an environment. */
enum { GIT_SECRET_FD = 3 };

/* Starts it; the pipe for its output is 1 MB. CAUSE_CONFIG if there is no git. */
CHECKED bool git_spawn(const struct git_command *command, struct git_process *process,
                       struct error *e);
/* Closes the pipes and waits; with `kill_it` kills first. Returns the exit status as waitpid(2)
 * gives it, 0 for a process that never was. */
int git_finish(struct git_process *process, bool kill_it);

/* Called with each piece of output; false with `e` filled ends the run. */
typedef bool git_output_fn(void *context, const char *data, size_t size, struct error *e);

struct git_run {
    struct git_command command;
    const char *input; /* sent to its stdin; NULL if none */
    size_t input_size;
    git_output_fn *on_output; /* NULL: dropped */
    git_output_fn *on_error;  /* beside `errors`; NULL: none */
    void *context;
    struct buf *errors; /* borrowed; its stderr, the last 8 KB; may be NULL */
    int *status;        /* exit status as waitpid(2) gives it; may be NULL: not 0 is an error */
};

enum git_answer { GIT_DONE, GIT_STOPPED /* a soft stop came; it was ended */, GIT_FAILED };
/* Runs it to its end, or to a soft stop. GIT_FAILED: `e` says what git said, with a cause. */
enum git_answer git_run(const struct git_run *run, struct error *e);

/* Output as one text without its last newline. GIT_FAILED if it is larger than 1 MB. */
enum git_answer git_text(const struct git_command *command, struct buf *out, int *status,
                         struct error *e);

#endif
