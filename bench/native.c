/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The programs as ordinary functions of this host: compiled without vectorisers, and once more for
 * this very CPU. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint32_t native_fn(uint8_t *data, uint8_t *end);

#define PROGRAM(name) native_fn native_##name, march_##name;
#include "programs/list.h"
#undef PROGRAM

static const struct native_program {
    const char *name;
    native_fn *run[2];
} native_programs[] = {
#define PROGRAM(name) { #name, { native_##name, march_##name } },
#include "programs/list.h"
#undef PROGRAM
};

struct native {
    native_fn *run;
    size_t size;
    uint8_t bytes[]; /* of the one frame */
};

static native_fn *native_find(const char *name, int flavour)
{
    for (size_t i = 0; i < sizeof native_programs / sizeof native_programs[0]; i++) {
        if (strcmp(native_programs[i].name, name) == 0)
            return native_programs[i].run[flavour];
    }
    return NULL;
}

static void *native_open(const struct bench_engine *engine, const struct bench_case *of, char *why)
{
    native_fn *run = native_find(of->program, engine->option);
    if (!run || of->n_frames != 1) {
        snprintf(why, BENCH_WHY, "a program for BPF only");
        return NULL;
    }
    struct native *native = malloc(sizeof *native + of->frames[0].size);
    if (!native) {
        snprintf(why, BENCH_WHY, "no memory");
        return NULL;
    }
    native->run = run;
    native->size = of->frames[0].size;
    memcpy(native->bytes, of->frames[0].bytes, native->size);
    return native;
}

static bool native_run(void *state, uint64_t n, struct bench_outcome *outcome)
{
    struct native *native = state;
    native_fn *volatile run = native->run; /* called afresh each time, like a loaded program */
    uint32_t last = 0;
    double begin = bench_now_ns();
    for (uint64_t i = 0; i < n; i++)
        last = run(native->bytes, native->bytes + native->size);
    outcome->ns = (bench_now_ns() - begin) / (double)n;
    outcome->result = bench_fold(0, last);
    return true;
}

static bool native_set(void *state, const char *map, const void *key, const void *value)
{
    (void)state, (void)map, (void)key, (void)value;
    return false;
}

const struct bench_engine bench_native = { .name = "native",
                                           .open = native_open,
                                           .run = native_run,
                                           .set = native_set,
                                           .close = free,
                                           .option = 0 };
const struct bench_engine bench_native_march = { .name = "march",
                                                 .open = native_open,
                                                 .run = native_run,
                                                 .set = native_set,
                                                 .close = free,
                                                 .option = 1 };
