/* Plain words for cause, message and the counts that have no column. */
#include "supervisor/note.h"

#include <string.h>

static void separate(struct buf *out, size_t start)
{
    if (out->size > start)
        buf_add_text(out, "; ");
}

static void add_message(struct buf *out, const struct run_result *result)
{
    const char *cause = cause_name(result->cause);
    size_t length = strlen(cause);
    bool said = strncmp(result->message, cause, length) == 0 && result->message[length] == ':';
    if (length && !said)
        buf_printf(out, "%s%s", cause, result->message[0] ? ": " : "");
    text_escape(out, result->message, strlen(result->message));
}

static void add_counts(struct buf *out, size_t start, const struct run_result *result)
{
    const struct {
        int64_t count;
        const char *one;
        const char *many;
    } counts[] = {
        {result->renamed, "page renamed", "pages renamed"},
        {result->errors, "page cannot be imported", "pages cannot be imported"},
        {result->quarantined, "page quarantined", "pages quarantined"},
        {result->skipped, "symlink or submodule not followed",
         "symlinks and submodules not followed"},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        if (counts[i].count <= 0)
            continue;
        separate(out, start);
        buf_printf(out, "%lld %s", (long long)counts[i].count,
                   counts[i].count == 1 ? counts[i].one : counts[i].many);
    }
}

/* How hard it was to end, unless asking was enough. */
static void add_kill_stage(struct buf *out, size_t start, const char *stage)
{
    if (!*stage || strcmp(stage, "term") == 0)
        return;
    separate(out, start);
    buf_printf(out, "ended by: %s", stage);
}

void note_write(struct buf *out, const struct source_status *status)
{
    size_t start = out->size;
    switch (status->word) {
    case STATUS_DISABLED:
        return;
    case STATUS_NEVER:
        buf_add_text(out, "never synced");
        return;
    case STATUS_RUNNING:
    case STATUS_STALLED:
        text_escape(out, status->result.message, strlen(status->result.message));
        return;
    case STATUS_OUTCOME:
        break;
    }
    add_message(out, &status->result);
    add_counts(out, start, &status->result);
    add_kill_stage(out, start, status->kill_stage);
}
