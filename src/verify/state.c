/* States: making and sharing them, and the cells that they are made of.
 *
 * Frames are shared by the states that have them and copied when one of them changes theirs: a
 * branch costs a reference, not a stack. */
#include "verify/engine.h"

/* ---- frames */

static size_t frame_bytes(u32 cap) { return sizeof(struct frame) + cap * sizeof(struct slot); }

static struct frame *frame_new(struct verifier *v, u32 cap)
{
    cap = (u32)round_up_u64(cap, 8);
    struct frame *frame = mem_alloc(&v->mem, frame_bytes(cap));
    if (!frame) {
        verify_fails(v, SKEP_NOMEM);
        return NULL;
    }
    memset(frame, 0, sizeof(*frame));
    frame->references = 1;
    frame->cap = cap;
    return frame;
}

static void frame_drop(struct verifier *v, struct frame *frame)
{
    if (--frame->references == 0)
        mem_free(&v->mem, frame, frame_bytes(frame->cap));
}

static struct frame *frame_copy(struct verifier *v, const struct frame *from, u32 cap)
{
    struct frame *frame = frame_new(v, max_u32(cap, from->n_slots));
    if (!frame)
        return NULL;
    memcpy(frame->reg, from->reg, sizeof(from->reg));
    memcpy(frame->slot, from->slot, from->n_slots * sizeof(struct slot));
    frame->n_slots = from->n_slots;
    return frame;
}

struct frame *state_own_frame(struct verifier *v, struct state *s, u32 i, u32 n_slots)
{
    struct frame *frame = s->frames[i];
    if (frame->references > 1 || frame->cap < n_slots) {
        struct frame *own = frame_copy(v, frame, n_slots);
        if (!own)
            return NULL;
        frame_drop(v, frame);
        s->frames[i] = frame = own;
    }
    if (frame->n_slots < n_slots) {
        memset(frame->slot + frame->n_slots, 0, (n_slots - frame->n_slots) * sizeof(struct slot));
        frame->n_slots = n_slots;
    }
    return frame;
}

bool state_push_frame(struct verifier *v, struct state *s)
{
    struct frame *frame = frame_new(v, 0);
    if (!frame)
        return false;
    s->frames[s->n_frames++] = frame;
    return true;
}

void state_pop_frame(struct verifier *v, struct state *s)
{
    frame_drop(v, s->frames[--s->n_frames]);
}

/* ---- states */

/* The parts of a state that are in use come first; what lies behind is not copied. */
static void state_copy_parts(struct state *to, const struct state *from)
{
    u32 bytes = to->bytes;
    memcpy(to, from, offsetof(struct state, relations));
    to->bytes = bytes;
    memcpy(to->relations, from->relations, from->n_relations * sizeof(struct relation));
    memcpy(to->held, from->held, from->n_held * sizeof(struct held));
}

struct state *state_new(struct verifier *v)
{
    struct state *s = mem_zalloc(&v->mem, sizeof(*s));
    if (!s) {
        verify_fails(v, SKEP_NOMEM);
        return NULL;
    }
    s->bytes = sizeof(*s);
    s->next_id = 1;
    v->most_states = max_u32(v->most_states, ++v->n_states);
    return s;
}

static struct state *state_copy_in(struct verifier *v, const struct state *from, size_t bytes)
{
    struct state *s = mem_alloc(&v->mem, bytes);
    if (!s) {
        verify_fails(v, SKEP_NOMEM);
        return NULL;
    }
    s->bytes = (u32)bytes;
    state_copy_parts(s, from);
    for (u32 i = 0; i < s->n_frames; i++)
        s->frames[i]->references++;
    if (s->trace != VERIFY_NONE)
        v->traces.data[s->trace].references++;
    v->most_states = max_u32(v->most_states, ++v->n_states);
    return s;
}

struct state *state_copy(struct verifier *v, const struct state *from)
{
    return state_copy_in(v, from, sizeof(*from));
}

struct state *state_copy_to_keep(struct verifier *v, const struct state *from)
{
    size_t bytes = from->n_held ? offsetof(struct state, held) + from->n_held * sizeof(struct held)
                                : offsetof(struct state, relations) +
                                      from->n_relations * sizeof(struct relation);
    return state_copy_in(v, from, bytes);
}

static void trace_put(struct verifier *v, u32 trace)
{
    while (trace != VERIFY_NONE && --v->traces.data[trace].references == 0) {
        u32 parent = v->traces.data[trace].parent;
        v->traces.data[trace].parent = v->free_trace;
        v->free_trace = trace;
        trace = parent;
    }
}

void state_drop(struct verifier *v, struct state *s)
{
    if (!s)
        return;
    while (s->n_frames)
        state_pop_frame(v, s);
    trace_put(v, s->trace);
    v->n_states--;
    mem_free(&v->mem, s, s->bytes);
}

u32 state_fresh_id(struct state *s) { return s->next_id++; }

/* ---- cells */

bool cell_same(const struct cell *a, const struct cell *b)
{
    return a->value == b->value && a->tag == b->tag && a->ref == b->ref && a->plus == b->plus &&
           a->minus == b->minus && a->add == b->add;
}

static value_id cell_intern(struct verifier *v, const struct value *value)
{
    value_id id = value_intern(&v->values, value);
    if (v->values.failed)
        verify_fails(v, SKEP_NOMEM);
    return id;
}

struct cell cell_constant(struct verifier *v, u64 constant)
{
    struct value value = { .kind = VALUE_SCALAR, .range = scalar_const(constant) };
    return (struct cell){ .value = cell_intern(v, &value), .add = constant };
}

struct cell cell_scalar(struct verifier *v, struct state *s, struct scalar range)
{
    if (range.umin == range.umax)
        return cell_constant(v, range.umin);
    struct value value = { .kind = VALUE_SCALAR, .range = range };
    return (struct cell){ .value = cell_intern(v, &value), .plus = state_fresh_id(s) };
}

struct cell cell_pointer(struct verifier *v, struct value value)
{
    value.range = scalar_const(0);
    return (struct cell){ .value = cell_intern(v, &value) };
}

struct cell cell_with_range(struct verifier *v, const struct cell *cell, struct scalar range)
{
    struct cell out = *cell;
    struct value value = *cell_value(v, cell);
    value.range = range;
    out.value = cell_intern(v, &value);
    if (range.umin == range.umax)
        form_set(&out, (struct form){ .add = range.umin });
    return out;
}

void state_set_reg(struct verifier *v, struct state *s, u32 reg, struct cell cell)
{
    struct frame *frame = state_own_frame(v, s, s->n_frames - 1u, 0);
    if (frame)
        frame->reg[reg] = cell;
}

/* ---- all cells of a state */

static void frame_each_cell(struct verifier *v, struct state *s, struct frame *frame,
                            cell_visitor *visit, void *user)
{
    for (u32 r = 0; r < STATE_REGS - 1; r++)
        if (frame->reg[r].value)
            visit(v, s, &frame->reg[r], user);
    for (u32 i = 0; i < frame->n_slots; i++)
        for (u32 p = 0; p < 2; p++)
            if (frame->slot[i].run[p].size)
                visit(v, s, &frame->slot[i].part[p], user);
}

void state_each_cell(struct verifier *v, struct state *s, cell_visitor *visit, void *user)
{
    for (u32 i = 0; i < s->n_frames; i++) {
        struct frame *frame = state_own_frame(v, s, i, 0);
        if (!frame)
            return;
        frame_each_cell(v, s, frame, visit, user);
    }
    for (u32 e = 0; e < EXTENT_COUNT; e++)
        if (s->extent[e].value)
            visit(v, s, &s->extent[e], user);
}

static bool frame_read_cells(struct verifier *v, const struct state *s, const struct frame *frame,
                             cell_reader *visit, void *user)
{
    for (u32 r = 0; r < STATE_REGS - 1; r++)
        if (frame->reg[r].value && !visit(v, s, &frame->reg[r], user))
            return false;
    for (u32 i = 0; i < frame->n_slots; i++)
        for (u32 p = 0; p < 2; p++)
            if (frame->slot[i].run[p].size && !visit(v, s, &frame->slot[i].part[p], user))
                return false;
    return true;
}

bool state_read_cells(struct verifier *v, const struct state *s, cell_reader *visit, void *user)
{
    for (u32 i = 0; i < s->n_frames; i++)
        if (!frame_read_cells(v, s, s->frames[i], visit, user))
            return false;
    for (u32 e = 0; e < EXTENT_COUNT; e++)
        if (s->extent[e].value && !visit(v, s, &s->extent[e], user))
            return false;
    return true;
}
