/* Liveness: which registers and stack slots may still be read, at every instruction.
 *
 * Nothing that may be read is called dead; where pointers to a frame are not followed, the whole
 * frame counts as read.  Rests on what address.h says of pointers, and on programs not reading
 * what is not theirs: registers that a call left without a value, a frame that is gone.
 *
 * Of a function that waits for another one, what is live at its call instruction's entry is live
 * while the other runs: calls read what the callee may read, and overwrite no slot. */
#ifndef SKEP_SRC_IR_LIVE_H
#define SKEP_SRC_IR_LIVE_H

#include "ir/cfg.h"
#include <skep/contract.h>

struct live {
    const u16 *regs;  /* by instruction: registers r0..r9 whose value may be read before it is
                         overwritten, on entry of the instruction */
    const u64 *slots; /* by instruction: bit i: the 8 bytes at r10 - 8*(i+1) of the current frame
                         may be read before being wholly overwritten.  Of frames of more than 512
                         bytes only the first 512 are described: what is deeper is always live */
};

/* helpers: by instruction, of calls of helpers and kfuncs; NULL entries (or NULL): unknown, may
 * read r1..r5 and all that they point to.  Everything is live at unreachable instructions. */
skep_status live_build(struct arena *arena, const struct code *code, const struct cfg *cfg,
                       const struct skep_helper *const *helpers, struct live *out);

#endif
