/* The env that programs run in, and loading them as the options ask. */
#ifndef SKEP_TOOL_LOAD_H
#define SKEP_TOOL_LOAD_H

#include "open.h"
#include "out.h"

#include <pthread.h>

/* What programs say while they run: lines of bpf_trace_printk, and perf events. */
struct host {
    skep_env *env;
    pthread_mutex_t lock;
    json_t *printed; /* strings; at most HOST_KEPT_MAX of them are kept */
    json_t *events;  /* {map, data} */
    uint64_t n_printed, n_events;
    _Atomic uint64_t passed_ns; /* what its clocks are ahead of the system's, or of their start */
    bool reproducible;          /* --reproducible: nothing hangs on when and where it runs */
};
/* Of reproducible runs: the number that random ones begin with. */
#define HOST_SEED 1u
#define HOST_KEPT_MAX 10000u

int host_open(struct host *host, uint32_t n_cpus);
int host_open_reproducible(struct host *host, uint32_t n_cpus);
void host_close(struct host *host);
/* The monotonic clock as programs see it, and letting time pass on all clocks. */
uint64_t host_now(const struct host *host);
void host_pass(struct host *host, uint64_t ns);
/* Keeps an event's data, or, when there are many, only counts it. */
void host_event(struct host *host, const char *map, const void *data, size_t size);

/* What a command wants beyond what its options say. */
struct load_wish {
    enum skep_engine engine;
    bool trusted; /* not verified */
    const skep_program *share;
};

/* Loads one program by --profile, --fuel and the wish. */
int program_load(const struct target *target, const struct args *args,
                 const struct skep_program_info *info, const struct load_wish *wish,
                 skep_program **program);

/* The name of a map type, or its number when there is no such type. */
json_t *map_type_json(const skep_env *env, uint32_t id);

#endif
