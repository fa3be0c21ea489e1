/* STACK_TRACE: which stacks share a number, which are refused, and what the host reads. */
#include "support/maps.h"

#include <pthread.h>

enum { FAST = 1 << 9, REUSE = 1 << 10 };

static struct skep_map *traces_of(struct maps_fixture *f, u32 entries, u32 value_size, u32 flags)
{
    struct skep_map_spec spec = maps_spec(&map_stack_trace, entries);
    spec.value_size = value_size;
    spec.flags = flags;
    return maps_make(f, &map_stack_trace, &spec);
}

static s64 keep(struct skep_map *map, u64 first, u32 n, u64 flags)
{
    u64 addresses[200];
    for (u32 i = 0; i < n; i++)
        addresses[i] = first + i;
    return map_stack_trace.keep_stack(map, addresses, n, flags);
}

static const u64 *found(struct skep_map *map, s64 id)
{
    u32 key = (u32)id;
    return map_stack_trace.lookup(map, &key, 0);
}

TEST(a_stack_is_kept_once_and_read_with_zeros_behind_it)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = traces_of(&f, 1000, 4 * 8, 0);
    s64 id = keep(map, 100, 3, 0);
    assert_in_range(id, 0, 1023);
    assert_int_equal(keep(map, 100, 3, 0), id);
    assert_int_equal(keep(map, 100, 3, FAST), id);
    assert_memory_equal(found(map, id), ((u64[]){ 100, 101, 102, 0 }), 32);
    s64 cut = keep(map, 7, 9, 0);
    assert_memory_equal(found(map, cut), ((u64[]){ 7, 8, 9, 10 }), 32);
    assert_int_equal(keep(map, 7, 4, 0), cut);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(another_stack_of_the_same_number_is_refused_or_takes_its_place)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = traces_of(&f, 1, 16, 0);
    u32 zero = 0, one = 1;
    assert_int_equal(map_stack_trace.remove(map, &zero), -ENOENT);
    assert_int_equal(map_stack_trace.remove(map, &one), -E2BIG);
    assert_int_equal(keep(map, 100, 2, 0), 0);
    assert_int_equal(keep(map, 200, 1, 0), -EEXIST);
    assert_int_equal(keep(map, 200, 1, FAST), -EEXIST);
    assert_memory_equal(found(map, 0), ((u64[]){ 100, 101 }), 16);
    assert_int_equal(keep(map, 200, 1, REUSE), 0);
    assert_memory_equal(found(map, 0), ((u64[]){ 200, 0 }), 16);
    assert_int_equal(map_stack_trace.update(map, &zero, &zero, 0, 0), -EINVAL);
    assert_int_equal(map_stack_trace.remove(map, &zero), 0);
    assert_null(found(map, 0));
    assert_int_equal(map_stack_trace.next_key(map, NULL, &one), -ENOENT);
    assert_int_equal(keep(map, 300, 2, 0), 0);
    assert_int_equal(map_stack_trace.next_key(map, NULL, &one), 0);
    assert_int_equal(one, 0);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(build_ids_say_that_only_the_address_is_known)
{
    struct {
        s32 status;
        u8 build_id[20];
        u64 address;
    } * value;
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = traces_of(&f, 8, 2 * 32, MAP_F_STACK_BUILD_ID);
    s64 id = keep(map, 5, 1, 0);
    value = (void *)(uintptr_t)found(map, id);
    assert_int_equal(value[0].status, 2);
    assert_int_equal(value[0].address, 5);
    assert_int_equal(value[1].status, 0);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(impossible_sizes_are_refused)
{
    static const struct {
        u32 size, flags;
        int result;
    } cases[] = { { 12, 0, -EINVAL },
                  { 128 * 8, 0, -EINVAL },
                  { 127 * 8, 0, 0 },
                  { 40, MAP_F_STACK_BUILD_ID, -EINVAL },
                  { 127 * 32, MAP_F_STACK_BUILD_ID, 0 } };
    struct maps_fixture f;
    maps_setup(&f);
    for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
        struct skep_map_spec spec = maps_spec(&map_stack_trace, 4);
        struct skep_map *map = NULL;
        spec.value_size = cases[i].size;
        spec.flags = cases[i].flags;
        assert_int_equal(maps_try(&f, &map_stack_trace, &spec, &map), cases[i].result);
        if (map)
            map_put_user(map);
    }
    maps_teardown(&f);
}

/* Threads that keep stacks in the same few places: what has a number is that stack, or was
 * replaced. */
static void *keep_many(void *arg)
{
    struct skep_map *map = arg;
    u64 wrong = 0;
    for (u64 i = 0; i < 20000; i++) {
        s64 id = keep(map, i % 37 * 1000, 1 + (u32)(i % 4), i % 3 ? REUSE : 0);
        wrong += id != -EEXIST && (id < 0 || id > 15);
        u32 key = (u32)(i % 16);
        if (i % 11 == 0)
            map_stack_trace.remove(map, &key);
    }
    return (void *)(uintptr_t)wrong;
}

TEST(many_threads_keep_stacks_at_once)
{
    struct maps_fixture f;
    pthread_t threads[4];
    maps_setup(&f);
    struct skep_map *map = traces_of(&f, 16, 32, 0);
    for (u32 i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, keep_many, map), 0);
    for (u32 i = 0; i < 4; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    for (s64 id = 0; id < 16; id++) {
        const u64 *stack = found(map, id);
        for (u32 w = 1; stack && w < 4 && stack[w]; w++)
            assert_int_equal(stack[w], stack[0] + w);
    }
    map_put_user(map);
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(a_stack_is_kept_once_and_read_with_zeros_behind_it),
           UNIT(another_stack_of_the_same_number_is_refused_or_takes_its_place),
           UNIT(build_ids_say_that_only_the_address_is_known), UNIT(impossible_sizes_are_refused),
           UNIT(many_threads_keep_stacks_at_once))
