/* SSA as text: one instruction a line, blocks in reverse postorder where that is known.
 *
 *     function 0
 *     block 2 of loop 2, from 1 3
 *       v9 = phi v4 v17
 *       v12 = load4 [v9 + 8]  stack
 *       v13 = lt4 v12 v5
 *       branch v13 3 4 */
#include "ir/ssa.h"

static const char *const ssa_region_names[] = {
    [HOST_REGION_ANY] = "",          [HOST_REGION_STACK] = "stack",   [HOST_REGION_CTX] = "ctx",
    [HOST_REGION_PACKET] = "packet", [HOST_REGION_MAP_VALUE] = "map", [HOST_REGION_HOST] = "host",
};

static bool ssa_has_width(const struct ssa_insn *insn)
{
    return ssa_row(insn)->n_args != SSA_MANY && ssa_row(insn)->n_args > 0 &&
           !ssa_has(insn, SSA_ENDS) && insn->op != SSA_SELECT;
}

static bool ssa_is_memory(const struct ssa_insn *insn)
{
    return ssa_row(insn)->n_args != SSA_MANY && ssa_has(insn, SSA_READS | SSA_WRITES);
}

static bool ssa_shows_imm(const struct ssa_insn *insn)
{
    return insn->op == SSA_CONST || insn->op == SSA_PARAM || insn->op == SSA_CHARGE ||
           insn->op == SSA_CALL || insn->op == SSA_CALL_QUIET || insn->op == SSA_CALL_PURE ||
           insn->op == SSA_CALL_LOCAL;
}

/* Small numbers and negative ones in decimal. */
static void ssa_print_number(struct text *out, u64 number)
{
    s64 is_signed = (s64)number;
    if (is_signed >= -65536 && is_signed <= 65536)
        text_printf(out, "%" PRId64, is_signed);
    else
        text_printf(out, "0x%" PRIx64, number);
}

static void ssa_print_address(struct text *out, const struct ssa_insn *insn)
{
    text_printf(out, " [v%u", insn->arg[0]);
    if (insn->off)
        text_printf(out, " %c %" PRIu64, insn->off < 0 ? '-' : '+',
                    insn->off < 0 ? 0 - (u64)insn->off : (u64)insn->off);
    text_char(out, ']');
}

static void ssa_print_insn(struct text *out, const struct ssa_func *func, u32 value)
{
    const struct ssa_insn *insn = ssa_at(func, value);
    const struct ssa_block *block = &func->blocks[insn->block];
    const u32 *args = ssa_args(func, insn);
    text_string(out, "  ");
    if (ssa_has(insn, SSA_VALUE))
        text_printf(out, "v%u = ", value);
    text_string(out, ssa_row(insn)->text);
    if (ssa_has_width(insn))
        text_printf(out, "%u", insn->width);
    if (ssa_shows_imm(insn)) {
        text_char(out, ' ');
        ssa_print_number(out, insn->imm);
    }
    if (ssa_is_memory(insn))
        ssa_print_address(out, insn);
    for (u32 a = ssa_is_memory(insn); a < insn->n_args; a++)
        text_printf(out, " v%u", args[a]);
    for (u32 s = 0; s < 2 && ssa_has(insn, SSA_ENDS); s++)
        if (block->succ[s] != CODE_NONE)
            text_printf(out, " %u", block->succ[s]);
    if (ssa_is_memory(insn) && insn->region)
        text_printf(out, "  %s", ssa_region_names[insn->region]);
    if (insn->op == SSA_BRANCH && insn->flags & SSA_UNLIKELY)
        text_string(out, "  unlikely");
    struct ssa_range range = func->ranges[value];
    if (ssa_has(insn, SSA_VALUE) && insn->op != SSA_CONST &&
        (range.lo > 0 || range.hi < UINT64_MAX)) {
        text_string(out, "  in ");
        ssa_print_number(out, range.lo);
        text_string(out, "..");
        ssa_print_number(out, range.hi);
    }
    text_char(out, '\n');
}

static void ssa_print_block(struct text *out, const struct ssa_func *func, u32 b)
{
    const struct ssa_block *block = &func->blocks[b];
    text_printf(out, "block %u", b);
    if (block->loop_head != CODE_NONE)
        text_printf(out, " of loop %u", block->loop_head);
    if (block->cold)
        text_string(out, " cold");
    for (u32 i = 0; i < block->n_preds; i++)
        text_printf(out, "%s %u", i == 0 ? ", from" : "", block->preds[i]);
    text_char(out, '\n');
    for (u32 i = block->first; i; i = func->insns[i].next)
        ssa_print_insn(out, func, i);
}

void ssa_print(struct text *out, const struct ssa_func *func)
{
    text_printf(out, "function %u\n", func->number);
    for (u32 i = 0; i < func->n_order; i++)
        ssa_print_block(out, func, func->order[i]);
    for (u32 b = 0; b < func->n_blocks; b++)
        if (func->blocks[b].first && (func->n_order == 0 || func->blocks[b].order == CODE_NONE))
            ssa_print_block(out, func, b);
}
