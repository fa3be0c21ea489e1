/* Random programs: the interpreter on host code, and SSA, give what the checked engine gives on
 * CODE, in result, memory, fuel and status.  This is what holds variants, lowering and the passes
 * to account. */
#include "support/engines.h"

#define PROGRAM_INSNS 60u
#define N_PROGRAMS 3000u
#define MEMORY_BYTES 64u

static const struct skep_hook hook = {
    .size = sizeof(hook),
    .name = "memory",
    .ctx_kind = SKEP_CTX_MEMORY,
    .flags = SKEP_HOOK_CTX_WRITABLE,
};

struct generator {
    u64 state;
    struct insn insns[PROGRAM_INSNS + 16];
    u32 n;
};

static u32 pick(struct generator *g, u32 below)
{
    g->state = g->state * 6364136223846793005u + 1442695040888963407u;
    return (u32)(g->state >> 33) % below;
}

static u64 pick_imm(struct generator *g)
{
    static const s32 interesting[] = { 0, 1, -1, 2, 31, 32, 63, 64, 255, INT32_MIN, INT32_MAX };
    return (u64)(s64)(pick(g, 3) ? interesting[pick(g, ARRAY_LEN(interesting))]
                                 : (s32)pick(g, 1000));
}

/* r6 and r7 stay: the memory and its size; few registers, so that values are used again. */
static u8 pick_register(struct generator *g) { return (u8)pick(g, 4); }

static void emit(struct generator *g, struct insn insn) { g->insns[g->n++] = insn; }

/* An access of aligned memory, of the stack or of the context. */
static void emit_memory(struct generator *g, u16 op)
{
    const struct isa_row *row = &isa_rows[op];
    bool stack = pick(g, 2);
    u8 through = stack ? 10 : 6;
    s32 off = (s32)(pick(g, MEMORY_BYTES / row->size) * row->size) - (stack ? 64 : 0);
    bool load = row->kind == ISA_KIND_LOAD || row->kind == ISA_KIND_LOAD_SX ||
                row->kind == ISA_KIND_LOAD_ACQ;
    emit(g, (struct insn){ .op = op,
                           .dst = load ? pick_register(g) : through,
                           .src = load                    ? through
                                  : row->operands & ISA_S ? pick_register(g)
                                                          : 0,
                           .off = off,
                           .imm = row->operands & ISA_I ? pick_imm(g) : (u64)(s64)row->imm });
}

/* Whether random operands will do. */
static bool is_plain(u16 op)
{
    switch (isa_rows[op].kind) {
    case ISA_KIND_BINARY_REG:
    case ISA_KIND_BINARY_IMM:
    case ISA_KIND_MOVSX:
    case ISA_KIND_NEG:
    case ISA_KIND_END: return true;
    default: return false;
    }
}

static bool is_cond(u16 op)
{
    return isa_rows[op].kind == ISA_KIND_COND_REG || isa_rows[op].kind == ISA_KIND_COND_IMM;
}

static void emit_random(struct generator *g)
{
    u16 op = (u16)pick(g, ISA_OP_COUNT);
    const struct isa_row *row = &isa_rows[op];
    struct insn insn = { .op = op,
                         .dst = pick_register(g),
                         .src = row->operands & ISA_S ? pick_register(g) : row->src,
                         .off = row->off,
                         .imm = row->operands & ISA_I ? pick_imm(g) : (u64)(s64)row->imm };
    struct insn probe = { .op = op };
    if (is_cond(op)) { /* mostly forward; back is a loop that fuel ends */
        insn.off = pick(g, 10) ? (s32)pick(g, 6) : -(s32)pick(g, min_u32(g->n, 12) + 1);
        emit(g, insn);
    } else if (is_plain(op)) {
        emit(g, insn);
    } else if (insn_is_memory(&probe)) {
        emit_memory(g, op);
    }
}

static void generate(struct generator *g, u64 seed)
{
    *g = (struct generator){ .state = seed };
    emit(g, (struct insn){ .op = ISA_MOV64_REG, .dst = 6, .src = 1 });
    for (s32 off = -64; off < 0; off += 8)
        emit(g, (struct insn){ .op = ISA_ST_DW, .dst = 10, .off = off, .imm = (u64)off });
    for (u8 r = 0; r < 4; r++)
        emit(g, (struct insn){ .op = ISA_LDX_DW, .dst = r, .src = 6, .off = 8 * r });
    while (g->n < PROGRAM_INSNS)
        emit_random(g);
    for (u32 i = 0; i < g->n; i++)
        if (insn_is_jump(&g->insns[i]) && i + 1 + (u32)g->insns[i].off > g->n)
            g->insns[i].off = 0;
    emit(g, (struct insn){ .op = ISA_EXIT });
}

struct outcome {
    skep_status status;
    u64 r0, fuel_used;
    u8 memory[MEMORY_BYTES];
};

static struct outcome outcome_of(struct engines *e, enum engine engine, u64 seed)
{
    struct outcome o = { 0 };
    struct generator fill = { .state = seed };
    for (u32 i = 0; i < MEMORY_BYTES; i++)
        o.memory[i] = (u8)pick(&fill, 256);
    struct skep_memory ctx = { o.memory, MEMORY_BYTES };
    o.status = engines_run(e, engine, &ctx, &o.r0);
    o.fuel_used = rt_fuel_used(&e->thread);
    return o;
}

static void expect_outcome(struct engines *e, enum engine engine, u64 seed,
                           const struct outcome *expected)
{
    struct outcome found = outcome_of(e, engine, seed);
    if (memcmp(&found, expected, sizeof(found)) != 0)
        fail_msg("seed %u, engine %d: status %d and %d, r0 %llx and %llx, fuel %llu and %llu",
                 (unsigned)seed, (int)engine, (int)found.status, (int)expected->status,
                 (unsigned long long)found.r0, (unsigned long long)expected->r0,
                 (unsigned long long)found.fuel_used, (unsigned long long)expected->fuel_used);
}

TEST(engines_agree_on_random_programs)
{
    struct generator g;
    u32 n_ok = 0, n_fuel = 0;
    for (u64 seed = 1; seed <= N_PROGRAMS; seed++) {
        struct engines e;
        struct engines_options options = { .hook = &hook, .fuel = 5000 };
        generate(&g, seed);
        engines_open_insns(&e, g.insns, g.n, &options);
        struct outcome interp = outcome_of(&e, ENGINE_INTERP, seed);
        expect_outcome(&e, ENGINE_CHECKED, seed, &interp);
        expect_outcome(&e, ENGINE_SSA, seed, &interp);
        n_ok += interp.status == SKEP_OK;
        n_fuel += interp.status == SKEP_FUEL;
        engines_close(&e);
    }
    print_message("%u programs ended, %u ran out of fuel\n", n_ok, n_fuel);
    assert_true(n_ok > N_PROGRAMS / 2);
    assert_true(n_fuel > 0);
}

UNIT_TESTS(UNIT(engines_agree_on_random_programs))
