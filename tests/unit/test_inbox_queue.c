/* Spool files as one queue: its order, what it leaves to another run, what it cannot read. */
#include "worker/sync/inbox_queue.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "tests/unit/harness.h"
#include "worker/sync/store_spool.h"
#include "worker/sync/store_write.h"

static struct store *store;
static int folder = -1;
static const struct plan_rules no_rules;

static const char *spool_path(const char *file)
{
    char *name = xasprintf("inbox/01AAAAAAAAAAAAAAAAAAAAA%s.jsonl", file);
    const char *path = test_path(name);
    free(name);
    return path;
}

static void write_text(const char *file, const char *text)
{
    FILE *out = fopen(spool_path(file), "ae");
    CHECK(out && fputs(text, out) >= 0 && fclose(out) == 0);
}

/* A message of that number, which is its place in time; `file` has three letters. */
static void write_message(const char *file, int number)
{
    char *line = xasprintf("{\"v\":1,\"ulid\":\"01AAAAAAAAAAAAAAAAAAB%05d\"," /* behind all files */
                           "\"op\":\"note\",\"text\":\"%d\"}\n",
                           number, number);
    write_text(file, line);
    free(line);
}

static void begin(void)
{
    struct error e = {0};
    CHECK_OK(store_open(test_path("store.db"), MEMORY_LOW, &store, &e), &e);
    CHECK(mkdir(test_path("inbox"), 0700) == 0);
    CHECK_OK(spool_open_folder(test_path("inbox"), &folder, &e), &e);
    CHECK(folder >= 0);
}

static struct inbox_queue looked(const struct plan_rules *rules)
{
    struct inbox_queue queue;
    struct error e = {0};
    CHECK_OK(inbox_queue_look(&queue, folder, store, rules, &e), &e);
    return queue;
}

/* The texts of what is given, with a blank behind each; "!" for a line that is no message. */
static const char *given(struct inbox_queue *queue)
{
    static struct buf out;
    struct inbox_line line;
    buf_reset(&out);
    buf_add_text(&out, "");
    while (inbox_queue_peek(queue, &line)) {
        buf_printf(&out, "%s ", line.message ? line.message->text : "!");
        inbox_queue_take(queue);
    }
    return out.data;
}

TEST(gives_the_messages_of_all_files_by_their_time)
{
    begin();
    for (int i = 1; i <= 9; i++)
        write_message(i % 3 == 0 ? "AA1" : i % 3 == 1 ? "AA2" : "AA3", i);
    struct inbox_queue queue = looked(&no_rules);
    CHECK_INT(queue.waiting, 9);
    CHECK_STR(given(&queue), "1 2 3 4 5 6 7 8 9 ");
    CHECK_INT(queue.unreadable, 0);
    inbox_queue_release(&queue);
    store_close(&store);
}

TEST(more_files_than_may_be_open_are_all_given)
{
    begin();
    for (int i = 0; i < 100; i++) {
        char file[16];
        snprintf(file, sizeof file, "%03d", i);
        write_message(file, 99 - i);
        write_message(file, 100 + i);
    }
    struct inbox_queue queue = looked(&no_rules);
    struct inbox_line line;
    int64_t lines = 0;
    for (; inbox_queue_peek(&queue, &line); lines++) {
        CHECK(line.message);
        inbox_queue_take(&queue);
    }
    CHECK_INT(lines, 200);
    for (size_t i = 0; i < queue.count; i++)
        CHECK_INT(queue.files[i].lines, 2);
    inbox_queue_release(&queue);
    store_close(&store);
}

TEST(goes_on_where_the_store_says)
{
    struct error e = {0};
    begin();
    write_message("AA1", 1);
    struct inbox_queue queue = looked(&no_rules);
    CHECK_STR(given(&queue), "1 ");
    char name[SPOOL_NAME_SIZE];
    memcpy(name, queue.files[0].name, sizeof name);
    CHECK_OK(store_spool_set(store, name, queue.files[0].offset, 1, &e), &e);
    inbox_queue_release(&queue);
    queue = looked(&no_rules);
    CHECK_INT(queue.waiting, 0);
    CHECK_STR(given(&queue), "");
    inbox_queue_release(&queue);
    write_message("AA1", 2);
    queue = looked(&no_rules);
    CHECK_STR(given(&queue), "2 ");
    inbox_queue_release(&queue);
    store_close(&store);
}

/* It is in no order with what came before it: another run's, unless something that waits is
 * younger. */
TEST(what_comes_after_the_look_is_left)
{
    begin();
    write_message("AA1", 1);
    struct inbox_queue queue = looked(&no_rules);
    write_message("AA1", 2);
    write_message("AA2", 3);
    CHECK_STR(given(&queue), "1 ");
    inbox_queue_release(&queue);
    queue = looked(&no_rules);
    CHECK_STR(given(&queue), "1 2 3 ");
    inbox_queue_release(&queue);
    store_close(&store);
}

TEST(half_a_line_is_not_given)
{
    begin();
    write_message("AA1", 1);
    write_text("AA1", "{\"v\":1,\"ulid\":\"01AAAAAAAAAAAAAAAAAAB000");
    struct inbox_queue queue = looked(&no_rules);
    CHECK_INT(queue.waiting, 1);
    CHECK_STR(given(&queue), "1 ");
    inbox_queue_release(&queue);
    store_close(&store);
}

/* The power goes at each byte of the last record. */
TEST(what_was_whole_before_a_torn_line_is_given_wherever_it_is_torn)
{
    struct stat st;
    begin();
    write_message("AA1", 1);
    write_message("AA1", 2);
    CHECK(stat(spool_path("AA1"), &st) == 0);
    off_t whole = st.st_size;
    write_message("AA1", 3);
    CHECK(stat(spool_path("AA1"), &st) == 0);
    for (off_t size = st.st_size - 1; size >= whole; size--) {
        CHECK(truncate(spool_path("AA1"), size) == 0);
        struct inbox_queue queue = looked(&no_rules);
        CHECK_STR(given(&queue), "1 2 ");
        CHECK_INT(queue.files[0].offset, whole);
        inbox_queue_release(&queue);
    }
    store_close(&store);
}

TEST(a_line_that_is_no_message_is_given_with_its_reason)
{
    struct inbox_line line;
    begin();
    write_text("AA1", "nonsense\n");
    write_message("AA1", 1);
    struct inbox_queue queue = looked(&no_rules);
    CHECK(inbox_queue_peek(&queue, &line));
    CHECK(!line.message);
    CHECK_INT(line.offset, 0);
    CHECK_INT(line.size, 9);
    CHECK_CONTAINS(line.problem->text, "not JSON");
    CHECK_STR(given(&queue), "! 1 ");
    CHECK_INT(queue.files[0].lines, 2);
    inbox_queue_release(&queue);
    store_close(&store);
}

TEST(a_line_that_is_too_long_is_no_message)
{
    struct inbox_line line;
    begin();
    char *long_line = xmalloc(OBSERVATION_LINE_MAX_BYTES + 3);
    memset(long_line, 'x', OBSERVATION_LINE_MAX_BYTES + 1);
    memcpy(long_line + OBSERVATION_LINE_MAX_BYTES + 1, "\n", 2);
    write_text("AA1", long_line);
    free(long_line);
    write_message("AA1", 1);
    struct inbox_queue queue = looked(&no_rules);
    CHECK(inbox_queue_peek(&queue, &line));
    CHECK_CONTAINS(line.problem->text, "more than");
    CHECK_STR(given(&queue), "! 1 ");
    inbox_queue_release(&queue);
    store_close(&store);
}

TEST(a_file_that_is_none_hinders_no_other)
{
    begin();
    CHECK(mkfifo(spool_path("AA1"), 0600) == 0);
    write_message("AA2", 1);
    struct inbox_queue queue = looked(&no_rules);
    CHECK_STR(given(&queue), "1 ");
    CHECK_INT(queue.unreadable, 1);
    CHECK_CONTAINS(queue.problem.text, "not a regular file");
    inbox_queue_release(&queue);
    store_close(&store);
}

TEST(a_file_that_is_held_gives_no_more_and_the_others_do)
{
    struct inbox_line line;
    begin();
    write_message("AA1", 1);
    write_message("AA1", 3);
    write_message("AA2", 2);
    write_message("AA2", 4);
    struct inbox_queue queue = looked(&no_rules);
    CHECK(inbox_queue_peek(&queue, &line));
    inbox_queue_take(&queue);
    CHECK(inbox_queue_peek(&queue, &line));
    inbox_queue_take(&queue);
    CHECK(inbox_queue_peek(&queue, &line));
    CHECK_STR(line.message->text, "3");
    inbox_queue_hold(&queue);
    CHECK_STR(given(&queue), "4 ");
    CHECK_INT(queue.files[0].lines, 1);
    inbox_queue_release(&queue);
    store_close(&store);
}

TEST(a_file_that_waits_for_retry_is_left_out)
{
    begin();
    write_message("AA1", 1);
    write_message("AA2", 2);
    char path[] = "01AAAAAAAAAAAAAAAAAAAAAAA1.jsonl";
    char blob[] = "0";
    const struct page_name quarantine = {path, blob};
    const struct plan_rules rules = {.quarantine = &quarantine, .quarantine_count = 1};
    struct inbox_queue queue = looked(&rules);
    CHECK_INT(queue.quarantined, 1);
    CHECK_INT(queue.waiting, 1);
    CHECK_STR(given(&queue), "2 ");
    inbox_queue_release(&queue);
    store_close(&store);
}

/* It may be the decoder in which the runs ended. */
TEST(a_line_that_waits_for_retry_is_not_looked_into)
{
    struct inbox_line line;
    begin();
    write_message("AA1", 1);
    char path[] = "01AAAAAAAAAAAAAAAAAAAAAAA1.jsonl";
    char blob[INBOX_BLOB_SIZE];
    struct stat st;
    CHECK(stat(spool_path("AA1"), &st) == 0);
    inbox_line_blob(st.st_size, blob);
    write_message("AA1", 2);
    const struct page_name quarantine = {path, blob};
    const struct plan_rules rules = {.quarantine = &quarantine, .quarantine_count = 1};
    struct inbox_queue queue = looked(&rules);
    CHECK(inbox_queue_peek(&queue, &line));
    CHECK_STR(line.message->text, "1");
    inbox_queue_take(&queue);
    CHECK(inbox_queue_peek(&queue, &line));
    CHECK_INT(line.offset, st.st_size);
    CHECK(!line.message && !line.problem->cause);
    inbox_queue_hold(&queue);
    CHECK_STR(given(&queue), "");
    CHECK_INT(queue.files[0].offset, st.st_size);
    inbox_queue_release(&queue);
    store_close(&store);
}

TEST(a_file_that_goes_meanwhile_hinders_no_other)
{
    begin();
    write_message("AA1", 1);
    write_message("AA2", 2);
    struct inbox_queue queue = looked(&no_rules);
    CHECK(unlink(spool_path("AA1")) == 0);
    CHECK_STR(given(&queue), "2 ");
    inbox_queue_release(&queue);
    store_close(&store);
}
