/* skep bench: programs timed on every engine asked for, results compared.
 *
 * A figure is the median over rounds, each of as many runs as take about ROUND_NS; the spread is
 * the distance between the quartiles. */
#include "kernel.h"
#include "maps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char details_bench[] =
    "Times each program of each object on each engine, on one input: --data, --ctx, or packet N "
    "of\n"
    "--pcap. Prints the median time of a run over several rounds, the spread between the "
    "quartiles,\n"
    "the instructions of a run, r0, and how long the program took to prepare. The kernel is "
    "skipped,\n"
    "with the reason, where bpf(2) is refused; an empty program's time is subtracted from its "
    "own.\n"
    "Exit status 1 when two engines disagree on r0.\n"
    "\n"
    "Example:\n"
    "\n"
    "  skep bench csum.bpf.o --engine interp,checked,kernel --data @frame.bin\n";

#define BENCH_ROUND_NS 20000000u
#define BENCH_RUNS_MAX 10000000u

struct bench_engine;

/* Nanoseconds of one run, and what of them is not the program's. */
struct bench_time {
    double whole, base;
};

/* A kind of engine.  A round takes a number of runs; false: *why. */
struct bench_kind {
    const char *name;
    bool (*open)(struct bench_engine *engine, const struct skep_program_info *info, char **why);
    bool (*round)(struct bench_engine *engine, uint32_t n, struct bench_time *time, char **why);
    void (*close)(struct bench_engine *engine);
    enum skep_engine engine; /* of Skep's own */
};

/* An engine with one program in it. */
struct bench_engine {
    const struct bench_kind *kind;
    /* What the rounds share. */
    const struct args *args;
    const struct target *target;
    struct host *host;
    const struct input *input;
    /* What opening and running found. */
    uint64_t r0, compile_us, code_bytes;
    /* Of Skep's engines, and of the kernel. */
    skep_program *program;
    struct presets presets;
    skep_thread *thread;
    struct slot slot;
    struct kernel *kernel;
};

/* ---- Skep's engines ------------------------------------------------------------------------ */

static bool own_prepare(struct bench_engine *engine, const struct skep_program_info *info,
                        enum skep_engine which)
{
    const struct load_wish wish = { .engine = which, .trusted = which != SKEP_ENGINE_JIT };
    uint64_t start = now_ns();
    if (program_load(engine->target, engine->args, info, &wish, &engine->program))
        return false;
    engine->compile_us = (now_ns() - start) / 1000;
    engine->code_bytes = skep_program_code_bytes(engine->program);
    return !presets_apply(&engine->presets, engine->host, engine->target, engine->args,
                          engine->program) &&
           !skep_thread_new(engine->host->env, NULL, &engine->thread) &&
           !slot_open(&engine->slot, engine->host->env, engine->input);
}

static bool own_open(struct bench_engine *engine, const struct skep_program_info *info, char **why)
{
    if (own_prepare(engine, info, engine->kind->engine))
        return true;
    *why = need(strdup("it could not be loaded"));
    return false;
}

static bool own_run(struct bench_engine *engine, char **why)
{
    void *ctx = slot_prepare(&engine->slot, 0);
    skep_status status = skep_run(engine->thread, engine->program, ctx, &engine->r0);
    if (status)
        *why = format_new("a run was stopped: %s", skep_status_name(status));
    return !status;
}

/* Packets and memory are made anew before each run, since the program may have changed them; the
 * time that this takes is measured alone and subtracted. */
static bool own_round(struct bench_engine *engine, uint32_t n, struct bench_time *time, char **why)
{
    uint64_t start = cpu_ns();
    for (uint32_t i = 0; i < n; i++)
        if (!own_run(engine, why))
            return false;
    uint64_t middle = cpu_ns();
    for (uint32_t i = 0; i < n; i++)
        slot_prepare(&engine->slot, 0);
    time->whole = (double)(middle - start) / n;
    time->base = (double)(cpu_ns() - middle) / n;
    return true;
}

static void own_close(struct bench_engine *engine)
{
    slot_close(&engine->slot);
    skep_thread_free(engine->thread);
    presets_drop(&engine->presets);
    skep_program_free(engine->program);
}

/* ---- the kernel ---------------------------------------------------------------------------- */

static bool kernel_engine_open(struct bench_engine *engine, const struct skep_program_info *info,
                               char **why)
{
    engine->kernel = kernel_open(engine->target, engine->args, info, engine->input, why);
    return engine->kernel;
}

static bool kernel_engine_round(struct bench_engine *engine, uint32_t n, struct bench_time *time,
                                char **why)
{
    struct kernel_result result;
    if (!kernel_round(engine->kernel, n, &result, why))
        return false;
    time->whole = result.ns;
    time->base = result.empty_ns;
    engine->r0 = result.r0;
    engine->compile_us = result.compile_us;
    engine->code_bytes = result.code_bytes;
    return true;
}

static void kernel_engine_close(struct bench_engine *engine)
{
    if (engine->kernel)
        kernel_close(engine->kernel);
}

/* How many instructions a run executes, which only the checked engine counts; 0: unknown. */
static uint64_t bench_count(struct bench_engine engine, const struct skep_program_info *info)
{
    char *why = NULL;
    uint64_t insns = 0;
    if (own_prepare(&engine, info, SKEP_ENGINE_CHECKED) && own_run(&engine, &why))
        insns = skep_thread_insns(engine.thread);
    own_close(&engine);
    free(why);
    return insns;
}

static const struct bench_kind bench_kinds[] = {
    { .name = "jit",
      .open = own_open,
      .round = own_round,
      .close = own_close,
      .engine = SKEP_ENGINE_JIT },
    { .name = "interp",
      .open = own_open,
      .round = own_round,
      .close = own_close,
      .engine = SKEP_ENGINE_INTERP },
    { .name = "checked",
      .open = own_open,
      .round = own_round,
      .close = own_close,
      .engine = SKEP_ENGINE_CHECKED },
    { .name = "kernel",
      .open = kernel_engine_open,
      .round = kernel_engine_round,
      .close = kernel_engine_close },
};
#define N_KINDS (sizeof bench_kinds / sizeof *bench_kinds)

/* ---- measuring ----------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct bench_figure {
    double median, spread;
};

static struct bench_figure figure_of(double *ns, size_t n)
{
    qsort(ns, n, sizeof *ns, compare_doubles);
    return (struct bench_figure){ ns[n / 2], ns[n - 1 - n / 4] - ns[n / 4] };
}

/* The program's own time: the difference of two medians, which is steadier than the median of the
 * differences. */
static struct bench_figure figure_own(const struct bench_time *times, size_t n)
{
    double *ns = need(calloc(n, sizeof *ns));
    for (size_t i = 0; i < n; i++)
        ns[i] = times[i].base;
    struct bench_figure base = figure_of(ns, n);
    for (size_t i = 0; i < n; i++)
        ns[i] = times[i].whole;
    struct bench_figure whole = figure_of(ns, n);
    free(ns);
    whole.median = whole.median > base.median ? whole.median - base.median : 0;
    return whole;
}

/* How many runs take about a round's time; wall time, since rounds subtract. */
static bool bench_calibrate(struct bench_engine *engine, uint32_t *n, char **why)
{
    struct bench_time time;
    *n = 1;
    for (;;) {
        uint64_t start = now_ns();
        if (!engine->kind->round(engine, *n, &time, why))
            return false;
        uint64_t took = now_ns() - start;
        if (took >= BENCH_ROUND_NS || *n >= BENCH_RUNS_MAX)
            return true;
        *n *= took < BENCH_ROUND_NS / 16 ? 8 : 2;
    }
}

static bool bench_measure(struct bench_engine *engine, size_t rounds, struct bench_figure *figure,
                          char **why)
{
    uint32_t n;
    struct bench_time *times = need(calloc(rounds, sizeof *times));
    bool ok = bench_calibrate(engine, &n, why);
    for (size_t i = 0; ok && i < rounds; i++)
        ok = engine->kind->round(engine, n, &times[i], why);
    if (ok)
        *figure = figure_own(times, rounds);
    free(times);
    return ok;
}

/* ---- results ------------------------------------------------------------------------------- */

static void bench_add(json_t *result, const struct bench_engine *engine,
                      const struct bench_figure *figure)
{
    set(result, "ns_per_run", json_real(figure->median));
    set(result, "ns_spread", json_real(figure->spread));
    set(result, "r0", json_u64(engine->r0));
    set(result, "compile_us", json_integer((json_int_t)engine->compile_us));
    set(result, "code_bytes",
        engine->code_bytes ? json_integer((json_int_t)engine->code_bytes) : json_null());
}

static bool is_wanted(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ','), at = at ? at + 1 : NULL)
        if (!strncmp(at, name, length) && (at[length] == ',' || at[length] == 0))
            return true;
    return false;
}

/* One program on one engine.  What cannot be measured is skipped with the reason. */
static json_t *bench_engine(struct bench_engine *engine, const struct skep_program_info *info,
                            size_t rounds)
{
    char *why = NULL;
    struct bench_figure figure;
    json_t *result = target_result(engine->target, info);
    set(result, "engine", json_text(engine->kind->name));
    bool ok =
        engine->kind->open(engine, info, &why) && bench_measure(engine, rounds, &figure, &why);
    engine->kind->close(engine);
    if (ok)
        bench_add(result, engine, &figure);
    else
        set(result, "skipped", json_text(why ? why : "unknown reason"));
    free(why);
    return result;
}

/* Whether the engines that ran agree on r0, of which the kernel tells 32 bits. */
static bool bench_agrees(const json_t *results, size_t first)
{
    const char *r0 = NULL;
    bool agrees = true;
    for (size_t i = first; i < json_array_size(results); i++) {
        const char *text = get_text(json_array_get(results, i), "r0");
        if (!*text)
            continue;
        if (r0 && (uint32_t)strtoull(r0, NULL, 16) != (uint32_t)strtoull(text, NULL, 16))
            agrees = false;
        r0 = text;
    }
    return agrees;
}

/* Tells every engine that ran how many instructions that was. */
static void bench_set_insns(json_t *results, size_t first, const struct bench_engine *like,
                            const struct skep_program_info *info)
{
    uint64_t insns = 0;
    for (size_t i = first; i < json_array_size(results); i++) {
        json_t *result = json_array_get(results, i);
        if (json_object_get(result, "skipped"))
            continue;
        insns = insns ? insns : bench_count(*like, info);
        set(result, "insns_per_run", insns ? json_integer((json_int_t)insns) : json_null());
    }
}

struct bench {
    const struct args *args;
    struct host *host;
    const struct target *target;
    const char *engines;
    size_t rounds;
    json_t *results;
    struct progress progress;
};

static int bench_program(struct bench *bench, const struct skep_program_info *info)
{
    struct input input;
    size_t first = json_array_size(bench->results);
    if (!info->hook)
        return say_usage("%s: section %s does not say which type %s is; add --type",
                         bench->target->path, info->section, info->name);
    int status = input_open(bench->args, info->hook, &input);
    if (status)
        return status;
    input.wire_in_mark = bench->args->n_words == 0;
    const struct bench_engine like = {
        .args = bench->args, .target = bench->target, .host = bench->host, .input = &input
    };
    for (size_t i = 0; i < N_KINDS; i++) {
        struct bench_engine engine = like;
        engine.kind = &bench_kinds[i];
        if (!is_wanted(bench->engines, engine.kind->name))
            continue;
        append(bench->results, bench_engine(&engine, info, bench->rounds));
        progress_step(&bench->progress, json_array_size(bench->results), 0);
    }
    bench_set_insns(bench->results, first, &like, info);
    input_close(&input);
    if (!bench_agrees(bench->results, first))
        return say_no("%s: %s: the engines disagree on r0", bench->target->path, info->name);
    return STATUS_OK;
}

static int bench_target(struct bench *bench)
{
    struct skep_program_info info;
    if (bench->target->program || skep_object_n_programs(bench->target->object) == 0) {
        int status = target_program(bench->target, &info);
        return status ? status : bench_program(bench, &info);
    }
    int worst = STATUS_OK;
    for (size_t i = 0; skep_object_program(bench->target->object, i, &info) == SKEP_OK; i++) {
        int status = bench_program(bench, &info);
        worst = status > worst ? status : worst;
    }
    return worst;
}

/* --filter without an object is the program, compiled for the capture's link type. */
static int bench_filter(struct bench *bench)
{
    const struct args *args = bench->args;
    struct target target;
    struct input input;
    int status = input_open(args, hook_find(bench->host->env, "socket_filter"), &input);
    if (status)
        return status;
    int link_type = input.cases.link_type;
    input_close(&input);
    status = target_open_filter(bench->host->env, args, args_value(args, OPT_FILTER), link_type,
                                &target);
    if (status)
        return status;
    bench->target = &target;
    status = bench_target(bench);
    target_close(&target);
    return status;
}

static int bench_all(struct bench *bench)
{
    int worst = STATUS_OK;
    if (bench->args->n_words == 0)
        return bench_filter(bench);
    for (int i = 0; i < bench->args->n_words; i++) {
        struct target target;
        int status = target_open(bench->host->env, bench->args, bench->args->words[i], &target);
        bench->target = &target;
        if (!status) {
            status = bench_target(bench);
            target_close(&target);
        }
        worst = status > worst ? status : worst;
    }
    return worst;
}

/* ---- text ---------------------------------------------------------------------------------- */

static void bench_cells(struct table *table, const json_t *row)
{
    const json_t *insns = json_object_get(row, "insns_per_run");
    const json_t *bytes = json_object_get(row, "code_bytes");
    double ns = json_real_value(json_object_get(row, "ns_per_run"));
    table_cell_f(table, "%.1f", ns);
    table_cell_f(table, "%.1f", json_real_value(json_object_get(row, "ns_spread")));
    if (json_is_integer(insns))
        table_cell_f(table, "%lld", json_integer_value(insns));
    else
        table_cell(table, "");
    table_cell(table, get_text(row, "r0"));
    table_cell_f(table, "%lld", get_int(row, "compile_us"));
    if (json_is_integer(bytes))
        table_cell_f(table, "%lld", json_integer_value(bytes));
    else
        table_cell(table, "");
    table_cell(table, "");
}

static void bench_print(const json_t *results)
{
    static const char *const headers[] = { "program",     "engine",      ">ns/run",
                                           ">± ns",       ">insns",      ">r0",
                                           ">compile µs", ">code bytes", "" };
    struct table *table = table_new(9, headers);
    size_t i;
    const json_t *row;
    json_array_foreach(results, i, row)
    {
        table_cell(table, get_text(row, "program"));
        table_cell(table, get_text(row, "engine"));
        if (!*get_text(row, "skipped")) {
            bench_cells(table, row);
            continue;
        }
        for (int j = 0; j < 6; j++)
            table_cell(table, "");
        table_cell_f(table, "skipped: %s", get_text(row, "skipped"));
    }
    table_print(table, "");
}

/* ---- the command --------------------------------------------------------------------------- */

/* Every name of a list of engines must be one. */
static bool engines_known(const char *list)
{
    while (*list) {
        size_t length = strcspn(list, ","), i = 0;
        while (i < N_KINDS && (strncmp(bench_kinds[i].name, list, length) ||
                               strlen(bench_kinds[i].name) != length))
            i++;
        if (i == N_KINDS)
            return say_usage("there is no engine %.*s; there are jit, interp, checked and kernel",
                             (int)length, list),
                   false;
        list += length + (list[length] == ',');
    }
    return true;
}

int command_bench(const struct args *args)
{
    struct host host;
    uint64_t rounds;
    const char *engines = args_value(args, OPT_ENGINE);
    struct bench bench = { .args = args,
                           .host = &host,
                           .engines = engines ? engines : "jit,interp,checked,kernel",
                           .progress = progress_start("measured") };
    if (args->n_words == 0 && !args_has(args, OPT_FILTER))
        return say_usage("bench takes objects, or --filter; see skep help bench");
    if (!engines_known(bench.engines) || !args_number(args, OPT_ROUNDS, 10000, 9, &rounds))
        return STATUS_USAGE;
    bench.rounds = (size_t)rounds;
    bench.results = need(json_array());
    int status = host_open(&host, 1);
    if (!status)
        status = bench_all(&bench);
    progress_end(&bench.progress);
    if (args_has(args, OPT_JSON))
        print_document(args->command->name, json_incref(bench.results));
    else if (json_array_size(bench.results))
        bench_print(bench.results);
    json_decref(bench.results);
    host_close(&host);
    return status;
}
