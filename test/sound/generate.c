/* See generate.h.
 *
 * r6 is the context (where there is one), r7 to r9 and eight stack slots are variables, r0 to r5
 * are used within a statement, 64 bytes at r10 - 128 are a buffer.  What the variables hold is
 * followed roughly, so that most programs are safe. */
#include "sound/generate.h"

#include <string.h>

enum kind { KIND_NONE, KIND_NUMBER, KIND_VALUE, KIND_BUFFER };

enum {
    FIRST_VAR = 7,
    VARS = 3, /* r7 to r9 */
    SLOTS = 8,
    BUFFER = -128,
    BUFFER_BYTES = 64,
    MOST_FUNCS = 6,
};

struct var {
    u8 kind;
    u8 map; /* VALUE */
    bool busy;
};

struct env {
    struct var var[VARS];
    struct var slot[SLOTS]; /* at r10 - 8 (i + 1) */
};

struct pending {
    u32 calls[4]; /* instructions that refer to it */
    u32 n_calls;
    u8 shape; /* enum func_shape */
    u8 depth;
};
enum func_shape { FUNC_CALLED, FUNC_LOOP_BODY, FUNC_EACH_BODY };

struct gen {
    struct generated *out;
    u64 random;
    struct env env;
    bool has_ctx, held, may_leave, careless;
    u8 depth, func_depth, shape;
    u32 leaves[64]; /* jumps to the function's end */
    u32 n_leaves;
    struct pending funcs[MOST_FUNCS];
    u32 n_funcs, budget;
};

static const u32 value_sizes[MAP_COUNT] = { 64, 32, 0, 64, 16, 128 };

/* ---- random choices */

static u32 pick(struct gen *g, u32 n) { return random_below(&g->random, n); }
#define PICK(g, table) ((table)[pick((g), (u32)ARRAY_LEN(table))])
static bool chance(struct gen *g, u32 percent) { return pick(g, 100) < percent; }
static u64 border(struct gen *g) { return random_number(&g->random); }
/* A limit that is off by something, in programs that are careless. */
static u32 slip(struct gen *g, u32 limit)
{
    return g->careless && chance(g, 12) ? limit + 1 + pick(g, 2) * pick(g, 64) : limit;
}

/* ---- instructions */

static u32 emit_target(struct gen *g, struct insn insn, u32 target)
{
    u32 at = g->out->n;
    if (at + 24 >= GENERATE_MAX)
        g->budget = 0;
    if (at + 1 >= GENERATE_MAX)
        return at - 1;
    g->out->insns[g->out->n++] = (struct generated_insn){ .insn = insn, .target = target };
    return at;
}
static u32 emit(struct gen *g, struct insn insn)
{
    return emit_target(g, insn, GENERATE_NO_TARGET);
}

static void op_imm(struct gen *g, u16 op, u32 dst, s64 imm)
{
    emit(g, (struct insn){ .op = op, .dst = (u8)dst, .imm = (u64)(s64)(s32)imm });
}
static void op_reg(struct gen *g, u16 op, u32 dst, u32 src)
{
    emit(g, (struct insn){ .op = op, .dst = (u8)dst, .src = (u8)src });
}
static void op_memory(struct gen *g, u16 op, u32 dst, u32 src, s32 off)
{
    emit(g, (struct insn){ .op = op, .dst = (u8)dst, .src = (u8)src, .off = off });
}
static void op_store(struct gen *g, u16 op, u32 dst, s32 off, s64 imm)
{
    emit(g, (struct insn){ .op = op, .dst = (u8)dst, .off = off, .imm = (u64)(s64)(s32)imm });
}
/* Of operations that have a fixed immediate, or offset. */
static void op_unary(struct gen *g, u16 op, u32 reg)
{
    struct insn insn = { .op = op, .dst = (u8)reg, .off = isa_rows[op].off };
    insn.src = isa_rows[op].kind == ISA_KIND_MOVSX ? (u8)reg : 0;
    insn.imm = (u64)(s64)isa_rows[op].imm;
    emit(g, insn);
}
static void move(struct gen *g, u32 dst, u32 src) { op_reg(g, ISA_MOV64_REG, dst, src); }
static void set(struct gen *g, u32 dst, s64 imm) { op_imm(g, ISA_MOV64_IMM, dst, imm); }
static void call(struct gen *g, u32 helper)
{
    emit(g, (struct insn){ .op = ISA_CALL_HELPER, .imm = helper });
}
static void load_map(struct gen *g, u32 dst, u32 map)
{
    emit(g, (struct insn){ .op = ISA_LDDW_MAP, .dst = (u8)dst, .imm = map });
}
static void load_value(struct gen *g, u32 dst, u32 map, u32 offset)
{
    emit(g,
         (struct insn){ .op = ISA_LDDW_MAP_VALUE, .dst = (u8)dst, .imm = map | (u64)offset << 32 });
}
static void stack_address(struct gen *g, u32 dst, s32 offset)
{
    move(g, dst, 10);
    op_imm(g, ISA_ADD64_IMM, dst, offset);
}

/* A jump to what comes later: land() says where. */
static u32 jump(struct gen *g)
{
    return emit_target(g, (struct insn){ .op = ISA_JA }, g->out->n + 1);
}
static u32 branch_imm(struct gen *g, u16 op, u32 dst, s64 imm)
{
    struct insn insn = { .op = op, .dst = (u8)dst, .imm = (u64)(s64)(s32)imm };
    return emit_target(g, insn, g->out->n + 1);
}
static u32 branch_reg(struct gen *g, u16 op, u32 dst, u32 src)
{
    return emit_target(g, (struct insn){ .op = op, .dst = (u8)dst, .src = (u8)src }, g->out->n + 1);
}
static void land(struct gen *g, u32 jumped) { g->out->insns[jumped].target = g->out->n; }

/* clang-format off */
static const u16 binary_ops[][4] = {
#define ROW(NAME, ...) { ISA_##NAME##64_REG, ISA_##NAME##64_IMM, ISA_##NAME##32_REG, ISA_##NAME##32_IMM },
    ISA_BINARY(ROW)
#undef ROW
};
static const u16 cond_ops[][4] = {
#define ROW(NAME, ...) { ISA_##NAME##64_REG, ISA_##NAME##64_IMM, ISA_##NAME##32_REG, ISA_##NAME##32_IMM },
    ISA_COND(ROW)
#undef ROW
};
static const u16 unary_ops[] = {
    ISA_NEG64, ISA_NEG32, ISA_LE16, ISA_LE32, ISA_LE64, ISA_BE16, ISA_BE32, ISA_BE64,
    ISA_BSWAP16, ISA_BSWAP32, ISA_BSWAP64,
};
static const u16 extend_ops[] = {
    ISA_MOVSX8_64, ISA_MOVSX16_64, ISA_MOVSX32_64, ISA_MOVSX8_32, ISA_MOVSX16_32,
};
static const u16 load_ops[4] = { ISA_LDX_B, ISA_LDX_H, ISA_LDX_W, ISA_LDX_DW };
static const u16 load_sx_ops[3] = { ISA_LDXS_B, ISA_LDXS_H, ISA_LDXS_W };
static const u16 store_ops[4] = { ISA_STX_B, ISA_STX_H, ISA_STX_W, ISA_STX_DW };
static const u16 store_imm_ops[4] = { ISA_ST_B, ISA_ST_H, ISA_ST_W, ISA_ST_DW };
static const u16 atomic_ops[] = {
    ISA_ATOMIC_ADD_W, ISA_ATOMIC_ADD_DW, ISA_ATOMIC_OR_DW, ISA_ATOMIC_AND_W, ISA_ATOMIC_XOR_DW,
    ISA_FETCH_ADD_W, ISA_FETCH_ADD_DW, ISA_FETCH_OR_W, ISA_FETCH_AND_DW, ISA_FETCH_XOR_W,
    ISA_XCHG_W, ISA_XCHG_DW, ISA_CMPXCHG_W, ISA_CMPXCHG_DW,
};
/* clang-format on */

/* ---- variables */

static struct var *var_of(struct gen *g, u32 reg) { return &g->env.var[reg - FIRST_VAR]; }
static s32 slot_offset(u32 slot) { return -8 * (s32)(slot + 1); }

/* A variable that may be written, or 0. */
static u32 free_var(struct gen *g)
{
    u32 first = pick(g, VARS);
    for (u32 i = 0; i < VARS; i++)
        if (!g->env.var[(first + i) % VARS].busy)
            return FIRST_VAR + (first + i) % VARS;
    return 0;
}
static u32 number_var(struct gen *g)
{
    u32 first = pick(g, VARS);
    for (u32 i = 0; i < VARS; i++)
        if (g->env.var[(first + i) % VARS].kind == KIND_NUMBER)
            return FIRST_VAR + (first + i) % VARS;
    return 0;
}
static s32 slot_of_kind(struct gen *g, u8 kind)
{
    u32 first = pick(g, SLOTS);
    for (u32 i = 0; i < SLOTS; i++)
        if (g->env.slot[(first + i) % SLOTS].kind == kind)
            return (s32)((first + i) % SLOTS);
    return -1;
}
static void note_number(struct gen *g, u32 reg)
{
    if (reg >= FIRST_VAR && reg < FIRST_VAR + VARS)
        var_of(g, reg)->kind = KIND_NUMBER;
}

static void env_meet(struct env *a, const struct env *b)
{
    for (u32 i = 0; i < VARS; i++)
        if (a->var[i].kind != b->var[i].kind || a->var[i].map != b->var[i].map)
            a->var[i].kind = KIND_NONE;
    for (u32 i = 0; i < SLOTS; i++)
        if (a->slot[i].kind != b->slot[i].kind || a->slot[i].map != b->slot[i].map)
            a->slot[i].kind = KIND_NONE;
}

/* ---- numbers */

static void number_constant(struct gen *g, u32 dst)
{
    u64 n = border(g);
    if (chance(g, 40))
        emit(g, (struct insn){ .op = ISA_LDDW_IMM, .dst = (u8)dst, .imm = n });
    else
        op_imm(g, chance(g, 50) ? ISA_MOV64_IMM : ISA_MOV32_IMM, dst, (s64)(s32)n);
}

static void number_from_ctx(struct gen *g, u32 dst)
{
    static const s32 fields[HOOK_COUNT][4] = {
        [HOOK_XDP] = { 12, 16, 12, 16 },
        [HOOK_SCHED_CLS] = { 0, 8, 16, 48 },
        [HOOK_SOCKET_FILTER] = { 0, 4, 16, 52 },
        [HOOK_MEMORY] = { 0, 8, 16, 24 },
    };
    if (!g->has_ctx) {
        number_constant(g, dst);
        return;
    }
    bool memory = g->out->hook == HOOK_MEMORY;
    u32 size = memory ? pick(g, 4) : 2;
    op_memory(g, load_ops[size], dst, 6, fields[g->out->hook][pick(g, 4)]);
}

/* A load from memory whose address and size are known to fit: reg + off of `room` bytes. */
static void load_somewhere(struct gen *g, u32 dst, u32 reg, u32 room)
{
    u32 size = pick(g, 4);
    while ((1u << size) > room)
        size--;
    s32 off = (s32)(pick(g, room / (1u << size)) << size);
    bool sign = size < 3 && chance(g, 25);
    op_memory(g, sign ? load_sx_ops[size] : load_ops[size], dst, reg, off);
}

static void number_from_map(struct gen *g, u32 dst)
{
    u32 map = chance(g, 50) ? MAP_RODATA : MAP_ARRAY;
    u32 by = dst >= 6 || dst == 0 ? 1 : dst;
    load_value(g, by, map, 0);
    load_somewhere(g, dst, by, value_sizes[map]);
}

static void number_from_slot(struct gen *g, u32 dst)
{
    s32 slot = slot_of_kind(g, KIND_NUMBER);
    if (slot < 0) {
        number_from_ctx(g, dst);
        return;
    }
    u32 size = chance(g, 60) ? 3 : pick(g, 3);
    s32 part = (s32)(pick(g, 8 >> size) << size);
    bool sign = size < 3 && chance(g, 30);
    op_memory(g, sign ? load_sx_ops[size] : load_ops[size], dst, 10, slot_offset((u32)slot) + part);
}

/* Some number into a register; no other temporary but r1 is touched, and that only by dst >= 6. */
static void number(struct gen *g, u32 dst)
{
    u32 from = number_var(g);
    switch (pick(g, 6)) {
    case 0: number_constant(g, dst); break;
    case 1: number_from_ctx(g, dst); break;
    case 2: number_from_map(g, dst); break;
    case 3: number_from_slot(g, dst); break;
    default:
        if (from && from != dst)
            op_reg(g, chance(g, 75) ? ISA_MOV64_REG : ISA_MOV32_REG, dst, from);
        else if (!from)
            number_from_map(g, dst);
    }
    note_number(g, dst);
}

static void arithmetic(struct gen *g, u32 dst)
{
    const u16 *ops = PICK(g, binary_ops);
    u32 src = number_var(g), form = pick(g, 4);
    u64 imm = border(g);
    if (chance(g, 12)) {
        op_unary(g, PICK(g, unary_ops), dst);
        return;
    }
    if (chance(g, 10)) {
        op_unary(g, PICK(g, extend_ops), dst);
        return;
    }
    if (!src)
        form |= 1;
    u32 code = isa_rows[ops[0]].opcode & 0xf0;
    if (code == 0x60 || code == 0x70 || code == 0xc0)
        imm &= form == 1 ? 63 : 31;
    if ((code == 0x30 || code == 0x90) && (s32)imm == 0)
        imm = 3;
    struct insn insn = { .op = ops[form], .dst = (u8)dst, .off = isa_rows[ops[form]].off };
    if (form & 1)
        insn.imm = (u64)(s64)(s32)imm;
    else
        insn.src = (u8)src;
    emit(g, insn);
}

/* ---- bounds */

/* The number in dst is at most `most`, by one of many ways; or control goes to *otherwise. */
static void bound(struct gen *g, u32 dst, u32 most, u32 *otherwise)
{
    bool mask = (most & (most + 1)) == 0;
    *otherwise = GENERATE_NO_TARGET;
    switch (pick(g, 10)) {
    case 0:
        if (mask) {
            op_imm(g, chance(g, 50) ? ISA_AND64_IMM : ISA_AND32_IMM, dst, most);
            return;
        }
        break;
    case 1: op_imm(g, chance(g, 50) ? ISA_MOD64_IMM : ISA_MOD32_IMM, dst, (s64)most + 1); return;
    case 2:
        if (mask && most) {
            op_imm(g, ISA_RSH64_IMM, dst, 64 - __builtin_popcount(most));
            return;
        }
        break;
    case 3: { /* signed, both sides */
        u32 negative = branch_imm(g, ISA_JSLT64_IMM, dst, 0);
        *otherwise = branch_imm(g, ISA_JSGT64_IMM, dst, most);
        land(g, negative);
        /* a negative one becomes 0 */
        u32 fine = branch_imm(g, ISA_JSGE64_IMM, dst, 0);
        set(g, dst, 0);
        land(g, fine);
        return;
    }
    case 4: { /* the lesser of two */
        u32 fine = branch_imm(g, chance(g, 50) ? ISA_JLE64_IMM : ISA_JLT64_IMM, dst, most);
        set(g, dst, most);
        land(g, fine);
        return;
    }
    case 5: {
        u32 fine = branch_imm(g, ISA_JLE64_IMM, dst, most);
        *otherwise = jump(g);
        land(g, fine);
        return;
    }
    case 6: /* by its low half, which is all of it then */
        op_reg(g, ISA_MOV32_REG, dst, dst);
        *otherwise = branch_imm(g, chance(g, 50) ? ISA_JGT32_IMM : ISA_JGT64_IMM, dst, most);
        return;
    case 7: { /* by another register */
        u32 other = number_var(g);
        if (!other || other == dst)
            break;
        u32 not_less = branch_imm(g, ISA_JGT64_IMM, other, most);
        u32 not_more = branch_reg(g, ISA_JLE64_REG, dst, other);
        land(g, not_less);
        set(g, dst, 0);
        land(g, not_more);
        return;
    }
    default: break;
    }
    *otherwise = branch_imm(g, chance(g, 50) ? ISA_JGT64_IMM : ISA_JGE64_IMM, dst, 0);
    struct insn *last = &g->out->insns[*otherwise].insn;
    last->imm = last->op == ISA_JGE64_IMM ? (u64)most + 1 : most;
}

static void land_if(struct gen *g, u32 jumped)
{
    if (jumped != GENERATE_NO_TARGET)
        land(g, jumped);
}

/* ---- memory */

/* Something done with reg + off, `size` = log2 of the bytes. */
static void access_at(struct gen *g, u32 reg, s32 off, u32 size, bool writable, bool atomics)
{
    u32 var = free_var(g), from = number_var(g);
    switch (pick(g, writable ? 6 : 2)) {
    case 0:
    case 1:
        if (var) {
            bool sign = size < 3 && chance(g, 20);
            op_memory(g, sign ? load_sx_ops[size] : load_ops[size], var, reg, off);
            note_number(g, var);
            return;
        }
        op_memory(g, load_ops[size], 0, reg, off);
        return;
    case 2:
        if (from) {
            op_memory(g, store_ops[size], reg, from, off);
            return;
        }
        break;
    case 3:
        if (atomics && size >= 2 && from) {
            u16 op = PICK(g, atomic_ops);
            if (isa_rows[op].size == 1u << size) {
                set(g, 0, 0);
                move(g, 5, from);
                emit(g, (struct insn){ .op = op,
                                       .dst = (u8)reg,
                                       .src = 5,
                                       .off = off,
                                       .imm = (u64)(s64)isa_rows[op].imm });
                return;
            }
        }
        break;
    default: break;
    }
    op_store(g, store_imm_ops[size], reg, off, (s64)border(g));
}

/* An access to memory of `room` bytes at reg, which is a temporary: at a fixed offset or at one
 * that was bounded. */
static void access_memory(struct gen *g, u32 reg, u32 room, bool writable, bool aligned)
{
    u32 size = pick(g, 4), otherwise = GENERATE_NO_TARGET;
    while ((1u << size) > room)
        size--;
    u32 last = slip(g, room - (1u << size));
    if (chance(g, 35)) {
        access_at(g, reg, (s32)(pick(g, last + 1) & ~((1u << size) - 1)), size, writable, true);
        return;
    }
    u32 off = chance(g, 30) ? pick(g, last + 1) & ~((1u << size) - 1) : 0;
    u32 index = reg == 3 ? 4 : 3;
    number(g, index);
    bound(g, index, last - off, &otherwise);
    if (aligned)
        op_imm(g, ISA_AND64_IMM, index, -(s64)(1u << size));
    if (chance(g, 15)) { /* from the end */
        u32 back = index == 4 ? 5 : 4;
        set(g, back, last - off);
        op_reg(g, ISA_SUB64_REG, back, index);
        if (aligned)
            op_imm(g, ISA_AND64_IMM, back, -(s64)(1u << size));
        index = back;
    }
    op_reg(g, ISA_ADD64_REG, reg, index);
    access_at(g, reg, (s32)off, size, writable, aligned);
    land_if(g, otherwise);
}

/* Statements that only some paths complete may not change what variables are: they are numbers
 * before and after, or they are not touched. */
static void keep_numbers(struct gen *g, const struct env *before)
{
    for (u32 i = 0; i < VARS; i++)
        if (before->var[i].kind != KIND_NUMBER && g->env.var[i].kind == KIND_NUMBER)
            g->env.var[i] = (struct var){ .kind = KIND_NONE, .busy = before->var[i].busy };
}

/* ---- statements */

static void statements(struct gen *g);

static void statement_number(struct gen *g)
{
    u32 var = free_var(g);
    if (var)
        number(g, var);
}

static void statement_arithmetic(struct gen *g)
{
    u32 var = free_var(g);
    if (!var)
        return;
    if (var_of(g, var)->kind != KIND_NUMBER)
        number(g, var);
    for (u32 i = 1 + pick(g, 4); i-- > 0;)
        arithmetic(g, var);
}

static void statement_bound(struct gen *g)
{
    u32 var = number_var(g), otherwise;
    if (!var || var_of(g, var)->busy)
        return;
    bound(g, var, (u32)(border(g) & 0xffff), &otherwise);
    if (otherwise == GENERATE_NO_TARGET)
        return;
    if (g->may_leave && g->n_leaves < ARRAY_LEN(g->leaves) && chance(g, 50))
        g->leaves[g->n_leaves++] = otherwise;
    else
        land(g, otherwise);
}

static void statement_stack(struct gen *g)
{
    struct env before = g->env;
    if (chance(g, 30)) { /* all of it is written, so that it may be read */
        for (s32 i = 0; i < BUFFER_BYTES; i += 8)
            op_store(g, ISA_ST_DW, 10, BUFFER + i, (s64)border(g));
    }
    stack_address(g, 2, BUFFER);
    access_memory(g, 2, BUFFER_BYTES, true, true);
    keep_numbers(g, &before);
}

static void statement_spill(struct gen *g)
{
    u32 slot = pick(g, SLOTS), var = FIRST_VAR + pick(g, VARS);
    if (g->env.slot[slot].busy)
        return;
    switch (pick(g, 5)) {
    case 0: /* a part */
        if (g->env.slot[slot].kind == KIND_NUMBER && var_of(g, var)->kind == KIND_NUMBER) {
            u32 size = pick(g, 3);
            op_memory(g, store_ops[size], 10, var,
                      slot_offset(slot) + (s32)(pick(g, 8 >> size) << size));
        }
        return;
    case 1:
        op_store(g, ISA_ST_DW, 10, slot_offset(slot), (s64)border(g));
        g->env.slot[slot].kind = KIND_NUMBER;
        return;
    case 2: { /* fill */
        s32 from = slot_of_kind(g, chance(g, 50) ? KIND_VALUE : KIND_NUMBER);
        u32 to = free_var(g);
        if (from < 0 || !to)
            return;
        op_memory(g, ISA_LDX_DW, to, 10, slot_offset((u32)from));
        *var_of(g, to) = g->env.slot[from];
        var_of(g, to)->busy = false;
        return;
    }
    default:
        if (var_of(g, var)->kind == KIND_NONE)
            return;
        op_memory(g, ISA_STX_DW, 10, var, slot_offset(slot));
        g->env.slot[slot] = *var_of(g, var);
        g->env.slot[slot].busy = false;
    }
}

static void make_key(struct gen *g, u32 map)
{
    u32 var = number_var(g);
    if (map == MAP_WIDE) {
        if (var && chance(g, 50)) {
            move(g, 1, var);
            op_imm(g, ISA_AND64_IMM, 1, 7);
            op_memory(g, ISA_STX_DW, 10, 1, -72);
        } else {
            op_store(g, ISA_ST_DW, 10, -72, (s64)(pick(g, 8)));
        }
        return;
    }
    if (var && chance(g, 50)) {
        move(g, 1, var);
        if (chance(g, 80))
            op_imm(g, ISA_AND32_IMM, 1, 7);
        op_memory(g, ISA_STX_W, 10, 1, -72);
    } else {
        op_store(g, ISA_ST_W, 10, -72, (s64)(pick(g, 6)));
    }
}

static void statement_lookup(struct gen *g)
{
    static const u8 maps[] = { MAP_ARRAY, MAP_HASH, MAP_PERCPU, MAP_WIDE };
    u32 map = maps[pick(g, 4)], null;
    struct env before = g->env;
    make_key(g, map);
    load_map(g, 1, map);
    stack_address(g, 2, -72);
    call(g, 1);
    u32 checked = 0;
    if (chance(g, 25)) { /* the copy is checked */
        move(g, 1, 0);
        checked = chance(g, 50);
    }
    if (g->careless && chance(g, 6))
        null = GENERATE_NO_TARGET;
    else if (chance(g, 30)) {
        u32 fine = branch_imm(g, ISA_JNE64_IMM, checked, 0);
        null = jump(g);
        land(g, fine);
    } else {
        null = branch_imm(g, ISA_JEQ64_IMM, checked, 0);
    }
    u32 var = free_var(g);
    if (var && chance(g, 25) && g->depth < 4) { /* kept in a variable for a while */
        move(g, var, 0);
        *var_of(g, var) = (struct var){ .kind = KIND_VALUE, .map = (u8)map, .busy = false };
        g->depth++;
        for (u32 i = 1 + pick(g, 2); i-- > 0 && g->budget;)
            statements(g);
        g->depth--;
        struct env after = before;
        env_meet(&after, &g->env);
        for (u32 i = 0; i < VARS; i++)
            after.var[i].busy = before.var[i].busy;
        g->env = after;
    } else {
        move(g, 2, 0);
        access_memory(g, 2, value_sizes[map], true, chance(g, 20));
        keep_numbers(g, &before);
    }
    land_if(g, null);
}

static void statement_value(struct gen *g)
{
    u32 var = FIRST_VAR + pick(g, VARS);
    struct env before = g->env;
    if (var_of(g, var)->kind == KIND_VALUE) {
        u32 room = value_sizes[var_of(g, var)->map];
        bool busy = var_of(g, var)->busy;
        var_of(g, var)->busy = true;
        move(g, 2, var);
        access_memory(g, 2, room, true, chance(g, 20));
        var_of(g, var)->busy = busy;
    } else {
        u32 map = chance(g, 40) ? MAP_RODATA : MAP_ARRAY;
        u32 at = pick(g, 4) * 8;
        load_value(g, 2, map, at);
        access_memory(g, 2, value_sizes[map] - at, map != MAP_RODATA, chance(g, 20));
    }
    keep_numbers(g, &before);
}

static void statement_update(struct gen *g)
{
    u32 map = chance(g, 50) ? MAP_HASH : MAP_ARRAY;
    make_key(g, map);
    for (s32 i = 0; i < (s32)value_sizes[map] && chance(g, 90); i += 8)
        op_store(g, ISA_ST_DW, 10, BUFFER + i, (s64)(pick(g, 100)));
    load_map(g, 1, map);
    stack_address(g, 2, -72);
    if (chance(g, 20) && map == MAP_HASH) {
        call(g, 3);
        return;
    }
    stack_address(g, 3, BUFFER);
    set(g, 4, 0);
    call(g, 2);
}

static void statement_helper(struct gen *g)
{
    static const u8 plain[] = { 5, 7, 8 };
    u32 var = free_var(g), otherwise;
    bool packet = g->has_ctx && g->out->hook != HOOK_MEMORY;
    if (!packet || chance(g, 40)) {
        call(g, plain[pick(g, 3)]);
        if (var) {
            move(g, var, 0);
            note_number(g, var);
        }
        return;
    }
    /* bytes of the packet, as many as a number says */
    const u32 len = 4;
    number(g, len);
    bound(g, len, slip(g, BUFFER_BYTES - 1), &otherwise);
    if (chance(g, 70))
        op_imm(g, ISA_ADD64_IMM, len, 1);
    else
        op_imm(g, ISA_OR64_IMM, len, 1);
    move(g, 1, 6);
    number(g, 2);
    stack_address(g, 3, BUFFER);
    call(g, g->out->hook == HOOK_XDP ? 189 : 26);
    if (var && chance(g, 50) && otherwise == GENERATE_NO_TARGET) {
        move(g, var, 0);
        note_number(g, var);
    }
    land_if(g, otherwise);
}

static void statement_record(struct gen *g)
{
    u32 bytes = 8 * (1 + pick(g, 8));
    struct env before = g->env;
    bool held = g->held, may_leave = g->may_leave;
    load_map(g, 1, MAP_RING);
    set(g, 2, bytes);
    set(g, 3, 0);
    call(g, 131);
    u32 null = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
    u32 var = free_var(g);
    g->held = true;
    g->may_leave = g->careless && chance(g, 10);
    if (var && chance(g, 40)) {
        struct var was = *var_of(g, var);
        move(g, var, 0);
        *var_of(g, var) = (struct var){ .kind = KIND_NONE, .busy = true };
        move(g, 2, var);
        access_memory(g, 2, bytes, true, false);
        move(g, 1, var);
        *var_of(g, var) = was;
        var_of(g, var)->kind = KIND_NONE;
    } else {
        s32 slot = -80;
        op_memory(g, ISA_STX_DW, 10, 0, slot);
        move(g, 2, 0);
        access_memory(g, 2, bytes, true, false);
        op_memory(g, ISA_LDX_DW, 1, 10, slot);
    }
    set(g, 2, 0);
    call(g, chance(g, 70) ? 132 : 133);
    g->held = held;
    g->may_leave = may_leave;
    env_meet(&g->env, &before);
    keep_numbers(g, &before);
    land(g, null);
}

/* data in r2, data_end in r3 (data_meta in r4) */
static void packet_pointers(struct gen *g)
{
    bool xdp = g->out->hook == HOOK_XDP;
    bool first = chance(g, 50);
    if (first)
        op_memory(g, ISA_LDX_W, 3, 6, xdp ? 4 : 80);
    op_memory(g, ISA_LDX_W, 2, 6, xdp ? 0 : 76);
    if (!first)
        op_memory(g, ISA_LDX_W, 3, 6, xdp ? 4 : 80);
}

/* `bytes` at r2 lie before r3, else control goes to the result. */
static u32 packet_check(struct gen *g, u32 bytes)
{
    u32 fine, beyond;
    move(g, 4, 2);
    op_imm(g, ISA_ADD64_IMM, 4, bytes);
    switch (pick(g, 6)) {
    case 0: return branch_reg(g, ISA_JGT64_REG, 4, 3);
    case 1: return branch_reg(g, ISA_JLT64_REG, 3, 4);
    case 2:
        fine = branch_reg(g, ISA_JLE64_REG, 4, 3);
        beyond = jump(g);
        land(g, fine);
        return beyond;
    case 3:
        fine = branch_reg(g, ISA_JGE64_REG, 3, 4);
        beyond = jump(g);
        land(g, fine);
        return beyond;
    case 4: return branch_reg(g, ISA_JGE64_REG, 4, 3); /* one too many */
    default:
        move(g, 5, 3);
        op_reg(g, ISA_SUB64_REG, 5, 2);
        return branch_imm(g, ISA_JSLT64_IMM, 5, bytes);
    }
}

static void statement_packet(struct gen *g)
{
    u32 n = 1 + pick(g, 40);
    struct env before = g->env;
    bool writable = g->out->hook != HOOK_SOCKET_FILTER;
    if (!g->has_ctx || g->out->hook == HOOK_MEMORY || g->out->hook == HOOK_SOCKET_FILTER)
        return;
    packet_pointers(g);
    if (chance(g, 40)) { /* a header of variable size */
        u32 bits = 15, moved = GENERATE_NO_TARGET;
        u32 short_one = packet_check(g, 1);
        op_memory(g, ISA_LDX_B, 5, 2, 0);
        op_imm(g, ISA_AND64_IMM, 5, bits);
        if (chance(g, 70))
            op_imm(g, ISA_LSH64_IMM, 5, 2);
        if (chance(g, 30))
            moved = branch_imm(g, ISA_JLT64_IMM, 5, 4);
        op_reg(g, ISA_ADD64_REG, 2, 5);
        u32 beyond = packet_check(g, n);
        access_memory(g, 2, slip(g, n), writable, false);
        land(g, beyond);
        land(g, short_one);
        land_if(g, moved);
    } else {
        u32 beyond = packet_check(g, n);
        access_memory(g, 2, slip(g, n), writable, false);
        land(g, beyond);
    }
    keep_numbers(g, &before);
}

static void statement_adjust(struct gen *g)
{
    if (!g->has_ctx || g->out->hook != HOOK_XDP)
        return;
    move(g, 1, 6);
    set(g, 2, (s64)pick(g, 17) * 4 - 32);
    call(g, chance(g, 50) ? 44 : 54);
}

/* The sum over the packet, byte by byte. */
static void statement_packet_loop(struct gen *g)
{
    u32 var = free_var(g);
    if (!var || !g->has_ctx || (g->out->hook != HOOK_XDP && g->out->hook != HOOK_SCHED_CLS))
        return;
    u32 step = 1u << pick(g, 3);
    number(g, var);
    packet_pointers(g);
    u32 head = g->out->n;
    move(g, 4, 2);
    op_imm(g, ISA_ADD64_IMM, 4, step);
    u32 end = branch_reg(g, ISA_JGT64_REG, 4, 3);
    op_memory(g, load_ops[step == 1 ? 0 : step == 2 ? 1 : 2], 5, 2, 0);
    op_reg(g, ISA_ADD64_REG, var, 5);
    u32 early =
        chance(g, 30) ? branch_imm(g, ISA_JEQ64_IMM, 5, (s64)pick(g, 256)) : GENERATE_NO_TARGET;
    op_imm(g, ISA_ADD64_IMM, 2, step);
    u32 back = jump(g);
    g->out->insns[back].target = head;
    land(g, end);
    land_if(g, early);
}

static void block(struct gen *g)
{
    for (u32 i = 1 + pick(g, 3); i-- > 0 && g->budget;)
        statements(g);
}

static u32 some_branch(struct gen *g)
{
    const u16 *ops = PICK(g, cond_ops);
    u32 a = number_var(g), b = number_var(g);
    if (!a) {
        number(g, 1);
        a = 1;
        b = 0;
    }
    bool reg = b && b != a && chance(g, 50);
    u32 form = (reg ? 0u : 1u) | pick(g, 2) * 2;
    return reg ? branch_reg(g, ops[form], a, b) : branch_imm(g, ops[form], a, (s64)border(g));
}

static void statement_if(struct gen *g)
{
    if (g->depth >= 4)
        return;
    g->depth++;
    u32 otherwise = some_branch(g);
    struct env before = g->env;
    block(g);
    if (chance(g, 50)) {
        u32 over = jump(g);
        struct env then = g->env;
        land(g, otherwise);
        g->env = before;
        block(g);
        env_meet(&g->env, &then);
        land(g, over);
    } else {
        env_meet(&g->env, &before);
        land(g, otherwise);
    }
    g->depth--;
}

static void statement_leave(struct gen *g)
{
    if (!g->may_leave || g->n_leaves == ARRAY_LEN(g->leaves))
        return;
    g->leaves[g->n_leaves++] = some_branch(g);
}

/* What was a number at the head is one when control comes back to it. */
static void loop_restore(struct gen *g, const struct env *head)
{
    for (u32 i = 0; i < VARS; i++)
        if (head->var[i].kind == KIND_NUMBER && g->env.var[i].kind != KIND_NUMBER)
            set(g, FIRST_VAR + i, (s64)pick(g, 10));
    for (u32 i = 0; i < SLOTS; i++)
        if (head->slot[i].kind == KIND_NUMBER && g->env.slot[i].kind != KIND_NUMBER)
            op_store(g, ISA_ST_DW, 10, slot_offset(i), (s64)(pick(g, 10)));
}

/* Pointers that a loop might replace are not known in it. */
static void loop_forget(struct env *e)
{
    for (u32 i = 0; i < VARS; i++)
        if (e->var[i].kind != KIND_NUMBER && !e->var[i].busy)
            e->var[i].kind = KIND_NONE;
    for (u32 i = 0; i < SLOTS; i++)
        if (e->slot[i].kind != KIND_NUMBER)
            e->slot[i].kind = KIND_NONE;
}

/* Byte i of a value or of the buffer, for the counter i. */
static void loop_use_counter(struct gen *g, u32 counter, u32 times)
{
    u32 map = chance(g, 50) ? MAP_ARRAY : MAP_RODATA;
    if (times > value_sizes[map] || !chance(g, 60))
        return;
    if (chance(g, 40))
        stack_address(g, 2, BUFFER);
    else
        load_value(g, 2, map, 0);
    bool writable = g->out->insns[g->out->n - 1].insn.op != ISA_LDDW_MAP_VALUE || map == MAP_ARRAY;
    op_reg(g, ISA_ADD64_REG, 2, counter);
    struct env before = g->env;
    access_at(g, 2, 0, 0, writable, false);
    keep_numbers(g, &before);
}

static void statement_loop(struct gen *g)
{
    u32 counter = free_var(g), times = 1 + pick(g, chance(g, 10) ? 300 : 40), limit = 0;
    if (!counter || g->depth >= 3)
        return;
    g->depth++;
    loop_forget(&g->env);
    u32 shape = pick(g, 5), step = shape == 2 ? 1 : 1 + pick(g, 3);
    for (u32 i = 0; i < VARS; i++)
        if (shape == 3 && FIRST_VAR + i != counter && g->env.var[i].kind == KIND_NUMBER &&
            !g->env.var[i].busy)
            limit = FIRST_VAR + i;
    if (limit) {
        u32 otherwise;
        bound(g, limit, times, &otherwise);
        if (otherwise != GENERATE_NO_TARGET) {
            u32 over = jump(g);
            land(g, otherwise);
            set(g, limit, times);
            land(g, over);
        }
        var_of(g, limit)->busy = true;
    }
    set(g, counter, shape == 2 ? (s64)times : 0);
    *var_of(g, counter) = (struct var){ .kind = KIND_NUMBER, .busy = true };
    struct env head = g->env;
    u32 start = g->out->n, end = GENERATE_NO_TARGET, early = GENERATE_NO_TARGET;
    if (limit)
        end = branch_reg(g, ISA_JGE64_REG, counter, limit);
    else if (shape == 0)
        end = branch_imm(g, chance(g, 50) ? ISA_JGE64_IMM : ISA_JSGE32_IMM, counter, times);
    loop_use_counter(g, counter, shape == 2 || step > 1 ? UINT32_MAX : times);
    block(g);
    if (chance(g, 30))
        early = some_branch(g);
    struct env left = g->env;
    loop_restore(g, &head);
    op_imm(g, shape == 2 ? ISA_SUB64_IMM : ISA_ADD64_IMM, counter, step);
    u32 back = end != GENERATE_NO_TARGET ? jump(g)
               : shape == 2              ? branch_imm(g, ISA_JNE64_IMM, counter, 0)
                                         : branch_imm(g, ISA_JLT64_IMM, counter, times);
    g->out->insns[back].target = start;
    land_if(g, end);
    land_if(g, early);
    g->env = head;
    env_meet(&g->env, &left);
    var_of(g, counter)->busy = false;
    if (limit)
        var_of(g, limit)->busy = false;
    g->depth--;
}

/* A function to be written later, which this instruction refers to. */
static void refer(struct gen *g, u8 shape, u32 at)
{
    u32 f = g->n_funcs;
    for (u32 i = 0; i < g->n_funcs; i++)
        if (g->funcs[i].shape == shape && g->funcs[i].n_calls < 3 &&
            g->funcs[i].depth > g->func_depth && chance(g, 30))
            f = i;
    if (f == g->n_funcs)
        g->funcs[g->n_funcs++] =
            (struct pending){ .shape = shape, .depth = (u8)(g->func_depth + 1) };
    g->funcs[f].calls[g->funcs[f].n_calls++] = at;
}

static void statement_call(struct gen *g)
{
    u32 var = free_var(g);
    if (g->n_funcs == MOST_FUNCS || g->func_depth >= 3)
        return;
    if (g->has_ctx)
        move(g, 1, 6);
    else
        set(g, 1, 0);
    number(g, 2);
    number(g, 3);
    stack_address(g, 4, BUFFER);
    number(g, 5);
    refer(g, FUNC_CALLED, emit_target(g, (struct insn){ .op = ISA_CALL_LOCAL }, 0));
    if (var) {
        move(g, var, 0);
        note_number(g, var);
    }
}

static void statement_callback(struct gen *g)
{
    bool loop = chance(g, 60);
    if (g->n_funcs == MOST_FUNCS || g->func_depth >= 2 || g->depth >= 3)
        return;
    for (s32 i = 0; i < 16; i += 8)
        op_store(g, ISA_ST_DW, 10, BUFFER + i, (s64)(pick(g, 8)));
    if (loop)
        set(g, 1, pick(g, 30));
    else
        load_map(g, 1, chance(g, 50) ? MAP_ARRAY : MAP_HASH);
    refer(g, loop ? FUNC_LOOP_BODY : FUNC_EACH_BODY,
          emit_target(g, (struct insn){ .op = ISA_LDDW_CODE, .dst = 2 }, 0));
    stack_address(g, 3, BUFFER);
    set(g, 4, 0);
    call(g, loop ? 181 : 164);
}

/* What is allowed to hold pointers as numbers; what verifiers get wrong. */
static void statement_odd(struct gen *g)
{
    u32 var = free_var(g), skip;
    switch (pick(g, 6)) {
    case 0: /* a pointer minus itself */
        move(g, 1, 10);
        move(g, 2, 10);
        op_imm(g, ISA_NEG64, 2, 0);
        op_reg(g, ISA_ADD64_REG, 1, 2);
        skip = branch_imm(g, chance(g, 50) ? ISA_JNE64_IMM : ISA_JEQ64_IMM, 1, 0);
        if (var) {
            set(g, var, 1);
            if (var_of(g, var)->kind != KIND_NUMBER)
                var_of(g, var)->kind = KIND_NONE;
        }
        land(g, skip);
        return;
    case 1:
        stack_address(g, 1, -8 * (s32)pick(g, 8));
        stack_address(g, 2, -8 * (s32)pick(g, 8));
        skip = branch_reg(g, PICK(g, cond_ops)[0], 1, 2);
        call(g, 7);
        land(g, skip);
        return;
    case 2: /* as far apart as they are */
        if (!var)
            return;
        stack_address(g, 1, -8 * (s32)pick(g, 8));
        move(g, var, 10);
        op_reg(g, ISA_SUB64_REG, var, 1);
        note_number(g, var);
        return;
    case 3: { /* two names of one lookup, one of them replaced on a path */
        make_key(g, MAP_HASH);
        load_map(g, 1, MAP_HASH);
        stack_address(g, 2, -72);
        call(g, 1);
        move(g, 1, 0);
        u32 a = number_var(g);
        if (a) {
            skip = branch_imm(g, ISA_JSGT64_IMM, a, (s64)border(g));
            if (chance(g, 50))
                set(g, 1, 0);
            else
                load_value(g, 1, MAP_ARRAY, 0);
            land(g, skip);
        }
        u32 null = branch_imm(g, ISA_JEQ64_IMM, 0, 0);
        op_memory(g, load_ops[pick(g, 4)], 3, g->careless && chance(g, 40) ? 1 : 0, 0);
        land(g, null);
        return;
    }
    case 4: /* the same number by two ways */
        if (!var || var_of(g, var)->kind != KIND_NUMBER)
            return;
        move(g, 1, var);
        op_unary(g, PICK(g, unary_ops), 1);
        skip = branch_imm(g, PICK(g, cond_ops)[1], 1, (s64)border(g));
        op_imm(g, ISA_ADD64_IMM, var, 1);
        land(g, skip);
        return;
    default: /* a pointer's bits as a number */
        if (!var)
            return;
        op_memory(g, ISA_STX_DW, 10, chance(g, 50) && g->has_ctx ? 6 : 10, -80);
        op_memory(g, load_ops[pick(g, 3)], var, 10, -80 + 4 * (s32)pick(g, 2));
        note_number(g, var);
    }
}

static void statement_packet_load(struct gen *g)
{
    u32 var = free_var(g);
    if (!g->has_ctx || g->held ||
        (g->out->hook != HOOK_SOCKET_FILTER && g->out->hook != HOOK_SCHED_CLS))
        return;
    if (chance(g, 60))
        emit(g, (struct insn){ .op = ISA_LD_ABS_B, .imm = pick(g, 80) });
    else {
        number(g, 2);
        op_imm(g, ISA_AND64_IMM, 2, 63);
        emit(g, (struct insn){ .op = ISA_LD_IND_H, .src = 2, .imm = pick(g, 16) });
    }
    if (var) {
        move(g, var, 0);
        note_number(g, var);
    }
}

typedef void statement(struct gen *g);
static const struct {
    statement *emit;
    u32 weight;
} statement_table[] = {
    { statement_number, 8 },      { statement_arithmetic, 14 }, { statement_bound, 8 },
    { statement_stack, 8 },       { statement_spill, 12 },      { statement_lookup, 8 },
    { statement_value, 10 },      { statement_update, 3 },      { statement_helper, 5 },
    { statement_record, 4 },      { statement_packet, 10 },     { statement_adjust, 2 },
    { statement_if, 14 },         { statement_leave, 4 },       { statement_loop, 7 },
    { statement_call, 4 },        { statement_callback, 3 },    { statement_odd, 5 },
    { statement_packet_load, 3 }, { statement_packet_loop, 2 },
};

static void statements(struct gen *g)
{
    u32 total = 0;
    if (!g->budget)
        return;
    g->budget--;
    for (u32 i = 0; i < ARRAY_LEN(statement_table); i++)
        total += statement_table[i].weight;
    u32 at = pick(g, total);
    for (u32 i = 0; i < ARRAY_LEN(statement_table); i++) {
        if (at < statement_table[i].weight) {
            statement_table[i].emit(g);
            return;
        }
        at -= statement_table[i].weight;
    }
}

/* ---- functions */

static void function_begin(struct gen *g, u8 shape)
{
    memset(&g->env, 0, sizeof(g->env));
    g->n_leaves = 0;
    g->held = false;
    g->may_leave = true;
    g->depth = 0;
    g->shape = shape;
    g->has_ctx = shape == FUNC_CALLED;
    if (shape == FUNC_CALLED) {
        move(g, 6, 1);
        move(g, 7, 2);
        move(g, 8, 3);
        move(g, 9, 5);
        op_memory(g, ISA_STX_DW, 10, 4, -88); /* the caller's buffer */
    } else if (shape == FUNC_LOOP_BODY) {
        move(g, 7, 1);
        move(g, 8, 1);
        op_memory(g, ISA_LDX_DW, 9, 2, 0);
        op_imm(g, ISA_ADD64_IMM, 9, 1);
        op_memory(g, ISA_STX_DW, 2, 9, 0);
    } else {
        op_memory(g, ISA_LDX_W, 7, 2, 0);
        op_memory(g, ISA_LDX_DW, 8, 3, 8);
        move(g, 9, 7);
    }
    for (u32 i = 0; i < VARS; i++)
        g->env.var[i].kind = KIND_NUMBER;
}

/* In a subprogram: something is done with the buffer of the caller. */
static void function_use_buffer(struct gen *g)
{
    struct env before = g->env;
    if (g->shape != FUNC_CALLED || !chance(g, 50))
        return;
    op_memory(g, ISA_LDX_DW, 2, 10, -88);
    access_memory(g, 2, BUFFER_BYTES, true, true);
    keep_numbers(g, &before);
}

static void function_end(struct gen *g)
{
    u32 var = number_var(g), otherwise = GENERATE_NO_TARGET, over = GENERATE_NO_TARGET;
    if (g->shape == FUNC_CALLED && var && chance(g, 70)) {
        move(g, 0, var);
        if (chance(g, 50))
            bound(g, 0, 1 + pick(g, 64), &otherwise);
        over = jump(g);
    }
    land_if(g, otherwise);
    for (u32 i = 0; i < g->n_leaves; i++)
        land(g, g->leaves[i]);
    set(g, 0, g->shape == FUNC_CALLED ? (s64)pick(g, 4) : chance(g, 80) ? 0 : 1);
    land_if(g, over);
    emit(g, (struct insn){ .op = ISA_EXIT });
}

static void write_functions(struct gen *g)
{
    for (u32 f = 0; f < g->n_funcs; f++) {
        for (u32 c = 0; c < g->funcs[f].n_calls; c++)
            g->out->insns[g->funcs[f].calls[c]].target = g->out->n;
        g->func_depth = g->funcs[f].depth;
        g->budget = g->out->n + 60 < GENERATE_MAX ? 2 + pick(g, 5) : 0;
        function_begin(g, g->funcs[f].shape);
        while (g->budget)
            statements(g);
        if (g->out->n + 60 < GENERATE_MAX)
            function_use_buffer(g);
        function_end(g);
        g->funcs[f].n_calls = 4; /* written: nobody else can refer to it */
    }
}

void generate(struct generated *out, u64 seed)
{
    static const enum generated_hook hooks[] = { HOOK_XDP,       HOOK_XDP,       HOOK_XDP,
                                                 HOOK_SCHED_CLS, HOOK_SCHED_CLS, HOOK_SOCKET_FILTER,
                                                 HOOK_MEMORY,    HOOK_MEMORY };
    struct gen g = { .out = out, .random = seed };
    out->n = 0;
    random_next(&g.random);
    out->hook = hooks[pick(&g, (u32)ARRAY_LEN(hooks))];
    g.careless = chance(&g, 35);
    g.budget = 3 + pick(&g, 20);
    g.has_ctx = g.may_leave = true;
    move(&g, 6, 1);
    for (u32 i = 0; i < VARS; i++)
        number(&g, FIRST_VAR + i);
    for (u32 i = 0; i < SLOTS; i += 1 + pick(&g, 3)) {
        op_memory(&g, ISA_STX_DW, 10, FIRST_VAR + pick(&g, VARS), slot_offset(i));
        g.env.slot[i].kind = KIND_NUMBER;
    }
    while (g.budget)
        statements(&g);
    for (u32 i = 0; i < g.n_leaves; i++)
        land(&g, g.leaves[i]);
    set(&g, 0, pick(&g, 3));
    emit(&g, (struct insn){ .op = ISA_EXIT });
    write_functions(&g);
}
