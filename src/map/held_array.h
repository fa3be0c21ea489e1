/* Arrays of held objects: what PROG_ARRAY and ARRAY_OF_MAPS have in common.  A lookup is one load;
 * writers take a lock. */
#ifndef SKEP_SRC_MAP_HELD_ARRAY_H
#define SKEP_SRC_MAP_HELD_ARRAY_H

#include "map/held.h"
#include "map/region.h"
#include "os/os.h"

struct held_array {
    const struct held_kind *kind;
    _Atomic(void *) *entries;
    struct region region;
    struct os_lock lock;
    u32 used;          /* entries from here on were never set */
    u32 compatibility; /* of programs: what the first one had */
    bool compatibility_known;
};

int held_array_create(struct skep_map *map, const struct held_kind *kind);
void held_array_destroy(struct skep_map *map);
void *held_array_lookup(struct skep_map *map, const void *key, u32 cpu);
/* 0, -EINVAL (flags), -E2BIG (index). */
int held_array_check_set(const struct skep_map *map, const void *key, u64 flags);
int held_array_set(struct skep_map *map, const void *key, void *object, u64 flags);
int held_array_remove(struct skep_map *map, const void *key);
void held_array_clear(struct skep_map *map);
int held_array_next_key(struct skep_map *map, const void *key, void *next);
int held_array_next_element(struct skep_map *map, u64 *position, void *key, void **value, u32 cpu);
u64 held_array_memory_bytes(const struct skep_map *map);

#endif
