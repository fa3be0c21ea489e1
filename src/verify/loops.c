/* Do loops end?
 *
 * A loop ends when every round moves one of its variables, strictly and always in the same
 * direction, while none of the variables that count moves back: their sum moves, and is bounded.
 * Counters, pointers that walk a packet, two indexes of which each round moves one, sizes that are
 * halved: all are such variables.
 *
 * One round is looked at by running the body alone, from what the fixpoint knows at the head.  The
 * names of the head's unknowns are fixed meanwhile, so that what comes back can be compared with
 * what went in. */
#include "verify/fixpoint.h"

enum {
    LOOP_REGS = STATE_REGS - 1,
    LOOP_PLACES = LOOP_REGS + 128, /* registers and parts of the frame's slots */
    LOOP_ROUNDS = 64,              /* ways back to the head */
};

/* How a variable's value at the end of a round compares with that at its beginning. */
enum loop_move { MOVE_UNKNOWN, MOVE_DOWN, MOVE_DOWN_OR_NOT, MOVE_NOT, MOVE_UP_OR_NOT, MOVE_UP };

struct loop {
    const struct state *head;
    u32 context, insn;
    u32 first, last; /* positions of its blocks in the function's order */
    u32 n_rounds;
    bool overflow, notes;
    u8 moves[LOOP_ROUNDS][LOOP_PLACES];
    u64 low[LOOP_PLACES], high[LOOP_PLACES]; /* of each variable, all rounds */
};

/* ---- variables */

static const struct cell *loop_place(const struct state *s, u32 place)
{
    const struct frame *f = state_top(s);
    if (place < LOOP_REGS)
        return &f->reg[place];
    u32 slot = (place - LOOP_REGS) / 2, part = (place - LOOP_REGS) % 2;
    return slot < f->n_slots && f->slot[slot].run[part].size ? &f->slot[slot].part[part] : NULL;
}

static bool loop_same_run(const struct state *a, const struct state *b, u32 place)
{
    if (place < LOOP_REGS)
        return true;
    u32 slot = (place - LOOP_REGS) / 2, part = (place - LOOP_REGS) % 2;
    const struct slot *sa = &state_top(a)->slot[slot], *sb = &state_top(b)->slot[slot];
    return sa->run[part].at == sb->run[part].at && sa->run[part].size == sb->run[part].size;
}

static enum loop_move loop_move_by(s64 least, s64 most)
{
    if (least > 0)
        return MOVE_UP;
    if (most < 0)
        return MOVE_DOWN;
    if (least == 0)
        return most == 0 ? MOVE_NOT : MOVE_UP_OR_NOT;
    return most == 0 ? MOVE_DOWN_OR_NOT : MOVE_UNKNOWN;
}

/* A round that only one value of the variable leads through. */
static enum loop_move loop_compare_settled(const struct state *back, struct form before,
                                           const struct scalar *after)
{
    for (u32 i = 0; i < STATE_MAX_SETTLED; i++)
        if (back->settled[i].id == before.plus) {
            u64 was = back->settled[i].value + before.add;
            bool near = was <= INT64_MAX && after->umax <= INT64_MAX;
            return near ? loop_move_by((s64)(after->umin - was), (s64)(after->umax - was))
                        : MOVE_UNKNOWN;
        }
    return MOVE_UNKNOWN;
}

/* The ids of the head mean the same in the state that came back. */
static enum loop_move loop_compare(struct verifier *v, const struct state *back,
                                   const struct cell *before, const struct cell *after)
{
    const struct value *vb = cell_value(v, before), *va = cell_value(v, after);
    struct form fb = form_of(before), fa = form_of(after);
    s64 most = INT64_MAX, least = INT64_MIN, known;
    if (va->kind != vb->kind || va->object != vb->object || vb->kind == VALUE_NONE)
        return MOVE_UNKNOWN;
    if (form_equal(fa, fb))
        return MOVE_NOT;
    if (!fb.plus || !form_is_exact(fb, bounds_of(&vb->range)) ||
        !form_is_exact(fa, bounds_of(&va->range)))
        return MOVE_UNKNOWN;
    if (fa.plus == fb.plus)
        return loop_move_by((s64)(fa.add - fb.add), (s64)(fa.add - fb.add));
    if (!fa.plus)
        return loop_compare_settled(back, fb, &va->range);
    s64 shift = (s64)(fa.add - fb.add);
    if (fa.plus && relation_most(back, fa.plus, fb.plus, &known) &&
        !__builtin_add_overflow(known, shift, &most))
        most = most < INT64_MAX ? most : INT64_MAX;
    if (fa.plus && relation_most(back, fb.plus, fa.plus, &known) &&
        !__builtin_sub_overflow(shift, known, &least))
        least = least > INT64_MIN ? least : INT64_MIN;
    return loop_move_by(least, most);
}

static void loop_note_round(struct loop *loop, struct verifier *v, const struct state *back)
{
    if (loop->n_rounds == LOOP_ROUNDS) {
        loop->overflow = true;
        return;
    }
    u8 *moves = loop->moves[loop->n_rounds++];
    for (u32 p = 0; p < LOOP_PLACES; p++) {
        const struct cell *before = loop_place(loop->head, p), *after = loop_place(back, p);
        moves[p] = MOVE_UNKNOWN;
        if (!before || !after || !loop_same_run(loop->head, back, p))
            continue;
        moves[p] = (u8)loop_compare(v, back, before, after);
        loop->low[p] = min_u64(loop->low[p], min_u64(cell_value(v, before)->range.umin,
                                                     cell_value(v, after)->range.umin));
        loop->high[p] = max_u64(loop->high[p], max_u64(cell_value(v, before)->range.umax,
                                                       cell_value(v, after)->range.umax));
    }
}

/* ---- one round */

static bool loop_has_context(const struct verifier *v, const struct loop *loop, u32 context)
{
    while (context != VERIFY_NONE && context != loop->context)
        context = v->contexts.data[context].parent;
    return context == loop->context;
}

bool loop_takes(struct loop *loop, struct verifier *v, struct state *s)
{
    bool inside = loop_has_context(v, loop, s->context);
    bool here = s->context == loop->context;
    bool back = here && s->insn == loop->insn;
    if (here && !back) {
        u32 position = v->order.position[v->in->cfg->block_of[s->insn]];
        inside = position >= loop->first && position <= loop->last;
    }
    /* A round that the host counts ends by that. */
    bool counted = s->rounds > loop->head->rounds || owned_bounds_rounds(v, s, loop->head);
    if (inside && !back && !counted)
        return false;
    if (back && !counted && loop->notes)
        loop_note_round(loop, v, s);
    state_drop(v, s);
    return true;
}

/* The body is stepped as part of a program in which nothing else exists. */
static bool loop_run_round(struct fix *whole, struct loop *loop)
{
    struct verifier *v = whole->v;
    struct fix body;
    fix_init(&body, v, 1);
    body.loop = loop;
    body.fixed = loop->head->next_id;
    body.n_roots = v->roots.n;
    body.begin = loop->head;
    loop->notes = false;
    v->unnoted = true;
    bool ok = fix_close(&body) && !body.any_failed;
    loop->notes = true; /* only what comes back from the states as they are in the end */
    ok = ok && fix_narrow(&body) && !body.any_failed;
    fix_drop(&body);
    v->unnoted = false;
    return ok && !loop->overflow;
}

/* ---- the judgement */

static bool loop_all_moves(const struct loop *loop, u32 place, bool up)
{
    for (u32 r = 0; r < loop->n_rounds; r++) {
        u8 move = loop->moves[r][place];
        if (up ? move < MOVE_NOT : move > MOVE_NOT || move == MOVE_UNKNOWN)
            return false;
    }
    return true;
}

static bool loop_ends(const struct loop *loop)
{
    bool moved[LOOP_ROUNDS] = { false };
    u64 rounds = 0;
    for (u32 p = 0; p < LOOP_PLACES; p++) {
        bool up = loop_all_moves(loop, p, true), down = loop_all_moves(loop, p, false);
        u64 span = loop->high[p] - loop->low[p];
        bool helps = false;
        if ((!up && !down) || span > VERIFY_MOST_ROUNDS)
            continue;
        for (u32 r = 0; r < loop->n_rounds; r++)
            if (!moved[r] && loop->moves[r][p] == (up ? MOVE_UP : MOVE_DOWN))
                helps = moved[r] = true;
        rounds += helps ? span : 0;
    }
    for (u32 r = 0; r < loop->n_rounds; r++)
        if (!moved[r])
            return false;
    return rounds <= VERIFY_MOST_ROUNDS;
}

/* The blocks of a component stand together in the order, its head first. */
static u32 loop_last_position(const struct verifier *v, u32 head)
{
    const struct cfg *cfg = v->in->cfg;
    u32 first = v->order.position[head], end = UINT32_MAX, last = first;
    u32 func = cfg->blocks[head].func;
    for (u32 b = 0; b < cfg->n_blocks; b++) {
        u32 at = v->order.position[b];
        bool outside = cfg->blocks[b].func == func && cfg->blocks[b].reachable && at > first &&
                       (v->order.depth[b] < v->order.depth[head] ||
                        (v->order.depth[b] == v->order.depth[head] && v->order.head[b] != head));
        if (outside)
            end = min_u32(end, at);
    }
    for (u32 b = 0; b < cfg->n_blocks; b++)
        if (cfg->blocks[b].func == func && cfg->blocks[b].reachable &&
            v->order.position[b] >= first && v->order.position[b] < end)
            last = max_u32(last, v->order.position[b]);
    return last;
}

static bool loop_is_head(const struct verifier *v, u32 insn)
{
    u32 block = v->in->cfg->block_of[insn];
    return v->order.head[block] == block && v->in->cfg->blocks[block].start == insn;
}

enum outcome loops_end(struct fix *f)
{
    struct verifier *v = f->v;
    struct loop *loop = arena_new(&v->arena, struct loop);
    if (!loop) {
        verify_fails(v, SKEP_NOMEM);
        return OUTCOME_FAILED;
    }
    for (u32 n = 0; n < f->nodes.n; n++) {
        u32 insn = f->nodes.data[n].insn;
        if (!loop_is_head(v, insn))
            continue;
        memset(loop, 0, sizeof(*loop));
        memset(loop->low, 0xff, sizeof(loop->low));
        loop->context = f->nodes.data[n].context;
        loop->insn = insn;
        loop->first = v->order.position[v->in->cfg->block_of[insn]];
        loop->last = loop_last_position(v, v->in->cfg->block_of[insn]);
        bool ends = true;
        for (u32 i = 0; ends && i < f->nodes.data[n].states.n; i++) {
            loop->head = f->nodes.data[n].states.data[i];
            ends = loop_run_round(f, loop);
        }
        if (v->failure != SKEP_OK)
            return OUTCOME_FAILED;
        if (!ends || !loop_ends(loop)) {
            v->at = insn;
            verify_reject(v, STATE_REGS);
            RAISE(&v->report->error, SKEP_REJECTED, VERIFY_LOOP, NUM(v->in->code->slot_of[insn]));
            return OUTCOME_UNDECIDED;
        }
    }
    return OUTCOME_ACCEPTED;
}
