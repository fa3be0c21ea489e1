/* Liveness against a machine: random programs run twice, once with junk written over everything
 * that is called dead at one step, in all frames; both runs must do the same.
 *
 * Frames lie at addresses of their own, so that a pointer to one that is gone leads nowhere.  The
 * helpers do with memory the most that their descriptors allow. */
#include "support/bytecode.h"

#define MOST_INSNS 64u
#define MOST_FRAMES 6u
#define MOST_STEPS 300u
#define FRAME_BYTES 512u
#define TOKEN 0x7000u /* + function: what LDDW_CODE gives */

static u64 next_random(u64 *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 33;
}

enum { READ_8, READ_SIZED, WRITE_SIZED, PRINT_ANY, CALL_TWICE, UNKNOWN, N_HELPERS };

static const struct skep_helper helpers[N_HELPERS] = {
    [READ_8] = { .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ, .bytes = 8 } } },
    [READ_SIZED] = { .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_READ },
                               { .kind = SKEP_ARG_SIZE } } },
    [WRITE_SIZED] = { .args = { { .kind = SKEP_ARG_MEM, .flags = SKEP_ARG_WRITE },
                                { .kind = SKEP_ARG_SIZE } } },
    [PRINT_ANY] = { .args = { { .kind = SKEP_ARG_ANYTHING } } },
    [CALL_TWICE] = { .args = { { .kind = SKEP_ARG_SCALAR },
                               { .kind = SKEP_ARG_CALLBACK },
                               { .kind = SKEP_ARG_CALLBACK_CTX },
                               { .kind = SKEP_ARG_SCALAR } },
                     .effects = SKEP_CALLS_BACK },
};

/* ---- programs ------------------------------------------------------------------------------ */

struct program {
    struct mem mem;
    struct arena arena;
    struct insn insns[MOST_INSNS];
    u32 target[MOST_INSNS], func_of[MOST_INSNS], slot_of[MOST_INSNS + 1];
    const struct skep_helper *helper[MOST_INSNS];
    struct code_func funcs[3];
    struct code code;
    struct cfg cfg;
    struct live live;
};

static struct insn random_insn(u64 *random)
{
    static const u16 ops[] = {
        ISA_MOV64_REG,  ISA_MOV64_REG,  ISA_MOV64_IMM, ISA_ADD64_IMM,   ISA_ADD64_IMM,
        ISA_ADD64_REG,  ISA_SUB64_REG,  ISA_XOR64_REG, ISA_LDX_DW,      ISA_LDX_DW,
        ISA_LDX_B,      ISA_LDX_W,      ISA_STX_DW,    ISA_STX_DW,      ISA_STX_W,
        ISA_ST_DW,      ISA_ST_H,       ISA_XCHG_DW,   ISA_CMPXCHG_DW,  ISA_FETCH_ADD_DW,
        ISA_JEQ64_IMM,  ISA_JGT64_REG,  ISA_JA,        ISA_CALL_HELPER, ISA_CALL_HELPER,
        ISA_CALL_LOCAL, ISA_CALL_LOCAL, ISA_LDDW_CODE,
    };
    static const u8 regs[] = { 0, 1, 2, 3, 6, 7 };
    static const u8 bases[] = { 10, 10, 10, 1, 1, 2, 3, 0, 6, 7 };
    if (next_random(random) % 6 == 0)
        return (struct insn){ .op = ISA_MOV64_REG,
                              .dst = regs[next_random(random) % ARRAY_LEN(regs)],
                              .src = 10 };
    struct insn insn = { .op = ops[next_random(random) % ARRAY_LEN(ops)] };
    u32 step = next_random(random) % 4 ? 8 : 4;
    insn.dst = regs[next_random(random) % ARRAY_LEN(regs)];
    insn.src = regs[next_random(random) % ARRAY_LEN(regs)];
    insn.imm = (u64)(-(s64)(step * (next_random(random) % 6)));
    if (insn.op == ISA_MOV64_REG && next_random(random) % 2)
        insn.src = 10;
    if (insn_is_memory(&insn)) {
        bool is_load = insn_kind(&insn) == ISA_KIND_LOAD;
        u8 base = bases[next_random(random) % ARRAY_LEN(bases)];
        *(is_load ? &insn.src : &insn.dst) = base;
        insn.off = (s32)insn.imm;
    }
    if (insn.op == ISA_LDDW_CODE)
        insn.dst = 2;
    return insn;
}

static void choose_target(struct program *p, u32 at, u32 f, u64 *random)
{
    struct insn *insn = &p->insns[at];
    const struct code_func *func = &p->funcs[f];
    p->target[at] = CODE_NONE;
    p->helper[at] = NULL;
    if (insn_is_jump(insn))
        p->target[at] = func->entry + (u32)next_random(random) % (func->end - func->entry);
    if (insn->op == ISA_CALL_LOCAL || insn->op == ISA_LDDW_CODE)
        p->target[at] = p->funcs[1 + next_random(random) % 2].entry;
    if (insn->op == ISA_CALL_HELPER) {
        insn->imm = next_random(random) % N_HELPERS;
        p->helper[at] = insn->imm == UNKNOWN ? NULL : &helpers[insn->imm];
    }
}

static void make_program(struct program *p, u64 *random)
{
    u32 n = 0;
    memset(p, 0, sizeof(*p));
    for (u32 f = 0; f < ARRAY_LEN(p->funcs); f++) {
        u32 length = 4 + (u32)next_random(random) % 16;
        p->funcs[f] = (struct code_func){ .entry = n, .end = n + length, .name = "f" };
        for (u32 i = 0; i < length; i++, n++) {
            p->insns[n] = i + 1 < length ? random_insn(random) : (struct insn){ .op = ISA_EXIT };
            p->func_of[n] = f;
            p->slot_of[n] = n;
        }
    }
    for (u32 i = 0; i < n; i++)
        choose_target(p, i, p->func_of[i], random);
    p->code = (struct code){ .n_insns = n,
                             .n_slots = n,
                             .n_funcs = ARRAY_LEN(p->funcs),
                             .insns = p->insns,
                             .slot_of = p->slot_of,
                             .target = p->target,
                             .func_of = p->func_of,
                             .funcs = p->funcs };
    skep_error err;
    mem_init(&p->mem, NULL, 0);
    arena_init(&p->arena, &p->mem);
    assert_int_equal(cfg_build(&p->arena, &p->code, &p->cfg, &err), SKEP_OK);
    assert_int_equal(live_build(&p->arena, &p->code, &p->cfg, p->helper, &p->live), SKEP_OK);
}

/* ---- the machine --------------------------------------------------------------------------- */

struct frame {
    u8 bytes[FRAME_BYTES];
    u64 base;
    u64 saved[4]; /* r6..r9, while another function runs */
    u32 at;
};

struct machine {
    const struct program *program;
    u64 reg[10];
    struct frame frames[MOST_FRAMES];
    u32 n_frames, n_activations, n_steps;
    bool stopped;
    u64 trace; /* of all that is read, and where */
    u32 junk_step;
    u64 junk;
    u32 n_overwritten;
};

static void note(struct machine *m, u64 value) { m->trace = (m->trace ^ value) * 0x100000001b3u; }

/* NULL: not inside a frame that is in use. */
static u8 *at_address(struct machine *m, u64 address, u64 bytes)
{
    for (u32 f = 0; f < m->n_frames; f++) {
        u64 offset = address - m->frames[f].base;
        if (offset < FRAME_BYTES && bytes <= FRAME_BYTES - offset)
            return m->frames[f].bytes + offset;
    }
    return NULL;
}

/* Elsewhere there are zeroes. */
static u64 load(struct machine *m, u64 address, u64 bytes)
{
    u64 value = 0;
    const u8 *from = at_address(m, address, bytes);
    if (from)
        memcpy(&value, from, bytes);
    note(m, value);
    return value;
}

static void store(struct machine *m, u64 address, u64 value, u64 bytes)
{
    u8 *to = at_address(m, address, bytes);
    if (to)
        memcpy(to, &value, bytes);
}

static u64 junk_value(struct machine *m)
{
    u64 value = next_random(&m->junk);
    m->n_overwritten++;
    return value % 3 ? value : m->frames[value % m->n_frames].base + FRAME_BYTES - 8;
}

static void overwrite_dead(struct machine *m)
{
    for (u32 f = 0; f < m->n_frames; f++) {
        struct frame *frame = &m->frames[f];
        bool runs = f + 1 == m->n_frames;
        u64 slots = m->program->live.slots[frame->at];
        u16 regs = m->program->live.regs[frame->at];
        for (u32 i = 0; i < 64; i++) {
            if (slots >> i & 1)
                continue;
            u64 value = junk_value(m);
            memcpy(frame->bytes + FRAME_BYTES - 8 * (i + 1), &value, 8);
        }
        for (u32 reg = runs ? 0 : 6; reg < 10; reg++)
            if (!(regs >> reg & 1))
                *(runs ? &m->reg[reg] : &frame->saved[reg - 6]) = junk_value(m);
    }
}

static void run_function(struct machine *m, u32 func);

static void save(struct machine *m)
{
    memcpy(m->frames[m->n_frames - 1].saved, m->reg + 6, sizeof(m->frames->saved));
}

static void restore(struct machine *m)
{
    memcpy(m->reg + 6, m->frames[m->n_frames - 1].saved, sizeof(m->frames->saved));
}

/* A callback finds nothing in the registers but its parameters. */
static u64 call_back(struct machine *m, const u64 args[5])
{
    if (args[1] != TOKEN + 1 && args[1] != TOKEN + 2)
        return 0;
    save(m);
    for (u32 i = 0; i < 2; i++) {
        memset(m->reg, 0, sizeof(m->reg));
        m->reg[1] = i;
        m->reg[2] = args[2];
        run_function(m, (u32)args[1] - TOKEN);
    }
    restore(m);
    return 1;
}

/* Reads around its arguments, keeps one behind another, and gives one back. */
static u64 call_unknown(struct machine *m, const u64 args[5])
{
    for (u32 i = 0; i < 5; i++) {
        note(m, args[i]);
        for (u64 address = args[i] - 16; address != args[i] + 24; address += 8)
            load(m, address, 8);
    }
    store(m, args[1], args[0], 8);
    return args[2];
}

/* Reads a number of bytes, and what the first of them point to, as a formatted string would. */
static u64 read_at(struct machine *m, u64 address, u64 bytes, bool follows)
{
    for (u64 i = 0; i < bytes; i++)
        load(m, address + i, 1);
    if (follows)
        read_at(m, load(m, address, 8), 8, false);
    return 0;
}

static u64 write_at(struct machine *m, u64 address, u64 bytes)
{
    for (u64 i = 0; i < bytes; i++)
        store(m, address + i, i, 1);
    return 0;
}

static u64 call_helper(struct machine *m, u64 id)
{
    const u64 args[5] = { m->reg[1], m->reg[2], m->reg[3], m->reg[4], m->reg[5] };
    switch (id) {
    case READ_8: return read_at(m, args[0], 8, false);
    case READ_SIZED: return read_at(m, args[0], args[1] & 31, true);
    case WRITE_SIZED: return write_at(m, args[0], args[1] & 31);
    case PRINT_ANY: return read_at(m, args[0], 16, true);
    case CALL_TWICE: return call_back(m, args);
    default: return call_unknown(m, args);
    }
}

static void do_call(struct machine *m, u32 at)
{
    const struct insn *insn = &m->program->insns[at];
    if (insn->op == ISA_CALL_LOCAL) {
        save(m);
        run_function(m, m->program->func_of[m->program->target[at]]);
        restore(m);
    } else {
        m->reg[0] = call_helper(m, insn->imm);
    }
    for (u32 reg = 1; reg <= 5; reg++)
        m->reg[reg] = 0x5ca1ab1e;
}

static void do_atomic(struct machine *m, const struct insn *insn, u64 address, u64 src)
{
    u64 old = load(m, address, 8);
    bool swaps = insn->op == ISA_XCHG_DW || (insn->op == ISA_CMPXCHG_DW && old == m->reg[0]);
    if (insn->op == ISA_FETCH_ADD_DW)
        store(m, address, old + src, 8);
    else if (swaps)
        store(m, address, src, 8);
    m->reg[insn->op == ISA_CMPXCHG_DW ? 0 : insn->src] = old;
}

static void note_operands(struct machine *m, const struct insn *insn)
{
    for (u32 reg = 0, reads = isa_reads(insn); reg < 10; reg++)
        if (insn->op != ISA_CALL_LOCAL && insn->op != ISA_CALL_HELPER && reads >> reg & 1)
            note(m, m->reg[reg]);
}

/* Gives the next instruction. */
static u32 step(struct machine *m, u32 at)
{
    const struct insn *insn = &m->program->insns[at];
    u64 top = m->frames[m->n_frames - 1].base + FRAME_BYTES;
    u64 dst = insn->dst == 10 ? top : m->reg[insn->dst];
    u64 src = insn->src == 10 ? top : m->reg[insn->src];
    u64 to = dst + (u64)(s64)insn->off, from = src + (u64)(s64)insn->off;
    u32 next = at + 1, target = m->program->target[at];
    u64 *out = insn->dst == 10 ? NULL : &m->reg[insn->dst];
    note_operands(m, insn);
    switch (insn->op) {
    /* clang-format off */
    case ISA_MOV64_REG: *out = src; return next;
    case ISA_MOV64_IMM: *out = insn->imm; return next;
    case ISA_ADD64_IMM: *out += insn->imm; return next;
    case ISA_ADD64_REG: *out += src; return next;
    case ISA_SUB64_REG: *out -= src; return next;
    case ISA_XOR64_REG: *out ^= src; return next;
    case ISA_LDDW_CODE: *out = TOKEN + m->program->func_of[target]; return next;
    case ISA_LDX_DW: *out = load(m, from, 8); return next;
    case ISA_LDX_W:  *out = load(m, from, 4); return next;
    case ISA_LDX_B:  *out = load(m, from, 1); return next;
    case ISA_STX_DW: store(m, to, src, 8); return next;
    case ISA_STX_W:  store(m, to, src, 4); return next;
    case ISA_ST_DW:  store(m, to, insn->imm, 8); return next;
    case ISA_ST_H:   store(m, to, insn->imm, 2); return next;
    case ISA_JEQ64_IMM: return dst == insn->imm ? target : next;
    case ISA_JGT64_REG: return dst > src ? target : next;
    case ISA_JA: return target;
    /* clang-format on */
    case ISA_CALL_LOCAL:
    case ISA_CALL_HELPER: do_call(m, at); return next;
    default: do_atomic(m, insn, to, src); return next;
    }
}

/* No sum or difference of some is another. */
static u64 frame_address(u64 activation)
{
    u64 x = activation * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
    return (x ^ x >> 32) & ~(u64)0xffff;
}

static void run_function(struct machine *m, u32 func)
{
    u32 at = m->program->funcs[func].entry;
    m->stopped |= m->n_frames == MOST_FRAMES;
    if (m->stopped)
        return;
    struct frame *frame = &m->frames[m->n_frames++];
    *frame = (struct frame){ .base = frame_address(++m->n_activations) };
    for (;;) {
        frame->at = at;
        note(m, at);
        m->stopped |= ++m->n_steps > MOST_STEPS;
        if (m->n_steps == m->junk_step)
            overwrite_dead(m);
        if (m->stopped || m->program->insns[at].op == ISA_EXIT)
            break;
        at = step(m, at);
    }
    m->n_frames--;
}

static void run_program(struct machine *m, const struct program *p, u32 junk_step, u64 junk)
{
    *m = (struct machine){ .program = p, .junk_step = junk_step, .junk = junk };
    for (u32 reg = 0; reg < 10; reg++)
        m->reg[reg] = 8u * reg;
    run_function(m, 0);
    if (!m->stopped)
        note(m, m->reg[0]);
}

TEST(programs_do_not_notice_when_what_is_dead_is_overwritten)
{
    static struct program p;
    static struct machine plain, junked;
    u64 random = 7;
    u32 n_overwritten = 0, n_finished = 0;
    for (u32 round = 0; round < 20000; round++) {
        make_program(&p, &random);
        run_program(&plain, &p, 0, 0);
        n_finished += !plain.stopped;
        for (u32 i = 0; i < 8; i++) {
            u32 junk_step = 1 + (u32)next_random(&random) % plain.n_steps;
            run_program(&junked, &p, junk_step, random);
            if (junked.trace != plain.trace)
                fail_msg("round %u, step %u", round, junk_step);
            n_overwritten += junked.n_overwritten;
        }
        arena_drop(&p.arena);
    }
    assert_true(n_finished > 1000);
    assert_true(n_overwritten > 100000);
}

UNIT_TESTS(UNIT(programs_do_not_notice_when_what_is_dead_is_overwritten))
