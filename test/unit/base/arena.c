/* Arenas: alignment, zeroing, overflow, and that dropping gives everything back. */
#include "base/arena.h"

#include "support/unit.h"

TEST(blocks_are_aligned_zeroed_and_apart)
{
    struct mem mem;
    struct arena arena;
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    u8 *blocks[600];
    for (size_t i = 0; i < 600; i++) {
        blocks[i] = arena_alloc(&arena, i);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t j = 0; j < i; j++)
            assert_int_equal(blocks[i][j], 0);
        memset(blocks[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 600; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal(blocks[i][j], i & 0xff);
    arena_drop(&arena);
    assert_int_equal(mem.used, 0);
}

TEST(a_large_block_leaves_the_newest_chunk_usable)
{
    struct mem mem;
    struct arena arena;
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    char *before = arena_alloc(&arena, 16);
    assert_non_null(arena_alloc(&arena, 1000000));
    char *after = arena_alloc(&arena, 16);
    assert_ptr_equal(after, before + 16);
    arena_drop(&arena);
    assert_int_equal(mem.used, 0);
}

TEST(keeps_overhead_low)
{
    struct mem mem;
    struct arena arena;
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    for (int i = 0; i < 100000; i++)
        assert_non_null(arena_alloc(&arena, 16));
    assert_true(mem.used < 1600000 + 300 * 1024);
    arena_drop(&arena);
}

TEST(refuses_sizes_that_overflow_and_limits)
{
    struct mem mem;
    struct arena arena;
    mem_init(&mem, NULL, 64 * 1024);
    arena_init(&arena, &mem);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 15));
    assert_null(arena_alloc_array(&arena, UINT64_MAX / 2, 4));
    assert_null(arena_alloc_array(&arena, (u64)1 << 63, 2));
    assert_null(arena_strndup(&arena, "x", SIZE_MAX));
    assert_null(arena_alloc(&arena, 64 * 1024));
    assert_non_null(arena_array(&arena, u64, 100));
    arena_drop(&arena);
    assert_int_equal(mem.used, 0);
}

TEST(copies_strings_and_bytes)
{
    struct mem mem;
    struct arena arena;
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    assert_string_equal(arena_strdup(&arena, "skep"), "skep");
    assert_string_equal(arena_strndup(&arena, "skeptic", 4), "skep");
    assert_memory_equal(arena_copy(&arena, "\0\1\2", 3), "\0\1\2", 3);
    assert_non_null(arena_copy(&arena, NULL, 0));
    arena_drop(&arena);
    arena_drop(&arena);
}

/* Small ones and large ones, those that have a chunk for themselves. */
TEST(a_block_grows_keeps_its_bytes_and_is_zeroed_behind_them)
{
    struct mem mem;
    struct arena arena;
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    for (size_t size = 16; size < 1 << 20; size *= 4) {
        u8 *other = arena_alloc(&arena, 40), *block = arena_alloc(&arena, size);
        memset(other, 7, 40);
        memset(block, 9, size);
        block = arena_resize(&arena, block, size, 3 * size);
        assert_non_null(block);
        for (size_t i = 0; i < 3 * size; i++)
            assert_int_equal(block[i], i < size ? 9 : 0);
        assert_int_equal(other[39], 7);
    }
    assert_null(arena_resize(&arena, arena_alloc(&arena, 1 << 20), 1 << 20, SIZE_MAX));
    arena_drop(&arena);
    assert_int_equal(mem.used, 0);
}

TEST(a_large_block_can_be_given_back_and_a_small_one_need_not)
{
    struct mem mem;
    struct arena arena;
    mem_init(&mem, NULL, 0);
    arena_init(&arena, &mem);
    void *first = arena_alloc(&arena, 1 << 20), *small = arena_alloc(&arena, 16);
    void *large = arena_alloc(&arena, 1 << 20);
    size_t used = mem.used;
    arena_free(&arena, small, 16);
    assert_int_equal(mem.used, used);
    arena_free(&arena, large, 1 << 20);
    assert_true(mem.used <= used - (1 << 20));
    memset(arena_alloc(&arena, 64), 1, 64);
    memset(first, 1, 1 << 20);
    arena_drop(&arena);
    assert_int_equal(mem.used, 0);
}

UNIT_TESTS(UNIT(a_large_block_can_be_given_back_and_a_small_one_need_not),
           UNIT(a_block_grows_keeps_its_bytes_and_is_zeroed_behind_them),
           UNIT(blocks_are_aligned_zeroed_and_apart),
           UNIT(a_large_block_leaves_the_newest_chunk_usable), UNIT(keeps_overhead_low),
           UNIT(refuses_sizes_that_overflow_and_limits), UNIT(copies_strings_and_bytes))
