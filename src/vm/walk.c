/* The checked engine's walk along a witness: before every instruction, one of the states that the
 * verifier has for the place that control has come to must hold of what is really there.
 *
 * Values are compared by where they came from: a pointer's offset is counted from the beginning of
 * what it was made for.  The unknowns of a state get their values from the cells that they are in;
 * every further cell, and every relation, must agree with that. */
#include "vm/checked.h"

enum { WALK_IDS = 256 };

/* What a comparison is about, for the report. */
enum walk_kind { WALK_REGISTER, WALK_STACK, WALK_SIZE, WALK_HELD, WALK_LOCK, WALK_FRAMES };

struct walk {
    const struct checked_run_state *run;
    const struct witness *witness;
    const struct state *state;
    u32 first; /* the frame that is the state's first */
    u32 n_ids, n_tags;
    struct {
        u32 id;
        u64 value;
    } ids[WALK_IDS];
    struct {
        u32 tag;
        bool null;
    } tags[WALK_IDS];
    /* the first thing that does not hold */
    enum walk_kind kind;
    u32 frame;
    s32 at; /* register, stack offset, extent */
    u64 bits;
    const struct cell *cell;
    const char *what;
};

static bool walk_differs(struct walk *w, const struct cell *cell, u64 bits, const char *what)
{
    w->cell = cell;
    w->bits = bits;
    w->what = what;
    return false;
}

/* ---- unknowns */

static bool walk_find(const struct walk *w, u32 id, u64 *value)
{
    *value = 0;
    for (u32 i = 0; i < w->n_ids; i++)
        if (w->ids[i].id == id) {
            *value = w->ids[i].value;
            return true;
        }
    return id == 0;
}

/* The number that a cell stands for: plus - minus + add. */
static bool walk_form(struct walk *w, const struct cell *cell, u64 number)
{
    u64 plus, minus;
    bool has_plus = walk_find(w, cell->plus, &plus), has_minus = walk_find(w, cell->minus, &minus);
    if (has_plus && has_minus)
        return plus - minus + cell->add == number ||
               walk_differs(w, cell, number, "other numbers say that it is another one");
    if (w->n_ids == WALK_IDS || (!has_plus && !has_minus))
        return true;
    w->ids[w->n_ids].id = has_plus ? cell->minus : cell->plus;
    w->ids[w->n_ids++].value = has_plus ? plus + cell->add - number : number + minus - cell->add;
    return true;
}

/* Pointers of one tag are NULL together. */
static bool walk_tag(struct walk *w, const struct cell *cell, u64 bits)
{
    for (u32 i = 0; i < w->n_tags; i++)
        if (w->tags[i].tag == cell->tag)
            return w->tags[i].null == (bits == 0) ||
                   walk_differs(w, cell, bits, "another pointer, NULL with this one, differs");
    if (!cell->tag || w->n_tags == WALK_IDS)
        return true;
    w->tags[w->n_tags].tag = cell->tag;
    w->tags[w->n_tags++].null = bits == 0;
    return true;
}

/* ---- pointers */

static const struct skep_map *walk_map(const struct walk *w, const struct value *value)
{
    return value->flags & VALUE_INNER ? NULL : w->run->program->in.maps[value->object];
}

static bool walk_is_of_map(const struct walk *w, const struct value *value,
                           const struct checked_origin *from, u8 kind)
{
    const struct skep_map *map = walk_map(w, value);
    return from->kind == kind && (!map || map == from->owner);
}

static bool walk_is_opaque(const struct checked_origin *from, enum checked_object object)
{
    return from->kind == CHECKED_OPAQUE && from->object == object;
}

static bool walk_is_packet(const struct walk *w, const struct checked_origin *from, const u8 *base)
{
    return from->kind == CHECKED_PACKET && from->generation == w->run->packet_generation &&
           from->base == (u64)(uintptr_t)base;
}

/* Is the walk's lowest frame that of a global function, which knows its arguments by its signature
 * alone? */
static bool walk_is_global(const struct walk *w)
{
    return w->witness->contexts.data[w->run->frames[w->first].context].kind == WITNESS_GLOBAL;
}

/* A dynptr that was lent, or, handed to a global function, one on the stack of its caller. */
static bool walk_is_dynptr(const struct walk *w, const struct checked_value *real, u64 *base)
{
    if (!walk_is_global(w) || real->from.kind != CHECKED_STACK)
        return walk_is_opaque(&real->from, CHECKED_DYNPTR);
    *base = real->bits;
    return real->from.frame < w->first;
}

/* Memory that is a part of something: what a global function is handed, what a dynptr gives.  Where
 * it begins in that is not known here. */
static bool walk_is_part(const struct walk *w, const struct value *value,
                         const struct checked_origin *from)
{
    bool memory = from->kind == CHECKED_STACK || from->kind == CHECKED_MAP_VALUE ||
                  from->kind == CHECKED_PACKET || from->kind == CHECKED_CTX;
    bool argument = memory && walk_is_global(w);
    return value->kind == VALUE_MEMORY &&
           (argument || (from->kind == CHECKED_RECORD && !(value->flags & VALUE_RECORD)));
}

/* Is it what the value says, whatever its offset?  *base: where offsets are counted from. */
static bool walk_kind_is(const struct walk *w, const struct value *value,
                         const struct checked_value *real, u64 *base)
{
    const struct checked_origin *from = &real->from;
    const struct skep_packet *packet = w->run->thread->packet;
    *base = from->base;
    switch ((enum value_kind)value->kind) {
    case VALUE_CTX: return from->kind == CHECKED_CTX || from->kind == CHECKED_MEMORY;
    case VALUE_STACK:
        *base = from->base + from->bytes;
        return from->kind == CHECKED_STACK && from->frame == w->first + value->object &&
               from->generation == w->run->frames[from->frame].activation;
    case VALUE_PACKET: return packet && walk_is_packet(w, from, packet->data);
    case VALUE_META: return packet && walk_is_packet(w, from, packet->data_meta);
    case VALUE_PACKET_END:
        *base = packet ? (u64)(uintptr_t)packet->data : 0;
        return packet && walk_is_packet(w, from, packet->data_end);
    case VALUE_MAP: return walk_is_of_map(w, value, from, CHECKED_MAP);
    case VALUE_MAP_VALUE: return walk_is_of_map(w, value, from, CHECKED_MAP_VALUE);
    case VALUE_MAP_KEY: return from->kind == CHECKED_MEMORY;
    case VALUE_MEMORY:
        if (walk_is_part(w, value, from))
            *base = real->bits - value->range.umin;
        return walk_is_part(w, value, from) ||
               ((from->kind == CHECKED_RECORD || from->kind == CHECKED_MEMORY) &&
                (value->flags & VALUE_DYNAMIC || from->bytes >= value->bytes));
    case VALUE_MEMORY_END:
        *base = real->bits - value->range.umin; /* where it begins is not known here */
        return true;
    case VALUE_SOCK: return walk_is_opaque(from, CHECKED_SOCK);
    case VALUE_TYPED: return walk_is_opaque(from, CHECKED_TYPED);
    case VALUE_PER_CPU: return walk_is_opaque(from, CHECKED_PER_CPU);
    case VALUE_DYNPTR: return walk_is_dynptr(w, real, base);
    case VALUE_FUNC: *base = real->bits; return from->kind == CHECKED_CODE;
    case VALUE_NONE:
    case VALUE_SCALAR:
    case VALUE_ITERATOR:
    case VALUE_KIND_COUNT: break;
    }
    return false;
}

/* ---- cells */

static bool walk_pointer(struct walk *w, const struct cell *cell, const struct value *value,
                         const struct checked_value *real)
{
    u64 base;
    if ((value->flags & VALUE_NULLABLE) && real->bits == 0 && real->from.kind == CHECKED_NUMBER)
        return walk_tag(w, cell, 0);
    bool none = value->kind == VALUE_CTX && w->run->program->in.hook->ctx_kind == SKEP_CTX_MEMORY;
    if (none && real->bits == 0)
        return true;
    if (!walk_kind_is(w, value, real, &base))
        return walk_differs(w, cell, real->bits, "it is no such pointer");
    if (!scalar_holds(value->range, real->bits - base))
        return walk_differs(w, cell, real->bits - base, "its offset is out of range");
    bool unplaced = value->kind == VALUE_MEMORY_END || value->kind == VALUE_FUNC ||
                    walk_is_part(w, value, &real->from);
    if (unplaced)
        return true;
    return walk_tag(w, cell, 1) && walk_form(w, cell, real->bits - base);
}

static bool walk_cell(struct walk *w, const struct cell *cell, const struct checked_value *real)
{
    const struct value *value = witness_value(w->witness, cell);
    if (value->kind == VALUE_NONE)
        return true;
    if (value_is_pointer(value))
        return walk_pointer(w, cell, value, real);
    if (!scalar_holds(value->range, real->bits))
        return walk_differs(w, cell, real->bits, "it is out of range");
    return walk_form(w, cell, real->bits);
}

/* ---- frames */

/* A register of a frame, or NULL: what it holds is not known. */
static const struct checked_value *walk_register(const struct walk *w, u32 frame, u32 reg)
{
    const struct checked_run_state *run = w->run;
    if (frame + 1u == w->state->n_frames)
        return &run->reg[reg];
    return reg >= 6 && reg <= 9 ? &run->frames[w->first + frame + 1].saved[reg - 6] : NULL;
}

static bool walk_registers(struct walk *w, u32 frame)
{
    const struct frame *f = w->state->frames[frame];
    bool top = frame + 1u == w->state->n_frames;
    w->kind = WALK_REGISTER;
    w->frame = frame;
    for (u32 r = 0; r < STATE_REGS - 1; r++) {
        const struct checked_value *real = f->reg[r].value ? walk_register(w, frame, r) : NULL;
        w->at = (s32)r;
        if (!real)
            continue;
        if (top && (w->run->unset >> r & 1))
            return walk_differs(w, &f->reg[r], 0, "nothing was put into it");
        if (!walk_cell(w, &f->reg[r], real))
            return false;
    }
    return true;
}

static struct checked_value walk_stack_value(const struct walk *w, u32 frame, u32 offset, u32 size)
{
    const struct checked_frame *f = &w->run->frames[frame];
    const u8 *at = w->run->thread->stack + (size_t)frame * RT_FRAME_BYTES + offset;
    struct checked_value value = checked_number(0);
    switch (size) {
    case 1: value.bits = vm_load_B((u64)(uintptr_t)at); break;
    case 2: value.bits = vm_load_H((u64)(uintptr_t)at); break;
    case 4: value.bits = vm_load_W((u64)(uintptr_t)at); break;
    default:
        value.bits = vm_load_DW((u64)(uintptr_t)at);
        if (f->spilled >> (offset / 8) & 1)
            value.from = f->slot[offset / 8];
    }
    return value;
}

/* What was written matters to profile strict alone; the others do not compare it. */
static bool walk_bytes(struct walk *w, const struct slot *slot, u32 frame, u32 offset)
{
    bool strict = w->run->program->in.strict;
    const struct checked_frame *f = &w->run->frames[frame];
    const u8 *at = w->run->thread->stack + (size_t)frame * RT_FRAME_BYTES + offset;
    for (u32 b = 0; b < 8; b++) {
        if (strict && (slot->written >> b & 1) &&
            !(f->written[(offset + b) / 64] >> (offset + b) % 64 & 1))
            return walk_differs(w, NULL, 0, "bytes that were never written count as written");
        if ((slot->zero >> b & 1) && at[b] != 0)
            return walk_differs(w, NULL, at[b], "bytes that are not 0 count as 0");
    }
    return true;
}

static bool walk_slots(struct walk *w, u32 frame)
{
    const struct frame *f = w->state->frames[frame];
    u32 real = w->first + frame;
    w->kind = WALK_STACK;
    w->frame = frame;
    for (u32 i = 0; i < f->n_slots && i < RT_FRAME_BYTES / 8; i++) {
        const struct slot *slot = &f->slot[i];
        u32 offset = RT_FRAME_BYTES - 8 * (i + 1);
        w->at = (s32)offset - (s32)RT_FRAME_BYTES;
        if (slot->kind != SLOT_DATA)
            continue;
        if (!walk_bytes(w, slot, real, offset))
            return false;
        for (u32 p = 0; p < 2; p++) {
            if (!slot->run[p].size)
                continue;
            struct checked_value value =
                walk_stack_value(w, real, offset + slot->run[p].at, slot->run[p].size);
            if (!walk_cell(w, &slot->part[p], &value))
                return false;
        }
    }
    return true;
}

/* ---- the rest of a state */

static bool walk_extents(struct walk *w)
{
    const struct skep_packet *packet = w->run->thread->packet;
    const struct skep_memory *block = w->run->ctx;
    bool memory = w->run->program->in.hook->ctx_kind == SKEP_CTX_MEMORY && block;
    struct checked_value size[EXTENT_COUNT] = {
        [EXTENT_PACKET] = checked_number(packet ? (u64)(packet->data_end - packet->data) : 0),
        [EXTENT_META] = checked_number(packet ? (u64)(packet->data - packet->data_meta) : 0),
        [EXTENT_MEMORY] = checked_number(memory ? block->size : 0),
    };
    w->kind = WALK_SIZE;
    for (u32 e = 0; e < EXTENT_COUNT; e++) {
        bool known = e == EXTENT_MEMORY ? memory : packet != NULL;
        w->at = (s32)e;
        if (known && !walk_cell(w, &w->state->extent[e], &size[e]))
            return false;
    }
    return true;
}

/* m U(y) = k U(x) + c, modulo 2^64 at least; U(a) - U(b) <= most, without wrapping. */
static bool walk_relations(struct walk *w)
{
    for (u32 i = 0; i < w->state->n_affines; i++) {
        const struct affine *line = &w->state->affines[i];
        u64 x, y;
        if (walk_find(w, line->x, &x) && walk_find(w, line->y, &y) &&
            (u64)line->m * y != (u64)line->k * x + (u64)line->c)
            return walk_differs(w, NULL, y, "two numbers are not on their line");
    }
    for (u32 i = 0; i < w->state->n_strides; i++) {
        const struct stride *stride = &w->state->strides[i];
        u64 x;
        if (walk_find(w, stride->id, &x) && x % stride->step != stride->rest)
            return walk_differs(w, NULL, x, "a number is not one of its steps");
    }
    for (u32 i = 0; i < w->state->n_relations; i++) {
        const struct relation *r = &w->state->relations[i];
        u64 a, b;
        if (!walk_find(w, r->a, &a) || !walk_find(w, r->b, &b))
            continue;
        u64 limit = b + (u64)r->most;
        bool beyond = r->most >= 0 ? limit < b : false, below = r->most < 0 && limit > b;
        if (below || (!beyond && a > limit))
            return walk_differs(w, NULL, a - b, "two numbers are further apart");
    }
    return true;
}

/* Is what must be given back there, by a cell that says so? */
static const struct checked_value *walk_holder(const struct walk *w, u32 ref)
{
    for (u32 i = 0; i < w->state->n_frames; i++)
        for (u32 r = 0; r < STATE_REGS - 1; r++)
            if (w->state->frames[i]->reg[r].ref == ref)
                return walk_register(w, i, r);
    return NULL;
}

static bool walk_held(struct walk *w)
{
    const struct checked_run_state *run = w->run;
    u32 most = w->state->n_held, least = 0;
    for (u32 i = 0; i < w->state->n_held; i++) {
        const struct held *held = &w->state->held[i];
        bool pointer = held->kind == HELD_RECORD || held->kind == HELD_OBJECT;
        const struct checked_value *holder = pointer ? walk_holder(w, held->ref) : NULL;
        if (holder)
            *(holder->bits ? &least : &most) += holder->bits ? 1 : UINT32_MAX;
    }
    u32 locks = run->lock ? 1 : 0; /* the ledger has them too */
    u32 real = run->thread->n_held - run->frames[w->first].first_held - locks;
    w->kind = WALK_HELD;
    return (real >= least && real <= most) ||
           walk_differs(w, NULL, real, "another number of things is held");
}

static bool walk_holds(struct walk *w, const struct state *state)
{
    const struct checked_run_state *run = w->run;
    w->state = state;
    w->n_ids = w->n_tags = 0;
    w->kind = WALK_FRAMES;
    if (state->n_frames != run->thread->depth - w->first)
        return walk_differs(w, NULL, run->thread->depth, "another number of frames");
    w->kind = WALK_LOCK;
    if (!state->lock_map != !run->lock)
        return walk_differs(w, NULL, run->lock, "a spin lock is held, or not");
    for (u32 i = state->n_frames; i-- > 0;)
        if (!walk_registers(w, i) || !walk_slots(w, i))
            return false;
    return walk_extents(w) && walk_held(w) && walk_relations(w);
}

/* ---- the report */

static void walk_print_place(const struct walk *w, struct text *out)
{
    static const char *const sizes[EXTENT_COUNT] = { "the packet's size", "the metadata's size",
                                                     "the memory's size" };
    static const char *const others[] = {
        [WALK_HELD] = "what is held", [WALK_LOCK] = "the lock", [WALK_FRAMES] = "the calls"
    };
    if (w->kind == WALK_REGISTER)
        text_printf(out, "r%" PRId32 " of frame %u", w->at, w->frame);
    else if (w->kind == WALK_STACK)
        text_printf(out, "the stack at %" PRId32 " of frame %u", w->at, w->frame);
    else
        text_string(out, w->kind == WALK_SIZE ? sizes[w->at] : others[w->kind]);
}

static skep_status walk_fault(struct checked_run_state *s, const struct walk *w)
{
    char place[64], fact[160];
    struct text text;
    text_init_fixed(&text, place, sizeof(place));
    walk_print_place(w, &text);
    text_init_fixed(&text, fact, sizeof(fact));
    if (w->cell)
        value_print(&text, witness_value(w->witness, w->cell));
    else
        text_string(&text, "something else");
    return CHECKED_FAULT(s, VM_WITNESS, STR(place), NUM(w->bits), STR(fact), STR(w->what));
}

/* ---- contexts */

static u32 walk_context(const struct checked_run_state *s, u32 parent, u32 func,
                        enum witness_entry kind)
{
    bool root = kind != WITNESS_CALL && kind != WITNESS_CALLBACK;
    struct witness_context context = { .parent = root ? WITNESS_NONE : parent,
                                       .call = kind == WITNESS_CALLBACK ? s->call->insn : s->at,
                                       .func = func,
                                       .map = kind == WITNESS_ASYNC ? s->async_map : 0,
                                       .kind = (u8)kind };
    if (!root && parent == WITNESS_NONE)
        return WITNESS_NONE;
    return witness_find_context(s->program->in.witness, &context);
}

void checked_walk_enter(struct checked_run_state *s, u32 func, enum witness_entry kind)
{
    u32 at = s->thread->depth - 1;
    struct checked_frame *f = &s->frames[at];
    const struct checked_frame *below = at ? &s->frames[at - 1] : NULL;
    bool inside = below && (kind == WITNESS_CALL || kind == WITNESS_CALLBACK);
    f->context = walk_context(s, inside ? below->context : WITNESS_NONE, func, kind);
    if (kind == WITNESS_CALL && f->context == WITNESS_NONE) {
        f->context = walk_context(s, WITNESS_NONE, func, WITNESS_GLOBAL);
        inside = false;
    }
    f->first = inside ? below->first : at;
    f->first_held = inside ? below->first_held : s->thread->n_held;
}

skep_status checked_walk(struct checked_run_state *s)
{
    struct walk walk;
    const struct checked_frame *f = &s->frames[s->thread->depth - 1];
    walk.run = s;
    walk.witness = s->program->in.witness;
    walk.first = f->first;
    walk.cell = NULL;
    u32 n =
        f->context == WITNESS_NONE ? WITNESS_NONE : witness_first(walk.witness, f->context, s->at);
    if (n == WITNESS_NONE)
        return CHECKED_FAULT(s, VM_UNREACHED, NUM(s->program->in.code->slot_of[s->at]));
    for (; n != WITNESS_NONE; n = walk.witness->nodes.data[n].next)
        if (walk_holds(&walk, walk.witness->nodes.data[n].state))
            return SKEP_OK;
    return walk_fault(s, &walk);
}
