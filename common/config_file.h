/* sources.json as a file: read within bounds, replaced as a whole. */
#ifndef LATTICE_COMMON_CONFIG_FILE_H
#define LATTICE_COMMON_CONFIG_FILE_H

#include "common/error.h"
#include "common/text.h"

/* Appends all of an open regular file of at most CONFIG_MAX_BYTES. The message has no path. */
CHECKED bool config_file_read(int fd, struct buf *text, struct error *e);

/* A sources.json that is being edited: the folder it is in, symbolic links resolved, is locked. */
struct config_file {
    char *path;   /* owned; the file itself, not a link to it */
    int folder;   /* owned; holds the lock */
    bool existed; /* then `text` is what it held */
    struct buf text;
};

/* Waits for another edit to end, then reads. Caller closes, also on failure. */
CHECKED bool config_file_open(const char *path, struct config_file *file, struct error *e);
/* Replaces the content; the mode and, if it may, the owner are kept. CAUSE_STORE. */
CHECKED bool config_file_write(const struct config_file *file, const char *text, struct error *e);
void config_file_close(struct config_file *file);

#endif
