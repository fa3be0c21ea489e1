/* Helper calls become calls of host functions, or traps where the host has none; what no engine of
 * ours can do is refused. */
#include "lower/rewrite.h"

static u16 lower_call_op(const struct skep_helper *helper)
{
    if (helper->effects & SKEP_TAIL_CALLS)
        return HOST_TAIL_CALL;
    return helper->effects & SKEP_PURE ? HOST_CALL_PURE : HOST_CALL;
}

static skep_status lower_helper(struct lowering *l, u32 i)
{
    const struct skep_helper *helper = l->in->helpers[i];
    if (l->in->symbolic) {
        u16 op = helper ? lower_call_op(helper) : HOST_CALL;
        return lower_emit(l, i, (struct host_insn){ .op = op, .imm = lower_insn(l, i)->imm });
    }
    if (!helper)
        return RAISE(l->err, SKEP_UNSUPPORTED, LOWER_NO_HELPER, NUM(lower_slot(l, i)),
                     NUM(lower_insn(l, i)->imm));
    if (!helper->run && !(helper->effects & SKEP_TAIL_CALLS))
        return lower_emit(l, i, (struct host_insn){ .op = HOST_TRAP }); /* described only */
    struct host_insn call = { .op = lower_call_op(helper), .imm = (u64)(uintptr_t)helper->run };
    return lower_emit(l, i, call);
}

skep_status lower_call(struct lowering *l, u32 i, bool *done)
{
    switch (lower_insn(l, i)->op) {
    case ISA_CALL_HELPER:
    case ISA_CALL_KFUNC: *done = true; return lower_helper(l, i);
    case ISA_CALLX:
    case ISA_GOTOX:
    case ISA_ADDR_SPACE_CAST:
        if (l->in->symbolic) {
            *done = true;
            return lower_emit(l, i, (struct host_insn){ .op = HOST_TRAP });
        }
        return RAISE(l->err, SKEP_UNSUPPORTED, LOWER_OP, NUM(lower_slot(l, i)),
                     STR(insn_row(lower_insn(l, i))->name));
    default: return SKEP_OK;
    }
}
