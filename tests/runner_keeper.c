/* The keeper of one test: own session, time limit, and nothing that outlives the test. */
#include "tests/runner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A process that is already on its way out when its test ends may take this long. */
enum { LINGER_MS = 3000 };
/* What does not die of SIGKILL within this is left to its fate, and said. */
enum { KILL_MS = 5000 };

/* Passed on to a test; all other variables are the caller's business. */
static const char *const kept_variables[] = {
    "PATH",         "USER",         "LOGNAME",     "ASAN_OPTIONS",    "UBSAN_OPTIONS",
    "LSAN_OPTIONS", "TSAN_OPTIONS", "GCOV_PREFIX", "LD_LIBRARY_PATH", "ASAN_SYMBOLIZER_PATH",
    "TEST_SEED",    "TEST_VERBOSE", "CI",
};

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_environment(const struct test *test, const struct options *options)
{
    enum { COUNT = sizeof kept_variables / sizeof *kept_variables };
    char *values[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        const char *value = getenv(kept_variables[i]);
        values[i] = value ? must(strdup(value)) : NULL;
    }
    clearenv();
    for (size_t i = 0; i < COUNT; i++)
        if (values[i])
            setenv(kept_variables[i], values[i], 1);
    setenv("ASAN_OPTIONS",
           "detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1:"
           "strict_string_checks=1",
           0);
    setenv("UBSAN_OPTIONS", "print_stacktrace=1:abort_on_error=1", 0);
    setenv("TSAN_OPTIONS", "halt_on_error=1:abort_on_error=1", 0);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("TZ", "UTC", 1);
    setenv("HOME", test->dir, 1);
    setenv("TEST_DIR", test->dir, 1);
    setenv("TEST_NAME", test->name, 1);
    setenv("TEST_VARIANT", test->variant, 1);
    setenv("LATTICE_BIN", test->bin, 1);
    setenv("LATTICE_ROOT", options->root, 1);
}

static void become_test(const struct test *test, const struct options *options)
{
    sigset_t none;
    struct rlimit core = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    getrlimit(RLIMIT_CORE, &core);
    core.rlim_cur = 0; /* a test may raise it again */
    setrlimit(RLIMIT_CORE, &core);
    int in = open("/dev/null", O_RDONLY);
    int out = open(test->output, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (in < 0 || out < 0 || chdir(test->dir) != 0)
        _exit(126);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    syscall(SYS_close_range, 3U, ~0U, 0U);
    set_environment(test, options);
    execvp(test->args[0], test->args);
    fprintf(stderr, "runner: %s: %s\n", test->args[0], strerror(errno));
    _exit(127);
}

/* The parent of the process that /proc/NAME/stat describes; -1 if it is gone. Its command's name
 * may hold anything, so what follows is found from the end. */
static pid_t parent_of(const char *name)
{
    char path[64];
    char stat[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", name);
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    size_t size = fread(stat, 1, sizeof stat - 1, file);
    fclose(file);
    stat[size] = '\0';
    const char *end = strrchr(stat, ')');
    return end && end[1] ? (pid_t)strtol(end + 3, NULL, 10) : -1;
}

static void say_survivor(const struct test *test, const char *pid)
{
    char path[64];
    char command[256] = "";
    snprintf(path, sizeof path, "/proc/%.20s/cmdline", pid);
    FILE *in = fopen(path, "re");
    size_t size = in ? fread(command, 1, sizeof command - 1, in) : 0;
    if (in)
        fclose(in);
    for (size_t i = 0; i < size; i++)
        if (!isprint((unsigned char)command[i]))
            command[i] = ' ';
    FILE *out = fopen(test->output, "ae");
    if (!out)
        return;
    fprintf(out, "survivor: process %s is still running: %s\n", pid, command);
    fclose(out);
}

/* Ends every process that this keeper is now the parent of. Their own children come to the keeper
 * next, so this is called until there is none. */
static void kill_children(const struct test *test, bool say)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    while (proc && (entry = readdir(proc))) {
        if (!isdigit((unsigned char)entry->d_name[0]) || parent_of(entry->d_name) != getpid())
            continue;
        if (say)
            say_survivor(test, entry->d_name);
        kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
    }
    if (proc)
        closedir(proc);
}

/* Reaps what has ended. True while there are children; sets *status when the test is among them. */
static bool reap(pid_t test, int *status, bool *test_ended)
{
    for (;;) {
        int one;
        pid_t pid = waitpid(-1, &one, WNOHANG);
        if (pid == 0)
            return true;
        if (pid < 0)
            return false;
        if (pid == test) {
            *status = one;
            *test_ended = true;
        }
    }
}

/* Waits for a signal of `set` until `end_ms`; 0 when that has come. */
static int wait_signal(const sigset_t *set, long long end_ms)
{
    for (;;) {
        long long left = end_ms - now_ms();
        if (left <= 0)
            return 0;
        const struct timespec t = {left / 1000, (left % 1000) * 1000000};
        int s = sigtimedwait(set, NULL, &t);
        if (s > 0)
            return s;
        if (errno == EAGAIN)
            return 0;
    }
}

/* Everything that is left ends here; true if something had to be killed. */
static bool end_all(const struct test *test, const sigset_t *set, bool linger)
{
    int status;
    bool ended;
    bool killed = !linger;
    long long end = now_ms() + LINGER_MS;
    while (linger && reap(-1, &status, &ended)) {
        int s = wait_signal(set, end);
        killed = s == 0;
        if (s != SIGCHLD)
            break;
    }
    end = now_ms() + KILL_MS;
    while (reap(-1, &status, &ended)) {
        kill_children(test, killed && linger);
        if (wait_signal(set, end) == 0)
            break;
    }
    return killed;
}

static int verdict_of(int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return TEST_OK;
    if (WIFEXITED(status) && WEXITSTATUS(status) == TEST_SKIPPED)
        return TEST_SKIPPED;
    return TEST_FAILED;
}

static void say_end(const struct test *test, int status)
{
    FILE *out = WIFSIGNALED(status) ? fopen(test->output, "ae") : NULL;
    if (!out)
        return;
    fprintf(out, "ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    fclose(out);
}

static int keep(const struct test *test, const struct options *options, const sigset_t *set)
{
    int status = 0;
    bool ended = false;
    long long end = now_ms() + (long long)test->limit_s * 1000;
    pid_t pid = fork();
    if (pid == 0)
        become_test(test, options);
    if (pid < 0)
        return TEST_FAILED;
    while (reap(pid, &status, &ended) && !ended) {
        int s = wait_signal(set, end);
        if (s == SIGCHLD)
            continue;
        kill(-pid, SIGKILL);
        end_all(test, set, false);
        return s == 0 ? TEST_TIMEOUT : TEST_STOPPED;
    }
    say_end(test, status);
    bool survivor = end_all(test, set, true);
    int verdict = verdict_of(status);
    return survivor && (verdict == TEST_OK || verdict == TEST_SKIPPED) ? TEST_SURVIVOR : verdict;
}

pid_t keeper_start(const struct test *test, const struct options *options)
{
    pid_t runner = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != runner)
        _exit(TEST_STOPPED);
    _exit(keep(test, options, &set));
}
