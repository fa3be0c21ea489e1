/* Arrays of handles; see handle_array.h. */
#include "map/handle_array.h"

#define HANDLE_ARRAY_MARK ((u64)1 << 32) /* a value of 4 bytes is there */

int handle_array_create(struct skep_map *map)
{
    struct handle_array *array = mem_new(map->mem, struct handle_array);
    if (!array)
        return -ENOMEM;
    u64 size = map->spec.max_entries * (u64)sizeof(*array->slots);
    int result = region_new(map, &array->region, size);
    if (result) {
        mem_delete(map->mem, array);
        return result;
    }
    array->slots = (_Atomic u64 *)(void *)array->region.base;
    map->impl = array;
    return 0;
}

void handle_array_destroy(struct skep_map *map)
{
    struct handle_array *array = map->impl;
    region_free(map, &array->region);
    mem_delete(map->mem, array);
}

static _Atomic u64 *handle_array_slot(const struct skep_map *map, u32 index)
{
    const struct handle_array *array = map->impl;
    return &array->slots[index];
}

void *handle_array_lookup(struct skep_map *map, const void *key, u32 cpu)
{
    (void)cpu;
    u32 index = index_key(key);
    if (index >= map->spec.max_entries)
        return NULL;
    _Atomic u64 *slot = handle_array_slot(map, index);
    return atomic_load_explicit(slot, memory_order_acquire) ? slot : NULL;
}

void handle_array_put(struct skep_map *map, u32 index, const void *value)
{
    u64 word = map->spec.value_size == 8 ? word_at(value) : half_word_at(value) | HANDLE_ARRAY_MARK;
    atomic_store_explicit(handle_array_slot(map, index), word, memory_order_release);
}

bool handle_array_clear(struct skep_map *map, u32 index)
{
    return atomic_exchange_explicit(handle_array_slot(map, index), 0, memory_order_acq_rel) != 0;
}

int handle_array_next_key(struct skep_map *map, const void *key, void *next)
{
    return index_next_key(map, key, next);
}

int handle_array_next_element(struct skep_map *map, u64 *position, void *key, void **value, u32 cpu)
{
    u32 index = 0;
    while (index_step(map, position, key, &index) == 0) {
        *value = handle_array_lookup(map, &index, cpu);
        if (*value)
            return 0;
    }
    return -ENOENT;
}

u64 handle_array_memory_bytes(const struct skep_map *map)
{
    const struct handle_array *array = map->impl;
    return sizeof(*map) + sizeof(*array) + region_committed(&array->region);
}

int handle_array_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                        u32 cpu)
{
    (void)cpu;
    u32 index = index_key(key);
    if (flags != SKEP_MAP_ANY)
        return -EINVAL;
    if (index >= map->spec.max_entries)
        return -E2BIG;
    handle_array_put(map, index, value);
    return 0;
}

int handle_array_remove(struct skep_map *map, const void *key)
{
    u32 index = index_key(key);
    if (index >= map->spec.max_entries)
        return -E2BIG;
    return handle_array_clear(map, index) ? 0 : -ENOENT;
}

#undef HANDLE_ARRAY_MARK
