/* The checked engine: runs CODE of any program, verified or not.  Every instruction is preceded by
 * the question whether it may happen; what may not is a fault that says where and why.  Nothing
 * that a program does can crash, hang or corrupt the host: memory is reached only through values
 * whose origin allows it, and fuel ends every loop. */
#include "vm/checked.h"

#include "isa/eval.h"

/* ---- preparation */

/* Which registers must hold something.  Calls ask for their arguments themselves. */
static u16 checked_reads(const struct insn *insn)
{
    bool call = insn_kind(insn) == ISA_KIND_CALL_HELPER || insn_kind(insn) == ISA_KIND_CALL_LOCAL ||
                insn_kind(insn) == ISA_KIND_CALL_KFUNC;
    return call || insn->op == ISA_EXIT ? 0 : isa_reads(insn);
}

static const char *checked_poison(const struct vm_input *in, u32 i)
{
    const char *poison = code_poison_at(in->code, i);
    const struct insn *insn = &in->code->insns[i];
    bool no_map = (insn->op == ISA_LDDW_MAP || insn->op == ISA_LDDW_MAP_VALUE) &&
                  insn_map_index(insn) >= in->n_maps;
    if (poison)
        return poison;
    if (no_map)
        return "the program has no such map";
    if ((insn->op == ISA_CALL_HELPER || insn->op == ISA_CALL_KFUNC) && !in->helpers[i])
        return "there is no such helper";
    switch (insn->op) {
    case ISA_LDDW_MAP_FD:
    case ISA_LDDW_MAP_FD_VALUE:
    case ISA_LDDW_VARIABLE:
    case ISA_ADDR_SPACE_CAST:
    case ISA_GOTOX:
    case ISA_CALLX: return "the instruction is not supported";
    default: return NULL;
    }
}

skep_status checked_prepare(struct mem *mem, const struct vm_input *in, struct checked **out,
                            skep_error *err)
{
    struct checked *checked = mem_new(mem, struct checked);
    struct checked_insn *insns = mem_zalloc(mem, in->code->n_insns * sizeof(*insns));
    if (!checked || !insns) {
        mem_free(mem, insns, in->code->n_insns * sizeof(*insns));
        mem_free(mem, checked, sizeof(*checked));
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("checked program"));
    }
    for (u32 i = 0; i < in->code->n_insns; i++)
        insns[i] = (struct checked_insn){
            .insn = in->code->insns[i],
            .reads = checked_reads(&in->code->insns[i]),
            .writes = isa_writes(&in->code->insns[i]),
            .charge = in->charges->by_insn[i],
            .target = in->code->target[i],
            .helper = in->helpers[i],
            .poison = checked_poison(in, i),
        };
    *checked = (struct checked){ .mem = mem, .in = *in, .insns = insns };
    *out = checked;
    return SKEP_OK;
}

size_t checked_code_bytes(const struct checked *checked)
{
    return checked->in.code->n_insns * sizeof(*checked->insns);
}

void checked_drop(struct checked *checked)
{
    if (!checked)
        return;
    mem_free(checked->mem, checked->insns, checked->in.code->n_insns * sizeof(*checked->insns));
    mem_delete(checked->mem, checked);
}

/* ---- frames */

static skep_status checked_push_frame(struct checked_run_state *s, u32 return_to, u32 func,
                                      enum witness_entry kind)
{
    if (s->thread->depth >= RT_MAX_FRAMES)
        return CHECKED_FAULT(s, VM_DEPTH, STR(insn_row(&s->program->insns[s->at].insn)->name));
    u32 frame = s->thread->depth++;
    struct checked_frame *f = &s->frames[frame];
    checked_frame_begin(s, frame);
    if (s->program->in.witness)
        checked_walk_enter(s, func, kind);
    memcpy(f->saved, &s->reg[6], sizeof(f->saved));
    f->saved_unset = s->unset & 0x3c0;
    f->return_to = return_to;
    s->reg[10] = checked_frame_pointer(s, frame);
    s->unset = (u16)((s->unset & 0x3e) | 0x3c1); /* the arguments come along */
    return SKEP_OK;
}

/* r0 stays, r1..r5 are gone, r6..r10 are the caller's again. */
static void checked_pop_frame(struct checked_run_state *s)
{
    u32 frame = --s->thread->depth;
    struct checked_frame *f = &s->frames[frame];
    f->activation = 0;
    memcpy(&s->reg[6], f->saved, sizeof(f->saved));
    s->unset = (u16)((s->unset & 1) | 0x3e | f->saved_unset);
    if (frame > 0)
        s->reg[10] = checked_frame_pointer(s, frame - 1);
}

/* ---- instructions */

static struct checked_value checked_lddw(const struct checked_run_state *s, u32 i)
{
    const struct vm_input *in = &s->program->in;
    const struct insn *insn = &in->code->insns[i];
    struct skep_map *map;
    switch (insn->op) {
    case ISA_LDDW_MAP: return checked_map_pointer(in->maps[insn_map_index(insn)]);
    case ISA_LDDW_MAP_VALUE: {
        map = in->maps[insn_map_index(insn)];
        u64 address = (u64)(uintptr_t)map_direct_value(map);
        struct checked_value value =
            address ? checked_value_pointer(map, address) : checked_number(0);
        value.bits += insn_map_offset(insn);
        return value;
    }
    case ISA_LDDW_CODE:
        return (struct checked_value){
            .bits = host_callback_token(in->code->func_of[in->code->target[i]]),
            .from = { .kind = CHECKED_CODE },
        };
    default: return checked_number(insn->imm);
    }
}

/* The results of what computes without memory or control; one line per family of the table. */
static u64 checked_compute(const struct insn *insn, u64 dst, u64 src)
{
    switch (insn->op) {
/* clang-format off */
#define CHECKED_BINARY(NAME, name, ...)                                 \
    case ISA_##NAME##64_REG:                                            \
    case ISA_##NAME##64_IMM: return eval_##name##64(dst, src);          \
    case ISA_##NAME##32_REG:                                            \
    case ISA_##NAME##32_IMM: return eval_##name##32(dst, src);
#define CHECKED_MOVSX(from, to) case ISA_MOVSX##from##_##to: return eval_movsx##from##_##to(src);
#define CHECKED_UNARY(NAME, name) case ISA_##NAME: return eval_##name(dst);
#define CHECKED_END(bits)                                               \
    CHECKED_UNARY(LE##bits, le##bits)                                   \
    CHECKED_UNARY(BE##bits, be##bits)                                   \
    CHECKED_UNARY(BSWAP##bits, bswap##bits)
        ISA_BINARY(CHECKED_BINARY)
        CHECKED_MOVSX(8, 64)
        CHECKED_MOVSX(16, 64)
        CHECKED_MOVSX(32, 64)
        CHECKED_MOVSX(8, 32)
        CHECKED_MOVSX(16, 32)
        CHECKED_UNARY(NEG64, neg64)
        CHECKED_UNARY(NEG32, neg32)
        CHECKED_END(16)
        CHECKED_END(32)
        CHECKED_END(64)
/* clang-format on */
#undef CHECKED_BINARY
#undef CHECKED_MOVSX
#undef CHECKED_UNARY
#undef CHECKED_END
    default: UNREACHABLE();
    }
    return 0;
}

static bool checked_condition(const struct insn *insn, u64 dst, u64 src)
{
    switch (insn->op) {
#define CHECKED_COND(NAME, name, ...)                                                              \
    case ISA_##NAME##64_REG:                                                                       \
    case ISA_##NAME##64_IMM: return eval_##name##64(dst, src);                                     \
    case ISA_##NAME##32_REG:                                                                       \
    case ISA_##NAME##32_IMM: return eval_##name##32(dst, src);
        ISA_COND(CHECKED_COND)
#undef CHECKED_COND
    default: UNREACHABLE();
    }
    return false;
}

/* LD_ABS, LD_IND.  False: the packet has no such bytes; r0 is 0. */
static bool checked_packet_load(struct checked_run_state *s, const struct insn *insn)
{
    u64 value = 0;
    u64 offset = insn->imm + (insn_kind(insn) == ISA_KIND_LD_IND ? s->reg[insn->src].bits : 0);
    bool loaded = packet_word(s->thread->packet, (s32)(u32)offset, insn_row(insn)->size, &value);
    s->reg[0] = checked_number(value);
    s->unset = (u16)((s->unset & ~1u) | 0x3e);
    return loaded;
}

/* What an instruction does to control. */
enum checked_next { CHECKED_GOES_ON, CHECKED_JUMPS, CHECKED_EXITS, CHECKED_TAIL };

static skep_status checked_may_run(struct checked_run_state *s, const struct checked_insn *i)
{
    if (i->charge) {
        s->thread->fuel -= i->charge;
        if (s->thread->fuel < 0)
            return SKEP_FUEL;
        if (atomic_load_explicit(&s->thread->cancel, memory_order_relaxed))
            return SKEP_CANCELLED;
    }
    if (i->poison)
        return CHECKED_FAULT(s, VM_POISONED, STR(i->poison));
    u32 missing = i->reads & s->unset;
    if (missing)
        return CHECKED_FAULT(s, VM_UNSET_REGISTER,
                             STR(checked_register_name((u32)__builtin_ctz(missing))));
    return SKEP_OK;
}

static skep_status checked_ld_packet(struct checked_run_state *s, const struct insn *insn,
                                     enum checked_next *next)
{
    struct checked_value ctx = checked_context(s);
    if (s->reg[6].from.kind != CHECKED_CTX || s->reg[6].bits != ctx.bits)
        return CHECKED_FAULT(s, VM_R6_NOT_CTX, STR(insn_row(insn)->name));
    if (!checked_packet_load(s, insn))
        *next = CHECKED_EXITS; /* from this function only, as in Linux */
    return SKEP_OK;
}

static skep_status checked_helper(struct checked_run_state *s, const struct checked_insn *i,
                                  enum checked_next *next)
{
    bool taken = false;
    if (!(i->helper->effects & SKEP_TAIL_CALLS))
        return checked_call_helper(s, i->helper);
    TRY(checked_begin_tail_call(s, i->helper, &taken));
    if (taken)
        *next = CHECKED_TAIL;
    return SKEP_OK;
}

static skep_status checked_step(struct checked_run_state *s, const struct checked_insn *i,
                                enum checked_next *next)
{
    const struct insn *insn = &i->insn;
    struct checked_value *dst = &s->reg[insn->dst];
    struct checked_value src = s->reg[insn->src], imm = checked_number(insn->imm);
    switch (insn_kind(insn)) {
    case ISA_KIND_BINARY_IMM:
    case ISA_KIND_NEG:
    case ISA_KIND_END: src = imm; /* fall through */
    case ISA_KIND_BINARY_REG:
    case ISA_KIND_MOVSX:
        *dst = (struct checked_value){ .bits = checked_compute(insn, dst->bits, src.bits),
                                       .from = checked_origin_of(insn, dst, &src) };
        break;
    case ISA_KIND_LDDW: *dst = checked_lddw(s, s->at); break;
    case ISA_KIND_LOAD:
    case ISA_KIND_LOAD_SX:
    case ISA_KIND_LOAD_ACQ: TRY(checked_load(s, insn)); break;
    case ISA_KIND_STORE_REG:
    case ISA_KIND_STORE_IMM:
    case ISA_KIND_STORE_REL: TRY(checked_store(s, insn)); break;
    case ISA_KIND_ATOMIC:
    case ISA_KIND_FETCH:
    case ISA_KIND_XCHG:
    case ISA_KIND_CMPXCHG: TRY(checked_atomic(s, insn)); break;
    case ISA_KIND_LD_ABS:
    case ISA_KIND_LD_IND: return checked_ld_packet(s, insn, next);
    case ISA_KIND_COND_IMM: src = imm; /* fall through */
    case ISA_KIND_COND_REG:
        if (checked_condition(insn, dst->bits, src.bits))
            *next = CHECKED_JUMPS;
        break;
    case ISA_KIND_JUMP:
    case ISA_KIND_JUMP_LONG: *next = CHECKED_JUMPS; break;
    case ISA_KIND_MAY_GOTO: {
        u32 *left = &s->frames[s->thread->depth - 1].loops_left;
        if (*left == 0)
            *next = CHECKED_JUMPS;
        else
            --*left;
        break;
    }
    case ISA_KIND_CALL_HELPER:
    case ISA_KIND_CALL_KFUNC: return checked_helper(s, i, next);
    case ISA_KIND_CALL_LOCAL:
        TRY(checked_push_frame(s, s->at + 1, s->program->in.code->func_of[i->target],
                               WITNESS_CALL));
        *next = CHECKED_JUMPS;
        return SKEP_OK;
    case ISA_KIND_EXIT: *next = CHECKED_EXITS; return SKEP_OK;
    case ISA_KIND_ADDR_SPACE_CAST:
    case ISA_KIND_JUMP_INDIRECT:
    case ISA_KIND_CALL_INDIRECT:
    case ISA_KIND_COUNT: UNREACHABLE(); /* poisoned */
    }
    s->unset &= (u16)~i->writes;
    return SKEP_OK;
}

/* The result of the outermost function of an entry. */
static skep_status checked_result(struct checked_run_state *s, u32 n_held, u64 *r0)
{
    if (s->unset & 1)
        return CHECKED_FAULT(s, VM_UNSET_REGISTER, STR("r0"));
    TRY(checked_nothing_leaks(s, n_held));
    *r0 = s->reg[0].bits;
    return SKEP_OK;
}

/* A tail call from within a call: the target's result is the subprogram's. */
static skep_status checked_tail_inside(struct checked_run_state *s)
{
    u64 r0 = 0;
    TRY(rt_run_tail_target(s->thread, &r0));
    s->reg[0] = checked_number(r0);
    s->unset &= (u16)~1u;
    s->packet_generation++; /* whatever it did to the packet */
    return SKEP_OK;
}

/* Runs from s->at in the frame that was pushed last, until that frame's EXIT. */
static skep_status checked_loop(struct checked_run_state *s, enum witness_entry kind, u64 *r0)
{
    u32 bottom = s->thread->depth, n_held = s->thread->n_held;
    for (;;) {
        const struct checked_insn *i = &s->program->insns[s->at];
        enum checked_next next = CHECKED_GOES_ON;
        if (s->program->in.witness)
            TRY(checked_walk(s));
        if (s->program->in.facts)
            TRY(checked_hold_before(s));
        TRY(checked_may_run(s, i));
        s->thread->insns++;
        TRY(checked_step(s, i, &next));
        if (s->program->in.facts && (next == CHECKED_GOES_ON || next == CHECKED_JUMPS))
            TRY(checked_hold_after(s, next == CHECKED_JUMPS));
        if (next == CHECKED_GOES_ON) {
            s->at++;
            continue;
        }
        if (next == CHECKED_JUMPS) {
            s->at = i->target;
            continue;
        }
        if (next == CHECKED_TAIL) {
            if (kind == WITNESS_MAIN && s->thread->depth == bottom) {
                *r0 = 0;
                return SKEP_OK;
            }
            TRY(checked_tail_inside(s));
        }
        if (s->thread->depth == bottom)
            return checked_result(s, n_held, r0);
        s->at = s->frames[s->thread->depth - 1].return_to;
        checked_pop_frame(s);
    }
}

/* Enters a function; whatever happens inside, its frames are gone afterwards. */
static skep_status checked_enter(struct checked_run_state *s, u32 func, enum witness_entry kind,
                                 u64 *r0)
{
    u32 depth = s->thread->depth;
    TRY(checked_push_frame(s, 0, func, kind));
    s->at = s->program->in.code->funcs[func].entry;
    skep_status status = checked_loop(s, kind, r0);
    while (s->thread->depth > depth)
        checked_pop_frame(s);
    return status;
}

static skep_status checked_call_back(struct skep_thread *thread, u64 token, const u64 args[5],
                                     u64 *r0)
{
    struct checked_run_state *s = thread->engine;
    struct checked_value saved[ARRAY_LEN(s->reg)];
    u16 unset = s->unset;
    u32 func = 0;
    memcpy(saved, s->reg, sizeof(saved));
    skep_status status = checked_parameters(s, token, args, &func);
    if (status == SKEP_OK)
        status = checked_enter(s, func, WITNESS_CALLBACK, r0);
    memcpy(s->reg, saved, sizeof(saved));
    s->unset = unset;
    return status;
}

static void checked_start(struct checked_run_state *s, struct skep_thread *thread,
                          const struct rt_program *program, void *ctx)
{
    s->thread = thread;
    s->program = program->engine;
    s->ctx = ctx;
    s->at = 0;
    s->unset = 0x3ff;
    s->activations = s->packet_generation = s->acquisitions = s->calls = s->lock = 0;
    s->call = NULL;
    s->async_map = 0;
    memset(s->records, 0, sizeof(s->records));
    for (u32 f = 0; f < RT_MAX_FRAMES; f++)
        s->frames[f].activation = 0;
    memset(s->reg, 0, sizeof(s->reg));
    s->reg[1] = checked_context(s);
    s->unset &= (u16)~2u;
    if (program->hook->ctx_kind == SKEP_CTX_MEMORY) {
        s->reg[2] = checked_number(ctx ? ((const struct skep_memory *)ctx)->size : 0);
        s->unset &= (u16)~4u;
    }
}

/* *r0 was thrown; the program's function for that, if it has one, makes the result of it. */
static skep_status checked_exception(struct checked_run_state *s, u64 *r0)
{
    u32 func = s->program->in.code->exception_func;
    s->lock = 0;
    s->reg[1] = checked_number(*r0);
    s->unset = 0x3fd;
    return func ? checked_enter(s, func, WITNESS_EXCEPTION, r0) : SKEP_OK;
}

skep_status checked_run(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                        u64 *r0)
{
    struct checked_run_state s;
    checked_start(&s, thread, program, ctx);
    thread->engine = &s;
    thread->call_back = checked_call_back;
    skep_status status = checked_enter(&s, 0, WITNESS_MAIN, r0);
    if (status != SKEP_OK && rt_catch(thread, r0))
        status = checked_exception(&s, r0);
    return status;
}

/* r1..r3 are what a timer's callback gets (SKEP_PARAM_MAP, _MAP_KEY, _MAP_VALUE). */
static void checked_start_callback(struct checked_run_state *s, const struct rt_callback *callback)
{
    struct skep_map *map = callback->map;
    while (s->async_map + 1 < s->program->in.n_maps && s->program->in.maps[s->async_map] != map)
        s->async_map++;
    s->reg[1] = checked_map_pointer(map);
    s->reg[2] = checked_memory_pointer(callback->key, map->spec.key_size, CHECKED_READ);
    s->reg[3] = checked_value_pointer(map, (u64)(uintptr_t)callback->value);
    s->unset = 0x3f1;
}

skep_status checked_run_callback(struct skep_thread *thread, const struct rt_program *program,
                                 const struct rt_callback *callback, u64 *r0)
{
    struct checked_run_state s;
    checked_start(&s, thread, program, NULL);
    checked_start_callback(&s, callback);
    thread->engine = &s;
    thread->call_back = checked_call_back;
    return checked_enter(&s, (u32)callback->token - 1, WITNESS_ASYNC, r0);
}
