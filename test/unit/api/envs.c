/* What belongs to one env stays in it: threads run its programs only, programs use its maps only,
 * maps hold its maps and programs only.  Per-CPU values are found by the slot of the env's threads,
 * and what goes away waits for those alone. */
#include "support/programs.h"

#include <errno.h>

/* Counts in a per-CPU array; the second map is there to be held. */
static const struct skep_map_spec specs[] = {
    { .name = "own", .type = 6, .key_size = 4, .value_size = 8, .max_entries = 1 },
    { .name = "programs", .type = 3, .key_size = 4, .value_size = 4, .max_entries = 1 },
};
enum { OWN, PROGRAMS, N_MAPS };

static const char counts[] = "*(u32 *)(r10 - 4) = 0; r1 = map[idx:0]; r2 = r10; r2 += -4; call 1;"
                             "if r0 == 0 goto out; r1 = *(u64 *)(r0 + 0); r1 += 1;"
                             "*(u64 *)(r0 + 0) = r1; out: r0 = 2; exit";
static const char leaf[] = "r0 = 2; exit";

struct place {
    skep_env *env;
    skep_thread *thread;
    skep_map *maps[N_MAPS];
};

static void place_open(struct place *place, uint32_t n_cpus)
{
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = n_cpus };
    assert_int_equal(skep_env_new(&options, &place->env, NULL), SKEP_OK);
    for (size_t i = 0; i < N_MAPS; i++) {
        struct skep_map_spec spec = specs[i];
        spec.size = sizeof(spec);
        assert_int_equal(skep_map_new(place->env, &spec, &place->maps[i], NULL), SKEP_OK);
    }
    struct skep_thread_options last = { .size = sizeof(last), .cpu = n_cpus };
    assert_int_equal(skep_thread_new(place->env, &last, &place->thread), SKEP_OK);
}

static void place_close(struct place *place)
{
    for (size_t i = 0; i < N_MAPS; i++)
        skep_map_unref(place->maps[i]);
    skep_thread_free(place->thread);
    skep_env_free(place->env);
}

static struct skep_load_options with_maps(struct place *place, enum skep_engine engine)
{
    return (struct skep_load_options){ .size = sizeof(struct skep_load_options),
                                       .engine = engine,
                                       .maps = place->maps,
                                       .n_maps = N_MAPS };
}

static const enum skep_engine all_engines[] = { SKEP_ENGINE_CHECKED, SKEP_ENGINE_INTERP,
                                                SKEP_ENGINE_JIT };
enum { N_ENGINES = sizeof(all_engines) / sizeof(*all_engines) };

static void runs_at_home_only(const struct place *home, const struct place *away,
                              skep_program *program)
{
    struct skep_memory memory = { NULL, 0 };
    void *ctx = &memory;
    uint64_t r0 = 7;
    assert_int_equal(skep_run(away->thread, program, ctx, &r0), SKEP_BAD_ARG);
    assert_int_equal(skep_run_batch(away->thread, program, &ctx, 1, &r0, NULL), SKEP_BAD_ARG);
    assert_int_equal(r0, 7);
    assert_int_equal(skep_run(home->thread, program, ctx, &r0), SKEP_OK);
    assert_int_equal(r0, 2);
}

TEST(threads_run_programs_of_their_env_only)
{
    struct place home, away;
    place_open(&home, 1);
    place_open(&away, 4);
    for (size_t i = 0; i < N_ENGINES; i++) {
        if (all_engines[i] == SKEP_ENGINE_JIT && !*skep_jit_name())
            continue;
        struct skep_load_options options = with_maps(&home, all_engines[i]);
        skep_program *program = program_from_text(home.env, "memory", counts, &options);
        runs_at_home_only(&home, &away, program);
        skep_program_free(program);
        program = program_from_text(home.env, "tracepoint", leaf, &options);
        runs_at_home_only(&home, &away, program);
        skep_slot *slot;
        struct skep_memory nothing = { NULL, 0 };
        uint64_t r0;
        assert_int_equal(skep_slot_new(home.env, program, &slot), SKEP_OK);
        assert_int_equal(skep_run_slot(away.thread, slot, &nothing, &r0), SKEP_BAD_ARG);
        assert_int_equal(skep_run_slot(home.thread, slot, &nothing, &r0), SKEP_OK);
        skep_slot_free(slot);
    }
    place_close(&home);
    place_close(&away);
}

TEST(programs_use_maps_of_their_env_only)
{
    struct place home, away;
    skep_program *program;
    skep_error error = { 0 };
    place_open(&home, 1);
    place_open(&away, 4);
    struct skep_load_options options = with_maps(&away, SKEP_ENGINE_INTERP);
    assert_int_equal(load_text(home.env, "memory", counts, &options, &program, &error),
                     SKEP_BAD_ARG);
    assert_string_equal(skep_error_id(&error), "map-of-another-env");
    place_close(&home);
    place_close(&away);
}

TEST(maps_hold_programs_and_maps_of_their_env_only)
{
    struct place home, away;
    place_open(&home, 1);
    place_open(&away, 4);
    struct skep_load_options options = with_maps(&home, SKEP_ENGINE_INTERP);
    skep_program *program = program_from_text(home.env, "memory", leaf, &options);
    assert_int_equal(skep_map_set_program(away.maps[PROGRAMS], 0, program), -EINVAL);
    assert_int_equal(skep_map_set_program(home.maps[PROGRAMS], 0, program), 0);
    skep_program_free(program);
    struct skep_map_spec outer = { .size = sizeof(outer),
                                   .name = "outer",
                                   .type = 12,
                                   .key_size = 4,
                                   .value_size = 4,
                                   .max_entries = 1,
                                   .inner = skep_map_spec(home.maps[OWN]) };
    skep_map *maps;
    uint32_t key = 0;
    assert_int_equal(skep_map_new(home.env, &outer, &maps, NULL), SKEP_OK);
    assert_int_equal(skep_map_set_map(maps, &key, away.maps[OWN], 0), -EINVAL);
    assert_int_equal(skep_map_set_map(maps, &key, home.maps[OWN], 0), 0);
    skep_map_unref(maps);
    place_close(&home);
    place_close(&away);
}

UNIT_TESTS(UNIT(threads_run_programs_of_their_env_only), UNIT(programs_use_maps_of_their_env_only),
           UNIT(maps_hold_programs_and_maps_of_their_env_only))
