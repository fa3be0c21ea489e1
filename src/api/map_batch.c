/* Batches of map elements from the host's side (include/skep/map.h): loops over the calls for one,
 * with the walk of the type as the cursor. */
#include "api/api.h"

#include <errno.h>

static bool batch_flags_are_wrong(const struct skep_map *map, u64 flags)
{
    return (flags & ~(u64)SKEP_MAP_F_LOCK) != 0 || (flags && !map->spec.lock_at);
}

/* Types whose elements are values under keys, which a walk can read. */
static bool batch_can_read(const struct skep_map *map)
{
    u32 held = SKEP_MAP_HOLDS_MAPS | SKEP_MAP_HOLDS_PROGRAMS;
    return map->type->next_element && map->type->lookup && !(map->type->traits & held);
}

typedef int batch_read(skep_map *map, const void *key, void *value, u64 flags);

/* What is gone again before it is read is left out. */
static int batch_read_all(skep_map *map, u64 *cursor, u8 *keys, u8 *values, u32 *count, u64 flags,
                          batch_read *read)
{
    u64 key_size = map->spec.key_size, value_size = map_host_value_size(map);
    u32 wanted = *count;
    *count = 0;
    while (*count < wanted) {
        u64 before = *cursor;
        void *value = NULL;
        u8 *key = keys + *count * key_size;
        int result = map->type->next_element(map, cursor, key, &value, 0);
        if (!result)
            result = read(map, key, values + *count * value_size, flags);
        else
            return result;
        if (result && result != -ENOENT) {
            *cursor = before;
            return result;
        }
        *count += result == 0;
    }
    return 0;
}

int skep_map_lookup_batch(skep_map *map, uint64_t *cursor, void *keys, void *values,
                          uint32_t *count, uint64_t element_flags)
{
    if (!map_host_may_read(map))
        return -EPERM;
    if (!batch_can_read(map))
        return -ENOTSUP;
    if (batch_flags_are_wrong(map, element_flags))
        return -EINVAL;
    return batch_read_all(map, cursor, keys, values, count, element_flags, skep_map_lookup_flags);
}

static int batch_take(skep_map *map, const void *key, void *value, u64 flags)
{
    (void)flags;
    return skep_map_lookup_and_delete(map, key, value);
}

int skep_map_lookup_and_delete_batch(skep_map *map, uint64_t *cursor, void *keys, void *values,
                                     uint32_t *count, uint64_t element_flags)
{
    if (!map_host_may_read(map) || !map_host_may_write(map))
        return -EPERM;
    if (!batch_can_read(map) || !map->type->lookup_and_delete)
        return -ENOTSUP;
    if (batch_flags_are_wrong(map, element_flags))
        return -EINVAL;
    return batch_read_all(map, cursor, keys, values, count, element_flags, batch_take);
}

int skep_map_update_batch(skep_map *map, const void *keys, const void *values, uint32_t *count,
                          uint64_t element_flags)
{
    u64 key_size = map->spec.key_size, value_size = map_host_value_size(map);
    u32 wanted = *count;
    int result = batch_flags_are_wrong(map, element_flags) ? -EINVAL : 0;
    for (*count = 0; !result && *count < wanted; *count += !result)
        result = skep_map_update(map, (const u8 *)keys + *count * key_size,
                                 (const u8 *)values + *count * value_size, element_flags);
    return result;
}

int skep_map_delete_batch(skep_map *map, const void *keys, uint32_t *count, uint64_t element_flags)
{
    u64 key_size = map->spec.key_size;
    u32 wanted = *count;
    if (!map->type->remove || map->type->traits & SKEP_MAP_KEYS_ARE_INDEXES)
        return -ENOTSUP;
    int result = batch_flags_are_wrong(map, element_flags) ? -EINVAL : 0;
    for (*count = 0; !result && *count < wanted; *count += !result)
        result = skep_map_delete(map, (const u8 *)keys + *count * key_size);
    return result;
}
