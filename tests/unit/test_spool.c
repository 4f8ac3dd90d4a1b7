/* A spool: what is durable, what is taken back, what is seen, what is taken away. */
#include "common/spool.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "tests/unit/harness.h"

static struct spool opened(void)
{
    struct spool spool;
    struct error e = {0};
    CHECK_OK(spool_open(&spool, test_path("inbox"), &e), &e);
    return spool;
}

static void append(struct spool *spool, const char *lines)
{
    struct error e = {0};
    CHECK_OK(spool_append(spool, lines, strlen(lines), &e), &e);
}

static struct spool_files listed(int folder)
{
    struct spool_files files = {0};
    struct error e = {0};
    CHECK_OK(spool_list(folder, &files, &e), &e);
    return files;
}

static struct spool_rest_of looked(int folder, const char *name, int64_t offset)
{
    struct spool_rest_of rest;
    struct error e = {0};
    CHECK_OK(spool_look(folder, name, offset, &rest, &e), &e);
    return rest;
}

static void check_content(const struct spool *spool, const char *name, const char *want)
{
    char text[256] = "";
    int fd = openat(spool->folder, name, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(read(fd, text, sizeof text - 1) >= 0);
    close(fd);
    CHECK_STR(text, want);
}

TEST(folder_and_files_are_its_owners_alone)
{
    struct spool spool = opened();
    struct stat st;
    append(&spool, "a\n");
    CHECK(fstat(spool.folder, &st) == 0);
    CHECK_INT(st.st_mode & 07777, 0700);
    CHECK(fstat(spool.fd, &st) == 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    spool_close(&spool);
}

TEST(appends_to_one_file_and_counts)
{
    struct spool spool = opened();
    char name[SPOOL_NAME_SIZE];
    append(&spool, "a\n");
    memcpy(name, spool.name, sizeof name);
    append(&spool, "b\nc\n");
    CHECK_STR(spool.name, name);
    CHECK_INT(spool.lines, 3);
    CHECK_INT(spool.size, 6);
    check_content(&spool, name, "a\nb\nc\n");
    spool_close(&spool);
}

TEST(begins_a_new_file_once_one_is_large)
{
    struct spool spool = opened();
    struct error e = {0};
    char *large = xmalloc(SPOOL_FILE_MAX_BYTES);
    memset(large, 'a', SPOOL_FILE_MAX_BYTES);
    large[SPOOL_FILE_MAX_BYTES - 1] = '\n';
    CHECK_OK(spool_append(&spool, large, SPOOL_FILE_MAX_BYTES, &e), &e);
    free(large);
    append(&spool, "b\n");
    CHECK_INT(spool.size, 2);
    struct spool_files files = listed(spool.folder);
    CHECK_INT(files.count, 2);
    CHECK_STR(files.names[1], spool.name);
    spool_files_release(&files);
    spool_close(&spool);
}

TEST(begins_a_new_file_when_the_queue_is_drained)
{
    struct spool spool = opened();
    append(&spool, "a\n");
    spool_rest(&spool);
    CHECK_INT(spool.fd, -1);
    append(&spool, "b\n");
    spool_rest(&spool);
    spool_rest(&spool);
    struct spool_files files = listed(spool.folder);
    CHECK_INT(files.count, 2);
    spool_files_release(&files);
    spool_close(&spool);
}

TEST(begins_a_new_file_when_its_own_was_removed)
{
    struct spool spool = opened();
    append(&spool, "a\n");
    CHECK(unlinkat(spool.folder, spool.name, 0) == 0);
    append(&spool, "b\n");
    check_content(&spool, spool.name, "b\n");
    spool_close(&spool);
}

/* Files cannot grow beyond `bytes`: a write stops there, then fails, as on a full disk. */
static void limit_files(rlim_t bytes)
{
    const struct rlimit limit = {bytes, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

TEST(takes_back_what_a_full_disk_cut)
{
    struct spool spool = opened();
    struct error e = {0};
    char name[SPOOL_NAME_SIZE];
    append(&spool, "first\n");
    memcpy(name, spool.name, sizeof name);
    limit_files(10);
    CHECK_FAILS(spool_append(&spool, "second\n", 7, &e), &e, CAUSE_STORE, "write: File too large");
    limit_files(RLIM_INFINITY);
    check_content(&spool, name, "first\n");
    append(&spool, "third\n");
    check_content(&spool, spool.name, "third\n");
    spool_close(&spool);
}

/* The worker is quicker than the taking back: its offset then lies behind the file's end. */
TEST(what_a_worker_took_of_a_cut_group_hides_nothing_that_comes_later)
{
    struct spool spool = opened();
    struct error e = {0};
    char name[SPOOL_NAME_SIZE];
    int64_t torn = -1;
    append(&spool, "first\n");
    memcpy(name, spool.name, sizeof name);
    limit_files(15);
    CHECK_FAILS(spool_append(&spool, "second\nthird\n", 13, &e), &e, CAUSE_STORE, "write: ");
    limit_files(RLIM_INFINITY);
    append(&spool, "acknowledged\n");
    CHECK(strcmp(spool.name, name) != 0);
    CHECK_INT(looked(spool.folder, spool.name, 0).lines, 1);
    int64_t taken_to = (int64_t)strlen("first\nsecond\n");
    CHECK_INT(looked(spool.folder, name, taken_to).lines, 0);
    CHECK_INT(spool_take(spool.folder, name, taken_to, &torn, &e), SPOOL_TAKEN);
    CHECK_INT(torn, 0);
    spool_close(&spool);
}

TEST(a_full_disk_leaves_one_empty_file)
{
    struct spool spool = opened();
    struct error e = {0};
    limit_files(0);
    for (int i = 0; i < 3; i++)
        CHECK_FAILS(spool_append(&spool, "a\n", 2, &e), &e, CAUSE_STORE, "write: ");
    limit_files(RLIM_INFINITY);
    append(&spool, "b\n");
    struct spool_files files = listed(spool.folder);
    CHECK_INT(files.count, 1);
    spool_files_release(&files);
    check_content(&spool, spool.name, "b\n");
    spool_close(&spool);
}

TEST(a_file_from_which_it_cannot_be_taken_back_is_left)
{
    struct spool spool = opened();
    struct error e = {0};
    char name[SPOOL_NAME_SIZE];
    append(&spool, "first\n");
    memcpy(name, spool.name, sizeof name);
    /* Neither written nor cut through a descriptor that only reads. */
    char *path = xasprintf("%s/%s", spool.path, name);
    int only_reads = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(only_reads >= 0 && dup3(only_reads, spool.fd, O_CLOEXEC) >= 0);
    CHECK_FAILS(spool_append(&spool, "second\n", 7, &e), &e, CAUSE_STORE, "write: ");
    CHECK_INT(spool.fd, -1);
    append(&spool, "third\n");
    CHECK(strcmp(spool.name, name) != 0);
    check_content(&spool, name, "first\n");
    check_content(&spool, spool.name, "third\n");
    close(only_reads);
    free(path);
    spool_close(&spool);
}

TEST(a_folder_that_is_none_is_said)
{
    struct spool spool;
    struct error e = {0};
    CHECK_FAILS(spool_open(&spool, test_write("inbox", "", 0), &e), &e, CAUSE_STORE,
                "Not a directory");
    CHECK_FAILS(spool_open(&spool, test_path("no/inbox"), &e), &e, CAUSE_STORE,
                "No such file or directory");
    spool_close(&spool);
}

TEST(only_spool_files_are_listed_the_oldest_first)
{
    static const char *const names[] = {
        "01ARYZ6S420000000000000000.jsonl",     "01ARYZ6S410000000000000000.jsonl",
        "01ARYZ6S410000000000000000.json",      "notes.jsonl",
        "01ARYZ6S410000000000000000.jsonl.tmp", "81ARYZ6S410000000000000000.jsonl",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *name = xasprintf("inbox/%s", names[i]);
        test_write(name, "", 0);
        free(name);
    }
    struct error e = {0};
    int folder;
    CHECK_OK(spool_open_folder(test_path("inbox"), &folder, &e), &e);
    struct spool_files files = listed(folder);
    CHECK_INT(files.count, 2);
    CHECK_STR(files.names[0], names[1]);
    CHECK_STR(files.names[1], names[0]);
    spool_files_release(&files);
    close(folder);
    CHECK_OK(spool_open_folder(test_path("none"), &folder, &e), &e);
    CHECK_INT(folder, -1);
}

TEST(lines_behind_an_offset_are_counted)
{
    struct spool spool = opened();
    append(&spool, "one\ntwo\nthree\n");
    struct spool_rest_of rest = looked(spool.folder, spool.name, 4);
    CHECK_INT(rest.lines, 2);
    CHECK_INT(rest.bytes, 10);
    CHECK_INT(rest.torn, 0);
    rest = looked(spool.folder, spool.name, 14);
    CHECK_INT(rest.lines + rest.bytes + rest.torn, 0);
    rest = looked(spool.folder, "01ARYZ6S420000000000000000.jsonl", 0);
    CHECK_INT(rest.lines + rest.bytes + rest.torn, 0);
    spool_close(&spool);
}

static enum spool_taken take(int folder, const char *name, int64_t offset, int64_t *torn)
{
    struct error e = {0};
    return spool_take(folder, name, offset, torn, &e);
}

TEST(a_file_is_taken_away_once_nobody_appends_and_all_is_read)
{
    struct spool spool = opened();
    char name[SPOOL_NAME_SIZE];
    int64_t torn = -1;
    append(&spool, "one\ntwo\n");
    memcpy(name, spool.name, sizeof name);
    CHECK_INT(take(spool.folder, name, 8, &torn), SPOOL_IN_USE);
    spool_rest(&spool);
    CHECK_INT(take(spool.folder, name, 4, &torn), SPOOL_MORE);
    CHECK_INT(take(spool.folder, name, 8, &torn), SPOOL_TAKEN);
    CHECK_INT(torn, 0);
    CHECK(faccessat(spool.folder, name, F_OK, 0) != 0);
    CHECK_INT(take(spool.folder, name, 8, &torn), SPOOL_TAKEN);
    spool_close(&spool);
}

TEST(what_is_no_file_is_not_read)
{
    struct spool spool = opened();
    struct spool_rest_of rest;
    struct error e = {0};
    int64_t torn;
    static const char name[] = "01ARYZ6S410000000000000000.jsonl";
    CHECK(mkfifoat(spool.folder, name, 0600) == 0);
    CHECK_FAILS(spool_look(spool.folder, name, 0, &rest, &e), &e, CAUSE_STORE,
                "not a regular file");
    CHECK_INT(take(spool.folder, name, 0, &torn), SPOOL_FAILED);
    CHECK(unlinkat(spool.folder, name, 0) == 0);
    CHECK(symlinkat("/etc/passwd", spool.folder, name) == 0);
    CHECK_INT(take(spool.folder, name, 0, &torn), SPOOL_FAILED);
    CHECK(access("/etc/passwd", F_OK) == 0);
    spool_close(&spool);
}

/* The power goes at each byte of the last record. */
TEST(a_torn_tail_is_no_line_wherever_it_is_torn)
{
    static const char last[] = "{\"third\":3}\n";
    struct spool spool = opened();
    append(&spool, "first\nsecond\n");
    char name[SPOOL_NAME_SIZE];
    memcpy(name, spool.name, sizeof name);
    int64_t durable = spool.size;
    append(&spool, last);
    spool_rest(&spool);
    for (int64_t left = (int64_t)sizeof last - 2; left >= 0; left--) {
        char *path = xasprintf("%s/%s", spool.path, name);
        CHECK(truncate(path, durable + left) == 0);
        free(path);
        struct spool_rest_of rest = looked(spool.folder, name, 0);
        CHECK_INT(rest.lines, 2);
        CHECK_INT(rest.bytes, durable);
        CHECK_INT(rest.torn, left);
        rest = looked(spool.folder, name, durable);
        CHECK_INT(rest.lines, 0);
        CHECK_INT(rest.torn, left);
    }
    int64_t torn;
    char *path = xasprintf("%s/%s", spool.path, name);
    CHECK(truncate(path, durable + 3) == 0);
    free(path);
    CHECK_INT(take(spool.folder, name, durable, &torn), SPOOL_TAKEN);
    CHECK_INT(torn, 3);
    spool_close(&spool);
}

TEST(two_ends_use_two_files)
{
    struct spool a = opened();
    struct spool b = opened();
    append(&a, "a\n");
    append(&b, "b\n");
    CHECK(strcmp(a.name, b.name) != 0);
    check_content(&a, a.name, "a\n");
    check_content(&b, b.name, "b\n");
    spool_close(&a);
    spool_close(&b);
}

TEST(closing_what_was_never_opened_closes_nothing)
{
    struct spool spool = {0};
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK(null > 0 && dup3(null, 0, O_CLOEXEC) == 0);
    spool_close(&spool);
    CHECK(fcntl(0, F_GETFD) >= 0);
}
