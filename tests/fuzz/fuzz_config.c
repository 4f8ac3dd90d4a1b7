/* Fuzz target: sources.json from any bytes; what is taken keeps its promises. */
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool promise)
{
    if (!promise)
        abort();
}

static void check_source(const struct config *config, const struct source_config *s)
{
    must(source_id_valid(s->id) && config_find(config, s->id) == s);
    must(s->timeout_ms > 0 && s->stall_ms > 0 && s->every_ms > 0);
    must(s->grace_ms >= 0 && s->grace_ms <= s->timeout_ms / 2);
    must(s->max_page_bytes >= MIN_MAX_PAGE_BYTES && s->max_page_bytes <= MAX_MAX_PAGE_BYTES);
    must(s->include && s->include[0] && s->exclude && s->entry && s->url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    struct config_mistakes mistakes;
    struct error e = {0};
    bool ok = config_parse((const char *)data, size, &config, &mistakes, &e);
    must(ok == (mistakes.count == 0) && ok == (e.cause == CAUSE_NONE));
    for (size_t i = 0; i < mistakes.count; i++) {
        must(utf8_valid(mistakes.lines[i], strlen(mistakes.lines[i])));
        for (const char *p = mistakes.lines[i]; *p; p++)
            must((unsigned char)*p >= 0x20 && *p != 0x7f);
    }
    for (size_t i = 0; i < config.count; i++)
        check_source(&config, &config.sources[i]);
    config_release(&config);
    config_mistakes_release(&mistakes);
    return 0;
}
