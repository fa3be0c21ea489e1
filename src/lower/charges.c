/* Charges of the plan become CHARGE, in front of the instruction: jumps to it pay too. */
#include "lower/rewrite.h"

skep_status lower_charge(struct lowering *l, u32 i, bool *done)
{
    (void)done; /* never instead of the instruction */
    u32 amount = l->in->metered ? l->in->charges->by_insn[i] : 0;
    if (amount == 0)
        return SKEP_OK;
    return lower_emit(l, i, (struct host_insn){ .op = HOST_CHARGE, .imm = amount });
}
