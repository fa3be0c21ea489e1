/* What a pass is given.  `bool opt_NAME(struct opt *, struct ssa_func *)` improves one function and
 * says whether it changed anything; it is sound by itself, whatever ran before.  The graph has been
 * analysed when it begins.  When memory ends
 * it sets func->failed and returns. */
#ifndef SKEP_SRC_OPT_PASS_H
#define SKEP_SRC_OPT_PASS_H

#include "opt/opt.h"

struct opt {
    const struct opt_input *in;
    struct ssa_program *program;
    struct arena scratch; /* what a pass needs while it runs; opt.c drops it after each */
};

/* The helper that a call calls; NULL: none that is known.  What inline_map calls in the place of a
 * lookup is the lookup still: it takes the same arguments and does the same. */
static inline const struct skep_helper *opt_helper(const struct opt *opt,
                                                   const struct ssa_insn *insn)
{
    const struct host_code *host = opt->in->host;
    bool calls = insn->op == SSA_CALL || insn->op == SSA_CALL_QUIET || insn->op == SSA_CALL_PURE;
    const struct skep_helper *helper = calls && host && host->helpers && insn->origin != CODE_NONE
                                           ? host->helpers[insn->origin]
                                           : NULL;
    if (!helper)
        return NULL;
    bool finds = helper->effects & SKEP_LOOKS_UP && insn->op == SSA_CALL_QUIET && insn->n_args >= 3;
    return finds || insn->imm == (u64)(uintptr_t)helper->run ? helper : NULL;
}

#define P(name, ...) bool opt_##name(struct opt *opt, struct ssa_func *func);
OPT_PASSES(P)
#undef P

/* Expands all GUARDs of an analysed function; no pass but `slots` may have run before.
 * SKEP_UNSUPPORTED: it is not known what an address was made from. */
skep_status opt_guards(struct opt *opt, struct ssa_func *func, skep_error *err);
/* build.c: the SSA of all functions that may run, each in its arena of `works`; what belongs to
 * none alone is the arena's; what is needed meanwhile is scratch's. */
skep_status opt_build(struct arena *arena, struct arena *works, struct arena *scratch,
                      const struct opt_input *in, struct ssa_program *out, skep_error *err);
/* watch.c: all calls of helpers go through what holds them to their contracts. */
void opt_watch(struct opt *opt, struct ssa_func *func);
/* inline_sub.c: takes away the functions that nobody calls any more.  false: no memory. */
bool opt_drop_inlined(struct opt *opt);

#endif
