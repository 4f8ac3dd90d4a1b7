/* Where a local repository's head is kept, for a supervisor that wants to see it move. */
#ifndef LATTICE_WORKER_SYNC_GIT_WATCH_H
#define LATTICE_WORKER_SYNC_GIT_WATCH_H

/* Tells the supervisor, if there is one. `git_dir` is absolute; `ref` is "HEAD" or a full name. */
void git_watch(const char *git_dir, const char *ref);

#endif
