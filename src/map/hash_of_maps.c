/* HASH_OF_MAPS: inner maps by key.  A program's lookup gives the inner map itself, which stays
 * valid until its run ends even if the host replaces or removes it meanwhile: what leaves the table
 * is given back through the epoch (held.h), and a table element that is reused shows another inner
 * map that is held just as well.  Semantics: Documentation/bpf/map_of_maps.rst. */
#include "map/hashtab.h"
#include "map/held.h"
#include "map/map.h"

#include <errno.h>

static int hash_of_maps_check(const struct skep_map_spec *spec)
{
    return hashtab_check(spec, false, false);
}

/* The table's values are pointers; programs and the host know them as 4-byte handles. */
static int hash_of_maps_create(struct skep_map *map)
{
    struct hashtab_options options = { .value_size = sizeof(struct skep_map *),
                                       .pointers = true,
                                       .full = -E2BIG };
    return hashtab_map_create(map, &options);
}

static void *hash_of_maps_object(const struct hashtab *table, u32 element)
{
    const _Atomic u64 *object = hashtab_value(table, element, 0);
    return (void *)(uintptr_t)atomic_load_explicit(object, memory_order_acquire);
}

static void *hash_of_maps_lookup(struct skep_map *map, const void *key, u32 cpu)
{
    (void)cpu;
    u32 element = hashtab_find(map->impl, key);
    return element ? hash_of_maps_object(map->impl, element) : NULL;
}

static void hash_of_maps_drop(struct skep_map *map, struct skep_map *inner)
{
    if (inner)
        held_map.drop(map->epoch, inner);
}

static int hash_of_maps_set(struct skep_map *map, const void *key, void *object, u64 flags)
{
    struct skep_map *inner = object, *before = NULL;
    if (!map_same_shape(&inner->spec, map->spec.inner))
        return -EINVAL;
    held_map.take(inner);
    int result = hashtab_put(map->impl, key, &inner, flags, 0, &before, NULL);
    hash_of_maps_drop(map, result ? inner : before);
    return result;
}

static int hash_of_maps_remove(struct skep_map *map, const void *key)
{
    struct skep_map *before = NULL;
    int result = hashtab_take(map->impl, key, &before, 0);
    hash_of_maps_drop(map, before);
    return result;
}

static int hash_of_maps_next_element(struct skep_map *map, u64 *position, void *key, void **value,
                                     u32 cpu)
{
    (void)cpu;
    u32 element = hashtab_next(map->impl, position, key);
    if (!element)
        return -ENOENT;
    *value = hash_of_maps_object(map->impl, element);
    return 0;
}

static void hash_of_maps_destroy(struct skep_map *map)
{
    u64 key[HASHTAB_KEY_MAX / 8], position = 0;
    while (hashtab_next(map->impl, &position, key))
        hash_of_maps_remove(map, key);
    hashtab_delete(map->impl);
}

const struct skep_map_type map_hash_of_maps = {
    .size = sizeof(struct skep_map_type),
    .name = "hash_of_maps",
    .id = 13,
    .classes = SKEP_MAP_LOOKUP,
    .traits = SKEP_MAP_HOLDS_MAPS,
    .flags_allowed = MAP_F_USUAL | MAP_F_NO_PREALLOC | MAP_F_NO_COMMON_LRU | MAP_F_ZERO_SEED,
    .value_size_min = 4,
    .value_size_max = 4,
    .check = hash_of_maps_check,
    .create = hash_of_maps_create,
    .destroy = hash_of_maps_destroy,
    .lookup = hash_of_maps_lookup,
    .remove = hash_of_maps_remove,
    .next_key = hashtab_map_next_key,
    .next_element = hash_of_maps_next_element,
    .set_held = hash_of_maps_set,
    .memory_bytes = hashtab_map_memory_bytes,
};
