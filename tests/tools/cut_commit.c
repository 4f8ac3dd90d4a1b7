/* Gives a process a signal at a commit of a store. */
/* cut_commit FILE COUNT SIGNAL-NUMBER PIDFILE: a commit is told by the database's attributes. It
 * prints `watching` once none can be missed, and ends after the signal, or is ended: then the run
 * was over.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

/* Waits for the next events; how many commits they tell. */
static long commits(int fd)
{
    _Alignas(struct inotify_event) char bytes[4096];
    ssize_t size = read(fd, bytes, sizeof bytes);
    long count = 0;
    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *event = (const void *)(bytes + at);
        count += (event->mask & IN_ATTRIB) != 0;
        at += (ssize_t)(sizeof *event + event->len);
    }
    return count;
}

static pid_t read_pid(const char *path)
{
    char text[32] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    char *line = fgets(text, sizeof text, file);
    fclose(file);
    return line ? (pid_t)strtol(line, NULL, 10) : -1;
}

int main(int argc, char **argv)
{
    int fd = inotify_init1(IN_CLOEXEC);
    if (argc != 5 || fd < 0 || inotify_add_watch(fd, argv[1], IN_ATTRIB) < 0) {
        fprintf(stderr, "usage: cut_commit FILE COUNT SIGNAL-NUMBER PIDFILE (%s)\n",
                strerror(errno));
        return 2;
    }
    setpriority(PRIO_PROCESS, 0, -10); /* what it cuts goes on meanwhile; only root may */
    puts("watching");
    fflush(stdout);
    for (long left = strtol(argv[2], NULL, 10); left > 0;)
        left -= commits(fd);
    pid_t pid = read_pid(argv[4]);
    return pid > 0 && kill(pid, (int)strtol(argv[3], NULL, 10)) == 0 ? 0 : 1;
}
