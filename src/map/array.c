/* ARRAY: max_entries values in one block, all there from the start and zero.
 *
 * A value's place is fixed for the life of the map, so lookups are address arithmetic and what they
 * give stays valid.  An update writes in place, word by word: whoever reads at the same time sees
 * each aligned word old or new, as in Linux.  Semantics: Documentation/bpf/map_array.rst. */
#include "map/index.h"
#include "map/map.h"
#include "map/region.h"
#include "map/spin_lock.h"

struct array {
    u8 *values;
    u64 stride;
    struct region region;
};

static int array_check(const struct skep_map_spec *spec)
{
    if (spec->lock_at && spec->flags & MAP_F_MMAPABLE)
        return -EOPNOTSUPP;
    return spec->value_size > INT32_MAX ? -E2BIG : 0;
}

static int array_create(struct skep_map *map)
{
    struct array *array = mem_new(map->mem, struct array);
    if (!array)
        return -ENOMEM;
    array->stride = round_up_u64(map->spec.value_size, 8);
    int result = region_new(map, &array->region, array->stride * map->spec.max_entries);
    if (result) {
        mem_delete(map->mem, array);
        return result;
    }
    array->values = array->region.base;
    map->impl = array;
    return 0;
}

static void array_destroy(struct skep_map *map)
{
    struct array *array = map->impl;
    region_free(map, &array->region);
    mem_delete(map->mem, array);
}

static void *array_lookup(struct skep_map *map, const void *key, u32 cpu)
{
    (void)cpu;
    const struct array *array = map->impl;
    u32 index = index_key(key);
    return LIKELY(index < map->spec.max_entries) ? array->values + index * array->stride : NULL;
}

static bool array_layout(const struct skep_map *map, struct skep_map_layout *out)
{
    const struct array *array = map->impl;
    *out = (struct skep_map_layout){ .values = array->values, .stride = array->stride };
    return true;
}

static int array_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                        u32 cpu)
{
    (void)cpu;
    const struct array *array = map->impl;
    u32 index = index_key(key);
    u32 lock_at = map->spec.lock_at;
    bool locked = flags & SKEP_MAP_F_LOCK && lock_at;
    int result = index_check_update(map, index, locked ? flags & ~(u64)SKEP_MAP_F_LOCK : flags);
    if (result)
        return result;
    u8 *to = array->values + index * array->stride;
    if (UNLIKELY(lock_at))
        return spin_lock_put(to, value, map->spec.value_size, lock_at, locked);
    words_put(to, value, map->spec.value_size);
    return 0;
}

static int array_remove(struct skep_map *map, const void *key)
{
    (void)map;
    (void)key;
    return -EINVAL;
}

static int array_next_key(struct skep_map *map, const void *key, void *next)
{
    return index_next_key(map, key, next);
}

static int array_next_element(struct skep_map *map, u64 *position, void *key, void **value, u32 cpu)
{
    u32 index = 0;
    int result = index_step(map, position, key, &index);
    if (!result)
        *value = array_lookup(map, &index, cpu);
    return result;
}

static void *array_locate(struct skep_map *map, const void *inside, void *key)
{
    const struct array *array = map->impl;
    u64 offset = (u64)(uintptr_t)inside - (u64)(uintptr_t)array->values;
    u64 index = offset / array->stride;
    if (index >= map->spec.max_entries)
        return NULL;
    u32 narrow = (u32)index;
    memcpy(key, &narrow, sizeof(narrow));
    return array->values + index * array->stride;
}

static u64 array_memory_bytes(const struct skep_map *map)
{
    const struct array *array = map->impl;
    return sizeof(*map) + sizeof(*array) + region_committed(&array->region);
}

const struct skep_map_type map_array = {
    .size = sizeof(struct skep_map_type),
    .name = "array",
    .id = 2,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE | SKEP_MAP_DELETE | SKEP_MAP_ITERATE |
               SKEP_MAP_TIMERS | SKEP_MAP_SPIN_LOCKS,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_DIRECT_VALUES,
    .flags_allowed = MAP_F_USUAL | MAP_F_MMAPABLE | MAP_F_INNER_MAP,
    .key_size_min = 4,
    .key_size_max = 4,
    .check = array_check,
    .create = array_create,
    .destroy = array_destroy,
    .lookup = array_lookup,
    .layout = array_layout,
    .update = array_update,
    .remove = array_remove,
    .next_key = array_next_key,
    .next_element = array_next_element,
    .locate = array_locate,
    .memory_bytes = array_memory_bytes,
};
