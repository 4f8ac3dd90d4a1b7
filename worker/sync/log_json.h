/* A line of JSON as a flat list of its values. RFC 8259. */
/* One pass, nothing copied, nothing allocated twice. Written for logs: jansson, which builds each
 * value, takes ten times as long. */
#ifndef LATTICE_WORKER_SYNC_LOG_JSON_H
#define LATTICE_WORKER_SYNC_LOG_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/text.h"

/* Deeper is refused; more values than that in what is noted, too: a line is then a bad one. */
enum { LOG_JSON_MAX_DEPTH = 512, LOG_JSON_MAX_VALUES = 256 * 1024 };

enum log_json_kind {
    LOG_JSON_NULL,
    LOG_JSON_FALSE,
    LOG_JSON_TRUE,
    LOG_JSON_NUMBER,
    LOG_JSON_STRING,
    LOG_JSON_ARRAY,
    LOG_JSON_OBJECT,
};

/* In an object a key, which is a string, stands before each value. */
struct log_json_value {
    uint32_t start; /* of a string: behind its quote; of a list: its bracket */
    uint32_t size;  /* without quotes, with brackets */
    uint32_t next;  /* index of the value behind it and all in it */
    uint8_t kind;
    bool plain; /* a string without escapes */
};

/* All-zero is ready; the memory is reused from line to line. */
struct log_json {
    const char *text; /* borrowed: as long as the values are looked at */
    size_t size;
    struct log_json_value *values; /* owned; values[LOG_JSON_ROOT] is the whole */
    size_t count;
    size_t room;
};

struct log_json_options {
    /* NULL-terminated: of the outermost object only the values of these keys are noted inside; the
     * others are checked and passed over. NULL: all. */
    const char *const *inside;
    /* The text was cut somewhere: what is open is closed there, what is half is left out. */
    bool cut;
};

/* False if it is not one JSON value, or too deep or too much. `size` is below 4 GiB. Numbers,
 * escapes and UTF-8 are not checked: who takes them does. */
bool log_json_read(struct log_json *json, const char *text, size_t size,
                   const struct log_json_options *options);
void log_json_release(struct log_json *json);

/* Index of a value. 0 stands for "not there": it can be asked like any other, and is null. */
typedef uint32_t log_json_at;
enum { LOG_JSON_ROOT = 1 };

/* The member `key` of the object `at`; 0 if `at` is none or has none. The first of several. */
log_json_at log_json_member(const struct log_json *json, log_json_at at, const char *key);
/* The first thing in an array or object, and what follows it; 0 at the end. */
log_json_at log_json_first(const struct log_json *json, log_json_at at);
log_json_at log_json_next(const struct log_json *json, log_json_at in, log_json_at at);
enum log_json_kind log_json_kind(const struct log_json *json, log_json_at at);
bool log_json_is(const struct log_json *json, log_json_at at, const char *text);
bool log_json_true(const struct log_json *json, log_json_at at);
/* -1 if it is no whole number from 0 to 10^15. */
int64_t log_json_count(const struct log_json *json, log_json_at at);
/* Appends a string as valid UTF-8, without its escapes and without control bytes but \n and \t; at
 * most about `most` bytes of it (0: all). False, and nothing appended, if it is no string. */
bool log_json_text(const struct log_json *json, log_json_at at, size_t most, struct buf *out);

#endif
