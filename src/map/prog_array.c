/* PROG_ARRAY: the targets of bpf_tail_call.
 *
 * All programs of one array can be called from one another, so they must have the same
 * compatibility (program type, profile, contract); the first one that is put in settles it.
 * Programs hold their maps; what a PROG_ARRAY holds is dropped when its last user reference goes,
 * so the two never keep each other alive.  A program that is taken out ends undisturbed where it
 * runs (held.h).  Semantics: bpf(2), BPF_MAP_TYPE_PROG_ARRAY. */
#include "map/held_array.h"
#include "map/map.h"

#include <errno.h>

static int prog_array_create(struct skep_map *map) { return held_array_create(map, &held_program); }

/* The first program settles the kind; the lock orders two that come first. */
static bool prog_array_accepts(struct held_array *array, const struct rt_program *program)
{
    os_lock(&array->lock);
    if (!array->compatibility_known) {
        array->compatibility = program->compatibility;
        array->compatibility_known = true;
    }
    bool same = array->compatibility == program->compatibility;
    os_unlock(&array->lock);
    return same;
}

static int prog_array_set(struct skep_map *map, const void *key, void *object, u64 flags)
{
    int result = held_array_check_set(map, key, flags);
    if (result)
        return result;
    return prog_array_accepts(map->impl, object) ? held_array_set(map, key, object, flags)
                                                 : -EINVAL;
}

const struct skep_map_type map_prog_array = {
    .size = sizeof(struct skep_map_type),
    .name = "prog_array",
    .id = 3,
    .classes = SKEP_MAP_PROGRAMS,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_HOLDS_PROGRAMS,
    .flags_allowed = MAP_F_HOST_SIDE,
    .key_size_min = 4,
    .key_size_max = 4,
    .value_size_min = 4,
    .value_size_max = 4,
    .create = prog_array_create,
    .destroy = held_array_destroy,
    .lookup = held_array_lookup,
    .remove = held_array_remove,
    .next_key = held_array_next_key,
    .next_element = held_array_next_element,
    .set_held = prog_array_set,
    .release_held = held_array_clear,
    .memory_bytes = held_array_memory_bytes,
};
