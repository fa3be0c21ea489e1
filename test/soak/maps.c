/* Every listed map type under four threads that do whatever its descriptor offers, in random order,
 * with random and with impossible arguments: nothing crashes, nothing races (this is made for the
 * sanitizers), values are never torn, and all memory comes back.  And values with a spin lock under
 * four threads that take it as programs, updates and lookups do.
 *
 * Usage: soak_maps [seconds] */
#include "support/maps.h"
#include "map/spin_lock.h"

#include <pthread.h>
#include <time.h>

enum { THREADS = 4, ENTRIES = 32, KEYS = 48, VALUE_BYTES = MAPS_CPUS * 64, OBJECTS = 4 };

static double seconds = 1;

struct worker {
    struct skep_map *map;
    struct epoch *epoch;
    struct skep_map *inners[OBJECTS];
    struct rt_program *programs;
    _Atomic bool *stop;
    u64 random, done, torn;
};

static u32 below(struct worker *w, u32 n)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (u32)((w->random >> 33) % n);
}

static void random_key(struct worker *w, u8 key[64])
{
    maps_key(w->map, below(w, KEYS), key);
    if (below(w, 64) == 0)
        key[below(w, 4)] ^= 0x80;
}

/* The halves of each word are the same, of values that have a whole word. */
static void random_value(struct worker *w, u64 value[VALUE_BYTES / 8])
{
    for (u32 i = 0; i < VALUE_BYTES / 8; i++) {
        u64 half = below(w, 1 << 20);
        value[i] = half << 32 | half;
    }
}

static bool is_torn(const struct worker *w, const void *value)
{
    if (w->map->spec.value_size != 8 || w->map->type->traits & SKEP_MAP_HOLDS_HANDLES ||
        w->map->type->keep_stack)
        return false;
    u64 word = word_load(value);
    return (u32)word != (u32)(word >> 32);
}

static bool holds_objects(const struct skep_map_type *type)
{
    return (type->traits & (SKEP_MAP_HOLDS_MAPS | SKEP_MAP_HOLDS_PROGRAMS)) != 0;
}

/* ---- one operation of each kind; a type that lacks it does nothing ---- */

static void do_lookup(struct worker *w)
{
    u8 key[64];
    random_key(w, key);
    if (!w->map->type->lookup)
        return;
    void *value = w->map->type->lookup(w->map, key, below(w, MAPS_CPUS));
    if (value && w->map->type->traits & SKEP_MAP_HOLDS_MAPS) {
        struct skep_map *inner = value;
        u32 first = 0;
        word_store(inner->type->lookup(inner, &first, 0), w->random);
    } else if (value && !holds_objects(w->map->type)) {
        w->torn += is_torn(w, value);
    }
}

static void do_update(struct worker *w)
{
    u8 key[64];
    u64 value[VALUE_BYTES / 8];
    random_key(w, key);
    random_value(w, value);
    u32 cpu = below(w, 2) ? SKEP_ALL_CPUS : below(w, MAPS_CPUS);
    if (w->map->type->update && !holds_objects(w->map->type))
        w->map->type->update(w->map, key, value, below(w, 12) ? 0 : below(w, 9), cpu);
}

static void do_remove(struct worker *w)
{
    u8 key[64];
    random_key(w, key);
    if (w->map->type->remove)
        w->map->type->remove(w->map, key);
}

static void do_take(struct worker *w)
{
    u8 key[64];
    u64 value[VALUE_BYTES / 8];
    random_key(w, key);
    if (w->map->type->lookup_and_delete &&
        w->map->type->lookup_and_delete(w->map, key, value, SKEP_ALL_CPUS) == 0)
        w->torn += is_torn(w, value);
}

static void do_walk(struct worker *w)
{
    u8 key[64];
    u64 position = 0;
    void *value = NULL;
    for (u32 n = 0; n < 100 && w->map->type->next_element; n++)
        if (w->map->type->next_element(w->map, &position, key, &value, 0) != 0)
            return;
}

static void do_next_key(struct worker *w)
{
    u8 key[64], next[64];
    random_key(w, key);
    if (w->map->type->next_key)
        w->map->type->next_key(w->map, key, next);
}

static void do_ends(struct worker *w)
{
    u64 value[VALUE_BYTES / 8];
    const struct skep_map_type *type = w->map->type;
    random_value(w, value);
    if (type->push)
        type->push(w->map, value, below(w, 6) ? 2 : 0);
    if (type->peek && type->peek(w->map, value) == 0)
        w->torn += is_torn(w, value);
    if (type->pop && below(w, 2) && type->pop(w->map, value) == 0)
        w->torn += is_torn(w, value);
}

static void do_hold(struct worker *w)
{
    u8 key[64];
    random_key(w, key);
    u32 which = below(w, OBJECTS);
    if (w->map->type->traits & SKEP_MAP_HOLDS_MAPS)
        w->map->type->set_held(w->map, key, w->inners[which], 0);
    if (w->map->type->traits & SKEP_MAP_HOLDS_PROGRAMS)
        w->map->type->set_held(w->map, key, &w->programs[which], 0);
}

static int receive(void *user, const void *data, size_t size)
{
    u64 *random = user;
    *random += word_load(data) + size;
    return 0;
}

static void do_record(struct worker *w)
{
    const struct skep_map_type *type = w->map->type;
    if (!type->reserve)
        return;
    void *record = type->reserve(w->map, 8 + below(w, 300), 0);
    if (record) {
        word_store(record, w->random);
        type->commit(w->map, record, below(w, 5) == 0, below(w, 3));
    }
    type->query(w->map, below(w, 5));
    if (below(w, 4) == 0)
        type->drain(w->map, receive, &w->random);
}

static void do_stack(struct worker *w)
{
    u64 addresses[12];
    u32 n = 1 + below(w, 11);
    for (u32 i = 0; i < n; i++)
        addresses[i] = below(w, 3);
    if (w->map->type->keep_stack)
        w->map->type->keep_stack(w->map, addresses, n, (u64)below(w, 4) << 9);
}

static void (*const operations[])(struct worker *) = {
    do_lookup, do_lookup,   do_update, do_update, do_remove, do_take,
    do_walk,   do_next_key, do_ends,   do_hold,   do_record, do_stack,
};

/* What is found is used inside a run. */
static void *work(void *arg)
{
    struct worker *w = arg;
    struct epoch_slot slot;
    epoch_register(w->epoch, &slot);
    for (; !atomic_load_explicit(w->stop, memory_order_relaxed); w->done++) {
        epoch_enter(w->epoch, &slot);
        operations[below(w, ARRAY_LEN(operations))](w);
        epoch_leave(&slot);
    }
    epoch_unregister(w->epoch, &slot);
    return NULL;
}

static void release_nothing(struct rt_program *program) { (void)program; }

static void wait_for(double time)
{
    u64 ns = (u64)(time * 1e9);
    nanosleep(&(struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
                                  .tv_nsec = (long)(ns % 1000000000) },
              NULL);
}

static u64 soak(const struct skep_map_type *type, double time)
{
    struct maps_fixture f;
    struct rt_program programs[OBJECTS];
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    _Atomic bool stop = false;
    u64 done = 0;
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(type, ENTRIES);
    struct skep_map *map = maps_make(&f, type, &spec), *inners[OBJECTS];
    for (u32 i = 0; i < OBJECTS; i++) {
        inners[i] = maps_make(&f, &map_array, &maps_inner_spec);
        programs[i] = (struct rt_program){ .references = 1, .release = release_nothing };
    }
    for (u32 i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){
            .map = map, .epoch = f.epoch, .programs = programs, .stop = &stop, .random = i + 1
        };
        memcpy(workers[i].inners, inners, sizeof(inners));
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    wait_for(time);
    atomic_store(&stop, true);
    for (u32 i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].torn, 0);
        done += workers[i].done;
    }
    map_put_user(map);
    for (u32 i = 0; i < OBJECTS; i++)
        map_put_user(inners[i]);
    maps_teardown(&f);
    for (u32 i = 0; i < OBJECTS; i++)
        assert_int_equal(programs[i].references, 1);
    return done;
}

TEST(every_type_stands_four_threads)
{
    for (u32 i = 0; i < n_map_types; i++) {
        u64 done = soak(map_types[i], seconds / n_map_types);
        print_message("%-18s %9llu operations\n", map_types[i]->name, (unsigned long long)done);
        assert_true(done > 0);
    }
}

/* ---- values with a spin lock ---- */

enum { LOCKED_VALUES = 4, LOCKED_WORDS = 6, LOCK_AT = 1 };

struct locker {
    struct skep_map *map;
    _Atomic bool *stop;
    u64 random, done, torn;
};

/* What is between a program's bpf_spin_lock and _unlock: all words of a value but the lock's are
 * the same before, and after. */
static void hold(struct locker *l, u64 *value)
{
    if (!spin_lock_take(value, LOCK_AT))
        return;
    for (u32 w = 2; w < LOCKED_WORDS; w++)
        l->torn += word_load(value + w) != word_load(value + 1);
    for (u32 w = 1; w < LOCKED_WORDS; w++)
        word_store(value + w, l->random + l->done);
    spin_lock_give(value, LOCK_AT);
}

static void *lock_and_look(void *arg)
{
    struct locker *l = arg;
    for (; !atomic_load_explicit(l->stop, memory_order_relaxed); l->done++) {
        u64 copy[LOCKED_WORDS];
        u32 key = (u32)(l->done * 7 + l->random) % LOCKED_VALUES;
        u64 *value = l->map->type->lookup(l->map, &key, 0);
        for (u32 w = 0; w < LOCKED_WORDS; w++)
            copy[w] = l->done << 8 | l->random;
        switch (l->done % 3) {
        case 0: hold(l, value); break;
        case 1: l->map->type->update(l->map, &key, copy, SKEP_MAP_F_LOCK, 0); break;
        default:
            if (map_read_locked_value(l->map, copy, value, SKEP_MAP_F_LOCK) != 0)
                break;
            l->torn += (u32)copy[0] != 0; /* the lock is nobody's to see */
            for (u32 w = 2; w < LOCKED_WORDS; w++)
                l->torn += copy[w] != copy[1];
        }
    }
    return NULL;
}

static u64 soak_locks(const struct skep_map_type *type, double time)
{
    struct maps_fixture f;
    struct locker lockers[THREADS];
    pthread_t threads[THREADS];
    _Atomic bool stop = false;
    u64 done = 0, value[LOCKED_WORDS] = { 0 };
    maps_setup(&f);
    struct skep_map_spec spec = maps_spec(type, LOCKED_VALUES);
    spec.key_size = 4;
    spec.value_size = sizeof(value);
    spec.lock_at = LOCK_AT;
    struct skep_map *map = maps_make(&f, type, &spec);
    for (u32 key = 0; key < LOCKED_VALUES; key++)
        assert_int_equal(type->update(map, &key, value, 0, 0), 0);
    for (u32 i = 0; i < THREADS; i++) {
        lockers[i] = (struct locker){ .map = map, .stop = &stop, .random = i + 1 };
        assert_int_equal(pthread_create(&threads[i], NULL, lock_and_look, &lockers[i]), 0);
    }
    wait_for(time);
    atomic_store(&stop, true);
    for (u32 i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(lockers[i].torn, 0);
        done += lockers[i].done;
    }
    map_put_user(map);
    maps_teardown(&f);
    return done;
}

TEST(locked_values_are_never_seen_in_parts)
{
    const struct skep_map_type *const types[] = { &map_hash, &map_array };
    for (u32 i = 0; i < ARRAY_LEN(types); i++) {
        u64 done = soak_locks(types[i], seconds / 8);
        print_message("%-18s %9llu operations with locks\n", types[i]->name,
                      (unsigned long long)done);
        assert_true(done > 0);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = { UNIT(every_type_stands_four_threads),
                                               UNIT(locked_values_are_never_seen_in_parts) };
    if (argc > 1)
        seconds = strtod(argv[1], NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
