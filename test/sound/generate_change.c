/* Random programs (generate.h): numbers, changes, bytecode. */
#include "sound/generate.h"

u64 random_number(u64 *state)
{
    static const u64 borders[] = { 0,         1,          2,          3,         4,
                                   7,         8,          15,         16,        31,
                                   32,        63,         64,         127,       128,
                                   255,       256,        0xffff,     0x10000,   0x7fffffff,
                                   1u << 31,  UINT32_MAX, 1ull << 32, INT64_MAX, 1ull << 63,
                                   UINT64_MAX };
    u64 base = borders[random_below(state, (u32)ARRAY_LEN(borders))];
    switch (random_below(state, 8)) {
    case 0: return random_next(state) >> random_below(state, 64);
    case 1: return base + 1;
    case 2: return base - 1;
    case 3: return 0 - base;
    default: return base;
    }
}

/* ---- changes */

void generate_make_nop(struct generated *program, u32 at)
{
    program->insns[at] = (struct generated_insn){ .insn = { .op = ISA_JA }, .target = at + 1 };
}

void generate_remove(struct generated *program, u32 at)
{
    for (u32 i = at; i + 1 < program->n; i++)
        program->insns[i] = program->insns[i + 1];
    program->n--;
    for (u32 i = 0; i < program->n; i++)
        if (program->insns[i].target != GENERATE_NO_TARGET && program->insns[i].target > at)
            program->insns[i].target--;
    for (u32 f = 0; f < program->n_funcs; f++)
        program->funcs[f].at -= program->funcs[f].at > at;
}

/* Another instruction of the same kind. */
static u16 mutate_op(u16 op, u64 *state)
{
    for (u32 tries = 0; tries < 400; tries++) {
        u16 other = (u16)random_below(state, ISA_OP_COUNT);
        if (isa_rows[other].kind == isa_rows[op].kind && isa_rows[op].kind != ISA_KIND_LDDW)
            return other;
    }
    return op;
}

void generate_mutate(struct generated *program, u64 *state)
{
    u32 at = random_below(state, program->n);
    struct generated_insn *g = &program->insns[at];
    struct insn *insn = &g->insn;
    const struct isa_row *row = insn_row(insn);
    switch (random_below(state, 8)) {
    case 0:
        if ((row->operands & ISA_I) && row->kind != ISA_KIND_LDDW)
            insn->imm = (u64)(s64)(s32)random_number(state);
        break;
    case 1:
        if ((row->operands & ISA_I) && row->kind != ISA_KIND_LDDW &&
            row->kind != ISA_KIND_CALL_HELPER)
            insn->imm = (u64)(s64)(s32)(insn->imm + (random_below(state, 2) ? 1 : UINT64_MAX));
        break;
    case 2:
        if (insn_is_memory(insn))
            insn->off += (s32)random_below(state, 17) - 8;
        break;
    case 3: {
        u16 op = mutate_op(insn->op, state);
        const struct isa_row *other = &isa_rows[op];
        insn->op = op;
        if (!(other->operands & ISA_I))
            insn->imm = (u64)(s64)other->imm;
        if (!(other->operands & ISA_O))
            insn->off = other->off;
        break;
    }
    case 4:
        if (row->operands & ISA_D)
            insn->dst = (u8)random_below(state, 10);
        break;
    case 5:
        if (row->operands & ISA_S)
            insn->src = (u8)random_below(state, 10);
        break;
    case 6:
        if (insn_is_jump(insn) && at + 1 < program->n)
            g->target =
                at + 1 + random_below(state, program->n - at - 1 < 8 ? program->n - at - 1 : 8);
        break;
    default:
        if (row->kind != ISA_KIND_EXIT)
            generate_make_nop(program, at);
    }
}

/* ---- bytecode */

static bool encode_target(struct insn *insn, u32 at_slot, u32 target_slot)
{
    s64 distance = (s64)target_slot - (s64)at_slot - 1;
    if (insn->op == ISA_LDDW_CODE || insn->op == ISA_CALL_LOCAL)
        insn->imm = insn->op == ISA_LDDW_CODE ? (u64)(u32)(s32)distance : (u64)distance;
    else if (distance < INT16_MIN || distance > INT16_MAX)
        return false;
    else
        insn->off = (s32)distance;
    return true;
}

u32 generate_slots(const struct generated *program, u32 *slot_of)
{
    u32 n = 0;
    for (u32 i = 0; i < program->n; i++) {
        slot_of[i] = n;
        n += insn_slots(&program->insns[i].insn);
    }
    slot_of[program->n] = n;
    return n;
}

u32 generate_encode(const struct generated *program, skep_insn *out)
{
    u32 slot_of[GENERATE_MAX + 1], n = generate_slots(program, slot_of);
    for (u32 i = 0; i < program->n; i++) {
        struct insn insn = program->insns[i].insn;
        struct isa_slot slots[2];
        u32 target = program->insns[i].target;
        if (target != GENERATE_NO_TARGET &&
            (target >= program->n || !encode_target(&insn, slot_of[i], slot_of[target])))
            return 0;
        for (u32 s = 0; s < isa_encode(&insn, slots); s++)
            out[slot_of[i] + s] = (skep_insn){ .opcode = slots[s].opcode,
                                               .registers = (u8)(slots[s].src << 4 | slots[s].dst),
                                               .offset = slots[s].off,
                                               .imm = slots[s].imm };
    }
    return n;
}
