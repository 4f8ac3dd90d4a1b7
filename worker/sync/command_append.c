/* `lattice-worker append ID`: what a hook has to say goes into an inbox, without any server. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/config.h"
#include "common/home.h"
#include "common/json_text.h"
#include "common/observation.h"
#include "common/spool.h"
#include "worker/sync/commands.h"

enum {
    INPUT_MAX_BYTES = SPOOL_FILE_MAX_BYTES,
    INPUT_WAIT_MS = 5 * 1000, /* until its end: an agent waits for its hook */
};

static const char usage[] =
    "usage: lattice-worker append ID [--home DIR] [--strict] [--json]\n"
    "\n"
    "Reads messages, one JSON object after the other, from standard input, and puts them into\n"
    "the inbox ID, all or none; they are on the disk when it returns. It opens no store and\n"
    "needs no server. {\"op\": ...} is init, observe (the default), summarize, end, note or\n"
    "archive; README.md lists the fields.\n"
    "Prints nothing if that went well. What is wrong is said on standard error, and the exit\n"
    "code is 0 all the same, since an agent must not fail for it.\n"
    "  --home DIR  instead of $LATTICE_HOME\n"
    "  --strict    exit with 64 usage, 65 bad data, 69 input that does not end within 5s,\n"
    "              74 nothing could be written, 78 no such inbox\n"
    "  --json      print the ids of the messages as JSON\n";

struct options {
    const char *home;
    const char *id;
    bool strict;
    bool json;
    bool help;
};

static bool parse(int argc, char **argv, struct options *o, struct error *e)
{
    static const struct option list[] = {
        {"home", required_argument, NULL, 'H'},
        {"strict", no_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    const char *unknown = NULL;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", list, NULL)) != -1;) {
        if (option == '?' && !unknown)
            unknown = argv[optind - 1];
        o->home = option == 'H' ? optarg : o->home;
        o->strict |= option == 's';
        o->json |= option == 'j';
        o->help |= option == 'h';
    }
    if (unknown)
        return error_set(e, CAUSE_USAGE, "unknown option, or one without its value: %s", unknown);
    if (o->help)
        return true;
    if (argc - optind != 1)
        return error_set(e, CAUSE_USAGE, "give one source id; see lattice-worker append --help");
    o->id = argv[optind];
    return source_id_valid(o->id) || error_set(e, CAUSE_USAGE, "\"%s\" is not a source id", o->id);
}

/* --- input -------------------------------------------------------------------------------------
 */

static bool read_input(struct buf *input, struct error *e)
{
    int64_t end_ms = clock_monotonic_ms() + INPUT_WAIT_MS;
    for (;;) {
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        int64_t left_ms = end_ms - clock_monotonic_ms();
        int ready = left_ms > 0 ? poll(&in, 1, (int)left_ms) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return error_set(e, CAUSE_DEADLINE, "standard input did not end within %d s",
                             INPUT_WAIT_MS / 1000);
        buf_reserve(input, 64 * 1024);
        ssize_t n = read(STDIN_FILENO, input->data + input->size, input->room - input->size - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(e, CAUSE_STORE, "standard input: %s", strerror(errno));
        if (n == 0)
            return true;
        input->size += (size_t)n;
        if (input->size > INPUT_MAX_BYTES)
            return error_set(e, CAUSE_BAD_DATA, "more than %d bytes at once", INPUT_MAX_BYTES);
    }
}

/* The next message of the input; *size is what it took. */
static json_t *read_object(const char *text, size_t size, size_t *taken, struct error *e)
{
    json_error_t problem;
    json_t *json =
        json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &problem);
    *taken = (size_t)problem.position;
    if (!json)
        error_set(e, CAUSE_BAD_DATA, "not JSON: %s", problem.text);
    else if (*taken > OBSERVATION_MAX_BYTES) {
        json_decref(json);
        json = NULL;
        error_set(e, CAUSE_BAD_DATA, "%zu bytes; at most %d are taken", *taken,
                  OBSERVATION_MAX_BYTES);
    }
    return json;
}

/* All of them as lines; their ids into `ids`. */
static bool make_lines(const struct buf *input, struct buf *lines, json_t *ids, struct error *e)
{
    const struct observation_route route = {0};
    const char *text = input->data;
    const char *end = text + input->size;
    for (text += strspn(text, " \t\r\n"); text < end; text += strspn(text, " \t\r\n")) {
        struct observation o;
        size_t taken = 0;
        json_t *json = read_object(text, (size_t)(end - text), &taken, e);
        if (!json || !observation_take(json, &route, &o, e))
            return error_wrap(e, "message %zu", json_array_size(ids) + 1);
        observation_stamp(&o);
        observation_write_line(&o, lines);
        json_array_append_new(ids, json_string(observation_id(&o)));
        observation_release(&o);
        text += taken;
    }
    return lines->size > 0 || error_set(e, CAUSE_BAD_DATA, "there is no message on standard input");
}

/* --- output ------------------------------------------------------------------------------------
 */

static bool check_source(const struct home *home, const char *id, struct error *e)
{
    CLEANUP(free_text) char *path = home_path(home, HOME_SOURCES_JSON);
    struct config config = {0};
    bool ok = config_read(path, &config, NULL, e);
    const struct source_config *source = ok ? config_find(&config, id) : NULL;
    if (ok && !source)
        ok = error_set(e, CAUSE_CONFIG,
                       "no source \"%s\" in %s; `lattice-supervise add %s --kind inbox` makes it",
                       id, path, id);
    else if (ok && strcmp(source->kind, "inbox") != 0)
        ok = error_set(e, CAUSE_CONFIG, "source \"%s\" is no inbox: its kind is %s", id,
                       source->kind);
    config_release(&config);
    return ok;
}

static bool append(const struct home *home, const char *id, const struct buf *lines,
                   struct error *e)
{
    CLEANUP(free_text) char *path = home_source_path(home, id, SOURCE_INBOX);
    struct spool spool = {0};
    bool ok = home_make_source(home, id, e) && spool_open(&spool, path, e) &&
              spool_append(&spool, lines->data, lines->size, e);
    spool_close(&spool);
    return ok;
}

static bool run(const struct options *o, json_t *ids, struct error *e)
{
    struct home home = {0};
    struct buf input = {0};
    struct buf lines = {0};
    buf_reserve(&input, 1);
    bool ok = home_open_existing(o->home, &home, e) && check_source(&home, o->id, e) &&
              read_input(&input, e);
    if (ok) {
        input.data[input.size] = '\0';
        ok = make_lines(&input, &lines, ids, e) && append(&home, o->id, &lines, e);
    }
    buf_release(&input);
    buf_release(&lines);
    home_release(&home);
    return ok;
}

static int complain(const struct options *o, const struct error *e)
{
    struct buf text = {0};
    text_escape(&text, e->text, strlen(e->text));
    fprintf(stderr, "error: %s: %s\n", cause_name(e->cause), text.data);
    buf_release(&text);
    return o->strict ? cause_exit(e->cause) : 0;
}

int command_append(int argc, char **argv)
{
    struct options o = {0};
    struct error e = {0};
    CLEANUP(free_json) json_t *ids = json_array();
    if (!parse(argc, argv, &o, &e) || (!o.help && !run(&o, ids, &e)))
        return complain(&o, &e);
    if (o.help)
        fputs(usage, stdout);
    else if (o.json)
        json_print(json_pack("{s:O}", "ids", ids));
    return 0;
}
