/* Compiling: host code, SSA and machine code of one program, one after the other; the listings of
 * what lies between (include/skep/inspect.h). */
#include "api/compile.h"

#include "api/gdb.h"
#include "opt/opt.h"

const char *skep_jit_name(void) { return jit_target_name(); }
const char *skep_jit_pass(size_t i)
{
    return i < OPT_PASS_COUNT ? opt_pass_name((enum opt_pass)i) : NULL;
}

/* ---- passes by name */

static u32 compile_pass_named(const char *name, size_t length)
{
    u32 pass = 0;
    while (pass < OPT_PASS_COUNT && (strlen(opt_pass_name((enum opt_pass)pass)) != length ||
                                     memcmp(opt_pass_name((enum opt_pass)pass), name, length) != 0))
        pass++;
    return pass;
}

/* "gvn,licm" → bits. */
static skep_status compile_passes_off(const char *names, u32 *off, skep_error *err)
{
    *off = 0;
    if (names && !strcmp(names, "all"))
        *off = (1u << OPT_PASS_COUNT) - 1;
    else if (names && names[0]) {
        for (const char *at = names; at;) {
            const char *comma = strchr(at, ',');
            size_t length = comma ? (size_t)(comma - at) : strlen(at);
            u32 pass = compile_pass_named(at, length);
            if (pass == OPT_PASS_COUNT)
                return RAISE(err, SKEP_NOT_FOUND, NO_SUCH, STR("compiler pass"), STR(at));
            *off |= 1u << pass;
            at = comma ? comma + 1 : NULL;
        }
    }
    return SKEP_OK;
}

/* ---- compiling */

struct compile_plan {
    const struct skep_program *program;
    u32 off;
    bool metered, blind, watch;
    void (*after)(void *user, enum opt_pass pass, const struct ssa_func *func);
    void *user;
};

/* Everything made is the arena's, but the host code. */
static skep_status compile_host(const struct compile_plan *plan, const struct host_code *host,
                                struct arena *arena, struct ssa_program *ssa, skep_error *err)
{
    const struct skep_program *program = plan->program;
    struct opt_input in = { .host = host,
                            .facts = program->facts.at ? &program->facts : NULL,
                            .maps = program->maps,
                            .n_maps = program->maps ? program->linked.n_maps : 0,
                            .metered = plan->metered,
                            .off = plan->off,
                            .blind = plan->blind,
                            .watch = plan->watch,
                            .after = plan->after,
                            .user = plan->user };
    if (in.blind && os_random(&in.blind_seed, sizeof(in.blind_seed)) != SKEP_OK)
        in.blind_seed = os_clock_ns(OS_CLOCK_MONOTONIC);
    return opt_run(arena, &in, ssa, err);
}

static skep_status compile_ssa(const struct compile_plan *plan, struct arena *arena,
                               struct ssa_program *ssa, skep_error *err)
{
    struct arena lowered;
    struct host_code host = { 0 };
    arena_init(&lowered, arena->mem);
    skep_status status = program_lower(plan->program, plan->metered, &lowered, &host, err);
    if (status == SKEP_OK)
        status = compile_host(plan, &host, arena, ssa, err);
    ssa->host = NULL; /* nobody asks for it any more */
    arena_drop(&lowered);
    return status;
}

/* "PROGRAM" for the first function, "PROGRAM.FUNCTION" for the others: what debuggers show. */
static const char *compile_symbol_name(struct skep_program *program, u32 func)
{
    const char *name = program->linked.name;
    struct text text;
    if (func == 0)
        return name;
    text_init(&text, program->arena.mem);
    text_printf(&text, "%s.%s", name, program->linked.code.funcs[func].name);
    const char *kept = text.failed ? NULL : arena_strdup(&program->arena, text_cstr(&text));
    text_drop(&text);
    return kept;
}

static skep_status compile_symbols(struct skep_program *program)
{
    u32 n;
    const struct jit_symbol *symbols = jit_symbols(program->jit, &n);
    struct skep_code_symbol *out = arena_array(&program->arena, struct skep_code_symbol, n);
    if (n && !out)
        return SKEP_NOMEM;
    for (u32 i = 0; i < n; i++) {
        out[i] = (struct skep_code_symbol){ symbols[i].offset, symbols[i].bytes,
                                            compile_symbol_name(program, symbols[i].func) };
        if (!out[i].name)
            return SKEP_NOMEM;
    }
    program->machine_code.symbols = out;
    program->machine_code.n_symbols = n;
    return SKEP_OK;
}

static struct skep_code_line compile_line(const struct code *code, const struct jit_line *from)
{
    bool known = from->origin != CODE_NONE;
    const struct code_line *line = known ? code_line_at(code, from->origin) : NULL;
    return (struct skep_code_line){ .offset = from->offset,
                                    .insn = known ? code->slot_of[from->origin] : UINT32_MAX,
                                    .line = line ? line->line : 0,
                                    .file = line ? line->file : "",
                                    .source = line ? line->source : "" };
}

static skep_status compile_lines(struct skep_program *program)
{
    u32 n;
    const struct jit_line *lines = jit_lines(program->jit, &n);
    struct skep_code_line *out = arena_array(&program->arena, struct skep_code_line, n);
    if (n && !out)
        return SKEP_NOMEM;
    for (u32 i = 0; i < n; i++)
        out[i] = compile_line(&program->linked.code, &lines[i]);
    program->machine_code.lines = out;
    program->machine_code.n_lines = n;
    return SKEP_OK;
}

static void compile_tell_perf(const struct skep_machine_code *code)
{
    for (size_t i = 0; i < code->n_symbols; i++)
        os_perf_map_add((const u8 *)code->start + code->symbols[i].offset, code->symbols[i].bytes,
                        code->symbols[i].name);
}

static skep_status compile_describe(struct skep_program *program, u32 debuggers)
{
    struct skep_machine_code *code = &program->machine_code;
    code->cpu = jit_target_name();
    code->start = jit_code_start(program->jit);
    code->bytes = jit_code_bytes(program->jit);
    TRY(compile_symbols(program));
    TRY(compile_lines(program));
    if (debuggers & SKEP_DEBUGGER_PERF)
        compile_tell_perf(code);
    if (debuggers & SKEP_DEBUGGER_GDB) {
        program->gdb = gdb_register(&program->env->mem, code);
        return program->gdb ? SKEP_OK : SKEP_NOMEM;
    }
    return SKEP_OK;
}

/* ---- the gate */

static skep_status compile_tell_of_gate(struct skep_env *env, u32 debuggers)
{
    struct skep_code_symbol symbol = { .name = "skep.enter" };
    struct skep_machine_code code = { .symbols = &symbol, .n_symbols = 1 };
    code.start = jit_gate_code(env->gate, &symbol.bytes);
    code.bytes = symbol.bytes;
    debuggers &= ~env->gate_debuggers;
    if (debuggers & SKEP_DEBUGGER_PERF)
        compile_tell_perf(&code);
    if ((debuggers & SKEP_DEBUGGER_GDB) && !(env->gate_gdb = gdb_register(&env->mem, &code)))
        return SKEP_NOMEM;
    env->gate_debuggers |= debuggers;
    return SKEP_OK;
}

/* Made for the first program of the env; debuggers hear of it with the first that tells them. */
static skep_status compile_gate(struct skep_env *env, u32 debuggers, skep_error *err)
{
    os_lock(&env->lock);
    skep_status status = env->gate ? SKEP_OK : jit_gate_new(&env->mem, &env->gate, err);
    if (status == SKEP_OK)
        status = compile_tell_of_gate(env, debuggers);
    os_unlock(&env->lock);
    return status;
}

void compile_drop_gate(struct skep_env *env)
{
    if (env->gate_gdb)
        gdb_unregister(env->gate_gdb);
    jit_gate_drop(env->gate);
}

/* ---- a program */

/* The SSA goes as soon as it is not needed any more.  What compiling takes has an account of its
 * own within the env's. */
static skep_status compile_as(struct skep_program *program, const struct compile_plan *plan,
                              struct jit_options *how, skep_error *err)
{
    struct arena arena;
    struct ssa_program ssa;
    struct mem work;
    mem_init_part(&work, &program->env->mem, 0);
    arena_init(&arena, &work);
    how->ssa_arena = &arena;
    skep_status status = compile_ssa(plan, &arena, &ssa, err);
    if (status == SKEP_OK)
        status = jit_compile(program->env->gate, &ssa, how, &program->jit, err);
    arena_drop(&arena);
    program->machine_code.peak_bytes = atomic_load_explicit(&work.peak, memory_order_relaxed);
    return status;
}

/* Builds with assertions hold helpers to their contracts.  Debuggers see calls as they are. */
#ifdef NDEBUG
#define COMPILE_WATCHES(options) false
#else
#define COMPILE_WATCHES(options) ((options)->debuggers == 0)
#endif

skep_status compile_program(struct skep_program *program, const struct skep_load_options *options,
                            skep_error *err)
{
    if (!jit_is_available())
        return RAISE(err, SKEP_UNSUPPORTED, JIT_ABSENT, STR(program->linked.name));
    struct compile_plan plan = { .program = program,
                                 .metered = program->rt.metered,
                                 .blind = options->blind,
                                 .watch = COMPILE_WATCHES(options) };
    TRY(compile_passes_off(options->opt_off, &plan.off, err));
    program->passes_off = plan.off;
    program->blind = plan.blind;
    TRY(compile_gate(program->env, options->debuggers, err));
    struct jit_options how = { .frame_pointers = options->debuggers != 0 };
    TRY(compile_as(program, &plan, &how, err));
    if (!program->jit) { /* where there is room, calls do not reach the library */
        how.far_calls = true;
        TRY(compile_as(program, &plan, &how, err));
    }
    return compile_describe(program, options->debuggers);
}
#undef COMPILE_WATCHES

void compile_drop(struct skep_program *program)
{
    if (program->gdb)
        gdb_unregister(program->gdb);
    if (program->jit)
        jit_drop(program->jit);
}

bool skep_program_machine_code(const skep_program *program, struct skep_machine_code *out)
{
    if (program->jit)
        *out = program->machine_code;
    return program->jit != NULL;
}

/* ---- SSA for the eye */

/* What each function was like after a pass ran last; one text per function. */
struct compile_listing {
    struct mem *mem;
    u32 pass; /* OPT_PASS_COUNT: before all; beyond: after all */
    u32 n;
    struct text *funcs;
};
#define COMPILE_AFTER_ALL (OPT_PASS_COUNT + 1u)

static void compile_list_func(void *user, enum opt_pass pass, const struct ssa_func *func)
{
    struct compile_listing *listing = user;
    if (listing->pass != COMPILE_AFTER_ALL && listing->pass != (u32)pass)
        return;
    struct text *text = &listing->funcs[func->number];
    text_drop(text);
    text_init(text, listing->mem);
    ssa_print(text, func);
}

static skep_status compile_list(const struct skep_program *program, struct compile_listing *listing,
                                struct text *out, skep_error *err)
{
    struct arena arena;
    struct ssa_program ssa;
    struct compile_plan plan = { .program = program,
                                 .off = program->passes_off,
                                 .metered = program->rt.metered,
                                 .blind = program->blind,
                                 .after = compile_list_func,
                                 .user = listing };
    arena_init(&arena, listing->mem);
    skep_status status = compile_ssa(&plan, &arena, &ssa, err);
    for (u32 f = 0; status == SKEP_OK && f < listing->n; f++)
        text_string(out, text_cstr(&listing->funcs[f]));
    arena_drop(&arena);
    return status;
}

static bool compile_find_pass(const char *name, u32 *pass)
{
    *pass = COMPILE_AFTER_ALL;
    if (!name)
        return true;
    *pass = compile_pass_named(name, strlen(name));
    return *pass < OPT_PASS_COUNT || !strcmp(name, "build");
}

skep_status skep_program_list_ssa(const skep_program *program, const char *pass, char **out,
                                  skep_error *err)
{
    struct compile_listing listing = { .mem = &program->env->mem,
                                       .n = program->linked.code.n_funcs };
    if (!compile_find_pass(pass, &listing.pass))
        return RAISE(err, SKEP_NOT_FOUND, NO_SUCH, STR("compiler pass"), STR(pass));
    listing.funcs = mem_zalloc(listing.mem, listing.n * sizeof(listing.funcs[0]));
    if (!listing.funcs)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("the listing"));
    for (u32 f = 0; f < listing.n; f++)
        text_init(&listing.funcs[f], listing.mem);
    struct text text;
    text_init(&text, listing.mem);
    skep_status status = compile_list(program, &listing, &text, err);
    if (status == SKEP_OK)
        status = api_text_out(&text, out);
    text_drop(&text);
    for (u32 f = 0; f < listing.n; f++)
        text_drop(&listing.funcs[f]);
    mem_free(listing.mem, listing.funcs, listing.n * sizeof(listing.funcs[0]));
    return status;
}

#undef COMPILE_AFTER_ALL
