/* Lines between supervisor and worker: round trips, limits, what is refused. */
#include "common/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

/* Without the '\n' that each line has. */
static size_t line_size(const char *line)
{
    size_t size = strlen(line);
    CHECK(size > 0 && line[size - 1] == '\n');
    CHECK(memchr(line, '\n', size - 1) == NULL);
    CHECK(size <= MESSAGE_MAX_BYTES);
    return size - 1;
}

static struct message read_line(char *line)
{
    struct message message;
    struct error e = {0};
    CHECK_OK(message_read(line, line_size(line), &message, &e), &e);
    free(line);
    return message;
}

TEST(a_result_comes_back_as_it_was)
{
    struct run_result r = {
        .run_id = "0123456789abcdef0123456789abcdef",
        .outcome = OUTCOME_FAILED,
        .cause = CAUSE_UNREACHABLE,
        .message = "git fetch: \"no\"\n\\ 10% caf\xC3\xA9",
        .started_at = 1700000000,
        .pages = INT64_MAX,
        .added = 2,
        .changed = 3,
        .deleted = 4,
        .renamed = 5,
        .remaining = -1,
        .errors = 6,
        .quarantined = 7,
        .skipped = 8,
        .duration_ms = 9,
        .cpu_ms = 10,
        .peak_rss_bytes = INT64_C(1) << 40,
        .committed = true,
    };
    struct message m = read_line(message_write_result(&r));
    CHECK_INT(m.type, MESSAGE_RESULT);
    CHECK_STR(m.result.run_id, r.run_id);
    CHECK_STR(m.result.message, r.message);
    CHECK_INT(m.result.outcome, r.outcome);
    CHECK_INT(m.result.cause, r.cause);
    CHECK_INT(m.result.committed, true);
    CHECK_MEM(&m.result.started_at, 12 * sizeof(int64_t), &r.started_at, 12 * sizeof(int64_t));
    CHECK_INT(m.result.peak_rss_bytes, r.peak_rss_bytes);
}

TEST(what_a_store_says_comes_back_as_it_was)
{
    struct store_notice n = {.bookmark = "9fceb02d0ae598e95dc970b74767f19372d61af8",
                             .version = INT64_MAX,
                             .last_success_at = 1700000000};
    struct message m = read_line(message_write_store(&n));
    CHECK_INT(m.type, MESSAGE_STORE);
    CHECK_STR(m.store.bookmark, n.bookmark);
    CHECK_INT(m.store.version, n.version);
    CHECK_INT(m.store.last_success_at, n.last_success_at);
}

TEST(every_outcome_and_cause_comes_back)
{
    for (int o = 0; o < OUTCOME_COUNT; o++)
        for (int c = 0; c < CAUSE_COUNT; c++) {
            struct run_result r = {.outcome = (enum outcome)o, .cause = (enum cause)c};
            struct message m = read_line(message_write_result(&r));
            CHECK_INT(m.result.outcome, o);
            CHECK_INT(m.result.cause, c);
        }
}

TEST(progress_names_the_longest_path)
{
    struct run_progress p = {.phase = "import", .done = 3, .total = -1};
    memset(p.item_path, 'x', sizeof p.item_path - 1);
    memset(p.item_blob, 'a', 64);
    struct message m = read_line(message_write_progress(&p));
    CHECK_INT(m.type, MESSAGE_PROGRESS);
    CHECK_STR(m.progress.item_path, p.item_path);
    CHECK_STR(m.progress.item_blob, p.item_blob);
    CHECK_STR(m.progress.phase, "import");
    CHECK_INT(m.progress.done, 3);
    CHECK_INT(m.progress.total, -1);
}

TEST(bytes_that_are_not_utf8_do_not_break_a_line)
{
    struct run_result r = {.message = "bad \xFF\xFE bytes"};
    struct message m = read_line(message_write_result(&r));
    CHECK_STR(m.result.message, "bad \xEF\xBF\xBD\xEF\xBF\xBD bytes");
}

TEST(text_that_is_too_long_is_cut_at_a_character)
{
    struct buf line = {0};
    struct message m;
    struct error e = {0};
    buf_add_text(&line,
                 "{\"v\":1,\"type\":\"progress\",\"phase\":\"0123456789abcd\xC3\xA9\",\"done\":1,"
                 "\"total\":1,\"item_path\":\"\",\"item_blob\":\"\"}");
    CHECK_OK(message_read(line.data, line.size, &m, &e), &e);
    CHECK_STR(m.progress.phase, "0123456789abcd");
    buf_release(&line);
}

TEST(a_job_comes_back_with_its_quarantine)
{
    struct page_name pages[] = {{(char *)"a \"b\"\n.md", (char *)"aa"},
                                {(char *)"c.md", (char *)"bb"}};
    struct job job = {.run_id = "77",
                      .timeout_ms = 600000,
                      .grace_ms = 30000,
                      .stall_ms = 300000,
                      .by_budget = true,
                      .full = true,
                      .allow_shrink = true,
                      .quarantine = pages,
                      .quarantine_count = 2};
    struct job again = {0};
    struct error e = {0};
    char *line = message_write_job(&job);
    CHECK_OK(message_read_job(line, line_size(line), &again, &e), &e);
    free(line);
    CHECK_STR(again.run_id, "77");
    CHECK_INT(again.timeout_ms, 600000);
    CHECK_INT(again.grace_ms, 30000);
    CHECK_INT(again.stall_ms, 300000);
    CHECK(again.by_budget && again.full && again.allow_shrink);
    CHECK_INT(again.quarantine_count, 2);
    CHECK_STR(again.quarantine[0].path, pages[0].path);
    CHECK_STR(again.quarantine[1].blob, "bb");
    job_release(&again);
    CHECK(again.quarantine == NULL);
}

TEST(what_is_no_message_is_refused_with_a_reason)
{
    static const struct {
        const char *line;
        const char *reason;
    } cases[] = {
        {"", "not JSON"},
        {"stop", "not JSON"},
        {"{}", "of version 0, not 1"},
        {"[1]", "of version 0, not 1"},
        {"{\"v\":2,\"type\":\"result\"}", "are lattice-supervise and lattice-worker of the same"},
        {"{\"v\":1}", "unknown type"},
        {"{\"v\":1,\"type\":\"joke\"}", "unknown type"},
        {"{\"v\":1,\"type\":\"result\",\"outcome\":\"fine\"}", "unknown outcome"},
        {"{\"v\":1,\"type\":\"result\",\"outcome\":\"ok\",\"cause\":\"x\"}", "unknown cause"},
        {"{\"v\":1,\"type\":\"result\",\"outcome\":\"ok\",\"cause\":\"\"}",
         "without text \"run_id\""},
        {"{\"v\":1,\"type\":\"progress\",\"phase\":\"x\",\"done\":\"1\"}",
         "without number \"done\""},
        {"{\"v\":1,\"v\":1,\"type\":\"progress\"}", "not JSON"},
        {"{\"v\":1,\"type\":\"progress\"} {}", "not JSON"},
        {"{\"v\":1,\"type\":\"a\\u0000b\"}", "not JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct message m;
        struct error e = {0};
        CHECK_FAILS(message_read(cases[i].line, strlen(cases[i].line), &m, &e), &e, CAUSE_BUG,
                    cases[i].reason);
    }
}

TEST(a_stop_comes_back_with_its_reason)
{
    for (int i = STOP_DEADLINE; i <= STOP_ASKED; i++) {
        const char *line = message_stop((enum stop_reason)i);
        CHECK_INT(line[strlen(line) - 1], '\n');
        CHECK_INT(message_read_stop(line, strlen(line)), i);
    }
    CHECK_INT(message_read_stop("stop\n", 5), STOP_ASKED);
    CHECK_INT(message_read_stop("stop some day\n", 14), STOP_ASKED);
    CHECK_INT(message_read_stop("go on\n", 6), STOP_NONE);
    CHECK_INT(message_read_stop("", 0), STOP_NONE);
}

static void refuses_job(const char *rest)
{
    struct job job = {.timeout_ms = 42};
    struct error e = {0};
    char *line = xasprintf("{\"v\":1,\"run_id\":\"1\",%s}", rest);
    CHECK_FAILS(message_read_job(line, strlen(line), &job, &e), &e, CAUSE_BUG, "");
    CHECK_INT(job.timeout_ms, 42);
    CHECK(job.quarantine == NULL);
    free(line);
}

TEST(a_job_with_a_bad_entry_is_refused_and_leaves_nothing)
{
    refuses_job(
        "\"timeout_ms\":1,\"grace_ms\":1,\"stall_ms\":1,\"quarantine\":[[\"a\",\"b\"],[\"a\"]]");
    refuses_job("\"timeout_ms\":1,\"grace_ms\":1,\"stall_ms\":1,\"quarantine\":[7]");
    refuses_job("\"timeout_ms\":1.5,\"grace_ms\":1,\"stall_ms\":1,\"quarantine\":[]");
    refuses_job("\"grace_ms\":1,\"stall_ms\":1,\"quarantine\":[]");
    refuses_job("\"timeout_ms\":1,\"grace_ms\":1,\"quarantine\":[]");
}

TEST(a_line_over_the_limit_is_refused_unread)
{
    struct message m;
    struct error e = {0};
    char *line = xmalloc(MESSAGE_MAX_BYTES + 1);
    memset(line, ' ', MESSAGE_MAX_BYTES + 1);
    memcpy(line, "{\"v\":1}", 7);
    CHECK_FAILS(message_read(line, MESSAGE_MAX_BYTES + 1, &m, &e), &e, CAUSE_BUG,
                "at most 1048576");
    CHECK_FAILS(message_read(line, MESSAGE_MAX_BYTES, &m, &e), &e, CAUSE_BUG, "unknown type");
    free(line);
}

TEST(deep_nesting_is_refused)
{
    struct message m;
    struct error e = {0};
    char *line = xmalloc(200000);
    memset(line, '[', 200000);
    CHECK_FAILS(message_read(line, 200000, &m, &e), &e, CAUSE_BUG, "not JSON");
    free(line);
}

TEST(run_ids_are_32_hex_digits_and_differ)
{
    char one[RUN_ID_SIZE];
    char two[RUN_ID_SIZE];
    run_id_make(one);
    run_id_make(two);
    CHECK_INT(strspn(one, "0123456789abcdef"), 32);
    CHECK_INT(strlen(one), 32);
    CHECK(strcmp(one, two) != 0);
}
