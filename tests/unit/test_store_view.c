/* What is read of a store: absent, current, newer, damaged; and the sweep's compare and set. */
#include "common/store_view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/store_schema.h"
#include "common/text.h"
#include "tests/unit/harness.h"
#include "worker/sync/store_internal.h"

struct place {
    struct home home;
    char *path;
};

static struct place make_place(void)
{
    struct place p = {0};
    struct error e = {0};
    CHECK_OK(home_open(test_path("home"), &p.home, &e), &e);
    CHECK_OK(home_make_source(&p.home, "notes", &e), &e);
    p.path = home_source_path(&p.home, "notes", SOURCE_STORE);
    return p;
}

static void release_place(struct place *p)
{
    free(p->path);
    home_release(&p->home);
}

static struct store *open_store(const struct place *p, const char *run_id)
{
    struct store *store = NULL;
    struct lock_row old;
    struct error e = {0};
    CHECK_OK(store_open(p->path, MEMORY_LOW, &store, &e), &e);
    store_progress(store, "import", 3, 9);
    CHECK_OK(store_lock_take(store, run_id, &old, &e), &e);
    return store;
}

static void end_run(struct store *store, const char *run_id)
{
    struct run_result run = {.outcome = OUTCOME_OK, .pages = 5, .message = "fine"};
    struct error e = {0};
    memcpy(run.run_id, run_id, strlen(run_id) + 1);
    CHECK_OK(store_end_run(store, &run, &e), &e);
}

static struct store_view view(const struct place *p)
{
    struct store_view v;
    struct error e = {0};
    memset(&v, 0xFF, sizeof v);
    CHECK_OK(store_view_read(&p->home, "notes", &v, &e), &e);
    return v;
}

TEST(an_absent_store_or_source_is_no_error)
{
    struct place p = make_place();
    struct store_view v = view(&p);
    struct error e = {0};
    CHECK(!v.exists && !v.has_run);
    CHECK_STR(v.bookmark, "");
    CHECK_OK(store_view_read(&p.home, "other", &v, &e), &e);
    CHECK(!v.exists);
    CHECK(access(p.path, F_OK) != 0);
    release_place(&p);
}

TEST(a_running_store_shows_its_row_and_a_finished_one_its_run)
{
    struct place p = make_place();
    struct store *store = open_store(&p, "one");
    struct store_view v = view(&p);
    CHECK(v.exists && !v.has_run);
    CHECK_STR(v.lock.run_id, "one");
    CHECK_STR(v.lock.phase, "import");
    CHECK_INT(v.lock.done, 3);
    CHECK_INT(v.lock.holder.pid, getpid());
    CHECK_INT(process_liveness(&v.lock.holder), PROCESS_ALIVE);
    end_run(store, "one");
    store_close(&store);
    v = view(&p);
    CHECK_STR(v.lock.run_id, "");
    CHECK(v.has_run && v.store_bytes > 0);
    CHECK_STR(v.run.message, "fine");
    CHECK_INT(v.run.pages, 5);
    CHECK_STR(v.run.run_id, "one");
    CHECK_INT(v.run.outcome, OUTCOME_OK);
    release_place(&p);
}

TEST(a_leftover_row_is_cleared_only_if_it_has_not_moved)
{
    struct place p = make_place();
    struct error e = {0};
    bool cleared = true;
    struct store *store = open_store(&p, "one");
    struct store_view seen = view(&p);
    CHECK_OK(store_lock_refresh(store, &e), &e);
    CHECK_OK(store_clear_lock(&p.home, "notes", &seen.lock, &cleared, &e), &e);
    CHECK(!cleared);
    CHECK_STR(view(&p).lock.run_id, "one");
    seen = view(&p);
    CHECK_OK(store_clear_lock(&p.home, "notes", &seen.lock, &cleared, &e), &e);
    CHECK(cleared);
    CHECK_STR(view(&p).lock.run_id, "");
    CHECK_OK(store_clear_lock(&p.home, "notes", &seen.lock, &cleared, &e), &e);
    CHECK(!cleared);
    store_close(&store);
    release_place(&p);
}

static void write_store(const struct place *p, const void *bytes, size_t size)
{
    FILE *file = fopen(p->path, "wbe");
    CHECK(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

TEST(a_damaged_store_is_named)
{
    struct place p = make_place();
    struct store_view v;
    struct error e = {0};
    char bytes[8192];
    memset(bytes, 'x', sizeof bytes);
    write_store(&p, bytes, sizeof bytes);
    CHECK_FAILS(store_view_read(&p.home, "notes", &v, &e), &e, CAUSE_STORE, p.path);
    CHECK(e.damaged);
    CHECK_CONTAINS(e.text, "damaged");
    release_place(&p);
}

TEST(an_empty_file_is_a_store_that_is_only_begun)
{
    struct place p = make_place();
    write_store(&p, "", 0);
    CHECK(!view(&p).exists);
    release_place(&p);
}

TEST(a_newer_store_is_refused_by_readers_and_by_the_sweep)
{
    struct place p = make_place();
    struct store_view v;
    struct error e = {0};
    bool cleared = false;
    struct store *store = open_store(&p, "one");
    struct store_view seen = view(&p);
    CHECK_OK(db_exec(store->db, "PRAGMA user_version=99", &e), &e);
    store_close(&store);
    CHECK_FAILS(store_view_read(&p.home, "notes", &v, &e), &e, CAUSE_STORE, "has format 99");
    CHECK_FAILS(store_clear_lock(&p.home, "notes", &seen.lock, &cleared, &e), &e, CAUSE_STORE,
                "install the newer version");
    release_place(&p);
}

TEST(a_run_row_with_unknown_words_is_refused)
{
    struct place p = make_place();
    struct store_view v;
    struct error e = {0};
    struct store *store = open_store(&p, "one");
    end_run(store, "one");
    CHECK_OK(db_exec(store->db, "UPDATE run SET outcome = 'splendid'", &e), &e);
    store_close(&store);
    CHECK_FAILS(store_view_read(&p.home, "notes", &v, &e), &e, CAUSE_STORE, "splendid");
    release_place(&p);
}
