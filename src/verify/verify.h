/* The door of verify/: is a linked program safe by a profile, and what is known of it.
 *
 * It sees CODE, descriptors and map specs, nothing else: no helper, map type or program type is
 * known by name or number.  docs/verifier.md tells how it works. */
#ifndef SKEP_SRC_VERIFY_VERIFY_H
#define SKEP_SRC_VERIFY_VERIFY_H

#include "fact/fact.h"
#include "ir/ir.h"

/* A map as the verifier sees it.  Everything is borrowed. */
struct verify_map {
    const struct skep_map_type *type;
    const struct skep_map_spec *spec;
    const struct skep_map_type *inner_type; /* of a map of maps; else NULL */
    const u8 *constants; /* the value's bytes, which nobody changes any more; NULL: unknown */
};

struct verify_input {
    struct mem *mem;
    const struct code *code;
    const struct cfg *cfg;
    const struct skep_hook *hook;
    const struct verify_map *maps; /* by LDDW_MAP index */
    u32 n_maps;
    const struct skep_helper *const *helpers; /* by instruction */
    enum skep_profile profile;
    const char *section; /* where the program lay; NULL: nowhere */
    bool sleepable;
    bool aligned;    /* misaligned accesses are refused, as where the machine has none */
    bool fuel;       /* loops need not be proved bounded: runs are metered */
    bool guard;      /* offsets that cannot be shown to be good are checked when they are used; the
                        facts say where: only for engines that do */
    bool every_insn; /* the witness has nodes at every instruction, not only where paths meet */
    struct skep_verify_limits limits; /* zero: defaults */
    struct witness *witness;          /* filled if accepted, else dropped; NULL: not wanted */
    struct facts *facts; /* of facts_init; filled if accepted, else dropped; NULL: not wanted */
};

/* A branch on the way to a rejection. */
struct verify_branch {
    u32 insn;
    bool taken;
    bool matters; /* it concerns the register that the report is about */
};
#define VERIFY_MOST_BRANCHES 64u

/* Why a program is rejected: the first thing that cannot be shown. */
struct verify_report {
    skep_error error; /* what, as an id with arguments */
    u32 insn;
    u8 reg;             /* the register that it is about; STATE_REGS: none */
    struct value value; /* what that may hold */
    u32 set_at;         /* the instruction that gave it that; CODE_NONE: not known */
    u32 lost_at;        /* the call since when it holds nothing; CODE_NONE: none */
    u32 n_branches;
    bool whole_path;                                     /* there are no more branches */
    struct verify_branch branches[VERIFY_MOST_BRANCHES]; /* the last ones, latest first */
};

struct verify_stats {
    u64 visited; /* instructions interpreted */
    u32 states;  /* kept */
    u64 peak_bytes;
    u64 ns;
    u32 guards;         /* accesses that are checked at run time */
    u32 ctx_bytes;      /* of plain memory as context: what every run must give */
    const char *method; /* which engine decided */
};

/* SKEP_OK: accepted.  SKEP_REJECTED: the report says why.  SKEP_LIMIT: a limit was passed.
 * SKEP_UNSUPPORTED: it has what the verifier does not know; SKEP_NOMEM. */
skep_status verify(const struct verify_input *in, struct verify_report *report,
                   struct verify_stats *stats);

#endif
