/* Is a piece of HTML what our renderers may write? For unit tests and fuzz targets. */
#ifndef LATTICE_TESTS_HTML_CHECK_H
#define LATTICE_TESTS_HTML_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"

enum { HTML_CHECK_DEPTH = 4096 };

struct html_check {
    const char *at;
    const char *wrong; /* NULL: nothing; else what, and `at` is where */
    struct {
        const char *name;
        size_t size;
    } open[HTML_CHECK_DEPTH];
    size_t depth;
};

static inline bool check_listed(const char *name, size_t size, const char *list)
{
    for (const char *p = list; *p;) {
        size_t length = strcspn(p, " ");
        if (length == size && memcmp(p, name, size) == 0)
            return true;
        p += length + (p[length] == ' ');
    }
    return false;
}

static inline bool check_begins(const char *value, size_t size, const char *with)
{
    size_t length = strlen(with);
    return size >= length && strncasecmp(value, with, length) == 0;
}

/* Places in the page, pages and searches of the service, and the outside by three schemes only. */
static inline bool check_address(const char *value, size_t size)
{
    if (check_begins(value, size, "//"))
        return false;
    return check_begins(value, size, "/pages/") || check_begins(value, size, "/sources") ||
           check_begins(value, size, "/sessions") || check_begins(value, size, "/?q=") ||
           check_begins(value, size, "/assets/") || (size == 1 && value[0] == '/') ||
           check_begins(value, size, "#") || check_begins(value, size, "http://") ||
           check_begins(value, size, "https://") || check_begins(value, size, "mailto:");
}

static inline bool check_attribute(struct html_check *c)
{
    static const char allowed[] =
        "class id href rel title tabindex role aria-label start data-title data-status data-label "
        "scope hidden lang charset name content type src action method for maxlength autocomplete "
        "autocapitalize spellcheck enterkeyhint value placeholder autofocus aria-hidden "
        "aria-current colspan width height viewBox x y rx datetime";
    const char *name = c->at;
    size_t size = strcspn(name, "= >/\"'<\n");
    c->at += size;
    if (!check_listed(name, size, allowed))
        return c->wrong = "attribute", false;
    if (*c->at != '=')
        return true;
    if (c->at[1] != '"')
        return c->wrong = "value without quotes", false;
    const char *value = c->at + 2;
    size_t length = strcspn(value, "\"<>");
    c->at = value + length;
    if (*c->at != '"')
        return c->wrong = "value that does not end", false;
    c->at++;
    bool address = check_listed(name, size, "href src action");
    return !address || check_address(value, length) || (c->wrong = "address", false);
}

static inline void check_tag(struct html_check *c)
{
    static const char allowed[] =
        "html head meta title link script body a header form label input kbd button nav p main div "
        "footer span h1 h2 h3 h4 h5 h6 ul ol li pre code em strong del br hr blockquote table "
        "thead tbody tr th td sup mark article section details summary dl dt dd time svg rect";
    const char *start = c->at;
    bool closes = start[1] == '/';
    const char *name = start + 1 + closes;
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz123456");
    if (!check_listed(name, size, allowed)) {
        c->wrong = "tag";
        return;
    }
    c->at = name + size;
    while (*c->at == ' ' && !c->wrong) {
        c->at++;
        check_attribute(c);
    }
    bool empty = check_listed(name, size, "meta link input br hr");
    if (!c->wrong && *c->at == '/') {
        empty = true;
        c->at++;
    }
    if (!c->wrong && *c->at != '>')
        c->wrong = "end of a tag";
    if (c->wrong)
        return;
    c->at++;
    /* The one script that there is has an address and no text. */
    if (check_listed(name, size, "script") && !closes && strncmp(c->at, "</script>", 9) != 0)
        c->wrong = "script";
    else if (closes && (c->depth == 0 || c->open[c->depth - 1].size != size ||
                        memcmp(c->open[c->depth - 1].name, name, size) != 0))
        c->wrong = "tag that was not opened";
    else if (closes)
        c->depth--;
    else if (!empty && c->depth == HTML_CHECK_DEPTH)
        c->wrong = "depth";
    else if (!empty) {
        c->open[c->depth].name = name;
        c->open[c->depth++].size = size;
    }
}

/* NULL if all is well, else what is wrong; *place: where. */
static inline const char *html_check(const char *text, size_t size, const char **place)
{
    static struct html_check c;
    c.at = text;
    c.wrong = NULL;
    c.depth = 0;
    *place = text;
    if (!utf8_valid(text, size) || memchr(text, '\0', size))
        return "bytes";
    if (strncmp(c.at, "<!doctype html>", 15) == 0)
        c.at += 15;
    while (!c.wrong && (c.at = strchr(c.at, '<')))
        check_tag(&c);
    *place = c.at ? c.at : text;
    return c.wrong ? c.wrong : c.depth ? "tag that was not closed" : NULL;
}

#endif
