/* QUEUE, STACK, BLOOM_FILTER, and the maps of handles. */
#include "support/maps.h"

static int push(struct skep_map *map, u64 value, u64 flags)
{
    return map->type->push(map, &value, flags);
}

TEST(a_queue_gives_the_oldest_and_a_stack_the_newest)
{
    struct maps_fixture f;
    u64 value = 5;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(&map_queue, 3);
    struct skep_map *queue = maps_make(&f, &map_queue, &spec);
    struct skep_map *stack = maps_make(&f, &map_stack, &spec);
    assert_int_equal(map_queue.pop(queue, &value), -ENOENT);
    assert_int_equal(value, 0);
    for (u64 i = 1; i <= 3; i++) {
        assert_int_equal(push(queue, i, 0), 0);
        assert_int_equal(push(stack, i, 0), 0);
    }
    assert_int_equal(push(queue, 4, 0), -E2BIG);
    assert_int_equal(push(queue, 4, SKEP_MAP_NOEXIST), -EINVAL);
    assert_int_equal(push(queue, 4, SKEP_MAP_EXIST), 0);
    assert_int_equal(push(stack, 4, SKEP_MAP_EXIST), 0);
    for (u64 i = 2; i <= 4; i++) {
        assert_int_equal(map_queue.peek(queue, &value), 0);
        assert_int_equal(value, i);
        assert_int_equal(map_queue.pop(queue, &value), 0);
        assert_int_equal(value, i);
        assert_int_equal(map_stack.pop(stack, &value), 0);
        assert_int_equal(value, 6 - i);
    }
    assert_int_equal(map_stack.peek(stack, &value), -ENOENT);
    map_put_user(queue);
    map_put_user(stack);
    maps_teardown(&f);
}

TEST(a_bloom_filter_forgets_nothing_and_is_rarely_wrong)
{
    struct maps_fixture f;
    maps_setup(&f);
    for (u64 hashes = 0; hashes < 16; hashes++) {
        struct skep_map_spec spec = maps_spec(&map_bloom_filter, 2000);
        u32 wrong = 0;
        spec.map_extra = hashes;
        struct skep_map *map = maps_make(&f, &map_bloom_filter, &spec);
        for (u64 i = 0; i < 2000; i++)
            assert_int_equal(push(map, i, 0), 0);
        for (u64 i = 0; i < 2000; i++)
            assert_int_equal(map_bloom_filter.peek(map, &i), 0);
        for (u64 i = 5000; i < 15000; i++)
            wrong += map_bloom_filter.peek(map, &i) == 0;
        assert_true(wrong < (hashes == 1 ? 5500 : 1500));
        assert_int_equal(push(map, 1, SKEP_MAP_EXIST), -EINVAL);
        map_put_user(map);
    }
    struct skep_map_spec spec = maps_spec(&map_bloom_filter, 10);
    struct skep_map *map = NULL;
    spec.map_extra = 16;
    assert_int_equal(maps_try(&f, &map_bloom_filter, &spec, &map), -EINVAL);
    maps_teardown(&f);
}

TEST(only_types_that_use_it_take_map_extra)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(&map_hash, 10);
    struct skep_map *map = NULL;
    spec.map_extra = 1;
    assert_int_equal(maps_try(&f, &map_hash, &spec, &map), -EINVAL);
    maps_teardown(&f);
}

TEST(handles_are_kept_by_index)
{
    static const u32 ids[] = { 4, 8 };
    struct maps_fixture f;
    maps_setup(&f);
    for (u32 i = 0; i < ARRAY_LEN(ids); i++) {
        const struct skep_map_type *type = maps_type(ids[i]);
        struct skep_map_spec spec = maps_spec(type, 4);
        struct skep_map *map = maps_make(&f, type, &spec);
        u32 key = 2, far = 4, handle = 77;
        assert_null(type->lookup(map, &key, 0));
        assert_int_equal(type->update(map, &key, &handle, SKEP_MAP_NOEXIST, 0), -EINVAL);
        assert_int_equal(type->update(map, &far, &handle, 0, 0), -E2BIG);
        assert_int_equal(type->update(map, &key, &handle, 0, 0), 0);
        assert_int_equal(*(u32 *)type->lookup(map, &key, 0), 77);
        assert_int_equal(type->remove(map, &key), 0);
        assert_int_equal(type->remove(map, &key), -ENOENT);
        assert_int_equal(type->remove(map, &far), -E2BIG);
        map_put_user(map);
    }
    maps_teardown(&f);
}

TEST(redirect_maps_are_emptied_by_zero)
{
    static const u32 ids[] = { 14, 16, 17 };
    struct maps_fixture f;
    maps_setup(&f);
    for (u32 i = 0; i < ARRAY_LEN(ids); i++) {
        const struct skep_map_type *type = maps_type(ids[i]);
        struct skep_map_spec spec = maps_spec(type, 4);
        struct skep_map *map = maps_make(&f, type, &spec);
        u32 key = 2, far = 4, number = 9, other = 10, zero = 0;
        assert_int_equal(type->update(map, &key, &number, 0, 0), 0);
        assert_int_equal(*(u32 *)type->lookup(map, &key, 0), 9);
        assert_int_equal(type->update(map, &key, &other, SKEP_MAP_NOEXIST, 0), -EEXIST);
        assert_int_equal(type->update(map, &key, &number, SKEP_MAP_NOEXIST, 0),
                         type->id == 17 ? 0 : -EEXIST); /* XSKMAP: it is there already */
        assert_int_equal(type->update(map, &far, &number, 0, 0), -E2BIG);
        assert_int_equal(type->update(map, &key, &zero, 0, 0), 0);
        assert_null(type->lookup(map, &key, 0));
        assert_int_equal(type->remove(map, &key), 0);
        assert_int_equal(type->remove(map, &far), -EINVAL);
        map_put_user(map);
    }
    maps_teardown(&f);
}

TEST(a_cpumap_knows_which_cpus_there_are_and_how_long_a_queue_may_be)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(&map_cpumap, 8), many = spec;
    struct skep_map *map = maps_make(&f, &map_cpumap, &spec), *none = NULL;
    u32 there = MAPS_CPUS - 1, beyond = MAPS_CPUS, longest = 16384, longer = 16385;
    assert_int_equal(map_cpumap.update(map, &there, &longest, 0, 0), 0);
    assert_int_equal(map_cpumap.update(map, &there, &longer, 0, 0), -EOVERFLOW);
    assert_int_equal(map_cpumap.update(map, &beyond, &longer, 0, 0), -EOVERFLOW);
    assert_int_equal(map_cpumap.update(map, &beyond, &longest, 0, 0), -ENODEV);
    many.max_entries = 8193;
    assert_int_equal(maps_try(&f, &map_cpumap, &many, &none), -E2BIG);
    map_put_user(map);
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(a_cpumap_knows_which_cpus_there_are_and_how_long_a_queue_may_be),
           UNIT(a_queue_gives_the_oldest_and_a_stack_the_newest),
           UNIT(a_bloom_filter_forgets_nothing_and_is_rarely_wrong),
           UNIT(only_types_that_use_it_take_map_extra), UNIT(handles_are_kept_by_index),
           UNIT(redirect_maps_are_emptied_by_zero))
