/* Running git: environment, spawn, pipes, end. */
#include "worker/sync/git.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "worker/sync/git_explain.h"
#include "worker/sync/guard.h"
#include "worker/sync/stop.h"

extern char **environ;

enum {
    OUT_PIPE_BYTES = 256 * 1024,  /* what cat-file fills while we index */
    TEXT_MAX_BYTES = 1024 * 1024, /* answers taken as one text */
    ERRORS_KEEP_BYTES = 8 * 1024, /* of a git's stderr */
    END_WAIT_MS = 1000,           /* at most, from SIGTERM to SIGKILL for a git that was stopped */
    ARGS_MAX = 64,
};

/* It never asks, and never leaves a control master behind. */
#define SSH_COMMAND                                                                                \
    "GIT_SSH_COMMAND=ssh -oBatchMode=yes -oControlMaster=no -oControlPath=none"                    \
    " -oConnectTimeout=20 -oServerAliveInterval=15 -oServerAliveCountMax=3"

/* Everything that a network git gets, whatever the user's configuration says. ssh never asks and
 * never leaves a control master behind. */
static const char *const fixed_environment[] = {
    "GIT_TERMINAL_PROMPT=0",
    "GIT_ASKPASS=",
    "SSH_ASKPASS=",
    "SSH_ASKPASS_REQUIRE=never",
    SSH_COMMAND,
    "GIT_SSH_VARIANT=ssh",
    "GIT_OPTIONAL_LOCKS=0",
    "GIT_NO_REPLACE_OBJECTS=1",
    /* a page's text is its blob's, whatever refs/replace says */ "GIT_ADVICE=0",
    "LC_ALL=C",
};
static const char *const offline_environment[] = {"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none"};
static const char *const fetch_environment[] = {"GIT_ALLOW_PROTOCOL=file:http:https:ssh"};

static const char *const fixed_options[] = {
    "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0",
    "-c", "maintenance.auto=false",   "-c", "core.pager=cat",       "-c", "core.quotePath=true",
};
static const char *const fetch_options[] = {
    "-c", "protocol.version=2", /* objects by id: version 0 refuses them */
    "-c", "http.lowSpeedLimit=500",
    "-c", "http.lowSpeedTime=60",
    "-c", "fetch.writeCommitGraph=false",
    "-c", "submodule.recurse=false",
    "-c", "fetch.recurseSubmodules=false",
};

#define LENGTH(a) (sizeof(a) / sizeof *(a))

/* Ours without any GIT_*, LC_ALL and askpass, then what every git gets. Caller frees the array
 * alone: the texts are borrowed. */
static const char **make_environment(enum git_network network, const char *user_setting)
{
    size_t count = 0;
    while (environ[count])
        count++;
    const char **list = xcalloc(count + LENGTH(fixed_environment) + 8, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], "GIT_", 4) != 0 && strncmp(environ[i], "LC_ALL=", 7) != 0 &&
            strncmp(environ[i], "SSH_ASKPASS", 11) != 0)
            list[n++] = environ[i];
    for (size_t i = 0; i < LENGTH(fixed_environment); i++)
        list[n++] = fixed_environment[i];
    if (network == GIT_FETCHES)
        list[n++] = fetch_environment[0];
    if (user_setting) {
        /* As environment: in an argument everybody could read it, and it may be a token. */
        list[n++] = "GIT_CONFIG_COUNT=1";
        list[n++] = "GIT_CONFIG_KEY_0=credential.username";
        list[n++] = user_setting;
    }
    for (size_t i = 0; network == GIT_OFFLINE && i < LENGTH(offline_environment); i++)
        list[n++] = offline_environment[i];
    return list;
}

static bool add_arg(const char *args[ARGS_MAX], size_t *n, const char *arg)
{
    if (*n + 1 >= ARGS_MAX)
        return false;
    args[(*n)++] = arg;
    return true;
}

/* `helper` and `git_dir` are memory for two arguments. */
static bool make_args(const struct git_command *command, struct buf *helper, struct buf *git_dir,
                      const char *args[ARGS_MAX])
{
    size_t n = 0;
    bool ok = add_arg(args, &n, "git");
    if (command->git_dir) {
        buf_printf(git_dir, "--git-dir=%s", command->git_dir);
        ok = ok && add_arg(args, &n, git_dir->data);
    }
    for (size_t i = 0; i < LENGTH(fixed_options); i++)
        ok = ok && add_arg(args, &n, fixed_options[i]);
    for (size_t i = 0; command->network == GIT_FETCHES && i < LENGTH(fetch_options); i++)
        ok = ok && add_arg(args, &n, fetch_options[i]);
    if (command->credential) {
        buf_printf(helper, "credential.helper=%s", command->credential);
        ok = ok && add_arg(args, &n, "-c") && add_arg(args, &n, "credential.helper=") &&
             add_arg(args, &n, "-c") && add_arg(args, &n, helper->data);
    }
    for (const char *const *arg = command->args; *arg; arg++)
        ok = ok && add_arg(args, &n, *arg);
    return ok;
}

/* Where `git` is, looked up once, so that the child only has to execve. */
static const char *git_program(void)
{
    static char found[4096];
    const char *path = getenv("PATH");
    if (!path || !*path)
        path = "/usr/local/bin:/usr/bin:/bin";
    for (const char *p = path; !found[0] && *p;) {
        size_t length = strcspn(p, ":");
        if (length && length + 5 < sizeof found) {
            memcpy(found, p, length);
            memcpy(found + length, "/git", 5);
            if (access(found, X_OK) != 0)
                found[0] = '\0';
        }
        p += length + (p[length] == ':');
    }
    return found[0] ? found : NULL;
}

struct spawn {
    const char **args;
    const char **environment;
    const char *program;
    int in, out, err; /* the child's ends; -1: /dev/null */
    int secret;       /* -1: none */
    pid_t parent;
};

/* The child has it there and nowhere else: the one it comes from is closed at exec. */
static bool hand_secret(int fd)
{
    if (fd == GIT_SECRET_FD)
        return fcntl(fd, F_SETFD, 0) == 0;
    return fd < 0 || dup2(fd, GIT_SECRET_FD) == GIT_SECRET_FD;
}

static void exec_child(const struct spawn *s) __attribute__((noreturn));
static void exec_child(const struct spawn *s)
{
    int null = open("/dev/null", O_RDWR);
    /* Not in the caller's folder: it may be a repository, and git would look there first. */
    if (chdir("/") == 0 && guard_child(s->parent) && dup2(s->in >= 0 ? s->in : null, 0) == 0 &&
        dup2(s->out >= 0 ? s->out : null, 1) == 1 && dup2(s->err >= 0 ? s->err : null, 2) == 2 &&
        hand_secret(s->secret))
        execve(s->program, (char *const *)s->args, (char *const *)s->environment);
    _exit(127);
}

static void close_both(int ends[2])
{
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
        ends[i] = -1;
    }
}

static bool open_pipes(bool wants_input, int in[2], int out[2], int err[2])
{
    if ((wants_input && pipe2(in, O_CLOEXEC) != 0) || pipe2(out, O_CLOEXEC) != 0 ||
        pipe2(err, O_CLOEXEC) != 0)
        return false;
    fcntl(out[0], F_SETPIPE_SZ, OUT_PIPE_BYTES); /* a smaller pipe works too */
    if (wants_input)
        fcntl(in[1], F_SETFL, O_NONBLOCK);
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    return true;
}

/* Forks with the pipes made; closes the child's ends. */
static bool start(struct spawn *s, bool wants_input, struct git_process *process, struct error *e)
{
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    pid_t pid = -1;
    s->parent = getpid();
    if (open_pipes(wants_input, in, out, err)) {
        s->in = in[0];
        s->out = out[1];
        s->err = err[1];
        pid = guard_fork();
    }
    if (pid == 0)
        exec_child(s);
    if (pid < 0) {
        error_set(e, CAUSE_STORE, "start git: %s", strerror(errno));
        close_both(in);
        close_both(out);
        close_both(err);
        return false;
    }
    if (in[0] >= 0)
        close(in[0]);
    close(out[1]);
    close(err[1]);
    *process = (struct git_process){.pid = pid, .in = in[1], .out = out[0], .err = err[0]};
    return true;
}

bool git_spawn(const struct git_command *command, struct git_process *process, struct error *e)
{
    const char *args[ARGS_MAX] = {NULL};
    struct buf helper = {0};
    struct buf git_dir = {0};
    struct spawn s = {.args = args,
                      .program = git_program(),
                      .secret = command->credential ? command->secret : -1};
    bool ok = false;
    *process = (struct git_process){.in = -1, .out = -1, .err = -1};
    if (!s.program)
        error_set(e, CAUSE_CONFIG, "git is not installed, or not in PATH");
    else if (!make_args(command, &helper, &git_dir, args))
        error_set(e, CAUSE_BUG, "too many arguments for git");
    else {
        char *user = command->user ? xasprintf("GIT_CONFIG_VALUE_0=%s", command->user) : NULL;
        s.environment = make_environment(command->network, user);
        ok = start(&s, command->wants_input, process, e);
        free(s.environment);
        free(user);
    }
    buf_release(&helper);
    buf_release(&git_dir);
    return ok;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int git_finish(struct git_process *process, bool kill_it)
{
    int status = 0;
    if (process->pid <= 0) /* an all-zero struct names no descriptors either */
        return 0;
    close_one(&process->in);
    close_one(&process->out);
    close_one(&process->err);
    if (kill_it)
        kill(process->pid, SIGKILL);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        ;
    process->pid = 0;
    return status;
}

/* Keeps the last ERRORS_KEEP_BYTES. */
static void keep_errors(struct buf *errors, const char *data, size_t size)
{
    buf_add(errors, data, size);
    if (errors->size > 2 * ERRORS_KEEP_BYTES) {
        memmove(errors->data, errors->data + errors->size - ERRORS_KEEP_BYTES, ERRORS_KEEP_BYTES);
        errors->size = ERRORS_KEEP_BYTES;
        errors->data[errors->size] = '\0';
    }
}

static bool feed(const struct git_run *run, struct git_process *process, size_t *sent)
{
    while (*sent < run->input_size) {
        ssize_t n = write(process->in, run->input + *sent, run->input_size - *sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        *sent += (size_t)n;
    }
    close_one(&process->in);
    return true;
}

/* Reads what is there; closes at the end of the pipe. */
static bool drain(int *fd, const struct git_run *run, bool is_error, struct buf *errors,
                  struct error *e)
{
    char data[64 * 1024];
    ssize_t n = read(*fd, data, sizeof data);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0) {
        close_one(fd);
        return true;
    }
    if (is_error)
        keep_errors(errors, data, (size_t)n);
    git_output_fn *call = is_error ? run->on_error : run->on_output;
    return !call || call(run->context, data, (size_t)n, e);
}

/* A git that was asked to end: a fetch cleans its temporary files up on SIGTERM. */
static int end_softly(struct git_process *process)
{
    struct pollfd out = {.fd = process->out, .events = POLLIN};
    int64_t until = clock_monotonic_ms() + stop_wait_ms(END_WAIT_MS);
    kill(process->pid, SIGTERM);
    while (out.fd >= 0) {
        int64_t left = until - clock_monotonic_ms();
        char data[4096];
        if (left <= 0 || poll(&out, 1, (int)left) <= 0 || read(out.fd, data, sizeof data) == 0)
            break;
    }
    return git_finish(process, true);
}

/* Until both pipes end, a stop, or an error of ours. */
static enum git_answer pump(const struct git_run *run, struct git_process *process,
                            struct buf *errors, struct error *e)
{
    size_t sent = 0;
    while (process->out >= 0 || process->err >= 0) {
        struct pollfd fds[] = {
            {.fd = process->out, .events = POLLIN},
            {.fd = process->err, .events = POLLIN},
            {.fd = process->in, .events = POLLOUT},
        };
        if (!stop_poll(fds, LENGTH(fds), -1))
            return GIT_STOPPED;
        if (fds[2].revents && !feed(run, process, &sent))
            close_one(&process->in); /* it ended early; its status says why */
        if (fds[0].revents && !drain(&process->out, run, false, errors, e))
            return GIT_FAILED;
        if (fds[1].revents && !drain(&process->err, run, true, errors, e))
            return GIT_FAILED;
    }
    return GIT_DONE;
}

static enum git_answer judge(const struct git_run *run, int status, const struct buf *errors,
                             struct error *e)
{
    if (run->status) {
        *run->status = status;
        return GIT_DONE;
    }
    if (status == 0)
        return GIT_DONE;
    const char *const *name = run->command.args;
    while (name[0] && name[1] && strcmp(name[0], "-c") == 0)
        name += 2;
    /* By somebody or the kernel, not by us: what it said before is not why. */
    if (WIFSIGNALED(status))
        error_set(e, CAUSE_UNREACHABLE, "git %s: ended by signal %d (%s)%s", *name,
                  WTERMSIG(status), strsignal(WTERMSIG(status)),
                  WTERMSIG(status) == SIGKILL ? "; is memory short?" : "");
    else
        git_explain(*name, errors->data ? errors->data : "", e);
    return GIT_FAILED;
}

enum git_answer git_run(const struct git_run *run, struct error *e)
{
    struct git_command command = run->command;
    struct git_process process;
    struct buf own = {0};
    struct buf *errors = run->errors ? run->errors : &own;
    command.wants_input = run->input != NULL;
    if (!git_spawn(&command, &process, e))
        return GIT_FAILED;
    enum git_answer answer = pump(run, &process, errors, e);
    if (answer == GIT_STOPPED)
        end_softly(&process);
    else
        answer = answer == GIT_DONE ? judge(run, git_finish(&process, false), errors, e)
                                    : (git_finish(&process, true), GIT_FAILED);
    buf_release(&own);
    return answer;
}

static bool collect(void *context, const char *data, size_t size, struct error *e)
{
    struct buf *out = context;
    if (out->size + size > TEXT_MAX_BYTES)
        return error_set(e, CAUSE_BAD_DATA, "git answered with more than %d bytes", TEXT_MAX_BYTES);
    buf_add(out, data, size);
    return true;
}

enum git_answer git_text(const struct git_command *command, struct buf *out, int *status,
                         struct error *e)
{
    struct git_run run = {
        .command = *command, .on_output = collect, .context = out, .status = status};
    buf_reset(out);
    buf_reserve(out, 0);
    enum git_answer answer = git_run(&run, e);
    while (out->size && out->data[out->size - 1] == '\n')
        out->data[--out->size] = '\0';
    return answer;
}
