/* Random programs that the verifier accepts, on the interpreter and as SSA: as built, with all
 * passes, with each alone and with all but each; and compiled, with fuel, without, with constants
 * hidden.  r0, packet, maps, records and fuel must agree.  Where they do not, the program and the
 * list of passes are made small and printed with their SSA.
 *
 *     diff_ssa [programs [seed]]      diff_ssa --one SEED      diff_ssa --print SEED
 *     diff_ssa --switches [programs [seed]]: compiled, without each pass, with each alone, and
 *                                            without each two */
#include "sound/world.h"
#include "support/as_ssa.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PROGRAMS = 200, /* accepted ones */
    RUNS = 4,
    FUEL = 20000,
    MOST_FAILURES = 3
};

/* Of visits only: how fast the machine is decides nothing. */
static const struct skep_verify_limits limits = { .visits = 20000, .ns = UINT64_MAX };

struct search {
    struct world world;
    u64 programs, accepted, runs, unsteady, failures;
};

/* How a program is run beside the interpreter. */
enum way { WAY_SSA, WAY_FUEL, WAY_NO_FUEL, WAY_BLIND, WAY_COUNT };
static const char *const way_names[WAY_COUNT] = { "SSA", "compiled", "compiled without fuel",
                                                  "compiled, blind" };

/* A difference: which run of which passes. */
struct found {
    enum way way;
    u32 off;
    u32 run;
    const char *what;
    struct world_outcome expected, got;
    skep_error error; /* of building */
    const char *wrong;
    enum opt_pass wrong_after;
};

static const char not_built[] = "not built", ill_formed[] = "ill-formed";

/* ---- one program */

static skep_status load_as(struct world *w, const struct generated *generated, u64 random,
                           struct skep_load_options options, skep_program **program,
                           skep_error *error)
{
    options.size = sizeof(options);
    options.profile = random >> 8 & 1 ? SKEP_PROFILE_LINUX : SKEP_PROFILE_STRICT;
    options.limits = limits;
    skep_object *object = world_object(w, generated, error);
    if (!object)
        return SKEP_BAD_ARG;
    skep_status status = world_load(w, object, generated, &options, program, error);
    skep_object_close(object);
    return status;
}

static skep_program *load(struct world *w, const struct generated *generated, u64 random)
{
    skep_program *program = NULL;
    struct skep_load_options options = { .engine = SKEP_ENGINE_INTERP,
                                         .fuel = FUEL,
                                         .facts = true };
    skep_error error;
    return load_as(w, generated, random, options, &program, &error) == SKEP_OK ? program : NULL;
}

static struct world_outcome run(struct world *w, skep_program *program, enum generated_hook hook,
                                u64 random)
{
    struct world_outcome outcome;
    /* What programs may read of the stack without having written it. */
    memset(w->thread->stack, 0, (size_t)RT_MAX_FRAMES * RT_FRAME_BYTES);
    world_run(w, program, hook, &random, &outcome);
    return outcome;
}

/* Does it show what a frame holds that nobody has written since it was entered?  That is what
 * functions stored there that have returned, and passes drop such stores. */
static bool shows_unwritten_stack(struct search *s, skep_program *program, enum generated_hook hook,
                                  u64 random)
{
    struct world_outcome outcome[2];
    struct as_ssa ssa;
    if (as_ssa_open(&ssa, program, AS_SSA_NO_PASS, NULL) != SKEP_OK)
        abort();
    ssa.eval.fills = true;
    for (u32 i = 0; i < 2; i++) {
        ssa.eval.filling = i ? 0x5a : 0;
        outcome[i] = run(&s->world, program, hook, random);
    }
    as_ssa_close(&ssa);
    return world_difference(&outcome[0], &outcome[1]) != NULL;
}

/* Runs it as SSA; true: as expected, and steadily. */
static bool agrees_in_run(struct search *s, skep_program *program, enum generated_hook hook,
                          u64 random, struct as_ssa *ssa, struct found *found)
{
    found->got = run(&s->world, program, hook, random);
    found->what = world_difference(&found->expected, &found->got);
    s->runs++;
    if (!found->what)
        return true;
    /* What one run leaves behind can show in the next: then the interpreter does not agree with
     * itself either. */
    u32 off = found->off;
    as_ssa_close(ssa);
    struct world_outcome again = run(&s->world, program, hook, random);
    bool steady = !world_difference(&found->expected, &again) &&
                  !shows_unwritten_stack(s, program, hook, random);
    if (as_ssa_open(ssa, program, off, NULL) != SKEP_OK)
        abort();
    s->unsteady += !steady;
    return !steady;
}

static bool agrees_as_ssa(struct search *s, skep_program *program, enum generated_hook hook,
                          u64 random, u32 off, struct found *found)
{
    static struct world_outcome expected[RUNS];
    struct as_ssa ssa;
    for (u32 i = 0; i < RUNS; i++)
        expected[i] = run(&s->world, program, hook, random + i);
    *found = (struct found){ .off = off, .what = not_built };
    if (as_ssa_open(&ssa, program, off, &found->error) != SKEP_OK)
        return false;
    bool same = !ssa.wrong;
    if (ssa.wrong) {
        found->what = ill_formed;
        found->wrong = ssa.wrong;
        found->wrong_after = ssa.wrong_after;
    }
    for (u32 i = 0; i < RUNS && same; i++) {
        found->run = i;
        found->expected = expected[i];
        same = agrees_in_run(s, program, hook, random + i, &ssa, found);
    }
    as_ssa_close(&ssa);
    return same;
}

/* ---- compiled */

/* One run of the compiled program; true: as the interpreter's, or not to be compared. */
static bool compiled_agrees_in_run(struct search *s, skep_program *program, skep_program *compiled,
                                   enum generated_hook hook, u64 random, struct found *found)
{
    found->expected = run(&s->world, program, hook, random);
    if (found->way == WAY_NO_FUEL && found->expected.status == SKEP_FUEL)
        return true;
    found->got = run(&s->world, compiled, hook, random);
    if (found->way == WAY_NO_FUEL)
        found->got.fuel = found->expected.fuel;
    found->what = world_difference(&found->expected, &found->got);
    s->runs++;
    if (!found->what)
        return true;
    struct world_outcome again = run(&s->world, program, hook, random);
    bool steady = !world_difference(&found->expected, &again) &&
                  !shows_unwritten_stack(s, program, hook, random);
    s->unsteady += !steady;
    return !steady;
}

/* For skep_load_options.opt_off. */
static const char *names_of(u32 off, char *names, size_t room)
{
    size_t n = 0;
    names[0] = 0;
    for (u32 p = 0; p < OPT_PASS_COUNT; p++)
        if (off >> p & 1)
            n += (size_t)snprintf(names + n, room - n, "%s%s", n ? "," : "",
                                  opt_pass_name((enum opt_pass)p));
    return names;
}

static bool agrees_compiled(struct search *s, skep_program *program,
                            const struct generated *generated, u64 random, enum way way, u32 off,
                            struct found *found)
{
    skep_program *compiled = NULL;
    char names[256];
    struct skep_load_options options = { .engine = SKEP_ENGINE_JIT,
                                         .fuel = way == WAY_NO_FUEL ? 0 : FUEL,
                                         .blind = way == WAY_BLIND,
                                         .opt_off =
                                             off ? names_of(off, names, sizeof(names)) : NULL };
    *found = (struct found){ .way = way, .off = off, .what = not_built };
    skep_status status = load_as(&s->world, generated, random, options, &compiled, &found->error);
    if (status != SKEP_OK)
        return status == SKEP_UNSUPPORTED;
    bool same = true;
    for (u32 i = 0; i < RUNS && same; i++) {
        found->run = i;
        same = compiled_agrees_in_run(s, program, compiled, generated->hook, random + i, found);
    }
    skep_program_free(compiled);
    return same;
}

/* ---- all ways */

static bool agrees(struct search *s, skep_program *program, const struct generated *generated,
                   u64 random, enum way way, u32 off, struct found *found)
{
    return way == WAY_SSA ? agrees_as_ssa(s, program, generated->hook, random, off, found)
                          : agrees_compiled(s, program, generated, random, way, off, found);
}

/* Each pass alone and all but each are tried in turns, as built and all passes always, as code of
 * the machine too; all of them where something is wrong. */
static bool agrees_in_all(struct search *s, skep_program *program,
                          const struct generated *generated, u64 random, bool thorough,
                          struct found *found)
{
    if (!agrees(s, program, generated, random, WAY_SSA, AS_SSA_NO_PASS, found) ||
        !agrees(s, program, generated, random, WAY_SSA, AS_SSA_ALL_PASSES, found))
        return false;
    for (u32 p = 0; p < OPT_PASS_COUNT; p++)
        if ((thorough || random % OPT_PASS_COUNT == p) &&
            (!agrees(s, program, generated, random, WAY_SSA, AS_SSA_NO_PASS & ~(1u << p), found) ||
             !agrees(s, program, generated, random, WAY_SSA, 1u << p, found)))
            return false;
    bool compiles = *skep_jit_name();
    for (u32 way = WAY_SSA + 1; compiles && way < WAY_COUNT; way++)
        if (!agrees(s, program, generated, random, (enum way)way, AS_SSA_ALL_PASSES, found))
            return false;
    return true;
}

/* Compiled without each pass and without each two, and with each alone. */
static bool agrees_with_switches(struct search *s, skep_program *program,
                                 const struct generated *generated, u64 random, struct found *found)
{
    for (u32 p = 0; p < OPT_PASS_COUNT; p++) {
        u32 alone = AS_SSA_NO_PASS & ~(1u << p);
        if (!agrees(s, program, generated, random, WAY_FUEL, alone, found))
            return false;
        for (u32 q = p; q < OPT_PASS_COUNT; q++)
            if (!agrees(s, program, generated, random, WAY_FUEL, 1u << p | 1u << q, found))
                return false;
    }
    return true;
}

/* ---- making failures small */

struct failure {
    struct search *search;
    u64 random;
    enum way way;
    u32 off;
};
static bool still_fails(void *user, const struct generated *smaller)
{
    const struct failure *failure = user;
    struct found found;
    skep_program *program = load(&failure->search->world, smaller, failure->random);
    if (!program)
        return false;
    bool same = agrees(failure->search, program, smaller, failure->random, failure->way,
                       failure->off, &found);
    skep_program_free(program);
    return !same;
}

/* Takes out the passes that it does not need. */
static void shrink_passes(struct failure *failure, const struct generated *generated)
{
    for (u32 p = 0; p < OPT_PASS_COUNT; p++) {
        struct failure fewer = *failure;
        fewer.off |= 1u << p;
        if (fewer.off != failure->off && still_fails(&fewer, generated))
            *failure = fewer;
    }
}

static void print_ssa(skep_program *program, u32 off)
{
    struct as_ssa ssa;
    if (as_ssa_open(&ssa, program, off, NULL) != SKEP_OK)
        return;
    char *passes = as_ssa_passes(off), *text = as_ssa_text(&ssa);
    printf("---- %s\n%s\n", passes, text);
    free(passes);
    free(text);
    as_ssa_close(&ssa);
}

static void print_outcome(const char *who, const struct world_outcome *outcome)
{
    printf("%-8s %s, r0 0x%" PRIx64 ", fuel %" PRIu64 "\n", who, skep_status_name(outcome->status),
           outcome->r0, outcome->fuel);
}

static void report(struct search *s, struct generated *generated, u64 seed, u64 random,
                   const struct found *found)
{
    struct failure failure = { s, random, found->way, found->off };
    struct found last;
    printf("first: %s in run %u\n", found->what, found->run);
    print_outcome("interp", &found->expected);
    print_outcome("other", &found->got);
    char why[400] = "";
    world_shrink(generated, still_fails, &failure);
    shrink_passes(&failure, generated);
    world_shrink(generated, still_fails, &failure);
    skep_program *program = load(&s->world, generated, random);
    if (!program)
        return;
    agrees(s, program, generated, random, failure.way, failure.off, &last);
    char *passes = as_ssa_passes(failure.off);
    printf("DIFFERENT: %s; seed %" PRIu64 ", %s program, %s, %s\n", last.what, seed,
           world_hook_names[generated->hook], way_names[failure.way], passes);
    free(passes);
    if (last.what == ill_formed) {
        printf("%s after %s\n", last.wrong,
               last.wrong_after < OPT_PASS_COUNT ? opt_pass_name(last.wrong_after) : "building");
    } else if (last.what == not_built) {
        skep_error_text(&last.error, why, sizeof(why));
        printf("%s\n", why);
    } else {
        print_outcome("interp", &last.expected);
        print_outcome("other", &last.got);
    }
    world_print(generated);
    if (failure.off != AS_SSA_NO_PASS)
        print_ssa(program, AS_SSA_NO_PASS);
    print_ssa(program, failure.off);
    fflush(stdout);
    skep_program_free(program);
}

/* ---- the search */

static volatile u64 under_way;

/* Compiled code that goes astray takes the process with it. */
static void tell_crash(int signal_number)
{
    char line[80];
    int n = snprintf(line, sizeof(line), "CRASH: signal %d, --one %" PRIu64 "\n", signal_number,
                     under_way);
    if (write(1, line, (size_t)n) != n)
        _exit(2);
    _exit(3);
}

/* How much is tried of each program. */
enum effort { SOME, ALL_OF_SSA, ALL_SWITCHES };

static void one_program(struct search *s, u64 seed, enum effort effort)
{
    static struct generated generated;
    struct found found;
    u64 random;
    under_way = seed;
    world_program(&generated, seed, &random, GENERATE_RUNNABLE);
    s->programs++;
    skep_program *program = load(&s->world, &generated, random);
    if (!program)
        return;
    s->accepted++;
    bool same = effort == ALL_SWITCHES
                    ? agrees_with_switches(s, program, &generated, random, &found)
                    : agrees_in_all(s, program, &generated, random, effort != SOME, &found);
    skep_program_free(program);
    if (same)
        return;
    s->failures++;
    report(s, &generated, seed, random, &found);
}

static void print_program(struct search *s, u64 seed)
{
    static struct generated generated;
    u64 random;
    world_program(&generated, seed, &random, GENERATE_RUNNABLE);
    world_print(&generated);
    skep_program *program = load(&s->world, &generated, random);
    if (!program)
        return;
    print_ssa(program, AS_SSA_NO_PASS);
    print_ssa(program, AS_SSA_ALL_PASSES);
    skep_program_free(program);
}

int main(int argc, char **argv)
{
    static struct search search;
    bool switches = argc > 1 && strcmp(argv[1], "--switches") == 0;
    if (switches)
        argc--, argv++;
    bool one = argc > 2 && strcmp(argv[1], "--one") == 0;
    bool print = argc > 2 && strcmp(argv[1], "--print") == 0;
    u64 programs = argc > 1 && !one && !print ? strtoull(argv[1], NULL, 0) : PROGRAMS;
    u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL);
    u64 sequence = seed;
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    for (u32 i = 0; i < ARRAY_LEN(crashes); i++)
        signal(crashes[i], tell_crash);
    world_open(&search.world);
    if (print)
        print_program(&search, seed);
    else if (one)
        one_program(&search, seed, ALL_OF_SSA);
    while (!print && !one && search.accepted < programs && search.failures < MOST_FAILURES)
        one_program(&search, random_next(&sequence), switches ? ALL_SWITCHES : SOME);
    printf("%" PRIu64 " programs, %" PRIu64 " of them accepted, %" PRIu64
           " runs beside the interpreter's, %" PRIu64 " not repeatable, %" PRIu64
           " differ, seed %" PRIu64 "\n",
           search.programs, search.accepted, search.runs, search.unsteady, search.failures, seed);
    world_close(&search.world);
    return search.failures != 0;
}
