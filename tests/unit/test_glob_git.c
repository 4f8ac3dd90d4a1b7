/* Globs against git itself: generated patterns and paths, `git check-ignore` as the judge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/glob.h"
#include "common/text.h"
#include "tests/unit/harness.h"

/* Each round is one git with this many patterns, one a folder of its own: `g0/`, `g1/`, ... */
enum { ROUNDS = 4, PATTERNS = 150, PATHS = 30 };

static uint32_t seed = 20240229;

static size_t pick(size_t count)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % count;
}

static const char *const pattern_parts[] = {
    "a",     "b",    "ab",  "*",     "?",           "**",     "*",     "[ab]",
    "[!a]",  "[^b]", ".",   "\\*",   "[[:alpha:]]", "a*",     "*b",    "[]a]",
    "[a-c]", "***",  "\\a", "[c-a]", "-",           "[!]-a]", "[a/b]", "[\\]x]",
};
static const char *const path_parts[] = {"a", "b", "c", ".", "*", "z", "]", "-", "x", "ab"};
#define PICK(list) (list)[pick(sizeof(list) / sizeof *(list))]

static void add_parts(struct buf *out, bool of_pattern)
{
    size_t start = out->size;
    for (size_t n = 1 + pick(3); n > 0; n--)
        buf_add_text(out, of_pattern ? PICK(pattern_parts) : PICK(path_parts));
    if (strcmp(out->data + start, ".") == 0 || strcmp(out->data + start, "..") == 0)
        buf_add_byte(out, 'q');
}

static char *make_path(void)
{
    struct buf path = {0};
    for (size_t n = 1 + pick(4); n > 0; n--) {
        add_parts(&path, false);
        if (n > 1)
            buf_add_byte(&path, '/');
    }
    return buf_take(&path);
}

/* git strips the literal beginning of an anchored pattern before it looks at `**`, so that it
 * takes a `**` right behind it for folders, against its own manual. We follow the manual. */
static bool git_misreads(const char *pattern)
{
    const char *p = pattern + (*pattern == '/');
    size_t literal = strcspn(p, "*?[\\");
    return literal > 0 && p[literal - 1] != '/' && strncmp(p + literal, "**", 2) == 0;
}

static char *make_pattern(void)
{
    struct buf pattern = {0};
    if (pick(4) == 0)
        buf_add_byte(&pattern, '/');
    for (size_t n = 1 + pick(4); n > 0; n--) {
        if (pick(4) == 0)
            buf_add_text(&pattern, "**");
        else
            add_parts(&pattern, true);
        if (n > 1)
            buf_add_byte(&pattern, '/');
    }
    if (pick(4) == 0)
        buf_add_byte(&pattern, '/');
    char *text = buf_take(&pattern);
    if (!git_misreads(text) && !glob_refusal(text))
        return text;
    free(text);
    return make_pattern();
}

struct round {
    char *patterns[PATTERNS];
    char *paths[PATTERNS][PATHS];
    bool git[PATTERNS][PATHS];
};

/* A .gitignore in each folder, so that one git judges all patterns apart. */
static void write_round(const struct round *r, const char *folder)
{
    for (size_t i = 0; i < PATTERNS; i++) {
        CLEANUP(free_text) char *name = xasprintf("tree/g%zu/.gitignore", i);
        CLEANUP(free_text) char *line = xasprintf("%s\n", r->patterns[i]);
        test_write(name, line, strlen(line));
    }
    CLEANUP(free_text) char *path = xasprintf("%s/list", folder);
    CLEANUP(close_file) FILE *list = fopen(path, "we");
    CHECK(list != NULL);
    for (size_t n = 0; n < (size_t)PATTERNS * PATHS; n++)
        fprintf(list, "g%zu/%s%c", n / PATHS, r->paths[n / PATHS][n % PATHS], '\0');
}

static void ask_git(const char *folder)
{
    pid_t pid = fork();
    int status = -1;
    if (pid == 0) {
        if (chdir(folder) != 0 || !freopen("list", "r", stdin) || !freopen("answer", "w", stdout))
            _exit(9);
        setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
        execlp("sh", "sh", "-c",
               "git init -q --template= . >&2 && exec git -c core.excludesFile=/dev/null "
               "check-ignore --no-index --stdin -z --non-matching --verbose",
               (char *)NULL);
        _exit(9);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
}

/* Four fields a path: source, line, pattern, path; the first three empty if none matches. */
static void read_answer(struct round *r, const char *folder)
{
    CLEANUP(free_text) char *path = xasprintf("%s/answer", folder);
    CLEANUP(close_file) FILE *file = fopen(path, "re");
    CHECK(file != NULL);
    char *field = NULL;
    size_t room = 0;
    for (size_t n = 0; n < (size_t)PATTERNS * PATHS * 4; n++) {
        CHECK(getdelim(&field, &room, '\0', file) > 0);
        if (n % 4 == 2)
            r->git[n / 4 / PATHS][n / 4 % PATHS] = *field != '\0';
    }
    free(field);
}

static size_t compare(const struct round *r)
{
    size_t matched = 0;
    for (size_t i = 0; i < PATTERNS; i++) {
        struct error e = {0};
        struct glob_set *set = glob_set_new((const char *const *)&r->patterns[i], 1, "x", &e);
        CHECK_OK(set != NULL, &e);
        struct glob_walk walk = {.set = set};
        for (size_t k = 0; k < PATHS; k++) {
            bool ours = glob_set_match(set, r->paths[i][k]);
            if (glob_walk_match(&walk, r->paths[i][k]) != ours)
                FAIL("pattern %s, path %s: after another path the answer is not %d", r->patterns[i],
                     r->paths[i][k], ours);
            if (ours != r->git[i][k])
                FAIL("pattern %s, path %s: git says %d, we say %d", r->patterns[i], r->paths[i][k],
                     r->git[i][k], ours);
            matched += ours;
        }
        glob_set_free(set);
    }
    return matched;
}

TEST_LIMIT(agrees_with_git_on_generated_patterns, 60)
{
    static struct round r;
    size_t matched = 0;
    for (size_t n = 0; n < ROUNDS; n++) {
        for (size_t i = 0; i < PATTERNS; i++) {
            r.patterns[i] = make_pattern();
            for (size_t k = 0; k < PATHS; k++)
                r.paths[i][k] = make_path();
        }
        write_round(&r, test_path("tree"));
        ask_git(test_path("tree"));
        read_answer(&r, test_path("tree"));
        matched += compare(&r);
        for (size_t i = 0; i < PATTERNS; i++) {
            free(r.patterns[i]);
            for (size_t k = 0; k < PATHS; k++)
                free(r.paths[i][k]);
        }
    }
    /* Else the generator made nothing worth comparing. */
    CHECK(matched > (size_t)ROUNDS * PATTERNS * PATHS / 20);
    CHECK(matched < (size_t)ROUNDS * PATTERNS * PATHS * 19 / 20);
}

TEST(what_git_misreads_follows_its_manual)
{
    struct error e = {0};
    const char *pattern = "foo**/bar";
    struct glob_set *set = glob_set_new(&pattern, 1, "x", &e);
    CHECK(set && glob_set_match(set, "foox/bar") && !glob_set_match(set, "foox/y/bar"));
    glob_set_free(set);
}
