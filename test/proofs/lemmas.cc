/* The lemmas, proved over the integers, and as they stand for words of eight bits and less. */
#include "proofs/lemmas.h"

namespace
{

std::vector<z3::expr> unknowns(size_t n, unsigned bits)
{
    std::vector<z3::expr> all;
    for (size_t i = 0; i < n; i++)
        all.push_back(proof_unknown(proof_context().bv_sort(bits)));
    return all;
}

void at_few_bits(const char *name, unsigned bits, z3::expr (*lemma)(term))
{
    obligation("lemma", name, [=] { return truth(lemma(unknowns(1, bits)[0])); });
}
void at_few_bits(const char *name, unsigned bits, z3::expr (*lemma)(term, term))
{
    obligation("lemma", name, [=] {
        auto x = unknowns(2, bits);
        return truth(lemma(x[0], x[1]));
    });
}
void at_few_bits(const char *name, unsigned bits, z3::expr (*lemma)(term, term, term))
{
    obligation("lemma", name, [=] {
        auto x = unknowns(3, bits);
        return truth(lemma(x[0], x[1], x[2]));
    });
}
/* Words of 64 bits, for each amount of a shift. */
void for_each_amount(const char *name, z3::expr (*lemma)(term, term, term))
{
    obligation("lemma", name, [=] {
        auto x = unknowns(2, WORD_BITS);
        z3::expr all = proof_context().bool_val(true);
        for (unsigned n = 0; n < WORD_BITS; n++)
            all = all && lemma(x[0], x[1], proof_word(n));
        return truth(all);
    });
}
void at_few_bits(const char *name, unsigned bits, z3::expr (*lemma)(term, term, term, term))
{
    obligation("lemma", name, [=] {
        auto x = unknowns(4, bits);
        return truth(lemma(x[0], x[1], x[2], x[3]));
    });
}

struct integers {
    z3::context &c;
    z3::expr operator()(const char *name) const { return c.int_const(name); }
};

void over_integers(const char *name, z3::expr (*claim)(const integers &))
{
    obligation_over_integers("integers", name,
                             [=](z3::context &c) { return claim(integers{ c }); });
}

void arithmetic(void)
{
    over_integers("products of words fit in two words", [](const integers &i) {
        z3::expr x = i("x"), y = i("y"), n = i("n");
        return z3::implies(0 <= x && x < n && 0 <= y && y < n, 0 <= x * y && x * y < n * n);
    });
    over_integers("product_grows", [](const integers &i) {
        z3::expr a = i("a"), b = i("b"), x = i("x"), y = i("y");
        return z3::implies(0 <= a && a <= x && 0 <= b && b <= y, a * b <= x * b && x * b <= x * y);
    });
    over_integers("signed_product_between", [](const integers &i) {
        z3::expr min = i("min"), x = i("x"), max = i("max"), y = i("y");
        z3::expr up = min * y <= x * y && x * y <= max * y;
        z3::expr down = max * y <= x * y && x * y <= min * y;
        return z3::implies(min <= x && x <= max, up || down);
    });
    over_integers("signed product = unsigned product, less n for each negative factor",
                  [](const integers &i) {
                      z3::expr x = i("x"), y = i("y"), n = i("n");
                      return (x + n) * y == x * y + n * y &&
                             (x + n) * (y + n) == x * y + n * (x + n) + n * y;
                  });
    over_integers("product_of_low_halves", [](const integers &i) {
        z3::expr a = i("a"), b = i("b"), n = i("n"), s = i("s"), t = i("t");
        return (a + n * s) * (b + n * t) == a * b + n * (s * b + t * a + n * s * t);
    });
    over_integers("product_keeps_low_zeros", [](const integers &i) {
        z3::expr x = i("x"), y = i("y"), n = i("n");
        return x * (n * y) == n * (x * y);
    });
    over_integers("long_multiplication", [](const integers &i) {
        z3::expr h = i("h"), bit = i("bit"), y = i("y"), n = i("n"), carry = i("carry");
        /* y * 2 loses its carry, n times h, which is none modulo n. */
        return (2 * h + bit) * y == bit * y + h * (2 * y - n * carry) + n * (h * carry);
    });
    over_integers("quotient_grows", [](const integers &i) {
        z3::expr a = i("a"), b = i("b"), x = i("x"), y = i("y"), p = i("p"), q = i("q");
        /* With p = a / b and q = x / y: if p were more than q, so were a more than x. */
        z3::expr quotients = p * b <= a && x < q * y + y && 0 <= q;
        z3::expr more = p >= q + 1;
        z3::expr steps = (p - q - 1) * b >= 0 && (q + 1) * (b - y) >= 0;
        return z3::implies(a <= x && 0 < y && y <= b && quotients && z3::implies(more, steps),
                           p <= q);
    });
    over_integers("quotient_at_most", [](const integers &i) {
        z3::expr x = i("x"), y = i("y"), q = i("q");
        return z3::implies(0 < y && 0 <= q && q * y <= x && q * (y - 1) >= 0, q <= x);
    });
    over_integers("quotient_grows: the two steps", [](const integers &i) {
        z3::expr b = i("b"), y = i("y"), p = i("p"), q = i("q");
        return z3::implies(0 < y && y <= b && 0 <= q && p >= q + 1,
                           (p - q - 1) * b >= 0 && (q + 1) * (b - y) >= 0);
    });
}

} // namespace

void obligations_of_lemmas(void)
{
    arithmetic();
    at_few_bits("product_commutes", 8, lemma_product_commutes);
    at_few_bits("product_grows", 6, lemma_product_grows);
    at_few_bits("signed_product_between", 6, lemma_signed_product_between);
    at_few_bits("product_of_low_halves", 6, lemma_product_of_low_halves);
    at_few_bits("product_keeps_low_zeros", 8, lemma_product_keeps_low_zeros);
    at_few_bits("long_multiplication", 8, lemma_long_multiplication);
    for_each_amount("shift_distributes", lemma_shift_distributes);
    for_each_amount("shift_grows", lemma_shift_grows);
    at_few_bits("product_with_zero", 8, lemma_product_with_zero);
    at_few_bits("product_with_one", 8, lemma_product_with_one);
    at_few_bits("quotient_at_most", 8, lemma_quotient_at_most);
    at_few_bits("arc", 64, lemma_arc);
    at_few_bits("not_past", 64, lemma_not_past);
    at_few_bits("sum_grows", 64, lemma_sum_grows);
    at_few_bits("quotient", 8, lemma_quotient);
    at_few_bits("quotient_grows", 6, lemma_quotient_grows);
}
