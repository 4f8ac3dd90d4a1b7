/* Edits of sources.json: atomic, in order, through links, never losing one of two. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "common/text.h"
#include "tests/unit/harness.h"

static json_t *git_entry(const char *id)
{
    return json_pack("{s:s,s:s,s:s}", "id", id, "kind", "git", "url", "/srv/x");
}

static void add(const char *path, const char *id)
{
    struct error e = {0};
    CLEANUP(free_json) json_t *entry = git_entry(id);
    CHECK_OK(config_add(path, entry, &e), &e);
}

static char *content(const char *path)
{
    struct buf text = {0};
    CLEANUP(close_file) FILE *file = fopen(path, "re");
    CHECK(file != NULL);
    for (int c = getc(file); c != EOF; c = getc(file))
        buf_add_byte(&text, (char)c);
    return buf_take(&text);
}

static void holds(const char *path, const char *want)
{
    char *text = content(path);
    CHECK_STR(text, want);
    free(text);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    CHECK(lstat(path, &st) == 0);
    return st.st_mode & 0777;
}

static const char *write_text(const char *name, const char *text)
{
    return test_write(name, text, strlen(text));
}

TEST(a_missing_file_is_made_for_the_owner_only)
{
    umask(0);
    add(test_path("sources.json"), "notes");
    CHECK_INT(mode_of(test_path("sources.json")), 0600);
    holds(test_path("sources.json"), "{\n  \"sources\": [\n    {\n      \"id\": \"notes\",\n"
                                     "      \"kind\": \"git\",\n      \"url\": \"/srv/x\"\n    }\n"
                                     "  ]\n}\n");
}

TEST(order_and_other_entries_are_kept)
{
    const char *path = write_text(
        "s.json", "{\"sources\":[{\"url\":\"/b\",\"id\":\"b\",\"kind\":\"git\"},"
                  "{\"kind\":\"git\",\"timeout\":600,\"id\":\"a\",\"url\":\"/\xC3\xA9\"}],"
                  "\"defaults\":{\"stall\":\"90s\",\"every\":\"1h\"}}");
    struct error e = {0};
    add(path, "c");
    CHECK_OK(config_remove(path, "b", &e), &e);
    holds(path, "{\n  \"sources\": [\n"
                "    {\n      \"kind\": \"git\",\n      \"timeout\": 600,\n      \"id\": \"a\",\n"
                "      \"url\": \"/\xC3\xA9\"\n    },\n"
                "    {\n      \"id\": \"c\",\n      \"kind\": \"git\",\n      \"url\": \"/srv/x\"\n"
                "    }\n  ],\n"
                "  \"defaults\": {\n    \"stall\": \"90s\",\n    \"every\": \"1h\"\n  }\n}\n");
}

TEST(the_mode_is_kept)
{
    const char *path = write_text("s.json", "{\"sources\":[]}");
    CHECK(chmod(path, 0640) == 0);
    add(path, "a");
    CHECK_INT(mode_of(path), 0640);
}

TEST(root_leaves_files_to_their_owner)
{
    struct stat st;
    if (geteuid() != 0)
        SKIP("only root may give files away");
    const char *old = write_text("mine/old.json", "{\"sources\":[]}");
    CHECK(chown(old, 1234, 1235) == 0 && chown(test_path("mine"), 1236, 1237) == 0);
    add(old, "a");
    CHECK(stat(old, &st) == 0);
    CHECK(st.st_uid == 1234 && st.st_gid == 1235);
    add(test_path("mine/new.json"), "a");
    CHECK(stat(test_path("mine/new.json"), &st) == 0);
    CHECK(st.st_uid == 1236 && st.st_gid == 1237);
    CHECK_INT(st.st_mode & 0777, 0600);
}

TEST(a_symbolic_link_is_written_through)
{
    const char *target = write_text("dotfiles/lattice.json", "{\"sources\":[]}");
    const char *link = test_path("sources.json");
    CHECK(symlink("dotfiles/lattice.json", link) == 0);
    add(link, "a");
    CHECK_INT(mode_of(link), 0777);
    char *text = content(target);
    CHECK_CONTAINS(text, "\"a\"");
    free(text);
}

TEST(a_link_to_nothing_is_refused)
{
    struct error e = {0};
    CLEANUP(free_json) json_t *entry = git_entry("a");
    CHECK(symlink("gone.json", test_path("sources.json")) == 0);
    CHECK_FAILS(config_add(test_path("sources.json"), entry, &e), &e, CAUSE_CONFIG,
                "is a symbolic link to a file that is not there");
}

TEST(an_id_that_is_there_is_refused_and_nothing_changes)
{
    struct error e = {0};
    const char *path = test_path("s.json");
    CLEANUP(free_json) json_t *entry = git_entry("a");
    add(path, "a");
    char *before = content(path);
    CHECK_FAILS(config_add(path, entry, &e), &e, CAUSE_USAGE, "a: there is a source with this id");
    holds(path, before);
    free(before);
}

TEST(a_wrong_entry_is_refused_with_all_its_mistakes)
{
    struct error e = {0};
    const char *path = test_path("s.json");
    CLEANUP(free_json)
    json_t *entry = json_pack("{s:s,s:s,s:s}", "id", "a", "kind", "git", "timeout", "soon");
    add(path, "b");
    CHECK_FAILS(config_add(path, entry, &e), &e, CAUSE_USAGE, "");
    CHECK_STR(e.text, "timeout: \"soon\": expected a duration such as 90s, 10m, 1h; url: missing");
}

TEST(a_file_with_mistakes_is_not_edited)
{
    struct error e = {0};
    const char *path = write_text("s.json", "{\"sources\":[],\"x\":1}");
    CLEANUP(free_json) json_t *entry = git_entry("a");
    CHECK_FAILS(config_add(path, entry, &e), &e, CAUSE_CONFIG, "s.json: x: unknown key");
    CHECK_FAILS(config_remove(path, "a", &e), &e, CAUSE_USAGE, "no such source");
    path = write_text("t.json", "{\"sources\":[");
    CHECK_FAILS(config_add(path, entry, &e), &e, CAUSE_CONFIG, "t.json: line 1");
    CHECK_FAILS(config_remove(path, "a", &e), &e, CAUSE_CONFIG, "t.json: line 1");
    holds(path, "{\"sources\":[");
}

TEST(the_one_wrong_entry_can_be_removed)
{
    struct error e = {0};
    const char *path = write_text("s.json", "{\"sources\":[{\"id\":\"a\",\"kind\":\"nope\"}]}");
    CHECK_OK(config_remove(path, "a", &e), &e);
    holds(path, "{\n  \"sources\": []\n}\n");
}

TEST(removing_what_is_not_there_is_a_usage_error)
{
    struct error e = {0};
    CHECK_FAILS(config_remove(test_path("none.json"), "a", &e), &e, CAUSE_USAGE,
                "a: no such source");
    CHECK(access(test_path("none.json"), F_OK) != 0);
}

TEST(what_a_killed_edit_left_is_replaced)
{
    const char *path = write_text("s.json", "{\"sources\":[]}");
    write_text(".s.json.new", "half a fi");
    add(path, "a");
    CHECK(access(test_path(".s.json.new"), F_OK) != 0);
}

TEST(a_link_at_the_temporary_name_is_not_followed)
{
    const char *victim = write_text("victim", "keep me");
    const char *path = write_text("s.json", "{\"sources\":[]}");
    CHECK(symlink("victim", test_path(".s.json.new")) == 0);
    add(path, "a");
    holds(victim, "keep me");
}

TEST(a_full_disk_keeps_the_old_file)
{
    struct error e = {0};
    const char *path = write_text("s.json", "{\"sources\":[]}");
    CLEANUP(free_json) json_t *entry = git_entry("a");
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &(struct rlimit){20, 20}) == 0);
    CHECK_FAILS(config_add(path, entry, &e), &e, CAUSE_STORE, "the old one is kept");
    holds(path, "{\"sources\":[]}");
    CHECK(access(test_path(".s.json.new"), F_OK) != 0);
}

/* Each of these adds its own; without a lock most would be lost. */
TEST(edits_at_the_same_time_all_arrive)
{
    enum { EDITORS = 8, EACH = 5 };
    const char *path = test_path("s.json");
    struct config config;
    struct error e = {0};
    for (int i = 0; i < EDITORS; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        for (int k = 0; pid == 0 && k < EACH; k++) {
            char id[32];
            snprintf(id, sizeof id, "s%d-%d", i, k);
            add(path, id);
        }
        if (pid == 0)
            _exit(0);
    }
    int status = 0;
    while (wait(&status) > 0)
        CHECK_INT(status, 0);
    CHECK_OK(config_read(path, &config, NULL, &e), &e);
    CHECK_INT(config.count, EDITORS * EACH);
    config_release(&config);
}

TEST(a_missing_file_tells_how_to_begin)
{
    struct config config;
    struct error e = {0};
    CHECK_FAILS(
        config_read(test_path("none.json"), &config, NULL, &e), &e, CAUSE_CONFIG,
        "none.json: is not there; add the first source with `lattice-supervise add ID URL`");
}

TEST(a_file_that_is_none_or_too_large_is_refused)
{
    struct config config;
    struct config_mistakes mistakes;
    struct error e = {0};
    CHECK_FAILS(config_read("/dev/null", &config, &mistakes, &e), &e, CAUSE_CONFIG,
                "is not a regular file");
    CHECK(mkfifo(test_path("pipe"), 0600) == 0);
    CHECK_FAILS(config_read(test_path("pipe"), &config, NULL, &e), &e, CAUSE_CONFIG,
                "is not a regular file");
    int fd = open(test_path("big"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && ftruncate(fd, CONFIG_MAX_BYTES + 1) == 0);
    close(fd);
    CHECK_FAILS(config_read(test_path("big"), &config, &mistakes, &e), &e, CAUSE_CONFIG,
                "is larger than 4194304 bytes");
    CHECK_INT(mistakes.count, 0);
}
