/* What helpers keep on the program's stack: dynptrs and open-coded iterators.
 *
 * The program hands them around by their places and may not look inside.  One that stands for
 * something that must be given back has a reference of its own, and can be neither overwritten nor
 * forgotten; what was taken out of one (a slice, an element) is lost with it. */
#include "verify/call.h"

#define OWNED_DYNPTR 16u /* bytes */

enum owned_iterator_state { ITERATOR_ACTIVE, ITERATOR_DRAINED }; /* value.bytes */

/* ---- places */

struct owned_place {
    u32 frame;
    s64 offset;
    u32 first; /* slot, the deepest */
    u32 n;     /* slots */
};

/* false: nothing of that size can be there. */
static bool owned_place(struct verifier *v, const struct cell *cell, u32 bytes,
                        struct owned_place *place)
{
    const struct value *value = cell_value(v, cell);
    u64 at;
    if (value->kind != VALUE_STACK || (value->flags & VALUE_NULLABLE) ||
        !cell_constant_of(v, cell, &at) || at % 8 != 0 || (s64)at < -(s64)v->stack_bytes ||
        (s64)at > -(s64)bytes)
        return false;
    *place = (struct owned_place){
        .frame = value->object, .offset = (s64)at, .first = (u32)(-(s64)at / 8) - 1, .n = bytes / 8
    };
    return true;
}

/* The object that begins there and is of that size; NULL. */
static const struct cell *owned_at(const struct state *s, const struct owned_place *place)
{
    const struct frame *f = s->frames[place->frame];
    if (place->first >= f->n_slots || f->slot[place->first].kind != SLOT_OBJECT)
        return NULL;
    for (u32 i = 1; i < place->n; i++)
        if (f->slot[place->first - i].kind != SLOT_OBJECT_REST)
            return NULL;
    bool longer =
        place->first >= place->n && f->slot[place->first - place->n].kind == SLOT_OBJECT_REST;
    return longer ? NULL : &f->slot[place->first].part[0];
}

static bool owned_put(struct verifier *v, struct state *s, const struct owned_place *place,
                      struct cell cell)
{
    stack_scramble(v, s, place->frame, place->offset, place->offset + 8 * (s64)place->n, true);
    struct frame *f = state_own_frame(v, s, place->frame, place->first + 1);
    if (!f)
        return false;
    for (u32 i = 0; i < place->n; i++)
        f->slot[place->first - i] = (struct slot){ .written = 0xff, .kind = SLOT_OBJECT_REST };
    f->slot[place->first].kind = SLOT_OBJECT;
    f->slot[place->first].part[0] = cell;
    f->slot[place->first].run[0].size = 8;
    return true;
}

static bool owned_may_begin(struct verifier *v, struct state *s, const struct cell *cell, u32 a,
                            u32 bytes)
{
    for (u32 at = 0; at < bytes; at += 8) {
        struct access access = { .reg = a + 1, .off = at, .size = 8, .need = NEED_WRITE };
        if (!access_check(v, s, cell, &access))
            return false;
    }
    return true;
}

static u32 owned_bytes(const struct skep_arg *arg)
{
    return arg->kind == SKEP_ARG_DYNPTR ? OWNED_DYNPTR : arg->bytes;
}

/* ---- dynptrs */

bool owned_has_dynptr(struct verifier *v, const struct state *s, const struct cell *cell)
{
    struct owned_place place;
    if (cell_value(v, cell)->kind == VALUE_DYNPTR)
        return true;
    const struct cell *object =
        owned_place(v, cell, OWNED_DYNPTR, &place) ? owned_at(s, &place) : NULL;
    return object && cell_value(v, object)->kind == VALUE_DYNPTR;
}

bool owned_check_dynptr(struct verifier *v, struct state *s, struct call *call, u32 a)
{
    const struct skep_arg *arg = &call->helper->args[a];
    const struct cell *cell = &call->args[a];
    struct owned_place place;
    if (cell_value(v, cell)->kind == VALUE_DYNPTR &&
        !(arg->flags & (SKEP_ARG_WRITE | SKEP_ARG_RELEASE))) {
        call->part_of = cell->tag; /* one that a callback was given */
        return true;
    }
    if (!owned_place(v, cell, OWNED_DYNPTR, &place))
        return call_wrong(v, call, a, "a dynptr on the stack");
    if (arg->flags & SKEP_ARG_WRITE)
        return owned_may_begin(v, s, cell, a, OWNED_DYNPTR);
    if (!owned_has_dynptr(v, s, cell))
        return call_wrong(v, call, a, "an initialised dynptr");
    const struct cell *object = owned_at(s, &place);
    call->part_of = object->ref ? object->ref : object->tag;
    if (arg->flags & SKEP_ARG_RELEASE) {
        if (!object->ref)
            return call_wrong(v, call, a, "a dynptr that must be given back");
        call->released = object->ref;
    }
    return true;
}

/* ---- iterators */

static const struct cell *owned_iterator(struct verifier *v, const struct state *s,
                                         const struct skep_helper *helper, u32 a,
                                         const struct cell *cell, struct owned_place *place)
{
    if (!owned_place(v, cell, helper->args[a].bytes, place))
        return NULL;
    const struct cell *object = owned_at(s, place);
    bool right = object && cell_value(v, object)->kind == VALUE_ITERATOR &&
                 cell_value(v, object)->object == helper->iterator;
    return right ? object : NULL;
}

bool owned_check_iterator(struct verifier *v, struct state *s, struct call *call, u32 a)
{
    const struct skep_arg *arg = &call->helper->args[a];
    const struct cell *cell = &call->args[a];
    struct owned_place place;
    if (arg->flags & SKEP_ARG_ACQUIRE) {
        if (!owned_place(v, cell, arg->bytes, &place))
            return call_wrong(v, call, a, "room for an iterator on the stack");
        return owned_may_begin(v, s, cell, a, arg->bytes);
    }
    const struct cell *object = owned_iterator(v, s, call->helper, a, cell, &place);
    if (!object)
        return call_wrong(v, call, a, "an iterator that was begun");
    call->part_of = object->ref;
    if (arg->flags & SKEP_ARG_RELEASE)
        call->released = object->ref;
    return true;
}

static u32 owned_iterator_argument(const struct skep_helper *helper)
{
    for (u32 a = 0; a < 5; a++)
        if (helper->args[a].kind == SKEP_ARG_ITER)
            return a;
    return 0;
}

static bool owned_go_on(struct verifier *v, struct state *s, struct cell r0)
{
    call_clobber(v, s, r0);
    s->insn++;
    return v->failure == SKEP_OK;
}

/* The two that may follow are kept apart: what is drained stays so, and gives nothing. */
bool owned_iterate(struct verifier *v, struct state *s, const struct call *call, struct cell r0)
{
    struct owned_place place;
    u32 a = owned_iterator_argument(call->helper);
    const struct cell *object = owned_iterator(v, s, call->helper, a, &call->args[a], &place);
    struct cell drained = *object;
    struct value value = *cell_value(v, object), element = *cell_value(v, &r0);
    if (value.bytes == ITERATOR_DRAINED)
        return owned_go_on(v, s, cell_constant(v, 0));
    struct state *last = state_copy(v, s);
    if (!last)
        return false;
    value.bytes = ITERATOR_DRAINED;
    drained.value = value_intern(&v->values, &value);
    v->next[v->n_next++] = last;
    if (!owned_put(v, last, &place, drained) || !owned_go_on(v, last, cell_constant(v, 0)))
        return false;
    element.flags &= (u8)~VALUE_NULLABLE;
    r0.value = value_intern(&v->values, &element);
    return owned_go_on(v, s, r0);
}

bool owned_bounds_rounds(struct verifier *v, const struct state *s, const struct state *since)
{
    const struct skep_helper *helper = v->in->helpers[s->insn];
    struct owned_place place;
    if (!helper || !(helper->effects & SKEP_ITERATES))
        return false;
    u32 a = owned_iterator_argument(helper);
    const struct cell *object = owned_iterator(v, s, helper, a, state_reg(s, a + 1), &place);
    for (u32 i = 0; object && i < since->n_held; i++)
        if (since->held[i].ref == object->ref)
            return true;
    return false;
}

/* ---- effects */

bool owned_effects(struct verifier *v, struct state *s, const struct call *call, u32 a)
{
    const struct skep_arg *arg = &call->helper->args[a];
    bool dynptr = arg->kind == SKEP_ARG_DYNPTR;
    bool begins = dynptr ? arg->flags & SKEP_ARG_WRITE : arg->flags & SKEP_ARG_ACQUIRE;
    struct owned_place place;
    if (!owned_place(v, &call->args[a], owned_bytes(arg), &place))
        return true; /* a callback's own */
    if (arg->flags & SKEP_ARG_RELEASE)
        stack_scramble(v, s, place.frame, place.offset, place.offset + 8 * (s64)place.n, true);
    if (!begins)
        return true;
    struct value value = { .kind = dynptr ? VALUE_DYNPTR : VALUE_ITERATOR,
                           .object = dynptr ? 0 : call->helper->iterator };
    struct cell cell = cell_pointer(v, value);
    cell.tag = dynptr ? state_fresh_id(s) : 0;
    if ((arg->flags & SKEP_ARG_ACQUIRE) &&
        !(cell.ref = call_acquire(v, s, dynptr ? HELD_DYNPTR : HELD_ITERATOR)))
        return false;
    return owned_put(v, s, &place, cell);
}

#undef OWNED_DYNPTR
