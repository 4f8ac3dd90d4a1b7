/* Where a git source lives: what the text in `url` means, and what is refused. Pure. */
#ifndef LATTICE_COMMON_URL_H
#define LATTICE_COMMON_URL_H

#include "common/error.h"

enum url_kind {
    URL_PATH,  /* /abs, ./rel, ~/home: read in place */
    URL_FILE,  /* file:///abs */
    URL_HTTP,  /* https://, and http:// without credentials */
    URL_SSH,   /* ssh://[user@]host/path */
    URL_SCP,   /* [user@]host:path */
};

struct git_url {
    enum url_kind kind;
    char *location; /* owned; without password and, for http, without any userinfo; `~/` expanded */
    char *user;     /* owned; NULL if none; for http only (ssh keeps its user in the location) */
    char *secret;   /* owned; NULL if none. Never printed, logged, stored or passed as an argument */
};

/* Refused with CAUSE_CONFIG: `ext::` and every other helper `name::`, unknown schemes, anything
 * that starts with '-', a host or path that starts with '-', control bytes, http with credentials.
 * `home` expands `~/`. Caller releases. */
CHECKED bool git_url_parse(const char *text, const char *home, struct git_url *url, struct error *e);
void git_url_release(struct git_url *url);

#endif
