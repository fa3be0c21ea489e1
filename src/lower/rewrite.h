/* What the rewrites of lower/ share: the work under way, and how a rewrite emits. */
#ifndef SKEP_SRC_LOWER_REWRITE_H
#define SKEP_SRC_LOWER_REWRITE_H

#include "lower/lower.h"

/* What a register or stack slot holds, as far as lowering cares. */
enum lower_kind {
    LOWER_NEVER = 0,  /* nothing arrives here */
    LOWER_PLAIN,      /* neither of the following */
    LOWER_CTX,        /* the context pointer + off */
    LOWER_FRAME,      /* function func's frame pointer + off */
    LOWER_SOME_FRAME, /* a pointer into some frame, or not */
    LOWER_FUNC,       /* the address of function func, for a callback */
    LOWER_MAYBE_CTX,  /* the context pointer on one path and not on another, or moved by a variable
                       */
};
struct lower_value { /* no padding: states are compared as bytes */
    u32 kind : 8;    /* enum lower_kind */
    u32 func : 24;
    s32 off;
};
_Static_assert(sizeof(struct lower_value) == 8, "no padding");
_Static_assert(CODE_MAX_SLOTS <= 1u << 24, "functions are counted in 24 bits");

struct lowering {
    const struct lower_input *in;
    struct arena *arena; /* of the result */
    struct arena scratch;
    skep_error *err;
    struct cfg cfg;
    const struct lower_value *base; /* by instruction: what a memory access goes through */
    VEC(struct host_insn) host;
    u32 *host_of; /* by CODE instruction: where its host code begins */
};

/* A rewrite looks at instruction i and either emits what it becomes or leaves *done false. */
typedef skep_status lower_rewrite_fn(struct lowering *l, u32 i, bool *done);

skep_status lower_poison(struct lowering *l, u32 i, bool *done);
skep_status lower_charge(struct lowering *l, u32 i, bool *done);
skep_status lower_guard(struct lowering *l, u32 i, bool *done);
skep_status lower_reference(struct lowering *l, u32 i, bool *done);
skep_status lower_call(struct lowering *l, u32 i, bool *done);
skep_status lower_context(struct lowering *l, u32 i, bool *done);
skep_status lower_verbatim(struct lowering *l, u32 i, bool *done);

/* pointers.c: fills base. */
skep_status lower_find_pointers(struct lowering *l);

/* Appends one host instruction; origin is filled in. */
skep_status lower_emit(struct lowering *l, u32 origin, struct host_insn insn);

static inline const struct insn *lower_insn(const struct lowering *l, u32 i)
{
    return &l->in->code->insns[i];
}
static inline u32 lower_slot(const struct lowering *l, u32 i) { return l->in->code->slot_of[i]; }

#endif
