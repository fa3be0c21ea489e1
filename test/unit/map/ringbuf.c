/* RINGBUF: capacity as in Linux, order, discards, losses, wake-ups, and a consumer that misbehaves.
 */
#include "support/maps.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static struct skep_map *ring_of(struct maps_fixture *f, u32 bytes)
{
    struct skep_map_spec spec = { .size = sizeof(spec), .name = "ring", .max_entries = bytes };
    return maps_make(f, &map_ringbuf, &spec);
}

struct received {
    u32 n, stop_after;
    u64 sizes[64], first[64];
};

static int receive(void *user, const void *data, size_t size)
{
    struct received *r = user;
    assert_true(r->n < 64);
    assert_int_equal((uintptr_t)data % 8, 0);
    r->sizes[r->n] = size;
    if (size >= 8)
        memcpy(&r->first[r->n], data, 8);
    r->n++;
    return r->n == r->stop_after;
}

static bool produce(struct skep_map *map, u64 size, u64 value, bool discard)
{
    u8 *record = map_ringbuf.reserve(map, size, 0);
    if (!record)
        return false;
    memset(record, 0x5a, size);
    if (size >= 8)
        memcpy(record, &value, 8);
    map_ringbuf.commit(map, record, discard, 0);
    return true;
}

TEST(records_come_in_order_without_the_discarded)
{
    struct maps_fixture f;
    struct received r = { 0 };
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    assert_int_equal(map_ringbuf.drain(map, receive, &r), 0);
    assert_true(produce(map, 8, 1, false));
    assert_true(produce(map, 16, 2, true));
    assert_true(produce(map, 0, 0, false));
    assert_true(produce(map, 13, 3, false));
    assert_int_equal(map_ringbuf.drain(map, receive, &r), 3);
    assert_int_equal(r.sizes[0], 8);
    assert_int_equal(r.first[0], 1);
    assert_int_equal(r.sizes[1], 0);
    assert_int_equal(r.sizes[2], 13);
    assert_int_equal(r.first[2], 3);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(a_busy_record_holds_back_those_after_it)
{
    struct maps_fixture f;
    struct received r = { 0 };
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    u64 *slow = map_ringbuf.reserve(map, 8, 0);
    *slow = 7;
    assert_true(produce(map, 8, 8, false));
    assert_int_equal(map_ringbuf.drain(map, receive, &r), 0);
    assert_int_equal(map_ringbuf.wait(map, 0), -ETIMEDOUT);
    map_ringbuf.commit(map, slow, false, 0);
    assert_int_equal(map_ringbuf.wait(map, 0), 0);
    assert_int_equal(map_ringbuf.drain(map, receive, &r), 2);
    assert_int_equal(r.first[0], 7);
    assert_int_equal(r.first[1], 8);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(a_drain_stops_when_told_and_goes_on_later)
{
    struct maps_fixture f;
    struct received r = { .stop_after = 2 };
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    for (u64 i = 0; i < 5; i++)
        assert_true(produce(map, 8, i, false));
    assert_int_equal(map_ringbuf.drain(map, receive, &r), 2);
    assert_int_equal(map_ringbuf.drain(map, receive, &r), 3);
    assert_int_equal(r.first[2], 2);
    map_put_user(map);
    maps_teardown(&f);
}

/* Linux lets positions be at most size - 1 apart. */
TEST(capacity_and_losses_are_counted_as_in_linux)
{
    struct maps_fixture f;
    struct received r = { 0 };
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    assert_null(map_ringbuf.reserve(map, 4096, 0));
    assert_null(map_ringbuf.reserve(map, UINT64_MAX, 0));
    assert_null(map_ringbuf.reserve(map, 8, 1));
    assert_int_equal(map_ringbuf.lost(map), 0);
    assert_null(map_ringbuf.reserve(map, 4088, 0));
    assert_int_equal(map_ringbuf.lost(map), 1);
    u32 n = 0;
    while (produce(map, 504, n, false))
        n++;
    assert_int_equal(n, 7);
    assert_int_equal(map_ringbuf.lost(map), 2);
    assert_int_equal(map_ringbuf.query(map, 0), 7 * 512);
    assert_int_equal(map_ringbuf.query(map, 1), 4096);
    assert_int_equal(map_ringbuf.query(map, 2), 0);
    assert_int_equal(map_ringbuf.query(map, 3), 7 * 512);
    assert_int_equal(map_ringbuf.query(map, 9), 0);
    assert_int_equal(map_ringbuf.drain(map, receive, &r), 7);
    assert_int_equal(map_ringbuf.query(map, 0), 0);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(records_that_cross_the_end_lie_in_one_piece)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    for (u64 i = 0; i < 1000; i++) {
        struct received r = { 0 };
        u64 size = 8 + i * 37 % 3000;
        assert_true(produce(map, size, i, false));
        assert_int_equal(map_ringbuf.drain(map, receive, &r), 1);
        assert_int_equal(r.sizes[0], size);
        assert_int_equal(r.first[0], i);
    }
    map_put_user(map);
    maps_teardown(&f);
}

struct nested {
    struct skep_map *map;
    s64 result;
};

static int drain_again(void *user, const void *data, size_t size)
{
    struct nested *n = user;
    (void)data;
    (void)size;
    n->result = map_ringbuf.drain(n->map, drain_again, user);
    return 0;
}

static int scribble(void *user, const void *data, size_t size)
{
    (void)user;
    u8 *bytes = (u8 *)(uintptr_t)data;
    memset(bytes, 0x3f, size + 64); /* the headers that come next, too */
    return 0;
}

TEST(a_hostile_consumer_costs_records_not_producers)
{
    struct maps_fixture f;
    struct received r = { 0 };
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    struct nested n = { .map = map };
    assert_true(produce(map, 8, 1, false));
    assert_int_equal(map_ringbuf.drain(map, drain_again, &n), 1);
    assert_int_equal(n.result, -EBUSY);
    for (u64 i = 0; i < 4; i++)
        assert_true(produce(map, 8, i, false));
    assert_int_equal(map_ringbuf.drain(map, scribble, NULL), -EIO);
    assert_int_equal(map_ringbuf.lost(map), 1);
    assert_true(produce(map, 8, 42, false));
    assert_int_equal(map_ringbuf.drain(map, receive, &r), 1);
    assert_int_equal(r.first[0], 42);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(waiting_ends_in_time)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    assert_int_equal(map_ringbuf.wait(map, 2000000), -ETIMEDOUT);
    assert_true(produce(map, 8, 1, false));
    assert_int_equal(map_ringbuf.wait(map, -1), 0);
    map_put_user(map);
    maps_teardown(&f);
}

enum { PRODUCERS = 4, RECORDS = 20000 };

struct soak {
    struct skep_map *map;
    u32 id;
    _Atomic u32 *running;
};

/* value: producer << 32 | serial number, repeated over the record. */
static void *soak_produce(void *arg)
{
    struct soak *s = arg;
    for (u32 i = 0; i < RECORDS; i++) {
        u64 size = 8 * (1 + i % 9);
        u64 *record = map_ringbuf.reserve(s->map, size, 0);
        if (!record)
            continue;
        for (u64 w = 0; w < size / 8; w++)
            record[w] = (u64)s->id << 32 | i;
        map_ringbuf.commit(s->map, record, i % 16 == 5, i % 7 == 3 ? 2 : 0);
    }
    atomic_fetch_sub(s->running, 1);
    return NULL;
}

struct soak_seen {
    u64 records, next[PRODUCERS];
};

static int soak_receive(void *user, const void *data, size_t size)
{
    struct soak_seen *seen = user;
    const u64 *words = data;
    u32 id = (u32)(words[0] >> 32), i = (u32)words[0];
    assert_true(id < PRODUCERS);
    assert_true(i >= seen->next[id]);
    assert_int_equal(size, 8 * (1 + i % 9));
    for (size_t w = 1; w < size / 8; w++)
        assert_int_equal(words[w], words[0]);
    assert_int_not_equal(i % 16, 5);
    seen->next[id] = (u64)i + 1;
    seen->records++;
    return seen->records % 1000 == 0;
}

TEST(many_producers_lose_nothing_uncounted)
{
    struct maps_fixture f;
    struct soak_seen seen = { 0 };
    struct soak soaks[PRODUCERS];
    pthread_t threads[PRODUCERS];
    _Atomic u32 running = PRODUCERS;
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 8192);
    for (u32 i = 0; i < PRODUCERS; i++) {
        soaks[i] = (struct soak){ .map = map, .id = i, .running = &running };
        assert_int_equal(pthread_create(&threads[i], NULL, soak_produce, &soaks[i]), 0);
    }
    while (atomic_load(&running)) {
        map_ringbuf.wait(map, 1000000);
        assert_true(map_ringbuf.drain(map, soak_receive, &seen) >= 0);
    }
    for (u32 i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    while (map_ringbuf.drain(map, soak_receive, &seen) > 0)
        ;
    u64 lost = map_ringbuf.lost(map), all = (u64)PRODUCERS * RECORDS;
    u64 discarded = (u64)PRODUCERS * RECORDS / 16;
    assert_true(seen.records + lost <= all);
    assert_true(seen.records + lost >= all - discarded);
    assert_true(seen.records > 0);
    map_put_user(map);
    maps_teardown(&f);
}

static void *produce_late(void *map)
{
    nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
    produce(map, 8, 5, false);
    return NULL;
}

TEST(a_sleeping_consumer_is_woken)
{
    struct maps_fixture f;
    maps_setup(&f);
    struct skep_map *map = ring_of(&f, 4096);
    for (u32 i = 0; i < 5; i++) {
        struct received r = { 0 };
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, produce_late, map), 0);
        assert_int_equal(map_ringbuf.wait(map, -1), 0);
        assert_int_equal(map_ringbuf.drain(map, receive, &r), 1);
        pthread_join(thread, NULL);
    }
    map_put_user(map);
    maps_teardown(&f);
}

UNIT_TESTS(UNIT(records_come_in_order_without_the_discarded),
           UNIT(a_busy_record_holds_back_those_after_it),
           UNIT(a_drain_stops_when_told_and_goes_on_later),
           UNIT(capacity_and_losses_are_counted_as_in_linux),
           UNIT(records_that_cross_the_end_lie_in_one_piece),
           UNIT(a_hostile_consumer_costs_records_not_producers), UNIT(waiting_ends_in_time),
           UNIT(many_producers_lose_nothing_uncounted), UNIT(a_sleeping_consumer_is_woken))
