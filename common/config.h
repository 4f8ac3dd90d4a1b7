/* sources.json: which sources, which limits. Read whole, checked whole. */
#ifndef LATTICE_COMMON_CONFIG_H
#define LATTICE_COMMON_CONFIG_H

#include <jansson.h>
#include <stdint.h>

#include "common/error.h"

/* An id is `[a-z0-9][a-z0-9._-]{0,63}`: a folder name that is never hidden, `..` or an option. */
enum { SOURCE_ID_MAX = 64 };

enum memory_size { MEMORY_NORMAL, MEMORY_LOW };

/* One source with every default resolved: key, else `defaults`, else built-in. */
struct source_config {
    char *id;   /* owned */
    char *kind; /* owned; one of the names in config_kinds() */
    bool enabled;
    int64_t timeout_ms;
    int64_t grace_ms; /* at most half the timeout */
    int64_t stall_ms;
    int64_t every_ms;
    int64_t max_page_bytes;
    enum memory_size memory;
    char **include; /* owned, NULL-terminated */
    char **exclude; /* owned, NULL-terminated */
    char *url;      /* owned; NULL where the kind has none. git: as written, userinfo and all */
    char *branch;   /* owned; NULL means the remote's HEAD */
    char *path;     /* owned; absolute; NULL where the kind has none */
    char *format;   /* owned; of an agent's logs: "claude", "codex" */
    /* Where a secret is, never the secret itself. Owned; NULL: none. */
    char *token_file;  /* absolute; its first line is sent as a bearer token */
    char *token_env;   /* name of the variable that holds the token */
    char *header_file; /* absolute; lines `Name: value` that are sent along */
    json_t *map;       /* owned; where a feed's fields are: names to JSON pointers; NULL: none */
    json_t *entry;     /* owned; the entry as written */
};

struct config {
    struct source_config *sources; /* owned; in the file's order */
    size_t count;
    json_t *defaults; /* owned; as written; NULL: none */
};

/* Every mistake found, each with its place, in the file's order. Safe to print: no line break, no
 * control byte, no userinfo. */
struct config_mistakes {
    char **lines; /* owned */
    size_t count;
};

/* Built-in limits. */
#define DEFAULT_TIMEOUT_MS     (INT64_C(10) * 60 * 1000)
#define DEFAULT_GRACE_MS       (INT64_C(30) * 1000) /* but at most a quarter of the timeout */
#define DEFAULT_STALL_MS       (INT64_C(5) * 60 * 1000)
#define DEFAULT_EVERY_MS       (INT64_C(15) * 60 * 1000)
#define DEFAULT_MAX_PAGE_BYTES (INT64_C(4) * 1024 * 1024)
/* Bounds of max_page_bytes: below, hardly a page fits; above, one page breaks the memory limit. */
#define MIN_MAX_PAGE_BYTES INT64_C(1024)
#define MAX_MAX_PAGE_BYTES (INT64_C(64) * 1024 * 1024)
/* sources.json larger than this is refused. */
#define CONFIG_MAX_BYTES (4 * 1024 * 1024)
/* More sources than this are refused: each takes half a kilobyte, and a process when it runs. */
#define CONFIG_MAX_SOURCES 10000

/* Reads and checks `path` (a file; "missing" names what to do). On mistakes: false, CAUSE_CONFIG,
 * the first mistake and how many more in `e`, and all of them in `mistakes` if it is not NULL.
 * Without a readable file `mistakes` stays empty. Caller releases both, also on failure. */
CHECKED bool config_read(const char *path, struct config *config, struct config_mistakes *mistakes,
                         struct error *e);
/* The same on text, for tests and the fuzzer: reads nothing but HOME, for `~/`. */
CHECKED bool config_parse(const char *text, size_t size, struct config *config,
                          struct config_mistakes *mistakes, struct error *e);
void config_release(struct config *config);
void config_mistakes_release(struct config_mistakes *mistakes);

/* Text that config_parse reads as this source alone, for a worker that then need not read all of
 * them; NULL if it is longer than `most_bytes`. Caller frees. */
char *config_write_one(const struct config *config, const struct source_config *source,
                       size_t most_bytes);

/* NULL if there is none. Borrowed. */
const struct source_config *config_find(const struct config *config, const char *id);
bool source_id_valid(const char *id);
/* Names of the kinds that this version syncs, NULL-terminated. Static. */
const char *const *config_kinds(void);

/* Grace for a timeout when nobody names one: 30 s, but at most a quarter of the timeout. */
int64_t default_grace_ms(int64_t timeout_ms);

/* Atomic edits (write, fsync, rename, fsync of the folder); order and other entries are kept, a
 * symbolic link is written through, two edits at a time wait for each other. A file that has
 * mistakes already is CAUSE_CONFIG; CAUSE_USAGE if `entry` or `id` is wrong; CAUSE_STORE if the
 * file cannot be written. `entry` is borrowed. A missing file is made by config_add, mode 0600.
 * config_remove may take out an entry with mistakes, if the rest has none. */
CHECKED bool config_add(const char *path, json_t *entry, struct error *e);
CHECKED bool config_remove(const char *path, const char *id, struct error *e);

#endif
