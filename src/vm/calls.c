/* Calls of helpers in the checked engine: every argument against its contract before, the result's
 * origin by its contract after, the parameters of what is called back. */
#include "vm/checked.h"

/* ---- records: memory that the run holds */

const struct checked_record *checked_find_record(const struct checked_run_state *s,
                                                 const struct checked_value *value)
{
    void *what = (void *)(uintptr_t)value->from.base;
    for (u32 i = 0; i < RT_LEDGER; i++)
        if (s->records[i].what == what && s->records[i].generation == value->from.generation)
            return rt_find_held(s->thread, what) ? &s->records[i] : NULL;
    return NULL;
}

/* A place for a new record: free, or of one that is no longer held. */
static struct checked_record *calls_record_place(struct checked_run_state *s)
{
    for (u32 i = 0; i < RT_LEDGER; i++)
        if (!s->records[i].what || !rt_find_held(s->thread, s->records[i].what))
            return &s->records[i];
    return NULL;
}

/* What was here before was given back, though the place is held again. */
static void calls_forget_records(struct checked_run_state *s, u64 address)
{
    for (u32 i = 0; i < RT_LEDGER; i++)
        if (s->records[i].what == (void *)(uintptr_t)address)
            s->records[i].what = NULL;
}

/* Notes what the run holds now; its number, 0 when there is no place. */
static u64 calls_note_record(struct checked_run_state *s, u64 address)
{
    calls_forget_records(s, address);
    struct checked_record *record = calls_record_place(s);
    if (!record)
        return 0;
    *record = (struct checked_record){ .what = (void *)(uintptr_t)address,
                                       .generation = ++s->acquisitions };
    return record->generation;
}

static struct checked_value calls_record_numbered(u64 address, u64 bytes, u64 number)
{
    if (!number)
        return checked_number(address);
    return (struct checked_value){
        .bits = address,
        .from = { .kind = CHECKED_RECORD,
                  .permissions = CHECKED_READ | CHECKED_WRITE,
                  .base = address,
                  .bytes = bytes,
                  .generation = number },
    };
}

static struct checked_value calls_record(struct checked_run_state *s, u64 address, u64 bytes)
{
    return calls_record_numbered(address, bytes, calls_note_record(s, address));
}

/* Of what is held and may have been met before. */
static struct checked_value calls_record_again(struct checked_run_state *s, u64 address, u64 bytes)
{
    for (u32 i = 0; i < RT_LEDGER; i++)
        if (s->records[i].what == (void *)(uintptr_t)address)
            return calls_record_numbered(address, bytes, s->records[i].generation);
    return calls_record(s, address, bytes);
}

/* What is no longer held is not known again when the same place is. */
static void calls_forget_released(struct checked_run_state *s)
{
    for (u32 i = 0; i < RT_LEDGER; i++)
        if (s->records[i].what && !rt_find_held(s->thread, s->records[i].what))
            s->records[i].what = NULL;
}

/* A socket or typed pointer; one that the program has to give back lives until it does. */
static struct checked_value calls_object(struct checked_run_state *s, u64 bits,
                                         enum checked_object object, bool acquired)
{
    struct checked_value value = checked_object_pointer(bits, object);
    if (!bits || !acquired)
        return value;
    value.from.generation = calls_note_record(s, bits);
    return value.from.generation ? value : checked_number(bits);
}

skep_status checked_nothing_leaks(struct checked_run_state *s, u32 n_held)
{
    if (s->lock)
        return CHECKED_FAULT(s, VM_LOCK_HELD, STR("leaving"));
    if (s->thread->n_held > n_held)
        return CHECKED_FAULT(s, VM_LEAK, NUM(s->thread->n_held - n_held));
    return SKEP_OK;
}

/* ---- arguments */

/* "argument 2 of bpf_map_lookup_elem"; the text lives as long as the buffer. */
static const char *calls_argument_name(const struct checked_call *call, u32 a, char buffer[96])
{
    struct text text;
    text_init_fixed(&text, buffer, 96);
    text_printf(&text, "argument %u of %s", a + 1, call->helper->name);
    return buffer;
}

static skep_status calls_wrong(struct checked_run_state *s, const struct checked_call *call, u32 a,
                               const char *expected)
{
    return CHECKED_FAULT(s, VM_ARGUMENT, STR(call->helper->name), NUM(a + 1), STR(expected),
                         STR(checked_kind_name(call->args[a].from.kind)));
}

static u8 calls_need(const struct skep_arg *arg)
{
    u32 need = (arg->flags & SKEP_ARG_READ ? CHECKED_READ : 0) |
               (arg->flags & SKEP_ARG_WRITE ? CHECKED_WRITE : 0);
    return (u8)(need ? need : CHECKED_READ);
}

static bool calls_is_null(const struct checked_value *value)
{
    return value->from.kind == CHECKED_NUMBER && value->bits == 0;
}

/* bytes of memory that the helper reads or writes. */
static skep_status calls_check_memory(struct checked_run_state *s, const struct checked_call *call,
                                      u32 a, u64 bytes)
{
    char name[96];
    const struct skep_arg *arg = &call->helper->args[a];
    const struct checked_value *value = &call->args[a];
    struct checked_access access = {
        .address = value->bits,
        .bytes = bytes,
        .need = calls_need(arg),
        .through = "",
    };
    if ((arg->flags & SKEP_ARG_NULLABLE) && calls_is_null(value))
        return arg->kind != SKEP_ARG_MEM || arg->bytes || bytes == 0
                   ? SKEP_OK
                   : calls_wrong(s, call, a, "memory, since its size is not 0");
    if ((arg->flags & SKEP_ARG_KEPT) && value->from.kind != CHECKED_MAP_VALUE)
        return calls_wrong(s, call, a, "memory of a map's value");
    if ((arg->flags & SKEP_ARG_ALIGNED) && value->bits % arg->bytes)
        return calls_wrong(s, call, a, "aligned memory");
    if (bytes == 0)
        return SKEP_OK;
    if (checked_may_access(s, value, &access) == SKEP_OK)
        return SKEP_OK;
    /* Only now the name is wanted; its text costs more than the check. */
    access.through = calls_argument_name(call, a, name);
    return checked_may_access(s, value, &access);
}

static skep_status calls_check_map(struct checked_run_state *s, struct checked_call *call, u32 a)
{
    u32 writes = SKEP_MAP_UPDATE | SKEP_MAP_DELETE | SKEP_MAP_PUSH | SKEP_MAP_POP;
    const struct checked_value *value = &call->args[a];
    if (value->from.kind != CHECKED_MAP || value->bits != value->from.base)
        return calls_wrong(s, call, a, "a map");
    struct skep_map *map = value->from.owner;
    if ((map->type->classes & call->helper->maps) != call->helper->maps)
        return CHECKED_FAULT(s, VM_MAP_CLASS, STR(call->helper->name), STR(map->type->name),
                             STR(map->spec.name));
    bool forbidden =
        ((call->helper->maps & writes) && !map_program_may_write(map)) ||
        ((call->helper->maps & (SKEP_MAP_PEEK | SKEP_MAP_ITERATE)) && !map_program_may_read(map));
    if (forbidden)
        return CHECKED_FAULT(s, VM_MAP_FORBIDS, STR(call->helper->name), STR(map->spec.name));
    call->map = map;
    return SKEP_OK;
}

static skep_status calls_check_size(struct checked_run_state *s, const struct checked_call *call,
                                    u32 a)
{
    if (call->args[a].from.kind != CHECKED_NUMBER)
        return calls_wrong(s, call, a, "a size");
    bool zero_ok = call->helper->args[a].flags & SKEP_ARG_ZERO_OK;
    if (call->args[a].bits == 0 && !zero_ok)
        return CHECKED_FAULT(s, VM_ZERO_SIZE, STR(call->helper->name), NUM(a + 1));
    return SKEP_OK;
}

/* A NUL-terminated string in a map that nobody can write any more. */
static skep_status calls_check_string(struct checked_run_state *s, const struct checked_call *call,
                                      u32 a)
{
    const struct checked_value *value = &call->args[a];
    if (value->from.kind != CHECKED_MAP_VALUE || value->from.permissions & CHECKED_WRITE ||
        map_host_may_write(value->from.owner))
        return calls_wrong(s, call, a, "a string in a read-only, frozen map");
    TRY(calls_check_memory(s, call, a, 1));
    u64 rest = value->from.base + value->from.bytes - value->bits;
    if (!memchr((const void *)(uintptr_t)value->bits, 0, rest))
        return calls_wrong(s, call, a, "a string that ends in its map value");
    return SKEP_OK;
}

static skep_status calls_check_record(struct checked_run_state *s, const struct checked_call *call,
                                      u32 a)
{
    const struct checked_value *value = &call->args[a];
    if (value->from.kind != CHECKED_RECORD || value->bits != value->from.base)
        return calls_wrong(s, call, a, "the start of a record");
    if (!checked_find_record(s, value))
        return CHECKED_FAULT(s, VM_RECORD_GONE, STR(checked_register_name(a + 1)));
    return SKEP_OK;
}

static skep_status calls_check_in_value(struct checked_run_state *s,
                                        const struct checked_call *call, u32 a, u64 bytes,
                                        u64 alignment, const char *what)
{
    const struct checked_value *value = &call->args[a];
    if (value->from.kind != CHECKED_MAP_VALUE || value->bits % alignment != 0)
        return calls_wrong(s, call, a, what);
    return calls_check_memory(s, call, a, bytes);
}

static skep_status calls_check_lock(struct checked_run_state *s, const struct checked_call *call,
                                    u32 a)
{
    TRY(calls_check_in_value(s, call, a, 4, 4, "a spin lock in a map value"));
    if ((call->helper->effects & SKEP_LOCKS) && s->lock)
        return CHECKED_FAULT(s, VM_LOCK_HELD, STR(call->helper->name));
    if ((call->helper->effects & SKEP_UNLOCKS) && s->lock != call->args[a].bits)
        return CHECKED_FAULT(s, VM_LOCK_NOT_HELD, STR(call->helper->name));
    return SKEP_OK;
}

static skep_status calls_check_ctx(struct checked_run_state *s, const struct checked_call *call,
                                   u32 a)
{
    struct checked_value ctx = checked_context(s);
    bool same = call->args[a].from.kind == ctx.from.kind && call->args[a].bits == ctx.bits;
    return same ? SKEP_OK : calls_wrong(s, call, a, "the unchanged context");
}

static skep_status calls_check_kind(struct checked_run_state *s, const struct checked_call *call,
                                    u32 a, enum checked_kind kind, const char *what)
{
    return call->args[a].from.kind == kind ? SKEP_OK : calls_wrong(s, call, a, what);
}

static skep_status calls_check_object(struct checked_run_state *s, const struct checked_call *call,
                                      u32 a, enum checked_object object)
{
    const struct checked_value *value = &call->args[a];
    if (object == CHECKED_TYPED && value->from.of_host)
        return SKEP_OK;
    if (value->from.kind != CHECKED_OPAQUE || value->from.object != object)
        return calls_wrong(s, call, a,
                           object == CHECKED_SOCK ? "a socket" : "a typed object of the host");
    if (value->from.generation && !checked_find_record(s, value))
        return CHECKED_FAULT(s, VM_RECORD_GONE, STR(checked_register_name(a + 1)));
    return SKEP_OK;
}

/* One of the program's own on its stack; to look at, also one that is lent. */
static skep_status calls_check_dynptr(struct checked_run_state *s, const struct checked_call *call,
                                      u32 a)
{
    const struct checked_value *value = &call->args[a];
    bool lent = value->from.kind == CHECKED_OPAQUE && value->from.object == CHECKED_DYNPTR;
    if (lent && call->helper->args[a].flags == SKEP_ARG_READ)
        return checked_call_lives(s, value->from.generation)
                   ? SKEP_OK
                   : CHECKED_FAULT(s, VM_CALL_OVER, STR(checked_register_name(a + 1)));
    TRY(calls_check_kind(s, call, a, CHECKED_STACK, "a dynptr on the stack"));
    return calls_check_memory(s, call, a, RT_DYNPTR_BYTES);
}

/* The bytes of a MEM argument: fixed, or what the SIZE after it says. */
static u64 calls_memory_bytes(const struct checked_call *call, u32 a)
{
    const struct skep_arg *arg = &call->helper->args[a];
    bool sized = a + 1 < 5 && call->helper->args[a + 1].kind == SKEP_ARG_SIZE;
    return arg->bytes ? arg->bytes : sized ? call->args[a + 1].bits : 0;
}

static skep_status calls_check_argument(struct checked_run_state *s, struct checked_call *call,
                                        u32 a)
{
    const struct skep_arg *arg = &call->helper->args[a];
    struct skep_map *map = call->map;
    if ((arg->flags & SKEP_ARG_NULLABLE) && arg->kind != SKEP_ARG_MEM &&
        calls_is_null(&call->args[a]))
        return SKEP_OK;
    switch ((enum skep_arg_kind)arg->kind) {
    case SKEP_ARG_NONE:
    case SKEP_ARG_KIND_COUNT:
    case SKEP_ARG_ANYTHING:
    case SKEP_ARG_CALLBACK_CTX: return SKEP_OK;
    case SKEP_ARG_SCALAR: return calls_check_kind(s, call, a, CHECKED_NUMBER, "a number");
    case SKEP_ARG_CTX: return calls_check_ctx(s, call, a);
    case SKEP_ARG_MAP: return calls_check_map(s, call, a);
    case SKEP_ARG_MAP_KEY: return calls_check_memory(s, call, a, map ? map->spec.key_size : 0);
    case SKEP_ARG_MAP_VALUE: return calls_check_memory(s, call, a, map ? map->spec.value_size : 0);
    case SKEP_ARG_MEM: return calls_check_memory(s, call, a, calls_memory_bytes(call, a));
    case SKEP_ARG_SIZE: return calls_check_size(s, call, a);
    case SKEP_ARG_ALLOC_SIZE:
        call->alloc_bytes = call->args[a].bits;
        return calls_check_kind(s, call, a, CHECKED_NUMBER, "a size");
    case SKEP_ARG_STRING: return calls_check_string(s, call, a);
    case SKEP_ARG_CALLBACK: return calls_check_kind(s, call, a, CHECKED_CODE, "a subprogram");
    case SKEP_ARG_RECORD: return calls_check_record(s, call, a);
    case SKEP_ARG_SPIN_LOCK: return calls_check_lock(s, call, a);
    case SKEP_ARG_TIMER: return calls_check_in_value(s, call, a, 16, 8, "a timer in a map value");
    case SKEP_ARG_KPTR: return calls_check_in_value(s, call, a, 8, 8, "a slot in a map value");
    case SKEP_ARG_DYNPTR: return calls_check_dynptr(s, call, a);
    case SKEP_ARG_ITER:
        TRY(calls_check_kind(s, call, a, CHECKED_STACK, "an iterator on the stack"));
        return calls_check_memory(s, call, a, arg->bytes);
    case SKEP_ARG_SOCK: return calls_check_object(s, call, a, CHECKED_SOCK);
    case SKEP_ARG_BTF_PTR: return calls_check_object(s, call, a, CHECKED_TYPED);
    }
    return SKEP_OK;
}

/* How many bytes the helper may write through an argument. */
static u64 calls_written_bytes(const struct checked_call *call, u32 a)
{
    const struct skep_arg *arg = &call->helper->args[a];
    if (arg->kind == SKEP_ARG_DYNPTR)
        return arg->flags & (SKEP_ARG_WRITE | SKEP_ARG_RELEASE) ? RT_DYNPTR_BYTES : 0;
    if (!(arg->flags & SKEP_ARG_WRITE))
        return 0;
    if (arg->kind == SKEP_ARG_MAP_KEY)
        return call->map ? call->map->spec.key_size : 0;
    if (arg->kind == SKEP_ARG_MAP_VALUE)
        return call->map ? call->map->spec.value_size : 0;
    return calls_memory_bytes(call, a);
}

static skep_status calls_check(struct checked_run_state *s, struct checked_call *call)
{
    const struct skep_helper *helper = call->helper;
    if (!helper->run && !(helper->effects & SKEP_TAIL_CALLS))
        return CHECKED_FAULT(s, VM_HELPER_CONTRACT, STR(helper->name));
    if (s->lock && !(helper->effects & (SKEP_LOCKS | SKEP_UNLOCKS)))
        return CHECKED_FAULT(s, VM_LOCK_HELD, STR(helper->name));
    for (u32 a = 0; a < 5 && helper->args[a].kind != SKEP_ARG_NONE; a++) {
        call->args[a] = s->reg[a + 1];
        if (s->unset >> (a + 1) & 1)
            return CHECKED_FAULT(s, VM_UNSET_REGISTER, STR(checked_register_name(a + 1)));
    }
    for (u32 a = 0; a < 5 && helper->args[a].kind != SKEP_ARG_NONE; a++)
        TRY(calls_check_argument(s, call, a));
    return SKEP_OK;
}

/* ---- results */

static struct checked_value calls_map_value(const struct checked_call *call, u64 bits)
{
    if (bits == 0 || !call->map)
        return checked_number(bits);
    if (call->map->type->traits & SKEP_MAP_HOLDS_MAPS)
        return checked_map_pointer((struct skep_map *)(uintptr_t)bits);
    return checked_value_pointer(call->map, bits);
}

/* The argument of that kind, or NULL. */
static const struct checked_value *calls_argument_of(const struct checked_call *call, u8 kind)
{
    for (u32 a = 0; a < 5; a++)
        if (call->helper->args[a].kind == kind)
            return &call->args[a];
    return NULL;
}

/* A part of what the run holds, or a callback was lent, ends with it. */
static struct checked_value calls_part(struct checked_run_state *s, const struct checked_call *call,
                                       u64 bits)
{
    u64 bytes = call->helper->ret.bytes ? call->helper->ret.bytes : call->alloc_bytes;
    bool read_only = call->helper->ret.flags & SKEP_RET_READ_ONLY;
    const struct checked_value *dynptr = calls_argument_of(call, SKEP_ARG_DYNPTR);
    for (u32 i = 0; i < s->thread->n_held; i++) {
        const struct skep_held *held = &s->thread->held[i];
        u64 offset = bits - (u64)(uintptr_t)held->what;
        if (!bits || offset > held->bytes || bytes > held->bytes - offset)
            continue;
        struct checked_value part = calls_record_again(s, (u64)(uintptr_t)held->what, held->bytes);
        part.bits = bits;
        return part;
    }
    struct checked_value part = checked_memory_pointer(
        (void *)(uintptr_t)bits, bytes, read_only ? CHECKED_READ : CHECKED_READ | CHECKED_WRITE);
    if (dynptr && dynptr->from.kind == CHECKED_OPAQUE)
        part.from.generation = dynptr->from.generation;
    return part;
}

static struct checked_value calls_result(struct checked_run_state *s,
                                         const struct checked_call *call, u64 bits)
{
    const struct skep_ret *ret = &call->helper->ret;
    bool acquired = ret->flags & SKEP_RET_ACQUIRES;
    switch ((enum skep_ret_kind)ret->kind) {
    case SKEP_RET_INTEGER:
    case SKEP_RET_VOID: break;
    case SKEP_RET_MAP_VALUE: return calls_map_value(call, bits);
    case SKEP_RET_MEM:
        if (bits && acquired)
            return calls_record(s, bits, call->alloc_bytes);
        return calls_part(s, call, bits);
    case SKEP_RET_SOCK: return calls_object(s, bits, CHECKED_SOCK, acquired);
    case SKEP_RET_BTF_PTR: return calls_object(s, bits, CHECKED_TYPED, acquired);
    case SKEP_RET_CPU_PTR: return calls_object(s, bits, CHECKED_PER_CPU, acquired);
    }
    return checked_number(bits);
}

static void calls_note_effects(struct checked_run_state *s, const struct checked_call *call)
{
    for (u32 a = 0; a < 5; a++) {
        u64 bytes = calls_written_bytes(call, a);
        if (bytes)
            checked_note_write(s, &call->args[a], call->args[a].bits, bytes);
        if (call->helper->args[a].flags & SKEP_ARG_RELEASE)
            calls_forget_released(s);
        if (call->helper->args[a].kind == SKEP_ARG_SPIN_LOCK)
            s->lock = call->helper->effects & SKEP_LOCKS ? call->args[a].bits : 0;
    }
    if (call->helper->effects & SKEP_MOVES_PACKET)
        s->packet_generation++;
}

/* Registers after a call: r1..r5 are gone, r0 is what came back. */
static void calls_finish(struct checked_run_state *s, const struct checked_call *call, u64 bits)
{
    s->reg[0] = calls_result(s, call, bits);
    s->unset = (u16)((s->unset & ~1u) | 0x3e);
    if (call->helper->ret.kind == SKEP_RET_VOID)
        s->unset |= 1;
}

skep_status checked_call_helper(struct checked_run_state *s, const struct skep_helper *helper)
{
    struct checked_call call = {
        .number = ++s->calls, .insn = s->at, .helper = helper, .outer = s->call
    };
    TRY(calls_check(s, &call));
    s->call = &call;
    const u64 args[5] = { s->reg[1].bits, s->reg[2].bits, s->reg[3].bits, s->reg[4].bits,
                          s->reg[5].bits };
    u64 bits = rt_call_helper(s->thread, helper, args);
    s->call = call.outer;
    s->at = call.insn;
    if (s->thread->stop != SKEP_OK)
        return s->thread->stop;
    calls_note_effects(s, &call);
    calls_finish(s, &call, bits);
    return SKEP_OK;
}

skep_status checked_begin_tail_call(struct checked_run_state *s, const struct skep_helper *helper,
                                    bool *taken)
{
    struct checked_call call = { .helper = helper };
    TRY(calls_check(s, &call));
    TRY(checked_nothing_leaks(s, 0));
    *taken = call.map && rt_tail_call(s->thread, call.map, (u32)s->reg[3].bits);
    if (!*taken)
        calls_finish(s, &call, s->reg[0].bits);
    return SKEP_OK;
}

/* ---- callbacks */

/* The key lies in memory of the helper's own, which is gone when it returns. */
static struct checked_value calls_key(const struct checked_call *call, u64 bits)
{
    struct checked_value key = checked_memory_pointer(
        (void *)(uintptr_t)bits, call->map ? call->map->spec.key_size : 0, CHECKED_READ);
    key.from.generation = call->number;
    return key;
}

static struct checked_value calls_lent(const struct checked_call *call, u64 bits)
{
    struct checked_value lent = checked_object_pointer(bits, CHECKED_DYNPTR);
    lent.from.generation = call->number;
    return lent;
}

static struct checked_value calls_parameter(const struct checked_call *call, u8 kind, u64 bits)
{
    const struct checked_value *ctx = calls_argument_of(call, SKEP_ARG_CALLBACK_CTX);
    switch ((enum skep_param_kind)kind) {
    case SKEP_PARAM_MAP:
        if (call->map && bits == (u64)(uintptr_t)call->map)
            return checked_map_pointer(call->map);
        break;
    case SKEP_PARAM_MAP_KEY: return calls_key(call, bits);
    case SKEP_PARAM_MAP_VALUE: return calls_map_value(call, bits);
    case SKEP_PARAM_CTX:
        if (ctx && ctx->bits == bits)
            return *ctx;
        break;
    case SKEP_PARAM_BTF_PTR: return checked_object_pointer(bits, CHECKED_TYPED);
    case SKEP_PARAM_DYNPTR: return calls_lent(call, bits);
    case SKEP_PARAM_NONE:
    case SKEP_PARAM_SCALAR:
    case SKEP_PARAM_INDEX: break;
    }
    return checked_number(bits);
}

skep_status checked_parameters(struct checked_run_state *s, u64 token, const u64 args[5], u32 *func)
{
    const struct checked_call *call = s->call;
    const struct checked_value *callback = call ? calls_argument_of(call, SKEP_ARG_CALLBACK) : NULL;
    if (!callback || callback->from.kind != CHECKED_CODE || callback->bits != token)
        return CHECKED_FAULT(s, VM_CALLBACK, NUM(token));
    *func = (u32)token - 1;
    s->unset = 0x3c1; /* r0 and r6..r9 */
    for (u32 a = 0; a < 5; a++) {
        u8 kind = call->helper->callback.params[a];
        s->reg[a + 1] = calls_parameter(call, kind, args[a]);
        if (kind == SKEP_PARAM_NONE)
            s->unset |= (u16)(1u << (a + 1));
    }
    return SKEP_OK;
}
