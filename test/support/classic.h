/* A classic filter on both engines, through the public API. */
#ifndef SKEP_TEST_CLASSIC_H
#define SKEP_TEST_CLASSIC_H

#include "support/unit.h"
#include <skep/skep.h>

enum { CLASSIC_ENGINES = 2 };

struct classic_bed {
    skep_env *env;
    skep_thread *thread;
    skep_packet *packet;
    size_t memory; /* that the env alone takes */
};

static inline void classic_bed_open(struct classic_bed *bed)
{
    assert_int_equal(skep_env_new(NULL, &bed->env, NULL), SKEP_OK);
    bed->memory = skep_env_memory_used(bed->env);
    assert_int_equal(skep_thread_new(bed->env, NULL, &bed->thread), SKEP_OK);
    assert_int_equal(skep_packet_new(bed->env, 65535, &bed->packet), SKEP_OK);
}

static inline void classic_bed_close(struct classic_bed *bed)
{
    skep_packet_free(bed->packet);
    skep_thread_free(bed->thread);
    assert_int_equal(skep_env_memory_used(bed->env), bed->memory);
    skep_env_free(bed->env);
}

struct classic_filter {
    skep_program *programs[CLASSIC_ENGINES];
};

static inline skep_status classic_open(struct classic_bed *bed,
                                       const struct skep_classic_insn *insns, size_t n,
                                       struct classic_filter *out, skep_error *err)
{
    static const struct skep_load_options options[CLASSIC_ENGINES] = {
        { .size = sizeof(options[0]), .engine = SKEP_ENGINE_CHECKED, .may_loop = true },
        { .size = sizeof(options[0]), .engine = SKEP_ENGINE_INTERP, .may_loop = true },
    };
    skep_object *object;
    skep_status status = skep_object_from_classic(bed->env, "filter", insns, n, &object, err);
    if (status != SKEP_OK)
        return status;
    for (int i = 0; i < CLASSIC_ENGINES; i++)
        assert_int_equal(skep_program_load(object, NULL, &options[i], &out->programs[i], err),
                         SKEP_OK);
    skep_object_close(object);
    return SKEP_OK;
}

static inline void classic_close(struct classic_filter *filter)
{
    for (int i = 0; i < CLASSIC_ENGINES; i++)
        skep_program_free(filter->programs[i]);
}

/* Runs on the bed's packet as it is; the engines must agree. */
static inline uint64_t classic_run(struct classic_bed *bed, const struct classic_filter *filter)
{
    uint64_t r0[CLASSIC_ENGINES] = { 0, 1 };
    for (int i = 0; i < CLASSIC_ENGINES; i++)
        assert_int_equal(skep_run(bed->thread, filter->programs[i], bed->packet, &r0[i]), SKEP_OK);
    assert_int_equal(r0[0], r0[1]);
    return r0[0];
}

static inline uint64_t classic_verdict(struct classic_bed *bed, const struct classic_filter *filter,
                                       const void *bytes, size_t size)
{
    assert_int_equal(skep_packet_set(bed->packet, bytes, size), SKEP_OK);
    return classic_run(bed, filter);
}

#endif
