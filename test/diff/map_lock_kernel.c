/* Values with a spin lock against the kernel's: the same random operations, with BPF_F_LOCK and
 * without, on one of our maps and one of Linux's, which is told by BTF where the lock is.  Results,
 * errno and contents must be the same; the lock itself is never written and reads as 0.
 *
 * Usage: diff_map_lock_kernel [operations per map]; skips where bpf(2) is refused. */
#include "support/map_pair.h"
#include <skep/skep.h>

#include <bpf/btf.h>
#include <errno.h>

enum { VALUE_MAX = 64, BATCH_MAX = 8, LOCK_BYTES = 4 };

/* ---- the kernel's map ---- */

struct value_types {
    struct btf *btf;
    int key, value;
};

/* struct value { u8 before[at]; struct bpf_spin_lock lock; u8 behind[size - at - 4]; } */
static struct value_types describe(u32 lock_at, u32 size)
{
    struct value_types t = { .btf = btf__new_empty() };
    assert_non_null(t.btf);
    t.key = btf__add_int(t.btf, "int", 4, BTF_INT_SIGNED);
    int byte = btf__add_int(t.btf, "byte", 1, 0);
    int lock = btf__add_struct(t.btf, "bpf_spin_lock", LOCK_BYTES);
    assert_int_equal(btf__add_field(t.btf, "val", t.key, 0, 0), 0);
    u32 at = lock_at - 1, behind = size - at - LOCK_BYTES;
    int first = btf__add_array(t.btf, t.key, byte, at);
    int last = btf__add_array(t.btf, t.key, byte, behind);
    t.value = btf__add_struct(t.btf, "value", size);
    assert_int_equal(btf__add_field(t.btf, "before", first, 0, 0), 0);
    assert_int_equal(btf__add_field(t.btf, "lock", lock, 8 * at, 0), 0);
    assert_int_equal(btf__add_field(t.btf, "behind", last, 8 * (at + LOCK_BYTES), 0), 0);
    assert_int_equal(btf__load_into_kernel(t.btf), 0);
    return t;
}

static int create_theirs(const struct skep_map_spec *spec)
{
    struct value_types types = describe(spec->lock_at, spec->value_size);
    struct bpf_map_create_opts options = { .sz = sizeof(options),
                                           .map_flags = spec->flags,
                                           .btf_fd = (u32)btf__fd(types.btf),
                                           .btf_key_type_id = (u32)types.key,
                                           .btf_value_type_id = (u32)types.value };
    int fd = bpf_map_create((enum bpf_map_type)spec->type, "skep_diff", spec->key_size,
                            spec->value_size, spec->max_entries, &options);
    btf__free(types.btf);
    return fd;
}

/* ---- operations ---- */

static u64 random_flags(void)
{
    static const u64 flags[] = { 0, 0, 4, 4, 4, 1, 2, 5, 6, 3, 7, 8, 12 };
    return flags[random_below(ARRAY_LEN(flags))];
}

static void try_update(struct pair *p, const u32 *key)
{
    u8 value[VALUE_MAX];
    u64 flags = random_flags();
    random_bytes(value, sizeof(value));
    expect_same(skep_map_update(p->ours, key, value, flags),
                result_of(bpf_map_update_elem(p->theirs, key, value, flags)), "update", p);
}

static void try_lookup(struct pair *p, const u32 *key, u64 flags)
{
    u8 ours[VALUE_MAX], theirs[VALUE_MAX];
    int result = skep_map_lookup_flags(p->ours, key, ours, flags);
    expect_same(result, result_of(bpf_map_lookup_elem_flags(p->theirs, key, theirs, flags)),
                "lookup", p);
    if (result == 0)
        assert_memory_equal(ours, theirs, p->ours->spec.value_size);
}

static void try_delete(struct pair *p, const u32 *key)
{
    expect_same(skep_map_delete(p->ours, key), result_of(bpf_map_delete_elem(p->theirs, key)),
                "delete", p);
}

static void try_take(struct pair *p, const u32 *key)
{
    u8 ours[VALUE_MAX], theirs[VALUE_MAX];
    if (!p->ours->type->lookup_and_delete)
        return;
    int result = skep_map_lookup_and_delete(p->ours, key, ours);
    expect_same(result, result_of(bpf_map_lookup_and_delete_elem(p->theirs, key, theirs)),
                "lookup_and_delete", p);
    if (result == 0)
        assert_memory_equal(ours, theirs, p->ours->spec.value_size);
}

static void try_batch(struct pair *p)
{
    u32 keys[BATCH_MAX], n = random_below(BATCH_MAX), ours = n, theirs = n;
    u8 values[BATCH_MAX * VALUE_MAX];
    u64 flags = random_flags();
    struct bpf_map_batch_opts options = { .sz = sizeof(options), .elem_flags = flags };
    for (u32 i = 0; i < n; i++)
        keys[i] = random_below(p->universe);
    random_bytes(values, sizeof(values));
    int result = skep_map_update_batch(p->ours, keys, values, &ours, flags);
    int there = result_of(bpf_map_update_batch(p->theirs, keys, values, &theirs, &options));
    expect_same(result, there, "update batch", p);
    if (!(flags & ~(u64)BPF_F_LOCK))
        assert_int_equal(ours, theirs);
}

static void run_locked(struct pair *p)
{
    for (u32 i = 0; i < operations; i++) {
        u32 key = random_below(p->universe);
        switch (random_below(10)) {
        case 0:
        case 1: try_lookup(p, &key, random_below(4) ? BPF_F_LOCK : random_flags()); break;
        case 2:
        case 3: try_lookup(p, &key, 0); break;
        case 4: try_delete(p, &key); break;
        case 5: try_take(p, &key); break;
        case 6: try_batch(p); break;
        default: try_update(p, &key); break;
        }
    }
    for (u32 key = 0; key < p->universe; key++)
        try_lookup(p, &key, BPF_F_LOCK);
}

static const struct {
    u32 type, value_size, lock_at, entries, flags, universe;
} shapes[] = {
    { BPF_MAP_TYPE_ARRAY, 16, 1, 20, 0, 24 },
    { BPF_MAP_TYPE_ARRAY, 24, 9, 20, 0, 24 },
    { BPF_MAP_TYPE_ARRAY, 36, 33, 1, 0, 3 },
    { BPF_MAP_TYPE_ARRAY, 44, 13, 9, 0, 10 },
    { BPF_MAP_TYPE_HASH, 16, 1, 50, 0, 90 },
    { BPF_MAP_TYPE_HASH, 24, 21, 50, BPF_F_NO_PREALLOC, 90 },
    { BPF_MAP_TYPE_HASH, 40, 13, 20, 0, 30 },
    { BPF_MAP_TYPE_HASH, 8, 5, 5, BPF_F_NO_PREALLOC, 8 },
};

TEST(locked_values_give_the_kernels_results)
{
    for (u32 i = 0; i < ARRAY_LEN(shapes); i++) {
        struct skep_map_spec spec = { .size = sizeof(spec),
                                      .name = "diff",
                                      .type = shapes[i].type,
                                      .key_size = 4,
                                      .value_size = shapes[i].value_size,
                                      .max_entries = shapes[i].entries,
                                      .flags = shapes[i].flags,
                                      .lock_at = shapes[i].lock_at };
        struct pair p = { .universe = shapes[i].universe };
        random_state = 20240801 + i;
        maps_setup(&p.fixture);
        p.theirs = create_theirs(&spec);
        assert_true(p.theirs >= 0);
        assert_int_equal(ours_create(&p.fixture, &spec, &p.ours), 0);
        run_locked(&p);
        pair_close(&p);
    }
    print_message("%u operations on each of %zu maps\n", operations, ARRAY_LEN(shapes));
}

MAP_PAIR_MAIN(UNIT(locked_values_give_the_kernels_results))
