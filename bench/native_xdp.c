/* SPDX-License-Identifier: BSD-2-Clause
 *
 * XDP programs with maps as ordinary functions of this host.  The object is loaded as for Skep's
 * engines, which makes its maps; the native code works on these.  Addresses in struct xdp_md are 32
 * bits wide, so the packets lie below 4 GB. */
#include "bench.h"
#include "native/native.h"

#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    XDP_LOW_STEP = 1 << 28, /* between the low addresses that are tried */
    XDP_ALIGN = 64,
    XDP_MAX_MAPS = 8,
};

static const struct native_xdp *const xdp_programs[] = { &native_firewall, &march_firewall };

struct xdp {
    const struct native_xdp *native;
    skep_env *env;
    skep_object *object;
    skep_program *program;
    struct native_map maps[XDP_MAX_MAPS];
    uint8_t *packets; /* the frames, each aligned */
    size_t packets_size;
    struct xdp_md *ctxs; /* one for each frame */
    size_t n_ctxs;
};

static void xdp_close(void *state)
{
    struct xdp *xdp = state;
    free(xdp->ctxs);
    if (xdp->packets)
        munmap(xdp->packets, xdp->packets_size);
    if (xdp->program)
        skep_program_free(xdp->program);
    if (xdp->object)
        skep_object_close(xdp->object);
    if (xdp->env)
        skep_env_free(xdp->env);
    free(xdp);
}

static skep_status xdp_load(struct xdp *xdp, const struct bench_case *of, skep_error *error)
{
    const struct skep_load_options options = { .size = sizeof options,
                                               .engine = SKEP_ENGINE_CHECKED,
                                               .profile = SKEP_PROFILE_LINUX };
    skep_status status = skep_env_new(NULL, &xdp->env, error);
    if (!status)
        status = skep_object_open_file(xdp->env, of->object, &xdp->object, error);
    if (!status)
        status = skep_program_load(xdp->object, of->program, &options, &xdp->program, error);
    return status;
}

/* Points the variables of the native code to the maps. */
static bool xdp_bind(struct xdp *xdp)
{
    const struct native_xdp *native = xdp->native;
    if (native->n_maps > XDP_MAX_MAPS)
        return false;
    for (size_t i = 0; i < native->n_maps; i++) {
        skep_map *map = skep_program_map(xdp->program, native->maps[i].name);
        if (!map)
            return false;
        xdp->maps[i] = (struct native_map){ map, skep_map_type(map) };
        *native->maps[i].at = &xdp->maps[i];
    }
    return true;
}

static size_t xdp_room(size_t size) { return (size + XDP_ALIGN - 1) / XDP_ALIGN * XDP_ALIGN; }

/* Memory below 4 GB: addresses are wishes, so several are tried. */
static uint8_t *xdp_low_memory(size_t size)
{
    for (uintptr_t wish = XDP_LOW_STEP; wish < UINT32_MAX - size; wish += XDP_LOW_STEP) {
        void *got =
            mmap((void *)wish, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (got == MAP_FAILED)
            return NULL;
        if ((uintptr_t)got <= UINT32_MAX - size)
            return got;
        munmap(got, size);
    }
    return NULL;
}

static bool xdp_packets(struct xdp *xdp, const struct bench_case *of)
{
    size_t size = 0;
    for (size_t i = 0; i < of->n_frames; i++)
        size += xdp_room(of->frames[i].size);
    xdp->packets = xdp_low_memory(size);
    xdp->packets_size = size;
    xdp->ctxs = calloc(of->n_frames, sizeof *xdp->ctxs);
    if (!xdp->packets || !xdp->ctxs)
        return false;
    uint8_t *at = xdp->packets;
    for (; xdp->n_ctxs < of->n_frames; xdp->n_ctxs++) {
        const struct bench_frame *frame = &of->frames[xdp->n_ctxs];
        memcpy(at, frame->bytes, frame->size);
        xdp->ctxs[xdp->n_ctxs] =
            (struct xdp_md){ .data = (uint32_t)(uintptr_t)at,
                             .data_end = (uint32_t)((uintptr_t)at + frame->size) };
        at += xdp_room(frame->size);
    }
    return true;
}

static void *xdp_open(const struct bench_engine *engine, const struct bench_case *of, char *why)
{
    skep_error error = { 0 };
    const struct native_xdp *native = xdp_programs[engine->option];
    struct xdp *xdp = strcmp(native->program, of->program) == 0 ? calloc(1, sizeof *xdp) : NULL;
    if (!xdp) {
        snprintf(why, BENCH_WHY, "not compiled for the host, or no memory");
        return NULL;
    }
    xdp->native = native;
    if (xdp_load(xdp, of, &error))
        skep_error_text(&error, why, BENCH_WHY);
    else if (!xdp_bind(xdp))
        snprintf(why, BENCH_WHY, "the object lacks a map");
    else if (!xdp_packets(xdp, of))
        snprintf(why, BENCH_WHY, "no memory below 4 GB");
    else
        return xdp;
    xdp_close(xdp);
    return NULL;
}

static bool xdp_run(void *state, uint64_t n, struct bench_outcome *outcome)
{
    const struct xdp *xdp = state;
    int (*volatile run)(struct xdp_md *) = xdp->native->run; /* called afresh each time */
    uint32_t all = 0;
    double begin = bench_now_ns();
    for (size_t i = 0; i < xdp->n_ctxs; i++) {
        int verdict = 0;
        for (uint64_t k = 0; k < n; k++)
            verdict = run(&xdp->ctxs[i]);
        all = bench_fold(all, (uint32_t)verdict);
    }
    outcome->ns = (bench_now_ns() - begin) / (double)n;
    outcome->result = all;
    return true;
}

static bool xdp_set(void *state, const char *map, const void *key, const void *value)
{
    const struct xdp *xdp = state;
    skep_map *found = skep_program_map(xdp->program, map);
    return found && skep_map_update(found, key, value, 0) == 0;
}

const struct bench_engine bench_native_xdp = { .name = "native",
                                               .open = xdp_open,
                                               .run = xdp_run,
                                               .set = xdp_set,
                                               .close = xdp_close,
                                               .option = 0 };
const struct bench_engine bench_native_xdp_march = { .name = "march",
                                                     .open = xdp_open,
                                                     .run = xdp_run,
                                                     .set = xdp_set,
                                                     .close = xdp_close,
                                                     .option = 1 };
