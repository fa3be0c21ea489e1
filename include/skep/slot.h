/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Slots: places that hold the program to run now.  One thread replaces it while others run it; runs
 * under way end with the program that they began with.  Maps carry over when the new program was
 * loaded with the old one as skep_load_options.share.
 *
 * Thread safety: every function but skep_slot_free may be called from any thread at any time. */
#ifndef SKEP_SLOT_H
#define SKEP_SLOT_H

#include <skep/program.h>
#include <skep/thread.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct skep_slot skep_slot;

/* A slot that holds a program.  The slot owns the handle from now on: do not free it; it may be
 * looked at (maps, name) until it is replaced.  SKEP_NOMEM, SKEP_BAD_ARG; the handle is still the
 * caller's then. */
SKEP_API skep_status skep_slot_new(skep_env *env, skep_program *program, skep_slot **slot);
/* Frees it and its program.  No thread may use it any more. */
SKEP_API void skep_slot_free(skep_slot *slot);

/* The program that it holds now. */
SKEP_API skep_program *skep_slot_program(const skep_slot *slot);

/* Puts `replacement` in the place of `expected` and frees that handle once its runs have ended.
 * SKEP_STATE when the slot holds another program than `expected` (somebody was faster);
 * SKEP_BAD_ARG when the two have different program types.  Then nothing has changed, and
 * `replacement` is still the caller's; after SKEP_OK it is the slot's. */
SKEP_API skep_status skep_slot_replace(skep_slot *slot, skep_program *expected,
                                       skep_program *replacement);

/* As skep_run, with the program that the slot holds when the run begins. */
SKEP_API skep_status skep_run_slot(skep_thread *thread, const skep_slot *slot, void *ctx,
                                   uint64_t *r0);

#ifdef __cplusplus
}
#endif
#endif
