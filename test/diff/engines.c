/* Random programs that are valid by construction, on every engine: what a program returns, what it
 * leaves in its packet and in its maps, and the fuel that it used, must agree.  Programs that the
 * Linux kernel's verifier accepts run in the kernel too (BPF_PROG_TEST_RUN).
 *
 * A program of the generator is a list of statements over scalars in r0 to r5, a packet of which a
 * prefix is checked (r7), a map value (r8), the stack, and loops whose counter is r9.
 *
 * Usage: diff_engines [programs [seed]].  The seed is printed; a failure prints the program. */
#include "opt/opt.h"
#include "support/programs.h"

#include <stdio.h>
#include <time.h>

#ifdef HAVE_LIBBPF
#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>
#endif

enum {
    PROGRAMS = 5000, /* `make test` runs them twice, with sanitizers and without */
    PACKET_BYTES = 64,
    CHECKED_BYTES = 32, /* of the packet */
    VALUE_BYTES = 64,
    STACK_BYTES = 64,
    HASH_KEYS = 8,
    TEXT_BYTES = 1 << 15,
    N_SCALARS = 6
};

static uint64_t random_state;
static unsigned pick(unsigned below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % below);
}

/* ---- the generator */

struct generator {
    char text[TEXT_BYTES];
    size_t length;
    unsigned labels, functions, callbacks;
    bool in_loop;     /* r9 is taken */
    bool long_loop;   /* it goes round often */
    bool kernel_runs; /* nothing in it that a kernel refuses or answers in another way */
};

static void emit(struct generator *g, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void emit(struct generator *g, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g->length += (size_t)vsnprintf(g->text + g->length, TEXT_BYTES - g->length, format, args);
    va_end(args);
    assert_true(g->length < TEXT_BYTES);
}

static unsigned scalar(void) { return pick(N_SCALARS); }

static long immediate(void)
{
    static const long interesting[] = {
        0, 1, -1, 2, 7, 8, 31, 32, 63, 64, 255, 256, 65535, INT32_MAX, INT32_MIN, -128,
    };
    unsigned n = sizeof(interesting) / sizeof(interesting[0]);
    return pick(3) ? interesting[pick(n)] : (long)pick(100000) - 50000;
}

static const char *const sizes[] = { "u8", "u16", "u32", "u64" };

/* A place of `bytes` bytes, aligned, and how to name it. */
struct place {
    unsigned base;
    int offset;
};
static struct place place(unsigned bytes)
{
    switch (pick(3)) {
    case 0: return (struct place){ 10, -STACK_BYTES + (int)(bytes * pick(STACK_BYTES / bytes)) };
    case 1: return (struct place){ 7, (int)(bytes * pick(CHECKED_BYTES / bytes)) };
    default: return (struct place){ 8, (int)(bytes * pick(VALUE_BYTES / bytes)) };
    }
}

static void alu(struct generator *g)
{
    static const char *const ops[] = {
        "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "s/=", "s%="
    };
    static const char *const shifts[] = { "<<=", ">>=", "s>>=" };
    bool wide = pick(2);
    char r = wide ? 'r' : 'w';
    unsigned dst = scalar();
    switch (pick(8)) {
    case 0: emit(g, "%c%u = %ld\n", r, dst, immediate()); break;
    case 1: emit(g, "%c%u = %c%u\n", r, dst, r, scalar()); break;
    case 2: emit(g, "%c%u %s %u\n", r, dst, shifts[pick(3)], pick(wide ? 64 : 32)); break;
    case 3: emit(g, "%c%u %s %c%u\n", r, dst, shifts[pick(3)], r, scalar()); break;
    case 4: emit(g, "%c%u %s %c%u\n", r, dst, ops[pick(10)], r, scalar()); break;
    case 5: {
        long imm = immediate();
        emit(g, "%c%u %s %ld\n", r, dst, ops[pick(10)], imm ? imm : 3);
        break;
    }
    case 6: emit(g, pick(2) ? "%c%u = -%c%u\n" : "%c%u = (s8)%c%u\n", r, dst, r, dst); break;
    default: emit(g, "r%u = %s%u r%u\n", dst, pick(2) ? "be" : "bswap", 16u << pick(3), dst); break;
    }
}

static void load(struct generator *g)
{
    unsigned size = pick(4);
    struct place at = place(1u << size);
    bool sign = size < 3 && pick(4) == 0;
    emit(g, "r%u = *(%s%s *)(r%u %+d)\n", scalar(), sign ? "s" : "u", sizes[size] + 1, at.base,
         at.offset);
}

static void store(struct generator *g)
{
    unsigned size = pick(4);
    struct place at = place(1u << size);
    if (pick(2))
        emit(g, "*(%s *)(r%u %+d) = r%u\n", sizes[size], at.base, at.offset, scalar());
    else
        emit(g, "*(%s *)(r%u %+d) = %ld\n", sizes[size], at.base, at.offset, immediate());
}

/* Packets are no place for them in the kernel. */
static void atomic(struct generator *g)
{
    static const char *const ops[] = { "+=", "|=", "&=", "^=" };
    static const char *const fetches[] = { "add", "or", "and", "xor" };
    unsigned size = 2 + pick(2), bytes = 1u << size, src = scalar(), dst = pick(2) ? 10 : 8;
    int offset = dst == 10 ? -STACK_BYTES + (int)(bytes * pick(STACK_BYTES / bytes))
                           : (int)(bytes * pick(VALUE_BYTES / bytes));
    char r = size == 3 ? 'r' : 'w';
    const char *suffix = size == 3 ? "_64" : "32_32";
    switch (pick(4)) {
    case 0:
        emit(g, "lock *(%s *)(r%u %+d) %s %c%u\n", sizes[size], dst, offset, ops[pick(4)], r, src);
        break;
    case 1:
        emit(g, "%c%u = atomic_fetch_%s((%s *)(r%u %+d), %c%u)\n", r, src, fetches[pick(4)],
             sizes[size], dst, offset, r, src);
        break;
    case 2: emit(g, "%c%u = xchg%s(r%u %+d, %c%u)\n", r, src, suffix, dst, offset, r, src); break;
    default:
        emit(g, "%c0 = cmpxchg%s(r%u %+d, %c0, %c%u)\n", r, suffix, dst, offset, r, r, src);
        break;
    }
}

/* An index that is kept inside by a mask. */
static void indexed(struct generator *g)
{
    unsigned by = scalar(), through = (by + 1 + pick(N_SCALARS - 1)) % N_SCALARS;
    unsigned size = pick(4), value = scalar();
    emit(g, "r%u &= %u\nr%u = r8\nr%u += r%u\n", by, (VALUE_BYTES / 2 - 1) & ~((1u << size) - 1),
         through, through, by);
    if (pick(2) && value != through)
        emit(g, "*(%s *)(r%u %+d) = r%u\n", sizes[size], through, (int)(8 * pick(4)), value);
    else
        emit(g, "r%u = *(%s *)(r%u %+d)\n", value, sizes[size], through, (int)(8 * pick(4)));
    emit(g, "r%u = %ld\n", through, immediate()); /* a number again */
}

/* After a call: r0 is what came back, the others are made anew. */
static void after_call(struct generator *g)
{
    for (unsigned r = 1; r < N_SCALARS; r++)
        emit(g, "r%u = %ld\n", r, immediate());
}

static void hash_key(struct generator *g)
{
    emit(g, "*(u32 *)(r10 - 72) = %u\nr1 = map[idx:1]\nr2 = r10\nr2 += -72\n", pick(HASH_KEYS));
}

static void call_map(struct generator *g)
{
    unsigned label = g->labels++;
    hash_key(g);
    switch (pick(4)) {
    case 0:
        emit(g, "call 1\nif r0 == 0 goto l%u\nr0 = *(u64 *)(r0 + 0)\nl%u:\n", label, label);
        break;
    case 1:
        emit(g, "call 1\nif r0 == 0 goto l%u\nr1 = %ld\n", label, immediate());
        emit(g, "r1 = atomic_fetch_add((u64 *)(r0 + 0), r1)\nr0 = 1\nl%u:\n", label);
        break;
    case 2:
        emit(g, "r3 = r10\nr3 += %d\nr4 = %u\ncall 2\n", -8 * (int)(1 + pick(STACK_BYTES / 8)),
             pick(3));
        break;
    default: emit(g, "call 3\n"); break;
    }
    after_call(g);
}

static void call_packet(struct generator *g)
{
    unsigned bytes = 1 + pick(16);
    switch (pick(3)) {
    case 0: /* xdp_load_bytes to, xdp_store_bytes from the stack; inside or not */
    case 1:
        emit(g, "r1 = r6\nr2 = %u\nr3 = r10\nr3 += %d\nr4 = %u\ncall %u\n", pick(PACKET_BYTES + 8),
             -16 * (int)(1 + pick(STACK_BYTES / 16)), bytes, 189 + pick(2));
        break;
    default:
        emit(g, "r1 = 0\nr2 = 0\nr3 = r10\nr3 += -64\nr4 = %u\nr5 = %ld\ncall 28\n",
             4 * (1 + pick(16)), immediate());
        g->kernel_runs = false; /* whose result is folded in newer kernels only */
        break;
    }
    after_call(g);
}

/* Packet pointers into r7 again; r0 to r5 are numbers afterwards. */
static void fetch_packet(struct generator *g)
{
    emit(g, "r7 = *(u32 *)(r6 + 0)\nr2 = *(u32 *)(r6 + 4)\nr1 = r7\nr1 += %d\n", CHECKED_BYTES);
    emit(g, "r0 = 2\nif r1 > r2 goto out\n");
    after_call(g);
}

/* A packet that grows at its head has bytes that the kernel leaves as they were before. */
static void move_packet(struct generator *g)
{
    bool head = pick(2);
    int delta = (int)pick(33) - 16;
    emit(g, "r1 = r6\nr2 = %d\ncall %u\n*(u64 *)(r10 - 80) = r0\n", delta, head ? 44 : 65);
    if ((head && delta < 0) || g->long_loop) /* the kernel has other room for packets that grow */
        g->kernel_runs = false;
    fetch_packet(g);
    emit(g, "r0 = *(u64 *)(r10 - 80)\n");
}

static void call_function(struct generator *g)
{
    if (g->functions == 0)
        return;
    emit(g, "r1 = r%u\nr2 = %ld\ncall f%u\n", scalar(), immediate(), pick(g->functions));
    after_call(g);
}

/* bpf_loop; the kernel asks for BTF of callbacks. */
static void call_loop(struct generator *g)
{
    if (g->callbacks == 0)
        return;
    emit(g, "r1 = %u\nr2 = code[c%u]\nr3 = r10\nr3 += -64\nr4 = 0\ncall 181\n", pick(6),
         pick(g->callbacks));
    g->kernel_runs = false;
    after_call(g);
}

static void walk(struct generator *g)
{
    emit(g, "r1 = map[idx:1]\nr2 = code[walker]\nr3 = r10\nr3 += -64\nr4 = 0\ncall 164\n");
    g->kernel_runs = false;
    after_call(g);
}

static void statement(struct generator *g, unsigned depth);

static void branch(struct generator *g, unsigned depth)
{
    static const char *const conditions[] = { "==", "!=", ">",   ">=",  "<", "<=",
                                              "s>", "s<", "s>=", "s<=", "&" };
    unsigned label = g->labels++;
    char r = pick(2) ? 'r' : 'w';
    if (pick(2))
        emit(g, "if %c%u %s %ld goto l%u\n", r, scalar(), conditions[pick(11)], immediate(), label);
    else
        emit(g, "if %c%u %s %c%u goto l%u\n", r, scalar(), conditions[pick(11)], r, scalar(),
             label);
    for (unsigned i = pick(4); i > 0; i--)
        statement(g, depth + 1);
    emit(g, "l%u:\n", label);
}

static void loop(struct generator *g, unsigned depth)
{
    unsigned label = g->labels++;
    unsigned rounds = pick(4) ? 1 + pick(5) : 8 * (1 + pick(9)); /* many go several at a time */
    g->in_loop = true;
    g->long_loop = rounds > 5;
    emit(g, "r9 = %u\nl%u:\n", rounds, label);
    for (unsigned i = 1 + pick(4); i > 0; i--)
        statement(g, depth + 1);
    emit(g, "r9 += -1\nif r9 != 0 goto l%u\n", label);
    g->in_loop = g->long_loop = false;
}

static void statement(struct generator *g, unsigned depth)
{
    unsigned what = pick(100);
    if (what < 40)
        alu(g);
    else if (what < 52)
        load(g);
    else if (what < 64)
        store(g);
    else if (what < 70)
        atomic(g);
    else if (what < 75)
        indexed(g);
    else if (what < 80)
        call_map(g);
    else if (what < 83)
        call_packet(g);
    else if (what < 85)
        move_packet(g);
    else if (what < 88)
        call_function(g);
    else if (what < 89)
        call_loop(g);
    else if (what < 90)
        walk(g);
    else if (depth < 3 && what < 97)
        branch(g, depth);
    else if (depth < 2 && !g->in_loop)
        loop(g, depth);
}

static void function(struct generator *g, unsigned i)
{
    emit(g, "f%u:\nr0 = r1\nr3 = 1\nr4 = r2\nr5 = -9\n*(u64 *)(r10 - 8) = r1\n", i);
    for (unsigned n = pick(6); n > 0; n--)
        alu(g);
    if (i > 0 && pick(2))
        emit(g, "r1 = r0\nr2 = 3\ncall f%u\n", pick(i));
    emit(g, "r1 = *(u64 *)(r10 - 8)\nr0 ^= r1\nexit\n");
}

static void callback(struct generator *g, unsigned i)
{
    emit(g, "c%u:\nr3 = *(u64 *)(r2 + %u)\nr3 += r1\nr0 = r3\nr4 = r1\nr5 = 7\n", i, 8 * pick(8));
    emit(g, "*(u64 *)(r2 + %u) = r3\nr0 &= %u\nexit\n", 8 * pick(8), pick(2));
}

static void generate(struct generator *g)
{
    *g = (struct generator){ .kernel_runs = true };
    g->functions = pick(3);
    g->callbacks = 1 + pick(2);
    emit(g, "r6 = r1\n");
    for (int at = -88; at < 0; at += 8)
        emit(g, "*(u64 *)(r10 %+d) = %ld\n", at, immediate());
    emit(g, "*(u32 *)(r10 - 72) = 0\nr1 = map[idx:0]\nr2 = r10\nr2 += -72\ncall 1\n");
    emit(g, "if r0 != 0 goto found\nexit\nfound:\nr8 = r0\n");
    fetch_packet(g);
    emit(g, "r0 = %ld\n", immediate());
    for (unsigned n = 4 + pick(30); n > 0; n--)
        statement(g, 0);
    emit(g, "out:\nexit\n");
    bool calls_back = strstr(g->text, "code[c") != NULL, calls = strstr(g->text, "call f") != NULL;
    bool walks = strstr(g->text, "walker]") != NULL;
    for (unsigned i = 0; calls && i < g->functions; i++)
        function(g, i);
    for (unsigned i = 0; calls_back && i < g->callbacks; i++)
        callback(g, i);
    if (walks)
        emit(g, "walker:\nr0 = *(u32 *)(r2 + 0)\nr1 = *(u64 *)(r3 + 0)\nr1 += r0\n"
                "r2 = *(u64 *)(r4 + 8)\nr2 += r1\n*(u64 *)(r4 + 8) = r2\nr0 = 0\nexit\n");
}

/* ---- running */

struct outcome {
    skep_status status;
    uint64_t r0, fuel;
    uint32_t length;
    uint8_t packet[1024];
    uint8_t value[VALUE_BYTES];
    struct {
        bool there;
        uint64_t value;
    } hash[HASH_KEYS];
};

struct setting {
    skep_env *env;
    skep_thread *thread;
    skep_packet *packet;
    skep_map *maps[2];
    skep_object *object; /* what is being compared */
};

static const struct skep_map_spec specs[2] = {
    { .size = sizeof(specs[0]),
      .name = "array",
      .type = 2,
      .key_size = 4,
      .value_size = VALUE_BYTES,
      .max_entries = 1 },
    { .size = sizeof(specs[1]),
      .name = "hash",
      .type = 1,
      .key_size = 4,
      .value_size = 8,
      .max_entries = HASH_KEYS },
};

/* The same beginning for every engine. */
static void begin_bytes(uint8_t packet[PACKET_BYTES], uint8_t value[VALUE_BYTES])
{
    for (unsigned i = 0; i < PACKET_BYTES; i++)
        packet[i] = (uint8_t)(i * 37 + 11);
    for (unsigned i = 0; i < VALUE_BYTES; i++)
        value[i] = (uint8_t)(i * 91 + 5);
}

static void setting_open(struct setting *s)
{
    struct skep_env_options options = { .size = sizeof(options), .n_cpus = 1, .hash_seed = 7 };
    assert_int_equal(skep_env_new(&options, &s->env, NULL), SKEP_OK);
    assert_int_equal(skep_thread_new(s->env, NULL, &s->thread), SKEP_OK);
    assert_int_equal(skep_packet_new(s->env, PACKET_BYTES, &s->packet), SKEP_OK);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(skep_map_new(s->env, &specs[i], &s->maps[i], NULL), SKEP_OK);
}

static void setting_close(struct setting *s)
{
    for (unsigned i = 0; i < 2; i++)
        skep_map_unref(s->maps[i]);
    skep_packet_free(s->packet);
    skep_thread_free(s->thread);
    skep_env_free(s->env);
}

static void setting_reset(struct setting *s)
{
    uint8_t packet[PACKET_BYTES], value[VALUE_BYTES];
    begin_bytes(packet, value);
    assert_int_equal(skep_packet_set(s->packet, packet, PACKET_BYTES), SKEP_OK);
    assert_int_equal(skep_map_update(s->maps[0], &(uint32_t){ 0 }, value, 0), 0);
    for (uint32_t key = 0; key < HASH_KEYS; key++)
        skep_map_delete(s->maps[1], &key);
}

/* An engine, and how it is asked to work. */
struct way {
    enum skep_engine engine;
    bool unmetered, blind;
    const char *opt_off;
};

/* stop: so much fuel, which need not be enough; 0: plenty. */
static struct outcome run_program(struct setting *s, const skep_program *program, uint64_t stop)
{
    struct outcome o = { 0 };
    size_t length;
    setting_reset(s);
    skep_thread_set_fuel(s->thread, stop);
    o.status = skep_run(s->thread, program, s->packet, &o.r0);
    o.fuel = skep_thread_fuel_used(s->thread);
    skep_thread_set_fuel(s->thread, 0);
    const void *bytes = skep_packet_data(s->packet, &length);
    assert_true(length <= sizeof(o.packet));
    memcpy(o.packet, bytes, length);
    o.length = (uint32_t)length;
    skep_map_lookup(s->maps[0], &(uint32_t){ 0 }, o.value);
    for (uint32_t key = 0; key < HASH_KEYS; key++)
        o.hash[key].there = skep_map_lookup(s->maps[1], &key, &o.hash[key].value) == 0;
    return o;
}

/* NULL: the verifier refuses what is to be compiled. */
static skep_program *load_here(struct setting *s, const struct generator *g, struct way way)
{
    bool compiled = way.engine == SKEP_ENGINE_JIT;
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = way.engine,
                                         .profile = SKEP_PROFILE_RFC,
                                         .trusted = !compiled,
                                         .may_loop = compiled && !way.unmetered,
                                         .opt_off = way.opt_off,
                                         .blind = way.blind,
                                         .maps = s->maps,
                                         .n_maps = 2 };
    skep_error error = { 0 };
    skep_program *program = NULL;
    skep_status status = skep_program_load(s->object, NULL, &options, &program, &error);
    if (status != SKEP_OK && !(compiled && status == SKEP_REJECTED))
        fail_msg("%s\n%s", skep_error_id(&error), g->text);
    return program;
}

/* What differs, or NULL. */
static const char *difference(const struct outcome *a, const struct outcome *b)
{
    if (a->status != b->status)
        return "the status";
    if (a->r0 != b->r0)
        return "the result";
    if (a->fuel != b->fuel)
        return "the fuel";
    if (a->length != b->length || memcmp(a->packet, b->packet, a->length) != 0)
        return "the packet";
    if (memcmp(a->value, b->value, VALUE_BYTES) != 0)
        return "the array";
    for (unsigned i = 0; i < HASH_KEYS; i++)
        if (a->hash[i].there != b->hash[i].there || a->hash[i].value != b->hash[i].value)
            return "the hash table";
    return NULL;
}

/* ---- the kernel */

struct kernel {
    int maps[2]; /* -1: bpf(2) is refused */
    unsigned ran, refused;
};

#ifdef HAVE_LIBBPF

static void kernel_open(struct kernel *k)
{
    for (unsigned i = 0; i < 2; i++) {
        k->maps[i] =
            bpf_map_create((enum bpf_map_type)specs[i].type, "skep_diff", specs[i].key_size,
                           specs[i].value_size, specs[i].max_entries, NULL);
        if (k->maps[i] < 0) {
            printf("kernel: skipped, bpf(2) is refused here (%s)\n", strerror(errno));
            return;
        }
    }
}

static void kernel_close(const struct kernel *k)
{
    for (unsigned i = 0; i < 2; i++)
        if (k->maps[i] >= 0)
            close(k->maps[i]);
}

/* Maps by position become maps by descriptor. */
static int kernel_load(const struct kernel *k, const char *text)
{
    skep_insn *insns;
    size_t count;
    assert_int_equal(skep_assemble(text, &insns, &count, NULL), SKEP_OK);
    struct bpf_insn *theirs = (struct bpf_insn *)insns;
    _Static_assert(sizeof(skep_insn) == sizeof(*theirs), "both are 8 bytes");
    for (size_t i = 0; i < count; i++)
        if (theirs[i].code == 0x18) {
            if (theirs[i].src_reg == 5) {
                theirs[i].src_reg = BPF_PSEUDO_MAP_FD;
                theirs[i].imm = k->maps[theirs[i].imm];
            }
            i++;
        }
    int program = bpf_prog_load(BPF_PROG_TYPE_XDP, "skep_diff", "GPL", theirs, count, NULL);
    free(insns);
    return program;
}

static bool kernel_run(struct kernel *k, const char *text, struct outcome *o)
{
    uint8_t packet[PACKET_BYTES], value[VALUE_BYTES];
    *o = (struct outcome){ 0 };
    if (k->maps[1] < 0)
        return false;
    int program = kernel_load(k, text);
    if (program < 0) {
        k->refused++;
        return false;
    }
    begin_bytes(packet, value);
    bpf_map_update_elem(k->maps[0], &(uint32_t){ 0 }, value, 0);
    for (uint32_t key = 0; key < HASH_KEYS; key++)
        bpf_map_delete_elem(k->maps[1], &key);
    struct bpf_test_run_opts run = { .sz = sizeof run,
                                     .data_in = packet,
                                     .data_size_in = PACKET_BYTES,
                                     .data_out = o->packet,
                                     .data_size_out = sizeof(o->packet) };
    int error = bpf_prog_test_run_opts(program, &run);
    close(program);
    o->r0 = run.retval;
    o->length = run.data_size_out;
    bpf_map_lookup_elem(k->maps[0], &(uint32_t){ 0 }, o->value);
    for (uint32_t key = 0; key < HASH_KEYS; key++)
        o->hash[key].there = bpf_map_lookup_elem(k->maps[1], &key, &o->hash[key].value) == 0;
    k->ran += error == 0;
    return error == 0;
}

#else
static void kernel_open(struct kernel *k)
{
    (void)k;
    printf("kernel: skipped, libbpf's headers were not there when this was built\n");
}
static void kernel_close(const struct kernel *k) { (void)k; }
static bool kernel_run(struct kernel *k, const char *text, struct outcome *o)
{
    (void)k, (void)text, (void)o;
    return false;
}
#endif

/* ---- comparing */

static unsigned programs = PROGRAMS;
static uint64_t seed;

static void disagree(const char *what, const char *who, const struct generator *g,
                     const struct outcome *a, const struct outcome *b)
{
    printf("%s\n", g->text);
    fail_msg("%s: %s differs: status %s and %s, r0 %llx and %llx, fuel %llu and %llu; seed %llu",
             who, what, skep_status_name(a->status), skep_status_name(b->status),
             (unsigned long long)a->r0, (unsigned long long)b->r0, (unsigned long long)a->fuel,
             (unsigned long long)b->fuel, (unsigned long long)seed);
}

static void compare_kernel(struct kernel *k, const struct generator *g, const struct outcome *here)
{
    struct outcome ours = *here, theirs;
    if (!g->kernel_runs || !kernel_run(k, g->text, &theirs))
        return;
    ours.r0 = (uint32_t)ours.r0;
    theirs.fuel = ours.fuel;
    const char *what = difference(&ours, &theirs);
    if (what)
        disagree(what, "interp and the kernel", g, &ours, &theirs);
}

/* Wherever fuel ends, compiled programs leave behind what the interpreter does. */
static unsigned compare_stops(struct setting *s, const struct generator *g,
                              const skep_program *interp, const skep_program *jit, uint64_t whole)
{
    enum { STOPS = 3 };
    unsigned ran = 0;
    for (; ran < STOPS && whole > 1; ran++) {
        uint64_t stop = 1 + pick((unsigned)whole - 1);
        struct outcome expected = run_program(s, interp, stop), got = run_program(s, jit, stop);
        const char *what = difference(&expected, &got);
        if (what)
            disagree(what, "interp and jit, stopped early,", g, &expected, &got);
    }
    return ran;
}

/* The compiler with fuel, without it, and without its passes, in turn with one pass missing. */
static unsigned compare_compiled(struct setting *s, const struct generator *g,
                                 const skep_program *interp, const struct outcome *result,
                                 unsigned turn)
{
#define NAME(name, ...) #name,
    static const char *const passes[] = { OPT_PASSES(NAME) };
#undef NAME
    const struct way ways[] = {
        { SKEP_ENGINE_JIT, .unmetered = false },
        { SKEP_ENGINE_JIT, .unmetered = true },
        { SKEP_ENGINE_JIT, .blind = true },
        { SKEP_ENGINE_JIT, .opt_off = "all" },
        { SKEP_ENGINE_JIT, .unmetered = true, .opt_off = passes[turn % OPT_PASS_COUNT] },
    };
    unsigned ran = 0;
    for (unsigned w = 0; *skep_jit_name() && w < sizeof(ways) / sizeof(ways[0]); w++) {
        skep_program *program = load_here(s, g, ways[w]);
        if (!program)
            continue;
        struct outcome expected = *result, jit = run_program(s, program, 0);
        if (ways[w].unmetered)
            expected.fuel = jit.fuel;
        const char *what = difference(&expected, &jit);
        char who[64];
        snprintf(who, sizeof(who), "interp and jit%s%s%s",
                 ways[w].unmetered ? " unmetered"
                 : ways[w].blind   ? " blinded"
                                   : "",
                 ways[w].opt_off ? " without " : "", ways[w].opt_off ? ways[w].opt_off : "");
        if (what)
            disagree(what, who, g, &expected, &jit);
        ran++;
        if (w == 0)
            ran += compare_stops(s, g, interp, program, result->fuel);
        skep_program_free(program);
    }
    return ran;
}

/* What the checked engine finds nothing wrong with. */
static void compare_checked(struct setting *s, const struct generator *g,
                            const struct outcome *interp)
{
    skep_program *program = load_here(s, g, (struct way){ .engine = SKEP_ENGINE_CHECKED });
    struct outcome checked = run_program(s, program, 0);
    const char *what = difference(interp, &checked);
    if (checked.status != SKEP_OK) {
        const struct skep_fault *fault = skep_thread_fault(s->thread);
        char why[256] = "";
        if (fault)
            skep_error_text(&fault->error, why, sizeof(why));
        printf("checked: %s at slot %u\n", why, fault ? fault->insn : 0);
        what = "what is valid";
    }
    if (what)
        disagree(what, "interp and checked", g, interp, &checked);
    skep_program_free(program);
}

/* How many compiled programs ran. */
static unsigned compare(struct setting *s, struct kernel *k, const struct generator *g,
                        unsigned turn)
{
    s->object = object_from_text(s->env, "xdp", g->text);
    skep_program *program = load_here(s, g, (struct way){ .engine = SKEP_ENGINE_INTERP });
    struct outcome interp = run_program(s, program, 0);
    compare_checked(s, g, &interp);
    unsigned compiled = compare_compiled(s, g, program, &interp, turn);
    compare_kernel(k, g, &interp);
    skep_program_free(program);
    skep_object_close(s->object);
    return compiled;
}

TEST(engines_agree_on_valid_programs)
{
    unsigned compiled = 0;
    static struct generator g;
    struct setting s;
    struct kernel k = { .maps = { -1, -1 } };
    random_state = seed;
    setting_open(&s);
    kernel_open(&k);
    for (unsigned i = 0; i < programs; i++) {
        generate(&g);
        compiled += compare(&s, &k, &g, i);
    }
    printf("%u programs, %u runs of compiled ones, %u of them in the kernel (%u refused), seed "
           "%llu\n",
           programs, compiled, k.ran, k.refused, (unsigned long long)seed);
    if (*skep_jit_name() && programs >= PROGRAMS)
        assert_true(compiled > 3 * programs); /* the generator stays within what is proved */
    if (k.maps[1] >= 0 && programs >= PROGRAMS)
        assert_true(k.ran > programs / 4); /* the generator stays within what Linux accepts */
    kernel_close(&k);
    setting_close(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { UNIT(engines_agree_on_valid_programs) };
    programs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : PROGRAMS;
    seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
