/* Style, script and icon of the page, as they are in worker/reads/web/, inside the program. */
#ifndef LATTICE_WORKER_READS_WEB_ASSETS_H
#define LATTICE_WORKER_READS_WEB_ASSETS_H

#include <stddef.h>

struct web_asset {
    const char *name; /* "style.css" */
    const char *type;
    const char *bytes;
    size_t size;
};
/* NULL if there is none of this name. */
const struct web_asset *web_asset_find(const char *name);

enum { WEB_ASSETS_HASH_SIZE = 17 };
/* Hash of all of them, as hexadecimal digits: it is part of their address, so an address never
 * stands for two contents. */
const char *web_assets_hash(void);

#endif
