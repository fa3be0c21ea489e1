/* What every map has, whatever its type: a checked spec, two counts of references, and an end.
 *
 * A map lives while it has references.  Those that the host has count twice, as user references:
 * when the last of them goes, a map of programs drops what it holds, so that a program and the
 * PROG_ARRAY that it sits in do not keep each other alive (as in Linux). */
#include "rt/map.h"
#include "rt/timer.h"

#include "rt/program.h"

#include <errno.h>

static bool map_flags_contradict(u32 flags)
{
    u32 host = MAP_F_RDONLY | MAP_F_WRONLY, program = MAP_F_RDONLY_PROG | MAP_F_WRONLY_PROG;
    return (flags & host) == host || (flags & program) == program;
}

/* A size against its column: 0, 0 in the column means any from 1. */
static int map_check_size(u32 size, u32 min, u32 max)
{
    return size < max_u32(min, 1) || (max && size > max) ? -EINVAL : 0;
}

static int map_check_sizes(const struct skep_map_type *type, const struct skep_map_spec *spec)
{
    int key = type->traits & SKEP_MAP_NO_KEY
                  ? (spec->key_size ? -EINVAL : 0)
                  : map_check_size(spec->key_size, type->key_size_min, type->key_size_max);
    if (key)
        return key;
    if (type->traits & SKEP_MAP_NO_VALUE)
        return spec->value_size ? -EINVAL : 0;
    return map_check_size(spec->value_size, type->value_size_min, type->value_size_max);
}

/* One level of nesting, as in Linux; what the inner map must look like has to be known. */
static int map_check_inner(const struct skep_map_type *type, const struct skep_map_spec *spec)
{
    if (!(type->traits & SKEP_MAP_HOLDS_MAPS))
        return spec->inner ? -EINVAL : 0;
    return spec->inner && !spec->inner->inner ? 0 : -EINVAL;
}

enum { MAP_RING_GRAIN = 4096 }; /* a page of the machines that programs are compiled for */

static int map_check_entries(const struct skep_map_type *type, u32 n)
{
    if (n == 0)
        return -EINVAL;
    bool whole_pages = (n & (n - 1)) == 0 && n % MAP_RING_GRAIN == 0;
    return type->traits & SKEP_MAP_ENTRIES_POWER_OF_2_PAGES && !whole_pages ? -EINVAL : 0;
}

/* The columns, in Linux's order. */
static int map_check_columns(const struct skep_map_type *type, const struct skep_map_spec *spec)
{
    int entries = map_check_entries(type, spec->max_entries);
    if (entries)
        return entries;
    int sizes = map_check_sizes(type, spec);
    return sizes ? sizes : map_check_inner(type, spec);
}

/* The value's spin lock, where Linux lets one be. */
static int map_check_lock(const struct skep_map_type *type, const struct skep_map_spec *spec)
{
    if (!spec->lock_at)
        return 0;
    if (!(type->classes & SKEP_MAP_SPIN_LOCKS))
        return -EOPNOTSUPP;
    u64 offset = spec->lock_at - 1;
    return offset % 4 || offset + 4 > spec->value_size ? -EINVAL : 0;
}

enum { MAP_ENOTSUPP = 524 }; /* the kernel's own; <errno.h> does not have it */

int map_check_spec(const struct skep_map_type *type, const struct skep_map_spec *spec)
{
    if (spec->flags & ~type->flags_allowed || map_flags_contradict(spec->flags))
        return -EINVAL;
    if (spec->map_extra && !(type->traits & SKEP_MAP_USES_EXTRA))
        return -EINVAL;
    if (spec->name && strlen(spec->name) > 255)
        return -EINVAL;
    /* What a type does not support comes before what is wrong with sizes. */
    int own = type->check ? type->check(spec) : 0;
    int columns = own == -MAP_ENOTSUPP ? 0 : map_check_columns(type, spec);
    if (columns || own)
        return columns ? columns : own;
    return map_check_lock(type, spec);
}

static char *map_copy_name(struct mem *mem, const char *name)
{
    size_t size = name ? strlen(name) + 1 : 1;
    char *copy = mem_alloc(mem, size);
    return copy ? memcpy(copy, name ? name : "", size) : NULL;
}

static void map_free_name(struct mem *mem, const char *name)
{
    if (name)
        mem_free(mem, (char *)(uintptr_t)name, strlen(name) + 1);
}

static void map_free_inner(struct mem *mem, const struct skep_map_spec *inner)
{
    if (!inner)
        return;
    map_free_name(mem, inner->name);
    mem_free(mem, (struct skep_map_spec *)(uintptr_t)inner, sizeof(*inner));
}

static bool map_copy_spec(struct skep_map *map, const struct skep_map_spec *spec)
{
    map->spec = *spec;
    map->spec.inner = NULL;
    map->spec.name = map_copy_name(map->mem, spec->name);
    if (!map->spec.name || !spec->inner)
        return map->spec.name != NULL;
    struct skep_map_spec *inner = mem_new(map->mem, struct skep_map_spec);
    if (!inner)
        return false;
    *inner = *spec->inner;
    map->spec.inner = inner;
    inner->name = map_copy_name(map->mem, spec->inner->name);
    return inner->name != NULL;
}

static void map_free(struct skep_map *map)
{
    map_free_inner(map->mem, map->spec.inner);
    map_free_name(map->mem, map->spec.name);
    mem_delete(map->mem, map);
}

static void *map_no_value(struct skep_map *map, const void *key, u32 cpu)
{
    (void)map, (void)key, (void)cpu;
    return NULL;
}

int map_new(const struct skep_map_type *type, const struct skep_map_spec *spec, u32 n_cpus,
            u64 seed, struct mem *mem, struct epoch *epoch, struct skep_map **out)
{
    int result = map_check_spec(type, spec);
    if (result)
        return result;
    struct skep_map *map = mem_new(mem, struct skep_map);
    if (!map)
        return -ENOMEM;
    map->type = type;
    bool objects = type->traits & (SKEP_MAP_HOLDS_MAPS | SKEP_MAP_HOLDS_PROGRAMS);
    map->host_value = type->lookup && !objects ? type->lookup : map_no_value;
    map->n_cpus = n_cpus;
    map->seed = spec->flags & MAP_F_ZERO_SEED ? 0 : seed;
    map->mem = mem;
    map->epoch = epoch;
    atomic_init(&map->references, 1);
    atomic_init(&map->user_references, 1);
    result = map_copy_spec(map, spec) ? type->create(map) : -ENOMEM;
    if (result) {
        map_free(map);
        return result;
    }
    *out = map;
    return 0;
}

void map_get(struct skep_map *map)
{
    atomic_fetch_add_explicit(&map->references, 1, memory_order_relaxed);
}

void map_put(struct skep_map *map)
{
    if (atomic_fetch_sub_explicit(&map->references, 1, memory_order_acq_rel) != 1)
        return;
    rt_timers_forget_map(map);
    map->type->destroy(map);
    if (map->on_free)
        map->on_free(map);
    map_free(map);
}

void map_get_user(struct skep_map *map)
{
    map_get(map);
    atomic_fetch_add_explicit(&map->user_references, 1, memory_order_relaxed);
}

void map_put_user(struct skep_map *map)
{
    u32 before = atomic_fetch_sub_explicit(&map->user_references, 1, memory_order_acq_rel);
    if (before == 1 && map->type->release_held)
        map->type->release_held(map);
    if (before == 1)
        rt_timers_disarm_map(map);
    map_put(map);
}

/* Lookups in an ARRAY are compiled with its length in mind, so that lengths must agree unless the
 * template says that they may differ; for all other types they may. */
enum { MAP_ID_ARRAY = 2 };

bool map_same_shape(const struct skep_map_spec *a, const struct skep_map_spec *b)
{
    bool any_length = a->type != MAP_ID_ARRAY || (a->flags & MAP_F_INNER_MAP);
    return a->type == b->type && a->key_size == b->key_size && a->value_size == b->value_size &&
           a->flags == b->flags && a->lock_at == b->lock_at &&
           (any_length || a->max_entries == b->max_entries);
}

struct rt_program *rt_tail_target(struct skep_map *map, u32 index)
{
    if (!(map->type->traits & SKEP_MAP_HOLDS_PROGRAMS))
        return NULL;
    return map->type->lookup(map, &index, 0);
}
