/* The common part of every map, and the calls that the host's and the programs' sides share. */
#ifndef SKEP_SRC_RT_MAP_H
#define SKEP_SRC_RT_MAP_H

#include "contract/contract.h"
#include "rt/epoch.h"

#include <stdatomic.h>

struct skep_map {
    const struct skep_map_type *type;
    void *impl;                /* the type's own */
    struct skep_map_spec spec; /* name is owned; inner is owned */
    u32 n_cpus;
    u64 seed; /* of its hashes: random per map */
    struct mem *mem;
    struct epoch *epoch;
    _Atomic u32 references;      /* memory: handles, programs, maps that hold it */
    _Atomic u32 user_references; /* the host's; at 0 what it holds is released (no cycles) */
    _Atomic bool frozen;         /* the host may no longer write */
    void (*on_free)(struct skep_map *map); /* the owner's last word (quota of the env) */
    void *owner;
};

/* Checks the spec against the type's columns and its check().  -errno as bpf(BPF_MAP_CREATE). */
int map_check_spec(const struct skep_map_type *type, const struct skep_map_spec *spec);
/* user reference and reference 1.  -errno. */
int map_new(const struct skep_map_type *type, const struct skep_map_spec *spec, u32 n_cpus,
            u64 seed, struct mem *mem, struct epoch *epoch, struct skep_map **out);
void map_get(struct skep_map *map);
void map_put(struct skep_map *map);
void map_get_user(struct skep_map *map);
void map_put_user(struct skep_map *map); /* drops the user reference and the reference with it */

/* Same type, key, value, flags (and entries, unless the type allows otherwise): may take the place
 * of the inner template. */
bool map_same_shape(const struct skep_map_spec *a, const struct skep_map_spec *b);

/* The bytes that the host exchanges for one value: n_cpus × round8(value_size) when per-CPU. */
static inline u64 map_host_value_size(const struct skep_map *map)
{
    if (!(map->type->traits & SKEP_MAP_PER_CPU))
        return map->spec.value_size;
    return (u64)map->n_cpus * round_up_u64(map->spec.value_size, 8);
}

#endif
