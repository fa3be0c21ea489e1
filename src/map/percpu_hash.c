/* PERCPU_HASH: a hash with a value per CPU slot, each written only by whoever runs on its slot
 * (and by the host), in place.  A new element is zero in the slots that it is not written in.
 * Semantics: Documentation/bpf/map_hash.rst. */
#include "map/hashtab.h"
#include "map/map.h"

#include <errno.h>

static int percpu_hash_check(const struct skep_map_spec *spec)
{
    return hashtab_check(spec, true, false);
}

static int percpu_hash_create(struct skep_map *map)
{
    struct hashtab_options options = {
        .value_size = map->spec.value_size, .per_cpu = true, .lru = false, .full = -E2BIG
    };
    struct hashtab *table = NULL;
    int result = hashtab_new(map, &options, &table);
    map->impl = table;
    return result;
}

const struct skep_map_type map_percpu_hash = {
    .size = sizeof(struct skep_map_type),
    .name = "percpu_hash",
    .id = 5,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE | SKEP_MAP_DELETE | SKEP_MAP_ITERATE |
               SKEP_MAP_LOOKUP_PERCPU,
    .traits = SKEP_MAP_PER_CPU,
    .flags_allowed = MAP_F_USUAL | MAP_F_NO_PREALLOC | MAP_F_NO_COMMON_LRU | MAP_F_ZERO_SEED,
    .check = percpu_hash_check,
    .create = percpu_hash_create,
    .destroy = hashtab_map_destroy,
    .lookup = hashtab_map_lookup,
    .update = hashtab_map_update,
    .remove = hashtab_map_remove,
    .next_key = hashtab_map_next_key,
    .next_element = hashtab_map_next_element,
    .lookup_and_delete = hashtab_map_take,
    .memory_bytes = hashtab_map_memory_bytes,
};
