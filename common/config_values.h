/* One value of sources.json at a time: from JSON into its field, or a mistake with its place. */
#ifndef LATTICE_COMMON_CONFIG_VALUES_H
#define LATTICE_COMMON_CONFIG_VALUES_H

#include "common/config.h"

struct config_value {
    json_t *json;                     /* borrowed */
    const char *place;                /* borrowed; "sources[2].timeout" */
    void *field;                      /* where it goes; its type is the reader's */
    struct config_mistakes *mistakes; /* borrowed; a reader adds at most what is wrong here */
};

typedef void config_reader(const struct config_value *value);

config_reader config_read_id;       /* char * */
config_reader config_read_kind;     /* char * */
config_reader config_read_bool;     /* bool */
config_reader config_read_duration; /* int64_t, ms; -1 if it is wrong */
config_reader config_read_bytes;    /* int64_t */
config_reader config_read_memory;   /* enum memory_size */
config_reader config_read_include;  /* char **; at least one pattern */
config_reader config_read_exclude;  /* char ** */
config_reader config_read_git_url;  /* char * */
config_reader config_read_branch;   /* char * */
/* In config_values_kinds.c: */
config_reader config_read_http_url; /* char *; http:// or https://, without userinfo */
config_reader config_read_path;     /* char *; absolute, `~/` expanded */
config_reader config_read_format;   /* char * */
config_reader config_read_variable; /* char *; the name of an environment variable */
config_reader config_read_map;      /* json_t *, owned */

/* Adds a line; what is printed with %s must have gone through config_shown. */
void config_mistake(struct config_mistakes *mistakes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds `place: VALUE: reason`. */
void config_mistake_value(const struct config_value *value, const char *reason);
/* NULL, and the mistake is said, if it is not a text. */
const char *config_text(const struct config_value *value, const char *expected);
/* Puts a copy of `text` into the field. */
void config_set_text(const struct config_value *value, const char *text);
/* `text` for one line: masked, escaped, cut after about 80 bytes. Caller frees. */
char *config_shown(const char *text);

/* NULL-terminated lists of texts. Caller frees with config_list_free; NULL is no list. */
char **config_list_copy(const char *const *list);
void config_list_free(char **list);

#endif
