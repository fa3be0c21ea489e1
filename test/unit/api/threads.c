/* Threads that run the same program over the same maps on all engines, while the host reads,
 * replaces a tail-called program and drains a ring buffer.  Sums come out right; under the thread
 * sanitizer nothing races. */
#include "support/programs.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 3, RUNS = 2000 };
enum { COUNTS, TABLE, RECENT, OWN, RING, PROGRAMS, N_MAPS };

/* clang-format off */
static const struct skep_map_spec specs[N_MAPS] = {
    [COUNTS]   = { .name = "counts",   .type = 2,  .key_size = 4, .value_size = 24, .max_entries = 1, .lock_at = 1 + 8 },
    [TABLE]    = { .name = "table",    .type = 1,  .key_size = 4, .value_size = 8,  .max_entries = 8 },
    [RECENT]   = { .name = "recent",   .type = 9,  .key_size = 4, .value_size = 8,  .max_entries = 8 },
    [OWN]      = { .name = "own",      .type = 6,  .key_size = 4, .value_size = 8,  .max_entries = 1 },
    [RING]     = { .name = "ring",     .type = 27,                                  .max_entries = 4096 },
    [PROGRAMS] = { .name = "programs", .type = 3,  .key_size = 4, .value_size = 4,  .max_entries = 1 },
};
/* clang-format on */

#define MAP_KEY(map, key) "*(u32 *)(r10 - 4) = " key "; r1 = map[idx:" map "]; r2 = r10; r2 += -4;"

/* counts: an atomic counter, a lock, a counter under the lock. */
static const char text[] =
    "r6 = r1;" MAP_KEY("0", "0") "call 1; if r0 == 0 goto out; r7 = r0;"
                                 "r1 = 1; lock *(u64 *)(r7 + 0) += r1;"
                                 "r1 = r7; r1 += 8; call 93;"
                                 "r1 = *(u64 *)(r7 + 16); r1 += 1; *(u64 *)(r7 + 16) = r1;"
                                 "r1 = r7; r1 += 8; call 94;"
    /* own: a value that no other thread writes */
    MAP_KEY("3",
            "0") "call 1; if r0 == 0 goto out;"
                 "r1 = *(u64 *)(r0 + 0); r1 += 1; *(u64 *)(r0 + 0) = r1;"
                 /* table and recent: random keys come and go */
                 "call 7; r8 = r0; r8 &= 15; *(u64 *)(r10 - 16) = 1;"
                 "*(u32 *)(r10 - 4) = r8; r1 = map[idx:1]; r2 = r10; r2 += -4; r3 = r10; r3 += "
                 "-16; r4 = 0;"
                 "call 2;"
                 "*(u32 *)(r10 - 4) = r8; r1 = map[idx:2]; r2 = r10; r2 += -4; r3 = r10; r3 += "
                 "-16; r4 = 0;"
                 "call 2;"
                 "r1 = map[idx:2]; r2 = r10; r2 += -4; call 1; if r0 == 0 goto +2;"
                 "r1 = 1; lock *(u64 *)(r0 + 0) += r1;"
                 "r8 ^= 5; *(u32 *)(r10 - 4) = r8; r1 = map[idx:1]; r2 = r10; r2 += -4; call 3;"
                 "r1 = map[idx:1]; r2 = code[walk]; r3 = 0; r4 = 0; call 164;"
                 /* a record */
                 "r1 = map[idx:4]; r2 = 16; r3 = 0; call 131; if r0 == 0 goto tail;"
                 "*(u64 *)(r0 + 0) = r6; r1 = r0; r2 = 0; call 132;"
                 "tail: r1 = r6; r2 = map[idx:5]; r3 = 0; call 12;"
                 "out: r0 = 1; exit;"
                 "walk: r1 = *(u32 *)(r2 + 0); r0 = 0; exit";

struct shared {
    skep_env *env;
    skep_program *program;
    skep_map *maps[N_MAPS];
    atomic_int running;
};

static void *run_many(void *user)
{
    struct shared *s = user;
    skep_thread *thread;
    skep_packet *packet;
    uintptr_t failed = 0;
    if (skep_thread_new(s->env, NULL, &thread) != SKEP_OK ||
        skep_packet_new(s->env, 64, &packet) != SKEP_OK)
        return (void *)1;
    for (int i = 0; i < RUNS; i++) {
        uint64_t r0 = 0;
        failed |= skep_run(thread, s->program, packet, &r0) != SKEP_OK || r0 < 1 || r0 > 3;
    }
    skep_packet_free(packet);
    skep_thread_free(thread);
    atomic_fetch_sub(&s->running, 1);
    return (void *)failed;
}

static int count_record(void *user, const void *data, size_t size)
{
    (void)data;
    *(size_t *)user += size == 16;
    return 0;
}

static skep_program *load(struct shared *s, const char *source, enum skep_engine engine)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = engine,
                                         .profile = SKEP_PROFILE_LINUX,
                                         .trusted = engine != SKEP_ENGINE_JIT,
                                         .maps = s->maps,
                                         .n_maps = N_MAPS };
    return program_from_text(s->env, "xdp", source, &options);
}

/* Meanwhile the host puts one program and then the other into the array, and reads. */
static size_t disturb(struct shared *s)
{
    static const enum skep_engine engines[] = { SKEP_ENGINE_CHECKED, SKEP_ENGINE_INTERP,
                                                SKEP_ENGINE_JIT };
    unsigned n_engines = *skep_jit_name() ? 3 : 2;
    size_t records = 0;
    for (unsigned i = 0; atomic_load(&s->running) > 0; i++) {
        uint64_t value;
        skep_program *target =
            load(s, i % 2 ? "r0 = 2; exit" : "r0 = 3; exit", engines[i / 2 % n_engines]);
        skep_map_set_program(s->maps[PROGRAMS], 0, target);
        skep_program_free(target);
        skep_ringbuf_drain(s->maps[RING], count_record, &records);
        skep_map_lookup(s->maps[TABLE], &(uint32_t){ i % 16 }, &value);
        skep_map_delete(s->maps[RECENT], &(uint32_t){ i % 16 });
        if (i % 8 == 7)
            skep_map_delete(s->maps[PROGRAMS], &(uint32_t){ 0 });
    }
    skep_ringbuf_drain(s->maps[RING], count_record, &records);
    return records;
}

static void run_threads(enum skep_engine engine)
{
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = THREADS };
    struct shared s = { .running = THREADS };
    pthread_t threads[THREADS];
    uint64_t counts[3], own[THREADS];
    assert_int_equal(skep_env_new(&options, &s.env, NULL), SKEP_OK);
    for (int i = 0; i < N_MAPS; i++) {
        struct skep_map_spec spec = specs[i];
        spec.size = sizeof(spec);
        assert_int_equal(skep_map_new(s.env, &spec, &s.maps[i], NULL), SKEP_OK);
    }
    s.program = load(&s, text, engine);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &s), 0);
    size_t records = disturb(&s);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(skep_map_lookup(s.maps[COUNTS], &(uint32_t){ 0 }, counts), 0);
    assert_int_equal(counts[0], THREADS * RUNS);
    assert_int_equal(counts[2], THREADS * RUNS);
    assert_int_equal(skep_map_lookup(s.maps[OWN], &(uint32_t){ 0 }, own), 0);
    assert_int_equal(own[0] + own[1] + own[2], THREADS * RUNS);
    assert_int_equal(records + skep_ringbuf_lost(s.maps[RING]), THREADS * RUNS);
    skep_program_free(s.program);
    for (int i = 0; i < N_MAPS; i++)
        skep_map_unref(s.maps[i]);
    assert_true(skep_env_memory_used(s.env) < 1 << 20);
    skep_env_free(s.env);
}

TEST(threads_share_maps_in_checked) { run_threads(SKEP_ENGINE_CHECKED); }
TEST(threads_share_maps_in_interp) { run_threads(SKEP_ENGINE_INTERP); }
TEST(threads_share_maps_in_compiled_code)
{
    if (!*skep_jit_name())
        skip();
    run_threads(SKEP_ENGINE_JIT);
}

UNIT_TESTS(UNIT(threads_share_maps_in_checked), UNIT(threads_share_maps_in_interp),
           UNIT(threads_share_maps_in_compiled_code))
