/* Writes front matter for pages that are made of data: values that YAML and JSON read alike. */
#ifndef LATTICE_WORKER_SYNC_FRONT_MAKE_H
#define LATTICE_WORKER_SYNC_FRONT_MAKE_H

#include <stdint.h>

#include "common/text.h"

/* Appends `text` for one line of a page: control characters, line breaks of all kinds and what YAML
 * does not take are a space, runs of spaces are one, invalid UTF-8 is U+FFFD; cut at `most_bytes`
 * (then with "..." behind it). */
void line_clean(struct buf *out, const char *text, size_t size, size_t most_bytes);

/* The `---` line before and behind the values. */
void front_make_fence(struct buf *out);
/* `key: "text"`; nothing for a text that is NULL or has nothing in it. */
void front_make_text(struct buf *out, const char *key, const char *text, size_t size);
void front_make_number(struct buf *out, const char *key, int64_t number);
/* `key: "2026-01-02T03:04:05Z"`; nothing for a time that is not known (-1). */
void front_make_time(struct buf *out, const char *key, int64_t unix_s);
/* `key: ["a", "b"]`: front_make_list, then items, then front_make_list_end, which takes the key
 * away again if there was no item. */
struct front_list {
    struct buf *out;
    size_t start;
    size_t count;
};
struct front_list front_make_list(struct buf *out, const char *key);
void front_make_item(struct front_list *list, const char *text, size_t size);
void front_make_list_end(struct front_list *list);

/* Unix seconds as RFC 3339; false if they are outside of the years 0 to 9999. */
enum { TIME_TEXT_SIZE = 24 };
bool time_text(int64_t unix_s, char text[TIME_TEXT_SIZE]);

#endif
