/* Keys and values in map memory: written and read a word at a time, each word whole.
 *
 * Programs and hosts read values while others replace them, without locks.  Map memory is therefore
 * touched only by relaxed atomic words (on every machine of interest plain loads and stores), so an
 * aligned word is never torn, and the compiler may not assume that it stands still.  Blocks in map
 * memory begin at a multiple of 8 (keys of up to 4 bytes: of 4) and have room for whole words. */
#ifndef SKEP_SRC_MAP_WORDS_H
#define SKEP_SRC_MAP_WORDS_H

#include "base/types.h"

#include <stdatomic.h>

static inline u64 word_load(const void *at)
{
    return atomic_load_explicit((const _Atomic u64 *)at, memory_order_relaxed);
}
static inline void word_store(void *at, u64 word)
{
    atomic_store_explicit((_Atomic u64 *)at, word, memory_order_relaxed);
}
static inline u32 half_word_load(const void *at)
{
    return atomic_load_explicit((const _Atomic u32 *)at, memory_order_relaxed);
}
static inline void half_word_store(void *at, u32 word)
{
    atomic_store_explicit((_Atomic u32 *)at, word, memory_order_relaxed);
}
static inline u8 byte_load(const void *at)
{
    return atomic_load_explicit((const _Atomic u8 *)at, memory_order_relaxed);
}
static inline void byte_store(void *at, u8 byte)
{
    atomic_store_explicit((_Atomic u8 *)at, byte, memory_order_relaxed);
}

/* Words outside map memory: of any alignment, and nobody else's. */
static inline u64 word_at(const void *at)
{
    u64 word;
    memcpy(&word, at, sizeof(word));
    return word;
}
static inline u32 half_word_at(const void *at)
{
    u32 word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* Copies `size` bytes into map memory. */
static inline void words_put(void *to, const void *from, u32 size)
{
    u8 *t = to;
    const u8 *f = from;
    for (; size >= 8; size -= 8, t += 8, f += 8)
        word_store(t, word_at(f));
    if (size >= 4) {
        half_word_store(t, half_word_at(f));
        size -= 4, t += 4, f += 4;
    }
    for (; size; size--)
        byte_store(t++, *f++);
}

/* Copies `size` bytes out of map memory. */
static inline void words_get(void *to, const void *from, u32 size)
{
    u8 *t = to;
    const u8 *f = from;
    for (; size >= 8; size -= 8, t += 8, f += 8) {
        u64 word = word_load(f);
        memcpy(t, &word, sizeof(word));
    }
    if (size >= 4) {
        u32 word = half_word_load(f);
        memcpy(t, &word, sizeof(word));
        size -= 4, t += 4, f += 4;
    }
    for (; size; size--)
        *t++ = byte_load(f++);
}

static inline void words_zero(void *to, u32 size)
{
    for (u8 *t = to, *end = t + round_up_u64(size, 8); t < end; t += 8)
        word_store(t, 0);
}

/* Is `size` bytes of map memory what lies at b? */
static inline bool words_equal(const void *a, const void *b, u32 size)
{
    const u8 *p = a, *q = b;
    for (; size >= 8; size -= 8, p += 8, q += 8)
        if (word_load(p) != word_at(q))
            return false;
    if (size >= 4) {
        if (half_word_load(p) != half_word_at(q))
            return false;
        size -= 4, p += 4, q += 4;
    }
    for (; size; size--)
        if (byte_load(p++) != *q++)
            return false;
    return true;
}

#endif
