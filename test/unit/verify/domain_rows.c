/* What the scalar domain is known to find out at 64 bits: a row is an operation on operands, and
 * the most that its result may be.  Sound but useless operators would pass the other tests.  And
 * that the domain means the operations of isa/eval.h, on random words. */
#include "isa/eval.h"
#include "isa/isa.h"
#include "verify/domain/scalar.h"

#include "support/unit.h"

#define K(v) scalar_const((u64)(v))
#define U(min, max) scalar_range(min, max)
#define S(min, max) scalar_srange((u64)(min), (u64)(max))
#define BITS(value, mask) scalar_of_bits(tnum_of(value, mask))

struct row {
    const char *name;
    struct scalar result;
    struct scalar most;
};

static void fail_on(const char *name, struct scalar s)
{
    fail_msg("%s: bits %#" PRIx64 "/%#" PRIx64 " u %#" PRIx64 "..%#" PRIx64 " s %" PRId64
             "..%" PRId64 " u32 %#" PRIx64 "..%#" PRIx64 " s32 %" PRId64 "..%" PRId64,
             name, s.bits.value, s.bits.mask, s.umin, s.umax, (s64)s.smin, (s64)s.smax, s.umin32,
             s.umax32, (s64)s.smin32, (s64)s.smax32);
}

static void assert_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (scalar_is_empty(rows[i].result) != scalar_is_empty(rows[i].most) ||
            !scalar_contains(rows[i].most, rows[i].result))
            fail_on(rows[i].name, rows[i].result);
}

/* clang-format off */
TEST(operations_find_what_they_should)
{
    const struct scalar x = scalar_any(), byte = U(0, 255), three = U(0, 3), nibble = U(0, 15);
    const struct row rows[] = {
        { "(x & 7) << (y & 3)", scalar_lsh64(scalar_and64(x, K(7)), scalar_and64(x, K(3))), U(0, 56) },
        { "byte << 4",          scalar_lsh64(byte, K(4)),             BITS(0, 0xff0) },
        { "x << 60",            scalar_lsh64(x, K(60)),               BITS(0, 0xfull << 60) },
        { "negative << 2",      scalar_lsh64(S(-4, 3), K(2)),         S(-16, 12) },
        { "x >> (1..3)",        scalar_rsh64(x, U(1, 3)),             U(0, INT64_MAX) },
        { "x >> 56",            scalar_rsh64(x, K(56)),               U(0, 255) },
        { "(-256..255) s>> 4",  scalar_arsh64(S(-256, 255), K(4)),    S(-16, 15) },
        { "(-256..255) s>> (y & 3)", scalar_arsh64(S(-256, 255), three), S(-256, 255) },
        { "byte / 5",           scalar_div64(byte, K(5)),             U(0, 51) },
        { "byte / (1..3)",      scalar_div64(U(100, 255), U(1, 3)),   U(33, 255) },
        { "x / 0",              scalar_div64(x, K(0)),                K(0) },
        { "x / y",              scalar_div64(byte, x),                U(0, 255) },
        { "x % 60",             scalar_mod64(x, K(60)),               U(0, 59) },
        { "x % 8",              scalar_mod64(BITS(4, ~(u64)7), K(8)), K(4) },
        { "byte % y",           scalar_mod64(byte, x),                U(0, 255) },
        { "(100..110) % 60",    scalar_mod64(U(100, 110), K(60)),     U(40, 50) },
        { "x % (300..400)",     scalar_mod64(byte, U(300, 400)),      U(0, 255) },
        { "(-100..20) s/ 7",    scalar_sdiv64(S(-100, 20), K(7)),     S(-14, 2) },
        { "(-100..20) s/ -7",   scalar_sdiv64(S(-100, 20), K(-7)),    S(-2, 14) },
        { "(-100..20) s% 7",    scalar_smod64(S(-100, 20), K(7)),     S(-6, 6) },
        { "INT64_MIN s/ -1",    scalar_sdiv64(K(INT64_MIN), K(-1)),   K(INT64_MIN) },
        { "INT64_MIN s% -1",    scalar_smod64(K(INT64_MIN), K(-1)),   K(0) },
        { "byte + byte",        scalar_add64(byte, byte),             U(0, 510) },
        { "byte - 10",          scalar_sub64(byte, K(10)),            S(-10, 245) },
        { "-10 + 10..20",       scalar_add64(U(10, 20), K(-10)),      U(0, 10) },
        { "63 - (x & 63)",      scalar_sub64(K(63), scalar_and64(x, K(63))), U(0, 63) },
        { "-byte",              scalar_neg64(byte),                   S(-255, 0) },
        { "|-5..3|",            scalar_abs(S(-5, 3)),                 U(0, 5) },
        { "byte * 5",           scalar_mul64(byte, K(5)),             U(0, 1275) },
        { "byte * 4",           scalar_mul64(byte, K(4)),             BITS(0, 0x3fc) },
        { "(-3..2) * (-4..5)",  scalar_mul64(S(-3, 2), S(-4, 5)),     S(-15, 12) },
        { "x & 12",             scalar_and64(x, K(12)),               BITS(0, 12) },
        { "(-8..7) & (-4..3)",  scalar_and64(S(-8, 7), S(-4, 3)),     S(-8, 7) },
        { "nibble | 16",        scalar_or64(nibble, K(16)),           U(16, 31) },
        { "nibble | 5..9",      scalar_or64(nibble, U(5, 9)),         U(5, 15) },
        { "nibble ^ byte",      scalar_xor64(nibble, byte),           U(0, 255) },
        { "(-5..5) ^ (-3..3)",  scalar_xor64(S(-5, 5), S(-3, 3)),     S(-8, 7) },
        { "bswap16",            scalar_bswap16(x),                    U(0, 0xffff) },
        { "bswap64 of a byte",  scalar_bswap64(byte),                 BITS(0, 0xffull << 56) },
        { "bswap32 of 0x12..",  scalar_bswap32(BITS(0x1200, 0xff)),   BITS(0x120000, 0xff000000) },
        { "(u8)(266..276)",     scalar_zext(U(266, 276), 1),          U(10, 20) },
        { "(s8)(250..260)",     scalar_sext(U(250, 260), 1),          S(-6, 4) },
        { "(s16)x",             scalar_movsx16_64(x),                 S(INT16_MIN, INT16_MAX) },
        { "(u32)(s8)x",         scalar_movsx8_32(x),                  U(0, UINT32_MAX) },
        { "multiples below 100", scalar_and64(U(0, 99), K(~(u64)3)),  U(0, 96) },
    };
    assert_rows(rows, ARRAY_LEN(rows));
}

/* Where other verifiers went wrong: the result must hold what is there, and say no more. */
TEST(halves_are_not_words)
{
    const struct scalar high = K(0x100000000), x = scalar_any();
    const struct scalar_pair below = scalar_refine_jlt32(K(0x100000005), K(8));
    const struct scalar_pair minus = scalar_refine_jslt32(scalar_zext(x, 4), K(0));
    const struct row rows[] = {
        { "w = -1 is zero-extended",      scalar_mov32(x, K(-1)),            K(0xffffffff) },
        { "w = (s8)0xff is too",          scalar_movsx8_32(K(0xff)),         K(0xffffffff) },
        { "w >>= 31 of 2^32",             scalar_rsh32(high, K(31)),         K(0) },
        { "w <<= 32 is by 0",             scalar_lsh32(K(5), K(32)),         K(5) },
        { "w s>>= 1 of 2^31",             scalar_arsh32(K(0x80000000), K(1)), K(0xc0000000) },
        { "w |= of high bits",            scalar_or32(high, K(1)),           K(1) },
        { "w %= 2^32 is by 0",            scalar_mod32(K(7), high),          K(7) },
        { "w /= 2^32 is by 0",            scalar_div32(K(7), high),          K(0) },
        { "w %= y",                       scalar_mod32(U(0, 9), x),          U(0, 9) },
        { "w s/= -1 of INT32_MIN",        scalar_sdiv32(K(0x80000000), K(-1)), K(0x80000000) },
        { "w < 8 keeps the high half",    below.a,                           K(0x100000005) },
        { "w s< 0 of a zero-extended",    minus.a,                           U(0x80000000, 0xffffffff) },
        { "w & constants of the low half", scalar_and64(BITS(1, ~(u64)0xff), K(0xffffffff)), BITS(1, 0xffffff00) },
        { "-5 as s32 is -5",              scalar_srange((u64)-5, (u64)-5),   K(-5) },
        { "(s32) of 0..2^32-1",           scalar_movsx32_64(U(0, UINT32_MAX)), S(INT32_MIN, INT32_MAX) },
    };
    assert_rows(rows, ARRAY_LEN(rows));
}

TEST(conditions_find_what_they_should)
{
    const struct scalar x = scalar_any(), byte = U(0, 255);
    const struct row rows[] = {
        { "x < 64",           scalar_refine_jlt64(x, K(64)).a,           U(0, 63) },
        { "x <= y, y <= 63",  scalar_refine_jle64(x, U(0, 63)).a,        U(0, 63) },
        { "x > 5: x",         scalar_refine_jgt64(byte, K(5)).a,         U(6, 255) },
        { "5 < x: x",         scalar_refine_jlt64(K(5), byte).b,         U(6, 255) },
        { "x s>= 0",          scalar_refine_jsge64(x, K(0)).a,           U(0, INT64_MAX) },
        { "x s> -1, x s< 10", scalar_refine_jslt64(scalar_refine_jsgt64(x, K(-1)).a, K(10)).a, U(0, 9) },
        { "x != 0",           scalar_refine_jne64(byte, K(0)).a,         U(1, 255) },
        { "0..1 != 0",        scalar_refine_jne64(U(0, 1), K(0)).a,      K(1) },
        { "x == byte",        scalar_refine_jeq64(x, byte).a,            U(0, 255) },
        { "x & 4",            scalar_refine_jset64(U(0, 7), K(4)).a,     U(4, 7) },
        { "!(x & 4)",         scalar_refine_jnset64(U(0, 7), K(4)).a,    U(0, 3) },
        { "x & 6 of 0..1",    scalar_refine_jset64(U(0, 1), K(6)).a,     scalar_none() },
        { "5 < 5",            scalar_refine_jlt64(K(5), K(5)).a,         scalar_none() },
        { "0..9 > 9",         scalar_refine_jgt64(U(0, 9), K(9)).a,      scalar_none() },
        { "5 != 5",           scalar_refine_jne64(K(5), K(5)).b,         scalar_none() },
        { "w < 8 of u32",     scalar_refine_jlt32(U(0, UINT32_MAX), K(8)).a, U(0, 7) },
        { "w == 7 of u32",    scalar_refine_jeq32(U(0, UINT32_MAX), K(7)).a, K(7) },
        { "w != -1",          scalar_refine_jne32(U(0, UINT32_MAX), K(UINT32_MAX)).a, U(0, UINT32_MAX - 1) },
        { "x < 0",            scalar_refine_jlt64(x, K(0)).a,            scalar_none() },
        { "w & 4",            scalar_refine_jset32(BITS(0, 0x10000000c), K(0x100000004)).a, BITS(4, 0x100000008) },
        { "x < 100, x = 4n",  scalar_refine_jlt64(BITS(0, ~(u64)3), K(100)).a, U(0, 96) },
    };
    assert_rows(rows, ARRAY_LEN(rows));
}
/* clang-format on */

/* What is widened with each next word of a sequence grows a few times only. */
static u32 chain_length(u64 (*word_at)(u32 i))
{
    struct scalar old = scalar_const(0);
    u32 length = 0;
    for (u32 i = 0; i < 64; i++) {
        struct scalar next = scalar_const(word_at(i));
        length += !scalar_contains(old, next);
        old = scalar_widen(old, scalar_join(old, next));
        if (!scalar_holds(old, word_at(i)))
            fail_on("widen", old);
    }
    return length;
}
static u64 count_up(u32 i) { return i; }
static u64 count_by_eight(u32 i) { return 8 * (u64)i; }
static u64 double_up(u32 i) { return (u64)1 << i; }
static u64 halve(u32 i) { return (u64)1 << (63 - i); }
static u64 to_both_sides(u32 i) { return i % 2 ? (u64)1 << i : 0 - ((u64)1 << i); }

TEST(chains_of_widening_are_short)
{
    assert_true(chain_length(count_up) <= 6);
    assert_true(chain_length(count_by_eight) <= 6);
    assert_true(chain_length(double_up) <= 12);
    assert_true(chain_length(halve) <= 12);
    assert_true(chain_length(to_both_sides) <= 20);
}

/* ---- isa/eval.h ---- */

static u64 random_word(u64 *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 11 ^ *state << 43;
}
/* Small ones, their negatives, powers of two and neighbours, halves, anything. */
static u64 random_operand(u64 *state)
{
    u64 r = random_word(state), x = random_word(state);
    switch (r % 5) {
    case 0: return x % 70;
    case 1: return 0 - x % 70;
    case 2: return ((u64)1 << x % 64) + x / 64 % 3 - 1;
    case 3: return x >> 32;
    default: return x;
    }
}
/* A set with x in it. */
static struct scalar random_around(u64 *state, u64 x)
{
    u64 y = random_operand(state);
    switch (random_word(state) % 5) {
    case 0: return scalar_const(x);
    case 1: return scalar_range(min_u64(x, y), max_u64(x, y));
    case 2: return scalar_srange((s64)x < (s64)y ? x : y, (s64)x < (s64)y ? y : x);
    case 3: return scalar_of_bits(tnum_of(x & ~y, y));
    default: return scalar_join(scalar_const(x), scalar_zext(scalar_const(y), 4));
    }
}

static void assert_holds(const char *name, struct scalar result, u64 value)
{
    if (!scalar_holds(result, value))
        fail_on(name, result);
}

#define CHECK(NAME, name, ...)                                                                     \
    assert_holds(#name "64", scalar_##name##64(a, b), eval_##name##64(x, y));                      \
    assert_holds(#name "32", scalar_##name##32(a, b), eval_##name##32(x, y));
TEST(operations_are_those_of_eval)
{
    u64 state = 3;
    for (u32 i = 0; i < 20000; i++) {
        u64 x = random_operand(&state), y = random_operand(&state);
        struct scalar a = random_around(&state, x), b = random_around(&state, y);
        ISA_BINARY(CHECK)
        assert_holds("neg64", scalar_neg64(a), eval_neg64(x));
        assert_holds("neg32", scalar_neg32(a), eval_neg32(x));
        assert_holds("bswap16", scalar_bswap16(a), eval_bswap16(x));
        assert_holds("bswap32", scalar_bswap32(a), eval_bswap32(x));
        assert_holds("bswap64", scalar_bswap64(a), eval_bswap64(x));
        assert_holds("movsx8_64", scalar_movsx8_64(a), eval_movsx8_64(x));
        assert_holds("movsx16_64", scalar_movsx16_64(a), eval_movsx16_64(x));
        assert_holds("movsx32_64", scalar_movsx32_64(a), eval_movsx32_64(x));
        assert_holds("movsx8_32", scalar_movsx8_32(a), eval_movsx8_32(x));
        assert_holds("movsx16_32", scalar_movsx16_32(a), eval_movsx16_32(x));
    }
}
#undef CHECK

#define CHECK(NAME, name, ...)                                                                     \
    if (eval_##name##64(x, y)) {                                                                   \
        assert_holds(#name "64", scalar_refine_##name##64(a, b).a, x);                             \
        assert_holds(#name "64", scalar_refine_##name##64(a, b).b, y);                             \
    }                                                                                              \
    if (eval_##name##32(x, y)) {                                                                   \
        assert_holds(#name "32", scalar_refine_##name##32(a, b).a, x);                             \
        assert_holds(#name "32", scalar_refine_##name##32(a, b).b, y);                             \
    }
TEST(conditions_are_those_of_eval)
{
    u64 state = 5;
    for (u32 i = 0; i < 20000; i++) {
        u64 x = random_operand(&state);
        u64 y = i % 4 == 0 ? x : i % 4 == 1 ? x ^ (u64)1 << 32 : random_operand(&state);
        struct scalar a = random_around(&state, x), b = random_around(&state, y);
        ISA_COND(CHECK)
    }
}
#undef CHECK

UNIT_TESTS(UNIT(operations_find_what_they_should), UNIT(halves_are_not_words),
           UNIT(conditions_find_what_they_should), UNIT(chains_of_widening_are_short),
           UNIT(operations_are_those_of_eval), UNIT(conditions_are_those_of_eval))
