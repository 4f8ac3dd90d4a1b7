/* Errors: the failing place writes the message, `main` prints it once. */
#ifndef LATTICE_COMMON_ERROR_H
#define LATTICE_COMMON_ERROR_H

#include <stdbool.h>

#include "common/outcome.h"

/* Longest message kept; longer ones are cut at a UTF-8 boundary. */
enum { ERROR_TEXT_SIZE = 1024 };

/* Untouched on success. Start from an all-zero struct. */
struct error {
    enum cause cause;
    bool damaged; /* with CAUSE_STORE: the file's content is beyond use */
    char text[ERROR_TEXT_SIZE];
};

#define CHECKED __attribute__((warn_unused_result))

/* Fills `e` and returns false, so that a failing function can `return error_set(...)`.
 * The message says what, where and why; say what to do where it is not plain. Userinfo in URLs
 * (`scheme://user:secret@`) is masked here, once, for every message of every program. */
bool error_set(struct error *e, enum cause cause, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Prepends "...: " to the message and returns false. */
bool error_wrap(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Replaces `user:secret@` behind each `://` by at most three stars and `@`, in place. */
void redact_userinfo(char *text);

#endif
