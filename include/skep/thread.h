/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Threads: one explicit handle for each host thread that runs programs, and running itself.
 *
 * Thread safety: a handle is used by one host thread at a time (handing it over is fine); only
 * skep_thread_cancel may be called from elsewhere.  Programs and maps may be used by any number of
 * threads at once. */
#ifndef SKEP_THREAD_H
#define SKEP_THREAD_H

#include <skep/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Clocks that helpers ask for (bpf_ktime_get_ns, _boot_ns, _tai_ns, _coarse_ns). */
enum skep_clock {
    SKEP_CLOCK_MONOTONIC,
    SKEP_CLOCK_BOOT,
    SKEP_CLOCK_TAI,
    SKEP_CLOCK_COARSE,
    SKEP_CLOCK_REALTIME
};

/* What kind of memory a faulting access was aimed at. */
enum skep_region {
    SKEP_REGION_NONE = 0, /* a number, not a pointer */
    SKEP_REGION_STACK,
    SKEP_REGION_CTX,
    SKEP_REGION_PACKET,
    SKEP_REGION_MAP_VALUE,
    SKEP_REGION_MAP,    /* a map reference itself */
    SKEP_REGION_RECORD, /* memory that a helper returned */
    SKEP_REGION_MEMORY, /* memory of a CTX_MEMORY context, or described by a context field */
    SKEP_REGION_CODE,   /* a subprogram's address */
};

/* Where and why a run was stopped.  Strings belong to the program. */
struct skep_fault {
    skep_error error;     /* id: what went wrong */
    uint32_t insn;        /* position in 8-byte slots, as skep dump --insns prints it */
    const char *function; /* the subprogram */
    const char *file;     /* source, "" when unknown */
    uint32_t line, column;
    const char *source; /* text of that line, "" when unknown */
    uint64_t address;   /* of the access, 0 if it was none */
    uint32_t bytes;     /* its size */
    enum skep_region region;
    int64_t region_offset; /* where in the region the access began */
    uint64_t region_bytes; /* how large the region is */
};

struct skep_thread_options {
    size_t size;          /* sizeof(struct skep_thread_options) */
    uint32_t cpu;         /* 1-based CPU slot; 0: the lowest free one of the env */
    uint64_t random_seed; /* 0: random */
};

/* A handle for running programs of an env.  options may be NULL.  SKEP_NOMEM; SKEP_LIMIT when every
 * CPU slot of the env is taken (env options n_cpus); SKEP_EXISTS when the slot asked for is. */
SKEP_API skep_status skep_thread_new(skep_env *env, const struct skep_thread_options *options,
                                     skep_thread **thread);
SKEP_API void skep_thread_free(skep_thread *thread);

/* Runs a program once.  ctx is the hook's host context: a skep_packet for packet hooks, a
 * struct skep_memory for memory hooks, an array of u64 for argument hooks, the application's own
 * struct for its own hooks.  SKEP_OK: *r0 is the program's result.  SKEP_TRAP, SKEP_FUEL,
 * SKEP_CANCELLED: stopped, all that the program held is released, *r0 is not set.  SKEP_BAD_ARG: a
 * packet hook's ctx is NULL, memory is smaller than skep_program_ctx_bytes, or the thread has a
 * budget (skep_thread_set_fuel) and the program is not metered, or thread and program are not of
 * one env (per-CPU values are by its CPU slots).  SKEP_STATE: the thread is running already. */
SKEP_API skep_status skep_run(skep_thread *thread, const skep_program *program, void *ctx,
                              uint64_t *r0);
/* The same for n contexts; statuses and results may be NULL.  Returns the first status that is not
 * SKEP_OK (all are run), else SKEP_OK. */
SKEP_API skep_status skep_run_batch(skep_thread *thread, const skep_program *program,
                                    void *const *ctxs, size_t n, uint64_t *results,
                                    skep_status *statuses);

/* Runs the timers of the env (bpf_timer) that are due at now_ns of SKEP_CLOCK_MONOTONIC, each in a
 * run of its own on this thread.  The library starts no threads: nothing fires unless the host
 * calls this. A timer that a callback starts waits for the next call.  *next_ns (may be NULL): when
 * the next one is due, UINT64_MAX when none is armed.  SKEP_STATE inside a run; else the first
 * status of a callback that is not SKEP_OK (all are run).  Any number of threads may call it at
 * once: each timer fires once. */
SKEP_API skep_status skep_thread_run_timers(skep_thread *thread, uint64_t now_ns,
                                            uint64_t *next_ns);
/* How many callbacks of timers the thread ever ran. */
SKEP_API uint64_t skep_thread_timers_run(const skep_thread *thread);

/* The same without a thread handle: one is borrowed for the call.  Convenient, and slower than a
 * handle that is kept.  error (may be NULL) says why a run was stopped.  Also SKEP_NOMEM, and
 * SKEP_LIMIT when every CPU slot of the env is taken. */
SKEP_API skep_status skep_run_once(const skep_program *program, void *ctx, uint64_t *r0,
                                   skep_error *error);

/* Fuel for each following run; 0: the program's own budget.  A budget binds: programs that are not
 * metered (skep_program_is_metered) do not run under one.  What the last run used: at least the
 * number of instructions that it executed; of a program that is not metered, what its helpers
 * charged. */
SKEP_API void skep_thread_set_fuel(skep_thread *thread, uint64_t fuel);
SKEP_API uint64_t skep_thread_fuel_used(const skep_thread *thread);
/* How many instructions the last run executed.  Counted by ENGINE_CHECKED only; else 0. */
SKEP_API uint64_t skep_thread_insns(const skep_thread *thread);

/* Stops the run under way in that thread at its next charge (loop head or function entry), or when
 a
 * helper calls back; with none under way, the next one.  Code that is not metered has no charges.
  May be called from any thread, not from a signal handler's
 * interrupted run of the same handle. */
SKEP_API void skep_thread_cancel(skep_thread *thread);

/* The fault of the last run that ended with SKEP_TRAP; NULL when it did not.  Valid until the next
 * run. */
SKEP_API const struct skep_fault *skep_thread_fault(const skep_thread *thread);

/* For helpers of an application: */
SKEP_API uint32_t skep_thread_cpu(const skep_thread *thread);
SKEP_API void *skep_thread_ctx(const skep_thread *thread); /* the ctx given to skep_run */
/* Calls the program's callback (a CALLBACK argument).  false: the run is being stopped; return at
 * once. */
SKEP_API bool skep_call_back(skep_thread *thread, uint64_t token, const uint64_t args[5],
                             uint64_t *r0);
/* A resource that a run holds, and how it is given back if the run is stopped. */
struct skep_held {
    void *what;    /* as the program knows it: the acquiring helper's result */
    skep_map *map; /* what it was taken from, or NULL */
    void (*release)(skep_thread *thread, const struct skep_held *held);
    uint32_t bytes; /* of memory that it stands for */
};
/* Notes it (the struct is copied).  false: the run holds too many, nothing is noted. */
SKEP_API bool skep_hold(skep_thread *thread, const struct skep_held *held);
/* Forgets it, when the program gave it back.  false: it is not held. */
SKEP_API bool skep_drop(skep_thread *thread, void *what);

#ifdef __cplusplus
}
#endif
#endif
