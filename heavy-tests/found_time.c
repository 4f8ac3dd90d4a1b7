/* How soon a page that was committed is found over HTTP, and its run's event is at a client. */
/*
 *   found_time PORT STORE
 *
 * Prints `ready` when its event stream is open. For each line on stdin, a word that is about to
 * come into the store, it prints `armed WORD`, waits, and prints `found WORD FOUND-MS EVENT-MS`:
 * from the commit with that word to an answer that has it, and to the event run_finished at this
 * client.
 *
 * A commit is over when the worker has given its notice, which sets the change time of the
 * database; that clock is up to 4 ms slow, so what is printed is up to 4 ms too much. At each
 * notice the service is asked at once: the first answer with a hit tells which commit it was. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>

enum { PATIENCE_MS = 60 * 1000 };

struct waiting {
    const char *port;
    const char *store;
    const char *word;
    int http;         /* -1: no question is under way */
    double asked_for; /* the commit that was asked about, Unix ms */
    double next;      /* a commit since that question; 0: none */
    double committed; /* 0: not found yet */
    double found;
    double event; /* when the last one came */
};

static void give_up(const char *what)
{
    fprintf(stderr, "found_time: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double in_ms(const struct timespec *t)
{
    return (double)t->tv_sec * 1000 + (double)t->tv_nsec / 1e6;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return in_ms(&t);
}

static double changed_ms(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        give_up(path);
    return in_ms(&st.st_ctim);
}

static void send_text(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
        give_up("send");
}

static int connect_to(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)strtol(port, NULL, 10)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        give_up("connect");
    return fd;
}

static void ask(struct waiting *w, double commit)
{
    char request[512];
    snprintf(request, sizeof request,
             "GET /api/v1/search?query=%s HTTP/1.1\r\nHost: localhost\r\n\r\n", w->word);
    w->http = connect_to(w->port);
    w->asked_for = commit;
    w->next = 0;
    send_text(w->http, request);
}

/* A whole answer; true: it has a hit. */
static bool read_answer(int fd)
{
    static char bytes[65536];
    size_t size = 0;
    size_t whole = sizeof bytes;
    while (size < whole) {
        ssize_t n = recv(fd, bytes + size, sizeof bytes - 1 - size, 0);
        if (n <= 0)
            give_up("the answer ended early");
        size += (size_t)n;
        bytes[size] = '\0';
        const char *end = strstr(bytes, "\r\n\r\n");
        const char *length = strstr(bytes, "Content-Length: ");
        if (end && length)
            whole = (size_t)(end + 4 - bytes) + strtoul(length + 16, NULL, 10);
    }
    if (strncmp(bytes, "HTTP/1.1 200 ", 13) != 0)
        give_up(bytes);
    return strstr(bytes, "\"hits\":[{") != NULL;
}

static void take_notice(struct waiting *w, int notices)
{
    char bytes[4096];
    if (read(notices, bytes, sizeof bytes) <= 0)
        give_up("inotify");
    double commit = changed_ms(w->store);
    if (w->committed > 0)
        return;
    if (w->http >= 0)
        w->next = w->next > 0 ? w->next : commit;
    else
        ask(w, commit);
}

static void take_answer(struct waiting *w)
{
    bool hit = read_answer(w->http);
    close(w->http);
    w->http = -1;
    if (hit) {
        w->found = now_ms();
        w->committed = w->asked_for;
    }
    if (!hit && w->next > 0)
        ask(w, w->next);
}

/* True: `text` came. */
static bool read_stream(int fd, const char *text)
{
    char bytes[65536];
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    if (n <= 0)
        give_up("the stream ended");
    return memmem(bytes, (size_t)n, text, strlen(text)) != NULL;
}

static void wait_for(struct waiting *w, int notices, int stream)
{
    struct pollfd fds[] = {{.fd = notices, .events = POLLIN},
                           {.fd = -1, .events = POLLIN},
                           {.fd = stream, .events = POLLIN}};
    while (w->committed == 0 || w->event < w->committed) {
        fds[1].fd = w->http;
        if (poll(fds, 3, PATIENCE_MS) <= 0)
            give_up(w->committed > 0 ? "no event came" : "the word was not found");
        if (fds[2].revents && read_stream(stream, "event: run_finished"))
            w->event = now_ms();
        if (fds[1].revents)
            take_answer(w);
        if (fds[0].revents)
            take_notice(w, notices);
    }
    printf("found %s %.3f %.3f\n", w->word, w->found - w->committed, w->event - w->committed);
}

int main(int argc, char **argv)
{
    char line[128];
    if (argc != 3)
        return 64;
    struct waiting w = {.port = argv[1], .store = argv[2], .word = line, .http = -1};
    int stream = connect_to(argv[1]);
    int notices = inotify_init1(IN_CLOEXEC);
    if (notices < 0 || inotify_add_watch(notices, argv[2], IN_ATTRIB) < 0)
        give_up(argv[2]);
    send_text(stream, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    while (!read_stream(stream, "retry:"))
        ;
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        w.committed = w.event = 0;
        printf("armed %s\n", line);
        fflush(stdout);
        wait_for(&w, notices, stream);
        fflush(stdout);
    }
    return 0;
}
