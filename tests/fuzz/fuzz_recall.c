/* Fuzz target: the answer of repo-recall in pieces; the page of each session is read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/sync/json_cut.h"
#include "worker/sync/page.h"
#include "worker/sync/recall_session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

static void check_page(const struct recall_session *session)
{
    struct buf text = {0};
    struct page page = {0};
    struct error e = {0};
    recall_session_page(session, &text);
    must(page_parse(&page, "session.md", text.data, text.size, &e));
    /* Whatever a session says, its front matter is front matter, and a title is a line. */
    must(page.front && !page.warning);
    must(page.title[0] && !strpbrk(page.title, "\r\n"));
    must(utf8_valid(text.data, text.size));
    page_release(&page);
    buf_release(&text);
}

static bool on_session(void *context, const char *bytes, size_t size, struct error *e)
{
    struct buf *seen = context;
    struct recall_session session;
    struct buf path = {0};
    struct buf model = {0};
    buf_printf(seen, "%zu ", size);
    bool ok = recall_session_parse(bytes, size, &session, e);
    if (ok) {
        check_page(&session);
        recall_session_path(&session, &path);
        recall_session_model(&session, &model);
        must(path.data[0] != '.' && !strchr(path.data, '/') && model.size > 0);
        buf_add(seen, path.data, path.size);
    }
    must(ok || (e->cause == CAUSE_BAD_DATA && e->text[0]));
    recall_session_release(&session);
    buf_release(&path);
    buf_release(&model);
    return true;
}

static bool cut_in_pieces(const char *text, size_t size, size_t piece, struct buf *seen)
{
    struct json_cut cut = {.name = "sessions", .element = on_session, .context = seen};
    struct error e = {0};
    bool ok = true;
    for (size_t at = 0; ok && at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        char *exact = xmalloc(n); /* one byte too far is seen */
        memcpy(exact, text + at, n);
        ok = json_cut_feed(&cut, exact, n, &e);
        free(exact);
    }
    ok = ok && json_cut_end(&cut, &e);
    must(ok || (e.cause == CAUSE_BAD_DATA && e.text[0]));
    if (cut.rest.size)
        buf_add(seen, cut.rest.data, cut.rest.size);
    json_cut_release(&cut);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = {0};
    struct buf parts = {0};
    if (size < 1)
        return 0;
    const char *text = (const char *)data + 1;
    bool ok = cut_in_pieces(text, size - 1, size, &whole);
    bool same = cut_in_pieces(text, size - 1, 1 + data[0] % 16U, &parts);
    must(ok == same);
    must(whole.size == parts.size &&
         (whole.size == 0 || memcmp(whole.data, parts.data, whole.size) == 0));
    buf_release(&whole);
    buf_release(&parts);
    return 0;
}
