/* What compiled code calls besides helpers.  All are skep_helper_fns, so that one way of calling
 * serves; arguments that are not named are not looked at. */
#ifndef SKEP_SRC_RT_NATIVE_H
#define SKEP_SRC_RT_NATIVE_H

#include "rt/thread.h"

/* How often may_goto goes on in one activation of a function (Linux: BPF_MAX_LOOPS). */
#define RT_MAY_GOTO_LOOPS (8u * 1024 * 1024)

/* bpf_tail_call(ctx, map, index): 1 when thread->tail_target is set, 0 when the program goes on.
 * Never stops a run. */
u64 rt_native_tail_call(struct skep_thread *thread, u64 ctx, u64 map, u64 index, u64 a4, u64 a5);
/* Runs thread->tail_target, and what follows it, in place of the frame that called it; its result.
 * May stop the run. */
u64 rt_native_tail_target(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);
/* LD_ABS, LD_IND: the number of 1, 2 or 4 bytes at a 32-bit offset; UINT64_MAX when they are not in
 * the packet.  Never stops a run. */
u64 rt_native_packet_word(struct skep_thread *thread, u64 offset, u64 bytes, u64 a3, u64 a4,
                          u64 a5);
/* thread->calling, held to its contract. */
u64 rt_native_helper(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);
/* CODE instruction `insn` must not be executed: stops the run. */
u64 rt_native_trap(struct skep_thread *thread, u64 insn, u64 a2, u64 a3, u64 a4, u64 a5);
/* The guard of CODE instruction `insn` found its access to be out of bounds: stops the run. */
u64 rt_native_guard(struct skep_thread *thread, u64 insn, u64 a2, u64 a3, u64 a4, u64 a5);
/* No frame is left for the call at CODE instruction `insn`: stops the run. */
u64 rt_native_depth(struct skep_thread *thread, u64 insn, u64 a2, u64 a3, u64 a4, u64 a5);

#endif
