/* Loads libxml2 and finds its functions. */
#include "worker/sync/xml_library.h"

#include <dlfcn.h>
#include <string.h>

/* The one whose headers this was compiled with. */
#if LIBXML_VERSION >= 21400
#define XML_SONAME "libxml2.so.16"
#else
#define XML_SONAME "libxml2.so.2"
#endif

/* Nothing outside of a document is ever loaded for it. */
static xmlParserInputPtr load_nothing(const char *url, const char *id, xmlParserCtxtPtr parser)
{
    (void)url, (void)id, (void)parser;
    return NULL;
}

static bool find(void *handle, const char *name, void *function, struct error *e)
{
    void *found = dlsym(handle, name);
    if (!found)
        return error_set(e, CAUSE_CONFIG, "%s has no %s; install libxml2 2.9 or newer", XML_SONAME,
                         name);
    /* As POSIX has it: ISO C knows no way from a `void *` to a function. */
    memcpy(function, &found, sizeof found);
    return true;
}

const struct xml_library *xml_library(struct error *e)
{
    static struct xml_library library;
    static bool loaded;
    if (loaded)
        return &library;
    void *handle = dlopen(XML_SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        error_set(e, CAUSE_CONFIG, "load libxml2, which reads feeds: %s; install it", dlerror());
        return NULL;
    }
#define XML_FIND(name)                                                                             \
    if (!find(handle, #name, &library.name, e))                                                    \
        return NULL;
    XML_FUNCTIONS(XML_FIND)
#undef XML_FIND
    library.xmlInitParser();
    library.xmlSetExternalEntityLoader(load_nothing);
    loaded = true;
    return &library;
}
