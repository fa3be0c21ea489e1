/* PERF_EVENT_ARRAY: a name for a stream of events.  What programs send goes to the host's event
 * function with the map and the index; the handles in the slots are the host's own notes and need
 * not be set.  Semantics: bpf-helpers(7), bpf_perf_event_output. */
#include "map/handle_array.h"
#include "map/map.h"

const struct skep_map_type map_perf_event_array = {
    .size = sizeof(struct skep_map_type),
    .name = "perf_event_array",
    .id = 4,
    .classes = SKEP_MAP_EVENTS,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_HOLDS_HANDLES,
    .flags_allowed = MAP_F_HOST_SIDE | MAP_F_PRESERVE_ELEMS,
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
