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

/* Asked for alone: links the program as loading does, makes no maps. */
struct verification_asked {
    struct verification in;
    const struct skep_verify_options *options;
    struct arena arena;
    struct linked linked;
    struct cfg cfg;
};

/* Fills in the types of a map whose spec is set. */
skep_status verification_map_types(const struct verification *in, struct verify_map *map,
                                   skep_error *err);
/* SKEP_OK: accepted; else as verify().  The verdict is filled in any case. */
skep_status verification_run(const struct verification *in, struct skep_verdict *verdict);

/* ---- facts.c */
struct skep_facts {
    struct verification_asked asked;
    struct witness witness;
    struct facts facts;
    u32 *first; /* by instruction: the first node of the witness; WITNESS_NONE */
    u32 *next;  /* by node: of the same instruction */
};
skep_status facts_open(struct skep_object *object, struct skep_facts **out);
/* After the verification. */
skep_status facts_index(struct skep_facts *facts);

/* ---- verdict.c */
/* An instruction, as text and as a line of the source. */
struct skep_verdict_place verdict_place(const struct verification *in, u32 insn);
/* A value; and the global variable that it points into, or the map, "". */
struct skep_verdict_value verdict_value(const struct value *value);
const char *verdict_variable(const struct verification *in, const struct value *value);
/* An empty one. */
void verdict_init(struct skep_verdict *verdict);
/* What a status of verify(), or of what comes before it, means. */
enum skep_verdict_kind verdict_kind(skep_status status);
/* Tells what the report says. */
void verdict_explain(struct skep_verdict *verdict, const struct verification *in,
                     const struct verify_report *report);

#endif
