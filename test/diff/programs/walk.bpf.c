/* Programs that walk over maps and that loop, for map_walk_kernel.c: what they saw goes back in the
 * context. */
#include "walk.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define MAP(name, map_type, entries)                                                               \
    struct {                                                                                       \
        __uint(type, map_type);                                                                    \
        __uint(max_entries, entries);                                                              \
        __type(key, __u32);                                                                        \
        __type(value, __u64);                                                                      \
    } name SEC(".maps")

struct state {
    struct walk_ask ask;
};

static void see(struct state *s, __u32 key, __u64 value)
{
    s->ask.n++;
    s->ask.keys += (__u64)key * key + 1;
    s->ask.values += (value ^ key) * 0x9e3779b97f4a7c15u;
    s->ask.ordered = s->ask.ordered * 31 + key;
}

static long visit(void *map, __u32 *key, __u64 *value, struct state *s)
{
    (void)map;
    see(s, *key, *value);
    *value += s->ask.add;
    return s->ask.stop_after && s->ask.n >= s->ask.stop_after;
}

static long turn(__u64 i, struct state *s)
{
    see(s, (__u32)i, s->ask.add);
    return s->ask.stop_after && s->ask.n >= s->ask.stop_after;
}

/* Deleting the element that the walk is at, and some other. */
#define WALK(name, map_type, entries, can_delete)                                                  \
    MAP(name, map_type, entries);                                                                  \
    static long visit_##name(void *map, __u32 *key, __u64 *value, struct state *s)                 \
    {                                                                                              \
        long stop = visit(map, key, value, s);                                                     \
        __u32 at = *key;                                                                           \
        if (can_delete && s->ask.delete_third && at % 3 == 0)                                      \
            s->ask.deleted += bpf_map_delete_elem(&name, &at) == 0;                                \
        return stop;                                                                               \
    }                                                                                              \
    SEC("syscall") int walk_##name(struct walk_ask *ask)                                           \
    {                                                                                              \
        struct state s = { .ask = *ask };                                                          \
        s.ask.result = bpf_for_each_map_elem(&name, visit_##name, &s, ask->flags);                 \
        *ask = s.ask;                                                                              \
        return 0;                                                                                  \
    }

WALK(hash, BPF_MAP_TYPE_HASH, 200, 1)
WALK(array, BPF_MAP_TYPE_ARRAY, 200, 0)
WALK(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 200, 1)
WALK(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, 200, 0)
WALK(lru_hash, BPF_MAP_TYPE_LRU_HASH, 2000, 1)
WALK(lru_percpu_hash, BPF_MAP_TYPE_LRU_PERCPU_HASH, 2000, 1)

SEC("syscall") int loop(struct walk_ask *ask)
{
    struct state s = { .ask = *ask };
    s.ask.result = bpf_loop(ask->turns, turn, &s, ask->flags);
    *ask = s.ask;
    return 0;
}

/* A walk for every turn of a loop. */
static long walk_array_again(__u64 i, struct state *s)
{
    s->ask.add = i;
    s->ask.result += bpf_for_each_map_elem(&array, visit_array, s, 0);
    return s->ask.stop_after && s->ask.n >= s->ask.stop_after;
}

SEC("syscall") int loop_of_walks(struct walk_ask *ask)
{
    struct state s = { .ask = *ask };
    s.ask.result = 0;
    s.ask.result += bpf_loop(ask->turns & 7, walk_array_again, &s, ask->flags);
    *ask = s.ask;
    return 0;
}

char LICENSE[] SEC("license") = "GPL";
