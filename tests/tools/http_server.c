/* http_server DIR: a server on 127.0.0.1 that answers what files in DIR say; prints its port. */

/* A request for /api/x is answered by the file `_api_x.N`, N being how often it was asked for, else
 * by `_api_x`, else with 404. Its lines:
 *   status 503                 else 200
 *   header Name: value         as often as wanted
 *   match                      304 if the request's If-None-Match is the answer's ETag
 *   length N                   Content-Length that is not that of the content; `length none`: none
 *   file PATH                  the content; else what follows an empty line
 *   endless                    the content again and again
 *   drip MS                    a byte of content, then so long nothing
 *   hold                       half of the content, then nothing, with the connection open
 *   mute                       no answer at all, with the connection open
 * Each request is appended to DIR/requests with its headers, then `held` where it is held. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/text.h"

struct script {
    int status;
    struct buf headers;
    struct buf content;
    char etag[256];
    char length[32]; /* "": the content's */
    long drip_ms;
    bool match;
    bool endless;
    bool hold;
    bool mute;
};

static bool read_file(const char *path, struct buf *out)
{
    char bytes[65536];
    size_t n;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
        buf_add(out, bytes, n);
    fclose(file);
    buf_add(out, "", 0);
    return true;
}

static void note(const char *text, size_t size)
{
    int fd = open("requests", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, size) != (ssize_t)size)
        perror("requests");
    close(fd);
}

/* How often `target` has been asked for, this time included. */
static int times_asked(const char *target)
{
    struct buf log = {0};
    char *line = xasprintf("GET %s HTTP/", target);
    int count = 0;
    if (read_file("requests", &log))
        for (const char *p = log.data; (p = strstr(p, line)); p++)
            count++;
    free(line);
    buf_release(&log);
    return count;
}

static void directive(struct script *s, char *line)
{
    const char *value = line + strcspn(line, " ");
    value += *value == ' ';
    if (strncmp(line, "status ", 7) == 0)
        s->status = (int)strtol(value, NULL, 10);
    else if (strncmp(line, "header ", 7) == 0) {
        buf_printf(&s->headers, "%s\r\n", value);
        if (strncasecmp(value, "ETag: ", 6) == 0)
            snprintf(s->etag, sizeof s->etag, "%s", value + 6);
    } else if (strncmp(line, "length ", 7) == 0)
        snprintf(s->length, sizeof s->length, "%s", value);
    else if (strncmp(line, "file ", 5) == 0) {
        if (!read_file(value, &s->content))
            fprintf(stderr, "http_server: %s: %s\n", value, strerror(errno));
    } else if (strncmp(line, "drip ", 5) == 0)
        s->drip_ms = strtol(value, NULL, 10);
    s->match |= strcmp(line, "match") == 0;
    s->endless |= strcmp(line, "endless") == 0;
    s->hold |= strcmp(line, "hold") == 0;
    s->mute |= strcmp(line, "mute") == 0;
}

static void read_script(const char *target, struct script *s)
{
    struct buf text = {0};
    char *name = xstrndup(target, strcspn(target, "?"));
    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '_';
    char *nth = xasprintf("%s.%d", name, times_asked(target));
    s->status = 200;
    if (!read_file(nth, &text) && !read_file(name, &text))
        s->status = 404;
    char *p = text.data;
    while (p && *p && *p != '\n') {
        char *end = p + strcspn(p, "\n");
        bool more = *end == '\n';
        *end = '\0';
        directive(s, p);
        p = end + more;
    }
    if (p && *p == '\n')
        buf_add(&s->content, p + 1, text.size - (size_t)(p + 1 - text.data));
    free(nth);
    free(name);
    buf_release(&text);
}

static bool send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static void send_content(int fd, const struct script *s)
{
    const struct timespec pause_ns = {s->drip_ms / 1000, s->drip_ms % 1000 * 1000000};
    size_t size = s->hold ? s->content.size / 2 : s->content.size;
    bool ok = true;
    do {
        for (size_t i = 0; ok && s->drip_ms && i < size; i++) {
            ok = send_all(fd, s->content.data + i, 1);
            nanosleep(&pause_ns, NULL);
        }
        ok = ok && (s->drip_ms || send_all(fd, s->content.data, size));
    } while (ok && s->endless && size > 0);
    if (s->hold) {
        note("held\n", 5);
        pause();
    }
}

static bool is_match(const struct script *s, const char *request)
{
    const char *given = strcasestr(request, "\r\nIf-None-Match: ");
    size_t size = strlen(s->etag);
    return s->match && given && strncmp(given + 17, s->etag, size) == 0 && given[17 + size] == '\r';
}

static void answer(int fd, const char *request)
{
    struct script s = {0};
    struct buf head = {0};
    char target[2048] = "";
    sscanf(request, "GET %2047s HTTP/", target);
    read_script(target, &s);
    if (s.mute)
        pause();
    bool match = is_match(&s, request);
    buf_printf(&head, "HTTP/1.1 %d Said\r\nConnection: close\r\n", match ? 304 : s.status);
    buf_add(&head, s.headers.data, s.headers.size);
    if (!match && s.length[0] == '\0' && !s.endless)
        buf_printf(&head, "Content-Length: %zu\r\n", s.content.size);
    else if (!match && s.length[0] && strcmp(s.length, "none") != 0)
        buf_printf(&head, "Content-Length: %s\r\n", s.length);
    buf_add_text(&head, "\r\n");
    if (send_all(fd, head.data, head.size) && !match)
        send_content(fd, &s);
}

static void serve(int fd)
{
    char request[16384];
    size_t size = 0;
    ssize_t n;
    while (size < sizeof request - 1 &&
           (n = read(fd, request + size, sizeof request - 1 - size)) > 0) {
        size += (size_t)n;
        request[size] = '\0';
        if (!strstr(request, "\r\n\r\n"))
            continue;
        note(request, size);
        answer(fd, request);
        shutdown(fd, SHUT_WR);
        while (read(fd, request, sizeof request) > 0) /* else what was sent may be lost */
            ;
        return;
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (argc != 2 || chdir(argv[1]) != 0 || fd < 0 ||
        bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("http_server DIR");
        return 1;
    }
    signal(SIGCHLD, SIG_IGN);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (client >= 0 && fork() == 0) {
            serve(client);
            _exit(0);
        }
        close(client);
    }
}
