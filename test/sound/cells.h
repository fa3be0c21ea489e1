/* What is asked of pointers and numbers of every kind, and how often it was shown and not: the
 * tables of sound_random, and which of their cells random programs must reach. */
#ifndef SKEP_TEST_SOUND_CELLS_H
#define SKEP_TEST_SOUND_CELLS_H

#include "api/api.h"
#include "base/diag.h"

/* clang-format off */
/* U(NAME, text): what an instruction does with a register */
#define CELL_USES(U) \
    U(LOAD,     "load")     /* it is loaded through it              */ \
    U(STORE,    "store")    /* … stored through it                  */ \
    U(ATOMIC,   "atomic")                                              \
    U(COMPUTE,  "compute")  /* arithmetic                           */ \
    U(COMPARE,  "compare")                                             \
    U(KEEP,     "keep")     /* what it holds is stored              */ \
    U(ARGUMENT, "argument") /* of a helper                          */ \
    U(HAND,     "hand on")  /* to a function with a signature       */ \
    U(RESULT,   "result")   /* of the program, or of a callback     */
/* clang-format on */
enum cell_use {
#define U(NAME, text) CELL_##NAME,
    CELL_USES(U)
#undef U
        CELL_USES_COUNT,
};

struct cells {
    u64 shown[CELL_USES_COUNT][VALUE_KIND_COUNT], failed[CELL_USES_COUNT][VALUE_KIND_COUNT];
    u64 arg_shown[SKEP_ARG_KIND_COUNT], arg_failed[SKEP_ARG_KIND_COUNT];
    u64 reports[DIAG_COUNT];
};

/* Of an accepted program's witness node; *variable: memory is accessed at an offset that is not
 * constant. */
void cells_note_shown(struct cells *cells, const skep_program *program, const struct state *s,
                      bool *variable);
/* Of a program that was refused: insn, of its instructions, at verdict->at. */
void cells_note_failed(struct cells *cells, skep_env *env, const struct insn *insn,
                       const struct skep_verdict *verdict);
/* How many cells are empty that need not be. */
u32 cells_empty(const struct cells *cells);
/* The tables; why some cells are always empty; which are empty and should not be. */
void cells_print(const struct cells *cells);

#endif
