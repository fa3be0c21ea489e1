/* What proofs use of multiplication and division, which solvers do not see through at 64 bits.
 *
 * A lemma is a statement about words, in terms of proof_product and proof_quotient.  Proofs assume
 * instances of it.  It is itself proved twice: over unbounded integers, as the sentence of
 * arithmetic that the statement says in words, and as it stands for words of few bits with real
 * products. */
#ifndef SKEP_TEST_PROOFS_LEMMAS_H
#define SKEP_TEST_PROOFS_LEMMAS_H

#include "proofs/prove.h"

typedef const z3::expr &term;

inline z3::expr lemma_wide(term a) { return z3::zext(a, a.get_sort().bv_size()); }
/* The upper word of the signed product: each negative factor counts 2^bits too much of the other.
 */
inline z3::expr lemma_signed_upper(term p, term a, term b)
{
    unsigned bits = a.get_sort().bv_size();
    z3::expr zero = a.ctx().bv_val(0, bits);
    return p.extract(2 * bits - 1, bits) -
           (z3::ite(z3::slt(a, zero), b, zero) + z3::ite(z3::slt(b, zero), a, zero));
}
inline z3::expr lemma_lower(term p) { return p.extract(p.get_sort().bv_size() / 2 - 1, 0); }
/* The signed product p of a and b is a word. */
inline z3::expr lemma_fits(term p, term a, term b)
{
    unsigned bits = a.get_sort().bv_size();
    z3::expr sign = z3::ashr(lemma_lower(p), a.ctx().bv_val(bits - 1, bits));
    return lemma_signed_upper(p, a, b) == sign;
}

inline z3::expr lemma_product_commutes(term a, term b)
{
    return proof_product_in_order(a, b) == proof_product_in_order(b, a);
}
/* a <= x, b <= y  =>  a * b <= x * y */
inline z3::expr lemma_product_grows(term a, term b, term x, term y)
{
    return z3::implies(z3::ule(a, x) && z3::ule(b, y),
                       z3::ule(proof_product(a, b), proof_product(x, y)));
}
/* min <= x <= max, signed, min * y and max * y fit into words  =>  x * y does and is between them
 */
inline z3::expr lemma_signed_product_between(term min, term x, term max, term y)
{
    z3::expr p = proof_product(x, y), low = lemma_lower(p);
    z3::expr at_min = proof_product(min, y), at_max = proof_product(max, y);
    z3::expr up = z3::sle(lemma_lower(at_min), low) && z3::sle(low, lemma_lower(at_max));
    z3::expr down = z3::sle(lemma_lower(at_max), low) && z3::sle(low, lemma_lower(at_min));
    return z3::implies(z3::sle(min, x) && z3::sle(x, max) && lemma_fits(at_min, min, y) &&
                           lemma_fits(at_max, max, y),
                       lemma_fits(p, x, y) && (up || down));
}
/* x = a, y = b modulo 2^n  =>  x * y = a * b modulo 2^n, where 2^n is half a word */
inline z3::expr lemma_product_of_low_halves(term x, term a, term y, term b)
{
    unsigned half = x.get_sort().bv_size() / 2;
    auto low = [half](term t) { return t.extract(half - 1, 0); };
    return z3::implies(low(x) == low(a) && low(y) == low(b),
                       low(proof_product(x, y)) == low(proof_product(a, b)));
}
/* mask = 2^n - 1, y a multiple of 2^n  =>  x * y too */
inline z3::expr lemma_product_keeps_low_zeros(term x, term y, term mask)
{
    z3::expr zero = x.ctx().bv_val(0, x.get_sort().bv_size());
    z3::expr low = proof_product(x, y).extract(x.get_sort().bv_size() - 1, 0);
    return z3::implies((mask & (mask + 1)) == zero && (y & mask) == zero, (low & mask) == zero);
}
/* x * y = (y if x is odd) + (x / 2) * (y * 2), modulo words */
inline z3::expr lemma_long_multiplication(term x, term y)
{
    unsigned bits = x.get_sort().bv_size();
    z3::expr zero = x.ctx().bv_val(0, bits), one = x.ctx().bv_val(1, bits);
    auto low = [bits](const z3::expr &t) { return t.extract(bits - 1, 0); };
    return low(proof_product(x, y)) == z3::ite((x & one) == one, y, zero) +
                                           low(proof_product(z3::lshr(x, one), z3::shl(y, one)));
}
inline z3::expr lemma_product_with_zero(term y)
{
    z3::expr zero = y.ctx().bv_val(0, y.get_sort().bv_size());
    return proof_product_in_order(zero, y) == lemma_wide(zero) &&
           proof_product_in_order(y, zero) == lemma_wide(zero);
}
inline z3::expr lemma_product_with_one(term y)
{
    z3::expr one = y.ctx().bv_val(1, y.get_sort().bv_size());
    return proof_product_in_order(one, y) == lemma_wide(y) &&
           proof_product_in_order(y, one) == lemma_wide(y);
}
inline z3::expr lemma_quotient_at_most(term x, term y) { return z3::ule(proof_quotient(x, y), x); }
/* y > 0  =>  q * y <= x < q * y + y  for q = x / y */
inline z3::expr lemma_quotient(term x, term y)
{
    z3::expr zero = y.ctx().bv_val(0, y.get_sort().bv_size());
    z3::expr p = proof_product(proof_quotient(x, y), y);
    return z3::implies(y != zero,
                       z3::ule(p, lemma_wide(x)) && z3::ult(lemma_wide(x) - p, lemma_wide(y)));
}
/* a <= x, 0 < y <= b  =>  a / b <= x / y */
inline z3::expr lemma_quotient_grows(term a, term b, term x, term y)
{
    z3::expr zero = y.ctx().bv_val(0, y.get_sort().bv_size());
    return z3::implies(z3::ule(a, x) && z3::ule(y, b) && y != zero,
                       z3::ule(proof_quotient(a, b), proof_quotient(x, y)));
}

/* ---- Of sums and shifts, which solvers do see through, once and for all ---- */

/* min <= x <= max  =>  x is on the arc from min to max, in either order */
inline z3::expr lemma_arc(term min, term x, term max)
{
    z3::expr on_arc = z3::ule(x - min, max - min);
    return z3::implies(z3::ule(min, x) && z3::ule(x, max), on_arc) &&
           z3::implies(z3::sle(min, x) && z3::sle(x, max), on_arc);
}
/* Steps d of x towards w that are not more than all of them do not leave min..max, in either order.
 */
inline z3::expr lemma_not_past(term x, term between, term w)
{
    z3::expr near = z3::ule(between - x, w - x), near_down = z3::ule(x - between, x - w);
    return z3::implies(near && z3::ule(x, w), z3::ule(x, between) && z3::ule(between, w)) &&
           z3::implies(near && z3::sle(x, w), z3::sle(x, between) && z3::sle(between, w)) &&
           z3::implies(near_down && z3::ule(w, x), z3::ule(w, between) && z3::ule(between, x)) &&
           z3::implies(near_down && z3::sle(w, x), z3::sle(w, between) && z3::sle(between, x));
}
/* x <= a, y <= b, a + b is a word  =>  x + y <= a + b */
inline z3::expr lemma_sum_grows(term x, term a, term y, term b)
{
    return z3::implies(z3::ule(x, a) && z3::ule(y, b) && z3::ule(a, ~b), z3::ule(x + y, a + b));
}
inline z3::expr lemma_shift_distributes(term x, term y, term n)
{
    return z3::shl(x - y, n) == z3::shl(x, n) - z3::shl(y, n);
}
/* x <= y, y << n loses nothing  =>  x << n <= y << n */
inline z3::expr lemma_shift_grows(term x, term y, term n)
{
    z3::expr ones = x.ctx().bv_val(-1, x.get_sort().bv_size());
    return z3::implies(z3::ule(x, y) && z3::ule(y, z3::lshr(ones, n)),
                       z3::ule(z3::shl(x, n), z3::shl(y, n)));
}

/* Instances, for words. */
inline void use(const z3::expr &instance) { assume(truth(instance)); }

#endif
