/* What agents and their hooks push: one decoder and one writer for all who take or read it. */
/* A message is a JSON object. It is checked whole, and cleaned (private blocks are gone,
 * keys are masked) before anything else sees it. In a spool it is one line, with its ULID. */
#ifndef LATTICE_COMMON_OBSERVATION_H
#define LATTICE_COMMON_OBSERVATION_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/text.h"
#include "common/ulid.h"

/* A message as it is sent. */
enum { OBSERVATION_MAX_BYTES = 1024 * 1024 };
/* Its line in a spool: JSON is never longer when it is written anew, but for what is added. */
enum { OBSERVATION_LINE_MAX_BYTES = OBSERVATION_MAX_BYTES + 1024 };
enum {
    OBSERVATION_SESSION_BYTES = 128,
    OBSERVATION_ID_BYTES = 64,
    OBSERVATION_TITLE_BYTES = 500,
    OBSERVATION_NAME_BYTES = 256,  /* of a project, an agent, a concept */
    OBSERVATION_PATH_BYTES = 4096, /* of cwd and of files */
    OBSERVATION_LIST_ITEMS = 256,
};
/* Of lines; a reader leaves newer ones alone. */
enum { OBSERVATION_VERSION = 1 };

/* clang-format off */
/*    id                  name */
#define OBSERVATION_OPS(X)            \
    X(OBSERVATION_INIT,      "init")      /* a session begins, perhaps with a prompt */ \
    X(OBSERVATION_OBSERVE,   "observe")   /* it saw or did something */                 \
    X(OBSERVATION_SUMMARIZE, "summarize") /* what it comes to so far */                 \
    X(OBSERVATION_END,       "end")                                                     \
    X(OBSERVATION_NOTE,      "note")      /* of no session */                           \
    X(OBSERVATION_ARCHIVE,   "archive")   /* observations are put away */

#define OBSERVATION_TYPES(X)          \
    X(TYPE_DECISION,  "decision")     \
    X(TYPE_BUGFIX,    "bugfix")       \
    X(TYPE_FEATURE,   "feature")      \
    X(TYPE_REFACTOR,  "refactor")     \
    X(TYPE_DISCOVERY, "discovery")    \
    X(TYPE_CHANGE,    "change")       \
    X(TYPE_SUMMARY,   "summary")      \
    X(TYPE_NOTE,      "note")         \
    X(TYPE_PROMPT,    "prompt")
/* clang-format on */

enum observation_op {
#define X(id, name) id,
    OBSERVATION_OPS(X)
#undef X
        OBSERVATION_OP_COUNT
};

enum observation_type {
#define X(id, name) id,
    OBSERVATION_TYPES(X)
#undef X
        OBSERVATION_TYPE_COUNT
};

const char *observation_op_name(enum observation_op op);
const char *observation_type_name(enum observation_type type);
/* False, with *type untouched, for a name that is not in the list. */
bool observation_type_parse(const char *name, enum observation_type *type);

/* All-zero is empty. Texts are valid UTF-8 without control bytes but \n and \t, NULL where there is
 * none, never empty; lists hold such texts, NULL where there is none. All borrowed from `json`. */
struct observation {
    enum observation_op op;
    enum observation_type type;
    char ulid[ULID_SIZE]; /* "" until observation_stamp; it holds the time */
    const char *session;
    const char *id;    /* [A-Za-z0-9._:-]; the producer's own: see observation_id */
    const char *title; /* one line, as all below it but text and facts */
    const char *text;  /* of an `init` the prompt */
    const char *project;
    const char *cwd;
    const char *agent;
    const json_t *facts;
    const json_t *concepts;
    const json_t *files_read;
    const json_t *files_modified;
    const json_t *supersedes; /* ids */
    const json_t *ids;        /* to archive */
    json_t *json;             /* owned */
};

/* What is known of a message from where it was sent to. */
struct observation_route {
    const enum observation_op *op; /* NULL: `op` in the message says so; without it `observe` */
    const char *session;           /* NULL: `session` in the message says so */
};

/* Pure, bounded. CAUSE_BAD_DATA names the field: `facts[3]: expected a string`. Nothing to release
 * then. */
CHECKED bool observation_parse(const char *text, size_t size, const struct observation_route *route,
                               struct observation *out, struct error *e);
/* The same of JSON that was read already, with JSON_REJECT_DUPLICATES; takes `json`. */
CHECKED bool observation_take(json_t *json, const struct observation_route *route,
                              struct observation *out, struct error *e);
/* Gives it its ULID: once, where its place among the others is settled. */
void observation_stamp(struct observation *o);
/* By which it is known, so that a replay is harmless: the producer's own id, else the ULID. */
const char *observation_id(const struct observation *o);
/* Appends a stamped one as a line with its '\n', of at most OBSERVATION_LINE_MAX_BYTES. */
void observation_write_line(const struct observation *o, struct buf *out);
/* A line without its '\n'. CAUSE_CONFIG: a newer version wrote it. */
CHECKED bool observation_read_line(const char *line, size_t size, struct observation *out,
                                   struct error *e);
void observation_release(struct observation *o);

#endif
