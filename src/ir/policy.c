/* What a profile refuses beyond the standard, looking at single instructions. */
#include "ir/code.h"

/* Operation codes of ALU instructions: the upper half of the opcode (RFC 9669 §4.1). */
enum {
    POLICY_DIV = 0x30,
    POLICY_LSH = 0x60,
    POLICY_RSH = 0x70,
    POLICY_MOD = 0x90,
    POLICY_ARSH = 0xc0
};

static bool policy_is_division(u32 code) { return code == POLICY_DIV || code == POLICY_MOD; }
static bool policy_is_shift(u32 code)
{
    return code == POLICY_LSH || code == POLICY_RSH || code == POLICY_ARSH;
}

skep_status code_check_linux(const struct code *code, skep_error *err)
{
    for (u32 i = 0; i < code->n_insns; i++) {
        const struct insn *insn = &code->insns[i];
        const struct isa_row *row = insn_row(insn);
        if (row->kind != ISA_KIND_BINARY_IMM)
            continue;
        if (policy_is_division(row->opcode & 0xf0u) && insn->imm == 0)
            return RAISE(err, SKEP_REJECTED, POLICY_DIV_ZERO, NUM(code->slot_of[i]));
        if (policy_is_shift(row->opcode & 0xf0u) && insn->imm >= 8u * row->size)
            return RAISE(err, SKEP_REJECTED, POLICY_SHIFT, NUM(code->slot_of[i]),
                         NUM((u32)insn->imm), NUM(8u * row->size));
    }
    return SKEP_OK;
}
