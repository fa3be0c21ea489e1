/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What map operations cost, at 1 k, 64 k and 1 M entries, uniform random hits: ours through the C
 * API, ours and the kernel's from the same program (128 operations a run; both compiled), in turn
 * in one run; the time of the loop alone is subtracted everywhere.  Memory per element as each side
 * accounts for it, and what the kernel's allocators really took, also of the types that are not
 * timed (1 M entries, those of handles empty); two threads against one, ours through the C API, the
 * kernel's in its program.
 *
 *     build/bench/map [--markdown] [rounds [part of a kind's name]] */
#include "bench.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <skep/skep.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ROUNDS 64
#define PER_RUN 128 /* operations in one run of the kernel's program */
#define KEYS 65536u

struct kind {
    const char *name;
    uint32_t type, key_size, flags;
};
static const struct kind kinds[] = {
    { "array", BPF_MAP_TYPE_ARRAY, 4, 0 },
    { "percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 0 },
    { "hash, 4-byte key", BPF_MAP_TYPE_HASH, 4, 0 },
    { "hash, 16-byte key", BPF_MAP_TYPE_HASH, 16, 0 },
    { "lru_hash, 4-byte key", BPF_MAP_TYPE_LRU_HASH, 4, 0 },
    { "lpm_trie, IPv4", BPF_MAP_TYPE_LPM_TRIE, 8, BPF_F_NO_PREALLOC },
};
static const struct size {
    const char *name;
    uint32_t entries; /* a power of two */
} sizes[] = { { "1 k", 1 << 10 }, { "64 k", 1 << 16 }, { "1 M", 1 << 20 } };

enum operation { LOOKUP, UPDATE, N_OPERATIONS };
static const char *const operation_names[N_OPERATIONS] = { "lookup", "update" };

/* ---- what was measured, as a table ----------------------------------------------------------- */

/* Metrics, and what they are called above a column; for --markdown. */
static const struct column {
    const char *metric, *title;
} columns[] = {
    { "lookup", "lookup, ns" },
    { "lookup, program", "from a program" },
    { "lookup, kernel", "kernel" },
    { "update", "update, ns" },
    { "update, program", "from a program" },
    { "update, kernel", "kernel" },
    { "lookups of 2 threads", "2 threads look up, ×" },
    { "lookups of 2 threads, kernel", "kernel" },
    { "updates of 2 threads", "2 threads update, ×" },
    { "updates of 2 threads, kernel", "kernel" },
    { "memory per element", "bytes per element" },
    { "memory per element, kernel", "kernel, charged" },
    { "memory per element, kernel, allocated", "kernel, allocated" },
};
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]), LINES_MAX = 64 };

static bool markdown;
static struct line {
    char name[64];
    double values[N_COLUMNS]; /* 0: not measured */
} lines[LINES_MAX];
static size_t n_lines;

static void note(const char *name, const char *metric, double value)
{
    if (n_lines == 0 || strcmp(lines[n_lines - 1].name, name) != 0) {
        if (n_lines == LINES_MAX)
            return;
        snprintf(lines[n_lines++].name, sizeof(lines[0].name), "%s", name);
    }
    for (size_t i = 0; i < N_COLUMNS; i++)
        if (strcmp(columns[i].metric, metric) == 0)
            lines[n_lines - 1].values[i] = value;
}

static void report(const char *name, const char *metric, const char *unit, double *values, size_t n)
{
    struct bench_stat stat = bench_stat(values, n);
    note(name, metric, stat.median);
    if (!markdown)
        bench_row(name, metric, unit, stat);
}

static void print_table(void)
{
    printf("| map |");
    for (size_t i = 0; i < N_COLUMNS; i++)
        printf(" %s |", columns[i].title);
    printf("\n|---|");
    for (size_t i = 0; i < N_COLUMNS; i++)
        printf("---:|");
    for (size_t l = 0; l < n_lines; l++) {
        printf("\n| %s |", lines[l].name);
        for (size_t i = 0; i < N_COLUMNS; i++)
            if (fabs(lines[l].values[i]) >= 0.05)
                printf(" %.*f |", lines[l].values[i] < 100 ? 1 : 0, lines[l].values[i]);
            else
                printf(" |");
    }
    printf("\n");
}

/* ---- the contents: the same on both sides -------------------------------------------------- */

static uint32_t scatter(uint32_t i) { return (i + 1) * 2654435769u; }

/* What is put in: indexes and repeated numbers; prefixes of 8 to 31 bits and one of none. */
static void stored_key(const struct kind *kind, uint32_t i, uint32_t key[4])
{
    if (kind->type == BPF_MAP_TYPE_LPM_TRIE) {
        key[0] = i ? 8 + i % 24 : 0;
        key[1] = scatter(i);
    } else {
        for (int w = 0; w < 4; w++)
            key[w] = i;
    }
}

/* What is looked up: any address is covered. */
static void wanted_key(const struct kind *kind, uint32_t random, uint32_t key[4])
{
    for (int w = 0; w < 4; w++)
        key[w] = random;
    if (kind->type == BPF_MAP_TYPE_LPM_TRIE)
        key[0] = 32;
}

/* ---- ours ---------------------------------------------------------------------------------- */

struct ours {
    skep_map *map;
    uint32_t key_size;
    uint8_t *keys; /* KEYS random ones */
    skep_program *programs[N_OPERATIONS], *loop;
    skep_thread *thread;
};

static bool fill_ours(skep_map *map, const struct kind *kind, uint32_t entries)
{
    uint64_t values[256] = { 0 };
    uint32_t key[4];
    if (skep_map_host_value_size(map) > sizeof(values))
        return false;
    for (uint32_t i = 0; i < entries; i++) {
        stored_key(kind, i, key);
        int result = skep_map_update(map, key, values, BPF_ANY);
        if (result != 0)
            return false;
    }
    return true;
}

static skep_map *make_ours(skep_env *env, const struct kind *kind, uint32_t entries)
{
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "bench",
                                  .type = kind->type,
                                  .key_size = kind->key_size,
                                  .value_size = 8,
                                  .max_entries = entries,
                                  .flags = kind->flags };
    skep_map *map = NULL;
    if (skep_map_new(env, &spec, &map, NULL) != SKEP_OK)
        return NULL;
    return fill_ours(map, kind, entries) ? map : (skep_map_unref(map), NULL);
}

static uint8_t *make_keys(const struct kind *kind, uint32_t entries)
{
    uint8_t *keys = malloc((size_t)KEYS * kind->key_size);
    uint64_t seed = 1;
    for (uint32_t i = 0; keys && i < KEYS; i++) {
        uint32_t key[4], random = (uint32_t)bench_random(&seed);
        bool index = kind->type != BPF_MAP_TYPE_LPM_TRIE;
        wanted_key(kind, index ? random & (entries - 1) : random, key);
        memcpy(keys + (size_t)i * kind->key_size, key, kind->key_size);
    }
    return keys;
}

/* Where the compiler must assume that values are read. */
static volatile uint64_t sink;

static double time_ours(const struct ours *ours, enum operation operation)
{
    uint64_t sum = 0, values[256] = { 0 };
    double start = bench_now_ns();
    for (uint32_t i = 0; i < KEYS; i++) {
        const uint8_t *key = ours->keys + (size_t)i * ours->key_size;
        if (operation == LOOKUP) {
            const uint64_t *value = skep_map_value(ours->map, key, 0);
            sum += *value;
        } else {
            skep_map_update(ours->map, key, values, BPF_ANY);
        }
    }
    sink = sum;
    return (bench_now_ns() - start) / KEYS;
}

/* The loop alone: keys are fetched and read. */
static double time_loop(const struct ours *ours)
{
    uint64_t sum = 0;
    double start = bench_now_ns();
    for (uint32_t i = 0; i < KEYS; i++) {
        const volatile uint8_t *key = ours->keys + (size_t)i * ours->key_size;
        sum += *key;
    }
    sink = sum;
    return (bench_now_ns() - start) / KEYS;
}

/* ---- the kernel's -------------------------------------------------------------------------- */

struct theirs {
    int map, programs[N_OPERATIONS], loop; /* -1: none */
};

static struct bpf_insn insn(int code, unsigned dst, unsigned src, int off, int imm)
{
    return (struct bpf_insn){ .code = (uint8_t)code,
                              .dst_reg = dst & 15u,
                              .src_reg = src & 15u,
                              .off = (int16_t)off,
                              .imm = imm };
}

/* r1 = the next random number, masked, written as a key below r10. */
static size_t emit_key(struct bpf_insn *p, const struct kind *kind, uint32_t mask)
{
    size_t n = 0;
    p[n++] = insn(BPF_ALU64 | BPF_MUL | BPF_K, 7, 0, 0, 1664525);
    p[n++] = insn(BPF_ALU64 | BPF_ADD | BPF_K, 7, 0, 0, 1013904223);
    p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, 1, 7, 0, 0);
    p[n++] = insn(BPF_ALU64 | BPF_RSH | BPF_K, 1, 0, 0, 16);
    p[n++] = insn(BPF_ALU | BPF_AND | BPF_K, 1, 0, 0, (int)mask);
    for (int at = -16; at < 0; at += 4)
        p[n++] = insn(BPF_STX | BPF_MEM | BPF_W, 10, 1, at, 0);
    if (kind->type == BPF_MAP_TYPE_LPM_TRIE)
        p[n++] = insn(BPF_ST | BPF_MEM | BPF_W, 10, 0, -16, 32);
    return n;
}

/* How a program names its map. */
struct map_name {
    unsigned kind; /* BPF_PSEUDO_MAP_FD: a descriptor; …_IDX: a position */
    int number;    /* -1: the program has none */
};

static size_t emit_call(struct bpf_insn *p, struct map_name map, enum operation operation)
{
    size_t n = 0;
    p[n++] = insn(BPF_LD | BPF_IMM | BPF_DW, 1, map.kind, 0, map.number);
    p[n++] = insn(0, 0, 0, 0, 0);
    p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
    p[n++] = insn(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -16);
    p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, 3, 10, 0, 0);
    p[n++] = insn(BPF_ALU64 | BPF_ADD | BPF_K, 3, 0, 0, -24);
    p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, 4, 0, 0, BPF_ANY);
    p[n++] = insn(BPF_JMP | BPF_CALL, 0, 0, 0,
                  operation == LOOKUP ? BPF_FUNC_map_lookup_elem : BPF_FUNC_map_update_elem);
    if (operation == LOOKUP) {
        p[n++] = insn(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1, 0);
        p[n++] = insn(BPF_LDX | BPF_MEM | BPF_DW, 0, 0, 0, 0);
    }
    return n;
}

enum { PROGRAM_MAX = 64 };

/* Without a map: the loop alone. */
static size_t emit_program(struct bpf_insn p[PROGRAM_MAX], const struct kind *kind,
                           uint32_t entries, struct map_name map, enum operation operation)
{
    size_t n = 0;
    uint32_t mask = kind->type == BPF_MAP_TYPE_LPM_TRIE ? UINT32_MAX : entries - 1;
    p[n++] = insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_prandom_u32);
    p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_X, 7, 0, 0, 0);
    p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, 8, 0, 0, PER_RUN);
    p[n++] = insn(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -24, 0);
    size_t loop = n;
    n += emit_key(p + n, kind, mask);
    if (map.number >= 0)
        n += emit_call(p + n, map, operation);
    p[n++] = insn(BPF_ALU64 | BPF_SUB | BPF_K, 8, 0, 0, 1);
    p[n] = insn(BPF_JMP | BPF_JNE | BPF_K, 8, 0, (int)loop - (int)n - 1, 0);
    n++;
    p[n++] = insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
    p[n++] = insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
    return n;
}

/* ---- ours, from a program ------------------------------------------------------------------- */

static skep_program *load_ours(skep_env *env, const struct kind *kind, uint32_t entries,
                               skep_map *map, enum operation operation)
{
    struct bpf_insn p[PROGRAM_MAX];
    struct map_name name = { BPF_PSEUDO_MAP_IDX, map ? 0 : -1 };
    size_t n = emit_program(p, kind, entries, name, operation);
    const struct skep_hook *hook = NULL;
    for (size_t i = 0; (hook = skep_env_hook(env, i)) && strcmp(hook->name, "syscall") != 0; i++)
        ;
    skep_object *object = NULL;
    skep_program *program = NULL;
    struct skep_load_options options = {
        .size = sizeof(options), .profile = SKEP_PROFILE_LINUX, .maps = &map, .n_maps = map != NULL
    };
    if (skep_object_from_insns(env, "bench", p, n, hook, &object, NULL) != SKEP_OK)
        return NULL;
    if (skep_program_load(object, NULL, &options, &program, NULL) != SKEP_OK)
        program = NULL;
    skep_object_close(object);
    return program;
}

static bool load_all_ours(struct ours *ours, skep_env *env, const struct kind *kind,
                          uint32_t entries)
{
    ours->loop = load_ours(env, kind, entries, NULL, LOOKUP);
    for (int operation = 0; operation < N_OPERATIONS; operation++)
        ours->programs[operation] =
            load_ours(env, kind, entries, ours->map, (enum operation)operation);
    return ours->loop && ours->programs[LOOKUP] && ours->programs[UPDATE] &&
           skep_thread_new(env, NULL, &ours->thread) == SKEP_OK;
}

static double time_program_ours(const struct ours *ours, const skep_program *program)
{
    uint8_t bytes[8] = { 0 };
    struct skep_memory memory = { bytes, sizeof(bytes) };
    uint64_t r0 = 0;
    double start = bench_now_ns();
    for (uint32_t i = 0; i < KEYS / PER_RUN; i++)
        if (skep_run(ours->thread, program, &memory, &r0) != SKEP_OK)
            return 0;
    return (bench_now_ns() - start) / KEYS;
}

/* ---- the kernel's, from a program ------------------------------------------------------------ */

/* map -1: the loop alone. */
static int load_program(const struct kind *kind, uint32_t entries, int map,
                        enum operation operation)
{
    struct bpf_insn p[PROGRAM_MAX];
    struct map_name name = { BPF_PSEUDO_MAP_FD, map };
    size_t n = emit_program(p, kind, entries, name, operation);
    return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "skep_bench", "GPL", p, n, NULL);
}

static bool fill_theirs(int map, const struct kind *kind, uint32_t entries)
{
    uint64_t values[256] = { 0 };
    uint32_t key[4];
    for (uint32_t i = 0; i < entries; i++) {
        stored_key(kind, i, key);
        if (bpf_map_update_elem(map, key, values, BPF_ANY) != 0)
            return false;
    }
    return true;
}

/* false: the kernel does not let us. */
static bool make_theirs(struct theirs *theirs, const struct kind *kind, uint32_t entries)
{
    struct bpf_map_create_opts options = { .sz = sizeof(options), .map_flags = kind->flags };
    theirs->map = bpf_map_create((enum bpf_map_type)kind->type, "skep_bench", kind->key_size, 8,
                                 entries, &options);
    if (theirs->map < 0 || !fill_theirs(theirs->map, kind, entries))
        return false;
    theirs->loop = load_program(kind, entries, -1, LOOKUP);
    for (int operation = 0; operation < N_OPERATIONS; operation++)
        theirs->programs[operation] =
            load_program(kind, entries, theirs->map, (enum operation)operation);
    return theirs->loop >= 0 && theirs->programs[LOOKUP] >= 0 && theirs->programs[UPDATE] >= 0;
}

static void close_theirs(const struct theirs *theirs)
{
    const int all[] = { theirs->map, theirs->loop, theirs->programs[LOOKUP],
                        theirs->programs[UPDATE] };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] >= 0)
            close(all[i]);
}

/* ns of one run; 0: it could not be run. */
static double run_theirs(int program, uint32_t repeat)
{
    uint8_t packet[64] = { 0 };
    struct bpf_test_run_opts options = { .sz = sizeof(options),
                                         .data_in = packet,
                                         .data_size_in = sizeof(packet),
                                         .repeat = (int)repeat };
    return bpf_prog_test_run_opts(program, &options) == 0 ? options.duration : 0;
}

static double time_program_theirs(int program)
{
    return run_theirs(program, KEYS / PER_RUN) / PER_RUN;
}

static double memory_theirs(int map)
{
    char path[64], line[128];
    double bytes = 0;
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "memlock:", 8) == 0)
            bytes = strtod(line + 8, NULL);
    if (file)
        fclose(file);
    return bytes;
}

/* What the kernel's allocators hold: slabs, areas, per-CPU memory.  What it charges for an LPM trie
 * are the prefixes only, not the nodes between them. */
static double kernel_allocated_now(void)
{
    static const char *const parts[] = { "SUnreclaim:", "VmallocUsed:", "Percpu:" };
    char line[128];
    double kilobytes = 0;
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof(line), file))
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
            if (strncmp(line, parts[i], strlen(parts[i])) == 0)
                kilobytes += strtod(line + strlen(parts[i]), NULL);
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

/* Maps that were closed are freed some time later: once nothing has changed for half a second. */
static double kernel_allocated(void)
{
    double before = -1, now = kernel_allocated_now();
    for (int same = 0, tries = 0; same < 5 && tries < 50; tries++) {
        usleep(100000);
        before = now;
        now = kernel_allocated_now();
        same = now > before - 65536 && now < before + 65536 ? same + 1 : 0;
    }
    return now;
}

/* ---- measuring ----------------------------------------------------------------------------- */

static void row(const struct kind *kind, const struct size *size, const char *what,
                const char *unit, double *values, size_t n)
{
    char name[64];
    snprintf(name, sizeof(name), "%s, %s", kind->name, size->name);
    report(name, what, unit, values, n);
}

static void one_row(const struct kind *kind, const struct size *size, const char *what,
                    const char *unit, double value)
{
    row(kind, size, what, unit, &value, 1);
}

static void compare_times(const struct kind *kind, const struct size *size, const struct ours *ours,
                          const struct theirs *theirs, enum operation operation, size_t rounds)
{
    double mine[MAX_ROUNDS], program[MAX_ROUNDS], kernel[MAX_ROUNDS];
    char what[64];
    for (size_t i = 0; i < rounds; i++) {
        mine[i] = time_ours(ours, operation) - time_loop(ours);
        program[i] = time_program_ours(ours, ours->programs[operation]) -
                     time_program_ours(ours, ours->loop);
        kernel[i] = theirs ? time_program_theirs(theirs->programs[operation]) -
                                 time_program_theirs(theirs->loop)
                           : 0;
    }
    snprintf(what, sizeof(what), "%s", operation_names[operation]);
    row(kind, size, what, "ns", mine, rounds);
    snprintf(what, sizeof(what), "%s, program", operation_names[operation]);
    row(kind, size, what, "ns", program, rounds);
    snprintf(what, sizeof(what), "%s, kernel", operation_names[operation]);
    if (theirs)
        row(kind, size, what, "ns", kernel, rounds);
}

/* What one thread does, on a processor of its own, as its per-CPU slot. */
struct work {
    const struct ours *ours;
    int theirs; /* the kernel's program; -1: ours through the C API */
    enum operation operation;
    uint32_t cpu, passes;
    atomic_uint *ready; /* threads that are about to begin */
    unsigned n_threads;
    double wall, processor; /* ns */
};

/* Each thread begins at another place: they do not use the same keys at the same time. */
static const uint8_t *key_of(const struct work *work, uint32_t i)
{
    uint32_t at = (i + work->cpu * (KEYS / 2)) % KEYS;
    return work->ours->keys + (size_t)at * work->ours->key_size;
}

static void look_up_all(const struct work *work)
{
    uint64_t sum = 0;
    for (uint32_t n = 0; n < work->passes; n++)
        for (uint32_t i = 0; i < KEYS; i++) {
            const uint8_t *key = key_of(work, i);
            const uint64_t *value = skep_map_value(work->ours->map, key, work->cpu);
            sum += *value;
        }
    sink = sum;
}

static void update_all(const struct work *work)
{
    uint64_t values[256] = { 0 };
    for (uint32_t n = 0; n < work->passes; n++)
        for (uint32_t i = 0; i < KEYS; i++) {
            const uint8_t *key = key_of(work, i);
            skep_map_update(work->ours->map, key, values, BPF_ANY);
        }
}

static void do_work(const struct work *work)
{
    if (work->theirs >= 0)
        run_theirs(work->theirs, work->passes * (KEYS / PER_RUN));
    else if (work->operation == LOOKUP)
        look_up_all(work);
    else
        update_all(work);
}

static void *work_in_thread(void *user)
{
    struct work *work = user;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(work->cpu, &own);
    pthread_setaffinity_np(pthread_self(), sizeof(own), &own);
    /* Before all others, where that is allowed. */
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &(struct sched_param){ .sched_priority = 1 });
    struct work warm_up = *work;
    warm_up.passes = 2;
    do_work(&warm_up);
    atomic_fetch_add(work->ready, 1);
    while (atomic_load(work->ready) < work->n_threads)
        ;
    double wall = bench_wall_ns(), processor = bench_now_ns();
    do_work(work);
    work->processor = bench_now_ns() - processor;
    work->wall = bench_wall_ns() - wall;
    return NULL;
}

/* false: something else ran on one of the processors meanwhile. */
static bool work_in_threads(struct work *works, unsigned n)
{
    pthread_t threads[2];
    atomic_uint ready = 0;
    bool undisturbed = true;
    for (unsigned i = 0; i < n; i++) {
        works[i].ready = &ready;
        works[i].n_threads = n;
        if (pthread_create(&threads[i], NULL, work_in_thread, &works[i]) != 0)
            abort();
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        undisturbed = undisturbed && works[i].wall < 1.02 * works[i].processor;
    }
    return undisturbed;
}

/* Operations a second of two threads, as multiples of what each does alone on the same processor,
 * before or after, whichever is faster.  What other processes take shows as wall time that is not
 * processor time; such rounds do not count. */
static bool two_against_one(const struct work *work, double *factor)
{
    struct work both[2] = { *work, *work };
    both[1].cpu = 1;
    struct work before[2] = { both[0], both[1] }, after[2] = { both[0], both[1] };
    if (!work_in_threads(&before[0], 1) || !work_in_threads(&before[1], 1) ||
        !work_in_threads(both, 2) || !work_in_threads(&after[0], 1) ||
        !work_in_threads(&after[1], 1))
        return false;
    *factor = 0;
    for (int i = 0; i < 2; i++)
        *factor += fmin(before[i].wall, after[i].wall) / both[i].wall;
    return true;
}

/* ns: what an operation takes alone. */
static void compare_threads(const struct kind *kind, const struct size *size, struct work work,
                            double ns, const char *side, size_t rounds)
{
    double factors[MAX_ROUNDS];
    char what[64];
    size_t n = 0;
    work.passes = (uint32_t)(2e7 / (fmax(ns, 0.5) * KEYS)) + 1;
    for (size_t tries = 0; n < rounds && tries < 40 * rounds; tries++)
        n += two_against_one(&work, &factors[n]);
    snprintf(what, sizeof(what), "%ss of 2 threads%s", operation_names[work.operation], side);
    if (n)
        row(kind, size, what, "x", factors, n);
    else
        fprintf(stderr, "%s, %s: other processes leave no two processors to measure threads\n",
                kind->name, size->name);
}

static void compare_operation(const struct kind *kind, const struct size *size,
                              const struct ours *ours, const struct theirs *theirs,
                              enum operation operation, size_t rounds)
{
    struct work work = { .ours = ours, .theirs = -1, .operation = operation };
    compare_times(kind, size, ours, theirs, operation, rounds);
    compare_threads(kind, size, work, time_ours(ours, operation), "", rounds);
    if (!theirs)
        return;
    work.theirs = theirs->programs[operation];
    compare_threads(kind, size, work, time_program_theirs(work.theirs), ", kernel", rounds);
}

/* Prefixes that were cut to few bits may be the same. */
static double count_elements(skep_map *map)
{
    uint64_t cursor = 0;
    double n = 0;
    for (int result = 0; result == 0;) {
        uint32_t keys[64 * 4], count = 64;
        uint64_t values[64 * 64];
        result = skep_map_lookup_batch(map, &cursor, keys, values, &count, 0);
        n += count;
    }
    return n;
}

static bool measure(skep_env *env, const struct kind *kind, const struct size *size, size_t rounds)
{
    struct ours ours = { .map = make_ours(env, kind, size->entries), .key_size = kind->key_size };
    struct theirs theirs = { -1, { -1, -1 }, -1 };
    ours.keys = make_keys(kind, size->entries);
    if (!ours.map || !ours.keys || !load_all_ours(&ours, env, kind, size->entries)) {
        fprintf(stderr, "bench/map: cannot make %s with %u entries\n", kind->name, size->entries);
        return false;
    }
    double allocated = kernel_allocated(), elements = count_elements(ours.map);
    bool kernel = make_theirs(&theirs, kind, size->entries);
    allocated = kernel_allocated() - allocated;
    compare_operation(kind, size, &ours, kernel ? &theirs : NULL, LOOKUP, rounds);
    if (kind->type != BPF_MAP_TYPE_LPM_TRIE)
        compare_operation(kind, size, &ours, kernel ? &theirs : NULL, UPDATE, rounds);
    one_row(kind, size, "memory per element", "B",
            (double)skep_map_memory_bytes(ours.map) / elements);
    if (kernel)
        one_row(kind, size, "memory per element, kernel", "B",
                memory_theirs(theirs.map) / elements);
    if (kernel && size->entries >= 1 << 16) /* other processes show in less */
        one_row(kind, size, "memory per element, kernel, allocated", "B", allocated / elements);
    close_theirs(&theirs);
    free(ours.keys);
    skep_thread_free(ours.thread);
    for (int operation = 0; operation < N_OPERATIONS; operation++)
        skep_program_free(ours.programs[operation]);
    skep_program_free(ours.loop);
    skep_map_unref(ours.map);
    return true;
}

/* ---- memory of the other types --------------------------------------------------------------- */

static const struct other {
    const char *name;
    uint32_t type, key_size, value_size, flags;
    bool fill;
} others[] = {
    { "percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 0, true },
    { "lru_percpu_hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 0, true },
    { "queue", BPF_MAP_TYPE_QUEUE, 0, 8, 0, true },
    { "stack", BPF_MAP_TYPE_STACK, 0, 8, 0, true },
    { "bloom_filter", BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 0, true },
    { "ringbuf, bytes", BPF_MAP_TYPE_RINGBUF, 0, 0, 0, false },
    { "prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 0, false },
    { "perf_event_array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0, false },
    { "cgroup_array", BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 0, false },
    { "devmap", BPF_MAP_TYPE_DEVMAP, 4, 4, 0, false },
    { "xskmap", BPF_MAP_TYPE_XSKMAP, 4, 4, 0, false },
    { "stack_trace", BPF_MAP_TYPE_STACK_TRACE, 4, 64, 0, false },
    /* The kernel takes seconds to free it. */
    { "hash, grows", BPF_MAP_TYPE_HASH, 4, 8, BPF_F_NO_PREALLOC, true },
};

static void other_row(const struct other *other, const char *what, double bytes)
{
    bytes /= (double)(1 << 20);
    report(other->name, what, "B", &bytes, 1);
}

/* For a queue a NULL key; arrays of handles stay empty. */
static bool fill_other(const struct other *other, skep_map *ours, int theirs)
{
    uint64_t values[256] = { 0 };
    bool right = true;
    for (uint32_t i = 0; right && other->fill && i < 1 << 20; i++) {
        const uint32_t *key = other->key_size ? &i : NULL;
        values[0] = i;
        right = ours ? skep_map_update(ours, key, values, BPF_ANY) == 0
                     : bpf_map_update_elem(theirs, key, values, BPF_ANY) == 0;
    }
    return right;
}

static bool measure_other(skep_env *env, const struct other *other)
{
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = "bench",
                                  .type = other->type,
                                  .key_size = other->key_size,
                                  .value_size = other->value_size,
                                  .max_entries = 1 << 20,
                                  .flags = other->flags };
    struct bpf_map_create_opts options = { .sz = sizeof(options), .map_flags = other->flags };
    skep_map *map = NULL;
    if (skep_map_new(env, &spec, &map, NULL) != SKEP_OK || !fill_other(other, map, -1)) {
        fprintf(stderr, "bench/map: cannot make or fill a %s\n", other->name);
        return false;
    }
    other_row(other, "memory per element", (double)skep_map_memory_bytes(map));
    skep_map_unref(map);
    double allocated = kernel_allocated();
    int theirs = bpf_map_create((enum bpf_map_type)other->type, "skep_bench", other->key_size,
                                other->value_size, 1 << 20, &options);
    if (theirs < 0 || !fill_other(other, NULL, theirs))
        return true; /* the kernel does not let us */
    other_row(other, "memory per element, kernel", memory_theirs(theirs));
    other_row(other, "memory per element, kernel, allocated", kernel_allocated() - allocated);
    close(theirs);
    return true;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--markdown") == 0) {
        markdown = true;
        argc--;
        argv++;
    }
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 9;
    const char *only = argc > 2 ? argv[2] : "";
    skep_env *env = NULL;
    if (rounds == 0 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: map [--markdown] [rounds, 1 to %d [part of a name]]\n", MAX_ROUNDS);
        return 2;
    }
    if (skep_env_new(NULL, &env, NULL) != SKEP_OK)
        return 1;
    bool all = true;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
            if (strstr(kinds[k].name, only))
                all = measure(env, &kinds[k], &sizes[s], rounds) && all;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strstr(others[i].name, only))
            all = measure_other(env, &others[i]) && all;
    if (markdown)
        print_table();
    skep_env_free(env);
    return all ? 0 : 1;
}
