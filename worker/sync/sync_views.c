/* Views over sessions, made before the bookmark moves. */
/* A run that is cut here is partial, and the next one makes the rest. */
#include "worker/sync/stop.h"
#include "worker/sync/store_rebuild.h"
#include "worker/sync/sync.h"

enum step sync_views_run(struct sync *s, struct error *e)
{
    for (bool more = s->kind->sessions; more;) {
        if (stop_requested())
            return STEP_STOPPED;
        if (!store_view_step(s->store, &more, e) || !sync_progress(s, s->done, s->total, e))
            return STEP_FAILED;
    }
    return STEP_DONE;
}
