/* Compiled programs of every size: jumps over bodies that make their displacements pass each limit
 * of the machine, forwards and backwards; large programs. */
#include "support/programs.h"

#include <stdarg.h>
#include <stdio.h>

static skep_env *env;
static skep_thread *thread;

struct source {
    char *text;
    size_t length, room;
};

static void put(struct source *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct source *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(s->text + s->length, s->room - s->length, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < s->room - s->length);
    s->length += (size_t)n;
}

/* Instructions that no pass can do without: each needs the last one's result. */
static void put_body(struct source *s, unsigned insns)
{
    static const char *const ops[] = { "r0 *= r6\n", "r0 ^= r7\n", "r7 += r0\n", "w0 += w7\n" };
    for (unsigned i = 0; i < insns; i++)
        put(s, "%s", ops[i % 4]);
}

static const char begin_text[] = "r6 = *(u64 *)(r1 + 0)\nr7 = *(u64 *)(r1 + 8)\nr0 = r6\n"
                                 "r8 = *(u64 *)(r1 + 16)\n";

static uint64_t run_on(enum skep_engine engine, const char *text, uint64_t third)
{
    struct skep_load_options options = { .size = sizeof(options), .engine = engine };
    uint64_t data[3] = { 0x123456789abcdef1, 77, third }, r0 = 0;
    struct skep_memory memory = { data, sizeof(data) };
    skep_program *program = program_from_text(env, "memory", text, &options);
    assert_int_equal(skep_run(thread, program, &memory, &r0), SKEP_OK);
    skep_program_free(program);
    return r0;
}

static void same_on_both(const struct source *s, uint64_t third)
{
    assert_int_equal(run_on(SKEP_ENGINE_JIT, s->text, third),
                     run_on(SKEP_ENGINE_INTERP, s->text, third));
}

static void open_all(struct source *s, size_t room)
{
    if (!*skep_jit_name())
        skip();
    *s = (struct source){ .text = malloc(room), .room = room };
    assert_non_null(s->text);
    assert_int_equal(skep_env_new(NULL, &env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
}

static void close_all(struct source *s)
{
    skep_thread_free(thread);
    skep_env_free(env);
    free(s->text);
}

/* A jump over each of two bodies, and a loop around them. */
static void jumps_over(struct source *s, unsigned insns)
{
    s->length = 0;
    put(s, "%sr9 = 3\nback:\nif r8 > 5 goto first\n", begin_text);
    put_body(s, insns);
    put(s, "first:\nif r8 < 3 goto second\n");
    put_body(s, insns);
    put(s, "second:\nr9 += -1\nif r9 != 0 goto back\nexit\n");
    same_on_both(s, 0);
    same_on_both(s, 4);
    same_on_both(s, 9);
}

TEST(jumps_reach_however_long_the_way_is)
{
    struct source s;
    open_all(&s, 1 << 20);
    for (unsigned insns = 0; insns < 90; insns++) /* 127 and 128 bytes are among them */
        jumps_over(&s, insns);
    close_all(&s);
}

/* Of code: about 33 KB, 129 KB; loads and branches of all bodies are right afterwards. */
TEST(large_programs_are_compiled)
{
    static const unsigned sizes[] = { 9000, 36000 };
    struct source s;
    open_all(&s, 1 << 22);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        s.length = 0;
        put(&s, "%sif r8 <= 5 goto near\ngotol far\nnear:\n", begin_text);
        put_body(&s, sizes[i]);
        put(&s, "far:\nr0 += r8\nexit\n");
        same_on_both(&s, 1);
        same_on_both(&s, 6);
    }
    close_all(&s);
}

UNIT_TESTS(UNIT(jumps_reach_however_long_the_way_is), UNIT(large_programs_are_compiled))
