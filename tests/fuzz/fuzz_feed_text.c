/* Fuzz target: dates, JSON pointers and relative references of feeds. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "worker/sync/date.h"
#include "worker/sync/json_pointer.h"
#include "worker/sync/web_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

static void date(const char *text)
{
    int64_t at;
    int64_t again;
    char written[DATE_SIZE];
    if (!date_read(text, &at))
        return;
    date_write(at, written);
    must(!written[0] || (date_read(written, &again) && again == at));
}

static void pointer(const char *text)
{
    json_t *root = json_pack("{s:[i,{s:i}],s:i,s:{s:i}}", "a", 1, "b/c", 2, "", 3, "d", "~", 4);
    json_t *found = json_pointer(root, text);
    must(!found || text[0] == '\0' || text[0] == '/');
    json_decref(root);
}

static void link(const char *base, const char *reference)
{
    char *whole = web_link_resolve(base, reference);
    if (!whole)
        return;
    must(strlen(whole) <= WEB_LINK_MAX);
    char *again = web_link_resolve("http://other.org/x", whole);
    must(again != NULL || strlen(whole) + 20 > WEB_LINK_MAX);
    web_link_same_origin(base, whole);
    free(again);
    free(whole);
}

/* A line break parts the base from the reference. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    char *second = strchr(text, '\n');
    date(text);
    pointer(text);
    link("https://example.org/a/b?c#d", text);
    if (second) {
        *second = '\0';
        link(text, second + 1);
    }
    free(text);
    return 0;
}
