/* Subprograms and lookups that become part of programs: that they do, and what still is called. */
#include "support/as_ssa.h"
#include "support/programs.h"

enum { ENTRIES = 4, CPUS = 2 };

struct inline_test {
    skep_env *env;
    skep_thread *thread;
    skep_map *maps[3];
    skep_program *program;
    struct as_ssa ssa;
};

/* clang-format off */
static const struct skep_map_spec specs[3] = {
    { .size = sizeof(specs[0]), .name = "array",  .type = 2, .key_size = 4, .value_size = 24, .max_entries = ENTRIES },
    { .size = sizeof(specs[0]), .name = "percpu", .type = 6, .key_size = 4, .value_size = 24, .max_entries = ENTRIES },
    { .size = sizeof(specs[0]), .name = "hash",   .type = 1, .key_size = 4, .value_size = 24, .max_entries = ENTRIES },
};
/* clang-format on */

static void open_text(struct inline_test *t, const char *text)
{
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = CPUS };
    u64 value[CPUS][3] = { 0 };
    assert_int_equal(skep_env_new(&options, &t->env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(t->env, NULL, &t->thread), SKEP_OK);
    for (u32 m = 0; m < ARRAY_LEN(specs); m++) {
        assert_int_equal(skep_map_new(t->env, &specs[m], &t->maps[m], NULL), SKEP_OK);
        for (u32 key = 0; key < ENTRIES; key++) {
            for (u32 cpu = 0; cpu < CPUS; cpu++)
                value[cpu][0] = 1000 * (m + 1) + 100 * cpu + key;
            assert_int_equal(skep_map_update(t->maps[m], &key, value, 0), 0);
        }
    }
    struct skep_load_options load = { .size = sizeof(load),
                                      .engine = SKEP_ENGINE_INTERP,
                                      .facts = true,
                                      .may_loop = true,
                                      .maps = t->maps,
                                      .n_maps = ARRAY_LEN(specs) };
    t->program = program_from_text(t->env, "memory", text, &load);
    assert_int_equal(as_ssa_open(&t->ssa, t->program, AS_SSA_ALL_PASSES & ~(1u << OPT_blind), NULL),
                     SKEP_OK);
    assert_null(t->ssa.wrong);
}

static void close_text(struct inline_test *t)
{
    as_ssa_close(&t->ssa);
    skep_program_free(t->program);
    for (u32 m = 0; m < ARRAY_LEN(specs); m++)
        skep_map_unref(t->maps[m]);
    skep_thread_free(t->thread);
    skep_env_free(t->env);
}

static u64 run(struct inline_test *t, u64 number)
{
    u8 bytes[64] = { 0 };
    u64 r0 = 0;
    memcpy(bytes, &number, sizeof(number));
    struct skep_memory memory = { bytes, sizeof(bytes) };
    assert_int_equal(skep_run(t->thread, t->program, &memory, &r0), SKEP_OK);
    return r0;
}

static u32 count(const struct inline_test *t, enum ssa_op op)
{
    u32 n = 0;
    for (u32 f = 0; f < t->ssa.ssa.n_funcs; f++)
        for (u32 i = 1; i < t->ssa.ssa.funcs[f].n; i++)
            n += t->ssa.ssa.funcs[f].insns[i].op == op;
    return n;
}

#define LOAD_NUMBER "r0 = 0\nif r2 < 8 goto out\nr6 = *(u64 *)(r1 + 0)\n"

/* ---- subprograms */

TEST(small_subprograms_with_several_ends_are_put_in)
{
    struct inline_test t;
    open_text(&t,
              LOAD_NUMBER "r1 = r6\ncall f\nr6 = r0\nr1 = 50\ncall f\nr0 += r6\nout:\nexit\n"
                          "f:\nif r1 > 10 goto big\nr0 = 1\nexit\nbig:\nr0 = r1\nr0 += 5\nexit\n");
    assert_int_equal(count(&t, SSA_CALL_LOCAL), 0);
    assert_int_equal(t.ssa.ssa.funcs[1].n, 0);
    assert_int_equal(run(&t, 3), 1 + 55);
    assert_int_equal(run(&t, 11), 16 + 55);
    close_text(&t);
}

TEST(frames_of_what_is_put_in_lie_apart)
{
    struct inline_test t;
    open_text(&t, LOAD_NUMBER "*(u64 *)(r10 - 8) = r6\nr1 = r6\ncall f\nr1 = *(u64 *)(r10 - 8)\n"
                              "r0 -= r1\nout:\nexit\n"
                              "f:\nr1 += 100\n*(u64 *)(r10 - 8) = r1\nr2 = r10\nr2 += -8\n"
                              "r0 = *(u64 *)(r2 + 0)\nexit\n");
    assert_int_equal(count(&t, SSA_CALL_LOCAL), 0);
    assert_int_equal(run(&t, 3), 100);
    close_text(&t);
}

TEST(functions_that_helpers_call_stay)
{
    struct inline_test t;
    open_text(&t, LOAD_NUMBER "*(u64 *)(r10 - 8) = 0\nr1 = 3\nr2 = code[f]\nr3 = r10\nr3 += -8\n"
                              "r4 = 0\ncall 181\nr1 = 7\ncall g\nout:\nexit\n"
                              "f:\nr1 += 1\n*(u64 *)(r2 + 0) = r1\nr0 = 0\nexit\n"
                              "g:\nr0 = r1\nexit\n");
    assert_int_equal(count(&t, SSA_CALL_LOCAL), 0);
    assert_int_equal(t.ssa.ssa.n_order, 2);
    assert_int_equal(run(&t, 3), 7);
    close_text(&t);
}

/* ---- lookups */

#define LOOK_UP(map)                                                                               \
    "*(u32 *)(r10 - 4) = r6\nr1 = map[idx:" map "]\nr2 = r10\nr2 += -4\ncall 1\n"                  \
    "if r0 == 0 goto none\nr0 = *(u64 *)(r0 + 0)\nexit\nnone:\nr0 = -1\nout:\nexit\n"

static void expect_lookups(const char *text, u32 calls, u64 first)
{
    struct inline_test t;
    open_text(&t, text);
    assert_int_equal(count(&t, SSA_CALL), 0);
    assert_int_equal(count(&t, SSA_CALL_QUIET), calls);
    for (u32 key = 0; key < ENTRIES; key++)
        assert_int_equal(run(&t, key), first + key);
    assert_int_equal(run(&t, ENTRIES), (u64)-1);
    assert_int_equal(run(&t, UINT32_MAX), (u64)-1);
    close_text(&t);
}

TEST(arrays_are_looked_into_without_a_call) { expect_lookups(LOAD_NUMBER LOOK_UP("0"), 0, 1000); }

TEST(arrays_per_cpu_too) { expect_lookups(LOAD_NUMBER LOOK_UP("1"), 0, 2000); }

TEST(hashes_are_called_for_their_keys) { expect_lookups(LOAD_NUMBER LOOK_UP("2"), 1, 3100 - 100); }

TEST(a_constant_index_is_an_address)
{
    struct inline_test t;
    open_text(&t, "r6 = 2\n" LOOK_UP("0"));
    assert_int_equal(count(&t, SSA_CALL) + count(&t, SSA_BRANCH) + count(&t, SSA_STORE), 0);
    assert_int_equal(count(&t, SSA_LOAD), 1);
    assert_int_equal(run(&t, 0), 1002);
    close_text(&t);
}

UNIT_TESTS(UNIT(small_subprograms_with_several_ends_are_put_in),
           UNIT(frames_of_what_is_put_in_lie_apart), UNIT(functions_that_helpers_call_stay),
           UNIT(arrays_are_looked_into_without_a_call), UNIT(arrays_per_cpu_too),
           UNIT(hashes_are_called_for_their_keys), UNIT(a_constant_index_is_an_address))
