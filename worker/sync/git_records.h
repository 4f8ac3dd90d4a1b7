/* Reading `ls-tree -r -z` and `diff-tree -r -z --raw`: bytes in, entries out. Pure, bounded. */
#ifndef LATTICE_WORKER_SYNC_GIT_RECORDS_H
#define LATTICE_WORKER_SYNC_GIT_RECORDS_H

#include "common/error.h"
#include "common/text.h"
#include "worker/sync/kind.h"

/* Linux's PATH_MAX; git can hold longer ones, no file system can check them out. */
enum { GIT_PATH_MAX_BYTES = 4096, GIT_OID_HEX_MAX = 64 };

enum git_format { GIT_LS_TREE, GIT_DIFF_TREE };

/* Bytes of an unfinished record wait in `pending`. Start with format and listing set, rest zero. */
struct git_records {
    enum git_format format;
    struct listing *to; /* borrowed */
    struct buf pending; /* owned */
    struct buf header;  /* owned; of a diff-tree record whose path is still to come */
};

/* Takes any piece of the output. CAUSE_BAD_DATA for what git never prints. */
CHECKED bool git_records_feed(struct git_records *records, const char *data, size_t size,
                              struct error *e);
/* At the end of the output: nothing may be left over. */
CHECKED bool git_records_end(const struct git_records *records, struct error *e);
void git_records_release(struct git_records *records);

#endif
