/* Messages of agents into the store: a session is a page that grows, a note is one of its own. */
#include "worker/sync/inbox_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/json_text.h"
#include "worker/sync/inbox_text.h"
#include "worker/sync/store_inbox.h"
#include "worker/sync/store_log.h"
#include "worker/sync/store_page.h"

/* Of a text that stands for a title. */
enum { FIRST_LINE_BYTES = 200 };

/* --- counts ------------------------------------------------------------------------------------
 */

/* True the first time. */
static bool touch(struct inbox_writer *w, int64_t page)
{
    size_t low = 0;
    for (size_t high = w->touched_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (w->touched[middle] < page)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < w->touched_count && w->touched[low] == page)
        return false;
    if (w->touched_count == w->touched_room) {
        w->touched_room = w->touched_room ? w->touched_room * 2 : 64;
        w->touched = xrealloc(w->touched, w->touched_room * sizeof *w->touched);
    }
    memmove(w->touched + low + 1, w->touched + low, (w->touched_count - low) * sizeof *w->touched);
    w->touched[low] = page;
    w->touched_count++;
    return true;
}

/* --- sessions ----------------------------------------------------------------------------------
 */

/* Bytes that no name of a file should have are %XX: two sessions never share a path. */
static char *session_path(const char *name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    struct buf path = {0};
    buf_add_text(&path, "sessions/");
    for (const char *at = name; *at; at++)
        if (strchr(plain, *at) && (at > name || *at != '.'))
            buf_add_byte(&path, *at);
        else
            buf_printf(&path, "%%%02X", (unsigned char)*at);
    buf_add_text(&path, ".md");
    return buf_take(&path);
}

/* The first that is said stays. */
static bool learn(char *known, size_t size, const char *said)
{
    if (known[0] || !said)
        return false;
    snprintf(known, size, "%s", said);
    return true;
}

/* Nobody named a project: the folder it works in is one. */
static bool learn_project(struct inbox_session *s, const struct observation *o)
{
    const char *slash = s->cwd[0] ? strrchr(s->cwd, '/') : NULL;
    const char *folder = slash ? slash + 1 : s->cwd;
    if (learn(s->project, sizeof s->project, o->project))
        return true;
    return folder[0] && strlen(folder) < sizeof s->project &&
           learn(s->project, sizeof s->project, folder);
}

static bool learn_title(struct inbox_session *s, const struct observation *o)
{
    char first[OBSERVATION_TITLE_BYTES + 1] = "";
    enum inbox_title rank = INBOX_TITLE_NAME;
    if (o->op != OBSERVATION_INIT)
        return false;
    if (o->title)
        rank = INBOX_TITLE_GIVEN;
    else if (o->text && s->title_rank < INBOX_TITLE_PROMPT) {
        rank = INBOX_TITLE_PROMPT;
        inbox_first_line(o, first, FIRST_LINE_BYTES);
    }
    if (rank < s->title_rank || rank == INBOX_TITLE_NAME)
        return false;
    snprintf(s->title, sizeof s->title, "%s", o->title ? o->title : first);
    s->title_rank = rank;
    return true;
}

/* True if the row of its page is to say something else. */
static bool learn_all(struct inbox_session *s, const struct observation *o)
{
    bool news = learn_title(s, o);
    news |= learn(s->cwd, sizeof s->cwd, o->cwd);
    news |= learn(s->agent, sizeof s->agent, o->agent);
    news |= learn_project(s, o);
    return news;
}

static char *session_front(const struct inbox_session *s)
{
    json_t *front = json_pack("{s:o, s:o, s:o, s:o}", "session", text_json(s->name), "agent",
                              text_or_null(s->agent), "project", text_or_null(s->project), "cwd",
                              text_or_null(s->cwd));
    char *text = json_dumps(front, JSON_COMPACT);
    json_decref(front);
    return text;
}

static bool describe(struct inbox_writer *w, const struct inbox_session *s, struct error *e)
{
    CLEANUP(free_text) char *path = session_path(s->name);
    CLEANUP(free_text) char *front = session_front(s);
    const struct log_page now = {
        .path = path, .title = s->title, .front = front, .size_bytes = s->size_bytes};
    return store_log_page_set(w->store, s->page, &now, e);
}

static bool add_session(struct inbox_writer *w, struct inbox_session *s, struct error *e)
{
    CLEANUP(free_text) char *path = session_path(s->name);
    CLEANUP(free_text) char *front = session_front(s);
    const struct page_origin origin = {
        .path = path, .path_size = strlen(path), .blob = "inbox", .epoch = w->epoch};
    const struct page page = {.kind = PAGE_MARKDOWN, .title = s->title, .front = front};
    if (!store_page_put(w->store, &s->page, &origin, &page, e) ||
        !store_inbox_session_add(w->store, s, e))
        return false;
    w->added += touch(w, s->page);
    return true;
}

/* The session of a message as it is with it; a new one if there is none. */
static bool open_session(struct inbox_writer *w, const struct observation *o,
                         struct inbox_session *s, struct error *e)
{
    if (!store_inbox_session(w->store, o->session, s, e))
        return false;
    bool is_new = s->page == 0;
    if (is_new)
        snprintf(s->title, sizeof s->title, "%s", o->session);
    bool news = learn_all(s, o);
    int64_t at_ms = ulid_ms(o->ulid);
    s->last_ms = at_ms > s->last_ms ? at_ms : s->last_ms;
    if (o->op == OBSERVATION_INIT || s->state == INBOX_ORPHANED)
        s->state = INBOX_OPEN;
    if (is_new)
        return add_session(w, s, e);
    w->changed += touch(w, s->page);
    return !news || describe(w, s, e);
}

static bool end_session(struct inbox_writer *w, const struct observation *o, struct error *e)
{
    struct inbox_session s;
    int64_t at_ms = ulid_ms(o->ulid);
    if (!store_inbox_session(w->store, o->session, &s, e))
        return false;
    if (!s.page)
        return true; /* nothing was ever said in it */
    s.last_ms = at_ms > s.last_ms ? at_ms : s.last_ms;
    s.state = INBOX_ENDED;
    w->changed += touch(w, s.page);
    return store_inbox_session_set(w->store, &s, 0, 0, e);
}

/* --- observations ------------------------------------------------------------------------------
 */

/* The first begins with what stands above it; headings in its own text go behind its label. */
static bool add_chunk(struct inbox_writer *w, const struct inbox_session *s, size_t at,
                      const struct observation *o, struct error *e)
{
    const struct page_chunk *chunk = &w->page.chunks[at];
    char label[INBOX_LABEL_BYTES];
    struct buf heading = {0};
    inbox_label(o, label);
    buf_printf(&heading, "%s%s%s", label, chunk->heading[0] ? " › " : "", chunk->heading);
    buf_reset(&w->text);
    if (at == 0)
        inbox_heading(o, &w->text);
    buf_add(&w->text, w->page.text.data + chunk->start, chunk->size);
    struct log_chunk row = {.page = s->page,
                            .position = s->position + (int64_t)at,
                            .title = s->title,
                            .heading = heading.data,
                            .text = w->text.data,
                            .size = w->text.size};
    bool ok = store_log_chunk_put(w->store, &row, e);
    buf_release(&heading);
    return ok;
}

static bool add_tags(struct inbox_writer *w, int64_t page, const json_t *concepts, struct error *e)
{
    for (size_t i = 0; i < json_array_size(concepts); i++)
        if (!store_inbox_tag(w->store, page, json_string_value(json_array_get(concepts, i)), e))
            return false;
    return true;
}

/* Those it supersedes have it in their place. */
static bool mark_superseded(struct inbox_writer *w, const struct observation *o, struct error *e)
{
    for (size_t i = 0; i < json_array_size(o->supersedes); i++) {
        const struct inbox_mark mark = {.id = json_string_value(json_array_get(o->supersedes, i)),
                                        .superseded_by = observation_id(o)};
        if (strcmp(mark.id, mark.superseded_by) != 0 && !store_inbox_mark(w->store, &mark, e))
            return false;
    }
    return true;
}

static bool add_row(struct inbox_writer *w, const struct observation *o, struct inbox_row *row,
                    struct error *e)
{
    CLEANUP(free_text) char *detail = inbox_detail(o);
    row->id = observation_id(o);
    row->chunks = (int64_t)w->page.chunk_count;
    row->type = o->type;
    row->at_ms = ulid_ms(o->ulid);
    row->title = o->title && o->op != OBSERVATION_INIT ? o->title : "";
    row->detail = detail;
    return store_inbox_add(w->store, row, e) && add_tags(w, row->page, o->concepts, e) &&
           mark_superseded(w, o, e);
}

/* Is it an observation, or does it only say what becomes of a session or of others? */
static bool says(const struct observation *o)
{
    return o->op == OBSERVATION_INIT ? o->text != NULL
                                     : o->op != OBSERVATION_END && o->op != OBSERVATION_ARCHIVE;
}

static bool say(struct inbox_writer *w, struct inbox_session *s, const struct observation *o,
                struct error *e)
{
    struct inbox_row row = {.page = s->page,
                            .position = s->position,
                            .project = o->project ? o->project : s->project,
                            .agent = o->agent ? o->agent : s->agent};
    buf_reset(&w->text);
    inbox_body(o, &w->text);
    s->size_bytes += (int64_t)w->text.size;
    if (!page_parse(&w->page, "session.md", w->text.size ? w->text.data : "", w->text.size, e))
        return false;
    for (size_t i = 0; i < w->page.chunk_count; i++)
        if (!add_chunk(w, s, i, o, e))
            return false;
    return add_row(w, o, &row, e);
}

static bool say_in_session(struct inbox_writer *w, const struct observation *o, struct error *e)
{
    struct inbox_session s;
    return open_session(w, o, &s, e) && (!says(o) || say(w, &s, o, e)) &&
           store_inbox_session_set(w->store, &s, says(o) && o->type == TYPE_PROMPT, says(o), e);
}

/* What the row of a note's page says beside its title; caller frees. */
static char *note_front(const struct observation *o)
{
    json_t *front = json_pack("{s:s, s:s, s:s?, s:s?, s:s?}", "id", observation_id(o), "type",
                              observation_type_name(o->type), "agent", o->agent, "project",
                              o->project, "cwd", o->cwd);
    char *text = json_dumps(front, JSON_COMPACT);
    json_decref(front);
    return text;
}

static bool add_note(struct inbox_writer *w, const struct observation *o, struct error *e)
{
    char first[FIRST_LINE_BYTES];
    CLEANUP(free_text) char *path = xasprintf("notes/%s.md", observation_id(o));
    CLEANUP(free_text) char *front = note_front(o);
    struct inbox_row row = {.project = o->project ? o->project : "",
                            .agent = o->agent ? o->agent : ""};
    buf_reset(&w->text);
    inbox_heading(o, &w->text);
    inbox_body(o, &w->text);
    const struct page_origin origin = {.path = path,
                                       .path_size = strlen(path),
                                       .blob = "inbox",
                                       .epoch = w->epoch,
                                       .size_bytes = (int64_t)w->text.size};
    if (!page_parse(&w->page, path, w->text.data, w->text.size, e))
        return false;
    inbox_first_line(o, first, sizeof first);
    w->page.title = o->title ? o->title : first;
    w->page.front = front;
    if (!store_page_put(w->store, &row.page, &origin, &w->page, e))
        return false;
    w->added += touch(w, row.page);
    return add_row(w, o, &row, e);
}

static bool archive(struct inbox_writer *w, const struct observation *o, struct error *e)
{
    for (size_t i = 0; i < json_array_size(o->ids); i++) {
        const struct inbox_mark mark = {.id = json_string_value(json_array_get(o->ids, i)),
                                        .archived_ms = ulid_ms(o->ulid)};
        if (!store_inbox_mark(w->store, &mark, e))
            return false;
    }
    return true;
}

bool inbox_writer_take(struct inbox_writer *w, const struct observation *o, struct error *e)
{
    bool known = false;
    if (says(o) && !store_inbox_known(w->store, observation_id(o), &known, e))
        return false;
    w->replayed += known;
    if (known)
        return true;
    switch (o->op) {
    case OBSERVATION_INIT:
    case OBSERVATION_OBSERVE:
    case OBSERVATION_SUMMARIZE:
        return say_in_session(w, o, e);
    case OBSERVATION_END:
        return end_session(w, o, e);
    case OBSERVATION_NOTE:
        return add_note(w, o, e);
    case OBSERVATION_ARCHIVE:
        return archive(w, o, e);
    case OBSERVATION_OP_COUNT:
        break;
    }
    return error_set(e, CAUSE_BUG, "a message without an op");
}

void inbox_writer_release(struct inbox_writer *w)
{
    page_release(&w->page);
    buf_release(&w->text);
    free(w->touched);
    *w = (struct inbox_writer){0};
}
