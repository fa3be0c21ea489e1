/* What is not used goes: marks what effects need, and what those need, and removes the rest; phis
 * that only keep each other alive go with it.
 *
 * Needs nothing.  Gives a function in which every value is used or has an effect. */
#include "opt/pass.h"

struct dce {
    struct ssa_func *func;
    u64 *needed; /* values */
    u32 *work;   /* needed, their arguments not looked at yet */
    u32 n_work;
};

static void dce_need(struct dce *d, u32 value)
{
    if (bit_get(d->needed, value))
        return;
    bit_set(d->needed, value);
    d->work[d->n_work++] = value;
}

static void dce_mark(struct dce *d)
{
    const struct ssa_func *func = d->func;
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 v = func->blocks[b].first; v; v = func->insns[v].next)
            if (ssa_has(ssa_at(func, v), SSA_PINNED))
                dce_need(d, v);
    while (d->n_work) {
        const struct ssa_insn *insn = ssa_at(func, d->work[--d->n_work]);
        const u32 *args = ssa_args(func, insn);
        for (u32 i = 0; i < insn->n_args; i++)
            dce_need(d, args[i]);
    }
}

static bool dce_sweep(struct dce *d)
{
    struct ssa_func *func = d->func;
    bool changed = false;
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 v = func->blocks[b].first, next; v; v = next) {
            next = func->insns[v].next;
            if (bit_get(d->needed, v))
                continue;
            ssa_remove(func, v);
            changed = true;
        }
    return changed;
}

bool opt_dce(struct opt *opt, struct ssa_func *func)
{
    struct dce d = { .func = func,
                     .needed = arena_array(&opt->scratch, u64, bits_words(func->n)),
                     .work = arena_array(&opt->scratch, u32, func->n) };
    if (!d.needed || !d.work) {
        func->failed = true;
        return false;
    }
    dce_mark(&d);
    return dce_sweep(&d);
}
