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

enum { N_DATA = 4 };

struct outcome {
    uint64_t r0, data[N_DATA], fuel;
};

static struct outcome run_once(const skep_program *program, bool metered, uint64_t third)
{
    struct outcome out = { .data = { 0x123456789abcdef1, 77, third, 0 } };
    struct skep_memory memory = { out.data, sizeof(out.data) };
    assert_int_equal(skep_run(thread, program, &memory, &out.r0), SKEP_OK);
    out.fuel = metered ? skep_thread_fuel_used(thread) : 0;
    return out;
}

/* What the program gives for each of the numbers; how many bytes of code it is. */
static size_t run_all(const struct skep_load_options *options, const char *text,
                      const uint64_t *thirds, size_t n, struct outcome *outcomes)
{
    struct skep_load_options slow = *options;
    slow.limits.ns = UINT64_MAX; /* machines may be busy */
    skep_program *program = program_from_text(env, "memory", text, &slow);
    size_t code_bytes = skep_program_code_bytes(program);
    for (size_t i = 0; i < n; i++)
        outcomes[i] = run_once(program, options->fuel != 0, thirds[i]);
    skep_program_free(program);
    return code_bytes;
}

/* On all engines; how many bytes of machine code it is. */
static size_t same_everywhere(const struct source *s, const uint64_t *thirds, size_t n)
{
    static const struct skep_load_options ways[] = {
        { .size = sizeof(ways[0]), .engine = SKEP_ENGINE_JIT },
        { .size = sizeof(ways[0]), .engine = SKEP_ENGINE_INTERP, .unmetered = true },
        { .size = sizeof(ways[0]), .engine = SKEP_ENGINE_CHECKED },
        { .size = sizeof(ways[0]), .engine = SKEP_ENGINE_JIT, .fuel = 1 << 30 },
        { .size = sizeof(ways[0]), .engine = SKEP_ENGINE_INTERP, .fuel = 1 << 30 },
    };
    struct outcome outcomes[sizeof(ways) / sizeof(ways[0])][3];
    size_t bytes[sizeof(ways) / sizeof(ways[0])];
    for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
        bytes[w] = run_all(&ways[w], s->text, thirds, n, outcomes[w]);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(outcomes[w][i].r0, outcomes[0][i].r0);
            assert_memory_equal(outcomes[w][i].data, outcomes[0][i].data,
                                sizeof(uint64_t) * N_DATA);
        }
    }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(outcomes[4][i].fuel, outcomes[3][i].fuel);
    return bytes[0];
}

static void same_on_both(const struct source *s, uint64_t third)
{
    static const struct skep_load_options jit = { .size = sizeof(jit), .engine = SKEP_ENGINE_JIT },
                                          interp = { .size = sizeof(interp),
                                                     .engine = SKEP_ENGINE_INTERP };
    struct outcome compiled, interpreted;
    run_all(&jit, s->text, &third, 1, &compiled);
    run_all(&interp, s->text, &third, 1, &interpreted);
    assert_int_equal(compiled.r0, interpreted.r0);
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

/* A jump over each half of n instructions, a loop of three rounds around all, a subprogram behind
 * it that is called in between; every sixteenth instruction is a store or a load. */
static void put_large(struct source *s, unsigned n)
{
    s->length = 0;
    put(s, "%sr9 = 3\nr6 = r1\nback:\nif r8 <= 5 goto near\ngotol second\nnear:\n", begin_text);
    for (unsigned i = 0; i < n; i++) {
        static const char *const ops[] = { "r0 *= 77\n", "r0 ^= r7\n", "r7 += r0\n", "w0 += w7\n" };
        put(s, "%s",
            i % 32 == 0    ? "*(u64 *)(r6 + 24) = r7\n"
            : i % 32 == 16 ? "r7 = *(u64 *)(r6 + 24)\n"
                           : ops[i % 4]);
        if (i == n / 2)
            put(s, "second:\nif r8 >= 3 goto far\ngotol third\nfar:\n"
                   "r1 = r0\nr2 = r7\ncall sub\n");
    }
    put(s, "third:\nr9 += -1\nif r9 == 0 goto out\ngotol back\nout:\nexit\n"
           "sub:\nr0 = r1\nr0 ^= r2\nr0 *= 31\nr0 += r2\nexit\n");
}

/* So many bytes of machine code, within a twentieth. */
TEST(programs_of_33_kb_129_kb_and_1100_kb_of_code_give_the_same_everywhere)
{
    static const size_t sizes[] = { 33 << 10, 129 << 10, 1100 << 10 };
    static const uint64_t thirds[] = { 4, 1, 9 }; /* both halves; the first one; the second */
    struct source s;
    open_all(&s, 1 << 25);
    put_large(&s, 2000);
    size_t few = same_everywhere(&s, thirds, 1);
    put_large(&s, 4000);
    size_t more = same_everywhere(&s, thirds, 1);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        put_large(&s, (unsigned)(sizes[i] * 2000 / (more - few)));
        size_t bytes = same_everywhere(&s, thirds, 3);
        assert_in_range(bytes, sizes[i] - sizes[i] / 20, sizes[i] + sizes[i] / 20);
    }
    close_all(&s);
}

UNIT_TESTS(UNIT(jumps_reach_however_long_the_way_is),
           UNIT(programs_of_33_kb_129_kb_and_1100_kb_of_code_give_the_same_everywhere))
