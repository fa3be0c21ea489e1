/* Guards become comparisons: the address is compared with the bounds of what it must lie in, and
 * control goes to a block that stops the run when it does not (ARCHITECTURE.md §4.8).
 *
 * A packet's bounds are in the thread.  Of other memory the verifier knows only how large it is;
 * where it begins is found here: the pointer was made, by additions and where paths meet, from what
 * a helper gave or from the address of a map's value, and a value beside each pointer on the way
 * holds that beginning. */
#include "opt/pass.h"

struct guards {
    struct opt *opt;
    struct ssa_func *func;
    u8 *seen;  /* by value: enum guards_mark */
    u32 *base; /* by value: where what it points into begins; 0: not known yet */
    u32 *cone; /* values that addresses are made from, and those in turn */
    u32 n_cone;
};
/* Rounds over the cone until all pointers are known; loops within loops need one each.  What needs
 * more is not guarded, so that time is linear. */
#define GUARDS_ROUNDS 32u
enum guards_mark { GUARDS_UNSEEN, GUARDS_SEEN, GUARDS_POINTER };

static const struct skep_helper *guards_helper(const struct guards *g, const struct ssa_insn *insn)
{
    const struct host_code *host = g->opt->in->host;
    bool call = insn->op == SSA_CALL || insn->op == SSA_CALL_QUIET || insn->op == SSA_CALL_PURE;
    return call && insn->origin != CODE_NONE && host->helpers ? host->helpers[insn->origin] : NULL;
}

/* Where the map's value that a constant points into begins; 0: it points into none. */
static u32 guards_map_value(struct guards *g, u64 address)
{
    for (u32 i = 0; i < g->opt->in->n_maps; i++) {
        struct skep_map *map = g->opt->in->maps[i];
        u64 begin = (u64)(uintptr_t)map_direct_value(map);
        if (begin && address - begin < map->spec.value_size)
            return ssa_const(g->func, begin);
    }
    return 0;
}

/* Of a pointer as it was made: where what it points into begins. */
static u32 guards_root(struct guards *g, u32 value)
{
    const struct ssa_insn *insn = ssa_at(g->func, value);
    const struct skep_helper *helper = guards_helper(g, insn);
    if (helper && helper->ret.kind != SKEP_RET_INTEGER && helper->ret.kind != SKEP_RET_VOID)
        return value;
    return insn->op == SSA_CONST ? guards_map_value(g, insn->imm) : 0;
}

/* The arguments that may hand a pointer on: a mask. */
static u32 guards_carriers(const struct ssa_insn *insn)
{
    switch (insn->op) {
    case SSA_ADD: return 3;
    case SSA_SUB: return 1;
    case SSA_SELECT: return 6;
    case SSA_PHI: return ~(u32)0;
    default: return 0;
    }
}

static bool guards_carries(const struct ssa_insn *insn, u32 a)
{
    return guards_carriers(insn) >> min_u32(a, 31) & 1;
}

static void guards_see(struct guards *g, u32 value)
{
    if (g->seen[value] != GUARDS_UNSEEN)
        return;
    g->seen[value] = GUARDS_SEEN;
    g->cone[g->n_cone++] = value;
}

static void guards_collect(struct guards *g)
{
    for (u32 b = 0; b < g->func->n_blocks; b++)
        for (u32 i = g->func->blocks[b].first; i; i = g->func->insns[i].next)
            if (g->func->insns[i].op == SSA_GUARD && g->func->insns[i].region != HOST_REGION_PACKET)
                guards_see(g, g->func->insns[i].arg[0]);
    for (u32 c = 0; c < g->n_cone; c++) {
        const struct ssa_insn *insn = ssa_at(g->func, g->cone[c]);
        for (u32 a = 0; a < insn->n_args; a++)
            if (guards_carries(insn, a))
                guards_see(g, ssa_args(g->func, insn)[a]);
    }
}

/* Arguments before those who use them, but around loops. */
static void guards_sort(struct guards *g)
{
    g->n_cone = 0;
    for (u32 o = 0; o < g->func->n_order; o++)
        for (u32 i = g->func->blocks[g->func->order[o]].first; i; i = g->func->insns[i].next)
            if (g->seen[i] != GUARDS_UNSEEN)
                g->cone[g->n_cone++] = i;
}

/* Whether something in the cone became known to be a pointer. */
static bool guards_mark_round(struct guards *g)
{
    bool changed = false;
    for (u32 c = 0; c < g->n_cone; c++) {
        u32 value = g->cone[c];
        const struct ssa_insn *insn = ssa_at(g->func, value);
        bool pointer = guards_root(g, value) != 0;
        insn = ssa_at(g->func, value);
        for (u32 a = 0; !pointer && a < insn->n_args; a++)
            pointer =
                guards_carries(insn, a) && g->seen[ssa_args(g->func, insn)[a]] == GUARDS_POINTER;
        if (pointer && g->seen[value] != GUARDS_POINTER) {
            g->seen[value] = GUARDS_POINTER;
            changed = true;
        }
    }
    return changed;
}

/* False: it takes too many rounds. */
static bool guards_mark_pointers(struct guards *g)
{
    u32 round = 0;
    while (round < GUARDS_ROUNDS && guards_mark_round(g))
        round++;
    return round < GUARDS_ROUNDS;
}

/* The one argument of an addition that is a pointer; 0: none or both. */
static u32 guards_pointer_of(const struct guards *g, const struct ssa_insn *insn)
{
    bool first = g->seen[insn->arg[0]] == GUARDS_POINTER;
    bool second = insn->op == SSA_ADD && g->seen[insn->arg[1]] == GUARDS_POINTER;
    return first == second ? 0 : insn->arg[first ? 0 : 1];
}

/* Beside each phi of pointers one of their beginnings, whose arguments come later. */
static void guards_make_phis(struct guards *g)
{
    for (u32 c = 0; c < g->n_cone; c++) {
        u32 value = g->cone[c];
        const struct ssa_insn *insn = ssa_at(g->func, value);
        if (insn->op != SSA_PHI || g->seen[value] != GUARDS_POINTER)
            continue;
        struct ssa_insn phi = { .op = SSA_PHI, .width = 8, .origin = insn->origin };
        u32 block = insn->block;
        g->base[value] = ssa_new_many(g->func, phi, ssa_args(g->func, insn), insn->n_args);
        ssa_insert_phi(g->func, block, g->base[value]);
    }
}

/* The beginning of what a value points into, as far as those of its arguments are known. */
static u32 guards_base_of(struct guards *g, u32 value)
{
    u32 root = guards_root(g, value);
    if (root)
        return root;
    struct ssa_insn insn = *ssa_at(g->func, value);
    if (insn.op == SSA_ADD || insn.op == SSA_SUB) {
        u32 pointer = guards_pointer_of(g, &insn);
        return pointer ? g->base[pointer] : 0;
    }
    if (insn.op != SSA_SELECT || !g->base[insn.arg[1]] || !g->base[insn.arg[2]])
        return 0;
    u32 base = ssa_new(g->func, (struct ssa_insn){ .op = SSA_SELECT,
                                                   .width = 8,
                                                   .origin = insn.origin,
                                                   .arg = { insn.arg[0], g->base[insn.arg[1]],
                                                            g->base[insn.arg[2]] } });
    ssa_insert_before(g->func, value, base);
    return base;
}

/* Phis have theirs, so that one round does. */
static void guards_find_bases(struct guards *g)
{
    for (u32 c = 0; c < g->n_cone && !g->func->failed; c++) {
        u32 value = g->cone[c];
        if (!g->base[value] && g->seen[value] == GUARDS_POINTER)
            g->base[value] = guards_base_of(g, value);
    }
}

/* A NULL among the arguments begins at 0: whatever is made from it is out of bounds. */
static bool guards_fill_phis(struct guards *g)
{
    for (u32 c = 0; c < g->n_cone; c++) {
        u32 value = g->cone[c];
        if (ssa_at(g->func, value)->op != SSA_PHI || g->seen[value] != GUARDS_POINTER)
            continue;
        for (u32 a = 0; a < ssa_at(g->func, value)->n_args; a++) {
            u32 arg = ssa_args(g->func, ssa_at(g->func, value))[a];
            bool null = ssa_is_const(g->func, arg) && ssa_at(g->func, arg)->imm == 0;
            u32 base = null ? ssa_const(g->func, 0) : g->base[arg];
            if (!base)
                return false;
            ssa_args(g->func, ssa_at(g->func, g->base[value]))[a] = base;
        }
    }
    return true;
}

/* ---- comparisons */

static u32 guards_put(struct guards *g, u32 before, struct ssa_insn insn)
{
    insn.origin = ssa_at(g->func, before)->origin;
    if (!insn.width)
        insn.width = 8;
    u32 value = ssa_new(g->func, insn);
    ssa_insert_before(g->func, before, value);
    return value;
}
#define GUARDS_PUT(at, ...) guards_put(g, at, (struct ssa_insn){ __VA_ARGS__ })

/* 1 when the access is out of the packet. */
static u32 guards_outside_packet(struct guards *g, u32 at, u32 address, u32 bytes)
{
    u32 thread = GUARDS_PUT(at, .op = SSA_THREAD);
    u32 packet = GUARDS_PUT(at, .op = SSA_LOAD, .arg = { thread },
                            .off = offsetof(struct skep_thread, packet));
    u32 begin = GUARDS_PUT(at, .op = SSA_LOAD, .arg = { packet },
                           .off = offsetof(struct skep_packet, data));
    u32 end = GUARDS_PUT(at, .op = SSA_LOAD, .arg = { packet },
                         .off = offsetof(struct skep_packet, data_end));
    u32 last = GUARDS_PUT(at, .op = SSA_SUB, .arg = { end, ssa_const(g->func, bytes) });
    u32 below = GUARDS_PUT(at, .op = SSA_LT, .arg = { address, begin });
    u32 beyond = GUARDS_PUT(at, .op = SSA_LT, .arg = { last, address });
    return GUARDS_PUT(at, .op = SSA_OR, .arg = { below, beyond });
}

/* Unsigned, so that what lies before the beginning is far beyond the end. */
static u32 guards_outside_object(struct guards *g, u32 at, u32 address, u32 base, u64 last)
{
    u32 offset = GUARDS_PUT(at, .op = SSA_SUB, .arg = { address, base });
    return GUARDS_PUT(at, .op = SSA_LT, .arg = { ssa_const(g->func, last), offset });
}

/* A block that stops the run with a fault of that instruction. */
static u32 guards_fault_block(struct guards *g, u32 origin)
{
    u32 block = ssa_block_new(g->func);
    u32 thread =
        ssa_new(g->func, (struct ssa_insn){ .op = SSA_THREAD, .width = 8, .origin = origin });
    u32 args[2] = { thread, ssa_const(g->func, origin) };
    struct ssa_insn call = {
        .op = SSA_CALL, .width = 8, .origin = origin, .imm = (u64)(uintptr_t)rt_native_guard
    };
    ssa_append(g->func, block, thread);
    ssa_append(g->func, block, ssa_new_many(g->func, call, args, 2));
    ssa_append(g->func, block,
               ssa_new(g->func, (struct ssa_insn){ .op = SSA_RETURN,
                                                   .width = 8,
                                                   .origin = origin,
                                                   .arg = { ssa_const(g->func, 0) } }));
    g->func->blocks[block].cold = true;
    return block;
}

/* The guard's place becomes the end of its block. */
static void guards_expand(struct guards *g, u32 guard)
{
    struct ssa_insn insn = *ssa_at(g->func, guard);
    u32 bytes = host_guard_bytes(insn.imm), from = insn.block;
    u32 outside = insn.region == HOST_REGION_PACKET
                      ? guards_outside_packet(g, guard, insn.arg[0], bytes)
                      : guards_outside_object(g, guard, insn.arg[0], g->base[insn.arg[0]],
                                              host_guard_limit(insn.imm) - bytes);
    u32 rest = ssa_split_block(g->func, insn.next), fault = guards_fault_block(g, insn.origin);
    ssa_remove(g->func, guard);
    ssa_append(g->func, from,
               ssa_new(g->func, (struct ssa_insn){ .op = SSA_BRANCH,
                                                   .width = 8,
                                                   .flags = SSA_UNLIKELY,
                                                   .origin = insn.origin,
                                                   .arg = { outside } }));
    if (g->func->failed)
        return;
    ssa_add_edge(g->func, from, 0, fault);
    ssa_add_edge(g->func, from, 1, rest);
}

/* From the last one of a block to the first, so that each instruction moves once. */
static void guards_expand_block(struct guards *g, u32 block)
{
    for (u32 i = g->func->blocks[block].last, prev; i && !g->func->failed; i = prev) {
        prev = g->func->insns[i].prev;
        if (g->func->insns[i].op == SSA_GUARD)
            guards_expand(g, i);
    }
}

static skep_status guards_find(struct guards *g, skep_error *err)
{
    guards_collect(g);
    guards_sort(g);
    bool filled = guards_mark_pointers(g);
    if (filled) {
        guards_make_phis(g);
        guards_find_bases(g);
        filled = guards_fill_phis(g);
    }
    for (u32 b = 0; b < g->func->n_blocks; b++)
        for (u32 i = g->func->blocks[b].first; i; i = g->func->insns[i].next) {
            const struct ssa_insn *insn = ssa_at(g->func, i);
            bool open = insn->op == SSA_GUARD && insn->region != HOST_REGION_PACKET &&
                        (!filled || !g->base[insn->arg[0]]);
            if (open && !g->func->failed)
                return RAISE(err, SKEP_UNSUPPORTED, OPT_GUARD,
                             NUM(g->opt->in->host->code->slot_of[insn->origin]));
        }
    return g->func->failed ? SKEP_NOMEM : SKEP_OK;
}

skep_status opt_guards(struct opt *opt, struct ssa_func *func, skep_error *err)
{
    struct guards g = { .opt = opt, .func = func };
    g.seen = arena_array(&opt->scratch, u8, func->n);
    g.base = arena_array(&opt->scratch, u32, func->n);
    g.cone = arena_array(&opt->scratch, u32, func->n);
    if (!g.seen || !g.base || !g.cone)
        return SKEP_NOMEM;
    TRY(guards_find(&g, err));
    u32 n_blocks = func->n_blocks;
    for (u32 b = 0; b < n_blocks && !func->failed; b++)
        guards_expand_block(&g, b);
    return func->failed ? SKEP_NOMEM : SKEP_OK;
}

#undef GUARDS_PUT
#undef GUARDS_ROUNDS
