/* See cells.h. */
#include "sound/cells.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const use_names[CELL_USES_COUNT] = {
#define U(NAME, text) text,
    CELL_USES(U)
#undef U
};

/* clang-format off */
static const char *const arg_names[SKEP_ARG_KIND_COUNT] = {
    [SKEP_ARG_NONE] = "-", [SKEP_ARG_ANYTHING] = "anything", [SKEP_ARG_SCALAR] = "number", [SKEP_ARG_CTX] = "context",
    [SKEP_ARG_MAP] = "map", [SKEP_ARG_MAP_KEY] = "key", [SKEP_ARG_MAP_VALUE] = "value", [SKEP_ARG_MEM] = "memory",
    [SKEP_ARG_SIZE] = "size", [SKEP_ARG_ALLOC_SIZE] = "size to be allocated", [SKEP_ARG_STRING] = "constant string",
    [SKEP_ARG_CALLBACK] = "callback", [SKEP_ARG_CALLBACK_CTX] = "callback's context", [SKEP_ARG_RECORD] = "record",
    [SKEP_ARG_SPIN_LOCK] = "spin lock", [SKEP_ARG_TIMER] = "timer", [SKEP_ARG_KPTR] = "place of a kernel pointer",
    [SKEP_ARG_DYNPTR] = "dynptr", [SKEP_ARG_SOCK] = "socket", [SKEP_ARG_BTF_PTR] = "typed pointer", [SKEP_ARG_ITER] = "iterator",
};

static const struct { const char *name; bool reported; } reports[DIAG_COUNT] = {
#define DIAG(id, name, ...) [DIAG_##id] = { name, true },
#include "base/diags.h"
#undef DIAG
};

/* What a register is used for through which it is accessed, or that is computed with. */
static const u8 dst_uses[ISA_KIND_COUNT] = { /* 1 + enum cell_use */
    [ISA_KIND_STORE_REG] = 1 + CELL_STORE, [ISA_KIND_STORE_IMM] = 1 + CELL_STORE, [ISA_KIND_STORE_REL] = 1 + CELL_STORE,
    [ISA_KIND_ATOMIC] = 1 + CELL_ATOMIC, [ISA_KIND_FETCH] = 1 + CELL_ATOMIC, [ISA_KIND_XCHG] = 1 + CELL_ATOMIC,
    [ISA_KIND_CMPXCHG] = 1 + CELL_ATOMIC, [ISA_KIND_BINARY_REG] = 1 + CELL_COMPUTE, [ISA_KIND_BINARY_IMM] = 1 + CELL_COMPUTE,
    [ISA_KIND_NEG] = 1 + CELL_COMPUTE, [ISA_KIND_END] = 1 + CELL_COMPUTE, [ISA_KIND_COND_REG] = 1 + CELL_COMPARE, [ISA_KIND_COND_IMM] = 1 + CELL_COMPARE,
};
static const u8 src_uses[ISA_KIND_COUNT] = {
    [ISA_KIND_LOAD] = 1 + CELL_LOAD, [ISA_KIND_LOAD_SX] = 1 + CELL_LOAD, [ISA_KIND_LOAD_ACQ] = 1 + CELL_LOAD,
    [ISA_KIND_STORE_REG] = 1 + CELL_KEEP, [ISA_KIND_STORE_REL] = 1 + CELL_KEEP,
    [ISA_KIND_ATOMIC] = 1 + CELL_KEEP, [ISA_KIND_FETCH] = 1 + CELL_KEEP, [ISA_KIND_XCHG] = 1 + CELL_KEEP,
    [ISA_KIND_CMPXCHG] = 1 + CELL_KEEP, [ISA_KIND_BINARY_REG] = 1 + CELL_COMPUTE, [ISA_KIND_MOVSX] = 1 + CELL_COMPUTE,
    [ISA_KIND_COND_REG] = 1 + CELL_COMPARE,
};
/* clang-format on */

/* CELL_USES_COUNT: it is not asked anything of that register. */
static enum cell_use cell_use(const struct insn *insn, u32 reg)
{
    enum isa_kind kind = insn_kind(insn);
    bool call = kind == ISA_KIND_CALL_HELPER || kind == ISA_KIND_CALL_KFUNC;
    if (call || kind == ISA_KIND_CALL_LOCAL)
        return reg < 1 || reg > 5 ? CELL_USES_COUNT : call ? CELL_ARGUMENT : CELL_HAND;
    if (kind == ISA_KIND_EXIT)
        return reg == 0 ? CELL_RESULT : CELL_USES_COUNT;
    u8 use = reg == insn->dst ? dst_uses[kind] : 0;
    if (!use && reg == insn->src)
        use = src_uses[kind];
    return use ? (enum cell_use)(use - 1) : CELL_USES_COUNT;
}

/* ---- shown */

static void note_helper(struct cells *cells, const struct skep_helper *helper,
                        const struct witness *w, const struct frame *f)
{
    for (u32 a = 0; a < 5 && helper->args[a].kind != SKEP_ARG_NONE; a++) {
        cells->arg_shown[helper->args[a].kind]++;
        cells->shown[CELL_ARGUMENT][witness_value(w, &f->reg[a + 1])->kind]++;
    }
}

static void note_handed(struct cells *cells, const struct code_signature *signature,
                        const struct witness *w, const struct frame *f)
{
    for (u32 a = 0; signature && a < signature->n_args; a++)
        cells->shown[CELL_HAND][witness_value(w, &f->reg[a + 1])->kind]++;
}

void cells_note_shown(struct cells *cells, const skep_program *program, const struct state *s,
                      bool *variable)
{
    const struct code *code = &program->linked.code;
    const struct insn *insn = &code->insns[s->insn];
    const struct witness *w = &program->witness;
    const struct frame *f = s->frames[s->n_frames - 1];
    if (program->helpers[s->insn]) {
        note_helper(cells, program->helpers[s->insn], w, f);
        return;
    }
    if (insn->op == ISA_CALL_LOCAL) {
        note_handed(cells, code->funcs[code->func_of[code->target[s->insn]]].signature, w, f);
        return;
    }
    u16 reads = isa_reads(insn);
    for (u32 r = 0; r < STATE_REGS; r++) {
        enum cell_use use = reads >> r & 1 ? cell_use(insn, r) : CELL_USES_COUNT;
        const struct value *value = witness_value(w, &f->reg[r]);
        /* Functions of their callers give back what they like. */
        if (use == CELL_USES_COUNT || (use == CELL_RESULT && s->n_frames > 1))
            continue;
        cells->shown[use][value->kind]++;
        if (value->kind != VALUE_SCALAR && use <= CELL_ATOMIC)
            *variable |= value->range.umin != value->range.umax;
    }
}

/* ---- failed */

static enum value_kind kind_of_text(const char *text)
{
    for (u32 k = 0; k < VALUE_KIND_COUNT; k++)
        if (strcmp(text, value_kind_name((enum value_kind)k)) == 0)
            return (enum value_kind)k;
    return VALUE_NONE;
}

void cells_note_failed(struct cells *cells, skep_env *env, const struct insn *insn,
                       const struct skep_verdict *verdict)
{
    cells->reports[verdict->diagnostic.id]++;
    if (verdict->reg == SKEP_VERDICT_NO_REGISTER || !verdict->at.known)
        return;
    enum cell_use use = cell_use(insn, verdict->reg);
    if (use == CELL_USES_COUNT)
        return;
    cells->failed[use][kind_of_text(verdict->value.kind)]++;
    if (use != CELL_ARGUMENT)
        return;
    u8 personality = insn->op == ISA_CALL_KFUNC ? SKEP_KFUNC : SKEP_LINUX;
    const struct skep_helper *helper = registry_helper(&env->registry, personality, (u32)insn->imm);
    if (helper)
        cells->arg_failed[helper->args[verdict->reg - 1].kind]++;
}

/* ---- what must be there */

/* clang-format off */
/* Cells that no program can reach: of a use, or CELL_USES_COUNT for all; of a kind, or
 * VALUE_KIND_COUNT for all. */
static const struct never { u8 use, kind; bool shown; const char *why; } nevers[] = {
    { CELL_USES_COUNT, VALUE_NONE,       true,  "what is not there is refused wherever it is read" },
    { CELL_USES_COUNT, VALUE_ITERATOR,   true,  "iterators are kept on the stack: no register points to one as such" },
    { CELL_USES_COUNT, VALUE_ITERATOR,   false, "iterators are kept on the stack: no register points to one as such" },
    { CELL_LOAD, VALUE_SCALAR, true, "a number is no address" },
    { CELL_LOAD, VALUE_PACKET_END, true, "an end is no memory" },
    { CELL_LOAD, VALUE_MAP, true, "maps are their helpers'" },
    { CELL_LOAD, VALUE_MEMORY_END, true, "an end is no memory" },
    { CELL_LOAD, VALUE_TYPED, true, "objects of the host's are its own" },
    { CELL_LOAD, VALUE_PER_CPU, true, "variables of the host's are its own" },
    { CELL_LOAD, VALUE_FUNC, true, "code is no memory" },
    { CELL_LOAD, VALUE_DYNPTR, true, "dynptrs are their helpers'" },
    { CELL_STORE, VALUE_SCALAR, true, "a number is no address" },
    { CELL_STORE, VALUE_PACKET_END, true, "an end is no memory" },
    { CELL_STORE, VALUE_MAP, true, "maps are their helpers'" },
    { CELL_STORE, VALUE_MEMORY_END, true, "an end is no memory" },
    { CELL_STORE, VALUE_TYPED, true, "objects of the host's are its own" },
    { CELL_STORE, VALUE_PER_CPU, true, "variables of the host's are its own" },
    { CELL_STORE, VALUE_FUNC, true, "code is no memory" },
    { CELL_STORE, VALUE_DYNPTR, true, "dynptrs are their helpers'" },
    { CELL_ATOMIC, VALUE_SCALAR, true, "a number is no address" },
    { CELL_ATOMIC, VALUE_PACKET_END, true, "an end is no memory" },
    { CELL_ATOMIC, VALUE_MAP, true, "maps are their helpers'" },
    { CELL_ATOMIC, VALUE_MEMORY_END, true, "an end is no memory" },
    { CELL_ATOMIC, VALUE_TYPED, true, "objects of the host's are its own" },
    { CELL_ATOMIC, VALUE_PER_CPU, true, "variables of the host's are its own" },
    { CELL_ATOMIC, VALUE_FUNC, true, "code is no memory" },
    { CELL_ATOMIC, VALUE_DYNPTR, true, "dynptrs are their helpers'" },
    { CELL_STORE, VALUE_SOCK, true, "sockets may be read only" },
    { CELL_STORE, VALUE_MAP_KEY, true, "keys may be read only" },
    { CELL_ATOMIC, VALUE_SOCK, true, "sockets may be read only" },
    { CELL_ATOMIC, VALUE_MAP_KEY, true, "keys may be read only" },
    { CELL_ATOMIC, VALUE_PACKET, true, "packets are never accessed atomically" },
    { CELL_ATOMIC, VALUE_META, true, "packets are never accessed atomically" },
    { CELL_COMPARE, VALUE_SCALAR, false, "a number may be compared with anything; a report names the pointer" },
    { CELL_KEEP, VALUE_SCALAR, false, "a number may be stored wherever something may be" },
    { CELL_HAND, VALUE_PACKET_END, true, "no signature has such an argument" },
    { CELL_HAND, VALUE_MAP, true, "no signature has such an argument" },
    { CELL_HAND, VALUE_MEMORY_END, true, "no signature has such an argument" },
    { CELL_HAND, VALUE_SOCK, true, "no signature has such an argument" },
    { CELL_HAND, VALUE_PER_CPU, true, "no signature has such an argument" },
    { CELL_HAND, VALUE_FUNC, true, "no signature has such an argument" },
    { CELL_RESULT, VALUE_MAP_KEY, true, "there are some in callbacks only, which return numbers" },
    { CELL_RESULT, VALUE_DYNPTR, true, "there are some in functions only that return numbers" },
    { CELL_HAND, VALUE_MAP_KEY, true, "functions may write to what they are given" },
};
/* clang-format on */

static const char *why_never(enum cell_use use, enum value_kind kind, bool shown)
{
    for (u32 i = 0; i < ARRAY_LEN(nevers); i++)
        if ((nevers[i].use == use || nevers[i].use == CELL_USES_COUNT) &&
            (nevers[i].kind == kind || nevers[i].kind == VALUE_KIND_COUNT) &&
            nevers[i].shown == shown)
            return nevers[i].why;
    return NULL;
}

struct never_argument {
    u8 kind;
    bool shown;
    const char *why;
};
/* clang-format off */
static const struct never_argument never_arguments[] = {
    { SKEP_ARG_NONE, true, "there is none" },
    { SKEP_ARG_NONE, false, "there is none" },
    { SKEP_ARG_KPTR, true, "what an exchange gives must be given back, and nothing takes it but another" },
};
static const struct { u16 id; const char *why; } never_reports[] = {
    { DIAG_VERIFY_POISONED, "only linkers leave such notes" },
    { DIAG_VERIFY_NOT_HELD, "what stands for something is forgotten with it, so that argument checks refuse it" },
};
/* clang-format on */

static const char *why_never_argument(u32 kind, bool shown)
{
    for (u32 i = 0; i < ARRAY_LEN(never_arguments); i++)
        if (never_arguments[i].kind == kind && never_arguments[i].shown == shown)
            return never_arguments[i].why;
    return NULL;
}

static const char *why_never_report(u32 id)
{
    if (!reports[id].reported || strncmp(reports[id].name, "verify-", 7) != 0)
        return "not the verifier's";
    for (u32 i = 0; i < ARRAY_LEN(never_reports); i++)
        if (never_reports[i].id == id)
            return never_reports[i].why;
    return NULL;
}

/* Calls for every empty cell that should not be; how many there are. */
static u32 each_empty(const struct cells *c, void (*say)(const char *of, const char *what))
{
    u32 n = 0;
    for (u32 u = 0; u < CELL_USES_COUNT; u++)
        for (u32 k = 0; k < VALUE_KIND_COUNT; k++)
            for (u32 shown = 0; shown < 2; shown++) {
                u64 count = shown ? c->shown[u][k] : c->failed[u][k];
                if (count || why_never((enum cell_use)u, (enum value_kind)k, shown))
                    continue;
                n++;
                if (say) {
                    char what[80];
                    snprintf(what, sizeof(what), "%s of %s", use_names[u],
                             value_kind_name((enum value_kind)k));
                    say(shown ? "shown" : "refused", what);
                }
            }
    for (u32 a = 0; a < SKEP_ARG_KIND_COUNT; a++)
        for (u32 shown = 0; shown < 2; shown++)
            if (!(shown ? c->arg_shown[a] : c->arg_failed[a]) && !why_never_argument(a, shown)) {
                n++;
                if (say)
                    say(shown ? "shown as an argument" : "refused as an argument", arg_names[a]);
            }
    for (u32 id = 0; id < DIAG_COUNT; id++)
        if (!c->reports[id] && !why_never_report(id)) {
            n++;
            if (say)
                say("reported", reports[id].name);
        }
    return n;
}

u32 cells_empty(const struct cells *cells) { return each_empty(cells, NULL); }

/* ---- the report */

static void print_cell(u64 count, const char *why)
{
    if (count || !why)
        printf("%9" PRIu64, count);
    else
        printf("%9s", "-");
}

static void print_uses(const struct cells *c, bool shown)
{
    printf("\n%s, by kind of value (-: cannot be)\n%-24s",
           shown ? "shown, in nodes of witnesses" : "refused, as the first thing in a program", "");
    for (u32 u = 0; u < CELL_USES_COUNT; u++)
        printf("%9s", use_names[u]);
    printf("\n");
    for (u32 k = 0; k < VALUE_KIND_COUNT; k++) {
        printf("%-24s", value_kind_name((enum value_kind)k));
        for (u32 u = 0; u < CELL_USES_COUNT; u++)
            print_cell(shown ? c->shown[u][k] : c->failed[u][k],
                       why_never((enum cell_use)u, (enum value_kind)k, shown));
        printf("\n");
    }
}

static void print_nevers(void)
{
    printf("\nwhy some cannot be\n");
    for (u32 i = 0; i < ARRAY_LEN(nevers); i++)
        printf("  %-8s %-10s of %-24s %s\n", nevers[i].shown ? "shown" : "refused",
               nevers[i].use < CELL_USES_COUNT ? use_names[nevers[i].use] : "any use",
               nevers[i].kind < VALUE_KIND_COUNT ? value_kind_name((enum value_kind)nevers[i].kind)
                                                 : "anything",
               nevers[i].why);
    for (u32 i = 0; i < ARRAY_LEN(never_arguments); i++)
        printf("  %-8s argument   %-27s %s\n", never_arguments[i].shown ? "shown" : "refused",
               arg_names[never_arguments[i].kind], never_arguments[i].why);
    for (u32 i = 0; i < ARRAY_LEN(never_reports); i++)
        printf("  reported %-38s %s\n", reports[never_reports[i].id].name, never_reports[i].why);
}

static void print_empty(const char *of, const char *what) { printf("  never %s: %s\n", of, what); }

void cells_print(const struct cells *c)
{
    print_uses(c, true);
    print_uses(c, false);
    printf("\n%-24s%9s%9s\n", "arguments", "shown", "refused");
    for (u32 a = 1; a < SKEP_ARG_KIND_COUNT; a++) {
        printf("%-24s", arg_names[a]);
        print_cell(c->arg_shown[a], why_never_argument(a, true));
        print_cell(c->arg_failed[a], why_never_argument(a, false));
        printf("\n");
    }
    printf("\nreports\n");
    for (u32 id = 0; id < DIAG_COUNT; id++)
        if (c->reports[id] || !why_never_report(id))
            printf("%-28s%10" PRIu64 "\n", reports[id].name, c->reports[id]);
    print_nevers();
    printf("\ncells that are empty and need not be: %u\n", cells_empty(c));
    each_empty(c, print_empty);
}
