/* Memory on arm64: addresses, loads and stores, ordered and atomic ones. */
#include "jit/arm64/select.h"

/* ---- addresses */

struct a64_address {
    u32 base, index; /* registers; index MACH_NO_REG: none */
    s32 disp;
    u8 extend; /* of the index: enum a64_extend */
    bool scaled;
};

static u32 a64_log2_bytes(u32 bytes) { return (u32)__builtin_ctz(bytes); }

/* What extends the index: a 32-bit value in the address itself, or nothing. */
static u32 a64_index_of(struct select *s, u32 value, struct a64_address *address)
{
    struct a64_extension ext;
    address->extend = A64_UXTX;
    if (a64_extension_of(s, value, &ext) && ext.bytes == 4) {
        select_fold(s, value);
        address->extend = ext.is_signed ? A64_SXTW : A64_UXTW;
        value = ext.from;
    }
    return select_reg(s, value);
}

/* Is the value an index multiplied by the size of the access? */
static const struct ssa_insn *a64_scaled_index(const struct select *s, u32 value, u32 bytes)
{
    u64 by;
    const struct ssa_insn *shl = a64_foldable_by(s, value, 8, SSA_SHL, &by);
    return shl && by > 0 && by == a64_log2_bytes(bytes) ? shl : NULL;
}

static bool a64_is_index(const struct select *s, u32 value, u32 bytes)
{
    struct a64_extension ext;
    return a64_scaled_index(s, value, bytes) ||
           (a64_extension_of(s, value, &ext) && ext.bytes == 4);
}

/* base + index; the sum has been folded. */
static struct a64_address a64_sum_address(struct select *s, const struct ssa_insn *sum, u32 bytes)
{
    bool swap = a64_is_index(s, sum->arg[0], bytes) && !a64_is_index(s, sum->arg[1], bytes);
    u32 index = sum->arg[!swap];
    struct a64_address address = { .base = select_reg(s, sum->arg[swap]) };
    const struct ssa_insn *shl = a64_scaled_index(s, index, bytes);
    if (shl) {
        select_fold(s, index);
        index = shl->arg[0];
        address.scaled = true;
    }
    address.index = a64_index_of(s, index, &address);
    return address;
}

/* An offset that no instruction takes: its multiple of 4096 is added first, if that makes it fit;
 * else it is an index. */
static struct a64_address a64_far_address(struct select *s, enum a64_op op, u32 width, u32 base,
                                          s64 off)
{
    struct a64_address address = { .base = base, .index = select_new_reg(s) };
    s64 low = off & 0xfff, high = off - low;
    u64 magnitude = (u64)(high < 0 ? -high : high);
    if (a64_fits_imm12(magnitude) && a64_fits_offset(op, width == 8, low)) {
        a64_do_imm(s, A64_DO_IMM12, high < 0 ? A64_SUB_IMM : A64_ADD_IMM, 8, address.index, base,
                   magnitude);
        return (
            struct a64_address){ .base = address.index, .index = MACH_NO_REG, .disp = (s32)low };
    }
    a64_select_const(s, address.index, (u64)off);
    address.extend = A64_UXTX;
    return address;
}

static struct a64_address a64_address_of(struct select *s, enum a64_op op, u32 width, u32 value,
                                         s64 off)
{
    const struct ssa_insn *sum = ssa_at(s->ssa, value);
    u64 imm;
    bool is_sum = sum->op == SSA_ADD && a64_foldable(s, value, 8);
    if (is_sum && a64_constant_value(s, sum->arg[1], 8, &imm) &&
        a64_fits_offset(op, width == 8, (s64)(imm + (u64)off))) {
        select_fold(s, value);
        value = sum->arg[0];
        off = (s64)(imm + (u64)off);
    } else if (is_sum && off == 0) {
        select_fold(s, value);
        return a64_sum_address(s, sum, 1u << a64_access_scale(op, width == 8));
    }
    u32 base = select_reg(s, value);
    if (!a64_fits_offset(op, width == 8, off))
        return a64_far_address(s, op, width, base, off);
    return (struct a64_address){ .base = base, .index = MACH_NO_REG, .disp = (s32)off };
}

/* The address in a register, for instructions that take no offset. */
static u32 a64_plain_address(struct select *s, u32 value, s64 off)
{
    u32 base = select_reg(s, value), sum;
    if (off == 0)
        return base;
    sum = select_new_reg(s);
    u64 magnitude = off < 0 ? -(u64)off : (u64)off;
    if (a64_fits_imm12(magnitude)) {
        a64_do_imm(s, A64_DO_IMM12, off < 0 ? A64_SUB_IMM : A64_ADD_IMM, 8, sum, base, magnitude);
        return sum;
    }
    u32 offset = select_new_reg(s);
    a64_select_const(s, offset, (u64)off);
    a64_do_shifted(s, A64_ADD, 8, sum, base, offset);
    return sum;
}

/* ---- loads and stores */

void a64_do_memory(struct select *s, enum a64_op op, u32 width, u32 reg, enum mach_role role,
                   u32 value, s64 off)
{
    struct a64_address address = a64_address_of(s, op, width, value, off);
    bool indexed = address.index != MACH_NO_REG;
    struct mach_insn insn = mach_new(indexed ? A64_DO_INDEXED : A64_DO_MEMORY, op, width);
    mach_give(&insn, A64_RD, reg, role);
    mach_give(&insn, A64_RN, address.base, MACH_USE);
    mach_give(&insn, A64_RM, address.index, MACH_USE);
    insn.scale = address.extend & 7u;
    insn.imm = address.scaled;
    insn.disp = address.disp;
    select_emit(s, insn);
}

/* By log2 of the bytes, then whether it extends the sign. */
static const u8 a64_loads[4][2] = {
    { A64_LDRB, A64_LDRSB }, { A64_LDRH, A64_LDRSH }, { A64_LDR, A64_LDRSW }, { A64_LDR, A64_LDR }
};
static const u8 a64_stores[4] = { A64_STRB, A64_STRH, A64_STR, A64_STR };

void a64_do_load(struct select *s, const struct ssa_insn *load, u32 rd, bool is_signed)
{
    enum a64_op op = a64_loads[a64_log2_bytes(load->width)][is_signed];
    u32 width = load->width == 8 || op == A64_LDRSB || op == A64_LDRSH ? 8 : 4;
    a64_do_memory(s, op, width, rd, MACH_DEF, load->arg[0], load->off);
}

void a64_select_load(struct select *s)
{
    a64_do_load(s, a64_insn(s), a64_result(s), a64_insn(s)->op == SSA_LOADS);
}

/* Of a value that is stored, what lies above the bytes that are. */
static u32 a64_stored_value(struct select *s, u32 value, u32 bytes)
{
    struct a64_extension ext;
    u64 imm;
    if (a64_constant_value(s, value, 8, &imm) && (bytes == 8 ? imm : imm << (64 - 8 * bytes)) == 0)
        return MACH_NO_REG;
    if (a64_extension_of(s, value, &ext) && ext.bytes >= bytes) {
        select_fold(s, value);
        value = ext.from;
    }
    return select_reg(s, value);
}

void a64_select_store(struct select *s)
{
    const struct ssa_insn *store = a64_insn(s);
    enum a64_op op = a64_stores[a64_log2_bytes(store->width)];
    u32 value = a64_stored_value(s, store->arg[1], store->width);
    a64_do_memory(s, op, store->width == 8 ? 8 : 4, value, MACH_USE, store->arg[0], store->off);
}

static void a64_do_ordered(struct select *s, enum a64_op op, u32 width, u32 reg,
                           enum mach_role role, u32 address)
{
    struct mach_insn insn = mach_new(A64_DO_ORDERED, op, width == 8 ? 8 : 4);
    mach_give(&insn, A64_RD, reg, role);
    mach_give(&insn, A64_RN, address, MACH_USE);
    select_emit(s, insn);
}

void a64_select_load_acquire(struct select *s)
{
    static const u8 ops[4] = { A64_LDARB, A64_LDARH, A64_LDAR, A64_LDAR };
    const struct ssa_insn *insn = a64_insn(s);
    u32 address = a64_plain_address(s, insn->arg[0], insn->off);
    a64_do_ordered(s, ops[a64_log2_bytes(insn->width)], insn->width, a64_result(s), MACH_DEF,
                   address);
}

void a64_select_store_release(struct select *s)
{
    static const u8 ops[4] = { A64_STLRB, A64_STLRH, A64_STLR, A64_STLR };
    const struct ssa_insn *insn = a64_insn(s);
    u32 value = a64_stored_value(s, insn->arg[1], insn->width);
    u32 address = a64_plain_address(s, insn->arg[0], insn->off);
    a64_do_ordered(s, ops[a64_log2_bytes(insn->width)], insn->width, value, MACH_USE, address);
}

/* ---- atomic operations */

/* With LSE: the one that gives nothing back and orders nothing, the one that does both.  Without:
 * what the loop does.  AND clears the bits of its inverted operand. */
static const struct a64_atomic_row {
    u8 plain, ordered, loop;
} a64_atomics[SSA_OP_COUNT] = {
    [SSA_ATOMIC_ADD] = { A64_LDADD, 0, A64_ADD },
    [SSA_FETCH_ADD] = { 0, A64_LDADDAL, A64_ADD },
    [SSA_ATOMIC_OR] = { A64_LDSET, 0, A64_ORR },
    [SSA_FETCH_OR] = { 0, A64_LDSETAL, A64_ORR },
    [SSA_ATOMIC_AND] = { A64_LDCLR, 0, A64_AND },
    [SSA_FETCH_AND] = { 0, A64_LDCLRAL, A64_AND },
    [SSA_ATOMIC_XOR] = { A64_LDEOR, 0, A64_EOR },
    [SSA_FETCH_XOR] = { 0, A64_LDEORAL, A64_EOR },
    [SSA_XCHG] = { 0, A64_SWPAL, 0 },
};

static void a64_do_lse(struct select *s, enum a64_op op, u32 result)
{
    const struct ssa_insn *insn = a64_insn(s);
    u32 value = select_reg(s, insn->arg[1]);
    if (op == A64_LDCLR || op == A64_LDCLRAL) {
        u32 inverted = select_new_reg(s);
        a64_do_shifted(s, A64_ORN, insn->width, inverted, MACH_NO_REG, value);
        value = inverted;
    }
    struct mach_insn atomic = mach_new(A64_DO_ATOMIC, op, insn->width);
    mach_give(&atomic, A64_RN, a64_plain_address(s, insn->arg[0], insn->off), MACH_USE);
    mach_give(&atomic, A64_RM, value, MACH_USE);
    mach_give(&atomic, A64_RD, result, MACH_DEF);
    select_emit(s, atomic);
}

static void a64_do_loop(struct select *s, enum a64_shape shape, u32 op, u32 result, u32 expected,
                        u32 value)
{
    const struct ssa_insn *insn = a64_insn(s);
    struct mach_insn loop = mach_new(shape, op, insn->width);
    mach_give(&loop, A64_RN, a64_plain_address(s, insn->arg[0], insn->off), MACH_LATE_USE);
    mach_give(&loop, A64_RM, value, MACH_LATE_USE);
    mach_give(&loop, A64_RA, expected, MACH_LATE_USE);
    mach_give(&loop, A64_RD, result, MACH_EARLY_DEF);
    if (shape == A64_DO_CAS_LOOP)
        loop.flags = MACH_FLAGS;
    select_emit(s, loop);
}

static void a64_do_atomic(struct select *s, u32 result)
{
    const struct ssa_insn *insn = a64_insn(s);
    const struct a64_atomic_row *row = &a64_atomics[insn->op];
    if (s->features & A64_HAS_LSE) {
        a64_do_lse(s, row->plain ? row->plain : row->ordered, result);
        return;
    }
    enum a64_shape shape = insn->op == SSA_XCHG ? A64_DO_SWAP_LOOP : A64_DO_LOOP;
    a64_do_loop(s, shape, row->loop, result != MACH_NO_REG ? result : select_new_reg(s),
                MACH_NO_REG, select_reg(s, insn->arg[1]));
}

void a64_select_atomic(struct select *s) { a64_do_atomic(s, MACH_NO_REG); }
void a64_select_fetch(struct select *s) { a64_do_atomic(s, a64_result(s)); }

void a64_select_cmpxchg(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    u32 result = a64_result(s), value = select_reg(s, insn->arg[2]);
    if (!(s->features & A64_HAS_LSE)) {
        a64_do_loop(s, A64_DO_CAS_LOOP, 0, result, select_reg(s, insn->arg[1]), value);
        return;
    }
    u32 address = a64_plain_address(s, insn->arg[0], insn->off), was = select_new_reg(s);
    select_move(s, was, insn->arg[1]);
    struct mach_insn cas = mach_new(A64_DO_CAS, A64_CASAL, insn->width);
    mach_give(&cas, A64_RD, was, MACH_CHANGE);
    mach_give(&cas, A64_RN, address, MACH_USE);
    mach_give(&cas, A64_RM, value, MACH_USE);
    select_emit(s, cas);
    select_copy(s, result, was);
}
