/* listen_exec COMMAND...: becomes the command, with a listening socket as its standard input. */
/* It listens on 127.0.0.1; the port is printed first, and is LISTEN_PORT for the command. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (argc < 2 || fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
        listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
        dup2(fd, STDIN_FILENO) != STDIN_FILENO) {
        perror("listen_exec");
        return 1;
    }
    char port[8];
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    puts(port);
    fflush(stdout);
    setenv("LISTEN_PORT", port, 1);
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
