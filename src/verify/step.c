/* One instruction after another, up to the places where states are kept. */
#include "verify/engine.h"

#include "os/os.h"

/* ---- failures */

void verify_reject(struct verifier *v, u32 reg)
{
    if (v->report->error.id)
        return;
    v->report->insn = v->at;
    v->report->reg = (u8)reg;
    v->report->set_at = CODE_NONE;
    v->report->n_branches = 0;
    v->report->whole_path = false;
}

bool verify_fails(struct verifier *v, skep_status status)
{
    if (v->failure == SKEP_OK)
        v->failure = status;
    return false;
}

bool verify_unsupported(struct verifier *v, const struct insn *insn)
{
    verify_reject(v, STATE_REGS);
    RAISE(&v->report->error, SKEP_UNSUPPORTED, VERIFY_UNSUPPORTED, STR(insn_row(insn)->text));
    return verify_fails(v, SKEP_UNSUPPORTED);
}

/* ---- limits */

static bool step_within_limits(struct verifier *v)
{
    enum { STEP_CLOCK_EVERY = 1024 };
    if (v->failure != SKEP_OK)
        return false;
    if (v->visited++ >= v->visited_limit)
        v->limit = "instructions";
    else if (v->visited % STEP_CLOCK_EVERY == 0 && os_clock_ns(OS_CLOCK_MONOTONIC) > v->deadline)
        v->limit = "time";
    return !v->limit || verify_fails(v, SKEP_LIMIT);
}

/* ---- how control came here */

static u32 step_trace(struct verifier *v, u32 parent, bool taken)
{
    struct trace trace = { .parent = parent, .insn = v->at, .taken = taken, .references = 1 };
    u32 at = v->free_trace;
    if (at != VERIFY_NONE) {
        v->free_trace = v->traces.data[at].parent;
        v->traces.data[at] = trace;
    } else {
        if (!vec_push(&v->mem, &v->traces, trace)) {
            verify_fails(v, SKEP_NOMEM);
            return VERIFY_NONE;
        }
        at = v->traces.n - 1;
    }
    if (parent != VERIFY_NONE)
        v->traces.data[parent].references++;
    return at;
}

static void step_emit(struct verifier *v, struct state *s) { v->next[v->n_next++] = s; }

static void step_emit_branch(struct verifier *v, struct state *s, u32 insn, bool taken)
{
    if (!s)
        return;
    u32 before = s->trace;
    s->trace = step_trace(v, before, taken);
    if (before != VERIFY_NONE)
        v->traces.data[before].references--;
    s->insn = insn;
    v->went |= taken ? FACT_TAKEN : FACT_FALLS;
    step_emit(v, s);
}

/* ---- the kinds of instruction; each says whether the state goes on in this step */

enum step_result { STEP_ON, STEP_EMITTED, STEP_FAILED };

static enum step_result step_branch(struct verifier *v, struct state *s, const struct insn *insn)
{
    struct state *taken, *not_taken;
    u32 at = v->at;
    if (!branch_step(v, s, insn, &taken, &not_taken))
        return STEP_FAILED;
    /* Paths walk the last first.  Compilers put the way straight on that programs usually go, and
     * that is more often the one that covers the others. */
    step_emit_branch(v, taken, v->in->code->target[at], true);
    step_emit_branch(v, not_taken, at + 1, false);
    return STEP_EMITTED;
}

static enum step_result step_may_goto(struct verifier *v, struct state *s)
{
    u32 at = v->at;
    struct state *leaves = state_copy(v, s);
    if (!leaves)
        return STEP_FAILED;
    s->rounds++;
    step_emit_branch(v, s, at + 1, false);
    step_emit_branch(v, leaves, v->in->code->target[at], true);
    return STEP_EMITTED;
}

static enum step_result step_plain(bool ok, struct state *s)
{
    s->insn++;
    return ok ? STEP_ON : STEP_FAILED;
}

static enum step_result step_exit(struct verifier *v, struct state *s)
{
    bool ended;
    if (!call_exit(v, s, &ended))
        return STEP_FAILED;
    if (!ended)
        return STEP_ON;
    state_drop(v, s);
    return STEP_EMITTED;
}

static enum step_result step_helper(struct verifier *v, struct state *s, const struct insn *insn)
{
    bool ended = false;
    if (!call_helper(v, s, insn, &ended))
        return STEP_FAILED;
    if (!ended)
        return STEP_ON;
    state_drop(v, s);
    return STEP_EMITTED;
}

/* ---- signs */

/* Is it x >> 63, of an x that a register still holds?  Absolute values, and minima without
 * branches, are computed so. */
static bool step_is_sign(const struct verifier *v, const struct state *s, const struct insn *insn)
{
    enum { STEP_SPLITS = 2 };
    const struct cell *a = state_reg(s, insn->dst);
    const struct value *value = cell_value(v, a);
    bool wide = insn->op == ISA_ARSH64_IMM && insn->imm == 63;
    bool narrow = insn->op == ISA_ARSH32_IMM && insn->imm == 31 && value->range.umax <= UINT32_MAX;
    bool either = wide ? (s64)value->range.smin < 0 && (s64)value->range.smax >= 0
                       : value->range.umin <= INT32_MAX && value->range.umax > INT32_MAX;
    bool copied = false;
    for (u32 r = 0; r < STATE_REGS - 1; r++)
        copied |= r != insn->dst && form_equal(form_of(state_reg(s, r)), form_of(a));
    return (wide || narrow) && value->kind == VALUE_SCALAR && either && copied &&
           s->splits < STEP_SPLITS;
}

/* One of the two states: what it was computed of is below 0, or not. */
static void step_emit_sign(struct verifier *v, struct state *s, const struct insn *insn,
                           struct scalar half, u64 sign)
{
    const struct cell a = *state_reg(s, insn->dst);
    if (!state_refine(v, s, &a, scalar_meet(cell_value(v, &a)->range, half))) {
        state_drop(v, s);
        return;
    }
    state_set_reg(v, s, insn->dst, cell_constant(v, sign));
    s->splits++;
    s->insn++;
    step_emit(v, s);
}

static enum step_result step_sign(struct verifier *v, struct state *s, const struct insn *insn)
{
    bool wide = insn->op == ISA_ARSH64_IMM;
    u64 half = wide ? (u64)1 << 63 : (u64)1 << 31, most = wide ? UINT64_MAX : UINT32_MAX;
    struct state *minus = state_copy(v, s);
    if (!minus)
        return STEP_FAILED;
    step_emit_sign(v, minus, insn, scalar_range(half, most), most);
    step_emit_sign(v, s, insn, scalar_range(0, half - 1), 0);
    return STEP_EMITTED;
}

static enum step_result step_kind(struct verifier *v, struct state *s, const struct insn *insn)
{
    const struct code *code = v->in->code;
    if (insn_kind(insn) == ISA_KIND_BINARY_IMM && step_is_sign(v, s, insn))
        return step_sign(v, s, insn);
    switch (insn_kind(insn)) {
    case ISA_KIND_BINARY_REG:
    case ISA_KIND_BINARY_IMM:
    case ISA_KIND_MOVSX:
    case ISA_KIND_NEG:
    case ISA_KIND_END:
    case ISA_KIND_LDDW: return step_plain(alu_step(v, s, insn), s);
    case ISA_KIND_LOAD:
    case ISA_KIND_LOAD_SX:
    case ISA_KIND_LOAD_ACQ: return step_plain(access_load(v, s, insn), s);
    case ISA_KIND_STORE_REG:
    case ISA_KIND_STORE_IMM:
    case ISA_KIND_STORE_REL: return step_plain(access_store(v, s, insn), s);
    case ISA_KIND_ATOMIC:
    case ISA_KIND_FETCH:
    case ISA_KIND_XCHG:
    case ISA_KIND_CMPXCHG: return step_plain(access_atomic(v, s, insn), s);
    case ISA_KIND_LD_ABS:
    case ISA_KIND_LD_IND: return call_packet_load(v, s, insn) ? STEP_ON : STEP_FAILED;
    case ISA_KIND_COND_REG:
    case ISA_KIND_COND_IMM: return step_branch(v, s, insn);
    case ISA_KIND_JUMP:
    case ISA_KIND_JUMP_LONG: s->insn = code->target[v->at]; return STEP_ON;
    case ISA_KIND_MAY_GOTO: return step_may_goto(v, s);
    case ISA_KIND_CALL_HELPER:
    case ISA_KIND_CALL_KFUNC: return step_helper(v, s, insn);
    case ISA_KIND_CALL_LOCAL:
        return call_local(v, s, code->func_of[code->target[v->at]]) ? STEP_ON : STEP_FAILED;
    case ISA_KIND_EXIT: return step_exit(v, s);
    case ISA_KIND_ADDR_SPACE_CAST:
    case ISA_KIND_JUMP_INDIRECT:
    case ISA_KIND_CALL_INDIRECT:
    case ISA_KIND_COUNT: break;
    }
    return verify_unsupported(v, insn) ? STEP_ON : STEP_FAILED;
}

static enum step_result step_one(struct verifier *v, struct state *s, const struct insn *insn)
{
    struct fact visit;
    u32 at = v->at;
    if (!v->in->facts || v->unnoted)
        return step_kind(v, s, insn);
    v->went = 0;
    note_before(v, s, &visit);
    enum step_result result = step_kind(v, s, insn);
    if (result == STEP_ON || result == STEP_EMITTED)
        note_after(v, at, result == STEP_ON ? s : NULL, &visit);
    return result;
}

/* What the register that a report is about may hold, and how control came there. */
static void step_note_value(struct verifier *v, const struct state *s)
{
    struct verify_report *report = v->report;
    if (report->reg < STATE_REGS && s->n_frames)
        report->value = *cell_value(v, state_reg(s, report->reg));
    verify_note_path(v);
}

static bool step_undo(struct verifier *v)
{
    while (v->n_next)
        state_drop(v, v->next[--v->n_next]);
    return false;
}

bool step(struct verifier *v, struct state *s)
{
    v->n_next = 0;
    for (;;) {
        if (!step_within_limits(v)) {
            state_drop(v, s);
            return false;
        }
        v->at = s->insn;
        v->last_trace = s->trace;
        const struct insn *insn = &v->in->code->insns[s->insn];
        enum step_result result = STEP_FAILED;
        const char *poison = code_poison_at(v->in->code, s->insn);
        if (poison) {
            verify_reject(v, STATE_REGS);
            RAISE(&v->report->error, SKEP_REJECTED, VERIFY_POISONED, STR(poison));
        } else {
            result = step_one(v, s, insn);
        }
        switch (result) {
        case STEP_EMITTED: return v->failure == SKEP_OK || step_undo(v);
        case STEP_FAILED:
            step_note_value(v, s);
            state_drop(v, s);
            return step_undo(v);
        case STEP_ON: break;
        }
        if (v->n_next || v->point[s->insn]) {
            step_emit(v, s);
            return v->failure == SKEP_OK || step_undo(v);
        }
    }
}
