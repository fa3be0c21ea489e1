/* Who has not been used for longest, nearly: the clock of LRU maps.
 *
 * Time is counted in touches and cut into generations of about n/16 touches, n being the capacity.
 * An element carries the generation of its last touch; touching it again within the generation
 * costs nothing.  A victim must not have been touched in the last n/2 operations: it must be at
 * least `old_age` generations old.  Fewer than n elements can be younger than that, so a full map
 * always has a victim; random probes find one soon, and the oldest of some probes is taken.
 *
 * Touches are counted per CPU slot in batches so that threads do not fight over one counter; what
 * sits in unfinished batches (at most n/32) is allowed for in old_age. */
#ifndef SKEP_SRC_MAP_LRU_H
#define SKEP_SRC_MAP_LRU_H

#include "rt/rt.h"

struct lru_counter {
    _Atomic u32 touches; /* of this slot, in the unfinished batch */
    u8 padding_[60];     /* a cache line each */
};

struct lru {
    struct lru_counter *counters; /* NULL: the map does not evict */
    u32 n_counters;
    u32 batch, length; /* touches per batch, per generation */
    u32 old_age;
    _Atomic u32 generation;
    _Atomic u64 touches;
    _Atomic u64 random;
};

bool lru_init(struct lru *lru, struct skep_map *map);
void lru_drop(struct lru *lru, struct skep_map *map);
/* Marks an element as used now.  stamp: 0 in elements that are free. */
void lru_restamp(struct lru *lru, _Atomic u32 *stamp, u32 cpu);

static inline void lru_touch(struct lru *lru, _Atomic u32 *stamp, u32 cpu)
{
    u32 now = atomic_load_explicit(&lru->generation, memory_order_relaxed);
    if (atomic_load_explicit(stamp, memory_order_relaxed) != now)
        lru_restamp(lru, stamp, cpu);
}

struct hashtab;
/* Makes room for one element.  false: there was nothing to evict. */
bool lru_evict(struct hashtab *table);

#endif
