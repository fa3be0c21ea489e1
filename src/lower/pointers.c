/* Which memory accesses go through the context pointer?  A forward dataflow over the whole program:
 * registers and aligned stack slots of each frame hold the context pointer, a frame pointer, the
 * address of a callback, or nothing of interest.
 *
 * Subprograms and callbacks get what their callers pass; a pointer to a caller's frame keeps the
 * frame and the offset, so that a context pointer in a struct on the stack is found when a callback
 * loads it.  What frames hold while others run is summarised per function, without regard to
 * order: `seen` is what its slots held at any call, `put` what others stored into them.
 *
 * Sound for programs that are type-safe: a slot that is partly or through an unknown pointer
 * overwritten holds a number afterwards, through which such a program accesses nothing.
 *
 * A state per block is most of what lowering a large program costs, so slots are counted from the
 * frame pointer down and only as many are kept as stores through r10 reach.  When something of
 * interest goes below those, by a copy of r10, it is all done again with every slot. */
#include "lower/rewrite.h"

#define POINTERS_REGS 11u
#define POINTERS_SLOTS (RT_FRAME_BYTES / 8)
#define POINTERS_NO_SLOT POINTERS_SLOTS
#define POINTERS_ROUNDS 100u

struct pointers_state {
    struct lower_value reg[POINTERS_REGS];
    struct lower_value slot[POINTERS_SLOTS]; /* [0] is below the frame pointer; kept: n_slots */
};

struct pointers_func {
    struct lower_value result; /* r0 at its exits */
    struct lower_value seen[POINTERS_SLOTS], put[POINTERS_SLOTS];
    bool address_taken;
};

struct pointers {
    struct lowering *l;
    const struct code *code;
    struct pointers_state **at; /* by block, at its start; NULL: not reached yet */
    bool *dirty;                /* by block */
    struct pointers_func *funcs;
    struct lower_value *base; /* the result */
    u32 n_slots;              /* of each frame; the others hold nothing of interest */
    bool too_few_slots;
    u32 *order;                /* blocks, function by function, in reverse postorder */
    struct lower_value any[5]; /* what callbacks get that are not known by name */
    bool any_called;
    bool summaries_changed, blocks_changed, ctx_in_frames, no_memory, gave_up;
};

static const struct lower_value pointers_plain = { .kind = LOWER_PLAIN };

/* ---- values */

static struct lower_value pointers_of_func(enum lower_kind kind, u32 func)
{
    return (struct lower_value){ .kind = kind & 0xff, .func = func & 0xffffff };
}

static bool pointers_same(struct lower_value a, struct lower_value b)
{
    return a.kind == b.kind && a.func == b.func && a.off == b.off;
}

static bool pointers_may_be_ctx(struct lower_value v)
{
    return v.kind == LOWER_CTX || v.kind == LOWER_MAYBE_CTX;
}
static bool pointers_may_be_frame(struct lower_value v)
{
    return v.kind == LOWER_FRAME || v.kind == LOWER_SOME_FRAME;
}

/* What is known of a value that is a or b, or came from both by unknown arithmetic. */
static struct lower_value pointers_mix(struct lower_value a, struct lower_value b)
{
    if (pointers_may_be_ctx(a) || pointers_may_be_ctx(b))
        return (struct lower_value){ .kind = LOWER_MAYBE_CTX };
    if (pointers_may_be_frame(a) || pointers_may_be_frame(b))
        return (struct lower_value){ .kind = LOWER_SOME_FRAME };
    return pointers_plain;
}

static struct lower_value pointers_join(struct lower_value a, struct lower_value b)
{
    if (a.kind == LOWER_NEVER || pointers_same(a, b))
        return b;
    return b.kind == LOWER_NEVER ? a : pointers_mix(a, b);
}

/* Joins b into *a; whether that changed it. */
static bool pointers_join_into(struct lower_value *a, struct lower_value b)
{
    struct lower_value joined = pointers_join(*a, b);
    bool changed = !pointers_same(joined, *a);
    *a = joined;
    return changed;
}

static struct lower_value pointers_moved(struct lower_value v, s64 by)
{
    s64 off = v.off + by;
    if (v.kind != LOWER_CTX && v.kind != LOWER_FRAME)
        return v.kind == LOWER_FUNC ? pointers_plain : v;
    if (off < INT16_MIN || off > INT16_MAX)
        return pointers_mix(v, v);
    v.off = (s32)off;
    return v;
}

/* ---- memory */

/* The slot that [v.off + off, + 8) of a frame is, or POINTERS_NO_SLOT. */
static u32 pointers_slot(struct lower_value v, s32 off)
{
    s64 below = -((s64)v.off + off);
    return below > 0 && below <= RT_FRAME_BYTES && below % 8 == 0 ? (u32)below / 8 - 1
                                                                  : POINTERS_NO_SLOT;
}

static struct lower_value pointers_load(struct pointers *p, const struct pointers_state *state,
                                        u32 func, struct lower_value from, s32 off)
{
    u32 slot = pointers_slot(from, off);
    if (from.kind == LOWER_SOME_FRAME && p->ctx_in_frames)
        return (struct lower_value){ .kind = LOWER_MAYBE_CTX };
    if (from.kind != LOWER_FRAME || slot >= p->n_slots)
        return pointers_plain;
    return from.func == func ? state->slot[slot] : p->funcs[from.func].seen[slot];
}

/* [off, off + size) of the frame is overwritten. */
static void pointers_overwrite(struct pointers_state *state, s64 off, u32 size)
{
    s64 lowest = -(s64)RT_FRAME_BYTES, end = off + size < 0 ? off + size : 0;
    for (s64 at = off < lowest ? lowest : off; at < end; at = (at & -8) + 8)
        state->slot[-at / 8 - (at % 8 == 0)] = pointers_plain;
}

static void pointers_store(struct pointers *p, struct pointers_state *state, u32 func,
                           const struct insn *insn, struct lower_value what)
{
    struct lower_value to = state->reg[insn->dst];
    u32 size = insn_row(insn)->size;
    u32 slot = pointers_slot(to, insn->off);
    bool whole = size == 8 && slot != POINTERS_NO_SLOT && insn->op == ISA_STX_DW;
    if (to.kind != LOWER_FRAME)
        return;
    if (whole && slot >= p->n_slots) {
        p->too_few_slots |= what.kind > LOWER_PLAIN;
        return;
    }
    if (whole && pointers_may_be_ctx(what) && !p->ctx_in_frames)
        p->ctx_in_frames = p->summaries_changed = true;
    if (to.func != func) {
        if (whole)
            p->summaries_changed |= pointers_join_into(&p->funcs[to.func].put[slot], what);
    } else if (whole) {
        state->slot[slot] = what;
    } else {
        pointers_overwrite(state, (s64)to.off + insn->off, size);
    }
}

/* ---- calls */

static bool pointers_join_states(const struct pointers *p, struct pointers_state *into,
                                 const struct pointers_state *from)
{
    bool changed = false;
    for (u32 r = 0; r < POINTERS_REGS; r++)
        changed |= pointers_join_into(&into->reg[r], from->reg[r]);
    for (u32 s = 0; s < p->n_slots; s++)
        changed |= pointers_join_into(&into->slot[s], from->slot[s]);
    return changed;
}

/* How much of a state is kept. */
static size_t pointers_kept(const struct pointers *p)
{
    return offsetof(struct pointers_state, slot) + p->n_slots * sizeof(struct lower_value);
}

/* Joins a state into a block's; the block is looked at again if that changed it. */
static void pointers_flow(struct pointers *p, u32 block, const struct pointers_state *state)
{
    struct pointers_state *at = p->at[block];
    bool changed = !at;
    if (!at) {
        at = p->at[block] = arena_copy(&p->l->scratch, state, pointers_kept(p));
        p->no_memory |= !at;
    } else if (memcmp(at, state, pointers_kept(p)) != 0) {
        changed = pointers_join_states(p, at, state);
    }
    p->dirty[block] |= changed;
    p->blocks_changed |= changed;
}

/* A frame pointer of an earlier activation of the same function is not its own. */
static struct lower_value pointers_passed(struct lower_value v, u32 to)
{
    return v.kind == LOWER_FRAME && v.func == to ? pointers_mix(v, v) : v;
}

/* Enters a function with r1..r5 as given, the rest being nothing of interest. */
static void pointers_enter(struct pointers *p, u32 func, const struct lower_value args[5])
{
    struct pointers_state state;
    for (u32 r = 0; r < POINTERS_REGS; r++)
        state.reg[r] = r >= 1 && r <= 5 ? pointers_passed(args[r - 1], func) : pointers_plain;
    for (u32 s = 0; s < p->n_slots; s++)
        state.slot[s] = pointers_plain;
    state.reg[10] = pointers_of_func(LOWER_FRAME, func);
    pointers_flow(p, p->l->cfg.block_of[p->code->funcs[func].entry], &state);
}

/* While others run they see this frame and may store into it. */
static void pointers_lend_frame(struct pointers *p, struct pointers_state *state, u32 func)
{
    for (u32 s = 0; s < p->n_slots; s++) {
        p->summaries_changed |= pointers_join_into(&p->funcs[func].seen[s], state->slot[s]);
        state->slot[s] = pointers_join(state->slot[s], p->funcs[func].put[s]);
    }
}

static void pointers_after_call(struct pointers_state *state, struct lower_value result)
{
    for (u32 r = 1; r <= 5; r++)
        state->reg[r] = pointers_plain;
    state->reg[0] = result;
}

/* The argument of that kind, or NULL. */
static const struct lower_value *pointers_arg(const struct skep_helper *helper,
                                              const struct pointers_state *state, u8 kind)
{
    for (u32 a = 0; a < 5; a++)
        if (helper->args[a].kind == kind)
            return &state->reg[a + 1];
    return NULL;
}

static void pointers_enter_callback(struct pointers *p, const struct skep_helper *helper,
                                    const struct pointers_state *state, struct lower_value callee)
{
    const struct lower_value *ctx = pointers_arg(helper, state, SKEP_ARG_CALLBACK_CTX);
    struct lower_value args[5];
    for (u32 a = 0; a < 5; a++)
        args[a] = ctx && helper->callback.params[a] == SKEP_PARAM_CTX ? *ctx : pointers_plain;
    if (callee.kind == LOWER_FUNC) {
        pointers_enter(p, callee.func, args);
        return;
    }
    p->summaries_changed |= !p->any_called;
    p->any_called = true;
    for (u32 a = 0; a < 5; a++)
        p->summaries_changed |= pointers_join_into(&p->any[a], args[a]);
}

/* Once per round for all calls of them, since there may be many of both. */
static void pointers_enter_any_callback(struct pointers *p)
{
    for (u32 f = 0; p->any_called && f < p->code->n_funcs; f++)
        if (p->funcs[f].address_taken)
            pointers_enter(p, f, p->any);
}

static void pointers_call_helper(struct pointers *p, struct pointers_state *state, u32 func, u32 i)
{
    const struct skep_helper *helper = p->l->in->helpers[i];
    const struct lower_value *callback =
        helper ? pointers_arg(helper, state, SKEP_ARG_CALLBACK) : NULL;
    if (callback) {
        pointers_enter_callback(p, helper, state, *callback);
        pointers_lend_frame(p, state, func);
    }
    pointers_after_call(state, pointers_plain);
}

static void pointers_call_local(struct pointers *p, struct pointers_state *state, u32 func, u32 i)
{
    u32 callee = p->code->func_of[p->code->target[i]];
    pointers_enter(p, callee, &state->reg[1]);
    pointers_lend_frame(p, state, func);
    pointers_after_call(state, p->funcs[callee].result);
}

/* ---- instructions */

static struct lower_value pointers_binary(const struct insn *insn, struct lower_value dst,
                                          struct lower_value src)
{
    switch (insn->op) {
    case ISA_MOV64_REG: return src;
    case ISA_ADD64_IMM: return pointers_moved(dst, (s64)insn->imm);
    case ISA_SUB64_IMM: return pointers_moved(dst, -(s64)insn->imm);
    case ISA_SUB64_REG: /* the distance of two pointers is a number */
        return dst.kind == src.kind && dst.kind != LOWER_PLAIN ? pointers_plain
                                                               : pointers_mix(dst, src);
    case ISA_MOV64_IMM: return pointers_plain;
    default: return insn_row(insn)->size == 8 ? pointers_mix(dst, src) : pointers_plain;
    }
}

static void pointers_write_plain(struct pointers_state *state, const struct insn *insn)
{
    u16 writes = isa_writes(insn);
    for (u32 r = 0; r < 10; r++)
        if (writes >> r & 1)
            state->reg[r] = pointers_plain;
}

static void pointers_insn(struct pointers *p, struct pointers_state *state, u32 func, u32 i)
{
    const struct insn *insn = &p->code->insns[i];
    struct lower_value *dst = &state->reg[insn->dst];
    switch (insn_kind(insn)) {
    case ISA_KIND_BINARY_REG: *dst = pointers_binary(insn, *dst, state->reg[insn->src]); break;
    case ISA_KIND_BINARY_IMM: *dst = pointers_binary(insn, *dst, pointers_plain); break;
    case ISA_KIND_LDDW:
        *dst = pointers_plain;
        if (insn->op == ISA_LDDW_CODE)
            *dst = pointers_of_func(LOWER_FUNC, p->code->func_of[p->code->target[i]]);
        break;
    case ISA_KIND_LOAD:
        *dst = insn->op != ISA_LDX_DW
                   ? pointers_plain
                   : pointers_load(p, state, func, state->reg[insn->src], insn->off);
        break;
    case ISA_KIND_STORE_REG:
    case ISA_KIND_STORE_IMM:
    case ISA_KIND_STORE_REL:
        pointers_store(p, state, func, insn,
                       insn_kind(insn) == ISA_KIND_STORE_REG ? state->reg[insn->src]
                                                             : pointers_plain);
        break;
    case ISA_KIND_ATOMIC:
    case ISA_KIND_FETCH:
    case ISA_KIND_XCHG:
    case ISA_KIND_CMPXCHG:
        pointers_store(p, state, func, insn, pointers_plain);
        pointers_write_plain(state, insn);
        break;
    case ISA_KIND_CALL_HELPER:
    case ISA_KIND_CALL_KFUNC: pointers_call_helper(p, state, func, i); break;
    case ISA_KIND_CALL_LOCAL: pointers_call_local(p, state, func, i); break;
    case ISA_KIND_EXIT:
        p->summaries_changed |= pointers_join_into(&p->funcs[func].result, state->reg[0]);
        break;
    case ISA_KIND_MOVSX:
    case ISA_KIND_NEG:
    case ISA_KIND_END:
    case ISA_KIND_ADDR_SPACE_CAST:
    case ISA_KIND_LOAD_SX:
    case ISA_KIND_LOAD_ACQ:
    case ISA_KIND_LD_ABS:
    case ISA_KIND_LD_IND:
    case ISA_KIND_COND_REG:
    case ISA_KIND_COND_IMM:
    case ISA_KIND_JUMP:
    case ISA_KIND_JUMP_LONG:
    case ISA_KIND_MAY_GOTO:
    case ISA_KIND_JUMP_INDIRECT:
    case ISA_KIND_CALL_INDIRECT: pointers_write_plain(state, insn); break;
    case ISA_KIND_COUNT: UNREACHABLE();
    }
}

/* The register that an access goes through. */
static u8 pointers_base_register(const struct insn *insn)
{
    return insn_row(insn)->kind == ISA_KIND_LOAD || insn_row(insn)->kind == ISA_KIND_LOAD_SX ||
                   insn_row(insn)->kind == ISA_KIND_LOAD_ACQ
               ? insn->src
               : insn->dst;
}

static void pointers_block(struct pointers *p, u32 b)
{
    const struct cfg_block *block = &p->l->cfg.blocks[b];
    struct pointers_state state;
    memcpy(&state, p->at[b], pointers_kept(p));
    p->dirty[b] = false;
    for (u32 i = block->start; i < block->end; i++) {
        if (insn_is_memory(&p->code->insns[i]))
            p->base[i] = state.reg[pointers_base_register(&p->code->insns[i])];
        pointers_insn(p, &state, block->func, i);
    }
    for (u32 e = 0; e < 2; e++)
        if (block->succ[e] != CODE_NONE)
            pointers_flow(p, block->succ[e], &state);
}

static void pointers_round(struct pointers *p)
{
    bool all = p->summaries_changed;
    p->blocks_changed = p->summaries_changed = false;
    pointers_enter_any_callback(p);
    for (u32 i = 0; i < p->l->cfg.n_blocks && !p->no_memory; i++) {
        u32 b = p->order[i];
        if (b != CODE_NONE && p->at[b] && (all || p->dirty[b]))
            pointers_block(p, b);
    }
}

/* Until nothing changes.  A value can change three times at most, so this ends; every block is
 * visited last with its final state, so base is final too.
 *
 * Reverse postorder settles a function in about as many rounds as its loops are deep, and calls are
 * at most RT_MAX_FRAMES deep when they run.  What needs more is made to cost time. */
static void pointers_solve(struct pointers *p)
{
    u32 rounds = 0;
    do {
        p->gave_up = ++rounds > POINTERS_ROUNDS;
        if (!p->gave_up)
            pointers_round(p);
    } while ((p->blocks_changed || p->summaries_changed) && !p->no_memory && !p->gave_up &&
             !p->too_few_slots);
}

static void pointers_order(struct pointers *p)
{
    const struct cfg *cfg = &p->l->cfg;
    for (u32 b = 0; b < cfg->n_blocks; b++)
        p->order[b] = CODE_NONE;
    for (u32 b = 0; b < cfg->n_blocks; b++) {
        u32 first = cfg->block_of[p->code->funcs[cfg->blocks[b].func].entry];
        if (cfg->blocks[b].reachable)
            p->order[first + cfg->blocks[b].order] = b;
    }
}

static void pointers_start(struct pointers *p)
{
    struct lower_value args[5];
    for (u32 i = 0; i < p->code->n_insns; i++)
        if (p->code->insns[i].op == ISA_LDDW_CODE)
            p->funcs[p->code->func_of[p->code->target[i]]].address_taken = true;
    for (u32 a = 0; a < 5; a++)
        args[a] = pointers_plain;
    if (p->l->in->hook->ctx_kind == SKEP_CTX_FIELDS)
        args[0] = (struct lower_value){ .kind = LOWER_CTX };
    pointers_enter(p, 0, args);
}

/* As many slots as stores of eight bytes through r10 reach. */
static u32 pointers_slots_stored(const struct code *code)
{
    u32 n = 0;
    for (u32 i = 0; i < code->n_insns; i++) {
        const struct insn *insn = &code->insns[i];
        u32 slot = insn->op == ISA_STX_DW && insn->dst == 10
                       ? pointers_slot(pointers_plain, insn->off)
                       : POINTERS_NO_SLOT;
        if (slot != POINTERS_NO_SLOT && slot >= n)
            n = slot + 1;
    }
    return n;
}

static void pointers_run(struct pointers *p)
{
    struct arena *scratch = &p->l->scratch;
    p->at = arena_array(scratch, struct pointers_state *, p->l->cfg.n_blocks);
    p->dirty = arena_array(scratch, bool, p->l->cfg.n_blocks);
    p->funcs = arena_array(scratch, struct pointers_func, p->code->n_funcs);
    p->order = arena_array(scratch, u32, p->l->cfg.n_blocks);
    p->base = arena_array(scratch, struct lower_value, p->code->n_insns);
    p->no_memory = !p->at || !p->dirty || !p->funcs || !p->order || !p->base;
    if (p->no_memory)
        return;
    pointers_order(p);
    pointers_start(p);
    pointers_solve(p);
}

skep_status lower_find_pointers(struct lowering *l)
{
    const struct code *code = l->in->code;
    struct pointers p = { .l = l, .code = code, .n_slots = pointers_slots_stored(code) };
    pointers_run(&p);
    if (p.too_few_slots) {
        p = (struct pointers){ .l = l, .code = code, .n_slots = POINTERS_SLOTS };
        pointers_run(&p);
    }
    if (p.no_memory)
        return RAISE(l->err, SKEP_NOMEM, NOMEM, STR("lowering"));
    if (p.gave_up)
        return RAISE(l->err, SKEP_LIMIT, LOWER_TANGLED, NUM(POINTERS_ROUNDS));
    l->base = p.base;
    return SKEP_OK;
}

#undef POINTERS_REGS
#undef POINTERS_SLOTS
#undef POINTERS_NO_SLOT
#undef POINTERS_ROUNDS
