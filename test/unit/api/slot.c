/* Slots: programs replaced while threads run them; and runs without a thread handle. */
#include "support/programs.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SLOT_RUNNERS = 2, SLOT_REPLACEMENTS = 300 };

static skep_env *slot_env(void)
{
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = 4 };
    skep_env *env = NULL;
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    return env;
}

struct runner {
    skep_env *env;
    skep_slot *slot;
    _Atomic bool *stop;
    unsigned long runs, wrong;
};

static void *runner_main(void *user)
{
    struct runner *runner = user;
    skep_thread *thread;
    if (skep_thread_new(runner->env, NULL, &thread) != SKEP_OK)
        return NULL;
    while (!atomic_load(runner->stop) || runner->runs == 0) {
        struct skep_memory memory = { NULL, 0 };
        uint64_t r0 = 0;
        bool right =
            skep_run_slot(thread, runner->slot, &memory, &r0) == SKEP_OK && r0 >= 1 && r0 <= 2;
        runner->runs++;
        runner->wrong += !right;
    }
    skep_thread_free(thread);
    return NULL;
}

TEST(a_program_is_replaced_while_threads_run_it)
{
    static const char *const texts[] = { "r0 = 1; exit", "r0 = 2; exit" };
    skep_env *env = slot_env();
    size_t before = env_memory(env);
    skep_slot *slot;
    assert_int_equal(skep_slot_new(env, program_from_text(env, "memory", texts[0], NULL), &slot),
                     SKEP_OK);
    _Atomic bool stop = false;
    struct runner runners[SLOT_RUNNERS];
    pthread_t threads[SLOT_RUNNERS];
    for (size_t i = 0; i < SLOT_RUNNERS; i++) {
        runners[i] = (struct runner){ .env = env, .slot = slot, .stop = &stop };
        assert_int_equal(pthread_create(&threads[i], NULL, runner_main, &runners[i]), 0);
    }
    for (size_t i = 0; i < SLOT_REPLACEMENTS; i++) {
        skep_program *next = program_from_text(env, "memory", texts[i % 2], NULL);
        assert_int_equal(skep_slot_replace(slot, skep_slot_program(slot), next), SKEP_OK);
        assert_ptr_equal(skep_slot_program(slot), next);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < SLOT_RUNNERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(runners[i].runs > 0);
        assert_int_equal(runners[i].wrong, 0);
    }
    skep_slot_free(slot);
    struct skep_memory memory = { NULL, 0 };
    uint64_t r0;
    skep_program *last = program_from_text(env, "memory", texts[0], NULL);
    assert_int_equal(skep_run_once(last, &memory, &r0, NULL), SKEP_OK); /* the epoch moves on */
    skep_program_free(last);
    assert_int_equal(skep_env_memory_used(env), before);
    skep_env_free(env);
}

TEST(replacing_asks_for_the_program_that_is_there_and_its_type)
{
    skep_env *env = slot_env();
    skep_program *first = program_from_text(env, "memory", "r0 = 1; exit", NULL);
    skep_program *second = program_from_text(env, "memory", "r0 = 2; exit", NULL);
    skep_program *xdp = program_from_text(env, "xdp", "r0 = 2; exit", NULL);
    skep_slot *slot;
    assert_int_equal(skep_slot_new(env, first, &slot), SKEP_OK);
    assert_int_equal(skep_slot_replace(slot, first, xdp), SKEP_BAD_ARG);
    assert_int_equal(skep_slot_replace(slot, second, first), SKEP_STATE);
    assert_ptr_equal(skep_slot_program(slot), first);
    assert_int_equal(skep_slot_replace(slot, first, second), SKEP_OK);
    skep_program_free(xdp);
    skep_slot_free(slot);
    skep_env_free(env);
}

TEST(maps_carry_over_to_the_replacement)
{
    static const char count[] = "*(u32 *)(r10 - 4) = 0\n"
                                "r1 = map[idx:0]\n"
                                "r2 = r10\n"
                                "r2 += -4\n"
                                "call 1\n"
                                "if r0 == 0 goto out\n"
                                "r1 = *(u64 *)(r0 + 0)\n"
                                "r1 += 1\n"
                                "*(u64 *)(r0 + 0) = r1\n"
                                "r0 = r1\n"
                                "out: exit\n";
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "counts",
                                  .type = 2,
                                  .key_size = 4,
                                  .value_size = 8,
                                  .max_entries = 1 };
    skep_env *env = slot_env();
    skep_map *map;
    skep_slot *slot;
    assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
    struct skep_load_options options = { .size = sizeof(options), .maps = &map, .n_maps = 1 };
    skep_program *first = program_from_text(env, "memory", count, &options);
    assert_int_equal(skep_slot_new(env, first, &slot), SKEP_OK);
    struct skep_memory memory = { NULL, 0 };
    uint64_t r0 = 0;
    skep_thread *thread;
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    assert_int_equal(skep_run_slot(thread, slot, &memory, &r0), SKEP_OK);
    skep_map *kept = skep_program_map(first, "counts");
    struct skep_load_options next = { .size = sizeof(next), .maps = &kept, .n_maps = 1 };
    skep_program *second = program_from_text(env, "memory", count, &next);
    skep_map_unref(map);
    assert_int_equal(skep_slot_replace(slot, first, second), SKEP_OK);
    assert_int_equal(skep_run_slot(thread, slot, &memory, &r0), SKEP_OK);
    assert_int_equal(r0, 2);
    skep_thread_free(thread);
    skep_slot_free(slot);
    skep_env_free(env);
}

TEST(a_run_without_a_handle_says_why_it_was_stopped)
{
    skep_env *env = slot_env();
    const struct skep_load_options options = { .size = sizeof(options), .trusted = true };
    skep_program *program =
        program_from_text(env, "memory", "r0 = *(u8 *)(r1 + 3); exit", &options);
    uint8_t bytes[4] = { 0, 0, 0, 9 };
    struct skep_memory memory = { bytes, 4 };
    uint64_t r0 = 0;
    skep_error error = { 0 };
    assert_int_equal(skep_run_once(program, &memory, &r0, &error), SKEP_OK);
    assert_int_equal(r0, 9);
    memory.size = 3;
    assert_int_equal(skep_run_once(program, &memory, &r0, &error), SKEP_TRAP);
    assert_true(skep_error_id(&error)[0] != 0);
    skep_program_free(program);
    skep_env_free(env);
}

UNIT_TESTS(UNIT(a_program_is_replaced_while_threads_run_it),
           UNIT(replacing_asks_for_the_program_that_is_there_and_its_type),
           UNIT(maps_carry_over_to_the_replacement),
           UNIT(a_run_without_a_handle_says_why_it_was_stopped))
