/* DEVMAP: interfaces by index, for bpf_redirect_map.  The number is an interface index.
 * Semantics: Documentation/bpf/map_devmap.rst. */
#include "map/map.h"
#include "map/redirect.h"

const struct skep_map_type map_devmap = {
    .size = sizeof(struct skep_map_type),
    .name = "devmap",
    .id = 14,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_REDIRECTS,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_HOLDS_HANDLES,
    .flags_allowed = MAP_F_HOST_SIDE,
    .key_size_min = 4,
    .key_size_max = 4,
    .value_size_min = 4,
    .value_size_max = 8,
    .check = redirect_check,
    .create = handle_array_create,
    .destroy = handle_array_destroy,
    .lookup = handle_array_lookup,
    .update = redirect_update,
    .remove = redirect_remove,
    .next_key = handle_array_next_key,
    .next_element = handle_array_next_element,
    .memory_bytes = handle_array_memory_bytes,
};
