/* Growth of the buffer that machine code is written to. */
#include "jit/buffer.h"

bool jit_buffer_grow(struct jit_buffer *buffer)
{
    u32 size = buffer->size ? buffer->size * 2 : 4096;
    u8 *bytes = buffer->failed || size > (u32)1 << 30
                    ? NULL
                    : mem_resize(buffer->mem, buffer->bytes, buffer->size, size);
    if (!bytes) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->size = size;
    return true;
}

void jit_buffer_drop(struct jit_buffer *buffer)
{
    mem_free(buffer->mem, buffer->bytes, buffer->size);
    buffer->bytes = NULL;
    buffer->n = buffer->size = 0;
}
