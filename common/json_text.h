/* JSON as text: strings that may be anything, lines, and documents for stdout. */
#ifndef LATTICE_COMMON_JSON_TEXT_H
#define LATTICE_COMMON_JSON_TEXT_H

#include <jansson.h>

/* Paths and messages may hold bytes that are not UTF-8, JSON may not: they become U+FFFD. */
json_t *text_json(const char *text);
/* null for "". */
json_t *text_or_null(const char *text);

/* On one line, with its '\n'; takes `json`, caller frees. */
char *json_line(json_t *json);

/* To stdout, indented; takes `json`. */
void json_print(json_t *json);

#endif
