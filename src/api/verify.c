/* Verification (include/skep/verify.h): links the program as loading does, makes no maps. */
#include "verify/verify.h"
#include "api/api.h"
#include "api/resolve.h"

/* A program that is being verified. */
struct verification {
    struct skep_object *object;
    const struct skep_verify_options *options;
    struct arena arena;
    struct linked linked;
    struct cfg cfg;
    const struct skep_helper **helpers;
    struct verify_map *maps;
};

static const struct skep_map_type *verification_type(const struct verification *in, u32 id)
{
    return registry_map_type(&in->object->env->registry, SKEP_LINUX, id);
}

/* ---- linking */

static u32 verification_count_maps(const struct code *code)
{
    u32 n = 0;
    for (u32 i = 0; i < code->n_insns; i++)
        if (code->insns[i].op == ISA_LDDW_MAP || code->insns[i].op == ISA_LDDW_MAP_VALUE)
            n = max_u32(n, insn_map_index(&code->insns[i]) + 1);
    return n;
}

static skep_status verification_link(struct verification *in, u32 index, skep_error *err)
{
    struct skep_object *object = in->object;
    if (object->loaded)
        return load_link(object->loaded, index, &in->arena, &in->linked, err);
    struct code_input input = { .slots = object->slots, .n_slots = object->n_slots };
    in->linked = (struct linked){
        .name = object->name, .hook = object->hook, .section = "", .license = "GPL"
    };
    TRY(code_build(&in->arena, &input, &in->linked.code, err));
    in->linked.n_maps = verification_count_maps(&in->linked.code);
    if (in->linked.n_maps > in->options->n_maps)
        return RAISE(err, SKEP_BAD_ARG, MAP_MISSING, NUM(in->linked.n_maps - 1),
                     NUM(in->options->n_maps));
    return SKEP_OK;
}

static skep_status verification_map(struct verification *in, u32 i, skep_error *err)
{
    struct verify_map *map = &in->maps[i];
    if (in->object->loaded) {
        const struct object_map *decl = load_map(in->object->loaded, in->linked.maps[i]);
        map->spec = &decl->spec;
        map->constants = decl->read_only ? decl->contents : NULL;
    } else {
        map->spec = &in->options->maps[i]->spec;
    }
    map->type = verification_type(in, map->spec->type);
    map->inner_type = map->spec->inner ? verification_type(in, map->spec->inner->type) : NULL;
    if (!map->type || (map->spec->inner && !map->inner_type))
        return RAISE(err, SKEP_UNSUPPORTED, MAP_TYPE_UNKNOWN, STR(map->spec->name),
                     NUM(map->spec->type));
    return SKEP_OK;
}

static skep_status verification_analyse(struct verification *in, u32 index, skep_error *err)
{
    TRY(verification_link(in, index, err));
    struct linked *linked = &in->linked;
    if (!linked->hook)
        return RAISE(err, SKEP_UNSUPPORTED, NO_PROGRAM_TYPE, STR(linked->name));
    in->helpers = arena_array(&in->arena, const struct skep_helper *, linked->code.n_insns);
    in->maps = arena_array(&in->arena, struct verify_map, linked->n_maps);
    if (!in->helpers || (linked->n_maps && !in->maps))
        return SKEP_NOMEM;
    struct resolve_input resolve = { .registry = &in->object->env->registry,
                                     .linked = linked,
                                     .check_license = in->options->profile != SKEP_PROFILE_RFC };
    TRY(resolve_calls(&resolve, in->helpers, err));
    TRY(cfg_build(&in->arena, &linked->code, &in->cfg, err));
    if (in->options->profile != SKEP_PROFILE_RFC) {
        TRY(cfg_check_reachable(&in->cfg, &linked->code, err));
    }
    for (u32 i = 0; i < linked->n_maps; i++)
        TRY(verification_map(in, i, err));
    return SKEP_OK;
}

/* ---- the verdict */

static void verdict_describe(struct skep_verdict *verdict, const struct verify_report *report)
{
    struct text text;
    text_init_fixed(&text, verdict->holds, sizeof(verdict->holds));
    value_print(&text, &report->value);
}

static void verdict_place(struct skep_verdict *verdict, const struct code *code, u32 insn)
{
    const struct code_line *line = insn < code->n_insns ? code_line_at(code, insn) : NULL;
    verdict->slot = insn < code->n_insns ? code->slot_of[insn] : 0;
    verdict->file = line ? line->file : "";
    verdict->source = line ? line->source : "";
    verdict->line = line ? line->line : 0;
    verdict->column = line ? line->column : 0;
}

static void verdict_path(struct skep_verdict *verdict, const struct code *code,
                         const struct verify_report *report)
{
    verdict->n_branches = report->n_branches;
    for (u32 i = 0; i < report->n_branches; i++) {
        const struct code_line *line = code_line_at(code, report->branches[i].insn);
        verdict->branches[i] =
            (struct skep_verdict_branch){ .slot = code->slot_of[report->branches[i].insn],
                                          .line = line ? line->line : 0,
                                          .taken = report->branches[i].taken,
                                          .source = line ? line->source : "" };
    }
}

static enum skep_verdict_kind verdict_kind(skep_status status)
{
    if (status == SKEP_OK)
        return SKEP_VERDICT_ACCEPTED;
    if (status == SKEP_LIMIT)
        return SKEP_VERDICT_GAVE_UP;
    return status == SKEP_UNSUPPORTED ? SKEP_VERDICT_UNSUPPORTED : SKEP_VERDICT_REJECTED;
}

static skep_status verification_verify(struct verification *in, struct skep_verdict *verdict)
{
    struct verify_report report;
    struct verify_stats stats;
    const struct code *code = &in->linked.code;
    struct verify_input input = { .mem = &in->object->env->mem,
                                  .code = code,
                                  .cfg = &in->cfg,
                                  .hook = in->linked.hook,
                                  .maps = in->maps,
                                  .n_maps = in->linked.n_maps,
                                  .helpers = in->helpers,
                                  .profile = in->options->profile,
                                  .section = in->linked.section,
                                  .sleepable = in->linked.sleepable,
                                  .aligned = in->options->aligned,
                                  .fuel = in->options->fuel,
                                  .limits = in->options->limits };
    skep_status status = verify(&input, &report, &stats);
    verdict->diagnostic = report.error;
    verdict->visited = stats.visited;
    verdict->states = stats.states;
    verdict->peak_bytes = stats.peak_bytes;
    verdict->ns = stats.ns;
    verdict->method = stats.method;
    if (status != SKEP_OK) {
        verdict_place(verdict, code, report.insn);
        verdict->reg = report.reg < STATE_REGS ? report.reg : SKEP_VERDICT_NO_REGISTER;
        verdict_describe(verdict, &report);
        verdict_path(verdict, code, &report);
    }
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
    struct verification in = { .object = object, .options = options };
    arena_init(&in.arena, &object->env->mem);
    *verdict = (struct skep_verdict){
        .reg = SKEP_VERDICT_NO_REGISTER, .file = "", .source = "", .method = ""
    };
    skep_status status = verification_analyse(&in, index, &verdict->diagnostic);
    verdict->insns = in.linked.code.n_insns;
    if (status == SKEP_OK)
        status = verification_verify(&in, verdict);
    verdict->kind = verdict_kind(status);
    arena_drop(&in.arena);
    return status == SKEP_NOMEM ? RAISE(err, status, NOMEM, STR("the verifier")) : SKEP_OK;
}
