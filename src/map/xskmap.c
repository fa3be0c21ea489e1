/* XSKMAP: receivers of raw packets by index, for bpf_redirect_map.  The number is a
 * handle of the host's, where Linux has an AF_XDP socket.
 * Semantics: Documentation/bpf/map_xskmap.rst. */
#include "map/map.h"
#include "map/redirect.h"

/* Unlike in the other two, slots come and go here. */
static int xskmap_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                         u32 cpu)
{
    if (flags > SKEP_MAP_EXIST)
        return -EINVAL;
    if (index_key(key) >= map->spec.max_entries)
        return -E2BIG;
    const void *there = handle_array_lookup(map, key, cpu);
    if (there && half_word_load(there) == half_word_at(value))
        return 0; /* whatever the flags */
    if (there && flags == SKEP_MAP_NOEXIST)
        return -EEXIST;
    if (!there && flags == SKEP_MAP_EXIST)
        return -ENOENT;
    return redirect_update(map, key, value, SKEP_MAP_ANY, cpu);
}

const struct skep_map_type map_xskmap = {
    .size = sizeof(struct skep_map_type),
    .name = "xskmap",
    .id = 17,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_REDIRECTS,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_HOLDS_HANDLES,
    .flags_allowed = MAP_F_HOST_SIDE,
    .key_size_min = 4,
    .key_size_max = 4,
    .value_size_min = 4,
    .value_size_max = 4,
    .check = redirect_check,
    .create = handle_array_create,
    .destroy = handle_array_destroy,
    .lookup = handle_array_lookup,
    .update = xskmap_update,
    .remove = redirect_remove,
    .next_key = handle_array_next_key,
    .next_element = handle_array_next_element,
    .memory_bytes = handle_array_memory_bytes,
};
