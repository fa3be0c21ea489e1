/* SSA → bytes, relocations and tables, not yet in memory that can run: what jit.c copies, patches
 * and seals. */
#ifndef SKEP_SRC_JIT_GENERATE_H
#define SKEP_SRC_JIT_GENERATE_H

#include "jit/jit.h"
#include "jit/target.h"

struct jit_generate_options {
    u32 features;
    bool near;               /* relocations of kind JIT_TO_HOST will reach */
    struct arena *ssa_arena; /* dropped when instructions are selected; or NULL */
    u64 stop_code;           /* an address */
};

struct jit_generated {
    struct mem *mem, *work; /* of the tables that stay; of the buffer and the relocations */
    struct jit_buffer buffer;
    u32 n_funcs;
    u32 *func_at; /* by CODE function: offset, or CODE_NONE */
    /* All that is left to be patched: JIT_TO_HOST. */
    u32 n_relocs, relocs_room;
    struct jit_reloc *relocs;
    u32 n_lines, lines_room;
    struct jit_line *lines;
    u32 n_symbols;
    struct jit_symbol *symbols;
};

/* Everything made is `mem`'s and goes with jit_generated_drop, which may be called after failures
 * too; what is needed no longer than the buffer is the SSA arena's memory's, if there is one.  The
 * SSA is analysed and has no critical edges (ssa_split_critical). */
skep_status jit_generate(struct mem *mem, const struct jit_target *target,
                         const struct ssa_program *ssa, const struct jit_generate_options *options,
                         struct jit_generated *out, skep_error *err);
/* The code has been put where it will run. */
void jit_generated_drop_work(struct jit_generated *out);
void jit_generated_drop(struct jit_generated *out);

#endif
