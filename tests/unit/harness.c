/* The unit tests' list, checks and main: `unit-tests --list`, `unit-tests text/cuts_short`. */
#include "tests/unit/harness.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"

/* What the runner takes for "cannot be run here". */
enum { EXIT_SKIP = 77 };

static struct test *tests;

void test_register(struct test *test)
{
    struct test **at = &tests;
    while (*at)
        at = &(*at)->next;
    *at = test;
}

/* No clean-up on failure: what the test holds is not a leak, and the runner removes its folder. */
static void end_test(int code)
{
    fflush(NULL);
    _exit(code);
}

void check_fail(struct check_place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", place.file, place.line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    end_test(1);
    abort();
}

void test_skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    end_test(EXIT_SKIP);
    abort();
}

static char *quoted(const void *bytes, size_t size)
{
    struct buf b = {0};
    if (!bytes)
        return xstrdup("NULL");
    buf_add_byte(&b, '"');
    text_escape(&b, bytes, size);
    buf_add_byte(&b, '"');
    return buf_take(&b);
}

void check_true(bool condition, const char *what, struct check_place place)
{
    if (!condition)
        check_fail(place, "%s: is false", what);
}

void check_int(intmax_t got, intmax_t want, const char *what, struct check_place place)
{
    if (got != want)
        check_fail(place, "%s: is %jd, expected %jd", what, got, want);
}

void check_str(const char *got, const char *want, const char *what, struct check_place place)
{
    if (got == want || (got && want && strcmp(got, want) == 0))
        return;
    check_fail(place, "%s:\n     is %s\n  not  %s", what, quoted(got, got ? strlen(got) : 0),
               quoted(want, want ? strlen(want) : 0));
}

void check_contains(const char *text, const char *part, const char *what, struct check_place place)
{
    if (!text || !strstr(text, part))
        check_fail(place, "%s:\n       is %s\n  without %s", what,
                   quoted(text, text ? strlen(text) : 0), quoted(part, strlen(part)));
}

void check_mem(struct check_bytes got, struct check_bytes want, const char *what,
               struct check_place place)
{
    if (got.size == want.size && (got.size == 0 || memcmp(got.data, want.data, got.size) == 0))
        return;
    check_fail(place, "%s:\n     is %zu bytes %s\n  not  %zu bytes %s", what, got.size,
               quoted(got.data, got.size), want.size, quoted(want.data, want.size));
}

void check_ok(bool ok, const struct error *e, const char *what, struct check_place place)
{
    if (!ok)
        check_fail(place, "%s: failed: %s: %s", what, cause_name(e->cause), e->text);
}

void check_fails(bool ok, const struct error *e, enum cause cause, const char *part,
                 struct check_place place)
{
    if (ok)
        check_fail(place, "expected to fail with: %s", part);
    if (e->cause != cause)
        check_fail(place, "cause is \"%s\", expected \"%s\": %s", cause_name(e->cause),
                   cause_name(cause), e->text);
    check_contains(e->text, part, "message", place);
}

static char own_dir[] = "/tmp/lattice-unit-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void remove_own_dir(void)
{
    nftw(own_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_dir(void)
{
    static const char *dir;
    if (dir)
        return dir;
    dir = getenv("TEST_DIR");
    if (!dir) { /* run by hand: no runner will remove it */
        dir = mkdtemp(own_dir);
        atexit(remove_own_dir);
    } else if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        dir = NULL;
    }
    if (!dir)
        FAIL("no folder for the test: %s", strerror(errno));
    return dir;
}

const char *test_path(const char *name)
{
    static struct paths {
        char *path;
        struct paths *next;
    } * paths; /* reachable to the end, so not a leak */
    struct paths *entry = xmalloc(sizeof *entry);
    entry->path = xasprintf("%s/%s", test_dir(), name);
    entry->next = paths;
    paths = entry;
    return entry->path;
}

const char *test_write(const char *name, const void *bytes, size_t size)
{
    const char *path = test_path(name);
    char *folder = xstrdup(path);
    for (char *p = folder + strlen(test_dir()) + 1; (p = strchr(p, '/')); *p++ = '/') {
        *p = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            FAIL("mkdir %s: %s", folder, strerror(errno));
    }
    free(folder);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        FAIL("write %s: %s", path, strerror(errno));
    return path;
}

/* tests/unit/test_text.c: "text". Caller frees. */
static char *group_of(const char *file)
{
    const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
    if (strncmp(base, "test_", 5) == 0)
        base += 5;
    return xstrndup(base, strcspn(base, "."));
}

static int list(void)
{
    for (const struct test *test = tests; test; test = test->next) {
        char *group = group_of(test->file);
        printf("%s/%s %d\n", group, test->name, test->limit_s);
        free(group);
    }
    return 0;
}

static int run(const char *name)
{
    for (const struct test *test = tests; test; test = test->next) {
        char *group = group_of(test->file);
        char *full = xasprintf("%s/%s", group, test->name);
        bool found = strcmp(full, name) == 0 || strcmp(test->name, name) == 0;
        free(group);
        free(full);
        if (found) {
            test->run();
            return 0;
        }
    }
    fprintf(stderr, "error: no test %s; --list shows all\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    if (argc == 2)
        return run(argv[1]);
    fprintf(stderr, "usage: unit-tests --list | NAME\n");
    return 2;
}
