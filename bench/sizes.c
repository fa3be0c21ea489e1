/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What verifying and compiling take, by the size and the shape of the program: time, code, memory.
 *
 *     sizes [--rounds N] [--markdown] [--shape NAME] [--insns N]
 *
 *   plain    loads, arithmetic, a branch, a variable on the stack, over and over
 *   ladder   if and else, whose values meet behind them
 *   joins    small blocks that lead to any of the next ones, with nine values that live through
 *            all of them: as many phis as instructions
 *   hostile  the same with eight more on the stack: more values than registers everywhere
 *
 * Time is that of the processor: compiling is what loading takes beyond verifying.  Memory is the
 * peak of the env's account while the program is loaded, and what of it compiling took. */
#include "bench.h"

#include <skep/skep.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned sizes[] = { 100, 1000, 10000, 60000 };
#define N_SIZES (sizeof sizes / sizeof sizes[0])
#define FRAGMENT 10
#define FRAGMENT_TEXT 256

/* ---- programs */

struct source {
    char *text;
    size_t length, room;
    uint64_t random;
};

static void put(struct source *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct source *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    s->length += (size_t)vsnprintf(s->text + s->length, s->room - s->length, format, args);
    va_end(args);
}

static unsigned below(struct source *s, unsigned n)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(s->random >> 33) % n;
}

static void put_plain(struct source *s, unsigned insns)
{
    put(s, "r6 = r1\nr7 = 1\nr0 = 0\n");
    for (unsigned i = 0; i < insns / FRAGMENT; i++)
        put(s,
            "r1 = *(u32 *)(r6 + %u)\nr1 *= 31\nr1 ^= r7\nr7 += r1\nr2 = r1\nr2 &= 255\n"
            "if r2 > 100 goto l%u\nr7 ^= r2\nl%u:\n*(u64 *)(r10 - %u) = r7\n"
            "r0 = *(u64 *)(r10 - %u)\n",
            4 * (i % 60), i, i, 8 * (1 + i % 8), 8 * (1 + i % 8));
    put(s, "exit\n");
}

static void put_ladder(struct source *s, unsigned insns)
{
    put(s, "r7 = *(u32 *)(r1 + 0)\nr8 = *(u32 *)(r1 + 4)\nr9 = 5\n");
    for (unsigned i = 0; i < insns / 6; i++)
        put(s,
            "if r7 > %u goto e%u\nr8 += r9\nr9 ^= %u\ngoto f%u\ne%u:\nr9 += r8\nr8 ^= 77\n"
            "f%u:\n",
            i % 1000, i, i, i, i, i);
    put(s, "r0 = r8\nr0 ^= r9\nexit\n");
}

static unsigned any_register(struct source *s)
{
    unsigned reg = below(s, 9);
    return reg < 6 ? reg : reg + 1; /* but r6 */
}

static void put_step(struct source *s, bool on_stack)
{
    static const char *const ops[] = { "+=", "^=", "*=", "|=", "-=" };
    unsigned to = any_register(s), from = any_register(s), slot = 8 * (1 + below(s, 8));
    unsigned kind = on_stack ? below(s, 5) : 2;
    if (kind == 0)
        put(s, "*(u64 *)(r10 - %u) = r%u\n", slot, to);
    else if (kind == 1)
        put(s, "r%u = *(u64 *)(r10 - %u)\n", to, slot);
    else
        put(s, "r%u %s r%u\n", to, ops[below(s, 5)], from);
}

static void put_blocks(struct source *s, unsigned n, bool on_stack)
{
    for (unsigned b = 0; b < n; b++) {
        put(s, "b%u:\n", b);
        for (unsigned i = 0; i < 5; i++)
            put_step(s, on_stack);
        unsigned to = b + 2 + below(s, 11);
        if (to < n)
            put(s, "if r%u > %u goto b%u\n", any_register(s), below(s, 1000), to);
    }
}

static void put_joining(struct source *s, unsigned insns, bool on_stack)
{
    put(s, "r6 = r1\n");
    for (unsigned reg = 0; reg < 10; reg++)
        if (reg != 6)
            put(s, "r%u = *(u32 *)(r6 + %u)\n", reg, 4 * reg);
    for (unsigned slot = 1; on_stack && slot <= 8; slot++)
        put(s, "*(u64 *)(r10 - %u) = r%u\n", 8 * slot, slot % 6);
    put_blocks(s, insns / 6, on_stack);
    for (unsigned reg = 1; reg < 10; reg++)
        if (reg != 6)
            put(s, "r0 ^= r%u\n", reg);
    put(s, "exit\n");
}

static void put_joins(struct source *s, unsigned insns) { put_joining(s, insns, false); }
static void put_hostile(struct source *s, unsigned insns) { put_joining(s, insns, true); }

static const struct shape {
    const char *name;
    void (*put)(struct source *s, unsigned insns);
} shapes[] = {
    { "plain", put_plain },
    { "ladder", put_ladder },
    { "joins", put_joins },
    { "hostile", put_hostile },
};
#define N_SHAPES (sizeof shapes / sizeof shapes[0])

/* About `insns` instructions; free() it. */
static char *sizes_text(const struct shape *shape, unsigned insns)
{
    size_t room = (size_t)(insns / FRAGMENT + 1) * FRAGMENT_TEXT + 1024;
    struct source s = { .text = malloc(room), .room = room, .random = insns };
    if (s.text)
        shape->put(&s, insns);
    return s.text;
}

/* ---- measuring */

struct measured {
    struct bench_stat verify_us, compile_us;
    double insns, code_bytes, peak_bytes, work_bytes;
};

static const struct skep_hook *memory_hook(const skep_env *env)
{
    const struct skep_hook *hook = NULL;
    for (size_t i = 0; (hook = skep_env_hook(env, i)) != NULL; i++)
        if (strcmp(hook->name, "memory") == 0)
            break;
    return hook;
}

/* Verifies and loads once, in an env of its own. */
static skep_status load_once(const skep_insn *insns, size_t count, enum skep_engine engine,
                             struct measured *out, double *verify_us, double *load_us)
{
    struct skep_verdict verdict;
    const struct skep_verify_options rules = { .size = sizeof rules };
    const struct skep_load_options options = { .size = sizeof options,
                                               .engine = engine,
                                               .verdict = &verdict };
    skep_env *env = NULL;
    skep_object *object = NULL;
    skep_program *program = NULL;
    skep_status status = skep_env_new(NULL, &env, NULL);
    if (!status)
        status =
            skep_object_from_insns(env, "sized", insns, count, memory_hook(env), &object, NULL);
    double begin = bench_now_ns();
    if (!status)
        status = skep_verify(object, NULL, &rules, &verdict, NULL);
    *verify_us = (bench_now_ns() - begin) / 1e3;
    size_t before = status ? 0 : skep_env_memory_used(env);
    begin = bench_now_ns();
    if (!status)
        status = skep_program_load(object, NULL, &options, &program, NULL);
    *load_us = (bench_now_ns() - begin) / 1e3;
    if (!status) {
        out->insns = verdict.insns;
        out->code_bytes = (double)skep_program_code_bytes(program);
        out->peak_bytes = (double)(skep_env_memory_peak(env) - before);
        struct skep_machine_code code = { 0 };
        skep_program_machine_code(program, &code);
        out->work_bytes = (double)code.peak_bytes;
    }
    skep_program_free(program);
    skep_object_close(object);
    skep_env_free(env);
    return status;
}

static bool measure(const struct shape *shape, unsigned size, enum skep_engine engine,
                    unsigned rounds, struct measured *out)
{
    double verify[BENCH_MAX_ROUNDS], compile[BENCH_MAX_ROUNDS];
    skep_insn *insns = NULL;
    size_t count = 0;
    char *text = sizes_text(shape, size);
    skep_status status = text ? skep_assemble(text, &insns, &count, NULL) : SKEP_NOMEM;
    for (unsigned i = 0; !status && i < rounds; i++) {
        double load;
        status = load_once(insns, count, engine, out, &verify[i], &load);
        compile[i] = load - verify[i];
    }
    free(insns);
    free(text);
    if (status) {
        fprintf(stderr, "%s, %u instructions: %s\n", shape->name, size, skep_status_name(status));
        return false;
    }
    out->verify_us = bench_stat(verify, rounds);
    out->compile_us = bench_stat(compile, rounds);
    return true;
}

static void print_row(const char *shape, const char *engine, const struct measured *m,
                      bool markdown)
{
    double each = 1 / m->insns;
    if (markdown) {
        printf("| %s, %.0f, %s | %.0f | %.0f | %.2f | %.2f | %.1f | %.0f | %.0f |\n", shape,
               m->insns, engine, m->verify_us.median, m->compile_us.median,
               m->verify_us.median * each, m->compile_us.median * each, m->code_bytes * each,
               m->peak_bytes * each, m->work_bytes * each);
        return;
    }
    char name[48];
    snprintf(name, sizeof name, "%s-%.0f-%s", shape, m->insns, engine);
    bench_row(name, "verify", "us", m->verify_us);
    bench_row(name, "compile", "us", m->compile_us);
    bench_row(name, "code", "B/insn", (struct bench_stat){ .median = m->code_bytes * each });
    bench_row(name, "peak-memory", "B/insn", (struct bench_stat){ .median = m->peak_bytes * each });
    bench_row(name, "compiling", "B/insn", (struct bench_stat){ .median = m->work_bytes * each });
}

struct asked {
    unsigned rounds, insns; /* insns 0: all sizes */
    const char *shape;      /* NULL: all */
    bool markdown;
};

static bool parse(struct asked *asked, int n, char **args)
{
    for (int i = 1; i < n; i++) {
        bool more = i + 1 < n;
        if (strcmp(args[i], "--markdown") == 0)
            asked->markdown = true;
        else if (strcmp(args[i], "--rounds") == 0 && more)
            asked->rounds = (unsigned)atoi(args[++i]);
        else if (strcmp(args[i], "--insns") == 0 && more)
            asked->insns = (unsigned)atoi(args[++i]);
        else if (strcmp(args[i], "--shape") == 0 && more)
            asked->shape = args[++i];
        else
            return false;
    }
    return asked->rounds >= 1 && asked->rounds <= BENCH_MAX_ROUNDS;
}

static bool measure_all(const struct shape *shape, unsigned size, const struct asked *asked)
{
    struct measured m = { 0 };
    bool good = true;
    if (shape == &shapes[0]) {
        good = measure(shape, size, SKEP_ENGINE_INTERP, asked->rounds, &m);
        if (good)
            print_row(shape->name, "interp", &m, asked->markdown);
    }
    if (*skep_jit_name() && measure(shape, size, SKEP_ENGINE_JIT, asked->rounds, &m))
        print_row(shape->name, "jit", &m, asked->markdown);
    else
        good = good && !*skep_jit_name();
    return good;
}

int main(int n, char **args)
{
    struct asked asked = { .rounds = 7 };
    bool good = true;
    if (!parse(&asked, n, args)) {
        fprintf(stderr, "usage: %s [--rounds N] [--markdown] [--shape NAME] [--insns N]\n",
                args[0]);
        return 2;
    }
    if (asked.markdown)
        printf("| shape, instructions, engine | verify, µs | the rest of loading, µs | verify, µs "
               "each "
               "| the rest, µs each | code, bytes each | memory at its peak, bytes each | of it "
               "compiling |\n"
               "|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < N_SHAPES * N_SIZES; i++) {
        const struct shape *shape = &shapes[i / N_SIZES];
        unsigned size = sizes[i % N_SIZES];
        if ((!asked.shape || strcmp(asked.shape, shape->name) == 0) &&
            (!asked.insns || asked.insns == size))
            good = measure_all(shape, size, &asked) && good;
    }
    return good ? 0 : 1;
}
