/* Fuzz target: feeds of all formats, and their entries as pages. */
#include <stdlib.h>
#include <string.h>

#include "worker/sync/feed.h"
#include "worker/sync/feed_page.h"
#include "worker/sync/feed_xml_tidy.h"
#include "worker/sync/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

/* What becomes of an entry: a safe path, and a page whose front matter can be read. */
static bool on_entry(void *context, const struct feed_entry *entry, struct error *e)
{
    static struct buf path;
    static struct buf bytes;
    struct page page = {0};
    struct error problem = {0};
    (void)context;
    must(entry->id.size > 0);
    feed_page_path(&path, entry->id.data, entry->id.size);
    must(path.size < 100 &&
         strspn(path.data, "abcdefghijklmnopqrstuvwxyz0123456789-.") == path.size);
    must(path.data[0] != '-' && path.data[0] != '.');
    if (!feed_page(&bytes, entry, "https://example.org/feed", e))
        return false;
    must(strncmp(bytes.data, "---\n", 4) == 0);
    if (page_parse(&page, path.data, bytes.data, bytes.size, &problem))
        must(!page.warning || !strstr(page.warning, "front matter"));
    page_release(&page);
    return true;
}

/* What was made tidy is tidy. */
static void check_tidy(const char *bytes, size_t size)
{
    struct error e = {0};
    struct buf once = {0};
    struct buf twice = {0};
    const struct xml_library *xml = xml_library(&e);
    must(xml != NULL);
    if (feed_xml_tidy(xml, bytes, size, &once, &e)) {
        must(once.size <= 5 * size);
        must(feed_xml_tidy(xml, once.size ? once.data : bytes, once.size ? once.size : size, &twice,
                           &e));
        must(!twice.size);
    }
    buf_release(&once);
    buf_release(&twice);
}

/* A byte 0 in front: JSON by a map. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool by_map = size > 0 && data[0] == 0;
    json_t *map =
        by_map ? json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "items", "/items", "id", "/id", "title",
                           "/t", "body", "/b", "updated", "/u", "deleted", "/d", "next", "/next")
               : NULL;
    const struct feed_document document = {.bytes = (const char *)data + by_map,
                                           .size = size - by_map,
                                           .url = "https://example.org/feed",
                                           .map = map};
    const struct feed_sink sink = {on_entry, NULL};
    struct feed_found found;
    struct error e = {0};
    check_tidy(document.bytes, document.size);
    if (!feed_read(&document, &sink, &found, &e))
        must(e.cause == CAUSE_BAD_DATA && e.text[0]);
    feed_found_release(&found);
    json_decref(map);
    return 0;
}
