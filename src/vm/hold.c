/* The checked engine holds runs to the facts that compilers are told (fact/facts.h): operands lie
 * in their ranges, accesses in their regions, branches go where they may, and what is dead is never
 * reached. */
#include "vm/checked.h"

static skep_status hold_fault(struct checked_run_state *s, const char *what, u64 value)
{
    char facts[200];
    struct text text;
    const struct vm_input *in = &s->program->in;
    text_init_fixed(&text, facts, sizeof(facts));
    fact_print(&text, in->facts, s->at);
    return CHECKED_FAULT(s, VM_FACT, STR(what), NUM(in->code->slot_of[s->at]), NUM(value),
                         STR(facts));
}

static skep_status hold_range(struct checked_run_state *s, const char *what, u32 reg,
                              struct fact_range range)
{
    u64 bits = s->reg[reg].bits;
    return bits < range.lo || bits > range.hi ? hold_fault(s, what, bits) : SKEP_OK;
}

/* ---- memory */

static bool hold_is_in(const struct checked_run_state *s, const struct checked_origin *from,
                       enum host_region region, u16 map, u64 *base)
{
    const struct skep_packet *packet = s->thread->packet;
    *base = from->base;
    switch (region) {
    case HOST_REGION_ANY: return true;
    case HOST_REGION_STACK: *base = from->base + from->bytes; return from->kind == CHECKED_STACK;
    case HOST_REGION_CTX: return from->kind == CHECKED_CTX || from->kind == CHECKED_MEMORY;
    case HOST_REGION_PACKET:
        *base = packet ? (u64)(uintptr_t)packet->data : 0;
        return from->kind == CHECKED_PACKET;
    case HOST_REGION_MAP_VALUE:
        return from->kind == CHECKED_MAP_VALUE &&
               (map == FACT_NO_MAP || from->owner == s->program->in.maps[map]);
    case HOST_REGION_HOST: break;
    }
    return false;
}

static skep_status hold_access(struct checked_run_state *s, const struct insn *insn,
                               const struct fact *fact)
{
    enum isa_kind kind = insn_kind(insn);
    bool load = kind == ISA_KIND_LOAD || kind == ISA_KIND_LOAD_SX || kind == ISA_KIND_LOAD_ACQ;
    const struct checked_value *through = &s->reg[load ? insn->src : insn->dst];
    u64 base, at = through->bits + (u64)(s64)insn->off;
    if (!hold_is_in(s, &through->from, (enum host_region)fact->region, fact->map, &base))
        return hold_fault(s, "the region", at);
    if ((fact->flags & FACT_OWN_FRAME) && through->from.frame != s->thread->depth - 1)
        return hold_fault(s, "the frame", through->from.frame);
    if ((fact->flags & FACT_OFFSET) && at - base != (u64)(s64)fact->offset)
        return hold_fault(s, "the offset", at - base);
    return SKEP_OK;
}

/* ---- calls */

static skep_status hold_argument(struct checked_run_state *s, const struct fact_arg *arg, u32 reg)
{
    const struct checked_value *real = &s->reg[reg];
    const struct skep_map *map = arg->map == FACT_NO_MAP ? NULL : s->program->in.maps[arg->map];
    u64 top = real->from.base + real->from.bytes;
    bool holds = true;
    switch ((enum fact_arg_kind)arg->kind) {
    case FACT_ARG_UNKNOWN: break;
    case FACT_ARG_CONSTANT: holds = real->bits == arg->value; break;
    case FACT_ARG_STACK:
        holds = real->from.kind == CHECKED_STACK && real->from.frame == s->thread->depth - 1 &&
                real->bits - top == arg->value;
        break;
    case FACT_ARG_MAP: holds = real->from.kind == CHECKED_MAP && real->from.owner == map; break;
    case FACT_ARG_MAP_VALUE:
        holds = real->from.kind == CHECKED_MAP_VALUE && (!map || real->from.owner == map) &&
                real->bits - real->from.base == arg->value;
        break;
    }
    return holds ? SKEP_OK : hold_fault(s, checked_register_name(reg), real->bits);
}

static skep_status hold_call(struct checked_run_state *s, const struct fact_call *call)
{
    for (u32 a = 0; call && a < 5; a++)
        if (!(s->unset >> (a + 1) & 1))
            TRY(hold_argument(s, &call->arg[a], a + 1));
    return SKEP_OK;
}

/* ---- the instruction */

skep_status checked_hold_before(struct checked_run_state *s)
{
    const struct checked_insn *i = &s->program->insns[s->at];
    const struct facts *facts = s->program->in.facts;
    const struct fact *fact = &facts->at[s->at];
    if (!(fact->flags & FACT_REACHED))
        return hold_fault(s, "the reach", 1);
    u16 reads = i->reads & (u16)~s->unset;
    if (reads >> i->insn.dst & 1)
        TRY(hold_range(s, "dst", i->insn.dst, fact->dst));
    if (reads >> i->insn.src & 1)
        TRY(hold_range(s, "src", i->insn.src, fact->src));
    if (insn_is_memory(&i->insn))
        TRY(hold_access(s, &i->insn, fact));
    return hold_call(s, facts_call(facts, s->at));
}

skep_status checked_hold_after(struct checked_run_state *s, bool jumped)
{
    const struct checked_insn *i = &s->program->insns[s->at];
    const struct fact *fact = &s->program->in.facts->at[s->at];
    enum isa_kind kind = insn_kind(&i->insn);
    if (kind == ISA_KIND_COND_REG || kind == ISA_KIND_COND_IMM || kind == ISA_KIND_MAY_GOTO)
        return fact->flags & (jumped ? FACT_TAKEN : FACT_FALLS)
                   ? SKEP_OK
                   : hold_fault(s, "the branch", jumped);
    for (u32 reg = 0; reg < 10; reg++)
        if ((i->writes >> reg & 1) && !(s->unset >> reg & 1))
            TRY(hold_range(s, "the result", reg, fact->out));
    return SKEP_OK;
}
