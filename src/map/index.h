/* What types with keys 0 … max_entries - 1 have in common (ARRAY and its relatives).
 * Semantics: Documentation/bpf/map_array.rst. */
#ifndef SKEP_SRC_MAP_INDEX_H
#define SKEP_SRC_MAP_INDEX_H

#include "map/words.h"
#include "rt/rt.h"

#include <errno.h>

static inline u32 index_key(const void *key) { return half_word_at(key); }

/* May an element of an array be updated so?  It always exists. */
static inline int index_check_update(const struct skep_map *map, u32 index, u64 flags)
{
    if (UNLIKELY(flags > SKEP_MAP_EXIST)) /* F_LOCK too, unless the value has a lock */
        return -EINVAL;
    if (UNLIKELY(index >= map->spec.max_entries))
        return -E2BIG;
    return UNLIKELY(flags & SKEP_MAP_NOEXIST) ? -EEXIST : 0;
}

static inline int index_next_key(const struct skep_map *map, const void *key, void *next)
{
    u32 last = map->spec.max_entries - 1;
    u32 index = key ? index_key(key) : UINT32_MAX;
    if (index == last)
        return -ENOENT;
    index = index < last ? index + 1 : 0;
    memcpy(next, &index, sizeof(index));
    return 0;
}

/* Steps a walk: the index that comes next, or -ENOENT. */
static inline int index_step(const struct skep_map *map, u64 *position, void *key, u32 *index)
{
    if (*position >= map->spec.max_entries)
        return -ENOENT;
    *index = (u32)(*position)++;
    memcpy(key, index, sizeof(*index));
    return 0;
}

#endif
