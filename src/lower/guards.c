/* Where the verifier left the offset of an access to a check at run time, GUARD comes before it. */
#include "lower/rewrite.h"

/* The register that an instruction accesses memory through. */
static u8 lower_address(const struct insn *insn)
{
    enum isa_kind kind = insn_kind(insn);
    bool load = kind == ISA_KIND_LOAD || kind == ISA_KIND_LOAD_SX || kind == ISA_KIND_LOAD_ACQ;
    return load ? insn->src : insn->dst;
}

skep_status lower_guard(struct lowering *l, u32 i, bool *done)
{
    (void)done; /* never instead of the instruction */
    const struct fact *fact = l->in->facts ? &l->in->facts->at[i] : NULL;
    if (!fact || !(fact->flags & FACT_GUARD))
        return SKEP_OK;
    const struct insn *insn = lower_insn(l, i);
    struct host_insn guard = { .op = HOST_GUARD,
                               .dst = lower_address(insn),
                               .off = insn->off,
                               .region = fact->region,
                               .imm = host_guard_imm(insn_row(insn)->size, (u32)fact->offset) };
    return lower_emit(l, i, guard);
}
