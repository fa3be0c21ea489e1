/* The scalar domain on words of 4 or 8 bits, where all members of a set can be tried.  The file
 * that includes this defines WORD_BITS, and says how operands are chosen. */
#ifndef SKEP_TEST_UNIT_VERIFY_DOMAIN_SMALL_H
#define SKEP_TEST_UNIT_VERIFY_DOMAIN_SMALL_H

#include "verify/domain/scalar.h"

#include <stdlib.h>

#include "support/unit.h"

#define WORDS (1u << WORD_BITS)

/* ---- The operations on words, written without those of the domain ---- */

static u64 low(u64 x) { return x & HALF_ONES; }
static s64 sign(u64 x) { return x & WORD_SIGN ? (s64)x - (s64)WORDS : (s64)x; }
static s64 low_sign(u64 x)
{
    return low(x) > HALF_ONES / 2 ? (s64)low(x) - (s64)HALF_ONES - 1 : (s64)low(x);
}
static u64 signed_quotient(s64 x, s64 y) { return y ? (u64)(x / y) : 0; }
static u64 signed_rest(s64 x, s64 y) { return y ? (u64)(x % y) : (u64)x; }
static inline u64 reversed(u64 x, u32 bytes)
{
    u64 out = 0, byte = (1u << BYTE_BITS) - 1;
    for (u32 i = 0; i < bytes; i++)
        out = out << BYTE_BITS | (x >> i * BYTE_BITS & byte);
    return out;
}
static u64 extended(u64 x, u32 bits)
{
    u64 ones = (u64)-1 << (bits - 1);
    return x >> (bits - 1) & 1 ? x | ones : x & ~ones;
}

/* clang-format off */
#define AMOUNT(y, bits) (y & (bits - 1))
#define OPERATIONS(F) \
    F(add64, x + y) F(sub64, x - y) F(mul64, x * y) F(and64, x & y) F(or64, x | y) F(xor64, x ^ y) \
    F(mov64, y) F(div64, y ? x / y : 0) F(mod64, y ? x % y : x) \
    F(sdiv64, signed_quotient(sign(x), sign(y))) F(smod64, signed_rest(sign(x), sign(y))) \
    F(lsh64, x << AMOUNT(y, WORD_BITS)) F(rsh64, x >> AMOUNT(y, WORD_BITS)) \
    F(arsh64, (u64)(sign(x) >> AMOUNT(y, WORD_BITS))) \
    F(add32, low(x + y)) F(sub32, low(x - y)) F(mul32, low(x * y)) F(and32, low(x & y)) \
    F(or32, low(x | y)) F(xor32, low(x ^ y)) F(mov32, low(y)) \
    F(div32, low(y) ? low(x) / low(y) : 0) F(mod32, low(y) ? low(x) % low(y) : low(x)) \
    F(sdiv32, low(signed_quotient(low_sign(x), low_sign(y)))) \
    F(smod32, low(signed_rest(low_sign(x), low_sign(y)))) \
    F(lsh32, low(x << AMOUNT(y, HALF_BITS))) F(rsh32, low(x) >> AMOUNT(y, HALF_BITS)) \
    F(arsh32, low((u64)(low_sign(x) >> AMOUNT(y, HALF_BITS))))
#define CONDITIONS(F) \
    F(jeq64, x == y) F(jne64, x != y) F(jgt64, x > y) F(jge64, x >= y) F(jlt64, x < y) F(jle64, x <= y) \
    F(jsgt64, sign(x) > sign(y)) F(jsge64, sign(x) >= sign(y)) F(jslt64, sign(x) < sign(y)) \
    F(jsle64, sign(x) <= sign(y)) F(jset64, (x & y) != 0) F(jnset64, (x & y) == 0) \
    F(jeq32, low(x) == low(y)) F(jne32, low(x) != low(y)) F(jgt32, low(x) > low(y)) \
    F(jge32, low(x) >= low(y)) F(jlt32, low(x) < low(y)) F(jle32, low(x) <= low(y)) \
    F(jsgt32, low_sign(x) > low_sign(y)) F(jsge32, low_sign(x) >= low_sign(y)) \
    F(jslt32, low_sign(x) < low_sign(y)) F(jsle32, low_sign(x) <= low_sign(y)) \
    F(jset32, low(x & y) != 0) F(jnset32, low(x & y) == 0)
#define UNARY_OPERATIONS(F) \
    F(scalar_neg64(s), 0 - x) F(scalar_neg32(s), low(0 - x)) \
    F(scalar_movsx32_64(s), extended(x, WORD_BITS / 2)) F(scalar_zext_half(s), low(x)) \
    F(scalar_abs(s), (u64)(sign(x) < 0 ? -sign(x) : sign(x))) F(scalar_reduce(s), x)
/* Of bytes, for words that have eight of them */
#define BYTE_OPERATIONS(F) \
    F(scalar_zext(s, 4), low(x)) F(scalar_zext(s, 8), x) \
    F(scalar_sext(s, 4), extended(x, WORD_BITS / 2)) F(scalar_sext(s, 8), x) \
    F(scalar_zext(s, 1), x & ((1u << BYTE_BITS) - 1)) F(scalar_zext(s, 2), x & ((1u << 2 * BYTE_BITS) - 1)) \
    F(scalar_sext(s, 1), extended(x, BYTE_BITS)) F(scalar_sext(s, 2), extended(x, 2 * BYTE_BITS)) \
    F(scalar_movsx8_64(s), extended(x, BYTE_BITS)) F(scalar_movsx16_64(s), extended(x, 2 * BYTE_BITS)) \
    F(scalar_movsx8_32(s), low(extended(x, BYTE_BITS))) \
    F(scalar_movsx16_32(s), low(extended(x, 2 * BYTE_BITS))) \
    F(scalar_bswap16(s), reversed(x, 2)) F(scalar_bswap32(s), reversed(x, 4)) \
    F(scalar_bswap64(s), reversed(x, 8))
/* clang-format on */

struct operation {
    const char *name;
    struct scalar (*abstract)(struct scalar a, struct scalar b);
    u64 (*concrete)(u64 x, u64 y);
};
struct condition {
    const char *name;
    struct scalar_pair (*abstract)(struct scalar a, struct scalar b);
    bool (*concrete)(u64 x, u64 y);
};

#define DEFINE(name, result)                                                                       \
    static u64 concrete_##name(u64 x, u64 y) { return (void)x, (result)&WORD_ONES; }
OPERATIONS(DEFINE)
#undef DEFINE
#define DEFINE(name, result)                                                                       \
    static bool concrete_##name(u64 x, u64 y) { return result; }
CONDITIONS(DEFINE)
#undef DEFINE
#define ROW(name, result) { #name, scalar_##name, concrete_##name },
static const struct operation operations[] = { OPERATIONS(ROW) };
#undef ROW
#define ROW(name, result) { #name, scalar_refine_##name, concrete_##name },
static const struct condition conditions[] = { CONDITIONS(ROW) };
#undef ROW

/* ---- Sets of words ---- */

struct members {
    u32 n;
    u8 word[WORDS];
};
static struct members members_of(struct scalar s)
{
    struct members m = { .n = 0 };
    for (u32 x = 0; x < WORDS; x++)
        if (scalar_holds(s, x))
            m.word[m.n++] = (u8)x;
    return m;
}

static void fail_on(const char *name, struct scalar a, struct scalar b, u64 x, u64 y)
{
    fail_msg("%s loses %" PRIx64 ", %" PRIx64 ": bits %" PRIx64 "/%" PRIx64 " u %" PRIx64
             "..%" PRIx64 " s %" PRIx64 "..%" PRIx64 " and bits %" PRIx64 "/%" PRIx64 " u %" PRIx64
             "..%" PRIx64 " s %" PRIx64 "..%" PRIx64,
             name, x, y, a.bits.value, a.bits.mask, a.umin, a.umax, a.smin, a.smax, b.bits.value,
             b.bits.mask, b.umin, b.umax, b.smin, b.smax);
}

static void check_operation(const struct operation *op, struct scalar a, struct scalar b,
                            const struct members *xs, const struct members *ys)
{
    struct scalar result = op->abstract(a, b);
    for (u32 i = 0; i < xs->n; i++)
        for (u32 j = 0; j < ys->n; j++)
            if (!scalar_holds(result, op->concrete(xs->word[i], ys->word[j])))
                fail_on(op->name, a, b, xs->word[i], ys->word[j]);
    if ((xs->n == 0 || ys->n == 0) && scalar_is_empty(a) && scalar_is_empty(b))
        assert_true(scalar_is_empty(result));
}

static void check_condition(const struct condition *c, struct scalar a, struct scalar b,
                            const struct members *xs, const struct members *ys)
{
    struct scalar_pair result = c->abstract(a, b);
    for (u32 i = 0; i < xs->n; i++)
        for (u32 j = 0; j < ys->n; j++)
            if (c->concrete(xs->word[i], ys->word[j]) &&
                !(scalar_holds(result.a, xs->word[i]) && scalar_holds(result.b, ys->word[j])))
                fail_on(c->name, a, b, xs->word[i], ys->word[j]);
    /* A refinement keeps to what was there. */
    for (u32 x = 0; x < WORDS; x++)
        if ((scalar_holds(result.a, x) && !scalar_holds(a, x)) ||
            (scalar_holds(result.b, x) && !scalar_holds(b, x)))
            fail_on(c->name, a, b, x, x);
    assert_true(scalar_is_empty(result.a) == scalar_is_empty(result.b));
}

static void check_order(struct scalar a, struct scalar b)
{
    struct scalar join = scalar_join(a, b), meet = scalar_meet(a, b), wide = scalar_widen(a, b);
    bool inside = true, equal = true;
    for (u32 x = 0; x < WORDS; x++) {
        bool in_a = scalar_holds(a, x), in_b = scalar_holds(b, x);
        if ((in_a || in_b) && !(scalar_holds(join, x) && scalar_holds(wide, x)))
            fail_on("join, widen", a, b, x, x);
        if (scalar_holds(meet, x) != (in_a && in_b))
            fail_on("meet", a, b, x, x);
        inside = inside && (!in_b || in_a);
        equal = equal && in_a == in_b;
    }
    if (scalar_contains(a, b) && !inside)
        fail_on("contains", a, b, 0, 0);
    if (scalar_equal(a, b) && !equal)
        fail_on("equal", a, b, 0, 0);
    /* Part by part this is true of what is reduced. */
    if (scalar_equal(a, scalar_reduce(a)) && scalar_equal(b, scalar_reduce(b))) {
        assert_true(scalar_contains(join, a) && scalar_contains(join, b));
        assert_true(scalar_contains(wide, a) && scalar_contains(wide, b));
    }
    assert_true(scalar_equal(scalar_join(a, a), a));
}

#define CHECK(abstract, concrete)                                                                  \
    if (scalar_holds(s, given) && !scalar_holds(abstract, (concrete)&WORD_ONES))                   \
        fail_on(#abstract, s, s, x, x);
static void check_unary(struct scalar s)
{
    for (u64 given = 0; given < WORDS; given++) {
        u64 x = given;
        UNARY_OPERATIONS(CHECK)
#if WORD_BITS >= 8
        BYTE_OPERATIONS(CHECK)
#endif
    }
}
#undef CHECK

/* What is reduced stands for the same words, and says so if there are none or one. */
static void check_reduced(struct scalar raw, struct scalar reduced)
{
    struct members m = members_of(raw);
    for (u32 x = 0; x < WORDS; x++)
        if (scalar_holds(raw, x) != scalar_holds(reduced, x))
            fail_on("reduce", raw, reduced, x, x);
    if (m.n > 0)
        assert_false(scalar_is_empty(reduced));
    if (m.n > 0 && scalar_is_const(reduced))
        assert_true(m.n == 1 && reduced.umin == m.word[0]);
}

static void check_pair(struct scalar a, struct scalar b)
{
    struct members xs = members_of(a), ys = members_of(b);
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        check_operation(&operations[i], a, b, &xs, &ys);
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        check_condition(&conditions[i], a, b, &xs, &ys);
    check_order(a, b);
}

#endif
