/* The same as nomem.c with an ELF object that has maps, maps in maps, a program array with a
 * program in it, data sections, BTF and relocations of all kinds: whichever allocation is refused,
 * the call fails with SKEP_NOMEM and nothing is lost. */
#include "support/programs.h"
#include "support/samples.h"

#include <stdio.h>

/* Grants a number of growing calls, then refuses one; knows what is in use. */
struct failing {
    long grants;
    bool refused;
    size_t in_use;
};

static void *failing_resize(void *user, void *block, size_t old_size, size_t new_size)
{
    struct failing *f = user;
    if (new_size > old_size && f->grants-- == 0) {
        f->refused = true;
        return NULL;
    }
    f->in_use += new_size - old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

struct input {
    const uint8_t *bytes;
    size_t size;
    const char *program;
    enum skep_engine engine;
};

static skep_status run_on_packet(skep_env *env, const skep_program *program)
{
    uint8_t frame[64] = { 0 };
    skep_thread *thread = NULL;
    skep_packet *packet = NULL;
    uint64_t r0;
    skep_status status = skep_thread_new(env, NULL, &thread);
    if (status == SKEP_OK)
        status = skep_packet_new(env, 128, &packet);
    if (status == SKEP_OK)
        status = skep_packet_set(packet, frame, sizeof(frame));
    if (status == SKEP_OK)
        skep_run(thread, program, packet, &r0); /* how it ends does not matter here */
    skep_packet_free(packet);
    skep_thread_free(thread);
    return status;
}

/* The whole life of an object: SKEP_OK, or the first failure. */
static skep_status live(const struct skep_allocator *allocator, const struct input *in)
{
    struct skep_env_options options = { .size = sizeof(options),
                                        .allocator = allocator,
                                        .n_cpus = 2 };
    struct skep_load_options load = { .size = sizeof(load), .engine = in->engine, .trusted = true };
    skep_env *env = NULL;
    skep_object *object = NULL;
    skep_program *program = NULL, *second = NULL;
    char *listing = NULL;
    skep_status status = skep_env_new(&options, &env, NULL);
    if (status == SKEP_OK)
        status = skep_object_open(env, "sample", in->bytes, in->size, &object, NULL);
    if (status == SKEP_OK)
        status = skep_program_load(object, in->program, &load, &program, NULL);
    load.share = program;
    if (status == SKEP_OK)
        status = skep_program_load(object, in->program, &load, &second, NULL);
    if (status == SKEP_OK)
        status = skep_program_list(program, SKEP_LIST_HOST, &listing);
    free(listing);
    if (status == SKEP_OK)
        status = run_on_packet(env, program);
    skep_program_free(second);
    skep_program_free(program);
    skep_object_close(object);
    skep_env_free(env);
    return status;
}

/* The status without refusals is what the program gives anyway: some of the sample's programs
 * cannot be loaded, and their errors must not lose anything either. */
static long refuse_each(const struct input *in)
{
    struct failing unlimited = { .grants = -1 };
    struct skep_allocator allocator = { failing_resize, &unlimited };
    skep_status expected = live(&allocator, in);
    long i = 0;
    assert_int_equal(unlimited.in_use, 0);
    for (bool refused = true; refused; i++) {
        struct failing failing = { .grants = i };
        allocator.user = &failing;
        skep_status status = live(&allocator, in);
        refused = failing.refused;
        if (status != (refused ? SKEP_NOMEM : expected) || failing.in_use != 0)
            fail_msg("%s: allocation %ld: %s, %zu bytes lost", in->program ? in->program : "first",
                     i, skep_status_name(status), failing.in_use);
    }
    return i;
}

static void refuse_in_sample(bool big_endian, enum skep_engine engine)
{
    static const char *const programs[] = { "prog",     "tail",    "configured",
                                            "poisoned", "unlucky", "plain" };
    size_t size;
    uint8_t *bytes = sample_object(big_endian, !big_endian, &size);
    long n = 0;
    for (size_t p = 0; p < sizeof(programs) / sizeof(programs[0]); p++)
        n += refuse_each(&(struct input){ bytes, size, programs[p], engine });
    free(bytes);
    assert_true(n > 300); /* it did refuse at many places */
}

TEST(every_refused_allocation_of_an_object_is_reported_interp)
{
    refuse_in_sample(false, SKEP_ENGINE_INTERP);
}

TEST(every_refused_allocation_of_an_object_is_reported_checked)
{
    refuse_in_sample(false, SKEP_ENGINE_CHECKED);
}

/* NULL: clang was not there when the tests were built. */
static uint8_t *compiled_object(size_t *size)
{
    const union {
        uint16_t word;
        uint8_t first;
    } order = { 1 };
    FILE *file = fopen(order.first ? BUILD_DIR "/test/elf/everything-v3-bpfel.o"
                                   : BUILD_DIR "/test/elf/everything-v3-bpfeb.o",
                       "rb");
    uint8_t *bytes = file ? malloc(1 << 16) : NULL;
    *size = bytes ? fread(bytes, 1, 1 << 16, file) : 0;
    if (file)
        fclose(file);
    return bytes;
}

/* With maps in maps and a program array that holds a program of the same object. */
TEST(every_refused_allocation_of_a_compiled_object_is_reported)
{
    size_t size;
    uint8_t *bytes = compiled_object(&size);
    if (!bytes)
        skip();
    assert_true(refuse_each(&(struct input){ bytes, size, NULL, SKEP_ENGINE_CHECKED }) > 50);
    assert_true(refuse_each(&(struct input){ bytes, size, NULL, SKEP_ENGINE_INTERP }) > 50);
    free(bytes);
}

TEST(every_refused_allocation_of_an_object_of_the_other_byte_order_is_reported)
{
    refuse_in_sample(true, SKEP_ENGINE_CHECKED);
}

UNIT_TESTS(UNIT(every_refused_allocation_of_an_object_is_reported_interp),
           UNIT(every_refused_allocation_of_an_object_is_reported_checked),
           UNIT(every_refused_allocation_of_a_compiled_object_is_reported),
           UNIT(every_refused_allocation_of_an_object_of_the_other_byte_order_is_reported))
