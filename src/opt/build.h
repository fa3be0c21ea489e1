/* What the two halves of building share: the graphs of all functions (graph.c), and instructions
 * (build.c). */
#ifndef SKEP_SRC_OPT_BUILD_H
#define SKEP_SRC_OPT_BUILD_H

#include "opt/pass.h"
#include "opt/vars.h"

/* Variables are host registers.  r10 is never written, so its number is free for the counter of
 * may_goto. */
#define BUILD_VARS HOST_REGS
#define BUILD_LOOPS 10u
#define BUILD_ARGS 0x3eu       /* r1..r5 */
#define BUILD_CALL_KILLS 0x3fu /* r0..r5 */
_Static_assert(HOST_SCRATCH == 11 && HOST_REGS == 12, "r0..r9, the counter, the scratch register");

/* What a block is made of, besides the host instructions [start, end). */
enum build_kind {
    BUILD_CODE,
    BUILD_ENTRY, /* nothing: where the function's first instruction is a jump's target */
    BUILD_LESS,  /* may_goto at `start` goes on: the counter goes down */
    BUILD_CALL,  /* the local call at `start`, for which a frame is left */
    BUILD_DEPTH, /* no frame is left for it */
    BUILD_ZERO,  /* the function returns 0 */
    BUILD_TAIL,  /* the function returns what the target of its tail call does */
};

struct build_block { /* by SSA block */
    u32 start, end;
    u8 kind; /* enum build_kind */
};

struct build_func {
    bool seen;
    bool makes_calls, has_local_calls;
    u32 n_params; /* r1..rn are read */
    struct build_block *blocks;
    u32 blocks_room;
    struct vars vars;
    u32 zero, tail; /* the blocks of these kinds, CODE_NONE: none so far */
};

struct build {
    const struct opt_input *in;
    const struct host_code *host;
    struct ssa_program *program;
    struct arena *scratch; /* until the end of building */
    skep_error *err;
    struct build_func *funcs; /* by CODE function */
    bool main_is_called;      /* function 0, by the program itself or a helper */
    u32 *block_of;            /* by host instruction that begins a block */
    /* the function at work: */
    struct build_func *at;
    struct ssa_func *func;
    u32 block, origin;
    u32 *var;                 /* values, of at->vars; 0: none */
    u32 frame, thread, depth; /* values; 0: not made so far */
};

/* graph.c: blocks, edges, and what is live, of every function that may run; callees first. */
skep_status build_graphs(struct build *b);

static inline bool build_is_isa(const struct host_insn *insn) { return insn->op < ISA_OP_COUNT; }
static inline enum isa_kind build_kind_of(const struct host_insn *insn)
{
    return build_is_isa(insn) ? (enum isa_kind)isa_rows[insn->op].kind : ISA_KIND_COUNT;
}
static inline bool build_is_call(const struct host_insn *insn)
{
    return insn->op == HOST_CALL || insn->op == HOST_CALL_PURE;
}
/* The function that a local call calls. */
static inline u32 build_callee(const struct host_code *host, const struct host_insn *insn)
{
    return host->code->func_of[host->insns[insn->target].origin];
}
/* The descriptor of a helper call's helper; NULL: not known. */
static inline const struct skep_helper *build_helper(const struct host_code *host,
                                                     const struct host_insn *insn)
{
    return host->helpers ? host->helpers[insn->origin] : NULL;
}
static inline u32 build_n_args(const struct skep_helper *helper)
{
    if (helper && (helper->effects & SKEP_MORE_ARGS))
        return 5;
    u32 n = 5;
    while (helper && n > 0 && helper->args[n - 1].kind == SKEP_ARG_NONE)
        n--;
    return n;
}
/* What is known at a CODE instruction; NULL: nothing. */
static inline const struct fact *build_fact(const struct build *b, u32 origin)
{
    return b->in->facts ? &b->in->facts->at[origin] : NULL;
}

#endif
