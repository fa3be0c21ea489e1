/* Bit sets over u64 words. */
#ifndef SKEP_SRC_BASE_BITS_H
#define SKEP_SRC_BASE_BITS_H

#include "base/types.h"

static inline bool bit_get(const u64 *set, u32 i) { return set[i / 64] >> (i % 64) & 1; }
static inline void bit_set(u64 *set, u32 i) { set[i / 64] |= (u64)1 << (i % 64); }
static inline void bit_clear(u64 *set, u32 i) { set[i / 64] &= ~((u64)1 << (i % 64)); }
static inline u32 bits_words(u32 n) { return n / 64 + (n % 64 != 0); }

#endif
