/* A remote git source's bare mirror: commits and trees of one commit deep, blobs when needed. */
#ifndef LATTICE_WORKER_SYNC_GIT_MIRROR_H
#define LATTICE_WORKER_SYNC_GIT_MIRROR_H

#include "common/url.h"
#include "worker/sync/git.h"
#include "worker/sync/kind.h"

struct git_mirror {
    struct sync *sync;         /* borrowed */
    const struct git_url *url; /* borrowed */
    char *path;                /* owned */
    char *ref;                 /* owned; what is followed: "HEAD" or "refs/heads/..." */
    char *credential;          /* owned; helper command; NULL if the URL has no secret */
    int secret;                /* owned, where there is a helper; what it reads */
    int64_t blobs_done;        /* fetched by this run */
    size_t oid_size;           /* of the head, in hex; 0 before it is fetched */
    bool refused;              /* the server gives no blob by its id */
    bool lacking;              /* it has not what its own head needs, or not any more */
    size_t batch;              /* blobs in the next fetch; grows while fetches are quick */
};

/* Asks the remote for the commit at the ref. *oid is the caller's to free. */
enum step git_mirror_head(struct git_mirror *mirror, char **oid, struct error *e);
/* Gets that commit and its trees (and all blobs into a whole mirror, or from a server without
 * filters); *oid becomes what the ref points to now. Removes leftovers of killed fetches first. */
enum step git_mirror_fetch(struct git_mirror *mirror, char **oid, struct error *e);
/* Gets the blobs of a block that are not there yet, in batches that each leave a durable pack. */
enum step git_mirror_blobs(struct git_mirror *mirror, const struct plan_block *block,
                           struct error *e);
/* Pins the bookmark's objects, and packs the packs together when there are many. */
CHECKED bool git_mirror_settle(struct git_mirror *mirror, const char *oid, struct error *e);
/* For another try: removes it, never following a symlink; one that has to be whole, as its server
 * gives no blob by its id, is made again, empty, with that in mind. Where only the server was
 * lacking it stays as it is: the head is asked for anew. */
CHECKED bool git_mirror_renew(struct git_mirror *mirror, struct error *e);
void git_mirror_release(struct git_mirror *mirror);

#endif
