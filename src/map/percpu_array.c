/* PERCPU_ARRAY: max_entries values for every CPU slot.
 *
 * The values of one slot lie together, apart from those of the others, so slots never share a cache
 * line.  A slot belongs to the thread that runs on it, which makes reads and writes of its values
 * race-free; the host reads and writes all slots, word by word.
 * Semantics: Documentation/bpf/map_array.rst. */
#include "map/index.h"
#include "map/map.h"
#include "map/region.h"

struct percpu_array {
    u8 *values;
    u64 stride, cpu_stride;
    struct region region;
};

enum { PERCPU_ARRAY_LINE = 64, PERCPU_VALUE_MAX = 32768 }; /* the latter as in Linux */

static int percpu_array_check(const struct skep_map_spec *spec)
{
    if (spec->flags & MAP_F_NUMA_NODE)
        return -EINVAL;
    return spec->value_size > PERCPU_VALUE_MAX ? -E2BIG : 0;
}

static int percpu_array_create(struct skep_map *map)
{
    struct percpu_array *array = mem_new(map->mem, struct percpu_array);
    if (!array)
        return -ENOMEM;
    array->stride = round_up_u64(map->spec.value_size, 8);
    array->cpu_stride = round_up_u64(array->stride * map->spec.max_entries, PERCPU_ARRAY_LINE);
    u64 size = 0;
    int result = mul_ok(array->cpu_stride, map->n_cpus, &size)
                     ? region_new(map, &array->region, size)
                     : -E2BIG;
    if (result) {
        mem_delete(map->mem, array);
        return result;
    }
    array->values = array->region.base;
    map->impl = array;
    return 0;
}

static void percpu_array_destroy(struct skep_map *map)
{
    struct percpu_array *array = map->impl;
    region_free(map, &array->region);
    mem_delete(map->mem, array);
}

static u8 *percpu_array_at(const struct percpu_array *array, u32 index, u32 cpu)
{
    return array->values + cpu * array->cpu_stride + index * array->stride;
}

static void *percpu_array_lookup(struct skep_map *map, const void *key, u32 cpu)
{
    u32 index = index_key(key);
    bool there = index < map->spec.max_entries && cpu < map->n_cpus;
    return LIKELY(there) ? percpu_array_at(map->impl, index, cpu) : NULL;
}

static bool percpu_array_layout(const struct skep_map *map, struct skep_map_layout *out)
{
    const struct percpu_array *array = map->impl;
    *out = (struct skep_map_layout){ .values = array->values,
                                     .stride = array->stride,
                                     .cpu_stride = array->cpu_stride };
    return true;
}

static int percpu_array_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                               u32 cpu)
{
    const struct percpu_array *array = map->impl;
    u32 index = index_key(key), size = map->spec.value_size;
    int result = index_check_update(map, index, flags);
    if (result)
        return result;
    if (cpu < map->n_cpus) {
        words_put(percpu_array_at(array, index, cpu), value, size);
        return 0;
    }
    for (u32 c = 0; c < map->n_cpus; c++)
        words_put(percpu_array_at(array, index, c), (const u8 *)value + c * array->stride, size);
    return 0;
}

static int percpu_array_remove(struct skep_map *map, const void *key)
{
    (void)map;
    (void)key;
    return -EINVAL;
}

static int percpu_array_next_key(struct skep_map *map, const void *key, void *next)
{
    return index_next_key(map, key, next);
}

static int percpu_array_next_element(struct skep_map *map, u64 *position, void *key, void **value,
                                     u32 cpu)
{
    u32 index = 0;
    int result = index_step(map, position, key, &index);
    if (!result)
        *value = percpu_array_lookup(map, &index, cpu);
    return result;
}

static u64 percpu_array_memory_bytes(const struct skep_map *map)
{
    const struct percpu_array *array = map->impl;
    return sizeof(*map) + sizeof(*array) + region_committed(&array->region);
}

const struct skep_map_type map_percpu_array = {
    .size = sizeof(struct skep_map_type),
    .name = "percpu_array",
    .id = 6,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE | SKEP_MAP_DELETE | SKEP_MAP_ITERATE |
               SKEP_MAP_LOOKUP_PERCPU,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_PER_CPU,
    .flags_allowed = MAP_F_USUAL,
    .key_size_min = 4,
    .key_size_max = 4,
    .check = percpu_array_check,
    .create = percpu_array_create,
    .destroy = percpu_array_destroy,
    .lookup = percpu_array_lookup,
    .layout = percpu_array_layout,
    .update = percpu_array_update,
    .remove = percpu_array_remove,
    .next_key = percpu_array_next_key,
    .next_element = percpu_array_next_element,
    .memory_bytes = percpu_array_memory_bytes,
};
