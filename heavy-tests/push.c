/* Many agents that push at a time; the bare group commit beside it; how soon one is found. */
/*
 *   push load PORT SESSIONS COUNT [FROM]
 *
 * Each session pushes so many, numbered from FROM, one after the other, until each is acknowledged;
 * `acknowledged N` at each hundredth part. A line on stdin is the port of a service that took the
 * place of one that is gone: who lost his connection goes on there.
 *
 *   push bare FILE SESSIONS COUNT
 *
 * As many threads hand lines of the same size to one that appends all that wait to FILE, with one
 * fdatasync.
 *
 *   push found PORT STORE COUNT
 *
 * One at a time, each with a word of its own, which is asked for at each commit of the store until
 * it is found.
 *
 *   push drained PORT STORE
 *
 * Waits until the store has all that was pushed.
 *
 * The first three end with `micros p50 A p99 B max C of N`: from a message to its acknowledgement,
 * or from that to where it is found. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BODY_BYTES = 700, TEXT_BYTES = 400, ANSWER_BYTES = 4096 };

/* What all threads share. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* there is another port */
    int port;
    int generation;
    int64_t *micros; /* of each that was acknowledged at the first try */
    size_t count;
    size_t acknowledged;
    size_t step;  /* this many are reported */
    size_t again; /* sent once more */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static void give_up(const char *what)
{
    fprintf(stderr, "push: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- results -------------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void note(int64_t micros, bool first_try)
{
    pthread_mutex_lock(&all.lock);
    if (first_try)
        all.micros[all.count++] = micros;
    else
        all.again++;
    if (++all.acknowledged % all.step == 0)
        printf("acknowledged %zu\n", all.acknowledged);
    pthread_mutex_unlock(&all.lock);
}

static void report(void)
{
    if (all.count == 0)
        give_up("nothing was acknowledged");
    qsort(all.micros, all.count, sizeof *all.micros, by_size);
    printf("again %zu\n", all.again);
    printf("micros p50 %lld p99 %lld max %lld of %zu\n", (long long)all.micros[all.count / 2],
           (long long)all.micros[all.count * 99 / 100], (long long)all.micros[all.count - 1],
           all.count);
}

/* --- messages ------------------------------------------------------------------------------------
 */

/* Words that differ from message to message. */
static void make_text(char out[TEXT_BYTES + 1], unsigned seed)
{
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        seed = seed * 1664525U + 1013904223U;
        out[i] = i % 7 == 6 ? ' ' : (char)('a' + (seed >> 24) % 26);
    }
    out[TEXT_BYTES] = '\0';
}

static int make_body(char out[BODY_BYTES], int session, int number)
{
    char text[TEXT_BYTES + 1];
    make_text(text, (unsigned)session * 100003U + (unsigned)number);
    return snprintf(out, BODY_BYTES,
                    "{\"id\":\"%d-%d\",\"type\":\"discovery\",\"title\":\"Observation %d\","
                    "\"text\":\"%s\",\"project\":\"storm\",\"concepts\":[\"load\"]}",
                    session, number, number, text);
}

/* --- HTTP ----------------------------------------------------------------------------------------
 */

static int open_connection(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        give_up("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The status, 0: the connection is gone. The body is in `answer` behind its head. */
static int ask(int fd, const char *head, const char *body, char answer[ANSWER_BYTES])
{
    char request[BODY_BYTES + 512];
    int size = snprintf(request, sizeof request, "%s%s", head, body);
    size_t got = 0;
    if (send(fd, request, (size_t)size, MSG_NOSIGNAL) != size)
        return 0;
    for (;;) {
        ssize_t n = recv(fd, answer + got, ANSWER_BYTES - 1 - got, 0);
        if (n <= 0)
            return 0;
        got += (size_t)n;
        answer[got] = '\0';
        const char *end = strstr(answer, "\r\n\r\n");
        const char *length = strstr(answer, "Content-Length: ");
        if (end && length &&
            answer + got >= end + 4 + strtol(length + strlen("Content-Length: "), NULL, 10))
            return (int)strtol(answer + strlen("HTTP/1.1 "), NULL, 10);
        if (got == ANSWER_BYTES - 1)
            return (int)strtol(answer + strlen("HTTP/1.1 "), NULL, 10);
    }
}

static int push_one(int fd, int session, int number)
{
    char head[256];
    char body[BODY_BYTES];
    char answer[ANSWER_BYTES];
    int size = make_body(body, session, number);
    snprintf(head, sizeof head,
             "POST /api/v1/sessions/storm-%d/observations HTTP/1.1\r\nHost: localhost\r\n"
             "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n",
             session, size);
    return ask(fd, head, body, answer);
}

/* --- load ----------------------------------------------------------------------------------------
 */

struct agent {
    pthread_t thread;
    int session;
    int from; /* numbers of its messages */
    int count;
    int fd;
    int generation; /* of the port that it is connected to */
};

/* A connection to the service that runs now; waits for the next one where this one is gone. */
static void connect_agent(struct agent *agent)
{
    while (agent->fd < 0) {
        pthread_mutex_lock(&all.lock);
        while (agent->generation == all.generation)
            pthread_cond_wait(&all.moved, &all.lock);
        agent->generation = all.generation;
        int port = all.port;
        pthread_mutex_unlock(&all.lock);
        agent->fd = open_connection(port);
    }
}

static void *run_agent(void *owner)
{
    struct agent *agent = owner;
    for (int i = agent->from; i < agent->from + agent->count; i++) {
        bool first = true;
        for (;;) {
            connect_agent(agent);
            int64_t start = now_us();
            int status = push_one(agent->fd, agent->session, i);
            if (status == 202) {
                note(now_us() - start, first);
                break;
            }
            if (status) {
                fprintf(stderr, "push: status %d\n", status);
                exit(1);
            }
            first = false;
            close(agent->fd);
            agent->fd = -1;
        }
    }
    close(agent->fd);
    return NULL;
}

static void *take_ports(void *nothing)
{
    char line[32];
    (void)nothing;
    while (fgets(line, sizeof line, stdin)) {
        pthread_mutex_lock(&all.lock);
        all.port = (int)strtol(line, NULL, 10);
        all.generation++;
        pthread_cond_broadcast(&all.moved);
        pthread_mutex_unlock(&all.lock);
    }
    return NULL;
}

static void load(const char *port, int sessions, int count, int from)
{
    struct agent *agents = calloc((size_t)sessions, sizeof *agents);
    pthread_t ports;
    all.port = (int)strtol(port, NULL, 10);
    all.generation = 1;
    if (!agents || pthread_create(&ports, NULL, take_ports, NULL) != 0)
        give_up("start");
    for (int i = 0; i < sessions; i++) {
        agents[i] = (struct agent){.session = i, .from = from, .count = count, .fd = -1};
        if (pthread_create(&agents[i].thread, NULL, run_agent, &agents[i]) != 0)
            give_up("pthread_create");
    }
    for (int i = 0; i < sessions; i++)
        pthread_join(agents[i].thread, NULL);
    free(agents);
}

/* --- bare ----------------------------------------------------------------------------------------
 */

struct line {
    char text[BODY_BYTES];
    int size;
    bool durable;
    struct line *next;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_cond_t durable;
    struct line *first;
    bool over;
} group = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .filled = PTHREAD_COND_INITIALIZER,
           .durable = PTHREAD_COND_INITIALIZER};

static void write_group(int fd, struct line *lines)
{
    size_t room = 0;
    size_t size = 0;
    for (struct line *line = lines; line; line = line->next)
        room += (size_t)line->size;
    char *bytes = malloc(room);
    if (!bytes)
        give_up("malloc");
    for (struct line *line = lines; line; size += (size_t)line->size, line = line->next)
        memcpy(bytes + size, line->text, (size_t)line->size);
    if (write(fd, bytes, size) != (ssize_t)size || fdatasync(fd) != 0)
        give_up("write");
    free(bytes);
}

static void *write_groups(void *owner)
{
    int fd = *(int *)owner;
    pthread_mutex_lock(&group.lock);
    while (!group.over || group.first) {
        struct line *lines = group.first;
        if (!lines) {
            pthread_cond_wait(&group.filled, &group.lock);
            continue;
        }
        group.first = NULL;
        pthread_mutex_unlock(&group.lock);
        write_group(fd, lines);
        pthread_mutex_lock(&group.lock);
        for (struct line *line = lines, *next; line; line = next) {
            next = line->next;
            line->durable = true;
        }
        pthread_cond_broadcast(&group.durable);
    }
    pthread_mutex_unlock(&group.lock);
    return NULL;
}

static void *run_producer(void *owner)
{
    const struct agent *agent = owner;
    for (int i = 0; i < agent->count; i++) {
        struct line line = {.size = 0};
        int64_t start = now_us();
        line.size = make_body(line.text, agent->session, i) + 1;
        line.text[line.size - 1] = '\n';
        pthread_mutex_lock(&group.lock);
        line.next = group.first;
        group.first = &line;
        pthread_cond_signal(&group.filled);
        while (!line.durable)
            pthread_cond_wait(&group.durable, &group.lock);
        pthread_mutex_unlock(&group.lock);
        note(now_us() - start, true);
    }
    return NULL;
}

static void bare(const char *path, int sessions, int count)
{
    struct agent *agents = calloc((size_t)sessions, sizeof *agents);
    pthread_t writer;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || !agents || pthread_create(&writer, NULL, write_groups, &fd) != 0)
        give_up(path);
    for (int i = 0; i < sessions; i++) {
        agents[i] = (struct agent){.session = i, .count = count};
        if (pthread_create(&agents[i].thread, NULL, run_producer, &agents[i]) != 0)
            give_up("pthread_create");
    }
    for (int i = 0; i < sessions; i++)
        pthread_join(agents[i].thread, NULL);
    pthread_mutex_lock(&group.lock);
    group.over = true;
    pthread_cond_signal(&group.filled);
    pthread_mutex_unlock(&group.lock);
    pthread_join(writer, NULL);
    close(fd);
    free(agents);
}

/* --- found ---------------------------------------------------------------------------------------
 */

/* Until the store's writer has given notice of a commit. */
static void wait_for_commit(int inotify)
{
    _Alignas(struct inotify_event) char bytes[4096];
    if (read(inotify, bytes, sizeof bytes) <= 0)
        give_up("inotify");
}

/* Does the answer to GET `address` have these words? */
static bool answer_has(int port, const char *address, const char *words)
{
    char head[512];
    char answer[ANSWER_BYTES];
    int fd = open_connection(port);
    if (fd < 0)
        give_up("connect");
    snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", address);
    int status = ask(fd, head, "", answer);
    close(fd);
    if (status != 200 && status != 503)
        give_up(address);
    return strstr(answer, words) != NULL;
}

static int watch_store(const char *store)
{
    int inotify = inotify_init1(IN_CLOEXEC);
    if (inotify < 0 || inotify_add_watch(inotify, store, IN_ATTRIB) < 0)
        give_up(store);
    return inotify;
}

static void drain(const char *port, const char *store)
{
    int inotify = watch_store(store);
    while (!answer_has((int)strtol(port, NULL, 10), "/api/v1/queue", "\"waiting\":0,\"oldest_at\""))
        wait_for_commit(inotify);
    close(inotify);
}

static void find(const char *port_text, const char *store, int count)
{
    int port = (int)strtol(port_text, NULL, 10);
    int inotify = watch_store(store);
    for (int i = 0; i < count; i++) {
        char address[128];
        char head[256];
        char body[BODY_BYTES];
        char word[64];
        char answer[ANSWER_BYTES];
        snprintf(word, sizeof word, "rara%dx%lld", i, (long long)now_us());
        int size = snprintf(body, sizeof body, "{\"text\":\"a word such as %s\"}", word);
        snprintf(head, sizeof head,
                 "POST /api/v1/notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                 "application/json\r\nContent-Length: %d\r\n\r\n",
                 size);
        int fd = open_connection(port);
        if (fd < 0 || ask(fd, head, body, answer) != 202)
            give_up("push");
        int64_t start = now_us();
        close(fd);
        snprintf(address, sizeof address, "/api/v1/search?query=%s&limit=1", word);
        while (!answer_has(port, address, "\"snippet\""))
            wait_for_commit(inotify);
        note(now_us() - start, true);
    }
    close(inotify);
}

static int usage(void)
{
    fputs(
        "usage: push load PORT SESSIONS COUNT [FROM] | bare FILE SESSIONS COUNT | found PORT STORE "
        "COUNT | drained PORT STORE\n",
        stderr);
    return 2;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 4 && strcmp(argv[1], "drained") == 0) {
        drain(argv[2], argv[3]);
        return 0;
    }
    bool finds = argc == 5 && strcmp(argv[1], "found") == 0;
    int sessions = argc >= 5 && !finds ? (int)strtol(argv[3], NULL, 10) : 1;
    int count = argc >= 5 ? (int)strtol(argv[4], NULL, 10) : 0;
    if (count < 1 || sessions < 1 || argc > 6)
        return usage();
    all.micros = calloc((size_t)count * (size_t)sessions, sizeof *all.micros);
    all.step = (size_t)count * (size_t)sessions / 100;
    all.step += all.step == 0;
    if (!all.micros)
        give_up("calloc");
    if (finds)
        find(argv[2], argv[3], count);
    else if (strcmp(argv[1], "load") == 0)
        load(argv[2], sessions, count, argc == 6 ? (int)strtol(argv[5], NULL, 10) : 0);
    else if (strcmp(argv[1], "bare") == 0)
        bare(argv[2], sessions, count);
    else
        return usage();
    report();
    free(all.micros);
    return 0;
}
