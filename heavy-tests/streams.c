/* Many event streams from one process: opens them, and measures how soon an event reaches all. */

/* `streams PORT COUNT` opens COUNT streams, prints `open COUNT`, and for each line on its stdin
 * (the text of an event to wait for) prints the milliseconds from when the line came until the
 * first, the middle and the last stream had an event with it: `seen TEXT FIRST MIDDLE LAST`. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 60 * 1000 };

struct stream {
    int fd;
    bool seen;
};

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static void give_up(const char *what)
{
    fprintf(stderr, "streams: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_stream(int port)
{
    static const char request[] = "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        give_up("connect");
    return fd;
}

/* Reads what there is; true: it contains `text`. */
static bool read_all(int fd, const char *text)
{
    char bytes[65536];
    bool found = false;
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        found |= memmem(bytes, (size_t)n, text, strlen(text)) != NULL;
    if (n == 0)
        give_up("a stream ended");
    return found;
}

/* Until `text` was seen on all; the times go to `times`. */
static void wait_all(int epoll, struct stream *streams, size_t count, const char *text,
                     double *times)
{
    double start = now_ms();
    size_t seen = 0;
    for (size_t i = 0; i < count; i++)
        streams[i].seen = false;
    while (seen < count) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, PATIENCE_MS);
        if (n <= 0)
            give_up("nothing came");
        for (int i = 0; i < n; i++) {
            struct stream *stream = events[i].data.ptr;
            if (!read_all(stream->fd, text) || stream->seen)
                continue;
            stream->seen = true;
            times[seen++] = now_ms() - start;
        }
    }
}

static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int port = (int)strtol(argv[1], NULL, 10);
    size_t count = (size_t)strtoul(argv[2], NULL, 10);
    struct stream *streams = calloc(count, sizeof *streams);
    double *times = calloc(count, sizeof *times);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    char line[256];
    if (!streams || !times || epoll < 0 || count == 0)
        give_up("begin");
    raise_limit();
    for (size_t i = 0; i < count; i++) {
        streams[i].fd = open_stream(port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &streams[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, streams[i].fd, &event) != 0)
            give_up("epoll_ctl");
    }
    wait_all(epoll, streams, count, "retry:", times);
    printf("open %zu\n", count);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        wait_all(epoll, streams, count, line, times);
        printf("seen %s %.1f %.1f %.1f\n", line, times[0], times[count / 2], times[count - 1]);
        fflush(stdout);
    }
    free(streams);
    free(times);
    return 0;
}
