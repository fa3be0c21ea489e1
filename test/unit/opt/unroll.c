/* unroll: loops of all kinds of counters do the same before and after; which become straight lines,
 * which go several rounds at a time. */
#include "support/ssa_build.h"

/* do { … } while (counter op bound): the counter before or after it counts, the block's first or
 * second successor, with an empty block on the way back or without. */
struct loop {
    struct ssa_build b;
    u64 first, step, bound;
    enum ssa_op test;
    u32 width, longer; /* longer: operations added to each round */
    bool counted, second, between;
    u32 head;
};

static void branch(struct ssa_build *b, u32 condition, u32 yes, u32 no)
{
    ssa_build_op(b, SSA_BRANCH, 8, condition, 0);
    ssa_add_edge(b->func, b->block, 0, yes);
    ssa_add_edge(b->func, b->block, 1, no);
}

static void jump(struct ssa_build *b, u32 to)
{
    ssa_build_op(b, SSA_JUMP, 8, 0, 0);
    ssa_add_edge(b->func, b->block, 0, to);
}

/* In block b->block, which has one predecessor so far. */
static u32 phi(struct ssa_build *b, u32 first)
{
    u32 v = ssa_new_many(
        b->func, (struct ssa_insn){ .op = SSA_PHI, .width = 8, .origin = CODE_NONE }, &first, 1);
    ssa_append(b->func, b->block, v);
    return v;
}

static void set_next(struct ssa_build *b, u32 phi_value, u32 next)
{
    ssa_args(b->func, ssa_at(b->func, phi_value))[1] = next;
}

/* A sum, a pair that changes places, the last counter: all of them are results. */
static void build(struct loop *l)
{
    struct ssa_build *b = &l->b;
    ssa_build_open(b);
    u32 x = ssa_build_param(b, 0), number = ssa_const(b->func, l->first);
    l->head = ssa_block_new(b->func);
    u32 after = ssa_block_new(b->func), back = l->between ? ssa_block_new(b->func) : l->head;
    jump(b, l->head);
    b->block = l->head;
    u32 i = phi(b, number), sum = phi(b, x), left = phi(b, x), right = phi(b, number);
    u32 mixed = ssa_build_op(b, SSA_MUL, 8, ssa_build_with(b, SSA_XOR, 8, i, 77), left);
    for (u32 k = 0; k < l->longer; k++)
        mixed = ssa_build_with(b, SSA_MUL, 8, mixed, 3 + k);
    u32 next_sum = ssa_build_op(b, SSA_ADD, 8, mixed, sum);
    u32 next_left = ssa_build_with(b, SSA_ROTL, 8, right, 9);
    u32 next = ssa_build_with(b, SSA_ADD, l->width, i, l->step);
    u32 again = ssa_build_with(b, l->test, l->width, l->counted ? next : i, l->bound);
    branch(b, again, l->second ? after : back, l->second ? back : after);
    if (l->between) {
        b->block = back;
        jump(b, l->head);
    }
    set_next(b, i, next);
    set_next(b, sum, next_sum);
    set_next(b, left, next_left);
    set_next(b, right, left);
    b->block = after;
    u32 all = ssa_build_op(b, SSA_XOR, 8, next_sum, ssa_build_with(b, SSA_MUL, 8, sum, 3));
    all = ssa_build_op(b, SSA_XOR, 8, all, ssa_build_with(b, SSA_MUL, 8, left, 5));
    all = ssa_build_op(b, SSA_ADD, 8, all, ssa_build_with(b, SSA_MUL, 8, i, 7));
    ssa_build_return(b, ssa_build_op(b, SSA_ADD, 8, all, right));
    ssa_build_check(b);
}

static skep_status run(struct loop *l, u64 *r0)
{
    static u8 stack[RT_MAX_FRAMES * RT_FRAME_BYTES];
    static const struct skep_hook hook = { 0 };
    struct skep_thread thread = { .stack = stack };
    struct ssa_eval eval = { .ssa = &l->b.program, .most_steps = 100000 };
    struct rt_program program = { .engine = &eval, .hook = &hook };
    return ssa_eval_run(&thread, &program, (void *)(uintptr_t)0x1234567, r0);
}

/* How many times the operation of a round is there afterwards; 0: the function is another one. */
static u32 unrolled(struct loop *l)
{
    build(l);
    u64 expected = 0, found = 0;
    skep_status status = run(l, &expected);
    opt_unroll(&l->b.opt, l->b.func);
    ssa_build_check(&l->b);
    bool same = run(l, &found) == status && (status != SKEP_OK || found == expected);
    u32 rounds = ssa_build_count(&l->b, SSA_ROTL);
    ssa_build_close(&l->b);
    return same ? rounds : 0;
}

TEST(a_few_rounds_become_a_straight_line)
{
    struct loop l = { .step = 1, .bound = 5, .test = SSA_NE, .width = 8, .counted = true };
    assert_int_equal(unrolled(&l), 5);
}
TEST(many_rounds_go_several_at_a_time)
{
    struct loop l = { .step = 1, .bound = 100, .test = SSA_LT, .width = 4, .counted = true };
    assert_int_equal(unrolled(&l), 5);
}
TEST(a_prime_number_of_rounds_stays)
{
    struct loop l = { .step = 1, .bound = 101, .test = SSA_LT, .width = 4, .counted = true };
    assert_int_equal(unrolled(&l), 1);
}
TEST(a_long_round_stays)
{
    struct loop l = { .step = 1, .bound = 100, .width = 4, .counted = true, .longer = 12 };
    l.test = SSA_LT;
    assert_int_equal(unrolled(&l), 1);
}
TEST(a_loop_without_end_stays)
{
    struct loop l = { .first = 1, .step = 2, .bound = 100, .test = SSA_NE, .width = 8 };
    assert_int_equal(unrolled(&l), 1);
}
TEST(a_counter_may_pass_the_end_of_its_numbers)
{
    struct loop l = { .first = 0xffffffff - 10, .step = 3, .bound = 1, .test = SSA_NE, .width = 4 };
    assert_int_equal(unrolled(&l), 5);
}

TEST(all_kinds_of_counters_do_what_they_did)
{
    static const u64 firsts[] = { 0, 1, 16, 0xfffffffe, UINT64_MAX - 20 };
    static const u64 steps[] = { 1, 3, 4, UINT64_MAX, 0xffffffff };
    static const u64 bounds[] = { 0, 1, 12, 16, 48, 0x100000000 };
    u32 changed = 0;
    for (u32 i = 0; i < 5 * 5 * 6 * 6 * 16; i++) {
        struct loop l = { .first = firsts[i % 5],
                          .step = steps[i / 5 % 5],
                          .bound = bounds[i / 25 % 6],
                          .test = (enum ssa_op)(SSA_EQ + i / 150 % 6),
                          .width = i / 900 & 1 ? 4 : 8,
                          .counted = i / 900 & 2,
                          .second = i / 900 & 4,
                          .between = i / 900 & 8 };
        u32 rounds = unrolled(&l);
        if (!rounds)
            fail_msg("%u: another function", i);
        changed += rounds > 1;
    }
    assert_true(changed > 200);
}

UNIT_TESTS(UNIT(a_few_rounds_become_a_straight_line), UNIT(many_rounds_go_several_at_a_time),
           UNIT(a_prime_number_of_rounds_stays), UNIT(a_long_round_stays),
           UNIT(a_loop_without_end_stays), UNIT(a_counter_may_pass_the_end_of_its_numbers),
           UNIT(all_kinds_of_counters_do_what_they_did))
