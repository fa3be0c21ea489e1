/* ARRAY_OF_MAPS: inner maps by index.  A program's lookup gives the inner map itself, which stays
 * valid until its run ends even if the host replaces it meanwhile (held.h).  Inner maps must have
 * the shape of the template, and are no maps of maps: references never go in circles.
 * Semantics: Documentation/bpf/map_of_maps.rst. */
#include "map/held_array.h"
#include "map/map.h"

#include <errno.h>

static int array_of_maps_create(struct skep_map *map) { return held_array_create(map, &held_map); }

static int array_of_maps_set(struct skep_map *map, const void *key, void *object, u64 flags)
{
    const struct skep_map *inner = object;
    int result = held_array_check_set(map, key, flags);
    if (result)
        return result;
    return map_same_shape(&inner->spec, map->spec.inner) ? held_array_set(map, key, object, flags)
                                                         : -EINVAL;
}

const struct skep_map_type map_array_of_maps = {
    .size = sizeof(struct skep_map_type),
    .name = "array_of_maps",
    .id = 12,
    .classes = SKEP_MAP_LOOKUP,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_HOLDS_MAPS,
    .flags_allowed = MAP_F_HOST_SIDE,
    .key_size_min = 4,
    .key_size_max = 4,
    .value_size_min = 4,
    .value_size_max = 4,
    .create = array_of_maps_create,
    .destroy = held_array_destroy,
    .lookup = held_array_lookup,
    .remove = held_array_remove,
    .next_key = held_array_next_key,
    .next_element = held_array_next_element,
    .set_held = array_of_maps_set,
    .memory_bytes = held_array_memory_bytes,
};
