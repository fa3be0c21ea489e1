/* Verification as the API needs it: of a linked program whose maps are known, into a public
 * verdict; asked for alone (verify.c) or while loading (program.c). */
#ifndef SKEP_SRC_API_VERIFICATION_H
#define SKEP_SRC_API_VERIFICATION_H

#include "api/api.h"
#include "verify/verify.h"

struct verification {
    struct skep_object *object;
    const struct linked *linked;
    const struct cfg *cfg;
    const struct skep_helper *const *helpers; /* by instruction */
    struct verify_map *maps;                  /* by LDDW_MAP index */
    enum skep_profile profile;
    bool fuel, aligned, guard;
    struct skep_verify_limits limits;
    struct witness *witness; /* filled in when accepted; NULL: not wanted */
    struct facts *facts;     /* the same */
};

/* Fills in the types of a map whose spec is set. */
skep_status verification_map_types(const struct verification *in, struct verify_map *map,
                                   skep_error *err);
/* SKEP_OK: accepted; else as verify().  The verdict is filled in any case. */
skep_status verification_run(const struct verification *in, struct skep_verdict *verdict);

/* ---- verdict.c */
/* An empty one. */
void verdict_init(struct skep_verdict *verdict);
/* What a status of verify(), or of what comes before it, means. */
enum skep_verdict_kind verdict_kind(skep_status status);
/* Tells what the report says. */
void verdict_explain(struct skep_verdict *verdict, const struct verification *in,
                     const struct verify_report *report);

#endif
