/* A line of an agent's log: bytes and a small state in, what it says out. Pure, bounded, fuzzed. */
#ifndef LATTICE_WORKER_SYNC_LOG_LINE_H
#define LATTICE_WORKER_SYNC_LOG_LINE_H

#include <jansson.h>

#include "worker/sync/log_json.h"
#include "worker/sync/store_session.h"

/* What is kept of the output of tools and the like; what people and models say stays whole. */
enum { LOG_CALL_BYTES = 600, LOG_RESULT_BYTES = 400, LOG_THINKING_BYTES = 1200 };
/* Looked at beyond what is kept, so that a key that begins in it is known. */
enum { LOG_LOOK_AHEAD_BYTES = 512 };
/* A line longer than this is cut there, and said to have been. */
enum { LOG_LINE_MAX_BYTES = 8 * 1024 * 1024 };

enum {
    LOG_NAME_BYTES = 64, /* of a tool, a model */
    LOG_SESSION_BYTES = 128,
    LOG_CWD_BYTES = 1024,
    LOG_TITLE_BYTES = 200,
    LOG_TOOLS_OPEN = 32, /* calls whose result is awaited, the newest */
    LOG_USAGES_SEEN = 16 /* messages whose usage was counted, the newest */
};

enum log_block_kind {
    LOG_PROMPT, /* of a person: begins a turn */
    LOG_SAID,   /* by the model */
    LOG_THOUGHT,
    LOG_CALL,
    LOG_RESULT,
    LOG_NOTE, /* neither: a summary, the program's own words */
};

/* Its text is clean: no private block, no reminder of the program, no key or token. */
struct log_block {
    enum log_block_kind kind;
    size_t start; /* in line.text */
    size_t size;
    char tool[LOG_NAME_BYTES]; /* "": not known */
    bool failed;               /* a result */
};

/* A better title replaces one of a lower rank; of two of one rank a prompt stays, others give way.
 */
enum log_title { LOG_TITLE_NONE, LOG_TITLE_PROMPT, LOG_TITLE_MADE, LOG_TITLE_GIVEN };

struct log_line {
    char session[LOG_SESSION_BYTES]; /* "": it does not say */
    char cwd[LOG_CWD_BYTES];
    char title[LOG_TITLE_BYTES + 1];
    enum log_title title_rank;
    int64_t at;   /* Unix seconds; -1: it does not say */
    char day[11]; /* of that, UTC */
    bool sidechain;
    int64_t messages; /* that begin here: 0 or 1 */
    char model[LOG_NAME_BYTES];
    struct session_tokens tokens; /* that were not counted before */
    bool used;                    /* a message or tokens of `model` */
    struct log_block *blocks;     /* owned */
    size_t count;
    size_t room;
    struct buf text; /* owned */
};

/* What one line must know of those before it. */
struct log_state {
    struct {
        uint64_t id; /* hash; 0: none */
        char name[LOG_NAME_BYTES];
    } tools[LOG_TOOLS_OPEN];
    struct {
        uint64_t id;
        int64_t output;
    } usages[LOG_USAGES_SEEN];
    uint32_t next_tool;
    uint32_t next_usage;
    char model[LOG_NAME_BYTES];  /* codex: of the turn */
    struct session_tokens total; /* codex: of the session so far, as it says itself */
};

/* New reference; as small as it can be. */
json_t *log_state_write(const struct log_state *state);
/* What cannot be read is as if it had not been noted. `json` may be NULL. */
void log_state_read(struct log_state *state, const json_t *json);

struct log_format {
    const char *name;          /* as in sources.json */
    const char *const *inside; /* keys of a line whose values matter */
    void (*take)(struct log_json *json, struct log_state *state, struct log_line *line);
};

extern const struct log_format log_claude;
extern const struct log_format log_codex;
/* NULL if there is none. */
const struct log_format *log_format_find(const char *name);

/* One file's lines, one after the other. All-zero but `format` is ready; the memory is reused. */
struct log_reader {
    const struct log_format *format;
    struct log_state state;
    struct log_json json; /* of the last line */
    struct log_line line; /* the same */
    int64_t day_of;       /* day since 1970-01-01 of the last line that has a time */
    char day[11];         /* and its name */
};

/* False if it is no JSON object. `cut`: there was more of the line than these bytes. */
bool log_line_read(struct log_reader *reader, const char *text, size_t size, bool cut);
void log_reader_release(struct log_reader *reader);

/* --- for the formats ------------------------------------------------------------------------- */

/* Copies a short text in one line, cut at `size`; "" if it is none. */
void log_copy(struct log_line *line, const struct log_json *json, log_json_at at, char *out,
              size_t size);
/* Appends a block with this text, shortened to about `most` bytes (0: not). False, and nothing
 * added, if nothing is left of it. */
bool log_add(struct log_line *line, enum log_block_kind kind, const struct log_json *json,
             log_json_at text, size_t most);
/* The same of text that is at the end of line->text already, from `start` on. */
bool log_add_raw(struct log_line *line, enum log_block_kind kind, size_t start, size_t most);
/* An object that is written as a text, as programs do: what stands at the end of line->text, from
 * `start` on, goes into it and out of the line. False, and the line as it was: it is none. */
struct log_inner {
    struct buf text; /* owned; the rest is as in log_json */
    struct log_json json;
};
bool log_inner_read(struct log_inner *inner, struct log_line *line, size_t start);
void log_inner_release(struct log_inner *inner);
/* A call of a tool with what it was given: an object, a list or a text. */
struct log_call {
    log_json_at id;
    log_json_at name;
    log_json_at input;
};
void log_add_call(struct log_line *line, struct log_state *state, const struct log_json *json,
                  const struct log_call *call);
/* What a tool gave: the end of line->text, from `start` on. One that gave nothing is no block, if
 * it did not fail. */
struct log_result {
    log_json_at call; /* its id */
    size_t start;
    bool failed;
};
void log_add_result(struct log_line *line, struct log_state *state, const struct log_json *json,
                    const struct log_result *result);
/* Removes what must not be stored and masks secrets; the new size. */
size_t log_clean(char *text, size_t size);
/* Hash of up to two texts; never 0. */
uint64_t log_hash(const struct log_json *json, log_json_at a, log_json_at b);

#endif
