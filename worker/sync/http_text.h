/* What HTTP says in text: header lines, links, secrets from files; pure. RFC 9110, RFC 8288. */
#ifndef LATTICE_WORKER_SYNC_HTTP_TEXT_H
#define LATTICE_WORKER_SYNC_HTTP_TEXT_H

#include <stddef.h>

#include "common/error.h"

/* A token, and a line of a header file. */
enum { HTTP_SECRET_MAX_BYTES = 8 * 1024, HTTP_HEADER_LINES_MAX = 32 };

/* `Name: value` as it came: a copy of the value, without the space around it, if the header's name
 * is `name` (in any case), else NULL. Caller frees. */
char *http_header_value(const char *line, size_t size, const char *name);

/* The first target of `Link: <target>; rel="next"` (RFC 8288), as written; NULL if there is none.
 * Caller frees. */
char *http_link_next(const char *link);

/* The first line of a token file, without the space around it, checked to be visible ASCII. Caller
 * frees. CAUSE_CONFIG, with a message that has nothing of the token. */
CHECKED bool http_token_parse(const char *text, size_t size, char **token, struct error *e);

/* Lines `Name: value` of a header file, without empty lines and those that begin with '#'; each is
 * handed on as `Name: value`. Refused are names that are ours to send. The message names the line
 * by its number. */
CHECKED bool http_headers_parse(const char *text, size_t size,
                                void (*header)(void *context, const char *line), void *context,
                                struct error *e);

/* `url` for messages and logs: without user, password, query and fragment, in which secrets are at
 * home. Caller frees. */
char *http_url_shown(const char *url);

#endif
