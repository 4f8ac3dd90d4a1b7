/* Runs tests side by side, each with a time limit, and ends with a line "N passed, N failed". */
#include "tests/runner.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS_MAX = 256 };
/* Of a failed test's output, this much of its end is printed. */
enum { SHOWN_BYTES = 64 * 1024 };
/* Tests of 50 MB pages run side by side; /dev/shm of a container often has 64 MB. */
static const uint64_t ROOM_BYTES = UINT64_C(2) << 30;

struct run {
    const struct options *options;
    struct test *running[JOBS_MAX];
    int running_count;
    size_t passed;
    size_t failed;
    size_t skipped;
    bool stopped;
    char base[32]; /* folder of all tests' folders; short, since sockets' paths are limited */
};

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Tests make folders unreadable on purpose. */
static int open_folder(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    if (type == FTW_D || type == FTW_DNR)
        chmod(path, 0700);
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    remove(path);
    return 0;
}

static void remove_tree(const char *path)
{
    nftw(path, open_folder, 32, FTW_PHYS | FTW_MOUNT);
    nftw(path, remove_entry, 32, FTW_PHYS | FTW_DEPTH | FTW_MOUNT);
}

static void show_output(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    char block[4096];
    size_t size;
    char last = '\n';
    if (fseek(file, -(long)SHOWN_BYTES, SEEK_END) == 0)
        puts("    [only the end of the output is shown]");
    else
        rewind(file);
    while ((size = fread(block, 1, sizeof block, file)) > 0) {
        for (size_t i = 0; i < size; i++) {
            if (last == '\n')
                fputs("    ", stdout);
            last = block[i];
            putchar(last);
        }
    }
    if (last != '\n')
        putchar('\n');
    fclose(file);
}

static bool start_test(struct run *run, struct test *test, size_t number)
{
    test->dir = format_text("%s/%zu", run->base, number);
    test->output = format_text("%s/%zu.out", run->base, number);
    /* 0711: a test that gives up root must still reach what it was given. */
    if (mkdir(test->dir, 0711) != 0) {
        fprintf(stderr, "runner: %s: %s\n", test->dir, strerror(errno));
        return false;
    }
    fflush(NULL);
    test->started_ms = now_ms();
    test->keeper = keeper_start(test, run->options);
    test->pidfd = test->keeper > 0 ? (int)syscall(SYS_pidfd_open, test->keeper, 0) : -1;
    if (test->pidfd < 0) {
        perror("runner: cannot start a test");
        return false;
    }
    run->running[run->running_count++] = test;
    return true;
}

static const char *verdict_word(const struct run *run, int code)
{
    switch (code) {
    case TEST_OK:
        return "ok      ";
    case TEST_SKIPPED:
        return "skipped ";
    case TEST_TIMEOUT:
        return "TIMEOUT ";
    default:
        return run->stopped ? "stopped " : "FAILED  ";
    }
}

/* Collects the test in slot `i`. */
static void finish_test(struct run *run, int i)
{
    struct test *test = run->running[i];
    int status = 0;
    run->running[i] = run->running[--run->running_count];
    close(test->pidfd);
    waitpid(test->keeper, &status, 0);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : TEST_FAILED;
    printf("%s%s (%lld ms)\n", verdict_word(run, code), test->name, now_ms() - test->started_ms);
    if (code == TEST_TIMEOUT)
        printf("    not done within its limit of %d s\n", test->limit_s);
    if (code != TEST_OK && !run->stopped)
        show_output(test->output);
    if (code == TEST_OK)
        run->passed++;
    else if (code == TEST_SKIPPED)
        run->skipped++;
    else
        run->failed++;
    if (run->options->keep && code != TEST_OK)
        printf("    its folder: %s\n", test->dir);
    else
        remove_tree(test->dir);
    fflush(stdout);
}

static void stop_all(struct run *run)
{
    run->stopped = true;
    for (int i = 0; i < run->running_count; i++)
        kill(run->running[i]->keeper, SIGTERM);
}

static void wait_for_one(struct run *run, int signals)
{
    struct pollfd fds[JOBS_MAX + 1];
    int count = run->running_count;
    for (int i = 0; i < count; i++)
        fds[i] = (struct pollfd){run->running[i]->pidfd, POLLIN, 0};
    fds[count] = (struct pollfd){signals, POLLIN, 0};
    if (poll(fds, (nfds_t)count + 1, -1) < 0 && errno != EINTR) {
        perror("runner: poll");
        exit(70);
    }
    struct signalfd_siginfo info;
    if (fds[count].revents && read(signals, &info, sizeof info) == sizeof info)
        stop_all(run);
    /* From the end: finishing one moves the last into its slot. */
    for (int i = count - 1; i >= 0; i--)
        if (fds[i].revents)
            finish_test(run, i);
}

/* The same for each run, but not in the order of the alphabet (FNV-1a). */
static uint64_t mixed(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
    return hash;
}

/* The longest first, so that none of them is alone at the end. The others mixed: tests of one file
 * often wait for the same, and beside them should run some that work. */
static int by_limit(const void *a, const void *b)
{
    const struct test *x = a;
    const struct test *y = b;
    if (x->limit_s != y->limit_s)
        return x->limit_s > y->limit_s ? -1 : 1;
    uint64_t p = mixed(x->name);
    uint64_t q = mixed(y->name);
    return (p > q) - (p < q);
}

static void run_all(struct run *run, struct tests *tests, int signals)
{
    size_t next = 0;
    if (tests->count > 1)
        qsort(tests->list, tests->count, sizeof *tests->list, by_limit);
    while (run->running_count > 0 || (next < tests->count && !run->stopped)) {
        while (!run->stopped && next < tests->count && run->running_count < run->options->jobs) {
            if (!start_test(run, &tests->list[next], next))
                run->failed++;
            next++;
        }
        if (run->running_count > 0)
            wait_for_one(run, signals);
    }
}

static int catch_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Where the tests' folders are. In memory where there is room and programs may be run: tests make
 * and remove many small files, and ext4 without a journal looks through all inodes freed in the
 * last minute for each new file: 40 % of the processors' time in the kernel. */
static const char *place(void)
{
    static const char memory[] = "/dev/shm";
    struct statfs type;
    struct statvfs fs;
    if (statfs(memory, &type) == 0 && type.f_type == TMPFS_MAGIC && statvfs(memory, &fs) == 0 &&
        !(fs.f_flag & ST_NOEXEC) && (uint64_t)fs.f_bavail * fs.f_frsize >= ROOM_BYTES &&
        access(memory, W_OK | X_OK) == 0)
        return memory;
    return "/tmp";
}

static int execute(const struct options *options, struct tests *tests)
{
    struct run run = {.options = options};
    snprintf(run.base, sizeof run.base, "%s/lattice-XXXXXX", place());
    long long started_ms = now_ms();
    int signals = catch_signals();
    if (signals < 0 || !mkdtemp(run.base) || chmod(run.base, 0711) != 0) {
        fprintf(stderr, "runner: no folder for the tests: %s: %s\n", run.base, strerror(errno));
        return 1;
    }
    run_all(&run, tests, signals);
    close(signals);
    if (!options->keep || run.failed + run.skipped == 0)
        remove_tree(run.base);
    if (tests->count == 0)
        fputs("runner: no test was found: nothing was checked\n", stderr);
    printf("\n%zu tests in %.1f s", tests->count, (double)(now_ms() - started_ms) / 1000);
    if (run.skipped)
        printf(", %zu skipped", run.skipped);
    printf("%s\n%zu passed, %zu failed\n", run.stopped ? ", stopped before the end" : "",
           run.passed, run.failed);
    return run.failed == 0 && run.passed > 0 && !run.stopped ? 0 : 1;
}

static int processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return CPU_COUNT(&set);
}

static void usage(void)
{
    fputs("usage: runner [--jobs N] [--match REGEX] [--slow FACTOR] [--wrap COMMAND] [--keep]\n"
          "              [--list] [--driver FILE] VARIANT=FOLDER... [FILE.sh...]\n",
          stderr);
    exit(2);
}

static void parse(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        {"jobs", required_argument, NULL, 'j'},   {"match", required_argument, NULL, 'm'},
        {"slow", required_argument, NULL, 's'},   {"wrap", required_argument, NULL, 'w'},
        {"keep", no_argument, NULL, 'k'},         {"list", no_argument, NULL, 'l'},
        {"driver", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "j:", names, NULL)) != -1) {
        switch (c) {
        case 'j':
            options->jobs = (int)strtol(optarg, NULL, 10);
            break;
        case 'm':
            options->match = optarg;
            break;
        case 's':
            options->slow = (int)strtol(optarg, NULL, 10);
            break;
        case 'w':
            options->wrap = optarg;
            break;
        case 'k':
            options->keep = true;
            break;
        case 'l':
            options->list = true;
            break;
        case 'd':
            options->e2e_driver = optarg;
            break;
        default:
            usage();
        }
    }
    if (options->jobs < 1 || options->jobs > JOBS_MAX || options->slow < 1)
        usage();
}

/* Arguments: VARIANT=FOLDER ones, then files. Paths become absolute, since tests run elsewhere. */
static bool list_all(struct tests *tests, const struct options *options, char **args)
{
    char **files = args;
    while (*files && strchr(*files, '='))
        files++;
    for (char **file = files; *file; file++) {
        char *path = realpath(*file, NULL);
        if (!path) {
            fprintf(stderr, "runner: %s: %s\n", *file, strerror(errno));
            return false;
        }
        *file = path;
    }
    bool ok = true;
    for (char **arg = args; ok && arg < files; arg++) {
        char *variant = must(strndup(*arg, strcspn(*arg, "=")));
        char *bin = realpath(strchr(*arg, '=') + 1, NULL);
        if (!bin)
            fprintf(stderr, "runner: %s: %s\n", *arg, strerror(errno));
        ok = bin && list_variant(tests, options, variant, bin, files);
        free(variant);
        free(bin);
    }
    for (char **file = files; *file; file++)
        free(*file);
    return ok;
}

int main(int argc, char **argv)
{
    struct options options = {.jobs = processors(), .slow = 1};
    struct tests tests = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    parse(&options, argc, argv);
    options.root = must(realpath(".", NULL));
    char *driver = realpath(options.e2e_driver ? options.e2e_driver : "tests/e2e/lib.sh", NULL);
    options.e2e_driver = driver ? driver : "lib.sh";
    int code = 1;
    if (list_all(&tests, &options, argv + optind)) {
        code = options.list ? 0 : execute(&options, &tests);
        for (size_t i = 0; options.list && i < tests.count; i++)
            puts(tests.list[i].name);
    }
    tests_release(&tests);
    free(options.root);
    free(driver);
    return code;
}
