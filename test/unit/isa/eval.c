/* Known answers of the value semantics: the corners of RFC 9669 §4.1 to §4.3 and §5.3. */
#include "isa/eval.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#define INT_MIN_64 ((u64)1 << 63)
#define INT_MIN_32 ((u64)1 << 31)

static void assert_u64(u64 got, u64 expected)
{
    if (got != expected)
        fail_msg("got 0x%" PRIx64 ", expected 0x%" PRIx64, got, expected);
}

static void division_by_zero_gives_zero_and_modulo_keeps_the_dividend(void **state)
{
    (void)state;
    u64 x = 0x123456789abcdef0;
    assert_u64(eval_div64(x, 0), 0);
    assert_u64(eval_sdiv64(x, 0), 0);
    assert_u64(eval_mod64(x, 0), x);
    assert_u64(eval_smod64(x, 0), x);
    /* 32 bits: the divisor is the low half, and the kept dividend is zero-extended */
    u64 low_zero = 0xffffffff00000000;
    assert_u64(eval_div32(x, low_zero), 0);
    assert_u64(eval_sdiv32(x, low_zero), 0);
    assert_u64(eval_mod32(x, low_zero), 0x9abcdef0);
    assert_u64(eval_smod32(x, low_zero), 0x9abcdef0);
}

static void the_smallest_number_by_minus_one_wraps(void **state)
{
    (void)state;
    assert_u64(eval_sdiv64(INT_MIN_64, (u64)-1), INT_MIN_64);
    assert_u64(eval_smod64(INT_MIN_64, (u64)-1), 0);
    assert_u64(eval_sdiv32(INT_MIN_32, (u64)-1), INT_MIN_32);
    assert_u64(eval_smod32(INT_MIN_32, 0xffffffff), 0);
}

static void signed_division_truncates(void **state)
{
    (void)state;
    assert_u64(eval_sdiv64((u64)-13, 3), (u64)-4);
    assert_u64(eval_smod64((u64)-13, 3), (u64)-1);
    assert_u64(eval_smod64(13, (u64)-3), 1);
    assert_u64(eval_sdiv32((u64)-13, 3), (u32)-4);
    assert_u64(eval_smod32((u64)-13, 3), (u32)-1);
    assert_u64(eval_div64((u64)-1, 2), INT64_MAX);
    assert_u64(eval_div32((u64)-1, 2), INT32_MAX);
}

static void shift_amounts_are_masked_to_the_width(void **state)
{
    (void)state;
    assert_u64(eval_lsh64(1, 65), 2);
    assert_u64(eval_lsh32(1, 33), 2);
    assert_u64(eval_rsh64(INT_MIN_64, 127), 1);
    assert_u64(eval_rsh32(0xffffffff80000000, 63), 1);
    assert_u64(eval_arsh64(INT_MIN_64, 63 + 64), (u64)-1);
    assert_u64(eval_arsh32(INT_MIN_32, 31 + 32), 0xffffffff);
    assert_u64(eval_arsh32(0xff7fffffff, 4), 0x7ffffff);
}

static void results_of_32_bits_are_zero_extended(void **state)
{
    (void)state;
    u64 all = (u64)-1;
    assert_u64(eval_add32(all, 2), 1);
    assert_u64(eval_sub32(0, 1), 0xffffffff);
    assert_u64(eval_mul32(all, all), 1);
    assert_u64(eval_or32(all, 0), 0xffffffff);
    assert_u64(eval_and32(all, all), 0xffffffff);
    assert_u64(eval_xor32(all, 0), 0xffffffff);
    assert_u64(eval_mov32(0, all), 0xffffffff);
    assert_u64(eval_neg32(1), 0xffffffff);
    assert_u64(eval_neg64(1), all);
    assert_u64(eval_neg64(INT_MIN_64), INT_MIN_64);
}

static void moves_sign_extend_to_their_width(void **state)
{
    (void)state;
    assert_u64(eval_movsx8_64(0x180), (u64)-128);
    assert_u64(eval_movsx16_64(0x18000), (u64)-32768);
    assert_u64(eval_movsx32_64(0x180000000), (u64)INT32_MIN);
    assert_u64(eval_movsx8_32(0xfff80), 0xffffff80);
    assert_u64(eval_movsx16_32(0xf7fff), 0x7fff);
}

static void byte_swaps_zero_what_is_above(void **state)
{
    (void)state;
    u64 x = 0x0123456789abcdef;
    assert_u64(eval_bswap16(x), 0xefcd);
    assert_u64(eval_bswap32(x), 0xefcdab89);
    assert_u64(eval_bswap64(x), 0xefcdab8967452301);
    u16 one = 1;
    bool little = *(u8 *)&one == 1;
    assert_u64(eval_le16(x), little ? 0xcdef : 0xefcd);
    assert_u64(eval_be16(x), little ? 0xefcd : 0xcdef);
    assert_u64(eval_le32(x), little ? 0x89abcdef : 0xefcdab89);
    assert_u64(eval_be32(x), little ? 0xefcdab89 : 0x89abcdef);
    assert_u64(eval_le64(x), little ? x : 0xefcdab8967452301);
    assert_u64(eval_be64(x), little ? 0xefcdab8967452301 : x);
}

static void conditions_of_32_bits_see_low_halves(void **state)
{
    (void)state;
    u64 minus = 0xffffffff, five = 0x7700000005;
    assert_true(eval_jeq32(five, 5));
    assert_false(eval_jeq64(five, 5));
    assert_true(eval_jsgt64(minus, 0));
    assert_false(eval_jsgt32(minus, 0));
    assert_true(eval_jslt32(minus, 0));
    assert_true(eval_jgt32(minus, five));
    assert_true(eval_jlt64(minus, five));
    assert_false(eval_jset32(0x100000000, 0x100000000));
    assert_true(eval_jset64(0x100000000, 0x100000000));
    assert_true(eval_jge64(5, 5) && eval_jle64(5, 5) && eval_jsge64(5, 5) && eval_jsle64(5, 5));
    assert_true(eval_jsle64((u64)-1, 0) && !eval_jle64((u64)-1, 0));
}

static void compare_exchange_of_32_bits_ignores_upper_halves(void **state)
{
    (void)state;
    assert_u64(eval_cmpxchg64(7, 7, 9), 9);
    assert_u64(eval_cmpxchg64(7, 0x100000007, 9), 7);
    assert_u64(eval_cmpxchg32(7, 0x100000007, 0x500000009), 9);
    assert_u64(eval_cmpxchg32(7, 8, 9), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(division_by_zero_gives_zero_and_modulo_keeps_the_dividend),
        cmocka_unit_test(the_smallest_number_by_minus_one_wraps),
        cmocka_unit_test(signed_division_truncates),
        cmocka_unit_test(shift_amounts_are_masked_to_the_width),
        cmocka_unit_test(results_of_32_bits_are_zero_extended),
        cmocka_unit_test(moves_sign_extend_to_their_width),
        cmocka_unit_test(byte_swaps_zero_what_is_above),
        cmocka_unit_test(conditions_of_32_bits_see_low_halves),
        cmocka_unit_test(compare_exchange_of_32_bits_ignores_upper_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
