/* Compiled programs: bytes become code that can run, and runs enter and leave it through the gate
 * of their env (gate.c).  Code is known to nobody before its pages are sealed (pages.c). */
#include "jit/jit.h"

#include "jit/gate.h"
#include "jit/generate.h"

struct jit_code {
    struct mem *mem;
    struct jit_pages pages;
    size_t bytes;
    jit_enter_fn *enter;
    /* Function 0, or NULL. */
    skep_helper_fn *direct; /* when it needs no frame and cannot stop */
    rt_leaf_fn *leaf;       /* when moreover it calls nobody and does not look at the thread */
    struct jit_generated generated; /* its tables; the buffer is gone */
};

bool jit_is_available(void) { return jit_host_target != NULL; }
const char *jit_target_name(void) { return jit_host_target ? jit_host_target->name : ""; }

/* ---- from bytes to code */

/* False: a host function is out of reach. */
static bool jit_patch(const struct jit_target *target, const struct jit_code *code)
{
    const struct jit_generated *generated = &code->generated;
    u64 address = (u64)(uintptr_t)code->pages.start;
    for (u32 i = 0; i < generated->n_relocs; i++)
        if (!target->patch(code->pages.start, address, &generated->relocs[i],
                           generated->relocs[i].to))
            return false;
    return true;
}

static skep_status jit_nomem(skep_error *err)
{
    return RAISE(err, SKEP_NOMEM, NOMEM, STR("compiled code"));
}

/* Into memory that can run; *in_reach false: there is no room near enough. */
static skep_status jit_install(struct jit_code *code, bool near, bool *in_reach, skep_error *err)
{
    struct jit_buffer *buffer = &code->generated.buffer;
    code->bytes = buffer->n;
    enum jit_pages_result result = jit_pages_put(&code->pages, jit_host_target, buffer, near);
    if (result == JIT_PAGES_NO_MEMORY)
        return jit_nomem(err);
    *in_reach = result == JIT_PAGES_DONE && jit_patch(jit_host_target, code);
    if (!*in_reach)
        return SKEP_OK;
    jit_generated_drop_work(&code->generated);
    return jit_pages_seal(&code->pages) ? SKEP_OK : jit_nomem(err);
}

/* ---- what kind of program it is */

/* Where entering a program is a call of its first function: nothing has to be saved for a stop. */
static bool jit_is_direct(const struct ssa_program *ssa)
{
    const struct ssa_func *func = &ssa->funcs[0];
    bool stops = ssa->metered;
    for (u32 i = 1; i < func->n && !stops; i++)
        stops = ssa_has(&func->insns[i], SSA_STOPS);
    return !stops && !func->uses_frame;
}

static bool jit_needs_thread(const struct ssa_func *func)
{
    for (u32 i = 1; i < func->n; i++) {
        u16 op = func->insns[i].op;
        if (op == SSA_THREAD || op == SSA_CALL || op == SSA_CALL_QUIET || op == SSA_CALL_PURE ||
            op == SSA_CALL_LOCAL)
            return true;
    }
    return false;
}

/* See jit_pages_put. */
static bool jit_is_in_reach(u64 address)
{
    u64 reach = jit_host_target->call_reach / 2;
    return address - ((u64)(uintptr_t)&rt_native_trap - reach) < 2 * reach;
}

/* Code near the library reaches all that it calls. */
static bool jit_calls_reach(const struct ssa_program *ssa)
{
    for (u32 f = 0; f < ssa->n_funcs; f++)
        for (u32 i = 1; i < ssa->funcs[f].n; i++) {
            const struct ssa_insn *insn = ssa_at(&ssa->funcs[f], i);
            bool calls =
                insn->op == SSA_CALL || insn->op == SSA_CALL_QUIET || insn->op == SSA_CALL_PURE;
            if (calls && !jit_is_in_reach(insn->imm))
                return false;
        }
    return true;
}

/* ---- compiling */

static void *jit_address(const struct jit_code *code, u32 func)
{
    return code->pages.start + code->generated.func_at[func];
}

static skep_status jit_make(struct jit_code *code, const struct jit_gate *gate,
                            const struct ssa_program *ssa, const struct jit_options *options,
                            bool *in_reach, skep_error *err)
{
    const struct jit_way *way = &gate->way[ssa->metered];
    bool direct = jit_is_direct(ssa), leaf = direct && !jit_needs_thread(&ssa->funcs[0]);
    bool near = !options->far_calls && jit_is_in_reach(way->stop) && jit_calls_reach(ssa);
    struct jit_generate_options how = { .features = gate->features & ~options->features_off,
                                        .stop_code = way->stop,
                                        .near = near,
                                        .ssa_arena = options->ssa_arena };
    if (options->frame_pointers)
        how.features |= JIT_FRAME_POINTERS;
    TRY(jit_generate(code->mem, jit_host_target, ssa, &how, &code->generated, err));
    TRY(jit_install(code, near, in_reach, err));
    code->enter = way->enter;
    if (direct && *in_reach)
        code->direct = (skep_helper_fn *)(uintptr_t)jit_address(code, 0);
    if (leaf && *in_reach)
        code->leaf = (rt_leaf_fn *)(uintptr_t)jit_address(code, 0);
    return SKEP_OK;
}

skep_status jit_compile(const struct jit_gate *gate, const struct ssa_program *ssa,
                        const struct jit_options *options, struct jit_code **out, skep_error *err)
{
    static const struct jit_options defaults = { 0 };
    bool in_reach = false;
    struct jit_code *code = mem_new(gate->mem, struct jit_code);
    if (!code)
        return jit_nomem(err);
    code->mem = code->pages.mem = gate->mem;
    skep_status status = jit_make(code, gate, ssa, options ? options : &defaults, &in_reach, err);
    *out = status == SKEP_OK && in_reach ? code : NULL;
    if (!*out)
        jit_drop(code);
    return status;
}

void jit_drop(struct jit_code *code)
{
    jit_pages_drop(&code->pages);
    jit_generated_drop(&code->generated);
    mem_delete(code->mem, code);
}

rt_leaf_fn *jit_leaf(const struct jit_code *code) { return code->leaf; }

/* ---- running it */

/* thread->stop says that the run stops.  A CHARGE that could not be paid is SKEP_FUEL to the
 * compiled code, whatever the reason. */
static COLD skep_status jit_stopped(struct skep_thread *thread)
{
    if (thread->stop == SKEP_FUEL && thread->fuel >= 0)
        thread->stop = SKEP_CANCELLED;
    return thread->stop;
}

static inline skep_status jit_enter(struct skep_thread *thread, const struct jit_code *code,
                                    u32 func, const u64 args[5], u64 *r0)
{
    u32 depth = thread->depth;
    if (UNLIKELY(depth >= RT_MAX_FRAMES)) {
        const struct code *program = thread->program->code;
        return rt_fault_depth(thread, program, program->funcs[func].entry);
    }
    thread->depth = depth + 1;
    u64 frame = (u64)(uintptr_t)thread->stack + (u64)(depth + 1) * RT_FRAME_BYTES;
    u64 result = code->enter(thread, args[0], args[1], args[2], args[3], args[4], frame,
                             (u64)(uintptr_t)jit_address(code, func));
    thread->depth = depth;
    if (UNLIKELY(thread->stop != SKEP_OK))
        return jit_stopped(thread);
    *r0 = result;
    return SKEP_OK;
}

static skep_status jit_call_back(struct skep_thread *thread, u64 token, const u64 args[5], u64 *r0)
{
    void *native_stack = thread->native_stack;
    skep_status status = jit_enter(thread, thread->program->engine, (u32)token - 1, args, r0);
    thread->native_stack = native_stack;
    return status;
}

/* What was thrown is the argument of the program's function for that, if it has one. */
static COLD skep_status jit_caught(struct skep_thread *thread, const struct rt_program *program,
                                   u64 *r0)
{
    const u64 args[5] = { *r0 };
    u32 func = program->code->exception_func;
    return func ? jit_enter(thread, program->engine, func, args, r0) : SKEP_OK;
}

skep_status jit_run(struct skep_thread *thread, const struct rt_program *program, void *ctx,
                    u64 *r0)
{
    const struct jit_code *code = program->engine;
    u64 r1 = (u64)(uintptr_t)ctx, r2 = 0;
    if (program->hook->ctx_kind == SKEP_CTX_MEMORY) {
        const struct skep_memory *block = ctx;
        r1 = block ? (u64)(uintptr_t)block->data : 0;
        r2 = block ? block->size : 0;
    }
    if (LIKELY(code->direct != NULL)) {
        *r0 = code->direct(thread, r1, r2, 0, 0, 0);
        return SKEP_OK;
    }
    thread->call_back = jit_call_back;
    const u64 args[5] = { r1, r2 };
    skep_status status = jit_enter(thread, code, 0, args, r0);
    if (UNLIKELY(status != SKEP_OK) && rt_catch(thread, r0))
        return jit_caught(thread, program, r0);
    return status;
}

skep_status jit_run_callback(struct skep_thread *thread, const struct rt_program *program,
                             const struct rt_callback *callback, u64 *r0)
{
    const u64 args[5] = { (u64)(uintptr_t)callback->map, (u64)(uintptr_t)callback->key,
                          (u64)(uintptr_t)callback->value };
    thread->call_back = jit_call_back;
    return jit_enter(thread, program->engine, (u32)callback->token - 1, args, r0);
}

/* ---- looking at it */

size_t jit_code_bytes(const struct jit_code *code) { return code->bytes; }
const u8 *jit_code_start(const struct jit_code *code) { return code->pages.start; }

const struct jit_line *jit_lines(const struct jit_code *code, u32 *n)
{
    *n = code->generated.n_lines;
    return code->generated.lines;
}

const struct jit_symbol *jit_symbols(const struct jit_code *code, u32 *n)
{
    *n = code->generated.n_symbols;
    return code->generated.symbols;
}
