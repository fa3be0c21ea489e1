/* What may go while programs run: inner maps replaced and removed, the outer map's and the
 * program's last handles dropped, elements deleted under those who hold their values.  What a run
 * found stays valid until it ends; afterwards all memory comes back. */
#include "base/base.h"
#include "support/programs.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 3, RUNS = 1500, INNERS = 4 };

/* r0 = 7 plus what the inner map of key 0 has at key 0; and a look at a value of `table` that is
 * held while the host deletes its key. */
static const char text[] = "*(u32 *)(r10 - 4) = 0;"
                           "r1 = map[idx:0]; r2 = r10; r2 += -4; call 1; if r0 == 0 goto none;"
                           "r1 = r0; r2 = r10; r2 += -4; call 1; if r0 == 0 goto none;"
                           "r6 = r0; r1 = 1; lock *(u64 *)(r6 + 0) += r1;"
                           "r1 = map[idx:1]; r2 = r10; r2 += -4; call 1; if r0 == 0 goto none;"
                           "r7 = r0; call 5; r1 = 1; lock *(u64 *)(r7 + 0) += r1;"
                           "r1 = 0; lock *(u64 *)(r6 + 0) += r1; r0 = 8; exit;"
                           "none: r0 = 7; exit";

struct shared {
    skep_env *env;
    skep_map *outer, *table;
    skep_program *program;
    atomic_int running;
};

static void *run_many(void *user)
{
    struct shared *s = user;
    skep_thread *thread;
    uintptr_t failed = skep_thread_new(s->env, NULL, &thread) != SKEP_OK;
    uint8_t bytes[8] = { 0 };
    for (int i = 0; !failed && i < RUNS; i++) {
        struct skep_memory memory = { bytes, sizeof(bytes) };
        uint64_t r0 = 0;
        failed |= skep_run(thread, s->program, &memory, &r0) != SKEP_OK || (r0 != 7 && r0 != 8);
    }
    skep_thread_free(thread);
    atomic_fetch_sub(&s->running, 1);
    return (void *)failed;
}

static const struct skep_map_spec inner_spec = { .size = sizeof(inner_spec),
                                                 .name = "inner",
                                                 .type = 1,
                                                 .key_size = 4,
                                                 .value_size = 8,
                                                 .max_entries = 4 };

static skep_map *map_of(skep_env *env, const struct skep_map_spec *spec)
{
    skep_map *map = NULL;
    assert_int_equal(skep_map_new(env, spec, &map, NULL), SKEP_OK);
    return map;
}

static void disturb(const struct shared *s, u32 i)
{
    u32 zero = 0;
    u64 value = i;
    skep_map *inner = map_of(s->env, &inner_spec);
    assert_int_equal(skep_map_update(inner, &zero, &value, 0), 0);
    assert_int_equal(skep_map_set_map(s->outer, &zero, inner, 0), 0);
    skep_map_delete(inner, &zero);
    skep_map_update(inner, &zero, &value, 0);
    skep_map_unref(inner); /* the outer map's reference is the last */
    skep_map_update(s->table, &zero, &value, 0);
    skep_map_delete(s->table, &zero);
    skep_map_update(s->table, &zero, &value, 0);
    if (i % 3 == 0)
        skep_map_delete(s->outer, &zero);
}

static void live_through(u32 outer_type, enum skep_engine engine)
{
    struct skep_env_options env_options = { .size = sizeof(env_options), .n_cpus = 8 };
    struct skep_map_spec outer_spec = { .size = sizeof(outer_spec),
                                        .name = "outer",
                                        .type = outer_type,
                                        .key_size = 4,
                                        .value_size = 4,
                                        .max_entries = 4,
                                        .inner = &inner_spec };
    struct shared s = { .running = THREADS };
    pthread_t threads[THREADS];
    assert_int_equal(skep_env_new(&env_options, &s.env, NULL), SKEP_OK);
    size_t before = env_memory(s.env);
    s.outer = map_of(s.env, &outer_spec);
    s.table = map_of(s.env, &inner_spec);
    skep_map *maps[] = { s.outer, s.table };
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = engine,
                                         .profile = SKEP_PROFILE_LINUX,
                                         .trusted = engine != SKEP_ENGINE_JIT,
                                         .maps = maps,
                                         .n_maps = ARRAY_LEN(maps) };
    s.program = program_from_text(s.env, "syscall", text, &options);
    for (u32 i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &s), 0);
    for (u32 i = 0; atomic_load(&s.running) > 0; i++)
        disturb(&s, i);
    for (u32 i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    skep_map_unref(s.outer);
    skep_map_unref(s.table);
    skep_program_free(s.program);
    assert_int_equal(skep_env_memory_used(s.env), before);
    skep_env_free(s.env);
}

TEST(what_a_run_found_outlives_its_removal)
{
    static const u32 types[] = { 12, 13 };
    for (u32 i = 0; i < ARRAY_LEN(types); i++) {
        live_through(types[i], SKEP_ENGINE_CHECKED);
        live_through(types[i], SKEP_ENGINE_INTERP);
        if (*skep_jit_name())
            live_through(types[i], SKEP_ENGINE_JIT);
    }
}

UNIT_TESTS(UNIT(what_a_run_found_outlives_its_removal))
