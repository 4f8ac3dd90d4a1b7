/* One request and its answer: what is sent, what is taken, and why it failed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/version.h"
#include "worker/sync/date.h"
#include "worker/sync/http_internal.h"
#include "worker/sync/http_text.h"

/* A host that does not answer to TCP is not worth more. */
enum { CONNECT_SECONDS = 20 };
/* Slower than this over that time is no download; but also never as long as the source's `stall`,
 * so that the worker can say it itself. */
enum { LEAST_BYTES_PER_SECOND = 64, LEAST_SPEED_SECONDS = 60 };
/* Of all header lines of an answer. */
enum { HEAD_MAX_BYTES = 128 * 1024 };
/* Raw bytes may exceed the content (framing, an encoding that does not help), not by much. */
enum { RAW_SLACK_BYTES = 1024 * 1024 };

static void set(char **text, char *value)
{
    if (!value)
        return;
    free(*text);
    *text = value;
}

static bool refuse(struct exchange *x)
{
    x->refused = true;
    return false;
}

/* A new answer begins: of a proxy, an interim one (1xx), the final one. */
static void begin_answer(struct exchange *x)
{
    struct http_answer *a = x->answer;
    free(x->location);
    free(x->date);
    x->location = x->date = NULL;
    free(a->etag);
    free(a->modified);
    free(a->type);
    free(a->link);
    a->etag = a->modified = a->type = a->link = NULL;
}

static size_t on_header(char *line, size_t one, size_t size, void *context)
{
    struct exchange *x = context;
    struct http_answer *a = x->answer;
    (void)one;
    x->head_bytes += (int64_t)size;
    if (x->head_bytes > HEAD_MAX_BYTES) {
        error_set(&x->error, CAUSE_BAD_DATA, "more than %d bytes of headers", HEAD_MAX_BYTES);
        return refuse(x);
    }
    if (size > 5 && memcmp(line, "HTTP/", 5) == 0)
        begin_answer(x);
    set(&x->location, http_header_value(line, size, "Location"));
    set(&x->date, http_header_value(line, size, "Date"));
    set(&a->etag, http_header_value(line, size, "ETag"));
    set(&a->modified, http_header_value(line, size, "Last-Modified"));
    set(&a->type, http_header_value(line, size, "Content-Type"));
    if (!a->link)
        a->link = http_header_value(line, size, "Link");
    return size;
}

static bool too_large(struct exchange *x)
{
    error_set(&x->error, CAUSE_BAD_DATA, "the answer is larger than %lld bytes",
              (long long)x->request->most_bytes);
    return refuse(x);
}

static int status_of(const struct http *h)
{
    long status = 0;
    h->api->easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
    struct exchange *x = context;
    const struct http_request *r = x->request;
    (void)one;
    x->answer->status = status_of(x->http);
    if (x->answer->status != 200) {
        x->unwanted = true;
        return 0;
    }
    x->body_bytes += (int64_t)size;
    if (x->body_bytes > r->most_bytes)
        return too_large(x);
    if (!sync_fetching(x->http->sync, x->body_bytes, -1, &x->error) ||
        !r->content(r->context, bytes, size, &x->error))
        return refuse(x);
    return size;
}

/* Bytes of the wire: an encoding may give none of content for ever. */
static int on_transfer(void *context, curl_off_t total, curl_off_t raw, curl_off_t up_total,
                       curl_off_t up)
{
    struct exchange *x = context;
    (void)total;
    (void)up_total;
    (void)up;
    return raw > x->request->most_bytes + RAW_SLACK_BYTES && !too_large(x);
}

static void add_header(const struct http *h, struct curl_slist **list, const char *name,
                       const char *value)
{
    if (!value)
        return;
    CLEANUP(free_text) char *line = xasprintf("%s: %s", name, value);
    *list = h->api->slist_append(*list, line);
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0;
}

static long least_speed_seconds(const struct sync *sync)
{
    int64_t half_stall = sync_source(sync)->stall_ms / 2000;
    if (half_stall >= LEAST_SPEED_SECONDS)
        return LEAST_SPEED_SECONDS;
    return half_stall > 0 ? (long)half_stall : 1;
}

static void set_limits(struct exchange *x)
{
    const struct http *h = x->http;
    curl_off_t most = x->request->most_bytes;
    curl_set_number(h->api, h->easy, CURLOPT_NOSIGNAL, 1);
    curl_set_number(h->api, h->easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_set_number(h->api, h->easy, CURLOPT_LOW_SPEED_LIMIT, LEAST_BYTES_PER_SECOND);
    curl_set_number(h->api, h->easy, CURLOPT_LOW_SPEED_TIME, least_speed_seconds(h->sync));
    h->api->easy_setopt(h->easy, CURLOPT_MAXFILESIZE_LARGE, most);
    curl_set_number(h->api, h->easy, CURLOPT_FOLLOWLOCATION, 0);
    curl_set_number(h->api, h->easy, CURLOPT_SSL_VERIFYPEER, 1);
    curl_set_number(h->api, h->easy, CURLOPT_SSL_VERIFYHOST, 2);
    curl_set_number(h->api, h->easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    /* curl's own tool and OpenSSL go by this variable, the library does not. */
    if (getenv("SSL_CERT_FILE"))
        curl_set_text(h->api, h->easy, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_set_text(h->api, h->easy, CURLOPT_PROTOCOLS_STR, "http,https");
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A resolver that hangs is left behind at a stop. */
    curl_set_number(h->api, h->easy, CURLOPT_QUICK_EXIT, 1);
#endif
}

static void set_receivers(struct exchange *x, char *curls_words)
{
    const struct http *h = x->http;
    h->api->easy_setopt(h->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_set_pointer(h->api, h->easy, CURLOPT_HEADERDATA, x);
    h->api->easy_setopt(h->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_set_pointer(h->api, h->easy, CURLOPT_WRITEDATA, x);
    h->api->easy_setopt(h->easy, CURLOPT_XFERINFOFUNCTION, on_transfer);
    curl_set_pointer(h->api, h->easy, CURLOPT_XFERINFODATA, x);
    curl_set_number(h->api, h->easy, CURLOPT_NOPROGRESS, 0);
    curl_set_pointer(h->api, h->easy, CURLOPT_ERRORBUFFER, curls_words);
}

/* Secrets go to the origin of the source's own `url` alone. The caller frees the list. */
static struct curl_slist *headers_for(const struct exchange *x, CURLU *url)
{
    const struct http *h = x->http;
    struct curl_slist *list = NULL;
    CLEANUP(free_text) char *origin = http_origin(h, url);
    add_header(h, &list, "Accept", x->request->accept ? x->request->accept : "*/*");
    add_header(h, &list, "If-None-Match", x->request->etag);
    if (!x->request->etag)
        add_header(h, &list, "If-Modified-Since", x->request->modified);
    for (const struct curl_slist *s = h->secrets; s && strcmp(origin, h->origin) == 0; s = s->next)
        list = h->api->slist_append(list, s->data);
    return list;
}

/* In curl's words, which name hosts and no secret. */
static bool explain(const struct exchange *x, CURLcode code, const char *curls_words,
                    struct error *e)
{
    const char *words = curls_words[0] ? curls_words : x->http->api->easy_strerror(code);
    switch ((int)code) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return error_set(e, CAUSE_UNREACHABLE, "the server's certificate is not trusted: %s",
                         words);
    case CURLE_FILESIZE_EXCEEDED:
        return error_set(e, CAUSE_BAD_DATA, "the answer is larger than %lld bytes",
                         (long long)x->request->most_bytes);
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return error_set(e, CAUSE_UNREACHABLE, "the answer broke off: %s", words);
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(e, CAUSE_UNREACHABLE, "too slow, or no answer: %s", words);
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return error_set(e, CAUSE_BAD_DATA, "no proper HTTP: %s", words);
    case CURLE_SSL_CACERT_BADFILE:
        return error_set(e, CAUSE_CONFIG, "certificates that are trusted: %s (SSL_CERT_FILE)",
                         words);
    default:
        return error_set(e, CAUSE_UNREACHABLE, "%s", words);
    }
}

/* Its times are seconds: what changes in the second of the answer has the same Last-Modified, and
 * must not be taken for this one (RFC 9110, 8.8.2.2). */
static bool is_settled(const char *modified, const char *date)
{
    int64_t modified_at;
    int64_t answered_at;
    return date && date_read(modified, &modified_at) && date_read(date, &answered_at) &&
           modified_at < answered_at;
}

static void take_answer(struct exchange *x, const char *url)
{
    const struct http *h = x->http;
    struct http_answer *a = x->answer;
    curl_off_t wait_s = 0;
    if (a->modified && !is_settled(a->modified, x->date)) {
        free(a->modified);
        a->modified = NULL;
    }
    a->status = status_of(h);
    x->retry_after_s = -1;
    if (h->api->easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &wait_s) == CURLE_OK && wait_s > 0)
        x->retry_after_s = (long)wait_s;
    set(&a->url, xstrdup(url));
}

static enum step perform(struct exchange *x, const char *url, struct error *e)
{
    struct http *h = x->http;
    char words[CURL_ERROR_SIZE] = "";
    CURLcode code = CURLE_OK;
    set_receivers(x, words);
    enum step step = curl_loop_run(&h->loop, h->easy, &code, e);
    if (step == STEP_DONE && x->refused) {
        *e = x->error;
        step = STEP_FAILED;
    } else if (step == STEP_DONE && code != CURLE_OK && !x->unwanted) {
        explain(x, code, words, e);
        step = STEP_FAILED;
    }
    if (step == STEP_DONE)
        take_answer(x, url);
    /* `words` is gone after this. */
    h->api->easy_reset(h->easy);
    return step;
}

enum step http_exchange(struct exchange *x, const char *url, struct error *e)
{
    struct http *h = x->http;
    CURLU *parsed = http_url(h, url, e);
    if (!parsed)
        return STEP_FAILED;
    CLEANUP(free_text) char *host = http_url_part(h, parsed, CURLUPART_HOST, 0);
    struct curl_slist *headers = headers_for(x, parsed);
    set_limits(x);
    curl_set_pointer(h->api, h->easy, CURLOPT_CURLU, parsed);
    curl_set_pointer(h->api, h->easy, CURLOPT_HTTPHEADER, headers);
    curl_set_text(h->api, h->easy, CURLOPT_USERAGENT, "lattice/" LATTICE_VERSION);
    curl_set_text(h->api, h->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    if (is_loopback(host))
        curl_set_text(h->api, h->easy, CURLOPT_PROXY, "");
    enum step step = perform(x, url, e);
    h->api->slist_free_all(headers);
    h->api->url_cleanup(parsed);
    return step;
}
