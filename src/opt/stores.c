/* Stores to the frame that nobody reads: overwritten first, or followed by the end of the function.
 *
 * Addresses of the frame may be the base of loads and stores, and arguments of calls: a helper
 * reads upwards from them, by its contract, and is done with them when it returns; what it is for
 * other arguments, and local calls, count as reading all of the frame.  A function that does
 * anything else with an address of its frame keeps all its stores.
 *
 * Bytes that may still be read are a set of 512 bits that flows backwards, around loops until
 * nothing changes.
 *
 * Needs nothing.  Keeps the blocks. */
#include "opt/alias.h"
#include "opt/pass.h"

#define STORES_BYTES ((s64)RT_FRAME_BYTES)
#define STORES_WORDS (RT_FRAME_BYTES / 64)
#define STORES_ROUNDS 16u

/* Bytes of the frame, from its lowest. */
struct stores_bytes {
    u64 word[STORES_WORDS];
};

struct stores {
    struct ssa_func *func;
    const struct opt *opt;
    u8 *derived;               /* by value: it is an address of the frame */
    struct stores_bytes *live; /* by block: what may be read from its beginning on */
    bool changed;
};

/* ---- sets of bytes; lo and hi are offsets from the frame pointer */

static void stores_set(struct stores_bytes *set, s64 lo, s64 hi, bool is_in)
{
    u64 from = (u64)(lo < -STORES_BYTES ? 0 : lo + STORES_BYTES);
    u64 to = hi > 0 ? (u64)STORES_BYTES : hi < -STORES_BYTES ? 0 : (u64)(hi + STORES_BYTES);
    for (u64 i = from; i < to; i++)
        if (is_in)
            bit_set(set->word, (u32)i);
        else
            bit_clear(set->word, (u32)i);
}

static void stores_set_all(struct stores_bytes *set) { memset(set, 0xff, sizeof(*set)); }

static bool stores_any(const struct stores_bytes *set, s64 lo, s64 hi)
{
    for (s64 i = lo + STORES_BYTES; i < hi + STORES_BYTES; i++)
        if (i < 0 || i >= STORES_BYTES || bit_get(set->word, (u32)i))
            return true;
    return false;
}

static void stores_unite(struct stores_bytes *set, const struct stores_bytes *with)
{
    for (u32 i = 0; i < STORES_WORDS; i++)
        set->word[i] |= with->word[i];
}

/* ---- who has addresses of the frame */

static bool stores_is_call(const struct ssa_insn *insn)
{
    return insn->op == SSA_CALL || insn->op == SSA_CALL_QUIET || insn->op == SSA_CALL_LOCAL;
}

/* The address of a callee's frame lies above this one. */
static bool stores_is_callee_frame(const struct stores *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->func, value);
    return insn->op == SSA_ADD && ssa_is_const(s->func, insn->arg[1]) &&
           s->func->insns[insn->arg[1]].imm == RT_FRAME_BYTES;
}

/* May argument i be an address? */
static bool stores_may_use(const struct ssa_insn *insn, u32 i)
{
    if (alias_is_memory(insn))
        return i == 0;
    return stores_is_call(insn) || (insn->op == SSA_ADD && insn->width == 8);
}

/* false: an address goes where it is not followed. */
static bool stores_find_addresses(struct stores *s)
{
    const struct ssa_func *func = s->func;
    for (u32 o = 0; o < func->n_order; o++)
        for (u32 v = func->blocks[func->order[o]].first; v; v = func->insns[v].next) {
            const struct ssa_insn *insn = ssa_at(func, v);
            const u32 *args = ssa_args(func, insn);
            s->derived[v] = insn->op == SSA_FRAME;
            for (u32 i = 0; i < insn->n_args; i++) {
                if (!s->derived[args[i]])
                    continue;
                if (!stores_may_use(insn, i))
                    return false;
                s->derived[v] |= insn->op == SSA_ADD;
            }
        }
    return true;
}

/* A phi's argument comes later than the phi. */
static bool stores_phis_are_free(const struct stores *s)
{
    const struct ssa_func *func = s->func;
    for (u32 o = 0; o < func->n_order; o++)
        for (u32 v = func->blocks[func->order[o]].first; v && func->insns[v].op == SSA_PHI;
             v = func->insns[v].next)
            for (u32 i = 0; i < func->insns[v].n_args; i++)
                if (s->derived[ssa_args(func, ssa_at(func, v))[i]])
                    return false;
    return true;
}

/* ---- what instructions read and write */

/* The place within the frame, as far as it is known. */
static struct alias_place stores_place(const struct stores *s, const struct ssa_insn *insn)
{
    struct alias_place place = alias_place_of(s->func, insn);
    if (s->func->insns[place.root].op != SSA_FRAME) {
        place.lo = -STORES_BYTES;
        place.hi = 0;
    }
    return place;
}

/* Argument i of a call is an address of the frame. */
static void stores_pass(const struct stores *s, const struct ssa_insn *insn, u32 i,
                        struct stores_bytes *live)
{
    const struct skep_helper *helper = opt_helper(s->opt, insn);
    u32 value = ssa_args(s->func, insn)[i];
    if (insn->op == SSA_CALL_LOCAL && i == 1 && stores_is_callee_frame(s, value))
        return;
    struct ssa_insn access = { .op = SSA_LOAD, .width = 1, .arg = { value } };
    struct alias_place place = stores_place(s, &access);
    u8 kind = helper && i >= 1 && i <= 5 ? helper->args[i - 1].kind : (u8)SKEP_ARG_NONE;
    if (kind == SKEP_ARG_MAP_KEY || kind == SKEP_ARG_MAP_VALUE || kind == SKEP_ARG_MEM)
        stores_set(live, place.lo, 0, true);
    else
        stores_set_all(live);
}

static bool stores_is_dead(const struct stores *s, const struct ssa_insn *insn,
                           const struct stores_bytes *live)
{
    if (insn->op != SSA_STORE || !s->derived[insn->arg[0]])
        return false;
    struct alias_place place = stores_place(s, insn);
    return !stores_any(live, place.lo, place.hi);
}

/* From after the instruction to before it. */
static void stores_step(const struct stores *s, const struct ssa_insn *insn,
                        struct stores_bytes *live)
{
    if (stores_is_call(insn)) {
        for (u32 i = 0; i < insn->n_args; i++)
            if (s->derived[ssa_args(s->func, insn)[i]])
                stores_pass(s, insn, i, live);
        return;
    }
    if (!alias_is_memory(insn) || !s->derived[insn->arg[0]] || stores_is_dead(s, insn, live))
        return;
    struct alias_place place = stores_place(s, insn);
    if (insn->op != SSA_STORE)
        stores_set(live, place.lo, place.hi, true);
    else if (place.hi - place.lo == place.width)
        stores_set(live, place.lo, place.hi, false);
}

static struct stores_bytes stores_at_end(const struct stores *s, u32 b)
{
    struct stores_bytes live = { { 0 } };
    for (u32 i = 0; i < 2; i++)
        if (s->func->blocks[b].succ[i] != CODE_NONE)
            stores_unite(&live, &s->live[s->func->blocks[b].succ[i]]);
    return live;
}

/* ---- the function */

static bool stores_flow_round(struct stores *s)
{
    bool changed = false;
    for (u32 o = s->func->n_order; o-- > 0;) {
        u32 b = s->func->order[o];
        struct stores_bytes live = stores_at_end(s, b);
        for (u32 v = s->func->blocks[b].last; v; v = s->func->insns[v].prev)
            stores_step(s, ssa_at(s->func, v), &live);
        changed |= memcmp(&live, &s->live[b], sizeof(live)) != 0;
        s->live[b] = live;
    }
    return changed;
}

static void stores_remove_dead(struct stores *s)
{
    for (u32 o = 0; o < s->func->n_order; o++) {
        u32 b = s->func->order[o];
        struct stores_bytes live = stores_at_end(s, b);
        for (u32 v = s->func->blocks[b].last, prev; v; v = prev) {
            const struct ssa_insn *insn = ssa_at(s->func, v);
            prev = insn->prev;
            if (stores_is_dead(s, insn, &live)) {
                ssa_remove(s->func, v);
                s->changed = true;
            } else {
                stores_step(s, insn, &live);
            }
        }
    }
}

static bool stores_uses_frame(const struct ssa_func *func)
{
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 v = func->blocks[b].first; v; v = func->insns[v].next)
            if (func->insns[v].op == SSA_FRAME)
                return true;
    return false;
}

bool opt_stores(struct opt *opt, struct ssa_func *func)
{
    struct stores s = { .func = func, .opt = opt };
    if (!stores_uses_frame(func))
        return false;
    s.derived = arena_array(&opt->scratch, u8, func->n);
    s.live = arena_array(&opt->scratch, struct stores_bytes, func->n_blocks);
    if (!s.derived || !s.live) {
        func->failed = true;
        return false;
    }
    if (!stores_find_addresses(&s) || !stores_phis_are_free(&s))
        return false;
    u32 rounds = 0;
    while (stores_flow_round(&s))
        if (++rounds == STORES_ROUNDS)
            return false;
    stores_remove_dead(&s);
    return s.changed;
}

#undef STORES_BYTES
#undef STORES_WORDS
#undef STORES_ROUNDS
