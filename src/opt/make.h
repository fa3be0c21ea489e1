/* How passes put operations before the one they are about to change: `at`.  What is new belongs to
 * the same CODE instruction. */
#ifndef SKEP_SRC_OPT_MAKE_H
#define SKEP_SRC_OPT_MAKE_H

#include "ir/ir.h"

static inline u32 make_op(struct ssa_func *func, u32 at, enum ssa_op op, u32 width, u32 a, u32 b)
{
    u32 value = ssa_new(func, (struct ssa_insn){ .op = (u16)op,
                                                 .width = (u8)width,
                                                 .arg = { a, b },
                                                 .origin = ssa_at(func, at)->origin });
    if (value)
        ssa_insert_before(func, at, value);
    return value;
}
/* With a number on the right. */
static inline u32 make_with(struct ssa_func *func, u32 at, enum ssa_op op, u32 width, u32 a, u64 b)
{
    u32 number = ssa_const(func, b);
    return number ? make_op(func, at, op, width, a, number) : 0;
}
/* What `at` does becomes this; who uses it is none the wiser. */
static inline void make_into(struct ssa_func *func, u32 at, enum ssa_op op, u32 width, u32 a, u32 b)
{
    struct ssa_insn *insn = ssa_at(func, at);
    insn->op = (u16)op;
    insn->width = (u8)width;
    insn->n_args = ssa_rows[op].n_args;
    insn->arg[0] = a;
    insn->arg[1] = b;
    insn->arg[2] = 0;
    insn->imm = 0;
    insn->flags = 0;
}
static inline void make_into_with(struct ssa_func *func, u32 at, enum ssa_op op, u32 width, u32 a,
                                  u64 b)
{
    u32 number = ssa_const(func, b);
    if (number)
        make_into(func, at, op, width, a, number);
}
/* `at` does what the last one of those put before it does, which nobody else uses, and which goes.
 */
static inline void make_become(struct ssa_func *func, u32 at, u32 fresh)
{
    struct ssa_insn *insn = ssa_at(func, fresh);
    make_into(func, at, (enum ssa_op)insn->op, insn->width, insn->arg[0], insn->arg[1]);
    ssa_at(func, at)->arg[2] = insn->arg[2];
    ssa_remove(func, fresh);
}

#endif
