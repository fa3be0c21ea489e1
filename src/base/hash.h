/* Keyed hashes, and an index from hashes to array positions.
 *
 * hash_bytes is keyed so that who chooses the keys cannot choose the collisions. */
#ifndef SKEP_SRC_BASE_HASH_H
#define SKEP_SRC_BASE_HASH_H

#include "base/mem.h"

/* A 64-bit keyed hash of any bytes (SipHash-1-3 with the key {seed, ~seed}). */
u64 hash_bytes(const void *bytes, size_t size, u64 seed);
u64 hash_string(const char *text, u64 seed);

/* Open addressing over u32 positions of somebody else's array.  The owner compares.
 *
 *     for (struct hash_probe p = hash_probe(&ix, h); hash_next(&ix, &p);)
 *         if (same(items[p.position], key)) return p.position;
 */
struct hash_index {
    struct mem *mem;
    u64 *slots; /* hash's upper half << 32 | position + 1; 0: free */
    u32 cap, n;
    u64 seed;
};
struct hash_probe {
    u64 hash;
    u32 slot;
    u32 position;
};

void hash_index_init(struct hash_index *index, struct mem *mem);
void hash_index_drop(struct hash_index *index);
bool hash_index_add(struct hash_index *index, u64 hash, u32 position);
struct hash_probe hash_probe(const struct hash_index *index, u64 hash);
bool hash_next(const struct hash_index *index, struct hash_probe *probe);

#endif
