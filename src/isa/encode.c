/* Instructions to slots, slots to bytes. */
#include "isa/isa.h"

void isa_slot_write(struct isa_slot slot, u8 bytes[8], bool big_endian)
{
    bytes[0] = slot.opcode;
    bytes[1] = (u8)(big_endian ? slot.dst << 4 | slot.src : slot.src << 4 | slot.dst);
    store_u16(bytes + 2, (u16)slot.off, big_endian);
    store_u32(bytes + 4, (u32)slot.imm, big_endian);
}

u32 isa_encode(const struct insn *insn, struct isa_slot out[2])
{
    const struct isa_row *row = insn_row(insn);
    assert(insn->dst <= 10 && (!(row->operands & ISA_S) || insn->src <= 10));
    assert(!(row->operands & ISA_O) || (insn->off >= INT16_MIN && insn->off <= INT16_MAX));
    out[0] = (struct isa_slot){
        .opcode = row->opcode,
        .dst = row->operands & ISA_D ? insn->dst : 0,
        .src = row->operands & ISA_S ? insn->src : row->src,
        .off = (s16)(row->operands & ISA_O ? insn->off : row->off),
        .imm = row->operands & ISA_I ? (s32)insn->imm : row->imm,
    };
    if (row->slots == 2)
        out[1] = (struct isa_slot){ .imm = (s32)(insn->imm >> 32) };
    else
        assert(!(row->operands & ISA_I) || (u64)(s64)(s32)insn->imm == insn->imm);
    return row->slots;
}
