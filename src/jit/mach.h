/* Machine code over virtual registers: what a target selects, the allocator fills in, and the
 * target encodes.
 *
 * Registers are numbered: below MACH_REGS they are the machine's own (the target's numbers), from
 * there on virtual.  Virtual ones need not be assigned once: two-address operations are a copy and
 * a change.  The machine's own are named where an instruction demands them (arguments and results
 * of calls, shift counts); they live within one block, from a copy to their use, and have no uses
 * without a definition but at the function's entry. */
#ifndef SKEP_SRC_JIT_MACH_H
#define SKEP_SRC_JIT_MACH_H

#include "base/base.h"

#define MACH_REGS 32u /* at most, of a machine */
#define MACH_NO_REG 0xffffffu
#define MACH_NO_ORIGIN 0xffffffu
#define MACH_OPERANDS 5u

enum mach_role {
    MACH_NONE,
    MACH_USE,       /* read before anything is written */
    MACH_LATE_USE,  /* read after something was written: shares no register with a DEF */
    MACH_DEF,       /* written after all USEs were read: may take a register that ends here */
    MACH_EARLY_DEF, /* written before: shares no register with any use */
    MACH_CHANGE,    /* read and written */
};

/* There are more of these than of anything else, so they are as small as they can be: 40 bytes with
 * all operands. */
struct mach_operand {
    u32 reg : 24;  /* virtual or the machine's; MACH_NO_REG: absent (no base, no index) */
    u32 role : 3;  /* enum mach_role */
    u32 given : 5; /* the machine's register, filled in by the allocator */
};

struct mach_insn {
    s64 imm; /* or the address that is called */
    union {
        s32 disp;
        u32 reads; /* MACH_CALL: the machine's registers that hold its arguments, a bit each */
    };
    u8 op;    /* of the target, or enum mach_op */
    u8 extra; /* the target's own */
    u8 flags;
    u8 size : 4;     /* operand bytes */
    u8 cond : 4;     /* the target's condition */
    u32 origin : 24; /* CODE instruction, or MACH_NO_ORIGIN: for tables of lines */
    u32 scale : 3;   /* of an index: log2; else the target's own */
    u32 n_operands : 3;
    /* Allocator: what it does to the operand that became a slot, whose role is MACH_NONE since. */
    u32 slot_read : 1, slot_written : 1;
    struct mach_operand operand[MACH_OPERANDS];
};
_Static_assert(sizeof(struct mach_insn) == 40, "nothing is between");
/* Destroys the target's caller-saved registers; operand[0] DEF is its result. */
#define MACH_CALL 1u
#define MACH_SLOT 2u  /* the memory operand is the function's own slot `disp` (spilled value) */
#define MACH_FLAGS 4u /* writes the condition flags */
/* A constant: may be made again where the register is needed instead of being kept.  One
 * instruction, operand[0] is its only operand and DEF. */
#define MACH_REMAT 8u
/* Must leave the condition flags alone: set on constants that the allocator makes again, since they
 * may come to lie between a comparison and its use. */
#define MACH_KEEP_FLAGS 16u
#define MACH_INSERTED 32u /* by the allocator: moves a value, means no register's definition */

/* Operations that every target has; the first four leave the condition flags alone. */
enum mach_op {
    MACH_COPY,     /* operand[0] DEF = operand[1] USE, 8 bytes; not emitted when given are equal */
    MACH_RELOAD,   /* operand[0] DEF = slot disp */
    MACH_SPILL,    /* slot disp = operand[0] USE */
    MACH_SWAP,     /* operand[0] CHANGE, operand[1] CHANGE: 8 bytes change places */
    MACH_ALIAS,    /* operand[0] is another name of operand[1] from here on; never emitted */
    MACH_END,      /* last of each block: operand[0] USE is what the exit reads, or MACH_NONE; never
                      emitted: layout.c writes the jump or asks for the epilogue */
    MACH_OP_COUNT, /* the targets' own come after */
};

/* An instruction of the target that has no operands so far. */
static inline struct mach_insn mach_new(u32 op, u32 extra, u32 size)
{
    struct mach_insn insn = { .op = (u8)op, .extra = (u8)extra, .size = size & 15 };
    for (u32 i = 0; i < MACH_OPERANDS; i++)
        insn.operand[i].reg = MACH_NO_REG;
    return insn;
}

static inline struct mach_operand mach_operand(u32 reg, enum mach_role role)
{
    return (struct mach_operand){ .reg = reg & MACH_NO_REG, .role = role & 7u };
}

/* Operand `i`; MACH_NO_REG leaves it absent. */
static inline void mach_give(struct mach_insn *insn, u32 i, u32 reg, enum mach_role role)
{
    if (reg == MACH_NO_REG)
        return;
    insn->operand[i] = mach_operand(reg, role);
    insn->n_operands = max_u32(insn->n_operands, i + 1) & 7u;
}

/* How a block ends; layout.c writes the jumps.  `to` is filled in by the driver. */
struct mach_exit {
    u32 to[2];     /* blocks; [0]: where `test` holds, [1]: else.  One successor: [1].  CODE_NONE:
                      none (the function ends here) */
    u8 test;       /* the target's condition or test-and-jump; 0: none */
    u8 size, bit;  /* of a test-and-jump */
    bool unlikely; /* to [0] */
    /* USE of the register that a test-and-jump reads, or (the machine's) that a RETURN has copied
     * its value to; MACH_NONE: none. */
    struct mach_operand operand;
};

struct mach_block {
    u32 begin, end; /* instructions */
    struct mach_exit exit;
    /* 0: none.  The instructions of this block, which one way out of here leads to, are executed
     * here before the jump; it itself is as good as empty.  Set by the allocator. */
    u32 tail;
    u32 n_preds;
    const u32 *preds;
    u16 loop_depth;
    bool cold;
};

struct mach_func {
    struct arena *arena;
    u32 number;
    u32 n_regs;  /* MACH_REGS and the virtual ones */
    u32 n, room; /* instructions */
    struct mach_insn *insns;
    u32 n_blocks;
    struct mach_block *blocks; /* in the order in which they will lie; [0] is the entry */
    u32 n_slots;               /* of 8 bytes, in the machine's stack frame; set by the allocator */
    u64 used;                  /* machine registers that are written; set by the allocator */
    bool calls;                /* it has MACH_CALL instructions: its frame must be aligned */
    bool stops;                /* it may stop the run: see target.h */
    bool failed;               /* out of memory */
};

#endif
