/* Any bytes as a classic program, and as the packet it runs on: what is accepted loads, and no run
 * of it faults. */
#include <skep/skep.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void run(skep_env *env, const skep_program *program, const uint8_t *data, size_t size)
{
    skep_thread *thread;
    skep_packet *packet;
    uint64_t r0 = 0;
    require(skep_thread_new(env, NULL, &thread) == SKEP_OK, "no thread");
    require(skep_packet_new(env, 4096, &packet) == SKEP_OK, "no packet");
    require(skep_packet_set(packet, data, size < 4096 ? size : 4096) == SKEP_OK, "no frame");
    require(skep_run(thread, program, packet, &r0) == SKEP_OK, "a fault");
    require(r0 <= UINT32_MAX, "a result of more than 32 bits");
    skep_packet_free(packet);
    skep_thread_free(thread);
}

static void load(skep_env *env, skep_object *object, const uint8_t *data, size_t size)
{
    skep_program *program;
    require(skep_program_load(object, NULL, NULL, &program, NULL) == SKEP_OK, "does not load");
    run(env, program, data, size);
    skep_program_free(program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct skep_env_options options = { .size = sizeof options, .n_cpus = 1 };
    size_t n = size / sizeof(struct skep_classic_insn);
    struct skep_classic_insn *insns = malloc(size + 1);
    skep_env *env = NULL;
    skep_object *object;
    skep_error error = { 0 };
    require(insns && skep_env_new(&options, &env, NULL) == SKEP_OK, "no memory");
    memcpy(insns, data, n * sizeof *insns);
    skep_status status = skep_object_from_classic(env, "fuzz", insns, n, &object, &error);
    require((status == SKEP_OK) == !skep_error_id(&error)[0], "a status without a report");
    if (status == SKEP_OK) {
        load(env, object, data, size);
        skep_object_close(object);
    }
    skep_env_free(env);
    free(insns);
    return 0;
}
