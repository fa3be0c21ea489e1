/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What a guard costs: the same 128 loads from a map's value, once where a mask shows that the
 * offset is good and once where a guard has to look, in compiled code; and the checked engine
 * beside them.
 *
 *     guard [--rounds N] [--markdown] */
#include "bench.h"

#include <skep/skep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_BYTES = 256 };
#define LOADS 128u
#define RUNS 20000u

/* r6: the memory of the run, whose bytes are offsets; r7: the value; r8: the sum. */
#define PROGRAM(mask)                                                                              \
    "r6 = r1 ; *(u32 *)(r10 - 4) = 0 ; r1 = map[idx:0] ; r2 = r10 ; r2 += -4 ; call 1 ; "          \
    "if r0 == 0 goto out ; r7 = r0 ; r8 = 0 ; r9 = 0 ; "                                           \
    "again: r1 = r6 ; r1 += r9 ; r2 = *(u16 *)(r1 + 0) ; " mask "r3 = r7 ; r3 += r2 ; "            \
    "r2 = *(u8 *)(r3 + 0) ; r8 += r2 ; r9 += 2 ; if r9 != 256 goto again ; out: r0 = r8 ; exit"

static const struct way {
    const char *name, *source;
    enum skep_engine engine;
    bool guarded;
} ways[] = {
    { "load, proved, jit", PROGRAM("r2 &= 255 ; "), SKEP_ENGINE_JIT, false },
    { "load, guarded, jit", PROGRAM(""), SKEP_ENGINE_JIT, true },
    { "load, guarded, checked", PROGRAM(""), SKEP_ENGINE_CHECKED, true },
};
enum { N_WAYS = sizeof ways / sizeof *ways };

struct lane {
    skep_object *object;
    skep_program *program;
    double ns[BENCH_MAX_ROUNDS];
};

static bool complain(const char *what, skep_status status, const skep_error *error)
{
    char text[300] = "";
    skep_error_text(error, text, sizeof text);
    fprintf(stderr, "guard: %s: %s %s\n", what, skep_status_name(status), text);
    return false;
}

static const struct skep_hook *memory_hook(const skep_env *env)
{
    const struct skep_hook *hook;
    for (size_t i = 0; (hook = skep_env_hook(env, i)); i++)
        if (strcmp(hook->name, "memory") == 0)
            return hook;
    return NULL;
}

static bool lane_open(struct lane *lane, const struct way *way, skep_env *env, skep_map **map)
{
    skep_insn *insns = NULL;
    size_t n = 0;
    skep_error error = { 0 };
    struct skep_verdict verdict;
    const struct skep_load_options options = { .size = sizeof options,
                                               .engine = way->engine,
                                               .profile = SKEP_PROFILE_LINUX,
                                               .guard = way->guarded,
                                               .verdict = &verdict,
                                               .maps = map,
                                               .n_maps = 1 };
    skep_status status = skep_assemble(way->source, &insns, &n, &error);
    if (!status)
        status = skep_object_from_insns(env, way->name, insns, n, memory_hook(env), &lane->object,
                                        &error);
    free(insns);
    if (!status)
        status = skep_program_load(lane->object, NULL, &options, &lane->program, &error);
    if (status)
        return complain(way->name, status, &error);
    if ((verdict.guards != 0) != way->guarded) {
        fprintf(stderr, "guard: %s: %u guards\n", way->name, verdict.guards);
        return false;
    }
    return true;
}

/* Time of one load; the result must be the same everywhere. */
static bool lane_round(struct lane *lane, unsigned round, skep_thread *thread, uint64_t *expected)
{
    uint16_t offsets[LOADS];
    for (size_t i = 0; i < LOADS; i++)
        offsets[i] = (uint16_t)(i * 37 % VALUE_BYTES);
    struct skep_memory memory = { offsets, sizeof offsets };
    uint64_t r0 = 0;
    unsigned runs = skep_program_engine(lane->program) == SKEP_ENGINE_JIT ? RUNS : RUNS / 100;
    double begin = bench_now_ns();
    for (unsigned i = 0; i < runs; i++)
        if (skep_run(thread, lane->program, &memory, &r0))
            return false;
    lane->ns[round] = (bench_now_ns() - begin) / runs / LOADS;
    if (*expected == 0)
        *expected = r0;
    return r0 == *expected;
}

static void print(const struct lane *lanes, unsigned rounds, bool markdown)
{
    for (size_t w = 0; w < N_WAYS; w++) {
        double ns[BENCH_MAX_ROUNDS];
        memcpy(ns, lanes[w].ns, sizeof ns);
        struct bench_stat stat = bench_stat(ns, rounds);
        if (markdown)
            printf("| %s | %.2f | %.2f | ns | `build/release/bench/guard` |\n", ways[w].name,
                   stat.median, stat.spread);
        else
            bench_row("guard", ways[w].name, "ns", stat);
    }
}

static bool measure(skep_env *env, skep_map **map, skep_thread *thread, unsigned rounds,
                    bool markdown)
{
    struct lane lanes[N_WAYS] = { 0 };
    uint64_t expected = 0;
    bool ok = true;
    for (size_t w = 0; ok && w < N_WAYS; w++)
        ok = lane_open(&lanes[w], &ways[w], env, map);
    for (unsigned r = 0; ok && r < rounds; r++)
        for (size_t w = 0; ok && w < N_WAYS; w++)
            ok = lane_round(&lanes[w], r, thread, &expected);
    if (ok)
        print(lanes, rounds, markdown);
    for (size_t w = 0; w < N_WAYS; w++) {
        skep_program_free(lanes[w].program);
        skep_object_close(lanes[w].object);
    }
    return ok;
}

int main(int argc, char **argv)
{
    static const struct skep_map_spec spec = { .size = sizeof spec,
                                               .name = "values",
                                               .type = 2,
                                               .key_size = 4,
                                               .value_size = VALUE_BYTES,
                                               .max_entries = 1 };
    unsigned rounds = 15;
    bool markdown = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--markdown") == 0)
            markdown = true;
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            rounds = (unsigned)strtoul(argv[++i], NULL, 10);
    }
    if (rounds < 1 || rounds > BENCH_MAX_ROUNDS) {
        fprintf(stderr, "guard: 1 to %u rounds\n", BENCH_MAX_ROUNDS);
        return 2;
    }
    if (!*skep_jit_name()) {
        fprintf(stderr, "guard: there is no compiler for this CPU\n");
        return 0;
    }
    skep_env *env = NULL;
    skep_map *map = NULL;
    skep_thread *thread = NULL;
    uint8_t value[VALUE_BYTES];
    const uint32_t key = 0;
    for (size_t i = 0; i < VALUE_BYTES; i++)
        value[i] = (uint8_t)(i * 7 + 1);
    bool ok = !skep_env_new(NULL, &env, NULL) && !skep_map_new(env, &spec, &map, NULL) &&
              skep_map_update(map, &key, value, 0) == 0 && !skep_thread_new(env, NULL, &thread) &&
              measure(env, &map, thread, rounds, markdown);
    if (thread)
        skep_thread_free(thread);
    if (map)
        skep_map_unref(map);
    if (env)
        skep_env_free(env);
    return ok ? 0 : 1;
}
