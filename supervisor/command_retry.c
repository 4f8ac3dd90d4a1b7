/* `retry ID [PATH]`: clears backoff and quarantine in the ledger. */
#include "supervisor/command_retry.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/ledger.h"
#include "common/lock.h"
#include "supervisor/command_line.h"
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

static void say(const char *id, const struct ledger_retry *taken)
{
    if (taken->backoff)
        printf("%s: no longer left alone\n", id);
    if (taken->pages)
        printf("%s: %lld page%s no longer held against it\n", id, (long long)taken->pages,
               taken->pages == 1 ? " is" : "s are");
    if (!taken->backoff && !taken->pages)
        printf("%s: nothing held it back\n", id);
}

static bool write_retry(const struct home *home, const struct arguments *a, struct error *e)
{
    struct ledger *ledger = NULL;
    struct ledger_retry taken = {0};
    const char *path = a->count > 1 ? a->words[1] : NULL;
    bool ok = ledger_open(home, &ledger, e) && ledger_begin(ledger, e) &&
              ledger_retry(ledger, a->words[0], path, &taken, e) && ledger_commit(ledger, e);
    ledger_close(&ledger);
    if (ok)
        say(a->words[0], &taken);
    return ok;
}

/* The ledger has one writer: the supervisor that runs, else whoever holds its lock. */
static bool retry(const struct arguments *a, struct error *e)
{
    struct home home = {0};
    int lock = -1;
    bool ok = home_open_existing(a->home, &home, e) && check_source(&home, a->words[0], e) &&
              holder_acquire(&home, &lock, e) && write_retry(&home, a, e);
    lock_kernel_release(&lock);
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
