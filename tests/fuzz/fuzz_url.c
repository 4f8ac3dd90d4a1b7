/* Fuzz target: addresses; what is taken can be given to git, no secret is left in it. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "common/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

static void check_url(const struct git_url *url)
{
    struct git_url again;
    struct error e = {0};
    must(url->location && url->location[0] && url->location[0] != '-');
    must(url->kind == URL_HTTP || (!url->user && !url->secret));
    for (const char *p = url->location; *p; p++)
        must((unsigned char)*p >= 0x20 && *p != 0x7f);
    if (url->kind == URL_PATH)
        return;
    /* The location is an address of the same kind, without anything to take out. */
    must(git_url_parse(url->location, NULL, &again, &e));
    must(again.kind == url->kind && strcmp(again.location, url->location) == 0);
    must(!again.user && !again.secret);
    git_url_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct git_url url;
    struct error e = {0};
    char *text = xstrndup((const char *)data, size);
    if (git_url_parse(text, "/home/ada", &url, &e))
        check_url(&url);
    else
        must(!url.location && !url.user && !url.secret && e.cause == CAUSE_CONFIG);
    char *masked = url_mask(text);
    must(strlen(masked) <= strlen(text) + 3);
    git_url_release(&url);
    free(masked);
    free(text);
    return 0;
}
