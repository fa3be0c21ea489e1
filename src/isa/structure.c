/* The structural check of a whole program (RFC 9669 §3 to §5): every slot is part of a defined
 * instruction, and control stays inside the program.  Reachability and paths belong to ir/. */
#include "isa/isa.h"

/* Opcode 0 is no instruction, so in a program whose instructions all decode, a slot with opcode 0
 * is the second half of an LDDW. */
static skep_status structure_target(const struct isa_slot *slots, u32 n, u32 at,
                                    const struct insn *insn, s64 target, skep_error *err)
{
    const char *name = insn_row(insn)->name;
    if (target < 0 || target >= n)
        return RAISE(err, SKEP_MALFORMED, ISA_JUMP_RANGE, NUM(at), STR(name), NUM(target), NUM(n));
    if (slots[target].opcode == 0)
        return RAISE(err, SKEP_MALFORMED, ISA_JUMP_MIDDLE, NUM(at), STR(name), NUM(target));
    return SKEP_OK;
}

static skep_status structure_decodes(const struct isa_slot *slots, u32 n, skep_error *err)
{
    struct insn insn = { 0 };
    u32 last = 0;
    for (u32 at = 0; at < n; at += insn_slots(&insn)) {
        TRY(isa_decode(slots + at, n - at, at, &insn, err));
        last = at;
    }
    if (insn_falls_through(&insn))
        return RAISE(err, SKEP_MALFORMED, ISA_FALLS_OFF, NUM(last), STR(insn_row(&insn)->name));
    return SKEP_OK;
}

static skep_status structure_targets(const struct isa_slot *slots, u32 n, skep_error *err)
{
    struct insn insn = { 0 };
    for (u32 at = 0; at < n; at += insn_slots(&insn)) {
        TRY(isa_decode(slots + at, n - at, at, &insn, err));
        if (insn_is_jump(&insn) || insn.op == ISA_CALL_LOCAL)
            TRY(structure_target(slots, n, at, &insn, (s64)at + 1 + insn_jump_slots(&insn), err));
        if (insn.op == ISA_LDDW_CODE)
            TRY(structure_target(slots, n, at, &insn, (s64)at + 1 + (s32)insn.imm, err));
    }
    return SKEP_OK;
}

skep_status isa_check_structure(const struct isa_slot *slots, u32 n, skep_error *err)
{
    if (n == 0)
        return RAISE(err, SKEP_MALFORMED, ISA_EMPTY, NUM(0));
    TRY(structure_decodes(slots, n, err));
    return structure_targets(slots, n, err);
}
