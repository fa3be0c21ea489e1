/* Batches of elements, and values with spin locks, through the public door. */
#include "base/base.h"
#include "support/programs.h"

#include <errno.h>
#include <pthread.h>

enum { CPUS = 2, ENTRIES = 40 };

static skep_env *env_new(void)
{
    skep_env *env = NULL;
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = CPUS };
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    return env;
}

static skep_map *map_of(skep_env *env, const struct skep_map_spec *like)
{
    struct skep_map_spec spec = *like;
    skep_map *map = NULL;
    spec.size = sizeof(spec);
    spec.name = "map";
    assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
    return map;
}

/* ---- batches ---- */

static const struct skep_map_spec tables[] = {
    { .type = 1, .key_size = 4, .value_size = 8, .max_entries = ENTRIES },
    { .type = 2, .key_size = 4, .value_size = 8, .max_entries = ENTRIES },
    { .type = 5, .key_size = 4, .value_size = 8, .max_entries = ENTRIES },
    { .type = 6, .key_size = 4, .value_size = 8, .max_entries = ENTRIES },
    { .type = 9, .key_size = 4, .value_size = 8, .max_entries = ENTRIES },
    { .type = 10, .key_size = 4, .value_size = 8, .max_entries = ENTRIES },
};

static bool is_array(const struct skep_map_spec *spec)
{
    return spec->type == 2 || spec->type == 6;
}

struct elements {
    u32 keys[ENTRIES];
    u64 values[ENTRIES * CPUS];
};

static void fill(skep_map *map, struct elements *e)
{
    u32 count = ENTRIES, n = (u32)(skep_map_host_value_size(map) / 8);
    for (u32 i = 0; i < ENTRIES; i++) {
        e->keys[i] = i;
        for (u32 c = 0; c < n; c++)
            e->values[i * n + c] = i * 100 + c;
    }
    assert_int_equal(skep_map_update_batch(map, e->keys, e->values, &count, 0), 0);
    assert_int_equal(count, ENTRIES);
}

static void expect_elements(skep_map *map, const struct elements *e, u32 count, u64 *seen)
{
    u32 n = (u32)(skep_map_host_value_size(map) / 8);
    for (u32 i = 0; i < count; i++) {
        assert_true(e->keys[i] < ENTRIES);
        assert_false(*seen >> e->keys[i] & 1);
        *seen |= (u64)1 << e->keys[i];
        for (u32 c = 0; c < n; c++)
            assert_int_equal(e->values[i * n + c], e->keys[i] * 100 + c);
    }
}

typedef int read_batch(skep_map *, uint64_t *, void *, void *, uint32_t *, uint64_t);

static u64 read_all(skep_map *map, read_batch *read, u32 step)
{
    u64 cursor = 0, seen = 0;
    int result = 0;
    while (!result) {
        struct elements e;
        u32 count = step;
        result = read(map, &cursor, e.keys, e.values, &count, 0);
        assert_true(result == -ENOENT || count == step);
        expect_elements(map, &e, count, &seen);
    }
    assert_int_equal(result, -ENOENT);
    return seen;
}

TEST(batches_read_every_element_once_and_take_it_along)
{
    skep_env *env = env_new();
    u64 all = ((u64)1 << ENTRIES) - 1;
    for (u32 i = 0; i < ARRAY_LEN(tables); i++)
        for (u32 step = 1; step <= ENTRIES; step += 13) {
            struct elements e;
            skep_map *map = map_of(env, &tables[i]);
            fill(map, &e);
            assert_int_equal(read_all(map, skep_map_lookup_batch, step), all);
            u64 cursor = 0;
            u32 count = 5;
            if (is_array(&tables[i])) {
                assert_int_equal(
                    skep_map_lookup_and_delete_batch(map, &cursor, e.keys, e.values, &count, 0),
                    -ENOTSUP);
            } else {
                assert_int_equal(read_all(map, skep_map_lookup_and_delete_batch, step), all);
                assert_int_equal(skep_map_next_key(map, NULL, e.keys), -ENOENT);
            }
            skep_map_unref(map);
        }
    skep_env_free(env);
}

TEST(writing_batches_stop_at_the_first_that_fails)
{
    skep_env *env = env_new();
    skep_map *map = map_of(env, &tables[0]);
    struct elements e;
    fill(map, &e);
    u32 keys[] = { 3, 99, 5 }, count = 3;
    assert_int_equal(skep_map_delete_batch(map, keys, &count, 0), -ENOENT);
    assert_int_equal(count, 1);
    u32 new_keys[] = { 99, 100, 101 };
    count = 3;
    assert_int_equal(skep_map_update_batch(map, new_keys, e.values, &count, 0), -E2BIG);
    assert_int_equal(count, 1);
    count = 3;
    assert_int_equal(skep_map_update_batch(map, new_keys, e.values, &count, SKEP_MAP_NOEXIST),
                     -EINVAL);
    assert_int_equal(count, 0);
    skep_map_freeze(map);
    count = 1;
    assert_int_equal(skep_map_delete_batch(map, new_keys, &count, 0), -EPERM);
    skep_map_unref(map);
    skep_env_free(env);
}

/* ---- values with spin locks ---- */

struct locked {
    u32 before, lock;
    u64 words[4];
};

static const struct skep_map_spec locked_specs[] = {
    { .type = 1,
      .key_size = 4,
      .value_size = sizeof(struct locked),
      .max_entries = 4,
      .lock_at = 1 + 4 },
    { .type = 2,
      .key_size = 4,
      .value_size = sizeof(struct locked),
      .max_entries = 4,
      .lock_at = 1 + 4 },
};

TEST(copies_leave_the_lock_alone_and_hosts_read_it_as_0)
{
    skep_env *env = env_new();
    for (u32 i = 0; i < ARRAY_LEN(locked_specs); i++) {
        skep_map *map = map_of(env, &locked_specs[i]);
        struct locked in = { 1, 77, { 2, 3, 4, 5 } }, out;
        u32 key = 2;
        assert_int_equal(skep_map_update(map, &key, &in, 0), 0);
        struct locked *place = skep_map_value(map, &key, 0);
        assert_int_equal(place->lock, 0);
        place->lock = 1;
        assert_int_equal(skep_map_lookup(map, &key, &out), 0);
        assert_int_equal(out.lock, 0);
        assert_memory_equal(out.words, in.words, sizeof(in.words));
        place->lock = 0;
        in.words[3] = 6;
        assert_int_equal(skep_map_update(map, &key, &in, SKEP_MAP_F_LOCK | SKEP_MAP_EXIST), 0);
        assert_ptr_equal(skep_map_value(map, &key, 0), place);
        assert_int_equal(place->words[3], 6);
        assert_int_equal(skep_map_lookup_flags(map, &key, &out, SKEP_MAP_F_LOCK), 0);
        assert_int_equal(out.words[3], 6);
        assert_int_equal(skep_map_update(map, &key, &in, SKEP_MAP_F_LOCK | SKEP_MAP_NOEXIST),
                         -EEXIST);
        skep_map_unref(map);
    }
    skep_env_free(env);
}

TEST(who_waits_for_a_lock_gives_up)
{
    skep_env *env = env_new();
    skep_map *map = map_of(env, &locked_specs[1]);
    struct locked value = { 0 };
    u32 key = 0;
    ((struct locked *)skep_map_value(map, &key, 0))->lock = 1;
    assert_int_equal(skep_map_update(map, &key, &value, SKEP_MAP_F_LOCK), -ETIMEDOUT);
    assert_int_equal(skep_map_lookup_flags(map, &key, &value, SKEP_MAP_F_LOCK), -ETIMEDOUT);
    skep_map_unref(map);
    skep_env_free(env);
}

TEST(locks_are_refused_where_linux_has_none)
{
    skep_env *env = env_new();
    skep_map *map = map_of(env, &tables[0]);
    struct skep_map_spec bad[] = { locked_specs[0], locked_specs[0], locked_specs[0],
                                   locked_specs[1] };
    u32 key = 0;
    u64 value = 0;
    assert_int_equal(skep_map_update(map, &key, &value, SKEP_MAP_F_LOCK), -EINVAL);
    assert_int_equal(skep_map_lookup_flags(map, &key, &value, SKEP_MAP_F_LOCK), -EINVAL);
    skep_map_unref(map);
    bad[0].type = 9;
    bad[1].lock_at = 1 + sizeof(struct locked) - 2;
    bad[2].lock_at = 1 + 2;
    bad[3].flags = 1 << 10; /* BPF_F_MMAPABLE */
    for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
        bad[i].size = sizeof(bad[i]);
        assert_int_equal(skep_map_new(env, &bad[i], &map, NULL), SKEP_BAD_ARG);
    }
    skep_env_free(env);
}

/* Every write under the lock is seen whole by those who read under it. */
struct writer {
    skep_map *map;
    u64 torn;
};

static void *write_and_read_locked(void *arg)
{
    struct writer *w = arg;
    u32 key = 1;
    for (u64 i = 0; i < 4000; i++) {
        struct locked value = { 0, 0, { i, i, i, i } };
        w->torn += skep_map_update(w->map, &key, &value, SKEP_MAP_F_LOCK) != 0;
        w->torn += skep_map_lookup_flags(w->map, &key, &value, SKEP_MAP_F_LOCK) != 0;
        for (u32 k = 1; k < 4; k++)
            w->torn += value.words[k] != value.words[0];
    }
    return NULL;
}

TEST(locked_copies_are_whole)
{
    skep_env *env = env_new();
    for (u32 i = 0; i < ARRAY_LEN(locked_specs); i++) {
        struct writer w[2] = { 0 };
        pthread_t threads[2];
        skep_map *map = map_of(env, &locked_specs[i]);
        struct locked value = { 0 };
        u32 key = 1;
        assert_int_equal(skep_map_update(map, &key, &value, 0), 0);
        for (u32 t = 0; t < 2; t++) {
            w[t].map = map;
            assert_int_equal(pthread_create(&threads[t], NULL, write_and_read_locked, &w[t]), 0);
        }
        for (u32 t = 0; t < 2; t++) {
            pthread_join(threads[t], NULL);
            assert_int_equal(w[t].torn, 0);
        }
        skep_map_unref(map);
    }
    skep_env_free(env);
}

UNIT_TESTS(UNIT(batches_read_every_element_once_and_take_it_along),
           UNIT(writing_batches_stop_at_the_first_that_fails),
           UNIT(copies_leave_the_lock_alone_and_hosts_read_it_as_0),
           UNIT(who_waits_for_a_lock_gives_up), UNIT(locks_are_refused_where_linux_has_none),
           UNIT(locked_copies_are_whole))
