/* The scalar domain on words of 4 bits with halves of 2: all 3,176 sets of words that a scalar can
 * stand for, in pairs.  A run takes one pair in PAIRS_STRIDE (from the environment; 64 unless
 * told), which meets every set on either side many times; with 1 it takes all ten million. */
#define WORD_BITS 4

#include "unit/verify/domain_small.h"

enum { SETS = 4096 };

struct sets {
    u32 n;
    struct scalar raw[SETS];     /* the parts that made the set, not reduced */
    struct scalar reduced[SETS]; /* in normal form */
    bool seen[1u << WORDS];
};

static void add_set(struct sets *sets, struct scalar raw)
{
    u32 words = 0;
    for (u32 x = 0; x < WORDS; x++)
        words |= (u32)scalar_holds(raw, x) << x;
    if (sets->seen[words])
        return;
    assert_true(sets->n < SETS);
    sets->seen[words] = true;
    sets->raw[sets->n] = raw;
    sets->reduced[sets->n++] = scalar_reduce(raw);
}

/* Takes each set that is there, with one part in all ways. */
static void add_with_bits(struct sets *sets, struct scalar s)
{
    for (u64 mask = 0; mask < WORDS; mask++)
        for (u64 value = 0; value < WORDS; value++)
            if ((value & mask) == 0) {
                s.bits = tnum_of(value, mask);
                add_set(sets, s);
            }
}
static void add_with_unsigned(struct sets *sets, struct scalar s)
{
    for (s.umin = 0; s.umin < WORDS; s.umin++)
        for (s.umax = s.umin; s.umax < WORDS; s.umax++)
            add_set(sets, s);
}
static void add_with_signed(struct sets *sets, struct scalar s)
{
    for (u64 min = 0; min < WORDS; min++)
        for (u64 max = min; max < WORDS; max++) {
            s.smin = min ^ WORD_SIGN;
            s.smax = max ^ WORD_SIGN;
            add_set(sets, s);
        }
}
static void add_with_half(struct sets *sets, struct scalar s)
{
    for (s.umin32 = 0; s.umin32 <= HALF_ONES; s.umin32++)
        for (s.umax32 = s.umin32; s.umax32 <= HALF_ONES; s.umax32++)
            add_set(sets, s);
}
static void add_with_signed_half(struct sets *sets, struct scalar s)
{
    for (u64 min = 0; min <= HALF_ONES; min++)
        for (u64 max = min; max <= HALF_ONES; max++) {
            s.smin32 = word_low_sext(min ^ (HALF_ONES + 1) / 2);
            s.smax32 = word_low_sext(max ^ (HALF_ONES + 1) / 2);
            add_set(sets, s);
        }
}

static struct sets *all_sets(void)
{
    void (*const parts[])(struct sets *, struct scalar) = {
        add_with_bits, add_with_unsigned, add_with_signed, add_with_half, add_with_signed_half,
    };
    struct sets *sets = calloc(1, sizeof *sets);
    assert_non_null(sets);
    add_set(sets, scalar_any());
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        for (u32 k = 0, n = sets->n; k < n; k++)
            parts[i](sets, sets->raw[k]);
    return sets;
}

static u32 stride(void)
{
    const char *text = getenv("PAIRS_STRIDE");
    u32 n = text ? (u32)atoi(text) : 0;
    return n > 0 ? n : 64;
}

TEST(all_sets_are_reduced_and_keep_their_words)
{
    struct sets *sets = all_sets();
    assert_int_equal(sets->n, 3176);
    for (u32 i = 0; i < sets->n; i++) {
        check_reduced(sets->raw[i], sets->reduced[i]);
        check_unary(sets->raw[i]);
        check_unary(sets->reduced[i]);
    }
    free(sets);
}

TEST(all_pairs_keep_their_words)
{
    struct sets *sets = all_sets();
    u64 n = sets->n, step = stride(), pairs = 0;
    for (u64 k = 0; k < n * n; k += step, pairs++)
        check_pair(sets->reduced[k / n], sets->reduced[k % n]);
    assert_true(pairs * step >= n * n);
    free(sets);
}

/* Operators do not count on their operands being reduced. */
TEST(parts_need_no_reduction)
{
    struct sets *sets = all_sets();
    u64 n = sets->n, step = stride() * 16 + 1;
    for (u64 k = 0; k < n * n; k += step)
        check_pair(sets->raw[k / n], sets->raw[k % n]);
    free(sets);
}

UNIT_TESTS(UNIT(all_sets_are_reduced_and_keep_their_words), UNIT(all_pairs_keep_their_words),
           UNIT(parts_need_no_reduction))
