/* Is allocated code the code that was selected?  What each register and slot holds, in terms of
 * virtual registers, is followed through the code to a fixpoint (of what holds on all paths), and
 * each operand is compared with what its register must hold.  It shares nothing with the allocator
 * but the machine code.  A machine register that instructions name is followed like a virtual one,
 * of the same number. */
#include "base/bits.h"
#include "jit/regalloc.h"

#define CHECK_SLOTS 4u /* in which one value is followed at most */
#define CHECK_NO_SLOT 0xffffffffu
#define CHECK_LIMIT ((u64)1 << 23) /* registers × instructions; more is not checked */

struct check_value { /* where a virtual register's value is */
    u32 regs;
    u32 slots[CHECK_SLOTS];
};

struct check {
    const struct jit_target *target;
    const struct mach_func *func;
    struct check_value **at; /* by block: at its beginning; NULL: not reached yet */
    struct check_value *now; /* by virtual register */
    const char *wrong;
};

/* ---- what is where */

static void check_clear_slots(struct check_value *value)
{
    for (u32 k = 0; k < CHECK_SLOTS; k++)
        value->slots[k] = CHECK_NO_SLOT;
}

static bool check_has_slot(const struct check_value *value, u32 slot)
{
    for (u32 k = 0; k < CHECK_SLOTS; k++)
        if (value->slots[k] == slot)
            return true;
    return false;
}

static void check_add_slot(struct check_value *value, u32 slot)
{
    for (u32 k = 0; k < CHECK_SLOTS && !check_has_slot(value, slot); k++)
        if (value->slots[k] == CHECK_NO_SLOT)
            value->slots[k] = slot;
}

static void check_drop_slot(struct check_value *value, u32 slot)
{
    for (u32 k = 0; k < CHECK_SLOTS; k++)
        if (value->slots[k] == slot)
            value->slots[k] = CHECK_NO_SLOT;
}

static void check_overwrite_regs(struct check *check, u32 mask)
{
    for (u32 v = 0; v < check->func->n_regs; v++)
        check->now[v].regs &= ~mask;
}

static void check_overwrite_slot(struct check *check, u32 slot)
{
    for (u32 v = 0; v < check->func->n_regs; v++)
        check_drop_slot(&check->now[v], slot);
}

static void check_copy_reg(struct check *check, u32 to, u32 from)
{
    for (u32 v = 0; v < check->func->n_regs; v++) {
        struct check_value *value = &check->now[v];
        value->regs &= ~(1u << to);
        value->regs |= (value->regs >> from & 1) << to;
    }
}

/* ---- what instructions need */

static void check_that(struct check *check, bool holds, const char *wrong)
{
    if (!holds && !check->wrong)
        check->wrong = wrong;
}

static bool check_role_reads(u8 role)
{
    return role == MACH_USE || role == MACH_LATE_USE || role == MACH_CHANGE;
}
static bool check_role_writes(u8 role)
{
    return role == MACH_DEF || role == MACH_EARLY_DEF || role == MACH_CHANGE;
}

static void check_reads(struct check *check, const struct mach_insn *insn)
{
    for (u32 k = 0; k < insn->n_operands; k++) {
        const struct mach_operand *o = &insn->operand[k];
        if (o->reg == MACH_NO_REG)
            continue;
        if (check_role_reads(o->role))
            check_that(check, check->now[o->reg].regs >> o->given & 1,
                       "a register does not hold what is read");
        if (o->role == MACH_NONE && insn->slot_read)
            check_that(check,
                       insn->flags & MACH_REMAT ||
                           check_has_slot(&check->now[o->reg], (u32)insn->disp),
                       "a slot does not hold what is read");
    }
    for (u32 r = 0; insn->flags & MACH_CALL && r < MACH_REGS; r++)
        if (insn->reads >> r & 1)
            check_that(check, check->now[r].regs >> r & 1, "an argument of a call is overwritten");
}

/* Do operands share a register that must not? */
static void check_sharing(struct check *check, const struct mach_insn *insn)
{
    for (u32 a = 0; a < insn->n_operands; a++)
        for (u32 b = 0; b < insn->n_operands; b++) {
            const struct mach_operand *x = &insn->operand[a], *y = &insn->operand[b];
            if (a == b || x->reg == MACH_NO_REG || y->reg == MACH_NO_REG || x->given != y->given ||
                x->role == MACH_NONE || y->role == MACH_NONE)
                continue;
            bool both = check_role_writes(x->role) && check_role_writes(y->role);
            bool early = x->role == MACH_EARLY_DEF && check_role_reads(y->role);
            bool late = x->role == MACH_LATE_USE && check_role_writes(y->role);
            check_that(check, !both && !early && !late, "operands share a register");
        }
}

/* ---- what instructions do */

static void check_define(struct check *check, u32 v, u32 reg)
{
    check->now[v].regs = 1u << reg;
    check_clear_slots(&check->now[v]);
}

static void check_writes(struct check *check, const struct mach_insn *insn)
{
    if (insn->flags & MACH_CALL)
        check_overwrite_regs(check, (u32)check->target->caller_saved);
    for (u32 k = 0; k < insn->n_operands; k++) {
        const struct mach_operand *o = &insn->operand[k];
        if (o->reg != MACH_NO_REG && check_role_writes(o->role))
            check_overwrite_regs(check, 1u << o->given);
    }
    for (u32 k = 0; k < insn->n_operands; k++) {
        const struct mach_operand *o = &insn->operand[k];
        if (o->reg == MACH_NO_REG)
            continue;
        if (check_role_writes(o->role)) {
            check_define(check, o->reg, o->given);
        } else if (o->role == MACH_NONE && insn->slot_written) {
            check_overwrite_slot(check, (u32)insn->disp);
            check_clear_slots(&check->now[o->reg]);
            check->now[o->reg].regs = 0;
            check_add_slot(&check->now[o->reg], (u32)insn->disp);
        }
    }
}

static void check_reload(struct check *check, const struct mach_insn *insn)
{
    u32 to = insn->operand[0].given;
    check_overwrite_regs(check, 1u << to);
    for (u32 v = 0; v < check->func->n_regs; v++)
        check->now[v].regs |= (u32)check_has_slot(&check->now[v], (u32)insn->disp) << to;
}

static void check_spill(struct check *check, const struct mach_insn *insn)
{
    check_overwrite_slot(check, (u32)insn->disp);
    for (u32 v = 0; v < check->func->n_regs; v++)
        if (check->now[v].regs >> insn->operand[0].given & 1)
            check_add_slot(&check->now[v], (u32)insn->disp);
}

static void check_swap(struct check *check, u32 a, u32 b)
{
    for (u32 v = 0; v < check->func->n_regs; v++) {
        u32 regs = check->now[v].regs, differ = (regs >> a ^ regs >> b) & 1;
        check->now[v].regs = regs ^ (differ << a | differ << b);
    }
}

/* What the allocator inserted moves contents about and defines nothing. */
static void check_inserted(struct check *check, const struct mach_insn *insn)
{
    u32 a = insn->operand[0].given, b = insn->operand[1].given;
    switch (insn->op) {
    case MACH_COPY: check_copy_reg(check, a, b); break;
    case MACH_RELOAD: check_reload(check, insn); break;
    case MACH_SPILL: check_spill(check, insn); break;
    case MACH_SWAP: check_swap(check, a, b); break;
    default: /* a constant that is made again */
        check_overwrite_regs(check, 1u << a);
        check->now[insn->operand[0].reg].regs |= 1u << a;
    }
}

static void check_allocated_insn(struct check *check, const struct mach_insn *insn)
{
    const struct mach_operand *a = &insn->operand[0], *b = &insn->operand[1];
    if (insn->flags & MACH_INSERTED) {
        check_inserted(check, insn);
        return;
    }
    if (insn->op == MACH_ALIAS) {
        check->now[a->reg] = check->now[b->reg];
        return;
    }
    check_reads(check, insn);
    check_sharing(check, insn);
    if (insn->op == MACH_COPY)
        check_copy_reg(check, a->given, b->given);
    else if (insn->op == MACH_RELOAD)
        check_reload(check, insn);
    else if (insn->op == MACH_SPILL)
        check_spill(check, insn);
    if (insn->op == MACH_COPY || insn->op == MACH_RELOAD)
        check_define(check, a->reg, a->given);
    else
        check_writes(check, insn);
}

/* ---- blocks */

static u32 check_size(const struct check *check)
{
    return check->func->n_regs * (u32)sizeof(struct check_value);
}

/* Is less known than before? */
static bool check_meet(struct check_value *old, const struct check_value *now, u32 n)
{
    bool changed = false;
    for (u32 v = 0; v < n; v++) {
        struct check_value before = old[v];
        old[v].regs &= now[v].regs;
        for (u32 k = 0; k < CHECK_SLOTS; k++)
            if (!check_has_slot(&now[v], old[v].slots[k]))
                old[v].slots[k] = CHECK_NO_SLOT;
        changed |= memcmp(&before, &old[v], sizeof before) != 0;
    }
    return changed;
}

static bool check_enter(struct check *check, struct arena *scratch, u32 b, bool *changed)
{
    if (b == CODE_NONE)
        return true;
    if (check->at[b]) {
        *changed |= check_meet(check->at[b], check->now, check->func->n_regs);
        return true;
    }
    check->at[b] = arena_copy(scratch, check->now, check_size(check));
    *changed = true;
    return check->at[b] != NULL;
}

static void check_block(struct check *check, u32 b, u32 *where)
{
    const struct mach_block *block = &check->func->blocks[b];
    memcpy(check->now, check->at[b], check_size(check));
    for (u32 i = block->begin; i < block->end && !check->wrong; i++) {
        *where = i;
        check_allocated_insn(check, &check->func->insns[i]);
    }
}

/* What the moves of a tail overwrite on the way that does not mean them. */
static void check_tail(struct check *check, const struct mach_block *tail)
{
    for (u32 i = tail->begin; i + 1 < tail->end; i++)
        if (check->func->insns[i].op != MACH_ALIAS)
            check_overwrite_regs(check, 1u << check->func->insns[i].operand[0].given);
}

static bool check_leave(struct check *check, struct arena *scratch, u32 b, bool *changed)
{
    const struct mach_block *block = &check->func->blocks[b];
    const u32 *to = block->exit.to;
    bool first_is_tail = block->tail && to[0] == block->tail;
    if (!check_enter(check, scratch, to[first_is_tail ? 0 : 1], changed))
        return false;
    if (block->tail)
        check_tail(check, &check->func->blocks[block->tail]);
    return check_enter(check, scratch, to[first_is_tail ? 1 : 0], changed);
}

/* Before the fixpoint nothing is wrong yet: what is known only shrinks. */
static bool check_to_fixpoint(struct check *check, struct arena *scratch)
{
    bool changed = true;
    u32 where;
    while (changed) {
        changed = false;
        for (u32 b = 0; b < check->func->n_blocks; b++) {
            if (!check->at[b])
                continue;
            check_block(check, b, &where);
            check->wrong = NULL;
            if (!check_leave(check, scratch, b, &changed))
                return false;
        }
    }
    return true;
}

bool jit_check_allocation(struct arena *scratch, const struct jit_target *target,
                          const struct mach_func *func, const char **wrong, u32 *where)
{
    struct check check = { .target = target, .func = func };
    *wrong = NULL;
    if ((u64)func->n_regs * func->n > CHECK_LIMIT)
        return true;
    check.now = arena_array(scratch, struct check_value, func->n_regs);
    check.at = arena_array(scratch, struct check_value *, func->n_blocks);
    if (!check.now || !check.at)
        return false;
    for (u32 v = 0; v < func->n_regs; v++)
        check_clear_slots(&check.now[v]);
    for (u32 r = 0; r < MACH_REGS; r++)
        check.now[r].regs = 1u << r;
    check.at[0] = arena_copy(scratch, check.now, check_size(&check));
    if (!check.at[0] || !check_to_fixpoint(&check, scratch))
        return false;
    for (u32 b = 0; b < func->n_blocks && !check.wrong; b++)
        if (check.at[b])
            check_block(&check, b, where);
    *wrong = check.wrong;
    return true;
}

#undef CHECK_SLOTS
#undef CHECK_NO_SLOT
#undef CHECK_LIMIT
