/* Shared by the files of the HTTP module. */
#ifndef LATTICE_WORKER_SYNC_HTTP_INTERNAL_H
#define LATTICE_WORKER_SYNC_HTTP_INTERNAL_H

#include "worker/sync/http.h"
#include "worker/sync/http_curl.h"

struct http {
    struct sync *sync; /* borrowed */
    const struct curl_api *api;
    struct curl_loop loop;
    CURL *easy;
    char *origin;               /* owned; scheme, host and port to which secrets go */
    struct curl_slist *secrets; /* owned; header lines */
};

/* One URL asked for, without its redirects. */
struct exchange {
    struct http *http;
    const struct http_request *request;
    struct http_answer *answer;
    int64_t head_bytes;
    int64_t body_bytes; /* uncompressed */
    bool refused;       /* by us; `error` says why */
    bool unwanted;      /* cut by us: only the status counts */
    long retry_after_s; /* -1: the server did not say */
    char *location;     /* owned; where a redirect points to, as written; NULL: nowhere */
    char *date;         /* owned; when the server says that it answered; NULL: it does not */
    struct error error;
};

/* Asks once: fills the answer and what stands above. STEP_DONE: there is a status. */
enum step http_exchange(struct exchange *x, const char *url, struct error *e);

/* Parses; NULL with `e` if it is not http or https, or has a user name. Caller cleans it up. */
CURLU *http_url(const struct http *http, const char *url, struct error *e);
/* "https://host:443"; caller frees. */
char *http_origin(const struct http *http, CURLU *url);
char *http_url_part(const struct http *http, CURLU *url, CURLUPart part, unsigned flags);

/* Adds the header lines that the source's files and variables name. */
CHECKED bool http_read_secrets(struct http *http, const struct source_config *source,
                               struct error *e);

#endif
