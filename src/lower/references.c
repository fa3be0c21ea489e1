/* LDDW references become constants: host pointers of maps and values, callback tokens. */
#include "lower/rewrite.h"

static skep_status lower_map_of(const struct lowering *l, u32 i, struct skep_map **map)
{
    u32 index = insn_map_index(lower_insn(l, i));
    if (index >= l->in->n_maps)
        return RAISE(l->err, SKEP_UNSUPPORTED, LOWER_NO_MAP, NUM(lower_slot(l, i)), NUM(index));
    *map = l->in->maps[index];
    return SKEP_OK;
}

static skep_status lower_map_value(const struct lowering *l, u32 i, u64 *address)
{
    struct skep_map *map;
    TRY(lower_map_of(l, i, &map));
    u32 offset = insn_map_offset(lower_insn(l, i));
    u8 *value = map_direct_value(map);
    if (!value || offset >= map->spec.value_size)
        return RAISE(l->err, SKEP_UNSUPPORTED, LOWER_MAP_VALUE, NUM(lower_slot(l, i)),
                     STR(map->spec.name), NUM(offset));
    *address = (u64)(uintptr_t)(value + offset);
    return SKEP_OK;
}

static skep_status lower_reference_value(const struct lowering *l, u32 i, u64 *value)
{
    struct skep_map *map;
    const struct insn *insn = lower_insn(l, i);
    if (l->in->symbolic && insn->op != ISA_LDDW_CODE) {
        *value = insn->op == ISA_LDDW_MAP         ? insn_map_index(insn)
                 : insn->op == ISA_LDDW_MAP_VALUE ? insn_map_offset(insn)
                                                  : insn->imm;
        return SKEP_OK;
    }
    switch (insn->op) {
    case ISA_LDDW_IMM: *value = insn->imm; return SKEP_OK;
    case ISA_LDDW_MAP:
        TRY(lower_map_of(l, i, &map));
        *value = (u64)(uintptr_t)map;
        return SKEP_OK;
    case ISA_LDDW_MAP_VALUE: return lower_map_value(l, i, value);
    case ISA_LDDW_CODE:
        *value = host_callback_token(l->in->code->func_of[l->in->code->target[i]]);
        return SKEP_OK;
    default: /* descriptors and variable ids of a kernel: linking leaves none */
        return RAISE(l->err, SKEP_UNSUPPORTED, LOWER_OP, NUM(lower_slot(l, i)),
                     STR(insn_row(insn)->name));
    }
}

skep_status lower_reference(struct lowering *l, u32 i, bool *done)
{
    u64 value = 0;
    if (insn_kind(lower_insn(l, i)) != ISA_KIND_LDDW)
        return SKEP_OK;
    TRY(lower_reference_value(l, i, &value));
    *done = true;
    struct host_insn load = { .op = HOST_CONST, .dst = lower_insn(l, i)->dst, .imm = value };
    return lower_emit(l, i, load);
}
