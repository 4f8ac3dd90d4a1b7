/* Which pages the next job is told to leave out. */
#include "supervisor/quarantine.h"

#include <stdlib.h>
#include <string.h>

#include "supervisor/limits.h"
#include "tests/unit/harness.h"

static size_t listed(const struct blamed_pages *pages)
{
    size_t count;
    free(quarantine_list(pages, &count));
    return count;
}

TEST(two_runs_that_end_on_a_page_put_it_aside)
{
    struct blamed_pages pages = {0};
    quarantine_blame(&pages, "a.md", "blob");
    CHECK_INT(listed(&pages), 0);
    quarantine_blame(&pages, "a.md", "blob");
    CHECK_INT(listed(&pages), 1);
    blamed_pages_release(&pages);
}

TEST(another_blob_is_another_page)
{
    struct blamed_pages pages = {0};
    quarantine_blame(&pages, "a.md", "old");
    quarantine_blame(&pages, "a.md", "new");
    quarantine_blame(&pages, "b.md", "old");
    CHECK_INT(listed(&pages), 0);
    CHECK_INT(pages.count, 3);
    blamed_pages_release(&pages);
}

TEST(one_page_or_all_can_be_forgotten)
{
    struct blamed_pages pages = {0};
    for (int i = 0; i < 2; i++) {
        quarantine_blame(&pages, "a.md", "x");
        quarantine_blame(&pages, "b.md", "x");
        quarantine_blame(&pages, "c.md", "x");
    }
    quarantine_forget(&pages, "b.md");
    CHECK_INT(listed(&pages), 2);
    CHECK_STR(pages.pages[1].name.path, "c.md");
    quarantine_forget(&pages, NULL);
    CHECK_INT(listed(&pages), 0);
    blamed_pages_release(&pages);
}

TEST(a_list_stays_within_what_a_job_holds)
{
    struct blamed_pages pages = {0};
    char path[1025];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    for (int i = 0; i < 200; i++) {
        path[0] = (char)('a' + i % 20);
        path[1] = (char)('a' + i / 20);
        quarantine_blame(&pages, path, "x");
        quarantine_blame(&pages, path, "x");
    }
    CHECK(listed(&pages) > 100);
    CHECK(listed(&pages) * 1024 <= QUARANTINE_BYTES_MAX);
    blamed_pages_release(&pages);
}

TEST(only_runs_that_broke_off_blame_a_page)
{
    CHECK(quarantine_blames(&(struct run_result){.outcome = OUTCOME_CRASHED}));
    CHECK(quarantine_blames(&(struct run_result){.outcome = OUTCOME_KILLED}));
    CHECK(!quarantine_blames(&(struct run_result){.outcome = OUTCOME_PARTIAL}));
    CHECK(!quarantine_blames(&(struct run_result){.outcome = OUTCOME_FAILED}));
}
