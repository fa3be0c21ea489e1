/* States: making and sharing them, and the cells that they are made of.
 *
 * Frames are shared by the states that have them and copied when one of them changes theirs: a
 * branch costs a reference, not a stack. */
#include "verify/engine.h"

/* ---- frames */

static size_t slot_room_bytes(u32 cap)
{
    return sizeof(struct slot_room) + cap * sizeof(struct slot);
}

static void slot_room_drop(struct verifier *v, struct slot_room *room)
{
    if (room && --room->references == 0)
        mem_free(&v->mem, room, slot_room_bytes(room->cap));
}

static void frame_drop(struct verifier *v, struct frame *frame)
{
    if (--frame->references)
        return;
    slot_room_drop(v, frame->room);
    mem_free(&v->mem, frame, sizeof(*frame));
}

struct frame *state_own_regs(struct verifier *v, struct state *s, u32 i)
{
    struct frame *frame = s->frames[i];
    if (frame->references == 1)
        return frame;
    struct frame *own = mem_alloc(&v->mem, sizeof(*own));
    if (!own) {
        verify_fails(v, SKEP_NOMEM);
        return NULL;
    }
    *own = *frame;
    own->references = 1;
    if (own->room)
        own->room->references++;
    frame_drop(v, frame);
    s->frames[i] = own;
    return own;
}

/* Slots that only this frame has, with room for n. */
static bool frame_own_slots(struct verifier *v, struct frame *frame, u32 n)
{
    struct slot_room *room = frame->room;
    n = max_u32(n, frame->n_slots);
    if (n == 0 || (room && room->references == 1 && room->cap >= n))
        return true;
    u32 cap = (u32)round_up_u64(n, 8);
    struct slot_room *own = mem_alloc(&v->mem, slot_room_bytes(cap));
    if (!own)
        return verify_fails(v, SKEP_NOMEM);
    own->references = 1;
    own->cap = cap;
    if (frame->n_slots)
        memcpy(own->at, frame->slot, frame->n_slots * sizeof(struct slot));
    slot_room_drop(v, room);
    frame->room = own;
    frame->slot = own->at;
    return true;
}

struct frame *state_own_frame(struct verifier *v, struct state *s, u32 i, u32 n_slots)
{
    struct frame *frame = state_own_regs(v, s, i);
    if (!frame || !frame_own_slots(v, frame, n_slots))
        return NULL;
    if (frame->n_slots < n_slots) {
        memset(frame->slot + frame->n_slots, 0, (n_slots - frame->n_slots) * sizeof(struct slot));
        frame->n_slots = n_slots;
    }
    return frame;
}

bool state_push_frame(struct verifier *v, struct state *s)
{
    struct frame *frame = mem_zalloc(&v->mem, sizeof(*frame));
    if (!frame)
        return verify_fails(v, SKEP_NOMEM);
    frame->references = 1;
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
    struct frame *frame = state_own_regs(v, s, s->n_frames - 1u);
    if (frame)
        frame->reg[reg] = cell;
}

/* ---- all cells of a state, or those in whose form an unknown is */

/* id 0: any. */
static inline bool cell_is_of(const struct cell *cell, u32 id)
{
    return !id || cell->plus == id || cell->minus == id;
}

/* Only what a visitor changes is made the state's own. */
static bool frame_visit_reg(struct verifier *v, struct state *s, u32 i, u32 r, cell_visitor *visit,
                            void *user)
{
    struct cell cell = s->frames[i]->reg[r];
    visit(v, s, &cell, user);
    if (cell_same(&cell, &s->frames[i]->reg[r]))
        return true;
    struct frame *own = state_own_regs(v, s, i);
    if (own)
        own->reg[r] = cell;
    return own != NULL;
}

static bool frame_visit_part(struct verifier *v, struct state *s, u32 i, u32 slot, u32 part,
                             cell_visitor *visit, void *user)
{
    struct cell cell = s->frames[i]->slot[slot].part[part];
    visit(v, s, &cell, user);
    if (cell_same(&cell, &s->frames[i]->slot[slot].part[part]))
        return true;
    struct frame *own = state_own_frame(v, s, i, 0);
    if (own)
        own->slot[slot].part[part] = cell;
    return own != NULL;
}

static bool frame_each_cell_of(struct verifier *v, struct state *s, u32 i, u32 id,
                               cell_visitor *visit, void *user)
{
    bool ok = true;
    for (u32 r = 0; ok && r < STATE_REGS - 1; r++) {
        const struct cell *cell = &s->frames[i]->reg[r];
        if (cell->value && cell_is_of(cell, id))
            ok = frame_visit_reg(v, s, i, r, visit, user);
    }
    for (u32 k = 0; ok && k < s->frames[i]->n_slots; k++)
        for (u32 p = 0; ok && p < 2; p++) {
            const struct slot *slot = &s->frames[i]->slot[k];
            if (slot->run[p].size && cell_is_of(&slot->part[p], id))
                ok = frame_visit_part(v, s, i, k, p, visit, user);
        }
    return ok;
}

void state_each_cell_of(struct verifier *v, struct state *s, u32 id, cell_visitor *visit,
                        void *user)
{
    for (u32 i = 0; i < s->n_frames; i++)
        if (!frame_each_cell_of(v, s, i, id, visit, user))
            return;
    for (u32 e = 0; e < EXTENT_COUNT; e++)
        if (s->extent[e].value && cell_is_of(&s->extent[e], id))
            visit(v, s, &s->extent[e], user);
}

void state_each_cell(struct verifier *v, struct state *s, cell_visitor *visit, void *user)
{
    state_each_cell_of(v, s, 0, visit, user);
}

static bool frame_read_cells_of(struct verifier *v, const struct state *s,
                                const struct frame *frame, u32 id, cell_reader *visit, void *user)
{
    for (u32 r = 0; r < STATE_REGS - 1; r++)
        if (frame->reg[r].value && cell_is_of(&frame->reg[r], id) &&
            !visit(v, s, &frame->reg[r], user))
            return false;
    for (u32 i = 0; i < frame->n_slots; i++)
        for (u32 p = 0; p < 2; p++) {
            const struct slot *slot = &frame->slot[i];
            if (slot->run[p].size && cell_is_of(&slot->part[p], id) &&
                !visit(v, s, &slot->part[p], user))
                return false;
        }
    return true;
}

bool state_read_cells_of(struct verifier *v, const struct state *s, u32 id, cell_reader *visit,
                         void *user)
{
    for (u32 i = 0; i < s->n_frames; i++)
        if (!frame_read_cells_of(v, s, s->frames[i], id, visit, user))
            return false;
    for (u32 e = 0; e < EXTENT_COUNT; e++)
        if (s->extent[e].value && cell_is_of(&s->extent[e], id) &&
            !visit(v, s, &s->extent[e], user))
            return false;
    return true;
}
