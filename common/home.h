/* $LATTICE_HOME: one resolver, one list of the files in it. */
#ifndef LATTICE_COMMON_HOME_H
#define LATTICE_COMMON_HOME_H

#include <stdio.h>
#include <sys/types.h>

#include "common/error.h"

struct home {
    char *path; /* owned; absolute, without a trailing slash */
    dev_t device;
    ino_t inode; /* with device: which home it is, whatever it is called; see marker.h */
};

/* `override` (--home), else $LATTICE_HOME, else $XDG_DATA_HOME/lattice, else
 * ~/.local/share/lattice. Makes it with mode 0700. Refuses a network filesystem and a folder of
 * another user. CAUSE_CONFIG, or CAUSE_STORE if it cannot be made. */
CHECKED bool home_open(const char *override, struct home *home, struct error *e);
/* The same without making anything; a missing home is CAUSE_CONFIG. For read-only commands. */
CHECKED bool home_open_existing(const char *override, struct home *home, struct error *e);
void home_release(struct home *home);

/* Files of the home; caller frees. */
#define HOME_SOURCES_JSON     "sources.json"
#define HOME_LEDGER           "ledger.db"
#define HOME_SUPERVISE_LOCK   "supervise.lock"
#define HOME_SUPERVISE_SOCKET "supervise.sock"
char *home_path(const struct home *home, const char *file);
/* Files of one source: sources/<id>/<file>; file "" gives the folder. */
#define SOURCE_STORE   "store.db"
#define SOURCE_LOCK    "writer.lock"
#define SOURCE_MIRROR  "mirror.git"
#define SOURCE_ANSWERS "answers"
#define SOURCE_INBOX   "inbox"
/* Of the one service that takes what is pushed. */
#define SOURCE_INBOX_LOCK "inbox.lock"
char *home_source_path(const struct home *home, const char *id, const char *file);
/* Makes sources/<id> with mode 0700. CAUSE_STORE; errno says why. */
CHECKED bool home_make_source(const struct home *home, const char *id, struct error *e);

/* Is `path`'s filesystem one on which SQLite's locks and shared memory do not hold? Its name in
 * *type (static). statfs(2) f_type; for FUSE the type in /proc/self/mountinfo. */
bool filesystem_is_network(const char *path, const char **type);
/* What it decides by, on values: the name of a network filesystem's f_type, else NULL; is a type
 * of FUSE known to be local; the type of the mount of `dev` in the text of mountinfo ("fuse" if it
 * is not there). */
const char *network_type_name(unsigned long f_type);
bool fuse_type_is_local(const char *type);
void mountinfo_type(FILE *mountinfo, dev_t dev, char *out, size_t size);

#endif
