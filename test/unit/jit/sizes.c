/* Functions of all sizes: branches forwards and backwards over as many bytes as short jumps reach,
 * one more, one less, and over as many as the longest conditional ones of any target; code of 33
 * KB, 129 KB, 1.1 MB; thousands of branches to one place.  What is compiled gives what the same
 * operations give in C. */
#include "jit/generate.h"
#include "support/ssa_run.h"

static struct ssa_build b;

/* A step of the code that is jumped over: 3 bytes on x86-64, or 4 for the first few, so that all
 * numbers of bytes come up; on others as many as it likes. */
static u32 n_long = 2;
static bool step_is_long(u32 i) { return i < n_long; }

static u32 steps(u32 value, u32 by, u32 n)
{
    for (u32 i = 0; i < n; i++)
        value = ssa_build_op(&b, step_is_long(i) ? SSA_MUL : SSA_XOR, 8, value, by);
    return value;
}

static u64 steps_in_c(u64 value, u64 by, u32 n)
{
    for (u32 i = 0; i < n; i++)
        value = step_is_long(i) ? value * by : value ^ by;
    return value;
}

/* if (r1 & 1) → over n steps. */
static void check_forwards(u32 n)
{
    static const u64 args[2][2] = { { 0x123456788, 0x9e3779b97f4a7c15 }, { 77, 3 } };
    u64 results[2];
    ssa_build_open(&b);
    u32 x = ssa_build_param(&b, 0), y = ssa_build_param(&b, 1), work = ssa_run_block(&b),
        end = ssa_run_block(&b);
    ssa_run_branch(&b, ssa_build_with(&b, SSA_AND, 8, x, 1), end, work);
    b.block = work;
    u32 worked = steps(x, y, n);
    ssa_run_jump(&b, end);
    b.block = end;
    u32 from[2] = { x, worked };
    ssa_build_op(&b, SSA_RETURN, 8, ssa_build_op(&b, SSA_ADD, 8, ssa_run_phi(&b, from, 2), y), 0);
    ssa_run(&b, args, 2, results);
    assert_int_equal(results[0], steps_in_c(args[0][0], args[0][1], n) + args[0][1]);
    assert_int_equal(results[1], args[1][0] + args[1][1]);
}

/* do n steps while (++i < 3) */
static void check_backwards(u32 n)
{
    static const u64 args[1][2] = { { 5, 0x9e3779b97f4a7c15 } };
    u64 result, expected = args[0][0];
    ssa_build_open(&b);
    u32 x = ssa_build_param(&b, 0), y = ssa_build_param(&b, 1), loop = ssa_run_block(&b),
        end = ssa_run_block(&b);
    u32 zero = ssa_const(b.func, 0), one = ssa_const(b.func, 1);
    ssa_run_jump(&b, loop);
    b.block = loop;
    u32 enter[2] = { zero, x }, i = ssa_run_phi(&b, enter, 1),
        value = ssa_run_phi(&b, enter + 1, 1);
    u32 next = ssa_build_op(&b, SSA_ADD, 8, i, one), worked = steps(value, y, n);
    u32 again = ssa_build_with(&b, SSA_LT, 8, next, 3);
    ssa_run_branch(&b, again, loop, end);
    ssa_run_phi_again(&b, i, next);
    ssa_run_phi_again(&b, value, worked);
    b.block = end;
    ssa_build_op(&b, SSA_RETURN, 8, worked, 0);
    ssa_run(&b, args, 1, &result);
    for (u32 k = 0; k < 3; k++)
        expected = steps_in_c(expected, args[0][1], n);
    assert_int_equal(result, expected);
}

static void branches_at_the_reach_of_a_byte_arrive(void **state)
{
    (void)state;
    for (u32 n = 0; n < 60; n++)
        for (n_long = 0; n_long < 3; n_long++) {
            check_forwards(n);
            check_backwards(n);
        }
}

static void branches_at_the_reach_of_test_and_branch_arrive(void **state)
{
    (void)state; /* A64: 2^13 instructions */
    for (u32 n = 8180; n < 8200; n += 3) {
        check_forwards(n);
        check_backwards(n);
    }
}

static void code_of_33_kb_129_kb_and_1_1_mb_runs(void **state)
{
    (void)state; /* A64: conditional branches reach 2^18 instructions */
    static const u32 sizes[] = { 10000, 40000, 262138, 262141, 262144, 340000 };
    for (u32 i = 0; i < ARRAY_LEN(sizes); i++) {
        check_forwards(sizes[i]);
        check_backwards(sizes[i]);
    }
}

/* value = r1; N times: a step, and out if the value is then one of a few. */
static void thousands_of_branches_to_one_place_arrive(void **state)
{
    (void)state;
    enum { N = 3000 };
    static const u64 args[2][2] = { { 0, 1 }, { 1, (u64)1 << 63 } };
    static u32 left[N + 1];
    u64 results[2];
    ssa_build_open(&b);
    u32 x = ssa_build_param(&b, 0), y = ssa_build_param(&b, 1), end = ssa_run_block(&b), value = x;
    for (u32 i = 0; i < N; i++) {
        u32 go_on = ssa_run_block(&b);
        value = ssa_build_with(&b, SSA_ADD, 8, value, i % 7 * 1000 + 1);
        ssa_run_branch(
            &b, ssa_build_with(&b, SSA_EQ, 8, ssa_build_with(&b, SSA_AND, 8, value, 0xfff), 0xabc),
            end, go_on);
        left[i] = value;
        b.block = go_on;
    }
    left[N] = ssa_build_op(&b, SSA_XOR, 8, value, y);
    ssa_run_jump(&b, end);
    b.block = end;
    ssa_build_op(&b, SSA_RETURN, 8, ssa_run_phi(&b, left, N + 1), 0);
    ssa_run(&b, args, 2, results);
    for (u32 k = 0; k < 2; k++) {
        u64 expected = args[k][0];
        u32 i = 0;
        for (; i < N; i++) {
            expected += i % 7 * 1000 + 1;
            if ((expected & 0xfff) == 0xabc)
                break;
        }
        assert_int_equal(results[k], i == N ? expected ^ args[k][1] : expected);
    }
}

/* No program of a size to test with is too large for jumps of today's targets, so this one's
 * reach nothing. */
static bool reaches_nothing(u8 *code, u64 code_address, const struct jit_reloc *reloc, u64 to)
{
    (void)code, (void)code_address, (void)reloc, (void)to;
    return false;
}

static void code_that_jumps_do_not_reach_across_is_refused(void **state)
{
    (void)state;
    struct jit_target target = *jit_host_target;
    struct jit_generate_options options = { .features = target.features(), .near = true };
    struct jit_generated code;
    skep_error error = { 0 };
    target.patch = reaches_nothing;
    ssa_build_open(&b);
    u32 args[2] = { ssa_build_op(&b, SSA_THREAD, 8, 0, 0), ssa_build_op(&b, SSA_FRAME, 8, 0, 0) };
    struct ssa_insn call = { .op = SSA_CALL_LOCAL, .width = 8, .imm = 0 };
    u32 result = ssa_new_many(b.func, call, args, 2);
    ssa_append(b.func, b.block, result);
    ssa_build_op(&b, SSA_RETURN, 8, result, 0);
    assert_true(ssa_analyse(b.func));
    assert_int_equal(jit_generate(&b.mem, &target, &b.program, &options, &code, &error),
                     SKEP_LIMIT);
    assert_string_equal(skep_error_id(&error), "jit-too-far");
    ssa_build_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(branches_at_the_reach_of_a_byte_arrive, ssa_run_needs_a_compiler),
        cmocka_unit_test_setup(branches_at_the_reach_of_test_and_branch_arrive,
                               ssa_run_needs_a_compiler),
        cmocka_unit_test_setup(code_of_33_kb_129_kb_and_1_1_mb_runs, ssa_run_needs_a_compiler),
        cmocka_unit_test_setup(thousands_of_branches_to_one_place_arrive, ssa_run_needs_a_compiler),
        cmocka_unit_test_setup(code_that_jumps_do_not_reach_across_is_refused,
                               ssa_run_needs_a_compiler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
