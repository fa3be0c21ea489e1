/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The single operations that are measured. */
#ifndef SKEP_BENCH_OPERATIONS_H
#define SKEP_BENCH_OPERATIONS_H

#include "bench.h"

#define OPERATIONS_A_RUN 128u

struct operation {
    const char *program; /* in programs/micro.bpf.c */
    const char *what;
    bool (*fill)(const struct bench_maps *maps);
};
extern const struct operation operations[]; /* the first is to be subtracted from the others */
extern const size_t n_operations;

#endif
