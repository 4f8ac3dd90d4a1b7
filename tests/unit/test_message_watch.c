/* What supervisor and worker tell each other comes back as it was, or is refused. */
#include "common/message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

TEST(paths_to_watch_come_back)
{
    char *paths[] = {text("/a/HEAD"), text("/a/refs/heads/"), text("/q\"\\\n")};
    char *line = message_write_watch(&(struct watch_list){paths, 3});
    struct message message;
    struct error e = {0};
    CHECK_OK(message_read(line, strlen(line) - 1, &message, &e), &e);
    CHECK_INT(message.type, MESSAGE_WATCH);
    CHECK_INT(message.watch.count, 3);
    for (size_t i = 0; i < 3; i++)
        CHECK_STR(message.watch.paths[i], paths[i]);
    message_release(&message);
    free(line);
}

TEST(a_path_to_watch_is_absolute)
{
    static const char line[] = "{\"v\":1,\"type\":\"watch\",\"paths\":[\"/ok\",\"HEAD\"]}";
    struct message message;
    struct error e = {0};
    CHECK_FAILS(message_read(line, sizeof line - 1, &message, &e), &e, CAUSE_BUG, "path to watch");
}

TEST(a_job_carries_its_quarantine)
{
    struct page_name pages[] = {{text("a.md"), text("b1")}, {text("dir/\"x\".md"), text("b2")}};
    struct job job = {.timeout_ms = 5, .quarantine = pages, .quarantine_count = 2};
    struct job back;
    struct error e = {0};
    char *line = message_write_job(&job);
    CHECK_OK(message_read_job(line, strlen(line) - 1, &back, &e), &e);
    CHECK_INT(back.quarantine_count, 2);
    CHECK_STR(back.quarantine[1].path, "dir/\"x\".md");
    CHECK_STR(back.quarantine[1].blob, "b2");
    job_release(&back);
    free(line);
}
