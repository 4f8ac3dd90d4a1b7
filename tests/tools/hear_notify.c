/* Prints what is sent to a datagram socket (a path, or @name), a line each: for systemd. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char text[4096];
    ssize_t size;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (argc != 2 || fd < 0)
        return 2;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
    socklen_t size_address = sizeof address;
    if (argv[1][0] == '@') { /* abstract: without its NUL */
        address.sun_path[0] = '\0';
        size_address = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(argv[1]));
    }
    if (bind(fd, (const struct sockaddr *)&address, size_address) != 0) {
        fprintf(stderr, "hear_notify: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("listening");
    while ((size = recv(fd, text, sizeof text - 1, 0)) > 0) {
        text[size] = '\0';
        puts(text);
    }
    return 0;
}
