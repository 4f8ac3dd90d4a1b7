/* Kernel locks: one holder, whatever is forked, removed or replaced. */
#include "common/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/harness.h"

static int take(const char *path)
{
    struct error e = {0};
    int fd = -1;
    CHECK_INT(lock_kernel_acquire(path, &fd, &e), LOCK_TAKEN);
    CHECK(fd >= 0);
    return fd;
}

static enum lock_answer try(const char *path)
{
    struct error e = {0};
    int fd = -1;
    enum lock_answer answer = lock_kernel_acquire(path, &fd, &e);
    lock_kernel_release(&fd);
    return answer;
}

/* What another process gets. */
static enum lock_answer try_elsewhere(const char *path)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit((int)try(path));
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return (enum lock_answer)WEXITSTATUS(status);
}

TEST(a_second_holder_is_refused_in_and_out_of_the_process)
{
    const char *path = test_path("lock");
    int fd = take(path);
    CHECK_INT(try(path), LOCK_BUSY);
    CHECK_INT(try_elsewhere(path), LOCK_BUSY);
    lock_kernel_release(&fd);
    CHECK_INT(fd, -1);
    CHECK_INT(try(path), LOCK_TAKEN);
    CHECK_INT(try_elsewhere(path), LOCK_TAKEN);
}

TEST(a_file_that_is_open_can_be_locked_and_is_known_by_its_name)
{
    const char *path = test_write("lock", "", 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    int other = open(path, O_RDWR | O_CLOEXEC);
    CHECK_INT(lock_kernel_take(fd), LOCK_TAKEN);
    CHECK_INT(lock_kernel_take(fd), LOCK_TAKEN);
    CHECK_INT(lock_kernel_take(other), LOCK_BUSY);
    CHECK(lock_kernel_is_at(fd, path));
    CHECK(unlink(path) == 0);
    CHECK(!lock_kernel_is_at(fd, path));
    CHECK(lock_kernel_is_at(fd, test_path("other")) == false);
    CHECK(test_write("lock", "", 0) != NULL);
    CHECK(!lock_kernel_is_at(fd, path));
    lock_kernel_release(&fd);
    close(other);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK_INT(lock_kernel_take(fd), LOCK_FAILED);
    CHECK_INT(errno, EBADF);
    close(fd);
}

struct waiting {
    const char *path;
    int fd;
    enum lock_answer answer;
};

static void *wait_for_lock(void *owner)
{
    struct waiting *w = owner;
    struct error e = {0};
    w->answer = lock_kernel_wait(w->path, &w->fd, &e);
    return NULL;
}

TEST(who_waits_gets_it_when_it_is_free)
{
    struct waiting w = {test_path("lock"), -1, LOCK_FAILED};
    pthread_t thread;
    int fd = take(w.path);
    CHECK(pthread_create(&thread, NULL, wait_for_lock, &w) == 0);
    lock_kernel_release(&fd);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_INT(w.answer, LOCK_TAKEN);
    CHECK_INT(try(w.path), LOCK_BUSY);
    lock_kernel_release(&w.fd);
}

/* Whether it waits already or has not begun to. */
TEST(who_waits_can_be_cancelled)
{
    for (int i = 0; i < 50; i++) {
        struct waiting w = {test_path("lock"), -1, LOCK_FAILED};
        void *end = NULL;
        pthread_t thread;
        int fd = take(w.path);
        CHECK(pthread_create(&thread, NULL, wait_for_lock, &w) == 0);
        CHECK(pthread_cancel(thread) == 0);
        CHECK(pthread_join(thread, &end) == 0);
        CHECK(end == PTHREAD_CANCELED);
        lock_kernel_release(&fd);
        CHECK_INT(try(w.path), LOCK_TAKEN);
        lock_kernel_release(&w.fd);
    }
}

TEST(the_file_is_private_and_its_descriptor_closes_at_exec)
{
    struct stat st;
    const char *path = test_path("lock");
    int fd = take(path);
    CHECK(fstat(fd, &st) == 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    lock_kernel_release(&fd);
}

/* A forked child that lives on with a copy of the descriptor; a byte into `end` ends it. */
static pid_t child_with_a_copy(int ends[2])
{
    char byte;
    CHECK(pipe(ends) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(ends[0]);
    return pid;
}

TEST(a_released_lock_is_free_though_a_fork_holds_a_copy)
{
    int ends[2];
    const char *path = test_path("lock");
    int fd = take(path);
    pid_t pid = child_with_a_copy(ends);
    CHECK_INT(try_elsewhere(path), LOCK_BUSY);
    lock_kernel_release(&fd);
    CHECK_INT(try_elsewhere(path), LOCK_TAKEN);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(waitpid(pid, NULL, 0) == pid);
}

TEST(a_lock_dies_with_its_holder)
{
    int status = 0;
    const char *path = test_path("lock");
    pid_t pid = fork();
    if (pid == 0) {
        take(path);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK_INT(try(path), LOCK_TAKEN);
}

TEST(a_replaced_file_is_another_lock)
{
    const char *path = test_path("lock");
    int fd = take(path);
    CHECK(unlink(path) == 0);
    int second = take(path);
    CHECK_INT(try(path), LOCK_BUSY);
    lock_kernel_release(&fd);
    CHECK_INT(try(path), LOCK_BUSY);
    lock_kernel_release(&second);
}

TEST(a_symbolic_link_or_a_missing_folder_is_a_failure_with_its_path)
{
    struct error e = {0};
    int fd = -1;
    const char *path = test_path("link");
    CHECK(symlink(test_path("elsewhere"), path) == 0);
    CHECK_INT(lock_kernel_acquire(path, &fd, &e), LOCK_FAILED);
    CHECK_INT(e.cause, CAUSE_STORE);
    CHECK_CONTAINS(e.text, path);
    CHECK(access(test_path("elsewhere"), F_OK) != 0);
    CHECK_INT(lock_kernel_acquire(test_path("no/such/lock"), &fd, &e), LOCK_FAILED);
    CHECK_INT(errno, ENOENT);
    CHECK_INT(fd, -1);
}
