/* Batches against the kernel's: the same random batch on one of our maps and one of Linux's.
 * Writing batches must stop at the same element for the same reason.  Reading batches may come in
 * any order: all that is there comes exactly once; what was taken along is gone, and nothing else.
 *
 * Usage: diff_map_batch_kernel [elements per map]; skips where bpf(2) is refused. */
#include "support/map_pair.h"
#include <skep/skep.h>

#include <errno.h>

enum {
    BATCH_MAX = 700,
    KEY_MAX = 64,
    VALUE_MAX = 64,       /* for all CPUs */
    KERNEL_ENOTSUPP = 524 /* what the kernel says for ENOTSUP here */
};

/* Elements one behind the other, as both sides want them. */
struct batch {
    u32 n;
    u8 keys[BATCH_MAX * KEY_MAX], values[BATCH_MAX * VALUE_MAX];
};

static u8 *batch_key(const struct pair *p, struct batch *b, u32 i)
{
    return b->keys + (size_t)i * p->ours->spec.key_size;
}
static u8 *batch_value(const struct pair *p, struct batch *b, u32 i)
{
    return b->values + (size_t)i * map_host_value_size(p->ours);
}

static void random_batch(struct pair *p, struct batch *b, u32 n)
{
    b->n = n;
    for (u32 i = 0; i < n; i++)
        random_key(p, batch_key(p, b, i));
    random_bytes(b->values, n * map_host_value_size(p->ours));
}

static int their_result(int returned)
{
    int result = result_of(returned);
    return result == -KERNEL_ENOTSUPP ? -ENOTSUP : result;
}

static void expect_same_count(const struct pair *p, u32 ours, u32 theirs, const char *what)
{
    if (ours != theirs)
        fail_msg("%s of %s: %u elements here, %u in the kernel", what, p->ours->type->name, ours,
                 theirs);
}

/* ---- writing ---- */

static const u64 element_flags[] = { 0, 0, 0, 0, 0, 0, 1, 2, 4, 8 };

static void try_update_batch(struct pair *p, u32 n)
{
    static struct batch b;
    u64 flags = element_flags[random_below(ARRAY_LEN(element_flags))];
    struct bpf_map_batch_opts options = { .sz = sizeof(options), .elem_flags = flags };
    u32 ours = n, theirs = n;
    random_batch(p, &b, n);
    int result = skep_map_update_batch(p->ours, b.keys, b.values, &ours, flags);
    int there = their_result(bpf_map_update_batch(p->theirs, b.keys, b.values, &theirs, &options));
    expect_same(result, there, "update batch", p);
    if (!flags)
        expect_same_count(p, ours, theirs, "update batch");
}

static void try_delete_batch(struct pair *p, u32 n)
{
    static struct batch b;
    u64 flags = element_flags[random_below(ARRAY_LEN(element_flags))];
    struct bpf_map_batch_opts options = { .sz = sizeof(options), .elem_flags = flags };
    u32 ours = n, theirs = n;
    random_batch(p, &b, n);
    int result = skep_map_delete_batch(p->ours, b.keys, &ours, flags);
    int there = their_result(bpf_map_delete_batch(p->theirs, b.keys, &theirs, &options));
    expect_same(result, there, "delete batch", p);
    if (!flags && there != -ENOTSUP)
        expect_same_count(p, ours, theirs, "delete batch");
}

/* ---- reading ---- */

typedef int our_read(skep_map *, uint64_t *, void *, void *, uint32_t *, uint64_t);
typedef int their_read(int, void *, void *, void *, void *, __u32 *,
                       const struct bpf_map_batch_opts *);

/* Everything, in batches of `step`.  `most`: stop when so many are there. */
static int read_ours(const struct pair *p, our_read *read, u32 step, u32 most, struct batch *all)
{
    u64 cursor = 0;
    all->n = 0;
    for (int result = 0; result == 0 && all->n < most;) {
        u32 count = min_u32(step, BATCH_MAX - all->n);
        result = read(p->ours, &cursor, batch_key(p, all, all->n), batch_value(p, all, all->n),
                      &count, 0);
        if (result && result != -ENOENT)
            return result;
        all->n += count;
        assert_true(all->n < BATCH_MAX);
    }
    return 0;
}

/* A step that is too small for a bucket grows. */
static int read_theirs(const struct pair *p, their_read *read, u32 step, u32 most,
                       struct batch *all)
{
    u8 cursor[KEY_MAX], *from = NULL;
    struct bpf_map_batch_opts options = { .sz = sizeof(options) };
    all->n = 0;
    for (int result = 0; result == 0 && all->n < most;) {
        u32 count = min_u32(step, BATCH_MAX - all->n);
        result = their_result(read(p->theirs, from, cursor, batch_key(p, all, all->n),
                                   batch_value(p, all, all->n), &count, &options));
        if (result == -ENOSPC) {
            step *= 2;
            result = 0;
            continue;
        }
        if (result && result != -ENOENT)
            return result;
        all->n += count;
        from = cursor;
        assert_true(all->n < BATCH_MAX);
    }
    return 0;
}

/* For sorting: positions of the elements of one batch. */
static const struct pair *sorted_pair;
static struct batch *sorted_batch;
static int compare_places(const void *a, const void *b)
{
    const u32 *x = a, *y = b;
    return memcmp(batch_key(sorted_pair, sorted_batch, *x),
                  batch_key(sorted_pair, sorted_batch, *y), sorted_pair->ours->spec.key_size);
}
static void sort_batch(const struct pair *p, struct batch *b, u32 places[BATCH_MAX])
{
    for (u32 i = 0; i < b->n; i++)
        places[i] = i;
    sorted_pair = p;
    sorted_batch = b;
    qsort(places, b->n, sizeof(*places), compare_places);
}

static void expect_same_values(const struct pair *p, const u8 *ours, const u8 *theirs)
{
    u32 size = p->ours->spec.value_size, stride = (u32)round_up_u64(size, 8);
    u32 n = p->ours->type->traits & SKEP_MAP_PER_CPU ? n_cpus : 1;
    for (u32 cpu = 0; cpu < n; cpu++)
        assert_memory_equal(ours + cpu * stride, theirs + cpu * stride, size);
}

static void expect_same_elements(const struct pair *p, struct batch *ours, struct batch *theirs)
{
    static u32 here[BATCH_MAX], there[BATCH_MAX];
    expect_same_count(p, ours->n, theirs->n, "reading batches");
    sort_batch(p, ours, here);
    sort_batch(p, theirs, there);
    for (u32 i = 0; i < ours->n; i++) {
        assert_memory_equal(batch_key(p, ours, here[i]), batch_key(p, theirs, there[i]),
                            p->ours->spec.key_size);
        expect_same_values(p, batch_value(p, ours, here[i]), batch_value(p, theirs, there[i]));
    }
}

static void compare_all(struct pair *p, our_read *ours, their_read *theirs)
{
    static struct batch here, there;
    u32 step = 1 + random_below(100);
    int result = read_ours(p, ours, step, UINT32_MAX, &here);
    expect_same(result, read_theirs(p, theirs, step, UINT32_MAX, &there), "reading batch", p);
    if (result == 0)
        expect_same_elements(p, &here, &there);
}

/* What one side takes is deleted from the other: with a key that it did not have, or had twice,
 * deleting fails, and what is left over differs at the next comparison. */
static void take_some(struct pair *p, u32 most)
{
    static struct batch taken;
    struct bpf_map_batch_opts options = { .sz = sizeof(options) };
    bool here = random_below(2);
    int result = here ? read_ours(p, skep_map_lookup_and_delete_batch, most, most, &taken)
                      : read_theirs(p, bpf_map_lookup_and_delete_batch, most, most, &taken);
    if (result == -ENOTSUP) {
        compare_all(p, skep_map_lookup_and_delete_batch, bpf_map_lookup_and_delete_batch);
        return;
    }
    u32 count = taken.n;
    assert_int_equal(result, 0);
    if (here && taken.n)
        assert_int_equal(bpf_map_delete_batch(p->theirs, taken.keys, &count, &options), 0);
    else if (taken.n)
        assert_int_equal(skep_map_delete_batch(p->ours, taken.keys, &count, 0), 0);
    expect_same_count(p, count, taken.n, "deleting what was taken");
}

/* ---- every type that has batches, and some that have not ---- */

static const struct {
    u32 type, key_size, value_size, entries, flags, universe;
} shapes[] = {
    { BPF_MAP_TYPE_ARRAY, 4, 8, 50, 0, 52 },
    { BPF_MAP_TYPE_ARRAY, 4, 13, 200, 0, 200 },
    { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 50, 0, 50 },
    { BPF_MAP_TYPE_HASH, 4, 8, 100, 0, 180 },
    { BPF_MAP_TYPE_HASH, 8, 4, 300, BPF_F_NO_PREALLOC, 400 },
    { BPF_MAP_TYPE_HASH, 13, 21, 256, 0, 500 },
    { BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 100, 0, 180 },
    { BPF_MAP_TYPE_PERCPU_HASH, 12, 12, 100, BPF_F_NO_PREALLOC, 180 },
    { BPF_MAP_TYPE_LRU_HASH, 4, 8, 4096, 0, 400 },
    { BPF_MAP_TYPE_LRU_PERCPU_HASH, 20, 8, 4096, 0, 400 },
    { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 400, BPF_F_NO_PREALLOC, 0 },
    { BPF_MAP_TYPE_LPM_TRIE, 20, 24, 100, BPF_F_NO_PREALLOC, 0 },
};

static u32 random_count(void) { return random_below(4) ? random_below(12) : random_below(60); }

static void run_batches(struct pair *p)
{
    for (u32 done = 0; done < operations; done += 10) { /* elements in an average batch */
        switch (random_below(6)) {
        case 0: try_delete_batch(p, random_count()); break;
        case 1:
            if (random_below(3) == 0)
                take_some(p, random_count());
            break;
        case 2:
            if (random_below(8) == 0)
                compare_all(p, skep_map_lookup_batch, bpf_map_lookup_batch);
            break;
        default: try_update_batch(p, random_count()); break;
        }
    }
    compare_all(p, skep_map_lookup_batch, bpf_map_lookup_batch);
    compare_all(p, skep_map_lookup_and_delete_batch, bpf_map_lookup_and_delete_batch);
    compare_all(p, skep_map_lookup_batch, bpf_map_lookup_batch);
}

TEST(batches_give_the_kernels_results)
{
    for (u32 i = 0; i < ARRAY_LEN(shapes); i++) {
        struct skep_map_spec spec = { .size = sizeof(spec),
                                      .name = "diff",
                                      .type = shapes[i].type,
                                      .key_size = shapes[i].key_size,
                                      .value_size = shapes[i].value_size,
                                      .max_entries = shapes[i].entries,
                                      .flags = shapes[i].flags };
        struct pair p;
        random_state = 20240701 + i;
        pair_open(&p, &spec, shapes[i].universe);
        run_batches(&p);
        pair_close(&p);
    }
    print_message("batches of %u elements on each of %zu maps\n", operations, ARRAY_LEN(shapes));
}

MAP_PAIR_MAIN(UNIT(batches_give_the_kernels_results))
