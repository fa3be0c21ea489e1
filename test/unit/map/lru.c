/* LRU maps: what is evicted, and when. */
#include "map/hashtab.h"
#include "support/maps.h"

static u64 random_state = 7;
static u32 random_below(u32 n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (u32)((random_state >> 33) % n);
}

static struct skep_map *lru_of(struct maps_fixture *f, u32 n)
{
    struct skep_map_spec spec = maps_spec(&map_lru_hash, n);
    return maps_make(f, &map_lru_hash, &spec);
}

/* CPU slots take turns at random. */
static void insert(struct skep_map *map, u64 key)
{
    assert_int_equal(map_lru_hash.update(map, &key, &key, 0, random_below(map->n_cpus)), 0);
}
static bool there(struct skep_map *map, u64 key)
{
    u64 *value = map_lru_hash.lookup(map, &key, random_below(map->n_cpus));
    if (value)
        assert_int_equal(*value, key);
    return value != NULL;
}

static u32 count(struct skep_map *map)
{
    u64 position = 0, key;
    void *value = NULL;
    u32 n = 0;
    while (map_lru_hash.next_element(map, &position, &key, &value, 0) == 0)
        n++;
    return n;
}

TEST(nothing_is_evicted_before_the_map_is_full)
{
    static const u32 sizes[] = { 1, 2, 3, 10, 100, 1000, 5000 };
    for (u32 s = 0; s < ARRAY_LEN(sizes); s++) {
        struct maps_fixture f;
        maps_setup(&f);
        struct skep_map *map = lru_of(&f, sizes[s]);
        for (u32 i = 0; i < sizes[s]; i++)
            insert(map, i);
        assert_int_equal(count(map), sizes[s]);
        insert(map, sizes[s]);
        assert_int_equal(count(map), sizes[s]);
        assert_true(there(map, sizes[s]));
        map_put_user(map);
        maps_teardown(&f);
    }
}

/* Operations are numbered; touched[key] is the last one that used the key. */
static void check_recent(struct skep_map *map, const u32 *touched, u32 universe, u32 now, u32 n)
{
    u64 position = 0, key;
    void *value = NULL;
    static u8 present[20000];
    memset(present, 0, universe);
    while (map_lru_hash.next_element(map, &position, &key, &value, 0) == 0)
        present[key] = 1;
    for (u32 i = 0; i < universe; i++)
        if (touched[i] && now - touched[i] < n / 2)
            assert_true(present[i]);
}

/* first: the mark that each row begins with; 0: as it is. */
static void check_never_recent(u32 n, u32 universe, u32 hot, u32 first)
{
    static u32 touched[20000];
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = lru_of(&f, n);
    memset(touched, 0, sizeof(touched));
    struct lru *lru = &((struct hashtab *)map->impl)->lru;
    for (u32 i = 0; first && i <= lru->mask; i++)
        atomic_store(&lru->rows[i].mark, first);
    for (u32 now = 1; now < 20 * n + 200; now++) {
        u32 key = random_below(4) ? random_below(universe) : random_below(hot);
        if (random_below(2)) {
            insert(map, key);
            touched[key] = now;
        } else if (there(map, key)) {
            touched[key] = now;
        } else {
            /* Deleted by eviction: long ago, or never there. */
            assert_true(!touched[key] || now - touched[key] >= n / 2);
        }
        if (now % (n / 2 + 1) == 0)
            check_recent(map, touched, universe, now, n);
    }
    map_put_user(map);
    maps_teardown(&f);
}

TEST(a_key_used_by_the_last_n_2_operations_stays)
{
    static const u32 sizes[] = { 2, 3, 4, 7, 8, 16, 31, 50, 64, 100, 333, 1000, 4096 };
    for (u32 s = 0; s < ARRAY_LEN(sizes); s++) {
        check_never_recent(sizes[s], 3 * sizes[s], sizes[s] / 4 + 1, 0);
        check_never_recent(sizes[s], 2 * sizes[s], 1, 0);
    }
}

TEST(marks_may_pass_their_highest_number)
{
    for (u32 before = 1; before < 100; before += 7)
        check_never_recent(100, 250, 20, UINT32_MAX - before);
}

/* What the host looks at is not used by it: the first comes out first. */
TEST(a_look_is_no_use)
{
    enum { N = 64 };
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = lru_of(&f, N);
    for (u64 i = 0; i < N; i++)
        insert(map, i);
    for (u64 i = 0; i < N / 2; i++) {
        map_look(map, &(u64){ 0 }, 0);
        insert(map, N + i);
    }
    u32 gone = 0;
    for (u64 i = 0; i < N; i++)
        gone += !map_look(map, &i, 0);
    assert_int_equal(gone, N / 2);
    assert_null(map_look(map, &(u64){ 0 }, 0));
    map_put_user(map);
    maps_teardown(&f);
}

/* Keys in steady use survive a stream of new ones. */
TEST(hot_keys_survive_a_scan)
{
    struct maps_fixture f;
    u32 lost = 0;
    maps_setup(&f);
    struct skep_map *map = lru_of(&f, 1000);
    for (u64 hot = 0; hot < 100; hot++)
        insert(map, hot);
    for (u64 i = 0; i < 20000; i++) {
        insert(map, 1000 + i);
        lost += !there(map, i % 100);
    }
    assert_int_equal(lost, 0);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(replacing_and_deleting_evict_nothing)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = lru_of(&f, 64);
    for (u64 i = 0; i < 64; i++)
        insert(map, i);
    for (u64 i = 0; i < 1000; i++)
        insert(map, i % 64);
    assert_int_equal(count(map), 64);
    for (u64 i = 0; i < 64; i++) {
        u64 fresh = 100 + i;
        assert_int_equal(map_lru_hash.remove(map, &i), 0);
        insert(map, fresh);
        assert_int_equal(count(map), 64);
    }
    map_put_user(map);
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(nothing_is_evicted_before_the_map_is_full),
           UNIT(a_key_used_by_the_last_n_2_operations_stays),
           UNIT(marks_may_pass_their_highest_number), UNIT(a_look_is_no_use),
           UNIT(hot_keys_survive_a_scan), UNIT(replacing_and_deleting_evict_nothing))
