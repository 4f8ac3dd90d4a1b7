/* Operations: named parameters in, JSON out; one table for shell, HTTP, OpenAPI and MCP. */
#ifndef LATTICE_WORKER_READS_OPS_H
#define LATTICE_WORKER_READS_OPS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "worker/reads/reader.h"

enum op_param_type {
    OP_TEXT,  /* least..most bytes of UTF-8 without NUL */
    OP_COUNT, /* least..most */
    OP_TIME,  /* Unix seconds; as text also `2026-05-01`, `2026-05-01T12:00:00Z`, or `3d` ago */
    OP_FLAG,  /* as text: 1, true, yes, on, "" or 0, false, no, off */
    OP_LIST,  /* of texts, at most OP_LIST_MAX; a single text is a list of one */
};
enum { OP_LIST_MAX = 64 };

struct op_param {
    const char *name;
    enum op_param_type type;
    bool required;
    int64_t least;
    int64_t most;
    int64_t fallback; /* OP_COUNT: where it is not given */
    const char *about;
};

enum op_end {
    OP_DONE,      /* *answer is set */
    OP_NOT_FOUND, /* what was named is not there; `e` says what, with CAUSE_USAGE */
    OP_LATE,      /* the deadline came: CAUSE_DEADLINE; *answer holds what was found, or is NULL */
    OP_FAILED,    /* `e` says why: CAUSE_USAGE (the arguments), CAUSE_STORE, CAUSE_CONFIG */
};

struct op {
    const char *name;
    const char *about;
    const struct op_param *params;
    size_t param_count;
    /* `args` went through op_check_args; borrowed. The caller owns *answer. */
    enum op_end (*run)(struct reader *reader, json_t *args, json_t **answer, struct error *e);
};

extern const struct op ops[];
extern const size_t op_count;

/* NULL if there is none. */
const struct op *op_find(const char *name);

/* `raw`: an object of texts (command line, URL: repeated parameters as a list) or of typed values.
 * *args: typed values only, defaults filled in; the caller owns it. CAUSE_USAGE names the field:
 * `limit: "x": expected a number from 1 to 100`. An unknown field is a mistake. */
CHECKED bool op_check_args(const struct op *op, json_t *raw, json_t **args, struct error *e);

/* What every answer has:
 *   sources   one object per source involved: id, answered (bool), fresh_s (null: never known to
 *             equal its source), last_success_at (Unix seconds or null); if it did not answer also
 *             problem (missing, damaged, newer, busy, unreadable) and message; `note` where the
 *             reader had to do something special
 *   partial   true if one of them did not answer
 * and every list has limit, offset, has_more. Times are Unix seconds. Texts are UTF-8 from the
 * sources, as they are: escape them for where they go.
 *   chunk     a chunk's number in its page, from 0
 *   marks     in `snippet` and the like: [start, end) pairs of byte offsets into its UTF-8, in
 *             order, apart from each other */

#endif
