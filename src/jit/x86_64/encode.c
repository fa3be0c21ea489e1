/* How instructions of x86-64 become bytes: prefixes, REX or VEX, opcode, ModRM, SIB, displacement,
 * immediate (Intel SDM, volume 2, chapter 2).  Opcodes come from the table of encode.h. */
#include "jit/x86_64/encode.h"

enum {
    X86_FLAG_B = 1,
    X86_FLAG_S = 2,
    X86_FLAG_I = 4,
    X86_FLAG_A = 8,
    X86_FLAG_R = 16,
    X86_FLAG_Q = 32,
};

struct x86_row {
    u8 prefix, map;
    u8 reg_rm, rm_reg, rm_imm, rm;
    u8 digit, flags;
};

/* clang-format off */
#define NONE 0
#define B X86_FLAG_B
#define S X86_FLAG_S
#define I X86_FLAG_I
#define A X86_FLAG_A
#define R X86_FLAG_R
#define Q X86_FLAG_Q
/* The mandatory prefixes and the opcode maps, numbered as VEX does. */
enum { X86_PREFIX_NONE, X86_PREFIX_66, X86_PREFIX_F3, X86_PREFIX_F2 };
enum { X86_MAP_1, X86_MAP_0F, X86_MAP_0F38, X86_MAP_0F3A };

static const struct x86_row x86_rows[] = {
#define X(NAME, PREFIX, MAP, REG_RM, RM_REG, RM_IMM, RM, DIGIT, FLAGS) \
    [X86_##NAME] = { X86_PREFIX_##PREFIX, X86_MAP_##MAP, REG_RM, RM_REG, RM_IMM, RM, DIGIT, FLAGS },
    X86_OPS(X)
#undef X
};

static const struct { u8 size; char bytes[5]; } x86_plain_rows[] = {
#define X(NAME, SIZE, BYTES) [X86_##NAME] = { SIZE, BYTES },
    X86_PLAIN_OPS(X)
#undef X
};

static const u8 x86_prefix_bytes[] = { 0, 0x66, 0xf3, 0xf2 };

/* What the rows do not say: opcodes with a register or a condition in their low bits, short forms. */
enum {
    X86_CODE_ESCAPE = 0x0f, X86_CODE_ESCAPE_38 = 0x38, X86_CODE_ESCAPE_3A = 0x3a,
    X86_CODE_SIZE_16 = 0x66,
    X86_CODE_REX = 0x40, X86_CODE_VEX3 = 0xc4,
    X86_CODE_SHORT_IMM = 2,          /* 81 becomes 83, 69 becomes 6b */
    X86_CODE_ALU_RAX = 0x05, X86_CODE_TEST_RAX = 0xa9, X86_CODE_XCHG_RAX = 0x90,
    X86_CODE_SHIFT_BY_ONE = 0x10,    /* c1 becomes d1 */
    X86_CODE_MOV_IMM = 0xb8,
    X86_CODE_PUSH = 0x50, X86_CODE_POP = 0x58, X86_CODE_BSWAP = 0xc8,
    X86_CODE_JMP8 = 0xeb, X86_CODE_JMP32 = 0xe9, X86_CODE_CALL32 = 0xe8,
    X86_CODE_JCC8 = 0x70, X86_CODE_JCC32 = 0x80,
};

/* ModRM and SIB: where 4 and 5 are no registers. */
enum {
    X86_MOD_NO_DISP, X86_MOD_DISP8, X86_MOD_DISP32, X86_MOD_REG,
    X86_RM_SIB = 4, X86_SIB_NO_INDEX = 4, X86_SIB_NO_BASE = 5,
};
/* clang-format on */

static u8 x86_low3(u8 reg) { return reg & 7; }
static u8 x86_bit3(u8 reg) { return reg >> 3 & 1; }
static bool x86_fits_s8(s32 value) { return value == (s8)value; }
static bool x86_is_reg(struct x86_rm rm) { return rm.scale == 0; }

/* The same address in fewer bytes: an index alone is better a base (or twice the base); a base
 * that cannot go without displacement changes places with the index, and so does rsp as index. */
static struct x86_rm x86_shortest(struct x86_rm rm)
{
    if (rm.index == X86_NO_REG)
        return rm;
    if (rm.base == X86_NO_REG) {
        if (rm.scale == 1)
            return x86_m(rm.index, rm.disp);
        if (rm.scale == 2)
            return x86_mx(rm.index, rm.index, 1, rm.disp);
        return rm;
    }
    bool needs_disp = rm.disp == 0 && x86_low3(rm.base) == X86_SIB_NO_BASE;
    if (rm.scale == 1 && (rm.index == X86_RSP || needs_disp))
        return x86_mx(rm.index, rm.base, 1, rm.disp);
    return rm;
}

static u8 x86_mod_of(struct x86_rm rm)
{
    if (rm.base == X86_NO_REG || (rm.disp == 0 && x86_low3(rm.base) != X86_SIB_NO_BASE))
        return X86_MOD_NO_DISP;
    return x86_fits_s8(rm.disp) ? X86_MOD_DISP8 : X86_MOD_DISP32;
}

static u8 x86_scale_bits(u8 scale) { return (u8)((scale > 1) + (scale > 2) + (scale > 4)); }

static void x86_put_modrm(struct jit_buffer *out, u8 mod, u8 reg, u8 rm)
{
    jit_put8(out, (u8)(mod << 6 | x86_low3(reg) << 3 | x86_low3(rm)));
}

static void x86_put_memory(struct jit_buffer *out, u8 reg, struct x86_rm rm)
{
    u8 mod = x86_mod_of(rm);
    bool no_index = rm.index == X86_NO_REG, no_base = rm.base == X86_NO_REG;
    assert(rm.index != X86_RSP && (rm.scale & (rm.scale - 1)) == 0 && rm.scale <= 8);
    if (no_index && !no_base && x86_low3(rm.base) != X86_RM_SIB) {
        x86_put_modrm(out, mod, reg, rm.base);
    } else {
        x86_put_modrm(out, mod, reg, X86_RM_SIB);
        x86_put_modrm(out, no_index ? 0 : x86_scale_bits(rm.scale),
                      no_index ? X86_SIB_NO_INDEX : rm.index, no_base ? X86_SIB_NO_BASE : rm.base);
    }
    if (mod == X86_MOD_DISP8)
        jit_put8(out, (u8)rm.disp);
    else if (mod == X86_MOD_DISP32 || no_base)
        jit_put32(out, (u32)rm.disp);
}

static void x86_put_rm(struct jit_buffer *out, u8 reg, struct x86_rm rm)
{
    if (x86_is_reg(rm))
        x86_put_modrm(out, X86_MOD_REG, reg, rm.base);
    else
        x86_put_memory(out, reg, rm);
}

/* W, R, X and B of REX. */
static u8 x86_rex_bits(bool wide, u8 reg, struct x86_rm rm)
{
    return (u8)(wide << 3 | x86_bit3(reg) << 2 | x86_bit3(rm.index) << 1 | x86_bit3(rm.base));
}

/* Without REX, 4 to 7 as byte registers would be ah, ch, dh, bh. */
static bool x86_byte_needs_rex(u8 reg) { return reg >= X86_RSP && reg <= X86_RDI; }

static void x86_put_escapes(struct jit_buffer *out, u8 map)
{
    if (map != X86_MAP_1)
        jit_put8(out, X86_CODE_ESCAPE);
    if (map == X86_MAP_0F38)
        jit_put8(out, X86_CODE_ESCAPE_38);
    else if (map == X86_MAP_0F3A)
        jit_put8(out, X86_CODE_ESCAPE_3A);
}

/* What has no VEX prefix, up to the immediate.  reg_is_digit: the reg field is no register. */
static void x86_put_op(struct jit_buffer *out, const struct x86_row *row, u8 opcode, u32 size,
                       u8 reg, bool reg_is_digit, struct x86_rm rm)
{
    assert(opcode && (size == 1 || size == 2 || size == 4 || size == 8));
    rm = x86_shortest(rm);
    u8 rex = x86_rex_bits(size == 8 && !(row->flags & X86_FLAG_Q), reg, rm);
    bool byte_rm = x86_is_reg(rm) && (size == 1 || row->flags & X86_FLAG_R);
    bool rex_for_byte = (byte_rm && x86_byte_needs_rex(rm.base)) ||
                        (size == 1 && !reg_is_digit && x86_byte_needs_rex(reg));
    if (size == 2)
        jit_put8(out, X86_CODE_SIZE_16);
    if (row->prefix)
        jit_put8(out, x86_prefix_bytes[row->prefix]);
    if (rex || rex_for_byte)
        jit_put8(out, X86_CODE_REX | rex);
    x86_put_escapes(out, row->map);
    jit_put8(out, (u8)(opcode - (size == 1 && row->flags & X86_FLAG_B)));
    x86_put_rm(out, reg, rm);
}

/* An opcode with a register in its low bits. */
static void x86_put_op_plus_reg(struct jit_buffer *out, u8 map, u8 opcode, bool wide, u8 reg)
{
    u8 rex = x86_rex_bits(wide, 0, x86_r(reg));
    if (rex)
        jit_put8(out, X86_CODE_REX | rex);
    x86_put_escapes(out, map);
    jit_put8(out, opcode | x86_low3(reg));
}

static void x86_put_imm(struct jit_buffer *out, u32 size, s32 imm)
{
    if (size == 1)
        jit_put8(out, (u8)imm);
    else if (size == 2)
        jit_put16(out, (u16)imm);
    else
        jit_put32(out, (u32)imm);
}

/* Both operands being registers, the two directions are as long; the choice is that of most
 * assemblers, except for what has but one. */
void x86_op_reg_rm(struct jit_buffer *out, enum x86_op op, u32 size, u8 reg, struct x86_rm rm)
{
    const struct x86_row *row = &x86_rows[op];
    if (x86_is_reg(rm) && row->rm_reg)
        x86_op_rm_reg(out, op, size, x86_r(reg), rm.base);
    else
        x86_put_op(out, row, row->reg_rm, size, reg, false, rm);
}

static bool x86_xchg_has_short_form(u32 size, struct x86_rm rm, u8 reg)
{
    return size >= 4 && x86_is_reg(rm) && (rm.base == X86_RAX) != (reg == X86_RAX);
}

void x86_op_rm_reg(struct jit_buffer *out, enum x86_op op, u32 size, struct x86_rm rm, u8 reg)
{
    const struct x86_row *row = &x86_rows[op];
    if (op == X86_XCHG && x86_xchg_has_short_form(size, rm, reg))
        x86_put_op_plus_reg(out, X86_MAP_1, X86_CODE_XCHG_RAX, size == 8,
                            reg == X86_RAX ? rm.base : reg);
    else
        x86_put_op(out, row, row->rm_reg, size, reg, false, rm);
}

static void x86_shift_imm(struct jit_buffer *out, const struct x86_row *row, u32 size,
                          struct x86_rm rm, u8 amount)
{
    bool by_one = amount == 1 && row->map == X86_MAP_1;
    u8 opcode = (u8)(row->rm_imm + (by_one ? X86_CODE_SHIFT_BY_ONE : 0));
    x86_put_op(out, row, opcode, size, row->digit, true, rm);
    if (!by_one)
        jit_put8(out, amount);
}

/* add eax, imm and its like, without ModRM. */
static void x86_rax_imm(struct jit_buffer *out, enum x86_op op, u32 size, s32 imm)
{
    int opcode = op == X86_TEST ? X86_CODE_TEST_RAX : X86_CODE_ALU_RAX + (x86_rows[op].digit << 3);
    if (size == 2)
        jit_put8(out, X86_CODE_SIZE_16);
    if (size == 8)
        jit_put8(out, X86_CODE_REX | x86_rex_bits(true, 0, x86_r(0)));
    jit_put8(out, (u8)(opcode - (size == 1)));
    x86_put_imm(out, size, imm);
}

void x86_op_rm_imm(struct jit_buffer *out, enum x86_op op, u32 size, struct x86_rm rm, s32 imm)
{
    const struct x86_row *row = &x86_rows[op];
    assert(op != X86_MOV || !x86_is_reg(rm) || size == 8);
    if (row->flags & X86_FLAG_I) {
        x86_shift_imm(out, row, size, rm, (u8)(imm & 63));
        return;
    }
    if (size == 2)
        imm = (s16)imm;
    bool short_imm = size > 1 && row->flags & X86_FLAG_S && x86_fits_s8(imm);
    if (!short_imm && row->flags & X86_FLAG_A && x86_is_reg(rm) && rm.base == X86_RAX) {
        x86_rax_imm(out, op, size, imm);
        return;
    }
    u8 opcode = (u8)(row->rm_imm | (short_imm ? X86_CODE_SHORT_IMM : 0));
    x86_put_op(out, row, opcode, size, row->digit, true, rm);
    x86_put_imm(out, short_imm ? 1 : size, imm);
}

void x86_op_rm(struct jit_buffer *out, enum x86_op op, u32 size, struct x86_rm rm)
{
    const struct x86_row *row = &x86_rows[op];
    if (x86_is_reg(rm) && op == X86_PUSH)
        x86_put_op_plus_reg(out, X86_MAP_1, X86_CODE_PUSH, false, rm.base);
    else if (x86_is_reg(rm) && op == X86_POP)
        x86_put_op_plus_reg(out, X86_MAP_1, X86_CODE_POP, false, rm.base);
    else
        x86_put_op(out, row, row->rm, size, row->digit, true, rm);
}

void x86_plain(struct jit_buffer *out, enum x86_plain_op op)
{
    for (u32 i = 0; i < x86_plain_rows[op].size; i++)
        jit_put8(out, (u8)x86_plain_rows[op].bytes[i]);
}

void x86_mov_imm(struct jit_buffer *out, u32 size, u8 reg, u64 imm)
{
    assert(size == 4 || size == 8);
    if (size == 4 || imm <= UINT32_MAX) {
        x86_put_op_plus_reg(out, X86_MAP_1, X86_CODE_MOV_IMM, false, reg);
        jit_put32(out, (u32)imm);
    } else if (imm >= (u64)INT32_MIN) {
        x86_op_rm_imm(out, X86_MOV, 8, x86_r(reg), (s32)(s64)imm);
    } else {
        x86_put_op_plus_reg(out, X86_MAP_1, X86_CODE_MOV_IMM, true, reg);
        jit_put64(out, imm);
    }
}

/* An immediate without its sign bit leaves the sign flag clear at any size, the parity flag looks
 * at the low byte only, and carry and overflow are always clear. */
void x86_test_imm(struct jit_buffer *out, u32 size, struct x86_rm rm, s32 imm)
{
    if (x86_is_reg(rm) && imm >= 0)
        size = x86_fits_s8(imm) ? 1 : size == 8 ? 4 : size;
    x86_op_rm_imm(out, X86_TEST, size, rm, imm);
}

void x86_imul_imm(struct jit_buffer *out, u32 size, u8 reg, struct x86_rm rm, s32 imm)
{
    const struct x86_row *row = &x86_rows[X86_IMUL_IMM];
    assert(size > 1);
    bool short_imm = x86_fits_s8(imm);
    u8 opcode = (u8)(row->reg_rm | (short_imm ? X86_CODE_SHORT_IMM : 0));
    x86_put_op(out, row, opcode, size, reg, false, rm);
    x86_put_imm(out, short_imm ? 1 : size, imm);
}

void x86_double_shift(struct jit_buffer *out, enum x86_op op, u32 size, struct x86_rm rm, u8 reg,
                      u32 amount)
{
    assert((op == X86_SHLD || op == X86_SHRD) && size > 1);
    x86_op_rm_reg(out, op, size, rm, reg);
    jit_put8(out, (u8)(amount & 63));
}

void x86_cmov(struct jit_buffer *out, enum x86_cc cc, u32 size, u8 reg, struct x86_rm rm)
{
    const struct x86_row *row = &x86_rows[X86_CMOV];
    assert(size > 1);
    x86_put_op(out, row, (u8)(row->reg_rm | cc), size, reg, false, rm);
}

void x86_set(struct jit_buffer *out, enum x86_cc cc, struct x86_rm rm)
{
    const struct x86_row *row = &x86_rows[X86_SET];
    x86_put_op(out, row, (u8)(row->rm | cc), 1, row->digit, true, rm);
}

void x86_bswap(struct jit_buffer *out, u32 size, u8 reg)
{
    assert(size >= 4);
    x86_put_op_plus_reg(out, X86_MAP_0F, X86_CODE_BSWAP, size == 8, reg);
}

/* The three-byte prefix, whose R, X, B and second register are inverted; none of ours has two. */
void x86_vex(struct jit_buffer *out, enum x86_op op, u32 size, u8 reg, u8 other, struct x86_rm rm)
{
    const struct x86_row *row = &x86_rows[op];
    assert(op >= X86_ANDN && size >= 4);
    rm = x86_shortest(rm);
    u8 rex = x86_rex_bits(false, reg, rm);
    jit_put8(out, X86_CODE_VEX3);
    jit_put8(out, (u8)((~rex & 7) << 5 | row->map));
    jit_put8(out, (u8)((size == 8) << 7 | (~other & 15) << 3 | row->prefix));
    jit_put8(out, row->reg_rm);
    x86_put_rm(out, reg, rm);
}

void x86_rorx(struct jit_buffer *out, u32 size, u8 reg, struct x86_rm rm, u32 amount)
{
    x86_vex(out, X86_RORX, size, reg, 0, rm);
    jit_put8(out, (u8)(amount & 63));
}

void x86_jmp8(struct jit_buffer *out, s8 disp)
{
    jit_put8(out, X86_CODE_JMP8);
    jit_put8(out, (u8)disp);
}

void x86_jmp32(struct jit_buffer *out, s32 disp)
{
    jit_put8(out, X86_CODE_JMP32);
    jit_put32(out, (u32)disp);
}

void x86_jcc8(struct jit_buffer *out, enum x86_cc cc, s8 disp)
{
    jit_put8(out, (u8)(X86_CODE_JCC8 | cc));
    jit_put8(out, (u8)disp);
}

void x86_jcc32(struct jit_buffer *out, enum x86_cc cc, s32 disp)
{
    jit_put8(out, X86_CODE_ESCAPE);
    jit_put8(out, (u8)(X86_CODE_JCC32 | cc));
    jit_put32(out, (u32)disp);
}

void x86_call32(struct jit_buffer *out, s32 disp)
{
    jit_put8(out, X86_CODE_CALL32);
    jit_put32(out, (u32)disp);
}

/* Those that the SDM recommends (NOP, "Recommended Multi-Byte Sequence"). */
void x86_nops(struct jit_buffer *out, u32 n_bytes)
{
    static const char *const nops[] = {
        "\x90",
        "\x66\x90",
        "\x0f\x1f\x00",
        "\x0f\x1f\x40\x00",
        "\x0f\x1f\x44\x00\x00",
        "\x66\x0f\x1f\x44\x00\x00",
        "\x0f\x1f\x80\x00\x00\x00\x00",
        "\x0f\x1f\x84\x00\x00\x00\x00\x00",
        "\x66\x0f\x1f\x84\x00\x00\x00\x00\x00",
    };
    while (n_bytes) {
        u32 n = min_u32(n_bytes, ARRAY_LEN(nops));
        for (u32 i = 0; i < n; i++)
            jit_put8(out, (u8)nops[n - 1][i]);
        n_bytes -= n;
    }
}

#undef NONE
#undef B
#undef S
#undef I
#undef A
#undef R
#undef Q
