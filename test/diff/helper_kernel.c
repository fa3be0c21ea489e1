/* Helpers against the kernel's: random straight-line programs that call helpers with random
 * arguments, run by the checked engine, compiled, and by BPF_PROG_TEST_RUN on the same frame.  What
 * every helper returned, what it wrote, and the packet at the end must be the same. */
#include "contract/contract.h"
#include "rt/packet.h"
#include <skep/skep.h>

#include "support/helpers_compared.h"
#include "support/unit.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- programs as text */

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

static u64 random_state;
static u32 random_below(u32 n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (u32)(random_state >> 33) % n;
}
#define CHOOSE(...) choose((const s64[]){ __VA_ARGS__ }, ARRAY_LEN(((const s64[]){ __VA_ARGS__ })))
static s64 choose(const s64 *values, size_t n) { return values[random_below((u32)n)]; }

/* r6 is the context, r7 what has been seen so far, r10 - 64 a buffer of 64 bytes. */
static void emit_see(const char *what) { emit("r7 *= 31\nr7 += %s\n", what); }

static void emit_set(u32 reg, s64 value) { emit("r%u = %lld ll\n", reg, (long long)value); }

static void emit_call(u32 id)
{
    emit("call %u\n", id);
    emit_see("r0");
}

static void emit_buffer(u32 reg) { emit("r%u = r10\nr%u += -64\n", reg, reg); }

static void emit_fill(void)
{
    for (u32 i = 0; i < 8; i++) {
        emit_set(1, (s64)((u64)random_below(UINT32_MAX) << 32 | random_below(UINT32_MAX)));
        emit("*(u64 *)(r10 - %u) = r1\n", 64 - 8 * i);
    }
}

static void emit_see_buffer(void)
{
    for (u32 i = 0; i < 8; i++) {
        emit("r0 = *(u64 *)(r10 - %u)\n", 64 - 8 * i);
        emit_see("r0");
    }
}

static void emit_ctx(void) { emit("r1 = r6\n"); }

/* helper(ctx, number …) */
static void emit_numbers(u32 id, u32 n, const s64 *values)
{
    for (u32 i = 0; i < n; i++)
        emit_set(2 + i, values[i]);
    emit_ctx();
    emit_call(id);
}
#define NUMBERS(id, ...)                                                                           \
    emit_numbers(id, ARRAY_LEN(((const s64[]){ __VA_ARGS__ })), (const s64[]){ __VA_ARGS__ })

/* helper(ctx, offset, buffer, size, last) */
static void emit_bytes(u32 id, s64 offset, s64 size, s64 last)
{
    emit_set(2, offset);
    emit_buffer(3);
    emit_set(4, size);
    emit_set(5, last);
    emit_ctx();
    emit_call(id);
}

static void emit_difference(void)
{
    u32 from = random_below(9) * 4, to = random_below(9) * 4;
    if (random_below(8) == 0)
        from++;
    emit_buffer(1);
    emit_set(2, from);
    emit_buffer(3);
    emit("r3 += 32\n");
    emit_set(4, from > 32 ? 32 : to);
    emit_set(5, CHOOSE(0, 1, 0xffff, 0xffffffff, 0x12345678));
    emit_call(28);
}

static void emit_text_to_number(void)
{
    static const char *const texts[] = { "42",  " -17x", "0x1fz", "017",  "08",   "-",  "9999999",
                                         "- 5", "+3",    "0x",    "ffff", "\t12", "-0", "00x1" };
    const char *text = texts[random_below(ARRAY_LEN(texts))];
    u64 word = 0;
    memcpy(&word, text, strlen(text));
    emit_set(1, (s64)word);
    emit("*(u64 *)(r10 - 64) = r1\nr1 = 0\n*(u64 *)(r10 - 56) = r1\n");
    emit_buffer(1);
    emit_set(2, 1 + random_below(8));
    emit_set(3, CHOOSE(0, 0, 8, 10, 16, 2, 32));
    emit_buffer(4);
    emit("r4 += 8\n");
    u32 id = 105 + random_below(2);
    emit("call %u\n", id);
    emit_see("r0");
    /* the kernel leaves the result of failed calls as it was, or not, by its version */
    emit("if r0 s< 1 goto +1\nr7 += r0\n");
}

static void emit_xdp_call(void)
{
    switch (random_below(8)) {
    case 0:
        NUMBERS(44, CHOOSE(-300, -64, -20, -14, -1, 0, 1, 14, 20, 50, 51, 1000));
        /* what the kernel's headroom holds is anybody's guess */
        emit_bytes(190, 0, 64, 0);
        break;
    case 1: NUMBERS(65, CHOOSE(-1000, -51, -50, -20, -1, 0, 1, 100, 3000, 3456, 3457, 4000)); break;
    case 2: NUMBERS(54, CHOOSE(-400, -256, -252, -32, -8, -4, -3, 0, 4, 8, 100)); break;
    case 3:
        emit_bytes(189, CHOOSE(0, 1, 14, 40, 63, 64, 0xffff, 0x10000, -1), CHOOSE(1, 8, 24, 64), 0);
        emit_see_buffer();
        break;
    case 4:
        emit_bytes(190, CHOOSE(0, 1, 14, 40, 63, 64, 0xffff, 0x10000, -1), CHOOSE(1, 8, 24, 64), 0);
        break;
    case 5: NUMBERS(188, 0); break;
    case 6: emit_difference(); break;
    case 7: emit_text_to_number(); break;
    default: break;
    }
}

static void emit_skb_call(void)
{
    switch (random_below(17)) {
    case 0:
        emit_bytes(26, CHOOSE(0, 1, 14, 40, 63, 64, 0x10000, -1), CHOOSE(1, 8, 24, 64), 0);
        emit_see_buffer();
        break;
    case 1:
        emit_bytes(9, CHOOSE(0, 1, 14, 40, 63, 64, 0x10000, -1), CHOOSE(1, 8, 24, 64),
                   CHOOSE(0, 0, 1, 2, 3, 4));
        break;
    case 2:
        emit_bytes(68, CHOOSE(0, 1, 14, 40, 63, 0xffff, 0x10000), CHOOSE(1, 8, 24, 64),
                   CHOOSE(0, 1, 1, 2));
        emit_see_buffer();
        break;
    case 3: NUMBERS(38, CHOOSE(0, 13, 120, 150, 200, 500, 70000), CHOOSE(0, 0, 0, 1)); break;
    case 4: NUMBERS(43, CHOOSE(0, 1, 8, 14, 70000), CHOOSE(0, 0, 0, 1)); break;
    case 5: NUMBERS(39, CHOOSE(0, 1, 14, 64, 60, 5000)); break;
    case 6: NUMBERS(18, CHOOSE(0x81, 0xa888, 0x0081, 0x1234), CHOOSE(0, 1, 0x123, 0xffff)); break;
    case 7: NUMBERS(19, 0); break;
    case 8: NUMBERS(31, CHOOSE(0x0008, 0xdd86, 0x1234), CHOOSE(0, 0, 0, 1)); break;
    case 9: NUMBERS(32, CHOOSE(0, 1, 2, 3, 4, 7)); break;
    case 10: NUMBERS(50, CHOOSE(-20, -8, -4, 0, 4, 8, 20, 5000), CHOOSE(0, 1, 1, 2), 0); break;
    case 11:
        NUMBERS(10, CHOOSE(24, 24, 25, 40, 62, 63, 64, 0x10000), CHOOSE(0, 0, 1, 0x1234, 0xabcd),
                CHOOSE(0, 1, 0xffff, 0x5678), CHOOSE(0, 2, 2, 4, 3, 16));
        break;
    case 12:
        NUMBERS(11, CHOOSE(24, 40, 40, 41, 62, 63, 64, 0x10000), CHOOSE(0, 0, 1, 0x1234, 0xabcd),
                CHOOSE(0, 1, 0xffff, 0x5678), CHOOSE(0, 2, 2, 4, 18, 34, 50, 98, 100, 3, 256));
        break;
    case 13: NUMBERS(40, 5); break;
    case 14: NUMBERS(135, CHOOSE(0, 1, 2, 3, 4)); break;
    case 15:
        NUMBERS(48, CHOOSE(1, 77));
        NUMBERS(34, 0);
        break;
    case 16: emit_difference(); break;
    default: break;
    }
}

/* Helpers of any host, on three maps: values, records, strings that nobody can write. */

enum { MAP_VALUES, MAP_RECORDS, MAP_STRINGS, MAPS, STRING_BYTES = 32 };
static const char strings[][STRING_BYTES] = {
    "%d %u %x",     "%lx-%lld-%llu", "%05d|%-6u|%+d", "%c%c%c",   "%%%d% u%X!",
    "%10lx%-3d%2u", "abcdefgh",      "abcd",          "plain %d",
};
enum { FORMATS = 6 };

static void emit_string(u32 reg, u32 which)
{
    emit("r%u = map[idx:%d][0] + %u\n", reg, MAP_STRINGS, which * STRING_BYTES);
}

/* The dynptr of values is at r10 - 80, that of records at r10 - 96. */
static void emit_dynptr(u32 reg, u32 at) { emit("r%u = r10\nr%u += -%u\n", reg, reg, at); }

static void emit_dynptr_make(void)
{
    emit("r1 = map[idx:%d][0] + 0\n", MAP_VALUES);
    emit_set(2, CHOOSE(0, 1, 8, 33, 64));
    emit_set(3, CHOOSE(0, 0, 0, 1));
    emit_dynptr(4, 80);
    emit_call(197);
}

static void emit_dynptr_read(u32 at)
{
    emit_buffer(1);
    emit_set(2, CHOOSE(1, 8, 33, 64));
    emit_dynptr(3, at);
    emit_set(4, CHOOSE(0, 0, 1, 7, 32, 64, 0xffffffff));
    emit_set(5, CHOOSE(0, 0, 0, 1));
    emit_call(201);
    emit_see_buffer();
}

static void emit_dynptr_write(u32 at)
{
    emit_dynptr(1, at);
    emit_set(2, CHOOSE(0, 0, 1, 7, 32, 64, 0xffffffff));
    emit_buffer(3);
    emit_set(4, CHOOSE(1, 8, 33, 64));
    emit_set(5, CHOOSE(0, 0, 0, 1));
    emit_call(202);
}

static void emit_dynptr_slice(u32 at)
{
    emit_dynptr(1, at);
    emit_set(2, CHOOSE(0, 1, 30, 63));
    emit("r3 = %d\ncall 203\nif r0 == 0 goto +3\n", (int)CHOOSE(1, 2, 8, 33));
    emit("r1 = *(u8 *)(r0 + 0)\nr7 += r1\nr7 += 99\nr7 *= 31\n");
}

static void emit_dynptr_record(void)
{
    emit("r1 = map[idx:%d]\n", MAP_RECORDS);
    emit_set(2, CHOOSE(0, 8, 8, 40, 5000, 0x1000000));
    emit_set(3, CHOOSE(0, 0, 0, 1));
    emit_dynptr(4, 96);
    emit_call(198);
    emit_dynptr_write(96);
    emit_dynptr_read(96);
    emit_dynptr_slice(96);
    emit_dynptr(1, 96);
    emit("r2 = 0\ncall %u\n", 199 + random_below(2));
}

static void emit_print(void)
{
    for (u32 i = 0; i < 3; i++) {
        emit_set(1, (s64)((u64)random_below(UINT32_MAX) << random_below(33)) * CHOOSE(1, -1));
        emit("*(u64 *)(r10 - %u) = r1\n", 120 - 8 * i);
    }
    emit_buffer(1);
    emit_set(2, CHOOSE(1, 2, 10, 63, 64));
    emit_string(3, random_below(FORMATS));
    emit("r4 = r10\nr4 += -120\nr5 = 24\n");
    emit_call(165);
    emit_see_buffer();
}

static void emit_compare(void)
{
    u64 word;
    memcpy(&word, "abcdefgz", sizeof(word));
    emit_set(1, (s64)(word & ~(u64)(random_below(2) ? (u64)0xff << 8 * random_below(8) : 0)));
    emit("*(u64 *)(r10 - 64) = r1\n");
    emit_buffer(1);
    emit("r2 = %d\n", (int)CHOOSE(1, 4, 5, 8));
    emit_string(3, 6 + random_below(2));
    emit_call(182);
}

static void emit_fits(void)
{
    emit_set(1, CHOOSE(0, 1, 1500, 65535, 65536, 65537));
    emit("*(u32 *)(r10 - 64) = r1\nr1 = r6\n");
    emit_set(2, CHOOSE(0, 0, 0, 999999));
    emit_buffer(3);
    emit_set(4, CHOOSE(0, 0, 1, -1, 65000, 70000));
    emit_set(5, CHOOSE(0, 0, 0, 1, 2));
    emit_call(163);
    emit("r0 = *(u32 *)(r10 - 64)\n");
    emit_see("r0");
}

static void emit_base_call(void)
{
    switch (random_below(8)) {
    case 0: emit_dynptr_make(); break;
    case 1: emit_dynptr_read(80); break;
    case 2: emit_dynptr_write(80); break;
    case 3: emit_dynptr_slice(80); break;
    case 4: emit_dynptr_record(); break;
    case 5: emit_print(); break;
    case 6: emit_compare(); break;
    case 7: emit_fits(); break;
    default: break;
    }
}

enum kind { XDP, SKB, BASE };

/* Later programs are longer, so that what fails first is short. */
static void build_program(enum kind kind, u64 seed, u32 n_calls)
{
    static void (*const emit_some[])(void) = { emit_xdp_call, emit_skb_call, emit_base_call };
    static const u32 skb_fields[] = { 0, 4, 16, 20, 24, 28 }; /* len … vlan_proto */
    program_length = 0;
    random_state = seed;
    emit("r6 = r1\nr7 = 0\n");
    emit_fill();
    if (kind == BASE)
        emit_dynptr_make();
    for (u32 i = 0; i < n_calls; i++)
        emit_some[kind]();
    for (u32 i = 0; kind == SKB && i < ARRAY_LEN(skb_fields); i++) {
        emit("r0 = *(u32 *)(r6 + %u)\n", skb_fields[i]);
        emit_see("r0");
    }
    /* a verdict of 32 bits */
    emit("r0 = r7\nr0 >>= 32\nr0 ^= r7\nr0 <<= 33\nr0 >>= 33\nexit\n");
}

/* ---- running */

enum { OUT_BYTES = 8192, FRAMES = 4, FRAME_BYTES = 64 };
static u8 frames[FRAMES][FRAME_BYTES];

static void make_frames(void)
{
    static const char *const types[FRAMES] = { "\x08\0\x45\0", "\x86\xdd\x60\0", "\x08\x06\0\x01",
                                               "\x81\0\0\x07" };
    for (u32 i = 0; i < FRAMES; i++) {
        for (u32 k = 0; k < FRAME_BYTES; k++)
            frames[i][k] = (u8)(k * 7 + i);
        memset(frames[i], 0, 6); /* the address of the device that the kernel runs tests on */
        memcpy(frames[i] + 12, types[i], 4);
    }
    memcpy(frames[3] + 16, "\x08\0\x45\0", 4);
}

struct outcome {
    u32 r0;
    size_t size, meta;
    u8 bytes[OUT_BYTES];
};

static int kernel_maps[MAPS];
static skep_map *our_maps[MAPS];

static int kernel_load(bool xdp, const skep_insn *insns, size_t n)
{
    static char log[100000];
    struct bpf_prog_load_opts options = {
        .sz = sizeof(options), .fd_array = kernel_maps, .log_buf = log, .log_size = sizeof(log)
    };
    int fd = bpf_prog_load(xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS, "test", "GPL",
                           (const struct bpf_insn *)(const void *)insns, n, &options);
    if (fd < 0 && fd != -EPERM)
        fail_msg("%s\n%s", program_text, log);
    return fd;
}

static void kernel_run(int fd, u32 frame, struct outcome *out)
{
    struct bpf_test_run_opts options = { .sz = sizeof(options),
                                         .data_in = frames[frame],
                                         .data_size_in = FRAME_BYTES,
                                         .data_out = out->bytes,
                                         .data_size_out = OUT_BYTES,
                                         .repeat = 1 };
    assert_int_equal(bpf_prog_test_run_opts(fd, &options), 0);
    out->r0 = options.retval;
    out->size = options.data_size_out;
}

static skep_env *env;
static skep_thread *thread;
static skep_packet *packet;

/* As the kernel's test runs: data_out begins with the metadata, which may hold anything. */
static void skep_side(const skep_insn *insns, size_t n, bool xdp, u32 frame,
                      enum skep_engine engine, struct outcome *out)
{
    skep_error err = { 0 };
    skep_object *object;
    skep_program *program;
    const struct skep_load_options load = { .size = sizeof(load),
                                            .engine = engine,
                                            .profile = SKEP_PROFILE_LINUX,
                                            .maps = our_maps,
                                            .n_maps = MAPS };
    const struct skep_hook *hook = NULL;
    u64 r0;
    for (size_t i = 0; (hook = skep_env_hook(env, i)); i++)
        if (strcmp(hook->name, xdp ? "xdp" : "sched_cls") == 0)
            break;
    assert_int_equal(skep_object_from_insns(env, "test", insns, n, hook, &object, &err), SKEP_OK);
    if (skep_program_load(object, NULL, &load, &program, &err) != SKEP_OK) {
        char text[300];
        skep_error_text(&err, text, sizeof(text));
        fail_msg("%s\n%s", program_text, text);
    }
    assert_int_equal(skep_packet_set(packet, frames[frame], FRAME_BYTES), SKEP_OK);
    skep_status status = skep_run(thread, program, packet, &r0);
    if (status != SKEP_OK) {
        char text[300];
        skep_error_text(&skep_thread_fault(thread)->error, text, sizeof(text));
        fail_msg("%s\n%s", program_text, text);
    }
    out->r0 = (u32)r0;
    out->size = (size_t)(packet->data_end - packet->data_meta);
    out->meta = (size_t)(packet->data - packet->data_meta);
    memcpy(out->bytes, packet->data_meta, out->size);
    skep_program_free(program);
    skep_object_close(object);
}

static bool kernel_allows(void)
{
    static const skep_insn nothing[] = { { 0xb7, 0, 0, 0 }, { 0x95, 0, 0, 0 } };
    int fd = kernel_load(true, nothing, 2);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static uint32_t mtu_of_loopback(void *user, uint32_t ifindex)
{
    (void)user;
    return ifindex == 0 ? 65536 : 0;
}

/* The same maps on both sides. */
static void make_maps(void)
{
    static const struct skep_map_spec specs[MAPS] = {
        { .size = sizeof(specs[0]),
          .name = "values",
          .type = BPF_MAP_TYPE_ARRAY,
          .key_size = 4,
          .value_size = 64,
          .max_entries = 1 },
        { .size = sizeof(specs[0]),
          .name = "records",
          .type = BPF_MAP_TYPE_RINGBUF,
          .max_entries = 4096 },
        { .size = sizeof(specs[0]),
          .name = "strings",
          .type = BPF_MAP_TYPE_ARRAY,
          .key_size = 4,
          .value_size = sizeof(strings),
          .max_entries = 1,
          .flags = BPF_F_RDONLY_PROG },
    };
    u32 zero = 0;
    for (u32 i = 0; i < MAPS; i++) {
        struct bpf_map_create_opts options = { .sz = sizeof(options), .map_flags = specs[i].flags };
        kernel_maps[i] = bpf_map_create(specs[i].type, specs[i].name, specs[i].key_size,
                                        specs[i].value_size, specs[i].max_entries, &options);
        assert_true(kernel_maps[i] >= 0);
        assert_int_equal(skep_map_new(env, &specs[i], &our_maps[i], NULL), SKEP_OK);
    }
    assert_int_equal(bpf_map_update_elem(kernel_maps[MAP_STRINGS], &zero, strings, 0), 0);
    assert_int_equal(skep_map_update(our_maps[MAP_STRINGS], &zero, strings, 0), 0);
    assert_int_equal(bpf_map_freeze(kernel_maps[MAP_STRINGS]), 0);
    assert_int_equal(skep_map_freeze(our_maps[MAP_STRINGS]), 0);
}

static void drop_maps(void)
{
    for (u32 i = 0; i < MAPS; i++) {
        close(kernel_maps[i]);
        skep_map_unref(our_maps[i]);
    }
}

static void compare(enum kind kind, u32 rounds)
{
    const struct skep_host host = { .mtu = mtu_of_loopback };
    const struct skep_env_options options = { .size = sizeof(options), .host = &host };
    bool xdp = kind != SKB;
    if (!kernel_allows()) {
        print_message("skipped: bpf(2) is refused here\n");
        skip();
    }
    u32 same = 0;
    make_frames();
    assert_int_equal(skep_env_new(&options, &env, NULL), SKEP_OK);
    make_maps();
    assert_int_equal(skep_thread_new(env, NULL, &thread), SKEP_OK);
    assert_int_equal(skep_packet_new(env, 3200, &packet), SKEP_OK); /* a page in the kernel */
    for (u32 round = 0; round < rounds; round++) {
        static struct outcome kernel, ours;
        skep_error err = { 0 };
        skep_insn *insns;
        size_t n;
        build_program(kind, round, 1 + round * 6 / rounds);
        if (skep_assemble(program_text, &insns, &n, &err) != SKEP_OK) {
            char text[300];
            skep_error_text(&err, text, sizeof(text));
            fail_msg("%s\n%s", program_text, text);
        }
        int fd = kernel_load(xdp, insns, n);
        kernel_run(fd, round % FRAMES, &kernel);
        /* Both go on with the maps that the other left. */
        enum skep_engine engine = round % 2 ? SKEP_ENGINE_CHECKED : SKEP_ENGINE_DEFAULT;
        skep_side(insns, n, xdp, round % FRAMES, engine, &ours);
        if (kernel.r0 != ours.r0 || kernel.size != ours.size ||
            memcmp(kernel.bytes + ours.meta, ours.bytes + ours.meta, ours.size - ours.meta) != 0)
            fail_msg("round %u, frame %u: kernel %x, %zu bytes; here %x, %zu bytes\n%s", round,
                     round % FRAMES, kernel.r0, kernel.size, ours.r0, ours.size, program_text);
        same++;
        note_helpers(insns, n);
        close(fd);
        free(insns);
    }
    print_message("%u programs agree with the kernel\n", same);
    skep_packet_free(packet);
    skep_thread_free(thread);
    drop_maps();
    skep_env_free(env);
}

TEST(xdp_helpers_do_what_the_kernels_do) { compare(XDP, 2000); }
TEST(skb_helpers_do_what_the_kernels_do) { compare(SKB, 2000); }
TEST(helpers_of_any_host_do_what_the_kernels_do) { compare(BASE, 2000); }

HELPER_TESTS(UNIT(xdp_helpers_do_what_the_kernels_do), UNIT(skb_helpers_do_what_the_kernels_do),
             UNIT(helpers_of_any_host_do_what_the_kernels_do))
