/* What a kind may read back of the run's store. */
#include "worker/sync/store_kept.h"
#include "worker/sync/sync.h"

bool sync_kept_pages(struct sync *s, const struct kept_sink *sink, struct error *e)
{
    return store_kept_pages(s->store, &s->rules, sink, e);
}

bool sync_has_page(struct sync *s, const char *path, const char *blob, bool *has, struct error *e)
{
    return store_has_page(s->store, path, blob, has, e);
}

void sync_read_at(struct sync *s, int64_t unix_s)
{
    if (unix_s < s->head_read_at)
        s->head_read_at = unix_s;
}
