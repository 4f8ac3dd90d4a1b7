/* Pages that are not Markdown: paragraphs, wiki links, tags. */
#include <string.h>

#include "worker/sync/page_marks.h"
#include "worker/sync/page_parts.h"

static struct span line_at(const char *text, size_t at, size_t size)
{
    const char *newline = memchr(text + at, '\n', size - at);
    return (struct span){text + at, newline ? (size_t)(newline - text) - at : size - at};
}

static bool blank(struct span line)
{
    for (size_t i = 0; i < line.size; i++)
        if (!strchr(" \t\r\f", line.text[i]) || !line.text[i])
            return false;
    return true;
}

/* `====`: one punctuation character, at least three times. */
static bool rule(struct span line)
{
    while (line.size > 0 && (line.text[line.size - 1] == '\r' || line.text[line.size - 1] == ' '))
        line.size--;
    if (line.size < 3 || !strchr("=-`:.'\"~^_*+#", *line.text) || !*line.text)
        return false;
    for (size_t i = 1; i < line.size; i++)
        if (line.text[i] != *line.text)
            return false;
    return true;
}

/* The first paragraph of an .rst file, if it is a line with a rule below it, or around it. */
static const char *rst_title(struct found *found, const char *text, size_t from, size_t size)
{
    struct span first = line_at(text, from, size);
    size_t at = from + first.size + 1;
    struct span title = first;
    if (rule(first) && at < size) {
        title = line_at(text, at, size);
        at += title.size + 1;
    }
    if (at >= size || blank(title) || rule(title) || !rule(line_at(text, at, size)))
        return NULL;
    return found_line(found, title);
}

static const char *org_title(struct found *found, struct span line)
{
    static const char key[] = "#+title:";
    size_t length = sizeof key - 1;
    if (line.size <= length || strncasecmp(line.text, key, length) != 0)
        return NULL;
    char *title = found_line(found, (struct span){line.text + length, line.size - length});
    return *title ? title : NULL;
}

static void end_paragraph(struct page_memory *m, const char *text, size_t start, size_t end)
{
    chunk_unit(&m->chunker, start);
    if (marks_in(text + start, end - start) & (MARK_HASH | MARK_WIKI))
        page_inline_scan(&m->found, text, start, end, true);
}

const char *page_text_scan(struct page_memory *m, const char *path, const char *text, size_t size)
{
    bool org = page_path_ends(path, ".org");
    bool rst = page_path_ends(path, ".rst");
    const char *title = NULL;
    bool open = false;
    size_t start = m->front.body;
    for (size_t at = m->front.body; at < size;) {
        struct span line = line_at(text, at, size);
        bool is_blank = blank(line);
        if (open && is_blank)
            end_paragraph(m, text, start, at);
        if (!open && !is_blank) {
            start = at;
            if (rst && !m->chunker.begun)
                title = rst_title(&m->found, text, at, size);
        }
        if (org && !title && !is_blank)
            title = org_title(&m->found, line);
        open = !is_blank;
        at += line.size + 1;
    }
    if (open)
        end_paragraph(m, text, start, size);
    return title;
}
