/* Hits as JSON: page, chunk, snippet. */
#include <stdlib.h>
#include <string.h>

#include "worker/reads/answer.h"
#include "worker/reads/search.h"
#include "worker/reads/snippet.h"
#include "worker/reads/store_observations.h"

/* The tokens of a text, and which terms each is part of. */
struct marking {
    const struct terms *terms;
    struct snippet_token *tokens; /* owned */
    size_t *folded;               /* owned; where each token's text begins in `text` */
    struct buf text;              /* folded tokens, each with a NUL behind it */
    size_t count;
    size_t room;
};

static bool add_token(void *owner, const struct token *token)
{
    struct marking *m = owner;
    if (m->count == m->room) {
        m->room = m->room ? m->room * 2 : 512;
        m->tokens = xrealloc(m->tokens, m->room * sizeof *m->tokens);
        m->folded = xrealloc(m->folded, m->room * sizeof *m->folded);
    }
    m->tokens[m->count] = (struct snippet_token){.start = token->start, .end = token->end};
    m->folded[m->count++] = m->text.size;
    buf_reserve(&m->text, token->size + 1);
    buf_add(&m->text, token->text, token->size);
    m->text.size++; /* the NUL that is behind it already */
    return true;
}

static bool last_fits(const struct term *term, const char *word)
{
    const char *part = term->tokens[term->token_count - 1];
    size_t size = strlen(part);
    size_t word_size = strlen(word);
    if (term->ends && term->begins)
        return strstr(word, part) != NULL;
    if (term->ends)
        return word_size >= size && strcmp(word + word_size - size, part) == 0;
    return term->begins ? strncmp(word, part, size) == 0 : strcmp(word, part) == 0;
}

static bool term_stands_at(const struct marking *m, const struct term *term, size_t at)
{
    if (at + term->token_count > m->count)
        return false;
    for (size_t i = 0; i + 1 < term->token_count; i++)
        if (strcmp(m->text.data + m->folded[at + i], term->tokens[i]) != 0)
            return false;
    return last_fits(term, m->text.data + m->folded[at + term->token_count - 1]);
}

static void mark_terms(struct marking *m)
{
    for (size_t t = 0; t < m->terms->count; t++) {
        const struct term *term = &m->terms->list[t];
        for (size_t i = 0; !term->excluded && !term->ignored && i < m->count; i++)
            for (size_t k = 0; term_stands_at(m, term, i) && k < term->token_count; k++) {
                m->tokens[i + k].terms |= UINT32_C(1) << t;
                m->tokens[i + k].goes_on |= k > 0;
            }
    }
}

static void release_marking(struct marking *m)
{
    free(m->tokens);
    free(m->folded);
    buf_release(&m->text);
}

/* One hit while its rows are read. */
struct showing {
    struct search *search;
    struct rstore *store;
    json_t *object;
};

static json_t *marks_of(const struct snippet *snippet)
{
    json_t *marks = json_array();
    for (size_t i = 0; i < snippet->mark_count; i++) {
        json_t *pair = json_array();
        json_array_append_new(pair, json_integer((json_int_t)snippet->marks[i].start));
        json_array_append_new(pair, json_integer((json_int_t)snippet->marks[i].end));
        json_array_append_new(marks, pair);
    }
    return marks;
}

static void show_chunk(const struct showing *s, const struct chunk_row *chunk)
{
    struct marking m = {.terms = &s->search->plan.terms};
    struct snippet snippet;
    struct buf clean = {0};
    size_t look = chunk->text_size;
    if (look > SNIPPET_LOOK_BYTES)
        look = utf8_floor(chunk->text, SNIPPET_LOOK_BYTES);
    utf8_sanitize(&clean, chunk->text, look);
    if (clean.size)
        rstore_tokenize(s->store, clean.data, clean.size, add_token, &m);
    mark_terms(&m);
    snippet_make(&snippet, clean.data, clean.size, m.tokens, m.count);
    json_object_set_new(s->object, "chunk", json_integer(chunk->position));
    json_object_set_new(s->object, "heading", json_text(chunk->heading));
    json_object_set_new(
        s->object, "snippet",
        json_text_sized(snippet.text.data ? snippet.text.data : "", snippet.text.size));
    json_object_set_new(s->object, "marks", marks_of(&snippet));
    snippet_release(&snippet);
    release_marking(&m);
    buf_release(&clean);
}

static void show_page(const struct showing *s, const struct page_row *page)
{
    json_object_set_new(s->object, "path", json_text(page->path));
    json_object_set_new(s->object, "title", json_text(page->title));
    json_object_set_new(s->object, "kind", json_text(page->kind));
    json_object_set_new(s->object, "created_at", json_integer(page->created_at));
    json_object_set_new(s->object, "updated_at", json_integer(page->updated_at));
}

static void show_hit(void *owner, const struct page_row *page, const struct chunk_row *chunk)
{
    const struct showing *s = owner;
    show_page(s, page);
    show_chunk(s, chunk);
}

static bool show_rows(struct showing *s, const struct hit *hit, struct error *e)
{
    const struct rank_seen *seen = &s->search->seen[hit->source];
    int64_t hits = 1;
    if (!rstore_hit(s->store, hit->chunk, show_hit, s, e))
        return false;
    struct page_match match = {s->search->matches[hit->source].match, hit->page,
                               s->search->with_hidden};
    bool hides = false;
    bool hidden = false;
    bool ok = seen->cut ? rstore_page_hits(s->store, &match, &hits, e)
                        : rstore_page_seen(s->store, seen, hit->page, &hits, e);
    if (ok && match.with_hidden)
        ok = rstore_hides(s->store, &hides, e) &&
             (!hides || rstore_is_hidden(s->store, hit->chunk, &hidden, e));
    if (hidden)
        json_object_set_new(s->object, "superseded", json_true());
    json_object_set_new(s->object, "more_hits", json_integer(hits > 0 ? hits - 1 : 0));
    return ok;
}

json_t *search_list(struct search *search)
{
    json_t *list = json_array();
    struct paging paging = paging_of(search->args);
    size_t end = (size_t)(paging.offset + paging_ask(&paging));
    for (size_t i = (size_t)paging.offset; i < search->hits.count && i < end; i++) {
        const struct hit *hit = &search->hits.list[i];
        struct error e = {0};
        struct showing s = {search, request_store(search->reader, hit->source), json_object()};
        const char *id = request_source(search->reader, hit->source)->id;
        json_object_set_new(s.object, "source", json_string(id));
        json_object_set_new(s.object, "score", json_real(hit->score));
        bool ok = s.store && show_rows(&s, hit, &e);
        if (s.store && !ok)
            request_fail(search->reader, hit->source, &e);
        if (ok && json_object_get(s.object, "chunk"))
            json_array_append(list, s.object);
        json_decref(s.object);
    }
    return list;
}
