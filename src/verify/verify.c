/* The verifier: what it works on, and in which order its engines are asked.
 *
 *   1  the fixpoint, one state a point    most programs, in time linear in their size
 *   2  the fixpoint, several              what paths know apart
 *   3  paths                              everything else, and the report of what is wrong
 *
 * Whatever accepts has shown all; only paths reject, since what they report happens on a path. */
#include "verify/engine.h"

#include "base/diag.h"
#include "os/os.h"

enum {
    VERIFY_DEFAULT_VISITS = 4 << 20,
    VERIFY_SEVERAL = 8,          /* states at a point, in the second round */
    VERIFY_CHEAP = 1 << 14,      /* instructions that are always looked at once more */
    VERIFY_FEW_ROUNDS = 1 << 17, /* instructions of loops that are walked to their end */
};
#define VERIFY_DEFAULT_NS ((u64)2 * 1000 * 1000 * 1000)
#define VERIFY_DEFAULT_MEMORY ((u64)256 << 20)
#define VERIFY_DEFAULT_STACK 512u

/* ---- roots: where programs, and callbacks that run later, begin */

struct state *verify_root(struct verifier *v, u32 func, enum context_kind kind)
{
    struct state *s = state_new(v);
    if (!s)
        return NULL;
    s->trace = VERIFY_NONE;
    s->context = context_child(v, VERIFY_NONE, VERIFY_NONE, func, kind);
    s->insn = v->in->code->funcs[func].entry;
    if (s->context == VERIFY_NONE || !state_push_frame(v, s)) {
        state_drop(v, s);
        return NULL;
    }
    state_top(s)->reg[10] = cell_pointer(v, (struct value){ .kind = VALUE_STACK });
    call_packet_moves(v, s);
    return s;
}

bool verify_add_root(struct verifier *v, struct state *root)
{
    if (vec_push(&v->mem, &v->roots, root))
        return true;
    state_drop(v, root);
    return verify_fails(v, SKEP_NOMEM);
}

struct cell verify_context(struct verifier *v, struct state *s)
{
    enum skep_ctx_kind kind = (enum skep_ctx_kind)v->in->hook->ctx_kind;
    if (kind == SKEP_CTX_MEMORY || kind == SKEP_CTX_FIELDS)
        s->extent[EXTENT_MEMORY] = cell_scalar(v, s, scalar_range(0, INT32_MAX));
    return kind == SKEP_CTX_NONE ? cell_constant(v, 0)
                                 : cell_pointer(v, (struct value){ .kind = VALUE_CTX });
}

static struct state *verify_main(struct verifier *v)
{
    struct state *s = verify_root(v, 0, CONTEXT_MAIN);
    if (!s)
        return NULL;
    struct frame *f = state_top(s);
    f->reg[1] = verify_context(v, s);
    bool sized = v->in->hook->ctx_kind == SKEP_CTX_MEMORY;
    if (sized && v->in->hook->personality != SKEP_LINUX) /* Linux's programs have r1 only */
        f->reg[2] = s->extent[EXTENT_MEMORY];
    return s;
}

/* ---- points */

/* Blocks where paths meet; and where one leaves a loop, so that what follows waits for its end. */
static void verify_find_block_points(struct verifier *v)
{
    const struct cfg *cfg = v->in->cfg;
    u32 *edges = v->edges;
    for (u32 b = 0; b < cfg->n_blocks; b++)
        for (u32 e = 0; e < 2; e++) {
            u32 to = cfg->blocks[b].succ[e];
            if (to == CODE_NONE)
                continue;
            u8 *point = &v->point[cfg->blocks[to].start];
            if (++edges[to] > 1)
                *point = POINT_MEETS;
            else if (v->order.head[b] != v->order.head[to])
                *point = POINT_PLAIN;
        }
}

static void verify_find_points(struct verifier *v)
{
    const struct code *code = v->in->code;
    verify_find_block_points(v);
    for (u32 f = 0; f < code->n_funcs; f++)
        v->point[code->funcs[f].entry] = POINT_MEETS;
    for (u32 i = 0; i < code->n_insns; i++) {
        enum isa_kind kind = insn_kind(&code->insns[i]);
        const struct skep_helper *helper = v->in->helpers[i];
        u32 returns_often = SKEP_CALLS_BACK | SKEP_ITERATES;
        bool calls = kind == ISA_KIND_CALL_LOCAL || (helper && (helper->effects & returns_often));
        bool iterates = helper && (helper->effects & SKEP_ITERATES);
        if (kind == ISA_KIND_MAY_GOTO || iterates)
            v->point[i] = POINT_JOINS;
        if (calls && i + 1 < code->n_insns)
            v->point[i + 1] = POINT_MEETS;
        /* A callback is entered again and again. */
        if (kind == ISA_KIND_LDDW && code->insns[i].op == ISA_LDDW_CODE)
            v->point[code->target[i]] = POINT_JOINS;
        if (v->in->every_insn && !v->point[i])
            v->point[i] = POINT_PLAIN;
    }
}

/* ---- reports */

void verify_note_path(struct verifier *v)
{
    struct verify_report *report = v->report;
    u32 t = v->last_trace;
    report->n_branches = 0;
    for (; t != VERIFY_NONE && report->n_branches < VERIFY_MOST_BRANCHES;
         t = v->traces.data[t].parent)
        report->branches[report->n_branches++] =
            (struct verify_branch){ .insn = v->traces.data[t].insn,
                                    .taken = v->traces.data[t].taken };
    report->whole_path = t == VERIFY_NONE;
}

/* ---- the witness */

_Static_assert((int)CONTEXT_MAIN == WITNESS_MAIN && (int)CONTEXT_CALL == WITNESS_CALL &&
                   (int)CONTEXT_CALLBACK == WITNESS_CALLBACK &&
                   (int)CONTEXT_ASYNC == WITNESS_ASYNC && (int)CONTEXT_GLOBAL == WITNESS_GLOBAL &&
                   (int)CONTEXT_EXCEPTION == WITNESS_EXCEPTION,
               "contexts are copied as they are");

bool verify_witness(struct verifier *v, const struct state *s)
{
    skep_status status = v->in->witness ? witness_add(v->in->witness, s) : SKEP_OK;
    return status == SKEP_OK || verify_fails(v, status);
}

static skep_status verify_end_witness(struct verifier *v, skep_status status)
{
    struct witness *w = v->in->witness;
    bool ok = status == SKEP_OK;
    for (u32 c = 0; ok && c < v->contexts.n; c++) {
        const struct context *from = &v->contexts.data[c];
        struct witness_context context = { .parent = from->parent,
                                           .call = from->call,
                                           .func = from->func,
                                           .map = from->map,
                                           .kind = from->kind };
        ok = witness_add_context(w, &context);
    }
    if (ok && witness_take_values(w, &v->values))
        return SKEP_OK;
    witness_drop(w);
    return status == SKEP_OK ? SKEP_NOMEM : status;
}

/* ---- the whole */

static skep_status verify_prepare(struct verifier *v)
{
    const struct verify_input *in = v->in;
    const struct code *code = in->code;
    v->point = arena_array(&v->arena, u8, code->n_insns);
    v->edges = arena_array(&v->arena, u32, in->cfg->n_blocks);
    v->accessed = arena_array(&v->arena, u8, code->n_insns);
    v->guards = arena_array(&v->arena, struct access_guard, code->n_insns);
    v->depths = arena_array(&v->arena, u32, code->n_funcs);
    if (!v->depths || !v->accessed || !v->guards || !v->point || !v->edges ||
        !value_table_init(&v->values, &v->mem))
        return SKEP_NOMEM;
    TRY(merge_prepare(v));
    TRY(thresholds_find(v));
    TRY(live_build(&v->arena, code, in->cfg, in->helpers, &v->live));
    TRY(order_build(&v->arena, in->cfg, &v->order));
    verify_find_points(v);
    struct state *root = verify_main(v);
    if (!root || !verify_add_root(v, root) || !mode_add_exception_root(v))
        return SKEP_NOMEM;
    return SKEP_OK;
}

static void verify_init(struct verifier *v, const struct verify_input *in,
                        struct verify_report *report)
{
    const struct skep_verify_limits *limits = &in->limits;
    memset(v, 0, sizeof(*v));
    v->in = in;
    v->report = report;
    mem_init_part(&v->mem, in->mem,
                  limits->memory_bytes ? limits->memory_bytes : VERIFY_DEFAULT_MEMORY);
    arena_init(&v->arena, &v->mem);
    v->free_trace = VERIFY_NONE;
    v->last_trace = VERIFY_NONE;
    v->stack_bytes = limits->stack_bytes ? limits->stack_bytes : VERIFY_DEFAULT_STACK;
    v->visited_limit = limits->visits ? limits->visits : VERIFY_DEFAULT_VISITS;
    u64 now = os_clock_ns(OS_CLOCK_MONOTONIC);
    v->deadline = now + min_u64(limits->ns ? limits->ns : VERIFY_DEFAULT_NS, UINT64_MAX - now);
}

static void verify_fini(struct verifier *v)
{
    for (u32 i = 0; i < v->roots.n; i++)
        state_drop(v, v->roots.data[i]);
    vec_drop(&v->mem, &v->roots);
    vec_drop(&v->mem, &v->contexts);
    vec_drop(&v->mem, &v->traces);
    value_table_drop(&v->values);
    arena_drop(&v->arena);
}

/* Before the next engine: what the one before found is not known to be so. */
void verify_again(struct verifier *v)
{
    v->report->error.id = 0;
    v->ctx_bytes = 0;
    note_clear(v);
    memset(v->accessed, VALUE_NONE, v->in->code->n_insns);
    memset(v->guards, 0, v->in->code->n_insns * sizeof(*v->guards));
}

/* Each engine may look at a few times as many instructions as those before it: what will not work
 * must not cost much more than what did not. */
static u64 verify_budget(const struct verifier *v, u64 times, u64 least)
{
    return min_u64(v->visited + max_u64(times * v->visited, least), v->visited_limit);
}

static enum outcome verify_by_paths(struct verifier *v)
{
    const struct verify_report open = *v->report;
    bool loop = open.error.id == DIAG_VERIFY_LOOP;
    u64 limit = v->visited_limit;
    verify_again(v);
    /* A loop that only walking all of its rounds can show to end has few, or none of interest. */
    if (loop)
        v->visited_limit = verify_budget(v, 4, VERIFY_FEW_ROUNDS);
    enum outcome outcome = paths_run(v);
    v->visited_limit = limit;
    /* Which loop is not known to end says more than that paths were too many. */
    if (outcome == OUTCOME_FAILED && v->failure == SKEP_LIMIT && loop) {
        *v->report = open;
        outcome = OUTCOME_REJECTED;
    }
    return outcome;
}

static enum outcome verify_ask(struct verifier *v, const char **method)
{
    *method = "fixpoint";
    enum outcome outcome = fixpoint_run(v, 1, UINT64_MAX);
    if (outcome == OUTCOME_UNDECIDED) {
        *method = "fixpoint, several states";
        verify_again(v);
        if (!decide_find(v))
            return OUTCOME_FAILED;
        outcome =
            fixpoint_run(v, VERIFY_SEVERAL, v->visited + max_u64(v->visited / 4, VERIFY_CHEAP));
    }
    if (outcome == OUTCOME_UNDECIDED && v->in->guard) {
        *method = "fixpoint, guarded";
        verify_again(v);
        v->guarding = true;
        outcome = fixpoint_run(v, VERIFY_SEVERAL, verify_budget(v, 4, VERIFY_CHEAP));
    }
    if (outcome == OUTCOME_UNDECIDED) {
        *method = "paths";
        outcome = verify_by_paths(v);
    }
    return outcome;
}

/* How many accesses are left to checks at run time, which the facts then ask for. */
static u32 verify_count_guards(const struct verifier *v)
{
    u32 n = 0;
    for (u32 i = 0; i < v->in->code->n_insns; i++) {
        if (!v->guards[i].needed)
            continue;
        n++;
        if (v->in->facts)
            fact_guard(&v->in->facts->at[i], v->guards[i].limit);
    }
    return n;
}

/* Linux's frames share one stack: what a chain of calls uses, in whole steps of 16 bytes (as it
 * counts where it compiles), must fit. */
static enum outcome verify_stack_fits(struct verifier *v)
{
    enum { VERIFY_STACK_STEP = 16 };
    for (u32 c = 0; v->in->profile == SKEP_PROFILE_LINUX && c < v->contexts.n; c++) {
        u64 bytes = 0;
        for (u32 at = c; at != VERIFY_NONE; at = v->contexts.data[at].parent)
            bytes += round_up_u64(v->depths[v->contexts.data[at].func], VERIFY_STACK_STEP);
        if (v->contexts.data[c].depth > 0 && bytes > v->stack_bytes) {
            v->at = v->contexts.data[c].call;
            REJECT(v, STATE_REGS, VERIFY_STACK_SUM, NUM(v->contexts.data[c].depth + 1u), NUM(bytes),
                   NUM(v->stack_bytes));
            return OUTCOME_REJECTED;
        }
    }
    return OUTCOME_ACCEPTED;
}

skep_status verify(const struct verify_input *in, struct verify_report *report,
                   struct verify_stats *stats)
{
    struct verifier v;
    *report =
        (struct verify_report){ .reg = STATE_REGS, .set_at = CODE_NONE, .lost_at = CODE_NONE };
    *stats = (struct verify_stats){ .method = "" };
    u64 begin = os_clock_ns(OS_CLOCK_MONOTONIC);
    verify_init(&v, in, report);
    skep_status status = verify_prepare(&v);
    if (status == SKEP_OK) {
        enum outcome outcome = verify_ask(&v, &stats->method);
        if (outcome == OUTCOME_ACCEPTED)
            outcome = verify_stack_fits(&v);
        status = outcome == OUTCOME_ACCEPTED ? SKEP_OK
                 : outcome == OUTCOME_FAILED ? v.failure
                                             : SKEP_REJECTED;
    }
    if (status == SKEP_OK)
        stats->guards = verify_count_guards(&v);
    if (status == SKEP_REJECTED)
        explain_path(in, report);
    if (status == SKEP_NOMEM && atomic_load_explicit(&v.mem.refused, memory_order_relaxed)) {
        v.limit = "memory";
        status = SKEP_LIMIT;
    }
    if (in->witness)
        status = verify_end_witness(&v, status);
    if (in->facts && status != SKEP_OK)
        facts_drop(in->facts);
    stats->visited = v.visited;
    stats->states = v.most_states;
    stats->peak_bytes = atomic_load_explicit(&v.mem.peak, memory_order_relaxed);
    stats->ctx_bytes = v.ctx_bytes;
    verify_fini(&v);
    stats->ns = os_clock_ns(OS_CLOCK_MONOTONIC) - begin;
    if (status == SKEP_LIMIT)
        RAISE(&report->error, status, VERIFY_LIMIT, STR(v.limit ? v.limit : "states"),
              NUM(stats->visited), NUM(stats->peak_bytes), NUM(stats->ns));
    return status;
}

#undef VERIFY_DEFAULT_NS
#undef VERIFY_DEFAULT_MEMORY
#undef VERIFY_DEFAULT_STACK
