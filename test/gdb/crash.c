/* SPDX-License-Identifier: BSD-2-Clause
 *
 * A helper of an application that crashes, called by a subprogram of a compiled program: what gdb
 * is to show the way to (test_backtrace.py). */
#include <skep/skep.h>

#include <stdio.h>
#include <string.h>

static uint64_t crash_here(skep_thread *thread, uint64_t address, uint64_t a2, uint64_t a3,
                           uint64_t a4, uint64_t a5)
{
    (void)thread, (void)a2, (void)a3, (void)a4, (void)a5;
    *(volatile int *)(uintptr_t)address = 0;
    return 0;
}

static const struct skep_helper crashes = {
    .size = sizeof(crashes),
    .name = "crashes",
    .id = 0x10001,
    .personality = SKEP_APPLICATION,
    .family = SKEP_FAMILY_APPLICATION,
    .run = crash_here,
    .args = { { .kind = SKEP_ARG_ANYTHING } },
};

/* More callee-saved registers than none, a frame on the stack, two functions. */
static const char text[] = "r6 = 5; r7 = r2; *(u64 *)(r10 - 8) = r7; call sub; r0 += r6; r0 += r7;"
                           "exit; sub: r6 = r2; r1 = 37; call 0x10001; r0 += r6; exit";

static skep_status load(skep_env *env, skep_program **program, skep_error *error)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = SKEP_ENGINE_JIT,
                                         .debuggers = SKEP_DEBUGGER_GDB,
                                         .opt_off = "inline_sub" };
    const struct skep_hook *hook = NULL;
    skep_object *object = NULL;
    skep_insn *insns;
    size_t count;
    for (size_t i = 0; (hook = skep_env_hook(env, i)) && strcmp(hook->name, "memory") != 0;)
        i++;
    skep_status status = skep_assemble(text, &insns, &count, error);
    if (status == SKEP_OK)
        status = skep_object_from_insns(env, "main", insns, count, hook, &object, error);
    return status == SKEP_OK ? skep_program_load(object, NULL, &options, program, error) : status;
}

int main(void)
{
    static const struct skep_helper *const own[] = { &crashes };
    struct skep_env_options options = { .size = sizeof(options), .helpers = own, .n_helpers = 1 };
    struct skep_memory memory = { NULL, 0 };
    skep_env *env;
    skep_program *program;
    skep_error error = { 0 };
    char why[400];
    uint64_t r0;
    if (skep_env_new(&options, &env, &error) != SKEP_OK || load(env, &program, &error) != SKEP_OK) {
        skep_error_text(&error, why, sizeof(why));
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    return skep_run_once(program, &memory, &r0, NULL) != SKEP_OK;
}
