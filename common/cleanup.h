/* Scope-bound clean-up: CLEANUP(close_fd) int fd = -1; one way per function, never beside goto. */
#ifndef LATTICE_COMMON_CLEANUP_H
#define LATTICE_COMMON_CLEANUP_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(f) __attribute__((cleanup(f)))

static inline void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static inline void close_file(FILE **file)
{
    if (*file)
        fclose(*file);
    *file = NULL;
}

static inline void free_text(char **text)
{
    free(*text);
    *text = NULL;
}

static inline void free_json(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

#endif
