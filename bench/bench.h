/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the benchmarks share: engines, cases, and measuring.  Two things are only ever compared
 * within one run: rounds go through all engines in turn, so that what disturbs one disturbs all. */
#ifndef SKEP_BENCH_BENCH_H
#define SKEP_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what is run --------------------------------------------------------------------------- */

struct bench_frame {
    const uint8_t *bytes;
    size_t size;
};

/* Puts an entry into a map of the program, whatever the engine. */
struct bench_maps {
    void *state;
    bool (*set)(void *state, const char *map, const void *key, const void *value);
};

/* A program of an object and the packets that it is given. */
struct bench_case {
    const char *program;
    const char *object; /* path */
    const struct bench_frame *frames;
    size_t n_frames;
    bool (*fill)(const struct bench_maps *maps); /* what its maps hold; NULL: nothing */
};

/* ---- engines ------------------------------------------------------------------------------- */

#define BENCH_WHY 512 /* bytes for a message */

struct bench_outcome {
    uint32_t result; /* the results of all frames, folded into one number */
    double ns;       /* time of one run over all frames */
};

/* Of a loaded program. */
struct bench_cost {
    double verify_us, compile_us; /* compile: all of loading but the verification */
    double code_bytes, insns;     /* insns: in the program */
};

struct bench_engine {
    const char *name;
    /* Prepares a case.  NULL: this engine cannot; why says so. */
    void *(*open)(const struct bench_engine *engine, const struct bench_case *of, char *why);
    /* Runs each frame n times.  false: it was stopped. */
    bool (*run)(void *state, uint64_t n, struct bench_outcome *outcome);
    bool (*set)(void *state, const char *map, const void *key, const void *value);
    /* Instructions executed by one run over all frames; NULL or 0: not counted. */
    uint64_t (*insns)(void *state);
    /* What it took to get there; NULL: not known. */
    bool (*cost)(void *state, struct bench_cost *cost);
    void (*close)(void *state);
    int option; /* the engine's own */
    const char
        *opt_off; /* of compilers: passes not to be run, separated by commas; NULL: all are */
};

extern const struct bench_engine bench_native, bench_native_march, bench_kernel, bench_jit,
    bench_jit_metered, bench_interp, bench_checked;
/* For XDP programs with maps, which are Skep's. */
extern const struct bench_engine bench_native_xdp, bench_native_xdp_march;

static inline uint32_t bench_fold(uint32_t all, uint32_t result) { return all * 31 + result; }

/* ---- the input ----------------------------------------------------------------------------- */

#define BENCH_WORK_BYTES 3200u

/* Fills the memory that bench/programs see; the same bytes always. */
void bench_work(uint8_t out[BENCH_WORK_BYTES]);
/* A small generator, so that inputs are the same everywhere. */
uint64_t bench_random(uint64_t *state);

/* ---- measuring ----------------------------------------------------------------------------- */

struct bench_stat {
    double median, spread; /* spread: half the distance between the quartiles */
};

double bench_now_ns(void);  /* processor time of this thread */
double bench_wall_ns(void); /* for what several threads do */
/* Sorts the values. */
struct bench_stat bench_stat(double *values, size_t n);
/* name, metric, unit, value, spread */
void bench_row(const char *name, const char *metric, const char *unit, struct bench_stat stat);

#define BENCH_MAX_ENGINES 8u
#define BENCH_MAX_ROUNDS 64u

struct bench_options {
    unsigned rounds;   /* 1 … BENCH_MAX_ROUNDS */
    double ns_a_round; /* time that each engine gets in each round */
};

/* An engine's part in a case. */
struct bench_lane {
    const struct bench_engine *engine;
    void *state;          /* NULL: cannot, see why */
    uint32_t result;      /* of the first run */
    struct bench_stat ns; /* of one run over all frames */
    char why[BENCH_WHY];
};

/* Opens a case in every engine and runs it once.  false: an engine failed in mid-run. */
bool bench_open(struct bench_lane *lanes, size_t n, const struct bench_case *of);
/* The lanes that ran gave the same result. */
bool bench_results_equal(const struct bench_lane *lanes, size_t n);
bool bench_measure(struct bench_lane *lanes, size_t n, const struct bench_options *options);
void bench_close(struct bench_lane *lanes, size_t n);

#endif
