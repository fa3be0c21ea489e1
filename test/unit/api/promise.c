/* Builds with assertions end in a helper that breaks its contract, whichever engine calls it. */
#include "support/programs.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Says that it writes 8 bytes, and writes as many as its second argument says. */
static uint64_t writes_more(skep_thread *thread, uint64_t to, uint64_t size, uint64_t a3,
                            uint64_t a4, uint64_t a5)
{
    (void)thread, (void)a3, (void)a4, (void)a5;
    memset((void *)(uintptr_t)to, 7, size);
    return 0;
}

static const struct skep_helper breaks = {
    .size = sizeof(breaks),
    .name = "breaks",
    .id = 0x10001,
    .personality = SKEP_APPLICATION,
    .family = SKEP_FAMILY_APPLICATION,
    .run = writes_more,
    .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE, .bytes = 8 },
              { .kind = SKEP_ARG_ANYTHING } },
};

static void run(enum skep_engine engine, int size)
{
    const struct skep_helper *const own[] = { &breaks };
    const struct skep_env_options options = { .size = sizeof(options),
                                              .helpers = own,
                                              .n_helpers = 1 };
    const struct skep_load_options load = { .size = sizeof(load),
                                            .engine = engine,
                                            .profile = SKEP_PROFILE_LINUX,
                                            .trusted = engine != SKEP_ENGINE_JIT };
    struct skep_memory memory = { NULL, 0 };
    char text[128];
    skep_env *env;
    skep_thread *thread;
    uint64_t r0 = 1;
    snprintf(text, sizeof(text), "r1 = r10; r1 += -32; r2 = %d; call 0x10001; exit", size);
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    skep_program *program = program_from_text(env, "memory", text, &load);
    assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_OK);
    assert_int_equal(r0, 0);
    skep_program_free(program);
    skep_thread_free(thread);
    skep_env_free(env);
}

/* In a process of its own, whose last words nobody reads. */
static int ends_with(enum skep_engine engine, int size)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = { 0, 0 };
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        run(engine, size);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(a_helper_that_writes_too_much_ends_the_process)
{
    const enum skep_engine engines[] = { SKEP_ENGINE_CHECKED, SKEP_ENGINE_INTERP, SKEP_ENGINE_JIT };
#ifdef NDEBUG
    int expected = 0;
#else
    int expected = SIGABRT;
#endif
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        if (engines[i] == SKEP_ENGINE_JIT && !*skep_jit_name())
            continue;
        assert_int_equal(ends_with(engines[i], 8), 0);
        assert_int_equal(ends_with(engines[i], 9), expected);
    }
}

UNIT_TESTS(UNIT(a_helper_that_writes_too_much_ends_the_process))
