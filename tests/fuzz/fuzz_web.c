/* Fuzz target: hostile text as a page of Markdown and as everything that a search shows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/html_check.h"
#include "worker/reads/web_markdown.h"
#include "worker/reads/web_page.h"
#include "worker/reads/web_search.h"
#include "worker/reads/web_sources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES_MAX = 16 };

static void check(struct html *h)
{
    const char *place;
    const char *wrong = html_check(h->out.data ? h->out.data : "", h->out.size, &place);
    if (wrong) {
        fprintf(stderr, "%s: %.200s\n", wrong, place);
        abort();
    }
    html_release(h);
}

/* A byte 1 ends a piece. */
static void markdown(const char *text, size_t size)
{
    struct web_piece pieces[PIECES_MAX];
    struct html h = {0};
    json_t *out = json_pack("[{s:s,s:s,s:s},{s:s,s:s,s:s}]", "kind", "markdown", "target", "a.md#b",
                            "path", "x/\"><a.md", "kind", "wiki", "target", "w", "path", "w.md");
    struct web_links links = {"src", out};
    size_t count = 0;
    for (const char *at = text; at < text + size && count < PIECES_MAX;) {
        const char *end = count + 1 < PIECES_MAX ? memchr(at, 1, size - (size_t)(at - text)) : NULL;
        size_t length = end ? (size_t)(end - at) : size - (size_t)(at - text);
        pieces[count] = (struct web_piece){at, length, (int64_t)count};
        at += length + 1;
        count++;
    }
    web_markdown(&h, pieces, count, &links);
    check(&h);
    json_decref(out);
}

static json_t *text_json(const char *text, size_t size)
{
    struct buf clean = {0};
    utf8_sanitize(&clean, text, size);
    for (size_t i = 0; i < clean.size; i++)
        if (clean.data[i] == '\0')
            clean.data[i] = ' ';
    json_t *json = json_stringn(clean.data ? clean.data : "", clean.size);
    buf_release(&clean);
    return json;
}

/* The same text wherever an answer has one. */
static void views(const char *bytes, size_t size)
{
    json_t *json = text_json(bytes, size);
    const char *t = json_string_value(json);
    struct web_asked asked = {t, size % 2 ? "src" : "", 1790000000, size % 3 == 0};
    struct html h = {0};
    json_int_t start = size > 0 ? bytes[0] : 0;
    json_int_t end = size > 1 ? bytes[size - 1] : 0;
    json_t *answer =
        json_pack("{s:[{s:s,s:s,s:s,s:s,s:s,s:[[I,I]],s:i}],s:[s],s:[{s:s,s:b,s:s,s:s}],s:s}",
                  "hits", "source", t, "path", t, "title", t, "heading", t, "snippet", t, "marks",
                  start, end, "more_hits", 2, "ignored", t, "sources", "id", t, "answered", 0,
                  "problem", t, "message", t, "match", "partial");
    json_object_set_new(answer, "pages",
                        json_pack("[{s:s,s:s,s:s,s:I}]", "source", t, "path", t, "title", t,
                                  "updated_at", (json_int_t)1780000000));
    web_search(&h, &asked, answer, size % 2);
    check(&h);
    web_start(&h, &asked, answer);
    check(&h);
    json_t *page = json_pack("{s:s,s:s,s:s,s:s,s:{s:s},s:[s],s:s,s:[{s:i,s:s}]}", "source", t,
                             "path", t, "title", t, "kind", size % 2 ? "markdown" : "text", "front",
                             "key", t, "tags", t, "warning", t, "chunks", "chunk", 0, "text", t);
    json_t *links =
        json_pack("{s:{s:[{s:s,s:s,s:i}]}}", "back", "links", "path", t, "title", t, "chunk", 3);
    web_page(&h, &asked, page, links);
    check(&h);
    json_t *sources =
        json_pack("{s:[{s:s,s:s,s:s,s:s,s:s,s:s,s:s}]}", "sources", "id", t, "kind", t, "status", t,
                  "cause", t, "message", t, "phase", t, "bookmark", t);
    json_t *runs = json_pack("{s:[{s:s,s:s,s:s}]}", "runs", "status", t, "cause", t, "message", t);
    web_source(&h, &asked, &(struct web_source_parts){sources, runs, answer});
    check(&h);
    json_object_set(runs, t, json_object_get(runs, "runs"));
    web_sources(&h, &asked, &(struct web_sources_parts){sources, runs, ""});
    check(&h);
    json_decref(json);
    json_decref(answer);
    json_decref(page);
    json_decref(links);
    json_decref(sources);
    json_decref(runs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = xstrndup((const char *)data, size);
    markdown(copy, size);
    views(copy, size);
    free(copy);
    return 0;
}
