/* How a program runs at a place: inside sections that must be closed again, and until something is
 * thrown.
 *
 * An open section is among the things held, so whoever opened it must have it closed before it
 * ends, as with everything else. */
#include "verify/call.h"

static u32 mode_opened(const struct state *s, enum held_what kind)
{
    u32 n = 0;
    for (u32 i = 0; i < s->n_held; i++)
        n += s->held[i].kind == kind;
    return n;
}

static void mode_close(struct state *s, enum held_what kind)
{
    for (u32 i = s->n_held; i-- > 0;)
        if (s->held[i].kind == kind) {
            memmove(&s->held[i], &s->held[i + 1], (s->n_held - i - 1u) * sizeof(struct held));
            s->n_held--;
            return;
        }
}

static bool mode_section(struct verifier *v, struct state *s, const struct skep_helper *helper,
                         u32 opens, u32 closes, enum held_what kind, u8 *depth)
{
    if (helper->effects & opens) {
        if (*depth && kind == HELD_RCU)
            return REJECT(v, STATE_REGS, VERIFY_SECTION_OPEN, STR(helper->name));
        if (!call_acquire(v, s, kind))
            return false;
        ++*depth;
    }
    if (helper->effects & closes) {
        if (!mode_opened(s, kind))
            return REJECT(v, STATE_REGS, VERIFY_SECTION_CLOSED, STR(helper->name));
        mode_close(s, kind);
        --*depth;
    }
    return true;
}

bool mode_effects(struct verifier *v, struct state *s, const struct skep_helper *helper)
{
    return mode_section(v, s, helper, SKEP_OPENS_RCU, SKEP_CLOSES_RCU, HELD_RCU, &s->rcu) &&
           mode_section(v, s, helper, SKEP_OPENS_PREEMPT, SKEP_CLOSES_PREEMPT, HELD_PREEMPT,
                        &s->preempt);
}

/* ---- exceptions */

/* The frames of helpers that call back cannot be left behind. */
static bool mode_is_called_back(const struct verifier *v, const struct state *s)
{
    for (u32 c = s->context; c != VERIFY_NONE; c = v->contexts.data[c].parent) {
        u8 kind = v->contexts.data[c].kind;
        if (kind != CONTEXT_MAIN && kind != CONTEXT_CALL && kind != CONTEXT_GLOBAL)
            return true;
    }
    return false;
}

bool mode_throw(struct verifier *v, struct state *s, const struct call *call)
{
    if (mode_is_called_back(v, s))
        return REJECT(v, STATE_REGS, VERIFY_THROWN_IN_CALLBACK, STR(call->helper->name));
    if (!call_nothing_held(v, s, 0, call->helper->name))
        return false;
    return v->in->code->exception_func || call_check_program_result(v, &call->args[0], 1);
}

/* The function for exceptions: its result is the program's. */
bool mode_add_exception_root(struct verifier *v)
{
    u32 func = v->in->code->exception_func;
    if (!func)
        return true;
    struct state *root = verify_root(v, func, CONTEXT_EXCEPTION);
    if (!root)
        return false;
    state_top(root)->reg[1] = cell_scalar(v, root, scalar_any());
    return verify_add_root(v, root);
}
