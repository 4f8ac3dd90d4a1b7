/* compare REPOSITORY REV STORE: does the store hold git's pages, and their bodies byte for byte? */
/*
 * Every regular file of REV must be a page that is valid UTF-8 without private blocks, as those of
 * `corpus` are. Prints `PAGES BYTES`, or up to ten differences and exits 1. Reads both once, in
 * path order. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "heavy-tests/git_blobs.h"

enum { SHOWN_MAX = 10 };

/* The store's pages, one after the other. */
struct pages {
    sqlite3 *db;
    sqlite3_stmt *chunks;
    bool row; /* `chunks` stands on a row: the first chunk of the next page */
    struct buf path;
    struct buf blob;
    struct buf text;
};

static void pages_step(struct pages *p)
{
    int code = sqlite3_step(p->chunks);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        die("store", sqlite3_errmsg(p->db));
    p->row = code == SQLITE_ROW;
}

static void pages_open(struct pages *p, const char *path)
{
    static const char sql[] = "SELECT p.id, p.path, p.blob, c.text FROM page p"
                              " LEFT JOIN chunk c ON c.page = p.id ORDER BY p.path, c.position";
    if (sqlite3_open_v2(path, &p->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(p->db, 10000) != SQLITE_OK ||
        sqlite3_prepare_v2(p->db, sql, -1, &p->chunks, NULL) != SQLITE_OK)
        die(path, sqlite3_errmsg(p->db));
    pages_step(p);
}

static void set_column(struct pages *p, int column, struct buf *out)
{
    buf_reset(out);
    buf_add(out, "", 0);
    const char *text = (const char *)sqlite3_column_text(p->chunks, column);
    if (text)
        buf_add(out, text, (size_t)sqlite3_column_bytes(p->chunks, column));
}

/* Reads the next page; false at the end. */
static bool pages_next(struct pages *p)
{
    if (!p->row)
        return false;
    sqlite3_int64 id = sqlite3_column_int64(p->chunks, 0);
    set_column(p, 1, &p->path);
    set_column(p, 2, &p->blob);
    set_column(p, 3, &p->text);
    for (pages_step(p); p->row && sqlite3_column_int64(p->chunks, 0) == id; pages_step(p))
        buf_add(&p->text, sqlite3_column_text(p->chunks, 3),
                (size_t)sqlite3_column_bytes(p->chunks, 3));
    return true;
}

static void pages_close(struct pages *p)
{
    sqlite3_finalize(p->chunks);
    sqlite3_close(p->db);
    buf_release(&p->path);
    buf_release(&p->blob);
    buf_release(&p->text);
}

static long differences;

static void differs(const char *what, const char *path)
{
    if (differences++ < SHOWN_MAX)
        fprintf(stderr, "%s: %s\n", what, path);
}

static void compare_page(const struct git_blobs *blob, const struct pages *p)
{
    if (blob->text.size != p->text.size ||
        (p->text.size && memcmp(blob->text.data, p->text.data, p->text.size) != 0))
        differs("other text than git's", blob->path);
    else if (strcmp(blob->id, p->blob.data) != 0)
        differs("right text, wrong blob id", blob->path);
}

int main(int argc, char **argv)
{
    struct git_blobs blobs = {0};
    struct pages p = {0};
    long pages = 0;
    size_t bytes = 0;
    if (argc != 4) {
        fputs("usage: compare REPOSITORY REV STORE\n", stderr);
        return 2;
    }
    git_blobs_open(&blobs, argv[1], argv[2]);
    pages_open(&p, argv[3]);
    bool page = pages_next(&p);
    while (git_blobs_next(&blobs)) {
        for (; page && strcmp(p.path.data, blobs.path) < 0; page = pages_next(&p))
            differs("in the store alone", p.path.data);
        if (!page || strcmp(p.path.data, blobs.path) != 0) {
            differs("in git alone", blobs.path);
            continue;
        }
        compare_page(&blobs, &p);
        pages++;
        bytes += p.text.size;
        page = pages_next(&p);
    }
    for (; page; page = pages_next(&p))
        differs("in the store alone", p.path.data);
    pages_close(&p);
    if (differences)
        fprintf(stderr, "%ld differences from git\n", differences);
    else
        printf("%ld %zu\n", pages, bytes);
    return differences != 0;
}
