/* The kind `repo-recall`: the agent sessions that a repo-recall server knows, a page for each. */
/* `GET /api/sessions` gives all of them. What a run notes beside the content is its ETag, and which
 * scan of which start of the server it was. The ETag is the scan's number, which counts from 0 at
 * each start, so that it says nothing without the time of the scan (`GET /api/scan-version`): both
 * must be as noted before the server is asked for what changed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "worker/sync/front_make.h"
#include "worker/sync/http.h"
#include "worker/sync/http_text.h"
#include "worker/sync/items.h"
#include "worker/sync/json_cut.h"
#include "worker/sync/recall_session.h"

/* A hundred thousand sessions have about 150 MB. */
#define ANSWER_MAX_BYTES (INT64_C(1024) * 1024 * 1024)
enum { VERSION_MAX_BYTES = 64 * 1024 };

/* What is remembered from run to run. */
#define MEMO_ETAG "etag"
#define MEMO_SCAN "scan"

struct recall {
    struct sync *sync; /* borrowed */
    struct http *http;
    struct items items;
    struct json_cut cut;
    struct http_answer answer;
    int64_t seen;                  /* sessions of the answer so far */
    struct recall_session session; /* the one read last */
    struct buf page;               /* its page */
    struct buf path;
};

static void recall_release(void *state)
{
    struct recall *r = state;
    if (!r)
        return;
    recall_session_release(&r->session);
    json_cut_release(&r->cut);
    items_release(&r->items);
    http_answer_release(&r->answer);
    http_close(r->http);
    buf_release(&r->page);
    buf_release(&r->path);
    free(r);
}

/* Caller frees. */
static char *address(const struct recall *r, const char *path)
{
    const char *url = sync_source(r->sync)->url;
    size_t size = strlen(url);
    while (size > 0 && url[size - 1] == '/')
        size--;
    return xasprintf("%.*s%s", (int)size, url, path);
}

static bool is_json(const struct http_answer *answer, struct error *e)
{
    return http_type_is(answer, "application/json") ||
           error_set(e, CAUSE_BAD_DATA,
                     "it answers with %s, not application/json; is `url` that of "
                     "repo-recall?",
                     answer->type ? answer->type : "no type");
}

/* --- which scan it is --- */

/* `{"scan_version":5,"last_scan":1700000000}` as text to compare; NULL if it says something else.
 * Caller frees. */
static char *scan_text(const struct buf *body)
{
    CLEANUP(free_json) json_t *json = json_loadb(body->data ? body->data : "", body->size, 0, NULL);
    const json_t *version = json_object_get(json, "scan_version");
    const json_t *last = json_object_get(json, "last_scan");
    if (!json_is_integer(version) || !json_is_integer(last))
        return NULL;
    return xasprintf("%" JSON_INTEGER_FORMAT " at %" JSON_INTEGER_FORMAT,
                     json_integer_value(version), json_integer_value(last));
}

/* *scan stays NULL if the server does not say. Caller frees. */
static enum step read_scan(struct recall *r, char **scan, struct error *e)
{
    CLEANUP(free_text) char *url = address(r, "/api/scan-version");
    struct buf body = {0};
    const struct http_request request = {.url = url,
                                         .accept = "application/json",
                                         .most_bytes = VERSION_MAX_BYTES,
                                         .missing_ok = true,
                                         .content = http_keep,
                                         .context = &body};
    enum step step = http_get(r->http, &request, &r->answer, e);
    if (step == STEP_DONE && r->answer.status == 200) {
        if (is_json(&r->answer, e))
            *scan = scan_text(&body);
        else
            step = STEP_FAILED;
    }
    buf_release(&body);
    return step;
}

/* The ETag to ask with: NULL unless a 304 can only mean that the store equals the server. */
static bool known_etag(struct recall *r, const char *scan, char **etag, struct error *e)
{
    CLEANUP(free_text) char *known = NULL;
    const char *bookmark = sync_bookmark(r->sync);
    *etag = NULL;
    if (!scan || !bookmark || !sync_would_be_unchanged(r->sync, bookmark))
        return true;
    if (!sync_memo(r->sync, MEMO_SCAN, &known, e))
        return false;
    return !known || strcmp(known, scan) != 0 || sync_memo(r->sync, MEMO_ETAG, etag, e);
}

/* --- the sessions --- */

static bool on_session(void *context, const char *bytes, size_t size, struct error *e)
{
    struct recall *r = context;
    char hash[ITEMS_HASH_SIZE];
    const struct buf raw = {.data = (char *)(uintptr_t)bytes, .size = size};
    bool ok = recall_session_parse(bytes, size, &r->session, e);
    if (ok) {
        buf_reset(&r->path);
        buf_reset(&r->page);
        recall_session_path(&r->session, &r->path);
        recall_session_page(&r->session, &r->page);
        items_hash(r->page.data, r->page.size, hash);
        ok = items_add(&r->items, r->path.data, &raw, hash, e);
    }
    recall_session_release(&r->session);
    if (!ok && e->cause == CAUSE_BAD_DATA)
        error_wrap(e, "sessions[%" PRId64 "]", r->seen);
    r->seen++;
    return ok;
}

static bool on_content(void *context, const char *bytes, size_t size, struct error *e)
{
    struct recall *r = context;
    return is_json(&r->answer, e) && json_cut_feed(&r->cut, bytes, size, e);
}

/* What stands beside the sessions: *version is the scan's, as of when the list had been read. */
static bool read_rest(const struct recall *r, int64_t *version, struct error *e)
{
    json_error_t problem;
    if (!json_cut_end(&r->cut, e))
        return false;
    CLEANUP(free_json)
    json_t *rest = json_loadb(r->cut.rest.data, r->cut.rest.size, 0, &problem);
    if (!rest)
        return error_set(e, CAUSE_BAD_DATA, "not JSON: %s", problem.text);
    const json_t *number = json_object_get(rest, "scan_version");
    if (!json_is_array(json_object_get(rest, "sessions")) || !json_is_integer(number))
        return error_set(e, CAUSE_BAD_DATA,
                         "no \"sessions\" and \"scan_version\" in the answer; is `url` that of "
                         "repo-recall?");
    *version = json_integer_value(number);
    return true;
}

/* Until its first scan after a start is over, the server has none or some of its sessions: what is
 * missing then is not gone. */
static bool is_scanned(int64_t version, struct error *e)
{
    return version > 0 ||
           error_set(e, CAUSE_UNREACHABLE,
                     "repo-recall has started and its first scan is not over; nothing is taken "
                     "over until it is");
}

static bool take_sessions(struct recall *r, const char *scan, char **head, struct error *e)
{
    char hash[ITEMS_HASH_SIZE];
    int64_t version = 0;
    if (!read_rest(r, &version, e) || !is_scanned(version, e))
        return false;
    size_t doubles = items_finish(&r->items);
    if (doubles)
        log_line(LOG_DEBUG, sync_source(r->sync)->id, "fetch",
                 "%zu sessions are listed twice; the first one counts", doubles);
    items_head(&r->items, hash);
    *head = xstrdup(hash);
    /* The scan is noted as it was before the list was read: while the server still names it, none
     * has ended since. One that ends in between may give its number, and ETag, to the list before.
     */
    sync_remember(r->sync, MEMO_SCAN, scan);
    sync_remember(r->sync, MEMO_ETAG, r->answer.etag);
    return true;
}

static enum step read_sessions(struct recall *r, const char *scan, char **head, struct error *e)
{
    CLEANUP(free_text) char *url = address(r, "/api/sessions");
    CLEANUP(free_text) char *shown = http_url_shown(url);
    CLEANUP(free_text) char *etag = NULL;
    if (!known_etag(r, scan, &etag, e) ||
        !items_open(&r->items, sync_home(r->sync), sync_source(r->sync)->id, e))
        return STEP_FAILED;
    const struct http_request request = {.url = url,
                                         .accept = "application/json",
                                         .etag = etag,
                                         .most_bytes = ANSWER_MAX_BYTES,
                                         .content = on_content,
                                         .context = r};
    r->cut = (struct json_cut){.name = "sessions", .element = on_session, .context = r};
    enum step step = http_get(r->http, &request, &r->answer, e);
    if (step == STEP_DONE && r->answer.status == 304)
        *head = xstrdup(sync_bookmark(r->sync));
    else if (step == STEP_DONE && !take_sessions(r, scan, head, e)) {
        error_wrap(e, "%s", shown);
        step = STEP_FAILED;
    }
    return step;
}

static enum step recall_fetch(struct sync *sync, void **state, char **head, struct error *e)
{
    struct recall *r = xcalloc(1, sizeof *r);
    CLEANUP(free_text) char *scan = NULL;
    r->sync = sync;
    *state = r;
    if (!http_open(sync, &r->http, e))
        return STEP_FAILED;
    enum step step = read_scan(r, &scan, e);
    return step == STEP_DONE ? read_sessions(r, scan, head, e) : step;
}

/* --- what the plan asks for --- */

static enum step recall_list(void *state, struct listing *to, struct error *e)
{
    const struct recall *r = state;
    return items_list(&r->items, to, e);
}

static bool recall_request(void *state, const struct plan_block *block, bool last, struct error *e)
{
    struct recall *r = state;
    (void)last;
    return items_request(&r->items, block, e);
}

static enum step recall_read(void *state, int64_t max_bytes, struct blob_content *content,
                             struct error *e)
{
    struct recall *r = state;
    recall_session_release(&r->session);
    buf_reset(&r->page);
    if (!items_read(&r->items, e) ||
        !recall_session_parse(r->items.bytes.data, r->items.bytes.size, &r->session, e))
        return STEP_FAILED;
    recall_session_page(&r->session, &r->page);
    bool fits = (int64_t)r->page.size <= max_bytes;
    *content = (struct blob_content){.content = fits ? CONTENT_PAGE : CONTENT_TOO_LARGE,
                                     .bytes = r->page.data,
                                     .size = r->page.size};
    return STEP_DONE;
}

/* One line of valid UTF-8; borrowed until the next. */
static const char *line_of(struct buf *memory, struct recall_text text)
{
    buf_reset(memory);
    line_clean(memory, text.at, text.size, 4096);
    buf_add(memory, "", 0);
    return memory->data;
}

static bool put_row(const struct recall_session *s, struct store *store, int64_t page,
                    struct error *e)
{
    struct buf uuid = {0};
    struct buf cwd = {0};
    const struct session_row row = {.page = page,
                                    .uuid = line_of(&uuid, s->uuid),
                                    .cwd = line_of(&cwd, s->cwd),
                                    .started_at = s->started_at,
                                    .ended_at = s->ended_at,
                                    .duration_ms = s->duration_ms,
                                    .prompts = s->prompts,
                                    .messages = s->messages,
                                    .tokens = s->tokens};
    bool ok = store_session_put(store, &row, e) && store_session_reset(store, page, e);
    buf_release(&uuid);
    buf_release(&cwd);
    return ok;
}

static bool put_use(const struct recall_session *s, struct store *store, int64_t page,
                    struct error *e)
{
    char day[TIME_TEXT_SIZE] = "";
    struct buf model = {0};
    if (time_text(s->started_at, day))
        day[strlen("2026-01-02")] = '\0';
    recall_session_model(s, &model);
    const struct session_use use = {
        .day = day, .model = model.data, .messages = s->answers, .tokens = s->tokens};
    bool ok = store_session_use(store, page, &use, e);
    buf_release(&model);
    return ok;
}

/* Its row, tools, models and repositories, anew. */
static bool recall_stored(void *state, struct store *store, int64_t page,
                          const struct blob_content *content, struct error *e)
{
    struct recall *r = state;
    const struct recall_session *s = &r->session;
    struct buf name = {0};
    struct buf path = {0};
    (void)content;
    bool ok = put_row(s, store, page, e) && put_use(s, store, page, e);
    for (size_t i = 0; ok && i < s->tool_count; i++) {
        const struct session_tool tool = {line_of(&name, s->tools[i].name), s->tools[i].calls,
                                          s->tools[i].errors};
        ok = store_session_tool(store, page, &tool, e);
    }
    for (size_t i = 0; ok && i < s->repo_count; i++)
        ok = store_session_repo(store, page, line_of(&path, s->repos[i].path),
                                line_of(&name, s->repos[i].name), e);
    buf_release(&name);
    buf_release(&path);
    return ok;
}

const struct source_kind kind_recall = {
    .name = "repo-recall",
    .fetch = recall_fetch,
    .list = recall_list,
    .request = recall_request,
    .read = recall_read,
    .stored = recall_stored,
    .release = recall_release,
    .sessions = true,
};
