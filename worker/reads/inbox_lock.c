/* May the service write: whose the inbox is, whether the source is there, what the disk says. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/lock.h"
#include "common/log.h"
#include "worker/reads/http_routes.h"
#include "worker/reads/inbox_internal.h"

/* What the holder says of itself, and so much room is tried to see whether the disk has some. */
enum { HOLDER_BYTES = 256, TRIED_BYTES = 64 * 1024 };

/* --- the gate ----------------------------------------------------------------------------------
 */

static bool close_gate(struct inbox *inbox, enum gate_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool close_gate(struct inbox *inbox, enum gate_reason reason, const char *format, ...)
{
    char text[GATE_TEXT_SIZE];
    struct buf routes = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (gate_set(inbox->gate, reason, text)) {
        http_routes_print_writing(&routes);
        log_line(LOG_WARN, inbox->source, "inbox",
                 "%s Until that is over these are refused: %s and MCP's remember", text,
                 routes.data);
    }
    buf_release(&routes);
    return false;
}

static bool open_gate(struct inbox *inbox)
{
    if (gate_set(inbox->gate, GATE_OPEN, ""))
        log_line(LOG_INFO, inbox->source, "inbox", "takes what is pushed");
    return true;
}

void inbox_failed(struct inbox *inbox, int code, const char *text)
{
    close_gate(inbox, gate_reason_of(code), "The inbox cannot be written: %s.", text);
}

/* --- the source --------------------------------------------------------------------------------
 */

static bool find_source(struct inbox *inbox, const char *path)
{
    struct config config = {0};
    struct error e = {0};
    bool ok = config_read(path, &config, NULL, &e);
    const struct source_config *source = ok ? config_find(&config, inbox->source) : NULL;
    if (!ok)
        close_gate(inbox, GATE_NO_SOURCE, "sources.json cannot be used: %s.", e.text);
    else if (!source || strcmp(source->kind, "inbox") != 0)
        close_gate(inbox, GATE_NO_SOURCE,
                   "sources.json has no source %s of kind inbox: lattice-supervise add %s "
                   "--kind inbox.",
                   inbox->source, inbox->source);
    ok = source && strcmp(source->kind, "inbox") == 0;
    config_release(&config);
    return ok;
}

/* What nobody imports is not taken; sources.json is read when it has changed. */
static bool check_source(struct inbox *inbox, bool look)
{
    CLEANUP(free_text) char *path = home_path(inbox->home, HOME_SOURCES_JSON);
    struct file_look now;
    bool there = file_look_take(path, &now);
    if (!look && inbox->configured && there && file_look_same(&now, &inbox->config_look))
        return true;
    inbox->config_look = now;
    inbox->configured = find_source(inbox, path);
    return inbox->configured;
}

/* --- the lock ----------------------------------------------------------------------------------
 */

static void sign_lock(int fd)
{
    char text[HOLDER_BYTES];
    int size =
        snprintf(text, sizeof text,
                 "{\"pid\": %d, \"program\": \"lattice-reads serve\", \"since\": %" PRId64 "}\n",
                 (int)getpid(), clock_unix_s());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size)
        log_line(LOG_DEBUG, NULL, "inbox", "inbox.lock: %s", strerror(errno));
}

/* "lattice-reads serve (pid 12, since ...)", or that it is not known. */
static void name_holder(const char *path, char *out, size_t size)
{
    char text[HOLDER_BYTES + 1];
    char since[32] = "?";
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, text, HOLDER_BYTES, 0);
    CLEANUP(free_json)
    json_t *holder = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
    const char *program = json_string_value(json_object_get(holder, "program"));
    time_t at = (time_t)json_integer_value(json_object_get(holder, "since"));
    struct tm utc;
    if (!program) {
        snprintf(out, size, "a process that does not say which");
        return;
    }
    if (gmtime_r(&at, &utc))
        strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(out, size, "%.64s (pid %lld, since %s)", program,
             (long long)json_integer_value(json_object_get(holder, "pid")), since);
}

static void close_waited(void *fd)
{
    close_fd(fd);
}

/* A thread: waits in the kernel until the lock is free, and hands it over. */
static void *wait_for_lock(void *owner)
{
    struct inbox *inbox = owner;
    struct error e = {0};
    int fd = -1;
    int ignored;
    pthread_cleanup_push(close_waited, &fd);
    /* NOLINTNEXTLINE(bugprone-unused-return-value): a lock that was not got is -1 */
    (void)!lock_kernel_wait(inbox->lock_path, &fd, &e);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored);
    pthread_cleanup_pop(0);
    uv_mutex_lock(&inbox->lock);
    inbox->won = fd;
    inbox->look = true;
    uv_cond_signal(&inbox->wake);
    uv_mutex_unlock(&inbox->lock);
    return NULL;
}

/* The waiter's end, and what it got; -1: nothing. It may have begun to wait, or be done. */
static int end_waiter(struct inbox *inbox)
{
    if (!inbox->waits)
        return -1;
    pthread_cancel(inbox->waiter);
    pthread_join(inbox->waiter, NULL);
    inbox->waits = false;
    uv_mutex_lock(&inbox->lock);
    int won = inbox->won;
    inbox->won = -1;
    uv_mutex_unlock(&inbox->lock);
    return won;
}

static void begin_to_wait(struct inbox *inbox)
{
    inbox->waits = inbox->waits || pthread_create(&inbox->waiter, NULL, wait_for_lock, inbox) == 0;
}

/* What the waiter got, if it is still the file of that name; else one try. */
static enum lock_answer take_lock(struct inbox *inbox, struct error *e)
{
    uv_mutex_lock(&inbox->lock);
    bool won = inbox->won >= 0;
    uv_mutex_unlock(&inbox->lock);
    if (won)
        inbox->locked = end_waiter(inbox);
    if (inbox->locked >= 0 && lock_kernel_is_at(inbox->locked, inbox->lock_path))
        return LOCK_TAKEN;
    lock_kernel_release(&inbox->locked);
    return lock_kernel_acquire(inbox->lock_path, &inbox->locked, e);
}

static bool own_inbox(struct inbox *inbox)
{
    char holder[HOLDER_BYTES];
    struct error e = {0};
    if (inbox->locked >= 0 && lock_kernel_is_at(inbox->locked, inbox->lock_path))
        return true;
    if (inbox->spooling)
        spool_close(&inbox->spool);
    inbox->spooling = false;
    if (!home_make_source(inbox->home, inbox->source, &e)) {
        inbox_failed(inbox, errno, e.text);
        return false;
    }
    switch (take_lock(inbox, &e)) {
    case LOCK_TAKEN:
        lock_kernel_release(&(int){end_waiter(inbox)});
        sign_lock(inbox->locked);
        return true;
    case LOCK_BUSY:
        begin_to_wait(inbox);
        name_holder(inbox->lock_path, holder, sizeof holder);
        return close_gate(inbox, GATE_LOCKED, "The inbox belongs to %s.", holder);
    case LOCK_FAILED:
        inbox_failed(inbox, errno, e.text);
        return false;
    }
    return false;
}

/* --- the disk ----------------------------------------------------------------------------------
 */

/* Is there room? Where that cannot be tried the first message will tell. */
static bool try_disk(struct inbox *inbox)
{
    struct stat st;
    if (fstat(inbox->locked, &st) != 0 ||
        fallocate(inbox->locked, FALLOC_FL_KEEP_SIZE, 0, TRIED_BYTES) == 0 || errno == EOPNOTSUPP) {
        (void)!ftruncate(inbox->locked, st.st_size); /* gives it back */
        return true;
    }
    inbox_failed(inbox, errno, strerror(errno));
    return false;
}

static bool open_spool(struct inbox *inbox)
{
    struct error e = {0};
    CLEANUP(free_text) char *path = home_source_path(inbox->home, inbox->source, SOURCE_INBOX);
    if (!inbox->spooling && !spool_open(&inbox->spool, path, &e)) {
        inbox_failed(inbox, inbox->spool.code, e.text);
        return false;
    }
    inbox->spooling = true;
    return true;
}

bool inbox_may_write(struct inbox *inbox, bool look)
{
    bool open = gate_now(inbox->gate).reason == GATE_OPEN;
    if (!check_source(inbox, look) || !own_inbox(inbox))
        return false;
    if (open && inbox->spooling)
        return true;
    return (open || look) && try_disk(inbox) && open_spool(inbox) && open_gate(inbox);
}

void inbox_let_go(struct inbox *inbox)
{
    lock_kernel_release(&(int){end_waiter(inbox)});
    if (inbox->spooling)
        spool_close(&inbox->spool);
    inbox->spooling = false;
    lock_kernel_release(&inbox->locked);
}
