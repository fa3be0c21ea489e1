/* The door of lower/: CODE → HOST CODE, a list of rewrites (lower.c). */
#ifndef SKEP_SRC_LOWER_LOWER_H
#define SKEP_SRC_LOWER_LOWER_H

#include "fact/fact.h"
#include "ir/ir.h"
#include "rt/rt.h"

struct lower_input {
    const struct code *code;
    const struct charge_plan *charges;
    const struct skep_hook *hook;
    struct skep_map *const *maps;
    u32 n_maps;
    const struct skep_helper *const *helpers; /* by instruction */
    const struct facts *facts;                /* of the verifier: where guards are; or NULL */
    bool metered;                             /* emit charges */
    /* For the eye: maps by index (there need be none), values by offset, helpers by number, traps
     * for what no engine runs. */
    bool symbolic;
};

/* SKEP_UNSUPPORTED names the instruction and what is missing (a helper that is contract only, a
 * context field that cannot be reached that way). */
skep_status lower(struct arena *arena, const struct lower_input *in, struct host_code *out,
                  skep_error *err);

#endif
