/* The common part of maps: checks of specs, copies, references, what each side may do. */
#include "support/maps.h"

static int try_hash(struct maps_fixture *f, u32 flags, struct skep_map **map)
{
    struct skep_map_spec spec = maps_spec(&map_hash, 10);
    spec.flags = flags;
    return maps_try(f, &map_hash, &spec, map);
}

TEST(the_spec_is_copied)
{
    struct maps_fixture f;
    char name[] = "counters";
    struct skep_map *map = NULL;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(&map_hash, 10);
    spec.name = name;
    assert_int_equal(maps_try(&f, &map_hash, &spec, &map), 0);
    name[0] = 'x';
    assert_string_equal(map->spec.name, "counters");
    map_put_user(map);
    spec.name = NULL;
    map = maps_make(&f, &map_hash, &spec);
    assert_string_equal(map->spec.name, "");
    map_put_user(map);
    maps_teardown(&f);
}

TEST(names_are_at_most_255_bytes)
{
    struct maps_fixture f;
    char name[300];
    struct skep_map *map = NULL;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(&map_hash, 10);
    memset(name, 'n', sizeof(name));
    name[256] = 0;
    spec.name = name;
    assert_int_equal(maps_try(&f, &map_hash, &spec, &map), -EINVAL);
    name[255] = 0;
    map = maps_make(&f, &map_hash, &spec);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(flags_say_who_may_read_and_write)
{
    struct maps_fixture f;
    struct skep_map *map = NULL;
    maps_setup(&f);
    assert_int_equal(try_hash(&f, 0, &map), 0);
    assert_true(map_program_may_read(map) && map_program_may_write(map));
    assert_true(map_host_may_read(map) && map_host_may_write(map));
    atomic_store(&map->frozen, true);
    assert_true(map_host_may_read(map) && map_program_may_write(map));
    assert_false(map_host_may_write(map));
    map_put_user(map);
    assert_int_equal(try_hash(&f, MAP_F_RDONLY_PROG | MAP_F_WRONLY, &map), 0);
    assert_true(map_program_may_read(map) && map_host_may_write(map));
    assert_false(map_program_may_write(map) || map_host_may_read(map));
    map_put_user(map);
    assert_int_equal(try_hash(&f, MAP_F_WRONLY_PROG | MAP_F_RDONLY, &map), 0);
    assert_false(map_program_may_read(map) || map_host_may_write(map));
    map_put_user(map);
    assert_int_equal(try_hash(&f, MAP_F_RDONLY | MAP_F_WRONLY, &map), -EINVAL);
    maps_teardown(&f);
}

static void count_end(struct skep_map *map) { ++*(u32 *)map->owner; }

TEST(a_map_ends_with_its_last_reference)
{
    struct maps_fixture f;
    u32 ends = 0;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(&map_array, 4);
    struct skep_map *map = maps_make(&f, &map_array, &spec);
    map->owner = &ends;
    map->on_free = count_end;
    map_get(map);
    map_get_user(map);
    map_put_user(map);
    map_put_user(map);
    assert_int_equal(ends, 0);
    map_put(map);
    assert_int_equal(ends, 1);
    maps_teardown(&f);
}

TEST(inner_maps_must_have_the_shape_of_the_template)
{
    struct skep_map_spec a = maps_spec(&map_array, 4), b = a;
    assert_true(map_same_shape(&a, &b));
    b.max_entries = 5;
    assert_false(map_same_shape(&a, &b));
    a.flags = b.flags = MAP_F_INNER_MAP;
    assert_true(map_same_shape(&a, &b));
    a = b = maps_spec(&map_hash, 4);
    b.max_entries = 5;
    assert_true(map_same_shape(&a, &b));
    b.value_size = 16;
    assert_false(map_same_shape(&a, &b));
    b = a;
    b.flags = MAP_F_NO_PREALLOC;
    assert_false(map_same_shape(&a, &b));
    b = a;
    b.type = 9;
    assert_false(map_same_shape(&a, &b));
}

UNIT_TESTS(UNIT(the_spec_is_copied), UNIT(names_are_at_most_255_bytes),
           UNIT(flags_say_who_may_read_and_write), UNIT(a_map_ends_with_its_last_reference),
           UNIT(inner_maps_must_have_the_shape_of_the_template))
