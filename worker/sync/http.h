/* HTTP for the kinds of source that need it: GET over libcurl, which obeys the stop. */
/* http and https only; certificates verified; at most 5 redirects, never to another scheme; secrets
 * go to the origin of the source's `url` alone, through no log, argument or message. Answers are
 * bounded in bytes, also once uncompressed, and in time by the run's deadline and a least speed.
 * 429 and 5xx are asked again a few times, as `Retry-After` wants it. Proxies are those of the
 * environment (http_proxy, https_proxy, all_proxy, no_proxy), never for this machine itself. */
#ifndef LATTICE_WORKER_SYNC_HTTP_H
#define LATTICE_WORKER_SYNC_HTTP_H

#include <stdint.h>

#include "common/text.h"
#include "worker/sync/kind.h"

struct http;

/* Reads the secrets that the source names (token_file, token_env, header_file) and loads libcurl.
 * CAUSE_CONFIG. */
CHECKED bool http_open(struct sync *sync, struct http **http, struct error *e);
/* NULL-safe. */
void http_close(struct http *http);

struct http_request {
    const char *url;
    const char *accept;   /* media types; NULL: any */
    const char *etag;     /* what we have, as the server named it; NULL: unconditional */
    const char *modified; /* its Last-Modified, where there is no ETag; NULL: none */
    int64_t most_bytes;   /* of content, uncompressed; more is CAUSE_BAD_DATA */
    bool missing_ok;      /* 404 and 410 are answers, too */
    /* Content as it comes, of a 200 alone; the answer's fields are set by then. May fail. */
    bool (*content)(void *context, const char *bytes, size_t size, struct error *e);
    void *context;
};

/* Texts are owned, NULL where the server said nothing. */
struct http_answer {
    int status; /* 200, 304 if the request was conditional, 404 and 410 if missing_ok */
    char *etag;
    char *modified; /* Last-Modified, if it is older than the answer */
    char *type;     /* Content-Type */
    char *link;     /* the first Link; see http_link_next */
    char *url;      /* where it came from, after redirects */
};

/* CAUSE_UNREACHABLE, CAUSE_AUTH, CAUSE_CONFIG or CAUSE_BAD_DATA. Release the answer always. */
enum step http_get(struct http *http, const struct http_request *request,
                   struct http_answer *answer, struct error *e);
void http_answer_release(struct http_answer *answer);

/* A `content` that appends to the struct buf that is the context. */
CHECKED bool http_keep(void *context, const char *bytes, size_t size, struct error *e);
/* `to` (relative, or a whole URL) as seen from `base`; NULL if it is no http or https URL, or has a
 * user name. Caller frees. */
char *http_url_join(struct http *http, const char *base, const char *to);
/* Is the answer's media type `type` ("application/json"), or one of its family ("+json")? */
bool http_type_is(const struct http_answer *answer, const char *type);

#endif
