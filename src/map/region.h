/* Regions: where maps keep elements.  A region reserves address space for all that a map may ever
 * hold and is committed from its start, at once or in steps; what is committed is charged to the
 * env's account, is zero, and costs real memory only when it is touched.  A small one that is
 * committed at once is a block of the env's allocator.  Nothing in a region ever moves, and it
 * stays mapped until the map is destroyed: readers need no locks to follow an index into it,
 * however stale. */
#ifndef SKEP_SRC_MAP_REGION_H
#define SKEP_SRC_MAP_REGION_H

#include "rt/rt.h"

struct region {
    u8 *base;
    u64 reserved;          /* bytes of addresses */
    _Atomic u64 committed; /* bytes; grows only */
};

/* Reserves `size` bytes.  0, -E2BIG (more than an address space has), -ENOMEM. */
int region_reserve(struct region *region, u64 size);
/* Commits up to `size` bytes from the start, in whole steps; no more than one caller at a time. */
bool region_commit(struct skep_map *map, struct region *region, u64 size);
/* Both at once. */
int region_new(struct skep_map *map, struct region *region, u64 size);
/* Both at once, and the same bytes once more behind their end.  size: whole pages.  Where the
 * system cannot, those behind the end are bytes of their own. */
int region_new_mirrored(struct skep_map *map, struct region *region, u64 size);
void region_free(struct skep_map *map, struct region *region);

static inline u64 region_committed(const struct region *region)
{
    return atomic_load_explicit(&region->committed, memory_order_acquire);
}

#endif
