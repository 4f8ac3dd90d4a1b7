/* What a run tells its supervisor while it goes on. */
#include "worker/sync/report.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/text.h"
#include "worker/sync/guard.h"
#include "worker/sync/stop.h"

enum {
    PROGRESS_EVERY_MS = 250,
    REFRESH_EVERY_MS = 1000,
    ITEM_LARGE_BYTES = 256 * 1024, /* a page that may be named for nothing */
    RESULT_WAIT_MS = 1000, /* for a supervisor that does not read; the store has it anyway */
};

static struct {
    int fd;
    struct run_progress last;
    int64_t sent_at_ms;
    int64_t refreshed_at_ms;
    struct buf item_line;
    bool item_sent; /* the supervisor may believe that we are at it */
} report = {.fd = -1};

void report_init(int fd)
{
    report.fd = fd;
    if (fd >= 0)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* A line goes whole or not at all: a reader never sees half of one but at the very end. */
static void send_line(const char *line, int wait_ms)
{
    size_t size = strlen(line);
    size_t sent = 0;
    while (report.fd >= 0 && sent < size) {
        ssize_t n = write(report.fd, line + sent, size - sent);
        if (n > 0) {
            sent += (size_t)n;
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        struct pollfd room = {.fd = report.fd, .events = POLLOUT};
        bool full = n < 0 && errno == EAGAIN;
        if (full && sent == 0 && wait_ms == 0)
            return; /* progress is lost, not the run's time */
        if (!full || poll(&room, 1, RESULT_WAIT_MS) <= 0)
            report.fd = -1;
    }
}

void report_step(const char *phase, int64_t done, int64_t total)
{
    int64_t now = clock_monotonic_ms();
    bool moved = strcmp(report.last.phase, phase) != 0;
    snprintf(report.last.phase, sizeof report.last.phase, "%s", phase);
    report.last.done = done;
    report.last.total = total;
    if (report.fd >= 0 && (moved || now - report.sent_at_ms >= PROGRESS_EVERY_MS)) {
        CLEANUP(free_text) char *line = message_write_progress(&report.last);
        send_line(line, 0);
        report.sent_at_ms = now;
    }
}

bool report_progress(const char *phase, int64_t done, int64_t total)
{
    int64_t now = clock_monotonic_ms();
    report_step(phase, done, total);
    if (now - report.refreshed_at_ms < REFRESH_EVERY_MS)
        return false;
    report.refreshed_at_ms = now;
    return true;
}

/* JSON text by hand: this runs once a page, and the signal handler needs it ready.
 * Paths of pages are valid UTF-8. */
static void add_json_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else {
            if (c == '"' || c == '\\')
                buf_add_byte(out, '\\');
            buf_add_byte(out, (char)c);
        }
    }
}

void report_item(const char *path, const char *blob, int64_t size_bytes)
{
    if (report.fd < 0)
        return;
    struct buf *line = &report.item_line;
    guard_set_item(NULL, -1);
    buf_reset(line);
    buf_add_text(line, "{\"v\":1,\"type\":\"progress\",\"phase\":\"import\",\"done\":");
    buf_printf(line, "%lld,\"total\":%lld,\"item_blob\":\"", (long long)report.last.done,
               (long long)report.last.total);
    add_json_text(line, blob);
    buf_add_text(line, "\",\"item_path\":\"");
    add_json_text(line, path);
    buf_add_text(line, "\"}\n");
    report.item_sent = size_bytes >= ITEM_LARGE_BYTES;
    if (report.item_sent)
        send_line(line->data, 0);
    guard_set_item(line->data, report.fd);
}

/* Whoever was named, at once or by the handler of a stop, is taken back: what comes now (a commit
 * that hangs) is not that page's fault. */
void report_no_item(void)
{
    guard_set_item(NULL, -1);
    if (report.fd < 0 || !(report.item_sent || stop_requested()))
        return;
    report.item_sent = false;
    CLEANUP(free_text) char *line = message_write_progress(&report.last);
    send_line(line, 0);
}

bool report_wanted(void)
{
    return report.fd >= 0;
}

void report_watch(const struct watch_list *list)
{
    CLEANUP(free_text) char *line = message_write_watch(list);
    send_line(line, 0);
}

void report_store(const struct store_notice *notice)
{
    CLEANUP(free_text) char *line = message_write_store(notice);
    send_line(line, 0);
}

void report_result(const struct run_result *result)
{
    CLEANUP(free_text) char *line = message_write_result(result);
    report_no_item();
    send_line(line, RESULT_WAIT_MS);
    buf_release(&report.item_line);
}
