/* STACK_TRACE: call stacks by number; bpf_get_stackid keeps one and gives its number.
 *
 * A stack's number is its hash, cut to as many bits as there are places (max_entries, rounded up to
 * a power of two), and every place holds one stack.  Who meets the same stack again only reads: the
 * place's lock is also its version (lock.h).  A writer holds it while it copies.  What lookup gives
 * stays valid while the map lives; a stack that is replaced (BPF_F_REUSE_STACKID) while it is read
 * shows each address old or new.
 *
 * With BPF_F_STACK_BUILD_ID the value is an array of struct bpf_stack_build_id, of which every
 * element says that only the address is known (BPF_STACK_BUILD_ID_IP), Linux's own answer for code
 * whose file it cannot see.  Semantics: bpf-helpers(7), bpf_get_stackid. */
#include "map/lock.h"
#include "map/map.h"
#include "map/region.h"
#include "map/words.h"

#include <errno.h>

enum {
    STACK_PLACE_FRAMES = 127, /* Linux's usual kernel.perf_event_max_stack */
    STACK_BUILD_ID_BYTES = 32,
    STACK_BUILD_ID_ADDRESS_AT = 24,
    STACK_BUILD_ID_IP = 2,
    STACK_PLACE_FAST = 1 << 9,   /* BPF_F_FAST_STACK_CMP */
    STACK_PLACE_REUSE = 1 << 10, /* BPF_F_REUSE_STACKID */
};

struct stack_place {
    struct map_lock lock;
    _Atomic u32 n; /* addresses + 1; 0: nothing is kept here */
    _Atomic u64 hash;
}; /* the value follows */

struct stack_trace {
    u8 *places;
    u64 stride;
    u32 mask;        /* places - 1 */
    u32 frame_bytes; /* of an address in a value */
    struct region region;
};

static u32 stack_frame_bytes(const struct skep_map_spec *spec)
{
    return spec->flags & MAP_F_STACK_BUILD_ID ? STACK_BUILD_ID_BYTES : sizeof(u64);
}

static int stack_trace_check(const struct skep_map_spec *spec)
{
    u32 frame = stack_frame_bytes(spec);
    if (spec->value_size % frame || spec->value_size / frame > STACK_PLACE_FRAMES)
        return -EINVAL;
    return spec->max_entries > (u32)1 << 31 ? -E2BIG : 0;
}

static int stack_trace_create(struct skep_map *map)
{
    struct stack_trace *trace = mem_new(map->mem, struct stack_trace);
    if (!trace)
        return -ENOMEM;
    u64 places = 1;
    while (places < map->spec.max_entries)
        places *= 2;
    trace->mask = (u32)(places - 1);
    trace->frame_bytes = stack_frame_bytes(&map->spec);
    trace->stride = sizeof(struct stack_place) + map->spec.value_size;
    int result = region_new(map, &trace->region, trace->stride * places);
    if (result) {
        mem_delete(map->mem, trace);
        return result;
    }
    trace->places = trace->region.base;
    map->impl = trace;
    return 0;
}

static void stack_trace_destroy(struct skep_map *map)
{
    struct stack_trace *trace = map->impl;
    region_free(map, &trace->region);
    mem_delete(map->mem, trace);
}

static struct stack_place *stack_place_at(const struct stack_trace *trace, u32 id)
{
    return (struct stack_place *)(void *)(trace->places + id * trace->stride);
}

static bool stack_is_there(const struct stack_trace *trace, u32 id)
{
    return id <= trace->mask &&
           atomic_load_explicit(&stack_place_at(trace, id)->n, memory_order_acquire) != 0;
}

/* Where the value keeps an address. */
static u8 *stack_address(const struct stack_trace *trace, struct stack_place *place, u32 frame)
{
    u8 *at = (u8 *)(place + 1) + (u64)frame * trace->frame_bytes;
    return trace->frame_bytes == sizeof(u64) ? at : at + STACK_BUILD_ID_ADDRESS_AT;
}

/* ---- keeping a stack ---- */

struct stack_seen {
    const u64 *addresses;
    u32 n;
    u64 hash;
    u64 flags;
};

enum stack_verdict { STACK_FREE, STACK_SAME, STACK_OTHER };

static enum stack_verdict stack_compare(const struct stack_trace *trace, struct stack_place *place,
                                        const struct stack_seen *seen)
{
    u32 n = atomic_load_explicit(&place->n, memory_order_relaxed);
    if (n == 0)
        return STACK_FREE;
    if (atomic_load_explicit(&place->hash, memory_order_relaxed) != seen->hash)
        return STACK_OTHER;
    if (seen->flags & STACK_PLACE_FAST)
        return STACK_SAME;
    if (n != seen->n + 1)
        return STACK_OTHER;
    for (u32 i = 0; i < seen->n; i++)
        if (word_load(stack_address(trace, place, i)) != seen->addresses[i])
            return STACK_OTHER;
    return STACK_SAME;
}

static enum stack_verdict stack_look(const struct stack_trace *trace, struct stack_place *place,
                                     const struct stack_seen *seen)
{
    enum stack_verdict verdict;
    u32 version;
    do {
        version = map_lock_read(&place->lock);
        verdict = stack_compare(trace, place, seen);
    } while (!map_lock_same(&place->lock, version));
    return verdict;
}

static void stack_write(const struct skep_map *map, struct stack_place *place,
                        const struct stack_seen *seen)
{
    const struct stack_trace *trace = map->impl;
    words_zero(place + 1, map->spec.value_size);
    for (u32 i = 0; i < seen->n; i++) {
        u8 *address = stack_address(trace, place, i);
        word_store(address, seen->addresses[i]);
        if (trace->frame_bytes != sizeof(u64))
            half_word_store(address - STACK_BUILD_ID_ADDRESS_AT, STACK_BUILD_ID_IP);
    }
    atomic_store_explicit(&place->hash, seen->hash, memory_order_relaxed);
    atomic_store_explicit(&place->n, seen->n + 1, memory_order_release);
}

static int64_t stack_trace_keep(struct skep_map *map, const uint64_t *addresses, uint32_t n,
                                uint64_t flags)
{
    const struct stack_trace *trace = map->impl;
    u32 kept = min_u32(n, map->spec.value_size / trace->frame_bytes);
    struct stack_seen seen = { .addresses = addresses, .n = kept, .flags = flags };
    seen.hash = hash_bytes(addresses, kept * sizeof(u64), map->seed);
    u32 id = (u32)seen.hash & trace->mask;
    struct stack_place *place = stack_place_at(trace, id);
    enum stack_verdict verdict = stack_look(trace, place, &seen);
    bool keep = verdict == STACK_FREE || (verdict == STACK_OTHER && flags & STACK_PLACE_REUSE);
    if (keep) {
        map_lock_take(&place->lock);
        verdict = stack_compare(trace, place, &seen);
        if (verdict == STACK_FREE || (verdict == STACK_OTHER && flags & STACK_PLACE_REUSE)) {
            stack_write(map, place, &seen);
            verdict = STACK_SAME;
        }
        map_lock_give(&place->lock);
    }
    return verdict == STACK_SAME ? (int64_t)id : -EEXIST;
}

/* ---- the host's side ---- */

static void *stack_trace_lookup(struct skep_map *map, const void *key, u32 cpu)
{
    (void)cpu;
    const struct stack_trace *trace = map->impl;
    u32 id = half_word_at(key);
    return stack_is_there(trace, id) ? stack_place_at(trace, id) + 1 : NULL;
}

static int stack_trace_update(struct skep_map *map, const void *key, const void *value, u64 flags,
                              u32 cpu)
{
    (void)map, (void)key, (void)value, (void)flags, (void)cpu;
    return -EINVAL;
}

static int stack_trace_remove(struct skep_map *map, const void *key)
{
    const struct stack_trace *trace = map->impl;
    u32 id = half_word_at(key);
    if (id > trace->mask)
        return -E2BIG;
    struct stack_place *place = stack_place_at(trace, id);
    map_lock_take(&place->lock);
    u32 n = atomic_exchange_explicit(&place->n, 0, memory_order_acq_rel);
    map_lock_give(&place->lock);
    return n ? 0 : -ENOENT;
}

static int stack_trace_next_element(struct skep_map *map, u64 *position, void *key, void **value,
                                    u32 cpu)
{
    const struct stack_trace *trace = map->impl;
    while (*position <= trace->mask) {
        u32 id = (u32)(*position)++;
        memcpy(key, &id, sizeof(id));
        *value = stack_trace_lookup(map, &id, cpu);
        if (*value)
            return 0;
    }
    return -ENOENT;
}

static int stack_trace_next_key(struct skep_map *map, const void *key, void *next)
{
    const struct stack_trace *trace = map->impl;
    void *value = NULL;
    u64 position = key && stack_is_there(trace, half_word_at(key)) ? (u64)half_word_at(key) + 1 : 0;
    return stack_trace_next_element(map, &position, next, &value, 0);
}

static u64 stack_trace_memory_bytes(const struct skep_map *map)
{
    const struct stack_trace *trace = map->impl;
    return sizeof(*map) + sizeof(*trace) + region_committed(&trace->region);
}

const struct skep_map_type map_stack_trace = {
    .size = sizeof(struct skep_map_type),
    .name = "stack_trace",
    .id = 7,
    .classes = SKEP_MAP_STACKS,
    .flags_allowed = MAP_F_HOST_SIDE | MAP_F_STACK_BUILD_ID,
    .key_size_min = 4,
    .key_size_max = 4,
    .value_size_min = 8,
    .value_size_max = STACK_PLACE_FRAMES * STACK_BUILD_ID_BYTES,
    .check = stack_trace_check,
    .create = stack_trace_create,
    .destroy = stack_trace_destroy,
    .lookup = stack_trace_lookup,
    .update = stack_trace_update,
    .remove = stack_trace_remove,
    .next_key = stack_trace_next_key,
    .next_element = stack_trace_next_element,
    .keep_stack = stack_trace_keep,
    .memory_bytes = stack_trace_memory_bytes,
};
