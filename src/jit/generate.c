/* A program's machine code: instructions are selected for all of its functions, so that their SSA
 * can be dropped; then each is allocated, laid out and encoded by itself; in the end what refers to
 * other functions is patched.
 *
 * A function's blocks are encoded without their jumps first, since only then it is known how far
 * jumps go; then they are put in their places, and what was noted about offsets moves along. */
#include "jit/generate.h"
#include "base/diag.h"
#include "jit/layout.h"
#include "jit/pages.h"
#include "jit/regalloc.h"
#include "jit/select.h"

#include <assert.h>

struct generate_piece { /* bytes that stay together: a block's, the stop label's */
    u32 from;           /* in the body */
    u32 reloc, line;    /* its first */
};

struct generate_func {
    struct arena arena; /* of its machine code; not begun where there is none */
    struct mach_func mach;
};

struct generate {
    struct jit_emit emit; /* first: the targets hand it back */
    struct mem *mem;
    struct generate_func *funcs; /* by CODE function */
    const struct jit_generate_options *options;
    struct jit_generated *out;
    struct jit_buffer body; /* of the function that is made: blocks without jumps */
    /* Of this function, with offsets in the body. */
    VEC(struct jit_reloc) relocs;
    VEC(struct jit_line) lines;
    u32 stop_at; /* of the function: in out->buffer */
    /* Of all functions, to be patched in the end. */
    VEC(struct jit_reloc) links;
    bool failed;
};

static void generate_note_reloc(struct jit_emit *emit, u32 at, u8 kind,
                                enum jit_reloc_special special, u64 to)
{
    struct generate *g = (struct generate *)emit;
    struct jit_reloc reloc = { .at = at, .kind = kind, .special = (u8)special, .to = to };
    g->failed |= !vec_push(g->mem, &g->relocs, reloc);
}

static void generate_note_line(struct generate *g, u32 origin)
{
    u32 n = g->lines.n;
    if (n && g->lines.data[n - 1].origin == origin)
        return;
    struct jit_line line = { .offset = g->body.n, .origin = origin };
    if (n && g->lines.data[n - 1].offset == g->body.n)
        g->lines.data[n - 1] = line;
    else
        g->failed |= !vec_push(g->mem, &g->lines, line);
}

/* ---- encoding into the body */

static void generate_insns(struct generate *g, const struct mach_block *block)
{
    const struct mach_func *func = g->emit.func;
    for (u32 i = block->begin; i < block->end; i++) {
        const struct mach_insn *insn = &func->insns[i];
        if (insn->op == MACH_ALIAS || insn->op == MACH_END ||
            (insn->op == MACH_COPY && insn->operand[0].given == insn->operand[1].given))
            continue;
        generate_note_line(g, insn->origin == MACH_NO_ORIGIN ? CODE_NONE : insn->origin);
        g->emit.target->emit(&g->emit, insn);
    }
}

static void generate_block(struct generate *g, u32 b)
{
    const struct mach_block *block = &g->emit.func->blocks[b];
    generate_insns(g, block);
    if (block->tail)
        generate_insns(g, &g->emit.func->blocks[block->tail]);
    if (block->exit.to[1] == CODE_NONE)
        g->emit.target->epilogue(&g->emit);
}

static void generate_start_piece(struct generate *g, struct generate_piece *piece)
{
    *piece = (struct generate_piece){ g->body.n, g->relocs.n, g->lines.n };
}

/* pieces[b]: block b; the one behind the last: the stop label; and the end. */
static void generate_body(struct generate *g, struct layout *layout, struct generate_piece *pieces)
{
    const struct mach_func *func = g->emit.func;
    g->body.n = g->relocs.n = g->lines.n = 0;
    g->emit.buffer = &g->body;
    for (u32 b = 0; b < func->n_blocks; b++) {
        generate_start_piece(g, &pieces[b]);
        if (b == 0) {
            generate_note_line(g, CODE_NONE);
            g->emit.target->prologue(&g->emit);
        }
        if (!layout->blocks[b].empty)
            generate_block(g, b);
        layout->blocks[b].bytes = g->body.n - pieces[b].from;
    }
    generate_start_piece(g, &pieces[func->n_blocks]);
    if (func->stops) {
        generate_note_line(g, CODE_NONE);
        g->emit.target->stop_label(&g->emit);
    }
    generate_start_piece(g, &pieces[func->n_blocks + 1]);
}

/* ---- into its place */

static void generate_put_bytes(struct jit_buffer *buffer, const u8 *bytes, u32 n)
{
    while (n > buffer->size - buffer->n)
        if (!jit_buffer_grow(buffer))
            return;
    if (n)
        memcpy(&buffer->bytes[buffer->n], bytes, n);
    buffer->n += n;
}

static void generate_place_relocs(struct generate *g, u32 first, u32 end, u32 delta)
{
    for (u32 i = first; i < end; i++) {
        struct jit_reloc reloc = g->relocs.data[i];
        reloc.at += delta;
        if (reloc.special == JIT_TO_STOP)
            reloc.to = g->stop_at;
        g->failed |= !vec_push(g->mem, &g->links, reloc);
    }
}

static void generate_place_lines(struct generate *g, u32 first, u32 end, u32 delta)
{
    struct jit_generated *out = g->out;
    for (u32 i = first; i < end; i++) {
        struct jit_line line = g->lines.data[i];
        line.offset += delta;
        if (out->n_lines && out->lines[out->n_lines - 1].origin == line.origin)
            continue;
        if (!vec_reserve_one(out->mem, (void **)&out->lines, &out->n_lines, &out->lines_room,
                             sizeof *out->lines)) {
            g->failed = true;
            return;
        }
        out->lines[out->n_lines++] = line;
    }
}

/* A piece of the body goes to the end of the program's code. */
static void generate_place(struct generate *g, const struct generate_piece *piece)
{
    struct jit_buffer *buffer = &g->out->buffer;
    u32 delta = buffer->n - piece[0].from;
    generate_place_relocs(g, piece[0].reloc, piece[1].reloc, delta);
    generate_place_lines(g, piece[0].line, piece[1].line, delta);
    generate_put_bytes(buffer, &g->body.bytes[piece[0].from], piece[1].from - piece[0].from);
}

static void generate_place_all(struct generate *g, const struct layout *layout,
                               const struct generate_piece *pieces)
{
    u32 n = g->emit.func->n_blocks;
    g->stop_at = g->out->buffer.n + layout->bytes;
    g->emit.buffer = &g->out->buffer;
    for (u32 i = 0; i < layout->n_order; i++) {
        const struct layout_block *block = &layout->blocks[layout->order[i]];
        if (block->pad)
            g->emit.target->nops(&g->emit, block->pad);
        generate_place(g, &pieces[layout->order[i]]);
        for (u32 k = 0; k < block->n_jumps; k++) {
            const struct layout_jump *jump = &block->jump[k];
            s64 distance = (s64)layout->blocks[jump->to].at - (s64)jump->end;
            g->emit.target->emit_jump(&g->emit, &jump->jump, distance);
        }
    }
    generate_place(g, &pieces[n]);
}

/* ---- functions */

static void generate_align(struct generate *g)
{
    u32 odd = g->out->buffer.n % JIT_ALIGN;
    g->emit.buffer = &g->out->buffer;
    if (odd)
        g->emit.target->pad(&g->emit, JIT_ALIGN - odd);
}

static u32 generate_usable(const struct generate *g)
{
    const struct jit_target *target = g->emit.target;
    u32 usable = 0;
    for (u32 i = 0; i < target->n_order; i++)
        usable |= 1u << target->order[i];
    if (g->options->features & JIT_FRAME_POINTERS)
        usable &= ~(u32)target->frame_pointer;
    return g->emit.metered ? usable & ~(1u << target->fuel_reg) : usable;
}

static bool generate_select(struct generate *g, const struct ssa_func *ssa)
{
    struct generate_func *func = &g->funcs[ssa->number];
    struct select_options select = { .target = g->emit.target,
                                     .features = g->options->features,
                                     .metered = g->emit.metered };
    struct arena scratch;
    arena_init(&func->arena, g->mem);
    arena_init(&scratch, g->mem);
    bool ok = jit_select(&func->arena, &scratch, &select, ssa, &func->mach);
    arena_drop(&scratch);
    return ok;
}

static bool generate_allocate(struct generate *g, struct mach_func *func)
{
    struct arena scratch;
    arena_init(&scratch, g->mem);
    bool ok = jit_regalloc(&scratch, g->emit.target, generate_usable(g), func);
    if ((g->options->features & JIT_FRAME_POINTERS) && func->calls)
        func->used |= g->emit.target->frame_pointer;
#ifndef NDEBUG
    const char *wrong = NULL;
    u32 where;
    ok = ok && jit_check_allocation(&scratch, g->emit.target, func, &wrong, &where);
    assert(!wrong);
#endif
    arena_drop(&scratch);
    return ok;
}

static bool generate_encode(struct generate *g, struct arena *arena, const struct mach_func *func)
{
    struct layout layout = { .target = g->emit.target, .func = func };
    struct generate_piece *pieces =
        arena_array(arena, struct generate_piece, (u64)func->n_blocks + 2);
    if (!pieces || !jit_layout_jumps(arena, &layout))
        return false;
    g->emit.func = func;
    generate_body(g, &layout, pieces);
    if (g->body.failed)
        return false;
    jit_layout_place(&layout);
    generate_place_all(g, &layout, pieces);
    return !g->failed && !g->out->buffer.failed;
}

static void generate_symbol(struct generate *g, u32 func, u32 from)
{
    g->out->symbols[g->out->n_symbols++] =
        (struct jit_symbol){ .offset = from, .bytes = g->out->buffer.n - from, .func = func };
}

static bool generate_func(struct generate *g, u32 number)
{
    struct generate_func *func = &g->funcs[number];
    generate_align(g);
    u32 at = g->out->buffer.n;
    g->out->func_at[number] = at;
    bool ok = generate_allocate(g, &func->mach) && generate_encode(g, &func->arena, &func->mach);
    if (ok)
        generate_symbol(g, number, at);
    arena_drop(&func->arena);
    return ok;
}

/* ---- the program */

static bool generate_link_one(struct generate *g, const struct jit_reloc *link)
{
    u64 to = link->special == JIT_TO_FUNC ? g->out->func_at[link->to] : link->to;
    return g->emit.target->patch(g->out->buffer.bytes, 0, link, to);
}

/* What goes to places in the code is patched; what goes to the host is left to those who know where
 * the code will lie. */
static skep_status generate_link(struct generate *g, skep_error *err)
{
    u32 n = 0;
    for (u32 i = 0; i < g->links.n; i++) {
        const struct jit_reloc *link = &g->links.data[i];
        if (link->special == JIT_TO_HOST)
            g->links.data[n++] = *link;
        else if (!generate_link_one(g, link))
            return RAISE(err, SKEP_LIMIT, JIT_FAR, NUM(g->out->buffer.n));
    }
    g->out->relocs = g->links.data;
    g->out->relocs_room = g->links.cap;
    g->out->n_relocs = n;
    g->links.data = NULL;
    g->links.n = g->links.cap = 0;
    return SKEP_OK;
}

static bool generate_program(struct generate *g, const struct ssa_program *ssa)
{
    struct jit_generated *out = g->out;
    u32 n = out->n_funcs = ssa->n_funcs;
    out->func_at = mem_alloc(out->mem, n * sizeof *out->func_at);
    out->symbols = mem_alloc(out->mem, n * sizeof *out->symbols);
    if (!out->func_at || !out->symbols)
        return false;
    for (u32 f = 0; f < n; f++)
        if (ssa->funcs[f].n && !generate_select(g, &ssa->funcs[f]))
            return false;
    if (g->options->ssa_arena)
        arena_drop(g->options->ssa_arena);
    for (u32 f = 0; f < n; f++) {
        out->func_at[f] = CODE_NONE;
        if (g->funcs[f].mach.n_blocks && !generate_func(g, f))
            return false;
    }
    return !g->failed && !out->buffer.failed;
}

static bool generate_all(struct generate *g, const struct ssa_program *ssa)
{
    u32 n = ssa->n_funcs;
    size_t size = n * sizeof *g->funcs;
    g->funcs = mem_zalloc(g->mem, size);
    bool ok = g->funcs && generate_program(g, ssa);
    for (u32 f = 0; g->funcs && f < n; f++)
        arena_drop(&g->funcs[f].arena);
    mem_free(g->mem, g->funcs, size);
    return ok;
}

skep_status jit_generate(struct mem *mem, const struct jit_target *target,
                         const struct ssa_program *ssa, const struct jit_generate_options *options,
                         struct jit_generated *out, skep_error *err)
{
    struct mem *work = options->ssa_arena ? options->ssa_arena->mem : mem;
    struct generate g = { .mem = work, .options = options, .out = out, .body = { .mem = work } };
    *out = (struct jit_generated){ .mem = mem, .work = work, .buffer = { .mem = work } };
    g.emit = (struct jit_emit){ .target = target,
                                .features = options->features,
                                .metered = ssa->metered,
                                .near = options->near,
                                .stop_code = options->stop_code,
                                .reloc = generate_note_reloc };
    bool ok = generate_all(&g, ssa);
    skep_status status =
        ok ? generate_link(&g, err) : RAISE(err, SKEP_NOMEM, NOMEM, STR("machine code"));
    jit_buffer_drop(&g.body);
    vec_drop(work, &g.relocs);
    vec_drop(work, &g.lines);
    vec_drop(work, &g.links);
    if (status != SKEP_OK)
        jit_generated_drop(out);
    return status;
}

void jit_generated_drop_work(struct jit_generated *out)
{
    jit_buffer_drop(&out->buffer);
    mem_free(out->work, out->relocs, out->relocs_room * sizeof *out->relocs);
    out->relocs = NULL;
    out->n_relocs = out->relocs_room = 0;
}

void jit_generated_drop(struct jit_generated *out)
{
    struct mem *mem = out->mem;
    if (!mem)
        return;
    jit_generated_drop_work(out);
    mem_free(mem, out->func_at, out->n_funcs * sizeof *out->func_at);
    mem_free(mem, out->symbols, out->n_funcs * sizeof *out->symbols);
    mem_free(mem, out->lines, out->lines_room * sizeof *out->lines);
    *out = (struct jit_generated){ 0 };
}
