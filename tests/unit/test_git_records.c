/* Listings of git: what it prints, in any pieces, and what it never prints. */
#include "worker/sync/git_records.h"

#include <string.h>

#include "tests/unit/harness.h"

#define A  "0123456789abcdef0123456789abcdef01234567"
#define B  "89abcdef0123456789abcdef0123456789abcdef"
#define Z  "0000000000000000000000000000000000000000"
#define A2 A "0123456789abcdef01234567"

static bool on_entry(void *context, const char *path, size_t path_size, const char *blob,
                     struct error *e)
{
    (void)e;
    CHECK_INT(strlen(path), path_size);
    buf_printf(context, "%s=%s;", path, blob ? blob : "gone");
    return true;
}

static void on_skipped(void *context, enum not_followed what, const char *path, int delta)
{
    buf_printf(context, "%s %s %+d;", path, what == SKIPPED_SYMLINK ? "symlink" : "submodule",
               delta);
}

struct listed {
    enum git_format format;
    const char *text;
    size_t size;
};

/* What is read of it in pieces of this size; NULL if it is refused. */
static const char *read_pieces(const struct listed *in, size_t piece, struct buf *seen,
                               struct error *e)
{
    struct listing to = {.context = seen, .entry = on_entry, .skipped = on_skipped};
    struct git_records records = {.format = in->format, .to = &to};
    bool ok = true;
    buf_reset(seen);
    buf_reserve(seen, 0);
    for (size_t at = 0; ok && at < in->size; at += piece) {
        size_t left = in->size - at;
        ok = git_records_feed(&records, in->text + at, left < piece ? left : piece, e);
    }
    ok = ok && git_records_end(&records, e);
    git_records_release(&records);
    return ok ? seen->data : NULL;
}

static void reads(const struct listed *in, const char *want)
{
    struct buf seen = {0};
    for (size_t piece = 1; piece <= in->size + 1; piece++) {
        struct error e = {0};
        CHECK_STR(read_pieces(in, piece, &seen, &e), want);
    }
    buf_release(&seen);
}

static void refuses(const struct listed *in)
{
    struct buf seen = {0};
    for (size_t piece = 1; piece <= in->size + 1; piece++) {
        struct error e = {0};
        if (read_pieces(in, piece, &seen, &e))
            FAIL("read: %.80s", in->text);
        CHECK_INT(e.cause, CAUSE_BAD_DATA);
    }
    buf_release(&seen);
}

#define READS(format, text, want) reads(&(struct listed){format, text, sizeof(text) - 1}, want)
#define REFUSES(format, text)     refuses(&(struct listed){format, text, sizeof(text) - 1})

TEST(a_tree_is_read_in_any_pieces)
{
    READS(GIT_LS_TREE, "", "");
    READS(GIT_LS_TREE,
          "100644 blob " A "\ta.md\0"
          "100755 blob " B "\tx/run me.md\0",
          "a.md=" A ";x/run me.md=" B ";");
    READS(GIT_LS_TREE, "100644 blob " A2 "\ta\tb\nc.md\0", "a\tb\nc.md=" A2 ";");
    READS(GIT_LS_TREE,
          "120000 blob " A "\tlink\0"
          "160000 commit " A "\tsub\0",
          "link symlink +1;sub submodule +1;");
}

TEST(a_comparison_is_read_in_any_pieces)
{
    READS(GIT_DIFF_TREE, ":100644 100644 " A " " B " M\0a.md\0", "a.md=" B ";");
    READS(GIT_DIFF_TREE,
          ":100644 000000 " A " " Z " D\0a.md\0"
          ":000000 100644 " Z " " A " A\0b.md\0",
          "a.md=gone;b.md=" A ";");
    READS(GIT_DIFF_TREE, ":100644 120000 " A " " B " T\0a\0", "a symlink +1;a=gone;");
    READS(GIT_DIFF_TREE, ":160000 100644 " A " " B " T\0s\0", "s submodule -1;s=" B ";");
    READS(GIT_DIFF_TREE, ":120000 000000 " A " " Z " D\0l\0", "l symlink -1;");
    READS(GIT_DIFF_TREE, ":160000 160000 " A " " B " M\0s\0", "");
    READS(GIT_DIFF_TREE, ":000000 100644 " Z " " A2 " A\0b\0", "b=" A2 ";");
}

TEST(what_git_never_prints_is_refused)
{
    REFUSES(GIT_LS_TREE, "\0");
    REFUSES(GIT_LS_TREE, "100644 blob " A "\t\0");
    REFUSES(GIT_LS_TREE, "100644 blob " A " a.md\0");
    REFUSES(GIT_LS_TREE, "100644 blob 0123\ta.md\0");
    REFUSES(GIT_LS_TREE, "garbage\0");
    REFUSES(GIT_LS_TREE, "999999 blob " A "\ta.md\0");
    REFUSES(GIT_LS_TREE, "100644 blob " A "\ta.md");
    REFUSES(GIT_DIFF_TREE, "\0");
    REFUSES(GIT_DIFF_TREE, ":100644 100644 " A " " B " M\0");
    REFUSES(GIT_DIFF_TREE, ":100644 100644 " A " " B " M\0\0");
    REFUSES(GIT_DIFF_TREE, "100644 100644 " A " " B " M\0a.md\0");
    REFUSES(GIT_DIFF_TREE, ":100644 100644 " A " xx" B " M\0a.md\0");
    REFUSES(GIT_DIFF_TREE, ":9 9 9 9 M\0a.md\0");
}

TEST(a_record_without_an_end_is_refused_before_it_fills_memory)
{
    struct listing to = {.entry = on_entry, .skipped = on_skipped};
    struct git_records records = {.format = GIT_LS_TREE, .to = &to};
    struct error e = {0};
    char piece[4096];
    int i = 0;
    memset(piece, 'x', sizeof piece);
    while (i < 1000 && git_records_feed(&records, piece, sizeof piece, &e))
        i++;
    CHECK(i < 20);
    CHECK_INT(e.cause, CAUSE_BAD_DATA);
    git_records_release(&records);
}
