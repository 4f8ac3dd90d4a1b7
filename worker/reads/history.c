/* Reading the ledger beside the stores. */
#include "worker/reads/history.h"

#include "worker/reads/request.h"

struct ledger *history_open(const struct reader *reader)
{
    struct ledger *ledger = NULL;
    struct error ignored = {0};
    bool ok = ledger_open_within(request_home(reader), request_limit(reader), &ledger, &ignored);
    return ok ? ledger : NULL;
}

int64_t history_last_success(struct ledger *ledger, const char *id)
{
    struct ledger_source source;
    struct error ignored = {0};
    if (!ledger || !ledger_read_source(ledger, id, &source, &ignored))
        return 0;
    return source.last_success_at;
}
