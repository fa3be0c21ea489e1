/* The hash table: keys of all sizes against a model, floods of related keys, memory. */
#include "map/hashtab.h"
#include "support/maps.h"

static struct skep_map *hash_of(struct maps_fixture *f, u32 key_size, u32 entries, u32 flags)
{
    struct skep_map_spec spec = maps_spec(&map_hash, entries);
    spec.key_size = key_size;
    spec.flags = flags;
    return maps_make(f, &map_hash, &spec);
}

/* Keys that differ in one byte only, which is at every place in turn. */
static void key_at(u8 *key, u32 size, u32 i)
{
    memset(key, 0, size);
    key[i / 250 % size] = (u8)(i % 250 + 1);
}

TEST(every_byte_of_a_key_counts)
{
    static const u32 sizes[] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,  11, 12,  13,
                                 15, 16, 17, 20, 24, 31, 32, 33, 40, 64, 100, 512 };
    for (u32 s = 0; s < ARRAY_LEN(sizes); s++) {
        struct maps_fixture f;
        u8 key[512];
        u32 size = sizes[s], n = 250 * min_u32(size, 40);
        maps_setup(&f);
        struct skep_map *map = hash_of(&f, size, n, 0);
        for (u32 i = 0; i < n; i++) {
            u64 value = i;
            key_at(key, size, i);
            assert_int_equal(map_hash.update(map, key, &value, SKEP_MAP_NOEXIST, 0), 0);
        }
        for (u32 i = 0; i < n; i++) {
            key_at(key, size, i);
            const u64 *value = map_hash.lookup(map, key, 0);
            assert_non_null(value);
            assert_int_equal(*value, i);
        }
        map_put_user(map);
        maps_teardown(&f);
    }
}

/* How many elements did not find room in their home bucket, all told. */
static u64 passed(const struct skep_map *map)
{
    const struct hashtab *table = map->impl;
    u64 n = 0;
    for (u64 b = 0; b <= table->mask; b++)
        n += atomic_load(&table->buckets[b].tags) >> 48;
    return n;
}

/* Families of keys that weak hashes map onto few buckets. */
TEST(related_keys_spread_as_random_ones_do)
{
    enum { N = 3 * 4096 };
    for (u32 shift = 0; shift <= 48; shift += 4) {
        struct maps_fixture f;
        maps_setup(&f);
        struct skep_map *map = hash_of(&f, 8, N, 0);
        for (u64 i = 0; i < N; i++) {
            u64 key = i << shift; /* the ones that fall off repeat nothing: N < 2^16 */
            assert_int_equal(map_hash.update(map, &key, &i, 0, 0), 0);
        }
        assert_true(passed(map) < N / 8);
        map_put_user(map);
        maps_teardown(&f);
    }
}

TEST(seeds_make_different_orders)
{
    struct maps_fixture f;
    struct skep_map *maps[2] = { NULL, NULL };
    u64 differ = 0;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(&map_hash, 100);
    for (u64 m = 0; m < 2; m++) {
        assert_int_equal(map_new(&map_hash, &spec, 1, m, &f.mem, f.epoch, &maps[m]), 0);
        for (u64 i = 0; i < 100; i++)
            map_hash.update(maps[m], &i, &i, 0, 0);
    }
    u64 positions[2] = { 0 }, keys[2];
    void *value;
    while (map_hash.next_element(maps[0], &positions[0], &keys[0], &value, 0) == 0 &&
           map_hash.next_element(maps[1], &positions[1], &keys[1], &value, 0) == 0)
        differ += keys[0] != keys[1];
    assert_true(differ > 50);
    map_put_user(maps[0]);
    map_put_user(maps[1]);
    maps_teardown(&f);
}

TEST(without_preallocation_memory_comes_with_the_elements)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = hash_of(&f, 8, 100000, MAP_F_NO_PREALLOC);
    struct skep_map *all = hash_of(&f, 8, 100000, 0);
    u64 empty = map_hash.memory_bytes(map), whole = map_hash.memory_bytes(all);
    assert_true(empty < whole / 2);
    for (u64 i = 0; i < 100000; i++)
        assert_int_equal(map_hash.update(map, &i, &i, 0, 0), 0);
    u64 full = map_hash.memory_bytes(map), more = 100000;
    assert_true(full > whole - 131072 && full < whole + 131072);
    assert_int_equal(map_hash.update(map, &more, &more, 0, 0), -E2BIG);
    map_put_user(map);
    map_put_user(all);
    maps_teardown(&f);
}

TEST(growth_that_the_account_refuses_is_enomem_and_does_no_harm)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = hash_of(&f, 8, 100000, MAP_F_NO_PREALLOC);
    u64 n = 0;
    f.mem.limit = f.mem.used + 200000;
    while (map_hash.update(map, &n, &n, 0, 0) == 0)
        n++;
    assert_true(n > 1000 && n < 100000);
    assert_int_equal(map_hash.update(map, &n, &n, 0, 0), -ENOMEM);
    for (u64 i = 0; i < n; i++)
        assert_non_null(map_hash.lookup(map, &i, 0));
    u64 zero = 0;
    assert_int_equal(map_hash.update(map, &zero, &n, SKEP_MAP_EXIST, 0), 0);
    assert_int_equal(map_hash.remove(map, &zero), 0);
    assert_int_equal(map_hash.update(map, &n, &n, 0, 0), 0);
    map_put_user(map);
    maps_teardown(&f);
}

/* Slots and counts of passed buckets come back to nothing. */
TEST(an_emptied_table_is_as_new)
{
    struct maps_fixture f;
    maps_setup(&f);
    for (u32 entries = 1; entries < 200; entries = entries * 3 + 1) {
        struct skep_map *map = hash_of(&f, 8, entries, 0);
        for (u64 round = 0; round < 50; round++) {
            for (u64 i = 0; i < entries; i++) {
                u64 key = round * 1000 + i;
                assert_int_equal(map_hash.update(map, &key, &i, 0, 0), 0);
            }
            for (u64 i = 0; i < entries; i++) {
                u64 key = round * 1000 + (i * 7 + 3) % entries;
                map_hash.remove(map, &key);
            }
            for (u64 i = 0; i < entries; i++) {
                u64 key = round * 1000 + i;
                map_hash.remove(map, &key);
            }
            const struct hashtab *table = map->impl;
            for (u64 b = 0; b <= table->mask; b++)
                assert_int_equal(atomic_load(&table->buckets[b].tags), 0);
        }
        map_put_user(map);
    }
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(every_byte_of_a_key_counts), UNIT(related_keys_spread_as_random_ones_do),
           UNIT(seeds_make_different_orders),
           UNIT(without_preallocation_memory_comes_with_the_elements),
           UNIT(growth_that_the_account_refuses_is_enomem_and_does_no_harm),
           UNIT(an_emptied_table_is_as_new))
