/* Stores made for the unit tests of readers, and what readers find there. */
#ifndef LATTICE_TESTS_READER_STORES_H
#define LATTICE_TESTS_READER_STORES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/store_db.h"
#include "common/store_schema.h"
#include "common/text.h"
#include "tests/unit/harness.h"
#include "worker/reads/ops.h"
#include "worker/reads/reader.h"

static struct home home;

static inline char *store_path(const char *id)
{
    return home_source_path(&home, id, SOURCE_STORE);
}

/* A writer of a store: a connection as a worker has it. */
static inline sqlite3 *writer(const char *id)
{
    struct error e = {0};
    sqlite3 *db = NULL;
    CLEANUP(free_text) char *path = store_path(id);
    CHECK_OK(home_make_source(&home, id, &e), &e);
    CHECK_OK(db_open(path, &(struct db_options){.mode = DB_CREATE, .busy_ms = 1000}, &db, &e), &e);
    CHECK_OK(db_migrate(db, store_migrations, store_format, "store", &e), &e);
    return db;
}

/* `count` pages of one chunk with this text, from page number `first`. */
static inline void add_pages(sqlite3 *db, int first, int count, const char *text)
{
    struct error e = {0};
    CHECK_OK(db_exec(db, "BEGIN", &e), &e);
    for (int i = first; i < first + count; i++) {
        char *sql = xasprintf(
            "INSERT INTO page VALUES(%d, 'p%06d.md', 't', 'markdown', NULL, NULL, 'b', 1, 1, 1, 1);"
            "INSERT INTO chunk VALUES(%d, %d, 0, 't', 't', '%s');"
            "INSERT INTO chunk_index(rowid, text, title, heading) VALUES(%d, '%s', 't', 't')",
            i, i, i, i, text, i, text);
        CHECK_OK(db_exec(db, sql, &e), &e);
        free(sql);
    }
    CHECK_OK(
        db_exec(db, "UPDATE sync_state SET version = version + 1, pages = pages + 1; COMMIT", &e),
        &e);
}

static inline void new_store(const char *id, int pages, const char *text)
{
    sqlite3 *db = writer(id);
    add_pages(db, 1, pages, text);
    db_close(&db);
}

static inline void write_config(int count)
{
    struct buf text = {0};
    buf_add_text(&text, "{\"sources\": [");
    for (int i = 0; i < count; i++)
        buf_printf(&text, "%s{\"id\": \"s%d\", \"kind\": \"git\", \"url\": \"/nowhere\"}",
                   i ? "," : "", i);
    buf_add_text(&text, "]}");
    test_write("home/sources.json", text.data, text.size);
    buf_release(&text);
}

static inline struct reader *open_reader(int sources, struct reader_limits limits)
{
    struct error e = {0};
    struct reader *reader = NULL;
    if (!home.path) {
        CHECK_INT(mkdir(test_path("home"), 0700), 0);
        CHECK_OK(home_open(test_path("home"), &home, &e), &e);
    }
    write_config(sources);
    CHECK_OK(reader_open(&home, &limits, &reader, &e), &e);
    return reader;
}

static inline json_t *search_with(struct reader *reader, const char *query, bool superseded,
                                  enum op_end want)
{
    struct error e = {0};
    json_t *raw =
        json_pack("{s:s, s:i, s:b}", "query", query, "limit", 100, "superseded", superseded);
    json_t *args = NULL;
    json_t *answer = NULL;
    CHECK_OK(op_check_args(op_find("search"), raw, &args, &e), &e);
    CHECK_INT(op_find("search")->run(reader, args, &answer, &e), want);
    json_decref(raw);
    json_decref(args);
    return answer;
}

static inline json_t *search(struct reader *reader, const char *query, enum op_end want)
{
    return search_with(reader, query, false, want);
}

static inline size_t hits(struct reader *reader, const char *query)
{
    json_t *answer = search(reader, query, OP_DONE);
    size_t count = json_array_size(json_object_get(answer, "hits"));
    json_decref(answer);
    return count;
}

#endif
