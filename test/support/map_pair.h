/* A map twice, one of ours and one of the kernel's, for comparisons of what operations give. */
#ifndef SKEP_TEST_MAP_PAIR_H
#define SKEP_TEST_MAP_PAIR_H

#include "support/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <unistd.h>

static u64 random_state;
static inline u32 random_u32(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (u32)(random_state >> 32);
}
static inline u32 random_below(u32 n) { return (u32)((u64)random_u32() * n >> 32); }

static u32 operations = 8000;
static u32 n_cpus;

/* One map twice. */
struct pair {
    struct maps_fixture fixture;
    struct skep_map *ours;
    int theirs;
    u32 universe; /* different keys that are tried */
};

static inline int kernel_create(const struct skep_map_spec *spec)
{
    struct bpf_map_create_opts options = { .sz = sizeof(options),
                                           .map_flags = spec->flags,
                                           .map_extra = spec->map_extra };
    int fd = bpf_map_create((enum bpf_map_type)spec->type, "skep_diff", spec->key_size,
                            spec->value_size, spec->max_entries, &options);
    return fd < 0 ? -errno : fd;
}

static inline int ours_create(struct maps_fixture *f, const struct skep_map_spec *spec,
                              struct skep_map **map)
{
    const struct skep_map_type *type = maps_type(spec->type);
    assert_non_null(type);
    return map_new(type, spec, n_cpus, random_u32(), &f->mem, f->epoch, map);
}

static inline void pair_open(struct pair *p, const struct skep_map_spec *spec, u32 universe)
{
    maps_setup(&p->fixture);
    p->universe = universe;
    p->theirs = kernel_create(spec);
    assert_true(p->theirs >= 0);
    assert_int_equal(ours_create(&p->fixture, spec, &p->ours), 0);
}

static inline void pair_close(struct pair *p)
{
    close(p->theirs);
    map_put_user(p->ours);
    maps_teardown(&p->fixture);
}

static inline void random_bytes(u8 *to, u64 size)
{
    for (u64 i = 0; i < size; i++)
        to[i] = (u8)random_u32();
}

/* One of `universe` keys; for LPM_TRIE any prefix whose bits come from a small set. */
static inline void random_key(const struct pair *p, u8 *key)
{
    const struct skep_map *map = p->ours;
    u32 which = random_below(p->universe);
    if (map->type->id == BPF_MAP_TYPE_LPM_TRIE) {
        u32 size = map->spec.key_size - 4, length = random_below(8 * size + 2);
        memcpy(key, &length, 4);
        for (u32 i = 0; i < size; i++)
            key[4 + i] = (u8)(random_below(3) ? 0x40 * random_below(4) : random_u32());
        return;
    }
    maps_key(map, which, key);
}

/* Operations that were compared, by the number of the map's type. */
static u64 compared[64];

static inline void expect_same(int ours, int theirs, const char *what, const struct pair *p)
{
    compared[p->ours->type->id % ARRAY_LEN(compared)]++;
    if (ours != theirs)
        fail_msg("%s of %s: %d here, %d in the kernel", what, p->ours->type->name, ours, theirs);
}

static inline int result_of(int returned) { return returned < 0 ? -errno : 0; }

/* Runs the tests with as many operations per map as the command line says; skips them where bpf(2)
 * is refused. */
#define MAP_PAIR_MAIN(...)                                                                         \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const struct CMUnitTest tests[] = { __VA_ARGS__ };                                  \
        int failed = pair_possible(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 0;    \
        print_compared();                                                                          \
        return failed;                                                                             \
    }

/* For tools/map_operations.py, which adds up. */
static inline void print_compared(void)
{
    for (u32 i = 0; i < n_map_types; i++)
        printf("compared %s %llu\n", map_types[i]->name,
               (unsigned long long)compared[map_types[i]->id]);
}

static inline bool pair_possible(int argc, char **argv)
{
    struct skep_map_spec probe = maps_spec(&map_hash, 1);
    if (argc > 1)
        operations = (u32)strtoul(argv[1], NULL, 0);
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    int fd = kernel_create(&probe);
    if (fd < 0) {
        printf("skipped: bpf(2) is refused here (%s)\n", strerror(-fd));
        return false;
    }
    close(fd);
    n_cpus = (u32)libbpf_num_possible_cpus();
    return true;
}

#endif
