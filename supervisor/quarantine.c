/* Counting runs that ended on a page. */
#include "supervisor/quarantine.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "supervisor/limits.h"

bool quarantine_blames(const struct run_result *result)
{
    return result->outcome == OUTCOME_CRASHED || result->outcome == OUTCOME_KILLED ||
           result->outcome == OUTCOME_STUCK;
}

void quarantine_blame(struct blamed_pages *pages, const char *path, const char *blob)
{
    for (size_t i = 0; i < pages->count; i++) {
        struct blamed_page *page = &pages->pages[i];
        if (strcmp(page->name.path, path) == 0 && strcmp(page->name.blob, blob) == 0) {
            page->runs++;
            return;
        }
    }
    pages->pages = xrealloc(pages->pages, (pages->count + 1) * sizeof *pages->pages);
    pages->pages[pages->count++] =
        (struct blamed_page){.name = {.path = xstrdup(path), .blob = xstrdup(blob)}, .runs = 1};
}

void quarantine_forget(struct blamed_pages *pages, const char *path)
{
    size_t kept = 0;
    for (size_t i = 0; i < pages->count; i++) {
        struct blamed_page *page = &pages->pages[i];
        if (path && strcmp(page->name.path, path) != 0) {
            pages->pages[kept++] = *page;
            continue;
        }
        free(page->name.path);
        free(page->name.blob);
    }
    pages->count = kept;
}

struct page_name *quarantine_list(const struct blamed_pages *pages, size_t *count)
{
    struct page_name *list = xcalloc(pages->count, sizeof *list);
    size_t bytes = 0;
    *count = 0;
    for (size_t i = 0; i < pages->count; i++) {
        const struct blamed_page *page = &pages->pages[i];
        if (page->runs < LEDGER_QUARANTINE_AFTER)
            continue;
        bytes += strlen(page->name.path) + strlen(page->name.blob);
        if (bytes > QUARANTINE_BYTES_MAX)
            break;
        list[(*count)++] = page->name;
    }
    return list;
}
