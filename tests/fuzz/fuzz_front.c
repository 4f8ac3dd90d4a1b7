/* Any text as front matter: what is read without libyaml is what libyaml reads. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/front_same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct front flat = {0};
    struct front full = {0};
    struct found found = {0};
    struct buf text = {0};
    buf_reserve(&text, size);
    utf8_sanitize(&text, (const char *)data, size);
    const struct span yaml = {text.data, text.size};
    if (front_flat(&flat, yaml, &found)) {
        const char *refused = front_yaml(&full, yaml, &found);
        if (refused || !front_same(&flat, &full)) {
            fprintf(stderr, "libyaml reads it otherwise: %s\n%s", refused ? refused : "",
                    text.data);
            abort();
        }
    } else if (flat.count) {
        fputs("a tree that was given up is not empty\n", stderr);
        abort();
    }
    front_release(&flat);
    front_release(&full);
    found_release(&found);
    buf_release(&text);
    return 0;
}
