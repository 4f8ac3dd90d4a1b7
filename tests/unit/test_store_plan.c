/* The plan against a model: whatever is listed, the store ends up equal to it. */
#include "worker/sync/store_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "worker/sync/page.h"
#include "worker/sync/store_index.h"
#include "worker/sync/store_internal.h"
#include "worker/sync/store_page.h"
#include "worker/sync/store_plan.h"

enum { PATHS = 48, BLOBS = 9, BAD_BLOB = 0, ABSENT = -1 };

/* Which blob is at each path; names sort as git sorts, not as a dictionary does. */
struct model {
    int at[PATHS];
    int64_t ids[PATHS]; /* page rows; 0: none */
};

struct fixture {
    struct store *store;
    struct plan_rules rules;
    struct page page;
    uint64_t random;
};

static uint64_t next_random(struct fixture *f, uint64_t below)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return f->random % below;
}

/* Sorted by bytes: '-' < '.' < '/' < '0', and bytes above 0x7F last. */
static const char *path_of(int i)
{
    static const char *const tails[] = {"-b.md", ".md", "/a.md", "/b/c.md", "0.md", "\xC3\xA9.md"};
    static char names[PATHS][32];
    snprintf(names[i], sizeof names[i], "p%02d%s", i / 6, tails[i % 6]);
    return names[i];
}

static const char *blob_of(int blob)
{
    static char names[BLOBS + 1][48];
    snprintf(names[blob], sizeof names[blob], "%040d", blob);
    return names[blob];
}

static struct fixture open_fixture(void)
{
    struct fixture f = {.random = UINT64_C(88172645463325252),
                        .rules = {.epoch = 1, .shape = "shape", .max_page_bytes = 1000}};
    struct lock_row old;
    struct error e = {0};
    CHECK_OK(store_open(test_path("store.db"), MEMORY_NORMAL, &f.store, &e), &e);
    CHECK_OK(store_lock_take(f.store, "run", &old, &e), &e);
    return f;
}

static void close_fixture(struct fixture *f)
{
    page_release(&f->page);
    store_close(&f->store);
}

static void import(struct fixture *f, const struct plan_item *item)
{
    struct error e = {0};
    char text[64];
    const struct page_origin origin = {.path = item->path,
                                       .path_size = item->path_size,
                                       .blob = item->blob,
                                       .epoch = f->rules.epoch,
                                       .size_bytes = 10};
    const struct page_refusal refusal = {
        .reason = "binary", .detail = "x", .shape = f->rules.shape};
    if (strcmp(item->blob, blob_of(BAD_BLOB)) == 0 ||
        plan_quarantined(&f->rules, item->path, item->blob)) {
        if (item->page)
            CHECK_OK(store_page_delete(f->store, item->page, &e), &e);
        CHECK_OK(store_error_put(f->store, &origin, &refusal, &e), &e);
        return;
    }
    snprintf(text, sizeof text, "# Title\n\nbody of %s\n", item->blob);
    CHECK_OK(page_parse(&f->page, item->path, text, strlen(text), &e), &e);
    int64_t page = item->page;
    CHECK_OK(store_page_put(f->store, &page, &origin, &f->page, &e), &e);
}

static void apply(struct fixture *f, enum plan_op op)
{
    struct plan_block block = {.limit = 5};
    struct error e = {0};
    int64_t after = 0;
    do {
        CHECK_OK(plan_read(f->store, op, after, &block, &e), &e);
        for (size_t i = 0; i < block.count; i++) {
            const struct plan_item *item = &block.items[i];
            after = item->seq;
            if (op == PLAN_RENAME)
                CHECK_OK(store_page_rename(f->store, item->page, item->path, item->path_size, &e),
                         &e);
            else if (op == PLAN_IMPORT)
                import(f, item);
            else if (op == PLAN_DELETE)
                CHECK_OK(store_page_delete(f->store, item->page, &e), &e);
            else
                CHECK_OK(store_error_delete(f->store, item->path, item->path_size, &e), &e);
        }
    } while (block.count == block.limit);
    plan_block_release(&block);
}

static void apply_plan(struct fixture *f)
{
    struct error e = {0};
    CHECK_OK(store_begin(f->store, &e), &e);
    CHECK_OK(store_bulk(f->store, &e), &e);
    apply(f, PLAN_RENAME);
    apply(f, PLAN_IMPORT);
    apply(f, PLAN_DELETE);
    apply(f, PLAN_FORGET);
    CHECK_OK(store_commit(f->store, &e), &e);
}

static struct plan_counts plan_by_join(struct fixture *f, const struct model *to)
{
    struct plan_counts counts;
    struct error e = {0};
    CHECK_OK(plan_begin(f->store, &f->rules, &e), &e);
    CHECK_OK(plan_join_begin(f->store, &e), &e);
    for (int i = 0; i < PATHS; i++)
        if (to->at[i] != ABSENT)
            CHECK_OK(
                plan_join_entry(f->store, path_of(i), strlen(path_of(i)), blob_of(to->at[i]), &e),
                &e);
    CHECK_OK(plan_join_end(f->store, &e), &e);
    CHECK_OK(plan_finish(f->store, true, &counts, &e), &e);
    return counts;
}

static struct plan_counts plan_by_change(struct fixture *f, const struct model *from,
                                         const struct model *to)
{
    struct plan_counts counts;
    struct error e = {0};
    CHECK_OK(plan_begin(f->store, &f->rules, &e), &e);
    for (int i = 0; i < PATHS; i++)
        if (from->at[i] != to->at[i])
            CHECK_OK(plan_change(f->store, path_of(i), strlen(path_of(i)),
                                 to->at[i] == ABSENT ? NULL : blob_of(to->at[i]), &e),
                     &e);
    CHECK_OK(plan_finish(f->store, true, &counts, &e), &e);
    return counts;
}

/* By definition, without a plan. */
static struct plan_counts expected(const struct model *from, const struct model *to)
{
    struct plan_counts c = {0};
    int gone[BLOBS] = {0};
    int come[BLOBS] = {0};
    for (int i = 0; i < PATHS; i++) {
        bool page = from->at[i] != ABSENT && from->at[i] != BAD_BLOB;
        if (from->at[i] == to->at[i])
            continue;
        if (to->at[i] == ABSENT && page)
            gone[from->at[i]]++;
        else if (to->at[i] == ABSENT)
            c.forgets++;
        else if (page)
            c.changes++;
        else
            come[to->at[i]]++;
    }
    for (int b = 0; b < BLOBS; b++) {
        int both = gone[b] < come[b] ? gone[b] : come[b];
        c.renames += both;
        c.deletes += gone[b] - both;
        c.adds += come[b] - both;
    }
    return c;
}

static void check_counts(const struct plan_counts *got, const struct plan_counts *want)
{
    CHECK_INT(got->renames, want->renames);
    CHECK_INT(got->adds, want->adds);
    CHECK_INT(got->changes, want->changes);
    CHECK_INT(got->deletes, want->deletes);
    CHECK_INT(got->forgets, want->forgets);
}

static void check_row(sqlite3_stmt *s, const struct model *m, int path)
{
    CHECK_STR(column_text(s, 0), path_of(path));
    CHECK_STR(column_text(s, 1), blob_of(m->at[path]));
}

/* Page and error rows are exactly the model's; fills its ids. */
static void check_store(struct fixture *f, struct model *m)
{
    static const char *const sql[] = {
        "SELECT path, blob, id FROM page ORDER BY path",
        "SELECT path, blob FROM page_error ORDER BY path",
        "INSERT INTO chunk_index(chunk_index, rank) VALUES('integrity-check', 1)",
    };
    sqlite3_stmt *s[3];
    struct error e = {0};
    CHECK_OK(db_prepare(f->store->db, sql, 3, s, &e), &e);
    for (int i = 0; i < PATHS; i++) {
        m->ids[i] = 0;
        if (m->at[i] == ABSENT)
            continue;
        bool bad = m->at[i] == BAD_BLOB;
        CHECK_INT(db_step(s[bad], &e), DB_ROW);
        check_row(s[bad], m, i);
        m->ids[i] = bad ? 0 : column_int(s[0], 2);
    }
    CHECK_INT(db_step(s[0], &e), DB_DONE);
    CHECK_INT(db_step(s[1], &e), DB_DONE);
    CHECK_OK(db_run(s[2], NULL, &e), &e);
    db_finalize(s, 3);
    struct sync_state state;
    CHECK_OK(store_state_read(f->store, &state, &e), &e);
    int pages = 0;
    int errors = 0;
    for (int i = 0; i < PATHS; i++) {
        pages += m->ids[i] != 0;
        errors += m->at[i] == BAD_BLOB;
    }
    CHECK_INT(state.pages, pages);
    CHECK_INT(state.errors, errors);
    sync_state_release(&state);
}

static void random_listing(struct fixture *f, struct model *m, const struct model *from)
{
    uint64_t kept = next_random(f, 4); /* quarters of the paths that stay as they are */
    for (int i = 0; i < PATHS; i++)
        if (next_random(f, 4) < kept)
            m->at[i] = from->at[i];
        else
            m->at[i] = next_random(f, 2) ? ABSENT : (int)next_random(f, BLOBS);
}

/* A page that stays at its path is the same row. */
static void check_identity(const struct model *from, const struct model *to)
{
    for (int i = 0; i < PATHS; i++)
        if (from->ids[i] && to->ids[i])
            CHECK_INT(to->ids[i], from->ids[i]);
}

TEST(random_listings_are_reached_by_join_and_by_change)
{
    struct fixture f = open_fixture();
    struct model from = {0};
    for (int i = 0; i < PATHS; i++)
        from.at[i] = ABSENT;
    for (int round = 0; round < 60; round++) {
        struct model to = {0};
        random_listing(&f, &to, &from);
        struct plan_counts want = expected(&from, &to);
        struct plan_counts got = round % 2 ? plan_by_change(&f, &from, &to) : plan_by_join(&f, &to);
        check_counts(&got, &want);
        apply_plan(&f);
        check_store(&f, &to);
        check_identity(&from, &to);
        struct plan_counts nothing = {0};
        struct plan_counts again = plan_by_join(&f, &to);
        check_counts(&again, &nothing);
        from = to;
    }
    close_fixture(&f);
}

/* A store with pages at the first `count` paths, each of its own blob. */
static void fill(struct fixture *f, int count)
{
    struct error e = {0};
    CHECK_OK(store_begin(f->store, &e), &e);
    CHECK_OK(store_bulk(f->store, &e), &e);
    for (int i = 0; i < count; i++) {
        char blob[48];
        char path[24];
        snprintf(blob, sizeof blob, "%040d", 1000 + i);
        snprintf(path, sizeof path, "q%04d.md", i);
        import(f, &(struct plan_item){.path = path, .path_size = strlen(path), .blob = blob});
    }
    CHECK_OK(store_commit(f->store, &e), &e);
}

/* Deletes the first `gone` of them and adds `come` others. */
static bool shrink(struct fixture *f, int gone, int come, bool allow, struct error *e)
{
    struct plan_counts counts;
    CHECK_OK(plan_begin(f->store, &f->rules, e), e);
    for (int i = 0; i < gone + come; i++) {
        char path[24];
        snprintf(path, sizeof path, i < gone ? "q%04d.md" : "new%04d.md", i);
        CHECK_OK(plan_change(f->store, path, strlen(path), i < gone ? NULL : blob_of(BLOBS), e), e);
    }
    return plan_finish(f->store, allow, &counts, e);
}

static void shrinks(int have, int gone, int come, bool taken)
{
    struct fixture f = open_fixture();
    struct error e = {0};
    fill(&f, have);
    bool ok = shrink(&f, gone, come, false, &e);
    if (ok != taken)
        FAIL("%d of %d gone, %d come: %s", gone, have, come, ok ? "taken" : e.text);
    if (!taken) {
        CHECK_INT(e.cause, CAUSE_SHRINK);
        CHECK_CONTAINS(e.text, "--allow-shrink");
    }
    e = (struct error){0};
    CHECK_OK(shrink(&f, gone, come, true, &e), &e);
    close_fixture(&f);
    remove(test_path("store.db"));
    remove(test_path("store.db-wal"));
    remove(test_path("store.db-shm"));
}

/* A listing of as many new pages. */
enum { MANY = 300 };
static void plan_many(struct fixture *f)
{
    char path[32];
    struct error e = {0};
    struct plan_counts counts;
    CHECK_OK(plan_begin(f->store, &f->rules, &e), &e);
    CHECK_OK(plan_join_begin(f->store, &e), &e);
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "q%04d.md", i);
        CHECK_OK(plan_join_entry(f->store, path, strlen(path), blob_of(1 + i % (BLOBS - 1)), &e),
                 &e);
    }
    CHECK_OK(plan_join_end(f->store, &e), &e);
    CHECK_OK(plan_finish(f->store, true, &counts, &e), &e);
    CHECK_INT(counts.adds, MANY);
}

static void check_many(struct fixture *f, size_t limit)
{
    struct plan_block block = {.limit = limit};
    struct error e = {0};
    int64_t after = 0;
    int count = 0;
    do {
        char path[32];
        CHECK_OK(plan_read(f->store, PLAN_IMPORT, after, &block, &e), &e);
        for (size_t i = 0; i < block.count; i++, count++) {
            const struct plan_item *item = &block.items[i];
            snprintf(path, sizeof path, "q%04d.md", count);
            CHECK_STR(item->path, path);
            CHECK_INT(item->path_size, strlen(path));
            CHECK_STR(item->blob, blob_of(1 + count % (BLOBS - 1)));
            CHECK_INT(item->page, 0);
            CHECK(!item->moved);
            CHECK(item->seq > after);
            after = item->seq;
        }
    } while (block.count == block.limit);
    CHECK_INT(count, MANY);
    plan_block_release(&block);
}

/* With a page that goes, new ones are looked at one by one: it may have been renamed. */
TEST(many_imports_are_read_in_order_in_blocks_of_any_size)
{
    static const size_t limits[] = {1, 7, 63, 64, 65, 128, MANY, 1024};
    struct fixture f = open_fixture();
    for (int deletes = 0; deletes < 2; deletes++) {
        if (deletes) {
            struct error e = {0};
            CHECK_OK(store_begin(f.store, &e) && store_bulk(f.store, &e), &e);
            import(&f, &(struct plan_item){.path = "gone.md",
                                           .path_size = strlen("gone.md"),
                                           .blob = blob_of(BLOBS)});
            CHECK_OK(store_commit(f.store, &e), &e);
        }
        plan_many(&f);
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
            check_many(&f, limits[i]);
    }
    close_fixture(&f);
}

TEST(shrinkage_is_refused_over_half_of_twenty_and_for_all)
{
    shrinks(19, 18, 0, true);
    shrinks(19, 19, 0, false);
    shrinks(20, 10, 0, true);
    shrinks(20, 11, 0, false);
    shrinks(21, 10, 0, true);
    shrinks(21, 11, 0, false);
    shrinks(20, 20, 0, false);
    shrinks(20, 20, 10, false);
    shrinks(40, 20, 20, true);
    shrinks(40, 21, 40, false);
    shrinks(1, 1, 0, false);
    shrinks(1, 1, 1, false);
    shrinks(20, 0, 0, true);
}

static bool joins(const char *const *paths, struct error *e)
{
    struct fixture f = open_fixture();
    bool ok = plan_begin(f.store, &f.rules, e) && plan_join_begin(f.store, e);
    for (; ok && *paths; paths++)
        ok = plan_join_entry(f.store, *paths, strlen(*paths), blob_of(1), e);
    ok = ok && plan_join_end(f.store, e);
    plan_join_cancel(f.store);
    close_fixture(&f);
    return ok;
}

TEST(a_listing_out_of_order_is_refused)
{
    struct error e = {0};
    CHECK_OK(joins((const char *const[]){"a-b", "a.b", "a/b", "a0b", NULL}, &e), &e);
    CHECK_FAILS(joins((const char *const[]){"b", "a", NULL}, &e), &e, CAUSE_BAD_DATA,
                "not in order at \"a\"");
    CHECK_FAILS(joins((const char *const[]){"a", "a", NULL}, &e), &e, CAUSE_BAD_DATA, "\"a\"");
    CHECK_FAILS(joins((const char *const[]){"a/b", "a.b", NULL}, &e), &e, CAUSE_BAD_DATA, "a.b");
    CHECK_FAILS(joins((const char *const[]){"ab", "a", NULL}, &e), &e, CAUSE_BAD_DATA, "");
}

TEST(another_epoch_or_a_lower_limit_imports_again)
{
    struct fixture f = open_fixture();
    struct model m = {0};
    for (int i = 0; i < PATHS; i++)
        m.at[i] = 1 + i % (BLOBS - 1);
    plan_by_join(&f, &m);
    apply_plan(&f);
    struct plan_counts c = plan_by_join(&f, &m);
    CHECK_INT(c.changes, 0);
    f.rules.max_page_bytes = 10;
    c = plan_by_join(&f, &m);
    CHECK_INT(c.changes, 0);
    f.rules.max_page_bytes = 9;
    c = plan_by_join(&f, &m);
    CHECK_INT(c.changes, PATHS);
    f.rules.max_page_bytes = 1000;
    f.rules.epoch = 2;
    c = plan_by_join(&f, &m);
    CHECK_INT(c.changes, PATHS);
    close_fixture(&f);
}

TEST(an_error_is_tried_again_under_another_shape_or_epoch_only)
{
    struct fixture f = open_fixture();
    struct model m = {0};
    for (int i = 0; i < PATHS; i++)
        m.at[i] = i % 2 ? BAD_BLOB : 1;
    plan_by_join(&f, &m);
    apply_plan(&f);
    CHECK_INT(plan_by_join(&f, &m).adds, 0);
    f.rules.shape = "other";
    CHECK_INT(plan_by_join(&f, &m).adds, PATHS / 2);
    f.rules.shape = "shape";
    f.rules.epoch = 2;
    CHECK_INT(plan_by_join(&f, &m).adds, PATHS / 2);
    close_fixture(&f);
}

TEST(a_quarantined_page_is_planned_until_it_is_refused)
{
    struct page_name list[] = {{(char *)path_of(3), (char *)blob_of(2)}};
    struct fixture f = open_fixture();
    struct model m = {0};
    for (int i = 0; i < PATHS; i++)
        m.at[i] = 2;
    plan_by_join(&f, &m);
    apply_plan(&f);
    f.rules.quarantine = list;
    f.rules.quarantine_count = 1;
    CHECK_INT(plan_by_join(&f, &m).changes, 1);
    CHECK(plan_quarantined(&f.rules, path_of(3), blob_of(2)));
    CHECK(!plan_quarantined(&f.rules, path_of(3), blob_of(1)));
    CHECK(!plan_quarantined(&f.rules, path_of(4), blob_of(2)));
    close_fixture(&f);
}
