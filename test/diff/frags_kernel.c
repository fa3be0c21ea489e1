/* XDP frames in fragments against the kernel's: random programs that ask for the length, read and
 * write across fragments and move head and tail, run on both engines and by BPF_PROG_TEST_RUN on
 * the same frame, cut in the same way.  Results and frames must be the same. */
#include <skep/skep.h>

#include "support/helpers_compared.h"
#include "support/unit.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PAGE_BYTES = 4096,
    LINEAR_MAX = PAGE_BYTES - 256 - 320, /* what the kernel's test runs have of a page */
    FRAME_MAX = 40000,
    BUFFER = 256
};

static uint64_t random_state = 3;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 32) * n >> 32);
}

/* ---- programs: r6 is the context, r7 what has been seen, r10 - 256 a buffer */

static char program_text[20000];
static size_t program_length;
static void __attribute__((format(printf, 1, 2))) emit(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    program_length += (size_t)vsnprintf(program_text + program_length,
                                        sizeof(program_text) - program_length, format, args);
    va_end(args);
    assert_true(program_length < sizeof(program_text));
}

static void emit_see(void) { emit("r7 *= 31\nr7 += r0\n"); }

/* Where the interesting things are: at the ends of the frame and of its pieces. */
static uint32_t some_offset(uint32_t size, uint32_t linear)
{
    uint32_t edges[] = { 0, linear, linear + PAGE_BYTES, size, 0xffff, random_below(size + 1) };
    return edges[random_below(6)] - 40 + random_below(80);
}

static void emit_bytes(uint32_t helper, uint32_t size, uint32_t linear)
{
    emit("r1 = r6\nr2 = %d\nr3 = r10\nr3 += -%d\nr4 = %u\ncall %u\n",
         (int)some_offset(size, linear), BUFFER, 1 + random_below(BUFFER), helper);
    emit_see();
    for (uint32_t i = 0; i < 4; i++) {
        emit("r0 = *(u64 *)(r10 - %u)\n", BUFFER - 8 * random_below(BUFFER / 8));
        emit_see();
    }
}

static void emit_move(uint32_t helper, int32_t delta)
{
    emit("r1 = r6\nr2 = %d\ncall %u\n", delta, helper);
    emit_see();
}

static int32_t some_delta(uint32_t size)
{
    switch (random_below(6)) {
    case 0: return (int32_t)random_below(5000);
    case 1: return -(int32_t)random_below(size + 100);
    case 2: return 14 - (int32_t)size + (int32_t)random_below(4) - 2;
    default: return (int32_t)random_below(600) - 300;
    }
}

static void emit_linear_at_least(uint32_t bytes, uint32_t label)
{
    emit("r2 = *(u32 *)(r6 + 0)\nr3 = *(u32 *)(r6 + 4)\nr0 = 1\nr2 += %u\n"
         "if r2 > r3 goto short%u\nr0 = 2\nshort%u:\n",
         bytes, label, label);
    emit_see();
}

static void build(uint32_t size, uint32_t linear)
{
    program_length = 0;
    emit("r6 = r1\nr7 = 0\n");
    for (uint32_t i = 0; i < BUFFER / 8; i++)
        emit("*(u64 *)(r10 - %u) = %d\n", BUFFER - 8 * i, (int)random_below(1u << 31));
    for (uint32_t i = 0, n = 1 + random_below(6); i < n; i++) {
        switch (random_below(6)) {
        case 0: emit_bytes(189, size, linear); break;
        case 1: emit_bytes(190, size, linear); break;
        case 2: emit_move(65, some_delta(size)); break;
        case 3: emit_move(65, -(int32_t)random_below(PAGE_BYTES)); break;
        case 4: emit_move(44, (int32_t)random_below(300) - 200); break;
        default: emit_linear_at_least(random_below(LINEAR_MAX), i);
        }
        emit("r1 = r6\ncall 188\n");
        emit_see();
    }
    emit("r0 = r7\nexit\n");
}

/* ---- both sides */

struct outcome {
    uint32_t r0;
    size_t size;
    uint8_t bytes[FRAME_MAX + PAGE_BYTES];
};

static uint8_t frame[FRAME_MAX];

static int kernel_load(const skep_insn *insns, size_t n)
{
    static char log[100000];
    struct bpf_prog_load_opts options = { .sz = sizeof(options),
                                          .prog_flags = BPF_F_XDP_HAS_FRAGS,
                                          .log_buf = log,
                                          .log_size = sizeof(log) };
    int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "frags", "GPL",
                           (const struct bpf_insn *)(const void *)insns, n, &options);
    if (fd < 0 && fd != -EPERM)
        fail_msg("%s\n%s", program_text, log);
    return fd;
}

/* The context says where the linear part ends; kernels before 6.18 refuse that. */
static int kernel_run(int fd, uint32_t size, uint32_t linear, struct outcome *out)
{
    struct xdp_md context = { .data_end = linear };
    struct bpf_test_run_opts options = { .sz = sizeof(options),
                                         .data_in = frame,
                                         .data_size_in = size,
                                         .data_out = out->bytes,
                                         .data_size_out = sizeof(out->bytes),
                                         .ctx_in = &context,
                                         .ctx_size_in = sizeof(context),
                                         .repeat = 1 };
    int error = bpf_prog_test_run_opts(fd, &options);
    out->r0 = options.retval;
    out->size = options.data_size_out;
    return error;
}

struct bed {
    skep_env *env;
    skep_thread *thread;
    skep_packet *packet;
    const struct skep_hook *xdp;
};

static void skep_side(struct bed *bed, const skep_insn *insns, size_t n, enum skep_engine engine,
                      uint32_t size, uint32_t linear, struct outcome *out)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = engine,
                                         .profile = SKEP_PROFILE_LINUX };
    skep_object *object;
    skep_program *program;
    uint64_t r0;
    assert_int_equal(skep_object_from_insns(bed->env, "frags", insns, n, bed->xdp, &object, NULL),
                     SKEP_OK);
    assert_int_equal(skep_program_load(object, NULL, &options, &program, NULL), SKEP_OK);
    assert_int_equal(skep_packet_set_frags(bed->packet, frame, size, linear, PAGE_BYTES), SKEP_OK);
    assert_int_equal(skep_run(bed->thread, program, bed->packet, &r0), SKEP_OK);
    out->r0 = (uint32_t)r0;
    out->size = skep_packet_size(bed->packet);
    assert_int_equal(skep_packet_read(bed->packet, 0, out->bytes, out->size), SKEP_OK);
    skep_program_free(program);
    skep_object_close(object);
}

static void bed_open(struct bed *bed)
{
    assert_int_equal(skep_env_new(NULL, &bed->env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(bed->env, NULL, &bed->thread), SKEP_OK);
    assert_int_equal(skep_packet_new(bed->env, LINEAR_MAX - 320, &bed->packet), SKEP_OK);
    for (size_t i = 0; (bed->xdp = skep_env_hook(bed->env, i)); i++)
        if (!strcmp(bed->xdp->name, "xdp"))
            break;
}

static void bed_close(struct bed *bed)
{
    skep_packet_free(bed->packet);
    skep_thread_free(bed->thread);
    skep_env_free(bed->env);
}

static void compare(struct bed *bed, uint32_t size, uint32_t linear)
{
    static struct outcome theirs, ours;
    static const enum skep_engine engines[] = { SKEP_ENGINE_CHECKED, SKEP_ENGINE_INTERP,
                                                SKEP_ENGINE_DEFAULT };
    skep_insn *insns;
    size_t n;
    build(size, linear);
    assert_int_equal(skep_assemble(program_text, &insns, &n, NULL), SKEP_OK);
    int fd = kernel_load(insns, n);
    assert_int_equal(kernel_run(fd, size, linear, &theirs), 0);
    close(fd);
    for (size_t i = 0; i < sizeof(engines) / sizeof(*engines); i++) {
        skep_side(bed, insns, n, engines[i], size, linear, &ours);
        if (theirs.r0 != ours.r0 || theirs.size != ours.size ||
            memcmp(theirs.bytes, ours.bytes, ours.size) != 0)
            fail_msg("frame of %u, %u linear: kernel %x, %zu bytes; here %x, %zu bytes\n%s", size,
                     linear, theirs.r0, theirs.size, ours.r0, ours.size, program_text);
    }
    note_helpers(insns, n);
    free(insns);
}

static bool kernel_has_fragments(void)
{
    static struct outcome out;
    static const skep_insn nothing[] = { { 0xb7, 0, 0, 0 }, { 0x95, 0, 0, 0 } };
    int fd = kernel_load(nothing, 2);
    if (fd < 0)
        return false;
    bool has = kernel_run(fd, 6000, 100, &out) == 0 && out.size == 6000;
    close(fd);
    return has;
}

TEST(frames_in_fragments_are_as_in_the_kernel)
{
    struct bed bed;
    if (!kernel_has_fragments()) {
        print_message("skipped: no test runs with fragments here\n");
        skip();
    }
    for (uint32_t i = 0; i < FRAME_MAX; i++)
        frame[i] = (uint8_t)random_below(256);
    bed_open(&bed);
    for (uint32_t round = 0; round < 1000; round++) {
        uint32_t linear = 14 + random_below(round % 3 ? 100 : LINEAR_MAX - 320 - 14);
        uint32_t size = linear + 1 + random_below(round % 2 ? 9000 : FRAME_MAX - linear - 1);
        compare(&bed, size, linear);
    }
    bed_close(&bed);
}

HELPER_TESTS(UNIT(frames_in_fragments_are_as_in_the_kernel))
