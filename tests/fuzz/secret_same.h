/* Is as much masked as where every byte of a text is looked at? For what holds both together. */
#ifndef LATTICE_TESTS_FUZZ_SECRET_SAME_H
#define LATTICE_TESTS_FUZZ_SECRET_SAME_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"
#include "common/secret_find.h"
#include "common/text.h"

/* What secret_mask must make of it; `out` is empty. */
static inline void secret_mask_plainly(const char *text, size_t size, struct buf *out)
{
    for (size_t at = 0; at < size;) {
        struct secret_found found = secret_find(out->data, out->size, text + at, size - at);
        buf_add(out, text + at, found.goes ? found.stays : 1);
        if (found.goes)
            buf_add_text(out, "***");
        at += found.goes ? found.stays + found.goes : 1;
    }
}

static inline bool secret_same(const char *text, size_t size)
{
    struct buf want = {0};
    /* Exactly as large, so that ASan sees one byte too far. */
    char *got = xmalloc(size ? size : 1);
    memcpy(got, text, size);
    secret_mask_plainly(text, size, &want);
    size_t kept = secret_mask(got, size);
    bool same = kept == want.size && (!kept || memcmp(got, want.data, kept) == 0);
    buf_release(&want);
    free(got);
    return same;
}

#endif
