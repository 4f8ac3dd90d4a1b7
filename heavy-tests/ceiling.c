/* The bare program that a first sync is measured against. */
/* `git ls-tree` and `git cat-file --batch --buffer` into the same tables and index, with the best
 * settings found, and nothing else: SQLite's own tokenizer, chunks of about 300 words cut at
 * spaces, no Markdown, no links, no plan, no lock row, no fence.
 *
 *   ceiling REPOSITORY REV STORE [NAME=NUMBER]...
 *
 * Each NAME is a setting below. Prints pages and the segments of the index that it leaves: an index
 * in more segments is cheaper to make and slower to search, so both sides must be alike in that. */
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store_schema.h"
#include "common/text.h"
#include "heavy-tests/git_blobs.h"
#include "worker/sync/heap.h"

enum { CHUNK_WORDS = 300 };

enum setting {
    HASH_KIB,
    BATCH_PAGES,
    BATCH_KIB,
    AUTOMERGE,
    CRISISMERGE,
    USERMERGE,
    MERGE_PAGES,
    LEAF_BYTES,
    PAGE_BYTES,
    CACHE_KIB,
    SYNCHRONOUS,
    CHECKPOINT_PAGES,
    EXCLUSIVE,
    MEMORY_STATUS,
    FOREIGN_KEYS,
    SECURE_DELETE,
    HUGE_PAGES,
    SETTING_COUNT
};

static struct {
    const char *name;
    long value;
} settings[SETTING_COUNT] = {
    [HASH_KIB] = {"hash_kib", 65536},     [BATCH_PAGES] = {"batch_pages", 4096},
    [BATCH_KIB] = {"batch_kib", 32768},   [AUTOMERGE] = {"automerge", 0},
    [CRISISMERGE] = {"crisismerge", 256}, [USERMERGE] = {"usermerge", 8},
    [MERGE_PAGES] = {"merge_pages", 500}, [LEAF_BYTES] = {"leaf_bytes", 4050},
    [PAGE_BYTES] = {"page_bytes", 4096},  [CACHE_KIB] = {"cache_kib", 16384},
    [SYNCHRONOUS] = {"synchronous", 1},   [CHECKPOINT_PAGES] = {"checkpoint_pages", 1000},
    [EXCLUSIVE] = {"exclusive", 0},       [MEMORY_STATUS] = {"memory_status", 0},
    [FOREIGN_KEYS] = {"foreign_keys", 0}, [SECURE_DELETE] = {"secure_delete", 0},
    [HUGE_PAGES] = {"huge_pages", 1},
};

static long setting(enum setting s)
{
    return settings[s].value;
}

enum { ADD_PAGE, ADD_CHUNK, ADD_INDEX, MERGE, STATEMENT_COUNT };

struct target {
    sqlite3 *db;
    sqlite3_stmt *s[STATEMENT_COUNT];
    long pages;
    long batch_pages;
    long batch_bytes;
};

static void exec(struct target *t, const char *sql)
{
    if (sqlite3_exec(t->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(t->db));
}

__attribute__((format(printf, 2, 3))) static void execf(struct target *t, const char *format, ...)
{
    char sql[128];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    exec(t, sql);
}

static void run(struct target *t, sqlite3_stmt *s)
{
    if (sqlite3_step(s) != SQLITE_DONE)
        die(sqlite3_sql(s), sqlite3_errmsg(t->db));
    sqlite3_reset(s);
}

static long number_of(struct target *t, const char *sql)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(t->db, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
        die(sql, sqlite3_errmsg(t->db));
    long value = (long)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return value;
}

/* --- the store ---------------------------------------------------------------------------------
 */

static void configure_index(struct target *t)
{
    static const struct {
        const char *option;
        enum setting value;
        long scale;
    } options[] = {{"pgsz", LEAF_BYTES, 1},
                   {"hashsize", HASH_KIB, 1024},
                   {"automerge", AUTOMERGE, 1},
                   {"crisismerge", CRISISMERGE, 1},
                   {"usermerge", USERMERGE, 1}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        execf(t, "INSERT INTO chunk_index(chunk_index, rank) VALUES('%s', %ld)", options[i].option,
              setting(options[i].value) * options[i].scale);
}

static void target_open(struct target *t, const char *path)
{
    static const char *const sql[] = {
        [ADD_PAGE] = "INSERT INTO page(path, title, kind, front, warning, blob, epoch, size_bytes,"
                     " created_at, updated_at) VALUES(?1, ?2, 'markdown', NULL, NULL, ?3, 1000000, "
                     "?4, 1, 1)",
        [ADD_CHUNK] = "INSERT INTO chunk(page, position, title, heading, text)"
                      " VALUES(?1, ?2, ?3, ?4, ?5)",
        [ADD_INDEX] = "INSERT INTO chunk_index(rowid, title, heading, text)"
                      " VALUES(?1, ?2, ?3, ?4)",
        [MERGE] = "INSERT INTO chunk_index(chunk_index, rank) VALUES('merge', ?1)",
    };
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, (int)setting(MEMORY_STATUS));
    if (sqlite3_open_v2(path, &t->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        die(path, sqlite3_errmsg(t->db));
    execf(t, "PRAGMA page_size=%ld", setting(PAGE_BYTES));
    execf(t, "PRAGMA cache_size=-%ld", setting(CACHE_KIB));
    if (setting(EXCLUSIVE))
        exec(t, "PRAGMA locking_mode=EXCLUSIVE");
    exec(t, "PRAGMA journal_mode=WAL");
    execf(t, "PRAGMA synchronous=%ld", setting(SYNCHRONOUS));
    execf(t, "PRAGMA foreign_keys=%ld", setting(FOREIGN_KEYS));
    /* Debian's SQLite has it on: what goes is overwritten, and so is each segment that merged. */
    execf(t, "PRAGMA secure_delete=%ld", setting(SECURE_DELETE));
    sqlite3_wal_autocheckpoint(t->db, (int)setting(CHECKPOINT_PAGES));
    for (int i = 0; i < store_format; i++)
        exec(t, store_migrations[i]);
    configure_index(t);
    for (int i = 0; i < STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(t->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &t->s[i], NULL) !=
            SQLITE_OK)
            die(sql[i], sqlite3_errmsg(t->db));
}

/* As the worker does: steps until one of them finds nothing to do. */
static void merge(struct target *t)
{
    for (sqlite3_int64 before = 0; setting(MERGE_PAGES);) {
        before = sqlite3_total_changes64(t->db);
        sqlite3_bind_int64(t->s[MERGE], 1, setting(MERGE_PAGES));
        run(t, t->s[MERGE]);
        if (sqlite3_total_changes64(t->db) - before < 2)
            break;
    }
}

static void target_close(struct target *t)
{
    if (t->batch_pages)
        exec(t, "COMMIT");
    merge(t);
    printf("%ld %ld\n", t->pages,
           number_of(t, "SELECT count(DISTINCT segid) FROM chunk_index_idx"));
    for (int i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(t->s[i]);
    sqlite3_close(t->db);
}

/* --- one page ----------------------------------------------------------------------------------
 */

static size_t chunk_size(const char *text, size_t size)
{
    size_t at = 0;
    for (int words = 0; at < size && words < CHUNK_WORDS; words++) {
        while (at < size && (unsigned char)text[at] > ' ')
            at++;
        while (at < size && (unsigned char)text[at] <= ' ')
            at++;
    }
    return at;
}

static void bind(sqlite3_stmt *s, int at, const char *text, size_t size)
{
    sqlite3_bind_text64(s, at, text, size, SQLITE_STATIC, SQLITE_UTF8);
}

struct chunk {
    const char *title; /* up to its line's end */
    const char *text;
    size_t size;
};

static void put_chunk(struct target *t, sqlite3_int64 page, long position,
                      const struct chunk *chunk)
{
    sqlite3_stmt *row = t->s[ADD_CHUNK];
    sqlite3_stmt *index = t->s[ADD_INDEX];
    size_t title_size = strcspn(chunk->title, "\n");
    sqlite3_bind_int64(row, 1, page);
    sqlite3_bind_int64(row, 2, position);
    bind(row, 3, chunk->title, title_size);
    bind(row, 4, chunk->title, title_size);
    bind(row, 5, chunk->text, chunk->size);
    run(t, row);
    sqlite3_bind_int64(index, 1, sqlite3_last_insert_rowid(t->db));
    bind(index, 2, chunk->title, title_size);
    bind(index, 3, chunk->title, title_size);
    bind(index, 4, chunk->text, chunk->size);
    run(t, index);
}

/* The first level-1 heading, else the path: up to its line's end. */
static const char *title_of(const char *path, const char *text)
{
    if (strncmp(text, "# ", 2) == 0)
        return text + 2;
    const char *heading = strstr(text, "\n# ");
    return heading ? heading + 3 : path;
}

static void begin(struct target *t)
{
    if (t->batch_pages == 0)
        exec(t, "BEGIN IMMEDIATE");
    t->batch_pages++;
}

static void end(struct target *t, size_t size)
{
    t->pages++;
    t->batch_bytes += (long)size;
    if (t->batch_pages < setting(BATCH_PAGES) && t->batch_bytes < setting(BATCH_KIB) * 1024)
        return;
    exec(t, "COMMIT");
    t->batch_pages = 0;
    t->batch_bytes = 0;
}

static void put_page(struct target *t, const struct git_blobs *blob)
{
    sqlite3_stmt *s = t->s[ADD_PAGE];
    const char *text = blob->text.data;
    size_t size = blob->text.size;
    const char *title = title_of(blob->path, text);
    begin(t);
    bind(s, 1, blob->path, strlen(blob->path));
    bind(s, 2, title, strcspn(title, "\n"));
    bind(s, 3, blob->id, strlen(blob->id));
    sqlite3_bind_int64(s, 4, (sqlite3_int64)size);
    run(t, s);
    sqlite3_int64 page = sqlite3_last_insert_rowid(t->db);
    for (size_t at = 0, position = 0; position == 0 || at < size; position++) {
        struct chunk chunk = {title, text + at, chunk_size(text + at, size - at)};
        put_chunk(t, page, (long)position, &chunk);
        at += chunk.size;
    }
    end(t, size);
}

static void set(const char *argument)
{
    size_t size = strcspn(argument, "=");
    for (int i = 0; i < SETTING_COUNT; i++)
        if (strncmp(settings[i].name, argument, size) == 0 && !settings[i].name[size] &&
            argument[size]) {
            settings[i].value = strtol(argument + size + 1, NULL, 10);
            return;
        }
    die(argument, "unknown setting");
}

int main(int argc, char **argv)
{
    struct target t = {0};
    struct git_blobs blobs = {0};
    if (argc < 4) {
        fputs("usage: ceiling REPOSITORY REV STORE [NAME=NUMBER]...\n", stderr);
        return 2;
    }
    for (int i = 4; i < argc; i++)
        set(argv[i]);
    if (setting(HUGE_PAGES))
        heap_use_huge_pages();
    git_blobs_open(&blobs, argv[1], argv[2]);
    target_open(&t, argv[3]);
    while (git_blobs_next(&blobs))
        put_page(&t, &blobs);
    target_close(&t);
    return 0;
}
