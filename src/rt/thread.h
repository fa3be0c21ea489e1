/* The thread: one per host thread that runs programs.  Not shared; only `cancel` is touched by
 * others. */
#ifndef SKEP_SRC_RT_THREAD_H
#define SKEP_SRC_RT_THREAD_H

#include "contract/contract.h"
#include "rt/epoch.h"
#include <skep/host.h>

#include <stdatomic.h>

#define RT_FRAME_BYTES 512u
#define RT_MAX_FRAMES 8u
#define RT_MAX_TAIL_CALLS 33u
#define RT_LEDGER 64u /* held resources at once */

/* The system's own answers to what helpers ask of the host.  NULL, and so in every thread's host
 * that does not say better: random_u32 (the thread's own generator), and all from print on but
 * pid_tgid, uid_gid and comm. */
extern const struct skep_host rt_system_host;

/* Enters a callback of the running engine.  token: the CALLBACK argument as the helper got it. */
typedef skep_status rt_call_back_fn(struct skep_thread *thread, u64 token, const u64 args[5],
                                    u64 *r0);

struct rt_program;
struct rt_dynptr;
struct rt_dynptr_lent;
struct rt_timers;
struct skep_thread {
    struct mem *mem;
    const struct skep_host *host;
    struct epoch *epoch;
    struct epoch_slot epoch_slot;
    struct rt_timers *timers; /* the env's; NULL: none can be had */
    u32 cpu;                  /* slot; per-CPU values of this slot are only ours while we run */
    u32 n_cpus;

    u64 timers_run; /* callbacks of timers, ever */
    u64 fuel_limit; /* for each run; 0: the program's own */

    /* the run */
    const struct rt_program *program; /* NULL: none is running */
    void *ctx;
    struct skep_packet *packet; /* of a PACKET hook, else NULL */
    s64 fuel;                   /* what is left; below 0: stop */
    s64 fuel_given;             /* at its start */
    u64 insns;                  /* executed so far, by engines that count */
    const struct rt_program *tail_target;
    u32 tail_calls;
    s32 retval;       /* of cgroup programs: what bpf_set_retval said */
    u32 depth;        /* frames in use, callbacks included */
    skep_status stop; /* not OK: unwind; engines look after every call */
    bool thrown;      /* by the program itself: the run unwinds, but does not fail */
    _Atomic bool cancel;
    u64 cookie;                        /* what was thrown */
    rt_call_back_fn *call_back;        /* the running engine's */
    void *engine;                      /* its state */
    const struct skep_helper *calling; /* what rt_native_helper calls */
    void *native_stack; /* of compiled code: the stack pointer to which a stop goes back */

    u32 n_held;
    struct skep_held held[RT_LEDGER];

    struct rt_dynptr *dynptrs;   /* by place on the stack, see dynptr.h; made when first needed */
    struct rt_dynptr_lent *lent; /* to the callbacks under way, the innermost first */
    u64 dynptrs_made;            /* ever */
    u64 dynptrs_before;          /* the run */

    u64 secret; /* the env's, of its cookies */
    u64 random[2];
    struct skep_fault fault;
    u8 *stack; /* RT_MAX_FRAMES × RT_FRAME_BYTES, 16-aligned */
    /* Scratch for helpers that must hand out memory (per-thread key and record buffers). */
    u8 scratch[512];
};

/* The generator is seeded at random. */
skep_status rt_thread_init(struct skep_thread *thread, struct mem *mem,
                           const struct skep_host *host, struct epoch *epoch, u32 cpu, u32 n_cpus);
void rt_thread_fini(struct skep_thread *thread);

/* Calls a program's callback from inside a helper.  false: a stop is under way, the helper must
 * return at once (whatever value). */
bool rt_call(struct skep_thread *thread, u64 token, const u64 args[5], u64 *r0);

/* An exception: unwinds all frames up to the run, which goes on with what was thrown. */
void rt_throw(struct skep_thread *thread, u64 cookie);
/* At the run, with everything unwound: was something thrown?  Then it is no more. */
bool rt_catch(struct skep_thread *thread, u64 *cookie);

/* The ledger.  hold: false when it is full (nothing is held then).  drop forgets without releasing;
 * false when `what` is not held. */
bool rt_hold(struct skep_thread *thread, const struct skep_held *held);
bool rt_drop(struct skep_thread *thread, void *what);
const struct skep_held *rt_find_held(const struct skep_thread *thread, const void *what);
void rt_release_all(struct skep_thread *thread);

u32 rt_random_u32(struct skep_thread *thread);
/* The same seed, the same numbers. */
void rt_seed(struct skep_thread *thread, u64 seed);

/* Fuel that the last run (or the one under way) used. */
static inline u64 rt_fuel_used(const struct skep_thread *thread)
{
    return (u64)thread->fuel_given - (u64)thread->fuel;
}
/* Charges work whose size only the helper knows.  false: a stop is under way, as with rt_call. */
bool rt_charge(struct skep_thread *thread, u64 fuel);

#endif
