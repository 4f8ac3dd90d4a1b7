/* Fuzz target: what git printed; always a cause and one line. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/sync/git_explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    struct error e = {0};
    if (git_explain("fetch", text, &e) || e.cause == CAUSE_NONE || e.cause == CAUSE_BUG)
        abort();
    if (strncmp(e.text, "git fetch: ", 11) != 0 || !e.text[11] || strpbrk(e.text, "\r\n"))
        abort();
    free(text);
    return 0;
}
