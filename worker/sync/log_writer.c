/* A part of a log into the store. */
#include "worker/sync/log_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "common/cleanup.h"
#include "common/json_text.h"
#include "worker/sync/store_page.h"

/* Where chunks of later files wait while an earlier one of the same page grows. */
#define OUT_OF_THE_WAY (INT64_C(1) << 40)

enum { PROJECT_BYTES = 100 };

/* --- names
 * ---------------------------------------------------------------------------------------- */

static bool in_file_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/* As it is if that makes a name; else with a hash of what it was, so that two stay two. */
static void add_session_name(struct buf *out, const char *session)
{
    size_t size = strlen(session);
    bool odd = size == 0 || session[0] == '.';
    for (size_t i = 0; i < size; i++) {
        odd |= !in_file_name(session[i]);
        buf_add_byte(out, in_file_name(session[i]) ? session[i] : '-');
    }
    if (odd)
        buf_printf(out, "-%08" PRIx32, (uint32_t)XXH3_64bits(session, size));
}

/* The last folder of `cwd`, else the folder in which the file is; "": neither. */
static void project_of(const char *cwd, const char *path, char out[PROJECT_BYTES])
{
    const char *slash = strrchr(path, '/');
    const char *end = cwd[0] ? cwd + strlen(cwd) : slash ? slash : path;
    const char *floor = cwd[0] ? cwd : path;
    while (end > floor && end[-1] == '/')
        end--;
    const char *start = end;
    while (start > floor && start[-1] != '/')
        start--;
    size_t size = (size_t)(end - start);
    if (size >= PROJECT_BYTES)
        size = utf8_floor(start, PROJECT_BYTES - 1);
    memcpy(out, start, size);
    out[size] = '\0';
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)out[i] < ' ')
            out[i] = '-';
    if (strcmp(out, ".") == 0 || strcmp(out, "..") == 0 || !utf8_valid(out, size))
        out[0] = '\0';
}

/* PROJECT/SESSION.md; caller frees. */
static char *page_path(const char *session, const char *cwd, const char *file_path)
{
    struct buf path = {0};
    char project[PROJECT_BYTES];
    project_of(cwd, file_path, project);
    if (project[0])
        buf_printf(&path, "%s/", project);
    add_session_name(&path, session);
    buf_add_text(&path, ".md");
    return buf_take(&path);
}

/* The file's name without its suffix: the session where no line names one. */
static void stem_of(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    snprintf(out, size, "%.*s", (int)(dot && dot > name ? dot - name : (ptrdiff_t)strlen(name)),
             name);
    if (!utf8_valid(out, strlen(out)))
        snprintf(out, size, "%016" PRIx64, (uint64_t)XXH3_64bits(path, strlen(path)));
}

/* What the page's row says beside its title; caller frees. */
static char *front_of(const struct log_writer *w, const char *session, const char *cwd)
{
    json_t *front = json_pack("{s:o, s:s, s:o}", "session", text_json(session), "agent",
                              w->reader.format->name, "cwd", text_or_null(cwd));
    char *text = json_dumps(front, JSON_COMPACT);
    json_decref(front);
    return text;
}

/* --- the page ------------------------------------------------------------------------------------
 */

static const char *session_of(const struct log_writer *w)
{
    return json_string_value(json_object_get(w->file->state, "session"));
}

static void fallback_title(const char *session, char *out, size_t size)
{
    snprintf(out, size, "Session %.8s", session);
    out[utf8_floor(out, strlen(out))] = '\0';
}

static bool create_page(struct log_writer *w, const char *session, struct error *e)
{
    CLEANUP(free_text) char *path = page_path(session, w->file->cwd, w->file->path);
    const struct page_origin origin = {
        .path = path, .path_size = strlen(path), .blob = "log", .epoch = w->file->epoch};
    const struct page page = {.kind = PAGE_MARKDOWN, .title = w->title};
    w->file->page = 0;
    w->created++;
    return store_page_put(w->store, &w->file->page, &origin, &page, e) &&
           store_session_put(w->store,
                             &(struct session_row){.page = w->file->page,
                                                   .uuid = session,
                                                   .cwd = w->file->cwd,
                                                   .started_at = -1,
                                                   .ended_at = -1},
                             e);
}

/* Chunks of later files make room; the title is that of the page. */
static bool open_page(struct log_writer *w, struct error *e)
{
    struct log_sum sum;
    int64_t base;
    if (!store_log_base(w->store, w->file, &base, e) ||
        !store_log_sum(w->store, w->file->page, &sum, e))
        return false;
    int64_t end = base + w->file->chunks;
    w->shifted = sum.chunks > end;
    if (w->shifted && !store_log_shift(w->store, w->file->page, end, OUT_OF_THE_WAY, e))
        return false;
    if (sum.title[0])
        memcpy(w->title, sum.title, sizeof w->title);
    w->turns.title = w->title;
    return log_turns_open(&w->turns, w->store, w->file->page, end, e);
}

/* At the first line that says something: the session's page, or a new one. */
static bool find_page(struct log_writer *w, struct error *e)
{
    char session[LOG_SESSION_BYTES];
    int64_t page = 0;
    if (session_of(w))
        snprintf(session, sizeof session, "%s", session_of(w));
    else
        stem_of(w->file->path, session, sizeof session);
    if (!w->file->state)
        w->file->state = json_object();
    json_object_set_new(w->file->state, "session", text_json(session));
    if (w->file->title[0])
        memcpy(w->title, w->file->title, sizeof w->title);
    else
        fallback_title(session, w->title, sizeof w->title);
    if (!store_log_session(w->store, session, &page, e))
        return false;
    w->file->page = page;
    return (page || create_page(w, session, e)) && open_page(w, e);
}

/* What all files of the page say together, into its row and its session's. */
static bool settle_page(struct log_writer *w, struct error *e)
{
    struct log_sum sum;
    const char *session = session_of(w);
    if (!store_log_sum(w->store, w->file->page, &sum, e))
        return false;
    CLEANUP(free_text) char *path = page_path(session, sum.cwd, w->file->path);
    CLEANUP(free_text) char *front = front_of(w, session, sum.cwd);
    if (!sum.title[0])
        fallback_title(session, sum.title, sizeof sum.title);
    sum.row.uuid = session;
    sum.row.cwd = sum.cwd;
    const struct log_page now = {.path = path,
                                 .title = sum.title,
                                 .chunk_title = w->title,
                                 .front = front,
                                 .size_bytes = sum.bytes};
    return store_log_page_set(w->store, w->file->page, &now, e) &&
           store_session_put(w->store, &sum.row, e);
}

/* --- repositories ------------------------------------------------------------------------------
 */

/* The folder with `.git` in it at or above `cwd`; `cwd` itself if there is none (any more). Cuts
 * the text. */
static void repository_of(char *cwd)
{
    CLEANUP(free_text) char *whole = xstrdup(cwd);
    for (char *end = cwd + strlen(cwd); end > cwd; end = strrchr(cwd, '/')) {
        struct stat st;
        *end = '\0';
        CLEANUP(free_text) char *git = xasprintf("%s/.git", cwd);
        if (lstat(git, &st) == 0)
            return;
    }
    memcpy(cwd, whole, strlen(whole) + 1);
}

/* Of the folder that was named last: a line that names one may say nothing else. */
static bool add_repository(struct log_writer *w, struct error *e)
{
    char path[LOG_CWD_BYTES];
    bool known = w->cwd[0] != '/' || strcmp(w->cwd, w->repo_cwd) == 0;
    if (!known)
        memcpy(w->repo_cwd, w->cwd, sizeof w->repo_cwd);
    w->cwd[0] = '\0';
    if (known)
        return true;
    memcpy(path, w->repo_cwd, sizeof path);
    repository_of(path);
    const char *slash = strrchr(path, '/');
    return store_session_repo(w->store, w->file->page, path, slash[1] ? slash + 1 : path, e);
}

/* --- lines -------------------------------------------------------------------------------------
 */

static void take_title(struct log_file *file, const char *title, enum log_title rank)
{
    if ((int)rank < file->title_rank || ((int)rank == file->title_rank && rank == LOG_TITLE_PROMPT))
        return;
    snprintf(file->title, sizeof file->title, "%s", title);
    file->title_rank = (int)rank;
}

/* What is known of the session as a whole. */
static void take_facts(struct log_file *file, const struct log_line *line)
{
    int cwd_rank = !line->cwd[0] ? 0 : line->sidechain ? 1 : 2;
    if (line->title_rank)
        take_title(file, line->title, line->title_rank);
    if (cwd_rank > file->cwd_rank) {
        memcpy(file->cwd, line->cwd, sizeof file->cwd);
        file->cwd_rank = cwd_rank;
    }
    for (size_t i = 0; i < line->count; i++) {
        const struct log_block *block = &line->blocks[i];
        char title[LOG_TITLE_BYTES + 1];
        if (block->kind != LOG_PROMPT)
            continue;
        file->prompts++;
        file->messages++;
        log_first_line(line->text.data + block->start, block->size, title, sizeof title);
        take_title(file, title, LOG_TITLE_PROMPT);
    }
    file->messages += line->messages;
    log_add_tokens(&file->tokens, &line->tokens);
    if (line->at < 0 || (!line->count && !line->used))
        return;
    if (file->started_at < 0 || line->at < file->started_at)
        file->started_at = line->at;
    if (line->at > file->ended_at)
        file->ended_at = line->at;
}

static void trouble(struct log_writer *w, struct log_trouble *kind, int64_t offset)
{
    if (kind->lines++ == 0)
        kind->first = offset;
    w->troubled = true;
}

/* A line may say whose session it is before any says something. */
static void take_session(struct log_writer *w)
{
    if (!w->reader.line.session[0] || session_of(w))
        return;
    if (!w->file->state)
        w->file->state = json_object();
    json_object_set_new(w->file->state, "session", text_json(w->reader.line.session));
}

bool log_writer_line(struct log_writer *w, const struct log_raw *raw, struct error *e)
{
    struct log_line *line = &w->reader.line;
    if (raw->size == 0)
        return true;
    if (raw->cut)
        trouble(w, &w->cut, raw->offset);
    if (!log_line_read(&w->reader, raw->text, raw->size, raw->cut)) {
        trouble(w, &w->bad, raw->offset);
        return true;
    }
    take_session(w);
    take_facts(w->file, line);
    if (line->cwd[0])
        memcpy(w->cwd, line->cwd, sizeof w->cwd);
    if (!line->count && !line->used)
        return true;
    if (!w->file->page && !find_page(w, e))
        return false;
    return log_counts_add(&w->counts, w->store, w->file->page, line, e) && add_repository(w, e) &&
           log_turns_add(&w->turns, line, e);
}

/* --- begin and end -----------------------------------------------------------------------------
 */

static void read_trouble(struct log_trouble *trouble, const json_t *json)
{
    trouble->lines = json_integer_value(json_array_get(json, 0));
    trouble->first = json_integer_value(json_array_get(json, 1));
}

static json_t *write_trouble(const struct log_trouble *trouble)
{
    return json_pack("[I, I]", (json_int_t)trouble->lines, (json_int_t)trouble->first);
}

bool log_writer_begin(struct log_writer *w, struct log_file *file, struct error *e)
{
    const json_t *state = file->state;
    const char *heading = json_string_value(json_object_get(state, "heading"));
    const char *cwd = json_string_value(json_object_get(state, "cwd"));
    w->file = file;
    w->shifted = false;
    w->repo_cwd[0] = '\0';
    snprintf(w->cwd, sizeof w->cwd, "%s", cwd ? cwd : "");
    log_state_read(&w->reader.state, json_object_get(state, "lines"));
    w->turns.turn = json_integer_value(json_object_get(state, "turn"));
    w->turns.words = (size_t)json_integer_value(json_object_get(state, "words"));
    snprintf(w->turns.heading, sizeof w->turns.heading, "%s", heading ? heading : "");
    read_trouble(&w->bad, json_object_get(state, "bad"));
    read_trouble(&w->cut, json_object_get(state, "cut"));
    w->turns.added = 0;
    buf_reset(&w->turns.text);
    if (!file->page)
        return true;
    if (!session_of(w))
        return error_set(e, CAUSE_BUG, "a log has a page and no session");
    fallback_title(session_of(w), w->title, sizeof w->title);
    return open_page(w, e);
}

static void write_state(struct log_writer *w)
{
    json_t *state = w->file->state ? w->file->state : json_object();
    w->file->state = state;
    json_object_set_new(state, "lines", log_state_write(&w->reader.state));
    json_object_set_new(state, "turn", json_integer(w->turns.turn));
    json_object_set_new(state, "words", json_integer((json_int_t)w->turns.words));
    json_object_set_new(state, "heading", text_json(w->turns.heading));
    json_object_set_new(state, "cwd", text_json(w->cwd));
    json_object_set_new(state, "bad", write_trouble(&w->bad));
    json_object_set_new(state, "cut", write_trouble(&w->cut));
}

void log_writer_trouble(const struct log_writer *w, struct buf *out)
{
    if (w->bad.lines)
        buf_printf(out, "lines left out, not JSON: %" PRId64 ", the first at byte %" PRId64,
                   w->bad.lines, w->bad.first);
    if (w->cut.lines)
        buf_printf(out,
                   "%slines cut, longer than %d bytes: %" PRId64 ", the first at byte %" PRId64,
                   w->bad.lines ? "; " : "", LOG_LINE_MAX_BYTES, w->cut.lines, w->cut.first);
}

/* Also in place of what was recorded while the file was left out. */
static bool record_trouble(struct log_writer *w, struct error *e)
{
    struct buf detail = {0};
    if (!w->bad.lines && !w->cut.lines)
        return store_error_delete(w->store, w->file->path, strlen(w->file->path), e);
    const struct page_origin origin = {.path = w->file->path,
                                       .path_size = strlen(w->file->path),
                                       .blob = "log",
                                       .epoch = w->file->epoch};
    log_writer_trouble(w, &detail);
    bool ok =
        store_error_put(w->store, &origin,
                        &(struct page_refusal){.reason = w->bad.lines ? "bad-line" : "cut-line",
                                               .detail = detail.data,
                                               .shape = w->shape},
                        e);
    buf_release(&detail);
    return ok;
}

bool log_writer_end(struct log_writer *w, struct error *e)
{
    struct log_file *file = w->file;
    if (file->page) {
        if (!log_turns_flush(&w->turns, e) ||
            !log_counts_flush(&w->counts, w->store, file->page, e))
            return false;
        file->chunks += w->turns.added;
        if (w->shifted && !store_log_shift(w->store, file->page, OUT_OF_THE_WAY,
                                           w->turns.added - OUT_OF_THE_WAY, e))
            return false;
    }
    write_state(w);
    return store_log_save(w->store, file, e) && (!file->page || settle_page(w, e)) &&
           record_trouble(w, e);
}

void log_writer_release(struct log_writer *w)
{
    log_reader_release(&w->reader);
    log_turns_release(&w->turns);
}
