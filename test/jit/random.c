/* Random SSA functions, compiled for this machine, against what comes of evaluating them: r0, all
 * memory, how the run ended and what fuel it left.  With and without the CPU's features, with host
 * functions near and out of reach.  Needs nothing but the library, so that it also runs on other
 * CPUs under emulation.
 *
 *     jit_random [functions for each shape [first seed]] */
#include "jit/jit.h"
#include "support/ssa_eval.h"
#include "support/ssa_random.h"

#include <stdio.h>
#include <stdlib.h>

enum { DATA = 3 }; /* runs of each function, with other numbers in memory */

static const struct ssa_random_shape shapes[] = {
    { .insns = 8 },
    { .insns = 30, .depth = 2, .memory = true },
    { .insns = 100, .depth = 3, .memory = true, .atomics = true },
    { .insns = 60, .depth = 3, .memory = true, .calls = true },
    { .insns = 80, .depth = 3, .memory = true, .calls = true, .charges = true },
    { .insns = 600, .depth = 4, .memory = true, .atomics = true, .calls = true, .charges = true },
};

struct totals {
    u64 functions, runs, stopped, insns, bytes;
};

static bool same(const struct ssa_random_result *a, const struct ssa_random_result *b)
{
    if (a->status != b->status || a->fuel != b->fuel ||
        memcmp(a->memory, b->memory, sizeof(a->memory)) != 0)
        return false;
    return a->status != SKEP_OK || a->r0 == b->r0;
}

/* Of metered programs some runs are given so little that it may not last. */
static u64 fuel_of(u64 seed, u64 data) { return seed % 3 == 0 ? 40 + 300 * data : INT64_MAX; }

static bool runs_agree(const struct ssa_random_result *want, const struct jit_code *code, u64 seed,
                       struct totals *totals)
{
    for (u64 data = 0; data < DATA; data++) {
        if (want[data].status == SKEP_STATE) /* too long for the evaluator */
            continue;
        struct ssa_random_result got =
            ssa_random_run_as(jit_run, code, seed + data + 1, fuel_of(seed, data));
        totals->runs++;
        totals->stopped += got.status != SKEP_OK;
        if (same(&want[data], &got))
            continue;
        printf("# seed %" PRIu64 ", data %" PRIu64 ": status %d fuel %" PRId64 " r0 %" PRIx64
               ", compiled: status %d fuel %" PRId64 " r0 %" PRIx64 "%s\n",
               seed, data, (int)want[data].status, want[data].fuel, want[data].r0, (int)got.status,
               got.fuel, got.r0,
               memcmp(want[data].memory, got.memory, sizeof(got.memory)) ? ", memory" : "");
        return false;
    }
    return true;
}

static bool check_function(struct mem *mem, const struct jit_gate *gate,
                           const struct ssa_random_shape *shape, u64 seed, struct totals *totals)
{
    struct ssa_random function;
    struct ssa_random_result want[DATA];
    struct jit_code *code = NULL;
    skep_error err = { 0 };
    const struct jit_options options = { .features_off = seed & 1 ? UINT32_MAX : 0,
                                         .far_calls = seed % 4 >= 2 };
    ssa_random_make(&function, mem, seed, *shape);
    struct ssa_eval eval = { .ssa = &function.program, .most_steps = 20000 };
    for (u64 data = 0; data < DATA; data++)
        want[data] = ssa_random_run_as(ssa_eval_run, &eval, seed + data + 1, fuel_of(seed, data));
    totals->functions++;
    totals->insns += function.func.n;
    if (!ssa_split_critical(&function.func))
        abort();
    bool ok = jit_compile(gate, &function.program, &options, &code, &err) == SKEP_OK;
    if (ok) {
        ok = runs_agree(want, code, seed, totals);
        totals->bytes += jit_code_bytes(code);
        jit_drop(code);
    } else {
        char text[200];
        skep_error_text(&err, text, sizeof(text));
        printf("# seed %" PRIu64 ": %s\n", seed, text);
    }
    if (!ok && totals->functions && shape->insns <= 30)
        ssa_random_show(&function, "the function");
    ssa_random_drop(&function);
    return ok;
}

static bool check_shape(const struct ssa_random_shape *shape, u64 first, u64 n)
{
    struct mem mem;
    struct totals totals = { 0 };
    u64 wrong = 0;
    mem_init(&mem, NULL, 0);
    struct jit_gate *gate;
    if (jit_gate_new(&mem, &gate, NULL) != SKEP_OK)
        abort();
    for (u64 seed = first; seed < first + n && wrong < 3; seed++)
        wrong += !check_function(&mem, gate, shape, seed, &totals);
    jit_gate_drop(gate);
    wrong += mem.used != 0;
    printf("%s - functions of about %u operations are compiled right\n", wrong ? "not ok" : "ok",
           shape->insns);
    printf("# %" PRIu64 " functions, %" PRIu64 " runs, of which %" PRIu64
           " were stopped; %.2f bytes for each operation\n",
           totals.functions, totals.runs, totals.stopped,
           (double)totals.bytes / (double)(totals.insns ? totals.insns : 1));
    return wrong == 0;
}

int main(int argc, char **argv)
{
    u64 n = argc > 1 ? strtoull(argv[1], NULL, 0) : 400;
    u64 first = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    bool ok = true;
    if (!jit_is_available()) {
        printf("1..0 # skipped: no compiler for this machine\n");
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
        ok &= check_shape(&shapes[i], first, n);
    printf("1..%zu\n", ARRAY_LEN(shapes));
    return ok ? 0 : 1;
}
