/* Verification (include/skep/verify.h). */
#include "api/resolve.h"
#include "api/verification.h"

/* ---- of what is linked */

static const struct skep_map_type *verification_type(const struct verification *in, u32 id)
{
    return registry_map_type(&in->object->env->registry, SKEP_LINUX, id);
}

skep_status verification_map_types(const struct verification *in, struct verify_map *map,
                                   skep_error *err)
{
    const struct skep_map_spec *spec = map->spec;
    map->type = verification_type(in, spec->type);
    map->inner_type = spec->inner ? verification_type(in, spec->inner->type) : NULL;
    if (!map->type || (spec->inner && !map->inner_type))
        return RAISE(err, SKEP_UNSUPPORTED, MAP_TYPE_UNKNOWN, STR(spec->name), NUM(spec->type));
    return SKEP_OK;
}

skep_status verification_run(const struct verification *in, struct skep_verdict *verdict)
{
    struct verify_report report;
    struct verify_stats stats;
    struct verify_input input = { .mem = &in->object->env->mem,
                                  .code = &in->linked->code,
                                  .cfg = in->cfg,
                                  .hook = in->linked->hook,
                                  .maps = in->maps,
                                  .n_maps = in->linked->n_maps,
                                  .helpers = in->helpers,
                                  .profile = in->profile,
                                  .section = in->linked->section,
                                  .sleepable = in->linked->sleepable,
                                  .aligned = in->aligned,
                                  .fuel = in->fuel,
                                  .guard = in->guard,
                                  .every_insn = in->witness != NULL,
                                  .witness = in->witness,
                                  .facts = in->facts,
                                  .limits = in->limits };
    skep_status status = verify(&input, &report, &stats);
    verdict->kind = verdict_kind(status);
    verdict->insns = input.code->n_insns;
    verdict->visited = stats.visited;
    verdict->states = stats.states;
    verdict->peak_bytes = stats.peak_bytes;
    verdict->ns = stats.ns;
    verdict->guards = stats.guards;
    verdict->ctx_bytes = stats.ctx_bytes;
    verdict->method = stats.method;
    if (status != SKEP_OK)
        verdict_explain(verdict, in, &report);
    return status;
}

/* ---- asked for alone */

static skep_status asked_link(struct verification_asked *asked, u32 index, skep_error *err)
{
    struct skep_object *object = asked->in.object;
    struct linked *linked = &asked->linked;
    if (object->loaded)
        return load_link(object->loaded, index, &asked->arena, linked, err);
    struct code_input input = { .slots = object->slots,
                                .n_slots = object->n_slots,
                                .funcs = object->funcs,
                                .n_funcs = object->n_funcs,
                                .exception_slot = object->exception_slot };
    *linked = (struct linked){
        .name = object->name, .hook = object->hook, .section = "", .license = "GPL"
    };
    TRY(code_build(&asked->arena, &input, &linked->code, err));
    linked->n_maps = resolve_count_maps(&linked->code);
    if (linked->n_maps > asked->options->n_maps)
        return RAISE(err, SKEP_BAD_ARG, MAP_MISSING, NUM(linked->n_maps - 1),
                     NUM(asked->options->n_maps));
    return SKEP_OK;
}

static skep_status asked_map(struct verification_asked *asked, u32 i, skep_error *err)
{
    struct verify_map *map = &asked->in.maps[i];
    if (asked->in.object->loaded) {
        const struct object_map *decl = load_map(asked->in.object->loaded, asked->linked.maps[i]);
        map->spec = &decl->spec;
        map->constants = decl->read_only ? decl->contents : NULL;
    } else {
        map->spec = &asked->options->maps[i]->spec;
    }
    return verification_map_types(&asked->in, map, err);
}

static skep_status asked_resolve(struct verification_asked *asked, skep_error *err)
{
    const struct linked *linked = &asked->linked;
    const struct skep_helper **helpers =
        arena_array(&asked->arena, const struct skep_helper *, linked->code.n_insns);
    if (!helpers)
        return SKEP_NOMEM;
    asked->in.helpers = helpers;
    struct resolve_input resolve = { .registry = &asked->in.object->env->registry,
                                     .linked = linked,
                                     .check_license = asked->in.profile != SKEP_PROFILE_RFC };
    return resolve_calls(&resolve, helpers, err);
}

static skep_status asked_analyse(struct verification_asked *asked, u32 index, skep_error *err)
{
    TRY(asked_link(asked, index, err));
    const struct linked *linked = &asked->linked;
    const struct code *code = &linked->code;
    if (!linked->hook)
        return RAISE(err, SKEP_UNSUPPORTED, NO_PROGRAM_TYPE, STR(linked->name));
    asked->in.maps = arena_array(&asked->arena, struct verify_map, linked->n_maps);
    if (linked->n_maps && !asked->in.maps)
        return SKEP_NOMEM;
    TRY(asked_resolve(asked, err));
    TRY(cfg_build(&asked->arena, code, &asked->cfg, err));
    if (asked->in.profile != SKEP_PROFILE_RFC)
        TRY(cfg_check_reachable(&asked->cfg, code, err));
    for (u32 i = 0; i < linked->n_maps; i++)
        TRY(asked_map(asked, i, err));
    return SKEP_OK;
}

static skep_status asked_verify(struct verification_asked *asked, u32 index,
                                struct skep_verdict *verdict)
{
    skep_status status = asked_analyse(asked, index, &verdict->diagnostic);
    struct skep_facts *facts = asked->options->facts ? *asked->options->facts : NULL;
    if (status == SKEP_OK && facts) {
        asked->in.witness = &facts->witness;
        asked->in.facts = &facts->facts;
        TRY(facts_init(&facts->facts, &asked->in.object->env->mem, &asked->linked.code));
    }
    if (status == SKEP_OK)
        return verification_run(&asked->in, verdict);
    verdict->kind = verdict_kind(status);
    verdict->insns = asked->linked.code.n_insns;
    return status;
}

skep_status skep_verify(skep_object *object, const char *name,
                        const struct skep_verify_options *options, struct skep_verdict *verdict,
                        skep_error *err)
{
    static const struct skep_verify_options defaults = { .size = sizeof(defaults) };
    if (!options)
        options = &defaults;
    if (!object || !verdict || options->size != sizeof(*options) ||
        (options->n_maps && !options->maps))
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_verify"),
                     STR("NULL, or options.size is not sizeof(struct skep_verify_options)"));
    u32 index = object_find_program(object, name);
    if (index == CODE_NONE)
        return RAISE(err, SKEP_NOT_FOUND, NO_SUCH, STR("program"), STR(name ? name : "at all"));
    struct verification_asked local, *asked = &local;
    if (options->facts) {
        *options->facts = NULL;
        TRY(facts_open(object, options->facts));
        asked = &(*options->facts)->asked;
    }
    *asked = (struct verification_asked){ .in = { .object = object,
                                                  .profile = options->profile,
                                                  .fuel = options->fuel,
                                                  .guard = options->guard,
                                                  .aligned = options->aligned,
                                                  .limits = options->limits },
                                          .options = options };
    asked->in.linked = &asked->linked;
    asked->in.cfg = &asked->cfg;
    arena_init(&asked->arena, &object->env->mem);
    verdict_init(verdict);
    skep_status status = asked_verify(asked, index, verdict);
    if (options->facts) {
        if (status == SKEP_OK)
            status = facts_index(*options->facts);
        if (status != SKEP_OK) {
            skep_facts_free(*options->facts);
            *options->facts = NULL;
        }
    } else {
        arena_drop(&asked->arena);
    }
    return status == SKEP_NOMEM ? RAISE(err, status, NOMEM, STR("the verifier")) : SKEP_OK;
}
