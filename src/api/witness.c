/* Programs whose runs are held to what the verifier claims of them (skep_load_options.witness). */
#include "api/api.h"
#include "verify/verify.h"

/* The bytes of a map that nobody writes any more. */
static const u8 *witness_constants(struct skep_map *map)
{
    bool fixed = !map_program_may_write(map) && !map_host_may_write(map) &&
                 (map->type->traits & SKEP_MAP_DIRECT_VALUES);
    return fixed ? map_direct_value(map) : NULL;
}

static skep_status witness_map(const struct skep_program *program, struct skep_map *map,
                               struct verify_map *out)
{
    *out = (struct verify_map){ .type = map->type,
                                .spec = &map->spec,
                                .constants = witness_constants(map) };
    if (map->spec.inner)
        out->inner_type =
            registry_map_type(&program->env->registry, SKEP_LINUX, map->spec.inner->type);
    return map->spec.inner && !out->inner_type ? SKEP_UNSUPPORTED : SKEP_OK;
}

static skep_status witness_verify(const struct skep_program *program,
                                  const struct skep_load_options *options, struct verify_map *maps,
                                  struct witness *witness, skep_error *err)
{
    const struct linked *linked = &program->linked;
    struct verify_report report;
    struct verify_stats stats;
    struct verify_input input = { .mem = &program->env->mem,
                                  .code = &linked->code,
                                  .cfg = &program->cfg,
                                  .hook = linked->hook,
                                  .maps = maps,
                                  .n_maps = linked->n_maps,
                                  .helpers = program->helpers,
                                  .profile = options->profile,
                                  .section = linked->section,
                                  .sleepable = linked->sleepable,
                                  .every_insn = true,
                                  .limits = options->limits,
                                  .witness = witness };
    for (u32 i = 0; i < linked->n_maps; i++)
        TRY(witness_map(program, program->maps[i], &maps[i]));
    skep_status status = verify(&input, &report, &stats);
    if (status != SKEP_OK && err)
        *err = report.error;
    return status;
}

skep_status program_witness(struct skep_program *program, const struct skep_load_options *options,
                            skep_error *err)
{
    struct mem *mem = &program->env->mem;
    size_t bytes = program->linked.n_maps * sizeof(struct verify_map);
    struct verify_map *maps = mem_zalloc(mem, bytes);
    if (bytes && !maps)
        return SKEP_NOMEM;
    witness_init(&program->witness, mem);
    skep_status status = witness_verify(program, options, maps, &program->witness, err);
    mem_free(mem, maps, bytes);
    return status;
}
