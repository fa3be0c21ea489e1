/* The obligations of the scalar domain: every function that is PROVED keeps its promise, for all
 * words of 64 bits.  See docs/proofs.md. */
#include "proofs/contracts.h"
#include "proofs/lemmas.h"

#include "verify/domain/scalar.h"

truth holds(struct range r, word x) { return range_holds(r, x); }
truth is_wellformed(struct range) { return EQ(0, 0); }

namespace
{

word top(word x) { return SHL(x, HALF_BITS); }
truth always(void) { return EQ(0, 0); }

/* ---- The promises, for callers ---- */

/* Promises for each witness, and for each pair of them. */
template <class P> void promise_each(P make)
{
    for (const word &x : witnesses)
        make(x);
}
template <class P> void promise_pairs(P make)
{
    for (const auto &[x, y] : witness_pairs)
        make(x, y);
}

} // namespace

#define DEFINE(kind, name, operation)                                                              \
    struct kind name(struct kind a, struct kind b)                                                 \
    {                                                                                              \
        struct kind r;                                                                             \
        promise_pairs([&](word x, word y) {                                                        \
            promise(BOTH(holds(a, x), holds(b, y)), holds(r, concrete_##operation(x, y)));         \
        });                                                                                        \
        return r;                                                                                  \
    }
PROMISES_BINARY(DEFINE)
#undef DEFINE
#define DEFINE(kind, name, operation)                                                              \
    struct kind name(struct kind a)                                                                \
    {                                                                                              \
        struct kind r;                                                                             \
        promise_each([&](word x) { promise(holds(a, x), holds(r, operation(x))); });               \
        return r;                                                                                  \
    }
PROMISES_UNARY(DEFINE)
#undef DEFINE
#define DEFINE(kind, name, combined)                                                               \
    struct kind name(struct kind a, struct kind b)                                                 \
    {                                                                                              \
        struct kind r;                                                                             \
        promise_each([&](word x) { promise(combined(holds(a, x), holds(b, x)), holds(r, x)); });   \
        return r;                                                                                  \
    }
PROMISES_LATTICE(DEFINE)
#undef DEFINE
#define DEFINE(name)                                                                               \
    struct scalar name(struct scalar s)                                                            \
    {                                                                                              \
        struct scalar r;                                                                           \
        promise_each([&](word x) { promise(holds(s, x), holds(r, x)); });                          \
        return r;                                                                                  \
    }
PROMISES_SAME(DEFINE)
#undef DEFINE
#define DEFINE(name, shift)                                                                        \
    struct tnum name(struct tnum t, word n)                                                        \
    {                                                                                              \
        struct tnum r;                                                                             \
        promise_each([&](word x) { promise(holds(t, x), holds(r, concrete_##shift(x, n))); });     \
        return r;                                                                                  \
    }
PROMISES_SHIFT_BY(DEFINE)
#undef DEFINE
#define DEFINE(name, shift)                                                                        \
    struct range name(struct range a, word least, word most)                                       \
    {                                                                                              \
        struct range r;                                                                            \
        promise_pairs([&](word x, word n) {                                                        \
            truth between = BOTH(word_in_unsigned(n, least, most), ULT(most, 64));                 \
            promise(BOTH(holds(a, x), between), holds(r, concrete_##shift(x, n)));                 \
        });                                                                                        \
        return r;                                                                                  \
    }
PROMISES_SHIFT_BETWEEN(DEFINE)
#undef DEFINE
#define DEFINE(name, shift)                                                                        \
    struct scalar name(struct scalar a, struct scalar amount)                                      \
    {                                                                                              \
        struct scalar r;                                                                           \
        promise_pairs([&](word x, word n) {                                                        \
            truth both = BOTH(holds(a, x), BOTH(holds(amount, n), ULT(amount.umax, 64)));          \
            promise(both, holds(r, concrete_##shift(x, n)));                                       \
        });                                                                                        \
        return r;                                                                                  \
    }
PROMISES_SHIFT(DEFINE)
#undef DEFINE

struct tnum tnum_range(word min, word max)
{
    struct tnum t;
    promise_each([&](word x) { promise(word_in_unsigned(x, min, max), holds(t, x)); });
    return t;
}
struct tnum tnum_bswap(struct tnum t)
{
    struct tnum r;
    promise_each([&](word x) { promise(holds(t, x), holds(r, concrete_bswap(x, 8))); });
    return r;
}
/* z (the first witness) in sum, x in a, y in b  =>  z in the result if x is even, else z + y */
struct tnum tnum_mul_step(struct tnum sum, struct tnum a, struct tnum b)
{
    struct tnum r;
    promise_pairs([&](word x, word y) {
        word z = witnesses[0];
        truth all = BOTH(holds(sum, z), BOTH(holds(a, x), holds(b, y)));
        promise(all, holds(r, ADD(z, SEL(EQ(AND(x, 1), 0), 0, y))));
    });
    return r;
}
#define DEFINE(name, shift)                                                                        \
    static word concrete_##name(word x, word n, word bit)                                          \
    {                                                                                              \
        return SEL(EQ(AND(n, bit), 0), x, shift(x, bit));                                          \
    }                                                                                              \
    struct tnum tnum_##name(struct tnum t, struct tnum amount, word bit)                           \
    {                                                                                              \
        struct tnum r;                                                                             \
        promise_pairs([&](word x, word n) {                                                        \
            promise(BOTH(holds(t, x), holds(amount, n)), holds(r, concrete_##name(x, n, bit)));    \
        });                                                                                        \
        return r;                                                                                  \
    }
DEFINE(lsh_step, SHL)
DEFINE(rsh_step, SHR)
DEFINE(arsh_step, SAR)
#undef DEFINE
/* Of all words with a low half on the arc, `up` is the first after x: none is nearer. */
word reduce_up_to_arc(word x, word from, word length)
{
    word up;
    promise_each([&](word w) {
        promise(ULE(concrete_low(SUB(w, from)), length), ULE(SUB(up, x), SUB(w, x)));
        use(lemma_not_past(x.e, up.e, w.e));
    });
    return up;
}
word reduce_down_to_arc(word x, word from, word length)
{
    word down;
    promise_each([&](word w) {
        promise(ULE(concrete_low(SUB(w, from)), length), ULE(SUB(x, down), SUB(x, w)));
        use(lemma_not_past(x.e, down.e, w.e));
    });
    return down;
}
word tnum_next(struct tnum t, word from)
{
    word next;
    promise_each(
        [&](word x) { promise(BOTH(holds(t, x), ULE(from, x)), word_in_unsigned(next, from, x)); });
    return next;
}
word tnum_previous(struct tnum t, word from)
{
    word previous;
    promise_each([&](word x) {
        promise(BOTH(holds(t, x), ULE(x, from)), word_in_unsigned(previous, x, from));
    });
    return previous;
}
struct range range_arc(truth ok, word from, word to)
{
    struct range r;
    promise_each(
        [&](word x) { promise(IMPLIES(ok, ULE(SUB(x, from), SUB(to, from))), holds(r, x)); });
    return r;
}
static truth on_arc(word from, word x, word to) { return ULE(SUB(x, from), SUB(to, from)); }
#define DEFINE(name, operation)                                                                    \
    struct range name(word a_from, word a_to, word b_from, word b_to)                              \
    {                                                                                              \
        struct range r;                                                                            \
        promise_pairs([&](word x, word y) {                                                        \
            use(lemma_arc(a_from.e, x.e, a_to.e));                                                 \
            use(lemma_arc(b_from.e, y.e, b_to.e));                                                 \
            promise(BOTH(on_arc(a_from, x, a_to), on_arc(b_from, y, b_to)),                        \
                    holds(r, operation(x, y)));                                                    \
        });                                                                                        \
        return r;                                                                                  \
    }
DEFINE(range_arc_add, ADD)
DEFINE(range_arc_sub, SUB)
#undef DEFINE
struct range range_arc_lsh(word from, word to, word n)
{
    struct range r;
    promise_each([&](word x) {
        use(lemma_arc(from.e, x.e, to.e));
        promise(on_arc(from, x, to), holds(r, SHL(x, n)));
    });
    return r;
}
struct range range_lsh_by(struct range a, word n)
{
    struct range r;
    promise_each([&](word x) { promise(holds(a, x), holds(r, SHL(x, n))); });
    return r;
}
struct range range_settle(struct tnum bits, struct range a)
{
    struct range r;
    promise_each([&](word x) { promise(BOTH(holds(bits, x), holds(a, x)), holds(r, x)); });
    return r;
}
struct range range_align(struct tnum bits, struct range a) { return range_settle(bits, a); }
struct range range_mul_half(struct scalar a, struct scalar b)
{
    struct range r;
    promise_pairs(
        [&](word x, word y) { promise(BOTH(holds(a, x), holds(b, y)), holds(r, top(MUL(x, y)))); });
    return r;
}
struct scalar scalar_reduce_unless(truth none, struct scalar s)
{
    struct scalar r;
    promise_each([&](word x) { promise(BOTH(NO(none), holds(s, x)), holds(r, x)); });
    return r;
}
struct scalar scalar_plus(struct scalar s)
{
    struct scalar r;
    promise_each(
        [&](word x) { promise(BOTH(NO(concrete_negative(x)), holds(s, x)), holds(r, x)); });
    return r;
}
struct scalar scalar_minus(struct scalar s)
{
    struct scalar r;
    promise_each([&](word x) { promise(BOTH(concrete_negative(x), holds(s, x)), holds(r, x)); });
    return r;
}
struct scalar scalar_amount(struct scalar b, word bits)
{
    struct scalar r;
    promise_each([&](word x) { promise(holds(b, x), holds(r, AND(x, SUB(bits, 1)))); });
    assume(ULT(r.umax, bits));
    return r;
}
struct scalar scalar_zext(struct scalar s, word bytes)
{
    struct scalar r;
    unsigned n = static_cast<unsigned>(bytes.e.simplify().get_numeral_uint64());
    promise_each([&](word x) { promise(holds(s, x), holds(r, concrete_zext(x, n))); });
    return r;
}
struct scalar scalar_sext(struct scalar s, word bytes)
{
    struct scalar r;
    unsigned n = static_cast<unsigned>(bytes.e.simplify().get_numeral_uint64());
    promise_each([&](word x) { promise(holds(s, x), holds(r, concrete_sext(x, n))); });
    return r;
}

namespace
{

template <class C> struct scalar_pair promised_pair(struct scalar a, struct scalar b, C condition)
{
    struct scalar_pair p;
    promise_pairs([&](word x, word y) {
        truth both = BOTH(BOTH(holds(a, x), holds(b, y)), condition(x, y));
        promise(both, BOTH(holds(p.a, x), holds(p.b, y)));
    });
    return p;
}

truth common(word x, word y, word among) { return NO(EQ(AND(AND(x, y), among), 0)); }
truth apart(word x, word y, word among) { return EQ(AND(AND(x, y), among), 0); }

} // namespace

struct scalar_pair refine_reduce(struct scalar a, struct scalar b)
{
    return promised_pair(a, b, [](word, word) { return always(); });
}
struct scalar_pair refine_where_common(struct scalar a, struct scalar b, word among)
{
    return promised_pair(a, b, [&](word x, word y) { return common(x, y, among); });
}
struct scalar_pair refine_where_apart(struct scalar a, struct scalar b, word among)
{
    return promised_pair(a, b, [&](word x, word y) { return apart(x, y, among); });
}

/* Of halves, the condition between sign-extended halves is that between the halves, in all orders.
 */
#define DEFINE(name, condition)                                                                    \
    static truth concrete_##name##64(word x, word y) { return condition; }                         \
    static truth concrete_##name##32(word x, word y)                                               \
    {                                                                                              \
        z3::expr low_x = x.e.extract(31, 0), low_y = y.e.extract(31, 0);                           \
        return concrete_##name##64(word(z3::sext(low_x, 32)), word(z3::sext(low_y, 32)));          \
    }                                                                                              \
    struct scalar_pair scalar_refine_##name##64(struct scalar a, struct scalar b)                  \
    {                                                                                              \
        return promised_pair(a, b, concrete_##name##64);                                           \
    }                                                                                              \
    struct scalar_pair scalar_refine_##name##32(struct scalar a, struct scalar b)                  \
    {                                                                                              \
        return promised_pair(a, b, concrete_##name##32);                                           \
    }
CONDITIONS(DEFINE)
#undef DEFINE

/* ---- The obligations ---- */

namespace
{

/* x in a and y in b  =>  operation(x, y) in body(a, b) */
template <class D, class B, class O, class H>
void binary(const char *group, const char *name, B body, O operation, H hint)
{
    obligation(group, name, [=] {
        D a, b;
        word x, y;
        word result = operation(x, y);
        witnesses = { x, y, result };
        witness_pairs = { { x, y } };
        assume(holds(a, x));
        assume(holds(b, y));
        hint(a, b, x, y);
        return holds(body(a, b), result);
    });
}
template <class D, class B, class O>
void unary(const char *group, const char *name, B body, O operation)
{
    obligation(group, name, [=] {
        D a;
        word x;
        word result = operation(x);
        witnesses = { x, result, top(x) };
        witness_pairs = { { word(0), x }, { x, word(HALF_ONES) } };
        assume(holds(a, x));
        return holds(body(a), result);
    });
}
template <class D, class B, class C>
void lattice(const char *group, const char *name, B body, C combined)
{
    obligation(group, name, [=] {
        D a, b;
        word x;
        witnesses = { x };
        assume(BOTH(is_wellformed(a), is_wellformed(b)));
        assume(combined(holds(a, x), holds(b, x)));
        return holds(body(a, b), x);
    });
}

struct no_hint {
    template <class D> void operator()(D, D, word, word) const {}
};
/* The low halves, at the top of words, are witnesses too. */
struct halves_hint {
    template <class D> void operator()(D, D, word x, word y) const
    {
        witness_pairs.push_back({ top(x), top(y) });
    }
};
#define TNUM(name, operation, ...)                                                                 \
    binary<struct tnum>("bits", #name, name##_body, concrete_##operation, __VA_ARGS__)
#define RANGE(name, operation, ...)                                                                \
    binary<struct range>("range", #name, name##_body, concrete_##operation, __VA_ARGS__)
#define SCALAR(name, ...)                                                                          \
    binary<struct scalar>("scalar", "scalar_" #name, scalar_##name##_body, concrete_##name,        \
                          __VA_ARGS__)

/* ---- Bits ---- */

template <class B, class O> void tnum_shift_by(const char *name, B body, O shift)
{
    obligation("bits", name, [=] {
        struct tnum t;
        word x, n;
        assume(holds(t, x));
        return holds(body(t, n), shift(x, n));
    });
}

template <class B, class O> void tnum_shift_step(const char *name, B body, O step, unsigned bit)
{
    obligation("bits", (std::string(name) + " " + std::to_string(bit)).c_str(), [=] {
        struct tnum t, amount;
        word x, n;
        witnesses = { x, step(x, n, bit) };
        assume(BOTH(holds(t, x), holds(amount, n)));
        return holds(body(t, amount, bit), step(x, n, bit));
    });
}
/* Shifted by each power of two that is in y in turn, x is shifted by y. */
template <word (*step)(word, word, word), word (*shift)(word, word)> struct steps_hint {
    void operator()(struct tnum, struct tnum, word x, word y) const
    {
        witnesses = { x };
        word shifted = x;
        for (unsigned bit = 1; bit < WORD_BITS; bit *= 2) {
            witness_pairs.push_back({ shifted, y });
            shifted = step(shifted, y, bit);
        }
        have(EQ(shifted, shift(x, y)));
    }
};

/* With t the product: some z is in sum, x in a, y in b, and z + x * y = t. */
void multiplication(void)
{
    obligation("bits", "tnum_mul_by_bits: before", [] {
        word t;
        return EQ(ADD(0, t), t).e.is_true() ? always() : holds(tnum_const(0), word(0));
    });
    obligation("bits", "tnum_mul_by_bits: a step", [] {
        struct tnum sum, a, b;
        word x, y, z, t;
        assume(BOTH(holds(sum, z), BOTH(holds(a, x), holds(b, y))));
        assume(EQ(ADD(z, MUL(x, y)), t));
        use(lemma_long_multiplication(x.e, y.e));
        word added = ADD(z, SEL(EQ(AND(x, 1), 0), 0, y));
        witnesses = { z, x, y };
        witness_pairs = { { x, y } };
        struct tnum next = tnum_mul_step(sum, a, b);
        truth inside = BOTH(holds(next, added), BOTH(holds(tnum_lsh_by(b, 1), SHL(y, 1)),
                                                     holds(tnum_rsh_by(a, 1), SHR(x, 1))));
        return BOTH(inside, EQ(ADD(added, MUL(SHR(x, 1), SHL(y, 1))), t));
    });
    obligation("bits", "tnum_mul_step", [] {
        struct tnum sum, a, b;
        word x, y, z;
        assume(BOTH(holds(sum, z), BOTH(holds(a, x), holds(b, y))));
        witnesses = { z, ADD(z, y) };
        witness_pairs = { { z, y } };
        return holds(tnum_mul_step_body(sum, a, b), ADD(z, SEL(EQ(AND(x, 1), 0), 0, y)));
    });
    obligation("bits", "tnum_mul_by_bits: after", [] {
        struct tnum sum, a, b;
        word x, y, z, t;
        assume(BOTH(holds(sum, z), BOTH(holds(a, x), holds(b, y))));
        assume(EQ(ADD(z, MUL(x, y)), t));
        assume(tnum_mul_is_done(sum, a, b));
        word possible = tnum_possible(b);
        word below = AND(NOT(possible), SUB(possible, 1));
        use(lemma_product_keeps_low_zeros(x.e, y.e, below.e));
        use(lemma_product_with_zero(y.e));
        return holds(sum, t);
    });
    obligation("bits", "tnum_mul_by_bits: ends", [] {
        struct tnum a;
        assume(NO(EQ(tnum_possible(a), 0)));
        return ULT(tnum_possible(tnum_rsh_by_body(a, 1)), tnum_possible(a));
    });
    TNUM(tnum_mul, mul64, [](struct tnum, struct tnum, word x, word y) {
        witness_pairs.push_back({ y, x });
        use(lemma_product_commutes(x.e, y.e));
    });
    TNUM(tnum_mod, mod64, [](struct tnum, struct tnum b, word x, word y) {
        word low = AND(NOT(tnum_possible(b)), SUB(tnum_possible(b), 1));
        use(lemma_product_keeps_low_zeros(UDIV(x, y).e, y.e, low.e));
    });
}

void bits(void)
{
    lattice<struct tnum>("bits", "tnum_join", tnum_join_body, EITHER);
    lattice<struct tnum>("bits", "tnum_meet", tnum_meet_body, BOTH);
    lattice<struct tnum>("bits", "widen_bits", widen_bits_body, EITHER);
    obligation("bits", "tnum_contains", [] {
        struct tnum outer, inner;
        word x;
        assume(BOTH(tnum_contains(outer, inner), holds(inner, x)));
        return holds(outer, x);
    });
    obligation("bits", "tnum_range", [] {
        word min, max, x;
        assume(word_in_unsigned(x, min, max));
        return holds(tnum_range_body(min, max), x);
    });
    obligation("bits", "tnum_next", [] {
        struct tnum t;
        word from, x;
        assume(BOTH(holds(t, x), ULE(from, x)));
        return word_in_unsigned(tnum_next_body(t, from), from, x);
    });
    obligation("bits", "tnum_previous", [] {
        struct tnum t;
        word from, x;
        witnesses = { x, NOT(x) };
        assume(BOTH(holds(t, x), ULE(x, from)));
        return word_in_unsigned(tnum_previous_body(t, from), x, from);
    });
    TNUM(tnum_add, add64, no_hint());
    TNUM(tnum_sub, sub64, no_hint());
    TNUM(tnum_and, and64, no_hint());
    TNUM(tnum_or, or64, no_hint());
    TNUM(tnum_xor, xor64, no_hint());
    unary<struct tnum>("bits", "tnum_not", tnum_not_body, concrete_not);
    tnum_shift_by("tnum_lsh_by", tnum_lsh_by_body, concrete_lsh64);
    tnum_shift_by("tnum_rsh_by", tnum_rsh_by_body, concrete_rsh64);
    tnum_shift_by("tnum_arsh_by", tnum_arsh_by_body, concrete_arsh64);
    TNUM(tnum_lsh, lsh64, (steps_hint<concrete_lsh_step, concrete_lsh64>()));
    TNUM(tnum_rsh, rsh64, (steps_hint<concrete_rsh_step, concrete_rsh64>()));
    TNUM(tnum_arsh, arsh64, (steps_hint<concrete_arsh_step, concrete_arsh64>()));
    for (unsigned bit = 1; bit < WORD_BITS; bit *= 2) {
        tnum_shift_step("tnum_lsh_step", tnum_lsh_step_body, concrete_lsh_step, bit);
        tnum_shift_step("tnum_rsh_step", tnum_rsh_step_body, concrete_rsh_step, bit);
        tnum_shift_step("tnum_arsh_step", tnum_arsh_step_body, concrete_arsh_step, bit);
    }
    for (unsigned n : { 2u, 4u, 8u })
        obligation("bits", ("tnum_bswap " + std::to_string(8 * n)).c_str(), [=] {
            struct tnum t;
            word x;
            assume(holds(t, x));
            struct tnum swapped = tnum_rsh_by_body(tnum_bswap_body(t), 64 - 8 * n);
            return holds(swapped, concrete_bswap(x, n));
        });
    multiplication();
}

/* ---- Ranges ---- */

/* In terms of distances on the arcs: x is so far from where a begins. */
template <class B, class O> void range_arc_sum(const char *name, B body, O operation, bool reversed)
{
    obligation("range", name, [=] {
        word from, length, distance, other_from, other_length, other_distance;
        assume(ULE(distance, length));
        assume(ULE(other_distance, other_length));
        word x = ADD(from, distance), y = ADD(other_from, other_distance);
        word other = reversed ? SUB(other_length, other_distance) : other_distance;
        have(ULE(other, other_length));
        use(lemma_sum_grows(distance.e, length.e, other.e, other_length.e));
        witnesses = { operation(x, y) };
        struct range r = body(from, ADD(from, length), other_from, ADD(other_from, other_length));
        return holds(r, operation(x, y));
    });
}
struct products_hint {
    void operator()(struct range a, struct range b, word x, word y) const
    {
        use(lemma_product_grows(a.umin.e, b.umin.e, x.e, y.e));
        use(lemma_product_grows(x.e, y.e, a.umax.e, b.umax.e));
    }
};
/* Along y with either bound of x, then along x with y. */
struct signed_products_hint {
    void operator()(struct range a, struct range b, word x, word y) const
    {
        for (word bound : { a.smin, a.smax })
            use(lemma_signed_product_between(b.smin.e, y.e, b.smax.e, bound.e));
        use(lemma_signed_product_between(a.smin.e, x.e, a.smax.e, y.e));
        word ll = MUL(a.smin, b.smin), lh = MUL(a.smin, b.smax);
        word hl = MUL(a.smax, b.smin), hh = MUL(a.smax, b.smax);
        word min = word_smin(word_smin(ll, lh), word_smin(hl, hh));
        word max = word_smax(word_smax(ll, lh), word_smax(hl, hh));
        truth ok = BOTH(BOTH(range_mul_fits(a.smin, b.smin), range_mul_fits(a.smin, b.smax)),
                        BOTH(range_mul_fits(a.smax, b.smin), range_mul_fits(a.smax, b.smax)));
        for (word bound : { a.smin, a.smax }) {
            have(IMPLIES(ok, range_mul_fits(bound, y)));
            have(IMPLIES(ok, word_in_signed(MUL(bound, y), min, max)));
        }
        have(IMPLIES(ok, word_in_signed(MUL(x, y), min, max)));
        use(lemma_arc(min.e, MUL(x, y).e, max.e));
    }
};

template <class B, class O> void range_shift_between(const char *name, B body, O shift)
{
    obligation("range", name, [=] {
        struct range r;
        word x, n, least, most;
        witnesses = { x };
        witness_pairs = { { x, n } };
        assume(BOTH(holds(r, x), BOTH(word_in_unsigned(n, least, most), ULT(most, 64))));
        return holds(body(r, least, most), shift(x, n));
    });
}

/* What r was reduced with still holds x. */
template <class B> void range_within(const char *name, B body)
{
    obligation("range", name, [=] {
        struct tnum bits;
        struct range r;
        word x;
        witnesses = { x, XOR(x, WORD_SIGN) };
        witness_pairs = { { x, word(WORD_SIGN) } };
        assume(BOTH(holds(bits, x), holds(r, x)));
        return holds(body(bits, r), x);
    });
}

void ranges(void)
{
    obligation("range", "range_arc", [] {
        truth ok;
        word from, to, x;
        assume(IMPLIES(ok, ULE(SUB(x, from), SUB(to, from))));
        return holds(range_arc_body(ok, from, to), x);
    });
    range_arc_sum("range_arc_add", range_arc_add_body, ADD, false);
    range_arc_sum("range_arc_sub", range_arc_sub_body, SUB, true);
    obligation("range", "range_arc_lsh", [] {
        word from, length, distance, n;
        word x = ADD(from, distance), to = ADD(from, length), amount = AND(n, 63);
        witnesses = { SHL(x, n) };
        assume(ULE(distance, length));
        use(lemma_shift_grows(distance.e, length.e, amount.e));
        use(lemma_shift_distributes(x.e, from.e, amount.e));
        use(lemma_shift_distributes(to.e, from.e, amount.e));
        have(EQ(SUB(SHL(x, n), SHL(from, n)), SHL(distance, n)));
        have(EQ(SUB(SHL(to, n), SHL(from, n)), SHL(length, n)));
        return holds(range_arc_lsh_body(from, to, n), SHL(x, n));
    });
    RANGE(range_add, add64, no_hint());
    RANGE(range_sub, sub64, no_hint());
    RANGE(range_mul_unsigned, mul64, products_hint());
    RANGE(range_mul_signed, mul64, signed_products_hint());
    RANGE(range_mul, mul64, no_hint());
    RANGE(range_and, and64, no_hint());
    RANGE(range_or, or64, no_hint());
    RANGE(range_xor, xor64, no_hint());
    RANGE(range_mod, mod64, [](struct range a, struct range b, word x, word y) {
        word q = UDIV(x, y), least = UDIV(a.umin, b.umax);
        use(lemma_quotient(x.e, y.e));
        use(lemma_quotient(a.umin.e, b.umax.e));
        use(lemma_quotient_grows(a.umin.e, b.umax.e, x.e, y.e));
        use(lemma_quotient_grows(x.e, y.e, a.umax.e, b.umin.e));
        use(lemma_product_grows(least.e, b.umin.e, q.e, y.e));
        use(lemma_product_grows(q.e, y.e, least.e, b.umax.e));
    });
    obligation("range", "range_lsh_by", [] {
        struct range r;
        word x, n;
        witnesses = { x };
        assume(holds(r, x));
        return holds(range_lsh_by_body(r, n), SHL(x, n));
    });
    range_shift_between("range_lsh_between", range_lsh_between_body, concrete_lsh64);
    range_shift_between("range_lsh", range_lsh_body, concrete_lsh64);
    range_shift_between("range_rsh", range_rsh_body, concrete_rsh64);
    range_shift_between("range_arsh", range_arsh_body, concrete_arsh64);
    range_within("range_settle", range_settle_body);
    range_within("range_align", range_align_body);
    lattice<struct range>("range", "widen_range", widen_range, EITHER);
}

/* ---- Scalars ---- */

template <class B> void same(const char *name, B body)
{
    obligation("reduce", name, [=] {
        struct scalar s;
        word x;
        witnesses = { x, top(x), concrete_low(x) };
        assume(holds(s, x));
        return holds(body(s), x);
    });
}

void reductions(void)
{
#define SAME(name) same(#name, name##_body);
    PROMISES_SAME(SAME)
#undef SAME
    obligation("reduce", "scalar_reduce_unless", [] {
        struct scalar s;
        word x;
        truth none;
        witnesses = { x };
        assume(BOTH(NO(none), holds(s, x)));
        return holds(scalar_reduce_unless_body(none, s), x);
    });
}

void order(void)
{
    lattice<struct scalar>("lattice", "scalar_join", scalar_join_body, EITHER);
    lattice<struct scalar>("lattice", "scalar_meet", scalar_meet_body, BOTH);
    lattice<struct scalar>("lattice", "scalar_widen", scalar_widen_body, EITHER);
    obligation("lattice", "scalar_contains", [] {
        struct scalar outer, inner;
        word x;
        assume(BOTH(scalar_contains(outer, inner), holds(inner, x)));
        assume(is_wellformed(outer));
        return holds(outer, x);
    });
    obligation("lattice", "scalar_equal", [] {
        struct scalar a, b;
        word x;
        assume(BOTH(scalar_equal(a, b), holds(a, x)));
        return holds(b, x);
    });
    obligation("lattice", "scalar_is_empty", [] {
        struct scalar s;
        word x;
        assume(scalar_is_empty(s));
        return NO(holds(s, x));
    });
    obligation("lattice", "scalar_is_const", [] {
        struct scalar s;
        word x;
        assume(BOTH(scalar_is_const(s), holds(s, x)));
        return EQ(x, s.umin);
    });
    obligation("lattice", "scalar_const", [] {
        word x, y;
        return truth(holds(scalar_const(y), x).e == EQ(x, y).e);
    });
    obligation("lattice", "scalar_none", [] {
        word x;
        return NO(scalar_holds(scalar_none(), x));
    });
    obligation("lattice", "scalar_any", [] {
        word x;
        return holds(scalar_any(), x);
    });
    obligation("lattice", "scalar_range", [] {
        word x, min, max;
        witnesses = { x };
        assume(word_in_unsigned(x, min, max));
        return holds(scalar_range(min, max), x);
    });
    obligation("lattice", "scalar_srange", [] {
        word x, min, max;
        witnesses = { x };
        assume(word_in_signed(x, min, max));
        return holds(scalar_srange(min, max), x);
    });
}

template <class B, class O> void scalar_shift(const char *name, B body, O shift)
{
    obligation("scalar", name, [=] {
        struct scalar a, amount;
        word x, n;
        witnesses = { x, top(x), shift(x, n) };
        witness_pairs = { { x, n }, { top(x), n } };
        assume(BOTH(holds(a, x), BOTH(holds(amount, n), ULT(amount.umax, 64))));
        return holds(body(a, amount), shift(x, n));
    });
}
template <class B, class C> void extension(const char *name, B body, C concrete, unsigned bytes)
{
    std::string whole = std::string(name) + " " + std::to_string(bytes);
    obligation("scalar", whole.c_str(), [=] {
        struct scalar s;
        word x, gap = 64 - 8 * bytes;
        witnesses = { x };
        witness_pairs = { { x, gap }, { SHL(x, gap), gap } };
        assume(holds(s, x));
        return holds(body(s, bytes), concrete(x, bytes));
    });
}
template <class B, class C> void by_bytes(const char *name, B body, C concrete)
{
    obligation("scalar", name, [=] {
        struct scalar s;
        word x;
        word result = concrete(x);
        witnesses = { x, concrete_sext(x, 1), concrete_sext(x, 2), result, concrete_bswap(x, 8) };
        assume(holds(s, x));
        return holds(body(s), result);
    });
}

void extensions(void)
{
    unary<struct scalar>("scalar", "scalar_zext_half", scalar_zext_half_body, concrete_low);
    unary<struct scalar>("scalar", "scalar_sext_half", scalar_sext_half_body, concrete_sign);
    for (unsigned bytes : { 1u, 2u, 4u, 8u }) {
        extension("scalar_zext", scalar_zext_body, concrete_zext, bytes);
        extension("scalar_sext", scalar_sext_body, concrete_sext, bytes);
    }
    by_bytes("scalar_movsx8_64", scalar_movsx8_64_body, [](word x) { return concrete_sext(x, 1); });
    by_bytes("scalar_movsx16_64", scalar_movsx16_64_body,
             [](word x) { return concrete_sext(x, 2); });
    by_bytes("scalar_movsx32_64", scalar_movsx32_64_body,
             [](word x) { return concrete_sext(x, 4); });
    by_bytes("scalar_movsx8_32", scalar_movsx8_32_body,
             [](word x) { return concrete_low(concrete_sext(x, 1)); });
    by_bytes("scalar_movsx16_32", scalar_movsx16_32_body,
             [](word x) { return concrete_low(concrete_sext(x, 2)); });
}

void swaps(void)
{
#define SWAP(bits)                                                                                 \
    obligation("scalar", "scalar_bswap" #bits, [] {                                                \
        struct scalar s;                                                                           \
        word x;                                                                                    \
        word result = concrete_bswap(x, bits / 8);                                                 \
        witnesses = { x, concrete_bswap(x, 8), result };                                           \
        assume(holds(s, x));                                                                       \
        return holds(scalar_bswap##bits##_body(s), result);                                        \
    });
    SWAP(16) SWAP(32) SWAP(64)
#undef SWAP
}

void operators(void)
{
    SCALAR(add64, halves_hint());
    SCALAR(sub64, halves_hint());
    SCALAR(and64, halves_hint());
    SCALAR(or64, halves_hint());
    SCALAR(xor64, halves_hint());
    SCALAR(mov64, no_hint());
    SCALAR(mul64, no_hint());
    obligation("scalar", "range_mul_half", [] {
        struct scalar a, b;
        word x, y;
        assume(BOTH(holds(a, x), holds(b, y)));
        word ux = concrete_low(x), uy = concrete_low(y);
        word sx = concrete_sign(x), sy = concrete_sign(y);
        witnesses = { MUL(ux, uy), MUL(sx, sy) };
        witness_pairs = { { sx, sy } };
        word max_a = word_umin(a.umax32, HALF_ONES), max_b = word_umin(b.umax32, HALF_ONES);
        use(lemma_product_of_low_halves(x.e, ux.e, y.e, uy.e));
        use(lemma_product_of_low_halves(x.e, sx.e, y.e, sy.e));
        use(lemma_product_grows(a.umin32.e, b.umin32.e, ux.e, uy.e));
        use(lemma_product_grows(ux.e, uy.e, a.umax32.e, b.umax32.e));
        use(lemma_product_grows(a.umax32.e, b.umax32.e, proof_word(HALF_ONES),
                                proof_word(HALF_ONES)));
        return holds(range_mul_half_body(a, b), top(MUL(x, y)));
    });
    SCALAR(div64, [](struct scalar a, struct scalar b, word x, word y) {
        use(lemma_quotient_grows(a.umin.e, b.umax.e, x.e, y.e));
        use(lemma_quotient_grows(x.e, y.e, a.umax.e, b.umin.e));
        use(lemma_quotient_at_most(x.e, y.e));
    });
    SCALAR(mod64, [](struct scalar a, struct scalar b, word x, word y) {
        use(lemma_quotient(x.e, y.e));
        use(lemma_product_commutes(UDIV(x, y).e.simplify(), y.e));
        use(lemma_product_commutes(UDIV(a.umin, b.umin).e.simplify(), b.umin.e));
        /* Below the divisor the quotient is none. */
        use(lemma_product_grows(proof_word(1), y.e, UDIV(x, y).e, y.e));
        use(lemma_product_with_one(y.e));
        use(lemma_product_with_zero(y.e));
    });
    SCALAR(sdiv_by, [](struct scalar, struct scalar, word x, word d) {
        bool minus(concrete_negative(x));
        word magnitude = minus ? SUB(0, x) : x, q = UDIV(magnitude, d);
        witnesses = { x, q };
        witness_pairs = { { magnitude, d } };
        if (minus) {
            witnesses.push_back(magnitude);
            witnesses.push_back(SUB(0, q));
        }
    });
    SCALAR(sdiv64, [](struct scalar, struct scalar, word x, word y) {
        bool minus(concrete_negative(y));
        word magnitude = minus ? SUB(0, y) : y, q = concrete_sdiv_by(x, magnitude);
        witnesses = { y, q };
        witness_pairs = { { x, magnitude } };
        if (minus) {
            witnesses.push_back(magnitude);
            witnesses.push_back(SUB(0, q));
        }
    });
    SCALAR(smod_by, [](struct scalar, struct scalar, word x, word d) {
        bool minus(concrete_negative(x));
        word magnitude = minus ? SUB(0, x) : x, r = UMOD(magnitude, d);
        witnesses = { x, r };
        witness_pairs = { { magnitude, d } };
        use(lemma_product_commutes(UDIV(magnitude, d).e.simplify(), d.e.simplify()));
        if (minus) {
            witnesses.push_back(magnitude);
            witnesses.push_back(SUB(0, r));
        }
    });
    SCALAR(smod64, [](struct scalar, struct scalar, word x, word y) {
        bool minus(concrete_negative(y));
        word magnitude = minus ? SUB(0, y) : y;
        witnesses = { x, y, concrete_smod_by(x, magnitude) };
        witness_pairs = { { x, magnitude } };
        for (auto [n, d] : { std::pair(x, y), std::pair(x, magnitude),
                             std::pair(concrete_magnitude(x), magnitude),
                             std::pair(concrete_magnitude(x), concrete_magnitude(y)) })
            use(lemma_product_commutes(UDIV(n, d).e.simplify(), d.e.simplify()));
        if (minus)
            witnesses.push_back(magnitude);
    });
    unary<struct scalar>("scalar", "scalar_neg64", scalar_neg64_body, concrete_neg64);
    obligation("scalar", "scalar_neg32", [] {
        struct scalar a;
        word x;
        witnesses = { x, SUB(0, x) };
        assume(holds(a, x));
        return holds(scalar_neg32_body(a), concrete_neg32(x));
    });
    obligation("scalar", "scalar_abs", [] {
        struct scalar a;
        word x;
        witnesses = { x };
        if (concrete_negative(x))
            witnesses.push_back(SUB(0, x));
        assume(holds(a, x));
        return holds(scalar_abs_body(a), witnesses.back());
    });
    obligation("scalar", "scalar_plus", [] {
        struct scalar s;
        word x;
        witnesses = { x };
        assume(BOTH(holds(s, x), NO(concrete_negative(x))));
        return holds(scalar_plus_body(s), x);
    });
    obligation("scalar", "scalar_minus", [] {
        struct scalar s;
        word x;
        witnesses = { x };
        assume(BOTH(holds(s, x), concrete_negative(x)));
        return holds(scalar_minus_body(s), x);
    });
}

/* Their amounts are witnesses, and what is shifted. */
struct shift_hint {
    unsigned bits;
    void operator()(struct scalar, struct scalar, word x, word y) const
    {
        word amount = AND(y, bits - 1);
        word low = concrete_low(x), sign = concrete_sign(x);
        witnesses = { x, y, SHL(low, amount), SHR(low, amount), SAR(sign, amount) };
        witness_pairs = { { x, amount }, { low, amount }, { sign, amount } };
    }
};

void shifts(void)
{
    for (unsigned bits : { 32u, 64u })
        obligation("scalar", bits == 32 ? "scalar_amount 32" : "scalar_amount 64", [=] {
            struct scalar b;
            word y;
            witness_pairs = { { y, word(bits - 1) } };
            assume(holds(b, y));
            struct scalar amount = scalar_amount_body(b, bits);
            return BOTH(holds(amount, AND(y, bits - 1)), ULT(amount.umax, bits));
        });
    scalar_shift("scalar_shift_left", scalar_shift_left_body, concrete_lsh64);
    scalar_shift("scalar_shift_right", scalar_shift_right_body, concrete_rsh64);
    scalar_shift("scalar_shift_right_signed", scalar_shift_right_signed_body, concrete_arsh64);
    SCALAR(lsh64, shift_hint{ 64 });
    SCALAR(rsh64, shift_hint{ 64 });
    SCALAR(arsh64, shift_hint{ 64 });
    SCALAR(lsh32, shift_hint{ 32 });
    SCALAR(rsh32, shift_hint{ 32 });
    SCALAR(arsh32, shift_hint{ 32 });
}

/* Low halves of results: of the 64-bit operation on the same operands, or on extended ones. */
template <word (*operation)(word, word)> struct low_hint {
    void operator()(struct scalar, struct scalar, word x, word y) const
    {
        witnesses.push_back(operation(x, y));
    }
};
template <word (*operation)(word, word), word (*extend)(word)> struct extended_hint {
    void operator()(struct scalar, struct scalar, word x, word y) const
    {
        witnesses = { x, y, operation(extend(x), extend(y)) };
        witness_pairs = { { extend(x), extend(y) } };
    }
};

void operators32(void)
{
    SCALAR(add32, low_hint<concrete_add64>());
    SCALAR(sub32, low_hint<concrete_sub64>());
    SCALAR(and32, low_hint<concrete_and64>());
    SCALAR(or32, low_hint<concrete_or64>());
    SCALAR(xor32, low_hint<concrete_xor64>());
    SCALAR(mov32, low_hint<concrete_mov64>());
    SCALAR(mul32, [](struct scalar, struct scalar, word x, word y) {
        witnesses.push_back(MUL(x, y));
        use(lemma_product_of_low_halves(x.e, concrete_low(x).e, y.e, concrete_low(y).e));
    });
    SCALAR(div32, (extended_hint<concrete_div64, concrete_low>()));
    SCALAR(mod32, (extended_hint<concrete_mod64, concrete_low>()));
    SCALAR(sdiv32, (extended_hint<concrete_sdiv64, concrete_sign>()));
    SCALAR(smod32, (extended_hint<concrete_smod64, concrete_sign>()));
}

template <class B, class C> void refine(const char *name, B body, C condition)
{
    obligation("refine", name, [=] {
        struct scalar a, b;
        word x, y;
        witnesses = { x, y };
        witness_pairs = { { x, y }, { y, x } };
        assume(BOTH(BOTH(holds(a, x), holds(b, y)), condition(x, y)));
        struct scalar_pair p = body(a, b);
        return BOTH(holds(p.a, x), holds(p.b, y));
    });
}

void refinements(void)
{
    refine("refine_reduce", refine_reduce_body, [](word, word) { return always(); });
    for (u64 among : { WORD_ONES, HALF_ONES }) {
        const char *of = among == WORD_ONES ? "64" : "32";
        refine(
            (std::string("refine_where_common ") + of).c_str(),
            [=](struct scalar a, struct scalar b) { return refine_where_common_body(a, b, among); },
            [=](word x, word y) { return common(x, y, among); });
        refine(
            (std::string("refine_where_apart ") + of).c_str(),
            [=](struct scalar a, struct scalar b) { return refine_where_apart_body(a, b, among); },
            [=](word x, word y) { return apart(x, y, among); });
    }
#define REFINE(name, condition)                                                                    \
    refine("scalar_refine_" #name "64", scalar_refine_##name##64_body, concrete_##name##64);       \
    refine("scalar_refine_" #name "32", scalar_refine_##name##32_body, concrete_##name##32);
    CONDITIONS(REFINE)
#undef REFINE
}

} // namespace

void obligations_of_scalars(void)
{
    bits();
    ranges();
    reductions();
    order();
    extensions();
    swaps();
    operators();
    operators32();
    shifts();
    refinements();
}
