/* Reading where a local repository's refs stand, from its files. */
#include "worker/sync/git_ref.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"

/* A packed-refs of that size has some thousand. */
enum { LINE_MAX_BYTES = 4096, PACKED_MAX_BYTES = 64 * 1024 };

/* The file as a string; its size, or -1 with errno. Reads no more than `size` - 1 bytes. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
    CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;
    text[n > 0 ? n : 0] = '\0';
    return n;
}

char *git_ref_line(const char *path, const char *prefix)
{
    char text[LINE_MAX_BYTES];
    size_t skip = strlen(prefix);
    if (read_file(path, text, sizeof text) <= 0)
        return NULL;
    text[strcspn(text, "\n")] = '\0';
    return strncmp(text, prefix, skip) == 0 ? xstrdup(text + skip) : NULL;
}

/* What git itself asks of a folder before it takes it for a repository. */
static bool has_folder(const char *git_dir, const char *name)
{
    CLEANUP(free_text) char *path = xasprintf("%s/%s", git_dir, name);
    return access(path, X_OK) == 0;
}

/* Lines `<id> SP <ref> LF` behind a comment: git-pack-refs(1). */
static bool packed_names(const char *git_dir, const char *ref, const char *oid)
{
    char text[PACKED_MAX_BYTES];
    CLEANUP(free_text) char *path = xasprintf("%s/packed-refs", git_dir);
    CLEANUP(free_text) char *line = xasprintf("\n%s %s\n", oid, ref);
    ssize_t size = read_file(path, text, sizeof text);
    return size > 0 && (size_t)size < sizeof text - 1 && strstr(text, line);
}

bool git_ref_names(const char *git_dir, const char *ref, const char *oid)
{
    char text[LINE_MAX_BYTES];
    CLEANUP(free_text) char *head = xasprintf("%s/HEAD", git_dir);
    CLEANUP(free_text)
    char *followed = strcmp(ref, "HEAD") == 0 ? git_ref_line(head, "ref: ") : NULL;
    const char *name = followed ? followed : ref;
    CLEANUP(free_text) char *loose = xasprintf("%s/%s", git_dir, name);
    if (!has_folder(git_dir, "objects") || !has_folder(git_dir, "refs"))
        return false;
    /* The loose one first: packing takes it away only when its line is there. */
    if (read_file(loose, text, sizeof text) < 0)
        return errno == ENOENT && packed_names(git_dir, name, oid);
    size_t length = strlen(oid);
    return strncmp(text, oid, length) == 0 && strcmp(text + length, "\n") == 0;
}
