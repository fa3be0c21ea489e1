/* Division by constants: with ranges of 8 bits every dividend and divisor, with 16 bits every
 * dividend, with 32 and 64 bits the dividends next to multiples, where a multiplier that is not
 * exact goes wrong first, and random ones. */
#include "support/ssa_build.h"

static u64 random_state = 88172645463325252u;
static u64 next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static const enum ssa_op ops[] = { SSA_DIV, SSA_MOD, SSA_SDIV, SSA_SMOD };

/* n op d as divconst has it. */
struct division {
    struct ssa_build b;
    enum ssa_op op;
    u32 width;
    u64 d;
};

static void open_division(struct division *div, enum ssa_op op, u32 width, u64 d, u64 hi)
{
    div->op = op;
    div->width = width;
    div->d = d;
    ssa_build_open(&div->b);
    u32 n = ssa_build_param(&div->b, 0);
    div->b.func->ranges[n].hi = hi;
    ssa_build_return(&div->b, ssa_build_with(&div->b, op, width, n, d));
    assert_true(opt_divconst(&div->b.opt, div->b.func));
    assert_int_equal(ssa_build_count(&div->b, op), 0);
    ssa_build_check(&div->b);
}

static u64 check(const struct division *div, u64 n)
{
    const u64 params[5] = { n };
    u64 expected = ssa_eval_op(div->op, div->width, n, div->d);
    u64 got = ssa_eval_func(div->b.func, params);
    if (got == expected)
        return got;
    struct text text;
    text_init(&text, (struct mem *)(uintptr_t)&div->b.mem);
    ssa_print(&text, div->b.func);
    fail_msg("%s of %u bytes, 0x%llx and 0x%llx: 0x%llx, expected 0x%llx\n%s",
             ssa_rows[div->op].text, div->width, (unsigned long long)n, (unsigned long long)div->d,
             (unsigned long long)got, (unsigned long long)expected, text_cstr(&text));
    return 0;
}

static bool quotient_fits(const struct division *div, u64 n)
{
    u64 top = div->width == 8 ? UINT64_MAX : UINT32_MAX;
    bool is_signed = div->op == SSA_SDIV || div->op == SSA_SMOD;
    return !is_signed || (div->d & top) != top || (n & top) != top / 2 + 1;
}

TEST(all_of_8_bits)
{
    struct division div;
    for (u32 i = 0; i < ARRAY_LEN(ops); i++)
        for (u32 width = 4; width <= 8; width += 4)
            for (u64 d = 2; d < 256; d++) {
                open_division(&div, ops[i], width, d, 255);
                for (u64 n = 0; n < 256; n++)
                    check(&div, n);
                assert_int_equal(ssa_build_count(&div.b, SSA_MULH), 0);
                ssa_build_close(&div.b);
            }
}

TEST(all_dividends_of_16_bits)
{
    static const u64 divisors[] = { 3, 7, 10, 11, 641, 1000, 32767, 32769, 65521, 65535, 65537 };
    struct division div;
    for (u32 i = 0; i < ARRAY_LEN(divisors); i++) {
        open_division(&div, ops[i % 2], 4 + 4 * (i / 2 % 2), divisors[i], 65535);
        for (u64 n = 0; n < 65536; n++)
            check(&div, n);
        ssa_build_close(&div.b);
    }
}

/* Around the largest multiples, where the error of the multiplier is largest, and elsewhere. */
static void check_many(struct division *div, u64 hi)
{
    u64 d = (s64)div->d < 0 && div->width == 8 ? 0 - div->d : div->d, top = hi - hi % (d ? d : 1);
    const u64 around[] = { 0, d, top, top - d, hi, (hi >> 1) + 1, (hi >> 1) / d * d };
    for (u32 i = 0; i < ARRAY_LEN(around); i++)
        for (u64 delta = 0; delta < 5; delta++)
            if (around[i] + delta - 2 <= hi && quotient_fits(div, around[i] + delta - 2)) {
                check(div, around[i] + delta - 2);
                if (0 - (around[i] + delta - 2) <= hi)
                    check(div, 0 - (around[i] + delta - 2));
            }
    for (u32 i = 0; i < 20; i++) {
        u64 n = next_random() >> next_random() % 64;
        if (n <= hi && quotient_fits(div, n))
            check(div, n);
    }
}

static void check_divisor(u64 d)
{
    struct division div;
    for (u32 i = 0; i < ARRAY_LEN(ops); i++)
        for (u32 width = 4; width <= 8; width += 4) {
            u64 top = width == 8 ? UINT64_MAX : UINT32_MAX, low = d & top;
            bool is_signed = ops[i] == SSA_SDIV || ops[i] == SSA_SMOD;
            if (low < 2 || (is_signed && low == top))
                continue;
            u64 hi = next_random() % 2 ? UINT64_MAX : next_random() >> next_random() % 64;
            open_division(&div, ops[i], width, d, hi);
            check_many(&div, hi);
            ssa_build_close(&div.b);
        }
}

TEST(wide_dividends)
{
    static const u64 steps[] = { 0, 1, 2, 3, 5, 7, 9, 10, 25, 125, 625, 1000, 1000000007 };
    for (u32 bits = 0; bits < 64; bits++)
        for (u32 i = 0; i < ARRAY_LEN(steps); i++) {
            check_divisor(((u64)1 << bits) + steps[i]);
            check_divisor(((u64)1 << bits) - steps[i]);
            check_divisor(0 - ((u64)1 << bits) - steps[i]);
        }
    for (u32 i = 0; i < 5000; i++)
        check_divisor(next_random() >> next_random() % 64);
}

TEST(known_small_dividends_need_no_high_product)
{
    struct division div;
    open_division(&div, SSA_DIV, 8, 1000, UINT32_MAX);
    assert_int_equal(ssa_build_count(&div.b, SSA_MULH), 0);
    ssa_build_close(&div.b);
    open_division(&div, SSA_SDIV, 8, 10, INT64_MAX);
    assert_int_equal(ssa_build_count(&div.b, SSA_SMULH), 0);
    ssa_build_close(&div.b);
}

UNIT_TESTS(UNIT(all_of_8_bits), UNIT(all_dividends_of_16_bits), UNIT(wide_dividends),
           UNIT(known_small_dividends_need_no_high_product))
