/* The one table of kinds and of the keys that each takes. */
#ifndef LATTICE_COMMON_CONFIG_KEYS_H
#define LATTICE_COMMON_CONFIG_KEYS_H

#include "common/config_values.h"

enum key_use {
    KEY_DEFAULT,  /* optional, and `defaults` may hold it */
    KEY_ENTRY,    /* optional, in an entry only */
    KEY_REQUIRED, /* in every entry of its kind, in an entry only */
};

struct config_key {
    const char *name;
    enum key_use use;
    config_reader *read;
    size_t field;          /* offset in struct source_config */
    const char *otherwise; /* what an entry without it has, for texts; NULL: nothing */
};

enum { CONFIG_KIND_KEYS = 8 };

struct config_kind {
    const char *name;
    const char *const *include; /* its own default; NULL: what all kinds share */
    /* Beside those of all kinds; the first is where the source is, if it is a path or a URL. Ends
     * with a NULL name. */
    struct config_key keys[CONFIG_KIND_KEYS];
};

/* Keys that all kinds take; ends with a NULL name. */
extern const struct config_key config_common_keys[];

/* NULL if there is none. */
const struct config_kind *config_kind_find(const char *name);
/* The key that says where a source of this kind is, `url` or `path`; NULL if it has none. */
const struct config_key *config_kind_location(const struct config_kind *kind);
/* The name of a kind that was likely meant, or NULL. */
const char *config_kind_nearest(const char *name);

/* A common key or one of `kind`. `kind` may be NULL for "cannot be told": then a key of any kind.
 */
const struct config_key *config_key_find(const struct config_kind *kind, const char *name);
/* A key that was likely meant, or NULL; `kind` NULL: of those that `defaults` may hold. */
const char *config_key_nearest(const struct config_kind *kind, const char *name);
/* Whether two names differ by a typing mistake or two. */
bool config_names_close(const char *a, const char *b);

#endif
