/* A map type of the application, through the public header alone: a counter that programs and the
 * host look up, walk and change, whose memory is the env's, and whose errors arrive. */
#include "support/programs.h"

#include <errno.h>
#include <stdatomic.h>

/* COUNTERS: max_entries atomic counters; an update adds.  destroyed: how often one ended. */
enum { COUNTERS_ID = 9000 };

static int destroyed;

static int counters_check(const struct skep_map_spec *spec)
{
    return spec->max_entries > 1000 ? -E2BIG : 0;
}

static size_t counters_bytes(const skep_map *map)
{
    return skep_map_spec(map)->max_entries * sizeof(_Atomic uint64_t);
}

static int counters_create(skep_map *map)
{
    void *counters = skep_map_alloc(map, counters_bytes(map));
    skep_map_set_private(map, counters);
    return counters ? 0 : -ENOMEM;
}

static void counters_destroy(skep_map *map)
{
    skep_map_release(map, skep_map_private(map), counters_bytes(map));
    destroyed++;
}

static void *counters_lookup(skep_map *map, const void *key, uint32_t cpu)
{
    uint32_t index;
    (void)cpu;
    memcpy(&index, key, sizeof(index));
    _Atomic uint64_t *counters = skep_map_private(map);
    return index < skep_map_spec(map)->max_entries ? (void *)&counters[index] : NULL;
}

static int counters_update(skep_map *map, const void *key, const void *value, uint64_t flags,
                           uint32_t cpu)
{
    _Atomic uint64_t *counter = counters_lookup(map, key, cpu);
    uint64_t by;
    memcpy(&by, value, sizeof(by));
    if (flags != SKEP_MAP_ANY)
        return -EINVAL;
    if (!counter)
        return -E2BIG;
    atomic_fetch_add(counter, by);
    return 0;
}

static int counters_next_element(skep_map *map, uint64_t *position, void *key, void **value,
                                 uint32_t cpu)
{
    if (*position >= skep_map_spec(map)->max_entries)
        return -ENOENT;
    uint32_t index = (uint32_t)(*position)++;
    memcpy(key, &index, sizeof(index));
    *value = counters_lookup(map, key, cpu);
    return 0;
}

static const struct skep_map_type counters = {
    .size = sizeof(counters),
    .name = "counters",
    .id = COUNTERS_ID,
    .personality = SKEP_APPLICATION,
    .classes = SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE | SKEP_MAP_ITERATE,
    .traits = SKEP_MAP_KEYS_ARE_INDEXES,
    .key_size_min = 4,
    .key_size_max = 4,
    .value_size_min = 8,
    .value_size_max = 8,
    .check = counters_check,
    .create = counters_create,
    .destroy = counters_destroy,
    .lookup = counters_lookup,
    .update = counters_update,
    .next_element = counters_next_element,
};

static skep_env *env_with(const struct skep_map_type *type)
{
    const struct skep_map_type *types[] = { type };
    struct skep_env_options options = { .size = sizeof(options),
                                        .map_types = types,
                                        .n_map_types = 1 };
    skep_env *env = NULL;
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    return env;
}

static struct skep_map_spec counters_spec(uint32_t entries)
{
    return (struct skep_map_spec){ .size = sizeof(struct skep_map_spec),
                                   .name = "hits",
                                   .type = COUNTERS_ID,
                                   .key_size = 4,
                                   .value_size = 8,
                                   .max_entries = entries };
}

static const char text[] = "*(u32 *)(r10 - 4) = 2; *(u64 *)(r10 - 16) = 5;"
                           "r1 = map[idx:0]; r2 = r10; r2 += -4; r3 = r10; r3 += -16; r4 = 0;"
                           "call 2; r6 = r0;" /* update adds */
                           "r1 = map[idx:0]; r2 = code[walk]; r3 = 0; r4 = 0; call 164; r7 = r0;"
                           "r1 = map[idx:0]; r2 = r10; r2 += -4; call 1; if r0 == 0 goto out;"
                           "r0 = *(u64 *)(r0 + 0); r0 += r6; r7 *= 100; r0 += r7; exit;"
                           "out: r0 = 0; exit;"
                           "walk: r0 = 0; exit";

TEST(programs_and_hosts_use_a_type_of_the_application)
{
    static const enum skep_engine engines[] = { SKEP_ENGINE_CHECKED, SKEP_ENGINE_INTERP,
                                                SKEP_ENGINE_JIT };
    for (size_t i = 0; i < (*skep_jit_name() ? 3 : 2); i++) {
        skep_env *env = env_with(&counters);
        struct skep_map_spec spec = counters_spec(4);
        skep_map *map = NULL;
        skep_thread *thread;
        uint8_t bytes[8] = { 0 };
        struct skep_memory memory = { bytes, sizeof(bytes) };
        uint64_t r0 = 0, value = 0, cursor = 0, values[8];
        uint32_t key = 2, keys[8], count = 8;
        assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
        assert_ptr_equal(skep_map_type(map), &counters);
        struct skep_load_options options = { .size = sizeof(options),
                                             .engine = engines[i],
                                             .trusted = engines[i] != SKEP_ENGINE_JIT,
                                             .maps = &map,
                                             .n_maps = 1 };
        skep_program *program = program_from_text(env, "syscall", text, &options);
        assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
        for (uint64_t run = 1; run <= 3; run++) {
            assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_OK);
            assert_int_equal(r0, 400 + 5 * run);
        }
        assert_int_equal(skep_map_lookup(map, &key, &value), 0);
        assert_int_equal(value, 15);
        assert_int_equal(skep_map_update(map, &key, &value, SKEP_MAP_NOEXIST), -EINVAL);
        assert_int_equal(skep_map_delete(map, &key), -ENOTSUP);
        assert_int_equal(skep_map_lookup_batch(map, &cursor, keys, values, &count, 0), -ENOENT);
        assert_int_equal(count, 4);
        assert_int_equal(values[2], 15);
        int before = destroyed;
        skep_thread_free(thread);
        skep_map_unref(map);
        assert_int_equal(destroyed, before);
        skep_program_free(program);
        skep_env_free(env);
        assert_int_equal(destroyed, before + 1);
    }
}

TEST(what_its_columns_and_its_check_forbid_is_refused)
{
    skep_env *env = env_with(&counters);
    struct skep_map_spec bad[3] = { counters_spec(1001), counters_spec(4), counters_spec(4) };
    skep_map *map = NULL;
    skep_error error = { 0 };
    bad[1].key_size = 8;
    bad[2].flags = 1;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(skep_map_new(env, &bad[i], &map, &error), SKEP_BAD_ARG);
    skep_env_free(env);
}

TEST(a_descriptor_that_lacks_what_it_promises_is_refused)
{
    struct skep_map_type bad = counters;
    const struct skep_map_type *types[] = { &bad };
    struct skep_env_options options = { .size = sizeof(options),
                                        .map_types = types,
                                        .n_map_types = 1 };
    skep_env *env = NULL;
    bad.classes |= SKEP_MAP_STACKS;
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_BAD_ARG);
    bad.classes = counters.classes | SKEP_MAP_DELETE;
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_BAD_ARG);
}

UNIT_TESTS(UNIT(programs_and_hosts_use_a_type_of_the_application),
           UNIT(what_its_columns_and_its_check_forbid_is_refused),
           UNIT(a_descriptor_that_lacks_what_it_promises_is_refused))
