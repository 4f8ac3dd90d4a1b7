/* The doctor on the machine: kernel, containment, git, SQLite. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/store_check.h"
#include "supervisor/containment.h"
#include "supervisor/doctor.h"

/* A program that prints its version does so at once. */
enum { VERSION_WAIT_MS = 5000 };
/* The first SQLite in which two writers of one WAL database lose nothing. */
enum { SQLITE_WAL_MENDED = 3051003 };

static bool has_pidfd(void)
{
    CLEANUP(close_fd) int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    return fd >= 0;
}

static void add_feature(struct findings *findings, bool there, const char *name, const char *since)
{
    struct finding *f = finding_add(findings, there ? FINDING_OK : FINDING_FAIL, "kernel", NULL);
    finding_say(f, there ? NULL : "run a kernel of 5.11 or later, without a filter on this call",
                "%s %s (Linux %s)", name, there ? "works" : "does not work", since);
}

static void check_kernel(struct findings *findings)
{
    struct utsname name = {0};
    int ignored = 0;
    uname(&name);
    finding_say(finding_add(findings, FINDING_OK, "kernel", NULL), NULL, "%s %s", name.sysname,
                name.release);
    add_feature(findings, has_pidfd(), "pidfd_open", "5.3");
    add_feature(findings, syscall(SYS_close_range, ~0U, ~0U, 0U) == 0, "close_range", "5.11");
    add_feature(findings, prctl(PR_GET_CHILD_SUBREAPER, &ignored, 0, 0, 0) == 0, "child subreaper",
                "3.4");
}

static void check_containment(struct findings *findings)
{
    enum containment_tier tier;
    char text[ERROR_TEXT_SIZE];
    struct error e = {0};
    if (containment_probe(&tier, text, sizeof text, &e))
        finding_say(finding_add(findings, FINDING_OK, "containment", NULL), NULL, "%s: %s",
                    containment_name(tier), text);
    else
        finding_say(finding_add(findings, FINDING_FAIL, "containment", NULL),
                    "unset LATTICE_CONTAINMENT, or name a tier that can be had", "%s", e.text);
}

/* Reads the first line that `git --version` prints. */
static bool git_version(char *out, size_t size)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execlp("git", "git", "--version", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    CLEANUP(close_fd) int fd = ends[0];
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    ssize_t n = 0;
    if (pid > 0 && poll(&ready, 1, VERSION_WAIT_MS) == 1)
        n = read(fd, out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return n > 0;
}

static void check_git(struct findings *findings)
{
    char line[200];
    int major = 0;
    int minor = 0;
    if (!git_version(line, sizeof line)) {
        finding_say(finding_add(findings, FINDING_FAIL, "git", NULL),
                    "install git, and see that cron's PATH has it", "git cannot be run");
        return;
    }
    bool read = sscanf(line, "git version %d.%d", &major, &minor) == 2;
    bool old = !read || major < 2 || (major == 2 && minor < 30);
    finding_say(finding_add(findings, old ? FINDING_WARN : FINDING_OK, "git", NULL),
                old ? "install git 2.30 or later: mirrors are fetched by `git fetch --stdin`"
                    : NULL,
                "%s", line);
}

static void check_sqlite(struct findings *findings)
{
    struct finding *f = finding_add(findings, FINDING_OK, "sqlite", NULL);
    if (store_sqlite_number() >= SQLITE_WAL_MENDED)
        finding_say(f, NULL, "SQLite %s", store_sqlite_version());
    else
        finding_say(f, NULL,
                    "SQLite %s; before 3.51.3 two connections that write and checkpoint one WAL "
                    "database at the same moment can lose commits: here every file has exactly one "
                    "writer, so it cannot come to that",
                    store_sqlite_version());
}

void doctor_machine(struct findings *findings)
{
    check_kernel(findings);
    check_containment(findings);
    check_git(findings);
    check_sqlite(findings);
}
