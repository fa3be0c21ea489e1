/* Liveness of registers and stack slots: a backward analysis over the blocks of each function.
 *
 * Callees come before callers, so that a call reads only the registers that its callee does.  Where
 * functions call in a circle, all functions are gone through again until nothing changes, and
 * after LIVE_PASSES times every call is taken to read everything: time stays linear in the
 * program, whatever its shape.  Within a function a block is looked at again only when a successor
 * gained a live register or slot, of which there are 74. */
#include "ir/live.h"

#include "ir/address.h"

#define LIVE_PASSES 4u
#define LIVE_ALL_REGS 0x3ffu
#define LIVE_GLOBAL_ARGS 0x3eu
#define LIVE_ALL_SLOTS (~(u64)0)
#define LIVE_TO_TOP 0x10000 /* bytes: more than an exact address can be below r10 */

struct live_set {
    u64 slots;
    u16 regs;
};

struct live_builder {
    const struct code *code;
    const struct cfg *cfg;
    struct address_flow flow;
    u16 *regs;  /* out; while a function is worked on: what each instruction itself reads */
    u64 *slots; /* the same */
    u64 *whole; /* by instruction: the slot that it overwrites */
    struct live_set *reads, *writes, *entry; /* by block; reads: before it writes them */
    struct queue queue;
    u32 *pred_first, *preds; /* preds[pred_first[b]] up to pred_first[b + 1] lead to block b */
    u32 *callees_first;      /* functions, callees first */
    u32 n_sorted;
    bool again;
};

/* ---- one instruction ----------------------------------------------------------------------- */

/* Never below its pointer; all of the frame when that is not known, or what is stored there leads
 * to more of it. */
static u64 live_argument_slots(const struct skep_arg *arg, struct address value, u64 own_at)
{
    bool is_output = (arg->flags & (SKEP_ARG_READ | SKEP_ARG_WRITE)) == SKEP_ARG_WRITE;
    bool is_sized = arg->kind == SKEP_ARG_MEM && arg->bytes;
    if (!(value.kind & ADDRESS_OWN) || arg->kind == SKEP_ARG_NONE)
        return 0;
    if (arg->kind == SKEP_ARG_CALLBACK_CTX || !(value.kind & ADDRESS_EXACT) || own_at)
        return LIVE_ALL_SLOTS;
    if (is_output && arg->kind != SKEP_ARG_ANYTHING)
        return 0;
    return address_slots(value.off, is_sized ? arg->bytes : LIVE_TO_TOP);
}

static u64 live_call_slots(const struct live_builder *b, u32 insn, const struct address_call *call,
                           const struct address_state *state)
{
    const struct address_func *func = &b->flow.funcs[b->code->func_of[insn]];
    u64 slots = func->escapes ? LIVE_ALL_SLOTS : 0;
    if (!call->helper) {
        bool reachable = address_of_args(&b->flow, insn, call, state) & ADDRESS_OWN;
        return reachable ? LIVE_ALL_SLOTS : slots;
    }
    for (u32 i = 0; i < ARRAY_LEN(call->helper->args); i++)
        slots |=
            live_argument_slots(&call->helper->args[i], address_of(state, i + 1), func->own_at);
    return slots;
}

static u64 live_slots_read(const struct insn *insn, const struct address_state *state)
{
    struct address base;
    return address_loads(insn, state, &base) ? address_places(base, insn) : 0;
}

static u64 live_slot_overwritten(const struct insn *insn, const struct address_state *state)
{
    struct address base;
    bool whole = address_stores_whole(insn, state, &base) && base.kind & ADDRESS_EXACT;
    s64 off = (s64)base.off + insn->off;
    return whole && off % 8 == 0 ? address_slots(off, 8) : 0;
}

static void live_describe(struct live_builder *b, u32 at, const struct address_state *state)
{
    const struct insn *insn = &b->code->insns[at];
    b->regs[at] = isa_reads(insn) & LIVE_ALL_REGS;
    if (address_is_call(insn)) {
        struct address_call call = address_call(&b->flow, at);
        u32 target = insn_kind(insn) == ISA_KIND_CALL_INDIRECT ? 1u << insn->dst : 0;
        b->regs[at] = (u16)((call.args | target) & LIVE_ALL_REGS);
        b->slots[at] = live_call_slots(b, at, &call, state);
        b->whole[at] = 0;
        return;
    }
    b->slots[at] = live_slots_read(insn, state);
    b->whole[at] = live_slot_overwritten(insn, state);
}

/* ---- one function -------------------------------------------------------------------------- */

static struct live_set live_before(struct live_set after, struct live_set reads,
                                   struct live_set writes)
{
    return (struct live_set){ .regs = (u16)(reads.regs | (after.regs & ~writes.regs)),
                              .slots = reads.slots | (after.slots & ~writes.slots) };
}

static struct live_set live_insn_reads(const struct live_builder *b, u32 at)
{
    return (struct live_set){ .regs = b->regs[at], .slots = b->slots[at] };
}

static struct live_set live_insn_writes(const struct live_builder *b, u32 at)
{
    return (struct live_set){ .regs = isa_writes(&b->code->insns[at]), .slots = b->whole[at] };
}

static void live_sum_up(struct live_builder *b, u32 i)
{
    const struct cfg_block *block = &b->cfg->blocks[i];
    struct address_state state = b->flow.at_entry[i];
    struct live_set reads = { 0 }, writes = { 0 };
    for (u32 at = block->start; at < block->end; at++) {
        live_describe(b, at, &state);
        struct live_set own = live_insn_reads(b, at), over = live_insn_writes(b, at);
        reads.regs |= (u16)(own.regs & ~writes.regs);
        reads.slots |= own.slots & ~writes.slots;
        writes.regs |= over.regs;
        writes.slots |= over.slots;
        address_step(&b->flow, at, &state);
    }
    b->reads[i] = reads;
    b->writes[i] = writes;
    b->entry[i] = (struct live_set){ 0 };
}

static struct live_set live_after(const struct live_builder *b, u32 i)
{
    struct live_set after = { 0 };
    for (u32 e = 0; e < 2; e++) {
        u32 succ = b->cfg->blocks[i].succ[e];
        if (succ == CODE_NONE)
            continue;
        after.regs |= b->entry[succ].regs;
        after.slots |= b->entry[succ].slots;
    }
    return after;
}

static void live_run(struct live_builder *b)
{
    while (b->queue.n) {
        u32 i = queue_take(&b->queue);
        struct live_set entry = live_before(live_after(b, i), b->reads[i], b->writes[i]);
        if (entry.regs == b->entry[i].regs && entry.slots == b->entry[i].slots)
            continue;
        b->entry[i] = entry;
        for (u32 p = b->pred_first[i]; p < b->pred_first[i + 1]; p++)
            queue_add(&b->queue, b->preds[p]);
    }
}

static void live_fill_in(struct live_builder *b, u32 i)
{
    const struct cfg_block *block = &b->cfg->blocks[i];
    struct live_set set = live_after(b, i);
    for (u32 at = block->end; at-- > block->start;) {
        set = live_before(set, live_insn_reads(b, at), live_insn_writes(b, at));
        b->regs[at] = block->reachable ? set.regs : LIVE_ALL_REGS;
        b->slots[at] = block->reachable ? set.slots : LIVE_ALL_SLOTS;
    }
}

/* A global function may be replaced by another with its signature, which may read any argument. */
static u16 live_at_entry(const struct live_builder *b, u32 f)
{
    const struct code_func *func = &b->code->funcs[f];
    return (u16)(b->regs[func->entry] | (func->is_global ? LIVE_GLOBAL_ARGS : 0));
}

static void live_function(struct live_builder *b, u32 f)
{
    struct address_func *func = &b->flow.funcs[f], before = *func;
    u32 first = b->cfg->block_of[b->code->funcs[f].entry];
    u32 last = b->cfg->block_of[b->code->funcs[f].end - 1];
    address_solve(&b->flow, f);
    for (u32 i = last + 1; i-- > first;) {
        if (!b->cfg->blocks[i].reachable)
            continue;
        live_sum_up(b, i);
        queue_add(&b->queue, i);
    }
    live_run(b);
    for (u32 i = first; i <= last; i++)
        live_fill_in(b, i);
    func->reads |= live_at_entry(b, f);
    b->again |= func->consulted && (func->reads != before.reads || func->keeps != before.keeps);
    if (func->is_callback && func->keeps && !b->flow.callbacks_keep) {
        b->flow.callbacks_keep = true;
        b->again |= b->flow.callbacks_consulted;
    }
}

/* ---- the program --------------------------------------------------------------------------- */

struct live_visit {
    u32 func;
    u32 next; /* the instruction to look at next */
};

static bool live_names_function(const struct live_builder *b, u32 at)
{
    return b->code->insns[at].op == ISA_CALL_LOCAL || b->code->insns[at].op == ISA_LDDW_CODE;
}

static void live_mark_called(struct live_builder *b)
{
    for (u32 at = 0; at < b->code->n_insns; at++) {
        if (!live_names_function(b, at))
            continue;
        struct address_func *func = &b->flow.funcs[b->code->func_of[b->code->target[at]]];
        func->is_called = true;
        func->is_callback |= b->code->insns[at].op == ISA_LDDW_CODE;
    }
}

/* Appends what f leads to, then f; each function once. */
static void live_sort_from(struct live_builder *b, u32 f, struct live_visit *visits, bool *visited)
{
    u32 depth = 0;
    visited[f] = true;
    visits[depth++] = (struct live_visit){ .func = f, .next = b->code->funcs[f].entry };
    while (depth > 0) {
        struct live_visit *top = &visits[depth - 1];
        if (top->next == b->code->funcs[top->func].end) {
            b->callees_first[b->n_sorted++] = top->func;
            depth--;
            continue;
        }
        u32 at = top->next++;
        u32 to = live_names_function(b, at) ? b->code->func_of[b->code->target[at]] : f;
        if (visited[to])
            continue;
        visited[to] = true;
        visits[depth++] = (struct live_visit){ .func = to, .next = b->code->funcs[to].entry };
    }
}

static skep_status live_sort_functions(struct live_builder *b, struct arena *scratch)
{
    u32 n = b->code->n_funcs;
    struct live_visit *visits = arena_array(scratch, struct live_visit, n);
    bool *visited = arena_array(scratch, bool, n);
    b->callees_first = arena_array(scratch, u32, n);
    if (!visits || !visited || !b->callees_first)
        return SKEP_NOMEM;
    live_mark_called(b);
    for (u32 f = 0; f < n; f++)
        if (!visited[f])
            live_sort_from(b, f, visits, visited);
    return SKEP_OK;
}

static skep_status live_find_predecessors(struct live_builder *b, struct arena *scratch)
{
    u32 n = b->cfg->n_blocks;
    b->pred_first = arena_array(scratch, u32, (u64)n + 2);
    b->preds = arena_array(scratch, u32, (u64)n * 2);
    if (!b->pred_first || !b->preds)
        return SKEP_NOMEM;
    for (u32 i = 0; i < 2 * n; i++)
        if (b->cfg->blocks[i / 2].succ[i % 2] != CODE_NONE)
            b->pred_first[b->cfg->blocks[i / 2].succ[i % 2] + 2]++;
    for (u32 i = 2; i <= n; i++)
        b->pred_first[i] += b->pred_first[i - 1];
    /* Shifted by one: filling in moves each start to the next one's. */
    for (u32 i = 0; i < 2 * n; i++)
        if (b->cfg->blocks[i / 2].succ[i % 2] != CODE_NONE)
            b->preds[b->pred_first[b->cfg->blocks[i / 2].succ[i % 2] + 1]++] = i / 2;
    return SKEP_OK;
}

static bool live_alloc(struct live_builder *b, struct arena *arena, struct arena *scratch)
{
    b->regs = arena_array(arena, u16, b->code->n_insns);
    b->slots = arena_array(arena, u64, b->code->n_insns);
    b->whole = arena_array(scratch, u64, b->code->n_insns);
    b->reads = arena_array(scratch, struct live_set, b->cfg->n_blocks);
    b->writes = arena_array(scratch, struct live_set, b->cfg->n_blocks);
    b->entry = arena_array(scratch, struct live_set, b->cfg->n_blocks);
    return b->regs && b->slots && b->whole && b->reads && b->writes && b->entry &&
           queue_init(&b->queue, scratch, b->cfg->n_blocks) && address_flow_init(&b->flow, scratch);
}

static void live_take_all_for_possible(struct live_builder *b)
{
    for (u32 f = 0; f < b->code->n_funcs; f++) {
        b->flow.funcs[f].reads = LIVE_ALL_REGS;
        b->flow.funcs[f].keeps = true;
    }
    b->flow.callbacks_keep = true;
}

static skep_status live_make(struct live_builder *b, struct arena *arena, struct arena *scratch)
{
    if (!live_alloc(b, arena, scratch))
        return SKEP_NOMEM;
    TRY(live_sort_functions(b, scratch));
    TRY(live_find_predecessors(b, scratch));
    b->again = true;
    for (u32 pass = 0; b->again && pass <= LIVE_PASSES; pass++) {
        if (pass == LIVE_PASSES)
            live_take_all_for_possible(b);
        b->again = false;
        for (u32 i = 0; i < b->n_sorted; i++)
            live_function(b, b->callees_first[i]);
    }
    return SKEP_OK;
}

skep_status live_build(struct arena *arena, const struct code *code, const struct cfg *cfg,
                       const struct skep_helper *const *helpers, struct live *out)
{
    struct live_builder b = { .code = code,
                              .cfg = cfg,
                              .flow = { .code = code, .cfg = cfg, .helpers = helpers } };
    struct arena scratch;
    arena_init(&scratch, arena->mem);
    skep_status status = live_make(&b, arena, &scratch);
    arena_drop(&scratch);
    if (status == SKEP_OK)
        *out = (struct live){ .regs = b.regs, .slots = b.slots };
    return status;
}

#undef LIVE_PASSES
#undef LIVE_ALL_REGS
#undef LIVE_GLOBAL_ARGS
#undef LIVE_ALL_SLOTS
#undef LIVE_TO_TOP
