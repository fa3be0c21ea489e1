/* Soundness by checked execution: random programs that the verifier accepts run on random contexts,
 * maps and packets, and what it claims must hold before every instruction.  A claim that does not,
 * or a fault of any kind, is a violation; the program is made as small as it goes and printed.
 *
 *     sound_random [--insns N] [--seconds N] [--seed N] [--one SEED] [--tables] [--first] */
#include "api/api.h"
#include "sound/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 24, FUEL = 20000, MOST_VIOLATIONS = 5 };

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
    u64 programs, malformed, rejected, accepted, witnessed, variable, insns, runs, fuel, violations;
    u64 operands, tight;
    u64 uses[USE_COUNT][VALUE_KIND_COUNT];
    struct reason reasons[MOST_REASONS];
    u32 n_reasons;
};

struct search {
    struct world world;
    struct counts counts;
    bool tables, first;
};

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
    c->witnessed += w->nodes.n != 0;
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

static void note_rejected(struct search *w, skep_object *object, u64 random,
                          const skep_error *error)
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
                                           .maps = w->world.maps,
                                           .n_maps = MAP_COUNT };
    if (w->tables && skep_verify(object, NULL, &options, &verdict, NULL) == SKEP_OK &&
        verdict.kind == SKEP_VERDICT_REJECTED)
        reason->by_kind[kind_of_text(verdict.holds)]++;
}

/* ---- a program */

static enum outcome run_all(struct search *w, skep_program *program, enum generated_hook hook,
                            u64 random, skep_error *error)
{
    for (u32 i = 0; i < RUNS; i++) {
        u64 before = w->world.insns;
        skep_status status = world_run(&w->world, program, hook, &random, NULL);
        w->counts.insns += w->world.insns - before;
        w->counts.runs++;
        w->counts.fuel += status == SKEP_FUEL;
        bool absent =
            status == SKEP_TRAP && strcmp(skep_error_id(&skep_thread_fault(w->world.thread)->error),
                                          "vm-helper-not-implemented") == 0;
        if (status == SKEP_TRAP && !absent) {
            *error = skep_thread_fault(w->world.thread)->error;
            return OUTCOME_VIOLATION;
        }
    }
    return OUTCOME_ACCEPTED;
}

static enum outcome try_program(struct search *w, const struct generated *generated, u64 random,
                                bool note, skep_error *error)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = SKEP_ENGINE_CHECKED,
                                         .fuel = FUEL,
                                         .profile = profile_of(random),
                                         /* What is verified at every instruction, or not. */
                                         .witness = random >> 16 & 3,
                                         .facts = true,
                                         .limits = limits };
    skep_program *program = NULL;
    enum outcome outcome = OUTCOME_MALFORMED;
    skep_object *object = world_object(&w->world, generated, error);
    if (!object)
        return OUTCOME_MALFORMED;
    if (world_load(&w->world, object, generated, &options, &program, error) == SKEP_OK) {
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

struct failure {
    struct search *search;
    u64 random;
    const char *id;
};
static bool still_fails(void *user, const struct generated *smaller)
{
    const struct failure *failure = user;
    skep_error error = { 0 };
    return try_program(failure->search, smaller, failure->random, false, &error) ==
               OUTCOME_VIOLATION &&
           strcmp(skep_error_id(&error), failure->id) == 0;
}

static void report(struct search *w, struct generated *generated, u64 seed, u64 random,
                   const skep_error *error)
{
    char text[400];
    struct counts before = w->counts;
    skep_error_text(error, text, sizeof(text));
    printf("VIOLATION: seed %" PRIu64 ", %s program: %s (%s)\n", seed,
           world_hook_names[generated->hook], text, skep_error_id(error));
    skep_error last = *error;
    struct failure failure = { w, random, skep_error_id(error) };
    world_shrink(generated, still_fails, &failure);
    try_program(w, generated, random, false, &last);
    skep_error_text(&last, text, sizeof(text));
    printf("made small: %s\n", text);
    world_print(generated);
    fflush(stdout);
    w->counts = before;
}

static void one_program(struct search *w, u64 seed)
{
    static struct generated generated;
    u64 random;
    skep_error error = { 0 };
    world_program(&generated, seed, &random);
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
    printf("  with variable offsets  %11.1f %%\n", percent(c->variable, c->witnessed));
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
    static struct search search;
    u64 insns = 10 * 1000 * 1000, seed = 1, one = 0;
    double seconds = 1e9, begin = now();
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--first") == 0) {
            search.first = true;
            continue;
        }
        if (strcmp(argv[i], "--tables") == 0) {
            search.tables = true;
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
            world_require(
                false,
                "usage: [--insns N] [--seconds N] [--seed N] [--one SEED] [--tables] [--first]");
        i++;
    }
    world_open(&search.world);
    if (one) {
        static struct generated generated;
        u64 random;
        world_program(&generated, one, &random);
        world_print(&generated);
        one_program(&search, one);
    }
    u64 sequence = seed;
    while (!one && search.counts.insns < insns && now() - begin < seconds &&
           search.counts.violations < (search.first ? 1 : MOST_VIOLATIONS))
        one_program(&search, random_next(&sequence));
    print_counts(&search.counts, now() - begin);
    printf("callbacks of timers      %12" PRIu64 "\n", skep_thread_timers_run(search.world.thread));
    if (search.tables)
        print_tables(&search.counts);
    bool enough = one || search.first || search.counts.insns < 1000000 ||
                  (search.counts.accepted * 2 >= search.counts.programs &&
                   search.counts.variable * 5 >= search.counts.witnessed);
    if (!enough)
        printf("too few programs are accepted, or have variable offsets\n");
    bool good = !search.counts.violations && enough;
    world_close(&search.world);
    return good ? 0 : 1;
}
