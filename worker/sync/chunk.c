/* Cuts a text into chunks that follow its headings: adjacent, in order, covering every byte. */
#include "worker/sync/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "worker/sync/page_marks.h"

void chunk_begin(struct chunker *c, const char *text, size_t size, size_t lead)
{
    enum { KEEP_CHUNKS = 4096 }; /* what a giant page needed is not kept */
    if (c->room > KEEP_CHUNKS || c->heading_room > KEEP_CHUNKS)
        chunk_release(c);
    struct page_chunk *chunks = c->chunks;
    struct heading *headings = c->headings;
    size_t room = c->room;
    size_t heading_room = c->heading_room;
    *c = (struct chunker){.text = text,
                          .size = size,
                          .unit = lead,
                          .chunks = chunks,
                          .room = room,
                          .headings = headings,
                          .heading_room = heading_room};
}

/* Cuts at `at`; the new chunk has `words` so far and stands under a heading of level `rank`. */
static void cut(struct chunker *c, size_t at, size_t words, int rank)
{
    c->chunks = array_room(c->chunks, c->count, &c->room, sizeof *c->chunks);
    c->chunks[c->count++] = (struct page_chunk){c->start, at - c->start, ""};
    c->last_words = c->words - words;
    c->last_rank = c->rank;
    c->start = at;
    c->words = words;
    c->rank = rank;
    c->in_section = false;
    c->mark = 0;
}

/* A few words left over at the end of a section go back to the chunk they were cut from. */
static void take_back_tail(struct chunker *c, size_t end)
{
    if (!c->in_section || c->words >= CHUNK_TINY_WORDS)
        return;
    struct page_chunk *last = &c->chunks[c->count - 1];
    if (end - last->start > CHUNK_MAX_BYTES)
        return;
    c->count--;
    c->start = last->start;
    c->words += c->last_words;
    c->rank = c->last_rank;
    c->in_section = false;
}

static void place_heading(struct chunker *c, size_t start, int level)
{
    if (c->last_level > 0 && level > c->last_level)
        return; /* right below another heading: they stay together */
    take_back_tail(c, start);
    bool rises = c->rank > 0 && level < c->rank && c->words >= CHUNK_TINY_WORDS;
    if (rises || c->words >= CHUNK_AIM_WORDS) {
        cut(c, start, 0, level);
        return;
    }
    if (c->rank == 0 && c->words == 0)
        c->rank = level;
    if (start > c->start) {
        c->mark = start;
        c->mark_words = c->words;
        c->mark_level = level;
    }
}

static const char *line_end(const char *line, const char *end)
{
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    return newline ? newline : end;
}

/* True if `at` stands between two frames of one stack trace. Looks at two lines only, and at no
 * more of them than a frame is long. */
static bool inside_trace(const struct chunker *c, size_t at)
{
    enum { LOOK_BYTES = 512 };
    size_t stop = at;
    while (stop > c->start && at - stop < LOOK_BYTES && strchr("\r\n", c->text[stop - 1]))
        stop--;
    size_t before = stop;
    while (before > c->start && stop - before < LOOK_BYTES && c->text[before - 1] != '\n')
        before--;
    size_t left = c->size - at < LOOK_BYTES ? c->size - at : LOOK_BYTES;
    const char *line = c->text + at;
    const char *end = line_end(line, line + left);
    return trace_line(line, (size_t)(end - line)) && trace_line(c->text + before, stop - before);
}

/* Where a unit too large for a chunk is cut: after its last line that fits, else between two
 * characters. */
static size_t cut_point(const struct chunker *c)
{
    const char *from = c->text + c->start;
    const char *newline = memrchr(from, '\n', CHUNK_MAX_BYTES);
    return newline ? (size_t)(newline - c->text) + 1 : c->start + utf8_floor(from, CHUNK_MAX_BYTES);
}

static void keep_below_max(struct chunker *c, size_t start, size_t end)
{
    if (end - c->start <= CHUNK_MAX_BYTES)
        return;
    if (start > c->start) {
        cut(c, start, 0, c->mark ? c->mark_level : c->rank);
        c->in_section = true;
    }
    while (end - c->start > CHUNK_MAX_BYTES) {
        c->words = CHUNK_AIM_WORDS;
        cut(c, cut_point(c), 0, c->rank);
    }
}

static void place_text(struct chunker *c, size_t start, size_t words)
{
    if (c->words + words <= CHUNK_AIM_WORDS)
        return;
    if (c->mark && c->mark_words >= CHUNK_TINY_WORDS)
        cut(c, c->mark, c->words - c->mark_words, c->mark_level);
    bool full = c->words + words > CHUNK_AIM_WORDS && c->words >= CHUNK_LEAST_WORDS;
    if (full && !inside_trace(c, start)) {
        cut(c, start, 0, c->mark ? c->mark_level : c->rank);
        c->in_section = true;
    }
}

/* Puts the open unit, which ends at `end`, into the open chunk or into a new one. */
static void close_unit(struct chunker *c, size_t end)
{
    if (end <= c->unit)
        return;
    size_t words = count_words(c->text + c->unit, end - c->unit);
    if (c->unit_level)
        place_heading(c, c->unit, c->unit_level);
    else
        place_text(c, c->unit, words);
    keep_below_max(c, c->unit, end);
    bool cut_inside = c->start > c->unit;
    c->words += cut_inside ? count_words(c->text + c->start, end - c->start) : words;
}

static void open_unit(struct chunker *c, size_t start, int level)
{
    if (!c->begun)
        c->first = start;
    c->begun = true;
    close_unit(c, start);
    c->last_level = c->unit_level;
    c->unit = start;
    c->unit_level = level;
}

void chunk_unit(struct chunker *c, size_t start)
{
    open_unit(c, start, 0);
}

size_t chunk_heading(struct chunker *c, size_t start, int level, const char *text)
{
    if (c->heading_count == HEADINGS_MAX) {
        chunk_unit(c, start);
        return HEADINGS_MAX;
    }
    open_unit(c, start, level);
    c->headings = array_room(c->headings, c->heading_count, &c->heading_room, sizeof *c->headings);
    c->headings[c->heading_count] = (struct heading){start, level, text};
    return c->heading_count++;
}

void chunk_end(struct chunker *c)
{
    close_unit(c, c->size);
    take_back_tail(c, c->size);
    if (c->count == 0 || c->start < c->size)
        cut(c, c->size, 0, 0);
}

void chunk_release(struct chunker *c)
{
    free(c->chunks);
    free(c->headings);
    *c = (struct chunker){0};
}

size_t count_words(const char *text, size_t size)
{
    size_t words = words_in(text, size);
    return words > size / CHUNK_WORD_BYTES ? words : size / CHUNK_WORD_BYTES;
}
