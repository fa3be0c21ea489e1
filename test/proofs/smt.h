/* Words and truths as terms of the solver, in place of fact/word.h: the text of the domain compiled
 * over these says what it computes for all words of 64 bits at once.
 *
 * Products and quotients of unknown words are uninterpreted functions, of which lemmas.h says what
 * a proof uses.  An `if` on a truth makes the proof run once for each answer (proof_fork). */
#ifndef SKEP_TEST_PROOFS_SMT_H
#define SKEP_TEST_PROOFS_SMT_H

#define SKEP_SRC_FACT_WORD_H

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <z3++.h>

typedef uint32_t u32;
typedef uint64_t u64;

/* The definition of a function goes by another name; callers get what contracts.h promises. */
#define PROVED(name) name##_body

#define WORD_BITS 64
#define HALF_BITS (WORD_BITS / 2)
#define BYTE_BITS (WORD_BITS / 8)
#define WORD_ONES UINT64_MAX
#define WORD_SIGN (WORD_ONES ^ WORD_ONES >> 1)
#define HALF_ONES (WORD_ONES >> HALF_BITS)

inline z3::context &proof_context()
{
    static z3::context context;
    return context;
}
inline z3::expr proof_word(u64 value) { return proof_context().bv_val(value, WORD_BITS); }

/* A constant of which nothing is known yet. */
inline z3::expr proof_unknown(const z3::sort &sort)
{
    static unsigned made = 0;
    return proof_context().constant(("v" + std::to_string(made++)).c_str(), sort);
}

/* Not initialised is unknown: a result that depends on it cannot be proved. */
struct word {
    z3::expr e;
    word() : e(proof_unknown(proof_context().bv_sort(WORD_BITS))) {}
    template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
    word(T value) : e(proof_word(static_cast<u64>(value)))
    {
    }
    explicit word(const z3::expr &term) : e(term) {}
};

bool proof_fork(const z3::expr &condition);

struct truth {
    z3::expr e;
    truth() : e(proof_unknown(proof_context().bool_sort())) {}
    explicit truth(const z3::expr &term) : e(term) {}
    explicit operator bool() const { return proof_fork(e); }
};

inline word ADD(word a, word b) { return word(a.e + b.e); }
inline word SUB(word a, word b) { return word(a.e - b.e); }
inline word AND(word a, word b) { return word(a.e & b.e); }
inline word OR(word a, word b) { return word(a.e | b.e); }
inline word XOR(word a, word b) { return word(a.e ^ b.e); }
inline word NOT(word a) { return word(~a.e); }
inline word proof_amount(word n) { return word((n.e & proof_word(WORD_BITS - 1)).simplify()); }
inline word SHL(word a, word n) { return word(z3::shl(a.e, proof_amount(n).e)); }
inline word SHR(word a, word n) { return word(z3::lshr(a.e, proof_amount(n).e)); }
inline word SAR(word a, word n) { return word(z3::ashr(a.e, proof_amount(n).e)); }

inline truth EQ(word a, word b) { return truth(a.e == b.e); }
inline truth ULT(word a, word b) { return truth(z3::ult(a.e, b.e)); }
inline truth ULE(word a, word b) { return truth(z3::ule(a.e, b.e)); }
inline truth SLT(word a, word b) { return truth(z3::slt(a.e, b.e)); }
inline truth SLE(word a, word b) { return truth(z3::sle(a.e, b.e)); }

inline truth BOTH(truth p, truth q) { return truth(p.e && q.e); }
inline truth EITHER(truth p, truth q) { return truth(p.e || q.e); }
inline truth NO(truth p) { return truth(!p.e); }
inline truth IMPLIES(truth p, truth q) { return truth(z3::implies(p.e, q.e)); }
inline word SEL(truth p, word a, word b) { return word(z3::ite(p.e, a.e, b.e)); }

inline word FILL(word a)
{
    for (int n = 1; n < WORD_BITS; n *= 2)
        a = OR(a, SHR(a, n));
    return a;
}

/* The whole product of two words, and the quotient, of which nothing is known but lemmas. */
inline z3::expr proof_product_in_order(const z3::expr &a, const z3::expr &b)
{
    z3::context &c = proof_context();
    unsigned bits = a.get_sort().bv_size();
    if (bits < WORD_BITS || (a.is_numeral() && b.is_numeral()))
        return z3::zext(a, bits) * z3::zext(b, bits);
    static z3::func_decl product =
        c.function("product", c.bv_sort(WORD_BITS), c.bv_sort(WORD_BITS), c.bv_sort(2 * WORD_BITS));
    return product(a, b);
}
/* Products commute (an obligation of lemmas.cc): both orders are one term. */
inline z3::expr proof_product(const z3::expr &a, const z3::expr &b)
{
    z3::expr x = a.simplify(), y = b.simplify();
    return x.id() < y.id() ? proof_product_in_order(x, y) : proof_product_in_order(y, x);
}
inline z3::expr proof_quotient(const z3::expr &a, const z3::expr &b)
{
    z3::context &c = proof_context();
    unsigned bits = a.get_sort().bv_size();
    z3::expr zero = c.bv_val(0, bits);
    if (bits < WORD_BITS)
        return z3::ite(b == zero, zero, z3::udiv(a, b));
    static z3::func_decl quotient =
        c.function("quotient", c.bv_sort(WORD_BITS), c.bv_sort(WORD_BITS), c.bv_sort(WORD_BITS));
    return z3::ite(b == zero, zero, quotient(a, b));
}
inline word MUL(word a, word b)
{
    return word(proof_product(a.e, b.e).extract(WORD_BITS - 1, 0).simplify());
}
inline word MULHU(word a, word b)
{
    return word(proof_product(a.e, b.e).extract(2 * WORD_BITS - 1, WORD_BITS));
}
inline word UDIV(word a, word b) { return word(proof_quotient(a.e, b.e)); }
/* By the definition of a remainder. */
inline word UMOD(word a, word b) { return SEL(EQ(b, 0), a, SUB(a, MUL(UDIV(a, b), b))); }

#endif
