/* Who a process is: a number alone is nobody. */
#include "common/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "tests/unit/harness.h"

TEST(a_name_may_hold_brackets_and_newlines)
{
    struct process_stat stat = {0};
    CHECK(process_stat_parse("42 (a) (\n1 Z) S 7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 "
                             "123456789012 1 2 3",
                             &stat));
    CHECK_INT(stat.pid, 42);
    CHECK_INT(stat.state, 'S');
    CHECK_INT(stat.parent, 7);
    CHECK_INT(stat.group, 8);
    CHECK_INT(stat.session, 9);
    CHECK(stat.start == 123456789012);
}

TEST(text_that_is_cut_is_no_process)
{
    struct process_stat stat = {.pid = 5};
    CHECK(!process_stat_parse("", &stat));
    CHECK(!process_stat_parse("42 (a", &stat));
    CHECK(!process_stat_parse("42 (a)", &stat));
    CHECK(!process_stat_parse("42 (a) S 7 8 9", &stat));
    CHECK_INT(stat.pid, 5);
}

TEST(descendants_are_chosen_and_nobody_else)
{
    const struct process_stat all[] = {
        {.pid = 1},
        {.pid = 5, .parent = 9},
        {.pid = 7, .parent = 1},
        {.pid = 9, .parent = 7},
        {.pid = 11, .parent = 5},
        {.pid = 12, .parent = 1},
        {.pid = 13, .parent = 99},
    };
    bool chosen[7] = {false, false, true};
    const bool want[7] = {false, true, true, true, true, false, false};
    process_choose_descendants(all, 7, chosen);
    CHECK_MEM(chosen, sizeof chosen, want, sizeof want);
}

static pid_t start_waiting(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    while (getppid() == parent)
        pause();
    _exit(0);
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* The kernel's next process gets the number after this one. */
static bool set_last_pid(pid_t pid)
{
    char text[24];
    CLEANUP(close_fd) int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    int size = snprintf(text, sizeof text, "%d", (int)pid);
    return fd >= 0 && write(fd, text, (size_t)size) == size;
}

/* A process with the number of one that is gone, and another start; 0 if others were quicker. */
static pid_t start_with(pid_t pid, uint64_t old_start)
{
    for (int i = 0; i < 1000; i++) {
        struct process_stat stat;
        if (!set_last_pid(pid - 1))
            return -1;
        pid_t got = start_waiting();
        /* Within one tick of the clock it would even have the same start. */
        if (got == pid && process_stat_read(got, &stat) && stat.start != old_start)
            return got;
        end(got);
    }
    return 0;
}

TEST(a_number_that_was_given_out_again_is_another_process)
{
    struct process_identity id = {0};
    struct process_stat stat;
    process_self(&id);
    id.pid = start_waiting();
    CHECK(process_stat_read(id.pid, &stat));
    id.pid_start = stat.start;
    CHECK_INT(process_liveness(&id), PROCESS_ALIVE);
    end(id.pid);
    CHECK_INT(process_liveness(&id), PROCESS_DEAD);
    pid_t again = start_with(id.pid, id.pid_start);
    if (again < 0)
        SKIP("only root can choose a process number");
    if (again == 0)
        SKIP("others were quicker to take the number");
    CHECK_INT(process_liveness(&id), PROCESS_DEAD);
    CHECK(!process_signal(&id, SIGKILL));
    CHECK_INT(process_kill(&stat), -1);
    CHECK_INT(waitpid(again, NULL, WNOHANG), 0); /* it lives */
    end(again);
}

TEST(a_zombie_is_dead)
{
    struct process_identity id = {0};
    struct process_stat stat;
    siginfo_t info;
    process_self(&id);
    id.pid = start_waiting();
    CHECK(process_stat_read(id.pid, &stat));
    id.pid_start = stat.start;
    kill(id.pid, SIGKILL);
    CHECK_INT(waitid(P_PID, (id_t)id.pid, &info, WEXITED | WNOWAIT), 0);
    CHECK_INT(process_liveness(&id), PROCESS_DEAD);
    end(id.pid);
}

TEST(who_was_restarted_with_the_machine_is_dead_and_elsewhere_is_unknown)
{
    struct process_identity id = {0};
    process_self(&id);
    CHECK_INT(process_liveness(&id), PROCESS_ALIVE);
    id.boot_id[0] = id.boot_id[0] == 'x' ? 'y' : 'x';
    CHECK_INT(process_liveness(&id), PROCESS_DEAD);
    snprintf(id.host, sizeof id.host, "elsewhere.example.org");
    CHECK_INT(process_liveness(&id), PROCESS_UNKNOWN);
}

/* One in a session of its own whose parent is gone; *lifeline ends with it. */
static void start_orphan(int lifeline[2])
{
    CHECK_INT(pipe2(lifeline, O_CLOEXEC), 0);
    if (fork() == 0) {
        setsid();
        if (fork() == 0)
            for (;;)
                pause();
        _exit(0);
    }
    close(lifeline[1]);
}

TEST(a_subreaper_ends_what_left_session_and_parent)
{
    int lifeline[2];
    size_t ended = 0;
    char byte;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    start_orphan(lifeline);
    CHECK(process_end_children(5000, &ended));
    CHECK(ended >= 1);
    CHECK_INT(read(lifeline[0], &byte, 1), 0); /* nobody holds the other end */
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_INT(errno, ECHILD);
    close(lifeline[0]);
}

TEST(without_children_there_is_nothing_to_end)
{
    size_t ended = 7;
    CHECK(process_end_children(0, &ended));
    CHECK_INT(ended, 0);
}
