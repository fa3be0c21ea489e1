/* Where virtual registers are live, as lists of segments; where the machine's own are taken.
 *
 * First each use that no definition in its block comes before is carried up the predecessors until
 * definitions stop it, one register after the other, so that only registers live between blocks
 * cost anything, and loops of any shape are right.  Then one pass backwards over the code makes the
 * segments. */
#include "jit/ra.h"

/* In lists by register: a block that defines it, or else uses it before any definition there.  In
 * lists by block: a register that is live at its end. */
struct ra_note {
    u32 what : 31; /* block, or register */
    u32 is_def : 1;
    u32 next; /* 0: none */
};

struct ra_live {
    struct ra *ra;
    struct arena arena; /* of all but the segments */
    struct ra_note *notes;
    u32 n_notes, notes_room, free_notes; /* [0] is none */
    u32 *mentions;                       /* by web: notes */
    u32 *seen; /* by web: block + 1 that mentioned it last, as a definition */
    u32 *seen_use;
    u32 *home;    /* by web: the only block that mentions it, + 1; or CODE_NONE */
    u32 *outs;    /* by block: notes */
    u32 *marked;  /* by block: web + 1 that is known to be live at its end */
    u32 *defines; /* by block: web + 1 that it defines */
    u32 *stack;
};

/* ---- notes */

static u32 ra_note_new(struct ra_live *live)
{
    u32 note = live->free_notes;
    if (note) {
        live->free_notes = live->notes[note].next;
        return note;
    }
    if (live->n_notes >= live->notes_room) {
        u32 old = live->notes_room, room = old + old / 4 + 64;
        struct ra_note *notes =
            arena_resize(&live->arena, live->notes, old * sizeof *notes, room * sizeof *notes);
        if (!notes) {
            live->ra->failed = true;
            return 0;
        }
        live->notes = notes;
        live->notes_room = room;
    }
    return live->n_notes++;
}

static void ra_note_put(struct ra_live *live, u32 *list, u32 what, bool is_def)
{
    u32 note = ra_note_new(live);
    if (!note)
        return;
    live->notes[note] = (struct ra_note){ what & 0x7fffffffu, is_def, *list };
    *list = note;
}

static void ra_notes_free(struct ra_live *live, u32 *list)
{
    while (*list) {
        u32 note = *list;
        *list = live->notes[note].next;
        live->notes[note].next = live->free_notes;
        live->free_notes = note;
    }
}

/* ---- between blocks */

/* Registers that only one block mentions are not live between blocks. */
static void ra_see_block(struct ra_live *live, const struct mach_insn *insn, u32 block)
{
    for (u32 k = 0; k < insn->n_operands; k++) {
        if (!ra_is_virtual(insn->operand[k].reg))
            continue;
        u32 *home = &live->home[insn->operand[k].reg - MACH_REGS];
        *home = *home == 0 || *home == block + 1 ? block + 1 : CODE_NONE;
    }
}

static void ra_mention(struct ra_live *live, u32 web, u32 block, bool is_def)
{
    u32 *seen = is_def ? live->seen : live->seen_use;
    if (seen[web] == block + 1 || live->home[web] != CODE_NONE)
        return;
    seen[web] = block + 1;
    ra_note_put(live, &live->mentions[web], block, is_def);
}

static void ra_mention_insn(struct ra_live *live, const struct mach_insn *insn, u32 block)
{
    for (u32 k = 0; k < insn->n_operands; k++) {
        const struct mach_operand *o = &insn->operand[k];
        if (ra_is_virtual(o->reg) && ra_reads(o->role) &&
            live->seen[o->reg - MACH_REGS] != block + 1)
            ra_mention(live, o->reg - MACH_REGS, block, false);
    }
    for (u32 k = 0; k < insn->n_operands; k++) {
        const struct mach_operand *o = &insn->operand[k];
        if (!ra_is_virtual(o->reg) || !ra_writes(o->role))
            continue;
        struct ra_web *web = &live->ra->webs[o->reg - MACH_REGS];
        web->made_by = insn->flags & MACH_REMAT ? (u32)(insn - live->ra->func->insns) : CODE_NONE;
        web->n_defs++;
        ra_mention(live, o->reg - MACH_REGS, block, true);
    }
}

static void ra_live_at_end(struct ra_live *live, u32 web, u32 block, u32 *depth)
{
    if (live->marked[block] == web + 1)
        return;
    live->marked[block] = web + 1;
    ra_note_put(live, &live->outs[block], web, false);
    if (live->defines[block] != web + 1)
        live->stack[(*depth)++] = block;
}

static void ra_carry_up(struct ra_live *live, u32 web)
{
    const struct mach_func *func = live->ra->func;
    for (u32 m = live->mentions[web]; m; m = live->notes[m].next)
        if (live->notes[m].is_def)
            live->defines[live->notes[m].what] = web + 1;
    for (u32 m = live->mentions[web]; m; m = live->notes[m].next) {
        if (live->notes[m].is_def)
            continue;
        u32 depth = 0;
        live->stack[depth++] = live->notes[m].what;
        while (depth) {
            const struct mach_block *block = &func->blocks[live->stack[--depth]];
            for (u32 i = 0; i < block->n_preds; i++)
                ra_live_at_end(live, web, block->preds[i], &depth);
        }
    }
    ra_notes_free(live, &live->mentions[web]);
}

/* ---- segments */

static void ra_add_seg(struct ra *ra, u32 web, u32 from, u32 to)
{
    struct ra_seg *first = ra->webs[web].segs;
    if (first && first->from <= to) {
        if (first->from > from)
            first->from = from;
        return;
    }
    struct ra_seg *seg = arena_new(ra->arena, struct ra_seg);
    if (!seg) {
        ra->failed = true;
        return;
    }
    *seg = (struct ra_seg){ from, to, first };
    ra->webs[web].segs = seg;
}

/* What is live during the pass backwards over a block: a register's segment ends at `until`. */
struct ra_pass {
    struct ra *ra;
    u32 *open; /* by web: its first segment is open; block + 1 */
    u32 block, begin;
    u32 machine_until[MACH_REGS]; /* 0: not live */
};

static void ra_pass_use(struct ra_pass *pass, u32 reg, u32 to)
{
    if (reg < MACH_REGS) {
        if (!pass->machine_until[reg])
            pass->machine_until[reg] = to;
    } else if (pass->open[reg - MACH_REGS] != pass->block + 1) {
        pass->open[reg - MACH_REGS] = pass->block + 1;
        ra_add_seg(pass->ra, reg - MACH_REGS, pass->begin, to);
    }
}

static void ra_pass_def(struct ra_pass *pass, u32 reg, u32 from, u32 dead_to)
{
    if (reg < MACH_REGS) {
        u32 to = pass->machine_until[reg] ? pass->machine_until[reg] : dead_to;
        ra_place_fixed(pass->ra, reg, from, to);
        pass->machine_until[reg] = 0;
        pass->ra->func->used |= (u64)1 << reg;
    } else if (pass->open[reg - MACH_REGS] == pass->block + 1) {
        struct ra_seg *seg = pass->ra->webs[reg - MACH_REGS].segs;
        if (seg) /* there was memory for it */
            seg->from = from;
        pass->open[reg - MACH_REGS] = 0;
    } else {
        ra_add_seg(pass->ra, reg - MACH_REGS, from, dead_to);
    }
}

static void ra_pass_call(struct ra_pass *pass, const struct mach_insn *insn, u32 i)
{
    for (u32 r = 0; r < MACH_REGS; r++) {
        if (pass->ra->target->caller_saved >> r & 1)
            ra_place_fixed(pass->ra, r, 2 * i + 1, 2 * i + 2);
        if (insn->reads >> r & 1)
            ra_pass_use(pass, r, 2 * i + 1);
    }
}

static void ra_pass_insn(struct ra_pass *pass, const struct mach_insn *insn, u32 i)
{
    for (u32 k = 0; k < insn->n_operands; k++) {
        const struct mach_operand *o = &insn->operand[k];
        if (o->reg != MACH_NO_REG && ra_writes(o->role))
            ra_pass_def(pass, o->reg, 2 * i + (o->role != MACH_EARLY_DEF), 2 * i + 2);
    }
    if (insn->flags & MACH_CALL)
        ra_pass_call(pass, insn, i);
    for (u32 late = 2; late-- > 0;) /* those that last longer first */
        for (u32 k = 0; k < insn->n_operands; k++) {
            const struct mach_operand *o = &insn->operand[k];
            if (o->reg != MACH_NO_REG && ra_reads(o->role) && (o->role != MACH_USE) == late)
                ra_pass_use(pass, o->reg, ra_role_to(i, o->role));
        }
}

static void ra_pass_block(struct ra_pass *pass, u32 b, const struct ra_live *live)
{
    const struct mach_func *func = pass->ra->func;
    const struct mach_block *block = &func->blocks[b];
    pass->block = b;
    pass->begin = 2 * block->begin;
    for (u32 out = live->outs[b]; out; out = live->notes[out].next)
        ra_pass_use(pass, live->notes[out].what + MACH_REGS, 2 * block->end);
    for (u32 i = block->end; i-- > block->begin;)
        ra_pass_insn(pass, &func->insns[i], i);
    for (u32 r = 0; r < MACH_REGS; r++) {
        if (pass->machine_until[r]) /* what the function is called with */
            ra_place_fixed(pass->ra, r, pass->begin, pass->machine_until[r]);
        pass->machine_until[r] = 0;
    }
}

static bool ra_live_init(struct ra_live *live, struct ra *ra)
{
    struct arena *arena = &live->arena;
    u32 n_blocks = ra->func->n_blocks;
    *live = (struct ra_live){ .ra = ra };
    arena_init(arena, ra->arena->mem);
    live->n_notes = 1;
    live->mentions = arena_array(arena, u32, (u64)ra->n_webs + 1);
    live->seen = arena_array(arena, u32, (u64)ra->n_webs + 1);
    live->seen_use = arena_array(arena, u32, (u64)ra->n_webs + 1);
    live->home = arena_array(arena, u32, (u64)ra->n_webs + 1);
    live->outs = arena_array(arena, u32, n_blocks);
    live->marked = arena_array(arena, u32, n_blocks);
    live->defines = arena_array(arena, u32, n_blocks);
    live->stack = arena_array(arena, u32, n_blocks + 1);
    return live->mentions && live->seen && live->seen_use && live->home && live->outs &&
           live->marked && live->defines && live->stack;
}

static bool ra_live_calls(struct ra *ra)
{
    u32 n = 0;
    for (u32 i = 0; i < ra->func->n; i++)
        n += (ra->func->insns[i].flags & MACH_CALL) != 0;
    ra->calls = arena_array(ra->arena, u32, (u64)n + 1);
    return ra->calls != NULL;
}

static void ra_live_between(struct ra_live *live)
{
    struct ra *ra = live->ra;
    for (u32 b = 0; b < ra->func->n_blocks; b++)
        for (u32 i = ra->func->blocks[b].begin; i < ra->func->blocks[b].end; i++)
            ra_see_block(live, &ra->func->insns[i], b);
    for (u32 b = 0; b < ra->func->n_blocks; b++)
        for (u32 i = ra->func->blocks[b].begin; i < ra->func->blocks[b].end; i++) {
            ra_mention_insn(live, &ra->func->insns[i], b);
            if (ra->func->insns[i].flags & MACH_CALL)
                ra->calls[ra->n_calls++] = i;
        }
    for (u32 w = 0; w < ra->n_webs && !ra->failed; w++)
        ra_carry_up(live, w);
}

bool ra_live(struct ra *ra)
{
    struct ra_live live;
    bool ok = ra_live_init(&live, ra) && ra_live_calls(ra);
    if (ok) {
        ra_live_between(&live);
        struct ra_pass pass = { .ra = ra, .open = live.seen };
        memset(live.seen, 0, ra->n_webs * sizeof *live.seen);
        for (u32 b = ra->func->n_blocks; b-- > 0 && !ra->failed;)
            ra_pass_block(&pass, b, &live);
    }
    arena_drop(&live.arena);
    return ok && !ra->failed;
}
