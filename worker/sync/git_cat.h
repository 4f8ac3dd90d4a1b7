/* One `git cat-file --batch --buffer`: requests go ahead, contents come back in order. */
#ifndef LATTICE_WORKER_SYNC_GIT_CAT_H
#define LATTICE_WORKER_SYNC_GIT_CAT_H

#include "worker/sync/git.h"
#include "worker/sync/kind.h"

struct git_cat {
    struct git_process process;
    struct buf requests; /* not sent yet, from `sent` on */
    size_t sent;
    bool last;  /* no more requests: its input is closed once all are sent */
    char *data; /* owned; bytes read, from `at` to `size` */
    size_t at;
    size_t size;
    size_t room;
    struct buf errors;
};

/* Starts it at the first request. */
CHECKED bool git_cat_request(struct git_cat *cat, const char *git_dir,
                             const struct plan_block *block, bool last, struct error *e);
/* The next content asked for. Too large ones are read past, not kept. */
enum step git_cat_read(struct git_cat *cat, int64_t max_bytes, struct blob_content *content,
                       struct error *e);
void git_cat_release(struct git_cat *cat);

#endif
