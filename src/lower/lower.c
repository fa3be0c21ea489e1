/* CODE → HOST CODE: the list of rewrites.  Each instruction is offered to the rewrites in order;
 * the first that takes it says what it becomes. */
#include "lower/rewrite.h"

static lower_rewrite_fn *const lower_rewrites[] = {
    lower_charge, /* comes before, never instead */
    lower_guard,  /* the same */
    lower_poison,
    /* From here on no instruction carries a note. */
    lower_reference,
    /* From here on no operand is an index or a distance in CODE. */
    lower_call,
    lower_context,
    lower_verbatim,
};

skep_status lower_emit(struct lowering *l, u32 origin, struct host_insn insn)
{
    insn.origin = origin;
    if (!vec_push(l->arena->mem, &l->host, insn))
        return RAISE(l->err, SKEP_NOMEM, NOMEM, STR("host code"));
    return SKEP_OK;
}

/* What must not be executed is a trap; engines ask CODE why. */
skep_status lower_poison(struct lowering *l, u32 i, bool *done)
{
    if (!code_poison_at(l->in->code, i))
        return SKEP_OK;
    *done = true;
    return lower_emit(l, i, (struct host_insn){ .op = HOST_TRAP });
}

static u8 lower_region(enum lower_kind kind)
{
    return kind == LOWER_FRAME ? HOST_REGION_STACK : HOST_REGION_ANY;
}

/* What means the same in the host. */
skep_status lower_verbatim(struct lowering *l, u32 i, bool *done)
{
    const struct insn *insn = lower_insn(l, i);
    struct host_insn host = {
        .op = insn->op,
        .dst = insn->dst,
        .src = insn->src,
        .off = insn->off,
        .imm = insn->imm,
        .region = lower_region((enum lower_kind)l->base[i].kind),
    };
    *done = true;
    return lower_emit(l, i, host);
}

static skep_status lower_insns(struct lowering *l)
{
    const struct code *code = l->in->code;
    l->host_of = arena_array(&l->scratch, u32, (u64)code->n_insns + 1);
    if (!l->host_of)
        return RAISE(l->err, SKEP_NOMEM, NOMEM, STR("host code"));
    for (u32 i = 0; i < code->n_insns; i++) {
        bool done = !l->cfg.blocks[l->cfg.block_of[i]].reachable;
        l->host_of[i] = l->host.n;
        for (u32 r = 0; !done && r < ARRAY_LEN(lower_rewrites); r++)
            TRY(lower_rewrites[r](l, i, &done));
    }
    l->host_of[code->n_insns] = l->host.n;
    return SKEP_OK;
}

/* Targets were CODE's; host code is complete, so every one has its place. */
static void lower_targets(struct lowering *l)
{
    for (u32 h = 0; h < l->host.n; h++) {
        struct host_insn *host = &l->host.data[h];
        u32 target = host->op < ISA_OP_COUNT ? l->in->code->target[host->origin] : CODE_NONE;
        if (target != CODE_NONE)
            host->target = l->host_of[target];
    }
}

static skep_status lower_finish(struct lowering *l, struct host_code *out)
{
    const struct code *code = l->in->code;
    struct host_func *funcs = arena_array(l->arena, struct host_func, code->n_funcs);
    struct host_insn *insns =
        arena_copy(l->arena, l->host.data, (size_t)l->host.n * sizeof(*insns));
    if (!funcs || !insns)
        return RAISE(l->err, SKEP_NOMEM, NOMEM, STR("host code"));
    for (u32 f = 0; f < code->n_funcs; f++) {
        funcs[f].entry = l->host_of[code->funcs[f].entry];
        funcs[f].end = l->host_of[code->funcs[f].end];
        funcs[f].origin = f;
    }
    *out = (struct host_code){
        .n_insns = l->host.n,
        .n_funcs = code->n_funcs,
        .insns = insns,
        .funcs = funcs,
        .code = code,
        .helpers = l->in->helpers,
    };
    return SKEP_OK;
}

static skep_status lower_run(struct lowering *l, struct host_code *out)
{
    TRY(cfg_build(&l->scratch, l->in->code, &l->cfg, l->err));
    TRY(lower_find_pointers(l));
    TRY(lower_insns(l));
    lower_targets(l);
    return lower_finish(l, out);
}

skep_status lower(struct arena *arena, const struct lower_input *in, struct host_code *out,
                  skep_error *err)
{
    struct lowering l = { .in = in, .arena = arena, .err = err };
    arena_init(&l.scratch, arena->mem);
    skep_status status = lower_run(&l, out);
    vec_drop(arena->mem, &l.host);
    arena_drop(&l.scratch);
    return status;
}
