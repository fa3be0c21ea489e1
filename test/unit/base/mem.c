/* The account of memory: limits, peaks, refusing allocators. */
#include "base/mem.h"

#include "support/unit.h"

#include <stdlib.h>

/* Grants a number of calls, then refuses; checks the sizes that it is told. */
struct grudging {
    int grants;
    size_t in_use;
};

static void *grudging_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    struct grudging *g = user;
    if (new_size > old_size && g->grants-- <= 0)
        return NULL;
    g->in_use = g->in_use - old_size + new_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

TEST(counts_what_is_used_and_the_peak)
{
    struct mem mem;
    mem_init(&mem, NULL, 0);
    void *a = mem_alloc(&mem, 100), *b = mem_alloc(&mem, 50);
    assert_non_null(a);
    assert_non_null(b);
    mem_free(&mem, a, 100);
    assert_int_equal(mem.used, 50);
    assert_int_equal(mem.peak, 150);
    mem_free(&mem, b, 50);
    assert_int_equal(mem.used, 0);
}

TEST(refuses_what_passes_the_limit_and_takes_back_the_charge)
{
    struct mem mem;
    mem_init(&mem, NULL, 100);
    assert_null(mem_alloc(&mem, 101));
    assert_int_equal(mem.used, 0);
    void *a = mem_alloc(&mem, 60);
    assert_non_null(a);
    assert_null(mem_alloc(&mem, 41));
    assert_null(mem_resize(&mem, a, 60, 101));
    a = mem_resize(&mem, a, 60, 100);
    assert_non_null(a);
    assert_null(mem_alloc(&mem, SIZE_MAX));
    assert_int_equal(mem.used, 100);
    mem_free(&mem, a, 100);
}

TEST(gives_back_the_charge_when_the_allocator_refuses)
{
    struct grudging g = { .grants = 1 };
    struct mem mem;
    mem_init(&mem, &(struct skep_allocator){ .resize = grudging_resize, .user = &g }, 0);
    void *a = mem_alloc(&mem, 10);
    assert_null(mem_alloc(&mem, 10));
    assert_null(mem_resize(&mem, a, 10, 20));
    assert_int_equal(mem.used, 10);
    a = mem_resize(&mem, a, 10, 4);
    assert_int_equal(mem.used, 4);
    assert_int_equal(g.in_use, 4);
    mem_free(&mem, a, 4);
    assert_int_equal(g.in_use, 0);
}

TEST(clears_zalloc_and_gives_null_for_nothing)
{
    struct mem mem;
    mem_init(&mem, NULL, 0);
    u8 *block = mem_zalloc(&mem, 64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(block[i], 0);
    mem_free(&mem, block, 64);
    assert_null(mem_alloc(&mem, 0));
    mem_free(&mem, NULL, 0);
    assert_int_equal(mem.used, 0);
}

TEST(charges_memory_got_elsewhere)
{
    struct mem mem;
    mem_init(&mem, NULL, 4096);
    assert_true(mem_charge(&mem, 4096));
    assert_false(mem_charge(&mem, 1));
    mem_uncharge(&mem, 4096);
    assert_int_equal(mem.used, 0);
}

TEST(a_part_of_an_account_is_charged_to_the_whole)
{
    struct mem whole, part;
    mem_init(&whole, NULL, 100);
    mem_init_part(&part, &whole, 60);
    assert_null(mem_alloc(&part, 61));
    assert_true(part.refused);
    void *a = mem_alloc(&part, 60), *b = mem_alloc(&whole, 40);
    assert_int_equal(part.used, 60);
    assert_int_equal(whole.used, 100);
    mem_free(&part, a, 60);
    assert_int_equal(whole.used, 40);
    part.refused = false;
    void *c = mem_alloc(&whole, 20);
    assert_null(mem_alloc(&part, 50)); /* it has room, the whole has not */
    assert_false(part.refused);
    assert_int_equal(part.used, 0);
    mem_free(&whole, b, 40);
    mem_free(&whole, c, 20);
}

UNIT_TESTS(UNIT(counts_what_is_used_and_the_peak),
           UNIT(refuses_what_passes_the_limit_and_takes_back_the_charge),
           UNIT(gives_back_the_charge_when_the_allocator_refuses),
           UNIT(clears_zalloc_and_gives_null_for_nothing), UNIT(charges_memory_got_elsewhere),
           UNIT(a_part_of_an_account_is_charged_to_the_whole))
