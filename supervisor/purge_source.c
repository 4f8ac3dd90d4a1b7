/* Purging in order: locks, configuration, folder, ledger. */
#include "supervisor/purge_source.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/ledger_history.h"
#include "common/lock.h"
#include "supervisor/control_client.h"
#include "supervisor/holder.h"
#include "supervisor/purge.h"

static void note_found(void *owner, const char *source, const struct attempt *attempt)
{
    (void)source;
    (void)attempt;
    *(bool *)owner = true;
}

static bool has_history(const struct home *home, const char *id, bool *found, struct error *e)
{
    struct ledger *ledger = NULL;
    *found = false;
    bool ok =
        ledger_open_read(home, &ledger, e) &&
        (!ledger || ledger_read_attempts(ledger, (struct ledger_query){.source = id, .limit = 1},
                                         note_found, found, e));
    ledger_close(&ledger);
    return ok;
}

bool purge_source(const struct home *home, const char *id, struct error *e)
{
    CLEANUP(free_text) char *path = home_path(home, HOME_SOURCES_JSON);
    CLEANUP(purge_release) struct purge purge;
    struct error unknown = {0};
    bool history;
    /* The locks first: nothing is changed while a worker lives. */
    if (!purge_begin(home, id, &purge, e) || !has_history(home, id, &history, e))
        return false;
    /* A source that is no longer configured may still have a folder or a history. */
    if (!config_remove(path, id, &unknown) &&
        (unknown.cause != CAUSE_USAGE || (!purge.found && !history))) {
        *e = unknown;
        return false;
    }
    return purge_delete(&purge, e);
}

/* Holding supervise.lock. */
static bool purge_alone(const struct home *home, const char *id, struct error *e)
{
    struct ledger *ledger = NULL;
    int64_t rows = 0;
    bool there;
    bool ok = has_history(home, id, &there, e) && purge_source(home, id, e) &&
              (!there || (ledger_open(home, &ledger, e) && ledger_purge(ledger, id, &rows, e)));
    ledger_close(&ledger);
    if (ok)
        printf(PURGED_TEXT "\n", id);
    return ok;
}

/* Its worker has its grace to stop in, so this waits as long as that takes. */
static bool hand_over(const struct home *home, const char *id, struct error *e)
{
    struct control_request request = {.command = "purge"};
    struct error why = {0};
    bool taken;
    snprintf(request.source, sizeof request.source, "%s", id);
    if (control_errand(home, &request, &taken, &why))
        return true;
    if (why.cause != CAUSE_UNREACHABLE)
        return error_set(e, why.cause, "%s", why.text);
    if (taken)
        return error_set(e, CAUSE_LOCKED, "%s; it may be half done: run the same command again",
                         why.text);
    return error_set(e, CAUSE_LOCKED, "%s; nothing was removed; try again when it has ended",
                     why.text);
}

bool purge_source_anywhere(const struct home *home, const char *id, struct error *e)
{
    struct error busy = {0};
    int lock = -1;
    if (holder_acquire(home, &lock, &busy)) {
        bool ok = purge_alone(home, id, e);
        lock_kernel_release(&lock);
        return ok;
    }
    if (busy.cause == CAUSE_LOCKED)
        return hand_over(home, id, e) || error_wrap(e, "%s", busy.text);
    *e = busy;
    return false;
}
