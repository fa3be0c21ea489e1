/* CGROUP_ARRAY: control groups by handle, for bpf_skb_under_cgroup and its relatives; the host
 * says what a handle stands for.  Semantics: bpf-helpers(7). */
#include "map/handle_array.h"
#include "map/map.h"

const struct skep_map_type map_cgroup_array = {
    .size = sizeof(struct skep_map_type),
    .name = "cgroup_array",
    .id = 8,
    .classes = SKEP_MAP_CGROUPS,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_HOLDS_HANDLES,
    .flags_allowed = MAP_F_HOST_SIDE,
    .key_size_min = 4,
    .key_size_max = 4,
    .value_size_min = 4,
    .value_size_max = 4,
    .create = handle_array_create,
    .destroy = handle_array_destroy,
    .lookup = handle_array_lookup,
    .update = handle_array_update,
    .remove = handle_array_remove,
    .next_key = handle_array_next_key,
    .next_element = handle_array_next_element,
    .memory_bytes = handle_array_memory_bytes,
};
