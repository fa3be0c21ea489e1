/* USER_RINGBUF: records from the host in order, what a producer can spoil, and waiting for room. */
#include "support/maps.h"

#include <pthread.h>
#include <time.h>

static struct skep_map *ring_of(struct maps_fixture *f, u32 bytes)
{
    struct skep_map_spec spec = { .size = sizeof(spec), .name = "ring", .max_entries = bytes };
    return maps_make(f, &map_user_ringbuf, &spec);
}

static u64 *reserve(struct skep_map *map, u64 size)
{
    return map_user_ringbuf.reserve(map, size, 0);
}
static void commit(struct skep_map *map, void *record, bool discard)
{
    map_user_ringbuf.commit(map, record, discard, 0);
}
static bool put(struct skep_map *map, u64 value)
{
    u64 *record = reserve(map, 8);
    if (!record)
        return false;
    *record = value;
    commit(map, record, false);
    return true;
}

struct taken {
    u32 n, stop_after;
    u64 sum;
};
static int take(void *user, const void *data, size_t size)
{
    struct taken *t = user;
    if (size >= 8)
        t->sum = t->sum * 10 + *(const u64 *)data;
    return ++t->n == t->stop_after;
}

TEST(records_come_in_order_until_one_is_busy)
{
    struct maps_fixture f;
    struct taken t = { 0 };
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    assert_int_equal(map_user_ringbuf.drain(map, take, &t), 0);
    assert_true(put(map, 1));
    commit(map, reserve(map, 100), true);
    assert_true(put(map, 2));
    u64 *busy = reserve(map, 8);
    *busy = 3;
    assert_true(put(map, 4));
    assert_int_equal(map_user_ringbuf.drain(map, take, &t), 2);
    assert_int_equal(t.sum, 12);
    assert_int_equal(map_user_ringbuf.drain(map, take, &t), 0);
    commit(map, busy, false);
    t.stop_after = 3;
    assert_int_equal(map_user_ringbuf.drain(map, take, &t), 1);
    assert_int_equal(map_user_ringbuf.drain(map, take, &t), 1);
    assert_int_equal(t.sum, 1234);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(a_full_ring_refuses_counts_and_says_when_there_is_room)
{
    struct maps_fixture f;
    struct taken t = { .stop_after = 1 };
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    assert_null(reserve(map, 4096 - 7));
    assert_null(reserve(map, 1 << 24));
    u32 n = 0;
    while (put(map, n))
        n++;
    assert_int_equal(n, 256);
    assert_int_equal(map_user_ringbuf.lost(map), 1);
    assert_int_equal(map_user_ringbuf.wait(map, 0), -ETIMEDOUT);
    assert_int_equal(map_user_ringbuf.wait(map, 1000000), -ETIMEDOUT);
    assert_int_equal(map_user_ringbuf.drain(map, take, &t), 1);
    assert_int_equal(map_user_ringbuf.wait(map, 0), 0);
    assert_true(put(map, n));
    map_put_user(map);
    maps_teardown(&f);
}

/* The headers lie between the records that the host fills. */
TEST(a_producer_that_scribbles_costs_records_and_no_more)
{
    struct maps_fixture f;
    static const u64 spoilt[] = { 4000, 0x3fffffff, 0xffffff + 1 };
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    for (u32 i = 0; i < ARRAY_LEN(spoilt); i++) {
        struct taken t = { 0 };
        u64 *record = reserve(map, 8);
        commit(map, record, false);
        assert_true(put(map, 5));
        record[1] = spoilt[i]; /* the second one's header */
        assert_int_equal(map_user_ringbuf.drain(map, take, &t), -EINVAL);
        assert_int_equal(t.n, 1);
        assert_int_equal(map_user_ringbuf.lost(map), i + 1);
        assert_true(put(map, 6));
        t.sum = 0;
        assert_int_equal(map_user_ringbuf.drain(map, take, &t), 1);
        assert_int_equal(t.sum, 6);
    }
    map_put_user(map);
    maps_teardown(&f);
}

static int drain_again(void *user, const void *data, size_t size)
{
    (void)data, (void)size;
    assert_int_equal(map_user_ringbuf.drain(user, drain_again, user), -EBUSY);
    return 0;
}

TEST(one_drains_at_a_time)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    assert_true(put(map, 1));
    assert_int_equal(map_user_ringbuf.drain(map, drain_again, map), 1);
    map_put_user(map);
    maps_teardown(&f);
}

enum { PRODUCERS = 3, RECORDS = 20000 };

static void *produce(void *arg)
{
    struct skep_map *map = arg;
    for (u32 i = 0; i < RECORDS; i++)
        while (!put(map, 1))
            assert_int_equal(map_user_ringbuf.wait(map, -1), 0);
    return NULL;
}

static int count(void *user, const void *data, size_t size)
{
    assert_int_equal(size, 8);
    *(u64 *)user += *(const u64 *)data;
    return 0;
}

/* Producers that sleep while the ring is full are woken, and every record arrives. */
TEST(many_producers_wait_for_room)
{
    struct maps_fixture f;
    pthread_t threads[PRODUCERS];
    u64 seen = 0;
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    for (u32 i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, produce, map), 0);
    while (seen < PRODUCERS * RECORDS) {
        assert_true(map_user_ringbuf.drain(map, count, &seen) >= 0);
        map_user_ringbuf.notify(map);
    }
    for (u32 i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(seen, PRODUCERS * RECORDS);
    map_put_user(map);
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(records_come_in_order_until_one_is_busy),
           UNIT(a_full_ring_refuses_counts_and_says_when_there_is_room),
           UNIT(a_producer_that_scribbles_costs_records_and_no_more), UNIT(one_drains_at_a_time),
           UNIT(many_producers_wait_for_room))
