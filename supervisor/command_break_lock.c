/* `break-lock`: options, one verdict per source. */
#include "supervisor/command_break_lock.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/duration.h"
#include "common/json_text.h"
#include "common/ledger_history.h"
#include "common/lock.h"
#include "common/text.h"
#include "supervisor/break_lock.h"
#include "supervisor/command_line.h"
#include "supervisor/complain.h"
#include "supervisor/control_client.h"
#include "supervisor/help.h"
#include "supervisor/holder.h"
#include "supervisor/id_list.h"

static const char help[] =
    "usage: lattice-supervise break-lock (--all | --source ID...) [--max-age D | --force] "
    "[--json]\n"
    "\n"
    "Ends the worker that holds a source's lock, with everything it started, and clears the\n"
    "lock. Without an option only where the holder is dead already.\n"
    "\n"
    "  --all        every source, also those that are no longer configured\n"
    "  --source ID  this one; repeatable\n"
    "  --max-age D  also a worker that has made no progress for D; one that is at work is safe\n"
    "  --force      any worker\n"
    "  --json       as one JSON document\n"
    "  --home DIR   where everything is kept ($LATTICE_HOME)\n"
    "  --help       this text\n"
    "\n"
    "Each source gets a verdict: broken, forced (by --force, while it lived), absent (nobody\n"
    "holds it), race_already_cleared, or refused, with the reason.\n"
    "Exits with 0, or with 1 if any was refused.\n";

struct break_command {
    bool all;
    bool json;
    bool help;
    const char *home_path; /* borrowed */
    bool alone;            /* the supervisor that runs does not answer */
    struct break_options options;
    struct id_list ids;
    struct home home;
};

enum flag {
    FLAG_ALL = 256,
    FLAG_SOURCE,
    FLAG_MAX_AGE,
    FLAG_FORCE,
    FLAG_JSON,
    FLAG_HOME,
    FLAG_HELP
};

static const struct option flags[] = {
    {"all", no_argument, NULL, FLAG_ALL},
    {"source", required_argument, NULL, FLAG_SOURCE},
    {"max-age", required_argument, NULL, FLAG_MAX_AGE},
    {"force", no_argument, NULL, FLAG_FORCE},
    {"json", no_argument, NULL, FLAG_JSON},
    {"home", required_argument, NULL, FLAG_HOME},
    {"help", no_argument, NULL, FLAG_HELP},
    {NULL, 0, NULL, 0},
};

static bool take_flag(struct break_command *c, int flag, char **argv, struct error *e)
{
    switch (flag) {
    case FLAG_SOURCE:
        if (!source_id_valid(optarg))
            return error_set(e, CAUSE_USAGE, "--source: expected the id of a source");
        id_list_add(&c->ids, optarg);
        return true;
    case FLAG_MAX_AGE:
        return duration_parse(optarg, "--max-age", &c->options.max_age_ms, e);
    case FLAG_HOME:
        c->home_path = optarg;
        return true;
    case ':':
        return error_set(e, CAUSE_USAGE, "%s needs a value", argv[optind - 1]);
    case '?':
        return error_set(e, CAUSE_USAGE, "unknown option %s", argv[optind - 1]);
    default:
        c->all |= flag == FLAG_ALL;
        c->options.force |= flag == FLAG_FORCE;
        c->json |= flag == FLAG_JSON;
        c->help |= flag == FLAG_HELP;
        return true;
    }
}

static bool parse(int argc, char **argv, struct break_command *c, struct error *e)
{
    int flag;
    optind = 0;
    opterr = 0;
    while ((flag = getopt_long(argc, argv, ":", flags, NULL)) != -1)
        if (!take_flag(c, flag, argv, e))
            return false;
    if (c->help)
        return true;
    if (optind < argc)
        return error_set(e, CAUSE_USAGE, "unexpected word \"%s\"; name a source with --source",
                         argv[optind]);
    if (c->options.force && c->options.max_age_ms)
        return error_set(e, CAUSE_USAGE, "--max-age and --force exclude each other");
    if (c->all == (c->ids.count > 0))
        return error_set(e, CAUSE_USAGE,
                         c->all ? "--all and --source exclude each other"
                                : "say whose lock: --all, or --source ID");
    return true;
}

/* A misspelt id must not look like a lock that nobody holds. */
static bool check_ids(const struct break_command *c, struct error *e)
{
    struct id_list known = {0};
    bool ok = true;
    id_list_add_all(&known, &c->home);
    for (size_t i = 0; ok && i < c->ids.count; i++)
        if (!id_list_has(&known, c->ids.ids[i]))
            ok = error_set(e, CAUSE_USAGE, "no source \"%s\"; lattice-supervise list shows all",
                           c->ids.ids[i]);
    id_list_release(&known);
    return ok;
}

static void print_line(const struct break_verdict *verdict)
{
    struct buf line = {0};
    text_escape(&line, verdict->reason, strlen(verdict->reason));
    printf("%s: %s: %s\n", verdict->id, break_answer_name(verdict->answer),
           line.data ? line.data : "");
    fflush(stdout); /* the next one may take its grace */
    buf_release(&line);
}

/* What was broken without a supervisor. The ledger has one writer: if one has begun meanwhile, it
 * goes uncounted. */
static void count_broken(const struct break_command *c, const int64_t counts[BREAK_ANSWERS])
{
    struct ledger *ledger = NULL;
    struct error e = {0};
    int fd = -1;
    if (counts[BREAK_BROKEN] + counts[BREAK_FORCED] == 0 || !holder_acquire(&c->home, &fd, &e))
        return;
    bool ok = ledger_open(&c->home, &ledger, &e) && ledger_begin(ledger, &e);
    for (int i = 0; ok && i < BREAK_ANSWERS; i++)
        if (counts[i] && (i == BREAK_BROKEN || i == BREAK_FORCED))
            ok = ledger_count(ledger, COUNTER_LOCK_CLEARED, break_answer_name((enum break_answer)i),
                              counts[i], &e);
    if (!ok || !ledger_commit(ledger, &e))
        print_note("warning", "%s", e.text);
    ledger_close(&ledger);
    lock_kernel_release(&fd);
}

/* The supervisor that runs breaks it, and counts it. False if none answers, with CAUSE_UNREACHABLE,
 * or if it will not. One that is wedged is asked once. */
static bool ask_supervisor(struct break_command *c, const char *id, struct break_verdict *verdict,
                           struct error *e)
{
    struct control_request request = {
        .command = "break-lock", .force = c->options.force, .max_age_ms = c->options.max_age_ms};
    struct control_reply reply = {0};
    struct control_line line;
    bool told = false;
    snprintf(request.source, sizeof request.source, "%s", id);
    if (c->alone)
        return error_set(e, CAUSE_UNREACHABLE, "the supervisor does not answer");
    bool asked = control_ask(&c->home, &request, &line, e);
    bool ok = asked && control_taken(&line, e);
    c->alone = asked && !ok && e->cause == CAUSE_UNREACHABLE;
    while (ok && reply.type != REPLY_END) {
        ok = control_next(&line, -1, &reply, e);
        if (ok && reply.type == REPLY_VERDICT) {
            *verdict = reply.verdict;
            told = true;
        }
    }
    control_line_release(&line);
    if (ok && !told)
        return error_set(e, reply.cause ? reply.cause : CAUSE_BUG, "%s",
                         reply.text[0] ? reply.text : "the supervisor gave no verdict");
    return ok;
}

/* Returns whether we did it ourselves. */
static bool break_one(struct break_command *c, const char *id, struct break_verdict *verdict)
{
    struct error e = {0};
    *verdict = (struct break_verdict){.answer = BREAK_REFUSED, .age_s = -1};
    if (ask_supervisor(c, id, verdict, &e))
        return false;
    if (e.cause == CAUSE_UNREACHABLE) {
        break_lock_one(&c->home, id, &c->options, verdict);
        return true;
    }
    snprintf(verdict->id, sizeof verdict->id, "%s", id);
    snprintf(verdict->reason, sizeof verdict->reason, "%s", e.text);
    return false;
}

static int break_all(struct break_command *c)
{
    int64_t counts[BREAK_ANSWERS] = {0};
    int64_t own[BREAK_ANSWERS] = {0};
    json_t *list = json_array();
    for (size_t i = 0; i < c->ids.count; i++) {
        struct break_verdict verdict;
        bool by_us = break_one(c, c->ids.ids[i], &verdict);
        counts[verdict.answer]++;
        own[verdict.answer] += by_us;
        if (!c->json)
            print_line(&verdict);
        json_array_append_new(list, break_verdict_json(&verdict));
    }
    count_broken(c, own);
    int refused = (int)counts[BREAK_REFUSED];
    if (c->json)
        json_print(json_pack("{s:i, s:o, s:i}", "version", 1, "locks", list, "refused", refused));
    else
        json_decref(list);
    return refused || fflush(stdout) != 0 ? EXIT_SOME_FAILED : EXIT_ALL_OK;
}

static int run(struct break_command *c)
{
    struct error e = {0};
    if (!home_open_existing(c->home_path, &c->home, &e) || (!c->all && !check_ids(c, &e)))
        return complain_error(&e);
    if (c->all)
        id_list_add_all(&c->ids, &c->home);
    return break_all(c);
}

int command_break_lock(int argc, char **argv)
{
    struct break_command c = {0};
    struct error e = {0};
    int code = !parse(argc, argv, &c, &e) ? complain_error(&e)
               : c.help                   ? help_print(help)
                                          : run(&c);
    id_list_release(&c.ids);
    home_release(&c.home);
    return code;
}
