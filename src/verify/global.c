/* Global functions: verified once, by their signatures (ir/code.h), for whatever fits them; a call
 * checks that the arguments do, and knows nothing of what comes back but that it is a number.
 *
 * So the cost of a function does not grow with its callers, and another with the same signature may
 * take its place.  A global function without a usable signature is treated as a static one. */
#include "verify/engine.h"

bool global_has_signature(const struct verifier *v, u32 func)
{
    return v->in->code->funcs[func].signature != NULL;
}

/* ---- what a call may lead to */

static u8 global_helper_effects(const struct skep_helper *helper)
{
    u32 effects = helper ? helper->effects : 0;
    return (u8)((effects & (SKEP_MOVES_PACKET | SKEP_TAIL_CALLS) ? SUMMARY_MOVES_PACKET : 0) |
                (effects & SKEP_SLEEPS ? SUMMARY_SLEEPS : 0) |
                (effects & SKEP_THROWS ? SUMMARY_THROWS : 0));
}

static bool global_calls(const struct verifier *v, u32 insn)
{
    const struct insn *i = &v->in->code->insns[insn];
    return insn_kind(i) == ISA_KIND_CALL_LOCAL || i->op == ISA_LDDW_CODE;
}

/* One level of calls.  Functions of more levels than there can be frames are refused, so as many
 * rounds tell all about the others. */
static void global_sum_up(const struct verifier *v, struct summary *summaries)
{
    const struct code *code = v->in->code;
    for (u32 i = 0; i < code->n_insns; i++) {
        struct summary *own = &summaries[code->func_of[i]];
        own->effects |= global_helper_effects(v->in->helpers[i]);
        if (!global_calls(v, i))
            continue;
        const struct summary *callee = &summaries[code->func_of[code->target[i]]];
        own->effects |= callee->effects;
        if (own->height <= callee->height && callee->height <= STATE_MAX_FRAMES)
            own->height = (u8)(callee->height + 1);
    }
}

static struct summary *global_summary(struct verifier *v, u32 func)
{
    u32 n = v->in->code->n_funcs;
    if (!v->summaries) {
        v->summaries = arena_array(&v->arena, struct summary, n);
        if (!v->summaries) {
            verify_fails(v, SKEP_NOMEM);
            return NULL;
        }
        for (u32 f = 0; f < n; f++)
            v->summaries[f].height = 1;
        for (u32 round = 0; round <= STATE_MAX_FRAMES; round++)
            global_sum_up(v, v->summaries);
    }
    return &v->summaries[func];
}

/* ---- the function itself */

static struct cell global_parameter(struct verifier *v, struct state *s, const struct code_arg *arg)
{
    struct value value = { .kind = VALUE_NONE, .flags = arg->nullable ? VALUE_NULLABLE : 0 };
    switch ((enum code_arg_kind)arg->kind) {
    case CODE_ARG_SCALAR: return cell_scalar(v, s, scalar_any());
    case CODE_ARG_CTX: return verify_context(v, s);
    case CODE_ARG_MEMORY:
        value.kind = VALUE_MEMORY;
        value.bytes = arg->bytes;
        break;
    case CODE_ARG_DYNPTR: value.kind = VALUE_DYNPTR; break;
    case CODE_ARG_TYPED:
        value.kind = VALUE_TYPED;
        value.object = arg->type;
        break;
    }
    struct cell cell = cell_pointer(v, value);
    cell.tag = state_fresh_id(s);
    return cell;
}

static bool global_add_root(struct verifier *v, u32 func)
{
    const struct code_signature *signature = v->in->code->funcs[func].signature;
    struct state *root = verify_root(v, func, CONTEXT_GLOBAL);
    if (!root)
        return false;
    for (u32 a = 0; a < signature->n_args; a++)
        state_top(root)->reg[a + 1] = global_parameter(v, root, &signature->args[a]);
    return verify_add_root(v, root);
}

bool global_end(struct verifier *v, const struct state *s)
{
    const struct value *r0 = cell_value(v, state_reg(s, 0));
    if (!call_nothing_held(v, s, 0, "the end of a global function"))
        return false;
    if (r0->kind == VALUE_NONE)
        return REJECT(v, 0, VERIFY_UNSET, NUM(0));
    return r0->kind == VALUE_SCALAR || REJECT(v, 0, VERIFY_NOT_A_NUMBER, NUM(0));
}

/* ---- its callers */

static bool global_wrong(struct verifier *v, u32 func, const struct cell *cell, u32 a,
                         const char *expected)
{
    const struct value *value = cell_value(v, cell);
    return REJECT(
        v, a + 1, VERIFY_ARGUMENT, STR(v->in->code->funcs[func].name), NUM(a + 1), STR(expected),
        STR(value->flags & VALUE_NULLABLE ? "a pointer that may be NULL"
                                          : value_kind_name((enum value_kind)value->kind)));
}

static bool global_is_null(const struct value *value)
{
    return value->kind == VALUE_SCALAR && value->range.umax == 0;
}

/* What the function may write to the stack is not known afterwards. */
static void global_scramble(struct verifier *v, struct state *s, const struct cell *cell, u32 bytes)
{
    const struct value *value = cell_value(v, cell);
    if (value->kind != VALUE_STACK)
        return;
    struct scalar range = relation_tighten(v, s, cell);
    stack_scramble(v, s, value->object, (s64)range.smin, (s64)range.smax + bytes, false);
}

static bool global_check_memory(struct verifier *v, struct state *s, const struct cell *cell,
                                const struct code_arg *arg, u32 a)
{
    struct cell through = *cell;
    struct value value = *cell_value(v, cell);
    struct access access = {
        .reg = a + 1, .size = arg->bytes, .need = NEED_READ | NEED_WRITE | NEED_HELPER, .arg = a + 1
    };
    if (arg->nullable && global_is_null(&value))
        return true;
    if (arg->nullable && value_is_pointer(&value)) {
        value.flags &= (u8)~VALUE_NULLABLE;
        through.value = value_intern(&v->values, &value);
    }
    if (!access_check(v, s, &through, &access))
        return false;
    global_scramble(v, s, &through, arg->bytes);
    return true;
}

/* What nothing is known of, nothing is asked of. */
static bool global_is_typed(const struct value *value, const struct code_arg *arg, bool usable)
{
    bool same = arg->type == SKEP_TYPE_UNKNOWN || access_is_of_type(value, arg->type);
    bool typed = value->kind == VALUE_TYPED && !(value->flags & VALUE_UNTRUSTED);
    return (typed && usable && same) || (value->flags & VALUE_OF_HOST);
}

static bool global_check_argument(struct verifier *v, struct state *s, u32 func, u32 a)
{
    const struct code_arg *arg = &v->in->code->funcs[func].signature->args[a];
    const struct cell cell = *state_reg(s, a + 1);
    const struct value *value = cell_value(v, &cell);
    u64 at;
    if (value->kind == VALUE_NONE)
        return REJECT(v, a + 1, VERIFY_UNSET, NUM(a + 1));
    bool unmoved = cell_constant_of(v, &cell, &at) && at == 0;
    bool there = !(value->flags & VALUE_NULLABLE) || arg->nullable;
    switch ((enum code_arg_kind)arg->kind) {
    case CODE_ARG_SCALAR:
        return value->kind == VALUE_SCALAR || global_wrong(v, func, &cell, a, "a number");
    case CODE_ARG_CTX:
        return (value->kind == VALUE_CTX && unmoved) ||
               global_wrong(v, func, &cell, a, "the unchanged context");
    case CODE_ARG_MEMORY:
        if (value->kind == VALUE_CTX)
            return global_wrong(v, func, &cell, a, "memory");
        if ((value->kind == VALUE_PACKET || value->kind == VALUE_META) &&
            (global_summary(v, func)->effects & SUMMARY_MOVES_PACKET))
            return global_wrong(v, func, &cell, a, "memory that the function does not move");
        return global_check_memory(v, s, &cell, arg, a);
    case CODE_ARG_DYNPTR:
        return owned_has_dynptr(v, s, &cell) ||
               global_wrong(v, func, &cell, a, "an initialised dynptr");
    case CODE_ARG_TYPED:
        if (arg->nullable && global_is_null(value))
            return true;
        return global_is_typed(value, arg, unmoved && there) ||
               global_wrong(v, func, &cell, a, contract_type_name(arg->type));
    }
    return true;
}

static bool global_check_modes(struct verifier *v, const struct state *s, u32 func,
                               const struct summary *summary)
{
    const char *name = v->in->code->funcs[func].name;
    if (s->n_frames + summary->height > STATE_MAX_FRAMES)
        return REJECT(v, STATE_REGS, VERIFY_TOO_DEEP, NUM(STATE_MAX_FRAMES));
    if (s->preempt)
        return REJECT(v, STATE_REGS, VERIFY_SECTION_OPEN, STR(name));
    if ((summary->effects & SUMMARY_SLEEPS) && (!v->in->sleepable || s->rcu))
        return REJECT(v, STATE_REGS, VERIFY_SLEEPS, STR(name));
    return !(summary->effects & SUMMARY_THROWS) || call_nothing_held(v, s, 0, name);
}

bool global_call(struct verifier *v, struct state *s, u32 func)
{
    if (s->lock_map)
        return REJECT(v, STATE_REGS, VERIFY_LOCK_HELD, STR("a call of a global function"));
    struct summary *summary = global_summary(v, func);
    if (!summary || !global_check_modes(v, s, func, summary))
        return false;
    for (u32 a = 0; a < v->in->code->funcs[func].signature->n_args; a++)
        if (!global_check_argument(v, s, func, a))
            return false;
    if (!summary->is_root && !global_add_root(v, func))
        return false;
    summary->is_root = true;
    if (summary->effects & SUMMARY_MOVES_PACKET)
        call_packet_moves(v, s);
    call_clobber(v, s, cell_scalar(v, s, scalar_any()));
    s->insn++;
    return true;
}
