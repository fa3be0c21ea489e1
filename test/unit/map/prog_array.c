/* PROG_ARRAY: what it holds, for how long, and what it refuses. */
#include "support/maps.h"

struct fake {
    struct rt_program program;
    u32 released;
};
static void fake_release(struct rt_program *program)
{
    CONTAINER_OF(program, struct fake, program)->released++;
}
static struct fake fake_of(u32 compatibility)
{
    return (struct fake){
        .program = { .compatibility = compatibility, .references = 1, .release = fake_release }
    };
}

static struct skep_map *prog_array_of(struct maps_fixture *f, u32 entries)
{
    struct skep_map_spec spec = maps_spec(&map_prog_array, entries);
    return maps_make(f, &map_prog_array, &spec);
}

static int set(struct skep_map *map, u32 index, struct fake *fake)
{
    return map_prog_array.set_held(map, &index, &fake->program, 0);
}

TEST(targets_are_found_replaced_and_removed)
{
    struct maps_fixture f;
    struct fake a = fake_of(1), b = fake_of(1);
    u32 one = 1, nine = 9;
    maps_setup(&f);
    struct skep_map *map = prog_array_of(&f, 4);
    assert_null(rt_tail_target(map, 1));
    assert_int_equal(set(map, 1, &a), 0);
    assert_ptr_equal(rt_tail_target(map, 1), &a.program);
    assert_null(rt_tail_target(map, 0));
    assert_null(rt_tail_target(map, 4));
    assert_null(rt_tail_target(map, UINT32_MAX));
    assert_int_equal(set(map, 1, &b), 0);
    assert_ptr_equal(rt_tail_target(map, 1), &b.program);
    assert_int_equal(a.program.references, 1);
    assert_int_equal(b.program.references, 2);
    assert_int_equal(map_prog_array.remove(map, &one), 0);
    assert_int_equal(map_prog_array.remove(map, &one), -ENOENT);
    assert_int_equal(map_prog_array.remove(map, &nine), -E2BIG);
    assert_int_equal(b.program.references, 1);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(refuses_other_kinds_indexes_and_flags)
{
    struct maps_fixture f;
    struct fake a = fake_of(1), b = fake_of(2);
    u32 zero = 0;
    maps_setup(&f);
    struct skep_map *map = prog_array_of(&f, 4);
    assert_int_equal(set(map, 4, &b), -E2BIG);
    assert_int_equal(set(map, 0, &a), 0);
    assert_int_equal(set(map, 1, &b), -EINVAL);
    assert_int_equal(map_prog_array.set_held(map, &zero, &a.program, SKEP_MAP_NOEXIST), -EINVAL);
    assert_int_equal(b.program.references, 1);
    map_put_user(map);
    assert_int_equal(a.program.references, 1);
    struct skep_map_spec spec = maps_spec(&map_array, 4);
    map = maps_make(&f, &map_array, &spec);
    assert_null(rt_tail_target(map, 0));
    map_put_user(map);
    maps_teardown(&f);
}

TEST(a_running_program_outlives_its_replacement)
{
    struct maps_fixture f;
    struct fake a = fake_of(1), b = fake_of(1);
    struct epoch_slot slot;
    maps_setup(&f);
    struct skep_map *map = prog_array_of(&f, 4);
    assert_int_equal(set(map, 0, &a), 0);
    rt_program_put(&a.program);
    epoch_register(f.epoch, &slot);
    epoch_enter(f.epoch, &slot);
    assert_ptr_equal(rt_tail_target(map, 0), &a.program);
    assert_int_equal(set(map, 0, &b), 0);
    assert_int_equal(a.released, 0);
    epoch_leave(&slot);
    epoch_collect(f.epoch);
    assert_int_equal(a.released, 1);
    epoch_unregister(f.epoch, &slot);
    map_put_user(map);
    assert_int_equal(b.program.references, 1);
    maps_teardown(&f);
}

/* A program holds its maps, a PROG_ARRAY its programs: the host's last reference cuts the circle.
 */
TEST(the_last_user_reference_drops_what_is_held)
{
    struct maps_fixture f;
    struct fake a = fake_of(1);
    maps_setup(&f);
    struct skep_map *map = prog_array_of(&f, 4);
    map_get(map);
    assert_int_equal(set(map, 2, &a), 0);
    assert_int_equal(a.program.references, 2);
    map_put_user(map);
    assert_int_equal(a.program.references, 1);
    assert_null(rt_tail_target(map, 2));
    map_put(map);
    maps_teardown(&f);
}

TEST(a_walk_sees_only_what_is_there)
{
    struct maps_fixture f;
    struct fake a = fake_of(1);
    u64 position = 0;
    u32 key = 0;
    void *value = NULL;
    maps_setup(&f);
    struct skep_map *map = prog_array_of(&f, 8);
    assert_int_equal(set(map, 6, &a), 0);
    assert_int_equal(map_prog_array.next_element(map, &position, &key, &value, 0), 0);
    assert_int_equal(key, 6);
    assert_ptr_equal(value, &a.program);
    assert_int_equal(map_prog_array.next_element(map, &position, &key, &value, 0), -ENOENT);
    map_put_user(map);
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(targets_are_found_replaced_and_removed),
           UNIT(refuses_other_kinds_indexes_and_flags),
           UNIT(a_running_program_outlives_its_replacement),
           UNIT(the_last_user_reference_drops_what_is_held), UNIT(a_walk_sees_only_what_is_there))
