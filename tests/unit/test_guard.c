/* A worker or a git whose parent died before the parent-death signal was armed. */
#include "worker/sync/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cgroup.h"
#include "tests/unit/harness.h"

static int wait_for(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Leads a group with a child in it that holds the pipe; `parent` is who started it, it believes. */
static pid_t start_worker(pid_t parent, int hold)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    setpgid(0, 0);
    pid_t in_group = fork();
    if (in_group == 0) {
        alarm(TEST_DEFAULT_LIMIT_S);
        pause();
        _exit(0);
    }
    close(hold);
    guard_supervised(parent);
    _exit(7);
}

TEST(a_worker_whose_supervisor_died_before_the_signal_was_armed_takes_its_group_along)
{
    int pipe_ends[2];
    char byte;
    CHECK_INT(pipe(pipe_ends), 0);
    /* Whoever its parent is by now, it is not that one. */
    pid_t pid = start_worker(getppid(), pipe_ends[1]);
    close(pipe_ends[1]);
    int status = wait_for(pid);
    CHECK(WIFSIGNALED(status));
    CHECK_INT(WTERMSIG(status), SIGKILL);
    CHECK_INT(read(pipe_ends[0], &byte, 1), 0); /* its child is gone, too */
}

TEST(a_worker_whose_supervisor_lives_goes_on)
{
    pid_t pid = fork();
    if (pid == 0) {
        guard_supervised(getppid());
        _exit(7);
    }
    int status = wait_for(pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 7);
}

/* Exits with 1 if it was told that it may go on. */
static int ask_child(pid_t parent)
{
    pid_t pid = guard_fork();
    if (pid == 0)
        _exit(guard_child(parent));
    return WEXITSTATUS(wait_for(pid));
}

TEST(a_git_whose_worker_died_before_the_signal_was_armed_is_not_executed)
{
    CHECK_INT(ask_child(getpid()), 1);
    CHECK_INT(ask_child(getppid()), 0);
}

/* A folder that is no control group: nothing can be started in it. */
TEST(a_git_is_started_without_a_control_group_that_takes_nobody)
{
    const char *folder = test_path("group");
    CHECK_INT(setenv(CGROUP_VARIABLE, folder, 1), 0);
    guard_supervised(getppid());
    CHECK_INT(access(folder, F_OK), 0);
    CHECK_INT(ask_child(getpid()), 1);
    CHECK(access(folder, F_OK) != 0); /* it does not stand for what was started */
    CHECK_INT(ask_child(getpid()), 1);
}

TEST(a_control_group_that_something_lives_in_is_not_left)
{
    const char *folder = test_path("group");
    CHECK_INT(setenv(CGROUP_VARIABLE, folder, 1), 0);
    guard_supervised(getppid());
    CHECK_INT(mkdir(test_path("group/member"), 0700), 0);
    CHECK_INT(guard_fork(), -1);
    CHECK_INT(access(folder, F_OK), 0);
}
