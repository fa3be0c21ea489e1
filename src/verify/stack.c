/* The bytes of a frame's stack: which were written, and what registers and parts of registers lie
 * there.  Offsets are from the frame's top and negative; a slot is eight of them. */
#include "verify/engine.h"

static u32 stack_slot_of(s64 offset) { return (u32)((-offset - 1) / 8); }
static u32 stack_byte_of(s64 offset) { return (u32)(offset & 7); }
static u8 stack_mask(u32 at, u32 size) { return (u8)(((1u << size) - 1) << at); }

bool stack_has(const struct frame *f, s64 offset, u64 size)
{
    for (s64 at = offset; at < offset + (s64)size; at++) {
        u32 i = stack_slot_of(at);
        if (i >= f->n_slots || !(f->slot[i].written >> stack_byte_of(at) & 1))
            return false;
    }
    return true;
}

/* ---- reading */

static struct cell stack_unknown(struct verifier *v, struct state *s, u32 size)
{
    return cell_scalar(v, s, scalar_zext(scalar_any(), size));
}

bool stack_is_zero(const struct frame *f, s64 offset, u32 size)
{
    for (s64 at = offset; at < offset + (s64)size; at++) {
        u32 i = stack_slot_of(at);
        if (i >= f->n_slots || !(f->slot[i].zero >> stack_byte_of(at) & 1))
            return false;
    }
    return true;
}

/* `size` bytes of a run, the first of which is its byte `from`. */
static struct cell stack_part(struct verifier *v, struct state *s, const struct cell *cell,
                              u32 run_size, u32 from, u32 size)
{
    const struct value *value = cell_value(v, cell);
    if (from == 0 && size == run_size)
        return *cell;
    if (value->kind != VALUE_SCALAR)
        return stack_unknown(v, s, size);
    u32 low = HOST_IS_BIG ? run_size - from - size : from;
    if (low == 0 && scalar_equal(scalar_zext(value->range, size), value->range))
        return *cell;
    struct scalar shifted = scalar_rsh64(value->range, scalar_const(8 * (u64)low));
    return cell_scalar(v, s, scalar_zext(shifted, size));
}

/* Two halves that were written apart. */
static struct cell stack_whole(struct verifier *v, struct state *s, const struct slot *slot)
{
    const struct cell *half[2] = { NULL, NULL };
    for (u32 p = 0; p < 2; p++)
        if (slot->run[p].size == 4 && cell_value(v, &slot->part[p])->kind == VALUE_SCALAR)
            half[slot->run[p].at / 4] = &slot->part[p];
    if (!half[0] || !half[1])
        return stack_unknown(v, s, 8);
    const struct cell *low = half[HOST_IS_BIG], *high = half[!HOST_IS_BIG];
    struct scalar upper = scalar_lsh64(cell_value(v, high)->range, scalar_const(32));
    return cell_scalar(v, s, scalar_or64(upper, cell_value(v, low)->range));
}

static struct cell stack_read_slot(struct verifier *v, struct state *s, const struct slot *slot,
                                   u32 at, u32 size)
{
    for (u32 p = 0; p < 2; p++) {
        u32 begin = slot->run[p].at, end = begin + slot->run[p].size;
        if (slot->run[p].size && at >= begin && at + size <= end)
            return stack_part(v, s, &slot->part[p], end - begin, at - begin, size);
    }
    return size == 8 ? stack_whole(v, s, slot) : stack_unknown(v, s, size);
}

struct cell stack_get(struct verifier *v, struct state *s, u32 frame, s64 offset, u32 size)
{
    const struct frame *f = s->frames[frame];
    u32 i = stack_slot_of(offset), at = stack_byte_of(offset);
    if (i < f->n_slots && at + size <= 8 && f->slot[i].kind == SLOT_DATA) {
        const struct slot slot = f->slot[i];
        struct cell cell = stack_read_slot(v, s, &slot, at, size);
        bool known = cell_value(v, &cell)->range.umin == cell_value(v, &cell)->range.umax;
        if (known || !stack_is_zero(f, offset, size))
            return cell;
    }
    return stack_is_zero(f, offset, size) ? cell_constant(v, 0) : stack_unknown(v, s, size);
}

/* ---- writing */

/* An object of which a part is overwritten is none any more. */
static void stack_break_object(struct frame *f, u32 i)
{
    if (f->slot[i].kind == SLOT_OBJECT_REST) {
        f->slot[i].kind = SLOT_DATA;
        for (u32 first = i + 1; first < f->n_slots; first++) {
            u8 kind = f->slot[first].kind;
            f->slot[first] = (struct slot){ .kind = SLOT_DATA };
            if (kind != SLOT_OBJECT_REST)
                break;
        }
    } else if (f->slot[i].kind == SLOT_OBJECT) {
        for (u32 rest = i; rest > 0 && f->slot[rest - 1].kind == SLOT_OBJECT_REST; rest--)
            f->slot[rest - 1] = (struct slot){ .kind = SLOT_DATA };
        f->slot[i] = (struct slot){ .kind = SLOT_DATA };
    }
}

/* Nothing is known of these bytes any more but that they were written. */
static void stack_clear(struct frame *f, u32 i, u32 at, u32 size, bool written)
{
    struct slot *slot = &f->slot[i];
    u8 mask = stack_mask(at, size);
    if (slot->kind != SLOT_DATA)
        stack_break_object(f, i);
    for (u32 p = 0; p < 2; p++)
        if (mask & stack_mask(slot->run[p].at, slot->run[p].size))
            slot->run[p].size = 0;
    slot->zero &= (u8)~mask;
    if (written)
        slot->written |= mask;
}

/* Which bytes of a constant are 0, in memory's order. */
static u8 stack_zero_bytes(u64 constant, u32 size)
{
    u8 mask = 0;
    for (u32 i = 0; i < size; i++) {
        u32 byte = HOST_IS_BIG ? size - 1 - i : i;
        if ((constant >> 8 * byte & 0xff) == 0)
            mask |= (u8)(1u << i);
    }
    return mask;
}

static void stack_write_slot(struct verifier *v, struct frame *f, u32 i, u32 at, u32 size,
                             const struct cell *cell)
{
    struct slot *slot = &f->slot[i];
    u64 constant;
    stack_clear(f, i, at, size, true);
    const struct value *value = cell_value(v, cell);
    if (value->kind == VALUE_SCALAR && cell_constant_of(v, cell, &constant))
        slot->zero |= (u8)(stack_zero_bytes(constant, size) << at);
    u32 p = slot->run[0].size ? 1 : 0;
    slot->run[p].at = (u8)at;
    slot->run[p].size = (u8)size;
    slot->part[p] = *cell;
}

void stack_put(struct verifier *v, struct state *s, u32 frame, s64 offset, u32 size,
               struct cell cell)
{
    struct frame *f = state_own_frame(v, s, frame, stack_slot_of(offset) + 1);
    if (!f)
        return;
    u32 at = stack_byte_of(offset);
    u64 constant;
    if (at + size <= 8) {
        stack_write_slot(v, f, stack_slot_of(offset), at, size, &cell);
        return;
    }
    bool zero = cell_constant_of(v, &cell, &constant) && constant == 0 &&
                cell_value(v, &cell)->kind == VALUE_SCALAR;
    for (s64 byte = offset; byte < offset + (s64)size; byte++) {
        stack_clear(f, stack_slot_of(byte), stack_byte_of(byte), 1, true);
        if (zero)
            f->slot[stack_slot_of(byte)].zero |= (u8)(1u << stack_byte_of(byte));
    }
}

void stack_scramble(struct verifier *v, struct state *s, u32 frame, s64 from, s64 to, bool all)
{
    if (from >= to)
        return;
    struct frame *f = state_own_frame(v, s, frame, stack_slot_of(from) + 1);
    for (s64 byte = from; f && byte < to; byte++)
        stack_clear(f, stack_slot_of(byte), stack_byte_of(byte), 1, all);
}
