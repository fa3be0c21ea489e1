/* From a verified program to machine code, and what can be seen of that. */
#ifndef SKEP_SRC_API_COMPILE_H
#define SKEP_SRC_API_COMPILE_H

#include "api/api.h"

/* SKEP_UNSUPPORTED: not on this CPU.  SKEP_NOT_FOUND: options.opt_off names what is no pass. */
skep_status compile_program(struct skep_program *program, const struct skep_load_options *options,
                            skep_error *err);
void compile_drop(struct skep_program *program);
/* What the env's programs shared, with the env. */
void compile_drop_gate(struct skep_env *env);

#endif
