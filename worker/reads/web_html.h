/* The only way HTML is written here: literals as they are, everything else escaped. */
#ifndef LATTICE_WORKER_READS_WEB_HTML_H
#define LATTICE_WORKER_READS_WEB_HTML_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/text.h"

/* Opaque to its users: nothing but these functions adds to it. All-zero is empty. */
struct html {
    struct buf out;
};
void html_release(struct html *h);
/* Takes back what was added since it had this size. */
void html_cut(struct html *h, size_t size);

/* Markup. Only a string literal compiles, so no text of a source can come this way. */
#define html_markup(h, literal) html_add_literal((h), "" literal "", sizeof(literal) - 1)
void html_add_literal(struct html *h, const char *literal, size_t size);

/* Text between tags or in a quoted attribute: & < > " ' are escaped, invalid UTF-8 becomes U+FFFD,
 * as do control bytes that no document may hold. NULL is nothing. */
void html_text(struct html *h, const char *text);
void html_text_sized(struct html *h, const char *text, size_t size);
/* As printf, then escaped as a whole. */
void html_textf(struct html *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 12,480 */
void html_count(struct html *h, int64_t count);

/* ` name="value"`; `name` is a literal. */
#define html_attr(h, name, value) html_add_attr((h), "" name "", (value))
void html_add_attr(struct html *h, const char *name, const char *value);

/* A piece of an address: all but unreserved characters are percent-encoded; '/' stays in a path. */
void html_path(struct html *h, const char *path);
void html_query(struct html *h, const char *value);
/* ` href="..."` for an address that somebody wrote: kept if it is http, https or mailto and has no
 * control byte, else nothing is written and the answer is false. */
bool html_outside_href(struct html *h, const char *address);

/* What JSON has under a key; "" and `missing` where it has nothing of the kind. Borrowed. */
const char *member_text(const json_t *object, const char *key);
int64_t member_number(const json_t *object, const char *key, int64_t missing);
bool member_is(const json_t *object, const char *key, const char *text);

#endif
