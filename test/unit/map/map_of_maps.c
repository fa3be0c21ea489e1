/* ARRAY_OF_MAPS and HASH_OF_MAPS: what they take, for how long it lives, and many threads. */
#include "support/maps.h"

#include <pthread.h>

static struct skep_map *outer_of(struct maps_fixture *f, const struct skep_map_type *type)
{
    struct skep_map_spec spec = maps_spec(type, 8);
    spec.key_size = 4;
    return maps_make(f, type, &spec);
}

static void count_free(struct skep_map *map) { ++*(u32 *)map->owner; }

static struct skep_map *inner_of(struct maps_fixture *f, u32 *freed)
{
    struct skep_map *map = maps_make(f, &map_array, &maps_inner_spec);
    map->owner = freed;
    map->on_free = count_free;
    return map;
}

static const u32 outer_ids[] = { 12, 13 };
#define FOR_EACH_OUTER(f, type, outer)                                                             \
    for (u32 i_ = 0; i_ < ARRAY_LEN(outer_ids); i_++)                                              \
        for (const struct skep_map_type *type = maps_type(outer_ids[i_]); type; type = NULL)       \
            for (struct skep_map *outer = outer_of((f), type); outer;                              \
                 map_put_user(outer), outer = NULL)

TEST(inner_maps_are_found_replaced_and_removed)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_OUTER(&f, type, outer)
    {
        u32 key = 3, other = 4, freed = 0;
        struct skep_map *a = inner_of(&f, &freed), *b = inner_of(&f, &freed);
        assert_null(type->lookup(outer, &key, 0));
        assert_int_equal(type->remove(outer, &key), -ENOENT);
        assert_int_equal(type->set_held(outer, &key, a, 0), 0);
        assert_ptr_equal(type->lookup(outer, &key, 0), a);
        assert_null(type->lookup(outer, &other, 0));
        assert_int_equal(type->set_held(outer, &key, b, 0), 0);
        assert_ptr_equal(type->lookup(outer, &key, 0), b);
        map_put_user(a);
        assert_int_equal(freed, 1);
        map_put_user(b);
        assert_int_equal(freed, 1);
        assert_int_equal(type->remove(outer, &key), 0);
        assert_int_equal(freed, 2);
    }
    maps_teardown(&f);
}

TEST(other_shapes_are_refused)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_OUTER(&f, type, outer)
    {
        u32 key = 0;
        struct skep_map_spec spec = maps_inner_spec;
        spec.max_entries++;
        struct skep_map *longer = maps_make(&f, &map_array, &spec);
        spec = maps_inner_spec;
        spec.type = 6;
        struct skep_map *per_cpu = maps_make(&f, &map_percpu_array, &spec);
        assert_int_equal(type->set_held(outer, &key, longer, 0), -EINVAL);
        assert_int_equal(type->set_held(outer, &key, per_cpu, 0), -EINVAL);
        assert_int_equal(type->set_held(outer, &key, outer, 0), -EINVAL);
        map_put_user(longer);
        map_put_user(per_cpu);
    }
    maps_teardown(&f);
}

TEST(templates_of_templates_are_refused)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map_spec deep = maps_spec(&map_array_of_maps, 2), spec = deep;
    struct skep_map *map = NULL;
    spec.inner = &deep;
    assert_int_equal(maps_try(&f, &map_array_of_maps, &spec, &map), -EINVAL);
    maps_teardown(&f);
}

TEST(flags_and_room_are_linuxs)
{
    struct maps_fixture f;
    u32 freed = 0;
    maps_setup(&f);
    struct skep_map *inner = inner_of(&f, &freed);
    FOR_EACH_OUTER(&f, type, outer)
    {
        u32 key = 1;
        bool hash = type->id == 13;
        assert_int_equal(type->set_held(outer, &key, inner, SKEP_MAP_EXIST),
                         hash ? -ENOENT : -EINVAL);
        assert_int_equal(type->set_held(outer, &key, inner, SKEP_MAP_NOEXIST), hash ? 0 : -EINVAL);
        assert_int_equal(type->set_held(outer, &key, inner, 0), 0);
        for (key = 0; key < 8; key++)
            assert_int_equal(type->set_held(outer, &key, inner, 0), 0);
        assert_int_equal(type->set_held(outer, &key, inner, 0), -E2BIG);
    }
    map_put_user(inner);
    assert_int_equal(freed, 1);
    maps_teardown(&f);
}

TEST(a_run_keeps_the_inner_map_that_it_found)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_OUTER(&f, type, outer)
    {
        u32 key = 2, freed = 0;
        struct epoch_slot slot;
        struct skep_map *a = inner_of(&f, &freed);
        assert_int_equal(type->set_held(outer, &key, a, 0), 0);
        map_put_user(a);
        epoch_register(f.epoch, &slot);
        epoch_enter(f.epoch, &slot);
        assert_ptr_equal(type->lookup(outer, &key, 0), a);
        assert_int_equal(type->remove(outer, &key), 0);
        assert_null(type->lookup(outer, &key, 0));
        assert_int_equal(freed, 0);
        assert_non_null(a->type->lookup(a, &key, 0));
        epoch_leave(&slot);
        epoch_unregister(f.epoch, &slot);
        epoch_collect(f.epoch);
        assert_int_equal(freed, 1);
    }
    maps_teardown(&f);
}

/* Readers use what they find while the host replaces and removes. */
enum { READERS = 2, ROUNDS = 2000 };

struct reading {
    struct skep_map *outer;
    struct epoch *epoch;
    _Atomic bool stop;
};

static void *read_inner(void *arg)
{
    struct reading *r = arg;
    struct epoch_slot slot;
    u64 sum = 0;
    epoch_register(r->epoch, &slot);
    for (u32 i = 0; !atomic_load_explicit(&r->stop, memory_order_relaxed); i++) {
        u32 key = i % 8, zero = 0;
        epoch_enter(r->epoch, &slot);
        struct skep_map *inner = r->outer->type->lookup(r->outer, &key, 0);
        if (inner)
            sum += *(u64 *)inner->type->lookup(inner, &zero, 0);
        epoch_leave(&slot);
    }
    epoch_unregister(r->epoch, &slot);
    assert_int_equal(sum, 0);
    return NULL;
}

TEST(readers_and_replacement_at_once)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_OUTER(&f, type, outer)
    {
        struct reading r = { .outer = outer, .epoch = f.epoch };
        pthread_t threads[READERS];
        for (u32 i = 0; i < READERS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, read_inner, &r), 0);
        for (u32 i = 0; i < ROUNDS; i++) {
            u32 key = i % 8;
            struct skep_map *inner = maps_make(&f, &map_array, &maps_inner_spec);
            assert_int_equal(type->set_held(outer, &key, inner, 0), 0);
            map_put_user(inner);
            if (i % 3 == 0)
                assert_int_equal(type->remove(outer, &key), 0);
        }
        atomic_store(&r.stop, true);
        for (u32 i = 0; i < READERS; i++)
            pthread_join(threads[i], NULL);
    }
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(inner_maps_are_found_replaced_and_removed), UNIT(other_shapes_are_refused),
           UNIT(templates_of_templates_are_refused), UNIT(flags_and_room_are_linuxs),
           UNIT(a_run_keeps_the_inner_map_that_it_found), UNIT(readers_and_replacement_at_once))
