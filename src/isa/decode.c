/* Slots to instructions, by an allow-list of exact encodings (RFC 9669 §3: unused fields are zero).
 *
 * The opcode and one more field say which row an encoding can be; isa_row_index maps the two to the
 * row at once.  What else the row demands is checked afterwards. */
#include "isa/isa.h"

/* A number below 64 that tells the rows of one opcode apart.  Which field does is a property of the
 * opcode: src in LD and CALL; imm of byte swaps and atomics; off in the rest of ALU and ALU64. */
#define ISA_CLASS(opcode) ((opcode)&7)
#define ISA_IS_ALU(opcode) (ISA_CLASS(opcode) == 4 || ISA_CLASS(opcode) == 7)
#define ISA_BY_SRC(opcode) ((opcode) == 0x18 || (opcode) == 0x85)
#define ISA_BY_IMM(opcode)                                                                         \
    ((ISA_IS_ALU(opcode) && ((opcode)&0xf0) == 0xd0) || ((opcode)&0xe7) == 0xc3)
#define ISA_BY_OFF(opcode) (ISA_IS_ALU(opcode) && ((opcode)&0xf0) != 0xd0)
/* Injective on the immediates of the rows, since two rows in one place would not compile. */
#define ISA_IMM_HASH(imm) (((unsigned)(imm) >> 4 | ((unsigned)(imm)&1) << 5) & 63)
#define ISA_VARIANT(opcode, src, off, imm)                                                         \
    (ISA_BY_SRC(opcode)   ? (unsigned)(src)&63                                                     \
     : ISA_BY_IMM(opcode) ? ISA_IMM_HASH(imm)                                                      \
     : ISA_BY_OFF(opcode) ? (unsigned)(off)&63                                                     \
                          : 0u)
#define ISA_ROW_PLACE(opcode, src, off, imm)                                                       \
    ((unsigned)(opcode) << 6 | ISA_VARIANT(opcode, src, off, imm))

/* The op id + 1 of the row that may have this opcode and variant; 0: none. */
static const u8 isa_row_index[256 << 6] = {
#define ISA_X(ID, OPCODE, OPERANDS, SRC, OFF, IMM, ...)                                            \
    [ISA_ROW_PLACE(OPCODE, SRC, OFF, IMM)] = ISA_##ID + 1,
#include "isa/rows.h"
#undef ISA_X
};

struct isa_slot isa_slot_read(const u8 bytes[8], bool big_endian)
{
    u8 high = bytes[1] >> 4, low = bytes[1] & 15;
    return (struct isa_slot){
        .opcode = bytes[0],
        .dst = big_endian ? high : low,
        .src = big_endian ? low : high,
        .off = (s16)load_u16(bytes + 2, big_endian),
        .imm = (s32)load_u32(bytes + 4, big_endian),
    };
}

static COLD skep_status decode_bad_field(const struct isa_slot *slot, u32 at, const char *field,
                                         s64 value, skep_error *err)
{
    return RAISE(err, SKEP_MALFORMED, ISA_FIELD, NUM(at), NUM(slot->opcode), STR(field),
                 NUM(value));
}

static COLD skep_status decode_no_row(const struct isa_slot *slot, u32 at, skep_error *err)
{
    for (u32 op = 0; op < ISA_OP_COUNT; op++) {
        if (isa_rows[op].opcode != slot->opcode)
            continue;
        if (ISA_BY_SRC(slot->opcode))
            return decode_bad_field(slot, at, "source", slot->src, err);
        if (ISA_BY_IMM(slot->opcode))
            return decode_bad_field(slot, at, "immediate", slot->imm, err);
        return decode_bad_field(slot, at, "offset", slot->off, err);
    }
    return RAISE(err, SKEP_MALFORMED, ISA_OPCODE, NUM(at), NUM(slot->opcode));
}

/* Fields that are no operands hold the row's values; a destination that is none is 0. */
static skep_status decode_fixed_fields(const struct isa_row *row, const struct isa_slot *slot,
                                       u32 at, skep_error *err)
{
    if (!(row->operands & ISA_D) && slot->dst != 0)
        return decode_bad_field(slot, at, "destination", slot->dst, err);
    if (!(row->operands & ISA_S) && slot->src != row->src)
        return decode_bad_field(slot, at, "source", slot->src, err);
    if (!(row->operands & ISA_O) && slot->off != row->off)
        return decode_bad_field(slot, at, "offset", slot->off, err);
    if (!(row->operands & ISA_I) && slot->imm != row->imm)
        return decode_bad_field(slot, at, "immediate", slot->imm, err);
    return SKEP_OK;
}

static skep_status decode_registers(const struct isa_row *row, const struct isa_slot *slot, u32 at,
                                    skep_error *err)
{
    u32 highest =
        max_u32(row->operands & ISA_D ? slot->dst : 0, row->operands & ISA_S ? slot->src : 0);
    if (highest > 10)
        return RAISE(err, SKEP_MALFORMED, ISA_REGISTER, NUM(at), NUM(slot->opcode), NUM(highest));
    return SKEP_OK;
}

static skep_status decode_second_slot(const struct isa_slot *slots, u32 n, u32 at,
                                      struct insn *insn, skep_error *err)
{
    if (n < 2 || slots[1].opcode || slots[1].dst || slots[1].src || slots[1].off)
        return RAISE(err, SKEP_MALFORMED, ISA_HALF, NUM(at));
    bool whole = insn->op == ISA_LDDW_IMM || insn->op == ISA_LDDW_MAP_FD_VALUE ||
                 insn->op == ISA_LDDW_MAP_VALUE;
    if (!whole && slots[1].imm)
        return decode_bad_field(slots, at, "second immediate", slots[1].imm, err);
    insn->imm = (u32)slots[0].imm | (u64)(u32)slots[1].imm << 32;
    return SKEP_OK;
}

/* Linux defines address spaces 0 (the kernel's) and 1 (an arena's); a cast is between the two. */
static bool decode_cast_is_defined(s32 imm) { return imm == 1 || imm == 0x10000; }

skep_status isa_decode(const struct isa_slot *slots, u32 n, u32 at, struct insn *out,
                       skep_error *err)
{
    const struct isa_slot *slot = &slots[0];
    u32 place = ISA_ROW_PLACE(slot->opcode, slot->src, slot->off, slot->imm);
    if (!isa_row_index[place])
        return decode_no_row(slot, at, err);
    struct insn insn = {
        .op = (u16)(isa_row_index[place] - 1),
        .dst = slot->dst,
        .src = slot->src,
        .off = slot->off,
        .imm = (u64)(s64)slot->imm,
    };
    const struct isa_row *row = insn_row(&insn);
    TRY(decode_fixed_fields(row, slot, at, err));
    TRY(decode_registers(row, slot, at, err));
    if (row->slots == 2)
        TRY(decode_second_slot(slots, n, at, &insn, err));
    if (row->kind == ISA_KIND_ADDR_SPACE_CAST && !decode_cast_is_defined(slot->imm))
        return decode_bad_field(slot, at, "immediate", slot->imm, err);
    *out = insn;
    return SKEP_OK;
}

#undef ISA_CLASS
#undef ISA_IS_ALU
#undef ISA_BY_SRC
#undef ISA_BY_IMM
#undef ISA_BY_OFF
#undef ISA_IMM_HASH
#undef ISA_VARIANT
#undef ISA_ROW_PLACE
