/* Host code → SSA → better SSA: the list of what is done to each function, and what compiling asks
 * for in the end. */
#include "opt/pass.h"

#define OPT_NAME(name, ...) #name,
static const char *const opt_names[OPT_PASS_COUNT] = { OPT_PASSES(OPT_NAME) };

const char *opt_pass_name(enum opt_pass pass) { return opt_names[pass]; }

/* ---- the list */

struct opt_step {
    enum opt_pass pass;
    bool (*run)(struct opt *opt, struct ssa_func *func);
    bool again;         /* in the second round, for what the first one has uncovered */
    bool changes_graph; /* blocks and edges, which are analysed anew then */
};
/* clang-format off */
#define OPT_ONCE(name, graph)  { OPT_##name, opt_##name, false, graph }
#define OPT_AGAIN(name, graph) { OPT_##name, opt_##name, true, graph }
static const struct opt_step opt_steps[] = {
    OPT_ONCE(inline_sub, true),
    OPT_ONCE(inline_map, true),
    OPT_AGAIN(slots, true),
    OPT_AGAIN(fold, false),
    OPT_AGAIN(gvn, false),
    OPT_AGAIN(branches, true),
    OPT_ONCE(idioms, false),
    OPT_ONCE(licm, true),
    OPT_ONCE(unroll, true),
    OPT_ONCE(divconst, false),
    OPT_ONCE(fuse, true),
    OPT_ONCE(ifconv, true),
    OPT_AGAIN(dce, false),
    OPT_AGAIN(stores, false),
};
/* clang-format on */

static bool opt_is_on(const struct opt *opt, enum opt_pass pass)
{
    return !(opt->in->off >> pass & 1) && (pass != OPT_blind || opt->in->blind);
}

/* Builds with assertions look at everything that a pass leaves. */
static bool opt_is_fine(struct ssa_func *func)
{
#ifndef NDEBUG
    u32 where;
    const char *wrong = func->failed ? NULL : ssa_check(func, &where);
    assert(!wrong);
#endif
    return !func->failed;
}

static bool opt_look(struct opt *opt, enum opt_pass pass, struct ssa_func *func)
{
    if (func->failed || !opt_is_fine(func))
        return false;
    if (opt->in->after)
        opt->in->after(opt->in->user, pass, func);
    return true;
}

/* A pass may leave blocks that nothing leads to: they are gone before the next one looks. */
static bool opt_step(struct opt *opt, const struct opt_step *step, struct ssa_func *func,
                     bool *changed)
{
    bool has_changed = step->run(opt, func);
    arena_drop(&opt->scratch);
    ssa_settle(func);
    *changed |= has_changed;
    if (func->failed || (has_changed && step->changes_graph && !ssa_analyse(func)))
        return false;
    return opt_look(opt, step->pass, func);
}

static bool opt_round(struct opt *opt, struct ssa_func *func, bool again, bool *changed)
{
    for (u32 s = 0; s < ARRAY_LEN(opt_steps); s++)
        if (opt_is_on(opt, opt_steps[s].pass) && (!again || opt_steps[s].again))
            if (!opt_step(opt, &opt_steps[s], func, changed))
                return false;
    return true;
}

/* After all that computes with constants, which would find them again. */
static bool opt_hide(struct opt *opt, struct ssa_func *func)
{
    if (!opt_is_on(opt, OPT_blind))
        return true;
    opt_blind(opt, func);
    arena_drop(&opt->scratch);
    return opt_look(opt, OPT_blind, func);
}

/* ---- what compiling asks for */

static bool opt_has_frame(const struct ssa_func *func, const u32 *uses)
{
    for (u32 i = 1; i < func->n; i++)
        if (func->insns[i].op == SSA_FRAME && uses[i])
            return true;
    return false;
}

/* Callees without a frame are given none. */
static void opt_drop_frames(struct ssa_func *func)
{
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 i = func->blocks[b].first; i; i = func->insns[i].next) {
            const struct ssa_insn *insn = ssa_at(func, i);
            if (insn->op == SSA_CALL_LOCAL && !func->program->funcs[insn->imm].uses_frame) {
                u32 none = ssa_const(func, 0);
                ssa_args(func, ssa_at(func, i))[1] = none;
            }
        }
}

/* Takes away what nobody uses and what that alone used. */
static void opt_sweep(struct ssa_func *func, u32 *uses)
{
    ssa_count_uses(func, uses);
    for (u32 o = func->n_order; o-- > 0;)
        for (u32 i = func->blocks[func->order[o]].last, prev; i; i = prev) {
            struct ssa_insn *insn = ssa_at(func, i);
            prev = insn->prev;
            if (uses[i] || ssa_has(insn, SSA_PINNED) || insn->op == SSA_PHI)
                continue;
            for (u32 a = 0; a < insn->n_args; a++)
                uses[ssa_args(func, insn)[a]]--;
            ssa_remove(func, i);
        }
}

static bool opt_finish(struct opt *opt, struct ssa_func *func)
{
    opt_drop_frames(func);
    if (opt->in->watch)
        opt_watch(opt, func);
    u32 *uses = arena_array(&opt->scratch, u32, func->n);
    if (!uses || func->failed)
        return false;
    opt_sweep(func, uses);
    func->uses_frame = opt_has_frame(func, uses);
    arena_drop(&opt->scratch);
    return ssa_split_critical(func) && opt_is_fine(func);
}

/* ---- all */

/* Pointers that were kept on the stack can only be followed when they are values, so `slots` comes
 * first, wanted or not. */
static skep_status opt_expand_guards(struct opt *opt, struct ssa_func *func, skep_error *err)
{
    if (ssa_analyse(func))
        opt_slots(opt, func);
    arena_drop(&opt->scratch);
    if (func->failed || !ssa_analyse(func))
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("SSA"));
    skep_status status = opt_guards(opt, func, err);
    arena_drop(&opt->scratch);
    return status == SKEP_NOMEM ? RAISE(err, status, NOMEM, STR("SSA")) : status;
}

/* The result is the arena's. */
static skep_status opt_func(struct opt *opt, struct ssa_func *func, struct arena *arena,
                            skep_error *err)
{
    bool changed = false;
    if (opt->program->guarded)
        TRY(opt_expand_guards(opt, func, err));
    bool ok = ssa_analyse(func) && opt_look(opt, OPT_PASS_COUNT, func) &&
              opt_round(opt, func, false, &changed) &&
              (!changed || opt_round(opt, func, true, &changed)) && opt_hide(opt, func) &&
              opt_finish(opt, func);
    struct arena *work = func->arena;
    ok = ok && ssa_compact(func, arena) && opt_is_fine(func);
    arena_drop(work);
    return ok ? SKEP_OK : RAISE(err, SKEP_NOMEM, NOMEM, STR("SSA"));
}

/* works: an arena for each function, which holds it while it is worked at. */
static skep_status opt_all(struct opt *opt, struct arena *arena, struct arena *works,
                           struct ssa_program *out, skep_error *err)
{
    skep_status status = opt_build(arena, works, &opt->scratch, opt->in, out, err);
    arena_drop(&opt->scratch);
    for (u32 i = 0; status == SKEP_OK && i < out->n_funcs; i++)
        out->funcs[i].uses_frame = true; /* until it is known better */
    for (u32 i = 0; status == SKEP_OK && i < out->n_order; i++)
        status = opt_func(opt, &out->funcs[out->order[i]], arena, err);
    if (status == SKEP_OK && !opt_drop_inlined(opt))
        status = RAISE(err, SKEP_NOMEM, NOMEM, STR("SSA"));
    for (u32 f = 0; status == SKEP_OK && f < out->n_funcs; f++)
        out->funcs[f].arena = arena;
    return status;
}

skep_status opt_run(struct arena *arena, const struct opt_input *in, struct ssa_program *out,
                    skep_error *err)
{
    struct opt opt = { .in = in, .program = out };
    u32 n = in->host->n_funcs;
    size_t size = n * sizeof(struct arena);
    struct arena *works = mem_zalloc(arena->mem, size);
    if (!works)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("SSA"));
    for (u32 f = 0; f < n; f++)
        arena_init(&works[f], arena->mem);
    arena_init(&opt.scratch, arena->mem);
    skep_status status = opt_all(&opt, arena, works, out, err);
    arena_drop(&opt.scratch);
    for (u32 f = 0; f < n; f++)
        arena_drop(&works[f]);
    mem_free(arena->mem, works, size);
    return status;
}

#undef OPT_NAME
#undef OPT_ONCE
#undef OPT_AGAIN
