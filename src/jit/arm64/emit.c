/* Machine instructions of arm64 to bytes: every shape of insn.h. */
#include "jit/arm64/insn.h"
#include "rt/rt.h"

static u32 a64_at(const struct mach_insn *insn, enum a64_operand operand)
{
    return insn->operand[operand].role == MACH_NONE ? A64_ZR : insn->operand[operand].given;
}

void a64_emit_reloc(struct jit_emit *emit, u8 kind, enum jit_reloc_special special, u64 to)
{
    emit->reloc(emit, emit->buffer->n, kind, special, to);
}

/* ---- the stack */

static void a64_access_stack(struct jit_emit *emit, enum a64_op op, u32 reg, u32 at)
{
    if (a64_fits_offset(op, true, at)) {
        a64_memory(emit->buffer, op, true, reg, A64_SP, at);
        return;
    }
    a64_constant(emit->buffer, A64_TEMP2, at);
    a64_memory_indexed(emit->buffer, op, true, reg, A64_SP, A64_TEMP2, A64_UXTX, false);
}

void a64_emit_load_stack(struct jit_emit *emit, u32 reg, u32 at)
{
    a64_access_stack(emit, A64_LDR, reg, at);
}

void a64_emit_store_stack(struct jit_emit *emit, u32 reg, u32 at)
{
    a64_access_stack(emit, A64_STR, reg, at);
}

static u32 a64_slot_at(const struct jit_emit *emit, const struct mach_insn *insn)
{
    return a64_frame_of(emit->func).slots_at + 8 * (u32)insn->disp;
}

static void a64_emit_swap(struct jit_emit *emit, u32 a, u32 b)
{
    a64_mov(emit->buffer, true, A64_TEMP, a);
    a64_mov(emit->buffer, true, a, b);
    a64_mov(emit->buffer, true, b, A64_TEMP);
}

/* ---- stops */

/* So small, whatever its instructions, that a conditional branch reaches all of it. */
static bool a64_is_small(const struct mach_func *func)
{
    enum { A64_MOST_BYTES = 48, A64_REACH = 1 << 20 };
    return func->n < A64_REACH / A64_MOST_BYTES - 100;
}

/* A branch to the stop label: `op` and `word` of a conditional one without its displacement. */
static void a64_branch_to_stop(struct jit_emit *emit, enum a64_op op, enum a64_cond cond)
{
    bool compares = op == A64_CBNZ;
    if (a64_is_small(emit->func)) {
        a64_emit_reloc(emit, compares ? A64_RELOC_COMPARE : A64_RELOC_BRANCH_IF, JIT_TO_STOP, 0);
        if (compares)
            a64_compare_branch(emit->buffer, A64_CBNZ, false, A64_TEMP, 0);
        else
            a64_branch_if(emit->buffer, cond, 0);
        return;
    }
    if (compares)
        a64_compare_branch(emit->buffer, A64_CBZ, false, A64_TEMP, 8);
    else
        a64_branch_if(emit->buffer, a64_cond_not(cond), 8);
    a64_emit_reloc(emit, A64_RELOC_BRANCH, JIT_TO_STOP, 0);
    a64_branch(emit->buffer, A64_B, 0);
}

_Static_assert(sizeof(((struct skep_thread *)0)->stop) == 4, "loaded as a word");
_Static_assert(sizeof(((struct skep_thread *)0)->cancel) == 1, "loaded as a byte");

static void a64_emit_check_stop(struct jit_emit *emit, u32 thread)
{
    a64_memory(emit->buffer, A64_LDR, false, A64_TEMP, thread, offsetof(struct skep_thread, stop));
    a64_branch_to_stop(emit, A64_CBNZ, A64_AL);
}

static void a64_emit_charge(struct jit_emit *emit, u32 thread, u64 fuel, bool is_paid)
{
    struct jit_buffer *out = emit->buffer;
    if (a64_fits_imm12(fuel)) {
        a64_imm12(out, A64_SUBS_IMM, true, A64_FUEL, A64_FUEL, fuel);
    } else {
        a64_constant(out, A64_TEMP, fuel);
        a64_shifted(out, A64_SUBS, true, A64_FUEL, A64_FUEL, A64_TEMP, A64_LSL, 0);
    }
    if (!is_paid)
        a64_branch_to_stop(emit, A64_B_COND, A64_MI);
    if (thread == A64_ZR)
        return;
    a64_memory(out, A64_LDRB, false, A64_TEMP, thread, offsetof(struct skep_thread, cancel));
    a64_branch_to_stop(emit, A64_CBNZ, A64_AL);
}

/* ---- calls */

static void a64_emit_call_host(struct jit_emit *emit, u64 to)
{
    if (emit->near) {
        a64_emit_reloc(emit, A64_RELOC_BRANCH, JIT_TO_HOST, to);
        a64_branch(emit->buffer, A64_BL, 0);
        return;
    }
    a64_constant(emit->buffer, A64_TEMP, to);
    a64_indirect(emit->buffer, A64_BLR, A64_TEMP);
}

static void a64_emit_call_func(struct jit_emit *emit, u64 func)
{
    a64_emit_reloc(emit, A64_RELOC_BRANCH, JIT_TO_FUNC, func);
    a64_branch(emit->buffer, A64_BL, 0);
}

/* ---- atomic operations without LSE: a load that watches, a store that may fail.  Fully ordered,
 * as Linux has it: a release store, then a barrier. */

static void a64_emit_loop_end(struct jit_emit *emit, bool wide, u32 value, u32 base, u32 begin)
{
    struct jit_buffer *out = emit->buffer;
    a64_atomic(out, A64_STLXR, wide, A64_TEMP2, value, base);
    a64_compare_branch(out, A64_CBNZ, false, A64_TEMP2, (s64)begin - out->n);
}

static void a64_emit_loop(struct jit_emit *emit, const struct mach_insn *insn)
{
    struct jit_buffer *out = emit->buffer;
    bool wide = insn->size == 8;
    u32 begin = out->n, was = a64_at(insn, A64_RD), base = a64_at(insn, A64_RN);
    u32 value = a64_at(insn, A64_RM);
    a64_ordered(out, A64_LDXR, wide, was, base);
    if (insn->op == A64_DO_LOOP) {
        a64_shifted(out, insn->extra, wide, A64_TEMP, was, value, A64_LSL, 0);
        value = A64_TEMP;
    }
    a64_emit_loop_end(emit, wide, value, base, begin);
    a64_plain(out, A64_DMB_ISH);
}

static void a64_emit_cas_loop(struct jit_emit *emit, const struct mach_insn *insn)
{
    struct jit_buffer *out = emit->buffer;
    bool wide = insn->size == 8;
    u32 begin = out->n, was = a64_at(insn, A64_RD), base = a64_at(insn, A64_RN);
    a64_ordered(out, A64_LDXR, wide, was, base);
    a64_shifted(out, A64_SUBS, wide, A64_ZR, was, a64_at(insn, A64_RA), A64_LSL, 0);
    a64_branch_if(out, A64_NE, 12); /* past the loop's end */
    a64_emit_loop_end(emit, wide, a64_at(insn, A64_RM), base, begin);
    a64_plain(out, A64_DMB_ISH);
}

/* ---- all of them */

/* Those that every target has. */
static void a64_emit_common(struct jit_emit *emit, const struct mach_insn *insn)
{
    u32 first = a64_at(insn, 0), second = a64_at(insn, 1);
    switch ((enum mach_op)insn->op) {
    case MACH_COPY: a64_mov(emit->buffer, true, first, second); break;
    case MACH_RELOAD: a64_emit_load_stack(emit, first, a64_slot_at(emit, insn)); break;
    case MACH_SPILL: a64_emit_store_stack(emit, first, a64_slot_at(emit, insn)); break;
    case MACH_SWAP: a64_emit_swap(emit, first, second); break;
    case MACH_ALIAS:
    case MACH_END:
    case MACH_OP_COUNT: UNREACHABLE();
    }
}

void a64_emit(struct jit_emit *emit, const struct mach_insn *insn)
{
    struct jit_buffer *out = emit->buffer;
    if (insn->op < MACH_OP_COUNT) {
        a64_emit_common(emit, insn);
        return;
    }
    enum a64_op op = (enum a64_op)insn->extra;
    bool wide = insn->size == 8;
    u32 rd = a64_at(insn, A64_RD), rn = a64_at(insn, A64_RN), rm = a64_at(insn, A64_RM);
    u32 ra = a64_at(insn, A64_RA), how = insn->scale, amount = (u32)insn->imm;
    u64 imm = (u64)insn->imm;
    switch ((enum a64_shape)insn->op) {
    case A64_DO_SHIFTED: a64_shifted(out, op, wide, rd, rn, rm, how, amount); break;
    case A64_DO_EXTENDED: a64_extended(out, op, wide, rd, rn, rm, how, amount); break;
    case A64_DO_IMM12: a64_imm12(out, op, wide, rd, rn, imm); break;
    case A64_DO_LOGIC_IMM: a64_logic_imm(out, op, wide, rd, rn, imm); break;
    case A64_DO_CONST: a64_constant(out, rd, imm); break;
    case A64_DO_UNARY: a64_unary(out, op, wide, rd, rn); break;
    case A64_DO_BINARY: a64_binary(out, op, wide, rd, rn, rm); break;
    case A64_DO_TERNARY: a64_ternary(out, op, wide, rd, rn, rm, ra); break;
    case A64_DO_BITFIELD: a64_bitfield(out, op, wide, rd, rn, amount, (u32)insn->disp); break;
    case A64_DO_EXTRACT: a64_extract(out, wide, rd, rn, rm, amount); break;
    case A64_DO_SELECT: a64_select_by(out, op, wide, rd, rn, rm, insn->cond); break;
    case A64_DO_MEMORY: a64_memory(out, op, wide, rd, rn, insn->disp); break;
    case A64_DO_INDEXED: a64_memory_indexed(out, op, wide, rd, rn, rm, how, amount != 0); break;
    case A64_DO_ORDERED: a64_ordered(out, op, wide, rd, rn); break;
    case A64_DO_ATOMIC: a64_atomic(out, op, wide, rm, rd, rn); break;
    case A64_DO_CAS: a64_atomic(out, op, wide, rd, rm, rn); break;
    case A64_DO_LOOP:
    case A64_DO_SWAP_LOOP: a64_emit_loop(emit, insn); break;
    case A64_DO_CAS_LOOP: a64_emit_cas_loop(emit, insn); break;
    case A64_DO_CALL_HOST: a64_emit_call_host(emit, imm); break;
    case A64_DO_CALL_FUNC: a64_emit_call_func(emit, imm); break;
    case A64_DO_CHECK_STOP: a64_emit_check_stop(emit, rn); break;
    case A64_DO_READ_FUEL: a64_mov(out, true, rd, A64_FUEL); break;
    case A64_DO_CHARGE: a64_emit_charge(emit, rn, imm, insn->extra != 0); break;
    case A64_DO_SAVE_FUEL:
        a64_memory(out, A64_STR, true, A64_FUEL, rn, offsetof(struct skep_thread, fuel));
        break;
    case A64_DO_LOAD_FUEL:
        a64_memory(out, A64_LDR, true, A64_FUEL, rn, offsetof(struct skep_thread, fuel));
        break;
    case A64_SHAPE_COUNT: UNREACHABLE();
    }
}
