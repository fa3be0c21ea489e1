/* The library's own engines, through its public API. */
#include "conformance/skep.h"

#include <skep/skep.h>

#include <stdlib.h>
#include <string.h>

struct skep_engine_host {
    skep_env *env;
    skep_thread *thread;
    const struct skep_hook *hook;
    enum skep_engine engine;
};

static const struct skep_hook *memory_hook(const skep_env *env)
{
    const struct skep_hook *hook = NULL;
    for (size_t i = 0; (hook = skep_env_hook(env, i)) != NULL; i++)
        if (strcmp(hook->name, "memory") == 0)
            return hook;
    return NULL;
}

static skep_program *load(const struct skep_engine_host *host, const uint8_t *code, size_t size)
{
    skep_object *object = NULL;
    skep_program *program = NULL;
    const struct skep_load_options options = {
        .size = sizeof options,
        .engine = host->engine,
        .profile = SKEP_PROFILE_RFC,
        .trusted = host->engine != SKEP_ENGINE_JIT,
    };
    if (skep_object_from_insns(host->env, "vector", code, size / sizeof(skep_insn), host->hook,
                               &object, NULL) != SKEP_OK)
        return NULL;
    skep_program_load(object, NULL, &options, &program, NULL);
    skep_object_close(object);
    return program;
}

static bool run(void *self, const uint8_t *code, size_t size, uint8_t *memory, size_t memory_size,
                uint64_t *r0)
{
    const struct skep_engine_host *host = self;
    skep_program *program = load(host, code, size);
    if (!program)
        return false;
    struct skep_memory context = { .data = memory, .size = memory_size };
    skep_status status = skep_run(host->thread, program, &context, r0);
    skep_program_free(program);
    return status == SKEP_OK;
}

bool skep_engine_open(struct conformance_engine *engine, const char *name, enum skep_engine which)
{
    struct skep_engine_host *host = calloc(1, sizeof *host);
    *engine = (struct conformance_engine){ .name = name, .run = run, .self = host };
    if (!host || skep_env_new(NULL, &host->env, NULL) != SKEP_OK)
        return false;
    host->engine = which;
    host->hook = memory_hook(host->env);
    return host->hook && skep_thread_new(host->env, NULL, &host->thread) == SKEP_OK;
}

void skep_engine_close(struct conformance_engine *engine)
{
    struct skep_engine_host *host = engine->self;
    if (!host)
        return;
    skep_thread_free(host->thread);
    skep_env_free(host->env);
    free(host);
}
