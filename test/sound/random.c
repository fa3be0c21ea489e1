/* Soundness by checked execution: random programs that the verifier accepts run on random contexts,
 * maps and packets, and what it claims must hold before every instruction.  A claim that does not,
 * or a fault of any kind, is a violation; the program is made as small as it goes and printed.
 *
 *     sound_random [--insns N] [--seconds N] [--seed N] [--one SEED] [--tables] [--first] */
#include "api/api.h"
#include "sound/generate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 24, FUEL = 20000, MOST_VIOLATIONS = 5, PACKET_ROOM = 2048 };

enum outcome { OUTCOME_MALFORMED, OUTCOME_REJECTED, OUTCOME_ACCEPTED, OUTCOME_VIOLATION };

/* What instructions do with a value of some kind, for the tables. */
enum use { USE_LOAD, USE_STORE, USE_ATOMIC, USE_MOVE, USE_COMPARE, USE_ARGUMENT, USE_COUNT };
static const char *const use_names[USE_COUNT] = { "load", "store",   "atomic",
                                                  "move", "compare", "argument" };

enum { MOST_REASONS = 64 };
struct reason {
    const char *id;
    u64 n, by_kind[VALUE_KIND_COUNT];
};

static const struct skep_verify_limits limits = { .visits = 20000, .ns = 200 * 1000 * 1000 };

struct counts {
    u64 programs, malformed, rejected, accepted, variable, insns, runs, fuel, violations;
    u64 operands, tight;
    u64 uses[USE_COUNT][VALUE_KIND_COUNT];
    struct reason reasons[MOST_REASONS];
    u32 n_reasons;
};

struct world {
    skep_env *env;
    skep_thread *thread;
    skep_packet *packet;
    skep_map *maps[MAP_COUNT];
    skep_map *inner[2];
    /* What tail calls lead to, by hook and profile. */
    skep_map *programs[HOOK_COUNT][2];
    skep_object *targets[HOOK_COUNT];
    skep_program *target[HOOK_COUNT][2];
    const struct skep_hook *hooks[HOOK_COUNT];
    u64 random; /* of helpers */
    struct counts counts;
    bool tables, first;
};

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "sound_random: %s\n", what);
    exit(2);
}

/* ---- the host */

static u32 world_random(void *user) { return (u32)random_number(&((struct world *)user)->random); }
static u64 world_clock(void *user, enum skep_clock clock)
{
    (void)clock;
    return random_number(&((struct world *)user)->random);
}

/* clang-format off */
static const struct skep_map_spec inner_spec = { .size = sizeof(inner_spec), .name = "inner", .type = 2, .key_size = 4, .value_size = 40, .max_entries = 2 };
static const struct skep_map_spec specs[MAP_COUNT] = {
    [MAP_ARRAY]  = { .size = sizeof(specs[0]), .name = "array",  .type = 2,  .key_size = 4, .value_size = 64,  .max_entries = 1 },
    [MAP_HASH]   = { .size = sizeof(specs[0]), .name = "hash",   .type = 1,  .key_size = 4, .value_size = 32,  .max_entries = 8 },
    [MAP_RING]   = { .size = sizeof(specs[0]), .name = "ring",   .type = 27,                                   .max_entries = 4096 },
    [MAP_RODATA] = { .size = sizeof(specs[0]), .name = "rodata", .type = 2,  .key_size = 4, .value_size = 64,  .max_entries = 1, .flags = 0x80 },
    [MAP_PERCPU] = { .size = sizeof(specs[0]), .name = "percpu", .type = 6,  .key_size = 4, .value_size = 16,  .max_entries = 2 },
    [MAP_LOCK]   = { .size = sizeof(specs[0]), .name = "lock",   .type = 2,  .key_size = 4, .value_size = 32,  .max_entries = 1, .lock_at = 1 },
    [MAP_OUTER]  = { .size = sizeof(specs[0]), .name = "outer",  .type = 12, .key_size = 4, .value_size = 4,   .max_entries = 4, .inner = &inner_spec },
    [MAP_QUEUE]  = { .size = sizeof(specs[0]), .name = "queue",  .type = 22,                .value_size = 8,   .max_entries = 4 },
    [MAP_PROGRAMS] = { .size = sizeof(specs[0]), .name = "programs", .type = 3, .key_size = 4, .value_size = 4, .max_entries = 4 },
    [MAP_TIMER]  = { .size = sizeof(specs[0]), .name = "timer",  .type = 2,  .key_size = 4, .value_size = 32,  .max_entries = 1 },
    [MAP_USER]   = { .size = sizeof(specs[0]), .name = "user",   .type = 31,                                   .max_entries = 4096 },
    [MAP_WIDE]   = { .size = sizeof(specs[0]), .name = "wide",   .type = 1,  .key_size = 8, .value_size = 128, .max_entries = 8 },
};
static const char *const hook_names[HOOK_COUNT] = { "xdp", "sched_cls", "socket_filter", "memory" };
/* clang-format on */

static const struct skep_hook *find_hook(skep_env *env, const char *name)
{
    const struct skep_hook *hook;
    for (size_t i = 0; (hook = skep_env_hook(env, i)) != NULL; i++)
        if (strcmp(hook->name, name) == 0)
            return hook;
    return NULL;
}

static void fill(u8 *bytes, size_t n, u64 *random)
{
    u32 how = random_below(random, 4);
    for (size_t i = 0; i < n; i += 8) {
        u64 number = how == 0   ? random_next(random)
                     : how == 1 ? random_below(random, 64)
                     : how == 2 ? random_number(random)
                                : random_next(random) & 0x0f0f0f0f0f0f0f0f;
        memcpy(bytes + i, &number, n - i < 8 ? n - i : 8);
    }
}

/* A program that moves the packet where it can, for every kind that may be called so. */
static void world_add_target(struct world *w, enum generated_hook hook)
{
    skep_insn *insns = NULL;
    size_t n = 0;
    const char *source = hook == HOOK_XDP ? "r2 = 8 ; call 44 ; r0 = 77 ; exit" : "r0 = 77 ; exit";
    require(skep_assemble(source, &insns, &n, NULL) == SKEP_OK &&
                skep_object_from_insns(w->env, "target", insns, n, w->hooks[hook],
                                       &w->targets[hook], NULL) == SKEP_OK,
            "the target");
    for (u32 strict = 0; strict < 2; strict++) {
        struct skep_load_options options = { .size = sizeof(options),
                                             .engine = SKEP_ENGINE_CHECKED,
                                             .profile = strict ? SKEP_PROFILE_STRICT
                                                               : SKEP_PROFILE_LINUX };
        skep_map **programs = &w->programs[hook][strict];
        require(skep_program_load(w->targets[hook], NULL, &options, &w->target[hook][strict],
                                  NULL) == SKEP_OK &&
                    skep_map_new(w->env, &specs[MAP_PROGRAMS], programs, NULL) == SKEP_OK &&
                    skep_map_set_program(*programs, 1, w->target[hook][strict]) == 0,
                "the target's array");
    }
    free(insns);
}

static void world_open(struct world *w)
{
    struct skep_host host = { .user = w, .clock_ns = world_clock, .random_u32 = world_random };
    struct skep_env_options options = {
        .size = sizeof(options), .n_cpus = 2, .host = &host, .hash_seed = 1
    };
    require(skep_env_new(&options, &w->env, NULL) == SKEP_OK, "no env");
    require(skep_thread_new(w->env, NULL, &w->thread) == SKEP_OK, "no thread");
    require(skep_packet_new(w->env, PACKET_ROOM, &w->packet) == SKEP_OK, "no packet");
    for (u32 m = 0; m < MAP_COUNT; m++)
        require(skep_map_new(w->env, &specs[m], &w->maps[m], NULL) == SKEP_OK, specs[m].name);
    for (u32 h = 0; h < HOOK_COUNT; h++)
        require((w->hooks[h] = find_hook(w->env, hook_names[h])) != NULL, hook_names[h]);
    u8 constants[64];
    u32 zero = 0;
    u64 random = 7;
    fill(constants, sizeof(constants), &random);
    for (u32 i = 0; i < 32; i++)
        constants[i] = (u8)(i % 13);
    constants[sizeof(constants) - 1] = 0; /* the end of a string */
    require(skep_map_update(w->maps[MAP_RODATA], &zero, constants, 0) == 0, "rodata");
    require(skep_map_freeze(w->maps[MAP_RODATA]) == 0, "freeze");
    for (u32 i = 0; i < 2; i++)
        require(skep_map_new(w->env, &inner_spec, &w->inner[i], NULL) == SKEP_OK &&
                    skep_map_set_map(w->maps[MAP_OUTER], &i, w->inner[i], 0) == 0,
                "the inner maps");
    for (u32 h = 0; h < HOOK_COUNT; h++)
        world_add_target(w, (enum generated_hook)h);
}

static void world_close(struct world *w)
{
    for (u32 h = 0; h < HOOK_COUNT; h++) {
        for (u32 strict = 0; strict < 2; strict++) {
            skep_map_unref(w->programs[h][strict]);
            skep_program_free(w->target[h][strict]);
        }
        skep_object_close(w->targets[h]);
    }
    for (u32 i = 0; i < 2; i++)
        skep_map_unref(w->inner[i]);
    skep_packet_free(w->packet);
    skep_thread_free(w->thread);
    for (u32 m = 0; m < MAP_COUNT; m++)
        skep_map_unref(w->maps[m]);
    skep_env_free(w->env);
}

/* All maps as the seed decides. */
static void world_fill_maps(struct world *w, u64 *random)
{
    u8 value[512];
    for (u64 key = 0; key < 8; key++) {
        static const u8 maps[] = { MAP_ARRAY, MAP_HASH, MAP_PERCPU, MAP_WIDE, MAP_LOCK };
        for (u32 m = 0; m < ARRAY_LEN(maps); m++) {
            fill(value, sizeof(value), random);
            if (random_below(random, 3))
                skep_map_update(w->maps[maps[m]], &key, value, 0);
            else
                skep_map_delete(w->maps[maps[m]], &key);
        }
    }
}

static int drop_record(void *user, const void *data, size_t size)
{
    (void)user, (void)data, (void)size;
    return 0;
}

/* ---- running */

/* Something for bpf_user_ringbuf_drain. */
static void world_send(struct world *w, u64 *random)
{
    void *record;
    if (random_below(random, 2) || skep_user_ringbuf_reserve(w->maps[MAP_USER], 16, &record) != 0)
        return;
    fill(record, 16, random);
    skep_user_ringbuf_submit(w->maps[MAP_USER], record, false);
}

static skep_status run_once(struct world *w, const skep_program *program, enum generated_hook hook,
                            u64 *random)
{
    u8 bytes[256];
    u64 r0;
    u32 n =
        random_below(random, 4) ? 14 + random_below(random, 60) : 14 + random_below(random, 242);
    fill(bytes, sizeof(bytes), random);
    w->random = random_next(random);
    world_fill_maps(w, random);
    world_send(w, random);
    struct skep_memory memory = { bytes, 64 + random_below(random, 193) };
    if (hook != HOOK_MEMORY)
        require(skep_packet_set(w->packet, bytes, n) == SKEP_OK, "the packet");
    skep_status status = skep_run(w->thread, program,
                                  hook == HOOK_MEMORY ? (void *)&memory : (void *)w->packet, &r0);
    w->counts.insns += skep_thread_insns(w->thread);
    if (status == SKEP_OK) {
        u64 fired = skep_thread_timers_run(w->thread);
        status = skep_thread_run_timers(w->thread, UINT64_MAX, NULL);
        w->counts.insns +=
            skep_thread_timers_run(w->thread) > fired ? skep_thread_insns(w->thread) : 0;
    }
    w->counts.runs++;
    skep_ringbuf_drain(w->maps[MAP_RING], drop_record, NULL);
    return status;
}

/* ---- what was shown, for the tables */

static bool is_tighter(const struct scalar *range)
{
    return range->umin || range->umax != UINT64_MAX || range->bits.mask != UINT64_MAX ||
           range->smin != (u64)1 << 63 || range->smax != INT64_MAX;
}

/* clang-format off */
static const u8 uses[ISA_KIND_COUNT] = { /* 1 + enum use, of the register that is accessed through */
    [ISA_KIND_LOAD] = 1 + USE_LOAD, [ISA_KIND_LOAD_SX] = 1 + USE_LOAD, [ISA_KIND_LOAD_ACQ] = 1 + USE_LOAD,
    [ISA_KIND_STORE_REG] = 1 + USE_STORE, [ISA_KIND_STORE_IMM] = 1 + USE_STORE, [ISA_KIND_STORE_REL] = 1 + USE_STORE,
    [ISA_KIND_ATOMIC] = 1 + USE_ATOMIC, [ISA_KIND_FETCH] = 1 + USE_ATOMIC,
    [ISA_KIND_XCHG] = 1 + USE_ATOMIC, [ISA_KIND_CMPXCHG] = 1 + USE_ATOMIC,
    [ISA_KIND_BINARY_REG] = 1 + USE_MOVE, [ISA_KIND_BINARY_IMM] = 1 + USE_MOVE,
    [ISA_KIND_COND_REG] = 1 + USE_COMPARE, [ISA_KIND_COND_IMM] = 1 + USE_COMPARE,
    [ISA_KIND_CALL_HELPER] = 1 + USE_ARGUMENT,
};
/* clang-format on */

static enum use use_of(const struct insn *insn, u32 reg)
{
    u8 use = uses[insn_kind(insn)];
    bool through = use == 1 + USE_STORE || use == 1 + USE_ATOMIC || use == 1 + USE_MOVE;
    return !use || (through && reg != insn->dst) ? USE_COUNT : (enum use)(use - 1);
}

/* Of one node: operands, how many of the numbers are known better than by their type; whether
 * memory is accessed at an offset that is not constant. */
static bool note_node(struct counts *c, const struct witness *w, const struct code *code,
                      const struct state *s)
{
    const struct insn *insn = &code->insns[s->insn];
    u16 reads = isa_reads(insn);
    bool variable = false;
    for (u32 r = 0; r < STATE_REGS; r++) {
        const struct cell *cell = &s->frames[s->n_frames - 1]->reg[r];
        const struct value *value = witness_value(w, cell);
        if (!(reads >> r & 1) || !value->kind)
            continue;
        enum use use = use_of(insn, r);
        if (use != USE_COUNT)
            c->uses[use][value->kind]++;
        if (value->kind == VALUE_SCALAR) {
            c->operands++;
            c->tight += is_tighter(&value->range);
        } else {
            variable |= use <= USE_ATOMIC && value->range.umin != value->range.umax;
        }
    }
    return variable;
}

static void note_accepted(struct counts *c, const skep_program *program)
{
    bool variable = false;
    const struct witness *w = &program->witness;
    for (u32 n = 0; n < w->nodes.n; n++)
        variable |= note_node(c, w, &program->linked.code, w->nodes.data[n].state);
    c->variable += variable;
}

/* The kind of value that a report is about, by how its text begins. */
static u32 kind_of_text(const char *holds)
{
    for (u32 k = VALUE_KIND_COUNT; k-- > 0;) {
        const char *name = value_kind_name((enum value_kind)k);
        if (strncmp(holds, name, strlen(name)) == 0)
            return k;
    }
    return VALUE_NONE;
}

/* Most programs are held to what Linux asks of them. */
static enum skep_profile profile_of(u64 random)
{
    return random >> 8 & 7 ? SKEP_PROFILE_LINUX : SKEP_PROFILE_STRICT;
}

static void note_rejected(struct world *w, skep_object *object, u64 random, const skep_error *error)
{
    struct counts *c = &w->counts;
    struct reason *reason = NULL;
    const char *id = skep_error_id(error);
    for (u32 i = 0; i < c->n_reasons; i++)
        if (strcmp(c->reasons[i].id, id) == 0)
            reason = &c->reasons[i];
    if (!reason && c->n_reasons < MOST_REASONS) {
        reason = &c->reasons[c->n_reasons++];
        reason->id = id;
    }
    if (!reason)
        return;
    reason->n++;
    struct skep_verdict verdict;
    struct skep_verify_options options = { .size = sizeof(options),
                                           .profile = profile_of(random),
                                           .limits = limits,
                                           .maps = w->maps,
                                           .n_maps = MAP_COUNT };
    if (w->tables && skep_verify(object, NULL, &options, &verdict, NULL) == SKEP_OK &&
        verdict.kind == SKEP_VERDICT_REJECTED)
        reason->by_kind[kind_of_text(verdict.holds)]++;
}

/* ---- a program */

static enum outcome run_all(struct world *w, skep_program *program, enum generated_hook hook,
                            u64 random, skep_error *error)
{
    for (u32 i = 0; i < RUNS; i++) {
        skep_status status = run_once(w, program, hook, &random);
        w->counts.fuel += status == SKEP_FUEL;
        bool absent =
            status == SKEP_TRAP && strcmp(skep_error_id(&skep_thread_fault(w->thread)->error),
                                          "vm-helper-not-implemented") == 0;
        if (status == SKEP_TRAP && !absent) {
            *error = skep_thread_fault(w->thread)->error;
            return OUTCOME_VIOLATION;
        }
    }
    return OUTCOME_ACCEPTED;
}

static enum outcome try_program(struct world *w, const struct generated *generated, u64 random,
                                bool note, skep_error *error)
{
    static skep_insn slots[2 * GENERATE_MAX];
    u32 n = generate_encode(generated, slots);
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = SKEP_ENGINE_CHECKED,
                                         .fuel = FUEL,
                                         .profile = profile_of(random),
                                         /* What is verified at every instruction, or not. */
                                         .witness = random >> 16 & 3,
                                         .facts = true,
                                         .limits = limits,
                                         .n_maps = MAP_COUNT };
    skep_map *maps[MAP_COUNT];
    memcpy(maps, w->maps, sizeof(maps));
    maps[MAP_PROGRAMS] = w->programs[generated->hook][options.profile == SKEP_PROFILE_STRICT];
    options.maps = maps;
    skep_object *object = NULL;
    skep_program *program = NULL;
    enum outcome outcome = OUTCOME_MALFORMED;
    if (n == 0 || skep_object_from_insns(w->env, "random", slots, n, w->hooks[generated->hook],
                                         &object, error) != SKEP_OK)
        return OUTCOME_MALFORMED;
    if (skep_program_load(object, NULL, &options, &program, error) == SKEP_OK) {
        outcome = run_all(w, program, generated->hook, random, error);
        if (note)
            note_accepted(&w->counts, program);
        skep_program_free(program);
    } else {
        outcome =
            strncmp(skep_error_id(error), "verify-", 7) == 0 ? OUTCOME_REJECTED : OUTCOME_MALFORMED;
        if (note)
            note_rejected(w, object, random, error);
    }
    skep_object_close(object);
    return outcome;
}

/* ---- making failures small */

static bool still_fails(struct world *w, const struct generated *generated, u64 random,
                        const char *id)
{
    skep_error error = { 0 };
    return try_program(w, generated, random, false, &error) == OUTCOME_VIOLATION &&
           strcmp(skep_error_id(&error), id) == 0;
}

static void shrink(struct world *w, struct generated *generated, u64 random, const char *id)
{
    static struct generated smaller;
    bool changed = true;
    while (changed) {
        changed = false;
        for (u32 at = generated->n; at-- > 0;) {
            smaller = *generated;
            generate_remove(&smaller, at);
            if (still_fails(w, &smaller, random, id)) {
                *generated = smaller;
                changed = true;
                continue;
            }
            smaller = *generated;
            if (insn_kind(&generated->insns[at].insn) == ISA_KIND_JUMP)
                continue;
            generate_make_nop(&smaller, at);
            if (smaller.insns[at].target < smaller.n && still_fails(w, &smaller, random, id)) {
                *generated = smaller;
                changed = true;
            }
        }
    }
}

static void print_program(const struct generated *generated)
{
    static skep_insn slots[2 * GENERATE_MAX];
    char *text = NULL;
    u32 n = generate_encode(generated, slots);
    if (skep_disassemble(slots, n, &text) == SKEP_OK)
        printf("%s\n", text);
    free(text);
}

static void report(struct world *w, struct generated *generated, u64 seed, u64 random,
                   const skep_error *error)
{
    char text[400];
    struct counts before = w->counts;
    skep_error_text(error, text, sizeof(text));
    printf("VIOLATION: seed %" PRIu64 ", %s program: %s (%s)\n", seed, hook_names[generated->hook],
           text, skep_error_id(error));
    skep_error last = *error;
    shrink(w, generated, random, skep_error_id(error));
    try_program(w, generated, random, false, &last);
    skep_error_text(&last, text, sizeof(text));
    printf("made small: %s\n", text);
    print_program(generated);
    fflush(stdout);
    w->counts = before;
}

/* The program of a seed, changed or not. */
static void make_program(struct generated *generated, u64 seed, u64 *random)
{
    *random = seed ^ 0x5deece66d;
    generate(generated, seed);
    if (random_below(random, 2))
        for (u32 i = 1 + random_below(random, 2); i-- > 0;)
            generate_mutate(generated, random);
}

static void one_program(struct world *w, u64 seed)
{
    static struct generated generated;
    u64 random;
    skep_error error = { 0 };
    make_program(&generated, seed, &random);
    enum outcome outcome = try_program(w, &generated, random, true, &error);
    w->counts.programs++;
    w->counts.malformed += outcome == OUTCOME_MALFORMED;
    w->counts.rejected += outcome == OUTCOME_REJECTED;
    w->counts.accepted += outcome >= OUTCOME_ACCEPTED;
    if (outcome == OUTCOME_VIOLATION) {
        w->counts.violations++;
        if (!w->first)
            report(w, &generated, seed, random, &error);
    }
}

/* ---- the report */

static double percent(u64 part, u64 whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_tables(const struct counts *c)
{
    printf("\nshown of values of a kind (nodes of witnesses)\n%-24s", "");
    for (u32 u = 0; u < USE_COUNT; u++)
        printf("%12s", use_names[u]);
    printf("\n");
    for (u32 k = 1; k < VALUE_KIND_COUNT; k++) {
        printf("%-24s", value_kind_name((enum value_kind)k));
        for (u32 u = 0; u < USE_COUNT; u++)
            printf("%12" PRIu64, c->uses[u][k]);
        printf("\n");
    }
    printf("\nnot shown: why, and of which kinds of value\n");
    for (u32 i = 0; i < c->n_reasons; i++) {
        printf("%-28s%10" PRIu64, c->reasons[i].id, c->reasons[i].n);
        for (u32 k = 0; k < VALUE_KIND_COUNT; k++)
            if (c->reasons[i].by_kind[k])
                printf("  %s %" PRIu64, value_kind_name((enum value_kind)k),
                       c->reasons[i].by_kind[k]);
        printf("\n");
    }
}

static void print_counts(const struct counts *c, double seconds)
{
    printf("programs                 %12" PRIu64 "\n", c->programs);
    printf("accepted                 %11.1f %%\n", percent(c->accepted, c->programs));
    printf("  with variable offsets  %11.1f %%\n", percent(c->variable, c->accepted));
    printf("rejected                 %11.1f %%\n", percent(c->rejected, c->programs));
    printf("malformed                %11.1f %%\n", percent(c->malformed, c->programs));
    printf("runs                     %12" PRIu64 "\n", c->runs);
    printf("out of fuel              %12" PRIu64 "\n", c->fuel);
    printf("instructions checked     %12" PRIu64 "\n", c->insns);
    printf("numbers as operands that are known better than by their type %.1f %%\n",
           percent(c->tight, c->operands));
    printf("violations               %12" PRIu64 "\n", c->violations);
    printf("seconds                  %12.1f\n", seconds);
}

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct world world;
    u64 insns = 10 * 1000 * 1000, seed = 1, one = 0;
    double seconds = 1e9, begin = now();
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--first") == 0) {
            world.first = true;
            continue;
        }
        if (strcmp(argv[i], "--tables") == 0) {
            world.tables = true;
            continue;
        }
        if (strcmp(argv[i], "--insns") == 0)
            insns = strtoull(value, NULL, 0);
        else if (strcmp(argv[i], "--seconds") == 0)
            seconds = strtod(value, NULL);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(value, NULL, 0);
        else if (strcmp(argv[i], "--one") == 0)
            one = strtoull(value, NULL, 0);
        else
            require(
                false,
                "usage: [--insns N] [--seconds N] [--seed N] [--one SEED] [--tables] [--first]");
        i++;
    }
    world_open(&world);
    if (one) {
        static struct generated generated;
        u64 random;
        make_program(&generated, one, &random);
        print_program(&generated);
        one_program(&world, one);
    }
    u64 sequence = seed;
    while (!one && world.counts.insns < insns && now() - begin < seconds &&
           world.counts.violations < (world.first ? 1 : MOST_VIOLATIONS))
        one_program(&world, random_next(&sequence));
    print_counts(&world.counts, now() - begin);
    printf("callbacks of timers      %12" PRIu64 "\n", skep_thread_timers_run(world.thread));
    if (world.tables)
        print_tables(&world.counts);
    bool enough = one || world.first || world.counts.insns < 1000000 ||
                  (world.counts.accepted * 2 >= world.counts.programs &&
                   world.counts.variable * 5 >= world.counts.accepted);
    if (!enough)
        printf("too few programs are accepted, or have variable offsets\n");
    bool good = !world.counts.violations && enough;
    world_close(&world);
    return good ? 0 : 1;
}
