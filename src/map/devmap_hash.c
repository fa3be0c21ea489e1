/* DEVMAP_HASH: interfaces by any 32-bit key, for bpf_redirect_map.  The value begins with an
 * interface index, which must not be 0; see hashtab.h for what readers may rely on.
 * Semantics: Documentation/bpf/map_devmap.rst. */
#include "map/hashtab.h"
#include "map/map.h"
#include "map/redirect.h"

#include <errno.h>

static int devmap_hash_create(struct skep_map *map)
{
    struct hashtab_options options = { .value_size = map->spec.value_size, .full = -E2BIG };
    return hashtab_map_create(map, &options);
}

static int devmap_hash_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                              u32 cpu)
{
    if (flags > SKEP_MAP_EXIST || !half_word_at(value))
        return -EINVAL;
    /* Linux looks at NOEXIST only. */
    return hashtab_map_update(map, key, value, flags & SKEP_MAP_NOEXIST, cpu);
}

const struct skep_map_type map_devmap_hash = {
    .size = sizeof(struct skep_map_type),
    .name = "devmap_hash",
    .id = 25,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_REDIRECTS,
    .traits = SKEP_MAP_HOLDS_HANDLES,
    .flags_allowed = MAP_F_HOST_SIDE,
    .key_size_min = 4,
    .key_size_max = 4,
    .value_size_min = 4,
    .value_size_max = 8,
    .check = redirect_check,
    .create = devmap_hash_create,
    HASHTAB_MAP_OPS,
    .update = devmap_hash_update,
};
