/* Follows a feed from page to page. */
#include "worker/sync/feed_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "worker/sync/feed_page.h"
#include "worker/sync/http_text.h"
#include "worker/sync/stop.h"
#include "worker/sync/web_link.h"

#define ACCEPT                                                                                     \
    "application/feed+json, application/atom+xml, application/rss+xml, application/json, "         \
    "application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"

/* Answers whose validators are noted; of a longer feed none are, and it is fetched each time. */
enum { VALIDATORS_MAX = 200 };

/* ---- one answer ---- */

/* Pages say in front what they are about: addresses may hold secrets in their query. */
static bool wrap(const struct feed_source *f, const char *url, struct error *e)
{
    CLEANUP(free_text) char *shown = http_url_shown(url);
    if (f->pages > 0)
        return error_wrap(e, "%s: page %zu", shown, f->pages + 1);
    return error_wrap(e, "%s", shown);
}

/* By sums, so that an order that changes is no change. */
static void add_to_head(struct feed_source *f, const char *hash)
{
    XXH128_hash_t digest =
        XXH3_128bits_withSeed(f->path.data, f->path.size, XXH3_64bits(hash, strlen(hash)));
    f->head[0] += digest.low64;
    f->head[1] += digest.high64;
}

static bool add_page(struct feed_source *f, const struct feed_entry *entry, struct error *e)
{
    char hash[ITEMS_HASH_SIZE];
    bool has = false;
    if (!feed_page(&f->page, entry, f->url, e))
        return false;
    items_hash(f->page.data, f->page.size, hash);
    if (!f->whole && !f->news && !sync_has_page(f->sync, f->path.data, hash, &has, e))
        return false;
    f->news = f->news || !has;
    if (f->pages == 0 || !f->keeps)
        add_to_head(f, hash);
    return items_add(&f->items, f->path.data, &f->page, hash, e);
}

static bool on_entry(void *context, const struct feed_entry *entry, struct error *e)
{
    struct feed_source *f = context;
    f->stopped = stop_requested();
    if (f->stopped)
        return error_set(e, CAUSE_DEADLINE, "stopped");
    if (!sync_progress(f->sync, (int64_t)f->items.count, -1, e))
        return false;
    feed_page_path(&f->path, entry->id.data, entry->id.size);
    if (!entry->deleted)
        return add_page(f, entry, e);
    json_object_set_new(f->deleted, f->path.data, json_true());
    if (f->pages == 0 || !f->keeps)
        add_to_head(f, "deleted");
    return true;
}

static void note_validators(struct feed_source *f, const struct feed_answer *a)
{
    bool noted = f->keeps && f->pages > 0;
    if (!f->validators || noted)
        return;
    if ((a->etag || a->modified) && f->pages < VALIDATORS_MAX) {
        json_t *row =
            json_pack("{s:s,s:s?,s:s?}", "url", a->url, "etag", a->etag, "modified", a->modified);
        if (row && json_array_append_new(f->validators, row) == 0)
            return;
    }
    json_decref(f->validators);
    f->validators = NULL;
}

/* Addresses and contents that came before: a feed that leads back to itself has no end. */
static bool note_seen(struct feed_source *f, const struct feed_answer *a, struct error *e)
{
    uint64_t url = XXH3_64bits(a->url, strlen(a->url));
    uint64_t body = XXH3_64bits(a->body.data, a->body.size);
    for (size_t i = 0; i < f->pages; i++)
        if (f->seen[2 * i] == url || f->seen[2 * i + 1] == body)
            return error_set(e, CAUSE_BAD_DATA, "it leads back to page %zu", i + 1);
    f->seen = xrealloc(f->seen, (f->pages + 1) * 2 * sizeof *f->seen);
    f->seen[2 * f->pages] = url;
    f->seen[2 * f->pages + 1] = body;
    return true;
}

/* Where the next page is, whole, if it is to be asked for; secrets and requests go nowhere else
 * than to the server that was named. */
static bool set_next(struct feed_source *f, struct feed_answer *a, const char *next,
                     struct error *e)
{
    if (!f->whole && !f->news)
        return true;
    if (f->pages + 1 >= FEED_PAGES_MAX)
        return error_set(e, CAUSE_BAD_DATA, "it goes on after %d pages; taken to be endless",
                         FEED_PAGES_MAX);
    a->next = http_url_join(f->http, a->url, next);
    if (a->next &&
        (web_link_same_origin(a->next, f->url) || web_link_same_origin(a->next, f->origin)))
        return true;
    CLEANUP(free_text) char *shown = http_url_shown(a->next ? a->next : next);
    return error_set(e, CAUSE_BAD_DATA,
                     "its next page is at %s, which is not the server that was asked", shown);
}

/* Reads the answer in hand: its entries become items, its next page is set. */
static enum step take(struct feed_source *f, struct feed_answer *a, struct error *e)
{
    const struct feed_document document = {.bytes = a->body.data ? a->body.data : "",
                                           .size = a->body.size,
                                           .url = a->url,
                                           .type = a->type,
                                           .map = f->map};
    const struct feed_sink sink = {on_entry, f};
    struct feed_found found = {0};
    f->news = false;
    if (!f->origin)
        f->origin = xstrdup(a->url);
    bool ok = note_seen(f, a, e) && feed_read(&document, &sink, &found, e);
    if (ok && found.complete)
        f->keeps = false;
    CLEANUP(free_text) char *link = a->link ? http_link_next(a->link) : NULL;
    const char *next = found.next ? found.next : link;
    if (ok && next && !a->next)
        ok = set_next(f, a, next, e);
    feed_found_release(&found);
    if (f->stopped)
        return STEP_STOPPED;
    if (!ok)
        return wrap(f, a->url, e), STEP_FAILED;
    note_validators(f, a);
    if (f->pages == 0 || a->at < f->oldest_at)
        f->oldest_at = a->at;
    f->pages++;
    return STEP_DONE;
}

static char *move(char **text)
{
    char *moved = *text;
    *text = NULL;
    return moved;
}

/* `row`: etag and modified of what is known; NULL: ask in any case. */
static enum step ask(struct feed_source *f, const char *url, const json_t *row,
                     struct feed_answer *a, struct error *e)
{
    struct http_answer answer = {0};
    const struct http_request request = {
        .url = url,
        .accept = ACCEPT,
        .etag = json_string_value(json_object_get(row, "etag")),
        .modified = json_string_value(json_object_get(row, "modified")),
        .most_bytes = FEED_ANSWER_MAX_BYTES,
        .missing_ok = f->resumed,
        .content = http_keep,
        .context = &a->body,
    };
    a->at = clock_unix_s();
    enum step step = http_get(f->http, &request, &answer, e);
    a->same = step == STEP_DONE && answer.status == 304;
    a->url = answer.url ? move(&answer.url) : xstrdup(url);
    a->etag = move(&answer.etag);
    a->modified = move(&answer.modified);
    a->type = move(&answer.type);
    a->link = move(&answer.link);
    bool gone = step == STEP_DONE && (answer.status == 404 || answer.status == 410);
    http_answer_release(&answer);
    if (!gone)
        return step;
    error_set(e, CAUSE_BAD_DATA,
              "the server knows the place no more at which the last run was cut");
    return wrap(f, url, e), STEP_FAILED;
}

/* ---- all of them ---- */

enum step feed_source_ask(struct feed_source *f, const json_t *validators, bool *same,
                          struct error *e)
{
    size_t i;
    const json_t *row;
    *same = json_array_size(validators) > 0;
    json_array_foreach (validators, i, row) {
        struct feed_answer answer = {0};
        const char *url = json_string_value(json_object_get(row, "url"));
        enum step step = ask(f, i == 0 || !url ? f->url : url, row, &answer, e);
        *same = answer.same;
        if (i == 0 && step == STEP_DONE && !answer.same) {
            f->first = answer; /* need not be asked for again */
            return STEP_DONE;
        }
        feed_answer_release(&answer);
        if (step != STEP_DONE || !*same)
            return step;
        if (!sync_progress(f->sync, (int64_t)i, -1, e))
            return STEP_FAILED;
    }
    return STEP_DONE;
}

/* What earlier runs have fetched; *url then is where it goes on. */
static enum step resume(struct feed_source *f, char **url, struct error *e)
{
    struct feed_answer answer;
    while (feed_bank_get(&f->bank, f->pages, &answer)) {
        enum step step = take(f, &answer, e);
        if (step == STEP_DONE) {
            free(*url);
            *url = xstrdup(answer.next);
        }
        feed_answer_release(&answer);
        if (step != STEP_DONE)
            return step;
    }
    return STEP_DONE;
}

static enum step follow(struct feed_source *f, char **url, struct error *e)
{
    while (*url) {
        struct feed_answer answer = {0};
        enum step step = STEP_DONE;
        size_t page = f->pages;
        if (page == 0 && f->first.url) {
            answer = f->first;
            f->first = (struct feed_answer){0};
        } else
            step = ask(f, *url, NULL, &answer, e);
        if (step == STEP_DONE)
            step = take(f, &answer, e);
        if (step == STEP_DONE && answer.next) {
            if (!feed_bank_put(&f->bank, page, &answer, e))
                step = STEP_FAILED;
            else
                sync_banked(f->sync);
        }
        free(*url);
        *url = move(&answer.next);
        feed_answer_release(&answer);
        if (step != STEP_DONE)
            return step;
    }
    return STEP_DONE;
}

enum step feed_source_fetch(struct feed_source *f, struct error *e)
{
    char *url = xstrdup(f->url);
    f->deleted = json_object();
    f->validators = json_array();
    enum step step = resume(f, &url, e);
    f->resumed = f->pages > 0;
    if (step == STEP_DONE)
        step = follow(f, &url, e);
    /* The next run begins anew, with what may be there by then. */
    if (step == STEP_FAILED && e->cause != CAUSE_UNREACHABLE && e->cause != CAUSE_AUTH &&
        e->cause != CAUSE_STORE)
        feed_bank_drop(&f->bank);
    if (step == STEP_DONE)
        sync_read_at(f->sync, f->oldest_at);
    free(url);
    return step;
}

void feed_source_head(const struct feed_source *f, char head[ITEMS_HASH_SIZE])
{
    snprintf(head, ITEMS_HASH_SIZE, "%016" PRIx64 "%016" PRIx64, f->head[0], f->head[1]);
}
