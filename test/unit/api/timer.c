/* Timers in map values: when they fire, what their callback gets, and what makes them go. */
#include "support/programs.h"

#include <errno.h>
#include <pthread.h>

enum { VALUE_BYTES = 32 }; /* a counter, the timer at 8, what the callback saw at 24 */

static uint64_t clock_now;
static uint64_t clock_stopped(void *user, enum skep_clock clock)
{
    (void)user;
    return clock_now + (clock == SKEP_CLOCK_REALTIME ? 1000000 : 0);
}

/* r1 = { key, operation, argument }: 0 init, 1 set callback, 2 start in argument ns, 3 cancel, 4
 * start at argument, 5 init with a wrong clock.  The callback counts and notes its key. */
static const char text[] = "r6 = r1\n"
                           "r1 = map[idx:0]\n"
                           "r2 = r6\n"
                           "call 1\n"
                           "if r0 == 0 goto none\n"
                           "r1 = r0\n"
                           "r1 += 8\n"
                           "r7 = *(u32 *)(r6 + 4)\n"
                           "if r7 == 1 goto callback\n"
                           "if r7 == 2 goto start\n"
                           "if r7 == 3 goto cancel\n"
                           "if r7 == 4 goto start_at\n"
                           "r2 = map[idx:0]\n"
                           "r3 = 1\n"
                           "if r7 == 0 goto clock\n"
                           "r3 = 3\n"
                           "clock: call 169\n"
                           "exit\n"
                           "callback: r2 = code[fire]\n"
                           "call 170\n"
                           "exit\n"
                           "start: r2 = *(u64 *)(r6 + 8)\n"
                           "r3 = 0\n"
                           "call 171\n"
                           "exit\n"
                           "start_at: r2 = *(u64 *)(r6 + 8)\n"
                           "r3 = 1\n"
                           "call 171\n"
                           "exit\n"
                           "cancel: call 172\n"
                           "exit\n"
                           "none: r0 = -2\n"
                           "exit\n"
                           "fire: r0 = *(u64 *)(r3 + 0)\n"
                           "r0 += 1\n"
                           "*(u64 *)(r3 + 0) = r0\n"
                           "r0 = *(u32 *)(r2 + 0)\n"
                           "*(u64 *)(r3 + 24) = r0\n"
                           "r0 = 0\n"
                           "exit\n";

enum operation { INIT, CALLBACK, START, CANCEL, START_AT, INIT_WRONG };

struct bed {
    skep_env *env;
    skep_map *map;
    skep_program *program;
    skep_thread *thread;
    size_t memory; /* that the env alone takes */
};

static void bed_open(struct bed *bed, uint32_t type, enum skep_engine engine)
{
    static const struct skep_host host = { .clock_ns = clock_stopped };
    const struct skep_env_options options = { .size = sizeof(options), .n_cpus = 4, .host = &host };
    const struct skep_map_spec spec = {
        .size = sizeof(spec),
        .name = "timers",
        .type = type,
        .key_size = 4,
        .value_size = VALUE_BYTES,
        .max_entries = 64,
        .specials = { { .kind = SKEP_SPECIAL_TIMER, .offset = 8, .size = 16 } }
    };
    clock_now = 1000;
    assert_int_equal(skep_env_new(&options, &bed->env, NULL), SKEP_OK);
    bed->memory = env_memory(bed->env);
    assert_int_equal(skep_map_new(bed->env, &spec, &bed->map, NULL), SKEP_OK);
    const struct skep_load_options load = {
        .size = sizeof(load),
        .engine = engine,
        .trusted = engine != SKEP_ENGINE_JIT,
        .maps = &bed->map,
        .n_maps = 1,
    };
    bed->program = program_from_text(bed->env, "memory", text, &load);
    assert_int_equal(skep_thread_new(bed->env, NULL, &bed->thread), SKEP_OK);
}

static void bed_close(struct bed *bed)
{
    skep_thread_free(bed->thread);
    skep_program_free(bed->program);
    if (bed->map)
        skep_map_unref(bed->map);
    assert_int_equal(skep_env_memory_used(bed->env), bed->memory);
    skep_env_free(bed->env);
}

static int64_t ask(struct bed *bed, uint32_t key, enum operation operation, uint64_t argument)
{
    struct {
        uint32_t key, operation;
        uint64_t argument;
    } request = { key, operation, argument };
    struct skep_memory memory = { &request, sizeof(request) };
    uint64_t r0 = 0;
    assert_int_equal(skep_run(bed->thread, bed->program, &memory, &r0), SKEP_OK);
    return (int64_t)r0;
}

static void arm(struct bed *bed, uint32_t key, uint64_t ns)
{
    assert_int_equal(ask(bed, key, INIT, 0), 0);
    assert_int_equal(ask(bed, key, CALLBACK, 0), 0);
    assert_int_equal(ask(bed, key, START, ns), 0);
}

static void put(struct bed *bed, uint32_t key)
{
    static const uint8_t zero[VALUE_BYTES];
    assert_int_equal(skep_map_update(bed->map, &key, zero, SKEP_MAP_ANY), 0);
}

static uint64_t run_at(struct bed *bed, uint64_t now)
{
    uint64_t next = 0;
    assert_int_equal(skep_thread_run_timers(bed->thread, now, &next), SKEP_OK);
    return next;
}

static uint64_t fired(struct bed *bed, uint32_t key)
{
    uint64_t value[VALUE_BYTES / 8];
    assert_int_equal(skep_map_lookup(bed->map, &key, value), 0);
    if (value[0])
        assert_int_equal(value[3], key);
    return value[0];
}

static const enum skep_engine engines[] = { SKEP_ENGINE_CHECKED, SKEP_ENGINE_INTERP,
                                            SKEP_ENGINE_JIT };
static const uint32_t types[] = { 1, 2, 9 }; /* hash, array, lru_hash */

static void on_every(void (*check)(struct bed *bed, uint32_t type))
{
    int n_engines = *skep_jit_name() ? 3 : 2;
    for (int i = 0; i < 3 * n_engines; i++) {
        struct bed bed;
        bed_open(&bed, types[i / n_engines], engines[i % n_engines]);
        check(&bed, types[i / n_engines]);
        bed_close(&bed);
    }
}

static void check_order(struct bed *bed, uint32_t type)
{
    (void)type;
    for (uint32_t key = 0; key < 50; key++) {
        put(bed, key);
        arm(bed, key, 10 + (key * 7) % 50);
    }
    for (uint64_t now = 1000; now < 1070; now++) {
        uint64_t next = run_at(bed, now);
        assert_int_equal(next, now < 1010 ? 1010 : now < 1059 ? now + 1 : UINT64_MAX);
        for (uint32_t key = 0; key < 50; key++)
            assert_int_equal(fired(bed, key), now >= 1010 + (key * 7) % 50);
    }
    clock_now = 2000; /* again: once only each */
    assert_int_equal(ask(bed, 3, START, 5), 0);
    assert_int_equal(ask(bed, 3, START, 9), 0);
    assert_int_equal(run_at(bed, 2008), 2009);
    assert_int_equal(run_at(bed, 3000), UINT64_MAX);
    assert_int_equal(fired(bed, 3), 2);
}
TEST(timers_fire_when_due_and_once) { on_every(check_order); }

static void check_errors(struct bed *bed, uint32_t type)
{
    (void)type;
    put(bed, 1);
    assert_int_equal(ask(bed, 1, START, 5), -EINVAL);
    assert_int_equal(ask(bed, 1, CALLBACK, 0), -EINVAL);
    assert_int_equal(ask(bed, 1, CANCEL, 0), -EINVAL);
    assert_int_equal(ask(bed, 1, INIT_WRONG, 0), -EINVAL);
    assert_int_equal(ask(bed, 1, INIT, 0), 0);
    assert_int_equal(ask(bed, 1, INIT, 0), -EBUSY);
    assert_int_equal(ask(bed, 1, START, 5), -EINVAL); /* no callback */
    assert_int_equal(ask(bed, 1, CALLBACK, 0), 0);
    assert_int_equal(ask(bed, 1, CANCEL, 0), 0);
    assert_int_equal(ask(bed, 1, START, 5), -EINVAL); /* cancelling forgot it */
    assert_int_equal(ask(bed, 1, CALLBACK, 0), 0);
    assert_int_equal(ask(bed, 1, START_AT, 1234), 0);
    assert_int_equal(run_at(bed, 1233), 1234);
    assert_int_equal(ask(bed, 1, CANCEL, 0), 1);
    assert_int_equal(run_at(bed, 5000), UINT64_MAX);
    assert_int_equal(fired(bed, 1), 0);
}
TEST(timers_say_what_is_wrong) { on_every(check_errors); }

static void check_gone(struct bed *bed, uint32_t type)
{
    for (uint32_t key = 0; key < 3; key++) {
        put(bed, key);
        arm(bed, key, 10);
    }
    uint32_t key = 0;
    assert_int_equal(skep_map_delete(bed->map, &key), type == 2 ? -EINVAL : 0);
    put(bed, 0); /* another element, perhaps in the same place */
    put(bed, 1); /* replaced */
    assert_int_equal(run_at(bed, 2000), UINT64_MAX);
    assert_int_equal(fired(bed, 0), 0);
    assert_int_equal(fired(bed, 1), 0);
    assert_int_equal(fired(bed, 2), 1);
    arm(bed, 0, 10);
    assert_int_equal(run_at(bed, 2000), UINT64_MAX);
    assert_int_equal(fired(bed, 0), 1);
}
TEST(timers_go_with_their_element) { on_every(check_gone); }

/* The handles go while timers are armed: map and program hold one another only through them. */
static void check_handles(struct bed *bed, uint32_t type)
{
    (void)type;
    put(bed, 1);
    arm(bed, 1, 10);
    skep_map_unref(bed->map);
    skep_program_free(bed->program);
    bed->map = NULL;
    bed->program = NULL;
    assert_int_equal(run_at(bed, 2000), UINT64_MAX);
}
TEST(timers_end_with_the_last_user_of_their_map) { on_every(check_handles); }

static void check_program(struct bed *bed, uint32_t type)
{
    (void)type;
    put(bed, 1);
    arm(bed, 1, 10);
    skep_program_free(bed->program); /* the timer keeps it */
    bed->program = NULL;
    assert_int_equal(run_at(bed, 2000), UINT64_MAX);
    assert_int_equal(fired(bed, 1), 1);
}
TEST(timers_keep_the_program_of_their_callback) { on_every(check_program); }

/* ---- many threads */

enum { THREADS = 3, STEPS = 4000 };

struct worker {
    struct bed bed; /* map and program are shared */
    uint64_t random;
};

static uint32_t worker_below(struct worker *worker, uint32_t n)
{
    worker->random = worker->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((worker->random >> 32) * n >> 32);
}

static void *worker_main(void *user)
{
    struct worker *worker = user;
    for (uint32_t i = 0; i < STEPS; i++) {
        static const uint8_t zero[VALUE_BYTES];
        uint32_t key = worker_below(worker, 4);
        uint64_t next;
        switch (worker_below(worker, 8)) {
        case 0: skep_map_update(worker->bed.map, &key, zero, SKEP_MAP_ANY); break;
        case 1: skep_map_delete(worker->bed.map, &key); break;
        case 2: skep_thread_run_timers(worker->bed.thread, 1000 + i, &next); break;
        default: ask(&worker->bed, key, (enum operation)worker_below(worker, 5), i % 50);
        }
    }
    return NULL;
}

TEST(timers_are_armed_fired_and_lost_by_many_threads)
{
    struct bed bed;
    static struct worker workers[THREADS];
    bed_open(&bed, 1, SKEP_ENGINE_CHECKED);
    pthread_t threads[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .bed = bed, .random = i };
        if (i > 0)
            assert_int_equal(skep_thread_new(bed.env, NULL, &workers[i].bed.thread), SKEP_OK);
        assert_int_equal(pthread_create(&threads[i], NULL, worker_main, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        if (i > 0)
            skep_thread_free(workers[i].bed.thread);
    }
    put(&bed, 2);
    arm(&bed, 2, 10); /* all is as usual afterwards */
    assert_int_equal(run_at(&bed, 1u << 30), UINT64_MAX);
    assert_int_equal(fired(&bed, 2), 1);
    bed_close(&bed);
}

UNIT_TESTS(UNIT(timers_fire_when_due_and_once), UNIT(timers_say_what_is_wrong),
           UNIT(timers_go_with_their_element), UNIT(timers_end_with_the_last_user_of_their_map),
           UNIT(timers_keep_the_program_of_their_callback),
           UNIT(timers_are_armed_fired_and_lost_by_many_threads))
