/* What every listed map type must do, whatever it is: driven by classes and traits, so that a new
 * line in map/list.h is tested at once. */
#include "support/maps.h"

#define FOR_EACH_TYPE(type)                                                                        \
    for (u32 type_i_ = 0; type_i_ < n_map_types; type_i_++)                                        \
        for (const struct skep_map_type *type = map_types[type_i_]; type; type = NULL)

enum { ENTRIES = 50, VALUE_MAX = MAPS_CPUS * 64 };

TEST(ids_and_names_are_unique_and_descriptors_complete)
{
    FOR_EACH_TYPE(type)
    {
        assert_int_equal(type->size, sizeof(*type));
        assert_non_null(type->create);
        assert_non_null(type->destroy);
        assert_non_null(type->memory_bytes);
        assert_ptr_equal(maps_type(type->id), type);
        for (u32 i = 0; i < type_i_; i++)
            assert_string_not_equal(type->name, map_types[i]->name);
        assert_true(!(type->classes & SKEP_MAP_UPDATE) || type->update ||
                    type->traits & SKEP_MAP_HOLDS_MAPS);
        assert_true(!(type->classes & SKEP_MAP_DELETE) || type->remove);
        assert_true(!(type->classes & SKEP_MAP_LOOKUP) || type->lookup);
        assert_true(!(type->classes & SKEP_MAP_ITERATE) || type->next_element);
        assert_true(!(type->classes & SKEP_MAP_RINGBUF_OUT) ||
                    (type->reserve && type->commit && type->query && type->drain && type->wait &&
                     type->lost));
        assert_true(!(type->traits & SKEP_MAP_HOLDS_PROGRAMS) ||
                    (type->set_held && type->release_held && type->lookup));
    }
}

TEST(a_map_gives_back_all_memory)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TYPE(type)
    {
        struct skep_map_spec spec = maps_spec(type, ENTRIES);
        size_t before = f.mem.used;
        struct skep_map *map = maps_make(&f, type, &spec);
        assert_string_equal(map->spec.name, type->name);
        assert_true(type->memory_bytes(map) > 0);
        assert_true(f.mem.used > before);
        map_put_user(map);
        assert_int_equal(f.mem.used, before);
    }
    maps_teardown(&f);
}

static void expect_refused(struct maps_fixture *f, const struct skep_map_type *type,
                           const struct skep_map_spec *spec, int result)
{
    struct skep_map *map = NULL;
    size_t before = f->mem.used;
    assert_int_equal(maps_try(f, type, spec, &map), result);
    assert_null(map);
    assert_int_equal(f->mem.used, before);
}

TEST(impossible_specs_are_refused_as_bpf_does)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TYPE(type)
    {
        struct skep_map_spec good = maps_spec(type, ENTRIES), bad = good;
        bad.max_entries = 0;
        expect_refused(&f, type, &bad, -EINVAL);
        bad = good;
        bad.flags |= 1u << 30;
        expect_refused(&f, type, &bad, -EINVAL);
        bad = good;
        bad.flags |= MAP_F_RDONLY_PROG | MAP_F_WRONLY_PROG;
        expect_refused(&f, type, &bad, -EINVAL);
        bad = good;
        bad.key_size = type->traits & SKEP_MAP_NO_KEY ? 4 : 0;
        expect_refused(&f, type, &bad, -EINVAL);
        bad = good;
        bad.value_size = type->traits & SKEP_MAP_NO_VALUE ? 4 : 0;
        expect_refused(&f, type, &bad, -EINVAL);
        bad = good;
        bad.inner = type->traits & SKEP_MAP_HOLDS_MAPS ? NULL : &maps_inner_spec;
        expect_refused(&f, type, &bad, -EINVAL);
    }
    maps_teardown(&f);
}

TEST(creation_fails_cleanly_wherever_memory_ends)
{
    FOR_EACH_TYPE(type)
    {
        struct skep_map_spec spec = maps_spec(type, ENTRIES);
        int result = -ENOMEM;
        for (size_t limit = 128; result == -ENOMEM; limit += 2048) {
            struct maps_fixture f;
            struct skep_map *map = NULL;
            maps_setup(&f);
            f.mem.limit = limit;
            result = maps_try(&f, type, &spec, &map);
            if (result == 0)
                map_put_user(map);
            f.mem.limit = 0;
            maps_teardown(&f);
        }
        assert_int_equal(result, 0);
    }
}

/* The i-th value of a key, in the host's form. */
static void fill_value(const struct skep_map *map, u32 i, u8 value[VALUE_MAX])
{
    u64 size = map_host_value_size(map);
    for (u64 b = 0; b < size; b++)
        value[b] = (u8)(i * 7 + b * 13 + 1);
}

static void expect_found(struct skep_map *map, const void *key, u32 i)
{
    u8 value[VALUE_MAX];
    fill_value(map, i, value);
    u32 stride = (u32)round_up_u64(map->spec.value_size, 8);
    u32 n = map->type->traits & SKEP_MAP_PER_CPU ? MAPS_CPUS : 1;
    for (u32 cpu = 0; cpu < n; cpu++) {
        const void *found = map->type->lookup(map, key, cpu);
        assert_non_null(found);
        assert_int_equal((uintptr_t)found % 8, 0);
        assert_memory_equal(found, value + cpu * stride, map->spec.value_size);
    }
}

static void put(struct skep_map *map, u32 i, u32 value_i)
{
    u8 key[64], value[VALUE_MAX];
    maps_key(map, i, key);
    fill_value(map, value_i, value);
    assert_int_equal(map->type->update(map, key, value, SKEP_MAP_ANY, SKEP_ALL_CPUS), 0);
}

#define FOR_EACH_TABLE(f, map, entries)                                                            \
    FOR_EACH_TYPE(type)                                                                            \
    if (maps_is_table(type))                                                                       \
        for (struct skep_map_spec spec_ = maps_spec(type, (entries)), *once_ = &spec_; once_;      \
             once_ = NULL)                                                                         \
            for (struct skep_map *map = maps_make((f), type, &spec_); map;                         \
                 map_put_user(map), map = NULL)

TEST(what_is_put_is_found_and_replaced)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TABLE(&f, map, ENTRIES)
    {
        u8 key[64];
        for (u32 i = 0; i < ENTRIES; i++)
            put(map, i, i);
        for (u32 round = 1; round < 3; round++)
            for (u32 i = 0; i < ENTRIES; i++) {
                maps_key(map, i, key);
                expect_found(map, key, i + round - 1);
                put(map, i, i + round);
                expect_found(map, key, i + round);
            }
        maps_key(map, ENTRIES + 7, key);
        assert_null(map->type->lookup(map, key, 0));
    }
    maps_teardown(&f);
}

TEST(update_flags_are_linuxs)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TABLE(&f, map, ENTRIES)
    {
        u8 key[64], value[VALUE_MAX] = { 1 };
        bool always_there = map->type->traits & SKEP_MAP_KEYS_ARE_INDEXES;
        maps_key(map, 3, key);
        int (*update)(skep_map *, const void *, const void *, uint64_t, uint32_t) =
            map->type->update;
        assert_int_equal(update(map, key, value, SKEP_MAP_EXIST, SKEP_ALL_CPUS),
                         always_there ? 0 : -ENOENT);
        assert_int_equal(update(map, key, value, SKEP_MAP_NOEXIST, SKEP_ALL_CPUS),
                         always_there ? -EEXIST : 0);
        assert_int_equal(update(map, key, value, SKEP_MAP_NOEXIST, SKEP_ALL_CPUS), -EEXIST);
        assert_int_equal(update(map, key, value, SKEP_MAP_EXIST, SKEP_ALL_CPUS), 0);
        assert_int_equal(update(map, key, value, 3, SKEP_ALL_CPUS), -EINVAL);
        assert_int_equal(update(map, key, value, 8, SKEP_ALL_CPUS), -EINVAL);
        assert_int_equal(update(map, key, value, SKEP_MAP_F_LOCK, SKEP_ALL_CPUS), -EINVAL);
    }
    maps_teardown(&f);
}

TEST(deletion_frees_room_and_arrays_refuse_it)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TABLE(&f, map, ENTRIES)
    {
        u8 key[64];
        for (u32 i = 0; i < 10 * ENTRIES; i++) {
            u32 k = map->type->traits & SKEP_MAP_KEYS_ARE_INDEXES ? i % ENTRIES : i;
            put(map, k, i);
            maps_key(map, k, key);
            expect_found(map, key, i);
            int result = map->type->remove(map, key);
            if (map->type->traits & SKEP_MAP_KEYS_ARE_INDEXES) {
                assert_int_equal(result, -EINVAL);
                continue;
            }
            assert_int_equal(result, 0);
            assert_null(map->type->lookup(map, key, 0));
            assert_int_equal(map->type->remove(map, key), -ENOENT);
        }
    }
    maps_teardown(&f);
}

static u32 walk_keys(struct skep_map *map)
{
    u8 key[64], next[64];
    u32 n = 0;
    int result = map->type->next_key(map, NULL, next);
    for (; result == 0; n++) {
        assert_non_null(map->type->lookup(map, next, 0));
        memcpy(key, next, sizeof(key));
        result = map->type->next_key(map, key, next);
        assert_true(n < 1000000);
    }
    assert_int_equal(result, -ENOENT);
    return n;
}

static u32 walk_elements(struct skep_map *map)
{
    u8 key[64];
    u64 position = 0;
    void *value = NULL;
    u32 n = 0;
    for (; map->type->next_element(map, &position, key, &value, 1) == 0; n++)
        assert_ptr_equal(value, map->type->lookup(map, key, 1));
    return n;
}

TEST(both_walks_visit_every_key_once)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TABLE(&f, map, ENTRIES)
    {
        bool always_there = map->type->traits & SKEP_MAP_KEYS_ARE_INDEXES;
        assert_int_equal(walk_keys(map), always_there ? ENTRIES : 0);
        assert_int_equal(walk_elements(map), always_there ? ENTRIES : 0);
        for (u32 i = 0; i < ENTRIES; i++)
            put(map, i, i);
        assert_int_equal(walk_keys(map), ENTRIES);
        assert_int_equal(walk_elements(map), ENTRIES);
    }
    maps_teardown(&f);
}

/* bpf_for_each_map_elem with a callback that deletes what it sees. */
TEST(a_walk_survives_the_deletion_of_what_it_stands_on)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TABLE(&f, map, ENTRIES)
    {
        u8 key[64];
        u64 position = 0;
        void *value = NULL;
        u32 seen = 0;
        if (map->type->traits & SKEP_MAP_KEYS_ARE_INDEXES)
            continue;
        for (u32 i = 0; i < ENTRIES; i++)
            put(map, i, i);
        for (; map->type->next_element(map, &position, key, &value, 0) == 0; seen++)
            if (seen % 2 == 0)
                assert_int_equal(map->type->remove(map, key), 0);
        assert_int_equal(seen, ENTRIES);
        assert_int_equal(walk_keys(map), ENTRIES / 2);
    }
    maps_teardown(&f);
}

TEST(a_key_that_is_gone_restarts_next_key)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TABLE(&f, map, ENTRIES)
    {
        u8 gone[64], first[64] = { 0 }, next[64] = { 0 };
        for (u32 i = 0; i < ENTRIES; i++)
            put(map, i, i);
        maps_key(map, 12345, gone);
        assert_int_equal(map->type->next_key(map, NULL, first), 0);
        assert_int_equal(map->type->next_key(map, gone, next), 0);
        assert_memory_equal(first, next, map->spec.key_size);
    }
    maps_teardown(&f);
}

TEST(a_program_writes_the_value_of_its_own_cpu_slot)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TABLE(&f, map, ENTRIES)
    {
        u8 key[64];
        u64 value = 77;
        if (!(map->type->traits & SKEP_MAP_PER_CPU))
            continue;
        maps_key(map, 5, key);
        assert_int_equal(map->type->update(map, key, &value, SKEP_MAP_ANY, 1), 0);
        for (u32 cpu = 0; cpu < MAPS_CPUS; cpu++)
            assert_int_equal(*(u64 *)map->type->lookup(map, key, cpu), cpu == 1 ? 77 : 0);
        value = 78;
        assert_int_equal(map->type->update(map, key, &value, SKEP_MAP_ANY, 2), 0);
        assert_int_equal(*(u64 *)map->type->lookup(map, key, 1), 77);
        assert_int_equal(*(u64 *)map->type->lookup(map, key, 2), 78);
        assert_null(map->type->lookup(map, key, MAPS_CPUS));
    }
    maps_teardown(&f);
}

TEST(lookup_and_delete_gives_the_last_value)
{
    struct maps_fixture f;
    maps_setup(&f);
    FOR_EACH_TABLE(&f, map, ENTRIES)
    {
        u8 key[64], value[VALUE_MAX], expected[VALUE_MAX];
        if (!map->type->lookup_and_delete)
            continue;
        put(map, 4, 9);
        maps_key(map, 4, key);
        fill_value(map, 9, expected);
        assert_int_equal(map->type->lookup_and_delete(map, key, value, SKEP_ALL_CPUS), 0);
        assert_memory_equal(value, expected, map_host_value_size(map));
        assert_int_equal(map->type->lookup_and_delete(map, key, value, SKEP_ALL_CPUS), -ENOENT);
    }
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(ids_and_names_are_unique_and_descriptors_complete),
           UNIT(a_map_gives_back_all_memory), UNIT(impossible_specs_are_refused_as_bpf_does),
           UNIT(creation_fails_cleanly_wherever_memory_ends),
           UNIT(what_is_put_is_found_and_replaced), UNIT(update_flags_are_linuxs),
           UNIT(deletion_frees_room_and_arrays_refuse_it), UNIT(both_walks_visit_every_key_once),
           UNIT(a_walk_survives_the_deletion_of_what_it_stands_on),
           UNIT(a_key_that_is_gone_restarts_next_key),
           UNIT(a_program_writes_the_value_of_its_own_cpu_slot),
           UNIT(lookup_and_delete_gives_the_last_value))
