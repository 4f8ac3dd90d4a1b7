/* The table, its notes and the last line. */
#include "supervisor/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/note.h"
#include "supervisor/report.h"
#include "tests/unit/harness.h"

static struct source_status status_of(const char *id, enum outcome outcome)
{
    struct source_status status = {.enabled = true, .has_result = true, .fresh_s = 0};
    snprintf(status.id, sizeof status.id, "%s", id);
    snprintf(status.kind, sizeof status.kind, "git");
    status.result.outcome = outcome;
    return status;
}

static void say(struct source_status *status, const char *message)
{
    snprintf(status->result.message, sizeof status->result.message, "%s", message);
}

/* The example of the design, to the letter. */
static void make_example(struct source_status s[4])
{
    s[0] = status_of("notes", OUTCOME_OK);
    s[0].result.pages = 12480;
    s[0].result.added = 31;
    s[0].result.changed = 4;
    s[0].result.duration_ms = 2100;
    s[1] = status_of("wiki", OUTCOME_PARTIAL);
    s[1].result.pages = 61200;
    s[1].result.added = 20480;
    s[1].result.remaining = 31024;
    s[1].result.duration_ms = 50000;
    s[1].fresh_s = 3 * 3600 + 12 * 60;
    say(&s[1], "stopped at its deadline; 31024 pages left, run again to go on");
    s[2] = status_of("recall", OUTCOME_UNCHANGED);
    snprintf(s[2].kind, sizeof s[2].kind, "repo-recall");
    s[2].result.pages = 212;
    s[2].result.duration_ms = 200;
    s[3] = status_of("media", OUTCOME_FAILED);
    s[3].result.pages = 90112;
    s[3].result.cause = CAUSE_UNREACHABLE;
    s[3].result.remaining = -1;
    s[3].result.duration_ms = 400;
    s[3].fresh_s = 2 * 86400 + 4 * 3600;
    say(&s[3], "could not resolve host git.example.org");
}

TEST(prints_the_example_of_the_design)
{
    struct source_status s[4];
    struct buf out = {0};
    make_example(s);
    table_write(&out, s, 4, &(struct table_style){0});
    report_line(
        &out,
        &(struct report){.statuses = s, .count = 4, .ran = true, .waves = 1, .duration_ms = 50300});
    CHECK_STR(out.data,
              "SOURCE  KIND         STATUS     PAGES  ADDED  CHANGED  DELETED  REMAIN   TIME  "
              "FRESH  NOTE\n"
              "notes   git          ok         12480     31        4        0       0   2.1s  now\n"
              "wiki    git          partial    61200  20480        0        0   31024  50.0s  "
              "3h12m  stopped at its deadline; 31024 pages left, run again to go on\n"
              "recall  repo-recall  unchanged    212      0        0        0       0   0.2s  now\n"
              "media   git          failed     90112      0        0        0       -   0.4s  "
              "2d4h   unreachable: could not resolve host git.example.org\n"
              "4 sources: 1 ok, 1 unchanged, 1 partial, 1 failed \xC2\xB7 1 wave \xC2\xB7 50.3s\n");
    buf_release(&out);
}

TEST(a_source_that_never_ran_shows_dashes)
{
    struct source_status s = status_of("new", OUTCOME_OK);
    struct buf out = {0};
    s.has_result = false;
    s.word = STATUS_NEVER;
    s.fresh_s = -1;
    s.result.remaining = -1;
    table_write(&out, &s, 1, &(struct table_style){0});
    CHECK_CONTAINS(out.data,
                   "new     git   never       0      -        -        -       -     -  never  "
                   "never synced\n");
    buf_release(&out);
}

static char *note_of(const struct source_status *status)
{
    struct buf note = {0};
    note_write(&note, status);
    return buf_take(&note);
}

TEST(counts_without_a_column_are_told_in_words)
{
    struct source_status s = status_of("a", OUTCOME_OK);
    s.result.renamed = 2;
    s.result.errors = 1;
    s.result.quarantined = 3;
    s.result.skipped = 5;
    char *note = note_of(&s);
    CHECK_STR(note, "2 pages renamed; 1 page cannot be imported; 3 pages quarantined; "
                    "5 symlinks and submodules not followed");
    free(note);
}

TEST(a_cause_is_said_once)
{
    struct source_status s = status_of("a", OUTCOME_FAILED);
    s.result.cause = CAUSE_AUTH;
    say(&s, "auth: no");
    char *note = note_of(&s);
    CHECK_STR(note, "auth: no");
    free(note);
    say(&s, "");
    note = note_of(&s);
    CHECK_STR(note, "auth");
    free(note);
}

TEST(hostile_text_cannot_drive_the_terminal)
{
    struct source_status s = status_of("a", OUTCOME_FAILED);
    struct buf out = {0};
    say(&s, "\x1b[2J\nok  git\xff\xe2\x80\xae");
    table_write(&out, &s, 1, &(struct table_style){0});
    CHECK(!strchr(out.data, '\x1b'));
    CHECK_CONTAINS(out.data, "\\x1b[2J\\nok");
    CHECK_INT(strchr(strchr(out.data, '\n') + 1, '\n') - out.data, out.size - 1);
    buf_release(&out);
}

TEST(a_note_never_wraps_the_terminal)
{
    struct source_status s = status_of("a", OUTCOME_FAILED);
    say(&s, "\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2"
            "\xE5\xAD\x97\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2\xE5\xAD\x97");
    for (size_t width = 100; width < 140; width++) {
        struct buf out = {0};
        table_write(&out, &s, 1, &(struct table_style){.width = width});
        const char *line = strchr(out.data, '\n') + 1;
        CHECK(text_columns(line, strlen(line) - 1) <= width);
        CHECK(utf8_valid(out.data, out.size));
        buf_release(&out);
    }
}

TEST(text_is_cut_with_an_ellipsis)
{
    struct buf out = {0};
    text_cut(&out, "abcdef", 6);
    text_cut(&out, "|abcdef", 4);
    CHECK_STR(out.data, "abcdef|ab\xE2\x80\xA6");
    buf_release(&out);
}

TEST(colour_does_not_move_the_columns)
{
    struct source_status s[4];
    struct buf plain = {0};
    struct buf colour = {0};
    struct buf stripped = {0};
    make_example(s);
    table_write(&plain, s, 4, &(struct table_style){0});
    table_write(&colour, s, 4, &(struct table_style){.colour = true});
    for (size_t i = 0; i < colour.size; i++) {
        if (colour.data[i] == '\x1b')
            i += strcspn(colour.data + i, "m");
        else
            buf_add_byte(&stripped, colour.data[i]);
    }
    CHECK(colour.size > plain.size);
    CHECK_STR(stripped.data, plain.data);
    buf_release(&plain);
    buf_release(&colour);
    buf_release(&stripped);
}

TEST(exit_codes_follow_the_verdicts)
{
    struct source_status ok = status_of("a", OUTCOME_UNCHANGED);
    struct source_status partial = status_of("b", OUTCOME_PARTIAL);
    struct source_status failed = status_of("c", OUTCOME_CRASHED);
    struct source_status disabled = failed;
    disabled.word = STATUS_DISABLED;
    CHECK_INT(report_exit_code((struct source_status[]){ok, disabled}, 2, false), 0);
    CHECK_INT(report_exit_code((struct source_status[]){ok, partial}, 2, false), 3);
    CHECK_INT(report_exit_code((struct source_status[]){ok, partial}, 2, true), 0);
    CHECK_INT(report_exit_code((struct source_status[]){partial, failed}, 2, true), 1);
    struct source_status running = ok;
    running.word = STATUS_RUNNING;
    CHECK_INT(report_exit_code(&running, 1, false), 1);
}

TEST(the_json_summary_counts_what_the_sources_say)
{
    struct source_status s[4];
    make_example(s);
    json_t *document = report_json(&(struct report){
        .statuses = s, .count = 4, .ran = true, .waves = 2, .duration_ms = 7, .exit_code = 1});
    json_t *summary = json_object_get(document, "summary");
    CHECK_INT(json_integer_value(json_object_get(document, "version")), 1);
    CHECK_INT(json_array_size(json_object_get(document, "sources")), 4);
    CHECK_INT(json_integer_value(json_object_get(summary, "sources")), 4);
    CHECK_INT(json_integer_value(json_object_get(summary, "failed")), 1);
    CHECK_INT(json_integer_value(json_object_get(summary, "crashed")), 0);
    CHECK_INT(json_integer_value(json_object_get(summary, "waves")), 2);
    CHECK_INT(json_integer_value(json_object_get(summary, "exit_code")), 1);
    json_decref(document);
}
