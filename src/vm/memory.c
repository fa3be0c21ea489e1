/* Memory of the checked engine: may an access happen, and what does it leave behind on the stack.
 */
#include "vm/checked.h"

#include "base/bits.h"
#include "isa/eval.h"

/* ---- the stack: which bytes were written, which slots hold pointers */

static u32 stack_offset(const struct checked_value *through, u64 address)
{
    return (u32)(address - through->from.base);
}

void checked_frame_begin(struct checked_run_state *s, u32 frame)
{
    struct checked_frame *f = &s->frames[frame];
    f->activation = ++s->activations;
    f->spilled = 0;
    f->loops_left = RT_MAY_GOTO_LOOPS;
    memset(f->written, 0, sizeof(f->written));
    /* So that bytes that were never written read as zero where that is allowed. */
    memset(s->thread->stack + (size_t)frame * RT_FRAME_BYTES, 0, RT_FRAME_BYTES);
}

static bool stack_is_written(const struct checked_frame *f, u32 offset, u64 bytes)
{
    for (u32 i = offset; i < offset + bytes; i++)
        if (!bit_get(f->written, i))
            return false;
    return true;
}

static void stack_note_write(struct checked_frame *f, u32 offset, u64 bytes)
{
    for (u32 i = offset; i < offset + bytes; i++) {
        bit_set(f->written, i);
        f->spilled &= ~((u64)1 << (i / 8));
    }
}

void checked_note_write(struct checked_run_state *s, const struct checked_value *through,
                        u64 address, u64 bytes)
{
    if (through->from.kind == CHECKED_STACK)
        stack_note_write(&s->frames[through->from.frame], stack_offset(through, address), bytes);
}

/* ---- may it happen? */

static bool access_is_inside(const struct checked_value *through,
                             const struct checked_access *access)
{
    u64 offset = access->address - through->from.base; /* wraps below the base */
    return access->address >= through->from.base && offset <= through->from.bytes &&
           access->bytes <= through->from.bytes - offset;
}

bool checked_call_lives(const struct checked_run_state *s, u64 number)
{
    const struct checked_call *call = s->call;
    while (call && call->number != number)
        call = call->outer;
    return call != NULL;
}

/* Has what the pointer was made for come to its end? */
static skep_status access_lives(struct checked_run_state *s, const struct checked_value *through,
                                const struct checked_access *access)
{
    const struct checked_origin *from = &through->from;
    if (from->kind == CHECKED_STACK && s->frames[from->frame].activation != from->generation)
        return CHECKED_FAULT(s, VM_FRAME_GONE, STR(access->through));
    if (from->kind == CHECKED_PACKET && from->generation != s->packet_generation)
        return CHECKED_FAULT(s, VM_PACKET_MOVED, STR(access->through));
    if (from->kind == CHECKED_RECORD && !checked_find_record(s, through))
        return CHECKED_FAULT(s, VM_RECORD_GONE, STR(access->through));
    if (from->kind == CHECKED_MEMORY && from->generation &&
        !checked_call_lives(s, from->generation))
        return CHECKED_FAULT(s, VM_CALL_OVER, STR(access->through));
    return SKEP_OK;
}

static skep_status access_is_allowed(struct checked_run_state *s,
                                     const struct checked_value *through,
                                     const struct checked_access *access)
{
    const struct checked_origin *from = &through->from;
    const char *region = checked_kind_name(from->kind);
    switch ((enum checked_kind)from->kind) {
    case CHECKED_NUMBER:
        return CHECKED_FAULT(s, VM_NOT_A_POINTER, STR(access->through), NUM(through->bits));
    case CHECKED_MAP:
    case CHECKED_CODE:
    case CHECKED_OPAQUE:
    case CHECKED_CTX: return CHECKED_FAULT(s, VM_NO_ACCESS, STR(access->through), STR(region));
    case CHECKED_STACK:
    case CHECKED_PACKET:
    case CHECKED_MAP_VALUE:
    case CHECKED_RECORD:
    case CHECKED_MEMORY:
    case CHECKED_KIND_COUNT: break;
    }
    skep_status status = access_lives(s, through, access);
    if (status != SKEP_OK)
        return status;
    if (!access_is_inside(through, access))
        return CHECKED_FAULT(s, VM_OUT_OF_BOUNDS, STR(access->through), NUM(access->bytes),
                             NUM(access->address - from->base), STR(region), NUM(from->bytes));
    if ((access->need & ~from->permissions) & CHECKED_WRITE)
        return CHECKED_FAULT(s, VM_READ_ONLY, STR(access->through), STR(region));
    if ((access->need & ~from->permissions) & CHECKED_READ)
        return CHECKED_FAULT(s, VM_WRITE_ONLY, STR(access->through), STR(region));
    return SKEP_OK;
}

/* Reads of stack bytes that nobody wrote: a fault when strict, else they are zero. */
static skep_status access_is_written(struct checked_run_state *s,
                                     const struct checked_value *through,
                                     const struct checked_access *access)
{
    bool matters = s->program->in.strict && (access->need & CHECKED_READ) &&
                   through->from.kind == CHECKED_STACK;
    u32 offset = matters ? stack_offset(through, access->address) : 0;
    if (!matters || stack_is_written(&s->frames[through->from.frame], offset, access->bytes))
        return SKEP_OK;
    return CHECKED_FAULT(s, VM_UNWRITTEN, STR(access->through), NUM(access->bytes), NUM(offset));
}

skep_status checked_may_access(struct checked_run_state *s, const struct checked_value *through,
                               const struct checked_access *access)
{
    skep_status status = access_is_allowed(s, through, access);
    if (status == SKEP_OK)
        status = access_is_written(s, through, access);
    return checked_fault_access(s, through, access, status);
}

/* ---- values in memory */

static u64 memory_read(u64 address, u32 bytes)
{
    switch (bytes) {
    case 1: return vm_load_B(address);
    case 2: return vm_load_H(address);
    case 4: return vm_load_W(address);
    default: return vm_load_DW(address);
    }
}

static void memory_write(u64 address, u32 bytes, u64 value)
{
    switch (bytes) {
    case 1: vm_store_B(address, value); break;
    case 2: vm_store_H(address, value); break;
    case 4: vm_store_W(address, value); break;
    default: vm_store_DW(address, value); break;
    }
}

static u64 memory_extend(const struct insn *insn, u64 value)
{
    if (insn_kind(insn) != ISA_KIND_LOAD_SX)
        return value;
    switch (insn_row(insn)->size) {
    case 1: return eval_movsx8_64(value);
    case 2: return eval_movsx16_64(value);
    default: return eval_movsx32_64(value);
    }
}

/* ---- the context */

static skep_status context_fault(struct checked_run_state *s, const struct checked_value *through,
                                 const struct checked_access *access)
{
    s64 offset = (s64)(access->address - through->from.base);
    skep_status status = CHECKED_FAULT(s, VM_CTX_ACCESS, NUM(access->bytes), NUM(offset),
                                       STR(s->program->in.hook->name),
                                       STR(access->need & CHECKED_WRITE ? "write" : "read"));
    return checked_fault_access(s, through, access, status);
}

typedef bool context_plan_fn(const struct skep_hook *hook, u32 offset, u32 size,
                             struct ctx_access *out);

static bool context_plan(const struct checked_run_state *s, const struct checked_value *through,
                         const struct checked_access *access, context_plan_fn *plan,
                         struct ctx_access *out)
{
    u64 offset = access->address - through->from.base;
    return offset <= UINT16_MAX && plan(s->program->in.hook, (u32)offset, (u32)access->bytes, out);
}

static u64 context_keep(const struct ctx_access *plan, u64 value)
{
    value = plan->shift < 64 ? value >> plan->shift : 0;
    return plan->bytes < 8 ? value & (((u64)1 << (8 * plan->bytes)) - 1) : value;
}

static skep_status context_load(struct checked_run_state *s, const struct insn *insn,
                                const struct checked_value *through,
                                const struct checked_access *access)
{
    struct ctx_access plan;
    if (!context_plan(s, through, access, hook_plan_load, &plan))
        return context_fault(s, through, access);
    bool pointer = plan.field->kind != SKEP_FIELD_SCALAR;
    if (pointer && insn_kind(insn) != ISA_KIND_LOAD)
        return context_fault(s, through, access);
    u64 host =
        plan.host_bytes ? memory_read(through->from.base + plan.host_offset, plan.host_bytes) : 0;
    s->reg[insn->dst] = pointer ? checked_field_value(s, plan.field, host)
                                : checked_number(memory_extend(insn, context_keep(&plan, host)));
    return SKEP_OK;
}

static skep_status context_store(struct checked_run_state *s, const struct checked_value *through,
                                 const struct checked_access *access, u64 value)
{
    struct ctx_access plan;
    if (!context_plan(s, through, access, hook_plan_store, &plan))
        return context_fault(s, through, access);
    memory_write(through->from.base + plan.host_offset, plan.host_bytes, value);
    return SKEP_OK;
}

/* ---- instructions */

static struct checked_access memory_access(const struct insn *insn, u8 address_register,
                                           const struct checked_value *through, u8 need)
{
    return (struct checked_access){
        .address = through->bits + (u64)(s64)insn->off,
        .bytes = insn_row(insn)->size,
        .need = need,
        .through = checked_register_name(address_register),
    };
}

/* The slot of a frame that an aligned 8-byte access covers, or NULL. */
static struct checked_origin *memory_slot(struct checked_run_state *s,
                                          const struct checked_value *through,
                                          const struct checked_access *access, u64 *bit)
{
    if (through->from.kind != CHECKED_STACK || access->bytes != 8 || access->address % 8 != 0)
        return NULL;
    u32 slot = stack_offset(through, access->address) / 8;
    *bit = (u64)1 << slot;
    return &s->frames[through->from.frame].slot[slot];
}

/* Whole arguments of the hook.  What their types are only the target's BTF says. */
static bool memory_is_argument(const struct checked_run_state *s,
                               const struct checked_value *through,
                               const struct checked_access *access)
{
    return s->program->in.hook->ctx_kind == SKEP_CTX_ARGS && access->bytes == 8 &&
           through->from.kind == CHECKED_MEMORY && through->from.base == (u64)(uintptr_t)s->ctx;
}

/* Nobody shares a packet, and Linux refuses them there. */
static skep_status memory_may_be_atomic(struct checked_run_state *s,
                                        const struct checked_value *through,
                                        const struct checked_access *access)
{
    if (through->from.kind != CHECKED_PACKET)
        return SKEP_OK;
    return checked_fault_access(s, through, access,
                                CHECKED_FAULT(s, VM_ATOMIC_PACKET, STR(access->through)));
}

skep_status checked_load(struct checked_run_state *s, const struct insn *insn)
{
    struct checked_value through = s->reg[insn->src];
    struct checked_access access = memory_access(insn, insn->src, &through, CHECKED_READ);
    bool acquire = insn_kind(insn) == ISA_KIND_LOAD_ACQ;
    u64 bit = 0;
    if (through.from.kind == CHECKED_CTX && !acquire)
        return context_load(s, insn, &through, &access);
    TRY(checked_may_access(s, &through, &access));
    if (acquire)
        TRY(memory_may_be_atomic(s, &through, &access));
    struct checked_value value =
        checked_number(memory_extend(insn, memory_read(access.address, (u32)access.bytes)));
    if (acquire)
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    value.from.of_host = memory_is_argument(s, &through, &access);
    struct checked_origin *slot = memory_slot(s, &through, &access, &bit);
    if (slot && s->frames[through.from.frame].spilled & bit)
        value.from = *slot;
    s->reg[insn->dst] = value;
    return SKEP_OK;
}

skep_status checked_store(struct checked_run_state *s, const struct insn *insn)
{
    struct checked_value through = s->reg[insn->dst];
    struct checked_access access = memory_access(insn, insn->dst, &through, CHECKED_WRITE);
    bool is_imm = insn_kind(insn) == ISA_KIND_STORE_IMM;
    bool release = insn_kind(insn) == ISA_KIND_STORE_REL;
    struct checked_value value = is_imm ? checked_number(insn->imm) : s->reg[insn->src];
    u64 bit = 0;
    if (through.from.kind == CHECKED_CTX && !release)
        return context_store(s, &through, &access, value.bits);
    TRY(checked_may_access(s, &through, &access));
    if (release) {
        TRY(memory_may_be_atomic(s, &through, &access));
        __atomic_thread_fence(__ATOMIC_RELEASE);
    }
    memory_write(access.address, (u32)access.bytes, value.bits);
    checked_note_write(s, &through, access.address, access.bytes);
    struct checked_origin *slot = memory_slot(s, &through, &access, &bit);
    if (slot && (value.from.kind != CHECKED_NUMBER || value.from.of_host)) {
        *slot = value.from;
        s->frames[through.from.frame].spilled |= bit;
    }
    return SKEP_OK;
}

/* What the operation gives: what memory held before. */
static u64 atomic_do(const struct insn *insn, u64 at, u64 value, u64 expected)
{
    switch (insn->op) {
#define MEMORY_ATOMIC(NAME, name, ...)                                                             \
    case ISA_ATOMIC_##NAME##_W:                                                                    \
    case ISA_FETCH_##NAME##_W: return vm_fetch_##name##_W(at, value);                              \
    case ISA_ATOMIC_##NAME##_DW:                                                                   \
    case ISA_FETCH_##NAME##_DW: return vm_fetch_##name##_DW(at, value);
        ISA_ATOMIC(MEMORY_ATOMIC)
#undef MEMORY_ATOMIC
    case ISA_XCHG_W: return vm_exchange_W(at, value);
    case ISA_XCHG_DW: return vm_exchange_DW(at, value);
    case ISA_CMPXCHG_W: return vm_compare_exchange_W(at, expected, value);
    default: return vm_compare_exchange_DW(at, expected, value);
    }
}

/* Where what memory held before came from; what an exchange puts there comes along. */
static struct checked_origin atomic_origin(struct checked_run_state *s, const struct insn *insn,
                                           const struct checked_value *through,
                                           const struct checked_access *access,
                                           const struct checked_origin *put)
{
    u64 bit = 0;
    struct checked_origin before = checked_number(0).from;
    struct checked_origin *slot = memory_slot(s, through, access, &bit);
    if (slot && s->frames[through->from.frame].spilled & bit)
        before = *slot;
    checked_note_write(s, through, access->address, access->bytes);
    if (slot && insn_kind(insn) == ISA_KIND_XCHG && put->kind != CHECKED_NUMBER) {
        *slot = *put;
        s->frames[through->from.frame].spilled |= bit;
    }
    return before;
}

skep_status checked_atomic(struct checked_run_state *s, const struct insn *insn)
{
    struct checked_value through = s->reg[insn->dst];
    struct checked_access access =
        memory_access(insn, insn->dst, &through, CHECKED_READ | CHECKED_WRITE);
    TRY(checked_may_access(s, &through, &access));
    TRY(memory_may_be_atomic(s, &through, &access));
    if (access.address % access.bytes != 0)
        return checked_fault_access(
            s, &through, &access,
            CHECKED_FAULT(s, VM_MISALIGNED, STR(access.through), NUM(access.bytes)));
    struct checked_value put = s->reg[insn->src];
    struct checked_value old =
        checked_number(atomic_do(insn, access.address, put.bits, s->reg[0].bits));
    old.from = atomic_origin(s, insn, &through, &access, &put.from);
    if (insn_kind(insn) == ISA_KIND_CMPXCHG)
        s->reg[0] = old;
    else if (insn_kind(insn) != ISA_KIND_ATOMIC)
        s->reg[insn->src] = old;
    return SKEP_OK;
}
