/* Is there a verifier in this build?  Asked by loading a program that none would take. */
#ifndef SKEP_TEST_VERIFIER_H
#define SKEP_TEST_VERIFIER_H

#include <skep/skep.h>

#include <stdlib.h>
#include <string.h>

static inline const struct skep_hook *hook_named(skep_env *env, const char *name)
{
    const struct skep_hook *hook;
    for (size_t i = 0; (hook = skep_env_hook(env, i)) != NULL; i++)
        if (strcmp(hook->name, name) == 0)
            break;
    return hook;
}

static inline bool has_verifier(skep_env *env)
{
    const struct skep_load_options options = { .size = sizeof(options),
                                               .engine = SKEP_ENGINE_CHECKED };
    skep_insn *insns = NULL;
    size_t count = 0;
    skep_object *object = NULL;
    skep_program *program = NULL;
    bool taken = skep_assemble("r0 = *(u8 *)(r10 + 8) ; exit", &insns, &count, NULL) == SKEP_OK &&
                 skep_object_from_insns(env, "unsafe", insns, count, hook_named(env, "memory"),
                                        &object, NULL) == SKEP_OK &&
                 skep_program_load(object, NULL, &options, &program, NULL) == SKEP_OK;
    if (taken)
        skep_program_free(program);
    if (object)
        skep_object_close(object);
    free(insns);
    return !taken;
}

#endif
