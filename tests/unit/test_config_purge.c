/* Purging a source's folder: under its lock, never half, never out of it. */
#include <sys/stat.h>
#include <unistd.h>

#include "common/lock.h"
#include "common/text.h"
#include "supervisor/purge.h"
#include "tests/unit/harness.h"

static struct home own_home(void)
{
    struct home home;
    struct error e = {0};
    CHECK_OK(home_open(test_dir(), &home, &e), &e);
    return home;
}

static bool there(const char *name)
{
    struct stat st;
    return lstat(test_path(name), &st) == 0;
}

static bool purge_source(const char *id, struct error *e)
{
    struct home home = own_home();
    struct purge purge;
    bool ok = purge_begin(&home, id, &purge, e) && purge_delete(&purge, e);
    purge_release(&purge);
    home_release(&home);
    return ok;
}

TEST(deletes_everything_below_the_folder)
{
    struct error e = {0};
    test_write("sources/a/store.db", "x", 1);
    test_write("sources/a/mirror.git/objects/ab/cd", "x", 1);
    test_write("sources/b/store.db", "x", 1);
    CHECK_OK(purge_source("a", &e), &e);
    CHECK(!there("sources/a") && !there("sources/.purge-a"));
    CHECK(there("sources/b/store.db"));
}

TEST(nothing_is_deleted_while_a_worker_holds_the_lock)
{
    struct error e = {0};
    int fd = -1;
    test_write("sources/a/store.db", "x", 1);
    CHECK_INT(lock_kernel_acquire(test_path("sources/a/writer.lock"), &fd, &e), LOCK_TAKEN);
    CHECK_FAILS(purge_source("a", &e), &e, CAUSE_LOCKED, "a: a worker is at it");
    CHECK(there("sources/a/store.db"));
    lock_kernel_release(&fd);
    e = (struct error){0};
    CHECK_OK(purge_source("a", &e), &e);
    CHECK(!there("sources/a"));
}

TEST(what_an_interrupted_purge_left_is_deleted_too)
{
    struct error e = {0};
    test_write("sources/.purge-a/store.db", "x", 1);
    CHECK_OK(purge_source("a", &e), &e);
    CHECK(!there("sources/.purge-a"));
    test_write("sources/.purge-a/store.db", "x", 1);
    test_write("sources/a/store.db", "x", 1);
    CHECK_OK(purge_source("a", &e), &e);
    CHECK(!there("sources/.purge-a") && !there("sources/a"));
}

TEST(links_are_deleted_not_followed)
{
    struct error e = {0};
    test_write("outside/keep", "x", 1);
    test_write("sources/a/store.db", "x", 1);
    CHECK(symlink("../../outside", test_path("sources/a/folder")) == 0);
    CHECK(symlink("../../outside/keep", test_path("sources/a/file")) == 0);
    CHECK_OK(purge_source("a", &e), &e);
    CHECK(!there("sources/a") && there("outside/keep"));
}

TEST(a_folder_that_is_a_link_is_refused)
{
    struct error e = {0};
    test_write("outside/keep", "x", 1);
    test_write("sources/b/x", "x", 1);
    CHECK(symlink("../outside", test_path("sources/a")) == 0);
    CHECK_FAILS(purge_source("a", &e), &e, CAUSE_STORE, "is not a folder");
    CHECK(there("outside/keep") && !there("outside/writer.lock"));
}

TEST(a_source_without_a_folder_is_nothing_to_do)
{
    struct error e = {0};
    CHECK_OK(purge_source("a", &e), &e);
    test_write("sources/b/x", "x", 1);
    CHECK_OK(purge_source("a", &e), &e);
}

TEST(folders_without_end_are_refused_with_a_reason)
{
    struct error e = {0};
    struct buf name = {0};
    buf_add_text(&name, "sources/a");
    for (int i = 0; i < 250; i++)
        buf_add_text(&name, "/d");
    buf_add_text(&name, "/f");
    test_write(name.data, "x", 1);
    CHECK_FAILS(purge_source("a", &e), &e, CAUSE_STORE, "too many folders");
    buf_release(&name);
}
