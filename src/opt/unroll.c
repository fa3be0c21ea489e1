/* Loops of one block whose number of rounds is known go several rounds at a time, or become
 * straight lines.  Clang for BPF unrolls little; hosts that need a round's worth of time for the
 * counting and the jump gain most.
 *
 * The block's operations stay as they are and become the last round; copies of them for the rounds
 * before are put in front.  Since the number of rounds is a multiple of the rounds made at a time,
 * the loop cannot end between them, so only the last round asks.  Who uses a phi of the loop, in
 * the last round or behind the loop, gets what it has become by then.
 *
 * What a round adds to a phi (or multiplies, …) is then put together before it meets the phi: one
 * operation for several rounds waits for the rounds before.
 *
 * With fuel, rounds made at a time are paid for at a time, where there is fuel for all of them.
 * Where there is not, one of the rounds cannot be paid: they are made one by one, in a loop of its
 * own that the stop ends.  So fuel and memory are at every stop what they are elsewhere.
 *
 * Needs the analysis of the graph and bounds.  Gives operations on sums of sums, which `fold` and
 * `gvn` clean up. */
#include "opt/known.h"
#include "opt/make.h"
#include "opt/pass.h"

enum {
    UNROLL_OPERATIONS = 64, /* of a round times rounds at a time */
    UNROLL_WHOLE = 32,      /* the same of loops that become straight lines */
    UNROLL_ENOUGH = 32,     /* rounds, from which on it pays to make several at a time */
    UNROLL_AT_A_TIME = 8,
    UNROLL_BODY = 12,     /* operations of a round: what larger ones gain is not worth the code */
    UNROLL_ROUNDS = 4096, /* looked at to find out how many there are */
    UNROLL_GROWTH = 1024, /* operations added to a function */
    UNROLL_CHAIN = 4,     /* rounds at a time from which on sums are put together */
};

/* What a phi is after each of the rounds, its own value first, the last round's excepted. */
struct unroll_chain {
    struct unroll_chain *next;
    u32 phi, latch, rounds;
    u32 value[UNROLL_AT_A_TIME];
};

/* The loop that makes rounds one by one until one of them cannot be paid. */
struct unroll_last {
    struct unroll_last *next;
    u32 block, of; /* its block; that of the rounds made at a time */
    u64 charge;    /* of the rounds made at a time */
    u32 n_phis;
    bool whole; /* the rounds made at a time are all there are */
    u32 *enter; /* by phi: what it is when the first of the rounds begins */
};

struct unroll {
    struct ssa_func *func;
    u32 n_old;    /* what is numbered below was there before the pass */
    u32 *map;     /* by old value: what it is called in the round that is being made */
    u32 *becomes; /* by old value: of the phis of loops, what they are in the last round */
    u32 *next;    /* by old value: of the phis, in the round to come */
    u32 left;     /* operations that may still be added */
    u32 *gone;    /* phis of loops that are none any more */
    u32 n_gone;
    struct arena *scratch;
    struct unroll_chain *chains;
    struct unroll_last *lasts;
};

struct unroll_loop {
    u32 block;
    u32 back;  /* the block that leads back: itself, or one that does nothing else */
    u32 latch; /* which of its predecessors that is: 0 or 1 */
    u32 slot;  /* which of its successors */
    u32 n;     /* operations that are copied */
    u32 rounds, at_a_time;
    u32 charge; /* its CHARGE; 0: none, or not to be paid for several rounds */
};

/* ---- which loops */

static bool unroll_is_copied(const struct ssa_insn *insn)
{
    return insn->op != SSA_PHI && insn->op != SSA_BRANCH;
}

/* The block itself, or one between its end and its beginning. */
static bool unroll_leads_back(const struct ssa_func *func, u32 b, u32 to)
{
    const struct ssa_block *between = &func->blocks[to];
    return to == b || (between->n_preds == 1 && between->succ[0] == b &&
                       between->succ[1] == CODE_NONE && between->first == between->last);
}

static bool unroll_count(const struct ssa_func *func, struct unroll_loop *loop)
{
    for (u32 v = func->blocks[loop->block].first; v; v = ssa_at(func, v)->next) {
        const struct ssa_insn *insn = ssa_at(func, v);
        loop->n += unroll_is_copied(insn);
        if (insn->op != SSA_PHI && ssa_row(insn)->n_args == SSA_MANY)
            return false;
    }
    return loop->n > 0 && loop->n <= UNROLL_OPERATIONS / 2;
}

/* A block that leads to itself and elsewhere, entered from one place, calling nothing. */
static bool unroll_find(const struct ssa_func *func, u32 b, struct unroll_loop *loop)
{
    const struct ssa_block *block = &func->blocks[b];
    if (block->n_preds != 2 || block->succ[1] == CODE_NONE)
        return false;
    u32 slot = unroll_leads_back(func, b, block->succ[1]);
    u32 back = block->succ[slot], latch = block->preds[1] == back;
    *loop = (struct unroll_loop){ .block = b, .back = back, .latch = latch, .slot = slot };
    return unroll_leads_back(func, b, back) && block->preds[latch] == back &&
           unroll_count(func, loop);
}

/* ---- how many rounds */

/* A phi that begins with a constant and has a constant added in each round. */
struct unroll_counter {
    u32 phi, sum;
    u64 value;
};

static bool unroll_is_counter(const struct ssa_func *func, const struct unroll_loop *loop, u32 phi,
                              struct unroll_counter *counter)
{
    const struct ssa_insn *insn = ssa_at(func, phi);
    if (insn->op != SSA_PHI || insn->block != loop->block)
        return false;
    const u32 *args = ssa_args(func, insn);
    u32 first = args[!loop->latch], sum = args[loop->latch];
    const struct ssa_insn *add = ssa_at(func, sum);
    *counter = (struct unroll_counter){ phi, sum, ssa_at(func, first)->imm };
    return ssa_is_const(func, first) && add->op == SSA_ADD && add->arg[0] == phi &&
           ssa_is_const(func, add->arg[1]);
}

/* The counter that a comparison with a constant looks at, before or after it counts. */
static bool unroll_counter_of(const struct ssa_func *func, const struct unroll_loop *loop,
                              u32 value, struct unroll_counter *counter)
{
    const struct ssa_insn *insn = ssa_at(func, value);
    return unroll_is_counter(func, loop, value, counter) ||
           (insn->op == SSA_ADD && unroll_is_counter(func, loop, insn->arg[0], counter) &&
            counter->sum == value);
}

static bool unroll_eval(const struct ssa_func *func, const struct ssa_insn *insn, u64 a,
                        u64 *result)
{
    return known_eval(insn, a, ssa_at(func, insn->arg[1])->imm, 0, result);
}

/* Counts as the loop does.  0: it is not known, or too many. */
static u32 unroll_rounds(const struct ssa_func *func, const struct unroll_loop *loop)
{
    const struct ssa_insn *end = ssa_at(func, func->blocks[loop->block].last);
    const struct ssa_insn *test = ssa_at(func, end->arg[0]);
    struct unroll_counter counter;
    if (test->op < SSA_EQ || test->op > SSA_SLE || !ssa_is_const(func, test->arg[1]) ||
        !unroll_counter_of(func, loop, test->arg[0], &counter))
        return 0;
    for (u32 rounds = 1; rounds <= UNROLL_ROUNDS; rounds++) {
        u64 sum, again;
        if (!unroll_eval(func, ssa_at(func, counter.sum), counter.value, &sum) ||
            !unroll_eval(func, test, test->arg[0] == counter.phi ? counter.value : sum, &again))
            return 0;
        if ((again != 0) != (loop->slot == 0))
            return rounds;
        counter.value = sum;
    }
    return 0;
}

/* 1: as it is. */
static u32 unroll_at_a_time(const struct ssa_func *func, const struct unroll_loop *loop)
{
    if (loop->rounds * loop->n <= UNROLL_WHOLE)
        return max_u32(loop->rounds, 1);
    if (loop->rounds < UNROLL_ENOUGH && func->blocks[loop->block].loop_depth < 2)
        return 1;
    u32 most = min_u32(UNROLL_AT_A_TIME, UNROLL_OPERATIONS / loop->n);
    while (most > 1 && loop->rounds % most != 0)
        most--;
    return loop->rounds && loop->n <= UNROLL_BODY ? most : 1;
}

/* The one thing of a round that comes before everything that is seen from outside. */
static u32 unroll_charge(const struct ssa_func *func, const struct unroll_loop *loop)
{
    u32 charge = 0;
    for (u32 v = func->blocks[loop->block].first; v; v = ssa_at(func, v)->next) {
        const struct ssa_insn *insn = ssa_at(func, v);
        if (insn->op == SSA_CHARGE && charge)
            return 0;
        if (insn->op == SSA_CHARGE)
            charge = v;
        else if (ssa_has(insn, SSA_PINNED) && !charge)
            return 0;
    }
    return charge && ssa_at(func, charge)->imm * loop->at_a_time <= INT32_MAX ? charge : 0;
}

/* ---- making rounds */

static u32 unroll_name(const struct unroll *u, const struct unroll_loop *loop, u32 value)
{
    return ssa_at(u->func, value)->block == loop->block && value < u->n_old ? u->map[value] : value;
}

/* sum + constant is one addition to what the sum was made from. */
static void unroll_add(struct unroll *u, struct ssa_insn *copy)
{
    struct ssa_func *func = u->func;
    const struct ssa_insn *sum = ssa_at(func, copy->arg[0]);
    if (copy->op != SSA_ADD || !ssa_is_const(func, copy->arg[1]) || sum->op != SSA_ADD ||
        sum->width != copy->width || !ssa_is_const(func, sum->arg[1]))
        return;
    u64 by = ssa_at(func, sum->arg[1])->imm + ssa_at(func, copy->arg[1])->imm;
    u32 base = sum->arg[0], number = ssa_const(func, copy->width == 4 ? (u32)by : by);
    if (number) {
        copy->arg[0] = base;
        copy->arg[1] = number;
    }
}

static void unroll_copy(struct unroll *u, const struct unroll_loop *loop, u32 value, u32 before)
{
    struct ssa_insn copy = *ssa_at(u->func, value);
    for (u32 i = 0; i < copy.n_args; i++)
        copy.arg[i] = unroll_name(u, loop, copy.arg[i]);
    unroll_add(u, &copy);
    if (copy.op == SSA_CHARGE)
        copy.flags |= SSA_UNPOLLED; /* the round that stays as it is polls */
    u32 made = ssa_new(u->func, copy);
    if (!made)
        return;
    u->func->ranges[made] = u->func->ranges[value];
    ssa_insert_before(u->func, before, made);
    u->map[value] = made;
}

/* A round's operations, the next value of each phi known by name: at the end of a block. */
static void unroll_append_round(struct unroll *u, const struct unroll_loop *loop, u32 block)
{
    for (u32 v = u->func->blocks[loop->block].first; v && !u->func->failed;
         v = ssa_at(u->func, v)->next) {
        struct ssa_insn copy = *ssa_at(u->func, v);
        if (!unroll_is_copied(&copy))
            continue;
        for (u32 i = 0; i < copy.n_args; i++)
            copy.arg[i] = unroll_name(u, loop, copy.arg[i]);
        u->map[v] = ssa_new(u->func, copy);
        if (u->map[v]) {
            u->func->ranges[u->map[v]] = u->func->ranges[v];
            ssa_append(u->func, block, u->map[v]);
        }
    }
}

static u32 unroll_count_phis(const struct ssa_func *func, u32 block)
{
    u32 n = 0;
    for (u32 v = func->blocks[block].first; ssa_at(func, v)->op == SSA_PHI;
         v = ssa_at(func, v)->next)
        n++;
    return n;
}

/* Phis that have no arguments so far, for those of the loop. */
static void unroll_append_phis(struct unroll *u, const struct unroll_loop *loop,
                               struct unroll_last *last)
{
    struct ssa_func *func = u->func;
    u32 n = 0;
    for (u32 v = func->blocks[loop->block].first; ssa_at(func, v)->op == SSA_PHI && !func->failed;
         v = ssa_at(func, v)->next) {
        struct ssa_insn phi = { .op = SSA_PHI, .width = 8, .origin = ssa_at(func, v)->origin };
        last->enter[n++] = last->whole ? ssa_args(func, ssa_at(func, v))[!loop->latch] : v;
        u->map[v] = ssa_new_many(func, phi, NULL, 0);
        if (u->map[v]) {
            func->ranges[u->map[v]] = func->ranges[v];
            ssa_append(func, last->block, u->map[v]);
        }
    }
}

/* Made before any round is, of the loop as it was; nothing leads to it so far. */
static void unroll_make_last(struct unroll *u, const struct unroll_loop *loop)
{
    struct ssa_func *func = u->func;
    struct unroll_last *last = arena_new(u->scratch, struct unroll_last);
    u32 n = unroll_count_phis(func, loop->block), block = ssa_block_new(func);
    u32 *enter = arena_array(u->scratch, u32, (u64)n + 1);
    func->failed |= !last || !enter;
    if (func->failed)
        return;
    u64 charge = ssa_at(func, loop->charge)->imm * loop->at_a_time;
    *last = (struct unroll_last){ .next = u->lasts,
                                  .block = block,
                                  .of = loop->block,
                                  .charge = charge,
                                  .n_phis = n,
                                  .whole = loop->at_a_time == loop->rounds,
                                  .enter = enter };
    u->lasts = last;
    func->blocks[block].cold = true;
    unroll_append_phis(u, loop, last);
    unroll_append_round(u, loop, block);
    u32 jump = ssa_new(func, (struct ssa_insn){ .op = SSA_JUMP, .width = 8, .origin = CODE_NONE });
    if (func->failed)
        return;
    ssa_append(func, block, jump);
    ssa_add_edge(func, block, 0, block);
    u32 phi = func->blocks[block].first;
    for (u32 v = func->blocks[loop->block].first; ssa_at(func, v)->op == SSA_PHI && !func->failed;
         v = ssa_at(func, v)->next, phi = ssa_at(func, phi)->next)
        ssa_args(func, ssa_at(func, phi))[0] =
            unroll_name(u, loop, ssa_args(func, ssa_at(func, v))[loop->latch]);
}

static u32 unroll_first(const struct ssa_func *func, const struct unroll_loop *loop)
{
    u32 v = func->blocks[loop->block].first;
    while (ssa_at(func, v)->op == SSA_PHI)
        v = ssa_at(func, v)->next;
    return v;
}

/* All phis at once: each gets the value that another may have had until now. */
static void unroll_turn(struct unroll *u, const struct unroll_loop *loop)
{
    u32 first = u->func->blocks[loop->block].first;
    for (u32 v = first; ssa_at(u->func, v)->op == SSA_PHI; v = ssa_at(u->func, v)->next)
        u->next[v] = unroll_name(u, loop, ssa_args(u->func, ssa_at(u->func, v))[loop->latch]);
    for (u32 v = first; ssa_at(u->func, v)->op == SSA_PHI; v = ssa_at(u->func, v)->next)
        u->map[v] = u->next[v];
}

static void unroll_begin_chains(struct unroll *u, const struct unroll_loop *loop)
{
    for (u32 v = u->func->blocks[loop->block].first; ssa_at(u->func, v)->op == SSA_PHI;
         v = ssa_at(u->func, v)->next) {
        struct unroll_chain *chain = arena_new(u->scratch, struct unroll_chain);
        if (!chain) {
            u->func->failed = true;
            return;
        }
        *chain = (struct unroll_chain){ u->chains, v, loop->latch, loop->at_a_time, { v } };
        u->chains = chain;
    }
}

/* After round i. */
static void unroll_note_chains(struct unroll *u, const struct unroll_loop *loop, u32 i)
{
    for (struct unroll_chain *c = u->chains; c; c = c->next)
        if (ssa_at(u->func, c->phi)->block == loop->block)
            c->value[i] = u->map[c->phi];
}

static void unroll_end(struct unroll *u, const struct unroll_loop *loop, bool whole)
{
    for (u32 v = u->func->blocks[loop->block].first; ssa_at(u->func, v)->op == SSA_PHI;
         v = ssa_at(u->func, v)->next) {
        u->becomes[v] = u->map[v];
        if (whole)
            u->gone[u->n_gone++] = v;
    }
    if (whole)
        ssa_remove_edge(u->func, loop->block, loop->back);
}

static void unroll_loop(struct unroll *u, const struct unroll_loop *loop)
{
    struct ssa_func *func = u->func;
    bool whole = loop->at_a_time == loop->rounds;
    bool chains = !whole && loop->at_a_time >= UNROLL_CHAIN;
    u32 first = unroll_first(func, loop);
    if (loop->charge)
        unroll_make_last(u, loop);
    for (u32 v = func->blocks[loop->block].first; v != first; v = ssa_at(func, v)->next)
        u->map[v] = whole ? ssa_args(func, ssa_at(func, v))[!loop->latch] : v;
    if (chains)
        unroll_begin_chains(u, loop);
    for (u32 i = 1; i < loop->at_a_time && !func->failed; i++) {
        for (u32 v = first; v && !func->failed; v = ssa_at(func, v)->next)
            if (unroll_is_copied(ssa_at(func, v)))
                unroll_copy(u, loop, v, first);
        unroll_turn(u, loop);
        if (chains)
            unroll_note_chains(u, loop, i);
    }
    unroll_end(u, loop, whole);
}

/* ---- what rounds add is put together */

static bool unroll_is_associative(u16 op)
{
    return op == SSA_ADD || op == SSA_XOR || op == SSA_OR || op == SSA_AND || op == SSA_MUL;
}

/* Which argument is not `other`; 2: neither is. */
static u32 unroll_side(const struct ssa_insn *insn, u32 other)
{
    return insn->arg[0] == other && insn->arg[1] != other   ? 1
           : insn->arg[1] == other && insn->arg[0] != other ? 0
                                                            : 2;
}

/* Each round's value is that of the round before op something else, and needed for nothing else. */
static bool unroll_is_chain(const struct ssa_func *func, const u32 *uses,
                            const struct unroll_chain *chain, u32 root)
{
    const struct ssa_insn *last = ssa_at(func, root);
    u32 block = ssa_at(func, chain->phi)->block;
    if (!unroll_is_associative(last->op) || last->block != block)
        return false;
    for (u32 i = 1; i <= chain->rounds; i++) {
        u32 v = i == chain->rounds ? root : chain->value[i];
        const struct ssa_insn *insn = ssa_at(func, v);
        if (insn->op != last->op || insn->width != last->width || insn->block != block ||
            unroll_side(insn, chain->value[i - 1]) == 2 || (v != root && uses[v] != 1))
            return false;
    }
    return uses[chain->phi] == 1;
}

/* ((phi + a) + b) + c becomes phi + ((a + b) + c). */
static void unroll_put_together(struct ssa_func *func, const u32 *uses,
                                const struct unroll_chain *chain)
{
    u32 root = ssa_args(func, ssa_at(func, chain->phi))[chain->latch];
    if (!unroll_is_chain(func, uses, chain, root))
        return;
    const struct ssa_insn *first = ssa_at(func, chain->value[1]);
    u32 sum = first->arg[unroll_side(first, chain->phi)];
    struct ssa_insn *second = ssa_at(func, chain->value[2]);
    second->arg[!unroll_side(second, chain->value[1])] = sum;
    for (u32 i = 2; i < chain->rounds; i++)
        func->ranges[chain->value[i]] = (struct ssa_range){ 0, UINT64_MAX };
    struct ssa_insn rest = *ssa_at(func, root);
    u32 made = make_op(func, root, (enum ssa_op)rest.op, rest.width, rest.arg[0], rest.arg[1]);
    if (made)
        make_into(func, root, (enum ssa_op)rest.op, rest.width, chain->phi, made);
}

/* ---- what values are called in the end */

/* What a phi has become may be a phi of another loop, which has become something too; but one of
 * its own loop is meant as it is, as in the first of the rounds. */
static u32 unroll_final(const struct unroll *u, u32 value)
{
    while (value < u->n_old && u->becomes[value] != value) {
        u32 from = value;
        value = u->becomes[value];
        if (ssa_at(u->func, value)->block == ssa_at(u->func, from)->block)
            break;
    }
    return value;
}

/* Copies use the phis of their own loop as they are meant: in the first of the rounds. */
static void unroll_rename(struct unroll *u)
{
    struct ssa_func *func = u->func;
    for (u32 v = 1; v < func->n; v++) {
        const struct ssa_insn *insn = ssa_at(func, v);
        if (insn->op == SSA_NONE || insn->block == CODE_NONE)
            continue;
        u32 *args = ssa_args(func, insn);
        for (u32 i = 0; i < insn->n_args; i++)
            if (v < u->n_old || ssa_at(func, args[i])->block != insn->block)
                args[i] = unroll_final(u, args[i]);
    }
    for (u32 i = 0; i < u->n_gone; i++)
        ssa_remove(func, u->gone[i]);
}

static void unroll_put_all_together(struct unroll *u)
{
    u32 *uses = u->chains ? arena_array(u->scratch, u32, u->func->n) : NULL;
    u->func->failed |= u->chains && !uses;
    if (!uses)
        return;
    ssa_count_uses(u->func, uses);
    for (struct unroll_chain *chain = u->chains; chain && !u->func->failed; chain = chain->next)
        unroll_put_together(u->func, uses, chain);
}

/* ---- paying for several rounds */

/* All charges of a block become one, which is known to be payable and looks for a cancel. */
static void unroll_pay_at_once(struct ssa_func *func, u32 block, u64 charge)
{
    bool paid = false;
    for (u32 v = func->blocks[block].first, next; v; v = next) {
        struct ssa_insn *insn = ssa_at(func, v);
        next = insn->next;
        if (insn->op != SSA_CHARGE)
            continue;
        if (paid) {
            ssa_remove(func, v);
            continue;
        }
        insn->imm = charge;
        insn->flags = SSA_PAID;
        paid = true;
    }
}

/* A test at the block's end: is there less fuel than that? */
static void unroll_append_test(struct ssa_func *func, u32 block, u64 charge)
{
    u32 fuel = ssa_new(func, (struct ssa_insn){ .op = SSA_FUEL, .width = 8, .origin = CODE_NONE });
    u32 needed = ssa_const(func, charge);
    struct ssa_insn less = {
        .op = SSA_SLT, .width = 8, .arg = { fuel, needed }, .origin = CODE_NONE
    };
    u32 test = ssa_new(func, less);
    struct ssa_insn end = {
        .op = SSA_BRANCH, .width = 8, .arg = { test }, .flags = SSA_UNLIKELY, .origin = CODE_NONE
    };
    u32 branch = ssa_new(func, end);
    if (func->failed)
        return;
    func->ranges[test].hi = 1;
    ssa_append(func, block, fuel);
    ssa_append(func, block, test);
    ssa_append(func, block, branch);
}

/* Names are final now: the rounds made at a time get a block of their own, behind the test. */
static void unroll_link_last(struct unroll *u, const struct unroll_last *last)
{
    struct ssa_func *func = u->func;
    u32 first = func->blocks[last->of].first;
    while (ssa_at(func, first)->op == SSA_PHI)
        first = ssa_at(func, first)->next;
    u32 rounds = ssa_split_block(func, first);
    if (func->failed)
        return;
    unroll_pay_at_once(func, rounds, last->charge);
    unroll_append_test(func, last->of, last->charge);
    ssa_add_edge(func, last->of, 0, last->block);
    ssa_add_edge(func, last->of, 1, rounds);
    if (func->failed)
        return;
    u32 phi = func->blocks[last->block].first;
    for (u32 i = 0; i < last->n_phis; i++, phi = ssa_at(func, phi)->next)
        ssa_args(func, ssa_at(func, phi))[1] =
            last->whole ? unroll_final(u, last->enter[i]) : last->enter[i];
}

/* ---- all loops */

static bool unroll_init(struct unroll *u, struct opt *opt, struct ssa_func *func)
{
    *u = (struct unroll){
        .func = func, .n_old = func->n, .left = UNROLL_GROWTH, .scratch = &opt->scratch
    };
    u->map = arena_array(&opt->scratch, u32, func->n);
    u->becomes = arena_array(&opt->scratch, u32, func->n);
    u->next = arena_array(&opt->scratch, u32, func->n);
    u->gone = arena_array(&opt->scratch, u32, func->n);
    func->failed |= !u->map || !u->becomes || !u->next || !u->gone;
    for (u32 v = 0; v < func->n && !func->failed; v++)
        u->becomes[v] = v;
    return !func->failed;
}

bool opt_unroll(struct opt *opt, struct ssa_func *func)
{
    struct unroll u = { 0 };
    struct unroll_loop loop;
    for (u32 b = 0; b < func->n_blocks && !func->failed; b++) {
        if (func->blocks[b].order == CODE_NONE || !unroll_find(func, b, &loop))
            continue;
        loop.rounds = unroll_rounds(func, &loop);
        loop.at_a_time = unroll_at_a_time(func, &loop);
        u32 more = loop.n * (loop.at_a_time - 1);
        if (loop.rounds == 0 || (loop.at_a_time == 1 && loop.rounds > 1) ||
            (u.func && more > u.left))
            continue;
        if (!u.func && !unroll_init(&u, opt, func))
            return true;
        loop.charge = loop.at_a_time > 1 ? unroll_charge(func, &loop) : 0;
        u.left -= min_u32(more, u.left);
        unroll_loop(&u, &loop);
    }
    if (u.func && !func->failed) {
        unroll_rename(&u);
        unroll_put_all_together(&u);
        for (struct unroll_last *last = u.lasts; last && !func->failed; last = last->next)
            unroll_link_last(&u, last);
    }
    return u.func != NULL;
}
