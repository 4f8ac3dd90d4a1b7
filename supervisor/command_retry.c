/* `retry ID [PATH]`: clears backoff and quarantine in the ledger. */
#include "supervisor/command_retry.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/ledger.h"
#include "common/lock.h"
#include "supervisor/command_line.h"
#include "supervisor/control_client.h"
#include "supervisor/holder.h"

static const char retry_help[] =
    "usage: lattice-supervise retry ID [PATH]\n"
    "\n"
    "Lets the next run try what failed before: the source, if it is left alone for a while after\n"
    "failures, and its pages that were put aside because two runs crashed, were killed or stood\n"
    "still on them. With PATH only that page.\n"
    "\n"
    "  --home DIR  where everything is kept ($LATTICE_HOME)\n"
    "  --help      this text\n";

static bool check_source(const struct home *home, const char *id, struct error *e)
{
    CLEANUP(free_text) char *path = home_path(home, HOME_SOURCES_JSON);
    struct config config = {0};
    bool ok = config_read(path, &config, NULL, e);
    if (ok && !config_find(&config, id))
        ok = error_set(e, CAUSE_USAGE, "no source \"%s\"; lattice-supervise list shows all", id);
    config_release(&config);
    return ok;
}

void retry_text(const char *id, const struct ledger_retry *taken, char *out, size_t size)
{
    char pages[64] = "";
    if (!taken->backoff && !taken->pages) {
        snprintf(out, size, "%s: nothing held it back", id);
        return;
    }
    if (taken->pages)
        snprintf(pages, sizeof pages, "%lld page%s no longer held against it",
                 (long long)taken->pages, taken->pages == 1 ? " is" : "s are");
    snprintf(out, size, "%s: %s%s%s", id, taken->backoff ? "no longer left alone" : "",
             taken->backoff && pages[0] ? "; " : "", pages);
}

static bool write_retry(const struct home *home, const struct arguments *a, struct error *e)
{
    struct ledger *ledger = NULL;
    struct ledger_retry taken = {0};
    const char *path = a->count > 1 ? a->words[1] : NULL;
    bool ok = ledger_open(home, &ledger, e) && ledger_begin(ledger, e) &&
              ledger_retry(ledger, a->words[0], path, &taken, e) && ledger_commit(ledger, e);
    ledger_close(&ledger);
    if (ok) {
        char text[200];
        retry_text(a->words[0], &taken, text, sizeof text);
        puts(text);
    }
    return ok;
}

/* The ledger has one writer: the supervisor that runs, else whoever holds its lock. */
static bool take_lock_or_ask(const struct home *home, const struct arguments *a, struct error *e)
{
    struct control_request request = {.command = "retry",
                                      .path = a->count > 1 ? a->words[1] : NULL};
    struct error busy = {0};
    int lock = -1;
    if (holder_acquire(home, &lock, &busy)) {
        bool ok = write_retry(home, a, e);
        lock_kernel_release(&lock);
        return ok;
    }
    if (busy.cause != CAUSE_LOCKED) {
        *e = busy;
        return false;
    }
    snprintf(request.source, sizeof request.source, "%s", a->words[0]);
    return control_command(home, &request, e) || error_wrap(e, "%s", busy.text);
}

static bool retry(const struct arguments *a, struct error *e)
{
    struct home home = {0};
    bool ok = home_open_existing(a->home, &home, e) && check_source(&home, a->words[0], e) &&
              take_lock_or_ask(&home, a, e);
    home_release(&home);
    return ok;
}

int command_retry(int argc, char **argv)
{
    static const struct option options[] = {COMMON_OPTIONS, {0}};
    static const struct command command = {
        .help = retry_help, .options = options, .least = 1, .most = 2, .run = retry};
    return command_run(&command, argc, argv);
}
