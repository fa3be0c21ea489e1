/* Arrays of held objects; see held_array.h. */
#include "map/held_array.h"

#include "map/index.h"

struct held_array_entry {
    _Atomic(void *) object;
    struct held_node *node; /* under the lock */
};

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
    array->entries = (struct held_array_entry *)(void *)array->region.base;
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
    return atomic_load_explicit(&array->entries[index].object, memory_order_acquire);
}

/* Puts a slot's contents in and gives what was there. */
static struct held_slot held_array_exchange(struct held_array *array, u32 index,
                                            struct held_slot with)
{
    struct held_array_entry *entry = &array->entries[index];
    os_lock(&array->lock);
    struct held_slot before = { .node = entry->node };
    before.object = atomic_exchange_explicit(&entry->object, with.object, memory_order_acq_rel);
    entry->node = with.node;
    if (with.object)
        array->used = max_u32(array->used, index + 1);
    os_unlock(&array->lock);
    return before;
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
    struct held_slot slot = { 0 };
    int result = held_array_check_set(map, key, flags);
    if (result)
        return result;
    if (!held_take(map, array->kind, object, &slot))
        return -ENOMEM;
    struct held_slot before = held_array_exchange(array, index_key(key), slot);
    held_drop(map, &before);
    return 0;
}

int held_array_remove(struct skep_map *map, const void *key)
{
    u32 index = index_key(key);
    if (index >= map->spec.max_entries)
        return -E2BIG;
    struct held_slot before = held_array_exchange(map->impl, index, (struct held_slot){ 0 });
    held_drop(map, &before);
    return before.node ? 0 : -ENOENT;
}

void held_array_clear(struct skep_map *map)
{
    struct held_array *array = map->impl;
    os_lock(&array->lock);
    u32 used = array->used;
    os_unlock(&array->lock);
    for (u32 i = 0; i < used; i++) {
        struct held_slot before = held_array_exchange(array, i, (struct held_slot){ 0 });
        held_drop(map, &before);
    }
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
