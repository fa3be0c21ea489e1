/* A loaded program made to run as SSA: built from the host code that its interpreter has, with the
 * passes that are wanted. */
#ifndef SKEP_TEST_AS_SSA_H
#define SKEP_TEST_AS_SSA_H

#include "api/api.h"
#include "opt/opt.h"
#include "support/ssa_eval.h"

struct as_ssa {
    struct skep_program *program;
    struct rt_program before; /* what it was */
    struct arena arena;
    struct ssa_program ssa;
    struct ssa_eval eval;
    const char *wrong; /* what ssa_check found first, or NULL */
    enum opt_pass wrong_after;
};

/* The passes that are not to be run: a bit each. */
#define AS_SSA_ALL_PASSES 0u
#define AS_SSA_NO_PASS ((1u << OPT_PASS_COUNT) - 1)

/* program: prepared for the interpreter, and it stays loaded.  Its runs are SSA's until
 * as_ssa_close. */
skep_status as_ssa_open(struct as_ssa *s, struct skep_program *program, u32 off, skep_error *err);
void as_ssa_close(struct as_ssa *s);
/* Every function as text; for free(). */
char *as_ssa_text(struct as_ssa *s);
/* "all but gvn, licm", "only fold", "all", "none"; for free(). */
char *as_ssa_passes(u32 off);

#endif
