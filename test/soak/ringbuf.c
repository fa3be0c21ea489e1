/* Four producers and one consumer on a small ring, for as long as one likes: first all are honest,
 * and their books must balance to the record.  Then who is not trusted lies: of a RINGBUF the
 * consumer, which scribbles over everything it is shown, stops whenever it likes and drains from
 * inside a drain; of a USER_RINGBUF the producers, which scribble over headers and records, their
 * own and their neighbours'.  It may cost records; the others always get on, and the ring is as
 * good as new when the liars have gone.
 *
 * Usage: soak_ringbuf [seconds] */
#include "map/words.h"
#include "support/maps.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { PRODUCERS = 4, RING = 8192, WORDS_MAX = 40 };

static double seconds = 1;

struct producer {
    struct skep_map *map;
    _Atomic bool *stop;
    u64 id, random;
    bool lies;
    u64 committed, discarded, refused, wrong;
};

static u32 random_below(u64 *state, u32 n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (u32)((*state >> 33) % n);
}

/* The number of a record's words is in its serial number; all words are the same. */
static u32 words_of(u64 word) { return 1 + (u32)(word & 0xffffffff) * 7 % WORDS_MAX; }

/* All but the bit that says that a record is still being written: who sets that waits for ever. */
#define BUSY ((u64)1 << 31)

/* From the header on; what lies behind a record may be anybody's. */
static void scribble(u8 *record, u64 bytes, u64 *random)
{
    for (u64 at = 0; at < bytes + 8; at += 8)
        if (random_below(random, 3) == 0)
            word_store(record - 8 + at, *random * 0x9e3779b97f4a7c15 & ~BUSY);
}

static void produce(struct producer *p, u64 serial)
{
    static const u64 wakeups[] = { 0, 0, 0, 1, 2 };
    u64 word = p->id << 32 | serial;
    u32 n = words_of(word);
    u8 *record = p->map->type->reserve(p->map, (u64)n * 8, 0);
    if (!record) {
        p->refused++;
        sched_yield(); /* let the consumer come */
        return;
    }
    for (u32 i = 0; i < n; i++)
        word_store(record + 8 * i, word);
    if (p->lies && random_below(&p->random, 4) == 0)
        scribble(record, (u64)n * 8 + 8 * random_below(&p->random, 6), &p->random);
    bool discard = random_below(&p->random, 8) == 0;
    u64 flags = wakeups[random_below(&p->random, ARRAY_LEN(wakeups))];
    p->map->type->commit(p->map, record, discard, flags);
    p->discarded += discard;
    p->committed += !discard;
}

static void *produce_until_stopped(void *arg)
{
    struct producer *p = arg;
    for (u64 serial = 0; !atomic_load_explicit(p->stop, memory_order_relaxed); serial++)
        produce(p, serial & 0xffffffff);
    return NULL;
}

struct consumer {
    struct skep_map *map;
    u64 received, wrong, random;
    u64 next[PRODUCERS];
};

typedef int receive_fn(void *user, const void *data, size_t size);

static int receive_honestly(void *user, const void *data, size_t size)
{
    struct consumer *c = user;
    u64 word = word_load(data), id = word >> 32, serial = word & 0xffffffff;
    bool right = id < PRODUCERS && size == 8 * (size_t)words_of(word) && serial >= c->next[id % 4];
    for (size_t at = 0; right && at < size; at += 8)
        right = word_load((const u8 *)data + at) == word;
    c->wrong += !right;
    c->next[id % 4] = serial + 1;
    c->received++;
    return random_below(&c->random, 500) == 0;
}

static int receive_nothing(void *user, const void *data, size_t size)
{
    (void)user, (void)data, (void)size;
    return 0;
}

static int receive_and_scribble(void *user, const void *data, size_t size)
{
    struct consumer *c = user;
    u64 bytes = round_up_u64(size, 8) + 8 * random_below(&c->random, 5);
    scribble((u8 *)(uintptr_t)data, bytes, &c->random);
    c->wrong += c->map->type->drain(c->map, receive_nothing, NULL) != -EBUSY;
    c->received++;
    return random_below(&c->random, 50) == 0;
}

/* Whatever the length says, it lies in the ring. */
static int receive_anything(void *user, const void *data, size_t size)
{
    struct consumer *c = user;
    c->wrong += size > RING;
    for (size_t at = 0; at + 8 <= size; at += 8)
        c->random += word_load((const u8 *)data + at);
    c->received++;
    return random_below(&c->random, 50) == 0;
}

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(struct skep_map *map, receive_fn *receive, bool lies, double for_seconds,
                struct producer producers[PRODUCERS], struct consumer *consumer)
{
    pthread_t threads[PRODUCERS];
    _Atomic bool stop = false;
    double end = now_seconds() + for_seconds;
    *consumer = (struct consumer){ .map = map, .random = 77 };
    for (u32 i = 0; i < PRODUCERS; i++) {
        producers[i] =
            (struct producer){ .map = map, .stop = &stop, .id = i, .random = i + 1, .lies = lies };
        assert_int_equal(pthread_create(&threads[i], NULL, produce_until_stopped, &producers[i]),
                         0);
    }
    while (now_seconds() < end) {
        map->type->wait(map, 1000000);
        map->type->drain(map, receive, consumer);
    }
    atomic_store(&stop, true);
    for (u32 i = 0; i < PRODUCERS; i++)
        pthread_join(threads[i], NULL);
    for (u32 quiet = 0; quiet < 3;) /* a refused drain is no end */
        quiet = map->type->drain(map, receive, consumer) == 0 ? quiet + 1 : 0;
}

static struct skep_map *new_ring(struct maps_fixture *f, const struct skep_map_type *type)
{
    struct skep_map_spec spec = maps_spec(type, 0);
    spec.max_entries = RING;
    return maps_make(f, type, &spec);
}

static void expect_balance(struct skep_map *map, const struct producer *producers,
                           const struct consumer *consumer, u64 lost_before)
{
    u64 committed = 0, refused = 0, discarded = 0;
    for (u32 i = 0; i < PRODUCERS; i++) {
        committed += producers[i].committed;
        discarded += producers[i].discarded;
        refused += producers[i].refused;
        assert_true(producers[i].committed + producers[i].refused > 0);
    }
    assert_true(committed > 0);
    assert_int_equal(consumer->wrong, 0);
    assert_int_equal(consumer->received, committed);
    assert_int_equal(map->type->lost(map) - lost_before, refused);
    print_message("%llu records received, %llu refused and counted, %llu discarded\n",
                  (unsigned long long)committed, (unsigned long long)refused,
                  (unsigned long long)discarded);
}

static void balance(const struct skep_map_type *type)
{
    struct maps_fixture f;
    struct producer producers[PRODUCERS];
    struct consumer consumer;
    maps_setup(&f);
    struct skep_map *map = new_ring(&f, type);
    run(map, receive_honestly, false, seconds / 4, producers, &consumer);
    expect_balance(map, producers, &consumer, 0);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(an_honest_consumer_gets_every_record_that_is_not_counted_as_lost) { balance(&map_ringbuf); }
TEST(a_program_gets_every_record_of_honest_hosts) { balance(&map_user_ringbuf); }

/* Books balance again when the liars have gone.  What they left behind is one loss more. */
static void bear(const struct skep_map_type *type, receive_fn *receive, bool producers_lie)
{
    struct maps_fixture f;
    struct producer producers[PRODUCERS];
    struct consumer consumer;
    maps_setup(&f);
    struct skep_map *map = new_ring(&f, type);
    run(map, receive, producers_lie, seconds / 4, producers, &consumer);
    assert_int_equal(consumer.wrong, 0);
    assert_true(consumer.received > 0);
    for (u32 i = 0; i < PRODUCERS; i++)
        assert_true(producers[i].committed + producers[i].refused > 0);
    u64 lost = map->type->lost(map);
    run(map, receive_honestly, false, 0.1 * seconds, producers, &consumer);
    expect_balance(map, producers, &consumer, lost);
    map_put_user(map);
    maps_teardown(&f);
}

TEST(a_hostile_consumer_harms_nobody) { bear(&map_ringbuf, receive_and_scribble, false); }
TEST(hostile_producers_harm_no_program) { bear(&map_user_ringbuf, receive_anything, true); }

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        UNIT(an_honest_consumer_gets_every_record_that_is_not_counted_as_lost),
        UNIT(a_program_gets_every_record_of_honest_hosts),
        UNIT(a_hostile_consumer_harms_nobody),
        UNIT(hostile_producers_harm_no_program),
    };
    if (argc > 1)
        seconds = strtod(argv[1], NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
