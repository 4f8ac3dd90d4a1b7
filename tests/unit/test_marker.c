/* The mark in the environment: who is found, who is left alone. */
#include "common/marker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/harness.h"

#define RUN "00000000000000000000000000000001"

static struct home open_home(const char *name)
{
    struct home home = {0};
    struct error e = {0};
    CHECK_OK(home_open(test_path(name), &home, &e), &e);
    return home;
}

/* A program that waits, started with this mark (NULL: none); it is there when this returns. */
static pid_t start_marked(char *mark)
{
    int ends[2];
    char byte;
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        setenv("OTHER", "LATTICE_MARK=", 1);
        if (mark)
            setenv(MARKER_VARIABLE, mark, 1);
        else
            unsetenv(MARKER_VARIABLE);
        execl("/bin/sh", "sh", "-c", "echo; kill -STOP $$", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    CHECK(read(ends[0], &byte, 1) == 1);
    close(ends[0]);
    free(mark);
    return pid;
}

static bool ended_by_kill(pid_t pid)
{
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void end(pid_t pid)
{
    CHECK_INT(waitpid(pid, NULL, WNOHANG), 0);
    kill(pid, SIGKILL);
    CHECK(ended_by_kill(pid));
}

TEST(processes_of_the_source_are_ended_whatever_their_run)
{
    struct home home = open_home("home");
    pid_t one = start_marked(marker_value(&home, "notes", RUN));
    pid_t two = start_marked(marker_value(&home, "notes", "00000000000000000000000000000002"));
    CHECK_INT(marker_end(&home, "notes", NULL, 5000), 2);
    CHECK(ended_by_kill(one));
    CHECK(ended_by_kill(two));
    CHECK_INT(marker_end(&home, "notes", NULL, 5000), 0);
    home_release(&home);
}

TEST(another_run_is_left_alone_where_one_is_named)
{
    struct home home = open_home("home");
    pid_t one = start_marked(marker_value(&home, "notes", RUN));
    pid_t two = start_marked(marker_value(&home, "notes", "00000000000000000000000000000002"));
    CHECK_INT(marker_end(&home, "notes", RUN, 5000), 1);
    CHECK(ended_by_kill(one));
    end(two);
    home_release(&home);
}

TEST(another_home_source_or_nobody_is_left_alone)
{
    struct home home = open_home("home");
    struct home other = open_home("other");
    pid_t foreign = start_marked(marker_value(&other, "notes", RUN));
    pid_t neighbour = start_marked(marker_value(&home, "notes2", RUN));
    pid_t shorter = start_marked(marker_value(&home, "note", RUN));
    pid_t unmarked = start_marked(NULL);
    CHECK_INT(marker_signal(&home, "notes", SIGKILL), 0);
    end(foreign);
    end(neighbour);
    end(shorter);
    end(unmarked);
    home_release(&home);
    home_release(&other);
}

TEST(the_home_is_known_by_its_inode_not_its_name)
{
    struct home home = open_home("home");
    pid_t pid = start_marked(marker_value(&home, "notes", RUN));
    CHECK(symlink(test_path("home"), test_path("alias")) == 0);
    struct home alias = open_home("alias");
    CHECK_INT(marker_signal(&alias, "notes", SIGKILL), 1);
    CHECK(ended_by_kill(pid));
    home_release(&home);
    home_release(&alias);
}

/* A marked process asks: itself and who started it are spared. */
TEST(the_caller_and_its_ancestors_are_spared)
{
    struct home home = open_home("home");
    char *mark = marker_value(&home, "notes", RUN);
    int status = 0;
    if (getenv(MARKER_VARIABLE)) { /* the second start: see below */
        size_t found = 1;
        pid_t pid = fork();
        if (pid == 0)
            _exit((int)marker_signal(&home, "notes", SIGKILL));
        CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
        found = (size_t)WEXITSTATUS(status);
        CHECK_INT(found, 0);
    } else {
        /* The environment that counts is the one of the exec. */
        pid_t pid = fork();
        if (pid == 0) {
            setenv(MARKER_VARIABLE, mark, 1);
            execl("/proc/self/exe", "unit-tests", "marker/the_caller_and_its_ancestors_are_spared",
                  (char *)NULL);
            _exit(127);
        }
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK_INT(status, 0);
    }
    free(mark);
    home_release(&home);
}
