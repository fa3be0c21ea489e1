/* SSA: what opt/ builds from host code and improves, and jit/ selects from.
 *
 * Values are 64 bits.  Operations of 4 bytes use the low halves of their operands and give a
 * zero-extended result, as RFC 9669 §4.1 has it and both machines do by themselves.  A value is the
 * instruction that makes it; its number is its place in the function's table, 0 is none.
 * Instructions of a block are a list, so that passes insert, move and remove in O(1).
 *
 * What is invisible in the graph is in the `effects` of an operation: an instruction that reads
 * memory stays after the last one that may write the same; those that write, call, charge or end a
 * block keep their order. */
#ifndef SKEP_SRC_IR_SSA_H
#define SKEP_SRC_IR_SSA_H

#include "ir/host.h"

/* clang-format off */

/* S(NAME, text, arguments, effects).  `width` is that of the operation in bytes, 4 or 8, where
 * nothing else is said; of memory operations: of the access; SSA_MANY: see ssa_args. */
#define SSA_OPS(S) \
    S(NONE,   "none",   0, 0)               /* removed                                            */ \
    S(CONST,  "const",  0, SSA_VALUE)       /* imm                                                */ \
    S(PARAM,  "param",  0, SSA_VALUE)       /* r1 + imm at the function's entry, imm < 5          */ \
    S(FRAME,  "frame",  0, SSA_VALUE)       /* r10: the frame lies below it                       */ \
    S(THREAD, "thread", 0, SSA_VALUE)       /* the struct skep_thread                             */ \
    S(PHI,    "phi",    SSA_MANY, SSA_VALUE) /* one argument per predecessor, in their order      */ \
    S(ADD,  "add",  2, SSA_VALUE | SSA_COMMUTES) \
    S(SUB,  "sub",  2, SSA_VALUE) \
    S(MUL,  "mul",  2, SSA_VALUE | SSA_COMMUTES) \
    S(MULH, "mulh", 2, SSA_VALUE | SSA_COMMUTES) /* the high half of the unsigned product         */ \
    S(SMULH, "smulh", 2, SSA_VALUE | SSA_COMMUTES) /* of the signed one                           */ \
    S(DIV,  "div",  2, SSA_VALUE)           /* of all four: the divisor is not 0,                 */ \
    S(SDIV, "sdiv", 2, SSA_VALUE)           /* and the quotient fits: build.c sees to it.  They   */ \
    S(MOD,  "mod",  2, SSA_VALUE)           /* are not moved over the branch that shows it        */ \
    S(SMOD, "smod", 2, SSA_VALUE) \
    S(AND,  "and",  2, SSA_VALUE | SSA_COMMUTES) \
    S(OR,   "or",   2, SSA_VALUE | SSA_COMMUTES) \
    S(XOR,  "xor",  2, SSA_VALUE | SSA_COMMUTES) \
    S(SHL,  "shl",  2, SSA_VALUE)           /* shifts count modulo the width in bits              */ \
    S(SHR,  "shr",  2, SSA_VALUE) \
    S(SAR,  "sar",  2, SSA_VALUE) \
    S(ROTL, "rotl", 2, SSA_VALUE) \
    S(NEG,  "neg",  1, SSA_VALUE) \
    S(NOT,  "not",  1, SSA_VALUE) \
    S(BSWAP, "bswap", 1, SSA_VALUE)         /* the low 2, 4 or 8 bytes swapped, zero-extended     */ \
    S(ZEXT, "zext", 1, SSA_VALUE)           /* the low 1, 2 or 4 bytes, zero-extended             */ \
    S(SEXT, "sext", 1, SSA_VALUE)           /* the same, sign-extended to 64 bits                 */ \
    S(EQ,   "eq",   2, SSA_VALUE | SSA_COMMUTES) /* 1 or 0                                        */ \
    S(NE,   "ne",   2, SSA_VALUE | SSA_COMMUTES) \
    S(LT,   "lt",   2, SSA_VALUE) \
    S(LE,   "le",   2, SSA_VALUE) \
    S(SLT,  "slt",  2, SSA_VALUE) \
    S(SLE,  "sle",  2, SSA_VALUE) \
    S(SELECT, "select", 3, SSA_VALUE)       /* if a is not 0 (8 bytes) then b else c              */ \
    S(LOAD,  "load",  1, SSA_VALUE | SSA_READS)  /* [a + off], zero-extended                      */ \
    S(LOADS, "loads", 1, SSA_VALUE | SSA_READS)  /* sign-extended to 64 bits                      */ \
    S(STORE, "store", 2, SSA_WRITES)             /* [a + off] = b                                 */ \
    S(LOAD_ACQUIRE,  "load_acquire",  1, SSA_VALUE | SSA_READS | SSA_WRITES) \
    S(STORE_RELEASE, "store_release", 2, SSA_READS | SSA_WRITES) \
    /* Atomic: [a + off] op= b.  FETCH and the exchanges give what was there, zero-extended. */      \
    S(ATOMIC_ADD, "atomic_add", 2, SSA_READS | SSA_WRITES) \
    S(ATOMIC_OR,  "atomic_or",  2, SSA_READS | SSA_WRITES) \
    S(ATOMIC_AND, "atomic_and", 2, SSA_READS | SSA_WRITES) \
    S(ATOMIC_XOR, "atomic_xor", 2, SSA_READS | SSA_WRITES) \
    S(FETCH_ADD,  "fetch_add",  2, SSA_VALUE | SSA_READS | SSA_WRITES) \
    S(FETCH_OR,   "fetch_or",   2, SSA_VALUE | SSA_READS | SSA_WRITES) \
    S(FETCH_AND,  "fetch_and",  2, SSA_VALUE | SSA_READS | SSA_WRITES) \
    S(FETCH_XOR,  "fetch_xor",  2, SSA_VALUE | SSA_READS | SSA_WRITES) \
    S(XCHG,    "xchg",    2, SSA_VALUE | SSA_READS | SSA_WRITES) \
    S(CMPXCHG, "cmpxchg", 3, SSA_VALUE | SSA_READS | SSA_WRITES) /* b: expected, c: new           */ \
    /* imm: the host function's address; the thread comes first, then up to five arguments. */       \
    S(CALL,       "call",       SSA_MANY, SSA_VALUE | SSA_READS | SSA_WRITES | SSA_STOPS)            \
    S(CALL_QUIET, "call_quiet", SSA_MANY, SSA_VALUE | SSA_READS | SSA_WRITES) /* never stops a run */ \
    S(CALL_PURE,  "call_pure",  SSA_MANY, SSA_VALUE)  /* moreover reads and writes no program memory */ \
    /* imm: function; the thread, the frame (the constant 0 where the callee uses none), r1.. */    \
    S(CALL_LOCAL, "call_local", SSA_MANY, SSA_VALUE | SSA_READS | SSA_WRITES | SSA_STOPS)            \
    S(GUARD,  "guard",  1, SSA_STOPS)       /* host_guard_imm: of [a, + bytes); opt/guards.c expands it */ \
    S(CHARGE, "charge", 0, SSA_STOPS)       /* fuel -= imm; below 0, or cancelled: the run stops  */ \
    S(FUEL,   "fuel",   0, SSA_VALUE | SSA_STOPS) /* what is left of it, signed; keeps its place  */ \
    S(JUMP,   "jump",   0, SSA_ENDS)        /* to the first successor                             */ \
    S(BRANCH, "branch", 1, SSA_ENDS)        /* a not 0: to the first successor, else the second   */ \
    S(RETURN, "return", 1, SSA_ENDS)

/* clang-format on */

enum ssa_effect {
    SSA_VALUE = 1,    /* makes a value */
    SSA_COMMUTES = 2, /* a op b = b op a */
    SSA_READS = 4,    /* memory */
    SSA_WRITES = 8,
    SSA_STOPS = 16,                                 /* the run may end here */
    SSA_ENDS = 32,                                  /* ends a block */
    SSA_PINNED = SSA_WRITES | SSA_STOPS | SSA_ENDS, /* kept, in order, used or not */
};
#define SSA_MANY 0xff

enum ssa_op {
#define S(NAME, ...) SSA_##NAME,
    SSA_OPS(S)
#undef S
        SSA_OP_COUNT,
};

struct ssa_row {
    const char *text;
    u8 n_args; /* or SSA_MANY */
    u8 effects;
};
extern const struct ssa_row ssa_rows[SSA_OP_COUNT];

struct ssa_insn {
    u16 op;    /* enum ssa_op */
    u8 width;  /* bytes: 1, 2, 4, 8 */
    u8 region; /* memory: enum host_region */
    u16 flags;
    u32 n_args;
    u32 arg[3]; /* values; with SSA_MANY: [0] is where they begin in the function's `many` */
    u32 block, prev, next; /* in the block's list; 0: none */
    u32 origin;            /* CODE instruction, or CODE_NONE */
    union {
        u64 imm;
        s64 off; /* memory */
    };
};
#define SSA_BLIND 1u    /* CONST: must not appear in the code as it is */
#define SSA_UNLIKELY 2u /* BRANCH: the first successor is seldom taken */
#define SSA_SAFE 4u     /* LOAD: may be moved up over branches: the address is always good */
#define SSA_UNPOLLED 8u /* CHARGE: need not look whether the run is cancelled: another one does */
#define SSA_PAID 16u    /* CHARGE: a branch on FUEL has shown that there is enough */

struct ssa_block {
    u32 first, last; /* instructions; phis come first, the one that ends it last */
    u32 succ[2];     /* CODE_NONE: none */
    u32 n_preds;
    u32 *preds; /* ordered: phis' arguments go with them; no block is there twice */
    u32 preds_room;
    /* Of ssa_analyse.  Only cycles that are entered at one block are loops: */
    u32 analysed[2]; /* what succ was then */
    u32 idom;        /* CODE_NONE: the entry, or unreachable */
    u32 order;       /* in reverse postorder; CODE_NONE: unreachable */
    u32 dom_first;   /* the blocks dominated by this one are numbered from dom_first on … */
    u32 dom_count;   /* … in the dominator tree, itself first; 0: unreachable */
    u32 loop_head;   /* of the innermost loop; its own number if it is a head; CODE_NONE: in none */
    u32 loop_parent; /* of a head: the head of the loop around its own; CODE_NONE: none */
    u16 loop_depth;  /* 0: in none */
    bool cold;       /* seldom reached: goes to the end of the function */
};

/* What is known of a value whatever path leads to it: lo <= value <= hi, unsigned. */
struct ssa_range {
    u64 lo, hi;
};

struct ssa_func {
    struct arena *arena; /* of all below */
    struct ssa_program *program;
    u32 number;  /* CODE function */
    u32 n, room; /* instructions; [0] is none */
    struct ssa_insn *insns;
    struct ssa_range *ranges; /* by instruction; all of u64 where nothing is known */
    u32 n_many, many_room;
    u32 *many; /* arguments of phis and calls */
    u32 n_blocks, blocks_room;
    struct ssa_block *blocks; /* [0] is the entry: no predecessors */
    u32 n_analysed;           /* blocks, when ssa_analyse last ran */
    u32 n_order, order_room;
    u32 *order; /* blocks in reverse postorder, of ssa_analyse */
    u32 n_consts, consts_room;
    u32 *consts;      /* ssa_const's, by hash; 0: free */
    bool uses_frame;  /* its callers hand it a frame; set by opt */
    bool makes_calls; /* of host functions, itself or in what it calls: thread->depth counts it */
    bool failed;      /* out of memory: the function is not to be used */
    bool is_new;      /* being built: what has grown is nowhere else; later on, pointers into
                         arrays that have grown lead to what was there, until ssa_settle */
    u32 n_outgrown;
    struct ssa_outgrown {
        void *table;
        size_t size;
    } outgrown[8];
};

struct ssa_program {
    struct arena *arena; /* of what belongs to no function alone */
    u32 n_funcs;
    struct ssa_func *funcs; /* by CODE function; n == 0: never called, or inlined everywhere */
    u32 n_order;
    u32 *order; /* the functions that may run, callees first where calls go round in no circle */
    u32 *calls; /* by function: the calls of it that were built; NULL: not counted yet */
    const struct host_code *host;
    bool metered; /* there are charges: fuel is kept in a register */
    bool guarded; /* there are, or were, GUARDs */
};

/* ---- access */

static inline struct ssa_insn *ssa_at(const struct ssa_func *func, u32 value)
{
    return &func->insns[value];
}
static inline const struct ssa_row *ssa_row(const struct ssa_insn *insn)
{
    return &ssa_rows[insn->op];
}
static inline u32 *ssa_args(const struct ssa_func *func, const struct ssa_insn *insn)
{
    bool many = ssa_rows[insn->op].n_args == SSA_MANY;
    return many ? &func->many[insn->arg[0]] : (u32 *)insn->arg;
}
static inline bool ssa_is_const(const struct ssa_func *func, u32 value)
{
    return func->insns[value].op == SSA_CONST;
}
static inline bool ssa_has(const struct ssa_insn *insn, u32 effect)
{
    return (ssa_rows[insn->op].effects & effect) != 0;
}

/* ---- making and changing (ssa.c); 0 and func->failed when memory ends */

bool ssa_func_init(struct ssa_func *func, struct ssa_program *program, struct arena *arena,
                   u32 number);
/* Tables that others have taken the place of are given back: nobody holds pointers into them. */
void ssa_settle(struct ssa_func *func);
/* Makes room at once for so many instructions, arguments and blocks in all. */
bool ssa_reserve(struct ssa_func *func, u32 insns, u32 many, u32 blocks);
u32 ssa_block_new(struct ssa_func *func);
/* An instruction in no block yet, of which nothing is known; n_args is set.  SSA_MANY operations
 * have n arguments, which are none yet where args is NULL; args may lie in func->many. */
u32 ssa_new(struct ssa_func *func, struct ssa_insn insn);
u32 ssa_new_many(struct ssa_func *func, struct ssa_insn insn, const u32 *args, u32 n);
/* How much room n arguments have. */
u32 ssa_many_room(const struct ssa_insn *insn, u32 n);
void ssa_append(struct ssa_func *func, u32 block, u32 value);
void ssa_insert_before(struct ssa_func *func, u32 at, u32 value);
void ssa_insert_phi(struct ssa_func *func, u32 block, u32 value);   /* before everything else */
void ssa_insert_first(struct ssa_func *func, u32 block, u32 value); /* after the phis */
/* Before what ends the block, which must be there. */
void ssa_insert_last(struct ssa_func *func, u32 block, u32 value);
/* Out of its block; it becomes NONE.  Nothing may use it. */
void ssa_remove(struct ssa_func *func, u32 value);
/* Out of its block, to be inserted elsewhere. */
void ssa_take(struct ssa_func *func, u32 value);
/* A constant in the entry block, the same one for the same number. */
u32 ssa_const(struct ssa_func *func, u64 imm);
/* Instruction `value` becomes a copy of what `by` is in all its uses: all replacements are
 * collected and done at once.  map[v]: v's replacement, v itself: none. */
void ssa_replace_all(struct ssa_func *func, u32 *map);
/* Takes the edge away, phis' arguments too.  A BRANCH becomes a JUMP to what is left. */
void ssa_remove_edge(struct ssa_func *func, u32 from, u32 to);
/* `to` gets one more predecessor, its last; its phis an argument 0, to be filled in. */
void ssa_add_edge(struct ssa_func *func, u32 from, u32 slot, u32 to);
/* Forgets predecessor i and what phis have for it; the last one takes its place. */
void ssa_drop_pred(struct ssa_func *func, u32 to, u32 i);
/* Where `from` is among the predecessors of `to`; CODE_NONE: nowhere. */
u32 ssa_pred_index(const struct ssa_func *func, u32 to, u32 from);
/* The instructions from `at` on, and the edges, become a new block's; its number.  Where they were
 * is left without an end. */
u32 ssa_split_block(struct ssa_func *func, u32 at);
/* A block of its own on the edge; the new block's number. */
u32 ssa_split_edge(struct ssa_func *func, u32 from, u32 slot);

/* ---- analyses */

/* Reverse postorder, dominators, loops; unreachable blocks lose their instructions and edges.
 * Asking again costs little while the edges are the same. */
bool ssa_analyse(struct ssa_func *func);
/* Critical edges get blocks of their own, as selecting from the function asks for; it is analysed
 * before and afterwards. */
bool ssa_split_critical(struct ssa_func *func);
bool ssa_dominates(const struct ssa_func *func, u32 a, u32 b); /* blocks */
/* How often each value is used; fills an array of func->n. */
void ssa_count_uses(const struct ssa_func *func, u32 *uses);

/* Into another arena, without what is removed or unreachable: blocks in reverse postorder, values
 * in the order of their blocks.  The function must be analysed, and is afterwards. */
bool ssa_compact(struct ssa_func *func, struct arena *arena);

/* ---- looking at it */

void ssa_print(struct text *out, const struct ssa_func *func);
/* What is wrong with it: every rule above, uses dominated by their values included; and in which
 * instruction, or block.  NULL: nothing.  Analyses the graph.  When memory ends func->failed is
 * set. */
const char *ssa_check(struct ssa_func *func, u32 *where);

#endif
