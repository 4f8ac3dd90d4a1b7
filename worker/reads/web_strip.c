/* The last runs of a source as a small picture. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/reads/web_sources.h"
#include "worker/reads/web_time.h"

const char *web_tone(const char *status)
{
    static const struct {
        const char *status;
        const char *tone;
    } tones[] = {
        {"ok", "good"},      {"unchanged", "good"}, {"running", "busy"},
        {"partial", "some"}, {"never", "off"},      {"disabled", "off"},
    };
    for (size_t i = 0; i < sizeof tones / sizeof *tones; i++)
        if (strcmp(status, tones[i].status) == 0)
            return tones[i].tone;
    return "bad";
}

enum { STRIP_HEIGHT = 20, BAR_WIDTH = 4, BAR_STEP = 6 };

/* Form says the same as colour: what failed is as high as can be, what changed nothing is a dot,
 * what changed something grows with how much it was. */
static int height_of(const json_t *run)
{
    int64_t done = member_number(run, "added", 0) + member_number(run, "changed", 0) +
                   member_number(run, "deleted", 0);
    int height = 4;
    if (strcmp(web_tone(member_text(run, "status")), "bad") == 0)
        return STRIP_HEIGHT;
    for (; done > 0 && height < STRIP_HEIGHT - 4; done /= 4)
        height += 2;
    return height;
}

/* "failed, 3 h ago, 340 ms: unreachable" */
static void bar_title(struct html *h, const json_t *run, int64_t now_s)
{
    char words[32];
    int64_t done[] = {member_number(run, "added", 0), member_number(run, "changed", 0),
                      member_number(run, "deleted", 0)};
    age_words(now_s - member_number(run, "ended_at", now_s), words, sizeof words);
    html_text(h, member_text(run, "status"));
    html_textf(h, ", %s ago, ", words);
    html_duration(h, member_number(run, "duration_ms", 0));
    if (done[0] || done[1] || done[2])
        html_textf(h, ", +%" PRId64 " ~%" PRId64 " -%" PRId64 " pages", done[0], done[1], done[2]);
    if (member_text(run, "message")[0]) {
        html_markup(h, ": ");
        html_text(h, member_text(run, "message"));
    }
}

static void strip_label(struct html *h, const json_t *runs, size_t count)
{
    size_t bad = 0;
    size_t some = 0;
    for (size_t i = 0; i < count; i++) {
        const char *tone = web_tone(member_text(json_array_get(runs, i), "status"));
        bad += strcmp(tone, "bad") == 0;
        some += strcmp(tone, "some") == 0;
    }
    html_textf(h, "The last %zu runs: %zu good, %zu partial, %zu failed; the newest: %s", count,
               count - bad - some, some, bad, member_text(json_array_get(runs, 0), "status"));
}

void web_strip(struct html *h, const json_t *runs, int64_t now_s)
{
    size_t count = json_array_size(runs);
    if (count > WEB_STRIP_RUNS)
        count = WEB_STRIP_RUNS;
    if (count == 0) {
        html_markup(h, "<span class=\"quiet\">no runs</span>");
        return;
    }
    html_markup(h, "<svg class=\"strip\" role=\"img\" width=\"144\" height=\"21\""
                   " viewBox=\"0 0 144 21\" aria-label=\"");
    strip_label(h, runs, count);
    html_markup(h, "\"><rect class=\"ground\" x=\"0\" y=\"20\" width=\"144\" height=\"1\"/>");
    for (size_t i = count; i-- > 0;) {
        const json_t *run = json_array_get(runs, i);
        int height = height_of(run);
        int x = (int)(WEB_STRIP_RUNS - 1 - i) * BAR_STEP + 1;
        html_markup(h, "<rect");
        html_attr(h, "class", web_tone(member_text(run, "status")));
        html_markup(h, " x=\"");
        html_textf(h, "%d", x);
        html_markup(h, "\" y=\"");
        html_textf(h, "%d", STRIP_HEIGHT - height);
        html_markup(h, "\" width=\"");
        html_textf(h, "%d", BAR_WIDTH);
        html_markup(h, "\" height=\"");
        html_textf(h, "%d", height);
        html_markup(h, "\" rx=\"1\"><title>");
        bar_title(h, run, now_s);
        html_markup(h, "</title></rect>");
    }
    html_markup(h, "</svg>");
}
