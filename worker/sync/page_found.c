/* The links and tags of a page while it is read. */
#include "worker/sync/page_found.h"

#include <stdlib.h>
#include <string.h>

#include "common/private.h"

void found_begin(struct found *f)
{
    enum { KEEP_LINKS = 1024 };
    if (f->link_room > KEEP_LINKS) {
        free(f->links);
        f->links = NULL;
        f->link_room = 0;
    }
    arena_reset(&f->strings);
    f->link_count = 0;
    f->tag_count = 0;
    f->left_out = NULL;
}

void found_release(struct found *f)
{
    arena_release(&f->strings);
    free(f->links);
    free(f->tags);
    f->links = NULL;
    f->tags = NULL;
    f->link_count = f->link_room = f->tag_count = f->tag_room = 0;
}

char *found_text(struct found *f, struct span text)
{
    char *copy = arena_text(&f->strings, text.text, text.size);
    if (memchr(copy, '<', text.size))
        copy[private_strip(copy, text.size)] = '\0';
    return copy;
}

size_t found_clean_line(char *text, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c > ' ' && c != 0x7F)
            text[kept++] = (char)c;
        else if (kept > 0 && text[kept - 1] != ' ')
            text[kept++] = ' ';
    }
    if (kept > TITLE_MAX_BYTES)
        kept = utf8_floor(text, TITLE_MAX_BYTES);
    while (kept > 0 && text[kept - 1] == ' ')
        kept--;
    return kept;
}

char *found_line(struct found *f, struct span text)
{
    enum { ENOUGH = 8 * TITLE_MAX_BYTES };
    size_t size = text.size > ENOUGH ? utf8_floor(text.text, ENOUGH) : text.size;
    char *line = found_text(f, (struct span){text.text, size});
    line[found_clean_line(line, strlen(line))] = '\0';
    return line;
}

void found_add_link(struct found *f, enum link_kind kind, size_t at, struct span target,
                    struct span label)
{
    if (target.size == 0 || target.size > LINK_TARGET_MAX_BYTES)
        return;
    if (f->link_count == LINKS_MAX) {
        f->left_out = "more than 10000 links; the rest is left out";
        return;
    }
    const char *kept = found_text(f, target);
    if (!*kept)
        return;
    f->links = array_room(f->links, f->link_count, &f->link_room, sizeof *f->links);
    f->links[f->link_count] = (struct found_link){.at = at,
                                                  .seq = f->link_count,
                                                  .kind = kind,
                                                  .target = kept,
                                                  .label = found_line(f, label)};
    f->link_count++;
}

/* FNV-1a. */
static uint32_t hash(struct span s)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.size; i++)
        h = (h ^ (unsigned char)s.text[i]) * 16777619u;
    return h ^ (h >> 16);
}

void found_add_tag(struct found *f, struct span tag)
{
    if (tag.size == 0 || tag.size > TAG_MAX_BYTES)
        return;
    if (f->tag_count == 0)
        memset(f->slots, 0, sizeof f->slots);
    uint32_t slot = hash(tag) & (TAG_SLOTS - 1);
    for (; f->slots[slot]; slot = (slot + 1) & (TAG_SLOTS - 1)) {
        const char *other = f->tags[f->slots[slot] - 1];
        if (strlen(other) == tag.size && memcmp(other, tag.text, tag.size) == 0)
            return;
    }
    if (f->tag_count == TAGS_MAX) {
        f->left_out = "more than 1000 tags; the rest is left out";
        return;
    }
    f->tags = array_room(f->tags, f->tag_count, &f->tag_room, sizeof *f->tags);
    f->tags[f->tag_count++] = arena_text(&f->strings, tag.text, tag.size);
    f->slots[slot] = (uint16_t)f->tag_count;
}
