/* The rows of the instruction table that need something of a platform: loads from packets, maps,
 * helpers, call-backs.  Each in many small programs on both engines, and in the kernel where it
 * takes them; what is right is worked out here, from the operands and the bytes alone. */
#include <skep/skep.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBBPF
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <unistd.h>
#endif

#define PLATFORM_TUPLES 128u
_Static_assert(PLATFORM_TUPLES >= 64, "as many as the other rows have at least");
#define PLATFORM_FRAME 64u
#define PLATFORM_ETHERNET 14u /* what the kernel takes off a socket filter's packet */
#define PLATFORM_VALUE 32u    /* bytes of a map's value */
#define PLATFORM_ENTRIES 2u   /* of map 0; map 1 has one */
#define PLATFORM_SHOWN 5u

enum { PLATFORM_MAP, PLATFORM_VALUE_MAP, PLATFORM_MAPS };

struct platform {
    skep_env *env;
    skep_thread *thread;
    skep_packet *packet;
    const struct skep_hook *hook;
    skep_map *maps[PLATFORM_MAPS];
    int kernel_maps[PLATFORM_MAPS];
    bool has_kernel;
    uint8_t frame[PLATFORM_ETHERNET + PLATFORM_FRAME]; /* for the kernel; Skep's begins later */
    unsigned wrong;
};

struct tuple {
    uint32_t size;         /* bytes of an access: 1, 2, 4 */
    uint32_t at;           /* where the access goes; not always inside */
    uint32_t base;         /* a part of at */
    uint64_t addend;       /* kept in r8 across the instruction */
    unsigned dst, src;     /* registers */
    const uint8_t *packet; /* as the program sees it */
    const uint8_t *values; /* of the entries of a map, one after the other */
};

static uint64_t platform_mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* ---- rows: the program of a tuple as text, and its result */

static const char *platform_type(uint32_t size)
{
    return size == 1 ? "u8" : size == 2 ? "u16" : "u32";
}

static uint64_t platform_network(const uint8_t *bytes, uint32_t size)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint64_t platform_little(const uint8_t *bytes, uint32_t size)
{
    uint64_t value = 0;
    for (uint32_t i = size; i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

static bool platform_inside(const struct tuple *t, uint32_t limit)
{
    return t->at < limit && t->size <= limit - t->at;
}

/* Outside of the packet the program ends there, with 0. */
static uint64_t platform_packet_load(const struct tuple *t)
{
    return platform_inside(t, PLATFORM_FRAME)
               ? platform_network(t->packet + t->at, t->size) + t->addend
               : 0;
}

static uint64_t ld_abs(const struct tuple *t, char *text, size_t room)
{
    snprintf(text, room, "r6 = r1 ; r8 = %" PRIu64 " ; r0 = *(%s *)skb[%u] ; r0 += r8 ; exit",
             t->addend, platform_type(t->size), t->at);
    return platform_packet_load(t);
}

static uint64_t ld_ind(const struct tuple *t, char *text, size_t room)
{
    snprintf(text, room,
             "r6 = r1 ; r8 = %" PRIu64 " ; r%u = %u ; r0 = *(%s *)skb[r%u + %d] ; r0 += r8 ; exit",
             t->addend, t->src, t->base, platform_type(t->size), t->src,
             (int32_t)(t->at - t->base));
    return platform_packet_load(t);
}

/* bpf_skb_load_bytes, which is given four arguments and leaves r6 to r9 alone. */
static uint64_t call_helper(const struct tuple *t, char *text, size_t room)
{
    snprintf(text, room,
             "r8 = %" PRIu64
             " ; r%u = r10 ; *(u64 *)(r10 - 8) = 0 ; r2 = %u ; r3 = r10 ; r3 += -8 ;"
             "r4 = %u ; call 26 ; r1 = *(u64 *)(r10 - 8) ; r0 ^= r1 ; r0 += r8 ; exit",
             t->addend, t->dst, t->at, t->size);
    return platform_inside(t, PLATFORM_FRAME)
               ? platform_little(t->packet + t->at, t->size) + t->addend
               : (uint64_t)-14 + t->addend; /* EFAULT */
}

static uint64_t lddw_map(const struct tuple *t, char *text, size_t room)
{
    uint32_t key = t->base % 4, at = t->at % (PLATFORM_VALUE - 3);
    snprintf(text, room,
             "*(u32 *)(r10 - 4) = %u ; r%u = map[idx:0] ; r1 = r%u ; r2 = r10 ; r2 += -4 ; call 1 ;"
             "if r0 == 0 goto end ; r0 = *(%s *)(r0 + %u) ; end: exit",
             key, t->dst, t->dst, platform_type(t->size), at);
    return key < PLATFORM_ENTRIES ? platform_little(t->values + key * PLATFORM_VALUE + at, t->size)
                                  : 0;
}

static uint64_t lddw_value(const struct tuple *t, char *text, size_t room)
{
    uint32_t to = t->at % PLATFORM_VALUE, at = t->base % (PLATFORM_VALUE - 3);
    snprintf(text, room, "r%u = map[idx:1][0] + %u ; r0 = *(%s *)(r%u + %d) ; exit", t->dst, to,
             platform_type(t->size), t->dst, (int32_t)(at - to));
    return platform_little(t->values + at, t->size);
}

/* bpf_loop: the sum of i + addend.  The kernel wants BTF for call-backs, so it refuses. */
static uint64_t lddw_code(const struct tuple *t, char *text, size_t room)
{
    uint64_t n = t->base % 20;
    snprintf(text, room,
             "*(u64 *)(r10 - 8) = 0 ; r%u = code[f] ; r2 = r%u ; r1 = %" PRIu64 " ; r3 = r10 ;"
             "r3 += -8 ; r4 = 0 ; call 181 ; r0 = *(u64 *)(r10 - 8) ; exit ;"
             "f: r3 = *(u64 *)(r2 + 0) ; r3 += r1 ; r3 += %" PRIu64 " ; *(u64 *)(r2 + 0) = r3 ;"
             "r0 = 0 ; exit",
             t->dst, t->dst, n, t->addend);
    return n * t->addend + n * (n - 1) / 2;
}

struct row {
    const char *name;
    uint32_t size; /* 0: any */
    uint64_t (*make)(const struct tuple *t, char *text, size_t room);
};

/* clang-format off */
static const struct row rows[] = {
    { "LD_ABS_B",       1, ld_abs },
    { "LD_ABS_H",       2, ld_abs },
    { "LD_ABS_W",       4, ld_abs },
    { "LD_IND_B",       1, ld_ind },
    { "LD_IND_H",       2, ld_ind },
    { "LD_IND_W",       4, ld_ind },
    { "CALL_HELPER",    0, call_helper },
    { "LDDW_MAP_IDX",   0, lddw_map },
    { "LDDW_VALUE_IDX", 0, lddw_value },
    { "LDDW_CODE",      0, lddw_code },
};
/* clang-format on */

/* Half of the accesses are near the ends, some of them outside. */
static struct tuple tuple_at(const struct platform *p, const struct row *row, uint32_t i)
{
    static const uint32_t edges[] = { 0, 1, 59, 60, 61, 62, 63, 64, 65, 1000, 0x7fff, 0xffff };
    static const uint8_t sources[] = { 0, 2, 5, 7, 9 }, targets[] = { 3, 5, 7, 9 };
    uint64_t h = platform_mix((uint64_t)(row - rows) * 1000003 + i + 1);
    struct tuple t = { .size = row->size ? row->size : 1u << h % 3 };
    t.at = i % 2 ? edges[h / 8 % (sizeof edges / sizeof *edges)] : h / 8 % PLATFORM_FRAME;
    t.base = h >> 16 & 127;
    t.addend = h >> 40 & 0xffff;
    t.src = sources[h / 128 % sizeof sources];
    t.dst = targets[h / 128 % sizeof targets];
    t.packet = p->frame + PLATFORM_ETHERNET;
    t.values = p->frame;
    return t;
}

/* ---- engines */

static bool run_skep(struct platform *p, enum skep_engine engine, const skep_insn *insns,
                     size_t count, uint64_t *r0, char *why, size_t room)
{
    const struct skep_load_options options = {
        .size = sizeof options,
        .engine = engine,
        .trusted = engine != SKEP_ENGINE_JIT,
        .maps = p->maps,
        .n_maps = PLATFORM_MAPS,
    };
    skep_error error = { 0 };
    skep_object *object = NULL;
    skep_program *program = NULL;
    skep_status status =
        skep_object_from_insns(p->env, "platform", insns, count, p->hook, &object, &error);
    if (!status)
        status = skep_program_load(object, NULL, &options, &program, &error);
    if (status)
        skep_error_text(&error, why, room);
    if (!status)
        status = skep_packet_set(p->packet, p->frame + PLATFORM_ETHERNET, PLATFORM_FRAME);
    if (!status)
        status = skep_run(p->thread, program, p->packet, r0);
    skep_program_free(program);
    skep_object_close(object);
    return status == SKEP_OK;
}

#ifdef HAVE_LIBBPF
/* r0 has 32 bits then. */
static bool run_kernel(struct platform *p, const skep_insn *insns, size_t count, uint64_t *r0)
{
    struct bpf_prog_load_opts options = { .sz = sizeof options, .fd_array = p->kernel_maps };
    int program = bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "platform", "GPL",
                                (const struct bpf_insn *)(const void *)insns, count, &options);
    if (program < 0)
        return false;
    struct bpf_test_run_opts run = { .sz = sizeof run,
                                     .data_in = p->frame,
                                     .data_size_in = sizeof p->frame };
    bool ran = !bpf_prog_test_run_opts(program, &run);
    close(program);
    *r0 = run.retval;
    return ran;
}

static bool open_kernel(struct platform *p)
{
    for (uint32_t m = 0; m < PLATFORM_MAPS; m++) {
        uint32_t entries = m == PLATFORM_MAP ? PLATFORM_ENTRIES : 1;
        int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "platform", 4, PLATFORM_VALUE, entries, NULL);
        p->kernel_maps[m] = map;
        for (uint32_t i = 0; map >= 0 && i < entries; i++)
            if (bpf_map_update_elem(map, &i, p->frame + i * PLATFORM_VALUE, BPF_ANY))
                return false;
        if (map < 0)
            return false;
    }
    return true;
}
#else
static bool run_kernel(struct platform *p, const skep_insn *insns, size_t count, uint64_t *r0)
{
    (void)p, (void)insns, (void)count, (void)r0;
    return false;
}

static bool open_kernel(struct platform *p)
{
    (void)p;
    return false;
}
#endif

/* ---- the check */

struct counts {
    unsigned vectors, interp, checked, jit, kernel;
};

static void platform_wrong(struct platform *p, const struct row *row, const char *engine,
                           const char *text, uint64_t got, uint64_t expected, const char *why)
{
    if (p->wrong++ < PLATFORM_SHOWN)
        printf("%s: %s: r0 = 0x%" PRIx64 ", expected 0x%" PRIx64 " %s\n  %s\n", row->name, engine,
               got, expected, why, text);
}

static void check_tuple(struct platform *p, const struct row *row, uint32_t i,
                        struct counts *counts)
{
    static const enum skep_engine engines[] = { SKEP_ENGINE_INTERP, SKEP_ENGINE_CHECKED,
                                                SKEP_ENGINE_JIT };
    static const char *const names[] = { "interp", "checked", "jit" };
    unsigned *passed[] = { &counts->interp, &counts->checked, &counts->jit };
    const struct tuple t = tuple_at(p, row, i);
    char text[512], why[256] = "";
    uint64_t expected = row->make(&t, text, sizeof text), got = 0;
    skep_insn *insns = NULL;
    size_t count = 0;
    counts->vectors++;
    if (skep_assemble(text, &insns, &count, NULL) != SKEP_OK) {
        platform_wrong(p, row, "assembler", text, 0, expected, "does not assemble");
        return;
    }
    for (unsigned e = 0; e < (*skep_jit_name() ? 3 : 2); e++) {
        bool ran = run_skep(p, engines[e], insns, count, &got, why, sizeof why);
        if (ran && got == expected)
            ++*passed[e];
        else
            platform_wrong(p, row, names[e], text, got, expected, ran ? "" : why);
    }
    if (p->has_kernel && run_kernel(p, insns, count, &got)) {
        if (got == (uint32_t)expected)
            counts->kernel++;
        else
            platform_wrong(p, row, "kernel", text, got, (uint32_t)expected, "");
    }
    free(insns);
}

static const struct skep_hook *socket_filter(const skep_env *env)
{
    const struct skep_hook *hook = NULL;
    for (size_t i = 0; (hook = skep_env_hook(env, i)) != NULL; i++)
        if (strcmp(hook->name, "socket_filter") == 0)
            break;
    return hook;
}

static bool open_skep(struct platform *p)
{
    bool good = !skep_env_new(NULL, &p->env, NULL) && !skep_thread_new(p->env, NULL, &p->thread) &&
                !skep_packet_new(p->env, PLATFORM_FRAME, &p->packet);
    for (uint32_t m = 0; good && m < PLATFORM_MAPS; m++) {
        const struct skep_map_spec spec = { .size = sizeof spec,
                                            .name = m == PLATFORM_MAP ? "map" : "values",
                                            .type = 2, /* ARRAY */
                                            .key_size = 4,
                                            .value_size = PLATFORM_VALUE,
                                            .max_entries =
                                                m == PLATFORM_MAP ? PLATFORM_ENTRIES : 1 };
        good = !skep_map_new(p->env, &spec, &p->maps[m], NULL);
        for (uint32_t i = 0; good && i < spec.max_entries; i++)
            good = !skep_map_update(p->maps[m], &i, p->frame + i * PLATFORM_VALUE, SKEP_MAP_ANY);
    }
    p->hook = good ? socket_filter(p->env) : NULL;
    return p->hook;
}

static void close_skep(struct platform *p)
{
    for (uint32_t m = 0; m < PLATFORM_MAPS; m++)
        if (p->maps[m])
            skep_map_unref(p->maps[m]);
    skep_packet_free(p->packet);
    skep_thread_free(p->thread);
    skep_env_free(p->env);
}

int main(void)
{
    static struct platform p;
    unsigned vectors = 0;
    for (uint32_t i = 0; i < sizeof p.frame; i++)
        p.frame[i] = (uint8_t)platform_mix(i + 77);
    bool good = open_skep(&p);
    p.has_kernel = good && open_kernel(&p);
    if (!p.has_kernel)
        printf("kernel: skipped, bpf(2) makes no maps here\n");
    for (size_t r = 0; good && r < sizeof rows / sizeof *rows; r++) {
        struct counts counts = { 0 };
        for (uint32_t i = 0; i < PLATFORM_TUPLES; i++)
            check_tuple(&p, &rows[r], i, &counts);
        printf("%-18s %4u vectors  interp %u  checked %u  jit %u  kernel %u\n", rows[r].name,
               counts.vectors, counts.interp, counts.checked, counts.jit, counts.kernel);
        vectors += counts.vectors;
    }
    printf("%zu rows, %u vectors, %u wrong\n", sizeof rows / sizeof *rows, vectors, p.wrong);
    close_skep(&p);
    return good && !p.wrong ? 0 : 1;
}
