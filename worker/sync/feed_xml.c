/* RSS and Atom, by libxml2's reader: one node at a time, no DTD, no entity, nothing loaded. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "worker/sync/feed_internal.h"
#include "worker/sync/feed_xml_tidy.h"

#define ATOM  "http://www.w3.org/2005/Atom"
#define RSS10 "http://purl.org/rss/1.0/"
#define RDF   "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

enum field {
    FIELD_NONE,
    FIELD_ID,
    FIELD_TITLE,
    FIELD_LINK, /* RSS: text; Atom: attributes */
    FIELD_AUTHOR,
    FIELD_PUBLISHED,
    FIELD_UPDATED,
    FIELD_SUMMARY,
    FIELD_CONTENT,
    FIELD_TAG,
};

/* Children of an entry. RSS has no namespace. */
static const struct {
    const char *space;
    const char *name;
    enum field field;
} fields[] = {
    {"", "guid", FIELD_ID},
    {"", "title", FIELD_TITLE},
    {"", "link", FIELD_LINK},
    {"", "author", FIELD_AUTHOR},
    {"", "pubDate", FIELD_PUBLISHED},
    {"", "description", FIELD_SUMMARY},
    {"", "category", FIELD_TAG},
    {ATOM, "id", FIELD_ID},
    {ATOM, "title", FIELD_TITLE},
    {ATOM, "link", FIELD_LINK},
    {ATOM, "author", FIELD_AUTHOR},
    {ATOM, "published", FIELD_PUBLISHED},
    {ATOM, "updated", FIELD_UPDATED},
    {ATOM, "summary", FIELD_SUMMARY},
    {ATOM, "content", FIELD_CONTENT},
    {ATOM, "category", FIELD_TAG},
    {"http://purl.org/rss/1.0/modules/content/", "encoded", FIELD_CONTENT},
    {"http://purl.org/dc/elements/1.1/", "creator", FIELD_AUTHOR},
    {"http://purl.org/dc/elements/1.1/", "date", FIELD_PUBLISHED},
    {"http://purl.org/dc/elements/1.1/", "subject", FIELD_TAG},
    {"http://purl.org/dc/terms/", "modified", FIELD_UPDATED},
};

/* Where the reader stands. */
struct xml_feed {
    struct feed_reading *r;
    const struct xml_library *xml;
    xmlTextReaderPtr reader;
    bool in_entry;
    bool in_author;
    int entry_depth;
    enum field field; /* whose text is gathered */
    int field_depth;
    bool markup; /* its elements are part of it, as in Atom's xhtml */
    bool atom;   /* the field is Atom's, which says of what type it is */
    enum feed_text type;
    struct buf text;
    bool content; /* the body in hand is more than a summary */
    struct buf problem;
    int problem_line;
};

static const char *local_name(const struct xml_feed *f)
{
    return (const char *)f->xml->xmlTextReaderConstLocalName(f->reader);
}

/* "" for none, and for RSS 1.0, whose elements are those of RSS 2.0. */
static const char *space_of(const struct xml_feed *f)
{
    const xmlChar *uri = f->xml->xmlTextReaderConstNamespaceUri(f->reader);
    const char *space = uri ? (const char *)uri : "";
    return strcmp(space, RSS10) == 0 ? "" : space;
}

/* The attributes that are looked at. */
struct attributes {
    struct buf type, rel, href, term, ref, src;
};

static void attributes_read(const struct xml_feed *f, struct attributes *a)
{
    struct {
        const char *name;
        struct buf *to;
    } wanted[] = {{"type", &a->type}, {"rel", &a->rel}, {"href", &a->href},
                  {"term", &a->term}, {"ref", &a->ref}, {"src", &a->src}};
    *a = (struct attributes){0};
    while (f->xml->xmlTextReaderMoveToNextAttribute(f->reader) == 1) {
        const char *name = local_name(f);
        const xmlChar *value = f->xml->xmlTextReaderConstValue(f->reader);
        for (size_t i = 0; value && i < sizeof wanted / sizeof *wanted; i++)
            if (strcmp(name, wanted[i].name) == 0 && !wanted[i].to->size)
                buf_add_text(wanted[i].to, (const char *)value);
    }
    f->xml->xmlTextReaderMoveToElement(f->reader);
}

static void attributes_release(struct attributes *a)
{
    struct buf *const all[] = {&a->type, &a->rel, &a->href, &a->term, &a->ref, &a->src};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_release(all[i]);
}

static const char *text(const struct buf *b)
{
    return b->data ? b->data : "";
}

/* What relative addresses here are relative to: xml:base, else the document's own address. */
static const char *base_of(const struct xml_feed *f)
{
    const xmlChar *base = f->xml->xmlTextReaderConstBaseUri(f->reader);
    return base && *base ? (const char *)base : f->r->document->url;
}

/* RFC 4287, 4.2.7.2: no relation is `alternate`. */
static void take_link(struct xml_feed *f, const struct attributes *a)
{
    if (f->in_entry && (!a->rel.size || strcmp(a->rel.data, "alternate") == 0))
        feed_set_link(&f->r->entry.url, base_of(f), text(&a->href));
    else if (!f->in_entry && strcmp(text(&a->rel), "next") == 0 && a->href.size &&
             !f->r->found->next) {
        struct buf next = {0};
        feed_set_link(&next, base_of(f), a->href.data);
        f->r->found->next = next.size ? buf_take(&next) : NULL;
        buf_release(&next);
    }
}

/* RFC 4287, 3.1.1 and 4.1.3.3; false: content that is no text. */
static bool learn_type(struct xml_feed *f, const struct attributes *a)
{
    const char *type = text(&a->type);
    f->markup = strcasecmp(type, "xhtml") == 0 || strcasecmp(type, "application/xhtml+xml") == 0;
    f->type = f->markup || strcasecmp(type, "html") == 0 || strcasecmp(type, "text/html") == 0
                  ? FEED_HTML
                  : FEED_PLAIN;
    return f->markup || !type[0] || strchr(type, '/') == NULL || strncasecmp(type, "text/", 5) == 0;
}

static void begin_field(struct xml_feed *f, enum field field, int depth)
{
    f->field = field;
    f->field_depth = depth;
    buf_reset(&f->text);
}

/* A child of an entry. */
static void on_child(struct xml_feed *f, int depth)
{
    const char *name = local_name(f);
    const char *space = space_of(f);
    enum field field = FIELD_NONE;
    struct attributes a;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strcmp(name, fields[i].name) == 0 && strcmp(space, fields[i].space) == 0)
            field = fields[i].field;
    if (field == FIELD_NONE)
        return;
    attributes_read(f, &a);
    f->atom = strcmp(space, ATOM) == 0;
    f->markup = false;
    if (f->atom && field == FIELD_LINK)
        take_link(f, &a);
    else if (f->atom && field == FIELD_TAG)
        feed_add_tag(&f->r->entry, text(&a.term));
    else if (f->atom && field == FIELD_AUTHOR)
        f->in_author = true;
    else if (field == FIELD_CONTENT && a.src.size)
        feed_set_link(&f->r->entry.url, base_of(f), a.src.data);
    else if (!f->atom || learn_type(f, &a))
        begin_field(f, field, depth);
    attributes_release(&a);
}

/* A child of the feed or of RSS's channel, or the channel itself. */
static bool on_outer(struct xml_feed *f, int depth, struct error *e)
{
    const char *name = local_name(f);
    const char *space = space_of(f);
    struct feed_reading *r = f->r;
    struct attributes a;
    bool ok = true;
    if ((strcmp(name, "item") == 0 && !*space) ||
        (strcmp(name, "entry") == 0 && strcmp(space, ATOM) == 0)) {
        feed_entry_clear(&r->entry);
        f->in_entry = true;
        f->in_author = false;
        f->content = false;
        f->entry_depth = depth;
        return true;
    }
    attributes_read(f, &a);
    if (strcmp(name, "link") == 0 && strcmp(space, ATOM) == 0)
        take_link(f, &a);
    else if (strcmp(name, "complete") == 0 &&
             strcmp(space, "http://purl.org/syndication/history/1.0") == 0)
        r->found->complete = true;
    else if (strcmp(name, "deleted-entry") == 0 && a.ref.size &&
             strcmp(space, "http://purl.org/atompub/tombstones/1.0") == 0) {
        feed_entry_clear(&r->entry);
        buf_add_text(&r->entry.id, a.ref.data);
        r->entry.deleted = true;
        ok = feed_hand_on(r, e);
    }
    attributes_release(&a);
    return ok;
}

static bool on_root(const struct xml_feed *f, struct error *e)
{
    const char *name = local_name(f);
    const char *space = space_of(f);
    if ((strcmp(name, "rss") == 0 && !*space) ||
        (strcmp(name, "RDF") == 0 && !strcmp(space, RDF)) ||
        (strcmp(name, "feed") == 0 && strcmp(space, ATOM) == 0))
        return true;
    if (strcasecmp(name, "html") == 0)
        return error_set(e, CAUSE_BAD_DATA,
                         "this is a web page, not a feed; look there for the "
                         "feed's own address");
    return error_set(e, CAUSE_BAD_DATA,
                     "XML, but neither RSS 2.0 nor Atom 1.0: its root is <%.64s>", name);
}

static void add_escaped(struct buf *out, const char *value)
{
    for (; *value; value++)
        if (*value == '<')
            buf_add_text(out, "&lt;");
        else if (*value == '&')
            buf_add_text(out, "&amp;");
        else if (*value == '"')
            buf_add_text(out, "&quot;");
        else
            buf_add_byte(out, *value);
}

/* An element within xhtml, as HTML; what is read of its attributes is what text_from_html looks at.
 */
static void add_tag(struct xml_feed *f)
{
    static const char *const kept[] = {"href", "src", "alt", "class", "hidden", "start"};
    buf_printf(&f->text, "<%s", local_name(f));
    bool empty = f->xml->xmlTextReaderIsEmptyElement(f->reader) == 1;
    while (f->xml->xmlTextReaderMoveToNextAttribute(f->reader) == 1)
        for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
            if (strcmp(local_name(f), kept[i]) == 0) {
                const xmlChar *value = f->xml->xmlTextReaderConstValue(f->reader);
                buf_printf(&f->text, " %s=\"", kept[i]);
                add_escaped(&f->text, value ? (const char *)value : "");
                buf_add_byte(&f->text, '"');
            }
    f->xml->xmlTextReaderMoveToElement(f->reader);
    buf_add_text(&f->text, empty ? "/>" : ">");
}

static bool on_element(struct xml_feed *f, struct error *e)
{
    int depth = f->xml->xmlTextReaderDepth(f->reader);
    if (depth > FEED_DEPTH_MAX)
        return error_set(e, CAUSE_BAD_DATA, "nested deeper than %d", FEED_DEPTH_MAX);
    if (depth == 0)
        return on_root(f, e);
    if (f->field != FIELD_NONE) {
        if (f->markup)
            add_tag(f);
        return true;
    }
    if (!f->in_entry)
        return depth > 2 || on_outer(f, depth, e);
    if (depth == f->entry_depth + 1)
        on_child(f, depth);
    else if (f->in_author && depth == f->entry_depth + 2 && strcmp(local_name(f), "name") == 0)
        begin_field(f, FIELD_AUTHOR, depth);
    return true;
}

static void on_text(struct xml_feed *f)
{
    const xmlChar *value = f->xml->xmlTextReaderConstValue(f->reader);
    if (f->field == FIELD_NONE || !value)
        return;
    if (f->markup)
        add_escaped(&f->text, (const char *)value);
    else
        buf_add_text(&f->text, (const char *)value);
}

/* The text without the blanks around it. */
static struct buf trimmed(const struct buf *in)
{
    const char *start = text(in);
    size_t size = in->size;
    while (size && memchr(" \t\r\n", *start, 4))
        start++, size--;
    while (size && memchr(" \t\r\n", start[size - 1], 4))
        size--;
    return (struct buf){(char *)(uintptr_t)start, size, 0};
}

static void set(struct buf *out, const struct buf *value)
{
    struct buf t = trimmed(value);
    if (!out->size)
        buf_add(out, t.data, t.size);
}

/* Content takes the place of a summary, a summary never that of content. */
static void set_body(struct xml_feed *f, bool content)
{
    struct feed_entry *entry = &f->r->entry;
    if (entry->body.size && (f->content || !content))
        return;
    const char *base = base_of(f);
    buf_reset(&entry->body);
    buf_reset(&entry->base);
    buf_add(&entry->body, text(&f->text), f->text.size);
    /* RSS has HTML in it, and says so nowhere. */
    bool html = f->atom ? f->type == FEED_HTML
                        : memchr(text(&f->text), '<', f->text.size) != NULL ||
                              memchr(text(&f->text), '&', f->text.size) != NULL;
    entry->body_type = html ? FEED_HTML : FEED_PLAIN;
    if (strcmp(base, f->r->document->url) != 0)
        buf_add_text(&entry->base, base);
    f->content = content;
}

static void end_field(struct xml_feed *f)
{
    struct feed_entry *entry = &f->r->entry;
    struct buf t = trimmed(&f->text);
    switch (f->field) {
    case FIELD_ID:
        set(&entry->id, &f->text);
        break;
    case FIELD_TITLE:
        set(&entry->title, &f->text);
        entry->title_type = f->atom ? f->type : FEED_PLAIN;
        break;
    case FIELD_LINK:
        if (t.size) {
            char *link = xstrndup(t.data, t.size);
            feed_set_link(&entry->url, base_of(f), link);
            free(link);
        }
        break;
    case FIELD_AUTHOR:
        if (entry->author.size && t.size)
            buf_add_text(&entry->author, ", ");
        buf_add(&entry->author, t.data, t.size);
        break;
    case FIELD_PUBLISHED:
        set(&entry->published, &f->text);
        break;
    case FIELD_UPDATED:
        set(&entry->updated, &f->text);
        break;
    case FIELD_SUMMARY:
        set_body(f, false);
        break;
    case FIELD_CONTENT:
        set_body(f, true);
        break;
    case FIELD_TAG:
        if (t.size) {
            char *tag = xstrndup(t.data, t.size);
            feed_add_tag(entry, tag);
            free(tag);
        }
        break;
    case FIELD_NONE:
        break;
    }
    f->field = FIELD_NONE;
}

static bool on_end(struct xml_feed *f, struct error *e)
{
    int depth = f->xml->xmlTextReaderDepth(f->reader);
    if (f->field != FIELD_NONE) {
        if (depth == f->field_depth)
            end_field(f);
        else if (f->markup)
            buf_printf(&f->text, "</%s>", local_name(f));
        return true;
    }
    if (!f->in_entry)
        return true;
    if (depth == f->entry_depth + 1)
        f->in_author = false;
    if (depth != f->entry_depth)
        return true;
    f->in_entry = false;
    return feed_hand_on(f->r, e);
}

static bool on_node(struct xml_feed *f, struct error *e)
{
    switch (f->xml->xmlTextReaderNodeType(f->reader)) {
    case XML_READER_TYPE_ELEMENT: {
        bool empty = f->xml->xmlTextReaderIsEmptyElement(f->reader) == 1;
        bool inner = f->field != FIELD_NONE;
        return on_element(f, e) && (!empty || inner || on_end(f, e));
    }
    case XML_READER_TYPE_END_ELEMENT:
        return on_end(f, e);
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_WHITESPACE:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        on_text(f);
        return true;
    case XML_READER_TYPE_ENTITY_REFERENCE:
    case XML_READER_TYPE_ENTITY:
    case XML_READER_TYPE_DOCUMENT_TYPE:
        return error_set(e, CAUSE_BAD_DATA,
                         "it declares or uses entities (a DTD); a feed needs none, and they are "
                         "refused");
    default: /* comments and the like; libxml2's list, not ours */
        return true;
    }
}

static void on_problem(void *context, xmlErrorPtr problem)
{
    struct xml_feed *f = context;
    if (f->problem.size || problem->level < XML_ERR_ERROR)
        return;
    const char *message = problem->message ? problem->message : "not well-formed";
    text_escape(&f->problem, message, strcspn(message, "\r\n"));
    f->problem_line = problem->line;
}

static bool read_nodes(struct xml_feed *f, struct error *e)
{
    int more;
    while ((more = f->xml->xmlTextReaderRead(f->reader)) == 1)
        if (!on_node(f, e))
            return false;
    if (more == 0 && !f->problem.size)
        return true;
    return error_set(e, CAUSE_BAD_DATA, "XML, line %d: %s", f->problem_line,
                     f->problem.size ? f->problem.data : "it cannot be read");
}

static bool read_document(struct xml_feed *f, const char *bytes, size_t size, struct error *e)
{
    struct buf tidy = {0};
    bool ok = feed_xml_tidy(f->xml, bytes, size, &tidy, e);
    if (ok && tidy.size) {
        bytes = tidy.data;
        size = tidy.size;
    }
    if (ok && size > INT32_MAX)
        ok = error_set(e, CAUSE_BAD_DATA, "XML of %zu bytes", size);
    if (ok) {
        f->reader = f->xml->xmlReaderForMemory(bytes, (int)size, f->r->document->url, NULL,
                                               XML_PARSE_NONET | XML_PARSE_COMPACT);
        if (!f->reader)
            abort();
        f->xml->xmlTextReaderSetStructuredErrorHandler(f->reader, on_problem, f);
        ok = read_nodes(f, e);
        f->xml->xmlFreeTextReader(f->reader);
    }
    buf_release(&tidy);
    return ok;
}

bool feed_xml(struct feed_reading *r, struct error *e)
{
    const struct feed_document *d = r->document;
    struct xml_feed f = {.r = r, .xml = xml_library(e)};
    /* An XML declaration has to come first, and often does not. */
    size_t start = 0;
    while (start < d->size && memchr(" \t\r\n", d->bytes[start], 4))
        start++;
    bool ok = f.xml && read_document(&f, d->bytes + start, d->size - start, e);
    buf_release(&f.text);
    buf_release(&f.problem);
    return ok;
}
