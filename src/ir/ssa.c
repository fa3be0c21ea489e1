/* SSA: making and changing it.  What a value is, and what holds, is in ssa.h; ssa_check.c tells
 * whether it does.
 *
 * All arrays are the arena's and grow by half.  The arguments of phis lie in room for a power of
 * two of them, so that a block may get many predecessors one after the other. */
#include "ir/ssa.h"

const struct ssa_row ssa_rows[SSA_OP_COUNT] = {
#define S(NAME, name, n, e) [SSA_##NAME] = { .text = name, .n_args = n, .effects = e },
    SSA_OPS(S)
#undef S
};

#define SSA_ANYTHING ((struct ssa_range){ 0, UINT64_MAX })

/* ---- room */

/* Small ones are not worth it. */
static void ssa_outgrow(struct ssa_func *func, void *table, size_t size)
{
    if (table && size >= 1 << 15 && func->n_outgrown < ARRAY_LEN(func->outgrown))
        func->outgrown[func->n_outgrown++] = (struct ssa_outgrown){ table, size };
}

void ssa_settle(struct ssa_func *func)
{
    for (u32 i = 0; i < func->n_outgrown; i++)
        arena_free(func->arena, func->outgrown[i].table, func->outgrown[i].size);
    func->n_outgrown = 0;
}

/* n: in use, of `old` items. */
static bool ssa_grow(struct ssa_func *func, void **array, u32 n, u32 old, u32 room, size_t size)
{
    bool moves = !func->is_new || !*array;
    void *grown = moves ? arena_alloc_array(func->arena, room, size)
                        : arena_resize(func->arena, *array, old * size, room * size);
    if (!grown) {
        func->failed = true;
        return false;
    }
    if (n > 0 && moves)
        memcpy(grown, *array, n * size);
    if (moves)
        ssa_outgrow(func, *array, old * size);
    *array = grown;
    return true;
}

static u32 ssa_more(u32 room) { return room < 16 ? 32 : room + room / 2; }

static bool ssa_reserve_insns(struct ssa_func *func, u32 room)
{
    if (room <= func->room)
        return true;
    bool ok =
        ssa_grow(func, (void **)&func->insns, func->n, func->room, room, sizeof(*func->insns)) &&
        ssa_grow(func, (void **)&func->ranges, func->n, func->room, room, sizeof(*func->ranges));
    func->room = ok ? room : func->room;
    return ok;
}

static bool ssa_reserve_many(struct ssa_func *func, u32 room)
{
    if (room <= func->many_room)
        return true;
    bool ok = ssa_grow(func, (void **)&func->many, func->n_many, func->many_room, room,
                       sizeof(*func->many));
    func->many_room = ok ? room : func->many_room;
    return ok;
}

static bool ssa_reserve_blocks(struct ssa_func *func, u32 room)
{
    if (room <= func->blocks_room)
        return true;
    bool ok = ssa_grow(func, (void **)&func->blocks, func->n_blocks, func->blocks_room, room,
                       sizeof(*func->blocks));
    func->blocks_room = ok ? room : func->blocks_room;
    return ok;
}

bool ssa_reserve(struct ssa_func *func, u32 insns, u32 many, u32 blocks)
{
    return ssa_reserve_insns(func, insns) && ssa_reserve_many(func, many) &&
           ssa_reserve_blocks(func, blocks);
}

bool ssa_func_init(struct ssa_func *func, struct ssa_program *program, struct arena *arena,
                   u32 number)
{
    *func = (struct ssa_func){ .arena = arena, .program = program, .number = number };
    if (!ssa_reserve(func, 32, 32, 8))
        return false;
    func->ranges[0] = SSA_ANYTHING;
    func->n = 1;
    return true;
}

u32 ssa_block_new(struct ssa_func *func)
{
    if (func->n_blocks == func->blocks_room && !ssa_reserve_blocks(func, ssa_more(func->n_blocks)))
        return 0;
    func->blocks[func->n_blocks] = (struct ssa_block){
        .succ = { CODE_NONE, CODE_NONE },
        .idom = CODE_NONE,
        .order = CODE_NONE,
        .loop_head = CODE_NONE,
        .loop_parent = CODE_NONE,
    };
    return func->n_blocks++;
}

/* ---- instructions */

u32 ssa_new(struct ssa_func *func, struct ssa_insn insn)
{
    if (func->n == func->room && !ssa_reserve_insns(func, ssa_more(func->n)))
        return 0;
    insn.block = CODE_NONE;
    insn.prev = insn.next = 0;
    if (ssa_rows[insn.op].n_args != SSA_MANY)
        insn.n_args = ssa_rows[insn.op].n_args;
    func->insns[func->n] = insn;
    func->ranges[func->n] = SSA_ANYTHING;
    return func->n++;
}

/* Room for the arguments of a phi grows when their number passes a power of two. */
u32 ssa_many_room(const struct ssa_insn *insn, u32 n)
{
    u32 room = 2;
    while (room < n)
        room *= 2;
    return insn->op == SSA_PHI ? room : n;
}

/* Room for n arguments, the first of which are given; where they begin.  CODE_NONE: no memory.
 * What func->many was before it grew stays readable, so args may lie there. */
static u32 ssa_many(struct ssa_func *func, const u32 *args, u32 n_given, u32 n)
{
    u32 begin = func->n_many;
    if (n > func->many_room - begin &&
        !ssa_reserve_many(func, max_u32(begin + n, ssa_more(func->many_room))))
        return CODE_NONE;
    if (args && n_given > 0)
        memcpy(&func->many[begin], args, n_given * sizeof(*args));
    func->n_many += n;
    return begin;
}

u32 ssa_new_many(struct ssa_func *func, struct ssa_insn insn, const u32 *args, u32 n)
{
    u32 begin = ssa_many(func, args, n, ssa_many_room(&insn, n));
    insn.n_args = n;
    insn.arg[0] = begin;
    return begin == CODE_NONE ? 0 : ssa_new(func, insn);
}

/* ---- lists */

/* Between two neighbours in a block, either of which may be none. */
static void ssa_link(struct ssa_func *func, u32 block, u32 prev, u32 value, u32 next)
{
    struct ssa_insn *insn = ssa_at(func, value);
    assert(insn->block == CODE_NONE);
    insn->block = block;
    insn->prev = prev;
    insn->next = next;
    *(prev ? &func->insns[prev].next : &func->blocks[block].first) = value;
    *(next ? &func->insns[next].prev : &func->blocks[block].last) = value;
}

void ssa_append(struct ssa_func *func, u32 block, u32 value)
{
    if (value)
        ssa_link(func, block, func->blocks[block].last, value, 0);
}

void ssa_insert_before(struct ssa_func *func, u32 at, u32 value)
{
    if (value)
        ssa_link(func, func->insns[at].block, func->insns[at].prev, value, at);
}

void ssa_insert_phi(struct ssa_func *func, u32 block, u32 value)
{
    if (value)
        ssa_link(func, block, 0, value, func->blocks[block].first);
}

void ssa_insert_first(struct ssa_func *func, u32 block, u32 value)
{
    u32 prev = 0, next = func->blocks[block].first;
    while (next && func->insns[next].op == SSA_PHI) {
        prev = next;
        next = func->insns[next].next;
    }
    if (value)
        ssa_link(func, block, prev, value, next);
}

void ssa_insert_last(struct ssa_func *func, u32 block, u32 value)
{
    ssa_insert_before(func, func->blocks[block].last, value);
}

void ssa_take(struct ssa_func *func, u32 value)
{
    struct ssa_insn *insn = ssa_at(func, value);
    struct ssa_block *block = &func->blocks[insn->block];
    *(insn->prev ? &func->insns[insn->prev].next : &block->first) = insn->next;
    *(insn->next ? &func->insns[insn->next].prev : &block->last) = insn->prev;
    insn->block = CODE_NONE;
    insn->prev = insn->next = 0;
}

void ssa_remove(struct ssa_func *func, u32 value)
{
    ssa_take(func, value);
    func->insns[value].op = SSA_NONE;
    func->insns[value].n_args = 0;
}

/* ---- constants */

static u32 ssa_const_slot(u64 imm, u32 room)
{
    return (u32)(imm * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (room - 1);
}

static bool ssa_is_shared_const(const struct ssa_func *func, u32 value)
{
    return func->insns[value].op == SSA_CONST && func->insns[value].block == 0;
}

/* The place of a number, or of the constant that once was and may be again. */
static u32 *ssa_const_place(const struct ssa_func *func, u64 imm)
{
    u32 at = ssa_const_slot(imm, func->consts_room);
    while (func->consts[at] && func->insns[func->consts[at]].imm != imm)
        at = (at + 1) & (func->consts_room - 1);
    return &func->consts[at];
}

static bool ssa_grow_consts(struct ssa_func *func)
{
    u32 *old = func->consts, old_room = func->consts_room;
    u32 room = old_room ? 2 * old_room : 16;
    u32 *grown = arena_array(func->arena, u32, room);
    if (!grown) {
        func->failed = true;
        return false;
    }
    func->consts = grown;
    func->consts_room = room;
    func->n_consts = 0;
    for (u32 i = 0; i < old_room; i++)
        if (old[i] && ssa_is_shared_const(func, old[i])) {
            *ssa_const_place(func, func->insns[old[i]].imm) = old[i];
            func->n_consts++;
        }
    return true;
}

u32 ssa_const(struct ssa_func *func, u64 imm)
{
    if (2 * func->n_consts >= func->consts_room && !ssa_grow_consts(func))
        return 0;
    u32 *place = ssa_const_place(func, imm);
    if (*place && ssa_is_shared_const(func, *place))
        return *place;
    u32 value = ssa_new(
        func, (struct ssa_insn){ .op = SSA_CONST, .width = 8, .origin = CODE_NONE, .imm = imm });
    if (!value)
        return 0;
    ssa_insert_phi(func, 0, value);
    func->ranges[value] = (struct ssa_range){ imm, imm };
    func->n_consts += !*place;
    *place = value;
    return value;
}

/* ---- uses */

/* What v is in the end; shortens the way for those who ask next. */
static u32 ssa_replacement(u32 *map, u32 v)
{
    u32 end = v;
    while (map[end] != end)
        end = map[end];
    while (map[v] != end) {
        u32 next = map[v];
        map[v] = end;
        v = next;
    }
    return end;
}

void ssa_replace_all(struct ssa_func *func, u32 *map)
{
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 i = func->blocks[b].first; i; i = func->insns[i].next) {
            u32 *args = ssa_args(func, &func->insns[i]);
            for (u32 a = 0; a < func->insns[i].n_args; a++)
                args[a] = ssa_replacement(map, args[a]);
        }
}

void ssa_count_uses(const struct ssa_func *func, u32 *uses)
{
    memset(uses, 0, func->n * sizeof(*uses));
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 i = func->blocks[b].first; i; i = func->insns[i].next) {
            const u32 *args = ssa_args(func, &func->insns[i]);
            for (u32 a = 0; a < func->insns[i].n_args; a++)
                uses[args[a]]++;
        }
}

/* ---- edges */

u32 ssa_pred_index(const struct ssa_func *func, u32 to, u32 from)
{
    const struct ssa_block *block = &func->blocks[to];
    for (u32 i = 0; i < block->n_preds; i++)
        if (block->preds[i] == from)
            return i;
    return CODE_NONE;
}

static void ssa_grow_phis(struct ssa_func *func, u32 block)
{
    for (u32 i = func->blocks[block].first; i && func->insns[i].op == SSA_PHI;
         i = func->insns[i].next) {
        u32 n = func->insns[i].n_args;
        if (n == ssa_many_room(&func->insns[i], n)) {
            u32 begin = ssa_many(func, ssa_args(func, &func->insns[i]), n, 2 * n);
            if (begin == CODE_NONE)
                return;
            func->insns[i].arg[0] = begin;
        }
        func->insns[i].n_args = n + 1;
        ssa_args(func, &func->insns[i])[n] = 0;
    }
}

void ssa_add_edge(struct ssa_func *func, u32 from, u32 slot, u32 to)
{
    struct ssa_block *block = &func->blocks[to];
    if (block->n_preds == block->preds_room) {
        u32 room = block->preds_room ? 2 * block->preds_room : 2;
        if (!ssa_grow(func, (void **)&block->preds, block->n_preds, block->preds_room, room,
                      sizeof(*block->preds)))
            return;
        block->preds_room = room;
    }
    func->blocks[from].succ[slot] = to;
    block->preds[block->n_preds++] = from;
    ssa_grow_phis(func, to);
}

void ssa_drop_pred(struct ssa_func *func, u32 to, u32 i)
{
    struct ssa_block *block = &func->blocks[to];
    u32 last = --block->n_preds;
    block->preds[i] = block->preds[last];
    for (u32 p = block->first; p && func->insns[p].op == SSA_PHI; p = func->insns[p].next) {
        u32 *args = ssa_args(func, &func->insns[p]);
        args[i] = args[last];
        func->insns[p].n_args = last;
    }
}

void ssa_remove_edge(struct ssa_func *func, u32 from, u32 to)
{
    struct ssa_block *block = &func->blocks[from];
    u32 index = ssa_pred_index(func, to, from);
    assert(index != CODE_NONE);
    ssa_drop_pred(func, to, index);
    if (block->succ[0] == to)
        block->succ[0] = block->succ[1];
    block->succ[1] = CODE_NONE;
    struct ssa_insn *end = ssa_at(func, block->last);
    if (end->op == SSA_BRANCH) {
        end->op = SSA_JUMP;
        end->n_args = 0;
        end->flags = 0;
    }
}

u32 ssa_split_block(struct ssa_func *func, u32 at)
{
    u32 from = func->insns[at].block, block = ssa_block_new(func);
    if (func->failed)
        return 0;
    struct ssa_block *old = &func->blocks[from], *rest = &func->blocks[block];
    rest->first = at;
    rest->last = old->last;
    old->last = func->insns[at].prev;
    *(old->last ? &func->insns[old->last].next : &old->first) = 0;
    func->insns[at].prev = 0;
    for (u32 i = at; i; i = func->insns[i].next)
        func->insns[i].block = block;
    for (u32 s = 0; s < 2; s++) {
        rest->succ[s] = old->succ[s];
        old->succ[s] = CODE_NONE;
        u32 pred =
            rest->succ[s] == CODE_NONE ? CODE_NONE : ssa_pred_index(func, rest->succ[s], from);
        if (pred != CODE_NONE)
            func->blocks[rest->succ[s]].preds[pred] = block;
    }
    return block;
}

u32 ssa_split_edge(struct ssa_func *func, u32 from, u32 slot)
{
    u32 to = func->blocks[from].succ[slot];
    u32 index = ssa_pred_index(func, to, from);
    u32 middle = ssa_block_new(func);
    u32 jump = ssa_new(func, (struct ssa_insn){ .op = SSA_JUMP, .origin = CODE_NONE, .width = 8 });
    if (!middle || !jump)
        return 0;
    ssa_append(func, middle, jump);
    func->blocks[middle].cold = func->blocks[to].cold;
    ssa_add_edge(func, from, slot, middle);
    func->blocks[middle].succ[0] = to;
    func->blocks[to].preds[index] = middle;
    return middle;
}

/* Such an edge is a place for moves, since there are others at both ends; or for the copies of
 * phis, which a block that ends with a branch has no place for. */
static bool ssa_is_critical(const struct ssa_func *func, u32 to)
{
    const struct ssa_block *block = &func->blocks[to];
    return block->n_preds > 1 || func->insns[block->first].op == SSA_PHI;
}

bool ssa_split_critical(struct ssa_func *func)
{
    if (!ssa_analyse(func))
        return false;
    for (u32 b = 0, n = func->n_blocks; b < n && !func->failed; b++)
        for (u32 s = 0; s < 2 && func->blocks[b].succ[1] != CODE_NONE; s++)
            if (ssa_is_critical(func, func->blocks[b].succ[s]))
                ssa_split_edge(func, b, s);
    return !func->failed && ssa_analyse(func);
}

#undef SSA_ANYTHING
