/* What the parts of the probes' harness share: one row for each probe, and who fills which columns.
 */
#ifndef SKEP_TEST_PROBES_H
#define SKEP_TEST_PROBES_H

#include <stdbool.h>
#include <stdint.h>

enum { SAFE, TWIN, N_FLAVOURS };

enum probe_verdict { VERDICT_NONE, VERDICT_ACCEPTS, VERDICT_REJECTS };

struct probe {
    char name[64], twin_input[512];
    bool has_twin;
    const char *object[N_FLAVOURS]; /* paths */

    struct probe_answer { /* of one verifier */
        enum probe_verdict verdict;
        uint32_t us;
        char why[160];
    } kernel[N_FLAVOURS], skep[N_FLAVOURS];

    unsigned runs;        /* of the safe one, in the checked engine */
    uint64_t insns;       /* that they executed */
    char safe_fault[200]; /* ""; else it is not safe */
    char twin_fault[200]; /* on its input; "": nothing shows that it is unsafe */
};

/* Loads every program into the kernel with the rights of the profile `linux`; probes lie in memory
 * shared with child processes.  false: bpf(2) is refused here. */
bool probes_ask_kernel(struct probe *probes, unsigned n);

/* Asks Skep's verifier.  false: there is none. */
bool probes_ask_skep(struct probe *probes, unsigned n);

/* Runs the safe ones on random inputs, and each twin on its own, in the checked engine. */
void probes_run(struct probe *probes, unsigned n, uint64_t seed);

#endif
