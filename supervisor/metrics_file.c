/* metrics/lattice.prom as a file: what goes into it, and its rename. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/ledger_history.h"
#include "supervisor/metrics.h"

#define METRICS_FOLDER "metrics"
#define METRICS_FILE   "metrics/lattice.prom"
#define METRICS_NEW    "metrics/.lattice.prom.new"

struct counter_list {
    struct metrics_counter *list; /* owned */
    size_t count;
};

static void add_counter(void *owner, const char *name, const char *label, int64_t count)
{
    struct counter_list *counters = owner;
    counters->list = xrealloc(counters->list, (counters->count + 1) * sizeof *counters->list);
    struct metrics_counter *c = &counters->list[counters->count++];
    *c = (struct metrics_counter){.count = count};
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->label, sizeof c->label, "%s", label);
}

/* Nobody needs it after a crash of the machine: no fsync. */
static bool replace(const struct home *home, const struct buf *text, struct error *e)
{
    CLEANUP(free_text) char *folder = home_path(home, METRICS_FOLDER);
    CLEANUP(free_text) char *path = home_path(home, METRICS_FILE);
    CLEANUP(free_text) char *new = home_path(home, METRICS_NEW);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return error_set(e, CAUSE_STORE, "make %s: %s", folder, strerror(errno));
    CLEANUP(close_fd)
    int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !fd_write_all(fd, text->data, text->size) || rename(new, path) != 0)
        return error_set(e, CAUSE_STORE, "write %s: %s", path, strerror(errno));
    return true;
}

/* Of a source that the round left out: what the ledger knows, since opening every store would cost
 * a short run more than its work. The caller frees. */
static struct source_status *from_ledger(const struct source_config *source,
                                         const struct ledger_source *history, int64_t now_s)
{
    struct source_status *status = xmalloc(sizeof *status);
    status_make(&(struct status_parts){.source = source, .ledger = history, .now_s = now_s},
                status);
    return status;
}

/* In the order of the configuration. Those that are not among the round's are made: `others` owns
 * them, as many as there are sources, NULL for the rest. */
static void collect(const struct config *config, struct ledger *ledger,
                    const struct metrics_round *round, struct metrics_source *sources,
                    struct source_status **others)
{
    size_t next = 0;
    for (size_t i = 0; i < config->count; i++) {
        const struct source_config *source = &config->sources[i];
        struct ledger_source history = {0};
        struct error ignored = {0}; /* then nothing is known of it */
        if (next < round->count && strcmp(round->sources[next].status->id, source->id) == 0) {
            sources[i] = round->sources[next++];
            continue;
        }
        if (ledger && !ledger_read_source(ledger, source->id, &history, &ignored))
            history = (struct ledger_source){0};
        others[i] = from_ledger(source, &history, round->ended_at);
        sources[i] = (struct metrics_source){.status = others[i],
                                             .last_attempt_at = history.last_attempt_at};
    }
}

/* With the counters of the ledger. */
static bool write_sources(const struct home *home, struct ledger *ledger, struct metrics *metrics,
                          struct error *e)
{
    struct counter_list counters = {0};
    struct buf text = {0};
    bool ok = !ledger || ledger_read_counters(ledger, add_counter, &counters, e);
    if (ok) {
        metrics->counters = counters.list;
        metrics->counter_count = counters.count;
        metrics_format(&text, metrics);
        ok = replace(home, &text, e);
    }
    buf_release(&text);
    free(counters.list);
    return ok;
}

bool metrics_write(const struct home *home, const struct config *config,
                   const struct metrics_round *round, struct error *e)
{
    size_t count = config ? config->count : 0;
    struct metrics_source *sources = xcalloc(count + 1, sizeof *sources);
    struct source_status **others = xcalloc(count + 1, sizeof *others);
    struct ledger *ledger = NULL;
    struct metrics metrics = {.sources = config ? sources : round->sources,
                              .source_count = config ? count : round->count,
                              .round_ended_at = round->ended_at,
                              .round_ms = round->duration_ms,
                              .loop_lag_ms = round->loop_lag_ms};
    bool ok = ledger_open_read(home, &ledger, e);
    if (ok && config)
        collect(config, ledger, round, sources, others);
    ok = ok && write_sources(home, ledger, &metrics, e);
    ledger_close(&ledger);
    for (size_t i = 0; i < count; i++)
        free(others[i]);
    free(others);
    free(sources);
    return ok || error_wrap(e, "metrics");
}
