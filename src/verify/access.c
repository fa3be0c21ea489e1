/* Memory: may it be accessed, what does a load give, what does a store leave behind.
 *
 * Every pointer is into a region whose size is a constant, or a number that grows and shrinks at
 * run time (an extent).  An access is within when its offset is not negative and offset + size is
 * not beyond; ranges say so, or, for extents and offsets that were compared, relations. */
#include "verify/engine.h"

#include "rt/rt.h"

const struct skep_map_spec *access_spec(const struct verifier *v, const struct value *value)
{
    const struct skep_map_spec *spec = v->in->maps[value->object].spec;
    return value->flags & VALUE_INNER ? spec->inner : spec;
}

const struct skep_map_type *access_type(const struct verifier *v, const struct value *value)
{
    const struct verify_map *map = &v->in->maps[value->object];
    return value->flags & VALUE_INNER ? map->inner_type : map->type;
}

/* ---- bounds */

/* The smallest and largest offset of the first byte, as signed numbers; false: out of all reason.
 */
static bool access_span(const struct scalar *range, s64 off, s64 *lo, s64 *hi)
{
    return !__builtin_add_overflow((s64)range->smin, off, lo) &&
           !__builtin_add_overflow((s64)range->smax, off, hi);
}

static bool access_range_is_within(const struct scalar *range, const struct access *access,
                                   s64 begin, s64 end)
{
    s64 lo, hi, last;
    return access_span(range, access->off, &lo, &hi) && lo >= begin &&
           !__builtin_add_overflow(hi, (s64)access->size, &last) && last <= end;
}

/* Where an access of a variable size ends, as a number that may be known better than where it
 * begins and how large it is: from + (to - from). */
static bool access_end(struct verifier *v, const struct state *s, const struct cell *through,
                       const struct access *access, struct cell *end)
{
    struct form form;
    struct scalar begin = relation_tighten(v, s, through);
    if (!access->length || access->size > INT32_MAX || (s64)begin.smin < 0 ||
        (s64)begin.smax > INT32_MAX || access->off != 0 ||
        !form_sum(form_of(through), form_of(access->length), &form))
        return false;
    *end = cell_constant(v, form.add);
    if (form_is_constant(form))
        return true;
    struct value value = { .kind = VALUE_SCALAR,
                           .range = scalar_add64(begin, cell_value(v, access->length)->range) };
    end->value = value_intern(&v->values, &value);
    form_set(end, form);
    *end = cell_with_range(v, end, relation_tighten(v, s, end));
    return true;
}

/* Is [offset + off, + size) inside [begin, end)? */
static bool access_is_within(struct verifier *v, const struct state *s, const struct cell *through,
                             const struct access *access, s64 begin, s64 end)
{
    if (access->size > INT32_MAX)
        return false;
    if (access_range_is_within(&cell_value(v, through)->range, access, begin, end))
        return true;
    struct scalar range = relation_tighten(v, s, through);
    if (access_range_is_within(&range, access, begin, end))
        return true;
    struct cell last;
    return begin == 0 && access_end(v, s, through, access, &last) &&
           cell_value(v, &last)->range.umax <= (u64)end;
}

/* The same where the end is an extent. */
static bool access_is_within_extent(struct verifier *v, const struct state *s,
                                    const struct cell *through, const struct access *access,
                                    const struct cell *extent)
{
    struct scalar range = cell_value(v, through)->range;
    s64 lo, hi, end;
    if (access->size > INT32_MAX || cell_is_none(extent))
        return false;
    if (!access_span(&range, access->off, &lo, &hi) || lo < 0) {
        range = relation_tighten(v, s, through);
        if (!access_span(&range, access->off, &lo, &hi) || lo < 0)
            return false;
    }
    if (__builtin_add_overflow(access->off, (s64)access->size, &end))
        return false;
    struct cell last;
    return relation_holds(v, s, through, extent, -end) ||
           (access_end(v, s, through, access, &last) && relation_holds(v, s, &last, extent, 0));
}

static bool access_out_of_bounds(struct verifier *v, const struct cell *through,
                                 const struct access *access, u64 limit)
{
    const struct value *value = cell_value(v, through);
    const char *done = access->need & NEED_WRITE ? "written" : "read";
    u64 least = value->range.smin + (u64)access->off, most = value->range.smax + (u64)access->off;
    if (value->kind == VALUE_PACKET || value->kind == VALUE_META || value->flags & VALUE_DYNAMIC)
        return REJECT(v, access->reg, VERIFY_PACKET_BOUNDS, NUM(access->size), NUM(least),
                      NUM(most), STR(value_kind_name(value->kind)), STR(done), NUM(limit));
    return REJECT(v, access->reg, VERIFY_OUT_OF_BOUNDS, NUM(access->size), NUM(least), NUM(most),
                  STR(value_kind_name(value->kind)), STR(done), NUM(limit));
}

/* A check at run time can help where nothing but the range of the offset is open, and some offset
 * is good. */
static bool access_guard_helps(struct verifier *v, const struct state *s,
                               const struct cell *through, const struct access *access, u64 limit)
{
    s64 lo, hi;
    const struct value *value = cell_value(v, through);
    bool guarded = value->kind == VALUE_PACKET || value->kind == VALUE_MAP_VALUE ||
                   (value->kind == VALUE_MEMORY && !(value->flags & VALUE_DYNAMIC));
    struct scalar range = relation_tighten(v, s, through);
    return guarded && limit <= INT32_MAX && access->size <= limit &&
           access_span(&range, access->off, &lo, &hi) && hi >= 0 &&
           lo <= (s64)(limit - access->size);
}

/* Is the access shown to be within, or left to a check that the program makes when it runs? */
static bool access_or_guard(struct verifier *v, const struct state *s, const struct cell *through,
                            const struct access *access, u64 limit, bool within)
{
    if (!v->guarding || (access->need & NEED_HELPER))
        return within;
    struct access_guard *guard = &v->guards[v->at];
    u8 kind = cell_value(v, through)->kind;
    if (guard->limit == 0)
        *guard = (struct access_guard){ .limit = (u32)limit, .kind = kind };
    guard->differs |= guard->limit != limit || guard->kind != kind;
    guard->needed |= !within;
    if (guard->needed && guard->differs)
        return false;
    return within || access_guard_helps(v, s, through, access, limit);
}

/* ---- by region */

static bool access_refused(struct verifier *v, const struct access *access, const char *region,
                           const char *what)
{
    return REJECT(v, access->reg, VERIFY_NO_ACCESS, STR(region), STR(what));
}

/* The head of the object that a slot is part of. */
static const struct slot *access_object_head(const struct frame *f, u32 i)
{
    while (i + 1 < f->n_slots && f->slot[i].kind == SLOT_OBJECT_REST)
        i++;
    return &f->slot[i];
}

static void access_forget_part(struct verifier *v, struct state *s, struct cell *cell, void *user)
{
    if (cell->ref == *(const u32 *)user)
        *cell = cell_scalar(v, s, scalar_any());
}

/* Dynptrs and iterators are their helpers' own; one that holds nothing may be overwritten, and what
 * was taken out of it is lost. */
static bool access_check_objects(struct verifier *v, struct state *s, u32 frame, s64 lo, s64 hi,
                                 const struct access *access)
{
    for (s64 at = lo; at < hi; at++) {
        const struct frame *f = s->frames[frame];
        u32 i = (u32)((-at - 1) / 8);
        if (i >= f->n_slots || f->slot[i].kind == SLOT_DATA)
            continue;
        if (access->need != NEED_WRITE)
            return access_refused(v, access, "a dynptr or iterator",
                                  "accessed other than by its helpers");
        const struct cell *head = &access_object_head(f, i)->part[0];
        if (head->ref)
            return access_refused(v, access, "a dynptr or iterator in use", "overwritten");
        u32 tag = head->tag;
        bool next_is_other = at + 1 == hi || (at + 1) % 8 == 0;
        if (tag && next_is_other)
            state_each_cell(v, s, access_forget_part, &tag);
    }
    return true;
}

static void access_note_depth(struct verifier *v, const struct state *s, u32 frame, s64 offset)
{
    u32 context = s->context;
    for (u32 f = s->n_frames - 1u; f > frame; f--)
        context = v->contexts.data[context].parent;
    u32 *depth = &v->depths[v->contexts.data[context].func];
    *depth = max_u32(*depth, (u32)-offset);
}

static bool access_check_stack(struct verifier *v, struct state *s, const struct cell *through,
                               const struct access *access)
{
    const struct value *value = cell_value(v, through);
    bool within = access_is_within(v, s, through, access, -(s64)v->stack_bytes, 0);
    if (!access_or_guard(v, s, through, access, v->stack_bytes, within))
        return access_out_of_bounds(v, through, access, v->stack_bytes);
    struct scalar range = relation_tighten(v, s, through);
    s64 lo = (s64)range.smin + access->off; /* within, so nothing overflows */
    s64 hi = (s64)range.smax + access->off + (s64)access->size;
    const struct frame *f = s->frames[value->object];
    access_note_depth(v, s, value->object, lo);
    bool strict = v->in->profile == SKEP_PROFILE_STRICT && (access->need & NEED_READ);
    if (strict && !stack_has(f, lo, (u64)(hi - lo)))
        return REJECT(v, access->reg, VERIFY_UNWRITTEN, NUM(access->size), NUM(lo));
    return access_check_objects(v, s, value->object, lo, hi, access);
}

static bool access_map_may(const struct verifier *v, const struct value *value, u32 need)
{
    u32 flags = access_spec(v, value)->flags;
    bool read_only = (flags & MAP_F_RDONLY_PROG) || (value->flags & VALUE_READ_ONLY);
    return !((need & NEED_WRITE) && read_only) &&
           !((need & NEED_READ) && (flags & MAP_F_WRONLY_PROG));
}

/* The lock in a value belongs to its helpers. */
static bool access_touches_lock(s64 lo, s64 hi, const struct skep_map_spec *spec)
{
    s64 lock = (s64)spec->lock_at - 1;
    return spec->lock_at && lo < lock + 4 && hi > lock;
}

/* The first special field that [lo, hi) touches; NULL. */
static const struct skep_special *access_special(const struct skep_map_spec *spec, s64 lo, s64 hi)
{
    for (u32 i = 0; i < SKEP_MAX_SPECIALS && spec->specials[i].kind != SKEP_SPECIAL_NONE; i++) {
        const struct skep_special *special = &spec->specials[i];
        if (lo < (s64)special->offset + special->size && hi > (s64)special->offset)
            return special;
    }
    return NULL;
}

const struct skep_special *access_special_at(const struct verifier *v, const struct cell *cell,
                                             s64 off)
{
    const struct value *value = cell_value(v, cell);
    u64 at;
    if (value->kind != VALUE_MAP_VALUE || (value->flags & VALUE_NULLABLE) ||
        !cell_constant_of(v, cell, &at))
        return NULL;
    s64 begin = (s64)at + off;
    const struct skep_special *special = access_special(access_spec(v, value), begin, begin + 1);
    return special && special->offset == begin ? special : NULL;
}

static bool access_is_kept_pointer(const struct skep_special *special)
{
    return special &&
           (special->kind == SKEP_SPECIAL_POINTER || special->kind == SKEP_SPECIAL_REFERENCE);
}

/* Kernel pointers are copied whole; all else belongs to its helpers. */
static bool access_check_special(struct verifier *v, const struct state *s,
                                 const struct cell *through, const struct access *access,
                                 const struct skep_map_spec *spec)
{
    s64 lo, hi;
    struct scalar range = relation_tighten(v, s, through);
    if (!access_span(&range, access->off, &lo, &hi))
        return true;
    hi += (s64)access->size;
    if (access_touches_lock(lo, hi, spec))
        return access_refused(v, access, "a spin lock", "accessed other than by its helpers");
    const struct skep_special *special = access_special(spec, lo, hi);
    if (!special)
        return true;
    if (!access_is_kept_pointer(special))
        return access_refused(v, access, "a field of a map's value that belongs to helpers",
                              "accessed otherwise");
    bool whole = access_special_at(v, through, access->off) == special && access->size == 8 &&
                 (access->need == NEED_READ || access->need == NEED_WRITE);
    return whole || access_refused(v, access, "a kernel pointer in a map's value",
                                   "accessed other than as a whole");
}

static bool access_check_map_value(struct verifier *v, struct state *s, const struct cell *through,
                                   const struct access *access)
{
    const struct value *value = cell_value(v, through);
    const struct skep_map_spec *spec = access_spec(v, value);
    bool within = access_is_within(v, s, through, access, 0, spec->value_size);
    if (!access_or_guard(v, s, through, access, spec->value_size, within))
        return access_out_of_bounds(v, through, access, spec->value_size);
    if (!access_map_may(v, value, access->need))
        return access_refused(v, access, "this map's values",
                              access->need & NEED_WRITE ? "written" : "read");
    return access_check_special(v, s, through, access, spec);
}

static bool access_check_packet(struct verifier *v, struct state *s, const struct cell *through,
                                const struct access *access)
{
    const struct value *value = cell_value(v, through);
    const struct cell *extent = &s->extent[value->kind == VALUE_META ? EXTENT_META : EXTENT_PACKET];
    if ((access->need & NEED_WRITE) && !(v->in->hook->flags & SKEP_HOOK_PACKET_WRITE))
        return access_refused(v, access, "the packet", "written by programs of this type");
    if (access->need & NEED_ATOMIC)
        return access_refused(v, access, "the packet", "accessed atomically");
    bool within = access_is_within_extent(v, s, through, access, extent);
    return access_or_guard(v, s, through, access, PACKET_MAX, within) ||
           access_out_of_bounds(v, through, access, relation_tighten(v, s, extent).umin);
}

static bool access_check_memory(struct verifier *v, struct state *s, const struct cell *through,
                                const struct access *access)
{
    const struct value *value = cell_value(v, through);
    if ((access->need & NEED_WRITE) && (value->flags & VALUE_READ_ONLY))
        return access_refused(v, access, "this memory", "written");
    bool within = value->flags & VALUE_DYNAMIC
                      ? access_is_within_extent(v, s, through, access, &s->extent[EXTENT_MEMORY])
                      : access_is_within(v, s, through, access, 0, value->bytes);
    return access_or_guard(v, s, through, access, value->bytes, within) ||
           access_out_of_bounds(v, through, access, value->bytes);
}

/* Plain memory as context: what the program compared with its size, or what every run must then
 * give. */
static bool access_check_plain_ctx(struct verifier *v, struct state *s, const struct cell *through,
                                   const struct access *access)
{
    const struct skep_hook *hook = v->in->hook;
    bool args = hook->ctx_kind == SKEP_CTX_ARGS;
    u32 limit = hook->ctx_size ? hook->ctx_size : args ? 0 : UINT16_MAX;
    if ((access->need & NEED_WRITE) && (args || !(hook->flags & SKEP_HOOK_CTX_WRITABLE)))
        return access_refused(v, access, "the context", "written by programs of this type");
    if (!args && access_is_within_extent(v, s, through, access, &s->extent[EXTENT_MEMORY]))
        return access_or_guard(v, s, through, access, limit, true);
    bool within = access_is_within(v, s, through, access, 0, limit);
    if (!access_or_guard(v, s, through, access, limit, within))
        return access_out_of_bounds(v, through, access, limit);
    u64 end = cell_value(v, through)->range.smax + (u64)access->off + access->size;
    v->ctx_bytes = max_u32(v->ctx_bytes, (u32)end);
    return true;
}

static bool access_is_aligned(const struct scalar *range, s64 off, u64 size, u64 base)
{
    struct scalar at = scalar_add64(*range, scalar_const((u64)off + base));
    return ((at.bits.value | at.bits.mask) & (size - 1)) == 0;
}

/* Where the machine, or the operation, wants it.  The stack's slots are told apart by it. */
static bool access_check_alignment(struct verifier *v, const struct cell *through,
                                   const struct access *access)
{
    const struct value *value = cell_value(v, through);
    bool wanted = v->in->aligned || (access->need & NEED_ATOMIC) ||
                  (value->kind == VALUE_STACK && v->in->profile != SKEP_PROFILE_RFC);
    if (access->need & NEED_HELPER)
        wanted = access->need & NEED_ALIGNED;
    if (!wanted)
        return true;
    u64 base = value->kind == VALUE_PACKET || value->kind == VALUE_META ? 2 : 0;
    /* Where a part of something begins, such as a dynptr's bytes, is not known. */
    bool placed = value->kind != VALUE_MEMORY || (value->flags & VALUE_RECORD) ||
                  !(access->need & NEED_ATOMIC) || access->size == 1;
    if (placed && access_is_aligned(&value->range, access->off, min_u64(access->size, 8), base))
        return true;
    return REJECT(v, access->reg, VERIFY_MISALIGNED, NUM(access->size),
                  STR(value_kind_name(value->kind)));
}

/* Lowering knows one way to access memory for each instruction: the context and typed objects
 * have ways of their own. */
static bool access_check_mixture(struct verifier *v, const struct value *value, u32 reg)
{
    u8 kind = VALUE_SCALAR; /* plain memory */
    if (value->kind == VALUE_CTX && v->in->hook->ctx_kind == SKEP_CTX_FIELDS)
        kind = VALUE_CTX;
    if (value->kind == VALUE_SOCK || value->kind == VALUE_TYPED)
        kind = value->kind;
    u8 before = v->accessed[v->at];
    v->accessed[v->at] = kind;
    return before == VALUE_NONE || before == kind ||
           REJECT(v, reg, VERIFY_MIXED_POINTERS, NUM(reg), STR(value_kind_name(before)),
                  STR(value_kind_name(kind)));
}

static bool access_check_region(struct verifier *v, struct state *s, const struct cell *through,
                                const struct access *access)
{
    const struct value *value = cell_value(v, through);
    switch ((enum value_kind)value->kind) {
    case VALUE_STACK: return access_check_stack(v, s, through, access);
    case VALUE_PACKET:
    case VALUE_META: return access_check_packet(v, s, through, access);
    case VALUE_MAP_VALUE: return access_check_map_value(v, s, through, access);
    case VALUE_MAP_KEY:
        if (access->need & NEED_WRITE)
            return access_refused(v, access, "a map key", "written");
        return access_is_within(v, s, through, access, 0, access_spec(v, value)->key_size) ||
               access_out_of_bounds(v, through, access, access_spec(v, value)->key_size);
    case VALUE_MEMORY: return access_check_memory(v, s, through, access);
    case VALUE_CTX:
        if (v->in->hook->ctx_kind != SKEP_CTX_FIELDS)
            return access_check_plain_ctx(v, s, through, access);
        break;
    case VALUE_NONE:
    case VALUE_SCALAR:
    case VALUE_PACKET_END:
    case VALUE_MAP:
    case VALUE_MEMORY_END:
    case VALUE_SOCK:
    case VALUE_TYPED:
    case VALUE_PER_CPU:
    case VALUE_FUNC:
    case VALUE_DYNPTR:
    case VALUE_ITERATOR:
    case VALUE_KIND_COUNT: break;
    }
    return access_refused(v, access, value_kind_name(value->kind), "accessed as memory");
}

bool access_check(struct verifier *v, struct state *s, const struct cell *through,
                  const struct access *access)
{
    const struct value *value = cell_value(v, through);
    if (value->kind == VALUE_NONE)
        return REJECT(v, access->reg, VERIFY_UNSET, NUM(access->reg));
    if (value->kind == VALUE_SCALAR)
        return REJECT(v, access->reg, VERIFY_NOT_A_POINTER, NUM(access->reg));
    if (value->flags & VALUE_NULLABLE)
        return REJECT(v, access->reg, VERIFY_MAY_BE_NULL, NUM(access->reg),
                      STR(value_kind_name(value->kind)));
    return ((access->need & NEED_HELPER) || access_check_mixture(v, value, access->reg)) &&
           access_check_region(v, s, through, access) && access_check_alignment(v, through, access);
}

/* ---- the context, field by field */

static bool access_ctx_offset(struct verifier *v, const struct cell *through,
                              const struct insn *insn, u32 reg, u32 *offset)
{
    u64 moved;
    if (!access_check_mixture(v, cell_value(v, through), reg))
        return false;
    if (!cell_constant_of(v, through, &moved) || moved != 0)
        return REJECT(v, reg, VERIFY_CTX_MOVED, NUM(reg));
    if (insn->off < 0 || insn->off > UINT16_MAX)
        return REJECT(v, reg, VERIFY_CTX_ACCESS, NUM(insn_row(insn)->size), NUM((s64)insn->off),
                      STR(v->in->hook->name));
    *offset = (u32)insn->off;
    return true;
}

static struct cell access_field_value(struct verifier *v, struct state *s,
                                      const struct skep_ctx_field *field, u32 size)
{
    struct value value = { .range = scalar_const(0) };
    bool nullable = field->access & SKEP_FIELD_NULLABLE;
    u32 extent = 0;
    switch ((enum skep_field_kind)field->kind) {
    case SKEP_FIELD_SCALAR: return cell_scalar(v, s, scalar_zext(scalar_any(), size));
    case SKEP_FIELD_PACKET: value.kind = VALUE_PACKET; break;
    case SKEP_FIELD_PACKET_META: value.kind = VALUE_META; break;
    case SKEP_FIELD_PACKET_END: value.kind = VALUE_PACKET_END; break;
    case SKEP_FIELD_SOCK:
        value.kind = VALUE_SOCK;
        value.object = (u16)field->bytes;
        break;
    case SKEP_FIELD_POINTER:
        value.kind = VALUE_MEMORY;
        value.bytes = field->bytes;
        value.flags = (u8)((field->bytes ? 0 : VALUE_DYNAMIC) |
                           (field->access & SKEP_FIELD_WRITE ? 0 : VALUE_READ_ONLY));
        break;
    case SKEP_FIELD_POINTER_END:
        value.kind = VALUE_MEMORY_END;
        extent = EXTENT_MEMORY;
        break;
    case SKEP_FIELD_BTF_PTR:
        value.kind = VALUE_TYPED;
        value.object = (u16)field->bytes;
        break;
    }
    if (nullable)
        value.flags |= VALUE_NULLABLE;
    struct cell cell = cell_pointer(v, value);
    cell.tag = nullable ? state_fresh_id(s) : 0;
    if (value.kind == VALUE_PACKET_END || value.kind == VALUE_MEMORY_END) {
        const struct cell *size_cell = &s->extent[extent];
        cell = cell_with_range(v, &cell, cell_value(v, size_cell)->range);
        form_set(&cell, form_of(size_cell));
    }
    if (value.kind == VALUE_PACKET || value.kind == VALUE_META || value.kind == VALUE_PACKET_END)
        cell.tag = s->packet;
    return cell;
}

static bool access_load_field(struct verifier *v, struct state *s, const struct insn *insn,
                              const struct cell *through)
{
    u32 offset, size = insn_row(insn)->size;
    if (!access_ctx_offset(v, through, insn, insn->src, &offset))
        return false;
    const struct skep_ctx_field *field = hook_field_to_load(v->in->hook, offset, size);
    bool pointer = field && field->kind != SKEP_FIELD_SCALAR;
    if (!field || (pointer && insn_kind(insn) == ISA_KIND_LOAD_SX))
        return REJECT(v, insn->src, VERIFY_CTX_ACCESS, NUM(size), NUM(offset),
                      STR(v->in->hook->name));
    struct cell cell = access_field_value(v, s, field, size);
    if (insn_kind(insn) == ISA_KIND_LOAD_SX)
        cell = cell_scalar(v, s, scalar_sext(cell_value(v, &cell)->range, size));
    state_set_reg(v, s, insn->dst, cell);
    return true;
}

static bool access_store_field(struct verifier *v, struct state *s, const struct insn *insn,
                               const struct cell *through)
{
    (void)s;
    u32 offset, size = insn_row(insn)->size;
    if (!access_ctx_offset(v, through, insn, insn->dst, &offset))
        return false;
    if (!hook_field_to_store(v->in->hook, offset, size))
        return REJECT(v, insn->dst, VERIFY_CTX_ACCESS, NUM(size), NUM(offset),
                      STR(v->in->hook->name));
    return true;
}

static bool access_is_field(const struct verifier *v, const struct cell *through)
{
    return cell_value(v, through)->kind == VALUE_CTX && v->in->hook->ctx_kind == SKEP_CTX_FIELDS;
}

/* ---- sockets, field by field */

static bool access_is_socket(const struct verifier *v, const struct cell *through)
{
    const struct value *value = cell_value(v, through);
    return value->kind == VALUE_SOCK && !(value->flags & VALUE_NULLABLE);
}

static bool access_load_socket(struct verifier *v, struct state *s, const struct insn *insn,
                               const struct cell *through)
{
    u64 moved;
    u32 size = insn_row(insn)->size;
    const struct value *value = cell_value(v, through);
    bool there = cell_constant_of(v, through, &moved) && moved == 0 && insn->off >= 0 &&
                 contract_sock_may_load(value->object, (u32)insn->off, size);
    if (!there)
        return REJECT(v, insn->src, VERIFY_SOCK_ACCESS, NUM(size), NUM((s64)insn->off));
    struct scalar range = insn_kind(insn) == ISA_KIND_LOAD_SX ? scalar_sext(scalar_any(), size)
                                                              : scalar_zext(scalar_any(), size);
    if (!access_check_mixture(v, value, insn->src))
        return false;
    state_set_reg(v, s, insn->dst, cell_scalar(v, s, range));
    return true;
}

/* ---- what a load gives */

static u64 access_constant(const u8 *at, u32 size)
{
    u64 number = 0;
    for (u32 i = 0; i < size; i++)
        number |= (u64)at[i] << 8 * (HOST_IS_BIG ? size - 1 - i : i);
    return number;
}

/* What lies at any of the offsets of a value that nobody writes. */
static struct scalar access_constants(struct verifier *v, const struct state *s,
                                      const struct cell *through, s64 off, u32 size)
{
    enum { ACCESS_MOST_CONSTANTS = 4096 };
    const struct value *value = cell_value(v, through);
    const struct verify_map *map = &v->in->maps[value->object];
    /* The same range by which the access was found to be within. */
    struct scalar range = relation_tighten(v, s, through);
    struct scalar at = scalar_add64(range, scalar_const((u64)off));
    u64 step = at.bits.mask ? at.bits.mask & (0 - at.bits.mask) : 1;
    struct scalar out = scalar_zext(scalar_any(), size);
    bool few = (at.umax - at.umin) / step < ACCESS_MOST_CONSTANTS;
    if (!map->constants || (value->flags & VALUE_INNER) || !few ||
        at.umax > map->spec->value_size - size)
        return out;
    bool first = true;
    for (u64 o = at.umin; o <= at.umax; o += step) {
        if ((o & ~at.bits.mask) != at.bits.value)
            continue;
        struct scalar here = scalar_const(access_constant(map->constants + o, size));
        out = first ? here : scalar_join(out, here);
        first = false;
    }
    return out;
}

/* Part of a spilled pointer is no number that Linux would let a program have. */
static bool access_check_fill(struct verifier *v, const struct state *s, const struct cell *through,
                              const struct access *access)
{
    const struct value *value = cell_value(v, through);
    u64 at;
    if (value->kind != VALUE_STACK || v->in->profile == SKEP_PROFILE_RFC ||
        !cell_constant_of(v, through, &at) || access->size == 8)
        return true;
    const struct frame *f = s->frames[value->object];
    u32 i = (u32)((-((s64)at + access->off) - 1) / 8);
    bool pointer = i < f->n_slots && f->slot[i].run[0].size == 8 &&
                   value_is_pointer(cell_value(v, &f->slot[i].part[0]));
    return !pointer || REJECT(v, access->reg, VERIFY_PARTIAL_FILL, NUM(access->size));
}

/* Is every byte that an access of a variable stack offset may touch 0? */
static bool access_is_zero(struct verifier *v, const struct state *s, const struct cell *through,
                           const struct access *access)
{
    const struct value *value = cell_value(v, through);
    struct scalar range = relation_tighten(v, s, through);
    s64 from = (s64)range.smin + access->off;
    u64 size = range.smax - range.smin + access->size;
    return stack_is_zero(s->frames[value->object], from, (u32)size);
}

/* Nothing keeps alive what a copy points to. */
static struct cell access_kept_pointer(struct verifier *v, struct state *s,
                                       const struct skep_special *special)
{
    struct value value = { .kind = VALUE_TYPED,
                           .flags = VALUE_NULLABLE | VALUE_UNTRUSTED,
                           .object = (u16)special->type };
    struct cell cell = cell_pointer(v, value);
    cell.tag = state_fresh_id(s);
    return cell;
}

static struct cell access_loaded(struct verifier *v, struct state *s, const struct cell *through,
                                 s64 off, u32 size)
{
    const struct value *value = cell_value(v, through);
    const struct access access = { .off = off, .size = size };
    u64 at;
    if (value->kind == VALUE_STACK && cell_constant_of(v, through, &at))
        return stack_get(v, s, value->object, (s64)at + off, size);
    if (value->kind == VALUE_STACK && access_is_zero(v, s, through, &access))
        return cell_constant(v, 0);
    if (access_is_kept_pointer(access_special_at(v, through, off)))
        return access_kept_pointer(v, s, access_special_at(v, through, off));
    if (value->kind == VALUE_MAP_VALUE)
        return cell_scalar(v, s, access_constants(v, s, through, off, size));
    struct cell cell = cell_scalar(v, s, scalar_zext(scalar_any(), size));
    if (value->kind == VALUE_CTX && v->in->hook->ctx_kind == SKEP_CTX_ARGS && size == 8) {
        struct value argument = *cell_value(v, &cell);
        argument.flags = VALUE_OF_HOST;
        cell.value = value_intern(&v->values, &argument);
    }
    return cell;
}

bool access_load(struct verifier *v, struct state *s, const struct insn *insn)
{
    const struct cell through = *state_reg(s, insn->src);
    enum isa_kind kind = insn_kind(insn);
    struct access access = {
        .reg = insn->src, .off = insn->off, .size = insn_row(insn)->size, .need = NEED_READ
    };
    if (access_is_field(v, &through) && kind != ISA_KIND_LOAD_ACQ)
        return access_load_field(v, s, insn, &through);
    if (access_is_socket(v, &through) && kind != ISA_KIND_LOAD_ACQ)
        return access_load_socket(v, s, insn, &through);
    if (kind == ISA_KIND_LOAD_ACQ)
        access.need |= NEED_ATOMIC;
    if (!access_check(v, s, &through, &access) || !access_check_fill(v, s, &through, &access))
        return false;
    struct cell cell = access_loaded(v, s, &through, insn->off, (u32)access.size);
    if (kind == ISA_KIND_LOAD_SX) {
        const struct value *value = cell_value(v, &cell);
        struct scalar range = value->kind == VALUE_SCALAR ? value->range : scalar_any();
        cell = cell_scalar(v, s, scalar_sext(range, (u32)access.size));
    }
    state_set_reg(v, s, insn->dst, cell);
    return true;
}

/* ---- stores */

/* What is left of a register of which only the low bytes are stored. */
static struct cell access_truncated(struct verifier *v, struct state *s, struct cell cell, u32 size)
{
    const struct value *value = cell_value(v, &cell);
    if (size == 8 || value->kind != VALUE_SCALAR)
        return cell;
    struct scalar range = scalar_zext(value->range, size);
    return scalar_equal(range, value->range) ? cell : cell_scalar(v, s, range);
}

static bool access_may_store(struct verifier *v, const struct cell *through,
                             const struct cell *cell, const struct access *access, u32 src)
{
    const struct value *to = cell_value(v, through), *what = cell_value(v, cell);
    if (!value_is_pointer(what))
        return true;
    if (to->kind != VALUE_STACK)
        return v->in->profile != SKEP_PROFILE_STRICT ||
               access_is_kept_pointer(access_special_at(v, through, access->off)) ||
               REJECT(v, src, VERIFY_LEAK, STR(value_kind_name(what->kind)),
                      STR(value_kind_name(to->kind)));
    if (access->size != 8)
        return REJECT(v, src, VERIFY_PARTIAL_SPILL, NUM(access->size));
    if (what->kind == VALUE_STACK && what->object > to->object)
        return REJECT(v, src, VERIFY_FRAME_ESCAPES, NUM(src));
    return true;
}

bool access_is_of_type(const struct value *typed, u32 type)
{
    return typed->object == type && type != SKEP_TYPE_UNKNOWN;
}

/* Into a kernel pointer goes NULL, or a pointer of its type; what is owned is only exchanged. */
static bool access_may_keep(struct verifier *v, const struct cell *through, const struct cell *cell,
                            const struct access *access, u32 src)
{
    const struct skep_special *special = access_special_at(v, through, access->off);
    const struct value *what = cell_value(v, cell);
    u64 at;
    if (!access_is_kept_pointer(special))
        return true;
    if (special->kind == SKEP_SPECIAL_REFERENCE)
        return access_refused(v, access, "a kernel pointer that a map's value owns",
                              "written other than by bpf_kptr_xchg");
    bool null = what->kind == VALUE_SCALAR && what->range.umax == 0;
    bool same = what->kind == VALUE_TYPED && cell_constant_of(v, cell, &at) && at == 0 &&
                access_is_of_type(what, special->type);
    return null || same ||
           REJECT(v, src, VERIFY_LEAK, STR(value_kind_name(what->kind)),
                  STR("a kernel pointer of another type"));
}

static void access_store_stack(struct verifier *v, struct state *s, const struct cell *through,
                               const struct access *access, struct cell cell)
{
    u64 at;
    u32 frame = cell_value(v, through)->object;
    if (cell_constant_of(v, through, &at)) {
        stack_put(v, s, frame, (s64)at + access->off, (u32)access->size, cell);
        return;
    }
    u64 constant;
    bool zero = cell_value(v, &cell)->kind == VALUE_SCALAR &&
                cell_constant_of(v, &cell, &constant) && constant == 0;
    struct scalar range = relation_tighten(v, s, through);
    if (zero) { /* bytes that are 0 stay so, wherever it goes */
        s64 from = (s64)range.smin + access->off, to = (s64)range.smax + access->off;
        for (s64 byte = from; byte < to + (s64)access->size; byte++)
            if (!stack_is_zero(s->frames[frame], byte, 1))
                stack_scramble(v, s, frame, byte, byte + 1, false);
        return;
    }
    stack_scramble(v, s, frame, (s64)range.smin + access->off,
                   (s64)range.smax + access->off + (s64)access->size, false);
}

bool access_store(struct verifier *v, struct state *s, const struct insn *insn)
{
    const struct cell through = *state_reg(s, insn->dst);
    enum isa_kind kind = insn_kind(insn);
    u32 size = insn_row(insn)->size;
    struct access access = { .reg = insn->dst, .off = insn->off, .size = size, .need = NEED_WRITE };
    struct cell cell =
        kind == ISA_KIND_STORE_IMM ? cell_constant(v, insn->imm) : *state_reg(s, insn->src);
    if (cell_is_none(&cell))
        return REJECT(v, insn->src, VERIFY_UNSET, NUM(insn->src));
    if (access_is_field(v, &through) && kind != ISA_KIND_STORE_REL)
        return access_store_field(v, s, insn, &through) &&
               access_may_store(v, &through, &cell, &access, insn->src);
    if (kind == ISA_KIND_STORE_REL)
        access.need |= NEED_ATOMIC;
    if (!access_check(v, s, &through, &access) ||
        !access_may_keep(v, &through, &cell, &access, insn->src) ||
        !access_may_store(v, &through, &cell, &access, insn->src))
        return false;
    if (cell_value(v, &through)->kind == VALUE_STACK)
        access_store_stack(v, s, &through, &access, access_truncated(v, s, cell, size));
    return true;
}

/* ---- atomics: a load and a store */

/* What is in memory afterwards. */
static struct cell access_updated(struct verifier *v, struct state *s, const struct insn *insn,
                                  const struct cell *before, const struct cell *operand)
{
    u32 size = insn_row(insn)->size;
    const struct value *a = cell_value(v, before), *b = cell_value(v, operand);
    struct scalar range = scalar_zext(scalar_any(), size);
    bool numbers = a->kind == VALUE_SCALAR && b->kind == VALUE_SCALAR;
    enum isa_kind kind = insn_kind(insn);
    if (kind == ISA_KIND_XCHG && size == 8)
        return *operand;
    if (numbers && kind == ISA_KIND_XCHG)
        range = scalar_zext(b->range, size);
    else if (numbers && kind == ISA_KIND_CMPXCHG)
        range = scalar_join(a->range, scalar_zext(b->range, size));
    else if (numbers)
        range = scalar_zext(alu_atomic(insn, a->range, b->range), size);
    return cell_scalar(v, s, range);
}

bool access_atomic(struct verifier *v, struct state *s, const struct insn *insn)
{
    const struct cell through = *state_reg(s, insn->dst), operand = *state_reg(s, insn->src);
    enum isa_kind kind = insn_kind(insn);
    u32 size = insn_row(insn)->size;
    struct access access = { .reg = insn->dst,
                             .off = insn->off,
                             .size = size,
                             .need = NEED_READ | NEED_WRITE | NEED_ATOMIC };
    if (cell_is_none(&operand))
        return REJECT(v, insn->src, VERIFY_UNSET, NUM(insn->src));
    if (kind == ISA_KIND_CMPXCHG && cell_is_none(state_reg(s, 0)))
        return REJECT(v, 0, VERIFY_UNSET, NUM(0));
    if (value_is_pointer(cell_value(v, &operand)) && v->in->profile == SKEP_PROFILE_STRICT)
        return REJECT(v, insn->src, VERIFY_LEAK,
                      STR(value_kind_name(cell_value(v, &operand)->kind)), STR("memory"));
    if (!access_check(v, s, &through, &access) || !access_check_fill(v, s, &through, &access))
        return false;
    struct cell before = access_loaded(v, s, &through, insn->off, size);
    if (value_is_pointer(cell_value(v, &before)) && v->in->profile == SKEP_PROFILE_STRICT)
        return REJECT(v, insn->dst, VERIFY_LEAK, STR(value_kind_name(cell_value(v, &before)->kind)),
                      STR("a register"));
    if (cell_value(v, &through)->kind == VALUE_STACK)
        access_store_stack(v, s, &through, &access, access_updated(v, s, insn, &before, &operand));
    if (kind == ISA_KIND_FETCH || kind == ISA_KIND_XCHG)
        state_set_reg(v, s, insn->src, before);
    if (kind == ISA_KIND_CMPXCHG)
        state_set_reg(v, s, 0, before);
    return true;
}
