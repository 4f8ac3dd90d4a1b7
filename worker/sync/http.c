/* HTTP: redirects, statuses, and asking again. */
#include "worker/sync/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "worker/sync/http_internal.h"
#include "worker/sync/http_text.h"
#include "worker/sync/stop.h"

enum { REDIRECTS_MAX = 5 };
/* A server that is busy is asked so often in one run, first after this time, then after twice as
 * long each time. What it wants itself counts more, up to the last: who wants to be left alone for
 * longer is left to the next run. */
enum { ASKED_MAX = 4, FIRST_WAIT_MS = 1000, WAIT_MAX_MS = 2 * 60 * 1000 };

/* --- URLs --- */

char *http_url_part(const struct http *h, CURLU *url, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    if (h->api->url_get(url, part, &text, flags) != CURLUE_OK)
        return xstrdup("");
    char *copy = xstrdup(text);
    h->api->free(text);
    return copy;
}

static bool is_http(const char *scheme)
{
    return strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
}

static CURLU *parse_url(const struct http *h, const char *base, const char *url)
{
    CURLU *parsed = h->api->url();
    bool ok = parsed && (!base || h->api->url_set(parsed, CURLUPART_URL, base, 0) == CURLUE_OK) &&
              h->api->url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK;
    CLEANUP(free_text)
    char *scheme = ok ? http_url_part(h, parsed, CURLUPART_SCHEME, 0) : xstrdup("");
    if (ok && is_http(scheme))
        return parsed;
    h->api->url_cleanup(parsed);
    return NULL;
}

CURLU *http_url(const struct http *h, const char *url, struct error *e)
{
    CURLU *parsed = parse_url(h, NULL, url);
    if (!parsed)
        error_set(e, CAUSE_BAD_DATA, "no http or https URL without a user name");
    return parsed;
}

char *http_url_join(struct http *h, const char *base, const char *to)
{
    CURLU *parsed = parse_url(h, base, to);
    if (!parsed)
        return NULL;
    h->api->url_set(parsed, CURLUPART_FRAGMENT, NULL, 0);
    char *joined = http_url_part(h, parsed, CURLUPART_URL, 0);
    h->api->url_cleanup(parsed);
    return joined;
}

char *http_origin(const struct http *h, CURLU *url)
{
    CLEANUP(free_text) char *scheme = http_url_part(h, url, CURLUPART_SCHEME, 0);
    CLEANUP(free_text) char *host = http_url_part(h, url, CURLUPART_HOST, 0);
    CLEANUP(free_text) char *port = http_url_part(h, url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    return xasprintf("%s://%s:%s", scheme, host, port);
}

static bool same_scheme(const struct http *h, const char *a, const char *b)
{
    CURLU *one = parse_url(h, NULL, a);
    CURLU *two = parse_url(h, NULL, b);
    bool same = false;
    if (one && two) {
        CLEANUP(free_text) char *first = http_url_part(h, one, CURLUPART_SCHEME, 0);
        CLEANUP(free_text) char *second = http_url_part(h, two, CURLUPART_SCHEME, 0);
        same = strcasecmp(first, second) == 0;
    }
    h->api->url_cleanup(one);
    h->api->url_cleanup(two);
    return same;
}

/* --- open and close --- */

void http_close(struct http *h)
{
    if (!h)
        return;
    for (struct curl_slist *s = h->secrets; s; s = s->next)
        explicit_bzero(s->data, strlen(s->data));
    if (h->api) {
        h->api->easy_cleanup(h->easy);
        h->api->slist_free_all(h->secrets);
        curl_loop_release(&h->loop);
    }
    free(h->origin);
    free(h);
}

static bool set_origin(struct http *h, const char *url, struct error *e)
{
    CURLU *parsed = http_url(h, url, e);
    if (!parsed)
        return error_wrap(e, "url");
    h->origin = http_origin(h, parsed);
    h->api->url_cleanup(parsed);
    return true;
}

bool http_open(struct sync *sync, struct http **http, struct error *e)
{
    const struct source_config *source = sync_source(sync);
    struct http *h = xcalloc(1, sizeof *h);
    h->sync = sync;
    h->api = curl_api(e);
    bool ok = h->api && curl_loop_init(&h->loop, h->api, e) && set_origin(h, source->url, e) &&
              http_read_secrets(h, source, e);
    if (ok) {
        h->easy = h->api->easy_init();
        ok = h->easy || error_set(e, CAUSE_BUG, "libcurl gives no handle");
    }
    if (!ok) {
        http_close(h);
        return false;
    }
    *http = h;
    return true;
}

/* --- one request --- */

void http_answer_release(struct http_answer *a)
{
    free(a->etag);
    free(a->modified);
    free(a->type);
    free(a->link);
    free(a->url);
    *a = (struct http_answer){0};
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_busy(int status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

/* An answer as it stands: taken, or why not. */
static bool judge(const struct http_request *r, int status, struct error *e)
{
    bool conditional = r->etag || r->modified;
    if (status == 200 || (status == 304 && conditional) ||
        (r->missing_ok && (status == 404 || status == 410)))
        return true;
    if (status == 401 || status == 403)
        return error_set(e, CAUSE_AUTH,
                         "the server answers %d; check token_file, token_env or header_file",
                         status);
    if (status == 404 || status == 410)
        return error_set(e, CAUSE_CONFIG, "the server answers %d: it is not there; check `url`",
                         status);
    if (is_busy(status))
        return error_set(e, CAUSE_UNREACHABLE, "the server answers %d", status);
    if (status >= 400)
        return error_set(e, CAUSE_CONFIG, "the server refuses the request with %d; check `url`",
                         status);
    return error_set(e, CAUSE_BAD_DATA, "the server answers %d, which is no content", status);
}

/* Puts the next URL of a redirect in place of *url. */
static bool follow(const struct exchange *x, char **url, int *redirects, struct error *e)
{
    if (!x->location)
        return error_set(e, CAUSE_BAD_DATA, "the server answers %d without saying where to",
                         x->answer->status);
    char *next = http_url_join(x->http, *url, x->location);
    CLEANUP(free_text) char *shown = http_url_shown(next ? next : x->location);
    bool ok = ++*redirects <= REDIRECTS_MAX;
    if (!ok)
        error_set(e, CAUSE_BAD_DATA, "more than %d redirects, the last to %s", REDIRECTS_MAX,
                  shown);
    else if (!next || !same_scheme(x->http, *url, next))
        ok = error_set(e, CAUSE_CONFIG,
                       "redirected to %s, which is another kind of address; if that is right, set "
                       "`url` to it",
                       shown);
    free(ok ? *url : next);
    if (ok)
        *url = next;
    return ok;
}

/* Where the redirects of `url` end. */
static enum step ask(struct http *h, const struct http_request *r, struct http_answer *answer,
                     long *retry_after_s, struct error *e)
{
    CLEANUP(free_text) char *url = xstrdup(r->url);
    int redirects = 0;
    for (;;) {
        struct exchange x = {.http = h, .request = r, .answer = answer};
        http_answer_release(answer);
        enum step step = http_exchange(&x, url, e);
        *retry_after_s = x.retry_after_s;
        bool more = step == STEP_DONE && is_redirect(answer->status);
        if (more && !follow(&x, &url, &redirects, e))
            step = STEP_FAILED;
        free(x.location);
        free(x.date);
        if (step == STEP_FAILED) {
            CLEANUP(free_text) char *shown = http_url_shown(url);
            error_wrap(e, "%s", shown);
        }
        if (step != STEP_DONE || !more)
            return step;
    }
}

/* Before the server is asked again; false if that is for another run. `wait_ms` is our own mind. */
static enum step wait_for(const struct http *h, int64_t wait_ms, long retry_after_s)
{
    if (retry_after_s >= 0)
        wait_ms = (int64_t)retry_after_s * 1000;
    int64_t half_stall = sync_source(h->sync)->stall_ms / 2;
    if (wait_ms > WAIT_MAX_MS || wait_ms > half_stall || wait_ms >= stop_left_ms())
        return STEP_FAILED;
    int64_t end_ms = clock_monotonic_ms() + wait_ms;
    for (int64_t left = wait_ms; left > 0; left = end_ms - clock_monotonic_ms())
        if (!stop_poll(NULL, 0, (int)left))
            return STEP_STOPPED;
    return STEP_DONE;
}

enum step http_get(struct http *h, const struct http_request *r, struct http_answer *answer,
                   struct error *e)
{
    CLEANUP(free_text) char *shown = http_url_shown(r->url);
    int64_t wait_ms = FIRST_WAIT_MS;
    long retry_after_s = -1;
    for (int asked = 1;; asked++, wait_ms *= 2) {
        enum step step = ask(h, r, answer, &retry_after_s, e);
        if (step != STEP_DONE)
            return step;
        if (!is_busy(answer->status) || asked == ASKED_MAX)
            break;
        log_line(LOG_INFO, sync_source(h->sync)->id, "fetch", "%s: the server answers %d", shown,
                 answer->status);
        step = wait_for(h, wait_ms, retry_after_s);
        if (step == STEP_STOPPED)
            return step;
        if (step == STEP_FAILED)
            break;
    }
    if (judge(r, answer->status, e))
        return STEP_DONE;
    if (is_busy(answer->status) && retry_after_s > 0)
        error_set(e, CAUSE_UNREACHABLE,
                  "the server answers %d and wants to be left alone for %ld s", answer->status,
                  retry_after_s);
    error_wrap(e, "%s", shown);
    return STEP_FAILED;
}

/* --- small helpers for the kinds --- */

bool http_keep(void *context, const char *bytes, size_t size, struct error *e)
{
    (void)e;
    buf_add(context, bytes, size);
    return true;
}

bool http_type_is(const struct http_answer *answer, const char *type)
{
    const char *got = answer->type ? answer->type : "";
    size_t size = strcspn(got, "; \t");
    size_t suffix = strlen(type);
    if (type[0] == '+')
        return size > suffix && strncasecmp(got + size - suffix, type, suffix) == 0;
    return size == suffix && strncasecmp(got, type, size) == 0;
}
