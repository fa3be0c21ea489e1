/* Opening an object: the list of passes; and what an opened object says of itself. */
#include "load/object.h"

struct load_pass {
    const char *name;
    skep_status (*run)(struct object *o, skep_error *err);
};
/* clang-format off */
static const struct load_pass load_passes[] = {
    { "sections",       load_pass_sections },
    { "data relocs",    load_pass_data_relocs },
    /* From here on the contents of sections are final. */
    { "types",          load_pass_types },
    { "symbols",        load_pass_symbols },
    { "code",           load_pass_code },
    { "signatures",     load_pass_signatures },
    { "programs",       load_pass_programs },
    { "BTF maps",       load_pass_btf_maps },
    { "legacy maps",    load_pass_legacy_maps },
    { "data maps",      load_pass_data_maps },
    { "externs",        load_pass_externs },
    /* From here on there are no new maps: pointers to them stay valid. */
    { "initial values", load_pass_initial_values },
    { "debug info",     load_pass_debug_info },
};
/* clang-format on */

/* A legacy map of maps has a map of the object as its template. */
static void load_point_to_inner(struct object *o)
{
    for (u32 i = 0; i < o->maps.n; i++)
        if (o->maps.data[i].inner != CODE_NONE)
            o->maps.data[i].spec.inner = &o->maps.data[o->maps.data[i].inner].spec;
}

static skep_status load_run_passes(struct object *o, skep_error *err)
{
    for (u32 i = 0; i < ARRAY_LEN(load_passes); i++)
        TRY(load_passes[i].run(o, err));
    load_point_to_inner(o);
    o->options = NULL;
    return SKEP_OK;
}

static skep_status load_take_bytes(struct object *o, const char *name, const void *bytes,
                                   size_t size, skep_error *err)
{
    o->name = arena_strdup(&o->arena, name ? name : "object");
    const void *copy = size ? arena_copy(&o->arena, bytes, size) : "";
    if (!o->name || !copy)
        return load_nomem(err, "object");
    return elf_open(&o->elf, &o->arena, copy, size, LOAD_EM_BPF, err);
}

skep_status load_open(struct mem *mem, const struct registry *registry,
                      const struct load_options *options, const void *bytes, size_t size,
                      struct object **out, skep_error *err)
{
    struct object *o = mem_new(mem, struct object);
    if (!o)
        return load_nomem(err, "object");
    o->mem = mem;
    o->registry = registry;
    o->options = options;
    o->license = "";
    o->kconfig_map = CODE_NONE;
    arena_init(&o->arena, mem);
    hash_index_init(&o->symbols, mem);
    hash_index_init(&o->map_places, mem);
    hash_index_init(&o->map_names, mem);
    hash_index_init(&o->program_names, mem);
    skep_status status = load_take_bytes(o, options ? options->name : NULL, bytes, size, err);
    if (status == SKEP_OK)
        status = load_run_passes(o, err);
    if (status != SKEP_OK) {
        load_close(o);
        return status;
    }
    *out = o;
    return SKEP_OK;
}

void load_close(struct object *o)
{
    if (!o)
        return;
    for (u32 i = 0; i < o->codes.n; i++)
        vec_drop(o->mem, &o->codes.data[i].relocs);
    vec_drop(o->mem, &o->codes);
    vec_drop(o->mem, &o->funcs);
    vec_drop(o->mem, &o->programs);
    vec_drop(o->mem, &o->program_funcs);
    vec_drop(o->mem, &o->maps);
    vec_drop(o->mem, &o->places);
    vec_drop(o->mem, &o->externs);
    hash_index_drop(&o->symbols);
    hash_index_drop(&o->map_places);
    hash_index_drop(&o->map_names);
    hash_index_drop(&o->program_names);
    if (o->has_btf)
        btf_drop(&o->btf);
    arena_drop(&o->arena);
    mem_delete(o->mem, o);
}

u32 load_n_programs(const struct object *o) { return o->programs.n; }

struct object_program *load_program(struct object *o, u32 i)
{
    assert(i < o->programs.n);
    return &o->programs.data[i];
}

u32 load_n_maps(const struct object *o) { return o->maps.n; }

struct object_map *load_map(struct object *o, u32 i)
{
    assert(i < o->maps.n);
    return &o->maps.data[i];
}

u32 load_n_externs(const struct object *o) { return o->externs.n; }

const struct object_extern *load_extern(const struct object *o, u32 i)
{
    assert(i < o->externs.n);
    return &o->externs.data[i].info;
}

const char *load_license(const struct object *o) { return o->license; }

u32 load_kernel_version(const struct object *o) { return o->version; }

const struct btf *load_btf(const struct object *o) { return o->has_btf ? &o->btf : NULL; }

const struct elf *load_elf(const struct object *o) { return &o->elf; }
