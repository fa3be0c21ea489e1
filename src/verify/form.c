/* Numbers as differences of unknowns: plus - minus + add, modulo 2^64.
 *
 * Sums and differences of such forms are exact, whatever wraps; one that would need more than one
 * unknown on a side is no form any more, and its number gets an id of its own. */
#include "verify/engine.h"

bool form_sum(struct form a, struct form b, struct form *out)
{
    u32 plus[2] = { a.plus, b.plus };
    u32 minus[2] = { a.minus, b.minus };
    for (u32 i = 0; i < 2; i++)
        for (u32 j = 0; j < 2; j++)
            if (plus[i] && plus[i] == minus[j])
                plus[i] = minus[j] = 0;
    if ((plus[0] && plus[1]) || (minus[0] && minus[1]))
        return false;
    *out = (struct form){ .plus = plus[0] | plus[1],
                          .minus = minus[0] | minus[1],
                          .add = a.add + b.add };
    return true;
}

bool form_difference(struct form a, struct form b, struct form *out)
{
    struct form negated = { .plus = b.minus, .minus = b.plus, .add = 0 - b.add };
    return form_sum(a, negated, out);
}

/* If plus + add wraps for add >= 0, the result is below add; if it wraps for add < 0, it is above
 * 2^64 - 1 - |add|. */
bool form_is_exact(struct form f, struct bounds bounds)
{
    if (f.minus)
        return false;
    if (!f.plus)
        return true;
    return (s64)f.add >= 0 ? bounds.lo >= f.add : bounds.hi <= UINT64_MAX - (0 - f.add);
}
