/* Stack slots: what becomes a value, what stays in memory, and that nothing else changes. */
#include "support/engines.h"

#include <stdio.h>

static u64 run_look(struct skep_thread *thread, u64 at, u64 a2, u64 a3, u64 a4, u64 a5)
{
    u64 value;
    (void)thread, (void)a2, (void)a3, (void)a4, (void)a5;
    memcpy(&value, (const void *)(uintptr_t)at, sizeof(value));
    return value;
}
static u64 run_fill(struct skep_thread *thread, u64 at, u64 size, u64 a3, u64 a4, u64 a5)
{
    (void)thread, (void)a3, (void)a4, (void)a5;
    memset((void *)(uintptr_t)at, 0x5a, size);
    return 0;
}
static u64 run_each(struct skep_thread *thread, u64 token, u64 ctx, u64 a3, u64 a4, u64 a5)
{
    u64 r0 = 0;
    const u64 args[5] = { ctx };
    (void)a3, (void)a4, (void)a5;
    rt_call(thread, token, args, &r0);
    return r0;
}
static const struct skep_helper look = {
    .name = "look",
    .id = 1,
    .run = run_look,
    .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ, .bytes = 8 } },
};
static const struct skep_helper fill = {
    .name = "fill",
    .id = 2,
    .run = run_fill,
    .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE }, { .kind = SKEP_ARG_SIZE } },
};
static const struct skep_helper peek = {
    .name = "peek",
    .id = 4,
    .run = run_look,
    .args = { { .kind = SKEP_ARG_ANYTHING } },
};
static const struct skep_helper each = {
    .name = "each",
    .id = 3,
    .run = run_each,
    .effects = SKEP_CALLS_BACK,
    .args = { { .kind = SKEP_ARG_CALLBACK }, { .kind = SKEP_ARG_CALLBACK_CTX } },
    .callback = { .params = { SKEP_PARAM_CTX } },
};
static const struct skep_helper *const helpers[] = { &look, &fill, &each, &peek, NULL };
static const struct skep_hook hook = {
    .size = sizeof(hook),
    .name = "memory",
    .ctx_kind = SKEP_CTX_MEMORY,
    .flags = SKEP_HOOK_CTX_WRITABLE,
};

static u32 frame_accesses(const struct ssa_func *func)
{
    u32 n = 0;
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 i = func->blocks[b].first; i; i = func->insns[i].next)
            n += ssa_row(ssa_at(func, i))->n_args != SSA_MANY &&
                 ssa_has(ssa_at(func, i), SSA_READS | SSA_WRITES) &&
                 func->insns[i].region == HOST_REGION_STACK;
    return n;
}

/* The same result with slots alone as on the interpreter, and so many accesses of main's frame at
 * places that lowering knows. */
static void expect(const char *source, u32 n_accesses)
{
    static const u64 inputs[][2] = {
        { 0, 0 }, { 1, 7 }, { UINT64_MAX, 0x123456789abcdef0 }, { 5, 3 }
    };
    struct engines_options options = {
        .hook = &hook,
        .helpers = helpers,
        .passes_off = ((1u << OPT_PASS_COUNT) - 1) & ~(1u << OPT_slots),
    };
    struct engines e;
    engines_open(&e, source, &options);
    for (u32 i = 0; i < ARRAY_LEN(inputs); i++) {
        u64 result[N_ENGINES];
        for (enum engine engine = 0; engine < N_ENGINES; engine++) {
            u64 memory[2] = { inputs[i][0], inputs[i][1] };
            struct skep_memory ctx = { memory, sizeof(memory) };
            assert_int_equal(engines_run(&e, engine, &ctx, &result[engine]), SKEP_OK);
        }
        assert_int_equal(result[ENGINE_SSA], result[ENGINE_INTERP]);
    }
    assert_int_equal(frame_accesses(&e.ssa.funcs[0]), n_accesses);
    engines_close(&e);
}
#define INPUTS "r6 = *(u64 *)(r1 + 0); r7 = *(u64 *)(r1 + 8);"

TEST(a_spilled_register_needs_no_memory)
{
    expect(INPUTS "*(u64 *)(r10 - 8) = r6; r6 = 0; r0 = *(u64 *)(r10 - 8); exit", 0);
}

TEST(what_is_stored_narrow_is_loaded_narrow)
{
    expect(INPUTS "*(u8 *)(r10 - 1) = r7; *(u16 *)(r10 - 4) = r7; *(u32 *)(r10 - 8) = r7;"
                  "r0 = *(u8 *)(r10 - 1); r1 = *(u16 *)(r10 - 4); r2 = *(s32 *)(r10 - 8);"
                  "r0 += r1; r0 += r2; exit",
           0);
}

TEST(values_are_put_together_and_taken_apart)
{
    expect(INPUTS "*(u64 *)(r10 - 16) = 0; *(u32 *)(r10 - 12) = r7; *(u8 *)(r10 - 14) = r6;"
                  "r0 = *(u64 *)(r10 - 16); exit",
           0);
    expect(INPUTS "*(u64 *)(r10 - 8) = r7; r0 = *(u8 *)(r10 - 3); r1 = *(u16 *)(r10 - 6);"
                  "r2 = *(s8 *)(r10 - 1); r0 *= r1; r0 += r2; exit",
           0);
}

/* The second access begins in the middle of the first and ends behind it. */
TEST(accesses_that_overlap_by_halves_are_split)
{
    expect(INPUTS "*(u64 *)(r10 - 24) = r6; *(u64 *)(r10 - 16) = r7; *(u64 *)(r10 - 20) = r7;"
                  "r0 = *(u64 *)(r10 - 24); r1 = *(u64 *)(r10 - 16); r0 ^= r1;"
                  "r1 = *(u32 *)(r10 - 18); r0 += r1; exit",
           0);
}

TEST(slots_meet_where_paths_meet)
{
    expect(INPUTS "*(u64 *)(r10 - 8) = 1; if r6 == 0 goto over; *(u64 *)(r10 - 8) = r7;"
                  "over: r0 = *(u64 *)(r10 - 8); exit",
           0);
    expect(INPUTS "r6 &= 7; *(u64 *)(r10 - 8) = 0; *(u64 *)(r10 - 16) = r7;"
                  "again: r0 = *(u64 *)(r10 - 8); r1 = *(u64 *)(r10 - 16); r0 += r1;"
                  "*(u64 *)(r10 - 8) = r0; r6 -= 1; if r6 s> 0 goto again; exit",
           0);
}

TEST(a_pointer_that_is_moved_by_a_constant_is_followed)
{
    expect(INPUTS "r2 = r10; r2 += -32; *(u64 *)(r2 + 8) = r7; r3 = r2; r3 -= -8;"
                  "r0 = *(u64 *)(r3 + 0); exit",
           0);
}

TEST(what_a_helper_reads_or_writes_stays_and_nothing_else)
{
    expect(INPUTS "*(u64 *)(r10 - 16) = r7; *(u64 *)(r10 - 8) = r6; r1 = r10; r1 += -16; call 1;"
                  "r1 = *(u64 *)(r10 - 8); r0 += r1; exit",
           1);
    expect(INPUTS "*(u64 *)(r10 - 16) = r7; *(u64 *)(r10 - 8) = r6; *(u64 *)(r10 - 24) = r6;"
                  "r1 = r10; r1 += -16; r2 = 8; call 2;"
                  "r0 = *(u64 *)(r10 - 16); r1 = *(u64 *)(r10 - 8); r0 += r1;"
                  "r1 = *(u64 *)(r10 - 24); r0 += r1; exit",
           2);
}

TEST(what_a_helper_is_given_as_a_number_stays)
{
    expect(INPUTS "*(u64 *)(r10 - 16) = r7; *(u64 *)(r10 - 32) = r6; r1 = r10; r1 += -16; call 4;"
                  "r1 = *(u64 *)(r10 - 32); r0 += r1; exit",
           1);
}

TEST(what_a_callback_may_reach_stays)
{
    expect(INPUTS "*(u64 *)(r10 - 16) = r7; *(u64 *)(r10 - 8) = r6; r1 = code[f];"
                  "r2 = r10; r2 += -16; call 3; r1 = *(u64 *)(r10 - 8); r0 += r1; exit;"
                  "f: r0 = *(u64 *)(r1 + 0); r2 = *(u64 *)(r1 + 8); r0 += r2;"
                  "*(u64 *)(r1 + 8) = 5; exit",
           3);
}

TEST(what_a_function_is_handed_stays)
{
    expect(INPUTS "*(u64 *)(r10 - 16) = r7; *(u64 *)(r10 - 8) = r6; r1 = r10; r1 += -16; call f;"
                  "r1 = *(u64 *)(r10 - 8); r0 += r1; exit;"
                  "f: r0 = *(u64 *)(r1 + 8); *(u64 *)(r1 + 8) = 9; exit",
           3);
}

TEST(an_access_at_an_unknown_place_keeps_all_that_it_may_reach)
{
    expect(INPUTS "*(u64 *)(r10 - 32) = r7; *(u64 *)(r10 - 24) = 1; *(u64 *)(r10 - 16) = 2;"
                  "*(u64 *)(r10 - 8) = r7; r6 &= 8; r2 = r10; r2 += -32; r2 += r6;"
                  "r0 = *(u64 *)(r2 + 0); r1 = *(u64 *)(r10 - 8); r0 += r1; exit",
           2);
}

TEST(atomic_operations_stay_in_memory)
{
    expect(INPUTS "*(u64 *)(r10 - 8) = r7; *(u64 *)(r10 - 16) = r7; lock *(u64 *)(r10 - 8) += r6;"
                  "r0 = *(u64 *)(r10 - 8); r1 = *(u64 *)(r10 - 16); r0 += r1; exit",
           3);
}

TEST(more_slots_than_a_batch_takes)
{
    char source[16384] = INPUTS;
    for (u32 i = 1; i <= 130; i++)
        sprintf(source + strlen(source), "r6 += %u; *(u32 *)(r10 - %u) = r6;", i,
                512 - 3 * (i & ~1u));
    strcat(source, "r0 = 0;");
    for (u32 i = 1; i <= 130; i++)
        sprintf(source + strlen(source), "r1 = *(u16 *)(r10 - %u); r0 += r1;", 512 - 3 * (i & ~1u));
    strcat(source, "exit");
    expect(source, 0);
}

UNIT_TESTS(UNIT(a_spilled_register_needs_no_memory), UNIT(what_is_stored_narrow_is_loaded_narrow),
           UNIT(values_are_put_together_and_taken_apart),
           UNIT(accesses_that_overlap_by_halves_are_split), UNIT(slots_meet_where_paths_meet),
           UNIT(a_pointer_that_is_moved_by_a_constant_is_followed),
           UNIT(what_a_helper_reads_or_writes_stays_and_nothing_else),
           UNIT(what_a_helper_is_given_as_a_number_stays), UNIT(what_a_callback_may_reach_stays),
           UNIT(what_a_function_is_handed_stays),
           UNIT(an_access_at_an_unknown_place_keeps_all_that_it_may_reach),
           UNIT(atomic_operations_stay_in_memory), UNIT(more_slots_than_a_batch_takes))
