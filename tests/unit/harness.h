/* Unit tests: each TEST is run as a process of its own, so the first failed CHECK ends it. */
#ifndef LATTICE_TESTS_HARNESS_H
#define LATTICE_TESTS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

struct test {
    const char *name;
    const char *file;
    int limit_s;
    void (*run)(void);
    struct test *next;
};

enum { TEST_DEFAULT_LIMIT_S = 60 };

/* TEST(cuts_at_a_boundary) { CHECK(...); } in tests/unit/test_text.c is `text/cuts_at_a_boundary`.
 */
#define TEST(name) TEST_LIMIT(name, TEST_DEFAULT_LIMIT_S)
/* The same for a test that may take longer. */
#define TEST_LIMIT(name, seconds)                                                                  \
    static void test_##name(void);                                                                 \
    __attribute__((constructor)) static void register_##name(void)                                 \
    {                                                                                              \
        static struct test entry = {#name, __FILE__, seconds, test_##name, NULL};                  \
        test_register(&entry);                                                                     \
    }                                                                                              \
    static void test_##name(void)

/* In each: what was got first, what is expected second. */
#define CHECK(condition)           check_true((condition), #condition, CHECK_PLACE)
#define CHECK_INT(got, want)       check_int((intmax_t)(got), (intmax_t)(want), #got, CHECK_PLACE)
#define CHECK_STR(got, want)       check_str((got), (want), #got, CHECK_PLACE)
#define CHECK_CONTAINS(text, part) check_contains((text), (part), #text, CHECK_PLACE)
#define CHECK_MEM(got, got_size, want, want_size)                                                  \
    check_mem((struct check_bytes){(got), (got_size)}, (struct check_bytes){(want), (want_size)},  \
              #got, CHECK_PLACE)
/* A call that takes `struct error *e`: succeeds (else the message is printed), or fails with this
 * cause and a message that contains `part`. */
#define CHECK_OK(call, e) check_ok((call), (e), #call, CHECK_PLACE)
#define CHECK_FAILS(call, e, want_cause, part)                                                     \
    check_fails((call), (e), (want_cause), (part), CHECK_PLACE)
/* Ends the test with a message, as printf. */
#define FAIL(...) check_fail(CHECK_PLACE, __VA_ARGS__)
/* Ends the test as neither passed nor failed: it cannot be run here, and why. */
#define SKIP(...) test_skip(__VA_ARGS__)

/* This test's own empty folder, made at the first call, removed by the runner. Borrowed. */
const char *test_dir(void);
/* `test_dir()/name`. Borrowed; good until the end of the test. */
const char *test_path(const char *name);
/* Writes a file below test_dir(); folders on the way are made. Returns its path, as test_path. */
const char *test_write(const char *name, const void *bytes, size_t size);

/* The macros' functions. */
struct check_place {
    const char *file;
    int line;
};
struct check_bytes {
    const void *data;
    size_t size;
};
#define CHECK_PLACE ((struct check_place){__FILE__, __LINE__})

void test_register(struct test *test);
void test_skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void check_fail(struct check_place place, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
void check_true(bool condition, const char *what, struct check_place place);
void check_int(intmax_t got, intmax_t want, const char *what, struct check_place place);
void check_str(const char *got, const char *want, const char *what, struct check_place place);
void check_contains(const char *text, const char *part, const char *what, struct check_place place);
void check_mem(struct check_bytes got, struct check_bytes want, const char *what,
               struct check_place place);
void check_ok(bool ok, const struct error *e, const char *what, struct check_place place);
void check_fails(bool ok, const struct error *e, enum cause cause, const char *part,
                 struct check_place place);

#endif
