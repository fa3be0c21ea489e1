/* Machine code under construction.  When memory ends, bytes are dropped and `failed` says so at the
 * end: encoders need not look. */
#ifndef SKEP_SRC_JIT_BUFFER_H
#define SKEP_SRC_JIT_BUFFER_H

#include "base/base.h"

struct jit_buffer {
    struct mem *mem;
    u8 *bytes;
    u32 n, size;
    bool failed; /* out of memory: bytes are missing */
};

bool jit_buffer_grow(struct jit_buffer *buffer);
void jit_buffer_drop(struct jit_buffer *buffer);

static inline void jit_put8(struct jit_buffer *buffer, u8 byte)
{
    if (LIKELY(buffer->n < buffer->size) || jit_buffer_grow(buffer))
        buffer->bytes[buffer->n++] = byte;
}
/* Little-endian, whatever the machine that compiles. */
static inline void jit_put16(struct jit_buffer *buffer, u16 value)
{
    jit_put8(buffer, (u8)value);
    jit_put8(buffer, (u8)(value >> 8));
}
static inline void jit_put32(struct jit_buffer *buffer, u32 value)
{
    jit_put16(buffer, (u16)value);
    jit_put16(buffer, (u16)(value >> 16));
}
static inline void jit_put64(struct jit_buffer *buffer, u64 value)
{
    jit_put32(buffer, (u32)value);
    jit_put32(buffer, (u32)(value >> 32));
}

#endif
