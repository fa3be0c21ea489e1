/* Moves on the way back to a loop's head that are left after allocation are made before the jump,
 * whether it is taken or not, where the way out of the loop does not mind:
 *     test; jump out; moves; jump back     becomes     test; moves; jump back
 * They leave the condition flags alone. */
#include "jit/ra.h"

#define TAIL_MOST 4u /* moves */

static bool ra_tail_is_move(const struct mach_insn *insn)
{
    return insn->op == MACH_COPY || insn->op == MACH_RELOAD || insn->op == MACH_ALIAS ||
           (insn->op >= MACH_OP_COUNT && insn->flags & MACH_REMAT);
}

/* The registers that the block's moves write; 0: there are other things in it, or too many. */
static u32 ra_tail_written(const struct mach_func *func, const struct mach_block *block)
{
    u32 written = 0, n = 0;
    for (u32 i = block->begin; i + 1 < block->end; i++) {
        const struct mach_insn *insn = &func->insns[i];
        if (insn->op == MACH_ALIAS)
            continue;
        if (!ra_tail_is_move(insn) || ++n > TAIL_MOST)
            return 0;
        written |= 1u << insn->operand[0].given;
    }
    return written;
}

/* Does anything on the way to the block, or what is live there, need one of the registers? */
static bool ra_tail_minds(const struct ra *ra, u32 b, u32 written)
{
    const struct mach_func *func = ra->func;
    u32 position = 2 * ra->old_begin[b];
    for (u32 r = 0; r < MACH_REGS; r++)
        if (written >> r & 1 && ra_place_is_taken(ra, r, position))
            return true;
    for (u32 i = func->blocks[b].begin; func->insns[i].flags & MACH_INSERTED; i++)
        for (u32 k = 0; k < func->insns[i].n_operands; k++)
            if (ra_reads(func->insns[i].operand[k].role) &&
                written >> func->insns[i].operand[k].given & 1)
                return true;
    return false;
}

static void ra_tail(const struct ra *ra, u32 b, u32 k)
{
    struct mach_func *func = ra->func;
    struct mach_block *block = &func->blocks[b];
    u32 way_back = block->exit.to[k], way_out = block->exit.to[1 - k];
    const struct mach_block *back = &func->blocks[way_back];
    if (back->n_preds != 1 || back->exit.to[0] != CODE_NONE || back->exit.to[1] > b)
        return;
    u32 written = ra_tail_written(func, back);
    const struct mach_operand *test = &block->exit.operand;
    bool tests = test->role != MACH_NONE && written >> test->given & 1;
    if (!written || tests || ra_tail_minds(ra, way_out, written))
        return;
    block->tail = way_back;
    for (u32 i = back->begin; i < back->end; i++)
        if (func->insns[i].flags & MACH_REMAT)
            func->insns[i].flags |= MACH_KEEP_FLAGS;
}

void ra_tails(const struct ra *ra)
{
    for (u32 b = 0; b < ra->func->n_blocks; b++) {
        const struct mach_exit *exit = &ra->func->blocks[b].exit;
        for (u32 k = 0; k < 2 && exit->to[0] != CODE_NONE && !ra->func->blocks[b].tail; k++)
            ra_tail(ra, b, k);
    }
}

#undef TAIL_MOST
