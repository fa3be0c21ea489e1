/* LPM_TRIE against a list that is searched from end to end: random prefixes of keys of several
 * sizes, crowded and nested and long, put, replaced, deleted and looked up in random order. */
#include "support/maps.h"

enum { MODEL_MAX = 400, DATA_MAX = 256 };

struct prefix {
    u32 length;
    u8 data[DATA_MAX];
};
struct model {
    u32 n, data_size;
    struct {
        struct prefix prefix; /* as given */
        u64 value;
    } items[MODEL_MAX];
};

static bool same_bits(const u8 *a, const u8 *b, u32 n)
{
    for (u32 i = 0; i < n; i++)
        if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

static u32 model_exact(const struct model *m, const struct prefix *p)
{
    u32 i = 0;
    while (i < m->n && !(m->items[i].prefix.length == p->length &&
                         same_bits(m->items[i].prefix.data, p->data, p->length)))
        i++;
    return i;
}

static const u64 *model_lookup(const struct model *m, const struct prefix *key)
{
    const u64 *best = NULL;
    u32 longest = 0;
    for (u32 i = 0; i < m->n; i++) {
        const struct prefix *p = &m->items[i].prefix;
        if (p->length <= key->length && (!best || p->length > longest) &&
            same_bits(p->data, key->data, p->length)) {
            best = &m->items[i].value;
            longest = p->length;
        }
    }
    return best;
}

static u64 random_state = 1;
static u32 random_below(u32 n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (u32)((random_state >> 33) % n);
}

/* crowd: how many values a byte may have; few make prefixes share and nest. */
static struct prefix random_prefix(u32 data_size, u32 crowd)
{
    struct prefix p = { .length = random_below(8 * data_size + 1) };
    for (u32 i = 0; i < data_size; i++)
        p.data[i] = (u8)(crowd > 255 ? random_below(256) : 0x55 * random_below(crowd));
    return p;
}

static struct skep_map *trie_of(struct maps_fixture *f, u32 data_size, u32 entries)
{
    struct skep_map_spec spec = maps_spec(&map_lpm_trie, entries);
    spec.key_size = 4 + data_size;
    return maps_make(f, &map_lpm_trie, &spec);
}

static void expect_same_lookup(struct skep_map *map, const struct model *m,
                               const struct prefix *key)
{
    const u64 *expected = model_lookup(m, key);
    const u64 *found = map_lpm_trie.lookup(map, key, 0);
    assert_true(!found == !expected);
    if (found)
        assert_int_equal(*found, *expected);
}

static void put_one(struct skep_map *map, struct model *m, const struct prefix *p, u64 value)
{
    u32 i = model_exact(m, p);
    int expected = i == MODEL_MAX ? -ENOSPC : 0;
    assert_int_equal(map_lpm_trie.update(map, p, &value, 0, 0), expected);
    if (expected)
        return;
    m->n += i == m->n;
    m->items[i].prefix = *p;
    m->items[i].value = value;
}

static void delete_one(struct skep_map *map, struct model *m, const struct prefix *p)
{
    u32 i = model_exact(m, p);
    assert_int_equal(map_lpm_trie.remove(map, p), i < m->n ? 0 : -ENOENT);
    if (i < m->n)
        m->items[i] = m->items[--m->n];
}

/* An address below a prefix that is there, or any other. */
static struct prefix random_address(const struct model *m, u32 crowd)
{
    struct prefix p = random_prefix(m->data_size, crowd);
    if (m->n && random_below(4)) {
        const struct prefix *q = &m->items[random_below(m->n)].prefix;
        memcpy(p.data, q->data, q->length / 8);
    }
    p.length = random_below(8) ? 8 * m->data_size : p.length;
    return p;
}

static void check_walk(struct skep_map *map, const struct model *m)
{
    struct prefix key;
    u64 position = 0;
    void *value = NULL;
    u32 n = 0;
    for (; map_lpm_trie.next_element(map, &position, &key, &value, 0) == 0; n++) {
        u32 i = model_exact(m, &key);
        assert_true(i < m->n);
        assert_int_equal(*(u64 *)value, m->items[i].value);
        assert_memory_equal(&key, &m->items[i].prefix, 4 + m->data_size);
    }
    assert_int_equal(n, m->n);
}

static void check_size(u32 data_size, u32 crowd, u32 steps)
{
    static struct model m;
    struct maps_fixture f;
    maps_setup(&f);
    m = (struct model){ .data_size = data_size };
    struct skep_map *map = trie_of(&f, data_size, MODEL_MAX);
    for (u32 step = 0; step < steps; step++) {
        struct prefix p = random_prefix(data_size, crowd);
        bool shrink = step / 2000 % 2;
        if (random_below(3) < (shrink ? 1 : 2))
            put_one(map, &m, &p, step);
        else if (m.n)
            delete_one(map, &m, random_below(8) ? &m.items[random_below(m.n)].prefix : &p);
        struct prefix address = random_address(&m, crowd);
        expect_same_lookup(map, &m, &address);
        if (step % 1024 == 0)
            check_walk(map, &m);
    }
    while (m.n) {
        struct prefix p = m.items[random_below(m.n)].prefix, address = random_address(&m, crowd);
        delete_one(map, &m, &p);
        expect_same_lookup(map, &m, &address);
    }
    check_walk(map, &m);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(agrees_with_a_search_from_end_to_end)
{
    static const struct {
        u32 data_size, crowd, steps;
    } cases[] = { { 1, 256, 6000 },  { 2, 256, 8000 }, { 4, 256, 12000 }, { 4, 2, 8000 },
                  { 3, 3, 6000 },    { 5, 3, 6000 },   { 8, 2, 6000 },    { 9, 3, 6000 },
                  { 16, 256, 8000 }, { 16, 2, 8000 },  { 20, 1, 6000 },   { 256, 2, 4000 },
                  { 256, 1, 4000 },  { 33, 256, 6000 } };
    for (u32 i = 0; i < ARRAY_LEN(cases); i++)
        check_size(cases[i].data_size, cases[i].crowd, cases[i].steps);
}

/* Every prefix of one key: the deepest nesting that there is. */
TEST(all_prefixes_of_a_long_key_nest)
{
    struct maps_fixture f;
    struct prefix p = { 0 };
    maps_setup(&f);
    struct skep_map *map = trie_of(&f, DATA_MAX, 2049);
    for (u32 i = 0; i < DATA_MAX; i++)
        p.data[i] = (u8)(i * 77);
    for (u64 length = 0; length <= 2048; length++) {
        p.length = (u32)(length * 1025 % 2049);
        u64 value = p.length;
        assert_int_equal(map_lpm_trie.update(map, &p, &value, SKEP_MAP_NOEXIST, 0), 0);
    }
    for (u32 length = 0; length <= 2048; length += 7) {
        p.length = length;
        assert_int_equal(*(u64 *)map_lpm_trie.lookup(map, &p, 0), length);
    }
    for (u32 length = 2048; length > 0; length--) {
        p.length = 2048;
        assert_int_equal(*(u64 *)map_lpm_trie.lookup(map, &p, 0), length);
        p.length = length;
        assert_int_equal(map_lpm_trie.remove(map, &p), 0);
    }
    map_put_user(map);
    maps_teardown(&f);
}

TEST(refuses_what_linux_refuses)
{
    struct maps_fixture f;
    struct skep_map *map = NULL;
    u64 value = 1;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(&map_lpm_trie, 2);
    spec.flags = 0;
    assert_int_equal(maps_try(&f, &map_lpm_trie, &spec, &map), -EINVAL);
    spec.flags = MAP_F_NO_PREALLOC;
    spec.key_size = 4;
    assert_int_equal(maps_try(&f, &map_lpm_trie, &spec, &map), -EINVAL);
    map = trie_of(&f, 4, 2);
    struct prefix p = { .length = 33 };
    assert_int_equal(map_lpm_trie.update(map, &p, &value, 0, 0), -EINVAL);
    assert_int_equal(map_lpm_trie.remove(map, &p), -EINVAL);
    assert_null(map_lpm_trie.lookup(map, &p, 0));
    for (p.length = 8; p.length < 10; p.length++)
        assert_int_equal(map_lpm_trie.update(map, &p, &value, 0, 0), 0);
    assert_int_equal(map_lpm_trie.update(map, &p, &value, 0, 0), -ENOSPC);
    p.length = 8;
    assert_int_equal(map_lpm_trie.update(map, &p, &value, 0, 0), 0);
    map_put_user(map);
    maps_teardown(&f);
}

/* Blocks that deletions free are used again: memory does not grow under churn. */
TEST(churn_does_not_grow)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = trie_of(&f, 16, 200);
    u64 value = 3, early = 0;
    for (u32 round = 0; round < 400; round++) {
        static struct prefix p[200];
        for (u32 i = 0; i < 200; i++) {
            p[i] = random_prefix(16, 2 + round % 3);
            map_lpm_trie.update(map, &p[i], &value, 0, 0);
        }
        for (u32 i = 0; i < 200; i++)
            map_lpm_trie.remove(map, &p[i]);
        if (round == 20)
            early = map_lpm_trie.memory_bytes(map);
    }
    assert_true(map_lpm_trie.memory_bytes(map) <= early + 65536);
    map_put_user(map);
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(agrees_with_a_search_from_end_to_end), UNIT(all_prefixes_of_a_long_key_nest),
           UNIT(refuses_what_linux_refuses), UNIT(churn_does_not_grow))
