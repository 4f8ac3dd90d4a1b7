/* Writing HTML: escaping, attributes, addresses. */
#include "worker/reads/web_html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/cleanup.h"

void html_release(struct html *h)
{
    buf_release(&h->out);
}

void html_cut(struct html *h, size_t size)
{
    if (h->out.size == 0)
        return;
    h->out.size = size;
    h->out.data[size] = '\0';
}

void html_add_literal(struct html *h, const char *literal, size_t size)
{
    buf_add(&h->out, literal, size);
}

/* NULL: the byte stands for itself. HTML, 13.1.4 and 13.2.3.5: controls but white space are none
 * of a document's. */
static const char *escape_of(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\t':
    case '\n':
        return NULL;
    case '\r':
        return "";
    default:
        return c < 0x20 || c == 0x7F ? "\xEF\xBF\xBD" : NULL;
    }
}

static void add_escaped(struct buf *out, const char *text, size_t size)
{
    size_t plain = 0;
    for (size_t i = 0; i < size; i++) {
        const char *escape = escape_of((unsigned char)text[i]);
        if (!escape)
            continue;
        buf_add(out, text + plain, i - plain);
        buf_add_text(out, escape);
        plain = i + 1;
    }
    buf_add(out, text + plain, size - plain);
}

void html_text_sized(struct html *h, const char *text, size_t size)
{
    struct buf clean = {0};
    if (size == 0)
        return;
    if (utf8_valid(text, size)) {
        add_escaped(&h->out, text, size);
        return;
    }
    utf8_sanitize(&clean, text, size);
    add_escaped(&h->out, clean.data, clean.size);
    buf_release(&clean);
}

void html_text(struct html *h, const char *text)
{
    if (text)
        html_text_sized(h, text, strlen(text));
}

void html_textf(struct html *h, const char *format, ...)
{
    char small[512];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (size < (int)sizeof small) {
        html_text(h, small);
        return;
    }
    char *large = xmalloc((size_t)size + 1);
    va_start(args, format);
    vsnprintf(large, (size_t)size + 1, format, args);
    va_end(args);
    html_text(h, large);
    free(large);
}

void html_count(struct html *h, int64_t count)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRId64, count);
    size_t size = strlen(digits);
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && digits[i - 1] != '-' && (size - i) % 3 == 0)
            buf_add_byte(&h->out, ',');
        buf_add_byte(&h->out, digits[i]);
    }
}

void html_add_attr(struct html *h, const char *name, const char *value)
{
    buf_printf(&h->out, " %s=\"", name);
    html_text(h, value);
    buf_add_byte(&h->out, '"');
}

/* --- addresses ------------------------------------------------------------------------------- */

/* RFC 3986, 2.3. */
static bool unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~", c));
}

static void add_encoded(struct buf *out, const char *text, bool slashes)
{
    for (const char *p = text; *p; p++)
        if (unreserved((unsigned char)*p) || (slashes && *p == '/'))
            buf_add_byte(out, *p);
        else
            buf_printf(out, "%%%02X", (unsigned char)*p);
}

void html_path(struct html *h, const char *path)
{
    add_encoded(&h->out, path, true);
}

void html_query(struct html *h, const char *value)
{
    add_encoded(&h->out, value, false);
}

bool html_outside_href(struct html *h, const char *address)
{
    static const char *const schemes[] = {"http://", "https://", "mailto:"};
    bool known = false;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t size = strlen(schemes[i]);
        known |= strncasecmp(address, schemes[i], size) == 0 && address[size];
    }
    /* Browsers drop some control bytes from addresses before they look at them. */
    for (const char *p = address; known && *p; p++)
        known = (unsigned char)*p > 0x20 && *p != 0x7F;
    if (known)
        html_attr(h, "href", address);
    return known;
}

/* --- JSON ------------------------------------------------------------------------------------ */

const char *member_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t member_number(const json_t *object, const char *key, int64_t missing)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : missing;
}

bool member_is(const json_t *object, const char *key, const char *text)
{
    return strcmp(member_text(object, key), text) == 0;
}
