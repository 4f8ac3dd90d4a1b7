/* Which tests there are: unit tests by --list, end-to-end tests by their functions' names. */
#include "tests/runner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void *must(void *p)
{
    if (!p) {
        fputs("runner: out of memory\n", stderr);
        exit(70);
    }
    return p;
}

char *format_text(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return must(text);
}

static struct test *add(struct tests *tests, char *name, int limit_s)
{
    if (tests->count == tests->room) {
        tests->room = tests->room ? 2 * tests->room : 64;
        tests->list = must(realloc(tests->list, tests->room * sizeof *tests->list));
    }
    struct test *test = &tests->list[tests->count++];
    *test = (struct test){.name = name, .limit_s = limit_s, .pidfd = -1};
    return test;
}

void tests_release(struct tests *tests)
{
    for (size_t i = 0; i < tests->count; i++) {
        struct test *test = &tests->list[i];
        free(test->name);
        free(test->variant);
        free(test->bin);
        free(test->dir);
        free(test->output);
        for (char **arg = test->args; *arg; arg++)
            free(*arg);
    }
    free(tests->list);
    *tests = (struct tests){0};
}

static void add_wrap_words(struct test *test, const char *wrap)
{
    size_t n = 0;
    char *words = must(strdup(wrap ? wrap : ""));
    char *rest = words;
    for (char *word = strsep(&rest, " "); word && n + 4 < TEST_ARGS_MAX; word = strsep(&rest, " "))
        if (*word)
            test->args[n++] = must(strdup(word));
    free(words);
}

static void add_arg(struct test *test, const char *arg)
{
    size_t n = 0;
    while (test->args[n])
        n++;
    if (n + 1 < TEST_ARGS_MAX)
        test->args[n] = must(strdup(arg));
}

/* Starts `program --list`; its lines are "group/name limit". */
static FILE *start_list(const char *program, pid_t *pid)
{
    int ends[2];
    if (pipe2(ends, 0) != 0)
        return NULL;
    *pid = fork();
    if (*pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, "--list", (char *)NULL);
        fprintf(stderr, "runner: %s: %s\n", program, strerror(errno));
        _exit(127);
    }
    close(ends[1]);
    return fdopen(ends[0], "r");
}

static bool list_unit(struct tests *tests, const struct options *options, const char *variant,
                      const char *bin)
{
    char *program = format_text("%s/unit-tests", bin);
    pid_t pid = -1;
    FILE *lines = start_list(program, &pid);
    char *line = NULL;
    size_t room = 0;
    while (lines && getline(&line, &room, lines) > 0) {
        char *space = strchr(line, ' ');
        if (!space)
            continue;
        *space = '\0';
        struct test *test =
            add(tests, format_text("%s/unit/%s", variant, line), (int)strtol(space + 1, NULL, 10));
        add_wrap_words(test, options->wrap);
        add_arg(test, program);
        add_arg(test, line);
    }
    free(line);
    if (lines)
        fclose(lines);
    int status = -1;
    bool ok = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
    if (!ok)
        fprintf(stderr, "runner: %s --list failed\n", program);
    free(program);
    return ok;
}

/* git_sync for tests/e2e/git_sync.sh. */
static char *stem(const char *path)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    return must(strndup(base, strcspn(base, ".")));
}

static bool listed_already(const struct tests *tests, const char *name)
{
    for (size_t i = 0; i < tests->count; i++)
        if (strcmp(tests->list[i].name, name) == 0)
            return true;
    return false;
}

/* The file is not run to be listed: `test_name()` at the start of a line is a test, `# limit: 120`
 * in the comment above it is its limit in seconds. */
static bool list_e2e(struct tests *tests, const struct options *options, const char *variant,
                     const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "runner: %s: %s\n", path, strerror(errno));
        return false;
    }
    char *group = stem(path);
    char *line = NULL;
    size_t room = 0;
    int limit_s = E2E_LIMIT_S;
    bool ok = true;
    while (ok && getline(&line, &room, file) > 0) {
        char word[128];
        if (sscanf(line, "# limit: %d", &limit_s) == 1 || line[0] == '#')
            continue;
        if (sscanf(line, "test_%127[a-z0-9_]()", word) == 1 && strstr(line, "()")) {
            char *name = format_text("%s/e2e/%s/%s", variant, group, word);
            ok = !listed_already(tests, name);
            if (!ok)
                fprintf(stderr, "runner: %s: test_%s is defined twice\n", path, word);
            struct test *test = add(tests, name, limit_s);
            add_arg(test, "bash");
            add_arg(test, options->e2e_driver);
            add_arg(test, path);
            char *function = format_text("test_%s", word);
            add_arg(test, function);
            free(function);
        }
        limit_s = E2E_LIMIT_S;
    }
    free(line);
    free(group);
    fclose(file);
    return ok;
}

/* Every program in BIN/replay reads the inputs kept for it. */
static void list_replays(struct tests *tests, const struct options *options, const char *variant,
                         const char *bin)
{
    char *folder = format_text("%s/replay", bin);
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        if (!isalnum((unsigned char)entry->d_name[0]))
            continue;
        struct test *test =
            add(tests, format_text("%s/fuzz/%s/replays_its_corpus", variant, entry->d_name),
                REPLAY_LIMIT_S);
        char *program = format_text("%s/%s", folder, entry->d_name);
        char *corpus = format_text("%s/tests/fuzz/corpus/%s", options->root, entry->d_name);
        add_arg(test, program);
        add_arg(test, corpus);
        free(program);
        free(corpus);
    }
    if (dir)
        closedir(dir);
    free(folder);
}

/* Drops what does not match, and completes the rest. */
static bool select_tests(struct tests *tests, size_t first, const struct options *options,
                         const struct test *common)
{
    regex_t match;
    if (regcomp(&match, options->match ? options->match : "", REG_EXTENDED | REG_NOSUB) != 0) {
        fprintf(stderr, "runner: --match %s: not a regular expression\n", options->match);
        return false;
    }
    size_t kept = first;
    struct tests dropped = {0};
    for (size_t i = first; i < tests->count; i++) {
        struct test *test = &tests->list[i];
        if (regexec(&match, test->name, 0, NULL, 0) == 0) {
            test->variant = must(strdup(common->variant));
            test->bin = must(strdup(common->bin));
            test->limit_s *= options->slow;
            tests->list[kept++] = *test;
        } else {
            *add(&dropped, NULL, 0) = *test;
        }
    }
    tests->count = kept;
    tests_release(&dropped);
    regfree(&match);
    return true;
}

bool list_variant(struct tests *tests, const struct options *options, const char *variant,
                  const char *bin, char **e2e_files)
{
    size_t first = tests->count;
    char *program = format_text("%s/unit-tests", bin);
    bool ok = access(program, F_OK) != 0 || list_unit(tests, options, variant, bin);
    free(program);
    for (char **file = e2e_files; ok && *file; file++)
        ok = list_e2e(tests, options, variant, *file);
    if (!ok)
        return false;
    list_replays(tests, options, variant, bin);
    struct test common = {.variant = must(strdup(variant)), .bin = must(strdup(bin))};
    ok = select_tests(tests, first, options, &common);
    free(common.variant);
    free(common.bin);
    return ok;
}
