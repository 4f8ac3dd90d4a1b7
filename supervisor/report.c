/* Counting, the last line, JSON, and printing. */
#include "supervisor/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/duration.h"
#include "common/json_text.h"
#include "supervisor/schedule.h"
#include "supervisor/table.h"

/* Every name that a status can have, in the order of the last line. */
static const char *name_at(size_t i)
{
    static const char *const others[] = {"running", "stalled", "never", "disabled"};
    if (i < OUTCOME_COUNT)
        return outcome_name((enum outcome)i);
    i -= OUTCOME_COUNT;
    return i < sizeof others / sizeof *others ? others[i] : NULL;
}

static size_t count_named(const struct report *report, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += strcmp(status_name(&report->statuses[i]), name) == 0;
    return count;
}

/* A worker that somebody else runs kept ours from its work. */
static enum verdict verdict_of(const struct source_status *status)
{
    switch (status->word) {
    case STATUS_OUTCOME:
        return schedule_verdict(&status->result);
    case STATUS_RUNNING:
    case STATUS_STALLED:
        return VERDICT_FAILED;
    case STATUS_NEVER:
    case STATUS_DISABLED:
        break;
    }
    return VERDICT_OK;
}

int report_exit_code(const struct source_status *statuses, size_t count, bool partial_ok)
{
    int code = EXIT_ALL_OK;
    for (size_t i = 0; i < count; i++) {
        enum verdict verdict = verdict_of(&statuses[i]);
        if (verdict == VERDICT_FAILED)
            return EXIT_SOME_FAILED;
        if (verdict == VERDICT_PARTIAL && !partial_ok)
            code = EXIT_SOME_PARTIAL;
    }
    return code;
}

void report_line(struct buf *out, const struct report *report)
{
    static const char dot[] = " \xC2\xB7 ";
    const char *separator = ": ";
    char duration[DURATION_TEXT_SIZE];
    const char *name;
    buf_printf(out, "%zu source%s", report->count, report->count == 1 ? "" : "s");
    for (size_t i = 0; (name = name_at(i)); i++) {
        size_t count = count_named(report, name);
        if (count == 0)
            continue;
        buf_printf(out, "%s%zu %s", separator, count, name);
        separator = ", ";
    }
    if (report->ran) {
        duration_format(report->duration_ms, duration);
        buf_printf(out, "%s%d wave%s%s%s", dot, report->waves, report->waves == 1 ? "" : "s", dot,
                   duration);
    }
    buf_add_byte(out, '\n');
}

static json_t *summary_json(const struct report *report)
{
    json_t *summary = json_object();
    const char *name;
    json_object_set_new(summary, "sources", json_integer((json_int_t)report->count));
    for (size_t i = 0; (name = name_at(i)); i++)
        json_object_set_new(summary, name, json_integer((json_int_t)count_named(report, name)));
    if (report->ran) {
        json_object_set_new(summary, "waves", json_integer(report->waves));
        json_object_set_new(summary, "duration_ms", json_integer(report->duration_ms));
        json_object_set_new(summary, "exit_code", json_integer(report->exit_code));
    }
    return summary;
}

json_t *report_json(const struct report *report)
{
    json_t *sources = json_array();
    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(sources, status_json(&report->statuses[i]));
    json_t *document = json_object();
    json_object_set_new(document, "version", json_integer(REPORT_VERSION));
    json_object_set_new(document, "sources", sources);
    json_object_set_new(document, "summary", summary_json(report));
    if (report->containment)
        json_object_set_new(document, "containment", json_string(report->containment));
    return document;
}

static void print_json(const struct report *report)
{
    json_print(report_json(report));
}

static struct table_style style_of_stdout(void)
{
    const char *term = getenv("TERM");
    const char *no_colour = getenv("NO_COLOR");
    struct winsize size = {0};
    if (!isatty(STDOUT_FILENO))
        return (struct table_style){0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
    return (struct table_style){.width = known ? size.ws_col : 0,
                                .colour = term && strcmp(term, "dumb") != 0 &&
                                          !(no_colour && no_colour[0])};
}

static void print_table(const struct report *report)
{
    struct buf text = {0};
    struct table_style style = style_of_stdout();
    table_write(&text, report->statuses, report->count, &style);
    report_line(&text, report);
    if (report->containment_text)
        buf_printf(&text, "containment: %s\n", report->containment_text);
    fwrite(text.data, 1, text.size, stdout);
    buf_release(&text);
}

bool report_print(const struct report *report, bool json)
{
    if (json)
        print_json(report);
    else
        print_table(report);
    return fflush(stdout) == 0 && !ferror(stdout);
}
