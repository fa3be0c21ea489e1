/* Where the blocks of a function lie and how they reach one another. */
#ifndef SKEP_SRC_JIT_LAYOUT_H
#define SKEP_SRC_JIT_LAYOUT_H

#include "jit/target.h"

struct layout_jump {
    struct jit_jump jump;
    u32 to;  /* block */
    u32 end; /* offset behind it */
};

struct layout_block {
    u32 bytes; /* of its instructions, without jumps; filled in before jit_layout_place */
    u32 at;    /* offset from the first block's, which is aligned */
    u8 n_jumps;
    u8 pad;       /* bytes of no operation before it */
    bool aligned; /* jumps back lead here */
    bool empty;   /* it only leads on, and is left out */
    u32 leads_to; /* that is where, CODE_NONE: not known yet */
    u32 passed;   /* layout.c's own */
    struct layout_jump jump[2];
};

struct layout {
    const struct jit_target *target;
    const struct mach_func *func;
    struct layout_block *blocks;
    u32 *order; /* blocks that are not left out, as they lie */
    u32 n_order;
    u32 bytes; /* of all */
};

/* Which jumps there are: blocks that only lead on are left out.  False: out of memory. */
bool jit_layout_jumps(struct arena *arena, struct layout *layout);
/* Turns loops around. */
bool jit_layout_rotate(struct arena *arena, struct layout *layout);
/* Where everything is, jumps as short as possible. */
void jit_layout_place(struct layout *layout);

#endif
