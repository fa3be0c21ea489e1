/* The first half of building SSA: which functions may run, their blocks and edges, and which
 * variables are live where.
 *
 * Functions are visited callees first, so that it is known at a call which arguments are read.
 * Instructions that leave a block in the middle of their work end it: the rest of the work is a
 * block of its own.  Edges that facts show to be dead are not made. */
#include "opt/build.h"

#include "base/bits.h"

static skep_status graph_nomem(const struct build *b)
{
    return RAISE(b->err, SKEP_NOMEM, NOMEM, STR("SSA"));
}

/* ---- blocks */

static bool graph_is_cond(const struct host_insn *insn)
{
    enum isa_kind kind = build_kind_of(insn);
    return kind == ISA_KIND_COND_REG || kind == ISA_KIND_COND_IMM;
}

static bool graph_is_jump(const struct host_insn *insn)
{
    enum isa_kind kind = build_kind_of(insn);
    return kind == ISA_KIND_JUMP || kind == ISA_KIND_JUMP_LONG;
}

static bool graph_has_target(const struct host_insn *insn)
{
    return graph_is_cond(insn) || graph_is_jump(insn) || insn->op == ISA_MAY_GOTO;
}

static bool graph_reads_packet(const struct host_insn *insn)
{
    enum isa_kind kind = build_kind_of(insn);
    return kind == ISA_KIND_LD_ABS || kind == ISA_KIND_LD_IND;
}

static bool graph_ends_block(const struct host_insn *insn)
{
    return graph_has_target(insn) || graph_reads_packet(insn) || insn->op == ISA_EXIT ||
           insn->op == ISA_CALL_LOCAL || insn->op == HOST_TAIL_CALL || insn->op == HOST_TRAP;
}

/* The new block's number; CODE_NONE: no memory. */
static u32 graph_block(struct build *b, enum build_kind kind, u32 start, u32 end)
{
    struct build_func *f = b->at;
    u32 n = b->func->n_blocks, number = ssa_block_new(b->func);
    if (b->func->failed)
        return CODE_NONE;
    if (n == f->blocks_room) {
        u32 room = f->blocks_room + f->blocks_room / 2 + 16;
        struct build_block *grown = arena_array(b->scratch, struct build_block, room);
        if (!grown)
            return CODE_NONE;
        if (n)
            memcpy(grown, f->blocks, n * sizeof(*grown));
        f->blocks = grown;
        f->blocks_room = room;
    }
    f->blocks[number] = (struct build_block){ .kind = (u8)kind, .start = start, .end = end };
    return number;
}

static u32 graph_mark_leaders(const struct build *b, const struct host_func *hf, u64 *leaders)
{
    const struct host_insn *insns = b->host->insns;
    u32 n = 0;
    bit_set(leaders, 0);
    for (u32 i = hf->entry; i < hf->end; i++) {
        if (graph_has_target(&insns[i]))
            bit_set(leaders, insns[i].target - hf->entry);
        if (graph_ends_block(&insns[i]))
            bit_set(leaders, i + 1 - hf->entry);
    }
    for (u32 w = 0; w < bits_words(hf->end - hf->entry); w++)
        n += (u32)__builtin_popcountll(leaders[w]);
    return n;
}

static bool graph_jumps_to_entry(const struct build *b, const struct host_func *hf)
{
    for (u32 i = hf->entry; i < hf->end; i++)
        if (graph_has_target(&b->host->insns[i]) && b->host->insns[i].target == hf->entry)
            return true;
    return false;
}

static skep_status graph_cut(struct build *b, const struct host_func *hf)
{
    u32 n = hf->end - hf->entry;
    u64 *leaders = arena_array(b->scratch, u64, bits_words(n + 1));
    if (!leaders)
        return graph_nomem(b);
    u32 n_leaders = graph_mark_leaders(b, hf, leaders);
    b->at->blocks_room = n_leaders + n_leaders / 8 + 4;
    b->at->blocks = arena_array(b->scratch, struct build_block, b->at->blocks_room);
    if (!b->at->blocks || !ssa_reserve(b->func, n + n_leaders + 32, n / 4 + 32, b->at->blocks_room))
        return graph_nomem(b);
    if (graph_jumps_to_entry(b, hf))
        graph_block(b, BUILD_ENTRY, hf->entry, hf->entry);
    for (u32 i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !bit_get(leaders, end);)
            end++;
        b->block_of[hf->entry + i] = graph_block(b, BUILD_CODE, hf->entry + i, hf->entry + end);
    }
    return b->func->failed ? graph_nomem(b) : SKEP_OK;
}

/* ---- edges */

static u32 graph_shared(struct build *b, u32 *block, enum build_kind kind)
{
    if (*block == CODE_NONE)
        *block = graph_block(b, kind, 0, 0);
    return *block;
}

static u32 graph_zero(struct build *b) { return graph_shared(b, &b->at->zero, BUILD_ZERO); }

/* Function 0 ends with a tail call: whoever runs the program goes on.  Another one waits for the
 * target, and so does function 0 where the program calls it too: it cannot tell who did. */
static u32 graph_tail(struct build *b)
{
    bool leaves_it = b->func->number == 0 && !b->main_is_called;
    return leaves_it ? graph_zero(b) : graph_shared(b, &b->at->tail, BUILD_TAIL);
}

/* The block of the instruction after a block.  Code never runs off its end, so what could is not
 * reached. */
static u32 graph_next(struct build *b, const struct host_func *hf, u32 end)
{
    return end < hf->end ? b->block_of[end] : graph_zero(b);
}

static void graph_two(struct build *b, u32 from, u32 first, u32 second)
{
    if (first == CODE_NONE || second == CODE_NONE)
        return; /* no memory, as the function knows */
    ssa_add_edge(b->func, from, 0, first);
    if (first != second)
        ssa_add_edge(b->func, from, 1, second);
}

static void graph_cond(struct build *b, u32 from, const struct host_insn *insn, u32 next)
{
    const struct fact *fact = build_fact(b, insn->origin);
    u32 target = b->block_of[insn->target];
    if (fact && !(fact->flags & FACT_TAKEN))
        graph_two(b, from, next, next);
    else if (fact && !(fact->flags & FACT_FALLS))
        graph_two(b, from, target, target);
    else
        graph_two(b, from, target, next);
}

/* `from` has a branch to one block, or the work of its last instruction is done in a block of its
 * own and goes on at the other. */
static void graph_apart(struct build *b, u32 from, u32 instead, enum build_kind kind, u32 next)
{
    u32 last = b->at->blocks[from].end - 1;
    u32 middle = graph_block(b, kind, last, last);
    graph_two(b, from, instead, middle);
    graph_two(b, middle, next, next);
}

static void graph_link(struct build *b, const struct host_func *hf, u32 from)
{
    u32 end = b->at->blocks[from].end;
    if (b->at->blocks[from].kind == BUILD_ENTRY) {
        graph_two(b, from, from + 1, from + 1);
        return;
    }
    const struct host_insn *last = &b->host->insns[end - 1];
    if (last->op == ISA_EXIT || last->op == HOST_TRAP)
        return;
    else if (graph_is_jump(last))
        graph_two(b, from, b->block_of[last->target], b->block_of[last->target]);
    else if (graph_is_cond(last))
        graph_cond(b, from, last, graph_next(b, hf, end));
    else if (last->op == HOST_TAIL_CALL)
        graph_two(b, from, graph_tail(b), graph_next(b, hf, end));
    else if (graph_reads_packet(last))
        graph_two(b, from, graph_zero(b), graph_next(b, hf, end));
    else if (last->op == ISA_MAY_GOTO)
        graph_apart(b, from, b->block_of[last->target], BUILD_LESS, graph_next(b, hf, end));
    else if (last->op == ISA_CALL_LOCAL)
        graph_apart(b, from, graph_block(b, BUILD_DEPTH, end - 1, end - 1), BUILD_CALL,
                    graph_next(b, hf, end));
    else
        graph_two(b, from, graph_next(b, hf, end), graph_next(b, hf, end));
}

/* ---- what instructions read and write */

static u16 graph_mask(u32 reg) { return (u16)(reg == 10 ? 0 : 1u << reg); }
static u16 graph_args(u32 n) { return (u16)(((1u << n) - 1) << 1); }

static void graph_host_effects(const struct build *b, const struct host_insn *insn, u16 *reads,
                               u16 *writes)
{
    if (insn->op == HOST_CONST || (insn->op >= HOST_CTX_LOAD_B && insn->op <= HOST_CTX_LOAD_DW))
        *writes = graph_mask(insn->dst);
    if (insn->op >= HOST_CTX_LOAD_B && insn->op <= HOST_CTX_STORE_DW)
        *reads = graph_mask(insn->src);
    if (insn->op >= HOST_CTX_STORE_B && insn->op <= HOST_CTX_STORE_DW)
        *reads |= graph_mask(insn->dst);
    if (insn->op == HOST_GUARD)
        *reads = graph_mask(insn->dst);
    if (insn->op == HOST_TAIL_CALL)
        *reads = graph_args(3);
    if (build_is_call(insn)) {
        *reads = graph_args(build_n_args(build_helper(b->host, insn)));
        *writes = BUILD_CALL_KILLS;
    }
}

static void graph_effects(const struct build *b, const struct host_insn *insn, u16 *reads,
                          u16 *writes)
{
    *reads = *writes = 0;
    if (!build_is_isa(insn)) {
        graph_host_effects(b, insn, reads, writes);
    } else if (graph_reads_packet(insn)) {
        *reads = build_kind_of(insn) == ISA_KIND_LD_IND ? graph_mask(insn->src) : 0;
        *writes = 1; /* r0 */
    } else if (insn->op == ISA_MAY_GOTO) {
        *reads = 1u << BUILD_LOOPS;
    } else if (insn->op != ISA_CALL_LOCAL) { /* which has a block of its own */
        struct insn isa = { .op = insn->op, .dst = insn->dst, .src = insn->src };
        *reads = isa_reads(&isa) & (u16) ~(1u << 10);
        *writes = isa_writes(&isa);
    }
}

static void graph_block_effects(const struct build *b, u32 number)
{
    const struct build_block *block = &b->at->blocks[number];
    struct vars_block *vars = &b->at->vars.blocks[number];
    for (u32 i = block->start; i < block->end; i++) {
        u16 reads, writes;
        graph_effects(b, &b->host->insns[i], &reads, &writes);
        vars->uses |= reads & ~vars->defs;
        vars->defs |= writes;
    }
    if (block->kind == BUILD_LESS)
        vars->uses = vars->defs = 1u << BUILD_LOOPS;
    if (block->kind == BUILD_CALL) {
        const struct host_insn *call = &b->host->insns[block->start];
        vars->uses = graph_args(b->funcs[build_callee(b->host, call)].n_params);
        vars->defs = BUILD_CALL_KILLS;
    }
}

/* ---- functions */

static bool graph_makes_calls(const struct host_insn *insn)
{
    return build_is_call(insn) || insn->op == HOST_TAIL_CALL || insn->op == ISA_CALL_LOCAL;
}

static u32 graph_n_params(u64 live)
{
    u32 n = 5;
    while (n > 0 && !(live >> n & 1))
        n--;
    return n;
}

static skep_status graph_of(struct build *b, u32 number)
{
    const struct host_func *hf = &b->host->funcs[number];
    b->at = &b->funcs[number];
    b->func = &b->program->funcs[number];
    if (!ssa_func_init(b->func, b->program, b->func->arena, number))
        return graph_nomem(b);
    b->func->is_new = true;
    TRY(graph_cut(b, hf));
    for (u32 i = 0, n = b->func->n_blocks; i < n; i++)
        graph_link(b, hf, i);
    if (b->func->failed || !ssa_analyse(b->func) || !vars_init(&b->at->vars, b->func, b->scratch))
        return graph_nomem(b);
    for (u32 i = 0; i < b->func->n_order; i++)
        graph_block_effects(b, b->func->order[i]);
    if (!vars_analyse(&b->at->vars))
        return graph_nomem(b);
    b->at->n_params = graph_n_params(b->at->vars.blocks[0].live);
    return SKEP_OK;
}

struct graph_visit {
    u32 func;
    u32 next; /* the instruction to look at next */
};

/* The function that an instruction makes runnable; CODE_NONE: none. */
static u32 graph_mentions(const struct build *b, const struct host_insn *insn)
{
    const struct code *code = b->host->code;
    if (insn->op == ISA_CALL_LOCAL)
        return build_callee(b->host, insn);
    bool is_token = insn->op == HOST_CONST && code->insns[insn->origin].op == ISA_LDDW_CODE;
    return is_token ? code->func_of[code->target[insn->origin]] : CODE_NONE;
}

static void graph_note_calls(struct build_func *f, const struct host_insn *insn)
{
    f->makes_calls |= graph_makes_calls(insn);
    f->has_local_calls |= insn->op == ISA_CALL_LOCAL;
}

/* Depth first over calls, with a stack of our own.  A function that is called while its own graph
 * is not known, by recursion, is taken to read all arguments. */
static skep_status graph_visit_from(struct build *b, u32 root, struct graph_visit *stack)
{
    u32 depth = 0;
    if (b->funcs[root].seen)
        return SKEP_OK;
    b->funcs[root].seen = true;
    stack[depth++] = (struct graph_visit){ root, b->host->funcs[root].entry };
    while (depth > 0) {
        struct graph_visit *top = &stack[depth - 1];
        if (top->next == b->host->funcs[top->func].end) {
            TRY(graph_of(b, top->func));
            b->program->order[b->program->n_order++] = top->func;
            depth--;
            continue;
        }
        const struct host_insn *insn = &b->host->insns[top->next++];
        u32 callee = graph_mentions(b, insn);
        graph_note_calls(&b->funcs[top->func], insn);
        if (callee == CODE_NONE || b->funcs[callee].seen)
            continue;
        b->funcs[callee].seen = true;
        stack[depth++] = (struct graph_visit){ callee, b->host->funcs[callee].entry };
    }
    return SKEP_OK;
}

static bool graph_calls_main(const struct build *b)
{
    for (u32 i = 0; i < b->host->n_insns; i++)
        if (graph_mentions(b, &b->host->insns[i]) == 0)
            return true;
    return false;
}

skep_status build_graphs(struct build *b)
{
    u32 n = b->host->n_funcs;
    struct graph_visit *stack = arena_array(b->scratch, struct graph_visit, n);
    b->funcs = arena_array(b->scratch, struct build_func, n);
    b->block_of = arena_array(b->scratch, u32, (u64)b->host->n_insns + 1);
    if (!stack || !b->funcs || !b->block_of)
        return graph_nomem(b);
    for (u32 f = 0; f < n; f++)
        b->funcs[f] = (struct build_func){ .n_params = 5, .zero = CODE_NONE, .tail = CODE_NONE };
    b->main_is_called = graph_calls_main(b);
    TRY(graph_visit_from(b, 0, stack));
    return graph_visit_from(b, b->host->code->exception_func, stack);
}
