/* What is known of the results of operations holds for all results: random sets of operands, each
 * member tried. */
#include "opt/known.h"
#include "support/unit.h"

#define MEMBERS 3u
#define ROUNDS 200000u

static u64 random_next(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

/* Numbers near what matters: zero, signs, halves, powers of two. */
static u64 random_number(u64 *state)
{
    u64 x = random_next(state), kind = x >> 61;
    u64 bit = (u64)1 << (x >> 20 & 63);
    switch (kind) {
    case 0: return x & 15;
    case 1: return bit + (x & 3) - 1;
    case 2: return 0 - bit + (x & 3);
    case 3: return x & UINT32_MAX;
    case 4: return x & 63;
    case 5: return UINT32_MAX - (x & 7);
    case 6: return (x & 0xff) << (x >> 20 & 63);
    default: return x;
    }
}

struct operand {
    u64 members[MEMBERS];
    struct known known;
};

static struct operand random_operand(u64 *state)
{
    struct operand o;
    u64 shape = random_next(state), base = random_number(state);
    for (u32 i = 0; i < MEMBERS; i++) {
        u64 x = random_number(state);
        o.members[i] = shape & 1 ? base + (x & 0xff) : shape & 2 ? base : x;
        struct known one = known_number(o.members[i]);
        o.known = i ? known_join(o.known, one) : one;
    }
    if (shape & 4)
        o.known.zeros = o.known.ones = 0;
    if (shape & 8)
        o.known.lo = 0;
    if (shape & 16)
        o.known.hi = UINT64_MAX;
    o.known = known_reduce(o.known);
    return o;
}

static bool holds(struct known k, u64 x)
{
    return k.lo <= x && x <= k.hi && (x & k.zeros) == 0 && (~x & k.ones) == 0;
}

static bool is_division(u32 op) { return op >= SSA_DIV && op <= SSA_SMOD; }

static void check_operation(struct ssa_insn insn, u64 *state)
{
    struct operand a = random_operand(state), b = random_operand(state), c = random_operand(state);
    struct known k = known_result(&insn, a.known, b.known, c.known);
    for (u32 i = 0; i < MEMBERS * MEMBERS; i++) {
        u64 x = a.members[i / MEMBERS], y = b.members[i % MEMBERS], z = c.members[i % MEMBERS];
        u64 result;
        if (is_division(insn.op) && (y & known_mask(insn.width)) == 0)
            continue;
        assert_true(known_eval(&insn, x, y, z, &result));
        if (!holds(k, result))
            fail_msg("op %u width %u of 0x%" PRIx64 ", 0x%" PRIx64 " gives 0x%" PRIx64
                     ", known: 0x%" PRIx64 "..0x%" PRIx64 " zeros 0x%" PRIx64 " ones 0x%" PRIx64,
                     insn.op, insn.width, x, y, result, k.lo, k.hi, k.zeros, k.ones);
    }
}

TEST(results_of_operations_are_what_is_known_of_them)
{
    static const u8 narrow[] = { 1, 2, 4, 8 };
    u64 state = 0x9e3779b97f4a7c15;
    for (u32 op = SSA_ADD; op <= SSA_SELECT; op++)
        for (u32 i = 0; i < ROUNDS / 10; i++) {
            u8 width = random_next(&state) & 1 ? 4 : 8;
            if (op == SSA_BSWAP)
                width = narrow[1 + random_next(&state) % 3];
            if (op == SSA_ZEXT || op == SSA_SEXT)
                width = narrow[random_next(&state) % 3];
            check_operation((struct ssa_insn){ .op = (u16)op, .width = width, .n_args = 2 },
                            &state);
        }
}

TEST(what_is_known_of_numbers_is_the_number)
{
    u64 state = 7;
    for (u32 i = 0; i < ROUNDS; i++) {
        u64 x = random_number(&state), y = random_number(&state), result;
        struct ssa_insn insn = { .op = (u16)(SSA_ADD + random_next(&state) % 2), .width = 8 };
        struct known k = known_result(&insn, known_number(x), known_number(y), known_nothing());
        assert_true(known_eval(&insn, x, y, 0, &result));
        assert_true(known_is_number(k) && k.lo == result);
    }
}

TEST(bounds_and_bits_learn_from_each_other)
{
    struct known k = known_reduce((struct known){ 0x105, 0x10a, 0, 0 });
    assert_int_equal(k.ones, 0x100);
    assert_int_equal(k.zeros, ~(u64)0x10f);
    k = known_reduce((struct known){ 0, UINT64_MAX, ~(u64)0xf0, 0x10 });
    assert_int_equal(k.lo, 0x10);
    assert_int_equal(k.hi, 0xf0);
}

TEST(a_contradiction_is_nothing_known)
{
    struct known k = known_reduce((struct known){ 5, 4, 0, 0 });
    assert_true(k.lo == 0 && k.hi == UINT64_MAX);
    k = known_reduce((struct known){ 0, 9, 1, 1 });
    assert_true(k.lo == 0 && k.hi == UINT64_MAX && !k.zeros && !k.ones);
}

TEST(comparisons_are_decided_by_bounds_and_by_bits)
{
    struct known small = known_reduce((struct known){ 0, 9, 0, 0 });
    struct known negative = known_reduce((struct known){ (u64)-9, (u64)-1, 0, 0 });
    struct known odd = known_reduce((struct known){ 0, UINT64_MAX, 0, 1 });
    assert_int_equal(known_compare(SSA_LT, 8, small, known_number(10)), 1);
    assert_int_equal(known_compare(SSA_LT, 8, small, known_number(9)), -1);
    assert_int_equal(known_compare(SSA_LE, 8, small, known_number(9)), 1);
    assert_int_equal(known_compare(SSA_SLT, 8, negative, small), 1);
    assert_int_equal(known_compare(SSA_LT, 8, negative, small), 0);
    assert_int_equal(known_compare(SSA_EQ, 8, odd, known_number(8)), 0);
    assert_int_equal(known_compare(SSA_NE, 4, odd, known_number(8)), 1);
}

UNIT_TESTS(UNIT(results_of_operations_are_what_is_known_of_them),
           UNIT(what_is_known_of_numbers_is_the_number),
           UNIT(bounds_and_bits_learn_from_each_other), UNIT(a_contradiction_is_nothing_known),
           UNIT(comparisons_are_decided_by_bounds_and_by_bits))
