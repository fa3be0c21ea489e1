/* bpf_get_stackid from a program to the host: the map's key is what the program got, its value what
 * the host said. */
#include "support/programs.h"

#include <errno.h>

static uint32_t depth;
static size_t stack_of(void *user, const void *ctx, bool user_stack, uint64_t *out, size_t n)
{
    (void)user, (void)ctx;
    size_t i = 0;
    for (; i < depth && i < n; i++)
        out[i] = (user_stack ? 0x400000 : 0xffff0000) + 16 * i;
    return i;
}

static const char text[] = "r2 = map[idx:0]\nr3 = *(u64 *)(r1 + 0)\ncall 27\nexit\n";

TEST(a_stack_is_found_under_its_number)
{
    static const struct skep_host host = { .stack = stack_of };
    const struct skep_env_options options = { .size = sizeof(options), .host = &host };
    const struct skep_map_spec spec = { .size = sizeof(spec),
                                        .name = "stacks",
                                        .type = 7,
                                        .key_size = 4,
                                        .value_size = 8 * 8,
                                        .max_entries = 1024 };
    const enum skep_engine engines[] = { SKEP_ENGINE_CHECKED, SKEP_ENGINE_INTERP, SKEP_ENGINE_JIT };
    skep_env *env;
    skep_thread *thread;
    skep_map *map;
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    for (int i = 0; i < (*skep_jit_name() ? 3 : 2); i++) {
        uint64_t found[8], kernel = 0, user = 0, again = 0, registers[64] = { 0 };
        assert_int_equal(skep_map_new(env, &spec, &map, NULL), SKEP_OK);
        const struct skep_load_options load = {
            .size = sizeof(load),
            .engine = engines[i],
            .trusted = engines[i] != SKEP_ENGINE_JIT,
            .maps = &map,
            .n_maps = 1,
        };
        struct skep_memory memory = { registers, 168 };
        skep_program *program = program_from_text(env, "kprobe", text, &load);
        depth = 5;
        assert_int_equal(skep_run(thread, program, &memory, &kernel), SKEP_OK);
        assert_int_equal(skep_run(thread, program, &memory, &again), SKEP_OK);
        assert_true(kernel == again && kernel < 1024);
        registers[0] = 256 | 2; /* the user's, less two */
        assert_int_equal(skep_run(thread, program, &memory, &user), SKEP_OK);
        assert_true(user < 1024 && user != kernel);
        uint32_t key = (uint32_t)kernel;
        assert_int_equal(skep_map_lookup(map, &key, found), 0);
        assert_true(found[0] == 0xffff0000 && found[4] == 0xffff0040 && found[5] == 0);
        key = (uint32_t)user;
        assert_int_equal(skep_map_lookup(map, &key, found), 0);
        assert_true(found[0] == 0x400020 && found[2] == 0x400040 && found[3] == 0);
        assert_int_equal(skep_map_delete(map, &key), 0);
        assert_int_equal(skep_map_lookup(map, &key, found), -ENOENT);
        depth = 0; /* nobody knows a stack */
        assert_int_equal(skep_run(thread, program, &memory, &again), SKEP_OK);
        assert_int_equal((int64_t)again, -EFAULT);
        skep_program_free(program);
        skep_map_unref(map);
    }
    skep_thread_free(thread);
    skep_env_free(env);
}

UNIT_TESTS(UNIT(a_stack_is_found_under_its_number))
