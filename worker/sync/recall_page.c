/* The page of a session: front matter, facts, and what was last asked for. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/duration.h"
#include "worker/sync/front_make.h"
#include "worker/sync/recall_session.h"

enum { TITLE_MAX_BYTES_SHOWN = 120 };
/* Of a name or a path in the facts. */
enum { SHOWN_MAX_BYTES = 4096 };
/* Of the prompt; more would make it the largest page of all. */
enum { PROMPT_MAX_BYTES = 256 * 1024 };

/* The last folder of where it worked. */
static struct recall_text project_of(const struct recall_session *s)
{
    struct recall_text all = s->cwd;
    while (all.size > 1 && all.at[all.size - 1] == '/')
        all.size--;
    for (size_t i = all.size; i > 0; i--)
        if (all.at[i - 1] == '/')
            return (struct recall_text){all.at + i, all.size - i};
    return all;
}

/* The first line of the prompt that says something, else the project, else the id. */
static void add_title(struct buf *out, const struct recall_session *s)
{
    struct recall_text project = project_of(s);
    size_t start = out->size;
    for (size_t at = 0; at < s->prompt.size && out->size == start;) {
        const char *end = memchr(s->prompt.at + at, '\n', s->prompt.size - at);
        size_t size = end ? (size_t)(end - s->prompt.at) - at : s->prompt.size - at;
        line_clean(out, s->prompt.at + at, size, TITLE_MAX_BYTES_SHOWN);
        at += size + 1;
    }
    if (out->size > start)
        return;
    buf_add_text(out, project.size ? "Session in " : "Session ");
    if (project.size)
        line_clean(out, project.at, project.size, TITLE_MAX_BYTES_SHOWN);
    else
        line_clean(out, s->uuid.at, s->uuid.size, TITLE_MAX_BYTES_SHOWN);
}

static void add_numbers(struct buf *out, const struct recall_session *s)
{
    front_make_number(out, "duration_ms", s->duration_ms);
    front_make_number(out, "messages", s->messages);
    front_make_number(out, "user_messages", s->prompts);
    front_make_number(out, "assistant_messages", s->answers);
    front_make_number(out, "input_tokens", s->tokens.input);
    front_make_number(out, "output_tokens", s->tokens.output);
    front_make_number(out, "cache_read_tokens", s->tokens.cache_read);
    front_make_number(out, "cache_creation_tokens", s->tokens.cache_creation);
}

static void add_lists(struct buf *out, const struct recall_session *s)
{
    struct front_list repos = front_make_list(out, "repositories");
    for (size_t i = 0; i < s->repo_count; i++)
        front_make_item(&repos, s->repos[i].name.at, s->repos[i].name.size);
    front_make_list_end(&repos);
    struct front_list models = front_make_list(out, "models");
    for (size_t i = 0; i < s->model_count; i++)
        front_make_item(&models, s->models[i].at, s->models[i].size);
    front_make_list_end(&models);
    struct front_list tools = front_make_list(out, "tools");
    for (size_t i = 0; i < s->tool_count; i++)
        front_make_item(&tools, s->tools[i].name.at, s->tools[i].name.size);
    front_make_list_end(&tools);
    struct front_list tags = front_make_list(out, "tags");
    front_make_item(&tags, "session", strlen("session"));
    for (size_t i = 0; i < s->repo_count; i++)
        front_make_item(&tags, s->repos[i].name.at, s->repos[i].name.size);
    front_make_list_end(&tags);
}

static void add_front(struct buf *out, const struct recall_session *s, const char *title)
{
    struct recall_text project = project_of(s);
    front_make_fence(out);
    front_make_text(out, "title", title, strlen(title));
    front_make_text(out, "session", s->uuid.at, s->uuid.size);
    front_make_text(out, "project", project.at, project.size);
    front_make_text(out, "cwd", s->cwd.at, s->cwd.size);
    front_make_time(out, "started_at", s->started_at);
    front_make_time(out, "ended_at", s->ended_at);
    add_numbers(out, s);
    add_lists(out, s);
    front_make_text(out, "source_file", s->log.at, s->log.size);
    front_make_fence(out);
}

/* As code, so that no character of it means anything to Markdown. */
static void add_code(struct buf *out, struct recall_text text)
{
    buf_add_byte(out, '`');
    size_t start = out->size;
    line_clean(out, text.at, text.size, SHOWN_MAX_BYTES);
    for (size_t i = start; i < out->size; i++)
        if (out->data[i] == '`')
            out->data[i] = '\'';
    buf_add_byte(out, '`');
}

static void add_times(struct buf *out, const struct recall_session *s)
{
    char text[TIME_TEXT_SIZE];
    char took[DURATION_TEXT_SIZE];
    if (time_text(s->started_at, text))
        buf_printf(out, "* Started: %s\n", text);
    if (time_text(s->ended_at, text))
        buf_printf(out, "* Ended: %s\n", text);
    if (s->duration_ms > 0) {
        duration_format(s->duration_ms, took);
        buf_printf(out, "* Duration: %s\n", took);
    }
}

static void add_repos(struct buf *out, const struct recall_session *s)
{
    for (size_t i = 0; i < s->repo_count; i++) {
        buf_add_text(out, i ? ", " : "* Repositories: ");
        add_code(out, s->repos[i].name);
        buf_add_text(out, " in ");
        add_code(out, s->repos[i].path);
    }
    if (s->repo_count)
        buf_add_byte(out, '\n');
}

static void add_models(struct buf *out, const struct recall_session *s)
{
    for (size_t i = 0; i < s->model_count; i++) {
        buf_add_text(out, i ? ", " : "* Models: ");
        add_code(out, s->models[i]);
    }
    if (s->model_count)
        buf_add_byte(out, '\n');
}

static void add_tools(struct buf *out, const struct recall_session *s)
{
    for (size_t i = 0; i < s->tool_count; i++) {
        const struct recall_count *tool = &s->tools[i];
        buf_add_text(out, i ? ", " : "* Tools: ");
        add_code(out, tool->name);
        /* One that is only named was called, but nobody knows how often. */
        if (tool->calls)
            buf_printf(out, " %" PRId64 " %s", tool->calls, tool->calls == 1 ? "call" : "calls");
        if (tool->errors)
            buf_printf(out, " (%" PRId64 " %s)", tool->errors,
                       tool->errors == 1 ? "error" : "errors");
    }
    if (s->tool_count)
        buf_add_byte(out, '\n');
    for (size_t i = 0; i < s->reason_count; i++) {
        buf_add_text(out, i ? ", " : "* Turns ended by: ");
        add_code(out, s->reasons[i].name);
        buf_printf(out, " %" PRId64, s->reasons[i].calls);
    }
    if (s->reason_count)
        buf_add_byte(out, '\n');
}

static void add_facts(struct buf *out, const struct recall_session *s)
{
    if (s->cwd.size) {
        buf_add_text(out, "* Folder: ");
        add_code(out, s->cwd);
        buf_add_byte(out, '\n');
    }
    add_repos(out, s);
    add_times(out, s);
    buf_printf(out,
               "* Messages: %" PRId64 ", of the user %" PRId64 ", of the assistant %" PRId64 "\n",
               s->messages, s->prompts, s->answers);
    buf_printf(out,
               "* Tokens: input %" PRId64 ", output %" PRId64 ", cache read %" PRId64
               ", cache creation %" PRId64 "\n",
               s->tokens.input, s->tokens.output, s->tokens.cache_read, s->tokens.cache_creation);
    add_models(out, s);
    add_tools(out, s);
}

/* In a fence longer than any in it: what a user typed is no Markdown of ours, and its `#1` no tag.
 */
static void add_prompt(struct buf *out, struct recall_text prompt)
{
    size_t longest = 2;
    size_t run = 0;
    size_t size = prompt.size < PROMPT_MAX_BYTES ? prompt.size : PROMPT_MAX_BYTES;
    size = utf8_floor(prompt.at, size);
    for (size_t i = 0; i < size; i++) {
        run = prompt.at[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    buf_add_text(out, "\n## Last prompt\n\n");
    size_t start = out->size;
    for (size_t i = 0; i <= longest; i++)
        buf_add_byte(out, '`');
    size_t fence = out->size - start;
    buf_add_text(out, "text\n");
    start = out->size;
    buf_add(out, prompt.at, size);
    for (size_t i = start; i < out->size; i++)
        if (out->data[i] == '\0')
            out->data[i] = ' '; /* a page with a NUL is binary */
    buf_add_byte(out, '\n');
    for (size_t i = 0; i < fence; i++)
        buf_add_byte(out, '`');
    buf_add_byte(out, '\n');
    if (size < prompt.size)
        buf_printf(out, "\n(the first %zu of %zu bytes)\n", size, prompt.size);
}

void recall_session_page(const struct recall_session *s, struct buf *out)
{
    struct buf title = {0};
    add_title(&title, s);
    buf_add_byte(&title, '\0');
    add_front(out, s, title.data);
    buf_add_text(out, "\n# ");
    /* As in a heading of one's own: nothing in it is taken for Markdown. */
    for (const char *p = title.data; *p; p++) {
        if (strchr("\\`*_{}[]<>#+-!|~&", *p))
            buf_add_byte(out, '\\');
        buf_add_byte(out, *p);
    }
    buf_add_text(out, "\n\n");
    add_facts(out, s);
    if (s->prompt.size)
        add_prompt(out, s->prompt);
    buf_release(&title);
}

void recall_session_path(const struct recall_session *s, struct buf *path)
{
    for (size_t i = 0; i < s->uuid.size; i++) {
        unsigned char c = (unsigned char)s->uuid.at[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '_' || (c == '.' && i > 0);
        if (plain)
            buf_add_byte(path, (char)c);
        else
            buf_printf(path, "%%%02X", (unsigned)c);
    }
    buf_add_text(path, ".md");
}

void recall_session_model(const struct recall_session *s, struct buf *name)
{
    if (s->model_count == 0)
        buf_add_text(name, "unknown");
    for (size_t i = 0; i < s->model_count; i++) {
        if (i)
            buf_add_text(name, " + ");
        line_clean(name, s->models[i].at, s->models[i].size, RECALL_NAME_MAX_BYTES);
    }
}
