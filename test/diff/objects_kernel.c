/* Programs of an object against the kernel's run of the same object: callbacks, which the kernel
 * takes only with type information, and helpers whose results are each one's own, but whose
 * promises are not.
 *
 * Usage: diff_objects_kernel [records for user rings] */
#include <skep/skep.h>

#include "support/helpers_compared.h"
#include "support/unit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT BUILD_DIR "/test/objects/helpers.bpf.o"
#define NESTED BUILD_DIR "/test/objects/nested_lock.bpf.o"
enum { RESULTS = 8, ROUNDS = 300 };
static uint32_t records = 2000;

static uint64_t random_state = 5;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 32) * n >> 32);
}

/* One program, here on both engines and there. */
enum { CHECKED, INTERP, JIT, ENGINES };
struct fixture {
    skep_env *env;
    skep_object *object;
    skep_thread *thread;
    skep_packet *packet;
    skep_program *program[ENGINES];
    struct bpf_object *kernel;
    int fd, results;
};

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level, (void)format, (void)args;
    return 0;
}

static void load_here(struct fixture *f, const char *name)
{
    static const enum skep_engine engines[ENGINES] = {
        [CHECKED] = SKEP_ENGINE_CHECKED,
        [INTERP] = SKEP_ENGINE_INTERP,
        [JIT] = SKEP_ENGINE_JIT,
    };
    for (int i = 0; i < ENGINES; i++) {
        bool absent = i == JIT && !*skep_jit_name();
        const struct skep_load_options options = { .size = sizeof(options),
                                                   .engine =
                                                       absent ? SKEP_ENGINE_INTERP : engines[i],
                                                   .profile = SKEP_PROFILE_LINUX };
        assert_int_equal(skep_program_load(f->object, name, &options, &f->program[i], NULL),
                         SKEP_OK);
    }
}

static void setup(struct fixture *f, const char *path, const char *name)
{
    libbpf_set_print(quiet);
    f->kernel = bpf_object__open_file(path, NULL);
    assert_non_null(f->kernel);
    if (bpf_object__load(f->kernel) != 0) {
        printf("skipped: the kernel does not load the object: %s\n", strerror(errno));
        bpf_object__close(f->kernel);
        skip();
    }
    f->fd = bpf_program__fd(bpf_object__find_program_by_name(f->kernel, name));
    f->results = bpf_object__find_map_fd_by_name(f->kernel, "out");
    assert_int_equal(skep_env_new(NULL, &f->env, NULL), SKEP_OK);
    assert_int_equal(skep_object_open_file(f->env, path, &f->object, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(f->env, NULL, &f->thread), SKEP_OK);
    assert_int_equal(skep_packet_new(f->env, 256, &f->packet), SKEP_OK);
    load_here(f, name);
    note_helpers_of(f->object, name);
}

static void teardown(struct fixture *f)
{
    for (int i = 0; i < ENGINES; i++)
        skep_program_free(f->program[i]);
    skep_packet_free(f->packet);
    skep_thread_free(f->thread);
    skep_object_close(f->object);
    skep_env_free(f->env);
    bpf_object__close(f->kernel);
}

static void run_here(struct fixture *f, int engine, const uint8_t *frame, size_t size,
                     uint64_t results[RESULTS])
{
    const uint32_t zero = 0;
    uint64_t r0 = 0;
    skep_packet_set(f->packet, frame, size);
    assert_int_equal(skep_run(f->thread, f->program[engine], f->packet, &r0), SKEP_OK);
    assert_int_equal(r0, 2);
    skep_map *map = skep_program_map(f->program[engine], "out");
    assert_int_equal(skep_map_lookup(map, &zero, results), 0);
}

static void run_there(struct fixture *f, const uint8_t *frame, size_t size,
                      uint64_t results[RESULTS])
{
    const uint32_t zero = 0;
    struct bpf_test_run_opts opts = { .sz = sizeof(opts),
                                      .data_in = frame,
                                      .data_size_in = (uint32_t)size };
    assert_int_equal(bpf_prog_test_run_opts(f->fd, &opts), 0);
    assert_int_equal(opts.retval, 2);
    assert_int_equal(bpf_map_lookup_elem(f->results, &zero, results), 0);
}

static void compare(struct fixture *f, const uint8_t *frame, size_t size)
{
    uint64_t theirs[RESULTS], ours[RESULTS];
    run_there(f, frame, size, theirs);
    for (int i = 0; i < ENGINES; i++) {
        run_here(f, i, frame, size, ours);
        assert_memory_equal(ours, theirs, sizeof(ours));
    }
}

static uint32_t some_size(void)
{
    return random_below(40) ? random_below(100) : 4084 + random_below(8);
}

/* The same record into every ring, or into none. */
static bool put(struct fixture *f, struct user_ring_buffer *kernel, uint32_t size, uint64_t value,
                bool discard)
{
    void *there = user_ring_buffer__reserve(kernel, size);
    int error = errno;
    for (int i = 0; i < ENGINES; i++) {
        void *here = NULL;
        skep_map *ring = skep_program_map(f->program[i], "ring");
        int result = skep_user_ringbuf_reserve(ring, size, &here);
        assert_int_equal(result, there ? 0 : -error);
        if (result)
            continue;
        memset(here, 0, size);
        memcpy(here, &value, size < 8 ? size : 8);
        skep_user_ringbuf_submit(ring, here, discard);
    }
    if (!there)
        return false;
    memset(there, 0, size);
    memcpy(there, &value, size < 8 ? size : 8);
    if (discard)
        user_ring_buffer__discard(kernel, there);
    else
        user_ring_buffer__submit(kernel, there);
    return true;
}

TEST(user_rings_are_drained_as_in_the_kernel)
{
    struct fixture f;
    const uint8_t frame[64] = { 0 };
    uint32_t n_put = 0, n_refused = 0, round = 0;
    setup(&f, OBJECT, "drain");
    int fd = bpf_object__find_map_fd_by_name(f.kernel, "ring");
    struct user_ring_buffer *ring = user_ring_buffer__new(fd, NULL);
    assert_non_null(ring);
    for (; n_put + n_refused < records; round++) {
        uint32_t n = random_below(round % 10 ? 12 : 90);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t value = random_below(20) ? random_below(1000) : 99;
            bool done = put(&f, ring, some_size(), value, random_below(8) == 0);
            n_put += done;
            n_refused += !done;
        }
        compare(&f, frame, sizeof(frame));
    }
    printf("%u rounds, %u records, %u that found a ring full\n", round, n_put, n_refused);
    printf("compared user_ringbuf %u\n", n_put + n_refused);
    assert_true(n_put > 1000 && n_refused > 10);
    user_ring_buffer__free(ring);
    teardown(&f);
}

/* Options with an MSS here and there, sometimes nonsense. */
static void random_frame(uint8_t frame[100])
{
    static const uint16_t sizes[] = { 0,    1,    535,  536,  1219, 1220, 1299, 1300,
                                      1439, 1440, 1460, 8939, 8940, 9000, 65535 };
    for (int i = 0; i < 100; i++)
        frame[i] = (uint8_t)random_below(256);
    for (int at = 60; at < 96; at += 4) {
        uint16_t mss = sizes[random_below(15)];
        const uint8_t option[4] = { 2, 4, (uint8_t)(mss >> 8), (uint8_t)mss };
        const uint8_t nothing[4] = { 1, 1, (uint8_t)random_below(4), (uint8_t)random_below(8) };
        if (random_below(3))
            memcpy(frame + at, random_below(2) ? option : nothing, 4);
    }
    frame[0] = 0x45;
    frame[52] = (uint8_t)(random_below(8) ? (5 + random_below(11)) << 4 : frame[52]);
}

static void compare_cookies(const char *program)
{
    struct fixture f;
    uint8_t frame[100];
    setup(&f, OBJECT, program);
    for (int round = 0; round < ROUNDS; round++) {
        random_frame(frame);
        compare(&f, frame, sizeof(frame));
    }
    printf("%s: %d SYNs\n", program, ROUNDS);
    teardown(&f);
}

TEST(ipv4_cookies_promise_what_the_kernels_do) { compare_cookies("cookies4"); }
TEST(ipv6_cookies_promise_what_the_kernels_do) { compare_cookies("cookies6"); }

/* Found, used, and never shown. */
TEST(locks_in_nested_structs_are_found_as_in_the_kernel)
{
    enum { VALUE_BYTES = 88, LOCK_AT = 16 };
    struct fixture f;
    const uint8_t frame[64] = { 0 };
    const uint32_t zero = 0;
    uint8_t theirs[VALUE_BYTES], ours[VALUE_BYTES];
    setup(&f, NESTED, "count");
    for (int i = 0; i < 5; i++)
        compare(&f, frame, sizeof(frame));
    int fd = bpf_object__find_map_fd_by_name(f.kernel, "locked");
    assert_int_equal(bpf_map_lookup_elem_flags(fd, &zero, theirs, BPF_F_LOCK), 0);
    for (int i = 0; i < ENGINES; i++) {
        skep_map *map = skep_program_map(f.program[i], "locked");
        assert_int_equal(skep_map_spec(map)->lock_at, 1 + LOCK_AT);
        assert_int_equal(skep_map_lookup_flags(map, &zero, ours, SKEP_MAP_F_LOCK), 0);
        assert_memory_equal(ours, theirs, VALUE_BYTES);
    }
    teardown(&f);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        UNIT(locks_in_nested_structs_are_found_as_in_the_kernel),
        UNIT(user_rings_are_drained_as_in_the_kernel),
        UNIT(ipv4_cookies_promise_what_the_kernels_do),
        UNIT(ipv6_cookies_promise_what_the_kernels_do),
    };
    if (argc > 1)
        records = (uint32_t)strtoul(argv[1], NULL, 0);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    print_helpers_compared();
    return failed;
}
