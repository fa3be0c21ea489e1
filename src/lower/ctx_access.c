/* Accesses through the context pointer become accesses of the host's struct, field by field as the
 * hook's table says.  The program's view is Linux's uapi struct: its pointer fields have 32 bits
 * there and 64 here, and a field may be kept in fewer bytes, elsewhere, or not at all. */
#include "lower/rewrite.h"

/* Where in the program's view the access is. */
static s64 lower_ctx_offset(const struct lowering *l, u32 i)
{
    return (s64)l->base[i].off + lower_insn(l, i)->off;
}

static skep_status lower_ctx_refuse(const struct lowering *l, u32 i)
{
    const struct isa_row *row = insn_row(lower_insn(l, i));
    return RAISE(l->err, SKEP_UNSUPPORTED, LOWER_CTX_ACCESS, NUM(lower_slot(l, i)), STR(row->name),
                 NUM(row->size), NUM(lower_ctx_offset(l, i)), STR(l->in->hook->name));
}

typedef bool lower_plan_fn(const struct skep_hook *hook, u32 offset, u32 size,
                           struct ctx_access *out);

static skep_status lower_plan(const struct lowering *l, u32 i, lower_plan_fn *plan,
                              struct ctx_access *out)
{
    s64 offset = lower_ctx_offset(l, i);
    u32 size = insn_row(lower_insn(l, i))->size;
    if (offset < 0 || offset > UINT16_MAX || !plan(l->in->hook, (u32)offset, size, out))
        return lower_ctx_refuse(l, i);
    return SKEP_OK;
}

/* CTX_LOAD_B, _H, _W, _DW or the stores, by bytes. */
static u16 lower_sized_op(enum host_op byte_op, u32 size)
{
    u32 log2 = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;
    return (u16)(byte_op + log2);
}
_Static_assert(HOST_CTX_LOAD_DW == HOST_CTX_LOAD_B + 3, "sizes in order");
_Static_assert(HOST_CTX_STORE_DW == HOST_CTX_STORE_B + 3, "sizes in order");

static skep_status lower_emit_imm(struct lowering *l, u32 i, u16 op, u8 dst, u64 imm)
{
    return lower_emit(l, i, (struct host_insn){ .op = op, .dst = dst, .imm = imm });
}

/* Of what was loaded, what the program asked for. */
static skep_status lower_narrow(struct lowering *l, u32 i, const struct ctx_access *access, u8 dst)
{
    if (access->shift)
        TRY(lower_emit_imm(l, i, ISA_RSH64_IMM, dst, access->shift));
    if (access->bytes == 4)
        return lower_emit(l, i, (struct host_insn){ .op = ISA_MOV32_REG, .dst = dst, .src = dst });
    if (access->bytes < 4)
        return lower_emit_imm(l, i, ISA_AND64_IMM, dst, access->bytes == 1 ? 0xff : 0xffff);
    return SKEP_OK;
}

/* LDXS of a context field: what the load gave, sign-extended. */
static skep_status lower_extend(struct lowering *l, u32 i, u8 dst)
{
    static const struct {
        u16 load, move;
    } extensions[] = {
        { ISA_LDXS_B, ISA_MOVSX8_64 },
        { ISA_LDXS_H, ISA_MOVSX16_64 },
        { ISA_LDXS_W, ISA_MOVSX32_64 },
    };
    for (u32 e = 0; e < ARRAY_LEN(extensions); e++)
        if (extensions[e].load == lower_insn(l, i)->op)
            return lower_emit(
                l, i, (struct host_insn){ .op = extensions[e].move, .dst = dst, .src = dst });
    return SKEP_OK;
}

static skep_status lower_ctx_load(struct lowering *l, u32 i)
{
    struct ctx_access access;
    const struct insn *insn = lower_insn(l, i);
    TRY(lower_plan(l, i, hook_plan_load, &access));
    if (insn_kind(insn) == ISA_KIND_LOAD_SX && access.field->kind != SKEP_FIELD_SCALAR)
        return lower_ctx_refuse(l, i);
    if (access.host_bytes == 0)
        return lower_emit_imm(l, i, HOST_CONST, insn->dst, 0);
    struct host_insn load = {
        .op = lower_sized_op(HOST_CTX_LOAD_B, access.host_bytes),
        .dst = insn->dst,
        .src = insn->src,
        .off = (s32)access.host_offset - l->base[i].off,
        .region = HOST_REGION_CTX,
        .flags = HOST_PROVED,
    };
    TRY(lower_emit(l, i, load));
    TRY(lower_narrow(l, i, &access, insn->dst));
    return lower_extend(l, i, insn->dst);
}

static skep_status lower_ctx_store(struct lowering *l, u32 i)
{
    struct ctx_access access;
    const struct insn *insn = lower_insn(l, i);
    bool is_imm = insn_kind(insn) == ISA_KIND_STORE_IMM;
    TRY(lower_plan(l, i, hook_plan_store, &access));
    if (is_imm)
        TRY(lower_emit_imm(l, i, HOST_CONST, HOST_SCRATCH, insn->imm));
    struct host_insn store = {
        .op = lower_sized_op(HOST_CTX_STORE_B, access.host_bytes),
        .dst = insn->dst,
        .src = is_imm ? HOST_SCRATCH : insn->src,
        .off = (s32)access.host_offset - l->base[i].off,
        .region = HOST_REGION_CTX,
        .flags = HOST_PROVED,
    };
    return lower_emit(l, i, store);
}

skep_status lower_context(struct lowering *l, u32 i, bool *done)
{
    const struct insn *insn = lower_insn(l, i);
    if (!insn_is_memory(insn) || l->in->hook->ctx_kind != SKEP_CTX_FIELDS)
        return SKEP_OK;
    if (l->base[i].kind == LOWER_MAYBE_CTX)
        return RAISE(l->err, SKEP_UNSUPPORTED, LOWER_MAYBE_CTX, NUM(lower_slot(l, i)));
    if (l->base[i].kind != LOWER_CTX)
        return SKEP_OK;
    *done = true;
    switch (insn_row(insn)->kind) {
    case ISA_KIND_LOAD:
    case ISA_KIND_LOAD_SX: return lower_ctx_load(l, i);
    case ISA_KIND_STORE_REG:
    case ISA_KIND_STORE_IMM: return lower_ctx_store(l, i);
    default: return lower_ctx_refuse(l, i);
    }
}
