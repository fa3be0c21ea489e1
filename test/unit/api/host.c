/* Hosts decide what programs meet: helpers can be mocked, clock and random numbers fixed, and what
 * is described but cannot be made here is refused by its name. */
#include "support/programs.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

static const struct skep_load_options interp_options = { .size = sizeof(interp_options),
                                                         .engine = SKEP_ENGINE_INTERP,
                                                         .profile = SKEP_PROFILE_LINUX,
                                                         .trusted = true };
static const struct skep_load_options checked_options = { .size = sizeof(checked_options),
                                                          .profile = SKEP_PROFILE_LINUX,
                                                          .trusted = true };
static const struct skep_load_options *const engine_options[] = { &interp_options,
                                                                  &checked_options };

static uint64_t run_text(skep_env *env, const char *hook, const char *text, void *ctx,
                         const struct skep_load_options *options)
{
    skep_thread *thread;
    struct skep_thread_options seeded = { .size = sizeof(seeded), .random_seed = 42 };
    uint64_t r0 = 0;
    assert_int_equal(skep_thread_new(env, &seeded, &thread), SKEP_OK);
    skep_program *program = program_from_text(env, hook, text, options);
    assert_int_equal(skep_run(thread, program, ctx, &r0), SKEP_OK);
    skep_program_free(program);
    skep_thread_free(thread);
    return r0;
}

static uint64_t route_of_mock(skep_thread *thread, uint64_t ctx, uint64_t params, uint64_t size,
                              uint64_t flags, uint64_t a5)
{
    (void)thread, (void)ctx, (void)flags, (void)a5;
    memset((void *)(uintptr_t)params, 9, size);
    return 0;
}

/* bpf_fib_lookup, as a test of a router wants it: there is a way for every packet. */
static const struct skep_helper mock_route = {
    .size = sizeof(mock_route),
    .name = "bpf_fib_lookup",
    .id = 69,
    .family = SKEP_FAMILY_NET,
    .run = route_of_mock,
    .args = { { .kind = SKEP_ARG_CTX },
              { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ | SKEP_ARG_WRITE },
              { .kind = SKEP_ARG_SIZE },
              { .kind = SKEP_ARG_ANYTHING } },
};

TEST(a_helper_can_be_mocked)
{
    static const char text[] = "r2 = r10; r2 += -64; r3 = 64; r4 = 0\n"
                               "r5 = 0\n"
                               "*(u64 *)(r10 - 64) = r5; *(u64 *)(r10 - 56) = r5\n"
                               "*(u8 *)(r10 - 64) = 2\n" /* AF_INET */
                               "call 69\n"
                               "r1 = *(u8 *)(r10 - 1)\n"
                               "r0 <<= 8; r0 |= r1; exit\n";
    const struct skep_helper *const mocks[] = { &mock_route };
    struct skep_env_options options = { .size = sizeof(options),
                                        .replaced_helpers = mocks,
                                        .n_replaced_helpers = 1 };
    for (size_t i = 0; i < 4; i++) {
        skep_env *env;
        skep_packet *packet;
        assert_int_equal(skep_env_new(i < 2 ? NULL : &options, &env, NULL), SKEP_OK);
        assert_int_equal(skep_packet_new(env, 100, &packet), SKEP_OK);
        assert_int_equal(skep_packet_set(packet, text, 64), SKEP_OK);
        uint64_t r0 = run_text(env, "xdp", text, packet, engine_options[i % 2]);
        assert_int_equal(r0, i < 2 ? 4 << 8 : 9);
        skep_packet_free(packet);
        skep_env_free(env);
    }
}

static uint64_t stopped_clock(void *user, enum skep_clock clock)
{
    return *(uint64_t *)user + clock;
}
static uint32_t a_fair_die(void *user)
{
    (void)user;
    return 4;
}

TEST(clock_and_random_numbers_can_be_fixed)
{
    static const char text[] = "call 5; r6 = r0; call 125; r6 += r0; call 7; r0 += r6; exit";
    uint64_t now = 1000;
    struct skep_memory memory = { NULL, 0 };
    struct skep_host host = { .user = &now, .clock_ns = stopped_clock, .random_u32 = a_fair_die };
    struct skep_env_options options = { .size = sizeof(options), .host = &host };
    for (size_t i = 0; i < 2; i++) {
        skep_env *env;
        assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
        assert_int_equal(run_text(env, "memory", text, &memory, engine_options[i]), 2005);
        skep_env_free(env);
    }
}

TEST(the_same_seed_gives_the_same_random_numbers)
{
    static const char text[] = "call 7; r6 = r0; call 7; r6 <<= 32; r0 |= r6; exit";
    struct skep_memory memory = { NULL, 0 };
    skep_env *env;
    assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
    uint64_t first = run_text(env, "memory", text, &memory, &checked_options);
    assert_true(first != 0);
    assert_true(first == run_text(env, "memory", text, &memory, &checked_options));
    assert_true(first == run_text(env, "memory", text, &memory, &interp_options));
    skep_env_free(env);
}

/* An argument that the host gave may be a typed object; a number that the program made may not. */
TEST(arguments_of_the_host_are_objects_to_helpers)
{
    static const char good[] = "r1 = *(u64 *)(r1 + 8)\n*(u64 *)(r10 - 16) = r1\n"
                               "r1 = *(u64 *)(r10 - 16)\n"
                               "r2 = r10; r2 += -8; *(u64 *)(r10 - 8) = 5; r3 = 8; call 127; exit";
    static const char bad[] = "r1 = *(u64 *)(r1 + 8)\nr1 += 1\n"
                              "r2 = r10; r2 += -8; *(u64 *)(r10 - 8) = 5; r3 = 8; call 127; exit";
    uint64_t args[12] = { 1, 0x1000 }, r0;
    skep_env *env;
    skep_thread *thread;
    assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
    assert_int_equal(run_text(env, "tracing", good, args, &checked_options), 0);
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    skep_program *program = program_from_text(env, "tracing", bad, &checked_options);
    assert_int_equal(skep_run(thread, program, args, &r0), SKEP_TRAP);
    assert_string_equal(skep_error_id(&skep_thread_fault(thread)->error), "vm-bad-argument");
    skep_program_free(program);
    skep_thread_free(thread);
    skep_env_free(env);
}

TEST(every_map_type_of_linux_is_known_by_name)
{
    static const struct {
        uint32_t id;
        const char *name;
    } names[] = { { BPF_MAP_TYPE_SOCKMAP, "sockmap" },
                  { BPF_MAP_TYPE_SOCKHASH, "sockhash" },
                  { BPF_MAP_TYPE_CGROUP_STORAGE, "cgroup_storage" },
                  { BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "reuseport_sockarray" },
                  { BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, "percpu_cgroup_storage" },
                  { BPF_MAP_TYPE_SK_STORAGE, "sk_storage" },
                  { BPF_MAP_TYPE_STRUCT_OPS, "struct_ops" },
                  { BPF_MAP_TYPE_INODE_STORAGE, "inode_storage" },
                  { BPF_MAP_TYPE_TASK_STORAGE, "task_storage" },
                  { 32, "cgrp_storage" },
                  { 33, "arena" },
                  { 34, "insn_array" },
                  { 35, "rhash" } };
    skep_env *env;
    assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct skep_map_spec spec = {
            .size = sizeof(spec), .name = "declared", .type = names[i].id, .max_entries = 1
        };
        skep_map *map;
        skep_error error = { 0 };
        char text[200];
        assert_int_equal(skep_map_new(env, &spec, &map, &error), SKEP_UNSUPPORTED);
        assert_string_equal(skep_error_id(&error), "map-type-absent");
        skep_error_text(&error, text, sizeof(text));
        assert_non_null(strstr(text, names[i].name));
    }
    skep_env_free(env);
}

TEST(what_is_only_listed_does_not_run)
{
    const struct skep_load_options none = { .size = sizeof(none), .engine = SKEP_ENGINE_NONE };
    skep_env *env;
    skep_thread *thread;
    char *text;
    uint64_t r0 = 7;
    assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    skep_program *program = program_from_text(env, "lsm", "r1 = map[idx:5]; call 64; exit", &none);
    assert_null(skep_program_map_at(program, 0));
    assert_int_equal(skep_program_list(program, SKEP_LIST_HOST, &text), SKEP_OK);
    assert_non_null(strstr(text, "CALL 0x40"));
    free(text);
    assert_int_equal(skep_run(thread, program, NULL, &r0), SKEP_UNSUPPORTED);
    assert_int_equal(r0, 7);
    skep_program_free(program);
    skep_thread_free(thread);
    skep_env_free(env);
}

UNIT_TESTS(UNIT(what_is_only_listed_does_not_run), UNIT(a_helper_can_be_mocked),
           UNIT(clock_and_random_numbers_can_be_fixed),
           UNIT(the_same_seed_gives_the_same_random_numbers),
           UNIT(arguments_of_the_host_are_objects_to_helpers),
           UNIT(every_map_type_of_linux_is_known_by_name))
