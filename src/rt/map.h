/* The common part of every map, and the calls that the host's and the programs' sides share. */
#ifndef SKEP_SRC_RT_MAP_H
#define SKEP_SRC_RT_MAP_H

#include "contract/contract.h"
#include "rt/epoch.h"

#include <stdatomic.h>

/* Flags of map creation, with <linux/bpf.h>'s values: BPF_F_*. */
enum map_flag {
    MAP_F_NO_PREALLOC = 1 << 0,
    MAP_F_NO_COMMON_LRU = 1 << 1,
    MAP_F_NUMA_NODE = 1 << 2,
    MAP_F_RDONLY = 1 << 3,
    MAP_F_WRONLY = 1 << 4,
    MAP_F_STACK_BUILD_ID = 1 << 5,
    MAP_F_ZERO_SEED = 1 << 6,
    MAP_F_RDONLY_PROG = 1 << 7,
    MAP_F_WRONLY_PROG = 1 << 8,
    MAP_F_MMAPABLE = 1 << 10,
    MAP_F_PRESERVE_ELEMS = 1 << 11,
    MAP_F_INNER_MAP = 1 << 12,
    /* What nearly all types take: who may read and write, and where memory should lie. */
    MAP_F_USUAL =
        MAP_F_RDONLY | MAP_F_WRONLY | MAP_F_RDONLY_PROG | MAP_F_WRONLY_PROG | MAP_F_NUMA_NODE,
    /* The same without the programs' side: types whose contents programs do not touch. */
    MAP_F_HOST_SIDE = MAP_F_RDONLY | MAP_F_WRONLY | MAP_F_NUMA_NODE,
};

struct rt_timer;
struct rt_timers;

struct skep_map {
    const struct skep_map_type *type;
    void *impl; /* the type's own */
    /* What the host may have a pointer to: the type's lookup, or what finds nothing. */
    void *(*host_value)(struct skep_map *map, const void *key, u32 cpu);
    struct skep_map_spec spec; /* name is owned; inner is owned */
    u32 n_cpus;
    u64 seed; /* of its hashes: random per map */
    struct mem *mem;
    struct epoch *epoch;
    _Atomic u32 references;       /* memory: handles, programs, maps that hold it */
    _Atomic u32 user_references;  /* the host's; at 0 what it holds is released (no cycles) */
    struct epoch_returns returns; /* of references that maps held */
    _Atomic bool frozen;          /* the host may no longer write */
    struct rt_timer *timers;      /* in its values; under timers_of's lock */
    struct rt_timers *_Atomic timers_of;   /* NULL: it never had one */
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

/* Of a user ring buffer, the bytes that even the largest record leaves to others. */
#define MAP_RECORD_OVERHEAD 8u

/* What each side may do: flags of creation, and freezing. */
static inline bool map_program_may_read(const struct skep_map *map)
{
    return !(map->spec.flags & MAP_F_WRONLY_PROG);
}
static inline bool map_program_may_write(const struct skep_map *map)
{
    return !(map->spec.flags & MAP_F_RDONLY_PROG);
}
static inline bool map_host_may_read(const struct skep_map *map)
{
    return !(map->spec.flags & MAP_F_WRONLY);
}
static inline bool map_host_may_write(const struct skep_map *map)
{
    return !(map->spec.flags & MAP_F_RDONLY) &&
           !atomic_load_explicit(&map->frozen, memory_order_acquire);
}

/* The value for a key, where looking must not count as a use. */
static inline void *map_look(struct skep_map *map, const void *key, u32 cpu)
{
    return (map->type->look ? map->type->look : map->type->lookup)(map, key, cpu);
}

/* Where LDDW of a value's address points into: the first value of a DIRECT_VALUES map, value_size
 * bytes (Linux's rule too).  NULL when the map has no such place. */
static inline u8 *map_direct_value(struct skep_map *map)
{
    static const u64 first = 0; /* a key of any size up to 8 */
    bool direct = (map->type->traits & SKEP_MAP_DIRECT_VALUES) && map->spec.key_size <= 8;
    return direct ? (u8 *)map->type->lookup(map, &first, 0) : NULL;
}

/* The bytes that the host exchanges for one value: n_cpus × round8(value_size) when per-CPU. */
static inline u64 map_host_value_size(const struct skep_map *map)
{
    if (!(map->type->traits & SKEP_MAP_PER_CPU))
        return map->spec.value_size;
    return (u64)map->n_cpus * round_up_u64(map->spec.value_size, 8);
}

#endif
