/* Host code → prepared code: 16 bytes an instruction, distances in place of targets, the variant of
 * each handler chosen. */
#include "vm/interp.h"

#include "base/bits.h"

#define PREPARE_MAX_PLACES 3u /* that one host instruction can take */

/* Which variants have handlers of their own. */
static const u8 prepare_variants[ISA_KIND_COUNT] = {
    [ISA_KIND_BINARY_REG] = INTERP_DST_IN_ACC | INTERP_SRC_IN_ACC,
    [ISA_KIND_BINARY_IMM] = INTERP_DST_IN_ACC,
    [ISA_KIND_MOVSX] = INTERP_SRC_IN_ACC,
    [ISA_KIND_NEG] = INTERP_DST_IN_ACC,
    [ISA_KIND_END] = INTERP_DST_IN_ACC,
    [ISA_KIND_LOAD] = INTERP_SRC_IN_ACC,
    [ISA_KIND_LOAD_SX] = INTERP_SRC_IN_ACC,
    [ISA_KIND_STORE_REG] = INTERP_DST_IN_ACC | INTERP_SRC_IN_ACC,
    [ISA_KIND_STORE_IMM] = INTERP_DST_IN_ACC,
    [ISA_KIND_COND_REG] = INTERP_DST_IN_ACC | INTERP_SRC_IN_ACC | INTERP_TO_CHARGE,
    [ISA_KIND_COND_IMM] = INTERP_DST_IN_ACC | INTERP_TO_CHARGE,
    [ISA_KIND_JUMP] = INTERP_TO_CHARGE,
    [ISA_KIND_JUMP_LONG] = INTERP_TO_CHARGE,
};

struct prepare {
    const struct host_code *host;
    struct interp *out;
    u64 *leaders;  /* where control can arrive from elsewhere than the instruction before */
    u64 *loops;    /* by function: it holds may_goto */
    u32 *place_of; /* by host instruction; a function's first place is entry[] */
    u32 at;        /* the next place */
    u16 in_acc;    /* the registers whose value the accumulator holds */
};

static const struct host_insn *prepare_insn(const struct prepare *p, u32 i)
{
    return &p->host->insns[i];
}

static bool prepare_is_isa(const struct host_insn *insn) { return insn->op < ISA_OP_COUNT; }

static enum isa_kind prepare_kind(const struct host_insn *insn)
{
    return prepare_is_isa(insn) ? (enum isa_kind)isa_rows[insn->op].kind : ISA_KIND_COUNT;
}

static bool prepare_is_cond(const struct host_insn *insn)
{
    return prepare_kind(insn) == ISA_KIND_COND_REG || prepare_kind(insn) == ISA_KIND_COND_IMM;
}

static bool prepare_has_target(const struct host_insn *insn)
{
    enum isa_kind kind = prepare_kind(insn);
    return prepare_is_cond(insn) || kind == ISA_KIND_JUMP || kind == ISA_KIND_JUMP_LONG ||
           kind == ISA_KIND_MAY_GOTO || kind == ISA_KIND_CALL_LOCAL;
}

/* A conditional jump whose distance might not fit in 16 bits: it then goes over two long ones. */
static bool prepare_is_far(const struct prepare *p, u32 i)
{
    const struct host_insn *insn = prepare_insn(p, i);
    s64 distance = ((s64)insn->target - i) * PREPARE_MAX_PLACES;
    return (prepare_is_cond(insn) || prepare_kind(insn) == ISA_KIND_MAY_GOTO) &&
           (distance > INT16_MAX || distance < INT16_MIN);
}

static bool prepare_fits_s32(u64 imm) { return imm == (u64)(s64)(s32)imm; }

static u32 prepare_places(const struct prepare *p, u32 i)
{
    const struct host_insn *insn = prepare_insn(p, i);
    if (insn->op == HOST_CALL || insn->op == HOST_CALL_PURE)
        return 2;
    if (insn->op == HOST_CONST)
        return prepare_fits_s32(insn->imm) ? 1 : 2;
    return prepare_is_far(p, i) ? 3 : 1;
}

static void prepare_survey(struct prepare *p)
{
    for (u32 f = 0; f < p->host->n_funcs; f++) {
        bit_set(p->leaders, p->host->funcs[f].entry);
        for (u32 i = p->host->funcs[f].entry; i < p->host->funcs[f].end; i++) {
            const struct host_insn *insn = prepare_insn(p, i);
            if (prepare_has_target(insn))
                bit_set(p->leaders, insn->target);
            if (prepare_kind(insn) == ISA_KIND_CALL_LOCAL || prepare_is_far(p, i))
                bit_set(p->leaders, i + 1);
            if (insn->op == ISA_MAY_GOTO)
                bit_set(p->loops, f);
        }
    }
}

static void prepare_layout(struct prepare *p)
{
    u32 at = 0;
    for (u32 f = 0; f < p->host->n_funcs; f++) {
        p->out->entry[f] = at;
        at += bit_get(p->loops, f);
        for (u32 i = p->host->funcs[f].entry; i < p->host->funcs[f].end; i++) {
            p->place_of[i] = at;
            at += prepare_places(p, i);
        }
    }
    p->out->n_insns = at;
}

static struct interp_insn *prepare_put(struct prepare *p, u32 op, u32 variant, u32 origin)
{
    struct interp_insn *insn = &p->out->insns[p->at];
    *insn = interp_handler(op, variant);
    p->out->origin[p->at++] = origin;
    return insn;
}

/* A place that holds the 64-bit immediate of the instruction before. */
static void prepare_put_wide(struct prepare *p, u64 wide, u32 origin)
{
    p->out->insns[p->at].wide = wide;
    p->out->origin[p->at++] = origin;
}

static void prepare_put_jump(struct prepare *p, u32 to, u32 origin)
{
    struct interp_insn *insn = prepare_put(p, ISA_JA, 0, origin);
    insn->imm = (s32)(to - (p->at - 1));
}

static u32 prepare_variant(const struct prepare *p, const struct host_insn *insn)
{
    u32 variant = 0;
    if (!prepare_is_isa(insn))
        return 0;
    if (p->in_acc >> insn->dst & 1)
        variant |= INTERP_DST_IN_ACC;
    if (p->in_acc >> insn->src & 1)
        variant |= INTERP_SRC_IN_ACC;
    if (prepare_has_target(insn) && prepare_insn(p, insn->target)->op == HOST_CHARGE)
        variant |= INTERP_TO_CHARGE;
    if (insn->op == ISA_MOV64_REG || insn->op == ISA_MOV32_REG)
        variant &= INTERP_SRC_IN_ACC;
    if (insn->op == ISA_MOV64_IMM || insn->op == ISA_MOV32_IMM)
        variant = 0;
    return variant & prepare_variants[prepare_kind(insn)];
}

/* What the accumulator holds after an instruction. */
static u16 prepare_acc_after(u16 in_acc, const struct host_insn *insn)
{
    struct insn isa = { .op = insn->op, .dst = insn->dst, .src = insn->src };
    if (!prepare_is_isa(insn)) {
        bool writes_r0 = insn->op == HOST_CALL || insn->op == HOST_CALL_PURE;
        bool writes_dst =
            insn->op == HOST_CONST || (insn->op >= HOST_CTX_LOAD_B && insn->op <= HOST_CTX_LOAD_DW);
        return writes_r0 ? 1 : writes_dst ? (u16)(1u << insn->dst) : in_acc;
    }
    switch (prepare_kind(insn)) {
    case ISA_KIND_BINARY_REG:
    case ISA_KIND_BINARY_IMM:
    case ISA_KIND_MOVSX:
    case ISA_KIND_NEG:
    case ISA_KIND_END:
    case ISA_KIND_LOAD:
    case ISA_KIND_LOAD_SX:
        return (u16)(1u << insn->dst | (insn->op == ISA_MOV64_REG ? 1u << insn->src : 0));
    case ISA_KIND_ADDR_SPACE_CAST:
    case ISA_KIND_STORE_REG:
    case ISA_KIND_STORE_IMM:
    case ISA_KIND_ATOMIC:
    case ISA_KIND_FETCH:
    case ISA_KIND_XCHG:
    case ISA_KIND_CMPXCHG:
    case ISA_KIND_LOAD_ACQ:
    case ISA_KIND_STORE_REL:
    case ISA_KIND_LDDW:
    case ISA_KIND_LD_ABS:
    case ISA_KIND_LD_IND:
    case ISA_KIND_COND_REG:
    case ISA_KIND_COND_IMM:
    case ISA_KIND_JUMP:
    case ISA_KIND_JUMP_LONG:
    case ISA_KIND_MAY_GOTO:
    case ISA_KIND_JUMP_INDIRECT:
    case ISA_KIND_CALL_HELPER:
    case ISA_KIND_CALL_LOCAL:
    case ISA_KIND_CALL_KFUNC:
    case ISA_KIND_CALL_INDIRECT:
    case ISA_KIND_EXIT:
    case ISA_KIND_COUNT: break;
    }
    return (u16)(in_acc & ~isa_writes(&isa));
}

/* Taken: over the next jump, which goes on, to the one that goes far. */
static void prepare_far_jump(struct prepare *p, const struct host_insn *host)
{
    u32 here = p->at;
    struct interp_insn *insn =
        prepare_put(p, host->op, prepare_variant(p, host) & ~(u32)INTERP_TO_CHARGE, host->origin);
    insn->dst = host->dst;
    insn->src = host->src;
    insn->imm = (s32)host->imm;
    insn->off = 2;
    prepare_put_jump(p, here + 3, host->origin);
    prepare_put_jump(p, p->place_of[host->target], host->origin);
}

static void prepare_const(struct prepare *p, const struct host_insn *host)
{
    if (prepare_fits_s32(host->imm)) {
        struct interp_insn *insn = prepare_put(p, INTERP_LOAD_IMM, 0, host->origin);
        insn->dst = host->dst;
        insn->imm = (s32)host->imm;
        return;
    }
    prepare_put(p, HOST_CONST, 0, host->origin)->dst = host->dst;
    prepare_put_wide(p, host->imm, host->origin);
}

/* A call enters a function before its first place, a jump does not. */
static u32 prepare_target(const struct prepare *p, const struct host_insn *host)
{
    if (host->op != ISA_CALL_LOCAL)
        return p->place_of[host->target];
    return p->out->entry[p->host->code->func_of[prepare_insn(p, host->target)->origin]];
}

static void prepare_one(struct prepare *p, const struct host_insn *host)
{
    u32 here = p->at;
    struct interp_insn *insn = prepare_put(p, host->op, prepare_variant(p, host), host->origin);
    insn->dst = host->dst;
    insn->src = host->src;
    insn->off = (s16)host->off;
    insn->imm = (s32)host->imm;
    if (host->op == HOST_CALL || host->op == HOST_CALL_PURE) {
        prepare_put_wide(p, host->imm, host->origin);
    } else if (!prepare_is_isa(host)) {
        if (host->op != HOST_CHARGE)
            insn->imm = host->off; /* context accesses: a displacement may exceed 16 bits */
    } else if (prepare_has_target(host)) {
        s32 distance = (s32)(prepare_target(p, host) - here);
        if (prepare_is_cond(host) || host->op == ISA_MAY_GOTO)
            insn->off = (s16)distance;
        else
            insn->imm = distance;
    }
}

static void prepare_fill(struct prepare *p)
{
    for (u32 f = 0; f < p->host->n_funcs; f++) {
        const struct host_func *func = &p->host->funcs[f];
        if (bit_get(p->loops, f))
            prepare_put(p, INTERP_BEGIN_LOOP, 0, prepare_insn(p, func->entry)->origin);
        for (u32 i = func->entry; i < func->end; i++) {
            const struct host_insn *host = prepare_insn(p, i);
            if (bit_get(p->leaders, i))
                p->in_acc = 0;
            assert(p->at == p->place_of[i]);
            if (prepare_is_far(p, i))
                prepare_far_jump(p, host);
            else if (host->op == HOST_CONST)
                prepare_const(p, host);
            else
                prepare_one(p, host);
            p->in_acc = prepare_acc_after(p->in_acc, host);
        }
    }
}

static skep_status prepare_run(struct prepare *p, struct arena *scratch)
{
    struct interp *out = p->out;
    p->leaders = arena_array(scratch, u64, bits_words(p->host->n_insns + 1));
    p->loops = arena_array(scratch, u64, bits_words(p->host->n_funcs));
    p->place_of = arena_array(scratch, u32, p->host->n_insns);
    out->n_funcs = p->host->n_funcs;
    out->entry = mem_zalloc(out->mem, out->n_funcs * sizeof(*out->entry));
    if (!p->leaders || !p->loops || !p->place_of || !out->entry)
        return SKEP_NOMEM;
    prepare_survey(p);
    prepare_layout(p);
    out->insns = mem_zalloc(out->mem, out->n_insns * sizeof(*out->insns));
    out->helpers = p->host->helpers;
    out->origin = mem_zalloc(out->mem, out->n_insns * sizeof(*out->origin));
    if (!out->insns || !out->origin)
        return SKEP_NOMEM;
    prepare_fill(p);
    return SKEP_OK;
}

skep_status interp_prepare(struct mem *mem, const struct host_code *code, struct interp **out)
{
    struct arena scratch;
    struct interp *interp = mem_new(mem, struct interp);
    if (!interp)
        return SKEP_NOMEM;
    *interp = (struct interp){ .mem = mem, .code = code->code };
    struct prepare p = { .host = code, .out = interp };
    arena_init(&scratch, mem);
    skep_status status = prepare_run(&p, &scratch);
    arena_drop(&scratch);
    if (status != SKEP_OK)
        interp_drop(interp);
    else
        *out = interp;
    return status;
}

size_t interp_code_bytes(const struct interp *interp)
{
    return interp->n_insns * sizeof(*interp->insns);
}

void interp_drop(struct interp *interp)
{
    if (!interp)
        return;
    mem_free(interp->mem, interp->insns, interp->n_insns * sizeof(*interp->insns));
    mem_free(interp->mem, interp->origin, interp->n_insns * sizeof(*interp->origin));
    mem_free(interp->mem, interp->entry, interp->n_funcs * sizeof(*interp->entry));
    mem_delete(interp->mem, interp);
}

#undef PREPARE_MAX_PLACES
