/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Every program of bench/programs and the firewall, on every engine, in one run.
 *
 *     run [--check | --switches] [--rounds N] [--ms N] [--only PROGRAM] [--markdown]
 *
 * --check runs each program once on each engine and compares the results; it measures nothing.
 * --switches compares the interpreter's results with those of compiled code without each of the
 * optimiser's passes, with each alone, and without each two of them.
 * Rows are name, metric, unit, value, spread; --markdown prints the tables of docs/performance.md.
 * The exit status is 1 when results differ or a run was stopped, 2 for wrong usage. */
#include "bench.h"
#include "frames.h"
#include "operations.h"

#include <skep/skep.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum lane_id { NATIVE, MARCH, KERNEL, JIT, METERED, INTERP, CHECKED, N_LANES };
static const struct bench_engine *const engines[N_LANES] = {
    [NATIVE] = &bench_native,   [MARCH] = &bench_native_march,  [KERNEL] = &bench_kernel,
    [JIT] = &bench_jit,         [METERED] = &bench_jit_metered, [INTERP] = &bench_interp,
    [CHECKED] = &bench_checked,
};
static const struct bench_engine *const xdp_engines[N_LANES] = {
    [NATIVE] = &bench_native_xdp, [MARCH] = &bench_native_xdp_march, [KERNEL] = &bench_kernel,
    [JIT] = &bench_jit,           [METERED] = &bench_jit_metered,    [INTERP] = &bench_interp,
    [CHECKED] = &bench_checked,
};

static const char *const programs[] = {
#define PROGRAM(name) #name,
#include "programs/list.h"
#undef PROGRAM
};
#define N_PROGRAMS (sizeof programs / sizeof programs[0])
#define MAX_ROWS 64

/* What is known of a program when it has been measured. */
struct row {
    const char *name;
    double insns; /* 0: not counted */
    bool ran[N_LANES];
    struct bench_stat ns[N_LANES];
    bool has_cost;
    struct bench_cost cost; /* of JIT */
};

struct run {
    struct bench_options measure;
    bool check, switches, markdown;
    const char *only;
    struct row rows[MAX_ROWS];
    size_t n_rows;
    struct bench_stat empty[N_LANES]; /* an empty program's time */
    bool failed;
};

/* Says why a lane is empty.  false: it must not be; only the kernel may refuse, and the compiler on
 * a CPU that it does not know. */
static bool run_say_why(const struct bench_case *of, const struct bench_lane *lane)
{
    if (lane->state || lane->engine == &bench_native || lane->engine == &bench_native_march)
        return true;
    fprintf(stderr, "%s: not run by %s: %s\n", of->program, lane->engine->name, lane->why);
    bool compiles = lane->engine == &bench_jit || lane->engine == &bench_jit_metered;
    return lane->engine == &bench_kernel || (compiles && !*skep_jit_name());
}

/* ---- the optimiser's switches --------------------------------------------------------------- */

/* Compiled without the passes named, without fuel and with it, beside the interpreter. */
static bool switches_agree(const struct bench_case *of, const char *off)
{
    struct bench_engine jit = bench_jit, metered = bench_jit_metered;
    jit.opt_off = metered.opt_off = off;
    struct bench_lane lanes[] = { { .engine = &bench_interp },
                                  { .engine = &jit },
                                  { .engine = &metered } };
    size_t n = sizeof lanes / sizeof lanes[0];
    bool agree = bench_open(lanes, n, of) && bench_results_equal(lanes, n);
    for (size_t i = 0; i < n; i++)
        agree &= lanes[i].state != NULL;
    if (!agree)
        printf("%-20s DIFFERS without %s\n", of->program, off);
    bench_close(lanes, n);
    return agree;
}

/* All passes but one. */
static void switches_alone(size_t on, char *off, size_t room)
{
    size_t n = 0;
    for (size_t p = 0; skep_jit_pass(p); p++)
        if (p != on)
            n += (size_t)snprintf(off + n, room - n, "%s%s", n ? "," : "", skep_jit_pass(p));
}

static void run_switches(struct run *run, const struct bench_case *of)
{
    size_t lists = 0, wrong = 0;
    char off[512];
    for (size_t p = 0; skep_jit_pass(p); p++) {
        switches_alone(p, off, sizeof off);
        wrong += !switches_agree(of, off);
        lists++;
        for (size_t q = p; skep_jit_pass(q); q++, lists++) {
            snprintf(off, sizeof off, "%s,%s", skep_jit_pass(p), skep_jit_pass(q));
            wrong += !switches_agree(of, off);
        }
    }
    printf("%-20s %zu of %zu lists of passes give other results\n", of->program, wrong, lists);
    run->failed |= wrong > 0;
}

/* Runs one case on an engine for each lane; NULL when it was only checked or failed. */
static struct row *run_case(struct run *run, const struct bench_engine *const on[N_LANES],
                            const struct bench_case *of)
{
    struct bench_lane lanes[N_LANES] = { 0 };
    struct row *row = NULL;
    if (run->switches) {
        run_switches(run, of);
        return NULL;
    }
    for (size_t i = 0; i < N_LANES; i++)
        lanes[i].engine = on[i];
    bool ran = bench_open(lanes, N_LANES, of);
    for (size_t i = 0; i < N_LANES; i++)
        ran &= run_say_why(of, &lanes[i]);
    bool equal = bench_results_equal(lanes, N_LANES);
    for (size_t i = 0; !equal && i < N_LANES; i++) {
        if (lanes[i].state)
            fprintf(stderr, "%s: %s gives 0x%08x\n", of->program, on[i]->name, lanes[i].result);
    }
    run->failed |= !ran || !equal;
    if (run->check) {
        size_t n = 0;
        for (size_t i = 0; i < N_LANES; i++)
            n += lanes[i].state != NULL;
        printf("%-20s %s on %zu engines\n", of->program, equal ? "equal" : "DIFFERS", n);
    } else if (bench_measure(lanes, N_LANES, &run->measure) && run->n_rows < MAX_ROWS) {
        row = &run->rows[run->n_rows++];
        *row = (struct row){ .name = of->program };
        if (lanes[CHECKED].state)
            row->insns = (double)on[CHECKED]->insns(lanes[CHECKED].state) / (double)of->n_frames;
        row->has_cost = lanes[JIT].state && on[JIT]->cost(lanes[JIT].state, &row->cost);
        for (size_t i = 0; i < N_LANES; i++) {
            row->ran[i] = lanes[i].state != NULL;
            row->ns[i] = lanes[i].ns;
            row->ns[i].median /= (double)of->n_frames;
            row->ns[i].spread /= (double)of->n_frames;
        }
    }
    bench_close(lanes, N_LANES);
    return row;
}

/* BPF_PROG_TEST_RUN has a cost of its own for each repeat, which is not the program's.  It counts
 * whole nanoseconds: a difference of two such counts that is this small says nothing. */
#define KERNEL_RESOLUTION_NS 2.0
static void row_subtract_empty(const struct run *run, struct row *row)
{
    if (!row->ran[KERNEL])
        return;
    row->ns[KERNEL].median -= run->empty[KERNEL].median;
    row->ran[KERNEL] = row->ns[KERNEL].median >= KERNEL_RESOLUTION_NS;
}

static void row_print_cost(const struct row *row)
{
    const struct bench_cost *cost = &row->cost;
    if (!row->has_cost)
        return;
    bench_row(row->name, "verify", "us", (struct bench_stat){ .median = cost->verify_us });
    bench_row(row->name, "compile", "us", (struct bench_stat){ .median = cost->compile_us });
    bench_row(row->name, "code", "bytes", (struct bench_stat){ .median = cost->code_bytes });
    bench_row(row->name, "size", "insns", (struct bench_stat){ .median = cost->insns });
}

static void row_print(const struct run *run, const struct row *row)
{
    static const char *const metric[N_LANES] = { "ns-native", "ns-march-native", "ns-kernel",
                                                 "ns-jit",    "ns-jit-metered",  "ns-interp",
                                                 "ns-checked" };
    if (run->markdown)
        return;
    for (size_t i = 0; i < N_LANES; i++) {
        if (row->ran[i])
            bench_row(row->name, metric[i], "ns/run", row->ns[i]);
    }
    row_print_cost(row);
    if (row->insns > 0)
        bench_row(row->name, "instructions", "insns", (struct bench_stat){ .median = row->insns });
    if (row->insns > 0 && row->ran[INTERP])
        bench_row(row->name, "ns-per-insn-interp", "ns",
                  (struct bench_stat){ row->ns[INTERP].median / row->insns,
                                       row->ns[INTERP].spread / row->insns });
}

static bool wanted(const struct run *run, const char *name)
{
    return !run->only || strcmp(run->only, name) == 0;
}

static void run_programs(struct run *run)
{
    uint8_t work[BENCH_WORK_BYTES];
    bench_work(work);
    const struct bench_frame frame = { work, sizeof work };
    for (size_t i = 0; i < N_PROGRAMS; i++) {
        char object[512];
        snprintf(object, sizeof object, OBJECT_DIR "/%s.bpf.o", programs[i]);
        struct bench_case of = {
            .program = programs[i], .object = object, .frames = &frame, .n_frames = 1
        };
        bool is_empty = i == 0; /* always run: the others need it */
        if (!is_empty && !wanted(run, programs[i]))
            continue;
        struct row *row = run_case(run, engines, &of);
        if (!row)
            continue;
        if (is_empty)
            memcpy(run->empty, row->ns, sizeof run->empty);
        else
            row_subtract_empty(run, row);
        row_print(run, row);
    }
}

static void run_firewall(struct run *run)
{
    const struct bench_case of = { .program = "firewall",
                                   .object = OBJECT_DIR "/firewall.bpf.o",
                                   .frames = firewall_frames,
                                   .n_frames = n_firewall_frames,
                                   .fill = fill_firewall };
    if (!wanted(run, of.program))
        return;
    struct row *row = run_case(run, xdp_engines, &of);
    if (row) {
        row_subtract_empty(run, row);
        row_print(run, row);
    }
}

/* The geometric mean of lane a ÷ lane b over the programs that ran on both. */
/* Both less an empty program of the same engine, where the kernel's is subtracted already. */
static double run_own_ns(const struct run *run, const struct row *row, enum lane_id lane)
{
    return row->ns[lane].median - (lane == KERNEL ? 0 : run->empty[lane].median);
}

static double run_ratio_to_kernel(const struct run *run, enum lane_id a)
{
    double logs = 0;
    unsigned n = 0;
    for (size_t i = 1; i < run->n_rows; i++) {
        double ours = run_own_ns(run, &run->rows[i], a), kernel = run->rows[i].ns[KERNEL].median;
        if (run->rows[i].ran[a] && run->rows[i].ran[KERNEL] && ours > 0 && kernel > 0) {
            logs += log(ours / kernel);
            n++;
        }
    }
    return n ? exp(logs / n) : 0;
}

static double run_ratio(const struct run *run, enum lane_id a, enum lane_id b)
{
    double logs = 0;
    unsigned n = 0;
    for (size_t i = 1; i < run->n_rows; i++) {
        const struct row *row = &run->rows[i];
        if (row->ran[a] && row->ran[b] && row->ns[a].median > 0 && row->ns[b].median > 0) {
            logs += log(row->ns[a].median / row->ns[b].median);
            n++;
        }
    }
    return n ? exp(logs / n) : 0;
}

static double run_ns_per_insn(const struct run *run, enum lane_id lane)
{
    double logs = 0;
    unsigned n = 0;
    for (size_t i = 1; i < run->n_rows; i++) {
        const struct row *row = &run->rows[i];
        if (row->ran[lane] && row->insns > 0) {
            logs += log(row->ns[lane].median / row->insns);
            n++;
        }
    }
    return n ? exp(logs / n) : 0;
}

static void run_print_means(const struct run *run)
{
    static const enum lane_id compared[] = { MARCH, KERNEL, JIT, METERED, INTERP, CHECKED };
    for (size_t i = 0; i < sizeof compared / sizeof compared[0]; i++) {
        char metric[64];
        snprintf(metric, sizeof metric, "%s/native", engines[compared[i]]->name);
        bench_row("geomean", metric, "ratio",
                  (struct bench_stat){ .median = run_ratio(run, compared[i], NATIVE) });
    }
    bench_row("geomean", "jit/kernel", "ratio",
              (struct bench_stat){ .median = run_ratio_to_kernel(run, JIT) });
    bench_row("geomean", "ns-per-insn-interp", "ns",
              (struct bench_stat){ .median = run_ns_per_insn(run, INTERP) });
    bench_row("geomean", "ns-per-insn-checked", "ns",
              (struct bench_stat){ .median = run_ns_per_insn(run, CHECKED) });
}

static int digits(double ns) { return ns < 20 ? 1 : 0; }

static void cell_ns(const struct row *row, enum lane_id lane)
{
    const struct bench_stat *ns = &row->ns[lane];
    if (row->ran[lane])
        printf(" %.*f ± %.*f |", digits(ns->median), ns->median, digits(ns->spread), ns->spread);
    else
        printf(" – |");
}

static void cell_ratio(const struct row *row, enum lane_id lane, enum lane_id to)
{
    if (row->ran[lane] && row->ran[to])
        printf(" %.2f |", row->ns[lane].median / row->ns[to].median);
    else
        printf(" – |");
}

static void cell_ratio_to_kernel(const struct run *run, const struct row *row, enum lane_id lane)
{
    double ours = run_own_ns(run, row, lane);
    if (row->ran[lane] && row->ran[KERNEL] && ours > 0 && row != run->rows)
        printf(" %.2f |", ours / row->ns[KERNEL].median);
    else
        printf(" – |");
}

static void cell_ns_per_insn(const struct row *row, enum lane_id lane)
{
    if (row->ran[lane] && row->insns > 0)
        printf(" %.2f |", row->ns[lane].median / row->insns);
    else
        printf(" – |");
}

static void cell_cost(const struct row *row)
{
    if (row->has_cost)
        printf(" %.0f | %.0f | %.0f | %.0f | %.1f |", row->cost.insns, row->cost.verify_us,
               row->cost.compile_us, row->cost.code_bytes, row->cost.code_bytes / row->cost.insns);
    else
        printf(" – | – | – | – | – |");
}

/* What compiling takes, and what comes out. */
static void run_markdown_costs(const struct run *run)
{
    double insns = 0, bytes = 0;
    printf("\n| program | instructions in it | verify, µs | compile, µs | code, bytes "
           "| bytes per instruction |\n|---|---:|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < run->n_rows; i++) {
        const struct row *row = &run->rows[i];
        printf("| %s |", row->name);
        cell_cost(row);
        printf("\n");
        insns += row->cost.insns, bytes += row->cost.code_bytes;
    }
    if (insns > 0)
        printf("| **all** | %.0f | | | %.0f | %.1f |\n", insns, bytes, bytes / insns);
}

static void run_markdown(const struct run *run)
{
    printf(
        "| program, ns | native | -march=native | kernel | jit | jit, metered | interp | checked "
        "| kernel ÷ native | jit ÷ native | jit ÷ kernel | interp ÷ native | instructions "
        "| interp, ns per instruction |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < run->n_rows; i++) {
        const struct row *row = &run->rows[i];
        printf("| %s |", row->name);
        for (enum lane_id lane = NATIVE; lane < N_LANES; lane++)
            cell_ns(row, lane);
        cell_ratio(row, KERNEL, NATIVE);
        cell_ratio(row, JIT, NATIVE);
        cell_ratio_to_kernel(run, row, JIT);
        cell_ratio(row, INTERP, NATIVE);
        printf(" %.0f |", row->insns);
        cell_ns_per_insn(row, INTERP);
        printf("\n");
    }
    printf("| **geomean ÷ native** | 1 | %.2f | %.2f | %.2f | %.2f | %.1f | %.1f | | | %.2f | | "
           "| %.2f |\n",
           run_ratio(run, MARCH, NATIVE), run_ratio(run, KERNEL, NATIVE),
           run_ratio(run, JIT, NATIVE), run_ratio(run, METERED, NATIVE),
           run_ratio(run, INTERP, NATIVE), run_ratio(run, CHECKED, NATIVE),
           run_ratio_to_kernel(run, JIT), run_ns_per_insn(run, INTERP));
    run_markdown_costs(run);
}

/* ---- single operations --------------------------------------------------------------------- */

static void operation_print(const struct run *run, const struct operation *op,
                            const struct row *row, const struct row *loop)
{
    if (run->markdown)
        printf("| %s |", op->what);
    for (enum lane_id lane = KERNEL; lane < N_LANES; lane++) {
        bool ran = row->ran[lane] && loop->ran[lane];
        struct bench_stat one = { (row->ns[lane].median - loop->ns[lane].median) / OPERATIONS_A_RUN,
                                  row->ns[lane].spread / OPERATIONS_A_RUN };
        char metric[64];
        snprintf(metric, sizeof metric, "ns-%s", engines[lane]->name);
        if (run->markdown && ran)
            printf(" %.2f |", one.median);
        else if (run->markdown)
            printf(" – |");
        else if (ran)
            bench_row(op->program, metric, "ns/op", one);
    }
    if (run->markdown)
        printf("\n");
}

static void run_operations(struct run *run)
{
    uint8_t work[BENCH_WORK_BYTES];
    bench_work(work);
    const struct bench_frame frame = { work, sizeof work };
    const struct row *loop = NULL;
    if (run->markdown)
        printf("\n| operation, ns | kernel | jit | jit, metered | interp | checked |\n"
               "|---|---:|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < n_operations; i++) {
        struct bench_case of = { .program = operations[i].program,
                                 .object = OBJECT_DIR "/micro.bpf.o",
                                 .frames = &frame,
                                 .n_frames = 1,
                                 .fill = operations[i].fill };
        if (i > 0 && !wanted(run, of.program))
            continue;
        const struct row *row = run_case(run, engines, &of);
        if (i == 0)
            loop = row;
        else if (row && loop)
            operation_print(run, &operations[i], row, loop);
    }
}

static bool run_arguments(struct run *run, int n, char **args)
{
    for (int i = 1; i < n; i++) {
        const char *value = i + 1 < n ? args[i + 1] : NULL;
        if (strcmp(args[i], "--check") == 0) {
            run->check = true;
        } else if (strcmp(args[i], "--switches") == 0) {
            run->switches = true;
        } else if (strcmp(args[i], "--markdown") == 0) {
            run->markdown = true;
        } else if (strcmp(args[i], "--only") == 0 && value) {
            run->only = args[++i];
        } else if (strcmp(args[i], "--rounds") == 0 && value) {
            run->measure.rounds = (unsigned)atoi(args[++i]);
        } else if (strcmp(args[i], "--ms") == 0 && value) {
            run->measure.ns_a_round = atof(args[++i]) * 1e6;
        } else {
            return false;
        }
    }
    return run->measure.rounds >= 1 && run->measure.rounds <= BENCH_MAX_ROUNDS &&
           run->measure.ns_a_round > 0;
}

int main(int n, char **args)
{
    static struct run run = { .measure = { .rounds = 15, .ns_a_round = 4e6 } };
    if (!run_arguments(&run, n, args)) {
        fprintf(stderr,
                "usage: %s [--check | --switches] [--rounds N] [--ms N] [--only PROGRAM] "
                "[--markdown]\n",
                args[0]);
        return 2;
    }
    run_programs(&run);
    run_firewall(&run);
    bool measured = !run.check && !run.switches;
    if (measured && run.markdown)
        run_markdown(&run);
    else if (measured)
        run_print_means(&run);
    run_operations(&run);
    return run.failed ? 1 : 0;
}
