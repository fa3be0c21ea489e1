/* Programs (include/skep/program.h): link, check, prepare an engine; handles. */
#include "api/compile.h"
#include "api/instance.h"
#include "api/resolve.h"
#include "api/verification.h"
#include "lower/lower.h"

#define PROGRAM_DEFAULT_FUEL ((u64)1 << 32)

/* Life.  A program goes when its last reference does (the host's handle, PROG_ARRAYs), and then
 * only after the runs that were under way. */

static void program_destroy(void *object)
{
    struct skep_program *program = object;
    struct skep_env *env = program->env;
    if (program->interp)
        interp_drop(program->interp);
    if (program->checked)
        checked_drop(program->checked);
    compile_drop(program);
    witness_drop(&program->witness);
    facts_drop(&program->facts);
    for (u32 i = 0; program->maps && i < program->linked.n_maps; i++)
        if (program->maps[i])
            map_put(program->maps[i]);
    arena_drop(&program->arena);
    object_put(program->object);
    mem_delete(&env->mem, program);
}

static void program_release(struct rt_program *rt)
{
    struct skep_program *program = program_of_rt(rt);
    epoch_defer(program->env->epoch, &program->node, program_destroy, program);
}

static struct skep_program *program_new(struct skep_object *object)
{
    struct skep_program *program = mem_new(&object->env->mem, struct skep_program);
    if (!program)
        return NULL;
    program->env = object->env;
    program->object = object;
    object_get(object);
    arena_init(&program->arena, &object->env->mem);
    program->rt.epoch = object->env->epoch;
    program->rt.release = program_release;
    atomic_store_explicit(&program->rt.references, 1, memory_order_relaxed);
    return program;
}

/* Linking */

static skep_status program_link_bytecode(struct skep_program *program, const struct instance *in,
                                         skep_error *err)
{
    struct skep_object *object = program->object;
    struct linked *linked = &program->linked;
    struct code_input input = { .slots = object->slots,
                                .n_slots = object->n_slots,
                                .funcs = object->funcs,
                                .n_funcs = object->n_funcs,
                                .exception_slot = object->exception_slot };
    *linked = (struct linked){
        .name = object->name, .hook = object->hook, .section = "", .license = "GPL"
    };
    TRY(code_build(&program->arena, &input, &linked->code, err));
    u32 n_maps = resolve_count_maps(&linked->code);
    if (n_maps > in->n_maps && in->options->engine != SKEP_ENGINE_NONE)
        return RAISE(err, SKEP_BAD_ARG, MAP_MISSING, NUM(n_maps - 1), NUM(in->n_maps));
    u32 *maps = arena_array(&program->arena, u32, n_maps);
    if (n_maps && !maps)
        return SKEP_NOMEM;
    for (u32 i = 0; i < n_maps; i++)
        maps[i] = i;
    linked->n_maps = n_maps;
    linked->maps = maps;
    return SKEP_OK;
}

static skep_status program_link(struct skep_program *program, const struct instance *in, u32 index,
                                skep_error *err)
{
    if (program->object->loaded)
        TRY(load_link(program->object->loaded, index, &program->arena, &program->linked, err));
    else
        TRY(program_link_bytecode(program, in, err));
    const struct linked *linked = &program->linked;
    if (!linked->hook)
        return RAISE(err, SKEP_BAD_ARG, NO_PROGRAM_TYPE, STR(linked->name));
    if (in->options->engine == SKEP_ENGINE_NONE)
        return SKEP_OK;
    if (linked->hook->flags & SKEP_HOOK_CONTRACT_ONLY)
        return RAISE(err, SKEP_UNSUPPORTED, HOOK_ABSENT, STR(linked->name),
                     STR(linked->hook->name));
    if (load_is_foreign(linked))
        return RAISE(err, SKEP_UNSUPPORTED, FOREIGN_ORDER, STR(linked->name),
                     STR(linked->big_endian ? "big" : "little"));
    return SKEP_OK;
}

static skep_status program_bind_maps(struct skep_program *program, struct instance *in,
                                     skep_error *err)
{
    u32 n = program->linked.n_maps;
    struct skep_map **maps = arena_array(&program->arena, struct skep_map *, n);
    if (n && !maps)
        return SKEP_NOMEM;
    program->maps = maps;
    for (u32 i = 0; i < n; i++) {
        struct skep_map *map;
        TRY(instance_map(in, program->linked.maps[i], &map, err));
        map_get(map);
        maps[i] = map;
    }
    return SKEP_OK;
}

/* Checking */

static skep_status program_resolve_calls(struct skep_program *program,
                                         const struct skep_load_options *options, skep_error *err)
{
    struct resolve_input input = { .registry = &program->env->registry,
                                   .linked = &program->linked,
                                   .check_license = options->profile != SKEP_PROFILE_RFC,
                                   .check_nothing = options->engine == SKEP_ENGINE_NONE };
    program->helpers =
        arena_array(&program->arena, const struct skep_helper *, program->linked.code.n_insns);
    if (!program->helpers)
        return SKEP_NOMEM;
    return resolve_calls(&input, program->helpers, err);
}

/* Fuel of each instruction: its own, and what its helper declares. */
static u32 *program_costs(struct skep_program *program)
{
    u32 n = program->linked.code.n_insns;
    u32 *cost = arena_array(&program->arena, u32, n);
    for (u32 i = 0; cost && i < n; i++)
        cost[i] =
            1 + (program->helpers[i] ? min_u32(program->helpers[i]->cost, UINT32_MAX - 1) : 0);
    return cost;
}

/* Options that only CHECKED knows choose it. */
static enum skep_engine program_engine(const struct skep_load_options *options)
{
    if (options->engine != SKEP_ENGINE_DEFAULT)
        return options->engine;
    if (options->trusted || options->witness || options->facts)
        return SKEP_ENGINE_CHECKED;
    return jit_is_available() ? SKEP_ENGINE_JIT
           : options->guard   ? SKEP_ENGINE_CHECKED
                              : SKEP_ENGINE_INTERP;
}

/* Tests hold runs to them, and compilers use them. */
static bool program_tests_verifier(const struct skep_load_options *options)
{
    return options->witness || options->facts;
}
static bool program_wants_facts(const struct skep_load_options *options)
{
    return program_tests_verifier(options) || program_engine(options) == SKEP_ENGINE_JIT;
}

/* A witness is a verification's, whoever vouches for the program. */
static bool program_is_verified(const struct skep_load_options *options)
{
    return options->engine != SKEP_ENGINE_NONE &&
           (!options->trusted || program_tests_verifier(options));
}

static skep_status program_analyse(struct skep_program *program,
                                   const struct skep_load_options *options, skep_error *err)
{
    const struct code *code = &program->linked.code;
    TRY(cfg_build(&program->arena, code, &program->cfg, err));
    if (options->profile != SKEP_PROFILE_RFC) {
        if (!program_is_verified(options)) /* it looks at what can be reached only */
            TRY(code_check_linux(code, err));
        TRY(cfg_check_reachable(&program->cfg, code, err));
    }
    u32 *cost = program_costs(program);
    if (!cost)
        return SKEP_NOMEM;
    return charge_build(&program->arena, code, &program->cfg, cost, &program->charges);
}

/* Verifying */

/* The bytes of a map that nobody writes any more: the program's constants. */
static const u8 *program_constants(struct skep_map *map)
{
    bool fixed = !map_program_may_write(map) && !map_host_may_write(map) &&
                 (map->type->traits & SKEP_MAP_DIRECT_VALUES);
    return fixed ? map_direct_value(map) : NULL;
}

static skep_status program_describe_maps(const struct skep_program *program,
                                         const struct verification *in, skep_error *err)
{
    for (u32 i = 0; i < program->linked.n_maps; i++) {
        in->maps[i].spec = &program->maps[i]->spec;
        in->maps[i].constants = program_constants(program->maps[i]);
        TRY(verification_map_types(in, &in->maps[i], err));
    }
    return SKEP_OK;
}

static skep_status program_ask_verifier(struct skep_program *program, struct verification *in,
                                        struct skep_verdict *verdict)
{
    struct arena arena;
    arena_init(&arena, &program->env->mem);
    in->maps = arena_array(&arena, struct verify_map, program->linked.n_maps);
    skep_status status = in->maps || program->linked.n_maps == 0 ? SKEP_OK : SKEP_NOMEM;
    if (status == SKEP_OK)
        status = program_describe_maps(program, in, &verdict->diagnostic);
    if (status == SKEP_OK)
        status = verification_run(in, verdict);
    arena_drop(&arena);
    return status;
}

static skep_status program_verify(struct skep_program *program, const struct instance *instance,
                                  u32 index, skep_error *err)
{
    const struct skep_load_options *options = instance->options;
    struct verification in = { .object = program->object,
                               .linked = &program->linked,
                               .cfg = &program->cfg,
                               .helpers = program->helpers,
                               .profile = options->profile,
                               .fuel = options->may_loop,
                               .guard = options->guard,
                               .limits = options->limits,
                               .witness = options->witness ? &program->witness : NULL,
                               .facts = program_wants_facts(options) ? &program->facts : NULL };
    struct skep_verdict verdict;
    verdict_init(&verdict);
    if (in.facts)
        TRY(facts_init(in.facts, &program->env->mem, &program->linked.code));
    if (options->witness)
        witness_init(&program->witness, &program->env->mem);
    skep_status status = program_ask_verifier(program, &in, &verdict);
    verdict.kind = verdict_kind(status);
    program->rt.ctx_bytes =
        program->linked.hook->ctx_kind == SKEP_CTX_MEMORY ? verdict.ctx_bytes : 0;
    if (options->verdict && (status != SKEP_OK || index == instance->asked))
        *options->verdict = verdict;
    if (status != SKEP_OK && err && err->id == 0)
        *err = verdict.diagnostic;
    return status;
}

/* Engines */

skep_status program_lower(const struct skep_program *program, bool metered, struct arena *arena,
                          struct host_code *out, skep_error *err)
{
    struct lower_input input = { .code = &program->linked.code,
                                 .charges = &program->charges,
                                 .hook = program->linked.hook,
                                 .maps = program->maps,
                                 .n_maps = program->linked.n_maps,
                                 .helpers = program->helpers,
                                 .facts = program->facts.at ? &program->facts : NULL,
                                 .metered = metered,
                                 .symbolic = program->engine == SKEP_ENGINE_NONE };
    return lower(arena, &input, out, err);
}

static skep_status program_prepare_interp(struct skep_program *program,
                                          const struct skep_load_options *options, skep_error *err)
{
    TRY(program_lower(program, !options->unmetered, &program->arena, &program->host, err));
    TRY(interp_prepare(&program->env->mem, &program->host, &program->interp));
    program->rt.run = interp_run;
    program->rt.run_callback = interp_run_callback;
    program->rt.engine = program->interp;
    return SKEP_OK;
}

static skep_status program_prepare_checked(struct skep_program *program,
                                           const struct skep_load_options *options, skep_error *err)
{
    struct vm_input input = { .code = &program->linked.code,
                              .charges = &program->charges,
                              .hook = program->linked.hook,
                              .maps = program->maps,
                              .n_maps = program->linked.n_maps,
                              .helpers = program->helpers,
                              .strict = options->profile == SKEP_PROFILE_STRICT,
                              .witness = options->witness ? &program->witness : NULL,
                              .facts = program->facts.at ? &program->facts : NULL };
    TRY(checked_prepare(&program->env->mem, &input, &program->checked, err));
    program->rt.run = checked_run;
    program->rt.run_callback = checked_run_callback;
    program->rt.engine = program->checked;
    return SKEP_OK;
}

static skep_status program_prepare_jit(struct skep_program *program,
                                       const struct skep_load_options *options, skep_error *err)
{
    if (!program_is_verified(options))
        return RAISE(err, SKEP_UNSUPPORTED, JIT_UNVERIFIED, STR(program->linked.name));
    program->rt.metered = (options->fuel || options->may_loop) && !options->unmetered;
    if (!program->rt.metered)
        program->rt.fuel = 0;
    TRY(compile_program(program, options, err));
    program->rt.run = jit_run;
    program->rt.run_callback = jit_run_callback;
    program->rt.engine = program->jit;
    if (program->rt.hook->ctx_kind != SKEP_CTX_MEMORY)
        program->rt.leaf = jit_leaf(program->jit);
    return SKEP_OK;
}

static skep_status program_refuse_run(struct skep_thread *thread, const struct rt_program *program,
                                      void *ctx, u64 *r0)
{
    (void)thread, (void)program, (void)ctx, (void)r0;
    return SKEP_UNSUPPORTED;
}

static skep_status program_refuse_callback(struct skep_thread *thread,
                                           const struct rt_program *program,
                                           const struct rt_callback *callback, u64 *r0)
{
    (void)thread, (void)program, (void)callback, (void)r0;
    return SKEP_UNSUPPORTED;
}

static skep_status program_prepare_none(struct skep_program *program,
                                        const struct skep_load_options *options, skep_error *err)
{
    (void)options, (void)err;
    program->rt.run = program_refuse_run;
    program->rt.run_callback = program_refuse_callback;
    return SKEP_OK;
}

typedef skep_status program_prepare_fn(struct skep_program *program,
                                       const struct skep_load_options *options, skep_error *err);
static program_prepare_fn *const program_engines[] = {
    [SKEP_ENGINE_CHECKED] = program_prepare_checked,
    [SKEP_ENGINE_INTERP] = program_prepare_interp,
    [SKEP_ENGINE_JIT] = program_prepare_jit,
    [SKEP_ENGINE_NONE] = program_prepare_none,
};

/* Programs that may tail-call one another see the same context and are held to the same rules. */
static u32 program_compatibility(const struct linked *linked,
                                 const struct skep_load_options *options)
{
    const struct skep_hook *hook = linked->hook;
    return hook->id << 8 | (u32)hook->personality << 4 | (u32)options->profile << 1 |
           linked->sleepable;
}

static skep_status program_prepare(struct skep_program *program,
                                   const struct skep_load_options *options, skep_error *err)
{
    struct rt_program *rt = &program->rt;
    rt->hook = program->linked.hook;
    rt->code = &program->linked.code;
    rt->helpers = program->helpers;
    rt->compatibility = program_compatibility(&program->linked, options);
    rt->metered = !options->unmetered;
    if (rt->metered)
        rt->fuel = options->fuel ? options->fuel : PROGRAM_DEFAULT_FUEL;
    program->engine = program_engine(options);
    return program_engines[program->engine](program, options, err);
}

skep_status program_make(struct instance *instance, u32 index, struct skep_program **out,
                         skep_error *err)
{
    struct skep_program *program = program_new(instance->object);
    if (!program)
        return SKEP_NOMEM;
    skep_status status = program_link(program, instance, index, err);
    if (status == SKEP_OK)
        status = program_resolve_calls(program, instance->options, err);
    if (status == SKEP_OK)
        status = program_analyse(program, instance->options, err);
    if (status == SKEP_OK && instance->options->engine != SKEP_ENGINE_NONE)
        status = program_bind_maps(program, instance, err);
    if (status == SKEP_OK && program_is_verified(instance->options))
        status = program_verify(program, instance, index, err);
    if (status == SKEP_OK)
        status = program_prepare(program, instance->options, err);
    if (status != SKEP_OK) {
        rt_program_put(&program->rt);
        return status;
    }
    *out = program;
    return SKEP_OK;
}

/* Handles */

/* The maps of the instance become the handle's, user references and all. */
static void program_take_maps(struct skep_program *program, struct instance *instance)
{
    u32 n = 0;
    for (u32 i = 0; i < instance->n_maps; i++) {
        if (instance->maps[i])
            program->instance_maps[n++] = instance->maps[i];
        instance->maps[i] = NULL;
    }
    program->n_instance_maps = n;
}

static skep_status program_load_in(struct instance *instance, u32 index, skep_program **out,
                                   skep_error *err)
{
    TRY(instance_load(instance, index, err));
    struct skep_program *program = instance->programs[index];
    program->instance_maps = arena_array(&program->arena, struct skep_map *, instance->n_maps);
    if (instance->n_maps && !program->instance_maps)
        return SKEP_NOMEM;
    program_take_maps(program, instance);
    instance->programs[index] = NULL; /* its reference is the handle's now */
    *out = program;
    return SKEP_OK;
}

/* What is wrong with them; NULL: nothing. */
static const char *program_bad_options(const struct skep_load_options *options)
{
    if (options->size != sizeof(*options))
        return "options.size is not sizeof(struct skep_load_options)";
    if (options->n_maps && !options->maps)
        return "options.n_maps without options.maps";
    if ((unsigned)options->engine > SKEP_ENGINE_NONE)
        return "options.engine is none of enum skep_engine";
    if ((unsigned)options->profile > SKEP_PROFILE_RFC)
        return "options.profile is none of enum skep_profile";
    if (options->may_loop && options->unmetered)
        return "may_loop needs fuel, and unmetered says that there is none";
    if (options->guard && (options->engine == SKEP_ENGINE_INTERP || options->trusted))
        return "guards are for verified programs, and interp has none";
    return NULL;
}

skep_status skep_program_load(skep_object *object, const char *name,
                              const struct skep_load_options *options, skep_program **out,
                              skep_error *err)
{
    static const struct skep_load_options defaults = { .size = sizeof(defaults) };
    if (!options)
        options = &defaults;
    const char *wrong = !object || !out ? "NULL" : program_bad_options(options);
    if (wrong)
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_program_load"), STR(wrong));
    if (options->verdict)
        verdict_init(options->verdict);
    u32 index = object_find_program(object, name);
    if (index == CODE_NONE)
        return RAISE(err, SKEP_NOT_FOUND, NO_SUCH, STR("program"), STR(name ? name : "at all"));
    struct instance instance;
    skep_status status = instance_init(&instance, object, options);
    if (status == SKEP_OK) {
        status = program_load_in(&instance, index, out, err);
        instance_drop(&instance);
    }
    return status == SKEP_NOMEM ? RAISE(err, status, NOMEM, STR("the program")) : status;
}

void skep_program_free(skep_program *program)
{
    if (!program)
        return;
    u32 n = program->n_instance_maps;
    program->n_instance_maps = 0;
    for (u32 i = 0; i < n; i++)
        map_put_user(program->instance_maps[i]);
    rt_program_put(&program->rt);
}

const char *skep_program_name(const skep_program *program) { return program->linked.name; }

const struct skep_hook *skep_program_hook(const skep_program *program)
{
    return program->linked.hook;
}

enum skep_engine skep_program_engine(const skep_program *program) { return program->engine; }

bool skep_program_is_metered(const skep_program *program) { return program->rt.metered; }

uint32_t skep_program_ctx_bytes(const skep_program *program) { return program->rt.ctx_bytes; }

size_t skep_program_code_bytes(const skep_program *program)
{
    return program->interp    ? interp_code_bytes(program->interp)
           : program->checked ? checked_code_bytes(program->checked)
           : program->jit     ? jit_code_bytes(program->jit)
                              : 0;
}

skep_map *skep_program_map(const skep_program *program, const char *name)
{
    for (u32 i = 0; i < program->n_instance_maps; i++)
        if (map_is_named(program->instance_maps[i], name))
            return program->instance_maps[i];
    return NULL;
}

skep_map *skep_program_map_at(const skep_program *program, size_t i)
{
    return i < program->n_instance_maps ? program->instance_maps[i] : NULL;
}

#undef PROGRAM_DEFAULT_FUEL
