/* `status`: reads configuration, stores and ledger, takes no lock, works while a run goes on. */
#include "supervisor/command_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/duration.h"
#include "common/home.h"
#include "common/status.h"
#include "common/text.h"
#include "supervisor/command_line.h"
#include "supervisor/complain.h"
#include "supervisor/containment.h"
#include "supervisor/control_client.h"
#include "supervisor/help.h"
#include "supervisor/limits.h"
#include "supervisor/lock_owner.h"
#include "supervisor/options.h"
#include "supervisor/report.h"
#include "supervisor/watch.h"

struct status_command {
    struct status_options options;
    struct home home;
    struct config config;
    struct ledger *ledger; /* NULL: none yet, or not readable */
    struct source_status *statuses;
    size_t count;
};

static bool check_ids(const struct status_command *c, struct error *e)
{
    for (char *const *id = c->options.ids; *id; id++)
        if (!config_find(&c->config, *id))
            return error_set(e, CAUSE_USAGE, "no source \"%s\"; lattice-supervise list shows all",
                             *id);
    return true;
}

static bool asked_for(const struct status_command *c, const char *id)
{
    for (char *const *asked = c->options.ids; *asked; asked++)
        if (strcmp(*asked, id) == 0)
            return true;
    return c->options.ids[0] == NULL;
}

static bool open_all(struct status_command *c, struct error *e)
{
    if (!home_open_existing(c->options.home, &c->home, e))
        return false;
    char *path = home_path(&c->home, HOME_SOURCES_JSON);
    struct config_mistakes mistakes = {0};
    bool ok = config_read(path, &c->config, &mistakes, e);
    complain_mistakes(path, &mistakes, e);
    config_mistakes_release(&mistakes);
    free(path);
    struct error ledger_error = {0};
    if (ok && !ledger_open_read(&c->home, &c->ledger, &ledger_error))
        print_note("warning", "%s", ledger_error.text);
    return ok && check_ids(c, e);
}

/* What the running supervisor knows is newer than what its workers wrote into their stores. */
static void show_live(const struct control_reply *reply, struct source_status *status)
{
    struct lock_row *row = &status->holder;
    char progress[160] = "starting";
    char left[DURATION_TEXT_SIZE];
    if (status->word != STATUS_STALLED)
        status->word = STATUS_RUNNING;
    memcpy(row->phase, reply->phase, sizeof row->phase);
    row->done = reply->done;
    row->total = reply->total;
    row->last_refreshed_at = clock_unix_s() - reply->quiet_ms / 1000;
    if (reply->phase[0])
        status_progress(row, clock_unix_s(), progress, sizeof progress);
    duration_format(reply->left_ms > 0 ? reply->left_ms : 0, left);
    snprintf(status->result.message, sizeof status->result.message, "%s (%s), %s%s to its deadline",
             status_name(status), progress, reply->stopping ? "stopping, " : "", left);
    size_t used = strlen(status->result.message);
    if (row->holder.pid)
        snprintf(status->result.message + used, sizeof status->result.message - used, ", pid %d",
                 (int)row->holder.pid);
}

/* Without a supervisor, or one that does not answer, the stores have the say. */
static void ask_supervisor(struct status_command *c)
{
    struct control_request request = {.command = "status"};
    struct control_reply reply = {0};
    struct control_line line;
    struct error ignored = {0};
    bool ok = control_ask(&c->home, &request, &line, &ignored);
    while (ok && reply.type != REPLY_END) {
        ok = control_next(&line, STATUS_ANSWER_MS, &reply, &ignored);
        for (size_t i = 0; ok && reply.type == REPLY_RUNNING && i < c->count; i++)
            if (strcmp(c->statuses[i].id, reply.source) == 0)
                show_live(&reply, &c->statuses[i]);
    }
    control_line_release(&line);
}

/* A lock without a row is a worker that starts, or somebody who will never write one. */
static void show_holder(const struct status_command *c, struct source_status *status)
{
    struct lock_owner owner;
    if (status->word != STATUS_RUNNING || status->holder.run_id[0])
        return;
    CLEANUP(free_text) char *path = home_source_path(&c->home, status->id, SOURCE_LOCK);
    if (lock_owner_foreign(path, &owner))
        snprintf(status->result.message, sizeof status->result.message,
                 "pid %d (%s) holds the lock and is no worker", (int)owner.id.pid, owner.command);
}

/* The lock is asked for before the store is read: a worker that ends in between is then shown as
 * running with an old row rather than as idle with a fresh one. */
static void read_one(struct status_command *c, const struct source_config *source)
{
    struct store_view view;
    struct ledger_source history = {0};
    struct error view_error = {0};
    struct error ledger_error = {0};
    bool locked = source_is_locked(&c->home, source->id);
    bool read = store_view_read(&c->home, source->id, &view, &view_error);
    if (c->ledger && !ledger_read_source(c->ledger, source->id, &history, &ledger_error))
        print_note("warning", "%s", ledger_error.text);
    struct status_parts parts = {.source = source,
                                 .view = read ? &view : NULL,
                                 .view_error = read ? NULL : &view_error,
                                 .ledger = &history,
                                 .locked = locked,
                                 .now_s = clock_unix_s()};
    status_make(&parts, &c->statuses[c->count]);
    show_holder(c, &c->statuses[c->count++]);
}

static bool print(struct status_command *c)
{
    c->statuses = xcalloc(c->config.count, sizeof *c->statuses);
    for (size_t i = 0; i < c->config.count; i++)
        if (asked_for(c, c->config.sources[i].id))
            read_one(c, &c->config.sources[i]);
    ask_supervisor(c);
    struct report report = {.statuses = c->statuses, .count = c->count};
    enum containment_tier tier;
    char text[ERROR_TEXT_SIZE];
    struct error e = {0};
    if (containment_probe(&tier, text, sizeof text, &e)) {
        report.containment = containment_name(tier);
        report.containment_text = text;
    } else
        print_note("warning", "%s", e.text);
    return report_print(&report, c->options.json);
}

static void release(struct status_command *c)
{
    free(c->statuses);
    c->statuses = NULL;
    c->count = 0;
    ledger_close(&c->ledger);
    config_release(&c->config);
    c->config = (struct config){0};
    home_release(&c->home);
    c->home = (struct home){0};
}

static int show(struct status_command *c)
{
    struct error e = {0};
    if (!open_all(c, &e))
        return complain_error(&e);
    return print(c) ? EXIT_ALL_OK : EXIT_SOME_FAILED;
}

/* Again on each change, until nobody reads any more. A mistake in sources.json is said and waited
 * out, but not the first time. */
static int show_changes(struct status_command *c)
{
    struct error e = {0};
    struct home home = {0};
    struct watch *watch = NULL;
    int code = EXIT_ALL_OK;
    bool clears = isatty(STDOUT_FILENO) && !c->options.json;
    if (!home_open_existing(c->options.home, &home, &e) || !watch_open(&home, &watch, &e))
        code = complain_error(&e);
    for (bool first = true; watch; first = false) {
        if (clears)
            fputs("\033[H\033[J", stdout);
        int shown = show(c);
        release(c);
        if (first && shown != EXIT_ALL_OK)
            code = shown;
        if (code != EXIT_ALL_OK || ferror(stdout) ||
            watch_wait(watch, STDOUT_FILENO) == WATCH_HUNG_UP)
            watch_close(&watch);
    }
    home_release(&home);
    return code;
}

int command_status(int argc, char **argv)
{
    struct status_command c = {0};
    struct error e = {0};
    if (!status_options_parse(argc, argv, &c.options, &e))
        return complain_error(&e);
    int code = c.options.help    ? help_print(help_status_text)
               : c.options.watch ? show_changes(&c)
                                 : show(&c);
    release(&c);
    return code;
}
