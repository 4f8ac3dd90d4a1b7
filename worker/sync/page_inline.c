/* Wiki links and #tags of one paragraph; what stands in a code span is neither. */
#include <string.h>
#include <utf8proc.h>

#include "worker/sync/page_found.h"

/* Longest run of backticks that can delimit a code span; longer ones are text. */
enum { TICKS_MAX = 80 };

struct inline_scan {
    struct found *found;
    const char *text;
    size_t start;
    size_t at;
    size_t end;
    bool tags;
    bool ticks_known;
    /* Where the last run of so many backticks starts: no search runs to the end twice. */
    size_t last_run[TICKS_MAX + 1];
};

static size_t ticks_at(const struct inline_scan *s, size_t at)
{
    size_t n = 0;
    while (at + n < s->end && s->text[at + n] == '`')
        n++;
    return n;
}

static const char *find(const struct inline_scan *s, size_t from, char c)
{
    return from < s->end ? memchr(s->text + from, c, s->end - from) : NULL;
}

static void learn_ticks(struct inline_scan *s)
{
    memset(s->last_run, 0, sizeof s->last_run);
    s->ticks_known = true;
    size_t n;
    const char *tick = s->text + s->at;
    for (; tick; tick = find(s, (size_t)(tick - s->text) + n, '`')) {
        n = ticks_at(s, (size_t)(tick - s->text));
        if (n <= TICKS_MAX)
            s->last_run[n] = (size_t)(tick - s->text);
    }
}

/* Moves behind the code span that starts here, or behind the backticks if none does. */
static void skip_code(struct inline_scan *s)
{
    size_t size = ticks_at(s, s->at);
    if (!s->ticks_known)
        learn_ticks(s);
    size_t from = s->at;
    s->at += size;
    if (size > TICKS_MAX || s->last_run[size] <= from)
        return;
    const char *tick;
    size_t next = s->at;
    while ((tick = find(s, next, '`')) != NULL) {
        size_t n = ticks_at(s, (size_t)(tick - s->text));
        next = (size_t)(tick - s->text) + n;
        if (n == size)
            break;
    }
    s->at = next;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct span trimmed(const char *text, size_t size)
{
    while (size > 0 && is_space(text[size - 1]))
        size--;
    while (size > 0 && is_space(*text)) {
        text++;
        size--;
    }
    return (struct span){text, size};
}

/* Where the `]]` is that closes what opens before `from`, in the same line; 0 if there is none. */
static size_t wiki_end(const struct inline_scan *s, size_t from)
{
    size_t limit =
        s->end - from > 2 * LINK_TARGET_MAX_BYTES ? from + 2 * LINK_TARGET_MAX_BYTES : s->end;
    for (size_t i = from; i + 1 < limit; i++) {
        char c = s->text[i];
        if (c == '\n' || c == '\r' || c == '[')
            return 0;
        if (c == ']')
            return s->text[i + 1] == ']' ? i : 0;
    }
    return 0;
}

/* `[[target]]`, `[[target#part|label]]`. Not: `[[1]](url)`, which is a Markdown link, and
 * `[[ -f x ]]`, which is a shell's. */
static void take_wiki(struct inline_scan *s)
{
    size_t from = s->at + 2;
    size_t end = from < s->end && !is_space(s->text[from]) ? wiki_end(s, from) : 0;
    if (end == 0) {
        s->at++;
        return;
    }
    size_t start = s->at;
    s->at = end + 2;
    if (s->at < s->end && s->text[s->at] == '(')
        return;
    const char *inner = s->text + from;
    const char *bar = memchr(inner, '|', end - from);
    size_t size = bar ? (size_t)(bar - inner) : end - from;
    struct span label = {"", 0};
    if (bar)
        label = trimmed(bar + 1, end - from - size - 1);
    if (bar && size > 0 && inner[size - 1] == '\\') /* in a table the bar is escaped */
        size--;
    found_add_link(s->found, LINK_WIKI, start, trimmed(inner, size), label);
}

/* Bytes of the tag character at `at`; 0 if it is none. */
static size_t tag_char(const struct inline_scan *s, size_t at)
{
    unsigned char c = (unsigned char)s->text[at];
    if (c < 0x80) {
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool digit = c >= '0' && c <= '9';
        return letter || digit || c == '_' || c == '-' || c == '/';
    }
    utf8proc_int32_t point;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s->text + at,
                                          (utf8proc_ssize_t)(s->end - at), &point);
    if (n <= 0)
        return 0;
    utf8proc_category_t kind = utf8proc_category(point);
    bool word = kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_NO;
    return word || kind == UTF8PROC_CATEGORY_SO || point == 0x200D ? (size_t)n : 0;
}

/* `#word` behind a space; not `#12`, which is an issue's number. */
static void take_tag(struct inline_scan *s)
{
    size_t from = s->at + 1;
    bool open = s->at == s->start || is_space(s->text[s->at - 1]);
    s->at = from;
    if (!open || !s->tags || from >= s->end || s->text[from] == '-' || s->text[from] == '/')
        return;
    bool digits = true;
    size_t n;
    while (s->at < s->end && (n = tag_char(s, s->at)) > 0) {
        digits = digits && s->text[s->at] >= '0' && s->text[s->at] <= '9';
        s->at += n;
    }
    size_t end = s->at;
    while (end > from && (s->text[end - 1] == '/' || s->text[end - 1] == '-'))
        end--;
    if (!digits)
        found_add_tag(s->found, (struct span){s->text + from, end - from});
}

/* What is worth a look, from `at` on; `end` if nothing is. */
static size_t next_mark(const char *text, size_t at, size_t end)
{
    static const bool marks[256] = {['`'] = true, ['\\'] = true, ['['] = true, ['#'] = true};
    while (at < end && !marks[(unsigned char)text[at]])
        at++;
    return at;
}

void page_inline_scan(struct found *f, const char *text, size_t start, size_t end, bool tags)
{
    struct inline_scan s;
    s.found = f;
    s.text = text;
    s.start = s.at = start;
    s.end = end;
    s.tags = tags;
    s.ticks_known = false;
    while ((s.at = next_mark(text, s.at, end)) < end) {
        char c = text[s.at];
        if (c == '`')
            skip_code(&s);
        else if (c == '\\')
            s.at += 2;
        else if (c == '[' && s.at + 1 < end && text[s.at + 1] == '[')
            take_wiki(&s);
        else if (c == '#')
            take_tag(&s);
        else
            s.at++;
    }
}
