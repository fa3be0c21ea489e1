/* Soundness by checked execution: random programs that the verifier accepts run on random contexts,
 * maps and packets, and what it claims must hold before every instruction.  A claim that does not,
 * or a fault of any kind, is a violation; the program is made as small as it goes and printed.
 *
 *     sound_random [--insns N] [--seconds N] [--seed N] [--one SEED] [--tables] [--near] [--first]
 */
#include "sound/cells.h"
#include "sound/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RUNS = 24,
    BRIEF_RUNS = 8,
    FUEL = 3000,
    MOST_VIOLATIONS = 5,
    WHOLE = 10000000,
    MOST_BRIEF = 100000
};

enum outcome { OUTCOME_MALFORMED, OUTCOME_REJECTED, OUTCOME_ACCEPTED, OUTCOME_VIOLATION };

/* Of visits only: how fast the machine is decides nothing. */
static const struct skep_verify_limits limits = { .visits = 20000, .ns = UINT64_MAX };

struct counts {
    u64 programs, malformed, rejected, accepted, witnessed, variable, insns, runs, fuel, violations;
    u64 operands, tight;
    struct cells cells;
};

struct search {
    struct world world;
    struct counts counts;
    bool tables, first;
    enum generate_what what;
};

/* ---- what was shown, for the tables */

static bool is_tighter(const struct scalar *range)
{
    return range->umin || range->umax != UINT64_MAX || range->bits.mask != UINT64_MAX ||
           range->smin != (u64)1 << 63 || range->smax != INT64_MAX;
}

/* Of one node: how many of its numbers are known better than by their type. */
static void note_numbers(struct counts *c, const struct witness *w, const struct code *code,
                         const struct state *s)
{
    u16 reads = isa_reads(&code->insns[s->insn]);
    for (u32 r = 0; r < STATE_REGS; r++) {
        const struct value *value = witness_value(w, &s->frames[s->n_frames - 1]->reg[r]);
        if (!(reads >> r & 1) || value->kind != VALUE_SCALAR)
            continue;
        c->operands++;
        c->tight += is_tighter(&value->range);
    }
}

static void note_accepted(struct counts *c, const skep_program *program)
{
    bool variable = false;
    const struct witness *w = &program->witness;
    for (u32 n = 0; n < w->nodes.n; n++) {
        note_numbers(c, w, &program->linked.code, w->nodes.data[n].state);
        cells_note_shown(&c->cells, program, w->nodes.data[n].state, &variable);
    }
    c->variable += variable;
    c->witnessed += w->nodes.n != 0;
}

/* Most programs are held to what Linux asks of them. */
static enum skep_profile profile_of(u64 random)
{
    return random >> 8 & 7 ? SKEP_PROFILE_LINUX : SKEP_PROFILE_STRICT;
}

static void note_rejected(struct search *w, const struct generated *generated,
                          const struct skep_verdict *verdict)
{
    u32 slot_of[GENERATE_MAX + 1], at = 0;
    generate_slots(generated, slot_of);
    while (at + 1 < generated->n && slot_of[at] < verdict->at.slot)
        at++;
    cells_note_failed(&w->counts.cells, w->world.env, &generated->insns[at].insn, verdict);
}

/* ---- a program */

static enum outcome run_all(struct search *w, skep_program *program, enum generated_hook hook,
                            u64 random, skep_error *error)
{
    u32 runs = hook == HOOK_THINGS ? 0 : w->what >= GENERATE_BRIEF ? BRIEF_RUNS : RUNS;
    for (u32 i = 0; i < runs; i++) {
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
                                         .profile = generated->strict ? SKEP_PROFILE_STRICT
                                                                      : profile_of(random),
                                         /* What is verified at every instruction, or not. */
                                         .witness = random >> 16 & 3,
                                         .facts = true,
                                         .limits = limits };
    struct skep_verdict verdict = { .kind = SKEP_VERDICT_ACCEPTED };
    skep_program *program = NULL;
    enum outcome outcome = OUTCOME_MALFORMED;
    options.verdict = &verdict;
    if (random_below(&random, 24) == 0) /* it may run out of memory anywhere */
        options.limits.memory_bytes = 4096 + random_below(&random, 1 << 18);
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
        if (note && verdict.kind != SKEP_VERDICT_ACCEPTED)
            note_rejected(w, generated, &verdict);
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
    world_program(&generated, seed, &random, w->what);
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

/* In seconds of this process, whatever else runs. */
static double now(void) { return (double)clock() / CLOCKS_PER_SEC; }

static bool is_over(const struct search *search)
{
    return search->counts.violations >= (search->first ? 1 : MOST_VIOLATIONS);
}

/* Brief programs, until everything that can be asked has been shown and refused. */
static bool fill_cells(struct search *search, u64 *sequence, bool whole)
{
    u64 before = search->counts.programs, insns = search->counts.insns;
    search->what = GENERATE_BRIEF;
    while (whole && cells_empty(&search->counts.cells) && !is_over(search) &&
           search->counts.programs - before < MOST_BRIEF)
        one_program(search, random_next(sequence));
    if (whole)
        printf("brief programs besides   %12" PRIu64 ", of %" PRIu64 " instructions\n",
               search->counts.programs - before, search->counts.insns - insns);
    if (search->tables || cells_empty(&search->counts.cells))
        cells_print(&search->counts.cells);
    return !whole || !cells_empty(&search->counts.cells);
}

int main(int argc, char **argv)
{
    static struct search search;
    u64 insns = 10 * 1000 * 1000, seed = 1, one = 0;
    double seconds = 1e9, begin = now();
    search.what = GENERATE_ALL;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--first") == 0) {
            search.first = true;
            continue;
        }
        if (strcmp(argv[i], "--near") == 0) {
            search.what = GENERATE_NEAR;
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
            world_require(false, "usage: [--insns N] [--seconds N] [--seed N] [--one SEED] "
                                 "[--tables] [--near] [--first]");
        i++;
    }
    world_open(&search.world);
    if (one) {
        static struct generated generated;
        u64 random;
        world_program(&generated, one, &random, search.what);
        world_print(&generated);
        one_program(&search, one);
    }
    u64 sequence = seed;
    while (!one && search.counts.insns < insns && now() - begin < seconds && !is_over(&search))
        one_program(&search, random_next(&sequence));
    print_counts(&search.counts, now() - begin);
    printf("callbacks of timers      %12" PRIu64 "\n", skep_thread_timers_run(search.world.thread));
    bool enough = one || search.first || search.what != GENERATE_ALL ||
                  search.counts.insns < 1000000 ||
                  (search.counts.accepted * 2 >= search.counts.programs &&
                   search.counts.variable * 5 >= search.counts.witnessed);
    if (!enough)
        printf("too few programs are accepted, or have variable offsets\n");
    if (search.what == GENERATE_ALL && (search.tables || (insns >= WHOLE && !one && !search.first)))
        enough &= fill_cells(&search, &sequence, insns >= WHOLE);
    bool good = !search.counts.violations && enough;
    world_close(&search.world);
    return good ? 0 : 1;
}
