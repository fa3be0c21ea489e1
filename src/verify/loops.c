/* Do loops end?
 *
 * A loop ends when every round moves one of its variables, strictly and always in the same
 * direction, while none of the variables that count moves back: their sum moves, and is bounded.
 * Counters, pointers that walk a packet, two indexes of which each round moves one, sizes that are
 * halved: all are such variables.
 *
 * One round is looked at by running the body alone, from what the fixpoint knows at the head.  The
 * names of the head's unknowns are fixed meanwhile, so that what comes back can be compared with
 * what went in.
 *
 * Where that does not help, a few rounds are walked with all that the head may hold at once: a loop
 * also ends when no state is left to go round after so many.  Bits that are shifted out and numbers
 * that are halved end so. */
#include "verify/fixpoint.h"

enum {
    LOOP_REGS = STATE_REGS - 1,
    LOOP_PLACES = LOOP_REGS + 128, /* registers and parts of the frame's slots */
    LOOP_ROUNDS = 64,              /* ways back to the head */
    LOOP_WALKED = 80,              /* rounds: more than words have bits */
};
#define LOOP_MOST_VISITS ((u64)1 << 15) /* instructions of rounds that are walked */

/* How a variable's value at the end of a round compares with that at its beginning. */
enum loop_move { MOVE_UNKNOWN, MOVE_DOWN, MOVE_DOWN_OR_NOT, MOVE_NOT, MOVE_UP_OR_NOT, MOVE_UP };

struct loop {
    const struct state *head;
    u32 context, insn;
    u32 first, last; /* positions of its blocks in the function's order */
    u32 n_rounds;
    bool overflow, notes;
    bool collects;      /* what comes back */
    struct state *back; /* all of it, joined */
    u8 moves[LOOP_ROUNDS][LOOP_PLACES];
    u64 low[LOOP_PLACES], high[LOOP_PLACES]; /* of each variable, all rounds */
    u64 origin[LOOP_PLACES];                 /* from which it is counted */
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
                                           struct bounds after)
{
    for (u32 i = 0; i < STATE_MAX_SETTLED; i++)
        if (back->settled[i].id == before.plus) {
            u64 was = back->settled[i].value + before.add;
            bool near = was <= INT64_MAX && after.hi <= INT64_MAX;
            return near ? loop_move_by((s64)(after.lo - was), (s64)(after.hi - was)) : MOVE_UNKNOWN;
        }
    return MOVE_UNKNOWN;
}

/* A variable at one end of a round. */
struct loop_var {
    const struct value *value;
    struct form form;
    struct bounds bounds;
};

/* As an offset from an origin: a counter that begins below 0 has its first value as one. */
static struct loop_var loop_var(const struct verifier *v, const struct cell *cell, u64 origin)
{
    struct loop_var var = { .value = cell_value(v, cell), .form = form_of(cell) };
    var.form.add -= origin;
    var.bounds = bounds_of_sum(&var.value->range, 0 - origin);
    return var;
}

static u64 loop_origin(const struct verifier *v, const struct cell *before)
{
    struct form f = form_of(before);
    bool wraps = form_is_offset(f) && !form_is_exact(f, bounds_of(&cell_value(v, before)->range));
    return wraps ? f.add : 0;
}

/* The ids of the head mean the same in the state that came back. */
static enum loop_move loop_compare(const struct state *back, const struct loop_var *before,
                                   const struct loop_var *after)
{
    struct form fb = before->form, fa = after->form;
    s64 most = INT64_MAX, least = INT64_MIN, known;
    if (after->value->kind != before->value->kind ||
        after->value->object != before->value->object || before->value->kind == VALUE_NONE)
        return MOVE_UNKNOWN;
    if (form_equal(fa, fb))
        return MOVE_NOT;
    if (!fb.plus || !form_is_exact(fb, before->bounds) || !form_is_exact(fa, after->bounds))
        return MOVE_UNKNOWN;
    if (fa.plus == fb.plus)
        return loop_move_by((s64)(fa.add - fb.add), (s64)(fa.add - fb.add));
    if (!fa.plus)
        return loop_compare_settled(back, fb, after->bounds);
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
        u64 origin = loop_origin(v, before);
        if (loop->n_rounds == 1)
            loop->origin[p] = origin;
        if (origin != loop->origin[p])
            continue;
        struct loop_var from = loop_var(v, before, origin), to = loop_var(v, after, origin);
        moves[p] = (u8)loop_compare(back, &from, &to);
        loop->low[p] = min_u64(loop->low[p], min_u64(from.bounds.lo, to.bounds.lo));
        loop->high[p] = max_u64(loop->high[p], max_u64(from.bounds.hi, to.bounds.hi));
    }
}

/* ---- one round */

static bool loop_has_context(const struct verifier *v, const struct loop *loop, u32 context)
{
    while (context != VERIFY_NONE && context != loop->context)
        context = v->contexts.data[context].parent;
    return context == loop->context;
}

/* Takes a state that comes back.  Consumes it. */
static void loop_collect(struct loop *loop, struct verifier *v, struct state *s)
{
    bool lossless;
    if (!loop->back) {
        loop->back = s;
        return;
    }
    struct state *both = merge_join(v, loop->back, s, false, &lossless);
    state_drop(v, s);
    if (!both) {
        loop->overflow = true;
        return;
    }
    state_drop(v, loop->back);
    loop->back = both;
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
    if (back && !counted && loop->collects) {
        loop_collect(loop, v, s);
        return true;
    }
    if (back && !counted && loop->notes)
        loop_note_round(loop, v, s);
    state_drop(v, s);
    return true;
}

/* The body is stepped as part of a program in which nothing else exists.  What comes back counts
 * when it comes from the states as they are in the end. */
static bool loop_run_body(struct fix *whole, struct loop *loop, u32 fixed, u64 most_visited)
{
    struct verifier *v = whole->v;
    const struct loop before = *loop;
    struct fix body;
    fix_init(&body, v, 1);
    body.loop = loop;
    body.fixed = fixed;
    body.most_visited = most_visited;
    body.n_roots = v->roots.n;
    body.begin = loop->head;
    v->unnoted = true;
    bool ok = fix_close(&body) && !body.any_failed;
    if (ok && body.again) {
        state_drop(v, loop->back);
        *loop = before;
        ok = fix_narrow(&body) && !body.any_failed;
    }
    fix_drop(&body);
    v->unnoted = false;
    return ok && !loop->overflow;
}

static bool loop_run_round(struct fix *whole, struct loop *loop)
{
    loop->notes = true;
    bool ok = loop_run_body(whole, loop, loop->head->next_id, UINT64_MAX);
    loop->notes = false;
    return ok;
}

/* Is nothing left to go round, after a few rounds? */
static bool loop_runs_out(struct fix *whole, struct loop *loop, const struct state *head)
{
    struct verifier *v = whole->v;
    struct state *now = state_copy(v, head);
    u64 most = v->visited + LOOP_MOST_VISITS;
    bool out = false;
    loop->collects = true;
    loop->overflow = false;
    for (u32 round = 0; now && round < LOOP_WALKED; round++) {
        loop->head = now;
        loop->back = NULL;
        bool ran = loop_run_body(whole, loop, 0, most);
        struct state *back = loop->back;
        out = ran && !back;
        bool fewer = ran && back && !merge_covers(v, back, now, 0);
        state_drop(v, now);
        now = fewer ? back : NULL;
        if (!fewer)
            state_drop(v, back);
    }
    state_drop(v, now);
    loop->back = NULL;
    loop->collects = false;
    return out;
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

static void loop_begin(struct loop *loop, const struct verifier *v, const struct fix_node *node)
{
    u32 block = v->in->cfg->block_of[node->insn];
    memset(loop, 0, sizeof(*loop));
    memset(loop->low, 0xff, sizeof(loop->low));
    loop->context = node->context;
    loop->insn = node->insn;
    loop->first = v->order.position[block];
    loop->last = loop_last_position(v, block);
}

static bool loop_is_shown_to_end(struct fix *f, struct loop *loop, const struct fix_node *node)
{
    bool moves = true, out = true;
    for (u32 i = 0; moves && i < node->states.n; i++) {
        loop->head = node->states.data[i];
        moves = loop_run_round(f, loop);
    }
    if (moves && loop_ends(loop))
        return true;
    for (u32 i = 0; out && i < node->states.n; i++)
        out = loop_runs_out(f, loop, node->states.data[i]);
    return out;
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
        const struct fix_node *node = &f->nodes.data[n];
        if (!loop_is_head(v, node->insn))
            continue;
        loop_begin(loop, v, node);
        bool ends = loop_is_shown_to_end(f, loop, node);
        if (v->failure != SKEP_OK)
            return OUTCOME_FAILED;
        if (!ends) {
            v->at = node->insn;
            verify_reject(v, STATE_REGS);
            RAISE(&v->report->error, SKEP_REJECTED, VERIFY_LOOP,
                  NUM(v->in->code->slot_of[node->insn]));
            return OUTCOME_UNDECIDED;
        }
    }
    return OUTCOME_ACCEPTED;
}

#undef LOOP_MOST_VISITS
