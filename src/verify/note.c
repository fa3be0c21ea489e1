/* Facts for the compiler, noted while instructions are stepped over (fact/facts.h).
 *
 * Sound because the engine that accepts steps from every state that it keeps in the end, and these
 * stand for all that can happen; what it stepped from earlier only makes rows wider.  Whatever was
 * noted for an engine that did not accept is cleared before the next begins. */
#include "verify/engine.h"

void note_clear(struct verifier *v)
{
    if (v->in->facts)
        facts_clear(v->in->facts);
}

/* What a register holds, if it is a number.  (What a load gives that nobody reads is said to be any
 * number, whatever is there: that is true of pointers as well.) */
static struct fact_range note_range(const struct verifier *v, const struct state *s, u32 reg)
{
    const struct value *value = cell_value(v, state_reg(s, reg));
    bool number = value->kind == VALUE_SCALAR;
    return number ? (struct fact_range){ value->range.umin, value->range.umax } : fact_range_any();
}

/* ---- memory */

static enum host_region note_region(const struct value *value)
{
    switch ((enum value_kind)value->kind) {
    case VALUE_STACK: return HOST_REGION_STACK;
    case VALUE_CTX: return HOST_REGION_CTX;
    case VALUE_PACKET:
    case VALUE_META: return HOST_REGION_PACKET;
    case VALUE_MAP_VALUE: return HOST_REGION_MAP_VALUE;
    case VALUE_NONE:
    case VALUE_SCALAR:
    case VALUE_PACKET_END:
    case VALUE_MAP:
    case VALUE_MAP_KEY:
    case VALUE_MEMORY:
    case VALUE_MEMORY_END:
    case VALUE_SOCK:
    case VALUE_TYPED:
    case VALUE_PER_CPU:
    case VALUE_FUNC:
    case VALUE_DYNPTR:
    case VALUE_ITERATOR:
    case VALUE_KIND_COUNT: break;
    }
    return HOST_REGION_ANY;
}

static u16 note_map(const struct value *value)
{
    return value->flags & VALUE_INNER ? FACT_NO_MAP : value->object;
}

static bool note_is_own_frame(const struct state *s, const struct value *value)
{
    return value->kind == VALUE_STACK && value->object == s->n_frames - 1u;
}

static void note_access(const struct verifier *v, const struct state *s, const struct insn *insn,
                        struct fact *visit)
{
    enum isa_kind kind = insn_kind(insn);
    bool load = kind == ISA_KIND_LOAD || kind == ISA_KIND_LOAD_SX || kind == ISA_KIND_LOAD_ACQ;
    const struct cell *through = state_reg(s, load ? insn->src : insn->dst);
    const struct value *value = cell_value(v, through);
    u64 at;
    visit->region = (u8)note_region(value);
    if (note_is_own_frame(s, value))
        visit->flags |= FACT_OWN_FRAME;
    if (value->kind == VALUE_MAP_VALUE)
        visit->map = note_map(value);
    bool placed = visit->region != HOST_REGION_ANY && value->kind != VALUE_META;
    if (placed && cell_constant_of(v, through, &at) && (s64)at + insn->off >= INT32_MIN &&
        (s64)at + insn->off <= INT32_MAX) {
        visit->offset = (s32)((s64)at + insn->off);
        visit->flags |= FACT_OFFSET;
    }
}

/* ---- calls */

static struct fact_arg note_argument(const struct verifier *v, const struct state *s, u32 reg)
{
    struct fact_arg arg = { .kind = FACT_ARG_UNKNOWN, .map = FACT_NO_MAP };
    const struct cell *cell = state_reg(s, reg);
    const struct value *value = cell_value(v, cell);
    bool constant = cell_constant_of(v, cell, &arg.value);
    if (value->flags & VALUE_NULLABLE)
        constant = false;
    else if (value->kind == VALUE_SCALAR && constant)
        arg.kind = FACT_ARG_CONSTANT;
    else if (note_is_own_frame(s, value) && constant)
        arg.kind = FACT_ARG_STACK;
    else if (value->kind == VALUE_MAP && note_map(value) != FACT_NO_MAP)
        arg.kind = FACT_ARG_MAP;
    else if (value->kind == VALUE_MAP_VALUE && constant)
        arg.kind = FACT_ARG_MAP_VALUE;
    if (arg.kind == FACT_ARG_MAP || arg.kind == FACT_ARG_MAP_VALUE)
        arg.map = note_map(value);
    if (arg.kind == FACT_ARG_UNKNOWN || arg.kind == FACT_ARG_MAP)
        arg.value = 0;
    return arg;
}

static void note_arguments(const struct verifier *v, const struct state *s, struct fact_call *call,
                           bool first)
{
    for (u32 a = 0; a < 5; a++) {
        struct fact_arg visit = note_argument(v, s, a + 1);
        if (first)
            call->arg[a] = visit;
        else
            fact_join_arg(&call->arg[a], &visit);
    }
}

/* ---- the instruction */

void note_before(const struct verifier *v, const struct state *s, struct fact *visit)
{
    const struct insn *insn = &v->in->code->insns[v->at];
    const struct fact *known = &v->in->facts->at[v->at];
    struct fact_call *call = facts_call(v->in->facts, v->at);
    *visit = (struct fact){ .flags = FACT_REACHED, .map = FACT_NO_MAP, .out = fact_range_any() };
    bool reads = isa_reads(insn) >> insn->dst & 1;
    visit->dst = reads ? note_range(v, s, insn->dst) : fact_range_any();
    visit->src = insn_row(insn)->operands & ISA_S ? note_range(v, s, insn->src) : fact_range_any();
    if (insn_is_memory(insn))
        note_access(v, s, insn, visit);
    if (call) {
        visit->offset = known->offset;
        note_arguments(v, s, call, !(known->flags & FACT_REACHED));
    }
}

/* The register that an instruction puts its result into; STATE_REGS: none, or not in one step. */
static u32 note_result(const struct verifier *v, u32 at)
{
    const struct insn *insn = &v->in->code->insns[at];
    const struct skep_helper *helper = v->in->helpers[at];
    switch (insn_kind(insn)) {
    case ISA_KIND_BINARY_REG:
    case ISA_KIND_BINARY_IMM:
    case ISA_KIND_MOVSX:
    case ISA_KIND_NEG:
    case ISA_KIND_END:
    case ISA_KIND_LDDW:
    case ISA_KIND_LOAD:
    case ISA_KIND_LOAD_SX:
    case ISA_KIND_LOAD_ACQ: return insn->dst;
    case ISA_KIND_FETCH:
    case ISA_KIND_XCHG: return insn->src;
    case ISA_KIND_CMPXCHG:
    case ISA_KIND_LD_ABS:
    case ISA_KIND_LD_IND: return 0;
    case ISA_KIND_CALL_HELPER:
    case ISA_KIND_CALL_KFUNC:
        return helper && !(helper->effects & (SKEP_CALLS_BACK | SKEP_ITERATES)) ? 0 : STATE_REGS;
    case ISA_KIND_STORE_REG:
    case ISA_KIND_STORE_IMM:
    case ISA_KIND_STORE_REL:
    case ISA_KIND_ATOMIC:
    case ISA_KIND_COND_REG:
    case ISA_KIND_COND_IMM:
    case ISA_KIND_JUMP:
    case ISA_KIND_JUMP_LONG:
    case ISA_KIND_MAY_GOTO:
    case ISA_KIND_CALL_LOCAL:
    case ISA_KIND_EXIT:
    case ISA_KIND_ADDR_SPACE_CAST:
    case ISA_KIND_JUMP_INDIRECT:
    case ISA_KIND_CALL_INDIRECT:
    case ISA_KIND_COUNT: break;
    }
    return STATE_REGS;
}

void note_after(const struct verifier *v, u32 at, const struct state *s, struct fact *visit)
{
    struct fact *fact = &v->in->facts->at[at];
    u32 reg = s ? note_result(v, at) : STATE_REGS;
    if (reg < STATE_REGS)
        visit->out = note_range(v, s, reg);
    visit->flags |= v->went;
    if (fact->flags & FACT_REACHED)
        fact_join(fact, visit);
    else
        *fact = *visit;
}
