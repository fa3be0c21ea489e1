/* Subprograms that are small, or called at one place only, become part of their callers.
 *
 * Functions are improved callees first, so what is put in is what all other passes have left of the
 * callee; a function that is part of a circle of calls is put in where the circle was entered
 * first, once.  The frame of what was put in stays where it was: 512 bytes above the caller's, of
 * the same memory.  thread->depth is counted by the caller, around the call, as before.
 *
 * Needs the order of ssa_program.  Gives larger basic blocks: comes before passes that look at
 * them.  New blocks are the callee's, and what followed the call. */
#include "opt/make.h"
#include "opt/pass.h"

enum {
    INLINE_SMALL = 40,    /* instructions: put in wherever it is called */
    INLINE_ONCE = 3000,   /* where there is one call only */
    INLINE_CALLER = 8000, /* a caller that grows beyond takes only what has one call */
};

struct inline_sub {
    struct ssa_func *func;         /* the caller */
    const struct ssa_func *callee; /* under copying */
    struct arena *scratch;
    u32 call;   /* what becomes its result */
    u32 *value; /* by the callee's value: the caller's */
    u32 *block; /* the same of blocks */
    u32 after;  /* the block that goes on after the call */
};

/* ---- which */

/* How often each function is called, and how large it is: counted before anything is put in
 * anywhere, once for the program. */
static u32 *inline_count_calls(struct ssa_program *program)
{
    u32 *calls = arena_array(program->arena, u32, program->n_funcs);
    for (u32 f = 0; calls && f < program->n_funcs; f++) {
        const struct ssa_func *func = &program->funcs[f];
        for (u32 at = 1; at < func->n; at++)
            if (func->insns[at].op == SSA_CALL_LOCAL && func->insns[at].block != CODE_NONE)
                calls[func->insns[at].imm]++;
    }
    return calls;
}

static bool inline_is_finished(const struct ssa_program *program, const struct ssa_func *caller,
                               u32 callee)
{
    for (u32 i = 0; i < program->n_order && program->order[i] != caller->number; i++)
        if (program->order[i] == callee)
            return program->funcs[callee].n > 0 && !program->funcs[callee].failed;
    return false;
}

/* Without what becomes the caller's own; counted as far as it matters. */
static u32 inline_size(const struct ssa_func *func)
{
    u32 n = 0;
    for (u32 b = 0; b < func->n_blocks && n <= INLINE_ONCE; b++)
        for (u32 at = func->blocks[b].first; at; at = func->insns[at].next)
            n += func->insns[at].op != SSA_CONST && func->insns[at].op != SSA_PARAM;
    return n;
}

static bool inline_is_wanted(const struct ssa_program *program, const struct ssa_func *caller,
                             u32 callee)
{
    if (!inline_is_finished(program, caller, callee))
        return false;
    u32 size = inline_size(&program->funcs[callee]);
    if (size <= INLINE_SMALL)
        return caller->n <= INLINE_CALLER;
    return program->calls[callee] == 1 && size <= INLINE_ONCE;
}

/* ---- the place */

/* What follows the call becomes a block of its own. */
static void inline_split(struct inline_sub *s)
{
    struct ssa_func *func = s->func;
    u32 from = func->insns[s->call].block, next;
    s->after = ssa_block_new(func);
    if (func->failed)
        return;
    for (u32 at = func->insns[s->call].next; at; at = next) {
        next = func->insns[at].next;
        ssa_take(func, at);
        ssa_append(func, s->after, at);
    }
    struct ssa_block *before = &func->blocks[from], *after = &func->blocks[s->after];
    memcpy(after->succ, before->succ, sizeof(after->succ));
    after->cold = before->cold;
    before->succ[0] = before->succ[1] = CODE_NONE;
    for (u32 i = 0; i < 2 && after->succ[i] != CODE_NONE; i++) {
        struct ssa_block *to = &func->blocks[after->succ[i]];
        to->preds[ssa_pred_index(func, after->succ[i], from)] = s->after;
    }
}

static void inline_jump(struct ssa_func *func, u32 from, u32 to)
{
    u32 jump = ssa_new(func, (struct ssa_insn){ .op = SSA_JUMP, .width = 8, .origin = CODE_NONE });
    ssa_append(func, from, jump);
    if (jump)
        ssa_add_edge(func, from, 0, to);
}

/* ---- the copy */

/* Edges in the order of the predecessors, which is that of the phis' arguments. */
static void inline_blocks(struct inline_sub *s)
{
    const struct ssa_func *callee = s->callee;
    for (u32 b = 0; b < callee->n_blocks; b++)
        if (callee->blocks[b].order != CODE_NONE) {
            s->block[b] = ssa_block_new(s->func);
            if (s->func->failed)
                return;
            s->func->blocks[s->block[b]].cold =
                callee->blocks[b].cold || s->func->blocks[s->after].cold;
        }
    for (u32 b = 0; b < callee->n_blocks; b++) {
        const struct ssa_block *to = &callee->blocks[b];
        for (u32 p = 0; to->order != CODE_NONE && p < to->n_preds; p++) {
            u32 slot = callee->blocks[to->preds[p]].succ[0] != b;
            ssa_add_edge(s->func, s->block[to->preds[p]], slot, s->block[b]);
        }
    }
}

/* What the callee gets from its caller is there already; 0: it is not of that kind. */
static u32 inline_given(struct inline_sub *s, const struct ssa_insn *insn)
{
    const struct ssa_insn *call = ssa_at(s->func, s->call);
    switch ((u32)insn->op) {
    case SSA_CONST: return insn->flags ? 0 : ssa_const(s->func, insn->imm);
    case SSA_THREAD: return ssa_args(s->func, call)[0];
    case SSA_FRAME: return ssa_args(s->func, call)[1];
    case SSA_PARAM:
        return insn->imm + 2 < call->n_args ? ssa_args(s->func, call)[insn->imm + 2]
                                            : ssa_const(s->func, 0);
    default: return 0;
    }
}

/* Arguments are the callee's still. */
static void inline_insn(struct inline_sub *s, u32 at, u32 block)
{
    struct ssa_insn insn = s->callee->insns[at];
    u32 copy = inline_given(s, &insn);
    if (!copy) {
        bool many = ssa_rows[insn.op].n_args == SSA_MANY;
        copy = many ? ssa_new_many(s->func, insn, ssa_args(s->callee, &insn), insn.n_args)
                    : ssa_new(s->func, insn);
        if (!copy)
            return;
        ssa_append(s->func, block, copy);
        s->func->ranges[copy] = s->callee->ranges[at];
    }
    s->value[at] = copy;
}

static void inline_insns(struct inline_sub *s)
{
    for (u32 b = 0; b < s->callee->n_blocks; b++)
        for (u32 at = s->block[b] ? s->callee->blocks[b].first : 0; at && !s->func->failed;
             at = s->callee->insns[at].next)
            inline_insn(s, at, s->block[b]);
    for (u32 b = 0; b < s->callee->n_blocks && !s->func->failed; b++)
        for (u32 at = s->block[b] ? s->func->blocks[s->block[b]].first : 0; at;
             at = s->func->insns[at].next) {
            u32 *args = ssa_args(s->func, &s->func->insns[at]);
            for (u32 a = 0; a < s->func->insns[at].n_args; a++)
                args[a] = s->value[args[a]];
        }
}

/* ---- the result: the call becomes a phi of what is returned */

/* A return becomes a jump to what follows. */
static u32 inline_return(struct inline_sub *s, u32 block)
{
    u32 last = s->func->blocks[block].last;
    if (s->func->insns[last].op != SSA_RETURN)
        return 0;
    u32 result = s->func->insns[last].arg[0];
    ssa_remove(s->func, last);
    inline_jump(s->func, block, s->after);
    return result;
}

static void inline_result(struct inline_sub *s)
{
    struct ssa_func *func = s->func;
    u32 n = 0, *results = arena_array(s->scratch, u32, s->callee->n_blocks);
    func->failed |= !results;
    for (u32 b = 0; b < s->callee->n_blocks && !func->failed; b++) {
        u32 result = s->block[b] ? inline_return(s, s->block[b]) : 0;
        if (result)
            results[n++] = result;
    }
    if (func->failed)
        return;
    struct ssa_insn phi = { .op = SSA_PHI, .width = 8, .origin = func->insns[s->call].origin };
    u32 fresh = ssa_new_many(func, phi, results, n);
    if (!fresh)
        return;
    ssa_take(func, s->call);
    func->insns[s->call] = func->insns[fresh];
    func->insns[fresh].op = SSA_NONE;
    func->insns[fresh].n_args = 0;
    ssa_insert_phi(func, s->after, s->call);
}

/* ---- one call */

static void inline_call(struct inline_sub *s)
{
    u32 from = s->func->insns[s->call].block;
    s->callee = &s->func->program->funcs[s->func->insns[s->call].imm];
    s->value = arena_array(s->scratch, u32, s->callee->n);
    s->block = arena_array(s->scratch, u32, s->callee->n_blocks);
    s->func->failed |= !s->value || !s->block;
    if (!s->func->failed)
        inline_split(s);
    if (!s->func->failed)
        inline_blocks(s);
    if (!s->func->failed)
        inline_insns(s);
    if (!s->func->failed) {
        inline_jump(s->func, from, s->block[0]);
        inline_result(s);
    }
}

/* From the end of a block to its beginning, so that what follows a call is moved once. */
static bool inline_block(struct inline_sub *s, u32 block)
{
    struct ssa_program *program = s->func->program;
    bool changed = false;
    u32 before;
    for (u32 at = s->func->blocks[block].last; at && !s->func->failed; at = before) {
        const struct ssa_insn *insn = ssa_at(s->func, at);
        before = insn->prev;
        if (insn->op != SSA_CALL_LOCAL || !inline_is_wanted(program, s->func, (u32)insn->imm))
            continue;
        s->call = at;
        inline_call(s);
        changed = true;
    }
    return changed;
}

bool opt_inline_sub(struct opt *opt, struct ssa_func *func)
{
    struct inline_sub s = { .func = func, .scratch = &opt->scratch };
    struct ssa_program *program = opt->program;
    bool changed = false;
    if (!program->calls && !(program->calls = inline_count_calls(program)))
        func->failed = true;
    for (u32 block = 0, n = func->n_blocks; block < n && !func->failed; block++)
        changed |= inline_block(&s, block);
    return changed;
}

/* ---- what is left */

/* The function whose address an instruction gives to a helper, or to a timer; CODE_NONE: none. */
static u32 inline_token(const struct ssa_program *program, const struct host_insn *insn)
{
    const struct code *code = program->host->code;
    bool is_token = insn->op == HOST_CONST && code->insns[insn->origin].op == ISA_LDDW_CODE;
    return is_token ? code->func_of[code->target[insn->origin]] : CODE_NONE;
}

/* Those that are entered from outside. */
static void inline_mark_entries(const struct ssa_program *program, u8 *needed)
{
    needed[0] = needed[program->host->code->exception_func] = 1;
    for (u32 i = 0; i < program->host->n_insns; i++) {
        u32 func = inline_token(program, &program->host->insns[i]);
        if (func != CODE_NONE)
            needed[func] = 1;
    }
}

static bool inline_mark_callees(const struct ssa_func *func, u8 *needed)
{
    bool found = false;
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 at = func->blocks[b].first; at; at = func->insns[at].next)
            if (func->insns[at].op == SSA_CALL_LOCAL && !needed[func->insns[at].imm]) {
                needed[func->insns[at].imm] = 1;
                found = true;
            }
    return found;
}

bool opt_drop_inlined(struct opt *opt)
{
    struct ssa_program *program = opt->program;
    u8 *needed = arena_array(&opt->scratch, u8, program->n_funcs);
    u32 n = 0;
    if (!needed)
        return false;
    inline_mark_entries(program, needed);
    /* Callers come after callees: one way back finds all but what circles of calls hide. */
    for (bool found = true; found;) {
        found = false;
        for (u32 i = program->n_order; i-- > 0;)
            if (needed[program->order[i]])
                found |= inline_mark_callees(&program->funcs[program->order[i]], needed);
    }
    for (u32 i = 0; i < program->n_order; i++) {
        struct ssa_func *func = &program->funcs[program->order[i]];
        if (needed[func->number])
            program->order[n++] = func->number;
        else
            func->n = func->n_blocks = func->n_order = 0;
    }
    program->n_order = n;
    return true;
}
