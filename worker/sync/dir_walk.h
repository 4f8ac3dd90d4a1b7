/* A folder tree as it is now: which files are wanted, and what stat(2) says of them. */
#ifndef LATTICE_WORKER_SYNC_DIR_WALK_H
#define LATTICE_WORKER_SYNC_DIR_WALK_H

#include "common/glob.h"
#include "common/text.h"
#include "worker/sync/kind.h"
#include "worker/sync/store_files.h"

/* Folders in folders; deeper ones are named and left out. */
enum { DIR_DEPTH_MAX = 200 };
enum { DIR_BLOB_SIZE = 48 };

struct dir_file {
    size_t path; /* offset into `paths`, where it ends with a NUL byte; relative */
    size_t path_size;
    bool symlink; /* not followed; the rest is not known */
    bool fresh;   /* `blob` is known */
    struct file_look look;
    char blob[DIR_BLOB_SIZE];
};

struct dir_folder {
    size_t path; /* "" for the root */
    int64_t newest_ns;
    bool mount; /* another filesystem than the folder above */
};

/* All-zero is empty. In BINARY order of the files' paths. */
struct dir_tree {
    struct buf paths;
    struct dir_file *files; /* owned */
    size_t count;
    size_t room;
    struct dir_folder *folders; /* owned */
    size_t folder_count;
    size_t folder_room;
};

struct dir_walk {
    struct sync *sync;              /* borrowed */
    const struct glob_set *include; /* borrowed */
    const struct glob_set *exclude; /* borrowed */
};

/* Reads the tree at `root`, an absolute path. Obeys .gitignore files; does not enter `.git`, what
 * `exclude` names, symlinks and Lattice's home. A folder that cannot be read fails: it is not an
 * empty one. Caller releases `tree`, also after a failure. */
enum step dir_walk(const struct dir_walk *walk, const char *root, struct dir_tree *tree,
                   struct error *e);
void dir_tree_release(struct dir_tree *tree);

const char *dir_path(const struct dir_tree *tree, size_t path);

#endif
