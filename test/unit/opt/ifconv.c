/* Which branches become selections and which stay, and that branches on one test become one. */
#include "support/ssa_build.h"

static u32 jump_to(struct ssa_build *b, u32 from, u32 to)
{
    b->block = from;
    ssa_build_op(b, SSA_JUMP, 8, 0, 0);
    ssa_add_edge(b->func, from, 0, to);
    return from;
}

/* A branch from the block under construction around `n` additions to x; the phi of both ways. */
static u32 around(struct ssa_build *b, u32 test, u32 x, u32 n)
{
    u32 from = b->block, side = ssa_block_new(b->func), join = ssa_block_new(b->func);
    u32 y = ssa_const(b->func, 99), phi;
    ssa_build_op(b, SSA_BRANCH, 8, test, 0);
    ssa_add_edge(b->func, from, 0, side);
    ssa_add_edge(b->func, from, 1, join);
    b->block = side;
    for (u32 i = 0; i < n; i++)
        y = ssa_build_op(b, SSA_ADD, 8, y, x);
    jump_to(b, side, join);
    phi = ssa_new_many(b->func, (struct ssa_insn){ .op = SSA_PHI, .width = 8 },
                       (const u32[]){ x, y }, 2);
    ssa_append(b->func, join, phi);
    b->block = join;
    return phi;
}

static u64 run(const struct ssa_build *b, u64 r1, u64 r2)
{
    return ssa_eval_func(b->func, (const u64[5]){ r1, r2 });
}

static void finish(struct ssa_build *b) { ssa_build_check(b); /* analyses, too */ }

static void expect_branches(u32 n, bool converted)
{
    struct ssa_build b;
    ssa_build_open(&b);
    u32 x = ssa_build_param(&b, 0), test = ssa_build_param(&b, 1);
    ssa_build_return(&b, around(&b, test, x, n));
    finish(&b);
    assert_int_equal(opt_ifconv(&b.opt, b.func), converted);
    ssa_build_check(&b);
    assert_int_equal(ssa_build_count(&b, SSA_SELECT), converted);
    assert_int_equal(ssa_build_count(&b, SSA_BRANCH), !converted);
    assert_int_equal(run(&b, 5, 0), 5);
    assert_int_equal(run(&b, 5, 1), 99 + 5 * n);
    ssa_build_close(&b);
}

TEST(branches_around_little_become_selections)
{
    expect_branches(0, true);
    expect_branches(1, true);
    expect_branches(2, true);
}

TEST(branches_around_more_stay) { expect_branches(3, false); }

TEST(branches_that_decide_where_is_loaded_stay)
{
    struct ssa_build b;
    const u8 bytes[200] = { [7] = 42, [99] = 43 };
    ssa_build_open(&b);
    u32 test = ssa_build_param(&b, 1), base = ssa_build_param(&b, 0);
    u32 index = around(&b, test, ssa_const(b.func, 7), 0);
    u32 at = ssa_build_op(&b, SSA_ADD, 8, base, index);
    ssa_build_return(&b, ssa_build_load(&b, SSA_LOAD, 1, at, 0));
    finish(&b);
    assert_false(opt_ifconv(&b.opt, b.func));
    assert_int_equal(run(&b, (u64)(uintptr_t)bytes, 0), 42);
    assert_int_equal(run(&b, (u64)(uintptr_t)bytes, 1), 43);
    ssa_build_close(&b);
}

/* for (x = r1, i = r2; i; i--) if (test) x = 99 … with a test of x or of i. */
static void expect_in_loop(bool of_x, bool converted)
{
    struct ssa_build b;
    ssa_build_open(&b);
    struct ssa_func *func = b.func;
    u32 x0 = ssa_build_param(&b, 0), i0 = ssa_build_param(&b, 1);
    u32 head = ssa_block_new(func), out = ssa_block_new(func);
    jump_to(&b, 0, head);
    struct ssa_insn phi = { .op = SSA_PHI, .width = 8 };
    u32 x = ssa_new_many(func, phi, (const u32[]){ x0 }, 1);
    u32 i = ssa_new_many(func, phi, (const u32[]){ i0 }, 1);
    ssa_append(func, head, x);
    ssa_append(func, head, i);
    b.block = head;
    u32 test = ssa_build_with(&b, SSA_AND, 8, of_x ? x : i, 4);
    u32 next_x = ssa_build_with(&b, SSA_ADD, 8, around(&b, test, x, 0), 3);
    u32 next_i = ssa_build_with(&b, SSA_SUB, 8, i, 1);
    ssa_build_op(&b, SSA_BRANCH, 8, next_i, 0);
    ssa_add_edge(func, b.block, 0, head);
    ssa_add_edge(func, b.block, 1, out);
    ssa_args(func, ssa_at(func, x))[1] = next_x;
    ssa_args(func, ssa_at(func, i))[1] = next_i;
    b.block = out;
    ssa_build_return(&b, next_x);
    finish(&b);
    u64 before = run(&b, 1, 9);
    assert_int_equal(opt_ifconv(&b.opt, func), converted);
    ssa_build_check(&b);
    assert_int_equal(run(&b, 1, 9), before);
    ssa_build_close(&b);
}

TEST(branches_on_what_they_decided_the_round_before_stay)
{
    expect_in_loop(true, false);
    expect_in_loop(false, true);
}

/* Two branches on r2 < 10, the second one the other way round or not. */
static void expect_fused(bool opposite)
{
    struct ssa_build b;
    ssa_build_open(&b);
    u32 x = ssa_build_param(&b, 0), y = ssa_build_param(&b, 1), ten = ssa_const(b.func, 10);
    u32 one = around(&b, ssa_build_op(&b, SSA_LT, 8, y, ten), x, 5);
    u32 sum = ssa_build_with(&b, SSA_ADD, 8, one, 1000),
        other = ssa_build_with(&b, SSA_MUL, 8, y, 3);
    u32 test = opposite ? ssa_build_op(&b, SSA_LE, 8, ten, y) : ssa_build_op(&b, SSA_LT, 8, y, ten);
    u32 two = around(&b, test, other, 4);
    u32 both = ssa_build_op(&b, SSA_XOR, 8, sum, two);
    ssa_build_return(&b, ssa_build_op(&b, SSA_SUB, 8, both, one));
    finish(&b);
    u64 below = run(&b, 3, 7), above = run(&b, 3, 11);
    assert_true(opt_fuse(&b.opt, b.func));
    ssa_build_check(&b);
    assert_int_equal(ssa_build_count(&b, SSA_BRANCH), 1);
    assert_int_equal(run(&b, 3, 7), below);
    assert_int_equal(run(&b, 3, 11), above);
    ssa_build_close(&b);
}

TEST(branches_on_one_test_become_one)
{
    expect_fused(false);
    expect_fused(true);
}

TEST(branches_on_two_tests_stay_two)
{
    struct ssa_build b;
    ssa_build_open(&b);
    u32 x = ssa_build_param(&b, 0), y = ssa_build_param(&b, 1);
    u32 one = around(&b, ssa_build_with(&b, SSA_LT, 8, y, 10), x, 5);
    u32 two = around(&b, ssa_build_with(&b, SSA_LT, 8, y, 11), x, 4);
    ssa_build_return(&b, ssa_build_op(&b, SSA_XOR, 8, one, two));
    finish(&b);
    assert_false(opt_fuse(&b.opt, b.func));
    ssa_build_close(&b);
}

UNIT_TESTS(UNIT(branches_around_little_become_selections), UNIT(branches_around_more_stay),
           UNIT(branches_that_decide_where_is_loaded_stay),
           UNIT(branches_on_what_they_decided_the_round_before_stay),
           UNIT(branches_on_one_test_become_one), UNIT(branches_on_two_tests_stay_two))
