/* Purging rows of the ledger, as its one writer. */
#include "supervisor/purge_history.h"

#include <unistd.h>

#include "common/cleanup.h"
#include "common/ledger_history.h"
#include "common/lock.h"
#include "supervisor/holder.h"

static void note_found(void *owner, const char *source, const struct attempt *attempt)
{
    (void)source;
    (void)attempt;
    *(bool *)owner = true;
}

bool purge_history_begin(const struct home *home, const char *id, struct purge_history *history,
                         struct error *e)
{
    CLEANUP(free_text) char *path = home_path(home, HOME_LEDGER);
    *history = (struct purge_history){.lock = -1, .id = id};
    if (access(path, F_OK) != 0)
        return true;
    if (!holder_acquire(home, &history->lock, &history->busy)) {
        if (history->busy.cause == CAUSE_LOCKED)
            return true;
        *e = history->busy;
        return false;
    }
    return ledger_open(home, &history->ledger, e) &&
           ledger_read_attempts(history->ledger, (struct ledger_query){id, 1}, note_found,
                                &history->found, e);
}

bool purge_history_delete(const struct purge_history *history, bool *forgotten, struct error *e)
{
    int64_t rows = 0;
    *forgotten = history->busy.cause != CAUSE_LOCKED;
    return !history->ledger || ledger_purge(history->ledger, history->id, &rows, e);
}

void purge_history_release(struct purge_history *history)
{
    ledger_close(&history->ledger);
    lock_kernel_release(&history->lock);
}
