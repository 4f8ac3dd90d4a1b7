/* Fuzz target: lines between supervisor and worker; what is taken can be said again. */
#include <stdlib.h>
#include <string.h>

#include "common/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

/* The line again, without its '\n'. */
static void check_line(char *line, const struct message *message)
{
    struct message again;
    struct error e = {0};
    size_t size = strlen(line);
    must(size > 0 && line[size - 1] == '\n' && !memchr(line, '\n', size - 1));
    must(message_read(line, size - 1, &again, &e));
    must(again.type == message->type);
    must(strcmp(again.progress.phase, message->progress.phase) == 0);
    must(strcmp(again.progress.item_path, message->progress.item_path) == 0);
    must(again.progress.done == message->progress.done);
    must(strcmp(again.result.message, message->result.message) == 0);
    must(again.result.outcome == message->result.outcome);
    must(again.result.cause == message->result.cause);
    must(again.result.peak_rss_bytes == message->result.peak_rss_bytes);
    must(again.watch.count == message->watch.count);
    must(strcmp(again.store.bookmark, message->store.bookmark) == 0);
    must(again.store.version == message->store.version);
    must(again.store.last_success_at == message->store.last_success_at);
    message_release(&again);
    free(line);
}

static void check_job(const struct job *job)
{
    struct job again = {0};
    struct error e = {0};
    char *line = message_write_job(job);
    size_t size = strlen(line);
    must(size > 0 && line[size - 1] == '\n');
    if (size - 1 <= MESSAGE_MAX_BYTES) {
        must(message_read_job(line, size - 1, &again, &e));
        must(again.quarantine_count == job->quarantine_count && again.full == job->full);
        must(again.timeout_ms == job->timeout_ms && strcmp(again.run_id, job->run_id) == 0);
    }
    job_release(&again);
    free(line);
}

static char *write_again(const struct message *message)
{
    switch (message->type) {
    case MESSAGE_PROGRESS:
        break;
    case MESSAGE_RESULT:
        return message_write_result(&message->result);
    case MESSAGE_WATCH:
        return message_write_watch(&message->watch);
    case MESSAGE_STORE:
        return message_write_store(&message->store);
    }
    return message_write_progress(&message->progress);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message message;
    struct job job = {0};
    struct error e = {0};
    if (message_read((const char *)data, size, &message, &e)) {
        check_line(write_again(&message), &message);
        message_release(&message);
    } else
        must(e.cause == CAUSE_BUG && e.text[0]);
    if (message_read_job((const char *)data, size, &job, &e))
        check_job(&job);
    job_release(&job);
    return 0;
}
