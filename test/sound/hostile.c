/* Programs of a million slots whose shape is an attack: on the C stack, by depth, and on time and
 * memory, by paths.  Whatever the answer is, loading them ends, on a small stack and within the
 * env's memory; what it cost is printed.
 *
 * Usage: sound_hostile [slots] */
#include "support/unit.h"
#include "support/verifier.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { STACK_BYTES = 512 << 10, MEMORY_LIMIT = 256 << 20, NEAR = 30000 };

static size_t slots = 1000000;

/* ---- building */

struct code {
    skep_insn *insns;
    size_t n;
};

enum {
    MOV_IMM = 0xb7,
    MOV_REG = 0xbf,
    ADD_IMM = 0x07,
    RSH_IMM = 0x77,
    AND_IMM = 0x57,
    JSET_IMM = 0x45,
    JEQ_IMM = 0x15,
    JLT_IMM = 0xa5,
    JA = 0x05,
    STX_DW = 0x7b,
    LDX_DW = 0x79,
    CALL = 0x85,
    EXIT = 0x95
};

static void put(struct code *c, uint8_t opcode, unsigned dst, unsigned src, int offset, int32_t imm)
{
    if (c->n < slots)
        c->insns[c->n++] = (skep_insn){ .opcode = opcode,
                                        .registers = (uint8_t)(src << 4 | dst),
                                        .offset = (int16_t)offset,
                                        .imm = imm };
}
static void call(struct code *c, size_t target)
{
    put(c, CALL, 0, 1, 0, (int32_t)((int64_t)target - (int64_t)c->n - 1));
}
/* Room for it is kept by everyone: r0 = 0, exit. */
static void finish(struct code *c)
{
    put(c, MOV_IMM, 0, 0, 0, 0);
    put(c, EXIT, 0, 0, 0, 0);
}
static bool room(const struct code *c, size_t n) { return c->n + n + 8 < slots; }
/* r2: a number that nobody knows, the size of the context's memory. */

/* ---- shapes */

static void straight(struct code *c)
{
    while (room(c, 1))
        put(c, ADD_IMM, 2, 0, 0, 7);
    finish(c);
}

/* Two paths at each of a third of the slots, and all the sums that they make. */
static void diamonds(struct code *c)
{
    put(c, MOV_IMM, 3, 0, 0, 0);
    for (int i = 1; room(c, 3); i++) {
        put(c, JSET_IMM, 2, 0, 1, 1 << i % 31);
        put(c, ADD_IMM, 3, 0, 0, i);
        put(c, RSH_IMM, 2, 0, 0, i % 2);
    }
    finish(c);
}

/* Branches that are all open until far below. */
static void open_branches(struct code *c)
{
    put(c, MOV_REG, 3, 2, 0, 0);
    while (room(c, 2 * NEAR)) {
        for (int i = 0; i < NEAR; i++)
            put(c, JEQ_IMM, 3, 0, NEAR - 1, i);
        for (int i = 0; i < NEAR; i++)
            put(c, ADD_IMM, 3, 0, 0, i);
    }
    finish(c);
}

static void loops_in_a_row(struct code *c)
{
    while (room(c, 3)) {
        put(c, MOV_IMM, 3, 0, 0, 0);
        put(c, ADD_IMM, 3, 0, 0, 1);
        put(c, JLT_IMM, 3, 0, -2, 1000);
    }
    finish(c);
}

static void nest(struct code *c, int depth)
{
    for (int i = 0; i < depth; i++)
        put(c, ADD_IMM, 2, 0, 0, 1);
    for (int i = 0; i < depth; i++)
        put(c, JLT_IMM, 2, 0, -2 * i - 2, 1000000 + i);
}

static void nested_loops(struct code *c)
{
    while (room(c, NEAR))
        nest(c, NEAR / 2);
    finish(c);
}

/* Cycles with many entries: no order of the blocks is natural. */
static void tangle(struct code *c)
{
    put(c, MOV_IMM, 3, 0, 0, 0);
    while (room(c, 2)) {
        int at = (int)c->n % NEAR, back = at > 8 ? -(at * 7 % (at - 2)) - 1 : 0;
        put(c, JEQ_IMM, 2, 0, c->n % 4 == 1 && room(c, 100) ? 2 * (at % 40) : back & ~1, at);
        put(c, ADD_IMM, 3, 0, 0, 1);
    }
    finish(c);
}

static void many_functions(struct code *c)
{
    size_t functions = (slots - 16) / 3;
    for (size_t i = 0; i < functions; i++)
        call(c, functions + 2 + 2 * i);
    finish(c);
    for (size_t i = 0; i < functions; i++)
        finish(c);
}

/* Seven levels below main; each calls the next two hundred times. */
static void tree_of_calls(struct code *c)
{
    for (size_t level = 0; level < 7; level++) {
        size_t next = (level + 1) * 202;
        for (int i = 0; i < 200; i++)
            call(c, next);
        finish(c);
    }
    finish(c);
}

static void chain_of_calls(struct code *c)
{
    while (room(c, 3)) {
        call(c, c->n + 2);
        put(c, EXIT, 0, 0, 0, 0);
    }
    finish(c);
}

/* Every path leaves other numbers in other slots. */
static void paths_through_the_stack(struct code *c)
{
    for (int i = 1; i <= 64; i++)
        put(c, STX_DW, 10, 2, -8 * i, 0);
    for (int i = 0; room(c, 4); i++) {
        put(c, JSET_IMM, 2, 0, 2, 1 << i % 31);
        put(c, MOV_IMM, 3, 0, 0, i);
        put(c, STX_DW, 10, 3, -8 * (1 + i % 64), 0);
        put(c, LDX_DW, 2, 10, -8 * (1 + i * 7 % 64), 0);
    }
    finish(c);
}

static void endless(struct code *c)
{
    while (room(c, 2))
        put(c, AND_IMM, 2, 0, 0, 0x7fffffff);
    put(c, MOV_IMM, 0, 0, 0, 0);
    put(c, JEQ_IMM, 0, 0, -NEAR, 0);
    put(c, EXIT, 0, 0, 0, 0);
}

static const struct shape {
    const char *name;
    void (*fill)(struct code *c);
} shapes[] = {
    { "straight", straight },
    { "diamonds", diamonds },
    { "open branches", open_branches },
    { "loops in a row", loops_in_a_row },
    { "nested loops", nested_loops },
    { "tangle", tangle },
    { "many functions", many_functions },
    { "tree of calls", tree_of_calls },
    { "chain of calls", chain_of_calls },
    { "paths through the stack", paths_through_the_stack },
    { "endless", endless },
};

/* ---- loading */

/* NULL, or what is wrong: assertions are for the main thread. */
static void *load(void *which)
{
    const struct shape *shape = which;
    struct skep_env_options env_options = { .size = sizeof(env_options),
                                            .memory_limit = MEMORY_LIMIT };
    struct skep_load_options options = { .size = sizeof(options), .engine = SKEP_ENGINE_CHECKED };
    struct code c = { .insns = calloc(slots, sizeof(skep_insn)) };
    skep_env *env = NULL;
    skep_object *object = NULL;
    skep_program *program = NULL;
    skep_error error = { 0 };
    struct timespec a, b;
    char why[200] = "";
    if (!c.insns || skep_env_new(&env_options, &env, NULL) != SKEP_OK)
        return "no memory";
    shape->fill(&c);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    skep_status status = skep_object_from_insns(env, "hostile", c.insns, c.n,
                                                hook_named(env, "memory"), &object, &error);
    if (status == SKEP_OK)
        status = skep_program_load(object, NULL, &options, &program, &error);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    if (status != SKEP_OK)
        skep_error_text(&error, why, sizeof(why));
    printf("%-24s %8zu slots %8.1f ms %6.1f MB  %s %s\n", shape->name, c.n,
           (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6,
           (double)skep_env_memory_peak(env) / (1 << 20), skep_status_name(status), why);
    if (program)
        skep_program_free(program);
    if (object)
        skep_object_close(object);
    skep_env_free(env);
    free(c.insns);
    return status == SKEP_OK || error.id != 0 || status == SKEP_NOMEM ? NULL : "no reason given";
}

TEST(hostile_shapes_end_on_a_small_stack)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        pthread_attr_t attributes;
        pthread_t thread;
        void *wrong = NULL;
        assert_int_equal(pthread_attr_init(&attributes), 0);
        assert_int_equal(pthread_attr_setstacksize(&attributes, STACK_BYTES), 0);
        assert_int_equal(pthread_create(&thread, &attributes, load, (void *)&shapes[i]), 0);
        assert_int_equal(pthread_join(thread, &wrong), 0);
        pthread_attr_destroy(&attributes);
        if (wrong)
            fail_msg("%s: %s", shapes[i].name, (const char *)wrong);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { UNIT(hostile_shapes_end_on_a_small_stack) };
    if (argc > 1)
        slots = strtoul(argv[1], NULL, 0);
    return slots < 3 * NEAR ? 2 : cmocka_run_group_tests(tests, NULL, NULL);
}
