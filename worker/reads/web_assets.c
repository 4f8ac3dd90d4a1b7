/* The files of worker/reads/web/, taken in by the assembler. */
#include "worker/reads/web_assets.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define EMBED(symbol, file)                                                                        \
    __asm__(".pushsection .rodata\n"                                                               \
            ".balign 16\n"                                                                         \
            ".global " symbol "\n.hidden " symbol "\n" symbol ":\n"                                \
            ".incbin \"worker/reads/web/" file "\"\n"                                              \
            ".global " symbol "_end\n.hidden " symbol "_end\n" symbol "_end:\n"                    \
            ".byte 0\n"                                                                            \
            ".popsection\n")

EMBED("web_style_css", "style.css");
EMBED("web_app_js", "app.js");
EMBED("web_icon_svg", "icon.svg");
extern const char web_style_css[], web_style_css_end[];
extern const char web_app_js[], web_app_js_end[];
extern const char web_icon_svg[], web_icon_svg_end[];

static struct web_asset assets[] = {
    {.name = "style.css", .type = "text/css; charset=utf-8", .bytes = web_style_css},
    {.name = "app.js", .type = "text/javascript; charset=utf-8", .bytes = web_app_js},
    {.name = "icon.svg", .type = "image/svg+xml", .bytes = web_icon_svg},
};
enum { ASSETS = sizeof assets / sizeof *assets };
static const char *const ends[ASSETS] = {web_style_css_end, web_app_js_end, web_icon_svg_end};
static char hash_text[WEB_ASSETS_HASH_SIZE];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void measure(void)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < ASSETS; i++) {
        assets[i].size = (size_t)((uintptr_t)ends[i] - (uintptr_t)assets[i].bytes);
        hash = XXH3_64bits_withSeed(assets[i].bytes, assets[i].size, hash);
    }
    snprintf(hash_text, sizeof hash_text, "%016" PRIx64, hash);
}

const struct web_asset *web_asset_find(const char *name)
{
    pthread_once(&once, measure);
    for (size_t i = 0; i < ASSETS; i++)
        if (strcmp(assets[i].name, name) == 0)
            return &assets[i];
    return NULL;
}

const char *web_assets_hash(void)
{
    pthread_once(&once, measure);
    return hash_text;
}
