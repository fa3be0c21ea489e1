/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Single operations, 128 in each run: a helper call, map operations.  `loop` is the loop and its
 * key alone, to be subtracted.  Keys are uniform over what the maps hold; the host fills them (key
 * n of the hashes is {n} and {n, n, n, n}). */
#include "program.h"

#define ENTRIES 1024
#define OPERATIONS 128

struct key16 {
    u32 word[4];
};
struct prefix {
    u32 bits;
    u32 address;
};

#define MAP(map_name, map_type, map_key, entries, flags)                                           \
    struct {                                                                                       \
        __uint(type, map_type);                                                                    \
        __uint(max_entries, entries);                                                              \
        __uint(map_flags, flags);                                                                  \
        __type(key, map_key);                                                                      \
        __type(value, u64);                                                                        \
    } map_name SEC(".maps")

MAP(array, BPF_MAP_TYPE_ARRAY, u32, ENTRIES, 0);
MAP(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, u32, ENTRIES, 0);
MAP(hash4, BPF_MAP_TYPE_HASH, u32, ENTRIES, 0);
MAP(hash16, BPF_MAP_TYPE_HASH, struct key16, ENTRIES, 0);
MAP(hash_changed, BPF_MAP_TYPE_HASH, u32, ENTRIES, 0);
MAP(lru_hash, BPF_MAP_TYPE_LRU_HASH, u32, 4 * ENTRIES, 0);
MAP(lpm, BPF_MAP_TYPE_LPM_TRIE, struct prefix, ENTRIES, BPF_F_NO_PREALLOC);

/* OPERATION(name) { body }: the body sees the random number `at` and adds to `sum`. */
#define OPERATION(name)                                                                            \
    static __always_inline u64 name##_one(u32 at);                                                 \
    SEC("xdp") int name(struct xdp_md *ctx)                                                        \
    {                                                                                              \
        struct work *w = (struct work *)(long)ctx->data;                                           \
        if ((void *)(w + 1) > (void *)(long)ctx->data_end)                                         \
            return 0;                                                                              \
        u64 sum = 0;                                                                               \
        for (u32 i = 0; i < OPERATIONS; i++)                                                       \
            sum += name##_one(w->a32[i]);                                                          \
        return (int)fold(sum);                                                                     \
    }                                                                                              \
    static __always_inline u64 name##_one(u32 at)

static __always_inline u64 value_of(void *map, const void *key)
{
    u64 *value = bpf_map_lookup_elem(map, key);
    return value ? *value : 1;
}

OPERATION(loop)
{
    u32 key = at % ENTRIES;
    __asm__ volatile("" ::"r"(&key) : "memory"); /* the key goes to the stack, as for a lookup */
    return key;
}

static __attribute__((noinline)) u64 local_callee(u32 at, u64 by) { return (at ^ by) + (by >> 7); }
OPERATION(local_call) { return local_callee(at % ENTRIES, at); }

OPERATION(helper)
{
    u32 key = at % ENTRIES;
    __asm__ volatile("" ::"r"(&key) : "memory");
    return key + (bpf_get_smp_processor_id() >> 16);
}

OPERATION(array_lookup)
{
    u32 key = at % ENTRIES;
    return value_of(&array, &key);
}

OPERATION(percpu_array_lookup)
{
    u32 key = at % ENTRIES;
    return value_of(&percpu_array, &key);
}

OPERATION(hash4_lookup)
{
    u32 key = at % ENTRIES;
    return value_of(&hash4, &key);
}

OPERATION(hash16_lookup)
{
    u32 n = at % ENTRIES;
    struct key16 key = { { n, n, n, n } };
    return value_of(&hash16, &key);
}

OPERATION(lru_lookup)
{
    u32 key = at % ENTRIES;
    return value_of(&lru_hash, &key);
}

OPERATION(lpm_lookup)
{
    struct prefix key = { 32, at };
    return value_of(&lpm, &key);
}

OPERATION(hash_update)
{
    u32 key = at % ENTRIES;
    u64 value = at;
    return bpf_map_update_elem(&hash4, &key, &value, BPF_ANY) ? 1u : 0u;
}

OPERATION(hash_delete_insert)
{
    u32 key = at % ENTRIES;
    u64 value = key;
    bpf_map_delete_elem(&hash_changed, &key);
    return bpf_map_update_elem(&hash_changed, &key, &value, BPF_ANY) ? 1u : 0u;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
