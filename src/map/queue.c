/* QUEUE: values come out in the order in which they were put in.
 * Semantics: Documentation/bpf/map_queue_stack.rst. */
#include "map/map.h"
#include "map/sequence.h"

static int queue_pop(struct skep_map *map, void *value)
{
    return sequence_get(map, SEQUENCE_OLDEST, true, value);
}

static int queue_peek(struct skep_map *map, void *value)
{
    return sequence_get(map, SEQUENCE_OLDEST, false, value);
}

const struct skep_map_type map_queue = {
    .size = sizeof(struct skep_map_type),
    .name = "queue",
    .id = 22,
    .classes = SKEP_MAP_PUSH | SKEP_MAP_POP | SKEP_MAP_PEEK,
    .traits = SKEP_MAP_NO_KEY,
    .flags_allowed = MAP_F_USUAL,
    .check = sequence_check,
    .create = sequence_create,
    .destroy = sequence_destroy,
    .update = sequence_no_update,
    .remove = sequence_no_remove,
    .next_key = sequence_no_next_key,
    .push = sequence_push,
    .pop = queue_pop,
    .peek = queue_peek,
    .memory_bytes = sequence_memory_bytes,
};
