/* Gives HTML to libxml2 in pieces, and sees what would take too long before it does. */
#include "worker/sync/html_parse.h"

#include <stdlib.h>
#include <string.h>

enum {
    PIECE_BYTES = 64 * 1024, /* given to the parser at a time */
    ATTRIBUTES_MAX = 10000,  /* of a tag; more than that and the rest is left out */
};
/* Of all tags, squared: what comparing them costs. About two seconds. */
#define ATTRIBUTE_WORK_MAX 1000000000

void html_stop(struct html_parser *p)
{
    p->cut = true;
    if (p->context)
        p->xml->xmlStopParser(p->context);
}

void html_count_attributes(struct html_parser *p, const xmlChar **attributes)
{
    size_t count = 0;
    while (attributes && attributes[2 * count])
        count++;
    p->attribute_work += count * count;
    if (p->attribute_work > ATTRIBUTE_WORK_MAX)
        html_stop(p);
}

static size_t separators(const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += text[i] == '"' || text[i] == '\'' || memchr(" \t\r\n", text[i], 4) != NULL;
    return count;
}

/* What the parser holds back, if it is a tag. */
struct held_tag {
    bool open;
    size_t at;
    size_t attributes;
};

/* How many attributes the tag that is open, or the first in this piece, may have by its end. */
static size_t attributes_ahead(const struct held_tag *tag, const char *piece, size_t size)
{
    const char *from = tag->open ? piece : memchr(piece, '<', size);
    if (!from)
        return 0;
    size -= (size_t)(from - piece);
    const char *end = memchr(from, '>', size);
    return tag->attributes + separators(from, end ? (size_t)(end - from) : size);
}

/* After the piece that ends at `end` was given to the parser. */
static void follow_tag(struct html_parser *p, struct held_tag *tag, const char *text, size_t size,
                       size_t end)
{
    const xmlParserInput *input = p->context->input;
    size_t held = (size_t)(input->end - input->cur);
    size_t at = held < end ? end - held : 0;
    char after = end - at > 1 ? (char)(text[at + 1] | 0x20) : ' ';
    bool same = tag->open && tag->at == at;
    tag->open = end > at && text[at] == '<' && after >= 'a' && after <= 'z';
    if (!tag->open)
        tag->attributes = 0;
    else if (same)
        tag->attributes += separators(text + end - size, size);
    else
        tag->attributes = separators(text + at, end - at);
    tag->at = at;
}

/* In pieces: libxml2 reads a tag once it is whole and compares each of its attributes with all
 * before it, so that one with a hundred thousand would take minutes. It has to be seen before. */
static void feed(struct html_parser *p, const struct buf *in)
{
    struct held_tag tag = {0};
    for (size_t at = 0; at < in->size && !p->cut;) {
        size_t left = in->size - at;
        size_t size = left < PIECE_BYTES ? left : utf8_floor(in->data + at, PIECE_BYTES);
        p->cut = attributes_ahead(&tag, in->data + at, size) > ATTRIBUTES_MAX;
        if (p->cut)
            return;
        p->xml->htmlParseChunk(p->context, in->data + at, (int)size, left == size);
        at += size;
        follow_tag(p, &tag, in->data, size, at);
    }
}

void html_parse(struct html_parser *p, const xmlSAXHandler *calls, void *context,
                const struct buf *in)
{
    enum {
        OPTIONS = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                  HTML_PARSE_NONET | HTML_PARSE_NODEFDTD | HTML_PARSE_NOIMPLIED |
                  HTML_PARSE_IGNORE_ENC
    };
    xmlSAXHandler copy = *calls;
    p->context =
        p->xml->htmlCreatePushParserCtxt(&copy, context, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);
    if (!p->context)
        abort();
    p->xml->htmlCtxtUseOptions(p->context, OPTIONS);
    /* The push parser takes the end of the first element for the end of the document. */
    p->xml->htmlParseChunk(p->context, "<lattice>", (int)strlen("<lattice>"), 0);
    feed(p, in);
    p->xml->htmlFreeParserCtxt(p->context);
    p->context = NULL;
}
