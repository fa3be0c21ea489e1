/* Moves that the allocator put in and whose register nobody reads afterwards are taken out.  Pieces
 * are stretches of positions, and a block that merely lies within one, not on a way between two of
 * its uses, gets moves that bring the value there for nothing. */
#include "jit/ra.h"

#define DEAD_ROUNDS 16u /* to find what is live between blocks; if they do not do, all stays */
#define DEAD_OP 0xffu   /* to be taken out */

struct ra_dead {
    const struct ra *ra;
    u32 *in;          /* by block: machine registers that are live at its beginning */
    u32 *reads, *own; /* by block: read before it writes them; written */
};

static u32 ra_dead_operands(const struct mach_insn *insn, bool (*has)(u8 role))
{
    u32 regs = 0;
    for (u32 k = 0; k < insn->n_operands; k++)
        if (insn->operand[k].reg != MACH_NO_REG && has(insn->operand[k].role))
            regs |= 1u << insn->operand[k].given;
    return regs;
}

static u32 ra_dead_written(const struct ra_dead *dead, const struct mach_insn *insn)
{
    u32 calls = insn->flags & MACH_CALL ? (u32)dead->ra->target->caller_saved : 0;
    return calls | ra_dead_operands(insn, ra_writes);
}

static u32 ra_dead_read(const struct mach_insn *insn)
{
    u32 calls = insn->flags & MACH_CALL ? insn->reads : 0;
    return calls | ra_dead_operands(insn, ra_reads);
}

static void ra_dead_see_block(struct ra_dead *dead, u32 b)
{
    const struct mach_func *func = dead->ra->func;
    for (u32 i = func->blocks[b].begin; i < func->blocks[b].end; i++) {
        const struct mach_insn *insn = &func->insns[i];
        if (insn->op == MACH_ALIAS)
            continue;
        dead->reads[b] |= ra_dead_read(insn) & ~dead->own[b];
        dead->own[b] |= ra_dead_written(dead, insn);
    }
}

static u32 ra_dead_out(const struct ra_dead *dead, u32 b)
{
    const struct mach_exit *exit = &dead->ra->func->blocks[b].exit;
    u32 out = 0;
    for (u32 k = 0; k < 2; k++)
        out |= exit->to[k] != CODE_NONE ? dead->in[exit->to[k]] : 0;
    return out;
}

/* False: it takes too long. */
static bool ra_dead_find(struct ra_dead *dead)
{
    u32 n_blocks = dead->ra->func->n_blocks;
    bool changed = true;
    for (u32 b = 0; b < n_blocks; b++)
        ra_dead_see_block(dead, b);
    for (u32 round = 0; changed && round < DEAD_ROUNDS; round++) {
        changed = false;
        for (u32 b = n_blocks; b-- > 0;) {
            u32 in = dead->reads[b] | (ra_dead_out(dead, b) & ~dead->own[b]);
            changed |= in != dead->in[b];
            dead->in[b] = in;
        }
    }
    return !changed;
}

static void ra_dead_block(struct ra_dead *dead, u32 b)
{
    struct mach_func *func = dead->ra->func;
    u32 live = ra_dead_out(dead, b);
    for (u32 i = func->blocks[b].end; i-- > func->blocks[b].begin;) {
        struct mach_insn *insn = &func->insns[i];
        if (insn->op == MACH_ALIAS)
            continue;
        bool moves = insn->flags & MACH_INSERTED && insn->op != MACH_SPILL && insn->op != MACH_SWAP;
        if (moves && !(live >> insn->operand[0].given & 1)) {
            insn->op = DEAD_OP;
            continue;
        }
        live = (live & ~ra_dead_written(dead, insn)) | ra_dead_read(insn);
    }
}

static void ra_dead_take_out(struct mach_func *func)
{
    u32 n = 0;
    for (u32 b = 0; b < func->n_blocks; b++) {
        struct mach_block *block = &func->blocks[b];
        u32 begin = n;
        for (u32 i = block->begin; i < block->end; i++)
            if (func->insns[i].op != DEAD_OP)
                func->insns[n++] = func->insns[i];
        block->begin = begin;
        block->end = n;
    }
    func->n = n;
}

bool ra_dead(const struct ra *ra)
{
    struct ra_dead dead = { .ra = ra };
    u32 n_blocks = ra->func->n_blocks;
    dead.in = arena_array(ra->arena, u32, n_blocks);
    dead.reads = arena_array(ra->arena, u32, n_blocks);
    dead.own = arena_array(ra->arena, u32, n_blocks);
    if (!dead.in || !dead.reads || !dead.own)
        return false;
    if (!ra_dead_find(&dead))
        return true;
    for (u32 b = 0; b < n_blocks; b++)
        ra_dead_block(&dead, b);
    ra_dead_take_out(ra->func);
    return true;
}

#undef DEAD_ROUNDS
#undef DEAD_OP
