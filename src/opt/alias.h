/* Which memory an operation touches, and whether two may touch the same.
 *
 * Kinds of memory (enum host_region) do not overlap.  Of those that others may change while a
 * program runs (values of maps), or of which nothing is known, nothing is remembered: a program
 * that loads twice from there may mean to. */
#ifndef SKEP_SRC_OPT_ALIAS_H
#define SKEP_SRC_OPT_ALIAS_H

#include "ir/ir.h"

enum alias_class {
    ALIAS_STACK,
    ALIAS_CTX,
    ALIAS_PACKET,
    ALIAS_THREAD, /* the host's own, behind SSA_THREAD */
    ALIAS_CLASS_COUNT,
    ALIAS_SHARED = ALIAS_CLASS_COUNT, /* values of maps */
    ALIAS_UNKNOWN,                    /* any of them */
};
#define ALIAS_ALL ((1u << ALIAS_CLASS_COUNT) - 1)

/* [lo, hi) counted from the value root. */
struct alias_place {
    enum alias_class in;
    u32 base; /* the address's value, and what is added to it */
    s64 off;
    u32 width;
    u32 root;
    s64 lo, hi;
};

struct alias_place alias_place_at(const struct ssa_func *func, enum alias_class in, u32 base,
                                  s64 off, u32 width);
/* Of a memory operation. */
struct alias_place alias_place_of(const struct ssa_func *func, const struct ssa_insn *insn);
/* Both of one class. */
bool alias_may_meet(const struct alias_place *a, const struct alias_place *b);
/* The classes that an instruction may write, as bits; calls included. */
u32 alias_writes(const struct ssa_func *func, const struct ssa_insn *insn);
static inline bool alias_is_memory(const struct ssa_insn *insn)
{
    return ssa_has(insn, SSA_READS | SSA_WRITES) && ssa_row(insn)->n_args != SSA_MANY;
}

#endif
