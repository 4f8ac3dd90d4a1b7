/* Who holds a kernel lock, as /proc says. */
#include "supervisor/lock_owner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/lock.h"
#include "tests/unit/harness.h"

enum { ROOM = 4 };

/* A child that opens `path`, locks it if it is to, and stays. */
static pid_t holder(const char *path, bool lock)
{
    int ready[2];
    char byte = 0;
    CHECK_INT(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct error e = {0};
        int fd = -1;
        if (lock ? lock_kernel_acquire(path, &fd, &e) != LOCK_TAKEN
                 : open(path, O_RDONLY | O_CLOEXEC) < 0)
            _exit(1);
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    CHECK_INT(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

TEST(the_process_that_holds_the_lock_is_found)
{
    struct lock_owner owners[ROOM];
    const char *path = test_write("a.lock", "", 0);
    pid_t pid = holder(path, true);
    CHECK_INT(lock_owners(path, owners, ROOM), 1);
    CHECK_INT(owners[0].id.pid, pid);
    CHECK_INT(process_liveness(&owners[0].id), PROCESS_ALIVE);
    end(pid);
    CHECK_INT(process_liveness(&owners[0].id), PROCESS_DEAD);
    CHECK_INT(lock_owners(path, owners, ROOM), 0);
}

TEST(who_only_has_the_file_open_is_not_a_holder)
{
    struct lock_owner owners[ROOM];
    const char *path = test_write("a.lock", "", 0);
    pid_t pid = holder(path, false);
    CHECK_INT(lock_owners(path, owners, ROOM), 0);
    end(pid);
}

TEST(nobody_holds_a_file_that_is_missing)
{
    struct lock_owner owners[ROOM];
    CHECK_INT(lock_owners(test_path("none"), owners, ROOM), 0);
}

TEST(a_fork_that_still_has_the_descriptor_is_a_holder_too)
{
    struct lock_owner owners[ROOM];
    struct error e = {0};
    int fd = -1;
    const char *path = test_write("a.lock", "", 0);
    CHECK_INT(lock_kernel_acquire(path, &fd, &e), LOCK_TAKEN);
    pid_t pid = holder(test_write("b.lock", "", 0), true);
    CHECK_INT(lock_owners(path, owners, ROOM), 1);
    CHECK_INT(owners[0].id.pid, pid);
    end(pid);
    lock_kernel_release(&fd);
}
