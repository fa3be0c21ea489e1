/* x86-64 as a target: the convention of the System V ABI, the stack frame, entry and stop code,
 * jumps.
 *
 * A frame, from the return address down: the registers saved, the slots, and above them, where the
 * function may stop the run, the thread.  A function that calls nothing leaves the stack pointer
 * where it is as long as its frame fits the red zone. */
#include "jit/x86_64/insn.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#endif

#define BIT(reg) ((u32)1 << X86_##reg)

/* The convention: thread in rdi, r1 to r5 in rsi to r9, the frame in r10.  Registers that need no
 * saving first; fuel is in r15, which metered programs do not allocate: it is the last. */
const u8 x86_params[5] = { X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R9 };
static const u8 x86_order[] = { X86_RAX, X86_RCX, X86_RDX, X86_RSI, X86_RDI,
                                X86_R8,  X86_R9,  X86_R10, X86_R11, X86_RBX,
                                X86_RBP, X86_R14, X86_R12, X86_R13, X86_R15 };
static const u32 x86_callee_saved = BIT(RBX) | BIT(RBP) | BIT(R12) | BIT(R13) | BIT(R14) | BIT(R15);
static const u32 x86_caller_saved =
    BIT(RAX) | BIT(RCX) | BIT(RDX) | BIT(RSI) | BIT(RDI) | BIT(R8) | BIT(R9) | BIT(R10) | BIT(R11);

/* Leaf 7 has BMI, leaf 1 MOVBE; neither needs the system's consent. */
static u32 x86_features(void)
{
    u32 features = 0;
#if defined(__x86_64__) && defined(__GNUC__)
    u32 a, b, c, d;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
        features |= (b & bit_BMI ? X86_HAS_BMI1 : 0u) | (b & bit_BMI2 ? X86_HAS_BMI2 : 0u);
    if (__get_cpuid(1, &a, &b, &c, &d))
        features |= c & bit_MOVBE ? X86_HAS_MOVBE : 0u;
#endif
    return features;
}

/* ---- the frame */

enum { X86_RED_ZONE = 128 };

struct x86_frame x86_frame_of(const struct mach_func *func, bool metered)
{
    struct x86_frame frame = { .saved = func->used & x86_callee_saved };
    if (metered)
        frame.saved &= ~(u64)BIT(R15);
    for (u64 saved = frame.saved; saved; saved &= saved - 1)
        frame.n_saved++;
    frame.bytes = (func->n_slots + func->stops) * 8;
    frame.below = !func->calls && frame.bytes <= X86_RED_ZONE;
    if (func->calls && (frame.n_saved * 8 + frame.bytes) % 16 == 0)
        frame.bytes += 8; /* calls want rsp at a multiple of 16, the return address included */
    return frame;
}

struct x86_rm x86_slot(const struct mach_func *func, bool metered, u32 slot)
{
    struct x86_frame frame = x86_frame_of(func, metered);
    return x86_m(X86_RSP, (s32)(slot * 8) - (frame.below ? (s32)frame.bytes : 0));
}

static void x86_move_stack(struct jit_emit *emit, enum x86_op op, const struct x86_frame *frame)
{
    if (frame->bytes && !frame->below)
        x86_op_rm_imm(emit->buffer, op, 8, x86_r(X86_RSP), (s32)frame->bytes);
}

static void x86_prologue(struct jit_emit *emit)
{
    struct x86_frame frame = x86_frame_of(emit->func, emit->metered);
    bool points = (emit->features & JIT_FRAME_POINTERS) && emit->func->calls;
    x86_plain(emit->buffer, X86_ENDBR64);
    if (frame.saved & BIT(RBP))
        x86_op_rm(emit->buffer, X86_PUSH, 8, x86_r(X86_RBP));
    if (points)
        x86_op_reg_rm(emit->buffer, X86_MOV, 8, X86_RBP, x86_r(X86_RSP));
    for (u8 reg = 0; reg < X86_NO_REG; reg++)
        if ((frame.saved & ~(u64)BIT(RBP)) >> reg & 1)
            x86_op_rm(emit->buffer, X86_PUSH, 8, x86_r(reg));
    x86_move_stack(emit, X86_SUB, &frame);
    if (emit->func->stops)
        x86_op_rm_reg(emit->buffer, X86_MOV, 8,
                      x86_slot(emit->func, emit->metered, emit->func->n_slots), X86_THREAD);
}

static void x86_epilogue(struct jit_emit *emit)
{
    struct x86_frame frame = x86_frame_of(emit->func, emit->metered);
    x86_move_stack(emit, X86_ADD, &frame);
    for (u8 reg = X86_NO_REG; reg-- > 0;)
        if ((frame.saved & ~(u64)BIT(RBP)) >> reg & 1)
            x86_op_rm(emit->buffer, X86_POP, 8, x86_r(reg));
    if (frame.saved & BIT(RBP))
        x86_op_rm(emit->buffer, X86_POP, 8, x86_r(X86_RBP));
    x86_plain(emit->buffer, X86_RET);
}

static void x86_stop_label(struct jit_emit *emit)
{
    x86_op_reg_rm(emit->buffer, X86_MOV, 8, X86_THREAD,
                  x86_slot(emit->func, emit->metered, emit->func->n_slots));
    if (emit->near) {
        x86_jmp32(emit->buffer, 0);
        emit->reloc(emit, emit->buffer->n - 4, 0, JIT_TO_HOST, emit->stop_code);
        return;
    }
    x86_mov_imm(emit->buffer, 8, X86_RAX, emit->stop_code);
    x86_op_rm(emit->buffer, X86_JMP, 8, x86_r(X86_RAX));
}

/* ---- entry and stop code */

/* Pushed in this order after rbp, which points to where it is; the thread comes last.  With the
 * return address they leave the stack aligned. */
static const u8 x86_entry_saves[] = { X86_RBX, X86_R12, X86_R13, X86_R14, X86_R15 };

static struct x86_rm x86_of_thread(u8 thread, size_t offset) { return x86_m(thread, (s32)offset); }

/* u64 enter(thread, r1, r2, r3, r4, r5, frame, function): all but the last two, which are on the
 * stack, are where functions want them.  What is saved here is for stops: functions that return
 * have put back what C wants back. */
static void x86_enter(struct jit_emit *emit)
{
    struct jit_buffer *out = emit->buffer;
    x86_plain(out, X86_ENDBR64);
    x86_op_rm(out, X86_PUSH, 8, x86_r(X86_RBP));
    x86_op_reg_rm(out, X86_MOV, 8, X86_RBP, x86_r(X86_RSP));
    x86_op_reg_rm(out, X86_MOV, 8, X86_FRAME, x86_m(X86_RBP, 16));
    x86_op_reg_rm(out, X86_MOV, 8, X86_RAX, x86_m(X86_RBP, 24));
    for (u32 i = 0; i < ARRAY_LEN(x86_entry_saves); i++)
        x86_op_rm(out, X86_PUSH, 8, x86_r(x86_entry_saves[i]));
    x86_op_rm(out, X86_PUSH, 8, x86_r(X86_THREAD));
    x86_op_rm_reg(out, X86_MOV, 8,
                  x86_of_thread(X86_THREAD, offsetof(struct skep_thread, native_stack)), X86_RSP);
    if (emit->metered)
        x86_op_reg_rm(out, X86_MOV, 8, X86_FUEL,
                      x86_of_thread(X86_THREAD, offsetof(struct skep_thread, fuel)));
    x86_op_rm(out, X86_CALL, 8, x86_r(X86_RAX));
}

static void x86_keep_fuel(struct jit_emit *emit)
{
    if (emit->metered)
        x86_op_rm_reg(emit->buffer, X86_MOV, 8,
                      x86_of_thread(X86_THREAD, offsetof(struct skep_thread, fuel)), X86_FUEL);
}

/* The stack as `enter` left it. */
static void x86_leave(struct jit_emit *emit)
{
    struct jit_buffer *out = emit->buffer;
    s32 left = 8 * (s32)ARRAY_LEN(x86_entry_saves);
    x86_op_rm(out, X86_POP, 8, x86_r(X86_THREAD));
    x86_keep_fuel(emit);
    if (emit->metered) { /* functions do not put it back */
        x86_op_rm(out, X86_POP, 8, x86_r(X86_FUEL));
        left -= 8;
    }
    x86_op_rm_imm(out, X86_ADD, 8, x86_r(X86_RSP), left);
    x86_op_rm(out, X86_POP, 8, x86_r(X86_RBP));
    x86_plain(out, X86_RET);
}

/* With the thread in rdi: a stop that nobody has named yet is one of fuel or cancelled.  Functions
 * that have not returned have put nothing back. */
static void x86_stop(struct jit_emit *emit)
{
    struct jit_buffer *out = emit->buffer;
    struct x86_rm stop = x86_of_thread(X86_THREAD, offsetof(struct skep_thread, stop));
    x86_plain(out, X86_ENDBR64);
    x86_op_reg_rm(out, X86_MOV, 8, X86_RSP,
                  x86_of_thread(X86_THREAD, offsetof(struct skep_thread, native_stack)));
    x86_mov_imm(out, 4, X86_RAX, SKEP_FUEL);
    x86_op_reg_rm(out, X86_MOV, 4, X86_RCX, stop);
    x86_op_reg_rm(out, X86_TEST, 4, X86_RCX, x86_r(X86_RCX));
    x86_cmov(out, X86_E, 4, X86_RCX, x86_r(X86_RAX));
    x86_op_rm_reg(out, X86_MOV, 4, stop, X86_RCX);
    x86_keep_fuel(emit);
    x86_op_rm(out, X86_POP, 8, x86_r(X86_THREAD));
    for (u32 i = ARRAY_LEN(x86_entry_saves); i-- > 0;)
        x86_op_rm(out, X86_POP, 8, x86_r(x86_entry_saves[i]));
    x86_op_rm(out, X86_POP, 8, x86_r(X86_RBP));
    x86_plain(out, X86_RET);
}

static void x86_emit_entry(struct jit_emit *emit, u32 *stop_at)
{
    _Static_assert(X86_FUEL == X86_R15, "it is saved last, so it is popped first");
    x86_enter(emit);
    x86_leave(emit);
    *stop_at = emit->buffer->n;
    x86_stop(emit);
}

static void x86_do_nothing(struct jit_emit *emit, u32 bytes) { x86_nops(emit->buffer, bytes); }

static void x86_pad(struct jit_emit *emit, u32 bytes)
{
    while (bytes--)
        x86_plain(emit->buffer, X86_INT3);
}

/* ---- jumps: a test is the number of a condition; overflow, 0, is never tested */

static u8 x86_invert(u8 test) { return test ^ 1; }

static u32 x86_jump_bytes(const struct jit_jump *jump)
{
    if (jump->is_long)
        return jump->test ? X86_JCC32_SIZE : X86_JMP32_SIZE;
    return jump->test ? X86_JCC8_SIZE : X86_JMP8_SIZE;
}

static bool x86_jump_reaches(const struct jit_jump *jump, s64 distance)
{
    (void)jump;
    return distance == (s8)distance;
}

static void x86_emit_jump(struct jit_emit *emit, const struct jit_jump *jump, s64 distance)
{
    if (jump->is_long && jump->test)
        x86_jcc32(emit->buffer, (enum x86_cc)jump->test, (s32)distance);
    else if (jump->is_long)
        x86_jmp32(emit->buffer, (s32)distance);
    else if (jump->test)
        x86_jcc8(emit->buffer, (enum x86_cc)jump->test, (s8)distance);
    else
        x86_jmp8(emit->buffer, (s8)distance);
}

/* The only kind: 32 bits, counted from their end. */
static bool x86_patch(u8 *code, u64 code_address, const struct jit_reloc *reloc, u64 to)
{
    s64 distance = (s64)(to - (code_address + reloc->at + 4));
    for (u32 i = 0; i < 4; i++)
        code[reloc->at + i] = (u8)((u64)distance >> (8 * i));
    return distance == (s32)distance;
}

const struct jit_target jit_x86_64 = {
    .name = "x86-64",
    .order = x86_order,
    .n_order = ARRAY_LEN(x86_order),
    .caller_saved = x86_caller_saved,
    .fuel_reg = X86_FUEL,
    .features = x86_features,
    .call_reach = INT32_MAX,
    .frame_pointer = BIT(RBP),
    .select = x86_select,
    .select_end = x86_select_end,
    .select_entry = x86_select_entry,
    .select_const = x86_select_const,
    .can_use_slot = x86_can_use_slot,
    .use_slot = x86_use_slot,
    .emit = x86_emit,
    .prologue = x86_prologue,
    .epilogue = x86_epilogue,
    .stop_label = x86_stop_label,
    .invert = x86_invert,
    .jump_bytes = x86_jump_bytes,
    .jump_reaches = x86_jump_reaches,
    .emit_jump = x86_emit_jump,
    .patch = x86_patch,
    .emit_entry = x86_emit_entry,
    .nops = x86_do_nothing,
    .pad = x86_pad,
};

#undef BIT
