/* Maps against the kernel's: the same random operations on one of ours and one of Linux's,
 * comparing results, errno and contents after each.  Where order is free (iteration), sets are
 * compared.
 *
 * Usage: diff_map_kernel [operations per map]; skips where bpf(2) is refused. */
#include "support/map_pair.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { DATA_MAX = 8192, KEYS_MAX = 600 };

/* ---- one operation on both ---- */

static int ours_lookup(struct skep_map *map, const u8 *key, u8 *value)
{
    u32 size = map->spec.value_size, stride = (u32)round_up_u64(size, 8);
    u32 n = map->type->traits & SKEP_MAP_PER_CPU ? n_cpus : 1;
    for (u32 cpu = 0; cpu < n; cpu++) {
        const void *found = map->type->lookup(map, key, cpu);
        if (!found)
            return -ENOENT;
        memcpy(value + (size_t)cpu * stride, found, size);
    }
    return 0;
}

static void expect_same_value(const struct pair *p, const u8 *ours, const u8 *theirs)
{
    u32 size = p->ours->spec.value_size, stride = (u32)round_up_u64(size, 8);
    u32 n = p->ours->type->traits & SKEP_MAP_PER_CPU ? n_cpus : 1;
    for (u32 cpu = 0; cpu < n; cpu++)
        assert_memory_equal(ours + (size_t)cpu * stride, theirs + (size_t)cpu * stride, size);
}

static void try_lookup(struct pair *p, const u8 *key)
{
    static u8 ours[DATA_MAX], theirs[DATA_MAX];
    int result = ours_lookup(p->ours, key, ours);
    expect_same(result, result_of(bpf_map_lookup_elem(p->theirs, key, theirs)), "lookup", p);
    if (result == 0)
        expect_same_value(p, ours, theirs);
}

static void try_update(struct pair *p, const u8 *key)
{
    static const u64 flags[] = { 0, 0, 0, 1, 2, 1, 2, 0, 3, 4, 8 };
    static u8 value[DATA_MAX];
    u64 flag = flags[random_below(ARRAY_LEN(flags))];
    random_bytes(value, map_host_value_size(p->ours));
    int ours = p->ours->type->update(p->ours, key, value, flag, SKEP_ALL_CPUS);
    expect_same(ours, result_of(bpf_map_update_elem(p->theirs, key, value, flag)), "update", p);
}

static void try_delete(struct pair *p, const u8 *key)
{
    int ours = p->ours->type->remove(p->ours, key);
    expect_same(ours, result_of(bpf_map_delete_elem(p->theirs, key)), "delete", p);
}

static void try_take(struct pair *p, const u8 *key)
{
    static u8 ours[DATA_MAX], theirs[DATA_MAX];
    if (!p->ours->type->lookup_and_delete)
        return;
    int result = p->ours->type->lookup_and_delete(p->ours, key, ours, SKEP_ALL_CPUS);
    expect_same(result, result_of(bpf_map_lookup_and_delete_elem(p->theirs, key, theirs)),
                "lookup_and_delete", p);
    if (result == 0)
        expect_same_value(p, ours, theirs);
}

/* ---- contents ---- */

struct key_set {
    u32 n, size;
    u8 keys[KEYS_MAX][64];
};
static int compare_keys(const void *a, const void *b) { return memcmp(a, b, 64); }

static void collect(struct key_set *set, int (*next)(const struct pair *, const void *, void *),
                    const struct pair *p)
{
    u8 key[64] = { 0 }, following[64] = { 0 };
    memset(set, 0, sizeof(*set));
    for (int r = next(p, NULL, following); r == 0; r = next(p, key, following)) {
        assert_true(set->n < KEYS_MAX);
        memcpy(key, following, sizeof(key));
        memcpy(set->keys[set->n++], key, sizeof(key));
    }
    qsort(set->keys, set->n, sizeof(set->keys[0]), compare_keys);
}

static int our_next(const struct pair *p, const void *key, void *next)
{
    return p->ours->type->next_key(p->ours, key, next);
}
static int their_next(const struct pair *p, const void *key, void *next)
{
    return result_of(bpf_map_get_next_key(p->theirs, key, next));
}

static void compare_contents(struct pair *p)
{
    static struct key_set ours, theirs;
    collect(&ours, our_next, p);
    collect(&theirs, their_next, p);
    assert_int_equal(ours.n, theirs.n);
    assert_memory_equal(ours.keys, theirs.keys, sizeof(ours.keys));
    for (u32 i = 0; i < ours.n; i++)
        try_lookup(p, ours.keys[i]);
}

static void run_table(const struct skep_map_spec *spec, u32 universe)
{
    struct pair p;
    random_state = 20240601 + spec->type * 1000003u + spec->key_size;
    pair_open(&p, spec, universe);
    for (u32 i = 0; i < operations; i++) {
        u8 key[64] = { 0 };
        random_key(&p, key);
        switch (random_below(8)) {
        case 0:
        case 1: try_lookup(&p, key); break;
        case 2: try_delete(&p, key); break;
        case 3: try_take(&p, key); break;
        default: try_update(&p, key); break;
        }
        if (i % 1000 == 999)
            compare_contents(&p);
    }
    compare_contents(&p);
    pair_close(&p);
}

static const struct {
    u32 type, key_size, value_size, entries, flags, universe;
} tables[] = {
    { BPF_MAP_TYPE_ARRAY, 4, 8, 50, 0, 55 },
    { BPF_MAP_TYPE_ARRAY, 4, 13, 1, 0, 3 },
    { BPF_MAP_TYPE_ARRAY, 4, 300, 20, BPF_F_MMAPABLE, 22 },
    { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 50, 0, 55 },
    { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 21, 7, 0, 9 },
    { BPF_MAP_TYPE_HASH, 4, 8, 100, 0, 180 },
    { BPF_MAP_TYPE_HASH, 8, 4, 100, BPF_F_NO_PREALLOC, 180 },
    { BPF_MAP_TYPE_HASH, 16, 40, 128, 0, 250 },
    { BPF_MAP_TYPE_HASH, 13, 1, 300, BPF_F_NO_PREALLOC, 500 },
    { BPF_MAP_TYPE_HASH, 1, 3, 5, 0, 12 },
    { BPF_MAP_TYPE_HASH, 60, 700, 1, 0, 3 },
    { BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 100, 0, 180 },
    { BPF_MAP_TYPE_PERCPU_HASH, 12, 12, 100, BPF_F_NO_PREALLOC, 180 },
    { BPF_MAP_TYPE_LRU_HASH, 4, 8, 4096, 0, 300 },
    { BPF_MAP_TYPE_LRU_PERCPU_HASH, 20, 8, 4096, 0, 300 },
    { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 400, BPF_F_NO_PREALLOC, 0 },
    { BPF_MAP_TYPE_LPM_TRIE, 8, 5, 60, BPF_F_NO_PREALLOC, 0 },
    { BPF_MAP_TYPE_LPM_TRIE, 20, 24, 400, BPF_F_NO_PREALLOC, 0 },
    { BPF_MAP_TYPE_LPM_TRIE, 5, 4, 100, BPF_F_NO_PREALLOC, 0 },
};

TEST(tables_give_the_kernels_results)
{
    for (u32 i = 0; i < ARRAY_LEN(tables); i++) {
        struct skep_map_spec spec = { .size = sizeof(spec),
                                      .name = "diff",
                                      .type = tables[i].type,
                                      .key_size = tables[i].key_size,
                                      .value_size = tables[i].value_size,
                                      .max_entries = tables[i].entries,
                                      .flags = tables[i].flags };
        run_table(&spec, tables[i].universe);
    }
    print_message("%u operations on each of %zu maps\n", operations, ARRAY_LEN(tables));
}

/* ---- queues and stacks ---- */

static void try_end(struct pair *p, bool take)
{
    static u8 ours[DATA_MAX], theirs[DATA_MAX];
    const struct skep_map_type *type = p->ours->type;
    int result = take ? type->pop(p->ours, ours) : type->peek(p->ours, ours);
    int there = take ? bpf_map_lookup_and_delete_elem(p->theirs, NULL, theirs)
                     : bpf_map_lookup_elem(p->theirs, NULL, theirs);
    expect_same(result, result_of(there), take ? "pop" : "peek", p);
    if (result == 0)
        assert_memory_equal(ours, theirs, p->ours->spec.value_size);
}

static void try_push(struct pair *p)
{
    static const u64 flags[] = { 0, 0, 0, 1, 2, 3, 4 };
    u8 value[64];
    u64 flag = flags[random_below(ARRAY_LEN(flags))];
    random_bytes(value, p->ours->spec.value_size);
    int ours = p->ours->type->push(p->ours, value, flag);
    expect_same(ours, result_of(bpf_map_update_elem(p->theirs, NULL, value, flag)), "push", p);
}

TEST(queues_and_stacks_give_the_kernels_results)
{
    static const u32 types[] = { BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK };
    for (u32 i = 0; i < ARRAY_LEN(types); i++) {
        struct skep_map_spec spec = { .size = sizeof(spec),
                                      .name = "diff",
                                      .type = types[i],
                                      .value_size = 13,
                                      .max_entries = 7 };
        struct pair p;
        random_state = types[i];
        pair_open(&p, &spec, 0);
        for (u32 step = 0; step < operations; step++) {
            u32 what = random_below(step / 100 % 2 ? 3 : 5);
            if (what >= 2)
                try_push(&p);
            else
                try_end(&p, what == 0);
        }
        pair_close(&p);
    }
}

/* ---- device maps: 1 is the loop-back interface everywhere ---- */

TEST(device_maps_give_the_kernels_results)
{
    static const u32 types[] = { BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH };
    for (u32 i = 0; i < ARRAY_LEN(types); i++) {
        struct skep_map_spec spec = { .size = sizeof(spec),
                                      .name = "diff",
                                      .type = types[i],
                                      .key_size = 4,
                                      .value_size = 4,
                                      .max_entries = 16 };
        struct pair p;
        random_state = types[i];
        pair_open(&p, &spec, 24);
        for (u32 step = 0; step < operations; step++) {
            u32 key = random_below(20), value = random_below(5) != 0, what = random_below(4);
            u64 flag = random_below(5);
            if (what == 0)
                try_delete(&p, (u8 *)&key);
            else if (what == 1)
                try_lookup(&p, (u8 *)&key);
            else
                expect_same(p.ours->type->update(p.ours, &key, &value, flag, 0),
                            result_of(bpf_map_update_elem(p.theirs, &key, &value, flag)), "update",
                            &p);
        }
        pair_close(&p);
    }
}

TEST(cpu_maps_give_the_kernels_results)
{
    static const u32 lengths[] = { 0, 1, 200, 16384, 16385, UINT32_MAX };
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "diff",
                                  .type = BPF_MAP_TYPE_CPUMAP,
                                  .key_size = 4,
                                  .value_size = 4,
                                  .max_entries = 8 };
    struct pair p;
    random_state = 36;
    pair_open(&p, &spec, 10);
    for (u32 step = 0; step < operations; step++) {
        u32 key = random_below(10), value = lengths[random_below(6)], what = random_below(12);
        u64 flag = random_below(3) ? 0 : random_below(4);
        if (what < 2)
            try_delete(&p, (u8 *)&key);
        else if (what > 3)
            try_lookup(&p, (u8 *)&key);
        else /* makes a thread */
            expect_same(p.ours->type->update(p.ours, &key, &value, flag, 0),
                        result_of(bpf_map_update_elem(p.theirs, &key, &value, flag)), "update", &p);
    }
    pair_close(&p);
}

/* ---- maps that hold programs, maps and groups: who is there, and every errno ---- */

/* The same object on both sides. */
struct twin {
    void *ours;
    int theirs;
    u32 id; /* the kernel's */
};

static void release_nothing(struct rt_program *program) { (void)program; }

static int kernel_program(void)
{
    const struct bpf_insn code[] = {
        { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
        { .code = BPF_JMP | BPF_EXIT },
    };
    return bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "skep_diff", "GPL", code, 2, NULL);
}

/* A map that holds objects, twice. */
struct holder {
    struct pair p;
    const struct twin *twins;
    u32 n_twins;
    u32 changes_left; /* by themselves; then in batches */
};

enum { HOLDER_ENTRIES = 12, HOLDER_UNIVERSE = 15, HOLDER_CHANGES = 300, HOLDER_BATCH = 500 };

/* Which object is there? */
static void hold_lookup(const struct holder *h, u32 key)
{
    const struct pair *p = &h->p;
    u32 id = 0;
    const void *ours = p->ours->type->lookup(p->ours, &key, 0);
    expect_same(ours ? 0 : -ENOENT, result_of(bpf_map_lookup_elem(p->theirs, &key, &id)), "lookup",
                p);
    for (u32 i = 0; i < h->n_twins; i++)
        assert_int_equal(ours == h->twins[i].ours, ours && id == h->twins[i].id);
}

static void hold_next_key(const struct holder *h, u32 key)
{
    const struct pair *p = &h->p;
    u32 next_ours = 0, next_theirs = 0;
    expect_same(p->ours->type->next_key(p->ours, &key, &next_ours),
                result_of(bpf_map_get_next_key(p->theirs, &key, &next_theirs)), "next key", p);
    assert_int_equal(next_ours, next_theirs);
}

static void hold_change(const struct holder *h, u32 key)
{
    const struct pair *p = &h->p;
    const struct skep_map_type *type = p->ours->type;
    const struct twin *twin = &h->twins[random_below(h->n_twins)];
    u64 flag = random_below(4) ? 0 : random_below(5);
    if (random_below(3) == 0)
        expect_same(type->remove(p->ours, &key), result_of(bpf_map_delete_elem(p->theirs, &key)),
                    "delete", p);
    else
        expect_same(type->set_held(p->ours, &key, twin->ours, flag),
                    result_of(bpf_map_update_elem(p->theirs, &key, &twin->theirs, flag)), "set", p);
}

/* Mostly of what is possible, since a batch ends with what is not.  How many came to pass. */
static u32 hold_change_many(const struct holder *h)
{
    const struct pair *p = &h->p;
    const struct skep_map_type *type = p->ours->type;
    bool remove = type->id == BPF_MAP_TYPE_HASH_OF_MAPS && random_below(8) == 0;
    u32 keys[HOLDER_BATCH], which[HOLDER_BATCH], n = 1 + random_below(remove ? 4 : HOLDER_BATCH);
    int objects[HOLDER_BATCH], result = 0, there;
    u32 theirs = n, ours = 0;
    for (u32 i = 0; i < n; i++) {
        bool usual = random_below(1000) != 0;
        keys[i] = random_below(usual ? HOLDER_ENTRIES : HOLDER_UNIVERSE);
        which[i] = random_below(usual ? 2 : h->n_twins);
        objects[i] = h->twins[which[i]].theirs;
    }
    there = remove ? bpf_map_delete_batch(p->theirs, keys, &theirs, NULL)
                   : bpf_map_update_batch(p->theirs, keys, objects, &theirs, NULL);
    while (ours < n && result == 0) {
        result = remove ? type->remove(p->ours, &keys[ours])
                        : type->set_held(p->ours, &keys[ours], h->twins[which[ours]].ours, 0);
        ours += result == 0;
    }
    expect_same(result, result_of(there), "batch", p);
    assert_int_equal(ours, theirs);
    compared[type->id] += ours;
    return ours;
}

static u32 hold_step(struct holder *h)
{
    u32 key = random_below(HOLDER_UNIVERSE);
    bool ordered = h->p.ours->type->id != BPF_MAP_TYPE_HASH_OF_MAPS;
    switch (random_below(8)) {
    case 0:
    case 1: hold_lookup(h, key); return 1;
    case 2: (ordered ? hold_next_key : hold_lookup)(h, key); return 1;
    default:
        /* The kernel waits for all programs after each change of a map of maps, or once after
         * many. */
        if (h->p.ours->type->traits & SKEP_MAP_HOLDS_MAPS && h->changes_left-- == 0) {
            h->changes_left = 0;
            return hold_change_many(h);
        }
        hold_change(h, key);
        return 1;
    }
}

static void hold(u32 type, const struct twin *twins, u32 n_twins, int inner_fd)
{
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "diff",
                                  .type = type,
                                  .key_size = 4,
                                  .value_size = 4,
                                  .max_entries = HOLDER_ENTRIES,
                                  .inner = inner_fd >= 0 ? &maps_inner_spec : NULL };
    struct bpf_map_create_opts options = { .sz = sizeof(options),
                                           .inner_map_fd = inner_fd >= 0 ? (u32)inner_fd : 0 };
    struct holder h = { .twins = twins, .n_twins = n_twins, .changes_left = HOLDER_CHANGES };
    maps_setup(&h.p.fixture);
    h.p.theirs =
        bpf_map_create((enum bpf_map_type)type, "skep_diff", 4, 4, HOLDER_ENTRIES, &options);
    assert_true(h.p.theirs >= 0);
    assert_int_equal(ours_create(&h.p.fixture, &spec, &h.p.ours), 0);
    for (u32 step = 0; step < operations;)
        step += max_u32(hold_step(&h), 1);
    pair_close(&h.p);
}

static u32 program_id(int fd)
{
    struct bpf_prog_info info = { 0 };
    u32 size = sizeof(info);
    assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
    return info.id;
}

static u32 map_id(int fd)
{
    struct bpf_map_info info = { 0 };
    u32 size = sizeof(info);
    assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
    return info.id;
}

TEST(program_arrays_give_the_kernels_results)
{
    struct rt_program programs[2] = { { .references = 1, .release = release_nothing },
                                      { .references = 1, .release = release_nothing } };
    struct twin twins[2];
    for (u32 i = 0; i < 2; i++) {
        int fd = kernel_program();
        twins[i] = (struct twin){ &programs[i], fd, program_id(fd) };
    }
    random_state = 31;
    hold(BPF_MAP_TYPE_PROG_ARRAY, twins, 2, -1);
    close(twins[0].theirs);
    close(twins[1].theirs);
}

TEST(maps_of_maps_give_the_kernels_results)
{
    struct maps_fixture f;
    struct skep_map_spec specs[3] = { maps_inner_spec, maps_inner_spec, maps_inner_spec };
    struct twin twins[3];
    maps_setup(&f);
    specs[2].value_size = 16; /* of another shape */
    for (u32 i = 0; i < 3; i++) {
        twins[i].theirs = kernel_create(&specs[i]);
        twins[i].id = map_id(twins[i].theirs);
        twins[i].ours = maps_make(&f, &map_array, &specs[i]);
    }
    random_state = 32;
    hold(BPF_MAP_TYPE_ARRAY_OF_MAPS, twins, 3, twins[0].theirs);
    hold(BPF_MAP_TYPE_HASH_OF_MAPS, twins, 3, twins[0].theirs);
    for (u32 i = 0; i < 3; i++) {
        close(twins[i].theirs);
        map_put_user(twins[i].ours);
    }
    maps_teardown(&f);
}

/* Our handles may be any number; what is compared is when the kernel refuses a good one. */
static void compare_handles(u32 type, int handle)
{
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "diff",
                                  .type = type,
                                  .key_size = 4,
                                  .value_size = 4,
                                  .max_entries = 12 };
    struct pair p;
    u32 key = 1, next_ours = 0, next_theirs = 0;
    random_state = type;
    pair_open(&p, &spec, 15);
    bool possible = handle >= 0 && bpf_map_update_elem(p.theirs, &key, &handle, 0) == 0;
    bpf_map_delete_elem(p.theirs, &key);
    for (u32 step = 0; possible && step < operations; step++) {
        u64 flag = random_below(3) ? 0 : random_below(5);
        key = random_below(15);
        switch (random_below(4)) {
        case 0: try_delete(&p, (u8 *)&key); break;
        case 1:
            expect_same(p.ours->type->next_key(p.ours, &key, &next_ours),
                        result_of(bpf_map_get_next_key(p.theirs, &key, &next_theirs)), "next key",
                        &p);
            assert_int_equal(next_ours, next_theirs);
            break;
        default:
            expect_same(p.ours->type->update(p.ours, &key, &handle, flag, 0),
                        result_of(bpf_map_update_elem(p.theirs, &key, &handle, flag)), "update",
                        &p);
        }
    }
    if (!possible)
        print_message("%s: skipped, nothing here to put into the kernel's\n", p.ours->type->name);
    pair_close(&p);
    close(handle);
}

/* The root of version 2 control groups, wherever it is mounted. */
static int control_group(void)
{
    char line[512], path[256], kind[32];
    int group = -1;
    FILE *mounts = fopen("/proc/self/mounts", "r");
    while (group < 0 && mounts && fgets(line, sizeof(line), mounts))
        if (sscanf(line, "%*s %255s %31s", path, kind) == 2 && strcmp(kind, "cgroup2") == 0)
            group = open(path, O_RDONLY | O_DIRECTORY);
    if (mounts)
        fclose(mounts);
    return group;
}

static int software_event(void)
{
    struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
                                    .size = sizeof(attr),
                                    .config = PERF_COUNT_SW_BPF_OUTPUT,
                                    .sample_type = PERF_SAMPLE_RAW };
    return (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
}

TEST(arrays_of_handles_give_the_kernels_results)
{
    compare_handles(BPF_MAP_TYPE_CGROUP_ARRAY, control_group());
    compare_handles(BPF_MAP_TYPE_PERF_EVENT_ARRAY, software_event());
    compare_handles(BPF_MAP_TYPE_XSKMAP, socket(AF_XDP, SOCK_RAW, 0));
}

/* ---- Bloom filters: what is in is found; how often what is not in is found, too ---- */

enum { BLOOM_SIZE = 500, BLOOM_OTHERS = 4000 };

/* What was pushed is found on both sides. */
static void bloom_step(struct pair *p, bool pushed[BLOOM_SIZE])
{
    u32 n = random_below(BLOOM_SIZE), value[3] = { n, 0, n };
    if (!pushed[n] || random_below(4) == 0) {
        u64 flag = random_below(5) ? 0 : random_below(6);
        int ours = p->ours->type->push(p->ours, value, flag);
        expect_same(ours, result_of(bpf_map_update_elem(p->theirs, NULL, value, flag)), "push", p);
        pushed[n] = pushed[n] || ours == 0;
    } else {
        int ours = p->ours->type->peek(p->ours, value);
        assert_int_equal(ours, 0);
        expect_same(ours, result_of(bpf_map_lookup_elem(p->theirs, NULL, value)), "peek", p);
    }
}

static void bloom_compare_others(struct pair *p, u32 hashes)
{
    u32 wrong_ours = 0, wrong_theirs = 0;
    for (u32 n = 0; n < BLOOM_OTHERS; n++) {
        u32 value[3] = { BLOOM_SIZE + n, 0, BLOOM_SIZE + n };
        int ours = p->ours->type->peek(p->ours, value);
        int theirs = result_of(bpf_map_lookup_elem(p->theirs, NULL, value));
        assert_true((ours == 0 || ours == -ENOENT) && (theirs == 0 || theirs == -ENOENT));
        wrong_ours += ours == 0;
        wrong_theirs += theirs == 0;
    }
    print_message("%u hashes: %u of %d wrong here, %u in the kernel\n", hashes, wrong_ours,
                  BLOOM_OTHERS, wrong_theirs);
    assert_in_range(wrong_ours, 0, wrong_theirs * 3 / 2 + 40);
}

TEST(bloom_filters_give_the_kernels_results)
{
    static const u32 hashes[] = { 0, 1, 3, 9 };
    for (u32 i = 0; i < ARRAY_LEN(hashes); i++) {
        struct skep_map_spec spec = { .size = sizeof(spec),
                                      .name = "diff",
                                      .type = BPF_MAP_TYPE_BLOOM_FILTER,
                                      .value_size = 12,
                                      .max_entries = BLOOM_SIZE,
                                      .map_extra = hashes[i] };
        struct pair p;
        bool pushed[BLOOM_SIZE] = { false };
        random_state = 34 + i;
        pair_open(&p, &spec, 0);
        for (u32 n = 0; n < max_u32(operations / (u32)ARRAY_LEN(hashes), 8 * BLOOM_SIZE); n++)
            bloom_step(&p, pushed);
        bloom_compare_others(&p, hashes[i]);
        pair_close(&p);
    }
}

/* ---- ring buffers: the kernel's is filled by a program ---- */

struct ring_ask {
    u64 size, flags, what;
    u8 data[256];
};

static const struct bpf_insn ring_query[] = {
    { BPF_LDX | BPF_MEM | BPF_DW, 7, 6, 16, 0 },
    { BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 3, 0 },
    { BPF_LDX | BPF_MEM | BPF_DW, 2, 6, 8, 0 },
    { BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_query },
    { BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
};
static const struct bpf_insn ring_output[] = {
    { BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0 },
    { BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -256 },
    { BPF_LDX | BPF_MEM | BPF_DW, 3, 6, 0, 0 },
    { BPF_ALU64 | BPF_AND | BPF_K, 3, 0, 0, 255 },
    { BPF_LDX | BPF_MEM | BPF_DW, 4, 6, 8, 0 },
    { BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_output },
    { BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
};

/* r0 = bpf_ringbuf_query(map, ctx->flags) or, after the data has been copied to the stack,
 * bpf_ringbuf_output(map, data, ctx->size & 255, ctx->flags). */
static int ring_program(int map)
{
    struct bpf_insn code[128] = { { BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0 },
                                  { BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map },
                                  { 0 } };
    size_t n = 3;
    memcpy(code + n, ring_query, sizeof(ring_query));
    n += ARRAY_LEN(ring_query);
    for (s16 at = 0; at < 256; at += 8) {
        code[n++] = (struct bpf_insn){ BPF_LDX | BPF_MEM | BPF_DW, 0, 6, (s16)(24 + at), 0 };
        code[n++] = (struct bpf_insn){ BPF_STX | BPF_MEM | BPF_DW, 10, 0, (s16)(at - 256), 0 };
    }
    memcpy(code + n, ring_output, sizeof(ring_output));
    n += ARRAY_LEN(ring_output);
    struct bpf_prog_load_opts options = { .sz = sizeof(options), .prog_flags = BPF_F_SLEEPABLE };
    return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "skep_diff", "GPL", code, n, &options);
}

static int ring_theirs(int program, struct ring_ask *ask)
{
    struct bpf_test_run_opts run = { .sz = sizeof(run),
                                     .ctx_in = ask,
                                     .ctx_size_in = sizeof(*ask) };
    assert_int_equal(bpf_prog_test_run_opts(program, &run), 0);
    return (int)run.retval;
}

static int ring_ours(struct skep_map *map, const struct ring_ask *ask)
{
    if (ask->what)
        return (int)map->type->query(map, ask->flags);
    void *record = map->type->reserve(map, ask->size & 255, 0);
    if (!record)
        return -EAGAIN;
    memcpy(record, ask->data, ask->size & 255);
    map->type->commit(map, record, false, ask->flags);
    return 0;
}

struct ring_seen {
    u64 n, hash;
};

static int ring_receive(void *user, const void *data, size_t size)
{
    struct ring_seen *seen = user;
    seen->hash = hash_bytes(data, size, seen->hash + size);
    seen->n++;
    return 0;
}
static int ring_receive_theirs(void *user, void *data, size_t size)
{
    return ring_receive(user, data, size);
}

TEST(ring_buffers_give_the_kernels_results)
{
    struct skep_map_spec spec = {
        .size = sizeof(spec), .name = "diff", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096
    };
    struct ring_seen ours = { 0 }, theirs = { 0 };
    struct pair p;
    random_state = 35;
    pair_open(&p, &spec, 0);
    int program = ring_program(p.theirs);
    struct ring_buffer *ring = ring_buffer__new(p.theirs, ring_receive_theirs, &theirs, NULL);
    assert_true(program >= 0 && ring);
    for (u32 step = 0; step < operations; step++) {
        struct ring_ask ask = { .size = random_below(255),
                                .flags = random_below(3),
                                .what = random_below(4) == 0 };
        random_bytes(ask.data, sizeof(ask.data));
        if (ask.what)
            ask.flags = random_below(5);
        expect_same(ring_ours(p.ours, &ask), ring_theirs(program, &ask),
                    ask.what ? "query" : "output", &p);
        if (random_below(40) == 0) {
            ring_buffer__consume(ring);
            p.ours->type->drain(p.ours, ring_receive, &ours);
            assert_int_equal(ours.n, theirs.n);
            assert_true(ours.hash == theirs.hash);
        }
    }
    assert_true(ours.n > 0);
    ring_buffer__free(ring);
    close(program);
    pair_close(&p);
}

/* ---- creation ---- */

static u32 one_of(const u32 *values, u32 n) { return values[random_below(n)]; }

static struct skep_map_spec random_spec(u32 type)
{
    static const u32 keys[] = { 0, 1, 4, 4, 4, 5, 8, 8, 16, 260, 261, 512 };
    static const u32 values[] = { 0, 1, 4, 4, 8, 8, 64, 32768, 32769, 1 << 22 };
    static const u32 entries[] = { 0, 1, 2, 100, 4096, 8192, 12288 };
    struct skep_map_spec spec = { .size = sizeof(spec), .name = "diff", .type = type };
    spec.key_size = one_of(keys, ARRAY_LEN(keys));
    spec.value_size = one_of(values, ARRAY_LEN(values));
    spec.max_entries = one_of(entries, ARRAY_LEN(entries));
    if (random_below(2)) {
        const struct skep_map_spec good = maps_spec(maps_type(type), 100);
        spec.key_size = good.key_size;
        spec.value_size = good.value_size;
    }
    if (random_below(3) == 0)
        spec.flags = (u32)1 << random_below(13);
    if (random_below(4) == 0)
        spec.flags |= (u32)1 << random_below(13);
    if (type == BPF_MAP_TYPE_BLOOM_FILTER)
        spec.map_extra = random_below(18);
    if (type == BPF_MAP_TYPE_LPM_TRIE && random_below(4))
        spec.flags |= BPF_F_NO_PREALLOC;
    return spec;
}

static u32 compare_creation(struct maps_fixture *f, const struct skep_map_spec *spec)
{
    struct skep_map *map = NULL;
    int ours = ours_create(f, spec, &map), theirs = kernel_create(spec);
    if (ours == 0)
        map_put_user(map);
    if (theirs >= 0)
        close(theirs);
    if (ours != (theirs < 0 ? theirs : 0)) {
        print_message("type %u key %u value %u entries %u flags %#x: %d here, %d in the kernel\n",
                      spec->type, spec->key_size, spec->value_size, spec->max_entries, spec->flags,
                      ours, theirs < 0 ? theirs : 0);
        return 1;
    }
    return 0;
}

/* Large values times many entries are left out: there the answer depends on the memory there is. */
static bool is_small(const struct skep_map_spec *spec)
{
    return (u64)spec->value_size * spec->max_entries <= 1 << 24;
}

TEST(creation_gives_the_kernels_results)
{
    struct maps_fixture f;
    u32 different = 0;
    random_state = 77;
    maps_setup(&f);
    for (u32 i = 0; i < operations; i++) {
        const struct skep_map_type *type = map_types[random_below(n_map_types)];
        struct skep_map_spec spec = random_spec(type->id);
        if (is_small(&spec) && !(type->traits & SKEP_MAP_HOLDS_MAPS) &&
            type->id != BPF_MAP_TYPE_CPUMAP) /* its limit is the machine's */
            different += compare_creation(&f, &spec);
    }
    maps_teardown(&f);
    assert_int_equal(different, 0);
}

MAP_PAIR_MAIN(UNIT(tables_give_the_kernels_results),
              UNIT(queues_and_stacks_give_the_kernels_results),
              UNIT(device_maps_give_the_kernels_results), UNIT(cpu_maps_give_the_kernels_results),
              UNIT(program_arrays_give_the_kernels_results),
              UNIT(maps_of_maps_give_the_kernels_results),
              UNIT(arrays_of_handles_give_the_kernels_results),
              UNIT(bloom_filters_give_the_kernels_results),
              UNIT(ring_buffers_give_the_kernels_results), UNIT(creation_gives_the_kernels_results))
