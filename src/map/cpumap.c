/* CPUMAP: CPUs by index, for bpf_redirect_map.  The number is a queue length; the CPUs are the
 * slots of the env.  Semantics: Documentation/bpf/map_cpumap.rst. */
#include "map/map.h"
#include "map/redirect.h"

enum {
    CPUMAP_QUEUE_MAX = 16384, /* packets */
    CPUMAP_CPUS_MAX = 8192,   /* CONFIG_NR_CPUS of the large distributions */
};

static int cpumap_check(const struct skep_map_spec *spec)
{
    int result = redirect_check(spec);
    return result ? result : spec->max_entries > CPUMAP_CPUS_MAX ? -E2BIG : 0;
}

/* In Linux's order. */
static int cpumap_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                         u32 cpu)
{
    int result = redirect_check_update(map, key, flags);
    if (result)
        return result;
    if (half_word_at(value) > CPUMAP_QUEUE_MAX)
        return -EOVERFLOW;
    if (index_key(key) >= map->n_cpus)
        return -ENODEV;
    return redirect_update(map, key, value, flags, cpu);
}

const struct skep_map_type map_cpumap = {
    .size = sizeof(struct skep_map_type),
    .name = "cpumap",
    .id = 16,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_REDIRECTS,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_HOLDS_HANDLES,
    .flags_allowed = MAP_F_NUMA_NODE,
    .key_size_min = 4,
    .key_size_max = 4,
    .value_size_min = 4,
    .value_size_max = 8,
    .check = cpumap_check,
    .create = handle_array_create,
    .destroy = handle_array_destroy,
    .lookup = handle_array_lookup,
    .update = cpumap_update,
    .remove = redirect_remove,
    .next_key = handle_array_next_key,
    .next_element = handle_array_next_element,
    .memory_bytes = handle_array_memory_bytes,
};
