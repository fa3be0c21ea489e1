/* Loops whose values change places: phis become copies that are made one after the other but mean
 * all at once, in cycles of all lengths, with values that also grow, start as constants or stay,
 * and with more of them than there are registers. */
#include "support/ssa_run.h"

enum { MOST = 24, ROUNDS = 7 };

static struct ssa_build b;
static u64 random_state = 0x2545f4914f6cdd1d;
static u32 below(u32 n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (u32)(random_state >> 33) % n;
}

/* value[i] = (old value[from[i]]) + add[i], ROUNDS times. */
struct shuffle {
    u32 n, from[MOST], add[MOST];
    bool constant[MOST]; /* begins as a number, else as r1 + i */
};

static u64 first_value(const struct shuffle *s, u32 i, u64 r1)
{
    return s->constant[i] ? 1000 + i : r1 + i;
}

static u64 shuffled_in_c(const struct shuffle *s, u64 r1)
{
    u64 value[MOST], old[MOST], sum = 0;
    for (u32 i = 0; i < s->n; i++)
        value[i] = first_value(s, i, r1);
    for (u32 round = 0; round < ROUNDS; round++) {
        memcpy(old, value, sizeof old);
        for (u32 i = 0; i < s->n; i++)
            value[i] = old[s->from[i]] + s->add[i];
    }
    for (u32 i = 0; i < s->n; i++)
        sum = sum * 31 + value[i];
    return sum;
}

static u64 shuffled(const struct shuffle *s, u64 r1)
{
    const u64 args[1][2] = { { r1, 0 } };
    u32 phis[MOST], next[MOST];
    u64 result;
    ssa_build_open(&b);
    u32 x = ssa_build_param(&b, 0), zero = ssa_const(b.func, 0), sum = zero;
    for (u32 i = 0; i < s->n; i++)
        next[i] =
            s->constant[i] ? ssa_const(b.func, 1000 + i) : ssa_build_with(&b, SSA_ADD, 8, x, i);
    u32 loop = ssa_run_block(&b), end = ssa_run_block(&b);
    ssa_run_jump(&b, loop);
    b.block = loop;
    u32 round = ssa_run_phi(&b, &zero, 1);
    for (u32 i = 0; i < s->n; i++)
        phis[i] = ssa_run_phi(&b, &next[i], 1);
    for (u32 i = 0; i < s->n; i++)
        next[i] = s->add[i] ? ssa_build_with(&b, SSA_ADD, 8, phis[s->from[i]], s->add[i])
                            : phis[s->from[i]];
    u32 rounds = ssa_build_with(&b, SSA_ADD, 8, round, 1);
    ssa_run_branch(&b, ssa_build_with(&b, SSA_LT, 8, rounds, ROUNDS), loop, end);
    ssa_run_phi_again(&b, round, rounds);
    for (u32 i = 0; i < s->n; i++)
        ssa_run_phi_again(&b, phis[i], next[i]);
    b.block = end;
    for (u32 i = 0; i < s->n; i++)
        sum = ssa_build_op(&b, SSA_ADD, 8, ssa_build_with(&b, SSA_MUL, 8, sum, 31), next[i]);
    ssa_build_op(&b, SSA_RETURN, 8, sum, 0);
    ssa_run(&b, args, 1, &result);
    return result;
}

static void check_shuffle(const struct shuffle *s)
{
    assert_int_equal(shuffled(s, 5), shuffled_in_c(s, 5));
}

static void rotations_of_all_lengths_go_round(void **state)
{
    (void)state;
    for (u32 n = 1; n <= MOST; n++)
        for (u32 by = 0; by < n && by < 4; by++) {
            struct shuffle s = { .n = n };
            for (u32 i = 0; i < n; i++)
                s.from[i] = (i + by) % n;
            check_shuffle(&s);
        }
}

static void values_are_exchanged_spread_and_changed(void **state)
{
    (void)state;
    for (u32 k = 0; k < 1500; k++) {
        struct shuffle s = { .n = 1 + below(MOST) };
        for (u32 i = 0; i < s.n; i++) {
            s.from[i] = below(3) ? below(s.n) : i ^ 1;
            s.from[i] %= s.n;
            s.add[i] = below(3) ? 0 : below(100);
            s.constant[i] = below(4) == 0;
        }
        check_shuffle(&s);
    }
}

/* if (r1 & 1) → a block whose phi has one argument */
static void phis_of_one_argument_are_what_it_is(void **state)
{
    static const u64 args[2][2] = { { 6, 10 }, { 7, 10 } };
    u64 results[2];
    (void)state;
    ssa_build_open(&b);
    u32 x = ssa_build_param(&b, 0), y = ssa_build_param(&b, 1);
    u32 odd = ssa_run_block(&b), even = ssa_run_block(&b);
    ssa_run_branch(&b, ssa_build_with(&b, SSA_AND, 8, x, 1), odd, even);
    b.block = odd;
    u32 same = ssa_run_phi(&b, &x, 1);
    ssa_build_op(&b, SSA_RETURN, 8, ssa_build_op(&b, SSA_MUL, 8, same, y), 0);
    b.block = even;
    ssa_build_op(&b, SSA_RETURN, 8, ssa_build_op(&b, SSA_ADD, 8, ssa_run_phi(&b, &x, 1), y), 0);
    ssa_run(&b, args, 2, results);
    assert_int_equal(results[0], 16);
    assert_int_equal(results[1], 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(rotations_of_all_lengths_go_round, ssa_run_needs_a_compiler),
        cmocka_unit_test_setup(phis_of_one_argument_are_what_it_is, ssa_run_needs_a_compiler),
        cmocka_unit_test_setup(values_are_exchanged_spread_and_changed, ssa_run_needs_a_compiler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
