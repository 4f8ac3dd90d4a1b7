/* A hash of everything besides the head that shapes what a store holds. */
#include "worker/sync/shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/text.h"
#include "worker/sync/page.h"

static void hash_text(XXH3_state_t *hash, const char *text)
{
    /* The length first: "ab","c" and "a","bc" are different lists. */
    uint64_t size = text ? strlen(text) : UINT64_MAX;
    XXH3_128bits_update(hash, &size, sizeof size);
    if (text)
        XXH3_128bits_update(hash, text, strlen(text));
}

static void hash_list(XXH3_state_t *hash, char *const *list)
{
    for (; list && *list; list++)
        hash_text(hash, *list);
    hash_text(hash, NULL);
}

/* Kind, url, branch, filters, limits and importer version: section 6 of the design. Userinfo is
 * left out: a new password changes no page. */
void shape_of(const struct source_config *c, char shape[SHAPE_SIZE])
{
    XXH3_state_t *hash = XXH3_createState();
    CLEANUP(free_text) char *url = c->url ? xstrdup(c->url) : NULL;
    CLEANUP(free_text)
    char *map = c->map ? json_dumps(c->map, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    const int64_t numbers[] = {c->max_page_bytes, IMPORTER_VERSION};
    if (!hash)
        abort();
    if (url)
        redact_userinfo(url);
    XXH3_128bits_reset(hash);
    hash_text(hash, c->kind);
    hash_text(hash, url);
    hash_text(hash, c->branch);
    if (c->path)
        hash_text(hash, c->path);
    if (c->format)
        hash_text(hash, c->format);
    if (map)
        hash_text(hash, map);
    hash_list(hash, c->include);
    hash_list(hash, c->exclude);
    XXH3_128bits_update(hash, numbers, sizeof numbers);
    XXH128_hash_t digest = XXH3_128bits_digest(hash);
    snprintf(shape, SHAPE_SIZE, "%016" PRIx64 "%016" PRIx64, (uint64_t)digest.high64,
             (uint64_t)digest.low64);
    XXH3_freeState(hash);
}
