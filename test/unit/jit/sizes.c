/* Functions of all sizes: branches forwards and backwards over as many bytes as short jumps reach,
 * one more, one less, and over as many as the longest conditional ones of any target; code of 33
 * KB, 129 KB, 1.1 MB; thousands of branches to one place.  What is compiled gives what the same
 * operations give in C. */
#include "jit/jit.h"
#include "support/ssa_build.h"

static struct ssa_build b;

static u32 block(void) { return ssa_block_new(b.func); }

static void jump(u32 to)
{
    ssa_build_op(&b, SSA_JUMP, 8, 0, 0);
    ssa_add_edge(b.func, b.block, 0, to);
}

static void branch(u32 condition, u32 yes, u32 no)
{
    ssa_build_op(&b, SSA_BRANCH, 8, condition, 0);
    ssa_add_edge(b.func, b.block, 0, yes);
    ssa_add_edge(b.func, b.block, 1, no);
}

static u32 phi(const u32 *args, u32 n)
{
    struct ssa_insn insn = { .op = SSA_PHI, .width = 8, .origin = CODE_NONE };
    u32 value = ssa_new_many(b.func, insn, args, n);
    assert_int_not_equal(value, 0);
    ssa_append(b.func, b.block, value);
    return value;
}

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

static void open(void)
{
    ssa_build_open(&b);
    ssa_const(b.func, 0);
}

/* The function of r1 and r2 that was built; what it gives for each pair of arguments. */
static void compile_and_run(const u64 (*args)[2], u32 n, u64 *results)
{
    static const struct skep_hook hook = { .ctx_kind = SKEP_CTX_MEMORY };
    static struct skep_thread thread;
    struct jit_options options = { 0 };
    struct jit_code *code;
    u32 where;
    assert_true(ssa_analyse(b.func));
    assert_null(ssa_check(b.func, &where));
    assert_int_equal(jit_compile(&b.mem, &b.program, &options, &code, NULL), SKEP_OK);
    struct rt_program program = { .engine = code, .hook = &hook };
    for (u32 i = 0; i < n; i++) {
        struct skep_memory memory = { .data = (void *)(uintptr_t)args[i][0],
                                      .size = (size_t)args[i][1] };
        assert_int_equal(jit_run(&thread, &program, &memory, &results[i]), SKEP_OK);
    }
    jit_drop(code);
    ssa_build_close(&b);
}

/* if (r1 & 1) → over n steps. */
static void check_forwards(u32 n)
{
    static const u64 args[2][2] = { { 0x123456788, 0x9e3779b97f4a7c15 }, { 77, 3 } };
    u64 results[2];
    open();
    u32 x = ssa_build_param(&b, 0), y = ssa_build_param(&b, 1), work = block(), end = block();
    branch(ssa_build_with(&b, SSA_AND, 8, x, 1), end, work);
    b.block = work;
    u32 worked = steps(x, y, n);
    jump(end);
    b.block = end;
    u32 from[2] = { x, worked };
    ssa_build_op(&b, SSA_RETURN, 8, ssa_build_op(&b, SSA_ADD, 8, phi(from, 2), y), 0);
    compile_and_run(args, 2, results);
    assert_int_equal(results[0], steps_in_c(args[0][0], args[0][1], n) + args[0][1]);
    assert_int_equal(results[1], args[1][0] + args[1][1]);
}

/* do n steps while (++i < 3) */
static void check_backwards(u32 n)
{
    static const u64 args[1][2] = { { 5, 0x9e3779b97f4a7c15 } };
    u64 result, expected = args[0][0];
    open();
    u32 x = ssa_build_param(&b, 0), y = ssa_build_param(&b, 1), loop = block(), end = block();
    u32 zero = ssa_const(b.func, 0), one = ssa_const(b.func, 1);
    jump(loop);
    b.block = loop;
    u32 enter[2] = { zero, x }, i = phi(enter, 1), value = phi(enter + 1, 1);
    u32 next = ssa_build_op(&b, SSA_ADD, 8, i, one), worked = steps(value, y, n);
    u32 again = ssa_build_with(&b, SSA_LT, 8, next, 3);
    u32 around_i[2] = { zero, next }, around_value[2] = { x, worked };
    branch(again, loop, end);
    ssa_at(b.func, i)->n_args = 0; /* one more argument now: from the loop itself */
    ssa_at(b.func, value)->n_args = 0;
    u32 many[2] = {
        ssa_new_many(b.func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 }, around_i, 2),
        ssa_new_many(b.func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 }, around_value, 2)
    };
    for (u32 k = 0; k < 2; k++) {
        struct ssa_insn *of = ssa_at(b.func, k ? value : i), *new = ssa_at(b.func, many[k]);
        of->arg[0] = new->arg[0];
        of->n_args = 2;
        *new = (struct ssa_insn){ 0 };
    }
    b.block = end;
    ssa_build_op(&b, SSA_RETURN, 8, worked, 0);
    compile_and_run(args, 1, &result);
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
    open();
    u32 x = ssa_build_param(&b, 0), y = ssa_build_param(&b, 1), end = block(), value = x;
    for (u32 i = 0; i < N; i++) {
        u32 go_on = block();
        value = ssa_build_with(&b, SSA_ADD, 8, value, i % 7 * 1000 + 1);
        branch(ssa_build_with(&b, SSA_EQ, 8, ssa_build_with(&b, SSA_AND, 8, value, 0xfff), 0xabc),
               end, go_on);
        left[i] = value;
        b.block = go_on;
    }
    left[N] = ssa_build_op(&b, SSA_XOR, 8, value, y);
    jump(end);
    b.block = end;
    ssa_build_op(&b, SSA_RETURN, 8, phi(left, N + 1), 0);
    compile_and_run(args, 2, results);
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

static int needs_a_compiler(void **state)
{
    (void)state;
    if (!jit_is_available())
        skip();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(branches_at_the_reach_of_a_byte_arrive, needs_a_compiler),
        cmocka_unit_test_setup(branches_at_the_reach_of_test_and_branch_arrive, needs_a_compiler),
        cmocka_unit_test_setup(code_of_33_kb_129_kb_and_1_1_mb_runs, needs_a_compiler),
        cmocka_unit_test_setup(thousands_of_branches_to_one_place_arrive, needs_a_compiler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
