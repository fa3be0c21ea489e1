/* Memory of `gvn`: loads of what was stored or loaded before, stores of what is there already.
 *
 * Each class of memory has a version at each point, and points of one version hold the same bytes.
 * A block begins with the versions that its predecessors agree on.  At the head of a loop those at
 * its ends count as agreeing about a class that nothing writes between the head and the last block,
 * in the order, from which the head can be reached again: the blocks of all its cycles.  Facts, of
 * the latest version, are handed down the dominator tree as long as the version is the same. */
#include "opt/gvn.h"

static u32 gvn_order(const struct gvn *g, u32 block) { return g->func->blocks[block].order; }

/* ---- what loops write */

static u8 gvn_block_writes(const struct gvn *g, u32 block)
{
    const struct ssa_func *func = g->func;
    u32 writes = 0;
    for (u32 v = func->blocks[block].first; v; v = func->insns[v].next)
        writes |= alias_writes(func, ssa_at(func, v));
    return (u8)writes;
}

/* Inner loops have been gathered: they are stepped over whole. */
static void gvn_gather_loop(struct gvn *g, u32 at)
{
    const struct ssa_block *block = &g->func->blocks[g->func->order[at]];
    u32 last = at;
    for (u32 i = 0; i < block->n_preds; i++)
        last = max_u32(last, gvn_order(g, block->preds[i]));
    for (u32 i = at + 1; i <= last; i = g->last[i] + 1) {
        last = max_u32(last, g->last[i]);
        g->writes[at] |= g->writes[i];
    }
    g->last[at] = last;
}

bool gvn_memory_init(struct gvn *g)
{
    const struct ssa_func *func = g->func;
    g->end = arena_array(g->scratch, struct gvn_memory, func->n_blocks);
    g->writes = arena_array(g->scratch, u8, func->n_order);
    g->last = arena_array(g->scratch, u32, func->n_order);
    g->now.facts = arena_array(g->scratch, struct gvn_fact, GVN_FACTS);
    g->kept = arena_array(g->scratch, struct gvn_fact, GVN_FACTS);
    if (!g->end || !g->writes || !g->last || !g->now.facts || !g->kept)
        return false;
    for (u32 i = func->n_order; i-- > 0;) {
        g->writes[i] = gvn_block_writes(g, func->order[i]);
        gvn_gather_loop(g, i);
    }
    return true;
}

/* ---- from block to block */

static u32 gvn_version_at(struct gvn *g, u32 b, enum alias_class class)
{
    const struct ssa_block *block = &g->func->blocks[b];
    u32 agreed = 0;
    for (u32 i = 0; i < block->n_preds; i++) {
        u32 pred = block->preds[i];
        if (gvn_order(g, pred) >= block->order) {
            if (!ssa_dominates(g->func, b, pred) || (g->writes[block->order] >> class & 1))
                return ++g->n_versions;
            continue;
        }
        u32 version = g->end[pred].version[class];
        if (agreed && version != agreed)
            return ++g->n_versions;
        agreed = version;
    }
    return agreed ? agreed : ++g->n_versions;
}

static void gvn_remember(struct gvn *g, struct gvn_fact fact)
{
    if (g->now.n < GVN_FACTS) {
        g->now.facts[g->now.n++] = fact;
        return;
    }
    g->now.facts[g->now.oldest] = fact;
    g->now.oldest = (g->now.oldest + 1) % GVN_FACTS;
}

void gvn_memory_enter(struct gvn *g, u32 b)
{
    const struct ssa_block *block = &g->func->blocks[b];
    for (u32 c = 0; c < ALIAS_CLASS_COUNT; c++)
        g->now.version[c] = gvn_version_at(g, b, (enum alias_class)c);
    g->now.n = g->now.oldest = 0;
    if (block->idom == CODE_NONE)
        return;
    const struct gvn_memory *above = &g->end[block->idom];
    for (u32 i = 0; i < above->n; i++) {
        u32 class = above->facts[i].in;
        if (above->version[class] == g->now.version[class])
            gvn_remember(g, above->facts[i]);
    }
}

void gvn_memory_leave(struct gvn *g, u32 b)
{
    struct gvn_memory *end = &g->end[b];
    *end = g->now;
    end->facts = NULL;
    if (!g->now.n || g->func->blocks[b].dom_count == 1)
        end->n = 0;
    else
        end->facts = arena_array(g->scratch, struct gvn_fact, g->now.n);
    if (!end->facts)
        end->n = 0;
    /* The oldest come first, as the next block forgets them first. */
    for (u32 i = 0; i < end->n; i++)
        end->facts[i] = g->now.facts[(g->now.oldest + i) % g->now.n];
}

/* ---- operations */

static struct gvn_fact gvn_fact_of(const struct alias_place *place, u32 value)
{
    return (struct gvn_fact){ .base = place->base,
                              .value = value,
                              .off = place->off,
                              .width = (u8)place->width,
                              .in = (u8)place->in };
}

static bool gvn_may_meet(const struct gvn *g, const struct gvn_fact *fact,
                         const struct alias_place *place)
{
    struct alias_place at =
        alias_place_at(g->func, (enum alias_class)fact->in, fact->base, fact->off, fact->width);
    return alias_may_meet(&at, place);
}

static void gvn_forget(struct gvn *g, u32 classes, const struct alias_place *place)
{
    u32 n = 0;
    for (u32 c = 0; c < ALIAS_CLASS_COUNT; c++)
        if (classes >> c & 1)
            g->now.version[c] = ++g->n_versions;
    for (u32 i = 0; i < g->now.n; i++) {
        const struct gvn_fact *fact = &g->now.facts[(g->now.oldest + i) % g->now.n];
        if (!(classes >> fact->in & 1) || (place && !gvn_may_meet(g, fact, place)))
            g->kept[n++] = *fact;
    }
    memcpy(g->now.facts, g->kept, n * sizeof(*g->now.facts));
    g->now.n = n;
    g->now.oldest = 0;
}

static const struct gvn_fact *gvn_fact_about(const struct gvn *g, const struct alias_place *place)
{
    for (u32 i = 0; i < g->now.n; i++) {
        const struct gvn_fact *fact = &g->now.facts[i];
        if (fact->in == place->in && fact->base == place->base && fact->off <= place->off &&
            place->off + place->width <= fact->off + fact->width)
            return fact;
    }
    return NULL;
}

static u32 gvn_insert(struct gvn *g, u32 at, u32 op, u32 width, u32 a, u32 b)
{
    struct ssa_insn insn = { .op = (u16)op, .width = (u8)width, .arg = { a, b } };
    insn.origin = g->func->insns[at].origin;
    u32 value = ssa_new(g->func, insn);
    ssa_insert_before(g->func, at, value);
    return value;
}

/* Is the value what an extension of its low bytes gives? */
static bool gvn_is_extended(const struct gvn *g, u32 value, u32 width, bool is_signed)
{
    const struct ssa_insn *insn = ssa_at(g->func, value);
    if (is_signed)
        return (insn->op == SSA_LOADS || insn->op == SSA_SEXT) && insn->width == width;
    if ((insn->op == SSA_LOAD || insn->op == SSA_ZEXT) && insn->width <= width)
        return true;
    u64 hi = insn->op == SSA_CONST ? insn->imm : g->func->ranges[value].hi;
    return hi <= ((u64)1 << 8 * width) - 1;
}

/* What a load gives of a fact that covers it; machines that compile have the low byte first. */
static u32 gvn_extract(struct gvn *g, u32 at, const struct gvn_fact *fact,
                       const struct alias_place *place)
{
    bool is_signed = g->func->insns[at].op == SSA_LOADS;
    u32 value = fact->value, width = place->width;
    u64 skip = (u64)(place->off - fact->off);
    if (skip) {
        u32 bits = ssa_const(g->func, 8 * skip);
        value = gvn_insert(g, at, SSA_SHR, 8, value, bits);
    }
    if (width == 8 || g->func->failed || (!skip && gvn_is_extended(g, value, width, is_signed)))
        return value;
    return gvn_insert(g, at, is_signed ? SSA_SEXT : SSA_ZEXT, width, value, 0);
}

static void gvn_load(struct gvn *g, u32 value, const struct alias_place *place)
{
    const struct gvn_fact *fact = gvn_fact_about(g, place);
    if (!fact) {
        gvn_remember(g, gvn_fact_of(place, value));
        return;
    }
    u32 by = gvn_extract(g, value, fact, place);
    if (by)
        gvn_replace(g, value, by);
}

static void gvn_store(struct gvn *g, u32 value, const struct alias_place *place)
{
    u32 stored = g->func->insns[value].arg[1];
    const struct gvn_fact *fact = gvn_fact_about(g, place);
    if (fact && fact->value == stored && fact->off == place->off) {
        ssa_remove(g->func, value);
        g->changed = true;
        return;
    }
    gvn_forget(g, 1u << place->in, place);
    gvn_remember(g, gvn_fact_of(place, stored));
}

void gvn_memory_step(struct gvn *g, u32 value)
{
    const struct ssa_insn *insn = ssa_at(g->func, value);
    if (!ssa_has(insn, SSA_READS | SSA_WRITES))
        return;
    u32 writes = alias_writes(g->func, insn);
    if (!alias_is_memory(insn)) {
        gvn_forget(g, writes, NULL);
        return;
    }
    struct alias_place place = alias_place_of(g->func, insn);
    bool tracked = place.in < ALIAS_CLASS_COUNT;
    if (tracked && (insn->op == SSA_LOAD || insn->op == SSA_LOADS))
        gvn_load(g, value, &place);
    else if (tracked && insn->op == SSA_STORE)
        gvn_store(g, value, &place);
    else if (writes)
        gvn_forget(g, writes, tracked ? &place : NULL);
}
