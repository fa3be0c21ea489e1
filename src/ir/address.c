/* A forward analysis per function: for each register and block, whether it may hold an address of
 * the function's own frame (and, while that is one constant from r10, which) or of an outer one.
 *
 * Joins go to "some address", so a register's value changes at most three times per block, and
 * each block is looked at a bounded number of times.  What memory holds is one fact for the whole
 * function: which slots of the frame ever got an address, and whether somebody else may have put
 * one anywhere.  When such a fact changes, the function is gone through again, ADDRESS_ROUNDS times
 * at most; then everything is taken to be possible.
 *
 * EXACT is sound because it only comes from r10 through moves and constants in registers. */
#include "ir/address.h"

#define ADDRESS_ROUNDS 3u
#define ADDRESS_ANY (ADDRESS_OWN | ADDRESS_OUTER)

static struct address address_vague(u32 kind)
{
    return (struct address){ .kind = (u16)(kind & ADDRESS_ANY) };
}

struct address address_of(const struct address_state *state, u32 reg)
{
    return reg < ADDRESS_REGS ? state->reg[reg]
                              : (struct address){ .kind = ADDRESS_OWN | ADDRESS_EXACT };
}

static struct address address_join(struct address a, struct address b)
{
    return a.kind == b.kind && a.off == b.off ? a : address_vague((u32)a.kind | b.kind);
}

static struct address address_plus(struct address a, s64 n)
{
    s64 off = a.off + n;
    bool fits = off >= INT16_MIN && off <= INT16_MAX;
    if (!(a.kind & ADDRESS_EXACT) || !fits)
        return address_vague(a.kind);
    return (struct address){ .off = (s16)off, .kind = a.kind };
}

/* ---- memory -------------------------------------------------------------------------------- */

static void address_note_flag(struct address_flow *flow, bool *flag, bool value)
{
    flow->changed |= value && !*flag;
    *flag |= value;
}

static void address_note_slots(struct address_flow *flow, u64 *set, u64 slots)
{
    flow->changed |= (slots & ~*set) != 0;
    *set |= slots;
}

/* Where an access through an address of the own frame may be; deeper than what is told apart:
 * anywhere. */
u64 address_places(struct address base, const struct insn *insn)
{
    s64 off = (s64)base.off + insn->off;
    if (!(base.kind & ADDRESS_OWN))
        return 0;
    if (!(base.kind & ADDRESS_EXACT) || off < -ADDRESS_BYTES)
        return ~(u64)0;
    return address_slots(off, insn_row(insn)->size);
}

static void address_store(struct address_flow *flow, struct address_func *func,
                          const struct insn *insn, const struct address_state *state)
{
    struct address base = address_of(state, insn->dst), value = address_of(state, insn->src);
    u64 places = address_places(base, insn);
    if (value.kind & ADDRESS_OWN)
        address_note_slots(flow, &func->own_at, places);
    if (value.kind & ADDRESS_OUTER)
        address_note_slots(flow, &func->outer_at, places);
    if (base.kind & ADDRESS_OUTER) {
        address_note_flag(flow, &func->keeps, value.kind != 0);
        address_note_flag(flow, &func->escapes, value.kind & ADDRESS_OWN);
    }
}

static struct address address_load(const struct address_func *func, const struct insn *insn,
                                   struct address base)
{
    u64 places = address_places(base, insn);
    u32 kind = func->escapes ? ADDRESS_ANY : 0;
    kind |= places & func->own_at ? ADDRESS_OWN : 0;
    kind |= places & func->outer_at ? ADDRESS_OUTER : 0;
    /* In outer frames only whole slots are pointers. */
    kind |= insn_row(insn)->size == 8 ? base.kind & ADDRESS_OUTER : 0;
    return address_vague(kind);
}

/* ---- calls --------------------------------------------------------------------------------- */

bool address_is_call(const struct insn *insn)
{
    enum isa_kind kind = insn_kind(insn);
    return kind == ISA_KIND_CALL_HELPER || kind == ISA_KIND_CALL_LOCAL ||
           kind == ISA_KIND_CALL_KFUNC || kind == ISA_KIND_CALL_INDIRECT;
}

static struct address_call address_call_helper(struct address_flow *flow,
                                               const struct skep_helper *helper)
{
    struct address_call call = { .helper = helper };
    for (u32 i = 0; i < ARRAY_LEN(helper->args); i++) {
        if (helper->args[i].kind != SKEP_ARG_NONE)
            call.args = (u16)((2u << (i + 1)) - 2);
        call.keeps |= (helper->args[i].flags & SKEP_ARG_KEPT) != 0;
    }
    if (helper->effects & SKEP_CALLS_BACK) {
        flow->callbacks_consulted = true;
        call.keeps |= flow->callbacks_keep;
    }
    return call;
}

struct address_call address_call(struct address_flow *flow, u32 insn)
{
    const struct code *code = flow->code;
    if (code->insns[insn].op == ISA_CALL_LOCAL) {
        struct address_func *callee = &flow->funcs[code->func_of[code->target[insn]]];
        callee->consulted = true;
        return (
            struct address_call){ .local = callee, .args = callee->reads, .keeps = callee->keeps };
    }
    if (flow->helpers && flow->helpers[insn])
        return address_call_helper(flow, flow->helpers[insn]);
    return (struct address_call){ .args = isa_reads(&code->insns[insn]) & 0x3ff, .keeps = true };
}

u16 address_of_args(const struct address_flow *flow, u32 insn, const struct address_call *call,
                    const struct address_state *state)
{
    u32 kind = flow->funcs[flow->code->func_of[insn]].escapes ? ADDRESS_ANY : 0;
    for (u32 reg = 0; reg < ADDRESS_REGS; reg++)
        kind |= call->args >> reg & 1 ? state->reg[reg].kind & ADDRESS_ANY : 0;
    return (u16)kind;
}

/* Helpers that are known give no address of a frame; of others' results, one that went in may come
 * out, or one that was found behind it. */
static void address_step_call(struct address_flow *flow, struct address_func *func, u32 insn,
                              struct address_state *state)
{
    struct address_call call = address_call(flow, insn);
    u32 kind = address_of_args(flow, insn, &call, state);
    address_note_flag(flow, &func->keeps, call.keeps && kind);
    address_note_flag(flow, &func->escapes, call.keeps && kind & ADDRESS_OWN);
    for (u32 reg = 0; reg <= 5; reg++)
        state->reg[reg] = (struct address){ 0 };
    if (!call.helper)
        state->reg[0] = address_vague(kind & ADDRESS_OWN ? ADDRESS_ANY : kind);
}

/* ---- instructions -------------------------------------------------------------------------- */

enum address_from { ADDRESS_FROM_NOTHING, ADDRESS_FROM_DST, ADDRESS_FROM_SRC, ADDRESS_FROM_BOTH };

/* What an instruction's result is made from, or the address that it is loaded from; and whether
 * src is stored.  Calls have rules of their own. */
struct address_rule {
    u8 from; /* enum address_from */
    bool loads, stores;
};

/* clang-format off */
static const struct address_rule address_rules[ISA_KIND_COUNT] = {
    [ISA_KIND_BINARY_REG]      = { .from = ADDRESS_FROM_BOTH },
    [ISA_KIND_BINARY_IMM]      = { .from = ADDRESS_FROM_DST },
    [ISA_KIND_MOVSX]           = { .from = ADDRESS_FROM_SRC },
    [ISA_KIND_NEG]             = { .from = ADDRESS_FROM_DST },
    [ISA_KIND_END]             = { .from = ADDRESS_FROM_DST },
    [ISA_KIND_ADDR_SPACE_CAST] = { .from = ADDRESS_FROM_SRC },
    [ISA_KIND_LOAD]            = { .from = ADDRESS_FROM_SRC, .loads = true },
    [ISA_KIND_LOAD_SX]         = { .from = ADDRESS_FROM_SRC, .loads = true },
    [ISA_KIND_LOAD_ACQ]        = { .from = ADDRESS_FROM_SRC, .loads = true },
    [ISA_KIND_STORE_REG]       = { .from = ADDRESS_FROM_DST, .stores = true },
    [ISA_KIND_STORE_REL]       = { .from = ADDRESS_FROM_DST, .stores = true },
    [ISA_KIND_ATOMIC]          = { .from = ADDRESS_FROM_DST, .loads = true, .stores = true },
    [ISA_KIND_FETCH]           = { .from = ADDRESS_FROM_DST, .loads = true, .stores = true },
    [ISA_KIND_XCHG]            = { .from = ADDRESS_FROM_DST, .loads = true, .stores = true },
    [ISA_KIND_CMPXCHG]         = { .from = ADDRESS_FROM_DST, .loads = true, .stores = true },
};
/* clang-format on */

static struct address address_operands(const struct insn *insn, const struct address_state *state)
{
    struct address dst = address_of(state, insn->dst), src = address_of(state, insn->src);
    switch ((enum address_from)address_rules[insn_kind(insn)].from) {
    case ADDRESS_FROM_NOTHING: return (struct address){ 0 };
    case ADDRESS_FROM_DST: return dst;
    case ADDRESS_FROM_SRC: return src;
    case ADDRESS_FROM_BOTH: return address_vague((u32)dst.kind | src.kind);
    }
    UNREACHABLE();
    return (struct address){ 0 };
}

/* The few operations after which the offset is known still; after others it is not. */
static struct address address_result(const struct insn *insn, const struct address_state *state)
{
    switch (insn->op) {
    case ISA_MOV64_IMM:
    case ISA_MOV32_IMM: return (struct address){ 0 };
    case ISA_MOV64_REG: return address_of(state, insn->src);
    case ISA_MOV32_REG: return address_vague(address_of(state, insn->src).kind);
    case ISA_ADD64_IMM: return address_plus(address_of(state, insn->dst), (s32)insn->imm);
    case ISA_SUB64_IMM: return address_plus(address_of(state, insn->dst), -(s64)(s32)insn->imm);
    default: return address_vague(address_operands(insn, state).kind);
    }
}

bool address_loads(const struct insn *insn, const struct address_state *state, struct address *base)
{
    *base = address_operands(insn, state);
    return address_rules[insn_kind(insn)].loads;
}

bool address_stores_whole(const struct insn *insn, const struct address_state *state,
                          struct address *base)
{
    enum isa_kind kind = insn_kind(insn);
    *base = address_of(state, insn->dst);
    return insn_row(insn)->size == 8 &&
           (kind == ISA_KIND_STORE_REG || kind == ISA_KIND_STORE_IMM || kind == ISA_KIND_STORE_REL);
}

static struct address address_step_plain(struct address_flow *flow, struct address_func *func,
                                         const struct insn *insn, const struct address_state *state)
{
    struct address base;
    if (address_rules[insn_kind(insn)].stores)
        address_store(flow, func, insn, state);
    return address_loads(insn, state, &base) ? address_load(func, insn, base)
                                             : address_result(insn, state);
}

void address_step(struct address_flow *flow, u32 at, struct address_state *state)
{
    const struct insn *insn = &flow->code->insns[at];
    struct address_func *func = &flow->funcs[flow->code->func_of[at]];
    if (address_is_call(insn)) {
        address_step_call(flow, func, at, state);
        return;
    }
    struct address result = address_step_plain(flow, func, insn, state);
    for (u32 reg = 0, writes = isa_writes(insn); reg < ADDRESS_REGS; reg++)
        if (writes >> reg & 1)
            state->reg[reg] = result;
}

/* ---- functions ----------------------------------------------------------------------------- */

bool address_flow_init(struct address_flow *flow, struct arena *arena)
{
    flow->funcs = arena_array(arena, struct address_func, flow->code->n_funcs);
    flow->at_entry = arena_array(arena, struct address_state, flow->cfg->n_blocks);
    flow->reached = arena_array(arena, bool, flow->cfg->n_blocks);
    return flow->funcs && flow->at_entry && flow->reached &&
           queue_init(&flow->queue, arena, flow->cfg->n_blocks);
}

static void address_flow_to(struct address_flow *flow, u32 block, const struct address_state *state)
{
    struct address_state joined = *state;
    if (flow->reached[block])
        for (u32 reg = 0; reg < ADDRESS_REGS; reg++)
            joined.reg[reg] = address_join(joined.reg[reg], flow->at_entry[block].reg[reg]);
    if (flow->reached[block] && !memcmp(&joined, &flow->at_entry[block], sizeof(joined)))
        return;
    flow->reached[block] = true;
    flow->at_entry[block] = joined;
    queue_add(&flow->queue, block);
}

static void address_run(struct address_flow *flow)
{
    while (flow->queue.n) {
        u32 i = queue_take(&flow->queue);
        const struct cfg_block *block = &flow->cfg->blocks[i];
        struct address_state state = flow->at_entry[i];
        for (u32 at = block->start; at < block->end; at++)
            address_step(flow, at, &state);
        for (u32 e = 0; e < 2; e++)
            if (block->succ[e] != CODE_NONE)
                address_flow_to(flow, block->succ[e], &state);
    }
}

static void address_give_up(struct address_func *func)
{
    func->keeps = func->escapes = true;
    func->own_at = func->outer_at = ~(u64)0;
}

void address_solve(struct address_flow *flow, u32 f)
{
    struct address_func *func = &flow->funcs[f];
    u32 first = flow->cfg->block_of[flow->code->funcs[f].entry];
    u32 last = flow->cfg->block_of[flow->code->funcs[f].end - 1];
    struct address_state start = { 0 };
    for (u32 reg = 0; func->is_called && reg < ADDRESS_REGS; reg++)
        start.reg[reg] = address_vague(ADDRESS_OUTER);
    address_flow_to(flow, first, &start);
    for (u32 round = 0; round == 0 || flow->changed; round++) {
        if (round == ADDRESS_ROUNDS)
            address_give_up(func);
        for (u32 i = first; i <= last; i++)
            if (flow->reached[i])
                queue_add(&flow->queue, i);
        flow->changed = false;
        address_run(flow);
    }
}

#undef ADDRESS_ROUNDS
#undef ADDRESS_ANY
