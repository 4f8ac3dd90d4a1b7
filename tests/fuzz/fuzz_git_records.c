/* Fuzz target: listings of git in pieces; whatever the pieces are, the entries are the same. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/sync/git_records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

static bool on_entry(void *context, const char *path, size_t path_size, const char *blob,
                     struct error *e)
{
    struct buf *seen = context;
    (void)e;
    must(path_size > 0 && strlen(path) == path_size);
    must(!blob || strlen(blob) == 40 || strlen(blob) == 64);
    must(!blob || strspn(blob, "0123456789abcdefABCDEF") == strlen(blob));
    buf_add(seen, path, path_size);
    buf_printf(seen, "=%s\n", blob ? blob : "gone");
    return true;
}

static void on_skipped(void *context, enum not_followed what, const char *path, int delta)
{
    buf_printf(context, "%s: %d %d\n", path, (int)what, delta);
}

/* True if all of it could be read. */
static bool read_in_pieces(enum git_format format, const char *text, size_t size, size_t piece,
                           struct buf *seen)
{
    struct listing to = {.context = seen, .entry = on_entry, .skipped = on_skipped};
    struct git_records records = {.format = format, .to = &to};
    struct error e = {0};
    bool ok = true;
    for (size_t at = 0; ok && at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        char *exact = xmalloc(n); /* one byte too far is seen */
        memcpy(exact, text + at, n);
        ok = git_records_feed(&records, exact, n, &e);
        free(exact);
    }
    ok = ok && git_records_end(&records, &e);
    git_records_release(&records);
    must(ok || (e.cause == CAUSE_BAD_DATA && e.text[0]));
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum git_format format = data[0] & 1 ? GIT_DIFF_TREE : GIT_LS_TREE;
    const char *text = (const char *)data + 2;
    struct buf whole = {0};
    struct buf parts = {0};
    bool ok = read_in_pieces(format, text, size - 2, size, &whole);
    bool same = read_in_pieces(format, text, size - 2, 1 + data[1] % 16U, &parts);
    must(ok == same);
    must(whole.size == parts.size &&
         (whole.size == 0 || memcmp(whole.data, parts.data, whole.size) == 0));
    buf_release(&whole);
    buf_release(&parts);
    return 0;
}
