/* LRU_PERCPU_HASH: LRU_HASH with a value per CPU slot.
 * Semantics: Documentation/bpf/map_hash.rst. */
#include "map/hashtab.h"
#include "map/map.h"

#include <errno.h>

static int lru_percpu_hash_check(const struct skep_map_spec *spec)
{
    return hashtab_check(spec, true, true);
}

static int lru_percpu_hash_create(struct skep_map *map)
{
    struct hashtab_options options = {
        .value_size = map->spec.value_size, .per_cpu = true, .lru = true, .full = -E2BIG
    };
    return hashtab_map_create(map, &options);
}

const struct skep_map_type map_lru_percpu_hash = {
    .size = sizeof(struct skep_map_type),
    .name = "lru_percpu_hash",
    .id = 10,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE | SKEP_MAP_DELETE | SKEP_MAP_ITERATE |
               SKEP_MAP_LOOKUP_PERCPU,
    .traits = SKEP_MAP_PER_CPU,
    .flags_allowed = MAP_F_USUAL | MAP_F_NO_PREALLOC | MAP_F_NO_COMMON_LRU | MAP_F_ZERO_SEED,
    .check = lru_percpu_hash_check,
    .create = lru_percpu_hash_create,
    HASHTAB_MAP_OPS,
    .look = hashtab_map_look,
    .finder = hashtab_map_finder,
    .update = hashtab_map_update,
    .lookup_and_delete = hashtab_map_take,
};
