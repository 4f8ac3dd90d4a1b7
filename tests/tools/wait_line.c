/* wait_line FILE ERE SECONDS: 0 as soon as a line of FILE matches, 1 if none has by then. */
#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What was read so far: only whole lines, so that half a line is read again. */
struct place {
    ino_t inode;
    off_t offset;
};

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads on; a file that was replaced or cut is read from its start. */
static bool scan(const char *path, const regex_t *match, struct place *place)
{
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    if (fstat(fileno(file), &st) == 0 && (st.st_ino != place->inode || st.st_size < place->offset))
        *place = (struct place){st.st_ino, 0};
    fseeko(file, place->offset, SEEK_SET);
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    bool found = false;
    while (!found && (size = getline(&line, &room, file)) > 0 && line[size - 1] == '\n') {
        line[size - 1] = '\0';
        place->offset += size;
        found = regexec(match, line, 0, NULL, 0) == 0;
    }
    free(line);
    fclose(file);
    return found;
}

static bool wait_change(int fd, long long end_ms)
{
    char events[4096];
    struct pollfd ready = {fd, POLLIN, 0};
    long long left = end_ms - now_ms();
    if (left <= 0)
        return false;
    if (poll(&ready, 1, (int)left) == 1 && read(fd, events, sizeof events) < 0)
        perror("wait_line");
    return true;
}

/* Watches the folder, since the file may come later or be replaced. -1 with errno. */
static int watch_folder(const char *path)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    int fd = inotify_init1(IN_CLOEXEC);
    if (fd >= 0 &&
        inotify_add_watch(fd, dirname(folder), IN_CREATE | IN_MODIFY | IN_MOVED_TO) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int main(int argc, char **argv)
{
    regex_t match;
    struct place place = {0, 0};
    if (argc != 4 || regcomp(&match, argv[2], REG_EXTENDED | REG_NOSUB) != 0) {
        fputs("usage: wait_line FILE ERE SECONDS\n", stderr);
        return 2;
    }
    long long end_ms = now_ms() + (long long)(strtod(argv[3], NULL) * 1000);
    int fd = watch_folder(argv[1]);
    if (fd < 0) {
        fprintf(stderr, "wait_line: %s: %s\n", argv[1], strerror(errno));
        return 2;
    }
    bool found;
    while (!(found = scan(argv[1], &match, &place)) && wait_change(fd, end_ms))
        continue;
    regfree(&match);
    close(fd);
    return found ? 0 : 1;
}
