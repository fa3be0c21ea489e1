/* The driver of instruction selection (docs/jit.md, Selection).
 *
 * Blocks are gone through from the last to the first, instructions backwards, so that all uses of
 * a value have been seen when it is selected (those of phis over back edges excepted).  The recipe
 * of an instruction is written forwards and put down backwards; in the end everything is turned
 * around.
 *
 * Out of SSA: a phi's arguments are copied to its register at the ends of the predecessors.  As
 * there are no critical edges, a predecessor with copies has no other successor, so nobody else
 * sees the register overwritten. */
#include "jit/select.h"

#include <assert.h>

_Static_assert(CODE_MAX_SLOTS - 1 <= MACH_NO_ORIGIN &&
                   (CODE_NONE & MACH_NO_ORIGIN) == MACH_NO_ORIGIN,
               "origins fit");

#define SELECT_RECIPE 64u /* instructions of one recipe at most */
#define SELECT_LAST UINT32_MAX

struct select_late { /* a constant that is made at the end of a block for the loops behind it */
    u32 reg, value;
    struct select_late *next;
};

struct select_copy_pair {
    u32 to, from;
};

struct select_const {
    u32 reg, block; /* the register made for a loop, and the block that makes it */
    u32 wanted;     /* the register that instructions of this block have asked for, 0: none */
    u32 uses;       /* instructions of the block that are left and use it */
    u32 next;       /* of those that were asked for in the block, SELECT_LAST; 0: it was not */
};

struct select_ends { /* of the copies at a block's end that are still to be made: of a register */
    u32 readers;
    u32 copy_to; /* which one writes it, + 1 */
};

struct select_driver {
    struct arena *arena;
    struct mach_insn recipe[SELECT_RECIPE];
    u32 n_recipe;
    u32 *order; /* blocks as they will lie */
    u32 *place; /* by block: where in that order */
    bool *cold;
    struct select_late **late;   /* by block */
    bool *asked;                 /* by value: somebody reads its register */
    bool *carried;               /* by value: see select_find_carried */
    struct select_const *consts; /* by value; as long as there are constants */
    u32 first_wanted;            /* constant that was asked for in the block */
    /* Copies at the end of a block. */
    struct select_copy_pair *copies, *sequence;
    u32 n_copies, n_sequence, copies_room;
    u32 *ready;
    struct select_ends *regs; /* by virtual register: [reg - MACH_REGS] */
    u32 regs_room;
};

static void select_flush(struct select *s);

/* ---- what targets call */

u32 select_new_reg(struct select *s)
{
    struct mach_func *out = s->out;
    if (out->n_regs == MACH_NO_REG) {
        out->failed = true;
        return MACH_REGS;
    }
    return out->n_regs++;
}

struct mach_insn *select_emit(struct select *s, struct mach_insn insn)
{
    struct select_driver *driver = s->driver;
    if (driver->n_recipe == SELECT_RECIPE) {
        s->out->failed = true;
        driver->n_recipe = 0;
    }
    insn.origin = ssa_at(s->ssa, s->at)->origin & MACH_NO_ORIGIN;
    driver->recipe[driver->n_recipe] = insn;
    return &driver->recipe[driver->n_recipe++];
}

static struct mach_insn select_copy_insn(u32 to, u32 from)
{
    return (struct mach_insn){ .op = MACH_COPY,
                               .size = 8,
                               .n_operands = 2,
                               .origin = MACH_NO_ORIGIN,
                               .operand = { mach_operand(to, MACH_DEF),
                                            mach_operand(from, MACH_USE) } };
}

void select_copy(struct select *s, u32 to, u32 from) { select_emit(s, select_copy_insn(to, from)); }

/* The block before the outermost loop around the one under selection. */
static u32 select_before_loops(const struct select *s)
{
    u32 b = s->block;
    while (s->ssa->blocks[b].loop_depth != 0)
        b = s->ssa->blocks[s->ssa->blocks[b].loop_head].idom;
    return b;
}

/* One register for all in the block that ask for it; made before the first that could. */
static u32 select_const_here(struct select *s, u32 value)
{
    struct select_driver *driver = s->driver;
    struct select_const *constant = &driver->consts[value];
    if (!constant->wanted)
        constant->wanted = select_new_reg(s);
    if (!constant->next) { /* it may have been made already, for those behind */
        constant->next = driver->first_wanted ? driver->first_wanted : SELECT_LAST;
        driver->first_wanted = value;
    }
    return constant->wanted;
}

static void select_make_const(struct select *s, u32 value)
{
    u32 reg = s->driver->consts[value].wanted;
    s->driver->consts[value].wanted = 0;
    s->target->select_const(s, reg, ssa_at(s->ssa, value)->imm);
    select_flush(s);
}

static u32 select_const_before_loops(struct select *s, u32 value)
{
    struct select_driver *driver = s->driver;
    struct select_const *constant = &driver->consts[value];
    u32 block = select_before_loops(s);
    if (constant->reg && constant->block == block)
        return constant->reg;
    struct select_late *late = arena_new(driver->arena, struct select_late);
    if (!late) {
        s->out->failed = true;
        return MACH_REGS;
    }
    *late = (struct select_late){ select_new_reg(s), value, driver->late[block] };
    driver->late[block] = late;
    constant->reg = late->reg;
    constant->block = block;
    return late->reg;
}

static u32 select_reg_once(struct select *s, u32 *reg)
{
    if (*reg == 0)
        *reg = select_new_reg(s);
    return *reg;
}

u32 select_thread(struct select *s) { return select_reg_once(s, &s->thread); }

/* Where the register of a value is noted; parameters have one for all that read them. */
static u32 *select_place_of(struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    switch (insn->op) {
    case SSA_PARAM: return &s->param[insn->imm % SELECT_PARAMS];
    case SSA_FRAME: return &s->frame;
    case SSA_THREAD: return &s->thread;
    default: return &s->reg_of[value];
    }
}

u32 select_reg(struct select *s, u32 value)
{
    s->driver->asked[value] = true;
    if (!ssa_is_const(s->ssa, value))
        return select_reg_once(s, select_place_of(s, value));
    bool hoist = s->ssa->blocks[s->block].loop_depth != 0 && !s->driver->cold[s->block];
    return hoist ? select_const_before_loops(s, value) : select_const_here(s, value);
}

void select_move(struct select *s, u32 to, u32 value)
{
    if (ssa_is_const(s->ssa, value))
        s->target->select_const(s, to, ssa_at(s->ssa, value)->imm);
    else
        select_copy(s, to, select_reg(s, value));
}

bool select_can_fold(const struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (insn->block != s->block || s->uses[value] != 1 || s->reg_of[value] != 0 ||
        s->folded[value] || ssa_has(insn, SSA_PINNED))
        return false;
    if (insn->op == SSA_PHI || insn->op == SSA_PARAM || insn->op == SSA_FRAME ||
        insn->op == SSA_THREAD)
        return false;
    return !ssa_has(insn, SSA_READS) || s->state_of[value] == s->state_of[s->at];
}

void select_fold(struct select *s, u32 value) { s->folded[value] = 1; }

bool select_dies(const struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (insn->op == SSA_CONST || s->driver->asked[value])
        return false;
    return s->ssa->blocks[insn->block].loop_head == s->ssa->blocks[s->block].loop_head;
}

bool select_prefers(const struct select *s, u32 a, u32 b)
{
    bool a_dies = select_dies(s, a), b_dies = select_dies(s, b);
    return a_dies != b_dies ? a_dies : s->driver->carried[a] && !s->driver->carried[b];
}

/* ---- putting down */

static void select_put(struct select *s, const struct mach_insn *insn)
{
    struct mach_func *out = s->out;
    if (out->n == out->room) {
        u32 room = out->room + out->room / 8 + 64; /* most of it without copying */
        struct mach_insn *insns =
            arena_resize(out->arena, out->insns, out->room * sizeof *insns, room * sizeof *insns);
        if (!insns) {
            out->failed = true;
            return;
        }
        out->insns = insns;
        out->room = room;
    }
    out->insns[out->n++] = *insn;
}

static void select_flush(struct select *s)
{
    struct select_driver *driver = s->driver;
    for (u32 i = driver->n_recipe; i-- > 0;)
        select_put(s, &driver->recipe[i]);
    driver->n_recipe = 0;
}

/* ---- phis */

static bool select_room_for_regs(struct select *s)
{
    struct select_driver *driver = s->driver;
    if (s->out->n_regs - MACH_REGS < driver->regs_room)
        return true;
    u32 old = driver->regs_room, room = s->out->n_regs - MACH_REGS + old / 4 + 64;
    struct select_ends *regs =
        arena_resize(driver->arena, driver->regs, old * sizeof *regs, room * sizeof *regs);
    if (!regs) {
        s->out->failed = true;
        return false;
    }
    driver->regs = regs;
    driver->regs_room = room;
    return true;
}

static bool select_room_for_copies(struct select *s, u32 n)
{
    struct select_driver *driver = s->driver;
    if (n > driver->copies_room) {
        u64 room = (u64)n * 2;
        driver->copies = arena_array(driver->arena, struct select_copy_pair, room);
        driver->sequence = arena_array(driver->arena, struct select_copy_pair, room * 2);
        driver->ready = arena_array(driver->arena, u32, room);
        bool ok = driver->copies && driver->sequence && driver->ready;
        driver->copies_room = ok ? n * 2 : 0;
    }
    s->out->failed |= driver->copies_room < n;
    return driver->copies_room >= n;
}

/* Copy i goes next; the one that waited for its source to be read may follow. */
static void select_sequence_copy(struct select_driver *driver, u32 i, u32 *n_ready)
{
    struct select_copy_pair copy = driver->copies[i];
    driver->sequence[driver->n_sequence++] = copy;
    driver->regs[copy.to - MACH_REGS].copy_to = 0;
    driver->copies[i].to = MACH_NO_REG;
    if (copy.from - MACH_REGS >= driver->regs_room)
        return; /* a temporary */
    struct select_ends *from = &driver->regs[copy.from - MACH_REGS];
    if (from->readers == 0)
        return; /* the same */
    u32 waits = from->copy_to;
    if (--from->readers == 0 && waits)
        driver->ready[(*n_ready)++] = waits - 1;
}

/* Copies all at once in meaning, one after the other in fact: first those to registers that nobody
 * is to read from any more; what is left are cycles, which are opened by a temporary register. */
static void select_sequence_copies(struct select *s)
{
    struct select_driver *driver = s->driver;
    struct select_copy_pair *copies = driver->copies;
    u32 n_ready = 0;
    driver->n_sequence = 0;
    for (u32 i = 0; i < driver->n_copies; i++) {
        driver->regs[copies[i].from - MACH_REGS].readers++;
        driver->regs[copies[i].to - MACH_REGS].copy_to = i + 1;
    }
    for (u32 i = 0; i < driver->n_copies; i++)
        if (driver->regs[copies[i].to - MACH_REGS].readers == 0)
            driver->ready[n_ready++] = i;
    for (u32 i = 0; i < driver->n_copies; i++) {
        while (n_ready)
            select_sequence_copy(driver, driver->ready[--n_ready], &n_ready);
        if (copies[i].to == MACH_NO_REG)
            continue;
        u32 from = copies[i].from;
        copies[i].from = select_new_reg(s);
        driver->sequence[driver->n_sequence++] = (struct select_copy_pair){ copies[i].from, from };
        driver->regs[from - MACH_REGS].readers = 0;
        driver->ready[n_ready++] = driver->regs[from - MACH_REGS].copy_to - 1;
    }
    while (n_ready)
        select_sequence_copy(driver, driver->ready[--n_ready], &n_ready);
}

static void select_put_copies(struct select *s)
{
    if (!select_room_for_regs(s))
        return;
    select_sequence_copies(s);
    for (u32 i = s->driver->n_sequence; i-- > 0;) {
        struct select_copy_pair copy = s->driver->sequence[i];
        struct mach_insn insn = select_copy_insn(copy.to, copy.from);
        select_put(s, &insn);
    }
}

/* An argument of a phi: constants are made after all copies, the rest is collected. */
static void select_phi_arg(struct select *s, u32 phi, u32 arg)
{
    struct select_driver *driver = s->driver;
    u32 to = select_reg_once(s, &s->reg_of[phi]);
    s->at = phi;
    if (ssa_is_const(s->ssa, arg)) {
        s->target->select_const(s, to, ssa_at(s->ssa, arg)->imm);
        select_flush(s);
        return;
    }
    u32 from = select_reg(s, arg);
    if (from != to)
        driver->copies[driver->n_copies++] = (struct select_copy_pair){ to, from };
}

static u32 select_pred_number(const struct ssa_block *block, u32 pred)
{
    u32 i = 0;
    while (block->preds[i] != pred)
        i++;
    return i;
}

static u32 select_count_phis(const struct select *s, const struct ssa_block *block)
{
    u32 n = 0;
    for (u32 v = block->first; v && ssa_at(s->ssa, v)->op == SSA_PHI; v = ssa_at(s->ssa, v)->next)
        n++;
    return n;
}

static void select_phis_of_successor(struct select *s, u32 succ)
{
    const struct ssa_block *block = &s->ssa->blocks[succ];
    u32 n = select_count_phis(s, block);
    if (!n || !select_room_for_copies(s, n))
        return;
    assert(s->ssa->blocks[s->block].succ[1] == CODE_NONE);
    u32 k = select_pred_number(block, s->block), v = block->first;
    s->driver->n_copies = 0;
    for (; n-- > 0; v = ssa_at(s->ssa, v)->next) {
        u32 arg = ssa_args(s->ssa, ssa_at(s->ssa, v))[k];
        s->uses[arg]--;
        if (s->reg_of[v] != 0 || s->uses[v] != 0)
            select_phi_arg(s, v, arg);
    }
    select_put_copies(s);
}

/* ---- blocks */

static void select_count_constants(struct select *s, const struct ssa_insn *insn)
{
    const u32 *args = ssa_args(s->ssa, insn);
    for (u32 i = 0; i < insn->n_args; i++)
        if (ssa_is_const(s->ssa, args[i]))
            s->driver->consts[args[i]].uses++;
}

/* Memory states and uses of constants, before the block is selected. */
static void select_look_ahead(struct select *s, const struct ssa_block *block)
{
    u32 state = 0;
    for (u32 v = block->first; v; v = ssa_at(s->ssa, v)->next) {
        const struct ssa_insn *insn = ssa_at(s->ssa, v);
        s->state_of[v] = state;
        state += ssa_has(insn, SSA_WRITES);
        if (insn->op != SSA_PHI)
            select_count_constants(s, insn);
    }
}

static void select_count_down(struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    const u32 *args = ssa_args(s->ssa, insn);
    for (u32 i = 0; i < insn->n_args; i++) {
        s->uses[args[i]]--;
        if (ssa_is_const(s->ssa, args[i]) && --s->driver->consts[args[i]].uses == 0 &&
            s->driver->consts[args[i]].wanted)
            select_make_const(s, args[i]);
    }
}

static bool select_is_made_elsewhere(const struct ssa_insn *insn)
{
    return insn->op == SSA_CONST || insn->op == SSA_PARAM || insn->op == SSA_FRAME ||
           insn->op == SSA_THREAD || insn->op == SSA_PHI;
}

static void select_insn(struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (select_is_made_elsewhere(insn))
        return;
    s->at = value;
    if (s->reg_of[value] != 0 || ssa_has(insn, SSA_PINNED)) {
        s->out->stops |= ssa_has(insn, SSA_STOPS);
        s->target->select(s);
        select_flush(s);
    }
    select_count_down(s, value);
}

static void select_block_end(struct select *s, const struct ssa_block *block,
                             struct mach_exit *exit)
{
    const struct ssa_insn *end = ssa_at(s->ssa, block->last);
    *exit = (struct mach_exit){ .to = { CODE_NONE, CODE_NONE } };
    s->at = block->last;
    if (end->op == SSA_JUMP) {
        exit->to[1] = s->driver->place[block->succ[0]];
    } else {
        s->target->select_end(s, exit);
        if (end->op == SSA_BRANCH) {
            exit->to[0] = s->driver->place[block->succ[0]];
            exit->to[1] = s->driver->place[block->succ[1]];
            exit->unlikely = (end->flags & SSA_UNLIKELY) != 0;
        }
    }
    struct mach_insn last = { .op = MACH_END,
                              .n_operands = 1,
                              .origin = end->origin & MACH_NO_ORIGIN };
    last.operand[0] = exit->operand;
    select_put(s, &last);
    select_flush(s);
    if (end->op == SSA_JUMP)
        select_phis_of_successor(s, block->succ[0]);
    else
        select_count_down(s, block->last);
}

static void select_late_constants(struct select *s)
{
    for (struct select_late *late = s->driver->late[s->block]; late; late = late->next) {
        s->at = late->value;
        s->target->select_const(s, late->reg, ssa_at(s->ssa, late->value)->imm);
        select_flush(s);
    }
}

/* Those that an instruction of the block uses by way of one in another block. */
static void select_left_constants(struct select *s)
{
    struct select_driver *driver = s->driver;
    u32 v = driver->first_wanted ? driver->first_wanted : SELECT_LAST, next;
    for (; v != SELECT_LAST; v = next) {
        next = driver->consts[v].next;
        driver->consts[v].next = 0;
        if (driver->consts[v].wanted)
            select_make_const(s, v);
    }
    driver->first_wanted = 0;
}

static void select_block(struct select *s, u32 b, struct mach_block *out)
{
    const struct ssa_block *block = &s->ssa->blocks[b];
    s->block = b;
    out->loop_depth = block->loop_depth;
    out->cold = s->driver->cold[b];
    out->end = s->out->n;
    select_look_ahead(s, block);
    select_block_end(s, block, &out->exit);
    select_late_constants(s);
    for (u32 v = ssa_at(s->ssa, block->last)->prev; v; v = ssa_at(s->ssa, v)->prev)
        select_insn(s, v);
    select_left_constants(s);
    if (b == 0) {
        s->at = block->first;
        s->target->select_entry(s);
        select_flush(s);
    }
    out->begin = s->out->n;
}

/* ---- the function */

/* Values that lead from a loop's phi to its next value: the phi, what it is the operand of for the
 * last time, and so on.  To overwrite these saves the copy at the loop's end. */
static void select_find_carried(struct select *s)
{
    bool *carried = s->driver->carried;
    for (u32 i = 0; i < s->ssa->n_order; i++) {
        u32 b = s->ssa->order[i];
        const struct ssa_block *block = &s->ssa->blocks[b];
        for (u32 v = block->first; v; v = ssa_at(s->ssa, v)->next) {
            const struct ssa_insn *insn = ssa_at(s->ssa, v);
            if (insn->op == SSA_PHI)
                carried[v] = block->loop_head == b;
            else if (!ssa_has(insn, SSA_READS | SSA_PINNED) && ssa_row(insn)->n_args != SSA_MANY)
                for (u32 k = 0; k < insn->n_args && k < 2; k++)
                    carried[v] |= carried[insn->arg[k]] && s->uses[insn->arg[k]] == 1;
        }
    }
}

/* Constants are in the entry block, so their numbers are low ones. */
static u32 select_constants_end(const struct ssa_func *ssa)
{
    u32 end = ssa->n;
    while (end > 1 && !ssa_is_const(ssa, end - 1))
        end--;
    return end;
}

static bool select_make_arrays(struct select *s)
{
    struct arena *arena = s->driver->arena;
    struct select_driver *driver = s->driver;
    u32 n = s->ssa->n, n_blocks = s->ssa->n_blocks;
    s->reg_of = arena_array(arena, u32, n);
    s->uses = arena_array(arena, u32, n);
    s->folded = arena_array(arena, u8, n);
    s->state_of = arena_array(arena, u32, n);
    driver->consts = arena_array(arena, struct select_const, select_constants_end(s->ssa));
    driver->asked = arena_array(arena, bool, n);
    driver->carried = arena_array(arena, bool, n);
    driver->place = arena_array(arena, u32, n_blocks);
    driver->cold = arena_array(arena, bool, n_blocks);
    driver->late = arena_array(arena, struct select_late *, n_blocks);
    if (!s->reg_of || !s->uses || !s->folded || !s->state_of || !driver->consts || !driver->asked ||
        !driver->carried || !driver->place || !driver->cold || !driver->late)
        return false;
    driver->order = jit_order_blocks(arena, s->ssa, driver->cold);
    for (u32 i = 0; driver->order && i < s->ssa->n_order; i++)
        driver->place[driver->order[i]] = i;
    ssa_count_uses(s->ssa, s->uses);
    select_find_carried(s);
    return driver->order != NULL;
}

static bool select_preds(struct select *s)
{
    u32 n = 0;
    for (u32 i = 0; i < s->out->n_blocks; i++)
        n += s->ssa->blocks[s->driver->order[i]].n_preds;
    u32 *preds = arena_array(s->out->arena, u32, n);
    for (u32 i = 0; preds && i < s->out->n_blocks; i++) {
        const struct ssa_block *block = &s->ssa->blocks[s->driver->order[i]];
        s->out->blocks[i].n_preds = block->n_preds;
        s->out->blocks[i].preds = preds;
        for (u32 k = 0; k < block->n_preds; k++)
            *preds++ = s->driver->place[block->preds[k]];
    }
    return preds != NULL;
}

/* Everything was put down from the last to the first. */
static void select_turn_around(struct mach_func *out)
{
    for (u32 i = 0, k = out->n; i + 1 < k; i++) {
        struct mach_insn first = out->insns[i];
        out->insns[i] = out->insns[--k];
        out->insns[k] = first;
    }
    for (u32 b = 0; b < out->n_blocks; b++) {
        struct mach_block *block = &out->blocks[b];
        block->begin = out->n - block->begin;
        block->end = out->n - block->end;
    }
    for (u32 i = 0; i < out->n; i++)
        out->calls |= (out->insns[i].flags & MACH_CALL) != 0;
}

/* Gives back what was too much. */
static void select_fit(struct mach_func *out)
{
    struct mach_insn *insns =
        arena_resize(out->arena, out->insns, out->room * sizeof *insns, out->n * sizeof *insns);
    if (insns) {
        out->insns = insns;
        out->room = out->n;
    }
}

static u32 select_count_insns(const struct ssa_func *ssa)
{
    u32 n = 0;
    for (u32 v = 1; v < ssa->n; v++)
        n += ssa_at(ssa, v)->op != SSA_NONE;
    return n;
}

static bool select_func(struct select *s)
{
    struct mach_func *out = s->out;
    if (!select_make_arrays(s))
        return false;
    out->n_blocks = s->ssa->n_order;
    u32 n_insns = select_count_insns(s->ssa);
    out->room = n_insns + 64;
    out->insns = arena_array(out->arena, struct mach_insn, out->room);
    out->blocks = arena_array(out->arena, struct mach_block, out->n_blocks);
    if (!out->insns || !out->blocks || !select_preds(s))
        return false;
    for (u32 i = out->n_blocks; i-- > 0 && !out->failed;)
        select_block(s, s->driver->order[i], &out->blocks[i]);
    if (out->failed)
        return false;
    select_turn_around(out);
    select_fit(out);
    return true;
}

bool jit_select(struct arena *arena, struct arena *scratch, const struct select_options *options,
                const struct ssa_func *ssa, struct mach_func *out)
{
    struct select_driver *driver = arena_new(scratch, struct select_driver);
    if (!driver)
        return false;
    driver->arena = scratch;
    *out = (struct mach_func){ .arena = arena, .number = ssa->number, .n_regs = MACH_REGS };
    struct select s = { .target = options->target,
                        .ssa = ssa,
                        .out = out,
                        .features = options->features,
                        .metered = options->metered,
                        .driver = driver };
    return select_func(&s);
}

#undef SELECT_LAST
#undef SELECT_RECIPE
