/* See ssa_eval.h. */
#include "support/ssa_eval.h"

#include <stdlib.h>
#include <string.h>

/* ---- values */

__extension__ typedef unsigned __int128 eval_u128;
__extension__ typedef __int128 eval_s128;

static u64 low_bits(u64 value, u32 width)
{
    return width == 8 ? value : value & (((u64)1 << 8 * width) - 1);
}

static s64 as_signed(u64 value, u32 width)
{
    u64 sign = (u64)1 << (8 * width - 1);
    return (s64)((low_bits(value, width) ^ sign) - sign);
}

static u64 swap_bytes(u64 value, u32 width)
{
    u64 swapped = 0;
    for (u32 i = 0; i < width; i++)
        swapped |= (value >> 8 * i & 0xff) << 8 * (width - 1 - i);
    return swapped;
}

static u64 shift_right_signed(u64 a, u32 by, u32 width)
{
    u64 value = low_bits(a, width) >> by;
    bool negative = as_signed(a, width) < 0;
    return negative && by ? value | ~(u64)0 << (8 * width - by) : value;
}

static u64 rotate_left(u64 a, u32 by, u32 width)
{
    u64 value = low_bits(a, width);
    return by ? value << by | value >> (8 * width - by) : value;
}

static u64 require_divisor(u64 b, u32 width)
{
    if (low_bits(b, width) == 0)
        abort(); /* build.c guards every division */
    return b;
}

static u64 divide_signed(u64 a, u64 b, u32 width, bool remainder)
{
    eval_s128 x = as_signed(a, width), y = as_signed(require_divisor(b, width), width);
    eval_s128 quotient = x / y;
    if ((eval_s128)as_signed((u64)quotient, width) != quotient)
        abort(); /* and sees to it that quotients fit */
    return (u64)(remainder ? x % y : quotient);
}

static u64 multiply_high(u64 a, u64 b, u32 width)
{
    return (u64)((eval_u128)low_bits(a, width) * low_bits(b, width) >> 8 * width);
}

static u64 multiply_high_signed(u64 a, u64 b, u32 width)
{
    eval_s128 product = (eval_s128)as_signed(a, width) * as_signed(b, width);
    return (u64)((eval_u128)product >> 8 * width);
}

/* Of the operation's width, what is above it not yet cut off. */
static u64 eval_binary(enum ssa_op op, u32 w, u64 a, u64 b)
{
    u32 by = (u32)b & (8 * w - 1);
    u64 la = low_bits(a, w), lb = low_bits(b, w);
    switch ((u32)op) {
    case SSA_ADD: return a + b;
    case SSA_SUB: return a - b;
    case SSA_MUL: return a * b;
    case SSA_MULH: return multiply_high(a, b, w);
    case SSA_SMULH: return multiply_high_signed(a, b, w);
    case SSA_DIV: return la / low_bits(require_divisor(b, w), w);
    case SSA_MOD: return la % low_bits(require_divisor(b, w), w);
    case SSA_SDIV: return divide_signed(a, b, w, false);
    case SSA_SMOD: return divide_signed(a, b, w, true);
    case SSA_AND: return a & b;
    case SSA_OR: return a | b;
    case SSA_XOR: return a ^ b;
    case SSA_SHL: return a << by;
    case SSA_SHR: return la >> by;
    case SSA_SAR: return shift_right_signed(a, by, w);
    case SSA_ROTL: return rotate_left(a, by, w);
    case SSA_NEG: return 0 - a;
    case SSA_NOT: return ~a;
    case SSA_EQ: return la == lb;
    case SSA_NE: return la != lb;
    case SSA_LT: return la < lb;
    case SSA_LE: return la <= lb;
    case SSA_SLT: return as_signed(a, w) < as_signed(b, w);
    case SSA_SLE: return as_signed(a, w) <= as_signed(b, w);
    default: abort();
    }
}

u64 ssa_eval_op(enum ssa_op op, u32 width, u64 a, u64 b)
{
    switch ((u32)op) {
    case SSA_BSWAP: return swap_bytes(a, width);
    case SSA_ZEXT: return low_bits(a, width);
    case SSA_SEXT: return (u64)as_signed(a, width);
    default: return low_bits(eval_binary(op, width, a, b), width);
    }
}

/* ---- memory */

static u64 peek(u64 address, u32 width)
{
    u64 value = 0;
    u8 bytes[8];
    memcpy(bytes, (const void *)(uintptr_t)address, width);
    if (width == 1)
        return bytes[0];
    if (width == 2) {
        u16 half;
        memcpy(&half, bytes, 2);
        return half;
    }
    if (width == 4) {
        u32 word;
        memcpy(&word, bytes, 4);
        return word;
    }
    memcpy(&value, bytes, 8);
    return value;
}

static void poke(u64 address, u32 width, u64 value)
{
    u8 byte = (u8)value;
    u16 half = (u16)value;
    u32 word = (u32)value;
    const void *from = width == 1   ? (const void *)&byte
                       : width == 2 ? (const void *)&half
                       : width == 4 ? (const void *)&word
                                    : (const void *)&value;
    memcpy((void *)(uintptr_t)address, from, width);
}

/* What memory holds after an atomic operation. */
static u64 after_atomic(u32 op, u64 was, u64 operand)
{
    switch (op) {
    case SSA_ATOMIC_ADD:
    case SSA_FETCH_ADD: return was + operand;
    case SSA_ATOMIC_OR:
    case SSA_FETCH_OR: return was | operand;
    case SSA_ATOMIC_AND:
    case SSA_FETCH_AND: return was & operand;
    case SSA_ATOMIC_XOR:
    case SSA_FETCH_XOR: return was ^ operand;
    case SSA_XCHG: return operand;
    default: abort();
    }
}

/* ---- a function's activation */

struct activation {
    struct skep_thread *thread;
    struct ssa_eval *eval;
    const struct ssa_func *func;
    const u64 *params; /* r1..r5 */
    u64 frame;
    u64 *values;
    skep_status status;
};

static skep_status eval_function(struct skep_thread *thread, struct ssa_eval *eval, u32 func,
                                 const u64 params[5], u64 frame, u64 *result);

static u64 value_of(const struct activation *a, const struct ssa_insn *insn, u32 i)
{
    return a->values[ssa_args(a->func, insn)[i]];
}

static u64 call_host(struct activation *a, const struct ssa_insn *insn)
{
    u64 args[6] = { 0 };
    for (u32 i = 0; i < insn->n_args && i < 6; i++)
        args[i] = value_of(a, insn, i);
    skep_helper_fn *run = (skep_helper_fn *)(uintptr_t)insn->imm;
    struct skep_thread *thread = (struct skep_thread *)(uintptr_t)args[0];
    if (thread != a->thread)
        abort();
    u64 result = run(thread, args[1], args[2], args[3], args[4], args[5]);
    if (insn->op == SSA_CALL)
        a->status = thread->stop;
    return result;
}

/* Arguments: the thread, the frame, r1... */
static u64 call_local(struct activation *a, const struct ssa_insn *insn)
{
    u64 params[5] = { 0 }, result = 0;
    for (u32 i = 2; i < insn->n_args; i++)
        params[i - 2] = value_of(a, insn, i);
    if (value_of(a, insn, 0) != (u64)(uintptr_t)a->thread)
        abort();
    a->status =
        eval_function(a->thread, a->eval, (u32)insn->imm, params, value_of(a, insn, 1), &result);
    return result;
}

static void charge(struct activation *a, u64 fuel)
{
    struct skep_thread *thread = a->thread;
    thread->fuel -= (s64)fuel;
    if (thread->fuel < 0)
        a->status = SKEP_FUEL;
    else if (thread->cancel)
        a->status = SKEP_CANCELLED;
}

static u64 eval_memory(const struct activation *a, const struct ssa_insn *insn)
{
    u64 at = value_of(a, insn, 0) + (u64)insn->off, was;
    switch ((u32)insn->op) {
    case SSA_LOAD:
    case SSA_LOAD_ACQUIRE: return peek(at, insn->width);
    case SSA_LOADS: return (u64)as_signed(peek(at, insn->width), insn->width);
    case SSA_STORE:
    case SSA_STORE_RELEASE: poke(at, insn->width, value_of(a, insn, 1)); return 0;
    case SSA_CMPXCHG:
        was = peek(at, insn->width);
        if (was == low_bits(value_of(a, insn, 1), insn->width))
            poke(at, insn->width, value_of(a, insn, 2));
        return was;
    default:
        was = peek(at, insn->width);
        poke(at, insn->width, after_atomic(insn->op, was, value_of(a, insn, 1)));
        return was;
    }
}

static u64 eval_insn(struct activation *a, const struct ssa_insn *insn)
{
    switch ((enum ssa_op)insn->op) {
    case SSA_CONST: return insn->imm;
    case SSA_PARAM: return a->params[insn->imm];
    case SSA_FRAME: return a->frame;
    case SSA_THREAD: return (u64)(uintptr_t)a->thread;
    case SSA_ADD:
    case SSA_SUB:
    case SSA_MUL:
    case SSA_MULH:
    case SSA_SMULH:
    case SSA_DIV:
    case SSA_SDIV:
    case SSA_MOD:
    case SSA_SMOD:
    case SSA_AND:
    case SSA_OR:
    case SSA_XOR:
    case SSA_SHL:
    case SSA_SHR:
    case SSA_SAR:
    case SSA_ROTL:
    case SSA_EQ:
    case SSA_NE:
    case SSA_LT:
    case SSA_LE:
    case SSA_SLT:
    case SSA_SLE:
        return ssa_eval_op((enum ssa_op)insn->op, insn->width, value_of(a, insn, 0),
                           value_of(a, insn, 1));
    case SSA_NEG:
    case SSA_NOT:
    case SSA_BSWAP:
    case SSA_ZEXT:
    case SSA_SEXT: return ssa_eval_op((enum ssa_op)insn->op, insn->width, value_of(a, insn, 0), 0);
    case SSA_SELECT: return low_bits(value_of(a, insn, value_of(a, insn, 0) ? 1 : 2), insn->width);
    case SSA_LOAD:
    case SSA_LOADS:
    case SSA_STORE:
    case SSA_LOAD_ACQUIRE:
    case SSA_STORE_RELEASE:
    case SSA_ATOMIC_ADD:
    case SSA_ATOMIC_OR:
    case SSA_ATOMIC_AND:
    case SSA_ATOMIC_XOR:
    case SSA_FETCH_ADD:
    case SSA_FETCH_OR:
    case SSA_FETCH_AND:
    case SSA_FETCH_XOR:
    case SSA_XCHG:
    case SSA_CMPXCHG: return eval_memory(a, insn);
    case SSA_CALL:
    case SSA_CALL_QUIET:
    case SSA_CALL_PURE: return call_host(a, insn);
    case SSA_CALL_LOCAL: return call_local(a, insn);
    case SSA_CHARGE:
        if (insn->flags & SSA_PAID && a->thread->fuel < (s64)insn->imm)
            abort();
        charge(a, insn->imm);
        return 0;
    case SSA_FUEL: return (u64)a->thread->fuel;
    case SSA_GUARD:
    case SSA_NONE:
    case SSA_PHI:
    case SSA_JUMP:
    case SSA_BRANCH:
    case SSA_RETURN:
    case SSA_OP_COUNT: break;
    }
    abort();
}

/* All of a block's phis at once, from a predecessor; the first instruction after them. */
static u32 eval_phis(const struct activation *a, u32 block, u32 from)
{
    const struct ssa_func *func = a->func;
    const struct ssa_block *to = &func->blocks[block];
    u32 n = 0, pred = 0, at;
    while (pred < to->n_preds && to->preds[pred] != from)
        pred++;
    for (at = to->first; at && func->insns[at].op == SSA_PHI; at = func->insns[at].next)
        n++;
    if (n && pred == to->n_preds)
        abort();
    u64 *fresh = calloc(n + 1, sizeof(*fresh));
    if (!fresh)
        abort();
    at = to->first;
    for (u32 i = 0; i < n; i++, at = func->insns[at].next)
        fresh[i] = value_of(a, &func->insns[at], pred);
    at = to->first;
    for (u32 i = 0; i < n; i++, at = func->insns[at].next)
        a->values[at] = fresh[i];
    free(fresh);
    return at;
}

static bool out_of_steps(struct ssa_eval *eval)
{
    return ++eval->steps > eval->most_steps && eval->most_steps;
}

static skep_status eval_blocks(struct activation *a, u64 *result)
{
    const struct ssa_func *func = a->func;
    u32 block = 0, at = eval_phis(a, 0, CODE_NONE);
    for (;;) {
        const struct ssa_insn *insn = &func->insns[at];
        if (out_of_steps(a->eval))
            return SKEP_STATE;
        if (insn->op == SSA_RETURN) {
            *result = value_of(a, insn, 0);
            return SKEP_OK;
        }
        if (insn->op == SSA_JUMP || insn->op == SSA_BRANCH) {
            u32 slot = insn->op == SSA_BRANCH && !value_of(a, insn, 0);
            u32 next = func->blocks[block].succ[slot];
            at = eval_phis(a, next, block);
            block = next;
            continue;
        }
        u64 value = eval_insn(a, insn);
        if (a->status != SKEP_OK)
            return a->status;
        if (ssa_has(insn, SSA_VALUE))
            a->values[at] = value;
        at = insn->next;
    }
}

static skep_status eval_activation(struct activation *a, u64 *result)
{
    if (a->func->n == 0)
        abort(); /* it was said never to be called */
    a->values = malloc(a->func->n * sizeof(*a->values));
    if (!a->values)
        abort();
    memset(a->values, 0xa5, a->func->n * sizeof(*a->values));
    skep_status status = eval_blocks(a, result);
    free(a->values);
    return status;
}

static skep_status eval_function(struct skep_thread *thread, struct ssa_eval *eval, u32 func,
                                 const u64 params[5], u64 frame, u64 *result)
{
    struct activation a = { .thread = thread,
                            .eval = eval,
                            .func = &eval->ssa->funcs[func],
                            .params = params,
                            .frame = frame };
    if (eval->fills && frame)
        memset((void *)(uintptr_t)(frame - RT_FRAME_BYTES), eval->filling, RT_FRAME_BYTES);
    return eval_activation(&a, result);
}

u64 ssa_eval_func(const struct ssa_func *func, const u64 params[5])
{
    u64 result = 0;
    struct ssa_eval eval = { 0 };
    struct activation a = { .eval = &eval, .func = func, .params = params };
    if (eval_activation(&a, &result) != SKEP_OK)
        abort();
    return result;
}

/* ---- entered from outside */

static skep_status enter(struct skep_thread *thread, struct ssa_eval *eval, u32 func,
                         const u64 args[5], u64 *r0)
{
    u32 depth = thread->depth;
    if (depth >= RT_MAX_FRAMES) {
        const struct code *code = thread->program->code;
        rt_native_depth(thread, code->funcs[func].entry, 0, 0, 0, 0);
        return thread->stop;
    }
    u64 frame = (u64)(uintptr_t)(thread->stack + (size_t)(depth + 1) * RT_FRAME_BYTES);
    thread->depth++;
    skep_status status = eval_function(thread, eval, func, args, frame, r0);
    if (status == SKEP_OK && thread->depth != depth + 1)
        abort();
    thread->depth = depth; /* a stop leaves it as it was deeper down */
    return status;
}

static skep_status call_back(struct skep_thread *thread, u64 token, const u64 args[5], u64 *r0)
{
    return enter(thread, thread->engine, (u32)token - 1, args, r0);
}

/* What an entry puts in place, and takes away again. */
struct entered {
    void *engine;
    skep_status (*call_back)(struct skep_thread *thread, u64 token, const u64 args[5], u64 *r0);
};
static struct entered take_thread(struct skep_thread *thread, const void *engine)
{
    struct entered before = { thread->engine, thread->call_back };
    thread->engine = (void *)(uintptr_t)engine;
    thread->call_back = call_back;
    return before;
}
static void give_thread(struct skep_thread *thread, struct entered before)
{
    thread->engine = before.engine;
    thread->call_back = before.call_back;
}

skep_status ssa_eval_run(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                         u64 *r0)
{
    struct entered before = take_thread(thread, program->engine);
    struct ssa_eval *eval = thread->engine;
    u64 args[5] = { (u64)(uintptr_t)ctx };
    if (program->hook->ctx_kind == SKEP_CTX_MEMORY) {
        const struct skep_memory *memory = ctx;
        args[0] = memory ? (u64)(uintptr_t)memory->data : 0;
        args[1] = memory ? memory->size : 0;
    }
    skep_status status = enter(thread, eval, 0, args, r0);
    if (status != SKEP_OK && rt_catch(thread, r0)) {
        u32 func = program->code->exception_func;
        const u64 cookie[5] = { *r0 };
        status = func ? enter(thread, eval, func, cookie, r0) : SKEP_OK;
    }
    give_thread(thread, before);
    return status;
}

skep_status ssa_eval_run_callback(struct skep_thread *thread, const struct rt_program *program,
                                  const struct rt_callback *callback, u64 *r0)
{
    struct entered before = take_thread(thread, program->engine);
    const u64 args[5] = { (u64)(uintptr_t)callback->map, (u64)(uintptr_t)callback->key,
                          (u64)(uintptr_t)callback->value };
    skep_status status = enter(thread, thread->engine, (u32)callback->token - 1, args, r0);
    give_thread(thread, before);
    return status;
}
