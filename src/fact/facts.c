/* Facts per instruction: room for them, joining, and their text. */
#include "fact/facts.h"

static bool facts_is_call(const struct insn *insn)
{
    enum isa_kind kind = insn_kind(insn);
    return kind == ISA_KIND_CALL_HELPER || kind == ISA_KIND_CALL_KFUNC;
}

/* ---- life */

void facts_clear(struct facts *facts)
{
    u32 calls = 0;
    memset(facts->at, 0, facts->n * sizeof(*facts->at));
    if (facts->calls)
        memset(facts->calls, 0, facts->n_calls * sizeof(*facts->calls));
    for (u32 i = 0; i < facts->n; i++)
        if (facts_is_call(&facts->code->insns[i]))
            facts->at[i].offset = (s32)calls++;
}

skep_status facts_init(struct facts *facts, struct mem *mem, const struct code *code)
{
    *facts = (struct facts){ .mem = mem, .n = code->n_insns, .code = code };
    for (u32 i = 0; i < code->n_insns; i++)
        facts->n_calls += facts_is_call(&code->insns[i]);
    facts->at = mem_alloc(mem, facts->n * sizeof(*facts->at));
    facts->calls = mem_alloc(mem, facts->n_calls * sizeof(*facts->calls));
    if (!facts->at || (facts->n_calls && !facts->calls)) {
        facts_drop(facts);
        return SKEP_NOMEM;
    }
    facts_clear(facts);
    return SKEP_OK;
}

void facts_drop(struct facts *facts)
{
    if (!facts->mem)
        return;
    mem_free(facts->mem, facts->at, facts->n * sizeof(*facts->at));
    mem_free(facts->mem, facts->calls, facts->n_calls * sizeof(*facts->calls));
    *facts = (struct facts){ 0 };
}

struct fact_call *facts_call(const struct facts *facts, u32 insn)
{
    return facts_is_call(&facts->code->insns[insn]) ? &facts->calls[facts->at[insn].offset] : NULL;
}

/* ---- joining */

static struct fact_range fact_join_range(struct fact_range a, struct fact_range b)
{
    return (struct fact_range){ min_u64(a.lo, b.lo), max_u64(a.hi, b.hi) };
}

void fact_join(struct fact *fact, const struct fact *visit)
{
    const u8 some = FACT_REACHED | FACT_TAKEN | FACT_FALLS; /* the others hold of all visits */
    u8 flags = (u8)(((fact->flags | visit->flags) & some) | (fact->flags & visit->flags & ~some));
    fact->dst = fact_join_range(fact->dst, visit->dst);
    fact->src = fact_join_range(fact->src, visit->src);
    fact->out = fact_join_range(fact->out, visit->out);
    if (fact->region != visit->region || fact->offset != visit->offset)
        flags &= (u8)~FACT_OFFSET;
    if (fact->map != visit->map)
        fact->map = FACT_NO_MAP;
    if (fact->region != visit->region) {
        fact->region = HOST_REGION_ANY;
        flags &= (u8)~FACT_OWN_FRAME;
    }
    fact->flags = flags;
}

void fact_join_arg(struct fact_arg *arg, const struct fact_arg *visit)
{
    bool same = arg->kind == visit->kind && arg->value == visit->value && arg->map == visit->map;
    if (!same)
        *arg = (struct fact_arg){ .kind = FACT_ARG_UNKNOWN, .map = FACT_NO_MAP };
}

void fact_guard(struct fact *fact, u32 limit)
{
    fact->flags = (u8)((fact->flags & ~FACT_OFFSET) | FACT_GUARD);
    fact->offset = (s32)limit;
}

/* ---- text */

static void fact_print_range(struct text *out, const char *name, struct fact_range r)
{
    if (fact_is_constant(r))
        text_printf(out, " %s=%" PRIu64, name, r.lo);
    else if (r.lo != 0 || r.hi != UINT64_MAX)
        text_printf(out, " %s=%" PRIu64 "..%" PRIu64, name, r.lo, r.hi);
}

static void fact_print_region(struct text *out, const struct fact *fact)
{
    static const char *const names[] = {
        [HOST_REGION_ANY] = "any",
        [HOST_REGION_STACK] = "stack",
        [HOST_REGION_CTX] = "ctx",
        [HOST_REGION_PACKET] = "packet",
        [HOST_REGION_MAP_VALUE] = "map value",
    };
    text_printf(out, " in=%s%s", fact->flags & FACT_OWN_FRAME ? "own " : "", names[fact->region]);
    if (fact->region == HOST_REGION_MAP_VALUE && fact->map != FACT_NO_MAP)
        text_printf(out, " %u", fact->map);
    if (fact->flags & FACT_OFFSET)
        text_printf(out, "%+" PRId32, fact->offset);
    if (fact->flags & FACT_GUARD)
        text_printf(out, " guarded to %" PRId32, fact->offset);
}

static void fact_print_call(struct text *out, const struct fact_call *call)
{
    for (u32 a = 0; a < 5; a++) {
        const struct fact_arg *arg = &call->arg[a];
        switch ((enum fact_arg_kind)arg->kind) {
        case FACT_ARG_UNKNOWN: break;
        case FACT_ARG_CONSTANT: text_printf(out, " r%u=%" PRId64, a + 1, (s64)arg->value); break;
        case FACT_ARG_STACK:
            text_printf(out, " r%u=own stack%+" PRId64, a + 1, (s64)arg->value);
            break;
        case FACT_ARG_MAP: text_printf(out, " r%u=map %u", a + 1, arg->map); break;
        case FACT_ARG_MAP_VALUE:
            text_printf(out, " r%u=map value %u%+" PRId64, a + 1, arg->map, (s64)arg->value);
            break;
        }
    }
}

void fact_print(struct text *out, const struct facts *facts, u32 insn)
{
    const struct fact *fact = &facts->at[insn];
    const struct insn *code = &facts->code->insns[insn];
    enum isa_kind kind = insn_kind(code);
    if (!(fact->flags & FACT_REACHED)) {
        text_string(out, " dead");
        return;
    }
    fact_print_range(out, "dst", fact->dst);
    fact_print_range(out, "src", fact->src);
    if (insn_is_memory(code))
        fact_print_region(out, fact);
    if (facts_is_call(code))
        fact_print_call(out, facts_call(facts, insn));
    if (kind == ISA_KIND_COND_REG || kind == ISA_KIND_COND_IMM) {
        if (!(fact->flags & FACT_TAKEN))
            text_string(out, " never taken");
        if (!(fact->flags & FACT_FALLS))
            text_string(out, " always taken");
    }
    fact_print_range(out, "out", fact->out);
}
