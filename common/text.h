/* Small text tools: a growing buffer, UTF-8 boundaries, memory that cannot fail. */
#ifndef LATTICE_COMMON_TEXT_H
#define LATTICE_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Out of memory ends the program with one line on stderr and exit code 70. */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t size) __attribute__((malloc, returns_nonnull));
/* Caller frees. */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* Bytes that grow; always NUL-terminated once anything was added. All-zero is empty. */
struct buf {
    char *data; /* owned; NULL while nothing was added */
    size_t size;
    size_t room;
};

void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *data, size_t size);
void buf_add_text(struct buf *b, const char *text);
void buf_add_byte(struct buf *b, char byte);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Empties it and keeps the memory. */
void buf_reset(struct buf *b);
/* Hands the memory over; caller frees. Never NULL. Leaves `b` all-zero. */
char *buf_take(struct buf *b);
void buf_release(struct buf *b);

/* The largest n <= size at which `text` can be cut without splitting a UTF-8 sequence. */
size_t utf8_floor(const char *text, size_t size);
/* Valid UTF-8 (Unicode 15 table 3-7: no surrogates, nothing overlong, at most U+10FFFF). */
bool utf8_valid(const char *text, size_t size);
/* Appends `text` with each maximal invalid sequence replaced by U+FFFD. Returns how many. */
size_t utf8_sanitize(struct buf *out, const char *text, size_t size);
/* Appends `text` for one line of output: control bytes, backslash and invalid bytes as \n, \t,
 * \\, \xHH, so that no path or message can forge a line or drive the terminal. */
void text_escape(struct buf *out, const char *text, size_t size);

#endif
