/* LRU_HASH: a hash that is never full: an insertion evicts what was not used for long (lru.h).
 * It evicts only when max_entries elements are there, and never a key that was looked up or written
 * by one of the last max_entries / 2 operations.  BPF_F_NO_COMMON_LRU changes nothing: what the
 * flag is for, lists per CPU, is not needed here. Semantics: Documentation/bpf/map_hash.rst. */
#include "map/hashtab.h"
#include "map/map.h"

#include <errno.h>

static int lru_hash_check(const struct skep_map_spec *spec)
{
    return hashtab_check(spec, false, true);
}

static int lru_hash_create(struct skep_map *map)
{
    struct hashtab_options options = {
        .value_size = map->spec.value_size, .per_cpu = false, .lru = true, .full = -E2BIG
    };
    return hashtab_map_create(map, &options);
}

const struct skep_map_type map_lru_hash = {
    .size = sizeof(struct skep_map_type),
    .name = "lru_hash",
    .id = 9,
    .classes =
        SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE | SKEP_MAP_DELETE | SKEP_MAP_ITERATE | SKEP_MAP_TIMERS,
    .flags_allowed = MAP_F_USUAL | MAP_F_NO_PREALLOC | MAP_F_NO_COMMON_LRU | MAP_F_ZERO_SEED,
    .check = lru_hash_check,
    .create = lru_hash_create,
    HASHTAB_MAP_OPS,
    .look = hashtab_map_look,
    .finder = hashtab_map_finder,
    .update = hashtab_map_update,
    .lookup_and_delete = hashtab_map_take,
    .locate = hashtab_map_locate,
};
