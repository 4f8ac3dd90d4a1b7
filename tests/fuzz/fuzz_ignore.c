/* .gitignore files: the first line of the input is a path, the rest are rules. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/sync/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *end = size ? memchr(text, '\n', size) : NULL;
    size_t path_size = end ? (size_t)(end - text) : size;
    char *path = xstrndup(text, path_size);
    size_t at = end ? path_size + 1 : size;
    struct ignore *ignore = ignore_parse(text + at, size - at);
    if (ignore) {
        enum ignore_verdict file = ignore_judge(ignore, path, false);
        enum ignore_verdict folder = ignore_judge(ignore, path, true);
        /* Some rules are for folders only, none is for files only. */
        if (file != IGNORE_SILENT && folder == IGNORE_SILENT)
            abort();
    }
    ignore_free(ignore);
    free(path);
    return 0;
}
