/* The door of vm/: two engines.
 *   interp    runs HOST CODE of programs that are trusted or verified: pre-decoded, direct-threaded
 *   checked   runs CODE of any program, verified or not: every access is checked against what it
 * may touch; uninitialised data and pointer provenance are tracked */
#ifndef SKEP_SRC_VM_VM_H
#define SKEP_SRC_VM_VM_H

#include "fact/fact.h"
#include "ir/ir.h"
#include "rt/rt.h"

/* What an instance is made of; everything is borrowed and immutable while it lives. */
struct vm_input {
    const struct code *code;
    const struct charge_plan *charges;
    const struct skep_hook *hook;
    struct skep_map *const *maps; /* by LDDW_MAP index */
    u32 n_maps;
    const struct skep_helper *const *helpers; /* by instruction; NULL where it calls none */
    bool strict;                              /* reads of uninitialised stack are faults */
    const struct witness *witness; /* CHECKED: what the verifier claims of every instruction, which
                                      runs are held to; NULL: nothing */
    const struct facts *facts;     /* the same, of what compilers are told */
};

/* Prepared code of the interpreter. */
struct interp;
skep_status interp_prepare(struct mem *mem, const struct host_code *code, struct interp **out);
void interp_drop(struct interp *interp);
size_t interp_code_bytes(const struct interp *interp);
/* An rt_run_fn; rt_program.engine is a struct interp. */
skep_status interp_run(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                       u64 *r0);

skep_status interp_run_callback(struct skep_thread *thread, const struct rt_program *program,
                                const struct rt_callback *callback, u64 *r0);

struct checked;
skep_status checked_prepare(struct mem *mem, const struct vm_input *in, struct checked **out,
                            skep_error *err);
void checked_drop(struct checked *checked);
size_t checked_code_bytes(const struct checked *checked);
/* An rt_run_fn; rt_program.engine is a struct checked. */
skep_status checked_run(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                        u64 *r0);
skep_status checked_run_callback(struct skep_thread *thread, const struct rt_program *program,
                                 const struct rt_callback *callback, u64 *r0);

#endif
