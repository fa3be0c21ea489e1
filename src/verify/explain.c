/* What the reader of a rejection wants to know beyond the state: where the register's contents came
 * from, where they were lost, and which branches on the way concern them (docs/verifier.md).
 *
 * The path is walked once more, by its branches, with a set of origins for every register and stack
 * slot instead of a value.  Nothing here decides anything: where the walk loses its way (among
 * callbacks, or when the path is longer than the report keeps), the report says less. */
#include "verify/engine.h"

enum { EXPLAIN_SLOTS = 64, EXPLAIN_MOST_STEPS = 1 << 16 };

/* Sets of origins: a bit for the context and one for the packet, whose pointers are loaded again
 * and again; the other instructions share the rest. */
#define EXPLAIN_CTX ((u64)1 << 63)
#define EXPLAIN_PACKET ((u64)1 << 62)

struct explain_cell {
    u64 origins;
    u32 set_at, lost_at; /* CODE_NONE: nowhere */
};

struct explain_frame {
    u32 call; /* in the caller; CODE_NONE: there is none */
    struct explain_cell reg[STATE_REGS], slot[EXPLAIN_SLOTS];
};

struct explain {
    const struct verify_input *in;
    struct verify_report *report;
    u64 origins[VERIFY_MOST_BRANCHES]; /* of what the branch compared */
    u32 branch;                        /* the next one is the one before it */
    u32 at;
    u32 n_frames;
    struct explain_frame frames[STATE_MAX_FRAMES];
};

static struct explain_frame *explain_top(struct explain *e) { return &e->frames[e->n_frames - 1]; }

static u64 explain_origin(u32 number) { return (u64)1 << number % 62; }

static void explain_set(struct explain *e, u32 reg, u64 origins)
{
    explain_top(e)->reg[reg] =
        (struct explain_cell){ .origins = origins, .set_at = e->at, .lost_at = CODE_NONE };
}

static void explain_lose(struct explain *e, struct explain_cell *cell)
{
    if (cell->lost_at == CODE_NONE && cell->set_at != CODE_NONE)
        cell->lost_at = e->at;
}

static void explain_lose_arguments(struct explain *e)
{
    for (u32 r = 1; r <= 5; r++)
        explain_lose(e, &explain_top(e)->reg[r]);
}

/* What comes from one of the origins, and all copies of what was set at an instruction. */
static void explain_lose_all(struct explain *e, u64 origins, u32 set_at)
{
    for (u32 f = 0; f < e->n_frames; f++) {
        struct explain_cell *reg = e->frames[f].reg, *slot = e->frames[f].slot;
        for (u32 r = 0; r < STATE_REGS; r++)
            if (reg[r].origins & origins || reg[r].set_at == set_at)
                explain_lose(e, &reg[r]);
        for (u32 i = 0; i < EXPLAIN_SLOTS; i++)
            if (slot[i].origins & origins || slot[i].set_at == set_at)
                explain_lose(e, &slot[i]);
    }
}

/* The slot that r10 + off is in; NULL: none that is followed. */
static struct explain_cell *explain_slot(struct explain *e, u32 base, s32 off)
{
    u32 i = off < 0 ? (u32)(-(s64)off - 1) / 8 : EXPLAIN_SLOTS;
    return base == 10 && i < EXPLAIN_SLOTS ? &explain_top(e)->slot[i] : NULL;
}

/* ---- instructions */

static u64 explain_field_origin(const struct explain *e, const struct insn *insn)
{
    const struct skep_ctx_field *field = NULL;
    if (e->in->hook->ctx_kind == SKEP_CTX_FIELDS && insn->off >= 0)
        field = hook_field_to_load(e->in->hook, (u32)insn->off, insn_row(insn)->size);
    bool packet =
        field && (field->kind == SKEP_FIELD_PACKET || field->kind == SKEP_FIELD_PACKET_END);
    return packet ? EXPLAIN_PACKET : explain_origin((u32)insn->off);
}

static void explain_load(struct explain *e, const struct insn *insn)
{
    const struct explain_cell *slot = explain_slot(e, insn->src, insn->off);
    if (slot)
        explain_top(e)->reg[insn->dst] = *slot;
    else if (explain_top(e)->reg[insn->src].origins == EXPLAIN_CTX)
        explain_set(e, insn->dst, explain_field_origin(e, insn));
    else
        explain_set(e, insn->dst, explain_origin(e->at));
}

static void explain_store(struct explain *e, const struct insn *insn)
{
    struct explain_cell *slot = explain_slot(e, insn->dst, insn->off);
    if (slot && insn_kind(insn) == ISA_KIND_STORE_REG)
        *slot = explain_top(e)->reg[insn->src];
    else if (slot)
        *slot = (struct explain_cell){ .set_at = e->at, .lost_at = CODE_NONE };
}

static bool explain_is_move(const struct insn *insn)
{
    return insn->op == ISA_MOV64_REG || insn->op == ISA_MOV32_REG ||
           insn_kind(insn) == ISA_KIND_MOVSX;
}

static void explain_binary(struct explain *e, const struct insn *insn)
{
    struct explain_cell *reg = explain_top(e)->reg;
    if (explain_is_move(insn))
        reg[insn->dst] = reg[insn->src];
    else if (insn->op == ISA_MOV64_IMM || insn->op == ISA_MOV32_IMM)
        explain_set(e, insn->dst, 0);
    else if (insn_kind(insn) == ISA_KIND_BINARY_REG)
        reg[insn->dst].origins |= reg[insn->src].origins;
}

static void explain_helper(struct explain *e)
{
    const struct skep_helper *helper = e->in->helpers[e->at];
    if (helper && helper->effects & SKEP_MOVES_PACKET)
        explain_lose_all(e, EXPLAIN_PACKET, CODE_NONE);
    for (u32 a = 0; helper && a < 5; a++)
        if (helper->args[a].flags & SKEP_ARG_RELEASE)
            explain_lose_all(e, 0, explain_top(e)->reg[a + 1].set_at);
    explain_lose_arguments(e);
    explain_set(e, 0, explain_origin(e->at));
}

static bool explain_enter(struct explain *e, u32 call)
{
    if (e->n_frames == STATE_MAX_FRAMES)
        return false;
    struct explain_frame *f = &e->frames[e->n_frames++];
    memset(f, 0, sizeof(*f));
    f->call = call;
    for (u32 i = 0; i < STATE_REGS; i++)
        f->reg[i].set_at = f->reg[i].lost_at = CODE_NONE;
    for (u32 i = 0; i < EXPLAIN_SLOTS; i++)
        f->slot[i].set_at = f->slot[i].lost_at = CODE_NONE;
    if (call != CODE_NONE)
        for (u32 r = 1; r <= 5; r++)
            f->reg[r] = f[-1].reg[r];
    return true;
}

static u32 explain_call(struct explain *e)
{
    u32 target = e->in->code->target[e->at];
    return explain_enter(e, e->at) ? target : CODE_NONE;
}

static u32 explain_return(struct explain *e)
{
    const struct explain_frame *f = explain_top(e);
    u32 call = f->call;
    if (call == CODE_NONE)
        return CODE_NONE;
    struct explain_cell r0 = f->reg[0];
    e->n_frames--;
    e->at = call;
    explain_lose_arguments(e);
    explain_top(e)->reg[0] = r0;
    return call + 1;
}

/* CODE_NONE: the path has another branch here. */
static u32 explain_branch(struct explain *e, const struct insn *insn)
{
    const struct explain_cell *reg = explain_top(e)->reg;
    if (e->branch == 0 || e->report->branches[e->branch - 1].insn != e->at)
        return CODE_NONE;
    e->branch--;
    if (insn_kind(insn) != ISA_KIND_MAY_GOTO)
        e->origins[e->branch] = reg[insn->dst].origins;
    if (insn_kind(insn) == ISA_KIND_COND_REG)
        e->origins[e->branch] |= reg[insn->src].origins;
    return e->report->branches[e->branch].taken ? e->in->code->target[e->at] : e->at + 1;
}

/* The instruction after this one on the path; CODE_NONE: not known. */
static u32 explain_step(struct explain *e, const struct insn *insn)
{
    switch (insn_kind(insn)) {
    case ISA_KIND_BINARY_REG:
    case ISA_KIND_BINARY_IMM:
    case ISA_KIND_MOVSX:
    case ISA_KIND_ADDR_SPACE_CAST: explain_binary(e, insn); break;
    case ISA_KIND_LOAD:
    case ISA_KIND_LOAD_SX:
    case ISA_KIND_LOAD_ACQ: explain_load(e, insn); break;
    case ISA_KIND_STORE_REG:
    case ISA_KIND_STORE_IMM:
    case ISA_KIND_STORE_REL: explain_store(e, insn); break;
    case ISA_KIND_FETCH:
    case ISA_KIND_XCHG: explain_set(e, insn->src, explain_origin(e->at)); break;
    case ISA_KIND_CMPXCHG: explain_set(e, 0, explain_origin(e->at)); break;
    case ISA_KIND_LDDW: explain_set(e, insn->dst, explain_origin(e->at)); break;
    case ISA_KIND_LD_ABS:
    case ISA_KIND_LD_IND:
    case ISA_KIND_CALL_HELPER:
    case ISA_KIND_CALL_KFUNC:
    case ISA_KIND_CALL_INDIRECT: explain_helper(e); break;
    case ISA_KIND_COND_REG:
    case ISA_KIND_COND_IMM:
    case ISA_KIND_MAY_GOTO: return explain_branch(e, insn);
    case ISA_KIND_JUMP:
    case ISA_KIND_JUMP_LONG: return e->in->code->target[e->at];
    case ISA_KIND_CALL_LOCAL: return explain_call(e);
    case ISA_KIND_EXIT: return explain_return(e);
    case ISA_KIND_JUMP_INDIRECT: return CODE_NONE;
    case ISA_KIND_NEG:
    case ISA_KIND_END:
    case ISA_KIND_ATOMIC:
    case ISA_KIND_COUNT: break;
    }
    return e->at + 1;
}

/* ---- the path */

static void explain_begin(struct explain *e)
{
    struct verify_report *report = e->report;
    e->branch = report->n_branches;
    e->at = report->whole_path ? 0 : report->branches[report->n_branches - 1].insn;
    explain_enter(e, CODE_NONE);
    if (report->whole_path)
        explain_top(e)->reg[1].origins = EXPLAIN_CTX;
}

/* Comes to the instruction that the report is about, when all branches are behind. */
static bool explain_walk(struct explain *e)
{
    const struct code *code = e->in->code;
    for (u32 n = 0; n < EXPLAIN_MOST_STEPS && e->at < code->n_insns; n++) {
        if (e->branch == 0 && e->at == e->report->insn)
            return true;
        e->at = explain_step(e, &code->insns[e->at]);
    }
    return false;
}

void explain_path(const struct verify_input *in, struct verify_report *report)
{
    if (report->n_branches == 0 && !report->whole_path)
        return;
    struct explain e = { .in = in, .report = report };
    explain_begin(&e);
    if (!explain_walk(&e) || report->reg >= STATE_REGS)
        return;
    const struct explain_cell *cell = &explain_top(&e)->reg[report->reg];
    report->set_at = cell->set_at;
    report->lost_at = cell->lost_at;
    for (u32 i = 0; i < report->n_branches; i++)
        report->branches[i].matters = (e.origins[i] & cell->origins) != 0;
}

#undef EXPLAIN_CTX
#undef EXPLAIN_PACKET
