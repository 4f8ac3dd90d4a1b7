/* Ids of pages and chunks. */
#include "worker/reads/mcp_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"

/* Of a wrong id, in its message. */
enum { ID_SHOWN_BYTES = 200 };

/* Where the last # is, if only digits (or nothing) follow it; else NULL. */
static char *find_chunk(char *path)
{
    char *at = strrchr(path, '#');
    size_t digits = at ? strspn(at + 1, "0123456789") : 0;
    return at && at[1 + digits] == '\0' && digits <= 9 ? at : NULL;
}

bool page_id_parse(const char *text, struct page_id *id, struct error *e)
{
    *id = (struct page_id){.chunk = -1};
    if (!text)
        return error_set(e, CAUSE_USAGE, "an id must be a text: source/path or source/path#chunk");
    id->owned = xstrdup(text);
    char *slash = strchr(id->owned, '/');
    char *chunk = slash ? find_chunk(slash + 1) : NULL;
    if (chunk) {
        id->chunk = chunk[1] ? strtoll(chunk + 1, NULL, 10) : -1;
        *chunk = '\0';
    }
    if (!slash || slash == id->owned || !slash[1]) {
        page_id_release(id);
        int shown = (int)utf8_floor(text, strnlen(text, ID_SHOWN_BYTES));
        return error_set(e, CAUSE_USAGE, "\"%.*s\": expected source/path or source/path#chunk",
                         shown, text);
    }
    *slash = '\0';
    id->source = id->owned;
    id->path = slash + 1;
    return true;
}

void page_id_release(struct page_id *id)
{
    free(id->owned);
    *id = (struct page_id){.chunk = -1};
}

char *page_id_format(const struct page_id *id)
{
    if (!id->source || !id->path)
        return NULL;
    if (id->chunk >= 0)
        return xasprintf("%s/%s#%" PRId64, id->source, id->path, id->chunk);
    CLEANUP(free_text) char *path = xstrdup(id->path);
    return xasprintf("%s/%s%s", id->source, path, find_chunk(path) ? "#" : "");
}
