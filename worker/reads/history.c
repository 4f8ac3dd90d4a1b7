/* Reading the ledger beside the stores. */
#include "worker/reads/history.h"

struct ledger *history_open(const struct home *home)
{
    struct ledger *ledger = NULL;
    struct error ignored = {0};
    return ledger_open_read(home, &ledger, &ignored) ? ledger : NULL;
}

int64_t history_last_success(struct ledger *ledger, const char *id)
{
    struct ledger_source source;
    struct error ignored = {0};
    if (!ledger || !ledger_read_source(ledger, id, &source, &ignored))
        return 0;
    return source.last_success_at;
}
