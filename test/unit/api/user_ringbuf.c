/* Records from the host to a program: the public door, and what the checked engine keeps a callback
 * from doing with the dynptr that it is lent. */
#include "support/programs.h"

#include <errno.h>
#include <stdio.h>

static const struct skep_load_options checked_options = { .size = sizeof(checked_options),
                                                          .trusted = true };

/* The callback gets the record in r1 and, in r2, a place of 8 bytes. */
#define DRAIN(after, callback)                                                                     \
    "r1 = 0\n*(u64 *)(r10 - 8) = r1\n"                                                             \
    "r1 = map[idx:0]\nr2 = code[take]\nr3 = r10\nr3 += -8\nr4 = 0\ncall 209\n" after "exit\n"      \
    "take: " callback "r0 = 0\nexit\n"
#define SLICE "r6 = r2\nr2 = 0\nr3 = 8\ncall 203\nif r0 == 0 goto +1\n"

static const struct skep_map_spec ring_spec = {
    .size = sizeof(ring_spec), .name = "ring", .type = 31, .max_entries = 4096
};

static void put(skep_map *ring, uint64_t value)
{
    void *record = NULL;
    assert_int_equal(skep_user_ringbuf_reserve(ring, sizeof(value), &record), 0);
    memcpy(record, &value, sizeof(value));
    skep_user_ringbuf_submit(ring, record, false);
}

/* Runs a text on one record of 7; the report of its fault, "" when there is none. */
static const char *run(const char *text, uint64_t *r0)
{
    static char id[64];
    skep_env *env;
    skep_thread *thread;
    skep_map *ring;
    struct skep_memory memory = { NULL, 0 };
    assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    assert_int_equal(skep_map_new(env, &ring_spec, &ring, NULL), SKEP_OK);
    struct skep_load_options options = checked_options;
    options.maps = &ring;
    options.n_maps = 1;
    skep_program *program = program_from_text(env, "memory", text, &options);
    put(ring, 7);
    skep_status status = skep_run(thread, program, &memory, r0);
    const struct skep_fault *fault = skep_thread_fault(thread);
    snprintf(id, sizeof(id), "%s", fault ? skep_error_id(&fault->error) : "");
    assert_int_equal(status, fault ? SKEP_TRAP : SKEP_OK);
    skep_program_free(program);
    skep_map_unref(ring);
    skep_thread_free(thread);
    skep_env_free(env);
    return id;
}

TEST(a_callback_reads_the_hosts_record)
{
    uint64_t r0 = 0;
    const char *text =
        DRAIN("r0 = *(u64 *)(r10 - 8)\n", SLICE "r0 = *(u64 *)(r0 + 0)\n*(u64 *)(r6 + 0) = r0\n");
    assert_string_equal(run(text, &r0), "");
    assert_int_equal(r0, 7);
}

TEST(what_is_lent_is_not_kept)
{
    uint64_t r0;
    assert_string_equal(run(DRAIN("", "r0 = *(u64 *)(r1 + 0)\n"), &r0), "vm-no-access");
    assert_string_equal(run(DRAIN("", "*(u64 *)(r1 + 0) = r2\n"), &r0), "vm-no-access");
    assert_string_equal(
        run(DRAIN("r1 = *(u64 *)(r10 - 8)\nr2 = 0\nr3 = 8\ncall 203\n", "*(u64 *)(r2 + 0) = r1\n"),
            &r0),
        "vm-call-over");
    assert_string_equal(run(DRAIN("r1 = *(u64 *)(r10 - 8)\nr0 = *(u64 *)(r1 + 0)\n",
                                  SLICE "*(u64 *)(r6 + 0) = r0\n"),
                            &r0),
                        "vm-call-over");
    assert_string_equal(run(DRAIN("", "r2 = 0\ncall 199\n"), &r0), "vm-bad-argument");
    assert_string_equal(run(DRAIN("", SLICE "r0 = *(u64 *)(r0 + 1)\n"), &r0), "vm-out-of-bounds");
}

TEST(only_user_rings_take_records)
{
    skep_env *env;
    skep_map *map;
    void *record;
    struct skep_map_spec spec = ring_spec;
    assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
    assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
    assert_int_equal(skep_user_ringbuf_reserve(map, 4089, &record), -E2BIG);
    assert_int_equal(skep_user_ringbuf_reserve(map, UINT64_MAX, &record), -E2BIG);
    assert_int_equal(skep_user_ringbuf_reserve(map, 4088, &record), 0);
    skep_user_ringbuf_submit(map, record, true);
    assert_int_equal(skep_user_ringbuf_reserve(map, 0, &record), -ENOSPC);
    assert_int_equal(skep_user_ringbuf_wait(map, 0), -ETIMEDOUT);
    assert_int_equal(skep_ringbuf_drain(map, NULL, NULL), -EINVAL);
    skep_map_unref(map);
    spec.type = 27;
    assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
    assert_int_equal(skep_user_ringbuf_reserve(map, 8, &record), -EINVAL);
    assert_int_equal(skep_user_ringbuf_wait(map, 0), -EINVAL);
    skep_map_unref(map);
    skep_env_free(env);
}

UNIT_TESTS(UNIT(a_callback_reads_the_hosts_record), UNIT(what_is_lent_is_not_kept),
           UNIT(only_user_rings_take_records))
