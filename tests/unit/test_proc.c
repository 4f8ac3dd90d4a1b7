/* Who a process is, from /proc, whatever it calls itself. */
#include "common/proc.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/harness.h"

#define AFTER_NAME                                                                                 \
    " S 7 8 9 0 -1 4194560 10 11 12 13 14 15 16 17 20 0 1 0 987654 1000 200 18446744073709551615"

static void parses(const char *name)
{
    char text[512];
    struct process_stat stat = {0};
    snprintf(text, sizeof text, "1234 (%s)" AFTER_NAME, name);
    if (!process_stat_parse(text, &stat))
        FAIL("not read: %s", text);
    CHECK_INT(stat.pid, 1234);
    CHECK_INT(stat.state, 'S');
    CHECK_INT(stat.parent, 7);
    CHECK_INT(stat.group, 8);
    CHECK_INT(stat.session, 9);
    CHECK_INT(stat.start, 987654);
}

TEST(stat_is_read_whatever_the_name_holds)
{
    static const char *const names[] = {
        "worker", "", " ", ")", "((", ") R 1 1 1", "a) S 1 2 3 (b", "x\ny", "%d %s", "\xff\xfe"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        parses(names[i]);
}

TEST(what_is_no_stat_is_refused_and_nothing_is_touched)
{
    static const char *const texts[] = {"",
                                        "1234",
                                        "1234 (x",
                                        "1234 (x)",
                                        "1234 (x) S 7 8",
                                        "x (y) S 7 8 9 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 987654",
                                        "1234 (x) S 7 8 9 0 -1 4194560 10 11 12 13 14 15 16 17"};
    struct process_stat stat = {.pid = 42};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (process_stat_parse(texts[i], &stat) || stat.pid != 42)
            FAIL("read: %s", texts[i]);
}

TEST(a_process_with_a_hostile_name_is_read_from_proc)
{
    struct process_stat stat = {0};
    CHECK(prctl(PR_SET_NAME, ") R 1 (\n") == 0);
    CHECK(process_stat_read(getpid(), &stat));
    CHECK_INT(stat.pid, getpid());
    CHECK_INT(stat.parent, getppid());
    CHECK_INT(stat.group, getpgrp());
    CHECK_INT(stat.session, getsid(0));
}

TEST(we_are_alive_and_nobody_else_with_our_pid_was)
{
    struct process_identity self;
    process_self(&self);
    CHECK_INT(self.pid, getpid());
    CHECK_INT(process_liveness(&self), PROCESS_ALIVE);
    struct process_identity other = self;
    other.pid_start++;
    CHECK_INT(process_liveness(&other), PROCESS_DEAD);
    other = self;
    memcpy(other.boot_id, "00000000-", 9);
    CHECK_INT(process_liveness(&other), PROCESS_DEAD);
    memcpy(other.host, "elsewhere", 10);
    CHECK_INT(process_liveness(&other), PROCESS_UNKNOWN);
    other = self;
    other.pid_namespace++;
    CHECK_INT(process_liveness(&other), PROCESS_UNKNOWN);
}

/* A child that waits; its identity. */
static pid_t waiting_child(struct process_identity *id)
{
    pid_t pid = fork();
    struct process_stat stat;
    if (pid == 0)
        for (;;)
            pause();
    process_self(id);
    CHECK(process_stat_read(pid, &stat));
    id->pid = pid;
    id->pid_start = stat.start;
    return pid;
}

TEST(a_zombie_is_dead)
{
    struct process_identity id;
    siginfo_t info;
    pid_t pid = waiting_child(&id);
    CHECK_INT(process_liveness(&id), PROCESS_ALIVE);
    CHECK(process_signal(&id, SIGKILL));
    CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
    CHECK_INT(process_liveness(&id), PROCESS_DEAD);
    CHECK(!process_signal(&id, SIGKILL));
    CHECK(waitpid(pid, NULL, 0) == pid);
    CHECK_INT(process_liveness(&id), PROCESS_DEAD);
}

TEST(a_signal_is_for_that_process_alone)
{
    struct process_identity id;
    int status = 0;
    pid_t pid = waiting_child(&id);
    id.pid_start++;
    CHECK(!process_signal(&id, SIGKILL));
    CHECK_INT(waitpid(pid, &status, WNOHANG), 0);
    id.pid_start--;
    CHECK(process_signal(&id, SIGTERM));
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}
