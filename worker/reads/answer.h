/* What answers share: text as JSON, paging. */
#ifndef LATTICE_WORKER_READS_ANSWER_H
#define LATTICE_WORKER_READS_ANSWER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Invalid UTF-8 becomes U+FFFD. */
json_t *json_text(const char *text);
json_t *json_text_sized(const char *text, size_t size);
/* null for "". */
json_t *json_text_or_null(const char *text);

/* Every list is asked for one row more than it shows, and so knows whether there is another page.
 */
#define PAGING_LIMIT_MAX 100
struct paging {
    int64_t limit; /* 1..PAGING_LIMIT_MAX */
    int64_t offset;
};
struct paging paging_of(json_t *args);
/* Rows to ask for behind the offset. */
int64_t paging_ask(const struct paging *paging);
/* Cuts `list` to the limit and adds it as `name`, with limit, offset, has_more. Takes the list. */
void paging_add(json_t *answer, const struct paging *paging, const char *name, json_t *list);

#endif
