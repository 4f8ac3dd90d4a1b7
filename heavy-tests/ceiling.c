/* The bare program that a first sync is measured against. */
/* `git ls-tree` and `git cat-file --batch --buffer` into the same tables and index, with the best
 * settings found, and nothing else: chunks of about 300 words cut at spaces, no Markdown, no links,
 * no plan, no lock row, no fence.
 *
 *   ceiling REPOSITORY REV STORE [NAME=NUMBER]...
 *
 * Each NAME is a setting below. Prints pages and the segments of the index that it leaves: an index
 * in more segments is cheaper to make and slower to search, so both sides must be alike in that. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/store_schema.h"
#include "common/text.h"

/* As much of the stream as one read takes; cat-file's pipe holds 1 MB. */
enum { READ_BYTES = 256 * 1024, CHUNK_WORDS = 300, ID_MAX = 64 };

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
    [EXCLUSIVE] = {"exclusive", 0},       [MEMORY_STATUS] = {"memory_status", 1},
    [FOREIGN_KEYS] = {"foreign_keys", 0},
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

static void die(const char *what, const char *why)
{
    fprintf(stderr, "ceiling: %s: %s\n", what, why);
    exit(1);
}

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

static void put_page(struct target *t, const char *path, const char *id, const char *text,
                     size_t size)
{
    sqlite3_stmt *s = t->s[ADD_PAGE];
    const char *title = title_of(path, text);
    begin(t);
    bind(s, 1, path, strlen(path));
    bind(s, 2, title, strcspn(title, "\n"));
    bind(s, 3, id, strlen(id));
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

/* --- git ---------------------------------------------------------------------------------------
 */

struct git {
    FILE *out;
    pid_t pid;
};

static struct git git_start(const char *const *argv, int in)
{
    int out[2];
    if (pipe(out) != 0)
        die("pipe", "no descriptors");
    fcntl(out[0], F_SETPIPE_SZ, 1024 * 1024);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(in, STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execvp("git", (char *const *)argv);
        _exit(127);
    }
    close(out[1]);
    FILE *file = fdopen(out[0], "r");
    if (pid < 0 || !file)
        die("git", "cannot start");
    setvbuf(file, NULL, _IOFBF, READ_BYTES);
    return (struct git){file, pid};
}

static void git_end(struct git *git)
{
    int status = 0;
    fclose(git->out);
    if (waitpid(git->pid, &status, 0) != git->pid || status != 0)
        die("git", "failed");
}

/* Ids of the blobs, one a line, to `ids`; their paths, NUL after each, to `paths`. */
static void list(const char *repository, const char *revision, FILE *ids, struct buf *paths)
{
    const char *const argv[] = {"git", "-C", repository, "ls-tree", "-r", "-z", revision, NULL};
    struct git git = git_start(argv, STDIN_FILENO);
    char *line = NULL;
    size_t room = 0;
    while (getdelim(&line, &room, '\0', git.out) > 0) {
        char *path = strchr(line, '\t');
        if (!path || strncmp(line + 7, "blob ", 5) != 0)
            continue;
        const char *id = line + 12;
        fprintf(ids, "%.*s\n", (int)(path - id), id);
        buf_add(paths, path + 1, strlen(path + 1) + 1);
    }
    free(line);
    git_end(&git);
    fflush(ids);
    rewind(ids);
}

static void import(struct target *t, const char *repository, FILE *ids, const char *path)
{
    const char *const argv[] = {"git", "-C", repository, "cat-file", "--batch", "--buffer", NULL};
    struct git git = git_start(argv, fileno(ids));
    struct buf text = {0};
    char id[ID_MAX + 1];
    char line[ID_MAX + 64];
    size_t size;
    while (fgets(line, sizeof line, git.out)) {
        if (sscanf(line, "%64s blob %zu", id, &size) != 2)
            die("cat-file", line);
        buf_reset(&text);
        buf_reserve(&text, size + 1);
        if (fread(text.data, 1, size + 1, git.out) != size + 1)
            die("cat-file", "ended early");
        text.data[size] = '\0';
        put_page(t, path, id, text.data, size);
        path += strlen(path) + 1;
    }
    buf_release(&text);
    git_end(&git);
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
    struct buf paths = {0};
    if (argc < 4) {
        fputs("usage: ceiling REPOSITORY REV STORE [NAME=NUMBER]...\n", stderr);
        return 2;
    }
    for (int i = 4; i < argc; i++)
        set(argv[i]);
    FILE *ids = tmpfile();
    if (!ids)
        die("tmpfile", "cannot be made");
    buf_reserve(&paths, 1);
    list(argv[1], argv[2], ids, &paths);
    target_open(&t, argv[3]);
    import(&t, argv[1], ids, paths.data);
    target_close(&t);
    fclose(ids);
    buf_release(&paths);
    return 0;
}
