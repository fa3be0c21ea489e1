/* The scalar domain on words of 8 bits, with halves of 4 and bytes of 1: random sets of words, with
 * all their members; and how long chains of widening get. */
#define WORD_BITS 8

#include "unit/verify/domain_small.h"

enum { PAIRS = 400, CHAINS = 20000, LONGEST_CHAIN = 24 };

static u64 random_word(u64 *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void random_bounds(u64 *state, u64 ones, u64 *min, u64 *max)
{
    u64 a = random_word(state) & ones, b = random_word(state) & ones;
    if (random_word(state) % 3 == 0)
        b = (a + random_word(state) % 5) & ones;
    *min = a < b ? a : b;
    *max = a < b ? b : a;
}

/* Some parts say something, others nothing. */
static struct scalar random_parts(u64 *state)
{
    struct scalar s = scalar_any();
    u64 parts = random_word(state);
    if (parts & 1)
        random_bounds(state, WORD_ONES, &s.umin, &s.umax);
    if (parts & 2) {
        random_bounds(state, WORD_ONES, &s.smin, &s.smax);
        s.smin ^= WORD_SIGN;
        s.smax ^= WORD_SIGN;
    }
    if ((parts & 12) == 12)
        random_bounds(state, HALF_ONES, &s.umin32, &s.umax32);
    if ((parts & 48) == 48) {
        random_bounds(state, HALF_ONES, &s.smin32, &s.smax32);
        s.smin32 = word_low_sext(s.smin32 ^ (HALF_ONES + 1) / 2);
        s.smax32 = word_low_sext(s.smax32 ^ (HALF_ONES + 1) / 2);
    }
    if (parts & 64) {
        s.bits.mask = (random_word(state) | random_word(state)) & WORD_ONES;
        s.bits.value = random_word(state) & ~s.bits.mask & WORD_ONES;
    }
    return s;
}
static struct scalar random_scalar(u64 *state)
{
    for (;;) {
        struct scalar raw = random_parts(state), reduced = scalar_reduce(raw);
        check_reduced(raw, reduced);
        if (!scalar_is_empty(reduced) || random_word(state) % 64 == 0)
            return random_word(state) % 8 == 0 ? raw : reduced;
    }
}

TEST(random_pairs_keep_their_words)
{
    u64 state = 1;
    for (u32 i = 0; i < PAIRS; i++) {
        struct scalar a = random_scalar(&state), b = random_scalar(&state);
        check_unary(a);
        check_pair(a, b);
    }
}

TEST(constants_stay_constants)
{
    for (u64 x = 0; x < WORDS; x += 5)
        for (u64 y = 0; y < WORDS; y += 3)
            for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
                struct scalar r = operations[i].abstract(scalar_const(x), scalar_const(y));
                if (!scalar_equal(r, scalar_const(operations[i].concrete(x, y))))
                    fail_on(operations[i].name, scalar_const(x), scalar_const(y), x, y);
            }
}

/* Whatever comes, old is widened a few times only. */
TEST(chains_of_widening_end)
{
    u64 state = 7;
    u32 longest = 0;
    for (u32 i = 0; i < CHAINS; i++) {
        struct scalar old = random_scalar(&state);
        u32 length = 0;
        for (u32 tries = 0; tries < 200; tries++) {
            struct scalar next = scalar_const(random_word(&state) & WORD_ONES);
            length += !scalar_contains(old, next);
            old = scalar_widen(old, scalar_join(old, next));
        }
        longest = length > longest ? length : longest;
    }
    print_message("longest chain of widening: %u\n", longest);
    assert_true(longest <= LONGEST_CHAIN);
}

UNIT_TESTS(UNIT(random_pairs_keep_their_words), UNIT(constants_stay_constants),
           UNIT(chains_of_widening_end))
