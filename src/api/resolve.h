/* What a linked program refers to: the helpers of its calls, and whether it may call them here;
 * maps. */
#ifndef SKEP_SRC_API_RESOLVE_H
#define SKEP_SRC_API_RESOLVE_H

#include "contract/contract.h"
#include "load/load.h"

struct resolve_input {
    const struct registry *registry;
    const struct linked *linked;
    bool check_license;
    bool check_nothing; /* what there is no helper for stays NULL */
};

/* Sets out[i] for every CALL_HELPER and CALL_KFUNC i (others are left alone).  SKEP_UNSUPPORTED,
 * SKEP_REJECTED: the error names program, instruction and helper. */
skep_status resolve_calls(const struct resolve_input *in, const struct skep_helper **out,
                          skep_error *err);

/* One past the highest map that bytecode refers to. */
u32 resolve_count_maps(const struct code *code);

#endif
