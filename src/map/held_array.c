/* Arrays of held objects; see held_array.h. */
#include "map/held_array.h"

#include "map/index.h"

int held_array_create(struct skep_map *map, const struct held_kind *kind)
{
    struct held_array *array = mem_new(map->mem, struct held_array);
    if (!array)
        return -ENOMEM;
    u64 size = map->spec.max_entries * (u64)sizeof(*array->entries);
    int result = region_new(map, &array->region, size);
    if (result) {
        mem_delete(map->mem, array);
        return result;
    }
    array->kind = kind;
    array->entries = (_Atomic(void *) *)(void *)array->region.base;
    map->impl = array;
    return 0;
}

void *held_array_lookup(struct skep_map *map, const void *key, u32 cpu)
{
    (void)cpu;
    const struct held_array *array = map->impl;
    u32 index = index_key(key);
    if (UNLIKELY(index >= map->spec.max_entries))
        return NULL;
    return atomic_load_explicit(&array->entries[index], memory_order_acquire);
}

/* Puts an object in and gives what was there. */
static void *held_array_exchange(struct held_array *array, u32 index, void *object)
{
    os_lock(&array->lock);
    void *before = atomic_exchange_explicit(&array->entries[index], object, memory_order_acq_rel);
    if (object)
        array->used = max_u32(array->used, index + 1);
    os_unlock(&array->lock);
    return before;
}

static void held_array_drop(struct skep_map *map, void *object)
{
    const struct held_array *array = map->impl;
    if (object)
        array->kind->drop(map->epoch, object);
}

int held_array_check_set(const struct skep_map *map, const void *key, u64 flags)
{
    if (flags != SKEP_MAP_ANY)
        return -EINVAL;
    return index_key(key) < map->spec.max_entries ? 0 : -E2BIG;
}

int held_array_set(struct skep_map *map, const void *key, void *object, u64 flags)
{
    struct held_array *array = map->impl;
    int result = held_array_check_set(map, key, flags);
    if (result)
        return result;
    array->kind->take(object);
    held_array_drop(map, held_array_exchange(array, index_key(key), object));
    return 0;
}

int held_array_remove(struct skep_map *map, const void *key)
{
    u32 index = index_key(key);
    if (index >= map->spec.max_entries)
        return -E2BIG;
    void *before = held_array_exchange(map->impl, index, NULL);
    held_array_drop(map, before);
    return before ? 0 : -ENOENT;
}

void held_array_clear(struct skep_map *map)
{
    struct held_array *array = map->impl;
    os_lock(&array->lock);
    u32 used = array->used;
    os_unlock(&array->lock);
    for (u32 i = 0; i < used; i++)
        held_array_drop(map, held_array_exchange(array, i, NULL));
}

void held_array_destroy(struct skep_map *map)
{
    struct held_array *array = map->impl;
    held_array_clear(map);
    region_free(map, &array->region);
    mem_delete(map->mem, array);
}

int held_array_next_key(struct skep_map *map, const void *key, void *next)
{
    return index_next_key(map, key, next);
}

/* Walks over what is there; empty slots are no elements. */
int held_array_next_element(struct skep_map *map, u64 *position, void *key, void **value, u32 cpu)
{
    u32 index = 0;
    while (index_step(map, position, key, &index) == 0) {
        *value = held_array_lookup(map, &index, cpu);
        if (*value)
            return 0;
    }
    return -ENOENT;
}

u64 held_array_memory_bytes(const struct skep_map *map)
{
    const struct held_array *array = map->impl;
    return sizeof(*map) + sizeof(*array) + region_committed(&array->region);
}
