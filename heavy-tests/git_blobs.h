/* All blobs of a revision, in git's order of paths: `git ls-tree`, then `git cat-file`. */
#ifndef LATTICE_HEAVY_GIT_BLOBS_H
#define LATTICE_HEAVY_GIT_BLOBS_H

/* For the one-file programs of this folder. What goes wrong ends the program. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/text.h"

/* As much of the stream as one read takes; cat-file's pipe holds 1 MB. */
enum { GIT_READ_BYTES = 256 * 1024, GIT_ID_MAX = 64 };

struct git_process {
    FILE *out;
    pid_t pid;
};

/* Public members are of the blob that git_blobs_next read last. */
struct git_blobs {
    const char *path;
    char id[GIT_ID_MAX + 1];
    struct buf text;
    /* private */
    struct git_process cat;
    FILE *ids;
    struct buf paths;
    const char *next_path;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "error: %s: %s\n", what, why);
    exit(2);
}

static struct git_process git_start(const char *const *argv, int in)
{
    int out[2];
    if (pipe(out) != 0)
        die("pipe", "no descriptors");
    fcntl(out[0], F_SETPIPE_SZ, 1024 * 1024);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in, STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execvp("git", (char *const *)argv);
        _exit(127);
    }
    close(out[1]);
    FILE *file = fdopen(out[0], "r");
    if (pid < 0 || !file)
        die("git", "cannot start");
    setvbuf(file, NULL, _IOFBF, GIT_READ_BYTES);
    return (struct git_process){file, pid};
}

static void git_end(struct git_process *git)
{
    int status = 0;
    fclose(git->out);
    if (waitpid(git->pid, &status, 0) != git->pid || status != 0)
        die("git", "failed");
}

/* Ids of the blobs, one a line, to a file that is cat-file's input; their paths to memory. */
static void git_list(struct git_blobs *blobs, const char *repository, const char *revision)
{
    const char *const argv[] = {"git", "-C", repository, "ls-tree", "-r", "-z", revision, NULL};
    struct git_process git = git_start(argv, STDIN_FILENO);
    char *line = NULL;
    size_t room = 0;
    buf_reserve(&blobs->paths, 1);
    while (getdelim(&line, &room, '\0', git.out) > 0) {
        const char *path = strchr(line, '\t');
        if (!path || strncmp(line + 7, "blob ", 5) != 0 || strncmp(line, "100", 3) != 0)
            continue; /* a symlink or submodule */
        fprintf(blobs->ids, "%.*s\n", (int)(path - (line + 12)), line + 12);
        buf_add(&blobs->paths, path + 1, strlen(path + 1) + 1);
    }
    free(line);
    git_end(&git);
    fflush(blobs->ids);
    rewind(blobs->ids);
}

/* Start with an all-zero struct. */
static void git_blobs_open(struct git_blobs *blobs, const char *repository, const char *revision)
{
    const char *const argv[] = {"git", "-C", repository, "cat-file", "--batch", "--buffer", NULL};
    blobs->ids = tmpfile();
    if (!blobs->ids)
        die("tmpfile", "cannot be made");
    git_list(blobs, repository, revision);
    blobs->cat = git_start(argv, fileno(blobs->ids));
    blobs->next_path = blobs->paths.data;
}

/* False at the end, which also releases everything. */
static bool git_blobs_next(struct git_blobs *blobs)
{
    char line[GIT_ID_MAX + 64];
    size_t size = 0;
    if (!fgets(line, sizeof line, blobs->cat.out)) {
        git_end(&blobs->cat);
        fclose(blobs->ids);
        buf_release(&blobs->text);
        buf_release(&blobs->paths);
        return false;
    }
    if (sscanf(line, "%64s blob %zu", blobs->id, &size) != 2)
        die("cat-file", line);
    buf_reset(&blobs->text);
    buf_reserve(&blobs->text, size + 2);
    if (fread(blobs->text.data, 1, size + 1, blobs->cat.out) != size + 1)
        die("cat-file", "ended early");
    blobs->text.data[size + 1] = '\0';
    blobs->text.size = size;
    blobs->path = blobs->next_path;
    blobs->next_path += strlen(blobs->path) + 1;
    return true;
}

#endif
