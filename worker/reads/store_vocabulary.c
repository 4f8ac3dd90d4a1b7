/* The vocabulary of a store's index, read from its leaf pages. */
/*
 * fts5vocab looks at each word's list of places, and seeks in all segments for each word; a walk
 * through 100,000 words takes it seconds. The pages themselves say where words begin. The format
 * (https://www.sqlite.org/fts5.html#appendix_a, and the comment that fts5_index.c begins with) is
 * version 4 of FTS5's, the only one before SQLite 3.42 and what tables without new options have
 * after that. An index of another version, or whose structure begins with the marker of another
 * form, is left to fts5vocab.
 *
 *   structure (id 10)  cookie, levels, segments, writes; per level: merge, segments; per segment:
 *                      id, first page, last page
 *   leaf page          u16 first rowid, u16 end of the content, content, offsets of its words
 *   a word             [bytes shared with the one before it on the page], size, bytes, places
 *
 * Words of the index itself begin with the byte '0'. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "common/varint.h"
#include "worker/reads/store_reading_internal.h"
#include "worker/reads/store_words.h"

enum { PAGE_HEAD = 4, SEGMENTS_MAX = 2000, PLACE_BYTES = 4, MAIN_INDEX = '0' };
/* No number of levels begins so. */
enum { COOKIE_BYTES = 4, OTHER_FORM = 0xFF };

int vocabulary_version = 4;

static struct bytes blob(sqlite3_stmt *s, int at)
{
    const void *data = sqlite3_column_blob(s, at);
    return (struct bytes){.data = data, .size = (size_t)sqlite3_column_bytes(s, at)};
}

static bool damaged(const struct rstore *store, const char *what, struct error *e)
{
    error_set(e, CAUSE_STORE, "%s: its index is damaged: %s; `lattice-supervise doctor` says more",
              store->path, what);
    e->damaged = true;
    return false;
}

/* A segment while it is walked through. */
struct segment {
    sqlite3_stmt *pages; /* owned */
    struct bytes page;   /* its content ends at `end`; `at` is in the offsets behind it */
    size_t end;
    size_t next; /* where the next word begins */
    int64_t number;
    bool first;  /* the next word is the first of its page */
    bool at_end; /* there is no other page */
    struct buf word;
    size_t places; /* bytes of the word's list */
    bool done;     /* `word` is none any more */
};

struct segments {
    const struct rstore *store;
    struct segment *list; /* owned */
    size_t count;
};

static bool load_page(struct segments *all, struct segment *g, struct error *e)
{
    enum db_row row = db_step(g->pages, e);
    g->at_end = row != DB_ROW;
    if (row != DB_ROW)
        return row == DB_DONE;
    g->number = column_int(g->pages, 0);
    g->page = blob(g->pages, 1);
    if (g->page.size < PAGE_HEAD)
        return damaged(all->store, "a page is too short", e);
    g->end = (size_t)g->page.data[2] << 8 | g->page.data[3];
    g->page.at = g->end;
    g->next = (size_t)varint_read(&g->page);
    g->first = true;
    if (g->page.bad || g->next < PAGE_HEAD || g->next >= g->end)
        return damaged(all->store, "a page without words", e);
    return true;
}

/* The list of the last word of a page goes on up to the first word of the next one. */
static bool leave_page(struct segments *all, struct segment *g, struct error *e)
{
    int64_t before = g->number;
    size_t page_bytes = g->end;
    if (!load_page(all, g, e))
        return false;
    if (!g->at_end && g->number > before)
        g->places += (size_t)(g->number - before - 1) * page_bytes + g->next - PAGE_HEAD;
    return true;
}

static bool next_word(struct segments *all, struct segment *g, struct error *e)
{
    if (g->at_end) {
        g->done = true;
        return true;
    }
    struct bytes from = {.data = g->page.data, .size = g->end, .at = g->next};
    uint64_t keep = g->first ? 0 : varint_read(&from);
    uint64_t rest = varint_read(&from);
    if (from.bad || keep > g->word.size || rest > from.size - from.at)
        return damaged(all->store, "a word is longer than its page", e);
    g->word.size = (size_t)keep;
    buf_add(&g->word, from.data + from.at, (size_t)rest);
    g->first = false;
    size_t begin = from.at + (size_t)rest;
    if (g->page.at >= g->page.size) {
        g->places = g->end - begin;
        return leave_page(all, g, e);
    }
    g->next += (size_t)varint_read(&g->page);
    if (g->page.bad || g->next < begin || g->next >= g->end)
        return damaged(all->store, "words overlap", e);
    g->places = g->next - begin;
    return true;
}

/* Pages on which words begin, from the one that `from` would be on. */
static bool open_segment(struct segments *all, int64_t id, const struct buf *from, struct error *e)
{
    static const char *const sql =
        "SELECT i.pgno >> 1, d.block FROM chunk_index_idx i CROSS JOIN chunk_index_data d"
        " ON d.id = (?1 << 37) + (i.pgno >> 1) WHERE i.segid = ?1 AND i.term >="
        " coalesce((SELECT max(term) FROM chunk_index_idx WHERE segid = ?1 AND term <= ?2), x'')"
        " ORDER BY i.term";
    struct segment *g = &all->list[all->count];
    if (!db_prepare(all->store->db, &sql, 1, &g->pages, e))
        return false;
    all->count++;
    bind_int(g->pages, 1, id);
    bind_blob(g->pages, 2, from->data, from->size);
    return load_page(all, g, e) && next_word(all, g, e);
}

static bool read_structure(struct segments *all, struct bytes *b, const struct buf *from,
                           struct error *e)
{
    b->at = COOKIE_BYTES;
    uint64_t levels = varint_read(b);
    uint64_t count = varint_read(b);
    varint_read(b);
    if (b->bad || count > SEGMENTS_MAX)
        return damaged(all->store, "its list of segments", e);
    all->list = xcalloc((size_t)count + 1, sizeof *all->list);
    for (uint64_t level = 0; level < levels && !b->bad; level++) {
        varint_read(b);
        for (uint64_t n = varint_read(b); n > 0 && !b->bad; n--) {
            int64_t id = (int64_t)varint_read(b);
            for (int i = 0; i < 2; i++)
                varint_read(b);
            if (b->bad || all->count == count)
                break;
            if (!open_segment(all, id, from, e))
                return false;
        }
    }
    return !b->bad || damaged(all->store, "its list of segments", e);
}

static int compare(const struct buf *a, const struct buf *b)
{
    int order = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static struct segment *least(struct segments *all)
{
    struct segment *best = NULL;
    for (size_t i = 0; i < all->count; i++) {
        struct segment *g = &all->list[i];
        if (!g->done && (!best || compare(&g->word, &best->word) < 0))
            best = g;
    }
    return best;
}

/* Takes the word at hand out of all segments that have it; how often it occurs, about. */
static bool take_word(struct segments *all, struct buf *word, size_t *places, struct error *e)
{
    *places = 0;
    for (size_t i = 0; i < all->count; i++) {
        struct segment *g = &all->list[i];
        if (g->done || compare(&g->word, word) != 0)
            continue;
        *places += g->places;
        if (!next_word(all, g, e))
            return false;
    }
    return true;
}

struct word_receiver {
    word_handler handle;
    void *owner;
};

static bool walk(struct segments *all, const struct buf *from, const struct word_receiver *to,
                 struct error *e)
{
    struct buf word = {0};
    bool ok = true;
    bool wanted = true;
    struct segment *g;
    while (ok && wanted && (g = least(all))) {
        size_t places;
        buf_reset(&word);
        buf_add(&word, g->word.data, g->word.size);
        ok = take_word(all, &word, &places, e);
        if (!ok || word.size < 1 || word.data[0] != MAIN_INDEX || compare(&word, from) < 0)
            continue;
        places = places / PLACE_BYTES + 1;
        int seen = places < VOCABULARY_SEEN_MAX ? (int)places : VOCABULARY_SEEN_MAX;
        wanted = to->handle(to->owner, &(struct word){word.data + 1, word.size - 1, seen});
    }
    buf_release(&word);
    return ok;
}

static bool read_pages(struct rstore *store, struct bytes *structure, const char *from,
                       const struct word_receiver *to, struct error *e)
{
    struct segments all = {.store = store};
    struct buf first = {0};
    buf_add_byte(&first, MAIN_INDEX);
    buf_add_text(&first, from);
    bool ok = read_structure(&all, structure, &first, e) && walk(&all, &first, to, e);
    for (size_t i = 0; i < all.count; i++) {
        db_finalize(&all.list[i].pages, 1);
        buf_release(&all.list[i].word);
    }
    free(all.list);
    buf_release(&first);
    return ok;
}

/* Slow, and right whatever the format is. The table goes with the snapshot. */
static bool ask_fts5vocab(struct rstore *store, const char *from, const struct word_receiver *to,
                          struct error *e)
{
    static const char *const sql = "SELECT term, doc FROM temp.vocabulary WHERE term >= ?1";
    sqlite3_stmt *s = NULL;
    enum db_row row;
    bool wanted = true;
    if (!db_exec(store->db,
                 "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary"
                 " USING fts5vocab('main', 'chunk_index', 'row')",
                 e) ||
        !db_prepare(store->db, &sql, 1, &s, e))
        return false;
    bind_text(s, 1, from);
    while ((row = db_step(s, e)) == DB_ROW && wanted) {
        int64_t seen = column_int(s, 1);
        struct word word = {.text = column_text(s, 0),
                            .size = (size_t)sqlite3_column_bytes(s, 0),
                            .seen = seen < VOCABULARY_SEEN_MAX ? (int)seen : VOCABULARY_SEEN_MAX};
        wanted = to->handle(to->owner, &word);
    }
    db_finalize(&s, 1);
    return row != DB_ERROR;
}

bool rstore_vocabulary(struct rstore *store, const char *from, word_handler handle, void *owner,
                       struct error *e)
{
    static const char *const sql = "SELECT (SELECT v FROM chunk_index_config WHERE k = 'version'),"
                                   " (SELECT block FROM chunk_index_data WHERE id = 10)";
    struct word_receiver to = {handle, owner};
    sqlite3_stmt *s = NULL;
    bool row = false;
    if (!db_prepare(store->db, &sql, 1, &s, e))
        return false;
    bool ok = db_first(s, &row, e);
    struct bytes structure = ok ? blob(s, 1) : (struct bytes){0};
    if (ok && structure.size <= COOKIE_BYTES)
        ok = damaged(store, "no list of segments", e);
    else if (ok && column_int(s, 0) == vocabulary_version &&
             structure.data[COOKIE_BYTES] != OTHER_FORM)
        ok = read_pages(store, &structure, from, &to, e);
    else if (ok)
        ok = ask_fts5vocab(store, from, &to, e);
    db_finalize(&s, 1);
    return ok;
}
