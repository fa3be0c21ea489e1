/* The door of jit/: SSA → machine code of this process's CPU.
 *   select    the driver of instruction selection; out of SSA
 *   regalloc  pieces of live ranges, by weight, with eviction and splitting; all registers
 *   layout    order of blocks, sizes of jumps, patching
 *   jit       compiled programs: memory that is written, then sealed; entry, callbacks, stops
 *   x86_64/, arm64/  targets */
#ifndef SKEP_SRC_JIT_JIT_H
#define SKEP_SRC_JIT_JIT_H

#include "ir/ir.h"
#include "rt/rt.h"

bool jit_is_available(void);
const char *jit_target_name(void); /* "x86-64"; "": none */

/* What this CPU can do, the target's bits; never 0.  Asking takes long on a virtual machine, where
 * the hypervisor answers. */
u32 jit_features(void);

struct jit_options {
    u32 features;        /* what jit_features said; 0: it is asked */
    u32 features_off;    /* CPU features not to be used (tests) */
    bool frame_pointers; /* functions that call others have them */
    bool far_calls;      /* as if host functions were out of reach (tests) */
    bool keep_listing;   /* machine instructions with their origins, for skep dump --jit */
};

struct jit_code; /* a compiled program */
/* The SSA is analysed and has no critical edges (ssa_split_critical).  SKEP_NOMEM. */
skep_status jit_compile(struct mem *mem, const struct ssa_program *ssa,
                        const struct jit_options *options, struct jit_code **out, skep_error *err);
void jit_drop(struct jit_code *code);

/* An rt_run_fn and an rt_callback_fn; rt_program.engine is a struct jit_code. */
skep_status jit_run(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                    u64 *r0);
skep_status jit_run_callback(struct skep_thread *thread, const struct rt_program *program,
                             const struct rt_callback *callback, u64 *r0);

/* The program as a function of (thread, context) that neither needs nor changes anything of a run:
 * rt_program.leaf, unless the context is plain memory.  NULL: it is not that simple. */
skep_helper_fn *jit_leaf(const struct jit_code *code);

size_t jit_code_bytes(const struct jit_code *code);
const u8 *jit_code_start(const struct jit_code *code);
/* Sorted by offset; each holds until the next. */
struct jit_line {
    u32 offset;
    u32 origin; /* CODE instruction, CODE_NONE: prologues and the like */
};
const struct jit_line *jit_lines(const struct jit_code *code, u32 *n);
struct jit_symbol { /* a function in the code, for debuggers and profilers */
    u32 offset, bytes;
    u32 func; /* CODE function; CODE_NONE: entry and stop code */
};
const struct jit_symbol *jit_symbols(const struct jit_code *code, u32 *n);

#endif
