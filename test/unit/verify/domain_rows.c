/* What the scalar domain is known to find out at 64 bits: a row is an operation on operands, and
 * the most that its result may be.  Sound but useless operators would pass the other tests. */
#include "verify/domain/scalar.h"

#include "support/unit.h"

#define ANY scalar_any()
#define K(v) scalar_const((u64)(v))
#define U(min, max) scalar_range(min, max)
#define S(min, max) scalar_srange((u64)(min), (u64)(max))

struct row {
    const char *name;
    struct scalar result;
    struct scalar most;
};

static void assert_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (scalar_is_empty(rows[i].result))
            fail_msg("%s: empty", rows[i].name);
        if (!scalar_contains(rows[i].most, rows[i].result))
            fail_msg("%s: u %#" PRIx64 "..%#" PRIx64 " s %" PRId64 "..%" PRId64, rows[i].name,
                     rows[i].result.umin, rows[i].result.umax, (s64)rows[i].result.smin,
                     (s64)rows[i].result.smax);
    }
}

/* clang-format off */
TEST(operations_find_what_they_should)
{
    const struct scalar x = scalar_any();
    const struct scalar byte = scalar_and64(x, K(255));
    const struct row rows[] = {
        { "(x & 7) << (y & 3)",    scalar_lsh64(scalar_and64(x, K(7)), scalar_and64(x, K(3))), U(0, 56) },
        { "(x & 255) / 5",         scalar_div64(byte, K(5)),                U(0, 51) },
        { "x % 60",                scalar_mod64(x, K(60)),                  U(0, 59) },
        { "63 - (x & 63)",         scalar_sub64(K(63), scalar_and64(x, K(63))), U(0, 63) },
        { "-(x & 255)",            scalar_neg64(byte),                      S(-255, 0) },
        { "(x & 255) - 10",        scalar_sub64(byte, K(10)),               S(-10, 245) },
    };
    assert_rows(rows, ARRAY_LEN(rows));
}
/* clang-format on */

UNIT_TESTS(UNIT(operations_find_what_they_should))
