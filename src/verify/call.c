/* Calls: of helpers by their contracts, of subprograms, of callbacks; and how functions end.
 *
 * Everything that is known of a helper is its descriptor.  First every argument is checked, then
 * the call's effects are applied: what is released, written, moved; last comes what is returned. */
#include "verify/call.h"

#include "rt/rt.h"

/* ---- refusals */

bool call_wrong(struct verifier *v, const struct call *call, u32 a, const char *expected)
{
    const struct value *value = cell_value(v, &call->args[a]);
    return REJECT(v, a + 1, VERIFY_ARGUMENT, STR(call->helper->name), NUM(a + 1), STR(expected),
                  STR(value->flags & VALUE_NULLABLE ? "a pointer that may be NULL"
                                                    : value_kind_name(value->kind)));
}

/* ---- what is held */

u32 call_acquire(struct verifier *v, struct state *s, enum held_what kind)
{
    u32 ref = state_fresh_id(s);
    if (s->n_held == STATE_MAX_HELD) {
        REJECT(v, STATE_REGS, VERIFY_HELD_LIMIT, NUM(STATE_MAX_HELD));
        return 0;
    }
    s->held[s->n_held++] =
        (struct held){ .ref = ref, .insn = v->at, .kind = (u8)kind, .frame = s->n_frames };
    return ref;
}

static void call_forget_ref(struct verifier *v, struct state *s, struct cell *cell, void *user)
{
    if (cell->ref == *(const u32 *)user)
        *cell = cell_scalar(v, s, scalar_any());
}

static bool call_release(struct verifier *v, struct state *s, u32 ref)
{
    for (u32 i = 0; i < s->n_held; i++)
        if (s->held[i].ref == ref) {
            memmove(&s->held[i], &s->held[i + 1], (s->n_held - i - 1u) * sizeof(struct held));
            s->n_held--;
            state_each_cell(v, s, call_forget_ref, &ref);
            return true;
        }
    return false;
}

bool call_nothing_held(struct verifier *v, const struct state *s, u32 from, const char *what)
{
    for (u32 i = 0; i < s->n_held; i++) {
        if (s->held[i].frame < from)
            continue;
        if (s->held[i].kind == HELD_RCU || s->held[i].kind == HELD_PREEMPT)
            REJECT(v, STATE_REGS, VERIFY_SECTION_OPEN, STR(what));
        else
            REJECT(v, STATE_REGS, VERIFY_LEAKS_REFERENCE, STR(what),
                   NUM(v->in->code->slot_of[s->held[i].insn]));
        v->report->set_at = s->held[i].insn;
        return false;
    }
    return !s->lock_map || REJECT(v, STATE_REGS, VERIFY_LOCK_HELD, STR(what));
}

/* ---- arguments: memory */

static u32 call_need(const struct skep_arg *arg)
{
    u32 need = (arg->flags & SKEP_ARG_READ ? NEED_READ : 0u) |
               (arg->flags & SKEP_ARG_WRITE ? NEED_WRITE : 0u);
    return (need ? need : NEED_READ) | NEED_HELPER;
}

static bool call_is_null(const struct verifier *v, const struct cell *cell)
{
    const struct value *value = cell_value(v, cell);
    return value->kind == VALUE_SCALAR && value->range.umax == 0;
}

static bool call_check_bytes(struct verifier *v, struct state *s, const struct call *call, u32 a,
                             u64 bytes, const struct cell *length)
{
    const struct skep_arg *arg = &call->helper->args[a];
    struct cell through = call->args[a];
    struct access access = {
        .reg = a + 1, .size = bytes, .need = call_need(arg), .arg = a + 1, .length = length
    };
    struct value value = *cell_value(v, &through);
    if ((arg->flags & SKEP_ARG_KEPT) && value.kind != VALUE_MAP_VALUE)
        return call_wrong(v, call, a, "memory of a map's value");
    if (!value_is_pointer(&value))
        return call_wrong(v, call, a, "memory");
    if ((arg->flags & SKEP_ARG_NULLABLE) && (value.flags & VALUE_NULLABLE)) {
        value.flags &= (u8)~VALUE_NULLABLE;
        through.value = value_intern(&v->values, &value);
    }
    if (value.kind == VALUE_CTX && v->in->hook->ctx_kind == SKEP_CTX_FIELDS)
        return call_wrong(v, call, a, "memory");
    /* The helper may look at the packet while it writes. */
    if ((value.kind == VALUE_PACKET || value.kind == VALUE_META) && (access.need & NEED_WRITE))
        return call_wrong(v, call, a, "memory outside of the packet");
    if (arg->flags & SKEP_ARG_ALIGNED)
        access.need |= NEED_ALIGNED;
    return access_check(v, s, &through, &access);
}

static const struct cell *call_size_of(const struct call *call, u32 a)
{
    bool sized = a + 1 < 5 && call->helper->args[a + 1].kind == SKEP_ARG_SIZE;
    return sized ? &call->args[a + 1] : NULL;
}

static bool call_check_size(struct verifier *v, const struct call *call, u32 a)
{
    const struct value *size = cell_value(v, &call->args[a]);
    if (size->kind != VALUE_SCALAR)
        return call_wrong(v, call, a, "a size");
    if ((s64)size->range.smin < 0)
        return REJECT(v, a + 1, VERIFY_SIZE_NEGATIVE, STR(call->helper->name), NUM(a + 1));
    if (size->range.umax >= (u64)1 << 29)
        return REJECT(v, a + 1, VERIFY_SIZE_UNBOUNDED, STR(call->helper->name), NUM(a + 1),
                      NUM(size->range.umax));
    if (size->range.umin == 0 && !(call->helper->args[a].flags & SKEP_ARG_ZERO_OK))
        return REJECT(v, a + 1, VERIFY_SIZE_ZERO, STR(call->helper->name), NUM(a + 1));
    return true;
}

static bool call_check_memory(struct verifier *v, struct state *s, const struct call *call, u32 a)
{
    const struct skep_arg *arg = &call->helper->args[a];
    const struct cell *size = arg->bytes ? NULL : call_size_of(call, a);
    bool null = (arg->flags & SKEP_ARG_NULLABLE) && call_is_null(v, &call->args[a]);
    if (!size)
        return null || call_check_bytes(v, s, call, a, arg->bytes ? arg->bytes : 1, NULL);
    if (!call_check_size(v, call, a + 1))
        return false;
    u64 most = relation_tighten(v, s, size).umax;
    if (null)
        return most == 0 || call_wrong(v, call, a, "memory, since its size is not 0");
    return call_check_bytes(v, s, call, a, most, size);
}

/* ---- arguments: maps, and what lies in their values */

/* Who may change maps of sockets is a matter of program types. */
static bool call_may_change_sockets(const struct verifier *v, u32 wanted)
{
    u32 flags = v->in->hook->flags;
    return !((wanted & SKEP_MAP_UPDATE) && !(flags & SKEP_HOOK_PUTS_SOCKETS)) &&
           !((wanted & SKEP_MAP_DELETE) && !(flags & SKEP_HOOK_DROPS_SOCKETS));
}

static bool call_check_map(struct verifier *v, struct call *call, u32 a)
{
    u32 writes = SKEP_MAP_UPDATE | SKEP_MAP_DELETE | SKEP_MAP_PUSH | SKEP_MAP_POP;
    u32 reads =
        SKEP_MAP_PEEK | SKEP_MAP_ITERATE; /* what a lookup finds, accesses are checked for */
    const struct value *value = cell_value(v, &call->args[a]);
    u32 wanted = call->helper->maps;
    if (value->kind != VALUE_MAP || (value->flags & VALUE_NULLABLE))
        return call_wrong(v, call, a, "a map");
    const struct skep_map_type *type = access_type(v, value);
    const struct skep_map_spec *spec = access_spec(v, value);
    if ((type->traits & SKEP_MAP_HOLDS_MAPS) && !spec->inner) /* the object leaves it to its tool */
        return call_wrong(v, call, a, "a map of maps of which the inner map is known");
    if ((type->classes & wanted) != wanted)
        return REJECT(v, a + 1, VERIFY_MAP_CLASS, STR(call->helper->name), STR(type->name),
                      STR(spec->name ? spec->name : ""));
    if ((type->traits & SKEP_MAP_HOLDS_SOCKETS) && !call_may_change_sockets(v, wanted))
        return REJECT(v, a + 1, VERIFY_MAP_CLASS, STR(call->helper->name), STR(type->name),
                      STR(spec->name ? spec->name : ""));
    bool forbidden = ((wanted & writes) && (spec->flags & MAP_F_RDONLY_PROG)) ||
                     ((wanted & reads) && (spec->flags & MAP_F_WRONLY_PROG));
    if (forbidden)
        return REJECT(v, a + 1, VERIFY_MAP_FORBIDS, STR(call->helper->name),
                      STR(spec->name ? spec->name : ""));
    call->map = call->args[a];
    return true;
}

/* A constant key that an array has is found. */
static void call_note_key(struct verifier *v, struct state *s, struct call *call, u32 a)
{
    const struct value *map = cell_value(v, &call->map), *key = cell_value(v, &call->args[a]);
    const u32 traits = access_type(v, map)->traits;
    u64 at, index;
    bool always = (traits & SKEP_MAP_KEYS_ARE_INDEXES) &&
                  !(traits & (SKEP_MAP_HOLDS_HANDLES | SKEP_MAP_HOLDS_PROGRAMS));
    bool by_key_alone = a == 4 || call->helper->args[a + 1].kind == SKEP_ARG_NONE;
    if (!always || !by_key_alone || (map->flags & VALUE_INNER) || key->kind != VALUE_STACK ||
        !cell_constant_of(v, &call->args[a], &at) || ((s64)at & 7) > 4)
        return;
    struct cell cell = stack_get(v, s, key->object, (s64)at, 4);
    call->key_is_index = cell_value(v, &cell)->kind == VALUE_SCALAR &&
                         cell_constant_of(v, &cell, &index) &&
                         index < access_spec(v, map)->max_entries;
}

static bool call_check_key(struct verifier *v, struct state *s, struct call *call, u32 a)
{
    u32 bytes = access_spec(v, cell_value(v, &call->map))->key_size;
    if (bytes && !call_check_bytes(v, s, call, a, bytes, NULL))
        return false;
    call_note_key(v, s, call, a);
    return true;
}

static bool call_check_special(struct verifier *v, struct call *call, u32 a, u8 kind,
                               const char *what)
{
    const struct skep_special *special = access_special_at(v, &call->args[a], 0);
    if (!special || special->kind != kind)
        return call_wrong(v, call, a, what);
    call->slot_type = special->type;
    return true;
}

static bool call_check_lock(struct verifier *v, struct state *s, const struct call *call, u32 a)
{
    const struct cell *arg = &call->args[a];
    const struct value *value = cell_value(v, arg);
    u16 map = (u16)(value->object + 1u);
    u64 at;
    if (value->kind != VALUE_MAP_VALUE || (value->flags & VALUE_NULLABLE) ||
        !cell_constant_of(v, arg, &at) || at > UINT32_MAX ||
        at + 1 != access_spec(v, value)->lock_at)
        return call_wrong(v, call, a, "a spin lock in a map value");
    if (call->helper->effects & SKEP_LOCKS) {
        if (s->lock_map)
            return REJECT(v, a + 1, VERIFY_LOCK_HELD, STR(call->helper->name));
        s->lock = arg->tag;
        s->lock_map = map;
    } else {
        if (s->lock_map != map || s->lock != arg->tag)
            return REJECT(v, a + 1, VERIFY_LOCK_NOT_HELD, STR(call->helper->name));
        s->lock = 0;
        s->lock_map = 0;
    }
    return true;
}

static bool call_check_string(struct verifier *v, const struct call *call, u32 a)
{
    const struct value *value = cell_value(v, &call->args[a]);
    u64 at;
    if (value->kind != VALUE_MAP_VALUE || !v->in->maps[value->object].constants ||
        (value->flags & (VALUE_INNER | VALUE_NULLABLE)) ||
        !cell_constant_of(v, &call->args[a], &at))
        return call_wrong(v, call, a, "a string in a read-only, frozen map");
    const struct verify_map *map = &v->in->maps[value->object];
    if (at >= map->spec->value_size || !memchr(map->constants + at, 0, map->spec->value_size - at))
        return call_wrong(v, call, a, "a string that ends in its map value");
    return true;
}

/* ---- arguments: things */

static bool call_check_thing(struct verifier *v, struct call *call, u32 a, enum value_kind kind,
                             const char *what)
{
    const struct skep_arg *arg = &call->helper->args[a];
    const struct cell *cell = &call->args[a];
    const struct value *value = cell_value(v, cell);
    if (value->kind != kind || (value->flags & (VALUE_NULLABLE | VALUE_UNTRUSTED)))
        return call_wrong(v, call, a, what);
    if (!(arg->flags & SKEP_ARG_RELEASE))
        return true;
    u64 at;
    if (!cell->ref || !cell_constant_of(v, cell, &at) || at != 0)
        return call_wrong(v, call, a, "what must be given back, unmoved");
    call->released = cell->ref;
    return true;
}

/* A type of the contract's, or the one that it leaves to a slot. */
static u32 call_type(const struct call *call, u32 type)
{
    return type == SKEP_TYPE_OF_SLOT ? call->slot_type : type;
}

/* What an object has inside is of another type: only its beginning will do. */
static bool call_check_typed(struct verifier *v, struct call *call, u32 a)
{
    const struct value *value = cell_value(v, &call->args[a]);
    u32 type = call_type(call, call->helper->args[a].type);
    const char *what = contract_type_name(type);
    u64 at;
    if (value->flags & VALUE_OF_HOST) /* it knows what that is */
        return !(call->helper->args[a].flags & SKEP_ARG_RELEASE) || call_wrong(v, call, a, what);
    if (value->kind == VALUE_TYPED &&
        (!access_is_of_type(value, type) || !cell_constant_of(v, &call->args[a], &at) || at != 0))
        return call_wrong(v, call, a, what);
    return call_check_thing(v, call, a, VALUE_TYPED, what);
}

static bool call_check_ctx(struct verifier *v, const struct call *call, u32 a)
{
    u64 at;
    const struct value *value = cell_value(v, &call->args[a]);
    bool same = value->kind == VALUE_CTX && cell_constant_of(v, &call->args[a], &at) && at == 0;
    return same || call_wrong(v, call, a, "the unchanged context");
}

static bool call_check_constant(struct verifier *v, const struct call *call, u32 a)
{
    u64 constant;
    if (!(call->helper->args[a].flags & SKEP_ARG_CONSTANT))
        return true;
    if (!cell_constant_of(v, &call->args[a], &constant))
        return call_wrong(v, call, a, "a constant");
    bool zero = call->helper->args[a].flags & SKEP_ARG_IS_ZERO;
    return !zero || constant == 0 || call_wrong(v, call, a, "0");
}

static bool call_check_anything(struct verifier *v, const struct call *call, u32 a)
{
    const struct value *value = cell_value(v, &call->args[a]);
    return v->in->profile != SKEP_PROFILE_STRICT || !value_is_pointer(value) ||
           call_wrong(v, call, a, "a number (a pointer would leak)");
}

static bool call_check_argument(struct verifier *v, struct state *s, struct call *call, u32 a)
{
    const struct skep_arg *arg = &call->helper->args[a];
    const struct value *value = cell_value(v, &call->args[a]);
    if ((arg->flags & SKEP_ARG_NULLABLE) && arg->kind != SKEP_ARG_MEM &&
        call_is_null(v, &call->args[a]))
        return true;
    switch ((enum skep_arg_kind)arg->kind) {
    case SKEP_ARG_NONE:
    case SKEP_ARG_KIND_COUNT: return true;
    case SKEP_ARG_ANYTHING: return call_check_anything(v, call, a);
    case SKEP_ARG_SCALAR:
        return (value->kind == VALUE_SCALAR || call_wrong(v, call, a, "a number")) &&
               call_check_constant(v, call, a);
    case SKEP_ARG_CTX: return call_check_ctx(v, call, a);
    case SKEP_ARG_MAP: return call_check_map(v, call, a);
    case SKEP_ARG_MAP_KEY: return call_check_key(v, s, call, a);
    case SKEP_ARG_MAP_VALUE: {
        if (access_type(v, cell_value(v, &call->map))->traits & SKEP_MAP_HOLDS_SOCKETS)
            return call_check_thing(v, call, a, VALUE_SOCK, "a socket");
        u32 bytes = access_spec(v, cell_value(v, &call->map))->value_size;
        return !bytes || call_check_bytes(v, s, call, a, bytes, NULL);
    }
    case SKEP_ARG_MEM: return call_check_memory(v, s, call, a);
    case SKEP_ARG_SIZE: return true; /* with its MEM */
    case SKEP_ARG_ALLOC_SIZE:
        if (value->kind != VALUE_SCALAR ||
            !cell_constant_of(v, &call->args[a], &call->alloc_bytes) ||
            call->alloc_bytes > INT32_MAX)
            return call_wrong(v, call, a, "a constant size");
        return true;
    case SKEP_ARG_STRING: return call_check_string(v, call, a);
    case SKEP_ARG_CALLBACK:
        return value->kind == VALUE_FUNC || call_wrong(v, call, a, "a subprogram");
    case SKEP_ARG_CALLBACK_CTX: return true;
    case SKEP_ARG_RECORD:
        if (!(value->flags & VALUE_RECORD))
            return call_wrong(v, call, a, "the start of a record");
        return call_check_thing(v, call, a, VALUE_MEMORY, "the start of a record");
    case SKEP_ARG_SPIN_LOCK: return call_check_lock(v, s, call, a);
    case SKEP_ARG_TIMER:
        return call_check_special(v, call, a, SKEP_SPECIAL_TIMER, "a timer in a map value");
    case SKEP_ARG_KPTR:
        return call_check_special(v, call, a, SKEP_SPECIAL_REFERENCE,
                                  "a kernel pointer that a map value owns");
    case SKEP_ARG_ITER: return owned_check_iterator(v, s, call, a);
    case SKEP_ARG_DYNPTR: return owned_check_dynptr(v, s, call, a);
    case SKEP_ARG_SOCK: return call_check_thing(v, call, a, VALUE_SOCK, "a socket");
    case SKEP_ARG_BTF_PTR: return call_check_typed(v, call, a);
    }
    return true;
}

static bool call_check(struct verifier *v, struct state *s, struct call *call)
{
    const struct skep_helper *helper = call->helper;
    if (s->lock_map && !(helper->effects & (SKEP_LOCKS | SKEP_UNLOCKS)))
        return REJECT(v, STATE_REGS, VERIFY_LOCK_HELD, STR(helper->name));
    if ((helper->effects & SKEP_SLEEPS) && (!v->in->sleepable || s->rcu || s->preempt))
        return REJECT(v, STATE_REGS, VERIFY_SLEEPS, STR(helper->name));
    if ((helper->effects & SKEP_TAIL_CALLS) && !call_nothing_held(v, s, 0, helper->name))
        return false;
    for (u32 a = 0; a < 5 && helper->args[a].kind != SKEP_ARG_NONE; a++) {
        call->args[a] = *state_reg(s, a + 1);
        if (cell_is_none(&call->args[a]))
            return REJECT(v, a + 1, VERIFY_UNSET, NUM(a + 1));
    }
    for (u32 a = 0; a < 5 && helper->args[a].kind != SKEP_ARG_NONE; a++)
        if (!call_check_argument(v, s, call, a))
            return false;
    return true;
}

/* ---- effects */

static u64 call_most_bytes(struct verifier *v, const struct call *call, u32 a, u64 *least)
{
    const struct skep_arg *arg = &call->helper->args[a];
    const struct cell *size = call_size_of(call, a);
    u64 bytes = arg->bytes;
    if (arg->kind == SKEP_ARG_MAP_KEY)
        bytes = access_spec(v, cell_value(v, &call->map))->key_size;
    else if (arg->kind == SKEP_ARG_MAP_VALUE)
        bytes = access_spec(v, cell_value(v, &call->map))->value_size;
    else if (!arg->bytes && size) {
        *least = cell_value(v, size)->range.umin;
        return cell_value(v, size)->range.umax;
    }
    *least = bytes;
    return bytes;
}

/* What the helper writes to the stack is not known; nor that it does, where the pointer may be
 * NULL. */
static void call_write(struct verifier *v, struct state *s, const struct call *call, u32 a)
{
    const struct value *value = cell_value(v, &call->args[a]);
    u64 least, at, most = call_most_bytes(v, call, a, &least);
    if (value->kind != VALUE_STACK || most == 0)
        return;
    if (cell_constant_of(v, &call->args[a], &at)) {
        stack_scramble(v, s, value->object, (s64)at, (s64)at + (s64)least,
                       !(value->flags & VALUE_NULLABLE));
        stack_scramble(v, s, value->object, (s64)at + (s64)least, (s64)at + (s64)most, false);
        return;
    }
    struct scalar range = relation_tighten(v, s, &call->args[a]);
    stack_scramble(v, s, value->object, (s64)range.smin, (s64)range.smax + (s64)most, false);
}

static void call_forget_packet(struct verifier *v, struct state *s, struct cell *cell, void *user)
{
    (void)user;
    u8 kind = cell_value(v, cell)->kind;
    if (kind == VALUE_PACKET || kind == VALUE_META || kind == VALUE_PACKET_END)
        *cell = cell_scalar(v, s, scalar_any());
}

void call_packet_moves(struct verifier *v, struct state *s)
{
    state_each_cell(v, s, call_forget_packet, NULL);
    s->packet = state_fresh_id(s);
    s->extent[EXTENT_PACKET] = cell_scalar(v, s, scalar_range(0, VERIFY_MOST_PACKET));
    s->extent[EXTENT_META] = cell_scalar(v, s, scalar_range(0, VERIFY_MOST_PACKET));
}

static bool call_effects(struct verifier *v, struct state *s, const struct call *call)
{
    for (u32 a = 0; a < 5 && call->helper->args[a].kind != SKEP_ARG_NONE; a++) {
        const struct skep_arg *arg = &call->helper->args[a];
        bool owned = arg->kind == SKEP_ARG_DYNPTR || arg->kind == SKEP_ARG_ITER;
        if (owned && !owned_effects(v, s, call, a))
            return false;
        if (!owned && (arg->flags & SKEP_ARG_WRITE))
            call_write(v, s, call, a);
    }
    if (call->released && !call_release(v, s, call->released))
        return REJECT(v, STATE_REGS, VERIFY_NOT_HELD, STR(call->helper->name));
    if (call->helper->effects & SKEP_MOVES_PACKET)
        call_packet_moves(v, s);
    return true;
}

/* ---- results */

static struct cell call_map_value(struct verifier *v, struct state *s, const struct cell *map,
                                  bool nullable)
{
    struct value value = *cell_value(v, map);
    if (access_type(v, &value)->traits & SKEP_MAP_HOLDS_MAPS) {
        value.kind = VALUE_MAP;
        value.flags = VALUE_INNER;
        nullable = true;
    } else if (access_type(v, &value)->traits & SKEP_MAP_HOLDS_SOCKETS) {
        value = (struct value){ .kind = VALUE_SOCK, .object = SKEP_SOCK_FULL };
        nullable = true;
    } else {
        value.kind = VALUE_MAP_VALUE;
        value.flags &= VALUE_INNER;
    }
    if (nullable)
        value.flags |= VALUE_NULLABLE;
    struct cell cell = cell_pointer(v, value);
    cell.tag = state_fresh_id(s);
    return cell;
}

/* [lo, hi], or no more than the helper was given room for. */
static struct scalar call_integer(struct verifier *v, const struct call *call)
{
    const struct skep_ret *ret = &call->helper->ret;
    if (ret->flags & SKEP_RET_AT_MOST_SIZE)
        for (u32 a = 0; a < 5; a++)
            if (call->helper->args[a].kind == SKEP_ARG_SIZE)
                return scalar_srange((u64)ret->lo, cell_value(v, &call->args[a])->range.umax);
    return ret->lo || ret->hi ? scalar_srange((u64)ret->lo, (u64)ret->hi) : scalar_any();
}

static bool call_result(struct verifier *v, struct state *s, const struct call *call,
                        struct cell *out)
{
    const struct skep_ret *ret = &call->helper->ret;
    struct value value = { .kind = VALUE_NONE };
    *out = cell_none();
    switch ((enum skep_ret_kind)ret->kind) {
    case SKEP_RET_INTEGER: *out = cell_scalar(v, s, call_integer(v, call)); return true;
    case SKEP_RET_VOID: return true;
    case SKEP_RET_MAP_VALUE:
        if (cell_is_none(&call->map))
            return call_wrong(v, call, 0, "a map");
        *out = call_map_value(v, s, &call->map,
                              (ret->flags & SKEP_RET_NULLABLE) && !call->key_is_index);
        if (cell_value(v, out)->kind == VALUE_SOCK)
            out->ref = call_acquire(v, s, HELD_OBJECT);
        return cell_value(v, out)->kind != VALUE_SOCK || out->ref != 0;
    case SKEP_RET_MEM:
        value.kind = VALUE_MEMORY;
        value.bytes = ret->bytes ? ret->bytes : (u32)call->alloc_bytes;
        value.flags = ret->flags & SKEP_RET_READ_ONLY ? VALUE_READ_ONLY : 0;
        break;
    case SKEP_RET_SOCK:
        value.kind = VALUE_SOCK;
        value.object = ret->sock;
        break;
    case SKEP_RET_BTF_PTR:
        value.kind = VALUE_TYPED;
        value.object = (u16)call_type(call, ret->type);
        break;
    case SKEP_RET_CPU_PTR: value.kind = VALUE_PER_CPU; break;
    }
    if (ret->flags & SKEP_RET_NULLABLE)
        value.flags |= VALUE_NULLABLE;
    if ((ret->flags & SKEP_RET_ACQUIRES) && value.kind == VALUE_MEMORY)
        value.flags |= VALUE_RECORD;
    u32 whole = ret->flags & SKEP_RET_CASTS ? call->args[0].ref : call->part_of;
    if (whole)
        value.flags |= VALUE_PART;
    *out = cell_pointer(v, value);
    out->tag = state_fresh_id(s);
    out->ref = whole;
    if (ret->flags & SKEP_RET_ACQUIRES) {
        out->ref = call_acquire(v, s, value.kind == VALUE_MEMORY ? HELD_RECORD : HELD_OBJECT);
        return out->ref != 0;
    }
    return true;
}

void call_clobber(struct verifier *v, struct state *s, struct cell r0)
{
    struct frame *f = state_own_regs(v, s, s->n_frames - 1u);
    if (!f)
        return;
    f->reg[0] = r0;
    for (u32 r = 1; r <= 5; r++)
        f->reg[r] = cell_none();
}

/* ---- callbacks */

static const struct cell *call_argument_of(const struct call *call, u8 kind)
{
    for (u32 a = 0; a < 5; a++)
        if (call->helper->args[a].kind == kind)
            return &call->args[a];
    return NULL;
}

/* A number below the first argument, which is one of 32 bits. */
static struct cell call_index(struct verifier *v, struct state *s, const struct cell *limit)
{
    const struct value *value = cell_value(v, limit);
    bool exact = value->kind == VALUE_SCALAR && value->range.umax <= UINT32_MAX;
    u64 most = exact ? value->range.umax : UINT32_MAX;
    struct cell index = cell_scalar(v, s, scalar_range(0, most ? most - 1 : 0));
    if (exact)
        relation_note(v, s, &index, limit, -1);
    return index;
}

/* What is lent to a callback carries the number of its frame, the next one. */
static struct cell call_parameter(struct verifier *v, struct state *s, const struct call *call,
                                  u32 p)
{
    const struct skep_callback *callback = &call->helper->callback;
    const struct cell *ctx = call_argument_of(call, SKEP_ARG_CALLBACK_CTX);
    struct value value = { .kind = VALUE_NONE };
    bool has_map = !cell_is_none(&call->map);
    switch ((enum skep_param_kind)callback->params[p]) {
    case SKEP_PARAM_NONE: return cell_none();
    case SKEP_PARAM_SCALAR: return cell_scalar(v, s, scalar_any());
    case SKEP_PARAM_INDEX: return call_index(v, s, &call->args[0]);
    case SKEP_PARAM_MAP: return call->map;
    case SKEP_PARAM_MAP_KEY:
        if (!has_map)
            return cell_none();
        value = *cell_value(v, &call->map);
        value.kind = VALUE_MAP_KEY;
        value.bytes = s->n_frames;
        return cell_pointer(v, value);
    case SKEP_PARAM_MAP_VALUE:
        return has_map ? call_map_value(v, s, &call->map, false) : cell_none();
    case SKEP_PARAM_CTX: return ctx ? *ctx : cell_none();
    case SKEP_PARAM_DYNPTR:
        value.kind = VALUE_DYNPTR;
        value.bytes = s->n_frames;
        break;
    case SKEP_PARAM_BTF_PTR:
        value.kind = VALUE_TYPED;
        value.object = callback->types[p];
        break;
    }
    struct cell cell = cell_pointer(v, value);
    cell.tag = value.kind == VALUE_DYNPTR ? state_fresh_id(s) : 0;
    return cell;
}

/* A new frame for `func`, its registers by the helper's contract. */
static bool call_enter_callback(struct verifier *v, struct state *s, const struct call *call,
                                u32 func, enum context_kind kind)
{
    struct cell params[5];
    for (u32 a = 0; a < 5; a++)
        params[a] = call_parameter(v, s, call, a);
    if (!call_enter(v, s, func, kind))
        return false;
    struct frame *f = state_top(s);
    for (u32 a = 0; a < 5; a++)
        f->reg[a + 1] = params[a];
    return true;
}

/* The call under way when a callback ends: its arguments are still in the caller's registers. */
static struct call call_again(struct verifier *v, const struct state *s, u32 insn)
{
    struct call call = { .helper = v->in->helpers[insn] };
    for (u32 a = 0; a < 5 && call.helper->args[a].kind != SKEP_ARG_NONE; a++) {
        call.args[a] = s->frames[s->n_frames - 1]->reg[a + 1];
        if (call.helper->args[a].kind == SKEP_ARG_MAP)
            call.map = call.args[a];
    }
    return call;
}

/* The function may end here, before its end, with r0 as it is given: the packet is too short for a
 * load, or another program has run in its place.  The program's own function then ends the run. */
static bool call_may_end(struct verifier *v, const struct state *s, struct cell r0, bool moved)
{
    u32 at = v->at;
    bool ended;
    struct state *ends = state_copy(v, s);
    if (!ends)
        return false;
    if (moved)
        call_packet_moves(v, ends);
    state_set_reg(v, ends, 0, r0);
    if (!call_exit(v, ends, &ended)) {
        state_drop(v, ends);
        return false;
    }
    v->at = at;
    if (ended)
        state_drop(v, ends);
    else
        v->next[v->n_next++] = ends;
    return true;
}

/* Either the callback is called (again), or the helper returns. */
static bool call_around_callback(struct verifier *v, struct state *s, const struct call *call)
{
    const struct cell *callback = call_argument_of(call, SKEP_ARG_CALLBACK);
    u32 func = cell_value(v, callback)->object;
    struct cell r0;
    struct state *inside = state_copy(v, s);
    if (!inside)
        return false;
    if (!call_enter_callback(v, inside, call, func, CONTEXT_CALLBACK)) {
        state_drop(v, inside);
        return false;
    }
    v->next[v->n_next++] = inside;
    if (!call_result(v, s, call, &r0))
        return false;
    call_clobber(v, s, r0);
    s->insn++;
    return true;
}

/* A callback that runs later: from its own beginning, with nothing but its parameters. */
static bool call_later(struct verifier *v, const struct state *s, const struct call *call)
{
    const struct cell *callback = call_argument_of(call, SKEP_ARG_CALLBACK);
    u32 func = cell_value(v, callback)->object;
    struct cell map = call->map;
    const struct cell *timer = call_argument_of(call, SKEP_ARG_TIMER);
    if (cell_is_none(&map) && timer) {
        struct value value = *cell_value(v, timer);
        value.kind = VALUE_MAP;
        map = cell_pointer(v, value);
    }
    if (cell_is_none(&map))
        return true;
    (void)s;
    struct call later = { .helper = call->helper, .map = map };
    u32 object = cell_value(v, &map)->object;
    for (u32 c = 0; c < v->contexts.n; c++)
        if (v->contexts.data[c].kind == CONTEXT_ASYNC && v->contexts.data[c].func == func &&
            v->contexts.data[c].map == object)
            return true;
    struct state *root = verify_root(v, func, CONTEXT_ASYNC);
    if (!root)
        return false;
    v->contexts.data[root->context].map = object;
    v->contexts.data[root->context].call = v->at;
    struct frame *f = state_top(root);
    for (u32 a = 0; a < 5; a++)
        f->reg[a + 1] = call_parameter(v, root, &later, a);
    return verify_add_root(v, root);
}

/* ---- helpers */

bool call_helper(struct verifier *v, struct state *s, const struct insn *insn, bool *ended)
{
    struct call call = { .helper = v->in->helpers[v->at] };
    struct cell r0;
    if (!call.helper)
        return verify_unsupported(v, insn);
    if (!call_check(v, s, &call) || !mode_effects(v, s, call.helper) || !call_effects(v, s, &call))
        return false;
    *ended = call.helper->effects & SKEP_THROWS;
    if (*ended)
        return mode_throw(v, s, &call);
    bool calls_back = call.helper->effects & SKEP_CALLS_BACK;
    if (calls_back && call_argument_of(&call, SKEP_ARG_CALLBACK))
        return call_around_callback(v, s, &call);
    if (call_argument_of(&call, SKEP_ARG_CALLBACK) && !call_later(v, s, &call))
        return false;
    if ((call.helper->effects & SKEP_TAIL_CALLS) &&
        v->contexts.data[s->context].kind != CONTEXT_MAIN &&
        !call_may_end(v, s, cell_scalar(v, s, scalar_any()), true))
        return false;
    if (!call_result(v, s, &call, &r0))
        return false;
    if (call.helper->effects & SKEP_ITERATES)
        return owned_iterate(v, s, &call, r0);
    call_clobber(v, s, r0);
    s->insn++;
    return true;
}

/* LD_ABS and LD_IND end the program where the packet is too short. */
bool call_packet_load(struct verifier *v, struct state *s, const struct insn *insn)
{
    const struct value *ctx = cell_value(v, state_reg(s, 6));
    u64 at;
    if (!(v->in->hook->flags & SKEP_HOOK_LD_ABS))
        return verify_unsupported(v, insn);
    if (ctx->kind != VALUE_CTX || !cell_constant_of(v, state_reg(s, 6), &at) || at != 0)
        return REJECT(v, 6, VERIFY_R6_NOT_CTX, NUM(6));
    if (insn_kind(insn) == ISA_KIND_LD_IND) {
        const struct value *index = cell_value(v, state_reg(s, insn->src));
        if (index->kind == VALUE_NONE)
            return REJECT(v, insn->src, VERIFY_UNSET, NUM(insn->src));
        if (index->kind != VALUE_SCALAR)
            return REJECT(v, insn->src, VERIFY_NOT_A_NUMBER, NUM(insn->src));
    }
    if (!call_nothing_held(v, s, 0, "a packet load that may end the program") ||
        !call_may_end(v, s, cell_constant(v, 0), false))
        return false;
    call_clobber(v, s, cell_scalar(v, s, scalar_zext(scalar_any(), insn_row(insn)->size)));
    s->insn++;
    return true;
}

/* ---- subprograms */

u32 context_child(struct verifier *v, u32 parent, u32 call, u32 func, enum context_kind kind)
{
    struct context *contexts = v->contexts.data;
    u32 first = parent == VERIFY_NONE ? VERIFY_NONE : contexts[parent].first_child;
    for (u32 c = first; c != VERIFY_NONE; c = contexts[c].next_sibling)
        if (contexts[c].call == call && contexts[c].func == func && contexts[c].kind == kind)
            return c;
    struct context child = {
        .parent = parent,
        .call = call,
        .func = func,
        .kind = (u8)kind,
        .depth = (u8)(parent == VERIFY_NONE ? 0 : contexts[parent].depth + 1),
        .next_sibling = first,
        .first_child = VERIFY_NONE,
    };
    if (!vec_push(&v->mem, &v->contexts, child)) {
        verify_fails(v, SKEP_NOMEM);
        return VERIFY_NONE;
    }
    u32 c = v->contexts.n - 1;
    if (parent != VERIFY_NONE)
        v->contexts.data[parent].first_child = c;
    return c;
}

/* What the caller will still want: what lives after the call, and what the callee may be given a
 * pointer to. */
static void call_forget_dead(struct verifier *v, struct state *s, enum context_kind kind)
{
    u16 regs = kind == CONTEXT_CALLBACK ? 0x3e : 0;
    u32 after = v->at + 1 < v->in->code->n_insns ? v->at + 1 : v->at;
    regs |= v->live.regs[after] & 0x3c0;
    merge_forget_dead(v, s, s->n_frames - 1u, regs, v->live.slots[v->at] | v->live.slots[after]);
}

/* Linux takes no function that calls itself, however rarely. */
static bool call_recurses(const struct verifier *v, const struct state *s, u32 func)
{
    u32 context = s->context;
    while (context != VERIFY_NONE && v->contexts.data[context].func != func)
        context = v->contexts.data[context].parent;
    return context != VERIFY_NONE;
}

bool call_enter(struct verifier *v, struct state *s, u32 func, enum context_kind kind)
{
    if (s->n_frames == STATE_MAX_FRAMES)
        return REJECT(v, STATE_REGS, VERIFY_TOO_DEEP, NUM(STATE_MAX_FRAMES));
    if (kind == CONTEXT_CALL && v->in->profile != SKEP_PROFILE_RFC && call_recurses(v, s, func))
        return REJECT(v, STATE_REGS, VERIFY_RECURSION, STR(v->in->code->funcs[func].name));
    u32 context = context_child(v, s->context, v->at, func, kind);
    if (context == VERIFY_NONE)
        return false;
    call_forget_dead(v, s, kind);
    if (!state_push_frame(v, s))
        return false;
    struct value value = { .kind = VALUE_STACK, .object = (u16)(s->n_frames - 1) };
    state_top(s)->reg[10] = cell_pointer(v, value);
    s->context = context;
    s->insn = v->in->code->funcs[func].entry;
    return true;
}

bool call_local(struct verifier *v, struct state *s, u32 func)
{
    struct cell args[6];
    memcpy(args, state_top(s)->reg, sizeof(args));
    if (func && func == v->in->code->exception_func)
        return REJECT(v, STATE_REGS, VERIFY_EXCEPTION_CALLED, STR(v->in->code->funcs[func].name));
    if (global_has_signature(v, func))
        return global_call(v, s, func);
    call_clobber(v, s, cell_none());
    if (!call_enter(v, s, func, CONTEXT_CALL))
        return false;
    for (u32 r = 1; r <= 5; r++)
        state_top(s)->reg[r] = args[r];
    return true;
}

static void call_forget_frame(struct verifier *v, struct state *s, struct cell *cell, void *user)
{
    const struct value *value = cell_value(v, cell);
    u32 frame = *(const u32 *)user;
    if (value->kind == VALUE_STACK && value->object == frame)
        *cell = cell_none();
    if ((value->kind == VALUE_MAP_KEY || value->kind == VALUE_DYNPTR) && value->bytes == frame)
        *cell = cell_scalar(v, s, scalar_any());
}

/* Back to the caller: pointers into the frame that ends mean nothing any more, nor does what was
 * lent to it for as long as it runs. */
static void call_leave(struct verifier *v, struct state *s)
{
    const struct context *context = &v->contexts.data[s->context];
    u32 frame = s->n_frames - 1u;
    s->insn = context->call;
    s->context = context->parent;
    state_pop_frame(v, s);
    state_each_cell(v, s, call_forget_frame, &frame);
    for (u32 i = 0; i < s->n_held; i++) /* what it held is now its caller's */
        s->held[i].frame = (u8)min_u32(s->held[i].frame, s->n_frames);
}

/* What was taken out of a dynptr that is lent to a callback is lost when that ends. */
static void call_forget_lent(struct verifier *v, struct state *s, struct cell *cell, void *user)
{
    (void)user;
    bool held = false;
    for (u32 i = 0; i < s->n_held; i++)
        held |= s->held[i].ref == cell->ref;
    if ((cell_value(v, cell)->flags & VALUE_PART) && !held)
        *cell = cell_scalar(v, s, scalar_any());
}

static void call_take_back(struct verifier *v, struct state *s,
                           const struct skep_callback *contract)
{
    for (u32 a = 0; a < 5; a++)
        if (contract->params[a] == SKEP_PARAM_DYNPTR) {
            state_each_cell(v, s, call_forget_lent, NULL);
            return;
        }
}

static bool call_end_callback(struct verifier *v, struct state *s)
{
    const struct context *context = &v->contexts.data[s->context];
    struct contract_range range = callback_returns(&v->in->helpers[context->call]->callback);
    const struct value *r0 = cell_value(v, state_reg(s, 0));
    if (r0->kind == VALUE_NONE)
        return REJECT(v, 0, VERIFY_UNSET, NUM(0));
    if (r0->kind != VALUE_SCALAR)
        return REJECT(v, 0, VERIFY_NOT_A_NUMBER, NUM(0));
    if ((s64)r0->range.smin < range.lo || (s64)r0->range.smax > range.hi)
        return REJECT(v, 0, VERIFY_RETURN_RANGE, NUM(r0->range.smin), NUM(r0->range.smax),
                      NUM(range.lo), NUM(range.hi));
    if (!call_nothing_held(v, s, s->n_frames, "the end of a callback"))
        return false;
    if (context->kind == CONTEXT_ASYNC)
        return true;
    u32 helper_call = context->call;
    call_leave(v, s);
    call_take_back(v, s, &v->in->helpers[helper_call]->callback);
    v->at = helper_call;
    s->rounds++;
    struct call call = call_again(v, s, helper_call);
    return call_around_callback(v, s, &call);
}

bool call_check_program_result(struct verifier *v, const struct cell *cell, u32 reg)
{
    struct contract_range range = hook_returns(v->in->hook, v->in->section ? v->in->section : "");
    const struct value *r0 = cell_value(v, cell);
    bool any = contract_range_is_any(range);
    if (r0->kind == VALUE_NONE)
        return REJECT(v, reg, VERIFY_UNSET, NUM(reg));
    if (value_is_pointer(r0) && (!any || v->in->profile == SKEP_PROFILE_STRICT))
        return REJECT(v, reg, VERIFY_NOT_A_NUMBER, NUM(reg));
    if (!any && ((s64)r0->range.smin < range.lo || (s64)r0->range.smax > range.hi))
        return REJECT(v, reg, VERIFY_RETURN_RANGE, NUM(r0->range.smin), NUM(r0->range.smax),
                      NUM(range.lo), NUM(range.hi));
    return true;
}

static bool call_end_program(struct verifier *v, const struct state *s)
{
    return call_nothing_held(v, s, 0, "the program's end") &&
           call_check_program_result(v, state_reg(s, 0), 0);
}

bool call_exit(struct verifier *v, struct state *s, bool *ended)
{
    enum context_kind kind = (enum context_kind)v->contexts.data[s->context].kind;
    *ended = kind != CONTEXT_CALL && kind != CONTEXT_CALLBACK;
    if (kind == CONTEXT_MAIN || kind == CONTEXT_EXCEPTION)
        return call_end_program(v, s);
    if (kind == CONTEXT_GLOBAL)
        return global_end(v, s);
    if (kind != CONTEXT_CALL)
        return call_end_callback(v, s);
    struct cell r0 = *state_reg(s, 0);
    const struct value *value = cell_value(v, &r0);
    if (value->kind == VALUE_STACK && value->object == s->n_frames - 1u)
        return REJECT(v, 0, VERIFY_FRAME_ESCAPES, NUM(0));
    call_leave(v, s);
    state_set_reg(v, s, 0, r0);
    s->insn++;
    return true;
}
