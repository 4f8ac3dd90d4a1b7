/* source_status: from configuration, store and ledger. */
#include "common/status.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/lock.h"
#include "common/text.h"
#include "tests/unit/harness.h"

enum { NOW = 1700000000 };

static const struct source_config source = {.id = (char *)(uintptr_t) "notes",
                                            .kind = (char *)(uintptr_t) "git",
                                            .enabled = true,
                                            .stall_ms = 300000};

static struct source_status make(const struct store_view *view, const struct ledger_source *ledger)
{
    struct source_status status;
    status_make(
        &(struct status_parts){.source = &source, .view = view, .ledger = ledger, .now_s = NOW},
        &status);
    return status;
}

TEST(nothing_known_is_never)
{
    struct store_view view = {0};
    struct ledger_source ledger = {0};
    struct source_status status = make(&view, &ledger);
    CHECK_STR(status_name(&status), "never");
    CHECK_INT(status.fresh_s, -1);
}

TEST(the_stores_run_gives_the_status)
{
    struct store_view view = {.exists = true,
                              .has_run = true,
                              .pages = 12,
                              .last_success_at = NOW - 100,
                              .run = {.outcome = OUTCOME_PARTIAL, .remaining = 5}};
    struct source_status status = make(&view, NULL);
    CHECK_STR(status_name(&status), "partial");
    CHECK_INT(status.fresh_s, 100);
    CHECK_INT(status.result.pages, 12);
    CHECK_INT(status.result.remaining, 5);
}

TEST(a_later_attempt_without_a_row_wins)
{
    struct store_view view = {.exists = true,
                              .has_run = true,
                              .run = {.run_id = "a", .outcome = OUTCOME_OK, .started_at = 100}};
    struct ledger_source ledger = {
        .has_last = true,
        .attempts = 2,
        .last = {.result = {.run_id = "b", .outcome = OUTCOME_KILLED, .started_at = 200},
                 .kill_stage = "kill"}};
    struct source_status status = make(&view, &ledger);
    CHECK_STR(status_name(&status), "killed");
    CHECK_STR(status.kill_stage, "kill");
    CHECK_INT(status.attempts, 2);
}

TEST(a_later_run_by_hand_wins_over_the_ledger)
{
    struct store_view view = {.exists = true,
                              .has_run = true,
                              .run = {.run_id = "a", .outcome = OUTCOME_OK, .started_at = 300}};
    struct ledger_source ledger = {
        .has_last = true,
        .last = {.result = {.run_id = "b", .outcome = OUTCOME_KILLED, .started_at = 200},
                 .kill_stage = "kill"}};
    struct source_status status = make(&view, &ledger);
    CHECK_STR(status_name(&status), "ok");
    CHECK_STR(status.kill_stage, "");
}

static struct source_status make_locked(struct lock_row row)
{
    struct store_view view = {.exists = true, .lock = row};
    struct source_status status;
    process_self(&view.lock.holder);
    status_make(
        &(struct status_parts){.source = &source, .view = &view, .locked = true, .now_s = NOW},
        &status);
    return status;
}

TEST(a_held_lock_is_running_with_phase_and_last_progress)
{
    struct source_status status = make_locked((struct lock_row){.run_id = "r",
                                                                .phase = "import",
                                                                .done = 12400,
                                                                .total = 61200,
                                                                .last_refreshed_at = NOW - 3});
    CHECK_STR(status_name(&status), "running");
    CHECK_CONTAINS(status.result.message,
                   "running (import, 12,400 of 61,200, last progress 3s ago), pid ");
    CHECK_INT(status.holder.holder.pid, getpid());
}

TEST(a_held_lock_without_progress_is_stalled)
{
    struct source_status status =
        make_locked((struct lock_row){.run_id = "r", .total = -1, .last_refreshed_at = NOW - 301});
    CHECK_STR(status_name(&status), "stalled");
    CHECK_CONTAINS(status.result.message, "stalled (, 0, last progress 5m1s ago), pid ");
}

TEST(the_flag_for_stalls_wins_over_the_source)
{
    struct store_view view = {.exists = true,
                              .lock = {.run_id = "r", .last_refreshed_at = NOW - 20}};
    struct source_status status;
    process_self(&view.lock.holder);
    status_make(
        &(struct status_parts){
            .source = &source, .view = &view, .locked = true, .stall_ms = 10000, .now_s = NOW},
        &status);
    CHECK_STR(status_name(&status), "stalled");
}

TEST(a_leftover_row_of_somebody_dead_is_not_the_holder)
{
    struct store_view view = {.exists = true, .lock = {.run_id = "r", .phase = "import"}};
    struct source_status status;
    process_self(&view.lock.holder);
    view.lock.holder.pid_start++;
    status_make(
        &(struct status_parts){.source = &source, .view = &view, .locked = true, .now_s = NOW},
        &status);
    CHECK_STR(status_name(&status), "running");
    CHECK_STR(status.result.message, "starting");
    CHECK_STR(status.holder.run_id, "");
}

TEST(an_unreadable_store_is_said)
{
    struct error why = {.cause = CAUSE_STORE, .text = "damaged"};
    struct ledger_source ledger = {
        .has_last = true, .last_success_at = NOW - 60, .last = {.result = {.outcome = OUTCOME_OK}}};
    struct source_status status;
    status_make(
        &(struct status_parts){
            .source = &source, .view_error = &why, .ledger = &ledger, .now_s = NOW},
        &status);
    CHECK_STR(status_name(&status), "failed");
    CHECK_STR(status.result.message, "damaged");
    CHECK_INT(status.fresh_s, 60);
}

TEST(a_clock_set_back_is_fresh_not_negative)
{
    struct store_view view = {.exists = true, .last_success_at = NOW + 1000};
    CHECK_INT(make(&view, NULL).fresh_s, 0);
}

/* The contract with every reader: these fields, in this order, and no others. */
TEST(json_has_exactly_the_fields_of_the_design)
{
    static const char fields[] =
        "id kind enabled status cause message phase pid started_at last_refreshed_at "
        "last_success_at fresh_s bookmark target pages added changed deleted remaining errors "
        "quarantined duration_ms cpu_ms peak_rss_bytes store_bytes attempts next_attempt_at "
        "kill_stage run_id ";
    struct store_view view = {0};
    struct source_status status = make(&view, NULL);
    json_t *object = status_json(&status);
    struct buf got = {0};
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value)
        buf_printf(&got, "%s ", key);
    CHECK_STR(got.data, fields);
    CHECK(json_is_null(json_object_get(object, "fresh_s")));
    CHECK(json_is_null(json_object_get(object, "remaining")));
    CHECK_STR(json_string_value(json_object_get(object, "status")), "never");
    buf_release(&got);
    json_decref(object);
}

TEST(json_survives_any_bytes_in_a_message)
{
    struct store_view view = {.exists = true, .has_run = true, .run = {.message = "a\xff\x1b"}};
    struct source_status status = make(&view, NULL);
    json_t *object = status_json(&status);
    char *text = json_dumps(object, 0);
    CHECK_CONTAINS(text, "a\xEF\xBF\xBD\\u001B");
    free(text);
    json_decref(object);
}

TEST(asking_for_a_lock_does_not_take_it)
{
    struct home home = {.path = (char *)(uintptr_t)test_dir()};
    struct error e = {0};
    int fd = -1;
    const char *path = test_write("sources/notes/writer.lock", "", 0);
    CHECK(!source_is_locked(&home, "notes"));
    CHECK_INT(lock_kernel_acquire(path, &fd, &e), LOCK_TAKEN);
    CHECK(source_is_locked(&home, "notes"));
    CHECK(source_is_locked(&home, "notes"));
    lock_kernel_release(&fd);
    CHECK(!source_is_locked(&home, "notes"));
    CHECK(!source_is_locked(&home, "absent"));
}
