/* Running a program on every case of its input, by any number of threads, and keeping count. */
#ifndef SKEP_TOOL_RUNNER_H
#define SKEP_TOOL_RUNNER_H

#include "input.h"
#include "load.h"

/* How one run of the first round ended. */
struct outcome {
    skep_status status;
    uint64_t r0;
    uint64_t fuel;
    struct skep_redirect redirect;
    uint8_t *bytes; /* the packet or memory afterwards; NULL when it is not asked for */
    size_t size;
};

/* Results that are equal, counted. */
struct result_count {
    uint64_t r0, runs;
};

/* Stops of one kind: the same report at the same instruction. */
struct stop_count {
    skep_status status;
    struct skep_fault fault; /* of SKEP_TRAP */
    uint64_t runs;
    size_t first; /* the case that showed it first; RUNNER_TIMER: the callback of a timer did */
};

#define RUNNER_TIMER SIZE_MAX
#define RUNNER_KINDS 64u /* further results and kinds of stops are counted together */

struct tally {
    struct result_count results[RUNNER_KINDS];
    struct stop_count stops[RUNNER_KINDS];
    size_t n_results, n_stops;
    uint64_t other_results, other_stops, runs;
};

struct run_plan {
    struct host *host;
    const skep_program *program;
    const struct input *input;
    uint64_t rounds;
    uint64_t timers_ns; /* how much time passes after the runs */
    uint32_t n_threads;
    bool keep_bytes;
};

/* What timers did after the runs. */
struct timer_report {
    uint64_t fired;
    uint64_t next_ns; /* until the next one; UINT64_MAX: none is armed */
};

struct run_report {
    struct outcome *outcomes; /* one per case */
    struct tally tally;
    struct timer_report timers;
    uint64_t ns; /* from the first run to the last */
};

int runner_run(const struct run_plan *plan, struct run_report *report);
void runner_drop(const struct run_plan *plan, struct run_report *report);

#endif
