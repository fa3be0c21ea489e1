/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Skep's own engines, through the public API: a run is host → program → host, nothing subtracted.
 */
#include "bench.h"

#include <skep/skep.h>

#include <stdio.h>
#include <stdlib.h>

struct lab {
    skep_env *env;
    skep_object *object;
    skep_program *program;
    skep_thread *thread;
    struct bench_cost cost;
    skep_packet **packets; /* one for each frame */
    size_t n_packets;
};

static void lab_close(void *state)
{
    struct lab *lab = state;
    for (size_t i = 0; i < lab->n_packets; i++)
        skep_packet_free(lab->packets[i]);
    free(lab->packets);
    if (lab->thread)
        skep_thread_free(lab->thread);
    if (lab->program)
        skep_program_free(lab->program);
    if (lab->object)
        skep_object_close(lab->object);
    if (lab->env)
        skep_env_free(lab->env);
    free(lab);
}

static skep_status lab_packets(struct lab *lab, const struct bench_case *of)
{
    lab->packets = calloc(of->n_frames, sizeof(skep_packet *));
    if (!lab->packets)
        return SKEP_NOMEM;
    for (; lab->n_packets < of->n_frames; lab->n_packets++) {
        const struct bench_frame *frame = &of->frames[lab->n_packets];
        skep_packet *packet;
        skep_status status = skep_packet_new(lab->env, frame->size, &packet);
        if (status)
            return status;
        lab->packets[lab->n_packets] = packet;
        status = skep_packet_set(packet, frame->bytes, frame->size);
        if (status) {
            lab->n_packets++;
            return status;
        }
    }
    return SKEP_OK;
}

/* An engine, and how it is asked to work. */
struct lab_way {
    enum skep_engine engine;
    uint64_t fuel;
};
static const struct lab_way lab_ways[] = {
    { SKEP_ENGINE_INTERP, 0 },
    { SKEP_ENGINE_CHECKED, 0 },
    { SKEP_ENGINE_JIT, 0 },
    { SKEP_ENGINE_JIT, (uint64_t)1 << 40 },
};

enum { LAB_LOADS = 9 };

/* Several times, for the time that it takes; the last one stays. */
static skep_status lab_load_program(struct lab *lab, const struct bench_case *of,
                                    const struct bench_engine *engine, skep_error *error)
{
    const struct lab_way *way = &lab_ways[engine->option];
    struct skep_verdict verdict;
    const struct skep_load_options options = { .size = sizeof options,
                                               .engine = way->engine,
                                               .profile = SKEP_PROFILE_LINUX,
                                               .fuel = way->fuel,
                                               .opt_off = engine->opt_off,
                                               .verdict = &verdict };
    double verify[LAB_LOADS], compile[LAB_LOADS];
    size_t loads = engine->opt_off ? 1 : LAB_LOADS;
    for (size_t i = 0; i < loads; i++) {
        skep_program_free(lab->program);
        lab->program = NULL;
        double begin = bench_wall_ns();
        skep_status status =
            skep_program_load(lab->object, of->program, &options, &lab->program, error);
        double all = bench_wall_ns() - begin;
        if (status)
            return status;
        verify[i] = (double)verdict.ns / 1e3;
        compile[i] = all / 1e3 - verify[i];
    }
    lab->cost = (struct bench_cost){
        .verify_us = bench_stat(verify, loads).median,
        .compile_us = bench_stat(compile, loads).median,
        .code_bytes = (double)skep_program_code_bytes(lab->program),
        .insns = verdict.insns,
    };
    return SKEP_OK;
}

static skep_status lab_load(struct lab *lab, const struct bench_case *of,
                            const struct bench_engine *engine, skep_error *error)
{
    skep_status status = skep_env_new(NULL, &lab->env, error);
    if (!status)
        status = skep_object_open_file(lab->env, of->object, &lab->object, error);
    if (!status)
        status = lab_load_program(lab, of, engine, error);
    if (!status)
        status = skep_thread_new(lab->env, NULL, &lab->thread);
    if (!status)
        status = lab_packets(lab, of);
    return status;
}

static void *lab_open(const struct bench_engine *engine, const struct bench_case *of, char *why)
{
    skep_error error = { 0 };
    struct lab *lab = calloc(1, sizeof *lab);
    if (!lab) {
        snprintf(why, BENCH_WHY, "no memory");
        return NULL;
    }
    skep_status status = lab_load(lab, of, engine, &error);
    if (!status)
        return lab;
    int used = snprintf(why, BENCH_WHY, "%s ", skep_status_name(status));
    skep_error_text(&error, why + used, BENCH_WHY - (size_t)used);
    lab_close(lab);
    return NULL;
}

static bool lab_run(void *state, uint64_t n, struct bench_outcome *outcome)
{
    const struct lab *lab = state;
    uint32_t all = 0;
    double begin = bench_now_ns();
    for (size_t i = 0; i < lab->n_packets; i++) {
        uint64_t r0 = 0;
        for (uint64_t k = 0; k < n; k++) {
            if (skep_run(lab->thread, lab->program, lab->packets[i], &r0))
                return false;
        }
        all = bench_fold(all, (uint32_t)r0);
    }
    outcome->ns = (bench_now_ns() - begin) / (double)n;
    outcome->result = all;
    return true;
}

static bool lab_set(void *state, const char *map, const void *key, const void *value)
{
    const struct lab *lab = state;
    skep_map *found = skep_program_map(lab->program, map);
    return found && skep_map_update(found, key, value, 0) == 0;
}

static uint64_t lab_insns(void *state)
{
    const struct lab *lab = state;
    uint64_t insns = 0, r0;
    for (size_t i = 0; i < lab->n_packets; i++) {
        if (skep_run(lab->thread, lab->program, lab->packets[i], &r0))
            return 0;
        insns += skep_thread_insns(lab->thread);
    }
    return insns;
}

static bool lab_cost(void *state, struct bench_cost *cost)
{
    const struct lab *lab = state;
    *cost = lab->cost;
    return true;
}

const struct bench_engine bench_jit = { .name = "jit",
                                        .open = lab_open,
                                        .run = lab_run,
                                        .set = lab_set,
                                        .cost = lab_cost,
                                        .close = lab_close,
                                        .option = 2 };
const struct bench_engine bench_jit_metered = { .name = "jit-metered",
                                                .open = lab_open,
                                                .run = lab_run,
                                                .set = lab_set,
                                                .close = lab_close,
                                                .option = 3 };
const struct bench_engine bench_interp = { .name = "interp",
                                           .open = lab_open,
                                           .run = lab_run,
                                           .set = lab_set,
                                           .close = lab_close,
                                           .option = 0 };
const struct bench_engine bench_checked = { .name = "checked",
                                            .open = lab_open,
                                            .run = lab_run,
                                            .set = lab_set,
                                            .insns = lab_insns,
                                            .close = lab_close,
                                            .option = 1 };
