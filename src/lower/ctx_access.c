/* Accesses through the context pointer become accesses of the host's struct, field by field as the
 * hook's table says.  The program's view is Linux's uapi struct: its pointer fields have 32 bits
 * there and 64 here, and a field may be kept in fewer bytes, elsewhere, or not at all. */
#include "lower/rewrite.h"

struct lower_field {
    const struct skep_ctx_field *field;
    u32 delta; /* of the access in the field */
    u32 size;  /* of the access */
    s32 host;  /* displacement of the field's host bytes from the register */
    u32 host_size;
};

static skep_status lower_field_error(const struct lowering *l, u32 i, s64 offset)
{
    return RAISE(l->err, SKEP_UNSUPPORTED, LOWER_CTX_ACCESS, NUM(lower_slot(l, i)),
                 STR(insn_row(lower_insn(l, i))->name), NUM(insn_row(lower_insn(l, i))->size),
                 NUM(offset), STR(l->in->hook->name));
}

static bool lower_is_pointer(const struct skep_ctx_field *field)
{
    return field->kind != SKEP_FIELD_SCALAR;
}

/* An 8-byte access over two fields of 4 that lie side by side in the host as well. */
static bool lower_is_wide(const struct lower_field *f)
{
    return f->delta + f->size > f->field->size;
}
static bool lower_wide_is_contiguous(const struct lower_field *f)
{
    const struct skep_ctx_field *a = f->field, *b = f->field + 1;
    return a->host_size == 4 && b->host_size == 4 && b->host_offset == a->host_offset + 4;
}

static skep_status lower_find_field(const struct lowering *l, u32 i, struct lower_field *out)
{
    const struct lower_value *base = &l->base[i];
    u32 size = insn_row(lower_insn(l, i))->size;
    s64 offset = (s64)base->off + lower_insn(l, i)->off;
    if (offset < 0 || offset > UINT16_MAX)
        return lower_field_error(l, i, offset);
    const struct skep_ctx_field *field = hook_field_at(l->in->hook, (u32)offset, size);
    if (!field)
        return lower_field_error(l, i, offset);
    u32 delta = (u32)offset - field->offset;
    bool in_place = field->host_size > 8; /* memory that is accessed as it is */
    *out = (struct lower_field){
        .field = field,
        .delta = in_place ? 0 : delta,
        .size = size,
        .host = (s32)field->host_offset + (in_place ? (s32)delta : 0) - base->off,
        .host_size = in_place ? size : lower_is_pointer(field) ? 8 : field->host_size,
    };
    if (lower_is_wide(out) && !in_place) {
        if (!lower_wide_is_contiguous(out))
            return lower_field_error(l, i, offset);
        out->host_size = 8;
    }
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

/* The bytes of a narrow access: what the little-endian program would have read there. */
static skep_status lower_narrow(struct lowering *l, u32 i, const struct lower_field *f, u8 dst)
{
    if (f->delta)
        TRY(lower_emit_imm(l, i, ISA_RSH64_IMM, dst, (u64)f->delta * 8));
    if (f->size >= f->host_size)
        return SKEP_OK;
    if (f->size == 4)
        return lower_emit(l, i,
                          (struct host_insn){ .op = ISA_MOV32_REG, .dst = dst, .src = dst });
    return lower_emit_imm(l, i, ISA_AND64_IMM, dst, f->size == 1 ? 0xff : 0xffff);
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
    struct lower_field f;
    const struct insn *insn = lower_insn(l, i);
    TRY(lower_find_field(l, i, &f));
    if (f.host_size == 0)
        return lower_emit_imm(l, i, HOST_CONST, insn->dst, 0);
    struct host_insn load = {
        .op = lower_sized_op(HOST_CTX_LOAD_B, f.host_size),
        .dst = insn->dst,
        .src = insn->src,
        .off = f.host,
        .region = HOST_REGION_CTX,
        .flags = HOST_PROVED,
    };
    TRY(lower_emit(l, i, load));
    if (!lower_is_pointer(f.field))
        TRY(lower_narrow(l, i, &f, insn->dst));
    return lower_extend(l, i, insn->dst);
}

/* Where the bytes of a narrow store lie in the host's integer. */
static s32 lower_store_offset(const struct lower_field *f, u32 stored)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return f->host + (s32)(f->host_size - f->delta - stored);
#else
    (void)stored;
    return f->host + (s32)f->delta;
#endif
}

static skep_status lower_ctx_store(struct lowering *l, u32 i)
{
    struct lower_field f;
    const struct insn *insn = lower_insn(l, i);
    TRY(lower_find_field(l, i, &f));
    bool writable = (f.field->access & SKEP_FIELD_WRITE) && !lower_is_pointer(f.field);
    if (!writable || f.delta >= f.host_size)
        return lower_field_error(l, i, (s64)l->base[i].off + insn->off);
    bool is_imm = insn_kind(insn) == ISA_KIND_STORE_IMM;
    if (is_imm)
        TRY(lower_emit_imm(l, i, HOST_CONST, HOST_SCRATCH, insn->imm));
    u32 stored = min_u32(f.size, f.host_size - f.delta);
    struct host_insn store = {
        .op = lower_sized_op(HOST_CTX_STORE_B, stored),
        .dst = insn->dst,
        .src = is_imm ? HOST_SCRATCH : insn->src,
        .off = lower_store_offset(&f, stored),
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
    switch (insn_kind(insn)) {
    case ISA_KIND_LOAD:
    case ISA_KIND_LOAD_SX: return lower_ctx_load(l, i);
    case ISA_KIND_STORE_REG:
    case ISA_KIND_STORE_IMM: return lower_ctx_store(l, i);
    default: return lower_field_error(l, i, (s64)l->base[i].off + insn->off);
    }
}
