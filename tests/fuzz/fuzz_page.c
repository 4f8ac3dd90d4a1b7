/* Any bytes as a page: nothing crashes, and what is promised of a page holds. */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/private.h"
#include "tests/fuzz/must.h"
#include "worker/sync/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_clean(const char *text)
{
    size_t size = strlen(text);
    char *copy = xstrndup(text, size);
    MUST(utf8_valid(text, size));
    MUST(private_strip(copy, size) == size);
    free(copy);
}

static void must_be_one_line(const char *text, size_t limit)
{
    must_be_clean(text);
    MUST(strlen(text) <= limit);
    for (; *text; text++)
        MUST((unsigned char)*text >= ' ');
}

static void check_json(const json_t *json)
{
    const char *key;
    json_t *value;
    size_t index;
    if (json_is_string(json))
        must_be_clean(json_string_value(json));
    json_array_foreach (json, index, value)
        check_json(value);
    json_object_foreach ((json_t *)json, key, value) {
        must_be_clean(key);
        check_json(value);
    }
}

static void check_front(const char *front)
{
    json_error_t error;
    if (!front)
        return;
    json_t *json = json_loads(front, JSON_REJECT_DUPLICATES, &error);
    MUST(json_is_object(json));
    check_json(json);
    json_decref(json);
}

/* The chunks are the text, and the text is what was given, cleaned. */
static void check_text(const struct page *page, const uint8_t *data, size_t size)
{
    struct buf want = {0};
    size_t at = 0;
    buf_reserve(&want, size);
    utf8_sanitize(&want, (const char *)data, size);
    want.size = private_strip(want.data, want.size);
    MUST(page->text.size == want.size && memcmp(page->text.data, want.data, want.size) == 0);
    MUST(private_strip(want.data, want.size) == want.size);
    MUST(page->chunk_count > 0);
    for (size_t i = 0; i < page->chunk_count; i++) {
        const struct page_chunk *chunk = &page->chunks[i];
        MUST(chunk->start == at);
        MUST(chunk->size <= CHUNK_MAX_BYTES);
        MUST(chunk->size > 0 || page->chunk_count == 1);
        MUST(utf8_valid(page->text.data + at, chunk->size));
        must_be_one_line(chunk->heading, 1024);
        at += chunk->size;
    }
    MUST(at == page->text.size);
    buf_release(&want);
}

static void check_found(const struct page *page)
{
    MUST(page->link_count <= LINKS_MAX && page->tag_count <= TAGS_MAX);
    for (size_t i = 0; i < page->link_count; i++) {
        const struct page_link *link = &page->links[i];
        MUST(link->chunk < page->chunk_count);
        MUST(i == 0 || link->chunk >= page->links[i - 1].chunk);
        MUST(*link->target && strlen(link->target) <= LINK_TARGET_MAX_BYTES);
        must_be_clean(link->target);
        must_be_one_line(link->label, TITLE_MAX_BYTES);
    }
    for (size_t i = 0; i < page->tag_count; i++) {
        MUST(*page->tags[i]);
        must_be_clean(page->tags[i]);
        for (size_t j = i > 8 ? i - 8 : 0; j < i; j++)
            MUST(strcmp(page->tags[i], page->tags[j]) != 0);
    }
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_same(const struct page *a, const struct page *b)
{
    MUST(same(a->title, b->title) && same(a->front, b->front) && same(a->warning, b->warning));
    MUST(a->chunk_count == b->chunk_count && a->link_count == b->link_count);
    MUST(a->tag_count == b->tag_count && a->title_from_path == b->title_from_path);
    for (size_t i = 0; i < a->chunk_count; i++)
        MUST(a->chunks[i].size == b->chunks[i].size &&
             same(a->chunks[i].heading, b->chunks[i].heading));
    for (size_t i = 0; i < a->link_count; i++)
        MUST(same(a->links[i].target, b->links[i].target) &&
             same(a->links[i].label, b->links[i].label));
    for (size_t i = 0; i < a->tag_count; i++)
        MUST(same(a->tags[i], b->tags[i]));
}

/* The first byte chooses the kind of page. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"a/b.md", "notes.txt", "c.rst", "d.org"};
    static struct page used; /* has seen all pages before */
    struct page fresh = {0};
    struct error e = {0};
    if (size == 0)
        return 0;
    const char *path = data[0] < 0x80 ? paths[0] : paths[data[0] % 4];
    const char *bytes = (const char *)data + 1;
    size--;
    bool ok = page_parse(&fresh, path, bytes, size, &e);
    MUST(ok == (memchr(bytes, '\0', size) == NULL));
    if (ok) {
        MUST(page_parse(&used, path, bytes, size, &e));
        must_be_one_line(fresh.title, TITLE_MAX_BYTES);
        MUST(*fresh.title);
        check_text(&fresh, data + 1, size);
        check_front(fresh.front);
        check_found(&fresh);
        check_same(&fresh, &used);
    }
    page_release(&fresh);
    return 0;
}
