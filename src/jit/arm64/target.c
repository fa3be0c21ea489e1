/* What arm64 asks of compiled functions: the convention (AAPCS64), stack frames, the way in and
 * out, jumps and patches. */
#include "jit/target.h"

#include "jit/arm64/insn.h"
#include "os/os.h"
#include "rt/rt.h"

/* ---- registers */

#define A64_BITS(first, last) ((((u64)1 << ((last) - (first) + 1)) - 1) << (first))
#define A64_CALLEE_SAVED A64_BITS(A64_X19, A64_X28)

/* Arguments come last of those that calls destroy: values that are to become one find it free.
 * Those that a function has to save come behind, the fuel's register last. */
static const u8 a64_order[] = {
    A64_X8,  A64_X9,  A64_X10, A64_X11, A64_X12, A64_X13, A64_X14, A64_X15, A64_X7,
    A64_X6,  A64_X5,  A64_X4,  A64_X3,  A64_X2,  A64_X1,  A64_X0,  A64_X19, A64_X20,
    A64_X21, A64_X22, A64_X23, A64_X24, A64_X25, A64_X26, A64_X27, A64_X28,
};

static u32 a64_features(void) { return os_cpu_has_lse() ? A64_HAS_LSE : 0; }

/* ---- frames */

struct a64_frame a64_frame_of(const struct mach_func *func)
{
    struct a64_frame frame = { .saved = (u32)(func->used & A64_CALLEE_SAVED),
                               .linked = func->calls };
    frame.saved_at = frame.linked ? 16 : 0;
    frame.thread_at = frame.saved_at + 8 * (u32)__builtin_popcount(frame.saved);
    frame.slots_at = frame.thread_at + (func->stops ? 8 : 0);
    frame.bytes = (u32)round_up_u64(frame.slots_at + 8 * (u64)func->n_slots, 16);
    return frame;
}

enum { A64_PAIR_REACH = 504 };

static bool a64_links_at_once(const struct a64_frame *frame)
{
    return frame->linked && frame->bytes <= A64_PAIR_REACH;
}

/* sp += or -= bytes */
static void a64_move_stack(struct jit_buffer *out, bool up, u32 bytes)
{
    enum a64_op op = up ? A64_ADD_IMM : A64_SUB_IMM;
    if (bytes >> 24) {
        a64_constant(out, A64_TEMP, bytes);
        a64_extended(out, up ? A64_ADD_EXT : A64_SUB_EXT, true, A64_SP, A64_SP, A64_TEMP, A64_UXTX,
                     0);
        return;
    }
    if (bytes & 0xfff)
        a64_imm12(out, op, true, A64_SP, A64_SP, bytes & 0xfff);
    if (bytes >> 12)
        a64_imm12(out, op, true, A64_SP, A64_SP, bytes & 0xfff000);
}

/* In pairs, the last one alone if their number is odd. */
static void a64_access_saved(struct jit_buffer *out, const struct a64_frame *frame, bool load)
{
    u32 left = frame->saved, at = frame->saved_at;
    while (left) {
        u32 first = (u32)__builtin_ctz(left);
        left &= left - 1;
        if (!left) {
            a64_memory(out, load ? A64_LDR : A64_STR, true, first, A64_SP, at);
            return;
        }
        u32 second = (u32)__builtin_ctz(left);
        left &= left - 1;
        a64_pair(out, load ? A64_LDP : A64_STP, true, A64_OFFSET, first, second, A64_SP, at);
        at += 16;
    }
}

static void a64_prologue(struct jit_emit *emit)
{
    struct jit_buffer *out = emit->buffer;
    struct a64_frame frame = a64_frame_of(emit->func);
    bool at_once = a64_links_at_once(&frame);
    a64_plain(out, A64_BTI_C);
    if (at_once)
        a64_pair(out, A64_STP, true, A64_PRE, A64_FP, A64_LR, A64_SP, -(s64)frame.bytes);
    else if (frame.bytes)
        a64_move_stack(out, false, frame.bytes);
    if (frame.linked && !at_once)
        a64_pair(out, A64_STP, true, A64_OFFSET, A64_FP, A64_LR, A64_SP, 0);
    if (frame.linked)
        a64_imm12(out, A64_ADD_IMM, true, A64_FP, A64_SP, 0);
    a64_access_saved(out, &frame, false);
    if (emit->func->stops)
        a64_emit_store_stack(emit, A64_THREAD, frame.thread_at);
}

static void a64_epilogue(struct jit_emit *emit)
{
    struct jit_buffer *out = emit->buffer;
    struct a64_frame frame = a64_frame_of(emit->func);
    bool at_once = a64_links_at_once(&frame);
    a64_access_saved(out, &frame, true);
    if (frame.linked && !at_once)
        a64_pair(out, A64_LDP, true, A64_OFFSET, A64_FP, A64_LR, A64_SP, 0);
    if (at_once)
        a64_pair(out, A64_LDP, true, A64_POST, A64_FP, A64_LR, A64_SP, frame.bytes);
    else if (frame.bytes)
        a64_move_stack(out, true, frame.bytes);
    a64_indirect(out, A64_RET, A64_LR);
}

static void a64_stop_label(struct jit_emit *emit)
{
    a64_emit_load_stack(emit, A64_THREAD, a64_frame_of(emit->func).thread_at);
    if (emit->near) {
        a64_emit_reloc(emit, A64_RELOC_BRANCH, JIT_TO_HOST, emit->stop_code);
        a64_branch(emit->buffer, A64_B, 0);
        return;
    }
    a64_constant(emit->buffer, A64_TEMP, emit->stop_code);
    a64_indirect(emit->buffer, A64_BR, A64_TEMP);
}

/* ---- the way in and out */

/* The frame of entered code, from the stack pointer up: x29, x30, x19 to x28, then the thread. */
enum { A64_ENTRY_THREAD = 96, A64_ENTRY_BYTES = 112 };

static void a64_entry_saved(struct jit_buffer *out, enum a64_op op)
{
    for (u32 reg = A64_X19; reg <= A64_X27; reg += 2)
        a64_pair(out, op, true, A64_OFFSET, reg, reg + 1, A64_SP, 16 + 8 * (s64)(reg - A64_X19));
}

/* A field of the thread, whose address is in a register. */
#define A64_THREAD_FIELD(out, op, wide, reg, thread, field)                                        \
    a64_memory(out, op, wide, reg, thread, offsetof(struct skep_thread, field))

/* The arguments are where functions want them: x0 the thread, x1 to x5 r1 to r5, x6 the frame; x7
 * is the function. */
static void a64_emit_enter(struct jit_emit *emit)
{
    struct jit_buffer *out = emit->buffer;
    a64_plain(out, A64_BTI_C);
    a64_pair(out, A64_STP, true, A64_PRE, A64_FP, A64_LR, A64_SP, -A64_ENTRY_BYTES);
    a64_imm12(out, A64_ADD_IMM, true, A64_FP, A64_SP, 0);
    a64_entry_saved(out, A64_STP);
    a64_memory(out, A64_STR, true, A64_THREAD, A64_SP, A64_ENTRY_THREAD);
    A64_THREAD_FIELD(out, A64_STR, true, A64_FP, A64_THREAD, native_stack);
    if (emit->metered)
        A64_THREAD_FIELD(out, A64_LDR, true, A64_FUEL, A64_THREAD, fuel);
    a64_indirect(out, A64_BLR, A64_X7);
}

/* x8: the thread, x0: the result */
static void a64_emit_leave(struct jit_emit *emit)
{
    struct jit_buffer *out = emit->buffer;
    if (emit->metered)
        A64_THREAD_FIELD(out, A64_STR, true, A64_FUEL, A64_X8, fuel);
    a64_entry_saved(out, A64_LDP);
    a64_pair(out, A64_LDP, true, A64_POST, A64_FP, A64_LR, A64_SP, A64_ENTRY_BYTES);
    a64_indirect(out, A64_RET, A64_LR);
}

/* x0: the thread.  Where nobody has said why the run stops, it was a charge. */
static void a64_emit_stop(struct jit_emit *emit)
{
    struct jit_buffer *out = emit->buffer;
    a64_plain(out, A64_BTI_C);
    a64_mov(out, true, A64_X8, A64_THREAD);
    A64_THREAD_FIELD(out, A64_LDR, true, A64_X9, A64_X8, native_stack);
    a64_imm12(out, A64_ADD_IMM, true, A64_SP, A64_X9, 0);
    A64_THREAD_FIELD(out, A64_LDR, false, A64_X9, A64_X8, stop);
    a64_constant(out, A64_X10, SKEP_FUEL);
    a64_imm12(out, A64_SUBS_IMM, false, A64_ZR, A64_X9, SKEP_OK);
    a64_select_by(out, A64_CSEL, false, A64_X9, A64_X10, A64_X9, A64_EQ);
    A64_THREAD_FIELD(out, A64_STR, false, A64_X9, A64_X8, stop);
    a64_emit_leave(emit);
}

static void a64_emit_entry(struct jit_emit *emit, u32 *stop_at)
{
    a64_emit_enter(emit);
    a64_memory(emit->buffer, A64_LDR, true, A64_X8, A64_SP, A64_ENTRY_THREAD);
    a64_emit_leave(emit);
    *stop_at = emit->buffer->n;
    a64_emit_stop(emit);
}

static void a64_do_nothing(struct jit_emit *emit, u32 bytes)
{
    for (u32 i = 0; i < bytes / 4; i++)
        a64_plain(emit->buffer, A64_NOP);
}

static void a64_pad(struct jit_emit *emit, u32 bytes)
{
    for (u32 i = 0; i < bytes / 4; i++)
        a64_trap(emit->buffer, 0);
}

/* ---- jumps */

static u8 a64_invert(u8 test)
{
    u32 from = test < A64_TEST_ZERO ? A64_TEST_COND : A64_TEST_ZERO;
    return (u8)(((test - from) ^ 1) + from);
}

static u32 a64_jump_bytes(const struct jit_jump *jump)
{
    return jump->test != A64_TEST_NONE && jump->is_long ? 8 : 4;
}

static enum a64_op a64_jump_op(u8 test)
{
    static const u8 ops[] = { A64_CBZ, A64_CBNZ, A64_TBZ, A64_TBNZ };
    return test == A64_TEST_NONE  ? A64_B
           : test < A64_TEST_ZERO ? A64_B_COND
                                  : (enum a64_op)ops[test - A64_TEST_ZERO];
}

/* Distances count from the end of the jump, displacements from its beginning. */
static bool a64_jump_reaches(const struct jit_jump *jump, s64 distance)
{
    return a64_fits_displacement(a64_jump_op(jump->test), distance + 4);
}

static void a64_emit_short(struct jit_buffer *out, const struct jit_jump *jump, u8 test,
                           s64 displacement)
{
    enum a64_op op = a64_jump_op(test);
    if (test == A64_TEST_NONE)
        a64_branch(out, op, displacement);
    else if (test < A64_TEST_ZERO)
        a64_branch_if(out, (enum a64_cond)(test - A64_TEST_COND), displacement);
    else if (test <= A64_TEST_NOT_ZERO)
        a64_compare_branch(out, op, jump->size == 8, jump->reg, displacement);
    else
        a64_test_branch(out, op, jump->reg, jump->bit, displacement);
}

static void a64_emit_jump(struct jit_emit *emit, const struct jit_jump *jump, s64 distance)
{
    if (a64_jump_bytes(jump) == 4) {
        a64_emit_short(emit->buffer, jump, jump->test, distance + 4);
        return;
    }
    a64_emit_short(emit->buffer, jump, a64_invert(jump->test), 8);
    a64_branch(emit->buffer, A64_B, distance + 4);
}

static bool a64_patch(u8 *code, u64 code_address, const struct jit_reloc *reloc, u64 to)
{
    static const u8 ops[] = { [A64_RELOC_BRANCH] = A64_B,
                              [A64_RELOC_BRANCH_IF] = A64_B_COND,
                              [A64_RELOC_COMPARE] = A64_CBNZ };
    enum a64_op op = (enum a64_op)ops[reloc->kind];
    s64 displacement = (s64)(to - (code_address + reloc->at));
    u8 *at = code + reloc->at;
    if (!a64_fits_displacement(op, displacement))
        return false;
    u32 word = (u32)at[0] | (u32)at[1] << 8 | (u32)at[2] << 16 | (u32)at[3] << 24;
    word = a64_displaced(op, word, displacement);
    for (u32 i = 0; i < 4; i++)
        at[i] = (u8)(word >> 8 * i);
    return true;
}

const struct jit_target jit_arm64 = {
    .name = "arm64",
    .order = a64_order,
    .n_order = ARRAY_LEN(a64_order),
    .caller_saved = A64_BITS(A64_X0, A64_X17),
    .fuel_reg = A64_FUEL,
    .features = a64_features,
    .call_reach = (u64)1 << 27,
    .select = a64_select,
    .select_end = a64_select_end,
    .select_entry = a64_select_entry,
    .select_const = a64_select_const,
    .emit = a64_emit,
    .prologue = a64_prologue,
    .epilogue = a64_epilogue,
    .stop_label = a64_stop_label,
    .invert = a64_invert,
    .jump_bytes = a64_jump_bytes,
    .jump_reaches = a64_jump_reaches,
    .emit_jump = a64_emit_jump,
    .patch = a64_patch,
    .emit_entry = a64_emit_entry,
    .nops = a64_do_nothing,
    .pad = a64_pad,
};

#undef A64_BITS
#undef A64_CALLEE_SAVED
#undef A64_THREAD_FIELD
