/* Programs that try to reach what is not theirs, or to keep the host busy for ever, through the
 * public API and with the helpers and maps that are built in.  A run may end in any way but a
 * crash, a report of a sanitizer, or not at all. */
#include "support/programs.h"

#include <stdio.h>

enum {
    HASH,     /* 4 → 8 */
    ARRAY,    /* 4 → 64 */
    LONG_KEY, /* 512 → 8 */
    RING,     /* 4096 bytes */
    PROGRAMS, /* 4 programs */
    LARGE,    /* 4 → 16 MB */
    EMPTY,    /* a hash of 2^22 elements, none of them there */
    N_MAPS
};

/* clang-format off */
static const struct skep_map_spec specs[N_MAPS] = {
    [HASH]     = { .type = 1,  .key_size = 4,   .value_size = 8,       .max_entries = 64 },
    [ARRAY]    = { .type = 2,  .key_size = 4,   .value_size = 64,      .max_entries = 4 },
    [LONG_KEY] = { .type = 1,  .key_size = 512, .value_size = 8,       .max_entries = 4 },
    [RING]     = { .type = 27,                                         .max_entries = 4096 },
    [PROGRAMS] = { .type = 3,  .key_size = 4,   .value_size = 4,       .max_entries = 4 },
    [LARGE]    = { .type = 2,  .key_size = 4,   .value_size = 1 << 24, .max_entries = 1 },
    [EMPTY]    = { .type = 1,  .key_size = 4,   .value_size = 8,       .max_entries = 1 << 22,
                   .flags = 1 },
};
/* clang-format on */

struct world {
    skep_env *env;
    skep_thread *thread;
    skep_map *maps[N_MAPS];
    skep_packet *packet;
};

static void drain(void *user, const char *text, size_t length);

static void open_world(struct world *w)
{
    struct skep_host host = { .user = w, .print = drain };
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = 2, .host = &host };
    uint8_t frame[64] = { 0 };
    assert_int_equal(skep_env_new(&options, &w->env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(w->env, NULL, &w->thread), SKEP_OK);
    for (size_t i = 0; i < N_MAPS; i++) {
        struct skep_map_spec spec = specs[i];
        char name[2] = { (char)('a' + i), 0 };
        spec.size = sizeof(spec);
        spec.name = name;
        assert_int_equal(skep_map_new(w->env, &spec, &w->maps[i], NULL), SKEP_OK);
    }
    assert_int_equal(skep_packet_new(w->env, 128, &w->packet), SKEP_OK);
    assert_int_equal(skep_packet_set(w->packet, frame, sizeof(frame)), SKEP_OK);
}

static void close_world(struct world *w)
{
    skep_packet_free(w->packet);
    for (size_t i = 0; i < N_MAPS; i++)
        skep_map_unref(w->maps[i]);
    skep_thread_free(w->thread);
    skep_env_free(w->env);
}

static skep_program *load_in(struct world *w, const char *hook, const char *text)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = SKEP_ENGINE_CHECKED,
                                         .trusted = true,
                                         .profile = SKEP_PROFILE_RFC,
                                         .fuel = 1 << 22,
                                         .maps = w->maps,
                                         .n_maps = N_MAPS };
    return program_from_text(w->env, hook, text, &options);
}

/* Runs a program once; the result, or UINT64_MAX and the id of the fault. */
static skep_status run_once(struct world *w, const char *hook, const char *text, uint64_t *r0,
                            const char **id)
{
    skep_program *program = load_in(w, hook, text);
    uint8_t bytes[64] = { 0 };
    struct skep_memory memory = { bytes, sizeof(bytes) };
    bool on_packet = strcmp(hook, "memory") != 0;
    skep_status status = skep_run(w->thread, program, on_packet ? (void *)w->packet : &memory, r0);
    const struct skep_fault *fault = skep_thread_fault(w->thread);
    *id = fault ? skep_error_id(&fault->error) : "";
    skep_program_free(program);
    return status;
}

static void faults(struct world *w, const char *hook, const char *text, const char *expected)
{
    uint64_t r0 = 0;
    const char *id;
    skep_status status = run_once(w, hook, text, &r0, &id);
    if (status != SKEP_TRAP || strcmp(id, expected) != 0)
        fail_msg("%s\n%s %s, r0 %llx; expected %s", text, skep_status_name(status), id,
                 (unsigned long long)r0, expected);
}

static void gives(struct world *w, const char *hook, const char *text, uint64_t expected)
{
    uint64_t r0 = 0;
    const char *id;
    skep_status status = run_once(w, hook, text, &r0, &id);
    if (status != SKEP_OK || r0 != expected)
        fail_msg("%s\n%s %s, r0 %llx", text, skep_status_name(status), id, (unsigned long long)r0);
}

/* ---- lifetimes */

#define FOR_EACH_KEEPING_THE_KEY(MAP)                                                              \
    "*(u64 *)(r10 - 8) = 0; r1 = map[idx:" MAP "]; r2 = code[f]; r3 = r10; r3 += -8; r4 = 0;"      \
    "call 164;"
#define KEEP_THE_KEY "f: *(u64 *)(r4 + 0) = r2; r0 = *(u8 *)(r2 + 0); r0 = 0; exit"

TEST(a_callbacks_key_is_gone_after_the_walk)
{
    static const char *const texts[] = {
        FOR_EACH_KEEPING_THE_KEY(
            "0") "r1 = *(u64 *)(r10 - 8); r0 = *(u8 *)(r1 + 0); exit;" KEEP_THE_KEY,
        FOR_EACH_KEEPING_THE_KEY(
            "2") "r1 = *(u64 *)(r10 - 8); r0 = *(u8 *)(r1 + 0); exit;" KEEP_THE_KEY,
        /* as an argument */
        FOR_EACH_KEEPING_THE_KEY("0") "r2 = *(u64 *)(r10 - 8); r1 = map[idx:0]; call 1;"
                                      "r0 = 0; exit;" KEEP_THE_KEY,
        /* in a later callback of another call */
        FOR_EACH_KEEPING_THE_KEY("0") "r1 = 1; r2 = code[g]; r3 = r10; r3 += -8; r4 = 0;"
                                      "call 181; exit;" KEEP_THE_KEY
                                      "; g: r1 = *(u64 *)(r2 + 0); r0 = *(u8 *)(r1 + 0); exit",
    };
    struct world w;
    uint8_t key[512] = { 1 };
    uint64_t value = 5;
    open_world(&w);
    assert_int_equal(skep_map_update(w.maps[HASH], key, &value, 0), 0);
    assert_int_equal(skep_map_update(w.maps[LONG_KEY], key, &value, 0), 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        faults(&w, "memory", texts[i], "vm-call-over");
    /* in the walk, and in calls that its callback makes, it is there */
    gives(&w, "memory",
          "r1 = map[idx:0]; r2 = code[f]; r3 = 0; r4 = 0; call 164; exit;"
          "f: *(u64 *)(r10 - 8) = r2; r1 = 1; r2 = code[g]; r3 = r10; r3 += -8; r4 = 0; call 181;"
          "exit;"
          "g: r1 = *(u64 *)(r2 + 0); r0 = *(u8 *)(r1 + 0); r0 += -1; exit",
          1);
    close_world(&w);
}

static int count_record(void *user, const void *data, size_t size)
{
    (void)data;
    *(size_t *)user += size;
    return 0;
}

/* A host may read records at any time: here, whenever the program prints. */
static void drain(void *user, const char *text, size_t length)
{
    struct world *w = user;
    size_t bytes = 0;
    (void)text, (void)length;
    skep_ringbuf_drain(w->maps[RING], count_record, &bytes);
}

#define PRINT "*(u64 *)(r10 - 8) = 0; r1 = r10; r1 += -8; r2 = 8; call 6;"
#define RESERVE(size) "r1 = map[idx:3]; r2 = " size "; r3 = 0; call 131;"
#define DISCARD "r2 = 0; call 133;"

/* The ring is 4096 bytes, and each record has 8 more: after 16, 2032, 2048 and 16 bytes comes the
 * place of the second record again.  The others are all noted where the first one was. */
TEST(a_new_record_in_an_old_place_does_not_wake_old_pointers)
{
    struct world w;
    open_world(&w);
    const char *text = RESERVE("8") "r7 = r0; if r0 == 0 goto none;" RESERVE(
        "2024") "r6 = r0; if r0 == 0 goto none;"
                "r1 = r6;" DISCARD "r1 = r7;" DISCARD PRINT RESERVE(
                    "2040") "r7 = r0; if r0 == 0 goto none; r1 = r7;" DISCARD PRINT
                    RESERVE("8") "r7 = r0; if r0 == 0 goto none; r1 = r7;" DISCARD PRINT RESERVE(
                        "8") "r7 = r0; if r0 == 0 goto none; if r7 != r6 goto elsewhere;"
                             "*(u64 *)(r6 + 1024) = -1;"
                             "elsewhere: r1 = r7;" DISCARD "r0 = 1; exit;"
                             "none: r0 = 0; exit";
    faults(&w, "memory", text, "vm-record-gone");
    close_world(&w);
}

/* ---- helpers and their arguments */

#define DATA(reg) "r6 = r1; " reg " = *(u32 *)(r1 + 0);"
#define SKB_DATA(reg) "r6 = r1; " reg " = *(u32 *)(r1 + 76);"

TEST(packet_bytes_may_be_copied_within_the_packet)
{
    struct world w;
    open_world(&w);
    gives(&w, "xdp", DATA("r3") "r2 = 8; r4 = 32; call 190; exit", 0);
    gives(&w, "xdp", DATA("r3") "r2 = 8; r4 = 32; call 189; exit", 0);
    gives(&w, "xdp", DATA("r3") "r3 += 4; r2 = 0; r4 = 32; call 189; exit", 0);
    gives(&w, "sched_cls", SKB_DATA("r3") "r2 = 8; r4 = 32; r5 = 0; call 9; exit", 0);
    gives(&w, "sched_cls", SKB_DATA("r3") "r2 = 8; r4 = 32; call 26; exit", 0);
    gives(&w, "sched_cls", SKB_DATA("r3") "r2 = 8; r4 = 32; r5 = 0; call 68; exit", 0);
    close_world(&w);
}

TEST(packet_programs_need_a_packet)
{
    struct world w;
    uint64_t r0;
    open_world(&w);
    skep_program *program = load_in(&w, "xdp", "r2 = 0; call 44; r0 = 0; exit");
    assert_int_equal(skep_run(w.thread, program, NULL, &r0), SKEP_BAD_ARG);
    skep_program_free(program);
    program = load_in(&w, "xdp", "r1 = 1; r2 = 0; call 23; exit");
    assert_int_equal(skep_run(w.thread, program, NULL, &r0), SKEP_BAD_ARG);
    skep_program_free(program);
    close_world(&w);
}

/* ---- time */

#define VALUE_OF(map)                                                                              \
    "*(u32 *)(r10 - 4) = 0; r1 = map[idx:" map "]; r2 = r10; r2 += -4; call 1;"                    \
    "if r0 == 0 goto out; r6 = r0;"

/* A helper that works on megabytes costs more than one that works on bytes. */
TEST(large_buffers_cost_fuel)
{
    static const char *const calls[] = {
        "r1 = r6; r2 = 0x1000000; r3 = r6; call 113;", /* probe_read_kernel */
        "r1 = r6; r2 = 0x1000000; r3 = 0; call 115;",  /* …_str */
        "r1 = r6; r2 = 0x1000000; call 16;",           /* get_current_comm */
        "*(u64 *)(r10 - 8) = 0; r1 = r6; r2 = 0x1000000; r3 = 0; r4 = r10; r4 += -8; call 105;",
        "*(u32 *)(r10 - 4) = 0; r1 = map[idx:5]; r2 = r10; r2 += -4; r3 = r6; r4 = 0; call 2;",
    };
    struct world w;
    open_world(&w);
    memset(skep_map_value(w.maps[LARGE], &(uint32_t){ 0 }, 0), ' ', 1 << 24);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), VALUE_OF("5") "again: %s goto again; out: r0 = 0; exit",
                 calls[i]);
        skep_program *program = load_in(&w, "memory", text);
        struct skep_memory memory = { NULL, 0 };
        uint64_t r0;
        skep_thread_set_fuel(w.thread, 1 << 20);
        assert_int_equal(skep_run(w.thread, program, &memory, &r0), SKEP_FUEL);
        skep_program_free(program);
    }
    close_world(&w);
}

TEST(walks_over_large_empty_maps_cost_fuel)
{
    struct world w;
    uint64_t r0;
    const char *id;
    open_world(&w);
    skep_thread_set_fuel(w.thread, 1 << 20);
    assert_int_equal(run_once(&w, "memory",
                              "again: r1 = map[idx:6]; r2 = code[f]; r3 = 0; r4 = 0; call 164;"
                              "goto again; f: r0 = 0; exit",
                              &r0, &id),
                     SKEP_FUEL);
    close_world(&w);
}

TEST(a_huge_program_array_is_dropped_at_once)
{
    struct world w;
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "huge",
                                  .type = 3,
                                  .key_size = 4,
                                  .value_size = 4,
                                  .max_entries = 1u << 30 };
    skep_map *map;
    uint64_t r0;
    const char *id;
    open_world(&w);
    if (skep_map_new(w.env, &spec, &map, NULL) == SKEP_OK)
        skep_map_unref(map); /* 16 GB must not be touched */
    assert_int_equal(run_once(&w, "memory", "r0 = 0; exit", &r0, &id), SKEP_OK);
    close_world(&w);
}

UNIT_TESTS(UNIT(a_callbacks_key_is_gone_after_the_walk),
           UNIT(a_new_record_in_an_old_place_does_not_wake_old_pointers),
           UNIT(packet_bytes_may_be_copied_within_the_packet), UNIT(packet_programs_need_a_packet),
           UNIT(large_buffers_cost_fuel), UNIT(walks_over_large_empty_maps_cost_fuel),
           UNIT(a_huge_program_array_is_dropped_at_once))
