/* Which registers and slots decide: their contents come to a comparison with a constant, by way of
 * copies alone or what is done to one operand.  States that differ in what such a place holds are
 * worth keeping apart (a flag that stands for a bound), others are joined first.
 *
 * Only a choice of what to join: whatever it says, what is kept holds. */
#include "verify/engine.h"

enum {
    DECIDE_SLOTS = 64 - STATE_REGS,
    DECIDE_PASSES = 4, /* over the program: stopping early forgets what is far away */
};

/* ---- which do */

/* The slot that a load or store through r10 is about; DECIDE_SLOTS: another place, or a far one. */
static u32 decide_slot(const struct insn *insn, u32 base)
{
    u32 slot = (u32)((-(s64)insn->off - 1) / 8);
    return base == 10 && insn->off < 0 && slot < DECIDE_SLOTS ? slot : DECIDE_SLOTS;
}

static u64 decide_bit(u32 place) { return (u64)1 << place; }

/* What `from` holds after the instruction, `to` held before it, if either does. */
static u64 decide_moved(u64 after, u32 from, u64 to)
{
    return after & decide_bit(from) ? (after & ~decide_bit(from)) | to : after;
}

static bool decide_is_move(const struct insn *insn)
{
    return insn->op == ISA_MOV64_REG || insn->op == ISA_MOV32_REG ||
           insn_kind(insn) == ISA_KIND_MOVSX;
}

static bool decide_is_load(const struct insn *insn)
{
    return insn_kind(insn) == ISA_KIND_LOAD || insn_kind(insn) == ISA_KIND_LOAD_SX;
}

/* The places that decide before an instruction: bit r: a register; bit STATE_REGS + i: a slot. */
static u64 decide_before(const struct insn *insn, u64 after)
{
    enum isa_kind kind = insn_kind(insn);
    bool sets = insn->op == ISA_MOV64_IMM || insn->op == ISA_MOV32_IMM;
    if (kind == ISA_KIND_COND_IMM)
        return after | decide_bit(insn->dst);
    if (decide_is_move(insn))
        return decide_moved(after, insn->dst, decide_bit(insn->src));
    if (decide_is_load(insn)) {
        u32 slot = decide_slot(insn, insn->src);
        u64 from = slot < DECIDE_SLOTS ? decide_bit(STATE_REGS + slot) : 0;
        return decide_moved(after, insn->dst, from);
    }
    if (kind == ISA_KIND_STORE_REG && decide_slot(insn, insn->dst) < DECIDE_SLOTS)
        return decide_moved(after, STATE_REGS + decide_slot(insn, insn->dst),
                            decide_bit(insn->src));
    bool changes = !sets && (kind == ISA_KIND_BINARY_REG || kind == ISA_KIND_BINARY_IMM);
    return changes ? after : after & ~(u64)isa_writes(insn);
}

static u64 decide_after_block(const struct verifier *v, u32 b)
{
    u64 after = 0;
    for (u32 e = 0; e < 2; e++) {
        u32 to = v->in->cfg->blocks[b].succ[e];
        if (to != CODE_NONE)
            after |= v->decides[v->in->cfg->blocks[to].start];
    }
    return after;
}

static bool decide_pass(struct verifier *v)
{
    const struct cfg *cfg = v->in->cfg;
    bool changed = false;
    for (u32 b = cfg->n_blocks; b-- > 0;) {
        const struct cfg_block *block = &cfg->blocks[b];
        u64 places = decide_after_block(v, b);
        for (u32 i = block->end; i-- > block->start;) {
            places = decide_before(&v->in->code->insns[i], places);
            changed |= v->decides[i] != places;
            v->decides[i] = places;
        }
    }
    return changed;
}

bool decide_find(struct verifier *v)
{
    if (v->decides)
        return true;
    v->decides = arena_array(&v->arena, u64, v->in->code->n_insns);
    for (u32 pass = 0; v->decides && pass < DECIDE_PASSES && decide_pass(v); pass++) {
    }
    return v->decides || verify_fails(v, SKEP_NOMEM);
}

/* ---- what they hold */

/* A number or a pointer of which everything is known; 0: it is none. */
u64 decide_constant_of(const struct verifier *v, const struct cell *cell)
{
    const struct value *value = cell_value(v, cell);
    bool known = value->kind != VALUE_NONE && !(value->flags & VALUE_NULLABLE) &&
                 value->range.umin == value->range.umax;
    u64 kind = (u64)value->kind << 16 | value->object;
    return known ? (value->range.umin ^ kind << 40) * 0xff51afd7ed558ccdu | 1 : 0;
}

static u64 decide_slot_holds(const struct verifier *v, const struct slot *slot)
{
    u64 hash = 0;
    for (u32 p = 0; slot->kind == SLOT_DATA && p < 2; p++)
        if (slot->run[p].size)
            hash += decide_constant_of(v, &slot->part[p]);
    return hash;
}

static u64 decide_frame(const struct verifier *v, const struct frame *f, u64 places)
{
    u64 hash = 0;
    for (u64 left = places; left; left &= left - 1) {
        u32 i = (u32)__builtin_ctzll(left);
        u64 constant = 0;
        if (i < STATE_REGS)
            constant = decide_constant_of(v, &f->reg[i]);
        else if (i - STATE_REGS < f->n_slots)
            constant = decide_slot_holds(v, &f->slot[i - STATE_REGS]);
        hash = (hash ^ constant) * 0xc4ceb9fe1a85ec53u;
        hash ^= hash >> 32;
    }
    return hash;
}

u64 decide_key(const struct verifier *v, const struct state *s)
{
    u32 insn = s->insn, context = s->context;
    u64 hash = 0;
    for (u32 i = s->n_frames; i-- > 0 && context != VERIFY_NONE;) {
        hash = hash * 31 + decide_frame(v, s->frames[i], v->decides[insn]);
        insn = v->contexts.data[context].call;
        context = v->contexts.data[context].parent;
        insn = min_u32(insn + 1, v->in->code->n_insns - 1);
    }
    return hash;
}
