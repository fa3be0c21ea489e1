/* The door of opt/: host code → SSA → better SSA.  opt.c has the list of passes; each is a file and
 * can be switched off. */
#ifndef SKEP_SRC_OPT_OPT_H
#define SKEP_SRC_OPT_OPT_H

#include "fact/fact.h"
#include "ir/ir.h"
#include "rt/rt.h"

/* The passes in the order in which they first run: P(name, what it does). */
/* clang-format off */
#define OPT_PASSES(P) \
    P(inline_sub, "inline small subprograms")                             \
    P(inline_map, "inline lookups in known maps")                         \
    P(slots,      "promote stack slots whose address stays here")         \
    P(fold,       "constants, algebra, known ranges")                     \
    P(gvn,        "one value for equal computations; loads of what was stored") \
    P(branches,   "dead edges, straight lines, threaded jumps")           \
    P(licm,       "out of loops what does not change in them")            \
    P(unroll,     "several rounds of counted loops at a time")            \
    P(idioms,     "rotates, byte swaps, bytes put together")              \
    P(divconst,   "division by constants by multiplying")                 \
    P(fuse,       "branches on one test become one")                      \
    P(ifconv,     "branches around a few cheap operations become selects") \
    P(stores,     "stores that nobody reads")                             \
    P(dce,        "what is not used")                                     \
    P(blind,      "constants do not appear in the code as they are")
/* clang-format on */

enum opt_pass {
#define P(name, ...) OPT_##name,
    OPT_PASSES(P)
#undef P
        OPT_PASS_COUNT,
};

struct opt_input {
    const struct host_code *host;
    const struct facts *facts; /* of the verifier; NULL: none */
    struct skep_map *const *maps;
    u32 n_maps;
    bool metered;
    u32 off;    /* 1 << enum opt_pass: not to be run */
    bool blind; /* run `blind` */
    u64 blind_seed;
    bool watch; /* hold helpers to their contracts while the program runs */
    /* Called after building (pass == OPT_PASS_COUNT) and after each pass on a function; may be
     * NULL.
     */
    void (*after)(void *user, enum opt_pass pass, const struct ssa_func *func);
    void *user;
};

/* Everything made is the arena's.  Debug builds check the SSA after each pass. */
skep_status opt_run(struct arena *arena, const struct opt_input *in, struct ssa_program *out,
                    skep_error *err);

const char *opt_pass_name(enum opt_pass pass);

#endif
