/* The code as it will be: operands with their registers, moves in their places, slots of the frame
 * shared by webs that are not live at the same time. */
#include "jit/ra.h"

/* ---- slots */

struct ra_held { /* a slot, until that position */
    u32 until, slot;
};

static void ra_heap_down(struct ra_held *heap, u32 n, u32 i)
{
    for (u32 child; (child = 2 * i + 1) < n; i = child) {
        child += child + 1 < n && heap[child + 1].until < heap[child].until;
        if (heap[i].until <= heap[child].until)
            return;
        struct ra_held held = heap[i];
        heap[i] = heap[child];
        heap[child] = held;
    }
}

static void ra_heap_put(struct ra_held *heap, u32 n, struct ra_held held)
{
    u32 i = n;
    for (; i && heap[(i - 1) / 2].until > held.until; i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = held;
}

static u32 ra_web_end(const struct ra_web *web)
{
    const struct ra_seg *seg = web->segs;
    while (seg->next)
        seg = seg->next;
    return seg->to;
}

/* Webs with slots, by where they begin: a list per instruction. */
static u32 *ra_slots_by_start(struct ra *ra, u32 *next)
{
    u32 *first = arena_array(ra->arena, u32, (u64)ra->func->n + 1);
    for (u32 w = ra->n_webs; first && w-- > 0;) {
        if (ra->webs[w].joined != w || !ra->webs[w].in_slot)
            continue;
        u32 at = ra->webs[w].segs->from / 2;
        next[w] = first[at];
        first[at] = w + 1;
    }
    return first;
}

static u32 ra_count_slots(const struct ra *ra)
{
    u32 n = 0;
    for (u32 w = 0; w < ra->n_webs; w++)
        n += ra->webs[w].joined == w && ra->webs[w].in_slot;
    return n;
}

bool ra_color_slots(struct ra *ra, u32 **colors)
{
    u32 n_slots = ra_count_slots(ra);
    if (n_slots == 0)
        return true;
    u32 *next = arena_array(ra->arena, u32, ra->n_webs);
    u32 *color = arena_array(ra->arena, u32, ra->n_webs);
    struct ra_held *heap = arena_array(ra->arena, struct ra_held, n_slots);
    u32 *first = next ? ra_slots_by_start(ra, next) : NULL;
    if (!color || !heap || !first)
        return false;
    u32 n = 0;
    for (u32 i = 0; i < ra->func->n; i++)
        for (u32 w = first[i]; w; w = next[w - 1]) {
            struct ra_held held = { ra_web_end(&ra->webs[w - 1]), ra->func->n_slots };
            if (n && heap[0].until <= ra->webs[w - 1].segs->from) {
                held.slot = heap[0].slot;
                heap[0] = heap[--n];
                ra_heap_down(heap, n, 0);
            } else {
                ra->func->n_slots++;
            }
            ra_heap_put(heap, n++, held);
            color[w - 1] = held.slot;
        }
    *colors = color;
    return true;
}

/* ---- operands */

static void ra_give(struct ra *ra)
{
    for (u32 w = 0; w < ra->n_webs; w++)
        for (const struct ra_piece *piece = ra->webs[w].pieces; piece; piece = piece->next) {
            ra->func->used |= piece->segs ? (u64)1 << piece->reg : 0;
            for (const struct ra_use *use = piece->uses; use; use = use->next)
                ra->func->insns[use->insn].operand[use->operand].given = piece->reg % MACH_REGS;
        }
    for (u32 i = 0; i < ra->func->n; i++)
        for (u32 k = 0; k < ra->func->insns[i].n_operands; k++) {
            struct mach_operand *o = &ra->func->insns[i].operand[k];
            if (o->reg < MACH_REGS)
                o->given = o->reg % MACH_REGS;
        }
}

/* ---- writing */

/* The code that was goes to the end of the table, and what it becomes is written from the
 * beginning: with all moves it just reaches the end. */
struct ra_writer {
    struct ra *ra;
    const struct ra_moves *moves;
    const u32 *colors;
    struct mach_insn *insns, *old;
    struct mach_insn *made; /* constants to be made again, by web->made */
    u32 n, next_move;
    u32 origin;
};

static struct mach_operand ra_own(u32 reg, enum mach_role role)
{
    struct mach_operand own = mach_operand(reg, role);
    own.given = reg % MACH_REGS;
    return own;
}

static void ra_put_two(struct ra_writer *writer, u8 op, struct mach_operand a,
                       struct mach_operand b)
{
    writer->insns[writer->n++] = (struct mach_insn){ .op = op,
                                                     .size = 8,
                                                     .flags = MACH_INSERTED,
                                                     .n_operands = 2,
                                                     .origin = writer->origin & MACH_NO_ORIGIN,
                                                     .operand = { a, b } };
}

static void ra_put_slot(struct ra_writer *writer, u8 op, struct mach_operand o, u32 web)
{
    writer->insns[writer->n++] = (struct mach_insn){ .op = op,
                                                     .size = 8,
                                                     .flags = MACH_INSERTED,
                                                     .n_operands = 1,
                                                     .origin = writer->origin & MACH_NO_ORIGIN,
                                                     .disp = (s32)writer->colors[web],
                                                     .operand = { o } };
}

/* The constant again, in another register. */
static void ra_put_again(struct ra_writer *writer, u32 web, struct mach_operand to)
{
    struct mach_insn insn = writer->made[writer->ra->webs[web].made];
    insn.operand[0] = to;
    insn.operand[0].role = MACH_DEF;
    insn.flags = (u8)((insn.flags | MACH_KEEP_FLAGS | MACH_REMAT) & ~MACH_FLAGS);
    writer->insns[writer->n++] = insn;
}

/* … in the place of a load. */
static void ra_put_made(struct ra_writer *writer, const struct ra_move *move)
{
    struct mach_operand to = ra_own(move->to, MACH_DEF);
    to.reg = writer->made[writer->ra->webs[move->web].made].operand[0].reg;
    ra_put_again(writer, move->web, to);
    writer->insns[writer->n - 1].flags |= MACH_INSERTED;
}

/* Cycles among moves that are made at once are turned by swaps. */
static void ra_put_cycle(struct ra_writer *writer, u8 *from, u32 start)
{
    u32 at = start;
    while (from[at] != start) {
        u32 next = from[at];
        ra_put_two(writer, MACH_SWAP, ra_own(at, MACH_CHANGE), ra_own(next, MACH_CHANGE));
        from[at] = RA_NONE;
        at = next;
    }
    from[at] = RA_NONE;
}

/* from[r]: what goes to register r, RA_NONE: nothing; nothing goes to two. */
static void ra_put_registers(struct ra_writer *writer, u8 *from)
{
    u32 read = 0;
    for (u32 r = 0; r < MACH_REGS; r++)
        if (from[r] != RA_NONE)
            read |= 1u << from[r];
    for (u32 r = 0; r < MACH_REGS; r++)
        for (u32 to = r; to < MACH_REGS && from[to] != RA_NONE && !(read >> to & 1);) {
            u32 source = from[to];
            ra_put_two(writer, MACH_COPY, ra_own(to, MACH_DEF), ra_own(source, MACH_USE));
            read &= ~(1u << source);
            from[to] = RA_NONE;
            to = source;
        }
    for (u32 r = 0; r < MACH_REGS; r++)
        if (from[r] != RA_NONE)
            ra_put_cycle(writer, from, r);
}

/* Moves at one place, all at once in meaning: stores, then registers, then loads. */
static void ra_put_moves(struct ra_writer *writer, const struct ra_move *moves, u32 n)
{
    u8 from[MACH_REGS];
    bool any = false;
    memset(from, RA_NONE, sizeof from);
    for (u32 i = 0; i < n; i++) {
        const struct ra_move *move = &moves[i];
        if (move->to == RA_MEMORY)
            ra_put_slot(writer, MACH_SPILL, ra_own(move->from, MACH_USE), move->web);
        else if (move->from != RA_MEMORY) {
            from[move->to] = move->from;
            any = true;
        }
    }
    if (any)
        ra_put_registers(writer, from);
    for (u32 i = 0; i < n; i++) {
        const struct ra_move *move = &moves[i];
        if (move->from != RA_MEMORY)
            continue;
        if (ra_is_remat(&writer->ra->webs[move->web]))
            ra_put_made(writer, move);
        else
            ra_put_slot(writer, MACH_RELOAD, ra_own(move->to, MACH_DEF), move->web);
    }
}

static void ra_put_moves_before(struct ra_writer *writer, u32 i)
{
    const struct ra_moves *moves = writer->moves;
    while (writer->next_move < moves->n && moves->list[writer->next_move].order / 4 <= i) {
        u32 first = writer->next_move;
        u32 end = first + 1;
        while (end < moves->n && moves->list[end].order == moves->list[first].order)
            end++;
        ra_put_moves(writer, &moves->list[first], end - first);
        writer->next_move = end;
    }
}

/* A copy one side of which is in memory. */
static void ra_put_copy(struct ra_writer *writer, const struct mach_insn *copy)
{
    bool loads = copy->operand[1].role == MACH_NONE;
    struct mach_insn insn = *copy;
    if (loads && copy->flags & MACH_REMAT) {
        ra_put_again(writer, (u32)copy->disp, copy->operand[0]);
        insn = writer->insns[--writer->n];
        insn.operand[1] = copy->operand[1];
        insn.slot_read = copy->slot_read;
    } else {
        insn.op = loads ? MACH_RELOAD : MACH_SPILL;
        insn.disp = (s32)writer->colors[copy->disp];
    }
    if (!loads) { /* [1]: what the slot means from now on */
        insn.operand[0] = copy->operand[1];
        insn.operand[1] = copy->operand[0];
    }
    writer->insns[writer->n++] = insn;
}

/* A constant that is made only where it is needed is not made here. */
static bool ra_is_left_out(struct ra *ra, const struct mach_insn *insn, u32 i)
{
    if (insn->op == MACH_COPY || !(insn->flags & MACH_REMAT) || insn->operand[0].reg < MACH_REGS)
        return false;
    const struct ra_web *web = &ra->webs[ra_web_of(ra, insn->operand[0].reg)];
    if (!ra_is_remat(web) || !web->split)
        return false;
    for (const struct ra_piece *piece = web->pieces; piece; piece = piece->next)
        for (const struct ra_use *use = piece->uses; use; use = use->next)
            if (use->insn == i && ra_writes(use->role))
                return false;
    return true;
}

static void ra_put_insn(struct ra_writer *writer, u32 i)
{
    struct mach_insn insn = writer->old[i]; /* where something may be written now */
    if (ra_is_left_out(writer->ra, &insn, i))
        return;
    if (insn.op == MACH_COPY && insn.flags & (MACH_SLOT | MACH_REMAT)) {
        ra_put_copy(writer, &insn);
        return;
    }
    if (insn.op >= MACH_OP_COUNT && insn.flags & MACH_SLOT)
        insn.disp = (s32)writer->colors[insn.disp];
    writer->insns[writer->n++] = insn;
}

static bool ra_is_made_again(const struct ra_web *web) { return web->split && ra_is_remat(web); }

static bool ra_keep_made(struct ra_writer *writer)
{
    struct ra *ra = writer->ra;
    u32 n = 0;
    for (u32 w = 0; w < ra->n_webs; w++)
        if (ra_is_made_again(&ra->webs[w]))
            ra->webs[w].made = n++;
    writer->made = arena_array(ra->arena, struct mach_insn, n);
    for (u32 w = 0; writer->made && w < ra->n_webs; w++)
        if (ra_is_made_again(&ra->webs[w]))
            writer->made[ra->webs[w].made] = ra->func->insns[ra->webs[w].made_by];
    return writer->made != NULL;
}

static bool ra_write_room(struct ra_writer *writer)
{
    struct mach_func *func = writer->ra->func;
    u32 n_moves = writer->moves->n, room = func->n + n_moves;
    size_t size = sizeof(struct mach_insn);
    struct mach_insn *insns = func->insns;
    if (room > func->room) {
        insns = arena_resize(func->arena, insns, func->room * size, room * size);
        if (!insns)
            return false;
        func->room = room;
    }
    func->insns = writer->insns = insns;
    writer->old = insns + n_moves;
    memmove(writer->old, insns, func->n * size);
    return true;
}

bool ra_write(struct ra *ra, const struct ra_moves *moves, const u32 *colors)
{
    struct mach_func *func = ra->func;
    struct ra_writer writer = { .ra = ra, .moves = moves, .colors = colors };
    ra->old_begin = arena_array(ra->arena, u32, func->n_blocks);
    ra_give(ra);
    if (!ra->old_begin || !ra_keep_made(&writer) || !ra_write_room(&writer))
        return false;
    for (u32 b = 0; b < func->n_blocks; b++) {
        struct mach_block *block = &func->blocks[b];
        u32 begin = writer.n;
        ra->old_begin[b] = block->begin;
        for (u32 i = block->begin; i < block->end; i++) {
            writer.origin = writer.old[i].origin;
            ra_put_moves_before(&writer, i);
            ra_put_insn(&writer, i);
        }
        block->begin = begin;
        block->end = writer.n;
        block->exit.operand = writer.insns[writer.n - 1].operand[0];
    }
    func->n = writer.n;
    return true;
}
