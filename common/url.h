/* Where a git source lives: what the text in `url` means, and what is refused. Pure. */
#ifndef LATTICE_COMMON_URL_H
#define LATTICE_COMMON_URL_H

#include "common/error.h"

enum url_kind {
    URL_PATH, /* /abs, ./rel, rel, ~/home: read in place */
    URL_FILE, /* file:///abs */
    URL_HTTP, /* https://, and http:// without credentials */
    URL_SSH,  /* ssh://[user@]host/path */
    URL_SCP,  /* [user@]host:path */
};

/* Longest text taken. */
enum { URL_TEXT_MAX = 4096 };

struct git_url {
    enum url_kind kind;
    char *location; /* owned; for http without userinfo; `~/` expanded; may be printed and stored */
    char *user;     /* owned; NULL if none; for http only, percent-decoded; may be a token itself */
    char *secret;   /* owned; NULL if none. Never print, log, store or pass one of these two */
};

/* Reads an address as git does (git-clone(1), "GIT URLS"). Refused with CAUSE_CONFIG: `ext::` and
 * every other helper `name::`, unknown schemes, anything that starts with '-', a user, host or path
 * that does, control bytes, http:// with credentials, ssh with a password. The message is the
 * reason alone and never holds the text; print url_mask's beside it.
 * `home` expands `~/`; NULL if there is none. Caller releases. */
CHECKED bool git_url_parse(const char *text, const char *home, struct git_url *url,
                           struct error *e);
void git_url_release(struct git_url *url);

/* For people, also for text that git_url_parse refuses: whatever may be a secret becomes three
 * stars, so that of user:token@host only ***@host is left; `git@host:x` stays. Caller frees. */
char *url_mask(const char *text);

#endif
