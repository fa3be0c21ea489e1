/* Programs from text through the public API. */
#ifndef SKEP_TEST_PROGRAMS_H
#define SKEP_TEST_PROGRAMS_H

#include "support/unit.h"

#include <skep/skep.h>

#include <stdlib.h>
#include <string.h>

static inline const struct skep_hook *hook_named(const skep_env *env, const char *name)
{
    const struct skep_hook *hook;
    for (size_t i = 0; (hook = skep_env_hook(env, i)); i++)
        if (!strcmp(hook->name, name))
            return hook;
    fail_msg("no hook %s", name);
    return NULL;
}

static inline skep_object *object_from_text(skep_env *env, const char *hook, const char *text)
{
    skep_insn *insns;
    size_t count;
    skep_error error = { 0 };
    skep_object *object = NULL;
    char why[512];
    if (skep_assemble(text, &insns, &count, &error) != SKEP_OK ||
        skep_object_from_insns(env, "main", insns, count, hook_named(env, hook), &object, &error) !=
            SKEP_OK) {
        skep_error_text(&error, why, sizeof(why));
        fail_msg("%s", why);
    }
    free(insns);
    return object;
}

/* The status of loading; the error, if any, is left in *error. */
static inline skep_status load_text(skep_env *env, const char *hook, const char *text,
                                    const struct skep_load_options *options, skep_program **program,
                                    skep_error *error)
{
    skep_object *object = object_from_text(env, hook, text);
    skep_status status = skep_program_load(object, NULL, options, program, error);
    skep_object_close(object);
    return status;
}

static inline skep_program *program_from_text(skep_env *env, const char *hook, const char *text,
                                              const struct skep_load_options *options)
{
    skep_program *program = NULL;
    skep_error error = { 0 };
    char why[512];
    if (load_text(env, hook, text, options, &program, &error) != SKEP_OK) {
        skep_error_text(&error, why, sizeof(why));
        fail_msg("%s", why);
    }
    return program;
}

/* What an env uses by itself: with what its first compiled program brings, which stays. */
static inline size_t env_memory(skep_env *env)
{
    skep_program_free(program_from_text(env, "memory", "r0 = 0; exit", NULL));
    return skep_env_memory_used(env);
}

#endif
