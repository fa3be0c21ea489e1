/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The Linux kernel as an engine: libbpf loads the same object, BPF_PROG_TEST_RUN repeats it and
 * takes the time.  (The call itself takes milliseconds for XDP: it waits for an RCU grace period.)
 * What a repeat costs beside the program is for the caller to subtract: an empty program's time. */
#include "bench.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kernel {
    struct bpf_object *object;
    int program; /* fd */
    const struct bench_case *of;
};

static int kernel_silent(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level, (void)format, (void)args;
    return 0;
}

static void kernel_close(void *state)
{
    struct kernel *kernel = state;
    bpf_object__close(kernel->object);
    free(kernel);
}

/* Loads one program of the object. */
static int kernel_load(struct kernel *kernel, const char *name)
{
    struct bpf_program *program, *wanted = NULL;
    bpf_object__for_each_program(program, kernel->object)
    {
        bool is_it = strcmp(bpf_program__name(program), name) == 0;
        bpf_program__set_autoload(program, is_it);
        if (is_it)
            wanted = program;
    }
    if (!wanted)
        return -ENOENT;
    int error = bpf_object__load(kernel->object);
    kernel->program = error ? -1 : bpf_program__fd(wanted);
    return error;
}

static void *kernel_open(const struct bench_engine *engine, const struct bench_case *of, char *why)
{
    (void)engine;
    libbpf_set_print(kernel_silent);
    struct kernel *kernel = calloc(1, sizeof *kernel);
    if (!kernel) {
        snprintf(why, BENCH_WHY, "no memory");
        return NULL;
    }
    kernel->of = of;
    kernel->object = bpf_object__open_file(of->object, NULL);
    int error = kernel->object ? kernel_load(kernel, of->program) : -errno;
    if (error) {
        snprintf(why, BENCH_WHY, "the kernel refused it: %s", strerror(-error));
        kernel_close(kernel);
        return NULL;
    }
    return kernel;
}

/* The kernel tells the mean in whole nanoseconds, rounded down. */
static bool kernel_run(void *state, uint64_t n, struct bench_outcome *outcome)
{
    const struct kernel *kernel = state;
    *outcome = (struct bench_outcome){ 0 };
    for (size_t i = 0; i < kernel->of->n_frames; i++) {
        const struct bench_frame *frame = &kernel->of->frames[i];
        struct bpf_test_run_opts options = { .sz = sizeof(options),
                                             .data_in = frame->bytes,
                                             .data_size_in = (uint32_t)frame->size,
                                             .repeat = (int)n };
        if (bpf_prog_test_run_opts(kernel->program, &options))
            return false;
        outcome->result = bench_fold(outcome->result, options.retval);
        outcome->ns += options.duration + 0.5;
    }
    return true;
}

static bool kernel_set(void *state, const char *map, const void *key, const void *value)
{
    const struct kernel *kernel = state;
    int fd = bpf_object__find_map_fd_by_name(kernel->object, map);
    return fd >= 0 && bpf_map_update_elem(fd, key, value, BPF_ANY) == 0;
}

const struct bench_engine bench_kernel = { .name = "kernel",
                                           .open = kernel_open,
                                           .run = kernel_run,
                                           .set = kernel_set,
                                           .close = kernel_close };
