/* HASH: keys of any fixed size.  Everything that readers may rely on: hashtab.h.
 * Without BPF_F_NO_PREALLOC the memory of all elements is charged at once; it is touched, and so
 * really used, only as elements come.  Semantics: Documentation/bpf/map_hash.rst. */
#include "map/hashtab.h"
#include "map/map.h"

#include <errno.h>

static int hash_check(const struct skep_map_spec *spec)
{
    return hashtab_check(spec, false, false);
}

static int hash_create(struct skep_map *map)
{
    struct hashtab_options options = { .value_size = map->spec.value_size,
                                       .lock_at = map->spec.lock_at,
                                       .full = -E2BIG };
    return hashtab_map_create(map, &options);
}

const struct skep_map_type map_hash = {
    .size = sizeof(struct skep_map_type),
    .name = "hash",
    .id = 1,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE | SKEP_MAP_DELETE | SKEP_MAP_ITERATE |
               SKEP_MAP_TIMERS | SKEP_MAP_SPIN_LOCKS,
    .flags_allowed = MAP_F_USUAL | MAP_F_NO_PREALLOC | MAP_F_NO_COMMON_LRU | MAP_F_ZERO_SEED,
    .check = hash_check,
    .create = hash_create,
    HASHTAB_MAP_OPS,
    .finder = hashtab_map_finder,
    .update = hashtab_map_update,
    .lookup_and_delete = hashtab_map_take,
    .locate = hashtab_map_locate,
};
