/* Growing arrays. */
#include "base/vec.h"

#include "support/unit.h"

TEST(grows_and_keeps_its_items)
{
    struct mem mem;
    mem_init(&mem, NULL, 0);
    VEC(u64) numbers = { 0 };
    for (u64 i = 0; i < 1000; i++)
        assert_true(vec_push(&mem, &numbers, i * i));
    assert_int_equal(numbers.n, 1000);
    for (u64 i = 0; i < 1000; i++)
        assert_int_equal(numbers.data[i], i * i);
    assert_int_equal(vec_last(&numbers), 999 * 999);
    vec_drop(&mem, &numbers);
    assert_int_equal(numbers.n, 0);
    assert_int_equal(mem.used, 0);
}

TEST(a_refused_push_leaves_the_array_alone)
{
    struct mem mem;
    mem_init(&mem, NULL, 64);
    VEC(u64) numbers = { 0 };
    for (u64 i = 0; i < 8; i++)
        assert_true(vec_push(&mem, &numbers, i));
    assert_false(vec_push(&mem, &numbers, 8));
    assert_int_equal(numbers.n, 8);
    assert_int_equal(vec_last(&numbers), 7);
    vec_drop(&mem, &numbers);
}

TEST(refuses_more_items_than_a_u32_counts)
{
    struct mem mem;
    mem_init(&mem, NULL, 0);
    void *data = &mem;
    u32 n = (u32)1 << 31, cap = (u32)1 << 31;
    assert_false(vec_reserve_one(&mem, &data, &n, &cap, 1));
    assert_int_equal(cap, (u32)1 << 31);
}

UNIT_TESTS(UNIT(grows_and_keeps_its_items), UNIT(a_refused_push_leaves_the_array_alone),
           UNIT(refuses_more_items_than_a_u32_counts))
