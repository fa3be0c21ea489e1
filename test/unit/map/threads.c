/* Many threads on one map, every table type: keys that stay are always found while they are
 * replaced and others come and go around them; words are never torn; counts come out right.
 * Made to be run under the thread sanitizer, too. */
#include "map/words.h"
#include "support/maps.h"

#include <pthread.h>

enum { THREADS = 4, STEPS = 15000, STABLE = 24, PASSING = 200, ENTRIES = STABLE + PASSING + 16 };

struct worker {
    struct skep_map *map;
    u32 id;
    u64 random;
    u32 missing, torn;
    s64 balance; /* insertions less deletions of passing keys */
};

static u32 random_below(struct worker *w, u32 n)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (u32)((w->random >> 33) % n);
}

/* Both halves of a value's word say the same. */
static u64 whole_word(u32 x) { return (u64)x << 32 | x; }

static bool is_torn(const void *value)
{
    u64 word = word_load(value);
    return (u32)word != (u32)(word >> 32);
}

static void look_up(struct worker *w, u32 i)
{
    u8 key[64];
    maps_key(w->map, i, key);
    void *value = w->map->type->lookup(w->map, key, w->id % MAPS_CPUS);
    if (value)
        w->torn += is_torn(value);
    else if (i < STABLE)
        w->missing++;
}

static void update(struct worker *w, u32 i)
{
    u8 key[64];
    u64 value[MAPS_CPUS];
    maps_key(w->map, i, key);
    for (u32 c = 0; c < MAPS_CPUS; c++)
        value[c] = whole_word(random_below(w, UINT32_MAX));
    u64 flags = i < STABLE ? SKEP_MAP_ANY : SKEP_MAP_NOEXIST;
    w->balance +=
        w->map->type->update(w->map, key, value, flags, SKEP_ALL_CPUS) == 0 && i >= STABLE;
}

static void delete_key(struct worker *w, u32 i)
{
    u8 key[64];
    maps_key(w->map, i, key);
    w->balance -= w->map->type->remove(w->map, key) == 0;
}

static void walk(struct worker *w)
{
    u8 key[64];
    u64 position = 0;
    void *value = NULL;
    u32 stable = 0;
    while (w->map->type->next_element(w->map, &position, key, &value, 0) == 0)
        for (u32 i = 0; i < STABLE; i++) {
            u8 other[64];
            maps_key(w->map, i, other);
            stable += memcmp(key, other, w->map->spec.key_size) == 0;
        }
    w->missing += stable != STABLE;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    for (u32 step = 0; step < STEPS; step++) {
        u32 passing = STABLE + random_below(w, PASSING), stable = random_below(w, STABLE);
        switch (random_below(w, 8)) {
        case 0:
        case 1: update(w, passing); break;
        case 2: delete_key(w, passing); break;
        case 3: update(w, stable); break;
        case 4: look_up(w, passing); break;
        default: look_up(w, stable); break;
        }
        if (step % 1000 == 0)
            walk(w);
    }
    return NULL;
}

static void run_workers(struct skep_map *map, void *(*body)(void *), struct worker *workers)
{
    pthread_t threads[THREADS];
    for (u32 i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .map = map, .id = i, .random = i + 1 };
        assert_int_equal(pthread_create(&threads[i], NULL, body, &workers[i]), 0);
    }
    for (u32 i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static s64 count_keys(struct skep_map *map)
{
    u8 key[64];
    u64 position = 0;
    void *value = NULL;
    s64 n = 0;
    while (map->type->next_element(map, &position, key, &value, 0) == 0)
        n++;
    return n;
}

static void stress(const struct skep_map_type *type)
{
    struct maps_fixture f;
    struct worker workers[THREADS], first = { .random = 9 };
    s64 expected = STABLE;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(type, ENTRIES);
    struct skep_map *map = maps_make(&f, type, &spec);
    first.map = map;
    for (u32 i = 0; i < STABLE; i++)
        update(&first, i);
    run_workers(map, work, workers);
    for (u32 i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].missing, 0);
        assert_int_equal(workers[i].torn, 0);
        expected += workers[i].balance;
    }
    if (!(type->traits & SKEP_MAP_KEYS_ARE_INDEXES))
        assert_int_equal(count_keys(map), expected);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(stable_keys_are_always_found)
{
    for (u32 i = 0; i < n_map_types; i++)
        if (maps_is_table(map_types[i]))
            stress(map_types[i]);
}

/* Two keys of one stripe, replaced in turn: each takes the element that the other has just left, so
 * a reader often finds the other's key where it was sent. */
struct duel {
    struct skep_map *map;
    _Atomic bool stop;
    u32 missing;
};

static void duel_key(u64 i, u8 key[64])
{
    memset(key, 0, 64);
    memcpy(key, &i, sizeof(i));
    memcpy(key + 56, &i, sizeof(i));
}

static void *duel_read(void *arg)
{
    struct duel *d = arg;
    u8 key[64];
    for (u64 n = 0; n < 400000; n++) {
        duel_key(n % 2, key);
        d->missing += d->map->type->lookup(d->map, key, 0) == NULL;
    }
    atomic_store(&d->stop, true);
    return NULL;
}

static void duel(const struct skep_map_type *type, u32 key_size)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(type, 2);
    spec.key_size = key_size;
    struct duel d = { .map = maps_make(&f, type, &spec) };
    pthread_t reader;
    u8 key[64], value[8] = { 0 };
    for (u64 i = 0; i < 2; i++) {
        duel_key(i, key);
        assert_int_equal(type->update(d.map, key, value, 0, 0), 0);
    }
    assert_int_equal(pthread_create(&reader, NULL, duel_read, &d), 0);
    for (u64 i = 0; !atomic_load_explicit(&d.stop, memory_order_relaxed); i++) {
        duel_key(i % 2, key);
        type->update(d.map, key, value, SKEP_MAP_EXIST, 0);
    }
    pthread_join(reader, NULL);
    assert_int_equal(d.missing, 0);
    map_put_user(d.map);
    maps_teardown(&f);
}

TEST(replaced_keys_are_found_by_whoever_looks)
{
    duel(maps_type(1), 64);
    duel(maps_type(1), 8);
    duel(maps_type(9), 64);
}

/* Full LRU maps: every insertion evicts, from all threads at once. */
static void *insert_always(void *arg)
{
    struct worker *w = arg;
    for (u32 step = 0; step < STEPS; step++) {
        u8 key[64];
        u64 value[MAPS_CPUS] = { whole_word(step), whole_word(step), whole_word(step) };
        maps_key(w->map, w->id * STEPS + step, key);
        w->missing += w->map->type->update(w->map, key, value, 0, SKEP_ALL_CPUS) != 0;
        look_up(w, STABLE + random_below(w, THREADS * STEPS));
    }
    return NULL;
}

TEST(full_lru_maps_take_every_insertion)
{
    static const u32 types[] = { 9, 10 };
    for (u32 i = 0; i < ARRAY_LEN(types); i++) {
        struct maps_fixture f;
        struct worker workers[THREADS];
        maps_setup(&f);
        struct skep_map_spec spec = maps_spec(maps_type(types[i]), 100);
        struct skep_map *map = maps_make(&f, maps_type(types[i]), &spec);
        run_workers(map, insert_always, workers);
        for (u32 t = 0; t < THREADS; t++) {
            assert_int_equal(workers[t].missing, 0);
            assert_int_equal(workers[t].torn, 0);
        }
        assert_int_equal(count_keys(map), 100);
        map_put_user(map);
        maps_teardown(&f);
    }
}

UNIT_TESTS(UNIT(stable_keys_are_always_found), UNIT(replaced_keys_are_found_by_whoever_looks),
           UNIT(full_lru_maps_take_every_insertion))
