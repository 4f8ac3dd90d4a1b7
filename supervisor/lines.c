/* Cutting a stream of bytes into lines. */
#include "supervisor/lines.h"

#include <string.h>

static void hand_on(struct line_reader *reader, line_handler handle, void *owner)
{
    handle(owner, reader->pending.data ? reader->pending.data : "", reader->pending.size);
    buf_reset(&reader->pending);
}

/* Takes bytes of one line; true if that made it too long. */
static bool take(struct line_reader *reader, const char *data, size_t size)
{
    if (reader->skipping)
        return false;
    size_t room = reader->max_bytes - reader->pending.size;
    buf_add(&reader->pending, data, size < room ? size : room);
    return size > room;
}

void line_reader_feed(struct line_reader *reader, const char *data, size_t size,
                      line_handler handle, void *owner)
{
    while (size > 0) {
        const char *newline = memchr(data, '\n', size);
        size_t length = newline ? (size_t)(newline - data) : size;
        if (take(reader, data, length)) {
            hand_on(reader, handle, owner);
            reader->skipping = true;
        }
        if (newline) {
            if (!reader->skipping)
                hand_on(reader, handle, owner);
            reader->skipping = false;
            length++;
        }
        data += length;
        size -= length;
    }
}

void line_reader_end(struct line_reader *reader, line_handler handle, void *owner)
{
    if (reader->pending.size > 0)
        hand_on(reader, handle, owner);
    reader->skipping = false;
}

void line_reader_release(struct line_reader *reader)
{
    buf_release(&reader->pending);
}
