/* The checked engine: whatever the bytecode, running it neither crashes nor hangs nor corrupts the
 * host, and gives back what it took.  An XDP or traffic control program with a packet, maps of
 * several types and every helper that it may call.
 *
 * The first byte says which, and how the rest is read: as slots, as they are; or as instructions of
 * the table, eight bytes each, whose fields are bent towards what makes sense, so that the engine
 * gets to see more than its refusals. */
#include "isa/isa.h"

#include <skep/skep.h>

#include <stdio.h>
#include <stdlib.h>

#define FUZZ_SLOTS 512u
#define FUZZ_FUEL 20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* ---- the host */

/* clang-format off */
static const struct skep_map_spec map_specs[] = {
    { .size = sizeof(struct skep_map_spec), .name = "hash",    .type = 1,  .key_size = 4, .value_size = 16, .max_entries = 4 },
    { .size = sizeof(struct skep_map_spec), .name = "array",   .type = 2,  .key_size = 4, .value_size = 24, .max_entries = 3 },
    { .size = sizeof(struct skep_map_spec), .name = "progs",   .type = 3,  .key_size = 4, .value_size = 4,  .max_entries = 2 },
    { .size = sizeof(struct skep_map_spec), .name = "percpu",  .type = 6,  .key_size = 4, .value_size = 12, .max_entries = 2 },
    { .size = sizeof(struct skep_map_spec), .name = "lru",     .type = 9,  .key_size = 8, .value_size = 8,  .max_entries = 8 },
    { .size = sizeof(struct skep_map_spec), .name = "ring",    .type = 27, .max_entries = 4096 },
    { .size = sizeof(struct skep_map_spec), .name = "rodata",  .type = 2,  .key_size = 4, .value_size = 32, .max_entries = 1, .flags = 0x80 },
};
/* clang-format on */
#define N_MAPS (sizeof(map_specs) / sizeof(map_specs[0]))

static uint64_t fixed_clock(void *user, enum skep_clock clock)
{
    (void)user;
    return (uint64_t)clock;
}
static uint32_t fixed_random(void *user)
{
    (void)user;
    return 4;
}

struct fuzz_host {
    skep_env *env;
    const struct skep_hook *hook;
    skep_map *maps[N_MAPS];
    skep_thread *thread;
    skep_packet *packet;
};

static void open_host(struct fuzz_host *h, const char *hook)
{
    struct skep_host answers = { .clock_ns = fixed_clock, .random_u32 = fixed_random };
    struct skep_env_options options = {
        .size = sizeof(options), .n_cpus = 2, .host = &answers, .hash_seed = 1
    };
    static const char text[32] = "a string of %d in read-only data";
    uint8_t frame[64];
    *h = (struct fuzz_host){ 0 };
    require(skep_env_new(&options, &h->env, NULL) == SKEP_OK, "no env");
    for (size_t i = 0; (h->hook = skep_env_hook(h->env, i)) != NULL; i++)
        if (strcmp(h->hook->name, hook) == 0)
            break;
    for (size_t i = 0; i < N_MAPS; i++)
        require(skep_map_new(h->env, &map_specs[i], &h->maps[i], NULL) == SKEP_OK, "no map");
    skep_map_update(h->maps[6], &(uint32_t){ 0 }, text, 0);
    skep_map_update(h->maps[0], &(uint32_t){ 0 }, text, 0);
    require(skep_thread_new(h->env, NULL, &h->thread) == SKEP_OK, "no thread");
    require(skep_packet_new(h->env, 256, &h->packet) == SKEP_OK, "no packet");
    for (size_t i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)i;
    require(skep_packet_set(h->packet, frame, sizeof(frame)) == SKEP_OK, "no frame");
}

static void close_host(struct fuzz_host *h)
{
    skep_packet_free(h->packet);
    skep_thread_free(h->thread);
    for (size_t i = 0; i < N_MAPS; i++)
        skep_map_unref(h->maps[i]);
    skep_env_free(h->env);
}

/* ---- programs */

struct program {
    struct isa_slot slots[FUZZ_SLOTS + 4];
    u32 n;
};

static void put(struct program *p, struct insn insn)
{
    if (p->n + 2 <= FUZZ_SLOTS)
        p->n += isa_encode(&insn, p->slots + p->n);
}

static void raw_program(struct program *p, const uint8_t *data, size_t size)
{
    for (size_t at = 0; at + 8 <= size && p->n < FUZZ_SLOTS; at += 8)
        p->slots[p->n++] = isa_slot_read(data + at, false);
}

/* The n-th helper that the hook may call and that runs here. */
static const struct skep_helper *pick_helper(const struct fuzz_host *h, u32 n)
{
    const struct skep_helper *helper, *usable[256];
    u32 n_usable = 0;
    for (size_t i = 0; (helper = skep_env_helper(h->env, i)) != NULL; i++)
        if ((helper->family & h->hook->families) && helper->run && n_usable < 256)
            usable[n_usable++] = helper;
    return usable[n % n_usable];
}

static void put_move(struct program *p, u8 dst, u8 src)
{
    put(p, (struct insn){ .op = ISA_MOV64_REG, .dst = dst, .src = src });
}

static void put_number(struct program *p, u8 dst, u64 value)
{
    put(p, (struct insn){ .op = ISA_MOV64_IMM, .dst = dst, .imm = value });
}

/* A map that the helper takes, if there is one. */
static u32 pick_map(const struct skep_helper *helper, const struct fuzz_host *h, u8 from)
{
    for (u32 i = 0; i < N_MAPS; i++) {
        u32 map = (from + i) % N_MAPS;
        if ((skep_map_type(h->maps[map])->classes & helper->maps) == helper->maps)
            return map;
    }
    return from % N_MAPS;
}

static void put_map(struct program *p, u8 reg, u32 map)
{
    put(p, (struct insn){ .op = ISA_LDDW_MAP, .dst = reg, .src = 5, .imm = map });
}

/* 64 bytes of the stack, of a packet or of what the last lookup found. */
static void put_memory(struct program *p, u8 reg, u8 what)
{
    if (what % 8 == 0) {
        put_move(p, reg, what & 8 ? 6 : 7);
        return;
    }
    for (s32 off = -64; off < 0; off += 8)
        put(p, (struct insn){ .op = ISA_ST_DW, .dst = 10, .off = off, .imm = what & 1 });
    put_move(p, reg, 10);
    put(p, (struct insn){ .op = ISA_ADD64_IMM, .dst = reg, .imm = (u64)-64 });
}

/* What the contract asks for, or, now and then, something else.  r6 and r9 hold the last value and
 * the last record, r7 the packet, r8 the context. */
static void put_argument(struct program *p, const struct fuzz_host *h,
                         const struct skep_helper *helper, u8 reg, u8 what)
{
    u8 kind = what >= 240 ? what % SKEP_ARG_KIND_COUNT : helper->args[reg - 1].kind;
    switch ((enum skep_arg_kind)kind) {
    case SKEP_ARG_CTX: put_move(p, reg, 8); break;
    case SKEP_ARG_MAP: put_map(p, reg, pick_map(helper, h, what)); break;
    case SKEP_ARG_MAP_KEY:
    case SKEP_ARG_MAP_VALUE:
    case SKEP_ARG_DYNPTR:
    case SKEP_ARG_ITER:
    case SKEP_ARG_CALLBACK_CTX:
    case SKEP_ARG_MEM: put_memory(p, reg, what); break;
    case SKEP_ARG_ANYTHING: put_number(p, reg, what >= 200 ? what : what & 7); break;
    case SKEP_ARG_SCALAR:
    case SKEP_ARG_SIZE:
    case SKEP_ARG_ALLOC_SIZE: put_number(p, reg, what % 72); break;
    case SKEP_ARG_STRING:
        put(p, (struct insn){ .op = ISA_LDDW_MAP_VALUE,
                              .dst = reg,
                              .src = 6,
                              .imm = 6 | (u64)(what % 40) << 32 });
        break;
    case SKEP_ARG_CALLBACK:
        put(p, (struct insn){ .op = ISA_LDDW_CODE, .dst = reg, .src = 4 });
        break;
    case SKEP_ARG_RECORD: put_move(p, reg, 9); break;
    case SKEP_ARG_SPIN_LOCK:
    case SKEP_ARG_TIMER:
    case SKEP_ARG_KPTR: put_move(p, reg, 6); break;
    case SKEP_ARG_NONE:
    case SKEP_ARG_SOCK:
    case SKEP_ARG_BTF_PTR:
    case SKEP_ARG_KIND_COUNT: break;
    }
}

/* r7 = ctx->data */
static void put_packet(struct program *p, const struct fuzz_host *h)
{
    s32 data = h->hook->ctx_size > 24 ? 76 : 0; /* in struct __sk_buff, in struct xdp_md */
    put(p, (struct insn){ .op = ISA_LDX_W, .dst = 7, .src = 8, .off = data });
}

/* What the result is kept for; the registers that the call left empty hold numbers again. */
static void put_result(struct program *p, const struct fuzz_host *h,
                       const struct skep_helper *helper)
{
    if (helper->ret.kind == SKEP_RET_MAP_VALUE || helper->ret.kind == SKEP_RET_MEM) {
        put(p, (struct insn){ .op = ISA_JEQ64_IMM, .dst = 0, .off = 1 });
        put_move(p, helper->ret.kind == SKEP_RET_MEM ? 9 : 6, 0);
    }
    if (helper->ret.kind == SKEP_RET_VOID)
        put_number(p, 0, 0);
    for (u8 reg = 1; reg <= 5; reg++)
        put_number(p, reg, reg);
    if (helper->effects & SKEP_MOVES_PACKET)
        put_packet(p, h);
}

static void put_call(struct program *p, const struct fuzz_host *h, const uint8_t bytes[8])
{
    const struct skep_helper *helper = pick_helper(h, bytes[1]);
    for (u8 reg = 1; reg <= 5; reg++)
        put_argument(p, h, helper, reg, bytes[1 + reg]);
    put(p, (struct insn){ .op = ISA_CALL_HELPER, .imm = helper->id });
    put_result(p, h, helper);
}

/* A row of the table with fields from the input; jumps may go anywhere, and are mended later. */
static void put_row(struct program *p, const uint8_t bytes[8])
{
    const struct isa_row *row = &isa_rows[bytes[0] % ISA_OP_COUNT];
    u32 imm = load_u32(bytes + 4, false);
    struct insn insn = {
        .op = (u16)(row - isa_rows),
        .dst = row->operands & ISA_D ? bytes[1] % 11 : 0,
        .src = row->operands & ISA_S ? bytes[1] / 16 % 11 : row->src,
        .off = row->operands & ISA_O ? (s8)bytes[2] : row->off,
        .imm = row->operands & ISA_I ? (u64)(s64)(s32)imm : (u64)(s64)row->imm,
    };
    if (isa_writes(&insn) & 0x400)
        insn.dst = insn.src = 0;
    if (insn.op == ISA_LDDW_MAP || insn.op == ISA_LDDW_MAP_VALUE)
        insn.imm = bytes[4] % N_MAPS | (insn.op == ISA_LDDW_MAP ? 0 : (u64)bytes[5] << 32);
    else if (row->kind == ISA_KIND_LDDW)
        insn.imm = (u32)insn.imm;
    put(p, insn);
}

/* Jumps and calls that miss an instruction go to the next one, addresses of code to the callback.
 */
static void mend_jumps(struct program *p, u32 callback)
{
    struct insn insn;
    for (u32 at = 0; at < p->n; at += insn_slots(&insn)) {
        if (isa_decode(p->slots + at, p->n - at, at, &insn, NULL) != SKEP_OK)
            return;
        bool code = insn.op == ISA_LDDW_CODE;
        if (!insn_is_jump(&insn) && insn.op != ISA_CALL_LOCAL && !code)
            continue;
        s64 distance = code ? (s32)insn.imm : insn_jump_slots(&insn);
        s64 to = (s64)at + 1 + distance;
        if (!code && to >= 0 && to < p->n && p->slots[to].opcode != 0)
            continue;
        if (code)
            p->slots[at].imm = (s32)callback - (s32)at - 1;
        else if (insn.op == ISA_JA32 || insn.op == ISA_CALL_LOCAL)
            p->slots[at].imm = 0;
        else
            p->slots[at].off = 0;
    }
}

static void put_body(struct program *p, const struct fuzz_host *h, const uint8_t *data, size_t size,
                     u32 limit)
{
    for (size_t at = 0; at + 8 <= size && p->n < limit; at += 8) {
        if (data[at] >= 200)
            put_call(p, h, data + at);
        else
            put_row(p, data + at);
    }
    put_number(p, 0, 0);
    put(p, (struct insn){ .op = ISA_EXIT });
}

/* A main program whose registers all hold something, and a callback of the same instructions. */
static void made_program(struct program *p, const struct fuzz_host *h, const uint8_t *data,
                         size_t size)
{
    put_move(p, 8, 1);
    put_packet(p, h);
    put(p, (struct insn){ .op = ISA_LDDW_MAP_VALUE, .dst = 6, .src = 6, .imm = 1 });
    for (u8 reg = 0; reg <= 5; reg++)
        put_number(p, reg, reg);
    put_number(p, 9, 0);
    put_body(p, h, data, size, FUZZ_SLOTS - 160);
    u32 callback = p->n;
    put_move(p, 6, 10);
    put_number(p, 0, 0);
    put_body(p, h, data, size / 4, FUZZ_SLOTS - 40);
    mend_jumps(p, callback);
}

static void run_program(struct fuzz_host *h, const struct program *p)
{
    uint8_t bytes[8 * (FUZZ_SLOTS + 4)];
    skep_object *object = NULL;
    skep_program *program = NULL;
    struct skep_load_options options = { .size = sizeof(options),
                                         .engine = SKEP_ENGINE_CHECKED,
                                         .trusted = true,
                                         .profile = SKEP_PROFILE_RFC,
                                         .fuel = FUZZ_FUEL,
                                         .maps = h->maps,
                                         .n_maps = N_MAPS };
    skep_error error = { 0 };
    for (u32 i = 0; i < p->n; i++)
        isa_slot_write(p->slots[i], bytes + 8 * i, false);
    if (skep_object_from_insns(h->env, "fuzz", bytes, p->n, h->hook, &object, &error) != SKEP_OK)
        return;
    if (skep_program_load(object, NULL, &options, &program, &error) == SKEP_OK) {
        skep_map_set_program(h->maps[2], 0, program);
        for (int i = 0; i < 2; i++) { /* the second with what the first left in the maps */
            uint64_t r0;
            skep_status status = skep_run(h->thread, program, h->packet, &r0);
            const struct skep_fault *fault = skep_thread_fault(h->thread);
            require((status == SKEP_TRAP) == (fault != NULL), "a trap without a fault");
            require(!fault || fault->error.id, "a fault that says nothing");
            require(status == SKEP_OK || status == SKEP_TRAP || status == SKEP_FUEL, "status");
        }
        skep_program_free(program);
    } else {
        require(error.id != 0, "refused without a report");
    }
    skep_object_close(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_host host;
    struct program program = { .n = 0 };
    if (size < 9)
        return 0;
    open_host(&host, data[0] & 2 ? "sched_cls" : "xdp");
    if (data[0] & 1)
        raw_program(&program, data + 1, size - 1);
    else
        made_program(&program, &host, data + 1, size - 1);
    if (program.n > 0)
        run_program(&host, &program);
    close_host(&host);
    return 0;
}
