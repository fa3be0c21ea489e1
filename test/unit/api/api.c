/* The public API from end to end: env, object, program, thread, map. */
#include "support/programs.h"

#include "api/api.h"

#include <errno.h>

static skep_env *env_new(void)
{
    skep_env *env = NULL;
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = 4 };
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    return env;
}

static const struct skep_load_options interp_options = { .size = sizeof(interp_options),
                                                         .engine = SKEP_ENGINE_INTERP,
                                                         .trusted = true };
static const struct skep_load_options checked_options = { .size = sizeof(checked_options),
                                                          .engine = SKEP_ENGINE_CHECKED,
                                                          .trusted = true };
static const struct skep_load_options *const engine_options[] = { &interp_options,
                                                                  &checked_options };

TEST(runs_a_program_on_every_engine)
{
    skep_env *env = env_new();
    skep_thread *thread;
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    for (size_t i = 0; i < 2; i++) {
        skep_program *program = program_from_text(
            env, "memory", "r0 = *(u8 *)(r1 + 1); r0 += r2; exit", engine_options[i]);
        uint8_t bytes[] = { 1, 40, 3 };
        struct skep_memory memory = { bytes, sizeof(bytes) };
        uint64_t r0 = 0;
        assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_OK);
        assert_int_equal(r0, 43);
        assert_true(skep_thread_fuel_used(thread) >= 3);
        assert_null(skep_thread_fault(thread));
        skep_program_free(program);
    }
    skep_thread_free(thread);
    skep_env_free(env);
}

TEST(uses_the_maps_it_is_given)
{
    static const char text[] = "*(u32 *)(r10 - 4) = 0x1\n"
                               "r1 = map[idx:0]\n"
                               "r2 = r10\n"
                               "r2 += -4\n"
                               "call 1\n"
                               "if r0 == 0 goto out\n"
                               "r1 = 5\n"
                               "lock *(u64 *)(r0 + 0) += r1\n"
                               "r0 = *(u64 *)(r0 + 0)\n"
                               "out: exit\n";
    skep_env *env = env_new();
    skep_thread *thread;
    skep_map *map;
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "counts",
                                  .type = 2,
                                  .key_size = 4,
                                  .value_size = 8,
                                  .max_entries = 2 };
    assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    for (size_t i = 0; i < 2; i++) {
        struct skep_load_options options = *engine_options[i];
        options.maps = &map;
        options.n_maps = 1;
        skep_program *program = program_from_text(env, "memory", text, &options);
        assert_ptr_equal(skep_program_map(program, "counts"), map);
        struct skep_memory memory = { NULL, 0 };
        uint64_t r0 = 0, value = 0;
        uint32_t key = 1;
        assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_OK);
        assert_int_equal(r0, 5 * (i + 1));
        assert_int_equal(skep_map_lookup(map, &key, &value), 0);
        assert_int_equal(value, r0);
        skep_program_free(program);
    }
    skep_map_unref(map);
    skep_thread_free(thread);
    skep_env_free(env);
}

TEST(refuses_a_program_whose_maps_are_not_given)
{
    skep_env *env = env_new();
    skep_program *program;
    skep_error error = { 0 };
    assert_int_equal(
        load_text(env, "memory", "r1 = map[idx:0]; r0 = 0; exit", NULL, &program, &error),
        SKEP_BAD_ARG);
    assert_string_equal(skep_error_id(&error), "map-missing");
    skep_env_free(env);
}

TEST(loading_verifies_unless_the_caller_vouches)
{
    skep_env *env = env_new();
    skep_program *program;
    struct skep_verdict verdict;
    const struct skep_load_options *engines[] = { &interp_options, &checked_options };
    for (size_t i = 0; i < 2; i++) {
        struct skep_load_options options = *engines[i];
        skep_error error = { 0 };
        options.trusted = false;
        options.verdict = &verdict;
        assert_int_equal(load_text(env, "memory", "r0 = r3; exit", &options, &program, &error),
                         SKEP_REJECTED);
        assert_string_equal(skep_error_id(&error), "verify-unset-register");
        assert_int_equal(verdict.kind, SKEP_VERDICT_REJECTED);
        assert_int_equal(verdict.reg, 3);
        assert_true(verdict.at.known && verdict.at.slot == 0);
        skep_program_free(program_from_text(env, "memory", "r0 = 0; exit", &options));
        assert_int_equal(verdict.kind, SKEP_VERDICT_ACCEPTED);
        options.trusted = true;
        skep_program_free(program_from_text(env, "memory", "r0 = r3; exit", &options));
    }
    skep_env_free(env);
}

TEST(loops_end_or_have_fuel)
{
    static const char endless[] = "r0 = 0; goto +0; r0 += 1; if r0 != 0 goto -2; exit";
    skep_env *env = env_new();
    skep_program *program;
    skep_error error = { 0 };
    struct skep_load_options options = interp_options;
    options.trusted = false;
    options.fuel = 1000;
    options.limits.visits = 20000;
    assert_int_equal(load_text(env, "memory", endless, &options, &program, &error), SKEP_REJECTED);
    assert_string_equal(skep_error_id(&error), "verify-endless-loop");
    options.may_loop = true;
    program = program_from_text(env, "memory", endless, &options);
    u64 r0;
    assert_int_equal(skep_run_once(program, NULL, &r0, NULL), SKEP_FUEL);
    skep_program_free(program);
    options.unmetered = true;
    assert_int_equal(load_text(env, "memory", endless, &options, &program, &error), SKEP_BAD_ARG);
    skep_env_free(env);
}

TEST(runs_give_as_much_memory_as_was_taken_for_granted)
{
    skep_env *env = env_new();
    struct skep_load_options options = interp_options;
    options.trusted = false;
    skep_program *program =
        program_from_text(env, "memory", "r0 = *(u32 *)(r1 + 4); exit", &options);
    assert_int_equal(skep_program_ctx_bytes(program), 8);
    u32 words[2] = { 1, 2 };
    struct skep_memory whole = { words, 8 }, half = { words, 7 };
    u64 r0 = 0;
    skep_error error = { 0 };
    assert_int_equal(skep_run_once(program, &whole, &r0, &error), SKEP_OK);
    assert_int_equal(r0, 2);
    assert_int_equal(skep_run_once(program, &half, &r0, &error), SKEP_BAD_ARG);
    assert_string_equal(skep_error_id(&error), "context-too-small");
    assert_int_equal(skep_run_once(program, NULL, &r0, NULL), SKEP_BAD_ARG);
    skep_program_free(program);
    skep_env_free(env);
}

TEST(profiles_differ_where_linux_is_stricter)
{
    static const struct {
        const char *text, *id;
    } cases[] = {
        { "r0 = 1; r0 /= 0; exit", "policy-division-by-zero" },
        { "w0 = 1; w0 s%= 0; exit", "policy-division-by-zero" },
        { "r0 = 1; r0 <<= 64; exit", "policy-shift-amount" },
        { "w0 = 1; w0 s>>= 32; exit", "policy-shift-amount" },
        { "r0 = 1; goto +1; r0 = 2; exit", "cfg-unreachable-code" },
    };
    skep_env *env = env_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct skep_load_options options = checked_options;
        skep_program *program;
        skep_error error = { 0 };
        options.profile = SKEP_PROFILE_LINUX;
        assert_int_equal(load_text(env, "memory", cases[i].text, &options, &program, &error),
                         SKEP_REJECTED);
        assert_string_equal(skep_error_id(&error), cases[i].id);
        options.profile = SKEP_PROFILE_RFC;
        skep_program_free(program_from_text(env, "memory", cases[i].text, &options));
    }
    skep_env_free(env);
}

TEST(names_the_helper_that_is_missing)
{
    static const struct {
        const char *text, *id;
    } cases[] = {
        { "call 100000; exit", "helper-unknown" },
        { "call 45; r0 = 0; exit", "helper-not-allowed" }, /* bpf_probe_read_str */
    };
    skep_env *env = env_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        skep_program *program;
        skep_error error = { 0 };
        assert_true(load_text(env, "memory", cases[i].text, NULL, &program, &error) != SKEP_OK);
        assert_string_equal(skep_error_id(&error), cases[i].id);
    }
    skep_env_free(env);
}

/* Waiting for it to be used up would take a minute. */
TEST(every_engine_has_a_budget_when_none_is_given)
{
    skep_env *env = env_new();
    for (size_t i = 0; i < 2; i++) {
        skep_program *program =
            program_from_text(env, "memory", "r0 = 0; goto -2", engine_options[i]);
        assert_int_equal(program->rt.fuel, (u64)1 << 32);
        skep_program_free(program);
    }
    skep_env_free(env);
}

TEST(stops_when_the_fuel_is_used_up)
{
    skep_env *env = env_new();
    skep_thread *thread;
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    for (size_t i = 0; i < 2; i++) {
        struct skep_load_options options = *engine_options[i];
        options.fuel = 1000;
        skep_program *program = program_from_text(
            env, "memory", "r0 = 0; again: r0 += 1; if r0 != -1 goto again; exit", &options);
        struct skep_memory memory = { NULL, 0 };
        uint64_t r0 = 77;
        assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_FUEL);
        assert_int_equal(r0, 77);
        uint64_t used = skep_thread_fuel_used(thread);
        assert_true(used >= 1000 && used < 1010);
        skep_thread_set_fuel(thread, 10);
        assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_FUEL);
        assert_true(skep_thread_fuel_used(thread) < 20);
        skep_thread_set_fuel(thread, 0);
        skep_thread_cancel(thread);
        assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_CANCELLED);
        skep_program_free(program);
    }
    skep_thread_free(thread);
    skep_env_free(env);
}

TEST(a_fault_says_where_and_why)
{
    skep_env *env = env_new();
    skep_thread *thread;
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    skep_program *program = program_from_text(
        env, "memory", "r3 = 0x1122334455667788 ll; r0 = *(u8 *)(r1 + 3); exit", &checked_options);
    uint8_t bytes[3] = { 0 };
    struct skep_memory memory = { bytes, sizeof(bytes) };
    uint64_t r0;
    assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_TRAP);
    const struct skep_fault *fault = skep_thread_fault(thread);
    assert_non_null(fault);
    assert_int_equal(fault->insn, 2);
    assert_int_equal(fault->region, SKEP_REGION_MEMORY);
    assert_int_equal(fault->region_offset, 3);
    assert_int_equal(fault->region_bytes, 3);
    assert_int_equal(fault->bytes, 1);
    assert_true(fault->address == (uint64_t)(uintptr_t)(bytes + 3));
    skep_program_free(program);
    skep_thread_free(thread);
    skep_env_free(env);
}

TEST(cpu_slots_are_taken_and_given_back)
{
    skep_env *env = env_new();
    skep_thread *threads[4], *more;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(skep_thread_new(env, NULL, &threads[i]), SKEP_OK);
        assert_int_equal(skep_thread_cpu(threads[i]), i);
    }
    assert_int_equal(skep_thread_new(env, NULL, &more), SKEP_LIMIT);
    struct skep_thread_options third = { .size = sizeof(third), .cpu = 3 };
    assert_int_equal(skep_thread_new(env, &third, &more), SKEP_EXISTS);
    skep_thread_free(threads[2]);
    assert_int_equal(skep_thread_new(env, &third, &more), SKEP_OK);
    assert_int_equal(skep_thread_cpu(more), 2);
    threads[2] = more;
    for (size_t i = 0; i < 4; i++)
        skep_thread_free(threads[i]);
    skep_env_free(env);
}

TEST(an_env_counts_its_memory_and_keeps_its_limits)
{
    skep_env *env = NULL;
    struct skep_env_options options = { .size = sizeof(options), .max_maps = 1 };
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "a",
                                  .type = 2,
                                  .key_size = 4,
                                  .value_size = 1000,
                                  .max_entries = 1000 };
    size_t before = skep_env_memory_used(env);
    skep_map *map, *second;
    skep_error error = { 0 };
    assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
    assert_true(skep_env_memory_used(env) >= before + 1000000);
    assert_int_equal(skep_map_new(env, &spec, &second, &error), SKEP_LIMIT);
    assert_string_equal(skep_error_id(&error), "map-quota");
    skep_map_unref(map);
    assert_int_equal(skep_env_memory_used(env), before);
    assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
    skep_map_unref(map);
    skep_env_free(env);
}

TEST(bad_options_are_refused_with_a_report)
{
    skep_env *env = NULL;
    struct skep_env_options options = { .size = 3 };
    skep_error error = { 0 };
    assert_int_equal(skep_env_new(&options, &env, &error), SKEP_BAD_ARG);
    assert_string_equal(skep_error_id(&error), "bad-argument");
    assert_null(env);
}

UNIT_TESTS(UNIT(runs_a_program_on_every_engine), UNIT(uses_the_maps_it_is_given),
           UNIT(refuses_a_program_whose_maps_are_not_given),
           UNIT(loading_verifies_unless_the_caller_vouches), UNIT(loops_end_or_have_fuel),
           UNIT(runs_give_as_much_memory_as_was_taken_for_granted),
           UNIT(profiles_differ_where_linux_is_stricter), UNIT(names_the_helper_that_is_missing),
           UNIT(every_engine_has_a_budget_when_none_is_given), UNIT(stops_when_the_fuel_is_used_up),
           UNIT(a_fault_says_where_and_why), UNIT(cpu_slots_are_taken_and_given_back),
           UNIT(an_env_counts_its_memory_and_keeps_its_limits),
           UNIT(bad_options_are_refused_with_a_report))
