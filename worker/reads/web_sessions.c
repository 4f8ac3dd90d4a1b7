/* Sessions of agents, as they come in. */
#include "worker/reads/web_sessions.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/reads/web_markdown.h"
#include "worker/reads/web_time.h"

#define MIDDLE_DOT " \xC2\xB7 "

/* --- parts of both ------------------------------------------------------------------------------
 */

static const char *tone_of(const json_t *session)
{
    return member_is(session, "state", "open")    ? "busy"
           : member_is(session, "state", "ended") ? "good"
                                                  : "some";
}

static void state(struct html *h, const json_t *session)
{
    html_markup(h, "<span class=\"pill ");
    html_text(h, tone_of(session));
    html_markup(h, "\">");
    html_text(h, member_text(session, "state"));
    html_markup(h, "</span>");
}

/* "3 decision, 1 note" */
static void counts(struct html *h, const json_t *by_type)
{
    const char *type;
    json_t *count;
    bool first = true;
    json_object_foreach ((json_t *)by_type, type, count) {
        html_textf(h, "%s%" JSON_INTEGER_FORMAT " ", first ? "" : ", ", json_integer_value(count));
        html_text(h, type);
        first = false;
    }
    if (first)
        html_markup(h, "nothing yet");
}

/* /sessions/SOURCE/ID?offset=N */
static void address(struct html *h, const json_t *session, int64_t offset)
{
    html_markup(h, "/sessions/");
    html_query(h, member_text(session, "source"));
    html_markup(h, "/");
    html_path(h, member_text(session, "id"));
    if (offset > 0)
        html_textf(h, "?offset=%" PRId64, offset);
}

/* What waits: nothing is said where nothing does. */
static void queue_note(struct html *h, const json_t *queue, int64_t now_s)
{
    int64_t waiting = member_number(queue, "waiting", 0);
    if (waiting == 0)
        return;
    html_markup(h, "<p class=\"note\" id=\"queue\">");
    html_count(h, waiting);
    html_markup(h, " on the way, the oldest pushed ");
    html_ago(h, member_number(queue, "oldest_at", now_s), now_s);
    html_markup(h, "</p>\n");
}

static void live(struct html *h)
{
    html_markup(h, "<p class=\"live\" id=\"live\" hidden></p>\n");
}

/* `session` NULL: of the list. */
static void page_address(struct html *h, const json_t *session, int64_t offset)
{
    html_markup(h, "<a href=\"");
    if (session)
        address(h, session, offset);
    else
        html_textf(h, "/sessions?offset=%" PRId64, offset);
    html_markup(h, "\">");
}

static void paging(struct html *h, const json_t *answer, const json_t *session)
{
    int64_t offset = member_number(answer, "offset", 0);
    int64_t limit = member_number(answer, "limit", 10);
    bool more = json_is_true(json_object_get(answer, "has_more"));
    if (offset == 0 && !more)
        return;
    html_markup(h, "<nav class=\"paging\" aria-label=\"More of them\">");
    if (offset > 0) {
        page_address(h, session, offset > limit ? offset - limit : 0);
        html_markup(h, "\xE2\x86\x90 Before these</a>");
    }
    if (more) {
        page_address(h, session, offset + limit);
        html_markup(h, "Behind these \xE2\x86\x92</a>");
    }
    html_markup(h, "</nav>\n");
}

/* --- the list ------------------------------------------------------------------------------------
 */

static void list_session(struct html *h, const json_t *session, int64_t now_s)
{
    static const char *const named[] = {"source", "project", "agent"};
    html_markup(h, "<li><a class=\"open\" href=\"");
    address(h, session, 0);
    html_markup(h, "\">");
    html_text(h, member_text(session, "title"));
    html_markup(h, "</a> <span class=\"origin\">");
    state(h, session);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (!member_text(session, named[i])[0])
            continue;
        html_markup(h, MIDDLE_DOT);
        html_text(h, member_text(session, named[i]));
    }
    html_markup(h, MIDDLE_DOT);
    counts(h, json_object_get(session, "observations"));
    html_markup(h, MIDDLE_DOT);
    html_ago(h, member_number(session, "last_at", 0), now_s);
    html_markup(h, "</span></li>\n");
}

void web_sessions(struct html *h, const struct web_asked *asked, const json_t *sessions,
                  const json_t *queue)
{
    const json_t *list = json_object_get(sessions, "sessions");
    size_t open = 0;
    size_t i;
    json_t *session;
    char said[96];
    json_array_foreach (list, i, session)
        open += member_is(session, "state", "open");
    snprintf(said, sizeof said, "%zu sessions, %zu of them open", i, open);
    struct web_frame frame = {WEB_SESSIONS, "Sessions - Lattice", "", "", said, asked->fragment};
    web_frame_begin(h, &frame);
    html_markup(h, "<h1>Sessions</h1>\n");
    live(h);
    queue_note(h, queue, asked->now_s);
    if (json_array_size(list) == 0)
        html_markup(h, "<div class=\"empty\">\n<p>No agent has pushed anything here yet.</p>\n"
                       "<pre><code>lattice-supervise add inbox --kind inbox\n"
                       "lattice-reads serve --inbox inbox</code></pre>\n</div>\n");
    else {
        html_markup(h, "<ul class=\"recent\">\n");
        json_array_foreach (list, i, session)
            list_session(h, session, asked->now_s);
        html_markup(h, "</ul>\n");
    }
    paging(h, sessions, NULL);
    web_silent_sources(h, sessions);
    web_frame_end(h, &frame);
}

/* --- one of them ---------------------------------------------------------------------------------
 */

static void fact(struct html *h, const char *name, const char *value)
{
    if (!value[0])
        return;
    html_markup(h, "<div><dt>");
    html_text(h, name);
    html_markup(h, "</dt><dd>");
    html_text(h, value);
    html_markup(h, "</dd></div>\n");
}

static void facts(struct html *h, const json_t *session, int64_t now_s)
{
    html_markup(h, "<dl class=\"facts\">\n<div><dt>State</dt><dd>");
    state(h, session);
    html_markup(h, "</dd></div>\n");
    fact(h, "Source", member_text(session, "source"));
    fact(h, "Project", member_text(session, "project"));
    fact(h, "Agent", member_text(session, "agent"));
    html_markup(h, "<div><dt>Begun</dt><dd>");
    html_ago(h, member_number(session, "started_at", 0), now_s);
    html_markup(h, "</dd></div>\n<div><dt>Last heard</dt><dd>");
    html_ago(h, member_number(session, "last_at", 0), now_s);
    html_markup(h, "</dd></div>\n<div><dt>Pushed</dt><dd>");
    counts(h, json_object_get(session, "counts"));
    html_markup(h, "</dd></div>\n</dl>\n");
}

/* Why search leaves it out. */
static void put_away(struct html *h, const json_t *observation)
{
    const char *by = member_text(observation, "superseded_by");
    if (by[0]) {
        html_markup(h, MIDDLE_DOT "superseded by <code>");
        html_text(h, by);
        html_markup(h, "</code>");
    }
    if (member_number(observation, "archived_at", 0) > 0)
        html_markup(h, MIDDLE_DOT "archived");
}

static void observation(struct html *h, const json_t *o, const char *source, int64_t now_s)
{
    const json_t *text = json_object_get(o, "text");
    struct web_piece piece = {json_string_value(text) ? json_string_value(text) : "",
                              json_string_length(text), member_number(o, "chunk", 0)};
    struct web_links links = {source, NULL};
    html_markup(h, "<li>\n<p class=\"origin\"><strong>");
    html_text(h, member_text(o, "type"));
    html_markup(h, "</strong>" MIDDLE_DOT);
    html_ago(h, member_number(o, "at", 0), now_s);
    put_away(h, o);
    html_markup(h, "</p>\n<div class=\"text\">\n");
    web_markdown(h, &piece, 1, &links);
    html_markup(h, "</div>\n</li>\n");
}

void web_session(struct html *h, const struct web_asked *asked, const json_t *session,
                 const json_t *queue)
{
    const char *name = member_text(session, "title");
    const char *source = member_text(session, "source");
    const json_t *list = json_object_get(session, "observations");
    struct web_place place = {source, member_text(session, "path"), "", -1};
    struct buf title = {0};
    size_t i;
    json_t *each;
    buf_printf(&title, "%s - Lattice", name);
    struct web_frame frame = {WEB_SESSION, title.data, "", source, name, asked->fragment};
    web_frame_begin(h, &frame);
    html_markup(h, "<p class=\"back\"><a id=\"back\" href=\"/sessions\">\xE2\x86\x90 Sessions</a>"
                   "</p>\n<h1>");
    html_text(h, name);
    html_markup(h, "</h1>\n");
    live(h);
    queue_note(h, queue, asked->now_s);
    facts(h, session, asked->now_s);
    html_markup(h, "<p class=\"origin\"><a href=\"");
    web_page_address(h, &place);
    html_markup(h, "\">As a page</a></p>\n<h2 class=\"label\">Prompts and observations</h2>\n"
                   "<ol class=\"observations\">\n");
    json_array_foreach (list, i, each)
        observation(h, each, source, asked->now_s);
    html_markup(h, "</ol>\n");
    paging(h, session, session);
    web_frame_end(h, &frame);
    buf_release(&title);
}
