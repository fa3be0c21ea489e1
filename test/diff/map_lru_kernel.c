/* LRU maps: which keys an eviction may take is free, so what is compared is relations that hold
 * whatever was taken.  The same random operations run on one of our maps and one of Linux's.
 *
 *                                                          Skep          Linux
 *   an update succeeds and is found at once                 yes           yes
 *   a key that is found has the value last written          yes           yes
 *   there are never more than max_entries keys              yes           yes
 *   deleting removes that key and no other                  yes           yes
 *   nothing is evicted before max_entries keys are there    yes           counted
 *   no key that the last max_entries / 2 operations used
 *   is evicted                                              yes           counted
 *
 * Usage: diff_map_lru_kernel [operations per map]; skips where bpf(2) is refused. */
#include "support/map_pair.h"
#include <skep/skep.h>

#include <errno.h>

enum { UNIVERSE_MAX = 3 * 4096, CPUS_MAX = 64 };

/* What one side was seen to do. */
struct side {
    const char *name;
    bool strict;            /* the last two relations must hold */
    u32 n;                  /* keys that must be there if nothing was evicted early */
    u32 early, recent;      /* evictions that break the last two relations */
    u32 used[UNIVERSE_MAX]; /* the last operation that used the key; 0: deleted or never there */
    u32 now;                /* operations so far, looking included */
    u32 walked;
};

static struct side sides[2];
static u64 written[UNIVERSE_MAX];

static int do_lookup(const struct pair *p, bool ours, u32 key, u64 *value)
{
    return ours ? skep_map_lookup(p->ours, &key, value)
                : result_of(bpf_map_lookup_elem(p->theirs, &key, value));
}
static int do_update(const struct pair *p, bool ours, u32 key, const u64 *value, u64 flags)
{
    return ours ? skep_map_update(p->ours, &key, value, flags)
                : result_of(bpf_map_update_elem(p->theirs, &key, value, flags));
}
static int do_delete(const struct pair *p, bool ours, u32 key)
{
    return ours ? skep_map_delete(p->ours, &key) : result_of(bpf_map_delete_elem(p->theirs, &key));
}
static int do_next(const struct pair *p, bool ours, const u32 *key, u32 *next)
{
    return ours ? skep_map_next_key(p->ours, key, next)
                : result_of(bpf_map_get_next_key(p->theirs, key, next));
}

/* Counts or refuses what the last two relations forbid. */
static void see_loss(const struct pair *p, struct side *side, u32 key)
{
    u32 entries = p->ours->spec.max_entries;
    if (!side->used[key])
        return;
    if (side->now - side->used[key] <= entries / 2) {
        side->recent++;
        if (side->strict)
            fail_msg("%s: key %u was used %u operations ago and is gone", side->name, key,
                     side->now - side->used[key]);
    }
    side->used[key] = 0;
}

/* Is the key there, and as it was written?  On both sides looking is not using. */
static bool look(const struct pair *p, struct side *side, u32 key)
{
    u64 value[CPUS_MAX] = { 0 };
    side->now++;
    int result = do_lookup(p, side->strict, key, value);
    assert_true(result == 0 || result == -ENOENT);
    if (result == 0) {
        assert_true(side->used[key] != 0);
        assert_true(value[0] == written[key]);
    } else {
        see_loss(p, side, key);
    }
    return result == 0;
}

static void step(const struct pair *p, struct side *side, u32 what, u32 key, const u64 *value)
{
    u32 entries = p->ours->spec.max_entries;
    bool there = look(p, side, key);
    side->now++;
    if (what == 0) {
        assert_int_equal(do_delete(p, side->strict, key), there ? 0 : -ENOENT);
        side->n -= there;
        side->used[key] = 0;
    } else if (what == 1 && (side->strict || !there)) {
        /* (the kernel makes room first, and may evict the very key that must not be there) */
        u64 flags = there ? BPF_NOEXIST : BPF_EXIST;
        assert_int_equal(do_update(p, side->strict, key, value, flags), there ? -EEXIST : -ENOENT);
    } else if (what == 2 && side->strict && there) {
        /* (what looks at a value in its place uses it; bpf(2) has no such thing) */
        assert_non_null(skep_map_value(p->ours, &key, random_below(n_cpus)));
        side->used[key] = side->now;
    } else if (what > 2) {
        assert_int_equal(do_update(p, side->strict, key, value, BPF_ANY), 0);
        side->n = min_u32(side->n + !there, entries);
        side->used[key] = side->now;
    }
}

static void walk(const struct pair *p, struct side *side)
{
    u32 key = 0, next = 0, n = 0;
    for (int r = do_next(p, side->strict, NULL, &next); r == 0;
         r = do_next(p, side->strict, &key, &next), n++)
        key = next;
    assert_true(n <= p->ours->spec.max_entries);
    if (n < side->n) {
        side->early += side->n - n;
        if (side->strict)
            fail_msg("%u keys are there, %u must be", n, side->n);
    }
    assert_true(n <= side->n);
    side->n = n;
    side->walked++;
}

static void run(struct pair *p, u32 universe)
{
    u32 entries = p->ours->spec.max_entries, hot = entries / 4 + 1;
    for (u32 now = 1; now <= operations; now++) {
        u64 value[CPUS_MAX];
        u32 key = random_below(random_below(4) ? universe : hot), what = random_below(9);
        for (u32 cpu = 0; cpu < CPUS_MAX; cpu++)
            value[cpu] = (u64)now << 32 | key;
        for (u32 i = 0; i < 2; i++)
            step(p, &sides[i], what, key, value);
        if (what > 2)
            written[key] = value[0];
        for (u32 i = 0; i < 2 && what > 2; i++)
            assert_true(look(p, &sides[i], key));
        for (u32 i = 0; i < 2 && now % (4 * entries) == 0; i++)
            walk(p, &sides[i]);
    }
    for (u32 i = 0; i < 2; i++) {
        walk(p, &sides[i]);
        for (u32 key = 0; key < universe; key++)
            look(p, &sides[i], key);
    }
}

TEST(evictions_keep_the_relations)
{
    static const u32 types[] = { BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH };
    static const u32 sizes[] = { 2, 10, 100, 1000, 4096 };
    assert_true(n_cpus <= CPUS_MAX);
    for (u32 t = 0; t < ARRAY_LEN(types); t++)
        for (u32 s = 0; s < ARRAY_LEN(sizes); s++) {
            struct skep_map_spec spec = { .size = sizeof(spec),
                                          .name = "diff",
                                          .type = types[t],
                                          .key_size = 4,
                                          .value_size = 8,
                                          .max_entries = sizes[s] };
            struct pair p;
            random_state = 20241001 + t + 7 * s;
            memset(sides, 0, sizeof(sides));
            sides[0] = (struct side){ .name = "here", .strict = true };
            sides[1] = (struct side){ .name = "in the kernel" };
            pair_open(&p, &spec, 0);
            run(&p, 3 * sizes[s]);
            print_message("%s, %u entries: evicted early %u here, %u in the kernel; "
                          "after recent use %u, %u\n",
                          p.ours->type->name, sizes[s], sides[0].early, sides[1].early,
                          sides[0].recent, sides[1].recent);
            assert_true(sides[0].walked > 0);
            pair_close(&p);
        }
}

MAP_PAIR_MAIN(UNIT(evictions_keep_the_relations))
