/* One `git cat-file --batch --buffer`, fed and read without ever waiting on both sides. */
#include "worker/sync/git_cat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "worker/sync/git_explain.h"
#include "worker/sync/stop.h"

/* Read at once; what cat-file's 1 MB pipe holds is taken in a few reads. */
enum { READ_BYTES = 256 * 1024 };
/* "<id> SP <type> SP <size> LF" */
enum { HEADER_MAX_BYTES = 128 };

static bool start(struct git_cat *cat, const char *git_dir, struct error *e)
{
    static const char *const args[] = {"cat-file", "--batch", "--buffer", NULL};
    const struct git_command command = {.git_dir = git_dir, .args = args, .wants_input = true};
    return git_spawn(&command, &cat->process, e);
}

bool git_cat_request(struct git_cat *cat, const char *git_dir, const struct plan_block *block,
                     bool last, struct error *e)
{
    if (cat->process.pid == 0 && !start(cat, git_dir, e))
        return false;
    if (cat->sent == cat->requests.size) {
        buf_reset(&cat->requests);
        cat->sent = 0;
    }
    for (size_t i = 0; i < block->count; i++) {
        buf_add_text(&cat->requests, block->items[i].blob);
        buf_add_byte(&cat->requests, '\n');
    }
    cat->last = last;
    return true;
}

static void send_requests(struct git_cat *cat)
{
    while (cat->process.in >= 0 && cat->sent < cat->requests.size) {
        ssize_t n =
            write(cat->process.in, cat->requests.data + cat->sent, cat->requests.size - cat->sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            break;
        cat->sent += (size_t)n;
    }
    if (cat->process.in >= 0 && (cat->last || cat->sent < cat->requests.size)) {
        close(cat->process.in); /* all asked for, or it is gone and its output's end says so */
        cat->process.in = -1;
    }
}

static bool died(struct git_cat *cat, struct error *e)
{
    char text[4096];
    ssize_t n;
    while (cat->process.err >= 0 && (n = read(cat->process.err, text, sizeof text)) > 0)
        if (cat->errors.size < sizeof text)
            buf_add(&cat->errors, text, (size_t)n);
    git_finish(&cat->process, true);
    git_explain("cat-file", cat->errors.size ? cat->errors.data : "ended early", e);
    e->cause = CAUSE_BAD_DATA;
    return false;
}

static void make_room(struct git_cat *cat, size_t want)
{
    if (cat->at && (cat->at == cat->size || cat->room - cat->size < want)) {
        memmove(cat->data, cat->data + cat->at, cat->size - cat->at);
        cat->size -= cat->at;
        cat->at = 0;
    }
    if (cat->room - cat->size < want) {
        cat->room = cat->size + want;
        cat->data = xrealloc(cat->data, cat->room);
    }
}

/* Waits for at least one more byte. */
static enum step more(struct git_cat *cat, size_t want, struct error *e)
{
    make_room(cat, want > READ_BYTES ? want : READ_BYTES);
    for (;;) {
        send_requests(cat);
        ssize_t n = read(cat->process.out, cat->data + cat->size, cat->room - cat->size);
        if (n > 0) {
            cat->size += (size_t)n;
            return STEP_DONE;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return died(cat, e), STEP_FAILED;
        struct pollfd fds[] = {
            {.fd = cat->process.out, .events = POLLIN},
            {.fd = cat->sent < cat->requests.size ? cat->process.in : -1, .events = POLLOUT},
            {.fd = cat->process.err, .events = POLLIN},
        };
        if (!stop_poll(fds, sizeof fds / sizeof *fds, -1))
            return STEP_STOPPED;
        char text[1024]; /* a chatty git must not block on its stderr */
        ssize_t said = fds[2].revents ? read(cat->process.err, text, sizeof text) : 0;
        if (said > 0 && cat->errors.size < READ_BYTES)
            buf_add(&cat->errors, text, (size_t)said);
        else if (fds[2].revents && said == 0) {
            close(cat->process.err);
            cat->process.err = -1;
        }
    }
}

static enum step need(struct git_cat *cat, size_t size, struct error *e)
{
    while (cat->size - cat->at < size) {
        enum step step = more(cat, size - (cat->size - cat->at), e);
        if (step != STEP_DONE)
            return step;
    }
    return STEP_DONE;
}

/* The header line, as a string; *line is good until the next read. */
static enum step header(struct git_cat *cat, char line[HEADER_MAX_BYTES], struct error *e)
{
    for (;;) {
        size_t have = cat->size - cat->at;
        const char *end = have ? memchr(cat->data + cat->at, '\n', have) : NULL;
        if (end) {
            size_t size = (size_t)(end - cat->data) - cat->at;
            if (size >= HEADER_MAX_BYTES)
                break;
            memcpy(line, cat->data + cat->at, size);
            line[size] = '\0';
            cat->at += size + 1;
            return STEP_DONE;
        }
        if (have >= HEADER_MAX_BYTES)
            break;
        enum step step = more(cat, 1, e);
        if (step != STEP_DONE)
            return step;
    }
    return error_set(e, CAUSE_BAD_DATA, "git cat-file answered with no header"), STEP_FAILED;
}

static enum step skip(struct git_cat *cat, size_t size, struct error *e)
{
    while (size) {
        if (cat->at == cat->size) {
            enum step step = more(cat, 1, e);
            if (step != STEP_DONE)
                return step;
        }
        size_t have = cat->size - cat->at;
        size_t n = have < size ? have : size;
        cat->at += n;
        size -= n;
    }
    return STEP_DONE;
}

enum step git_cat_read(struct git_cat *cat, int64_t max_bytes, struct blob_content *content,
                       struct error *e)
{
    char line[HEADER_MAX_BYTES];
    enum step step = header(cat, line, e);
    if (step != STEP_DONE)
        return step;
    const char *type = strchr(line, ' ');
    if (type && strcmp(type, " missing") == 0) {
        *content = (struct blob_content){.content = CONTENT_MISSING};
        return STEP_DONE;
    }
    char *end = NULL;
    if (!type || strncmp(type, " blob ", 6) != 0)
        return error_set(e, CAUSE_BAD_DATA, "git cat-file: not a blob: %s", line), STEP_FAILED;
    errno = 0;
    uintmax_t size = strtoumax(type + 6, &end, 10);
    if (errno || *end || end == type + 6)
        return error_set(e, CAUSE_BAD_DATA, "git cat-file: bad size: %s", line), STEP_FAILED;
    *content = (struct blob_content){.content = CONTENT_PAGE, .size = (size_t)size};
    if (size > (uintmax_t)max_bytes) {
        content->content = CONTENT_TOO_LARGE;
        return skip(cat, (size_t)size + 1, e);
    }
    step = need(cat, (size_t)size + 1, e);
    if (step == STEP_DONE) {
        content->bytes = cat->data + cat->at;
        cat->at += (size_t)size + 1;
    }
    return step;
}

void git_cat_release(struct git_cat *cat)
{
    git_finish(&cat->process, true);
    buf_release(&cat->requests);
    buf_release(&cat->errors);
    free(cat->data);
    *cat = (struct git_cat){0};
}
