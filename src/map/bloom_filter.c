/* BLOOM_FILTER: has a value been put in?  "No" is certain, "yes" is probable.
 *
 * Every value sets map_extra bits (5 if that is 0) of a bit set that only ever grows, so readers
 * and writers need no order among them: bits are set by atomic OR, and a push that has returned is
 * seen by every later peek.  About max_entries × map_extra × 7/5 bits, rounded up to a power of
 * two, as in Linux.  Semantics: Documentation/bpf/map_bloom_filter.rst. */
#include "map/map.h"
#include "map/region.h"

#include <errno.h>

struct bloom_filter {
    _Atomic u64 *bits;
    u64 mask; /* bits - 1 */
    u32 n_hashes;
    struct region region;
};

enum { BLOOM_VALUE_MAX = 1 << 22, BLOOM_HASHES_MAX = 15, BLOOM_HASHES_USUAL = 5 };

static int bloom_filter_check(const struct skep_map_spec *spec)
{
    if (spec->map_extra > BLOOM_HASHES_MAX)
        return -EINVAL;
    return spec->value_size > BLOOM_VALUE_MAX ? -E2BIG : 0;
}

static u64 bloom_filter_n_bits(u32 max_entries, u32 n_hashes)
{
    u64 wanted = (u64)max_entries * n_hashes / 5 * 7, bits = 64;
    while (bits < wanted && bits < (u64)1 << 32)
        bits *= 2;
    return bits;
}

static int bloom_filter_create(struct skep_map *map)
{
    struct bloom_filter *filter = mem_new(map->mem, struct bloom_filter);
    if (!filter)
        return -ENOMEM;
    u32 asked = (u32)map->spec.map_extra;
    filter->n_hashes = asked ? asked : BLOOM_HASHES_USUAL;
    filter->mask = bloom_filter_n_bits(map->spec.max_entries, filter->n_hashes) - 1;
    int result = region_new(map, &filter->region, (filter->mask + 1) / 8);
    if (result) {
        mem_delete(map->mem, filter);
        return result;
    }
    filter->bits = (_Atomic u64 *)(void *)filter->region.base;
    map->impl = filter;
    return 0;
}

static void bloom_filter_destroy(struct skep_map *map)
{
    struct bloom_filter *filter = map->impl;
    region_free(map, &filter->region);
    mem_delete(map->mem, filter);
}

/* The i-th bit of a value is at h1 + i × h2 (Kirsch and Mitzenmacher, "Less Hashing, Same
 * Performance", 2006). */
static u64 bloom_filter_bit(const struct bloom_filter *filter, u64 hash, u32 i)
{
    return ((hash & UINT32_MAX) + (u64)i * (hash >> 32 | 1)) & filter->mask;
}

static int bloom_filter_push(struct skep_map *map, const void *value, u64 flags)
{
    const struct bloom_filter *filter = map->impl;
    if (flags != SKEP_MAP_ANY)
        return -EINVAL;
    u64 hash = hash_bytes(value, map->spec.value_size, map->seed);
    for (u32 i = 0; i < filter->n_hashes; i++) {
        u64 bit = bloom_filter_bit(filter, hash, i);
        atomic_fetch_or_explicit(&filter->bits[bit / 64], (u64)1 << bit % 64, memory_order_release);
    }
    return 0;
}

static int bloom_filter_peek(struct skep_map *map, void *value)
{
    const struct bloom_filter *filter = map->impl;
    u64 hash = hash_bytes(value, map->spec.value_size, map->seed);
    for (u32 i = 0; i < filter->n_hashes; i++) {
        u64 bit = bloom_filter_bit(filter, hash, i);
        u64 word = atomic_load_explicit(&filter->bits[bit / 64], memory_order_acquire);
        if (!(word >> bit % 64 & 1))
            return -ENOENT;
    }
    return 0;
}

static int bloom_filter_no_update(struct skep_map *map, const void *key, const void *value,
                                  u64 flags, u32 cpu)
{
    (void)map, (void)key, (void)value, (void)flags, (void)cpu;
    return -EINVAL;
}

static int bloom_filter_no_pop(struct skep_map *map, void *value)
{
    (void)map, (void)value;
    return -EOPNOTSUPP;
}

static u64 bloom_filter_memory_bytes(const struct skep_map *map)
{
    const struct bloom_filter *filter = map->impl;
    return sizeof(*map) + sizeof(*filter) + region_committed(&filter->region);
}

const struct skep_map_type map_bloom_filter = {
    .size = sizeof(struct skep_map_type),
    .name = "bloom_filter",
    .id = 30,
    .classes = SKEP_MAP_PUSH | SKEP_MAP_PEEK,
    .traits = SKEP_MAP_NO_KEY | SKEP_MAP_USES_EXTRA,
    .flags_allowed = MAP_F_USUAL | MAP_F_ZERO_SEED,
    .check = bloom_filter_check,
    .create = bloom_filter_create,
    .destroy = bloom_filter_destroy,
    .update = bloom_filter_no_update,
    .push = bloom_filter_push,
    .pop = bloom_filter_no_pop,
    .peek = bloom_filter_peek,
    .memory_bytes = bloom_filter_memory_bytes,
};
