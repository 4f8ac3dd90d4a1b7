/* The kind `feed`: JSON Feed, RSS, Atom, or JSON by a map. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "worker/sync/feed_source.h"

/* What the last run that came to its end noted: the head, and the validators of its answers. */
#define MEMO_ANSWERS "answers"

static void feed_release(void *state)
{
    struct feed_source *f = state;
    if (!f)
        return;
    http_close(f->http);
    items_release(&f->items);
    feed_bank_release(&f->bank);
    feed_answer_release(&f->first);
    json_decref(f->deleted);
    json_decref(f->validators);
    free(f->origin);
    free(f->seen);
    buf_release(&f->path);
    buf_release(&f->page);
    free(f);
}

/* Answers of another address, or read through another map, are of no use. */
static void init_bank(struct feed_source *f)
{
    char key[ITEMS_HASH_SIZE];
    CLEANUP(free_text)
    char *map = f->map ? json_dumps(f->map, JSON_COMPACT | JSON_SORT_KEYS) : xstrdup("");
    CLEANUP(free_text) char *text = xasprintf("%s\n%s", f->url, map ? map : "");
    items_hash(text, strlen(text), key);
    feed_bank_init(&f->bank, sync_home(f->sync), sync_source(f->sync)->id, key);
}

static bool open_source(struct feed_source *f, struct error *e)
{
    const struct source_config *source = sync_source(f->sync);
    const char *bookmark = sync_bookmark(f->sync);
    f->url = source->url;
    f->map = source->map;
    f->keeps = !source->map;
    f->whole = source->map || !bookmark || !sync_would_be_unchanged(f->sync, bookmark);
    init_bank(f);
    return http_open(f->sync, &f->http, e) &&
           items_open(&f->items, sync_home(f->sync), source->id, e);
}

/* Conditional requests are for a store that equals what they are conditional on. */
static enum step ask_whether_same(struct feed_source *f, char **head, struct error *e)
{
    CLEANUP(free_text) char *memo = NULL;
    if (!sync_memo(f->sync, MEMO_ANSWERS, &memo, e))
        return STEP_FAILED;
    CLEANUP(free_json) json_t *noted = memo ? json_loads(memo, 0, NULL) : NULL;
    const char *noted_head = json_string_value(json_object_get(noted, "head"));
    bool same = false;
    if (!noted_head || !sync_would_be_unchanged(f->sync, noted_head))
        return STEP_DONE;
    enum step step = feed_source_ask(f, json_object_get(noted, "validators"), &same, e);
    if (step == STEP_DONE && same)
        *head = xstrdup(noted_head);
    return step;
}

static void remember(struct feed_source *f, const char *head)
{
    CLEANUP(free_json)
    json_t *memo = json_array_size(f->validators)
                       ? json_pack("{s:s,s:O}", "head", head, "validators", f->validators)
                       : NULL;
    CLEANUP(free_text) char *text = memo ? json_dumps(memo, JSON_COMPACT) : NULL;
    sync_remember(f->sync, MEMO_ANSWERS, text);
}

static enum step feed_fetch(struct sync *sync, void **state, char **head, struct error *e)
{
    char name[ITEMS_HASH_SIZE];
    struct feed_source *f = xcalloc(1, sizeof *f);
    f->sync = sync;
    *state = f;
    if (!open_source(f, e))
        return STEP_FAILED;
    enum step step = ask_whether_same(f, head, e);
    if (step == STEP_DONE && !*head) {
        step = feed_source_fetch(f, e);
        if (step != STEP_DONE)
            return step;
        size_t doubles = items_finish(&f->items);
        if (doubles)
            log_line(LOG_INFO, sync_source(sync)->id, "fetch",
                     "%zu entries have the id of one before them and are left out", doubles);
        feed_source_head(f, name);
        *head = xstrdup(name);
        remember(f, name);
    }
    if (step == STEP_DONE && sync_would_be_unchanged(sync, *head))
        feed_bank_drop(&f->bank);
    return step;
}

/* A page that the feed does not list (any more) stays, unless the feed says that it is gone. */
static bool on_kept(void *context, const char *path, const char *blob, const struct buf *text,
                    struct error *e)
{
    struct feed_source *f = context;
    return json_object_get(f->deleted, path) || items_add(&f->items, path, text, blob, e);
}

static enum step feed_list(void *state, struct listing *to, struct error *e)
{
    struct feed_source *f = state;
    const struct kept_sink sink = {on_kept, f};
    if (f->keeps) {
        if (!sync_kept_pages(f->sync, &sink, e))
            return STEP_FAILED;
        items_finish(&f->items);
    }
    return items_list(&f->items, to, e);
}

static bool feed_request(void *state, const struct plan_block *block, bool last, struct error *e)
{
    struct feed_source *f = state;
    (void)last;
    return items_request(&f->items, block, e);
}

static enum step feed_read_item(void *state, int64_t max_bytes, struct blob_content *content,
                                struct error *e)
{
    struct feed_source *f = state;
    if (!items_read(&f->items, e))
        return STEP_FAILED;
    content->content = f->items.bytes.size > (size_t)max_bytes ? CONTENT_TOO_LARGE : CONTENT_PAGE;
    content->bytes = f->items.bytes.data;
    content->size = f->items.bytes.size;
    return STEP_DONE;
}

/* Answers of a run that was cut may fit together with new ones no more; without them, they do. */
static bool feed_recover(void *state, struct error *e)
{
    const struct feed_source *f = state;
    (void)e;
    feed_bank_drop(&f->bank);
    return f->resumed;
}

static bool feed_settled(void *state, struct error *e)
{
    const struct feed_source *f = state;
    (void)e;
    feed_bank_drop(&f->bank);
    return true;
}

const struct source_kind kind_feed = {
    .name = "feed",
    .fetch = feed_fetch,
    .list = feed_list,
    .request = feed_request,
    .read = feed_read_item,
    .recover = feed_recover,
    .settled = feed_settled,
    .release = feed_release,
};
