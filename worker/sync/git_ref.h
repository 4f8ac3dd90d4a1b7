/* Reading where a local repository's refs stand, from its files. */
#ifndef LATTICE_WORKER_SYNC_GIT_REF_H
#define LATTICE_WORKER_SYNC_GIT_REF_H

#include <stdbool.h>

/* The first line of a small file behind `prefix`; NULL if it is not like that. Caller frees. */
char *git_ref_line(const char *path, const char *prefix);

/* Does `ref` ("HEAD" or a full name) still name the commit `oid`, which git gave for it before?
 * True where refs are files (gitrepository-layout(5)) and that is what they say. False whenever it
 * is not plain to see: in a worktree, with reftables, through a tag or another branch, in a large
 * packed-refs. Then git has to be asked. */
bool git_ref_names(const char *git_dir, const char *ref, const char *oid);

#endif
