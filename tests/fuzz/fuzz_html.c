/* Fuzz target: HTML to text; the same each time, valid, bounded, without what is private. */
#include <stdlib.h>
#include <string.h>

#include "worker/sync/html_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf first = {0};
    struct buf again = {0};
    struct error e = {0};
    bool cut;
    const struct html_source source = {(const char *)data, size, "https://example.org/a"};
    must(text_from_html(&source, &first, &cut, &e));
    must(text_from_html(&source, &again, &cut, &e));
    must(first.size == again.size &&
         (!first.size || memcmp(first.data, again.data, first.size) == 0));
    must(!first.size || utf8_valid(first.data, first.size));
    must(!first.size || first.data[first.size - 1] == '\n');
    must(!memchr(first.data ? first.data : "", '\0', first.size));
    buf_release(&first);
    buf_release(&again);
    return 0;
}
