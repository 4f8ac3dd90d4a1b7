/* Talks to a Unix socket for the tests: asks, hangs or floods. */

/* `ask_socket PATH` sends its stdin and prints the answer, `--bytes PATH` does so byte by byte,
 * `--stay PATH` does not say that there is no more to come;
 * `--hang N PATH` opens N connections, says nothing and stays; with a REQUEST behind the path each
 * asks for that first and hears the answer's first byte; `--deaf N PATH` sends its stdin on each of
 * N connections, reads no answer, says when the other side has ended them and stays; `--silent
 * PATH` says nothing and prints what comes until it is let go; `--flood PATH` sends for as long as
 * it is let. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int reach(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    fprintf(stderr, "ask_socket: %s: %s\n", path, strerror(errno));
    exit(1);
}

static void copy(int from, int to, size_t at_a_time)
{
    char bytes[4096];
    ssize_t n;
    while ((n = read(from, bytes, at_a_time)) > 0)
        if (write(to, bytes, (size_t)n) != n)
            return;
}

static int hang(int count, const char *path, const char *request)
{
    char byte;
    for (int i = 0; i < count; i++) {
        int fd = reach(path);
        size_t size = strlen(request);
        if (size && (write(fd, request, size) != (ssize_t)size || write(fd, "\n", 1) != 1 ||
                     read(fd, &byte, 1) != 1))
            return 1;
    }
    puts("connected");
    fflush(stdout);
    pause();
    return 0;
}

static int deaf(int count, const char *path)
{
    char request[4096];
    ssize_t size = read(STDIN_FILENO, request, sizeof request);
    int first = -1;
    for (int i = 0; i < count; i++) {
        int fd = reach(path);
        if (size <= 0 || write(fd, request, (size_t)size) != size)
            return 1;
        first = i == 0 ? fd : first; /* the others follow it */
    }
    puts("asked");
    fflush(stdout);
    for (int fd = first; fd < first + count; fd++)
        while (poll(&(struct pollfd){.fd = fd}, 1, -1) < 1)
            ;
    puts("ended");
    fflush(stdout);
    pause();
    return 0;
}

static int flood(const char *path)
{
    static const char line[] = "{\"v\":1,\"type\":\"request\",\"command\":\"status\"}\n";
    int fd = reach(path);
    while (write(fd, line, sizeof line - 1) > 0)
        ;
    return 0;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if ((argc == 4 || argc == 5) && strcmp(argv[1], "--hang") == 0)
        return hang((int)strtol(argv[2], NULL, 10), argv[3], argc == 5 ? argv[4] : "");
    if (argc == 4 && strcmp(argv[1], "--deaf") == 0)
        return deaf((int)strtol(argv[2], NULL, 10), argv[3]);
    if (argc == 3 && strcmp(argv[1], "--flood") == 0)
        return flood(argv[2]);
    bool bytes = argc == 3 && strcmp(argv[1], "--bytes") == 0;
    bool silent = argc == 3 && strcmp(argv[1], "--silent") == 0;
    bool stay = argc == 3 && strcmp(argv[1], "--stay") == 0;
    if (argc != 2 && !bytes && !silent && !stay)
        return 2;
    int fd = reach(argv[argc - 1]);
    if (!silent) {
        copy(STDIN_FILENO, fd, bytes ? 1 : 4096);
        if (!stay)
            shutdown(fd, SHUT_WR);
    }
    copy(fd, STDOUT_FILENO, 4096);
    return 0;
}
