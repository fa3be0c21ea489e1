/* The door of jit/: SSA → machine code of this process's CPU.
 *   select    the driver of instruction selection; out of SSA
 *   regalloc  pieces of live ranges, by weight, with eviction and splitting; all registers
 *   layout    order of blocks, sizes of jumps, patching
 *   pages     memory that is written, then sealed
 *   gate      entry and stop code, once for all programs of an env
 *   jit       compiled programs: runs, callbacks, stops
 *   x86_64/, arm64/  targets */
#ifndef SKEP_SRC_JIT_JIT_H
#define SKEP_SRC_JIT_JIT_H

#include "ir/ir.h"
#include "rt/rt.h"

bool jit_is_available(void);
const char *jit_target_name(void); /* "x86-64"; "": none */

/* What the compiled programs of an env share: the code through which runs enter them and stop, and
 * what the CPU can do (asking takes long on a virtual machine, where the hypervisor answers).  It
 * outlives the programs.  There must be a target.  SKEP_NOMEM. */
struct jit_gate;
skep_status jit_gate_new(struct mem *mem, struct jit_gate **out, skep_error *err);
void jit_gate_drop(struct jit_gate *gate); /* or NULL */
const u8 *jit_gate_code(const struct jit_gate *gate, u32 *bytes);

struct jit_options {
    u32 features_off;        /* CPU features not to be used (tests) */
    bool frame_pointers;     /* functions that call others have them */
    bool far_calls;          /* as if host functions were out of reach */
    struct arena *ssa_arena; /* that of the SSA, dropped as soon as that is not needed; or NULL */
};

struct jit_code; /* a compiled program */
/* The SSA is analysed and has no critical edges (ssa_split_critical).  The code is in the gate's
 * memory.  SKEP_NOMEM; SKEP_LIMIT when jumps do not reach across it; SKEP_OK and NULL when there is
 * no room for it near the library: it is to be made again with far_calls. */
skep_status jit_compile(const struct jit_gate *gate, const struct ssa_program *ssa,
                        const struct jit_options *options, struct jit_code **out, skep_error *err);
void jit_drop(struct jit_code *code);

/* An rt_run_fn and an rt_callback_fn; rt_program.engine is a struct jit_code. */
skep_status jit_run(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                    u64 *r0);
skep_status jit_run_callback(struct skep_thread *thread, const struct rt_program *program,
                             const struct rt_callback *callback, u64 *r0);

/* The program as a function that neither needs nor changes anything of a run: rt_program.leaf,
 * unless the context is plain memory.  NULL: it is not that simple. */
rt_leaf_fn *jit_leaf(const struct jit_code *code);

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
    u32 func; /* CODE function */
};
const struct jit_symbol *jit_symbols(const struct jit_code *code, u32 *n);

#endif
