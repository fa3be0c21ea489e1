/* What a profile refuses beyond the standard, looking at single instructions. */
#include "ir/code.h"

static bool policy_is_division(const struct insn *insn)
{
    switch (insn->op) {
    case ISA_DIV64_IMM:
    case ISA_DIV32_IMM:
    case ISA_SDIV64_IMM:
    case ISA_SDIV32_IMM:
    case ISA_MOD64_IMM:
    case ISA_MOD32_IMM:
    case ISA_SMOD64_IMM:
    case ISA_SMOD32_IMM: return true;
    default: return false;
    }
}

static bool policy_is_shift(const struct insn *insn)
{
    switch (insn->op) {
    case ISA_LSH64_IMM:
    case ISA_LSH32_IMM:
    case ISA_RSH64_IMM:
    case ISA_RSH32_IMM:
    case ISA_ARSH64_IMM:
    case ISA_ARSH32_IMM: return true;
    default: return false;
    }
}

skep_status code_check_linux(const struct code *code, skep_error *err)
{
    for (u32 i = 0; i < code->n_insns; i++) {
        const struct insn *insn = &code->insns[i];
        if (policy_is_division(insn) && insn->imm == 0)
            return RAISE(err, SKEP_REJECTED, POLICY_DIV_ZERO, NUM(code->slot_of[i]));
        if (policy_is_shift(insn) && insn->imm >= 8u * insn_row(insn)->size)
            return RAISE(err, SKEP_REJECTED, POLICY_SHIFT, NUM(code->slot_of[i]),
                         NUM((u32)insn->imm), NUM(8u * insn_row(insn)->size));
    }
    return SKEP_OK;
}
