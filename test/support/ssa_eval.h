/* Runs SSA as it stands, without a machine: the yardstick between building, each pass and the
 * machine code.  Values are computed here on their own and plainly, not by isa/eval.h, so that a
 * mistake in one is not a mistake in both.  Memory is the host's, calls are real. */
#ifndef SKEP_TEST_SSA_EVAL_H
#define SKEP_TEST_SSA_EVAL_H

#include "ir/ir.h"
#include "ir/ssa.h"
#include "rt/rt.h"

/* What rt_program.engine is while SSA runs. */
struct ssa_eval {
    const struct ssa_program *ssa;
    u64 steps;      /* instructions evaluated, ever */
    u64 most_steps; /* of them; more: the run ends with SKEP_STATE.  0: no limit */
    bool fills;     /* every frame is filled with the byte below when it is entered */
    u8 filling;
};

/* An rt_run_fn and an rt_callback_fn. */
skep_status ssa_eval_run(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                         u64 *r0);
skep_status ssa_eval_run_callback(struct skep_thread *thread, const struct rt_program *program,
                                  const struct rt_callback *callback, u64 *r0);

/* One operation of two arguments, or one (b is 0), on values. */
u64 ssa_eval_op(enum ssa_op op, u32 width, u64 a, u64 b);

/* What a function that touches no thread gives for r1..r5. */
u64 ssa_eval_func(const struct ssa_func *func, const u64 params[5]);

#endif
