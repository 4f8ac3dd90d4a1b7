/* What a part of a log adds to the counts of its session, gathered before it is written. */
#ifndef LATTICE_WORKER_SYNC_LOG_COUNTS_H
#define LATTICE_WORKER_SYNC_LOG_COUNTS_H

#include "worker/sync/log_line.h"

/* Different ones that are gathered; with more of them it is written earlier. */
enum { LOG_COUNT_TOOLS = 64, LOG_COUNT_USES = 16 };

struct log_counts {
    struct {
        char name[LOG_NAME_BYTES];
        int64_t calls;
        int64_t errors;
    } tools[LOG_COUNT_TOOLS];
    struct {
        char day[11];
        char model[LOG_NAME_BYTES];
        int64_t messages;
        struct session_tokens tokens;
    } uses[LOG_COUNT_USES];
    size_t tool_count;
    size_t use_count;
};

CHECKED bool log_counts_add(struct log_counts *counts, struct store *store, int64_t page,
                            const struct log_line *line, struct error *e);
/* Writes and empties it. */
CHECKED bool log_counts_flush(struct log_counts *counts, struct store *store, int64_t page,
                              struct error *e);
void log_add_tokens(struct session_tokens *to, const struct session_tokens *more);

#endif
