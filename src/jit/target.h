/* What a target is: a struct and three files, `select.c` (operations × shapes of operands → machine
 * instructions), `encode.c` (machine instructions → bytes), `target.c` (ABI, frame, entry).
 *
 * The convention between compiled functions is that of helpers: the first C argument is the thread,
 * then r1..r5, then the frame pointer (where C would have a seventh argument the target says which
 * register); the result is where C has it.  So a helper is called with the registers as they are.
 * C's callee-saved registers are saved by the function that uses them.  With fuel, one of them is
 * `fuel_reg` in all functions of a program and holds what is left.
 *
 * A stop: after a CALL that may stop, and at a CHARGE that cannot be paid, control goes to the
 * function's stop label, outside the blocks.  There the thread is reloaded from the frame's slot
 * where the prologue put it, and control goes to the stop code of the gate, which takes the stack
 * pointer from thread->native_stack and returns to whoever entered (jit.c), who looks at
 * thread->stop and thread->fuel.  Compiled frames hold nothing that needs releasing. */
#ifndef SKEP_SRC_JIT_TARGET_H
#define SKEP_SRC_JIT_TARGET_H

#include "ir/ir.h"
#include "jit/buffer.h"
#include "jit/mach.h"

/* ---- selection (driver: select.c) */

#define SELECT_PARAMS 5u
struct select {
    const struct jit_target *target;
    const struct ssa_func *ssa;
    struct mach_func *out;
    u32 features; /* of this CPU: the target's bits */
    bool metered;
    u32 *reg_of; /* by value: its virtual register, 0: not needed so far */
    u32 *uses;   /* by value: uses that are left to be selected */
    u8 *folded;  /* by value: emitted as part of its user */
    u32 block;   /* under selection */
    u32 at;      /* the SSA instruction under selection */
    /* Memory order: number of the memory state before each instruction of the block; a load may be
     * folded into a later instruction of the block when both see the same state. */
    u32 *state_of; /* by value */
    /* The virtual registers of what the function is called with, 0: not needed.  All PARAMs of a
     * number share one, so do FRAME and THREAD; select_entry copies to those that are not 0. */
    u32 param[SELECT_PARAMS], frame, thread;
    struct select_driver *driver; /* select.c's own */
};

/* The register in which a value will be: asks for it to be made.  Constants: made right before the
 * recipe of the instruction under selection, or outside of the loop.  Do not write to it but as the
 * result of the value's own instruction: copy it to a new one first. */
u32 select_reg(struct select *s, u32 value);
u32 select_new_reg(struct select *s);
/* The thread's register (a call hands it on). */
u32 select_thread(struct select *s);
/* Appends an instruction to the recipe of the one under selection; its origin is filled in. */
struct mach_insn *select_emit(struct select *s, struct mach_insn insn);
void select_copy(struct select *s, u32 to, u32 from);
/* `to` (new, or the machine's) = value: a copy, or the constant made there at once.  For arguments,
 * and for the first operand of two-address operations. */
void select_move(struct select *s, u32 to, u32 value);
/* The value is used here only and can become part of the instruction under selection: same block,
 * nobody needs it in a register, and, when it reads memory, nothing is written between. */
bool select_can_fold(const struct select *s, u32 value);
/* The value is now part of the instruction under selection, its own arguments are asked for (by
 * select_reg, or folded in turn). */
void select_fold(struct select *s, u32 value);
/* As far as can be told, the instruction under selection is the last to need the value: the better
 * operand to be overwritten by a two-address operation that commutes. */
bool select_dies(const struct select *s, u32 value);
/* Overwriting a is better than overwriting b: it dies, or leads to the next value of a loop's phi.
 */
bool select_prefers(const struct select *s, u32 a, u32 b);

/* ---- the target */

/* A feature of all targets: functions that call others have frame pointers. */
#define JIT_FRAME_POINTERS 0x40000000u

struct jit_reloc { /* a call or jump out of the code */
    u32 at;        /* offset of what is to be patched */
    u8 kind;       /* the target's */
    u8 special;    /* enum jit_reloc_special */
    u64 to;        /* host address; or, with JIT_TO_FUNC, a function of the program */
};
enum jit_reloc_special {
    JIT_TO_HOST, /* an address: patched by jit.c when it is known where the code lies */
    JIT_TO_FUNC, /* a function of the program */
    JIT_TO_STOP, /* the function's own stop label; only from emit() */
};

struct jit_emit {
    struct jit_buffer *buffer;
    const struct jit_target *target;
    const struct mach_func *func;
    u32 features;
    bool metered, near;
    u64 stop_code; /* its address, the program's way out of a run; with `near` it will be in reach
                    */
    /* Notes that at `at` (offset in the buffer) something is to be patched. */
    void (*reloc)(struct jit_emit *emit, u32 at, u8 kind, enum jit_reloc_special special, u64 to);
};

/* The size of a jump that ends a block: short or long. */
struct jit_jump {
    u8 test; /* 0: always */
    u8 size, bit;
    u8 reg;
    bool is_long;
};

struct jit_target {
    const char *name; /* "x86-64" */
    /* The registers that the allocator may use, the best first, and which of them calls destroy. */
    const u8 *order;
    u32 n_order;
    u64 caller_saved;
    u8 fuel_reg;           /* not in `order` of metered programs */
    u32 (*features)(void); /* of the CPU that runs us */
    u64 call_reach;        /* bytes, either way, of a direct call */
    /* The frame pointer's bit, when the allocator may use it otherwise: not with
     * JIT_FRAME_POINTERS, where functions that call save it first and point it to where they did.
     */
    u64 frame_pointer;

    /* Selects ssa instruction s->at.  Blocks are selected from last to first instruction; a value
     * that nobody asked for is not selected at all. */
    void (*select)(struct select *s);
    /* The end of a block, BRANCH or RETURN (s->at): emits what comes before the jump and fills
     * test, size, bit, operand of exit.  Recipes of branches end with the flags set. */
    void (*select_end)(struct select *s, struct mach_exit *exit);
    /* The first instructions of the function: s->param, frame, thread from where the convention
     * has them. */
    void (*select_entry)(struct select *s);
    /* Emits one MACH_REMAT instruction that makes the constant in register `to`. */
    void (*select_const)(struct select *s, u32 to, u64 imm);

    /* Operand `i` may become a slot of the frame (8 bytes, all of them valid): the allocator asks
     * before it spends a register on it, for one operand of an instruction, whose register occurs
     * in it once.  Not asked for the operations of enum mach_op.  CHANGE operands: read and written
     * in memory.  Both NULL: never. */
    bool (*can_use_slot)(const struct mach_insn *insn, u32 i);
    /* Changes the instruction so; sets MACH_SLOT and disp; the other operands stay where they are,
     * operand `i` becomes MACH_NONE. */
    void (*use_slot)(struct mach_insn *insn, u32 i, u32 slot);

    /* An instruction whose operands are `given`; all of enum mach_op but ALIAS and END too. */
    void (*emit)(struct jit_emit *emit, const struct mach_insn *insn);
    void (*prologue)(struct jit_emit *emit);
    /* What ends the function, wherever a block has no successor. */
    void (*epilogue)(struct jit_emit *emit);
    /* After all blocks of a function that `stops`: the stop label. */
    void (*stop_label)(struct jit_emit *emit);
    /* Jumps that end blocks. */
    u8 (*invert)(u8 test);
    u32 (*jump_bytes)(const struct jit_jump *jump);
    bool (*jump_reaches)(const struct jit_jump *jump, s64 distance); /* from its end, as if short */
    void (*emit_jump)(struct jit_emit *emit, const struct jit_jump *jump, s64 distance);
    bool (*patch)(u8 *code, u64 code_address, const struct jit_reloc *reloc, u64 to);

    /* The entry of programs from C: emits
     *   u64 enter(struct skep_thread *thread, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 frame,
     *             u64 function)
     * which saves what C wants saved, sets thread->native_stack, loads and stores fuel when
     * metered, calls function; and the stop code behind it, to which
     * the stop labels of all functions go.  Who enters within a run puts
     * native_stack back afterwards. */
    void (*emit_entry)(struct jit_emit *emit, u32 *stop_at);
    /* Instructions that do nothing. */
    void (*nops)(struct jit_emit *emit, u32 bytes);
    /* Fills what lies between functions: traps. */
    void (*pad)(struct jit_emit *emit, u32 bytes);
};

/* NULL: none for the machine that this was built for. */
extern const struct jit_target *const jit_host_target;
extern const struct jit_target jit_x86_64, jit_arm64;

#endif
