/* Calls, tail calls, callbacks, fuel and cancelling: the same on both engines. */
#include "support/engines.h"

static const struct skep_hook hook = {
    .size = sizeof(hook),
    .name = "memory",
    .ctx_kind = SKEP_CTX_MEMORY,
    .flags = SKEP_HOOK_CTX_WRITABLE,
};

/* ---- a program array that holds what the test puts into it */

static void *find_program(skep_map *map, const void *key, uint32_t cpu)
{
    u32 index;
    (void)cpu;
    memcpy(&index, key, sizeof(index));
    return index < 2 ? ((void **)map->impl)[index] : NULL;
}
static const struct skep_map_type program_array = {
    .name = "programs",
    .classes = SKEP_MAP_PROGRAMS,
    .traits = SKEP_MAP_HOLDS_PROGRAMS,
    .lookup = find_program,
};
static const struct skep_helper tail_call = {
    .name = "tail_call",
    .id = 12,
    .effects = SKEP_TAIL_CALLS,
    .maps = SKEP_MAP_PROGRAMS,
    .args = { { .kind = SKEP_ARG_ANYTHING },
              { .kind = SKEP_ARG_MAP },
              { .kind = SKEP_ARG_SCALAR } },
};

static u64 run_repeat(struct skep_thread *thread, u64 n, u64 token, u64 ctx, u64 a4, u64 a5)
{
    u64 r0 = 0, sum = 0;
    (void)a4, (void)a5;
    for (u64 i = 0; i < n; i++) {
        const u64 args[5] = { i, ctx };
        if (!rt_call(thread, token, args, &r0))
            return 0;
        sum += r0;
    }
    return sum;
}
static const struct skep_helper repeat = {
    .name = "repeat",
    .id = 7,
    .run = run_repeat,
    .effects = SKEP_CALLS_BACK,
    .args = { { .kind = SKEP_ARG_SCALAR },
              { .kind = SKEP_ARG_CALLBACK },
              { .kind = SKEP_ARG_CALLBACK_CTX } },
    .callback = { .params = { SKEP_PARAM_SCALAR, SKEP_PARAM_CTX } },
};
static u64 run_cancel(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    atomic_store(&thread->cancel, true);
    return 0;
}
static const struct skep_helper cancel = { .name = "cancel", .id = 8, .run = run_cancel };
static const struct skep_helper *const test_helpers[] = { &tail_call, &repeat, &cancel, NULL };

struct fixture {
    struct engines e;
    void *held[2];
    struct skep_map map;
    struct skep_map *maps[1];
};

static void open_fixture(struct fixture *f, const char *source, u64 fuel)
{
    f->map = (struct skep_map){ .type = &program_array, .impl = f->held, .spec.name = "p" };
    f->maps[0] = &f->map;
    struct engines_options options = {
        .hook = &hook, .maps = f->maps, .n_maps = 1, .helpers = test_helpers, .fuel = fuel
    };
    engines_open(&f->e, source, &options);
}

/* Runs on every engine; with a target, that is what index 0 of the program array holds. */
static void expect(const char *source, const char *target, skep_status status, u64 r0)
{
    struct fixture main_program, other;
    open_fixture(&main_program, source, 0);
    if (target)
        open_fixture(&other, target, 0);
    for (enum engine engine = 0; engine < N_ENGINES; engine++) {
        u64 got = 0;
        main_program.held[0] = target ? &other.e.program[engine] : NULL;
        main_program.held[1] = &main_program.e.program[engine];
        if (target) {
            other.held[0] = main_program.held[0];
            other.held[1] = main_program.held[1];
        }
        struct skep_memory ctx = { NULL, 0 };
        skep_status was = engines_run(&main_program.e, engine, &ctx, &got);
        if (was != status || got != r0)
            fail_msg("engine %d: status %d, r0 %llu\n%s", (int)engine, (int)was,
                     (unsigned long long)got, source);
        atomic_store(&main_program.e.thread.cancel, false); /* else it would stop the next run */
        assert_int_equal(main_program.e.thread.depth, 0);
        assert_null(main_program.e.thread.program);
    }
    if (target)
        engines_close(&other.e);
    engines_close(&main_program.e);
}

#define TAIL(index) "r1 = 0; r2 = map[idx:0]; r3 = " index "; call 12; "

TEST(local_calls_keep_r6_to_r9_and_have_frames_of_their_own)
{
    expect("r6 = 5; *(u64 *)(r10 - 8) = 1; call f; r1 = *(u64 *)(r10 - 8); r0 += r1; r0 += r6;"
           "exit; f: r6 = 9; *(u64 *)(r10 - 8) = 7; r0 = 100; exit",
           NULL, SKEP_OK, 106);
}

TEST(eight_frames_are_as_many_as_there_are)
{
    expect("r1 = 7; call f; exit; f: r6 = r1; if r1 == 1 goto +2; r1 += -1; call f; r0 = r6; exit",
           NULL, SKEP_OK, 7);
    expect("r1 = 8; call f; exit; f: r6 = r1; if r1 == 1 goto +2; r1 += -1; call f; r0 = r6; exit",
           NULL, SKEP_TRAP, 0);
}

TEST(tail_calls_do_not_return) { expect(TAIL("0") "r0 = 1; exit", "r0 = 2; exit", SKEP_OK, 2); }

TEST(tail_calls_to_nothing_go_on)
{
    expect(TAIL("5") "r0 = 1; exit", "r0 = 2; exit", SKEP_OK, 1);
    expect(TAIL("0") "r0 = 1; exit", NULL, SKEP_OK, 1);
}

TEST(a_tail_call_from_a_subprogram_gives_the_subprograms_result)
{
    expect("r6 = 1; call f; r0 += r6; exit; f: " TAIL("0") "r0 = 50; exit", "r0 = 20; exit",
           SKEP_OK, 21);
}

/* The memory counts the runs: the 34th call does not happen. */
TEST(there_are_33_tail_calls)
{
    struct fixture f;
    open_fixture(&f,
                 "r6 = r1; r7 = *(u64 *)(r6 + 0); r7 += 1; *(u64 *)(r6 + 0) = r7;" TAIL(
                     "0") "r0 = *(u64 *)(r6 + 0); exit",
                 0);
    for (enum engine engine = 0; engine < N_ENGINES; engine++) {
        u64 count = 0, r0 = 0;
        struct skep_memory ctx = { &count, sizeof(count) };
        f.held[0] = &f.e.program[engine];
        assert_int_equal(engines_run(&f.e, engine, &ctx, &r0), SKEP_OK);
        assert_int_equal(r0, 34);
    }
    engines_close(&f.e);
}

/* Each nested run is one frame deep; 33 of them would not fit if they were not frames replaced. */
TEST(tail_calls_of_nested_programs_take_no_further_frames)
{
    expect("call f; exit; f: " TAIL("0") "r0 = 3; exit", TAIL("0") "r0 = 4; exit", SKEP_OK, 4);
}

TEST(callbacks_run_with_what_the_helper_gives_them)
{
    expect("*(u64 *)(r10 - 8) = 100; r1 = 3; r2 = code[f]; r3 = r10; r3 += -8; call 7; exit;"
           "f: r0 = *(u64 *)(r2 + 0); r0 += r1; exit",
           NULL, SKEP_OK, 303);
}

TEST(callbacks_may_call_back_until_the_frames_are_used_up)
{
    expect("r1 = 2; r2 = code[f]; r3 = 0; call 7; exit;"
           "f: r1 = 3; r2 = code[g]; r3 = 0; call 7; exit; g: r0 = 1; exit",
           NULL, SKEP_OK, 6);
    expect("r1 = 1; r2 = code[f]; r3 = 0; call 7; exit;"
           "f: r1 = 1; r2 = code[f]; r3 = 0; call 7; exit",
           NULL, SKEP_TRAP, 0);
}

TEST(fuel_ends_what_does_not_end)
{
    expect("r0 = 0; goto -2; exit", NULL, SKEP_FUEL, 0);
    expect("r1 = 100000; r2 = code[f]; r3 = 0; call 7; exit;"
           "f: r0 = 0; r0 += 1; r0 += 1; r0 += 1; r0 += 1; r0 += 1; r0 += 1; r0 += 1; r0 += 1;"
           "r0 += 1; exit",
           NULL, SKEP_FUEL, 0);
}

TEST(fuel_used_is_the_same_and_at_least_what_was_executed)
{
    struct fixture f;
    u64 used[N_ENGINES];
    open_fixture(&f,
                 "r0 = 0; loop: r0 += 1; if r0 != 10 goto loop; call f; exit;"
                 "f: r0 = 2; if r0 == 1 goto +3; r0 = 1; r0 = 1; r0 = 1; exit",
                 0);
    for (enum engine engine = 0; engine < N_ENGINES; engine++) {
        u64 r0;
        struct skep_memory ctx = { NULL, 0 };
        assert_int_equal(engines_run(&f.e, engine, &ctx, &r0), SKEP_OK);
        used[engine] = rt_fuel_used(&f.e.thread);
    }
    assert_int_equal(used[0], used[1]);
    /* 1, ten times 4 (the loop and what follows it), 6 */
    assert_int_equal(used[0], 1 + 10 * 4 + 6);
    engines_close(&f.e);
}

TEST(a_cancelled_run_stops_at_its_next_charge)
{
    expect("call 8; r0 = 1; exit", NULL, SKEP_OK, 1);
    expect("call 8; loop: r0 = 1; if r0 == 1 goto loop; exit", NULL, SKEP_CANCELLED, 0);
}

/* Twice the same loop: the second activation has a count of its own. */
TEST(may_goto_counts_per_activation)
{
    struct fixture f;
    open_fixture(&f,
                 "call f; r6 = r0; call f; r0 += r6; exit;"
                 "f: r0 = 0; loop: r0 += 1; may_goto +1; goto loop; exit",
                 1u << 30);
    for (enum engine engine = 0; engine < N_ENGINES; engine++) {
        u64 r0;
        struct skep_memory ctx = { NULL, 0 };
        assert_int_equal(engines_run(&f.e, engine, &ctx, &r0), SKEP_OK);
        assert_int_equal(r0, 2 * (8 * 1024 * 1024 + 1));
    }
    engines_close(&f.e);
}

/* A third of what fits into 16 bits counts as far. */
TEST(far_jumps_arrive)
{
    static struct insn insns[11100];
    struct engines e;
    u64 r0;
    struct skep_memory ctx = { NULL, 0 };
    struct engines_options options = { .hook = &hook };
    u32 n = 0;
    insns[n++] = (struct insn){ .op = ISA_MOV64_IMM, .dst = 0, .imm = 1 };
    insns[n++] = (struct insn){ .op = ISA_JEQ64_IMM, .dst = 0, .imm = 1, .off = 11000 };
    while (n < 11002)
        insns[n++] = (struct insn){ .op = ISA_ADD64_IMM, .dst = 0, .imm = 1 };
    insns[n++] = (struct insn){ .op = ISA_EXIT };
    engines_open_insns(&e, insns, n, &options);
    for (enum engine engine = 0; engine < N_ENGINES; engine++) {
        assert_int_equal(engines_run(&e, engine, &ctx, &r0), SKEP_OK);
        assert_int_equal(r0, 1);
    }
    engines_close(&e);
}

TEST(poisoned_instructions_say_why)
{
    const struct code_note notes[] = { { .insn = 1, .text = "no field 'x' in struct y" } };
    BYTECODE(insns, OP(MOV64_IMM, .dst = 0), OP(LDX_W, .dst = 0, .src = 1), OP(EXIT, ));
    struct engines e;
    memset(&e, 0, sizeof(e));
    bytecode_open(&e.b, insns, 3);
    struct code_input in = { .slots = e.b.slots, .n_slots = 3, .notes = notes, .n_notes = 1 };
    struct engines_options options = { .hook = &hook };
    assert_int_equal(code_build(&e.b.arena, &in, &e.b.code, &e.b.err), SKEP_OK);
    bytecode_graph(&e.b);
    engines_prepare(&e, &options);
    for (enum engine engine = 0; engine < N_ENGINES; engine++) {
        u64 r0;
        struct skep_memory ctx = { NULL, 0 };
        assert_int_equal(engines_run(&e, engine, &ctx, &r0), SKEP_TRAP);
        assert_string_equal(skep_error_id(&e.thread.fault.error), "vm-poisoned-instruction");
        assert_int_equal(e.thread.fault.insn, 1);
    }
    engines_close(&e);
}

UNIT_TESTS(UNIT(local_calls_keep_r6_to_r9_and_have_frames_of_their_own),
           UNIT(eight_frames_are_as_many_as_there_are), UNIT(tail_calls_do_not_return),
           UNIT(tail_calls_to_nothing_go_on),
           UNIT(a_tail_call_from_a_subprogram_gives_the_subprograms_result),
           UNIT(there_are_33_tail_calls),
           UNIT(tail_calls_of_nested_programs_take_no_further_frames),
           UNIT(callbacks_run_with_what_the_helper_gives_them),
           UNIT(callbacks_may_call_back_until_the_frames_are_used_up),
           UNIT(fuel_ends_what_does_not_end),
           UNIT(fuel_used_is_the_same_and_at_least_what_was_executed),
           UNIT(a_cancelled_run_stops_at_its_next_charge), UNIT(may_goto_counts_per_activation),
           UNIT(far_jumps_arrive), UNIT(poisoned_instructions_say_why))
