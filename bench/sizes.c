/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What verifying and compiling take, by the size of the program: time, code, memory.
 *
 *     sizes [--rounds N] [--markdown]
 *
 * Programs are made of one fragment of ten instructions: loads, arithmetic, a branch, a variable on
 * the stack.  Memory is the peak of the env's account while the program is loaded. */
#include "bench.h"

#include <skep/skep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned sizes[] = { 100, 1000, 10000, 60000 };
#define N_SIZES (sizeof sizes / sizeof sizes[0])
#define FRAGMENT 10
#define FRAGMENT_TEXT 256

/* About `insns` instructions; free() it. */
static char *sizes_text(unsigned insns)
{
    size_t room = (size_t)(insns / FRAGMENT + 1) * FRAGMENT_TEXT + 256;
    char *text = malloc(room);
    if (!text)
        return NULL;
    int n = snprintf(text, room, "r6 = r1\nr7 = 1\nr0 = 0\n");
    for (unsigned i = 0; i < insns / FRAGMENT; i++)
        n += snprintf(text + n, room - (size_t)n,
                      "r1 = *(u32 *)(r6 + %u)\nr1 *= 31\nr1 ^= r7\nr7 += r1\nr2 = r1\nr2 &= 255\n"
                      "if r2 > 100 goto l%u\nr7 ^= r2\nl%u:\n*(u64 *)(r10 - %u) = r7\n"
                      "r0 = *(u64 *)(r10 - %u)\n",
                      4 * (i % 60), i, i, 8 * (1 + i % 8), 8 * (1 + i % 8));
    snprintf(text + n, room - (size_t)n, "exit\n");
    return text;
}

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

/* Loads once, in an env of its own. */
static skep_status load_once(const skep_insn *insns, size_t count, enum skep_engine engine,
                             struct measured *out, double *verify, double *compile)
{
    struct skep_verdict verdict;
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
    size_t before = status ? 0 : skep_env_memory_used(env);
    double begin = bench_wall_ns();
    if (!status)
        status = skep_program_load(object, NULL, &options, &program, NULL);
    double all = bench_wall_ns() - begin;
    if (!status) {
        *verify = (double)verdict.ns / 1e3;
        *compile = all / 1e3 - *verify;
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

static bool measure(unsigned size, enum skep_engine engine, unsigned rounds, struct measured *out)
{
    double verify[BENCH_MAX_ROUNDS], compile[BENCH_MAX_ROUNDS];
    skep_insn *insns = NULL;
    size_t count = 0;
    char *text = sizes_text(size);
    skep_status status = text ? skep_assemble(text, &insns, &count, NULL) : SKEP_NOMEM;
    for (unsigned i = 0; !status && i < rounds; i++)
        status = load_once(insns, count, engine, out, &verify[i], &compile[i]);
    free(insns);
    free(text);
    if (status) {
        fprintf(stderr, "%u instructions: %s\n", size, skep_status_name(status));
        return false;
    }
    out->verify_us = bench_stat(verify, rounds);
    out->compile_us = bench_stat(compile, rounds);
    return true;
}

static void print_row(const char *engine, const struct measured *m, bool markdown)
{
    double each = 1 / m->insns;
    if (markdown) {
        printf("| %.0f, %s | %.0f | %.0f | %.2f | %.2f | %.1f | %.0f |\n", m->insns, engine,
               m->verify_us.median, m->compile_us.median, m->verify_us.median * each,
               m->compile_us.median * each, m->code_bytes * each, m->peak_bytes * each);
        return;
    }
    char name[32];
    snprintf(name, sizeof name, "%.0f-%s", m->insns, engine);
    bench_row(name, "verify", "us", m->verify_us);
    bench_row(name, "compile", "us", m->compile_us);
    bench_row(name, "code", "B/insn", (struct bench_stat){ .median = m->code_bytes * each });
    bench_row(name, "peak-memory", "B/insn", (struct bench_stat){ .median = m->peak_bytes * each });
}

int main(int n, char **args)
{
    unsigned rounds = 7;
    bool good = true, markdown = false;
    for (int i = 1; good && i < n; i++) {
        if (strcmp(args[i], "--markdown") == 0)
            markdown = true;
        else if (strcmp(args[i], "--rounds") == 0 && i + 1 < n)
            rounds = (unsigned)atoi(args[++i]);
        else
            good = false;
    }
    if (!good || rounds < 1 || rounds > BENCH_MAX_ROUNDS) {
        fprintf(stderr, "usage: %s [--rounds N] [--markdown]\n", args[0]);
        return 2;
    }
    if (markdown)
        printf("| instructions, engine | verify, µs | the rest of loading, µs | verify, µs each "
               "| the rest, µs each | code, bytes each | memory at its peak, bytes each |\n"
               "|---|---:|---:|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < N_SIZES; i++) {
        struct measured m;
        bool compiles = *skep_jit_name();
        good = measure(sizes[i], SKEP_ENGINE_INTERP, rounds, &m) && good;
        if (good)
            print_row("interp", &m, markdown);
        if (compiles && (good = measure(sizes[i], SKEP_ENGINE_JIT, rounds, &m) && good))
            print_row("jit", &m, markdown);
    }
    return good ? 0 : 1;
}
