/* Every allocation in turn is refused: the call fails with SKEP_NOMEM and nothing is lost. */
#include "support/programs.h"

/* Grants a number of growing calls, then refuses one; knows what is in use. */
struct failing {
    long grants;
    bool refused;
    size_t in_use;
};

static void *failing_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    struct failing *f = user;
    if (new_size > old_size && f->grants-- == 0) {
        f->refused = true;
        return NULL;
    }
    f->in_use += new_size - old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

static const char nomem_program[] = "*(u32 *)(r10 - 4) = 0\n"
                                    "r1 = map[idx:0]\n"
                                    "r2 = r10\n"
                                    "r2 += -4\n"
                                    "call 1\n"
                                    "r0 = 1\n"
                                    "exit\n";

/* The whole life of an env: SKEP_OK, or the first failure. */
static skep_status live(const struct skep_allocator *allocator, enum skep_engine engine)
{
    struct skep_env_options options = { .size = sizeof(options),
                                        .allocator = allocator,
                                        .n_cpus = 2 };
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "m",
                                  .type = 1,
                                  .key_size = 4,
                                  .value_size = 8,
                                  .max_entries = 64 };
    skep_env *env = NULL;
    skep_map *map = NULL;
    skep_object *object = NULL;
    skep_program *program = NULL;
    skep_thread *thread = NULL;
    skep_insn *insns;
    size_t count;
    assert_int_equal(skep_assemble(nomem_program, &insns, &count, NULL), SKEP_OK);

    skep_status status = skep_env_new(&options, &env, NULL);
    if (status == SKEP_OK)
        status = skep_map_new(env, &spec, &map, NULL);
    if (status == SKEP_OK)
        status = skep_object_from_insns(env, "main", insns, count, hook_named(env, "memory"),
                                        &object, NULL);
    if (status == SKEP_OK) {
        struct skep_load_options load = {
            .size = sizeof(load),
            .engine = engine,
            .trusted = engine != SKEP_ENGINE_JIT,
            .debuggers = SKEP_DEBUGGER_GDB,
            .maps = &map,
            .n_maps = 1,
        };
        status = skep_program_load(object, NULL, &load, &program, NULL);
    }
    if (status == SKEP_OK)
        status = skep_thread_new(env, NULL, &thread);
    if (status == SKEP_OK) {
        struct skep_memory memory = { NULL, 0 };
        uint64_t r0 = 0;
        status = skep_run(thread, program, &memory, &r0);
        assert_int_equal(r0, 1);
    }
    skep_thread_free(thread);
    skep_program_free(program);
    skep_object_close(object);
    skep_map_unref(map);
    skep_env_free(env);
    free(insns);
    return status;
}

static void refuse_each(enum skep_engine engine)
{
    long i = 0;
    for (bool refused = true; refused; i++) {
        struct failing failing = { .grants = i };
        struct skep_allocator allocator = { failing_resize, &failing };
        skep_status status = live(&allocator, engine);
        refused = failing.refused;
        assert_int_equal(status, refused ? SKEP_NOMEM : SKEP_OK);
        assert_int_equal(failing.in_use, 0);
    }
    assert_true(i > 20); /* it did refuse at many places */
}

TEST(every_refused_allocation_is_reported_and_nothing_is_lost_interp)
{
    refuse_each(SKEP_ENGINE_INTERP);
}

TEST(every_refused_allocation_is_reported_and_nothing_is_lost_checked)
{
    refuse_each(SKEP_ENGINE_CHECKED);
}

TEST(every_refused_allocation_is_reported_and_nothing_is_lost_compiling)
{
    if (!*skep_jit_name())
        skip();
    refuse_each(SKEP_ENGINE_JIT);
}

UNIT_TESTS(UNIT(every_refused_allocation_is_reported_and_nothing_is_lost_interp),
           UNIT(every_refused_allocation_is_reported_and_nothing_is_lost_checked),
           UNIT(every_refused_allocation_is_reported_and_nothing_is_lost_compiling))
