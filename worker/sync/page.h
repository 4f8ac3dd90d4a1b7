/* A page as it goes into the store: bytes in, struct out; pure, bounded, fuzzed. */
#ifndef LATTICE_WORKER_SYNC_PAGE_H
#define LATTICE_WORKER_SYNC_PAGE_H

#include <stddef.h>

#include "common/error.h"
#include "common/text.h"

/* Goes up whenever the same bytes would give other rows: every page is then imported again. */
enum { IMPORTER_VERSION = 1 };

/* Words a chunk aims at; measured per heading section, split at blank lines. */
enum { CHUNK_AIM_WORDS = 300 };
/* A block (code, stack trace, paragraph) above this many bytes is cut at line ends, then at UTF-8
 * boundaries: no chunk is ever larger. */
enum { CHUNK_MAX_BYTES = 64 * 1024 };
/* Beyond these, front matter is plain text with a warning, links and tags are left out (said in
 * the warning). */
enum {
    FRONT_MAX_BYTES = 64 * 1024,
    FRONT_MAX_DEPTH = 32,
    FRONT_MAX_NODES = 10000,
    LINKS_MAX = 10000,
    TAGS_MAX = 1000,
    TITLE_MAX_BYTES = 512,
    LINK_TARGET_MAX_BYTES = 2048,
};

enum page_kind { PAGE_MARKDOWN, PAGE_TEXT };

struct page_chunk {
    size_t start; /* byte offset into page.text; chunks are adjacent, in order, cover the text */
    size_t size;
    const char *heading; /* trail such as "Install › Debian", "" before the first heading;
                          * lives as long as the page's content */
};

enum link_kind { LINK_WIKI, LINK_MARKDOWN };

struct page_link {
    enum link_kind kind;
    size_t chunk;       /* index of the chunk in which it stands */
    const char *target; /* [[target#part|label]]: `target#part`; Markdown: the destination as cmark
                         * gives it (unescaped), images left out; never empty */
    const char *label;  /* plain text, one line; "" if none or if it is the target */
};

/* All memory is reused from page to page: start all-zero, page_parse as often as wanted,
 * page_release at the end. What it points to is good until the next page_parse. */
struct page {
    enum page_kind kind;
    const char *title; /* front matter's `title`, else the first level-1 heading, else the first
                        * heading, else the file's stem; never empty */
    bool title_from_path;
    const char *front;   /* front matter as a JSON object, NULL if there is none */
    const char *warning; /* NULL if there is none; e.g. front matter that is not YAML */
    struct buf text;     /* valid UTF-8: invalid bytes are U+FFFD, <private> blocks are gone */
    struct page_chunk *chunks;
    size_t chunk_count;
    struct page_link *links; /* in the order of their paragraphs; in one, Markdown's come first */
    size_t link_count;
    const char **tags; /* front matter's `tags` (list, or string split at commas and spaces) and
                        * inline #tags outside code; without '#', unique, first seen first */
    size_t tag_count;
    struct page_memory *memory; /* owned; private to page.c */
};

/* True if the bytes are text. False with CAUSE_BAD_DATA and the reason if they cannot be a page:
 * a NUL byte ("binary: NUL byte at offset 17"). An empty file is a page with one empty chunk.
 * `path` is valid UTF-8 and relative; its suffix gives the kind (.md .markdown .mdx: Markdown).
 * Same bytes and path, same result. */
CHECKED bool page_parse(struct page *page, const char *path, const char *bytes, size_t size,
                        struct error *e);
/* The title of a page that names none: the file's stem, for renames. Caller frees. */
char *page_title_from_path(const char *path);
enum page_kind page_kind_of_path(const char *path);
void page_release(struct page *page);

#endif
