/* The list of what makes up register allocation; see ra.h. */
#include "jit/ra.h"

/* How often a level is executed: seldom, outside of loops, in one loop, in two … */
float ra_frequency(u8 level)
{
    static const float frequency[RA_LEVELS] = { 0.05f, 1, 10, 100, 1000, 10000, 100000 };
    return frequency[level];
}

u32 ra_block_of(const struct ra *ra, u32 insn)
{
    u32 low = 0, high = ra->func->n_blocks;
    while (high - low > 1) {
        u32 middle = low + (high - low) / 2;
        if (ra->func->blocks[middle].begin <= insn)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bool ra_init_webs(struct ra *ra)
{
    const struct mach_func *func = ra->func;
    ra->n_webs = func->n_regs - MACH_REGS;
    ra->webs = arena_array(ra->arena, struct ra_web, ra->n_webs + 1);
    ra->level = arena_array(ra->arena, u8, func->n_blocks);
    if (!ra->webs || !ra->level)
        return false;
    for (u32 w = 0; w < ra->n_webs; w++)
        ra->webs[w] = (struct ra_web){ .joined = w, .made_by = CODE_NONE };
    for (u32 b = 0; b < func->n_blocks; b++) {
        u32 depth = func->blocks[b].loop_depth;
        ra->level[b] = func->blocks[b].cold ? 0 : (u8)(1 + (depth < 5 ? depth : 5));
    }
    return true;
}

/* A copy within a web is only another name. */
static bool ra_is_alias(struct ra *ra, const struct mach_insn *insn)
{
    return insn->op == MACH_COPY && ra_is_virtual(insn->operand[0].reg) &&
           ra_is_virtual(insn->operand[1].reg) &&
           ra_web_of(ra, insn->operand[0].reg) == ra_web_of(ra, insn->operand[1].reg);
}

static void ra_list_use(struct ra *ra, u32 i, u32 k, u8 level)
{
    const struct mach_insn *insn = &ra->func->insns[i];
    const struct mach_operand *o = &insn->operand[k];
    struct ra_web *web = &ra->webs[ra_web_of(ra, o->reg)];
    struct ra_use *use = arena_new(ra->arena, struct ra_use);
    if (!use) {
        ra->failed = true;
        return;
    }
    *use = (struct ra_use){ web->uses, i, (u8)k, o->role, level, insn->op == MACH_COPY };
    web->uses = use;
    if (!ra_writes(o->role))
        return;
    web->n_defs++;
    web->made_by = insn->flags & MACH_REMAT ? i : CODE_NONE;
}

static void ra_list_uses(struct ra *ra)
{
    struct mach_func *func = ra->func;
    for (u32 w = 0; w < ra->n_webs; w++)
        ra->webs[w].n_defs = 0;
    for (u32 b = func->n_blocks; b-- > 0;)
        for (u32 i = func->blocks[b].end; i-- > func->blocks[b].begin && !ra->failed;) {
            struct mach_insn *insn = &func->insns[i];
            if (ra_is_alias(ra, insn))
                insn->op = MACH_ALIAS;
            for (u32 k = insn->op == MACH_ALIAS ? 0 : insn->n_operands; k-- > 0;)
                if (ra_is_virtual(insn->operand[k].reg) && insn->operand[k].role != MACH_NONE)
                    ra_list_use(ra, i, k, ra->level[b]);
        }
}

static void ra_first_pieces(struct ra *ra)
{
    for (u32 w = 0; w < ra->n_webs && !ra->failed; w++)
        if (ra->webs[w].joined == w && ra->webs[w].segs)
            ra_piece_new(ra, w, ra->webs[w].segs, ra->webs[w].uses);
}

bool jit_regalloc(struct arena *scratch, const struct jit_target *target, u32 usable,
                  struct mach_func *func)
{
    struct ra ra = { .arena = scratch, .target = target, .func = func, .usable = usable };
    if (!ra_init_webs(&ra) || !ra_place_init(&ra) || !ra_live(&ra))
        return false;
    ra_join(&ra);
    ra_list_uses(&ra);
    ra_first_pieces(&ra);
    struct ra_moves moves = { 0 };
    u32 *colors = NULL;
    if (!ra_pick(&ra) || !ra_make_moves(&ra, &moves) || !ra_color_slots(&ra, &colors) ||
        !ra_write(&ra, &moves, colors) || !ra_dead(&ra) || ra.failed)
        return false;
    ra_tails(&ra);
    return true;
}
