/* Ending what a run left, by the mark or by being its subreaper. */
#include "worker/sync/leftovers.h"

#include "common/log.h"
#include "common/marker.h"
#include "worker/sync/guard.h"
#include "worker/sync/stop.h"

/* For them to be gone, at most. */
enum { LEFTOVERS_WAIT_MS = 2000 };

void leftovers_end(struct sync *s, bool row_was_left)
{
    /* A new store's missing row means nothing; one that was in step, or is on its way there, is
     * none.
     */
    bool known = s->state.last_success_at > 0 || s->state.target;
    if (s->leftovers_ended || (s->job->swept && known && !row_was_left))
        return;
    s->leftovers_ended = true;
    size_t ended = marker_end(s->home, s->source->id, NULL, stop_wait_ms(LEFTOVERS_WAIT_MS));
    if (ended)
        log_line(LOG_WARN, s->source->id, "lock", "ended %zu process%s that an earlier run left",
                 ended, ended == 1 ? "" : "es");
}

void leftovers_end_own(const struct sync *s, bool whole)
{
    size_t ended = guard_end_children(stop_wait_ms(LEFTOVERS_WAIT_MS));
    if (ended)
        log_line(LOG_WARN, s->source->id, "lock", "ended %zu process%s that git left", ended,
                 ended == 1 ? "" : "es");
    /* In an environment of its own; or where we do not see all that descends from us. */
    if (!guard_has_left_none() && (!whole || !guard_sees_children()))
        marker_end(s->home, s->source->id, s->job->run_id, stop_wait_ms(LEFTOVERS_WAIT_MS));
}
