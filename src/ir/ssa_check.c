/* Whether SSA is what ssa.h says it is: edges first, for everything else is read along them; then
 * the lists of the blocks, each instruction for itself, and that a value is there when it is used.
 */
#include "ir/ssa.h"

struct ssa_checker {
    struct ssa_func *func;
    u32 *where;
    u32 *place; /* by value: its place in its block, from 1; 0: in none */
};

/* Nothing is wrong then, as far as is known. */
static const char check_nomem[] = "out of memory";

/* ---- edges */

static bool ssa_is_succ(const struct ssa_func *func, u32 from, u32 to)
{
    return func->blocks[from].succ[0] == to || func->blocks[from].succ[1] == to;
}

static u32 ssa_n_succs(const struct ssa_block *block)
{
    return (u32)(block->succ[0] != CODE_NONE) + (u32)(block->succ[1] != CODE_NONE);
}

static const char *check_succs(const struct ssa_func *func, u32 b)
{
    const struct ssa_block *block = &func->blocks[b];
    for (u32 s = 0; s < 2; s++)
        if (block->succ[s] != CODE_NONE && block->succ[s] >= func->n_blocks)
            return "an edge leads to no block";
    if (block->succ[0] == CODE_NONE && block->succ[1] != CODE_NONE)
        return "the second successor is there and the first is not";
    if (block->succ[0] != CODE_NONE && block->succ[0] == block->succ[1])
        return "both edges lead to the same block";
    return NULL;
}

/* seen: by block, the last block whose predecessor it was found to be, plus 1. */
static const char *check_preds(const struct ssa_func *func, u32 b, u32 *seen)
{
    const struct ssa_block *block = &func->blocks[b];
    for (u32 i = 0; i < block->n_preds; i++) {
        u32 pred = block->preds[i];
        if (pred >= func->n_blocks || !ssa_is_succ(func, pred, b))
            return "a predecessor has no edge to the block";
        if (seen[pred] == b + 1)
            return "a predecessor is there twice";
        seen[pred] = b + 1;
    }
    return NULL;
}

/* Every edge is some predecessor when there are as many of both. */
static const char *check_edges(const struct ssa_checker *c, struct arena *scratch)
{
    const struct ssa_func *func = c->func;
    u32 *seen = arena_array(scratch, u32, func->n_blocks);
    u64 edges = 0, preds = 0;
    const char *wrong = seen ? NULL : check_nomem;
    for (u32 b = 0; !wrong && b < func->n_blocks; b++) {
        *c->where = b;
        wrong = check_succs(func, b);
        edges += ssa_n_succs(&func->blocks[b]);
        preds += func->blocks[b].n_preds;
    }
    for (u32 b = 0; !wrong && b < func->n_blocks; b++) {
        *c->where = b;
        wrong = check_preds(func, b, seen);
    }
    if (wrong || edges == preds)
        return wrong                         ? wrong
               : func->blocks[0].n_preds > 0 ? (*c->where = 0, "the entry has a predecessor")
                                             : NULL;
    return "an edge is not among the predecessors of where it leads";
}

/* ---- lists */

static const char *check_end(const struct ssa_func *func, u32 b)
{
    static const u8 n_succs[SSA_OP_COUNT] = { [SSA_JUMP] = 1, [SSA_BRANCH] = 2 };
    const struct ssa_block *block = &func->blocks[b];
    if (!block->last || !ssa_has(ssa_at(func, block->last), SSA_ENDS))
        return "nothing ends the block";
    if (ssa_n_succs(block) != n_succs[ssa_at(func, block->last)->op])
        return "the block has other successors than its end says";
    return NULL;
}

static const char *check_list(const struct ssa_checker *c, u32 b)
{
    const struct ssa_func *func = c->func;
    bool after_phis = false;
    u32 prev = 0, place = 0;
    for (u32 i = func->blocks[b].first; i; prev = i, i = func->insns[i].next) {
        *c->where = i;
        if (i >= func->n || c->place[i])
            return "the list of the block does not end";
        const struct ssa_insn *insn = ssa_at(func, i);
        c->place[i] = ++place;
        if (insn->block != b || insn->prev != prev)
            return "the instruction does not say where it is";
        if (insn->op == SSA_PHI && after_phis)
            return "a phi after other instructions";
        after_phis |= insn->op != SSA_PHI;
        if (ssa_has(insn, SSA_ENDS) && insn->next)
            return "instructions after the end of the block";
    }
    *c->where = b;
    if (func->blocks[b].last != prev)
        return "the last instruction of the block is another";
    return func->blocks[b].order == CODE_NONE && !prev ? NULL : check_end(func, b);
}

/* ---- instructions */

static bool check_n_args(const struct ssa_func *func, const struct ssa_insn *insn)
{
    u32 n = ssa_row(insn)->n_args;
    if (n != SSA_MANY)
        return insn->n_args == n;
    if (insn->arg[0] > func->n_many || insn->n_args > func->n_many - insn->arg[0])
        return false;
    if (insn->op == SSA_PHI)
        return insn->n_args == func->blocks[insn->block].n_preds;
    return insn->op == SSA_CALL_LOCAL ? insn->n_args >= 2 && insn->n_args <= 7
                                      : insn->n_args >= 1 && insn->n_args <= 6;
}

static bool check_number(const struct ssa_func *func, const struct ssa_insn *insn)
{
    if (insn->op == SSA_PARAM)
        return insn->imm < 5;
    return insn->op != SSA_CALL_LOCAL || !func->program || insn->imm < func->program->n_funcs;
}

static const char *check_insn(const struct ssa_func *func, u32 i)
{
    const struct ssa_insn *insn = ssa_at(func, i);
    if (insn->op == SSA_NONE || insn->op >= SSA_OP_COUNT)
        return "a removed instruction is in a block";
    if (insn->width != 1 && insn->width != 2 && insn->width != 4 && insn->width != 8)
        return "a width that is none";
    if (!check_n_args(func, insn))
        return "the number of arguments is another";
    if (!check_number(func, insn))
        return "there is no such parameter or function";
    if (insn->op == SSA_BRANCH && insn->flags & ~SSA_UNLIKELY)
        return "a flag that the operation has no use for";
    if (func->ranges[i].lo > func->ranges[i].hi)
        return "nothing is in the range of the value";
    if (insn->op == SSA_CONST && (func->ranges[i].lo > insn->imm || func->ranges[i].hi < insn->imm))
        return "the constant is not in its range";
    return NULL;
}

/* Is the value there at instruction `user`; for a phi: at the end of that predecessor? */
static bool check_is_there(const struct ssa_checker *c, u32 value, u32 user, u32 arg)
{
    const struct ssa_func *func = c->func;
    const struct ssa_insn *insn = ssa_at(func, user);
    u32 block = ssa_at(func, value)->block;
    if (insn->op == SSA_PHI)
        return ssa_dominates(func, block, func->blocks[insn->block].preds[arg]);
    if (block == insn->block)
        return c->place[value] < c->place[user];
    return ssa_dominates(func, block, insn->block);
}

static const char *check_args(const struct ssa_checker *c, u32 i)
{
    const struct ssa_func *func = c->func;
    const struct ssa_insn *insn = ssa_at(func, i);
    const u32 *args = ssa_args(func, insn);
    for (u32 a = 0; a < insn->n_args; a++) {
        if (args[a] == 0 || args[a] >= func->n || !c->place[args[a]])
            return "an argument is in no block";
        if (!ssa_has(ssa_at(func, args[a]), SSA_VALUE))
            return "an argument is no value";
        if (!check_is_there(c, args[a], i, a))
            return "a value is used where it is not there";
    }
    return NULL;
}

/* ---- all */

static const char *check_all(struct ssa_checker *c, struct arena *scratch)
{
    struct ssa_func *func = c->func;
    const char *wrong = func->n_blocks == 0 ? "there is no block" : check_edges(c, scratch);
    c->place = arena_array(scratch, u32, func->n);
    if (wrong)
        return wrong;
    if (!c->place || !ssa_analyse(func))
        return check_nomem;
    for (u32 b = 0; !wrong && b < func->n_blocks; b++)
        wrong = check_list(c, b);
    for (u32 b = 0; !wrong && b < func->n_blocks; b++)
        for (u32 i = func->blocks[b].first; !wrong && i; i = func->insns[i].next) {
            *c->where = i;
            wrong = check_insn(func, i);
            wrong = wrong ? wrong : check_args(c, i);
        }
    return wrong;
}

const char *ssa_check(struct ssa_func *func, u32 *where)
{
    struct arena scratch;
    u32 ignored;
    struct ssa_checker c = { .func = func, .where = where ? where : &ignored };
    *c.where = 0;
    arena_init(&scratch, func->arena->mem);
    const char *wrong = check_all(&c, &scratch);
    arena_drop(&scratch);
    func->failed |= wrong == check_nomem;
    return wrong == check_nomem ? NULL : wrong;
}
