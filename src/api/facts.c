/* Facts for the eye (include/skep/inspect.h): what a verification's witness knows at each
 * instruction, joined over all the ways that lead there. */
#include "api/verification.h"
#include "base/text.h"

#include <skep/inspect.h>

/* ---- life */

skep_status facts_open(struct skep_object *object, struct skep_facts **out)
{
    struct mem *mem = &object->env->mem;
    *out = mem_new(mem, struct skep_facts);
    if (!*out)
        return SKEP_NOMEM;
    witness_init(&(*out)->witness, mem);
    object_get(object);
    return SKEP_OK;
}

skep_status facts_index(struct skep_facts *facts)
{
    struct arena *arena = &facts->asked.arena;
    const struct witness *w = &facts->witness;
    u32 n = facts->asked.linked.code.n_insns;
    facts->first = arena_array(arena, u32, n);
    facts->next = arena_array(arena, u32, w->nodes.n);
    if (!facts->first || (w->nodes.n && !facts->next))
        return SKEP_NOMEM;
    for (u32 i = 0; i < n; i++)
        facts->first[i] = WITNESS_NONE;
    for (u32 i = 0; i < w->nodes.n; i++) {
        u32 *first = &facts->first[w->nodes.data[i].state->insn];
        facts->next[i] = *first;
        *first = i;
    }
    return SKEP_OK;
}

void skep_facts_free(skep_facts *facts)
{
    if (!facts)
        return;
    struct skep_object *object = facts->asked.in.object;
    struct mem *mem = &object->env->mem;
    witness_drop(&facts->witness);
    facts_drop(&facts->facts);
    arena_drop(&facts->asked.arena);
    mem_delete(mem, facts);
    object_put(object);
}

/* ---- joining */

static u64 facts_min_signed(u64 a, u64 b) { return (s64)a < (s64)b ? a : b; }
static u64 facts_max_signed(u64 a, u64 b) { return (s64)a > (s64)b ? a : b; }

/* false: they are different kinds of things. */
static bool facts_join_value(struct value *value, const struct value *other)
{
    struct scalar *a = &value->range;
    const struct scalar *b = &other->range;
    if (value->kind != other->kind)
        return false;
    if (value->object != other->object)
        value->kind =
            value->kind == VALUE_MAP_VALUE || value->kind == VALUE_MAP ? VALUE_NONE : value->kind;
    value->flags |= other->flags;
    a->umin = min_u64(a->umin, b->umin);
    a->umax = max_u64(a->umax, b->umax);
    a->smin = facts_min_signed(a->smin, b->smin);
    a->smax = facts_max_signed(a->smax, b->smax);
    a->bits.mask |= b->bits.mask | (a->bits.value ^ b->bits.value);
    a->bits.value &= ~a->bits.mask;
    return value->kind != VALUE_NONE;
}

/* A place as all nodes of an instruction have it. */
struct facts_place {
    u32 reg; /* STATE_REGS: a piece of stack */
    u32 slot, at, size;
};

static const struct cell *facts_cell(const struct state *s, const struct facts_place *place)
{
    const struct frame *f = s->frames[s->n_frames - 1];
    if (place->reg < STATE_REGS)
        return f->reg[place->reg].value ? &f->reg[place->reg] : NULL;
    for (u32 p = 0; place->slot < f->n_slots && p < 2; p++)
        if (f->slot[place->slot].run[p].size == place->size &&
            f->slot[place->slot].run[p].at == place->at)
            return &f->slot[place->slot].part[p];
    return NULL;
}

/* false: a way leads there on which the place holds nothing known. */
static bool facts_join_place(const struct skep_facts *facts, u32 insn,
                             const struct facts_place *place, struct value *value, bool *mixed)
{
    bool first = true;
    *mixed = false;
    for (u32 n = facts->first[insn]; n != WITNESS_NONE; n = facts->next[n]) {
        const struct cell *cell = facts_cell(facts->witness.nodes.data[n].state, place);
        if (!cell)
            return false;
        const struct value *here = witness_value(&facts->witness, cell);
        if (first)
            *value = *here;
        else if (!*mixed && !facts_join_value(value, here))
            *mixed = true;
        first = false;
    }
    return !first;
}

/* The k-th place of the instruction's first node, whether all have it or not. */
static bool facts_candidate(const struct state *s, u32 k, struct facts_place *place)
{
    const struct frame *f = s->frames[s->n_frames - 1];
    *place = (struct facts_place){ .reg = STATE_REGS };
    if (k < STATE_REGS - 1) {
        place->reg = k;
        return true;
    }
    u32 slot = (k - (STATE_REGS - 1)) / 2, part = (k - (STATE_REGS - 1)) % 2;
    if (slot >= f->n_slots)
        return false;
    place->slot = slot;
    place->at = f->slot[slot].run[part].at;
    place->size = f->slot[slot].run[part].size;
    return true;
}

/* Calls visit for each place of which something is known, until it says false. */
typedef bool facts_visitor(const struct facts_place *place, const struct value *value, bool mixed,
                           void *user);
static void facts_each_place(const struct skep_facts *facts, u32 insn, facts_visitor *visit,
                             void *user)
{
    struct facts_place place;
    struct value value;
    bool mixed;
    if (facts->first[insn] == WITNESS_NONE)
        return;
    const struct state *s = facts->witness.nodes.data[facts->first[insn]].state;
    for (u32 k = 0; facts_candidate(s, k, &place); k++) {
        bool there = place.reg < STATE_REGS || place.size;
        if (there && facts_join_place(facts, insn, &place, &value, &mixed) &&
            !visit(&place, &value, mixed, user))
            return;
    }
}

/* ---- as data */

size_t skep_facts_count(const skep_facts *facts) { return facts->asked.linked.code.n_insns; }

static bool facts_count_place(const struct facts_place *place, const struct value *value,
                              bool mixed, void *user)
{
    (void)place, (void)value, (void)mixed;
    ++*(size_t *)user;
    return true;
}

void skep_facts_insn(const skep_facts *facts, size_t i, struct skep_facts_insn *out)
{
    const struct code *code = &facts->asked.linked.code;
    const struct code_func *func = &code->funcs[code->func_of[i]];
    const struct fact *fact = &facts->facts.at[i];
    enum isa_kind kind = insn_kind(&code->insns[i]);
    *out = (struct skep_facts_insn){
        .at = verdict_place(&facts->asked.in, (u32)i),
        .function = func->entry == i ? func->name : "",
        .reached = fact->flags & FACT_REACHED,
        .conditional = kind == ISA_KIND_COND_IMM || kind == ISA_KIND_COND_REG,
        .taken = fact->flags & FACT_TAKEN,
        .not_taken = fact->flags & FACT_FALLS,
    };
    facts_each_place(facts, (u32)i, facts_count_place, &out->n_places);
}

struct facts_wanted {
    const struct skep_facts *facts;
    size_t left;
    struct skep_facts_place *out;
};

static bool facts_take_place(const struct facts_place *place, const struct value *value, bool mixed,
                             void *user)
{
    struct facts_wanted *wanted = user;
    if (wanted->left--)
        return true;
    bool stack = place->reg == STATE_REGS;
    *wanted->out = (struct skep_facts_place){
        .is_stack = stack,
        .reg = (u8)place->reg,
        .offset = stack ? (s16)(-8 * (s32)(place->slot + 1) + (s32)place->at) : (s16)0,
        .size = (u8)(stack ? place->size : 8),
        .mixed = mixed,
        .variable = "",
        .value.kind = "",
    };
    if (!mixed) {
        wanted->out->value = verdict_value(value);
        wanted->out->variable = verdict_variable(&wanted->facts->asked.in, value);
    }
    return false;
}

void skep_facts_place(const skep_facts *facts, size_t i, size_t place, struct skep_facts_place *out)
{
    struct facts_wanted wanted = { .facts = facts, .left = place, .out = out };
    facts_each_place(facts, (u32)i, facts_take_place, &wanted);
}

/* ---- as text */

/* The interval that says it shortest. */
static void facts_print_range(struct text *out, const struct skep_verdict_value *value)
{
    bool negative = value->smin < 0;
    if (value->umin == value->umax)
        text_printf(out, "%" PRId64, value->smin);
    else if (value->smin == INT64_MIN && value->smax == INT64_MAX)
        text_string(out, "any");
    else if (negative)
        text_printf(out, "%" PRId64 " to %" PRId64, value->smin, value->smax);
    else
        text_printf(out, "%" PRIu64 " to %" PRIu64, value->umin, value->umax);
}

/* The kind without its article. */
static const char *facts_kind(const char *kind)
{
    const char *space = strchr(kind, ' ');
    bool article = strncmp(kind, "a ", 2) == 0 || strncmp(kind, "an ", 3) == 0 ||
                   strncmp(kind, "the ", 4) == 0;
    return article ? space + 1 : kind;
}

size_t skep_facts_place_text(const struct skep_facts_place *place, char *out, size_t size)
{
    char buffer[160];
    struct text text;
    const struct skep_verdict_value *value = &place->value;
    text_init_fixed(&text, buffer, sizeof(buffer));
    if (place->mixed) {
        text_string(&text, "one of several kinds");
    } else if (!value->is_pointer) {
        facts_print_range(&text, value);
    } else {
        text_string(&text, facts_kind(value->kind));
        if (place->variable[0])
            text_printf(&text, " %s", place->variable);
        if (value->umin != value->umax || value->umin != 0) {
            text_string(&text, value->umin == value->umax && value->smin < 0 ? " " : " + ");
            facts_print_range(&text, value);
        }
    }
    if (value->nullable)
        text_string(&text, ", or NULL");
    size_t length = strlen(text_cstr(&text)), n = min_u64(length, size ? size - 1 : 0);
    if (size) {
        memcpy(out, buffer, n);
        out[n] = 0;
    }
    return length;
}
