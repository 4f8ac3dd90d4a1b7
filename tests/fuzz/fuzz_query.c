/* Fuzz target: a query; every term lies in it, in order, within the bounds. */
#include <stdint.h>
#include <stdlib.h>

#include "worker/reads/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct query query;
    const char *behind = text;
    unsigned group = 0;
    query_parse(text, size, &query);
    if (query.count > QUERY_TERMS_MAX || query.groups > query.count)
        abort();
    for (size_t i = 0; i < query.count; i++) {
        const struct query_term *term = &query.terms[i];
        if (term->size == 0 || term->text < behind || term->text + term->size > text + size)
            abort();
        behind = term->text + term->size;
        if (term->excluded)
            continue;
        if (term->group < group || term->group > group + 1 || term->group >= query.groups)
            abort();
        group = term->group;
    }
    return 0;
}
