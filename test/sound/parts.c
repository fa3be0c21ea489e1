/* See parts.h. */
#include "sound/parts.h"

const u32 value_sizes[MAP_COUNT] = { 64, 32, 0, 64, 16, 128, 32, 40, 8, 4, 32, 0, 48, 16 };

/* ---- random choices */

u32 pick(struct gen *g, u32 n) { return random_below(&g->random, n); }
bool chance(struct gen *g, u32 percent) { return pick(g, 100) < percent; }
u64 border(struct gen *g) { return random_number(&g->random); }
/* A limit that is off by something, in programs that are careless. */
u32 slip(struct gen *g, u32 limit)
{
    return g->careless && chance(g, 12) ? limit + 1 + pick(g, 2) * pick(g, 64) : limit;
}

/* ---- instructions */

u32 emit_target(struct gen *g, struct insn insn, u32 target)
{
    u32 at = g->out->n;
    if (at + 24 >= GENERATE_MAX)
        g->budget = 0;
    if (at + 1 >= GENERATE_MAX)
        return at - 1;
    g->out->insns[g->out->n++] = (struct generated_insn){ .insn = insn, .target = target };
    return at;
}
u32 emit(struct gen *g, struct insn insn) { return emit_target(g, insn, GENERATE_NO_TARGET); }

void op_imm(struct gen *g, u16 op, u32 dst, s64 imm)
{
    emit(g, (struct insn){ .op = op, .dst = (u8)dst, .imm = (u64)(s64)(s32)imm });
}
void op_reg(struct gen *g, u16 op, u32 dst, u32 src)
{
    emit(g, (struct insn){ .op = op, .dst = (u8)dst, .src = (u8)src });
}
void op_memory(struct gen *g, u16 op, u32 dst, u32 src, s32 off)
{
    emit(g, (struct insn){ .op = op, .dst = (u8)dst, .src = (u8)src, .off = off });
}
void op_store(struct gen *g, u16 op, u32 dst, s32 off, s64 imm)
{
    emit(g, (struct insn){ .op = op, .dst = (u8)dst, .off = off, .imm = (u64)(s64)(s32)imm });
}
/* Of operations that have a fixed immediate, or offset. */
void op_unary(struct gen *g, u16 op, u32 reg)
{
    struct insn insn = { .op = op, .dst = (u8)reg, .off = isa_rows[op].off };
    insn.src = isa_rows[op].kind == ISA_KIND_MOVSX ? (u8)reg : 0;
    insn.imm = (u64)(s64)isa_rows[op].imm;
    emit(g, insn);
}
void move(struct gen *g, u32 dst, u32 src) { op_reg(g, ISA_MOV64_REG, dst, src); }
void set(struct gen *g, u32 dst, s64 imm) { op_imm(g, ISA_MOV64_IMM, dst, imm); }
void call(struct gen *g, u32 helper)
{
    emit(g, (struct insn){ .op = ISA_CALL_HELPER, .imm = helper });
}
void take_map(struct gen *g, u32 dst, u32 map)
{
    emit(g, (struct insn){ .op = ISA_LDDW_MAP, .dst = (u8)dst, .imm = map });
}
void take_value(struct gen *g, u32 dst, u32 map, u32 offset)
{
    emit(g,
         (struct insn){ .op = ISA_LDDW_MAP_VALUE, .dst = (u8)dst, .imm = map | (u64)offset << 32 });
}
void stack_address(struct gen *g, u32 dst, s32 offset)
{
    move(g, dst, 10);
    op_imm(g, ISA_ADD64_IMM, dst, offset);
}

/* A jump to what comes later: land() says where. */
u32 jump(struct gen *g) { return emit_target(g, (struct insn){ .op = ISA_JA }, g->out->n + 1); }
u32 branch_imm(struct gen *g, u16 op, u32 dst, s64 imm)
{
    struct insn insn = { .op = op, .dst = (u8)dst, .imm = (u64)(s64)(s32)imm };
    return emit_target(g, insn, g->out->n + 1);
}
u32 branch_reg(struct gen *g, u16 op, u32 dst, u32 src)
{
    return emit_target(g, (struct insn){ .op = op, .dst = (u8)dst, .src = (u8)src }, g->out->n + 1);
}
void land(struct gen *g, u32 jumped) { g->out->insns[jumped].target = g->out->n; }

/* clang-format off */
static const u16 binary_ops[][4] = {
#define ROW(NAME, ...) { ISA_##NAME##64_REG, ISA_##NAME##64_IMM, ISA_##NAME##32_REG, ISA_##NAME##32_IMM },
    ISA_BINARY(ROW)
#undef ROW
};
const u16 cond_ops[][4] = {
#define ROW(NAME, ...) { ISA_##NAME##64_REG, ISA_##NAME##64_IMM, ISA_##NAME##32_REG, ISA_##NAME##32_IMM },
    ISA_COND(ROW)
#undef ROW
};
const u16 unary_ops[] = {
    ISA_NEG64, ISA_NEG32, ISA_LE16, ISA_LE32, ISA_LE64, ISA_BE16, ISA_BE32, ISA_BE64,
    ISA_BSWAP16, ISA_BSWAP32, ISA_BSWAP64,
};
static const u16 extend_ops[] = {
    ISA_MOVSX8_64, ISA_MOVSX16_64, ISA_MOVSX32_64, ISA_MOVSX8_32, ISA_MOVSX16_32,
};
const u16 load_ops[4] = { ISA_LDX_B, ISA_LDX_H, ISA_LDX_W, ISA_LDX_DW };
const u16 load_sx_ops[3] = { ISA_LDXS_B, ISA_LDXS_H, ISA_LDXS_W };
const u16 store_ops[4] = { ISA_STX_B, ISA_STX_H, ISA_STX_W, ISA_STX_DW };
static const u16 store_imm_ops[4] = { ISA_ST_B, ISA_ST_H, ISA_ST_W, ISA_ST_DW };
const u16 atomic_ops[14] = {
    ISA_ATOMIC_ADD_W, ISA_ATOMIC_ADD_DW, ISA_ATOMIC_OR_DW, ISA_ATOMIC_AND_W, ISA_ATOMIC_XOR_DW,
    ISA_FETCH_ADD_W, ISA_FETCH_ADD_DW, ISA_FETCH_OR_W, ISA_FETCH_AND_DW, ISA_FETCH_XOR_W,
    ISA_XCHG_W, ISA_XCHG_DW, ISA_CMPXCHG_W, ISA_CMPXCHG_DW,
};
/* clang-format on */

/* ---- variables */

struct var *var_of(struct gen *g, u32 reg) { return &g->env.var[reg - FIRST_VAR]; }
s32 slot_offset(u32 slot) { return -8 * (s32)(slot + 1); }

/* A variable that may be written, or 0. */
u32 free_var(struct gen *g)
{
    u32 first = pick(g, VARS);
    for (u32 i = 0; i < VARS; i++)
        if (!g->env.var[(first + i) % VARS].busy)
            return FIRST_VAR + (first + i) % VARS;
    return 0;
}
u32 number_var(struct gen *g)
{
    u32 first = pick(g, VARS);
    for (u32 i = 0; i < VARS; i++)
        if (g->env.var[(first + i) % VARS].kind == KIND_NUMBER)
            return FIRST_VAR + (first + i) % VARS;
    return 0;
}
s32 slot_of_kind(struct gen *g, u8 kind)
{
    u32 first = pick(g, SLOTS);
    for (u32 i = 0; i < SLOTS; i++)
        if (g->env.slot[(first + i) % SLOTS].kind == kind)
            return (s32)((first + i) % SLOTS);
    return -1;
}
void note_number(struct gen *g, u32 reg)
{
    if (reg >= FIRST_VAR && reg < FIRST_VAR + VARS)
        var_of(g, reg)->kind = KIND_NUMBER;
}

void env_meet(struct env *a, const struct env *b)
{
    for (u32 i = 0; i < VARS; i++)
        if (a->var[i].kind != b->var[i].kind || a->var[i].map != b->var[i].map)
            a->var[i].kind = KIND_NONE;
    for (u32 i = 0; i < SLOTS; i++)
        if (a->slot[i].kind != b->slot[i].kind || a->slot[i].map != b->slot[i].map)
            a->slot[i].kind = KIND_NONE;
}

/* ---- numbers */

void number_constant(struct gen *g, u32 dst)
{
    u64 n = border(g);
    if (chance(g, 40))
        emit(g, (struct insn){ .op = ISA_LDDW_IMM, .dst = (u8)dst, .imm = n });
    else
        op_imm(g, chance(g, 50) ? ISA_MOV64_IMM : ISA_MOV32_IMM, dst, (s64)(s32)n);
}

void number_from_ctx(struct gen *g, u32 dst)
{
    static const s32 fields[HOOK_COUNT][4] = {
        [HOOK_XDP] = { 12, 16, 12, 16 },         [HOOK_SCHED_CLS] = { 0, 8, 16, 48 },
        [HOOK_SOCKET_FILTER] = { 0, 4, 16, 52 }, [HOOK_MEMORY] = { 0, 8, 16, 24 },
        [HOOK_THINGS] = { 0, 0, 4, 4 },
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
void load_somewhere(struct gen *g, u32 dst, u32 reg, u32 room)
{
    u32 size = pick(g, 4);
    while ((1u << size) > room)
        size--;
    s32 off = (s32)(pick(g, room / (1u << size)) << size);
    bool sign = size < 3 && chance(g, 25);
    op_memory(g, sign ? load_sx_ops[size] : load_ops[size], dst, reg, off);
}

void number_from_map(struct gen *g, u32 dst)
{
    u32 map = chance(g, 50) ? MAP_RODATA : MAP_ARRAY;
    u32 by = dst >= 6 || dst == 0 ? 1 : dst;
    take_value(g, by, map, 0);
    load_somewhere(g, dst, by, value_sizes[map]);
}

void number_from_slot(struct gen *g, u32 dst)
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
void number(struct gen *g, u32 dst)
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

void arithmetic(struct gen *g, u32 dst)
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
void bound(struct gen *g, u32 dst, u32 most, u32 *otherwise)
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

void land_if(struct gen *g, u32 jumped)
{
    if (jumped != GENERATE_NO_TARGET)
        land(g, jumped);
}

/* ---- memory */

/* Something done with reg + off, `size` = log2 of the bytes. */
void access_at(struct gen *g, u32 reg, s32 off, u32 size, bool writable, bool atomics)
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
void access_memory(struct gen *g, u32 reg, u32 room, bool writable, bool aligned)
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
void keep_numbers(struct gen *g, const struct env *before)
{
    for (u32 i = 0; i < VARS; i++)
        if (before->var[i].kind != KIND_NUMBER && g->env.var[i].kind == KIND_NUMBER)
            g->env.var[i] = (struct var){ .kind = KIND_NONE, .busy = before->var[i].busy };
}
