/* Every operation of BPF on every pair of registers, shifted by every amount, with immediates of
 * all classes that machines encode in different ways; loads, stores and jumps, too.  Nine values
 * and a pointer, which is in each register in turn, are alive all the while.  What is compiled,
 * with all passes and without any, leaves what the interpreter does.  Needs nothing but the
 * library. */
#include "support/programs.h"

#include <stdio.h>

enum {
    REGISTERS = 10,
    PACKET_BYTES = 1024,
    CHECKED_BYTES = 1000, /* at the other end of the context's registers */
    RESULTS_AT = 128,     /* behind what registers begin with, and what loads read */
    BATCH = 64,
    INPUTS = 4,
    TEXT_BYTES = 1 << 14
};

/* Steps on one pointer, until there are enough to make a program of. */
struct batch {
    char text[TEXT_BYTES];
    size_t length;
    unsigned pointer, n, labels;
    enum { WHOLE, SMALL, CHANGED, KINDS } kind; /* of what a step begins with */
};

struct engines {
    skep_env *env;
    skep_thread *thread;
    skep_packet *packet;
    struct batch batches[REGISTERS];
    unsigned steps, programs;
};

static uint64_t random_state = 88172645463325252;
static uint64_t random_u64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static uint64_t number(void)
{
    static const uint64_t ends[] = { 0,          1,          UINT64_MAX,         0x7fffffff,
                                     0x80000000, 0xffffffff, 0x8000000000000000, 0xff80,
                                     63,         32,         0x100000000,        255 };
    uint64_t r = random_u64();
    return r & 1 ? ends[(r >> 8) % (sizeof(ends) / sizeof(*ends))] : r;
}

static void put(struct batch *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct batch *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    b->length += (size_t)vsnprintf(b->text + b->length, TEXT_BYTES - b->length, format, args);
    va_end(args);
    assert_true(b->length < TEXT_BYTES);
}

/* ---- programs */

/* 8 bytes, or what is known to be below 2^32. */
static void put_load(struct batch *b, unsigned r)
{
    put(b, "r%u = *(u%d *)(r%u + %u)\n", r, b->kind == SMALL ? 32 : 64, b->pointer, 8 * r);
}

static void begin_program(struct batch *b)
{
    unsigned p = b->pointer, end = p == 0 ? 5 : 0, limit = p == 2 ? 3 : 2;
    b->length = b->n = 0;
    b->kind = (b->kind + 1) % KINDS;
    put(b, "r%u = *(u32 *)(r1 + 4)\nr%u = *(u32 *)(r1 + 0)\nr%u = r%u\nr%u += %d\n", end, p, limit,
        p, limit, CHECKED_BYTES);
    put(b, "if r%u > r%u goto out\n", limit, end);
    for (unsigned r = 0; r < REGISTERS; r++)
        if (r != p)
            put_load(b, r);
}

/* What the registers hold shows in r0. */
static void end_program(struct batch *b)
{
    unsigned p = b->pointer;
    if (p == 0)
        put(b, "r0 = r1\n");
    for (unsigned r = 1; r < REGISTERS; r++)
        if (r != p)
            put(b, "r0 *= 31\nr0 += r%u\n", r);
    put(b, "exit\nout: r0 = -1\nexit\n");
}

struct left_behind {
    skep_status status;
    uint64_t r0;
    uint8_t packet[PACKET_BYTES];
};

static void run(struct engines *e, const skep_program *program, const uint8_t *input,
                struct left_behind *left)
{
    size_t length;
    assert_int_equal(skep_packet_set(e->packet, input, PACKET_BYTES), SKEP_OK);
    left->r0 = 0;
    left->status = skep_run(e->thread, program, e->packet, &left->r0);
    memcpy(left->packet, skep_packet_data(e->packet, &length), PACKET_BYTES);
    assert_int_equal(length, PACKET_BYTES);
}

static void make_input(uint8_t *input)
{
    for (unsigned i = 0; i < PACKET_BYTES / 8; i++)
        memcpy(input + (size_t)8 * i, &(uint64_t){ number() }, 8);
}

static void compare(struct engines *e, const struct batch *b, const skep_program *interp,
                    const skep_program *jit, const char *how)
{
    static struct left_behind expected, got;
    static uint8_t input[PACKET_BYTES];
    for (unsigned i = 0; i < INPUTS; i++) {
        make_input(input);
        run(e, interp, input, &expected);
        run(e, jit, input, &got);
        unsigned at = 0;
        while (at < PACKET_BYTES && expected.packet[at] == got.packet[at])
            at++;
        if (at == PACKET_BYTES && expected.r0 == got.r0 && expected.status == got.status)
            continue;
        fail_msg("%s\nwith %s: r0 %llx and %llx, the packet differs at %u", b->text, how,
                 (unsigned long long)expected.r0, (unsigned long long)got.r0, at);
    }
}

static void finish_program(struct engines *e, struct batch *b)
{
    struct skep_load_options options = { .size = sizeof(options),
                                         .profile = SKEP_PROFILE_RFC,
                                         .engine = SKEP_ENGINE_INTERP };
    end_program(b);
    skep_program *interp = program_from_text(e->env, "xdp", b->text, &options);
    options.engine = SKEP_ENGINE_JIT;
    skep_program *jit = program_from_text(e->env, "xdp", b->text, &options);
    options.opt_off = "all";
    skep_program *plain = program_from_text(e->env, "xdp", b->text, &options);
    compare(e, b, interp, jit, "all passes");
    compare(e, b, interp, plain, "no pass");
    skep_program_free(interp);
    skep_program_free(jit);
    skep_program_free(plain);
    e->programs++;
    begin_program(b);
}

/* ---- steps */

/* A batch whose pointer is in none of the two, each of them in turn. */
static struct batch *batch_without(struct engines *e, unsigned dst, unsigned src)
{
    unsigned p = e->steps % REGISTERS;
    while (p == dst || p == src)
        p = (p + 1) % REGISTERS;
    return &e->batches[p];
}

/* Behind a step: its result is seen, and the register holds something else. */
static void end_step(struct engines *e, struct batch *b, unsigned dst)
{
    put(b, "*(u64 *)(r%u + %u) = r%u\n", b->pointer, RESULTS_AT + 8 * b->n, dst);
    if (b->kind == CHANGED)
        put(b, "r%u += %d\n", dst, (int)(random_u64() % 1000000));
    else
        put_load(b, dst);
    e->steps++;
    if (++b->n == BATCH)
        finish_program(e, b);
}

static const char *const operations[] = { "+=", "-=", "*=",  "/=",  "%=",   "|=",  "&=",
                                          "^=", "=",  "<<=", ">>=", "s>>=", "s/=", "s%=" };
static const char *const shifts[] = { "<<=", ">>=", "s>>=" };
static const char *const conditions[] = { "==", "!=", ">",   ">=",  "<", "<=",
                                          "s>", "s<", "s>=", "s<=", "&" };
static const char *const sizes[] = { "8", "16", "32", "64" };
/* Imm8 and imm32 of x86; imm12, shifted imm12, bit masks and what takes two moves of A64. */
static const int32_t immediates[] = {
    0,        1,         -1,     2,       3,          7,         8,          127,
    128,      -128,      -129,   255,     256,        0xfff,     0x1000,     0x1001,
    0xfff000, 0x1000000, 0xffff, 0x10000, 0x7fff0000, 0x5555555, 0x33333333, 0x12345678,
    -4095,    -4096,     -4097,  -65536,  INT32_MAX,  INT32_MIN, -2,         INT32_MIN + 1
};
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void pairs(struct engines *e, unsigned dst, unsigned src)
{
    for (size_t i = 0; i < 2 * COUNT(operations); i++) {
        struct batch *b = batch_without(e, dst, src);
        char r = i & 1 ? 'r' : 'w';
        put(b, "%c%u %s %c%u\n", r, dst, operations[i / 2], r, src);
        end_step(e, b, dst);
    }
    for (size_t i = 0; i < 5; i++) {
        struct batch *b = batch_without(e, dst, src);
        char r = i < 3 ? 'r' : 'w';
        put(b, "%c%u = (s%s)%c%u\n", r, dst, sizes[i % 3], r, src);
        end_step(e, b, dst);
    }
    for (size_t i = 0; i < 2 * COUNT(conditions); i++) {
        struct batch *b = batch_without(e, dst, src);
        char r = i & 1 ? 'r' : 'w';
        put(b, "if %c%u %s %c%u goto l%u\nr%u ^= -1\nl%u:\n", r, dst, conditions[i / 2], r, src,
            b->labels, dst, b->labels);
        b->labels++;
        end_step(e, b, dst);
    }
}

static void one_register(struct engines *e, unsigned dst)
{
    static const char *const changes[] = { "w%u = -w%u",        "r%u = -r%u",
                                           "r%u = be16 r%u",    "r%u = be32 r%u",
                                           "r%u = be64 r%u",    "r%u = le16 r%u",
                                           "r%u = le32 r%u",    "r%u = bswap16 r%u",
                                           "r%u = bswap32 r%u", "r%u = bswap64 r%u" };
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct batch *b = batch_without(e, dst, dst);
        char line[32];
        snprintf(line, sizeof(line), changes[i], dst, dst);
        put(b, "%s\n", line);
        end_step(e, b, dst);
    }
    for (unsigned amount = 0; amount < 64; amount++)
        for (size_t i = 0; i < (amount < 32 ? 2 : 1) * COUNT(shifts); i++) {
            struct batch *b = batch_without(e, dst, dst);
            put(b, "%c%u %s %u\n", i < COUNT(shifts) ? 'r' : 'w', dst, shifts[i % COUNT(shifts)],
                amount);
            end_step(e, b, dst);
        }
}

static void with_immediate(struct engines *e, unsigned dst, int32_t imm)
{
    for (size_t i = 0; i < 2 * COUNT(operations); i++) {
        char r = i & 1 ? 'r' : 'w';
        const char *operation = operations[i / 2];
        bool shifts_by = strstr(operation, "<<") || strstr(operation, ">>");
        if (shifts_by || (imm == 0 && (strchr(operation, '/') || strchr(operation, '%'))))
            continue;
        struct batch *b = batch_without(e, dst, dst);
        put(b, "%c%u %s %d\n", r, dst, operation, imm);
        end_step(e, b, dst);
    }
    for (size_t i = 0; i < 2 * COUNT(conditions); i++) {
        struct batch *b = batch_without(e, dst, dst);
        put(b, "if %c%u %s %d goto l%u\nr%u ^= -1\nl%u:\n", i & 1 ? 'r' : 'w', dst,
            conditions[i / 2], imm, b->labels, dst, b->labels);
        b->labels++;
        end_step(e, b, dst);
    }
}

/* At offsets that are short, long, and no multiple of what arm64 scales by. */
static void memory(struct engines *e, unsigned dst, unsigned pointer)
{
    static const unsigned offsets[] = { 0, 8, 120, 248, 256, 264, 504, 640 };
    struct batch *b = &e->batches[pointer];
    for (size_t o = 0; o < COUNT(offsets) && dst != pointer; o++)
        for (unsigned size = 0; size < 4; size++) {
            unsigned off = offsets[o] + (unsigned)(random_u64() % 8 >> size << size);
            put(b, "r%u = *(u%s *)(r%u + %u)\n", dst, sizes[size], pointer, off);
            end_step(e, b, dst);
            if (size < 3) {
                put(b, "r%u = *(s%s *)(r%u + %u)\n", dst, sizes[size], pointer, off);
                end_step(e, b, dst);
            }
            off = RESULTS_AT + 8 * BATCH + off % 256 / 8 * 8 + off % 8;
            put(b, "*(u%s *)(r%u + %u) = r%u\n", sizes[size], pointer, off, dst);
            end_step(e, b, dst);
            put(b, "*(u%s *)(r%u + %u) = %d\n", sizes[size], pointer, off,
                immediates[random_u64() % COUNT(immediates)]);
            end_step(e, b, dst);
        }
}

TEST(registers_amounts_and_immediates_of_all_classes)
{
    static struct engines e;
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = 1 };
    if (!*skep_jit_name())
        skip();
    assert_int_equal(skep_env_new(&options, &e.env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(e.env, NULL, &e.thread), SKEP_OK);
    assert_int_equal(skep_packet_new(e.env, PACKET_BYTES, &e.packet), SKEP_OK);
    for (unsigned p = 0; p < REGISTERS; p++) {
        e.batches[p].pointer = p;
        begin_program(&e.batches[p]);
    }
    for (unsigned dst = 0; dst < REGISTERS; dst++) {
        one_register(&e, dst);
        for (unsigned other = 0; other < REGISTERS; other++) {
            pairs(&e, dst, other);
            memory(&e, dst, other);
        }
        for (size_t i = 0; i < COUNT(immediates); i++)
            with_immediate(&e, dst, immediates[i]);
    }
    for (unsigned p = 0; p < REGISTERS; p++)
        finish_program(&e, &e.batches[p]);
    print_message("%u steps in %u programs\n", e.steps, e.programs);
    skep_packet_free(e.packet);
    skep_thread_free(e.thread);
    skep_env_free(e.env);
}

int main(void)
{
    const struct CMUnitTest tests[] = { UNIT(registers_amounts_and_immediates_of_all_classes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
