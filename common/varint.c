/* Variable-length integers. */
#include "common/varint.h"

uint64_t varint_read(struct bytes *b)
{
    uint64_t value = 0;
    for (int i = 0; i < 9; i++) {
        if (b->at >= b->size) {
            b->bad = true;
            return 0;
        }
        unsigned char byte = b->data[b->at++];
        if (i == 8)
            return value << 8 | byte;
        value = value << 7 | (byte & 0x7F);
        if (!(byte & 0x80))
            break;
    }
    return value;
}
