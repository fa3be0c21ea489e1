/* See instance.h. */
#include "api/instance.h"

#include <errno.h>

skep_status instance_init(struct instance *instance, struct skep_object *object,
                          const struct skep_load_options *options)
{
    struct mem *mem = &object->env->mem;
    *instance = (struct instance){ .object = object, .options = options };
    instance->n_programs = (u32)skep_object_n_programs(object);
    instance->n_maps =
        object->loaded ? load_n_maps(object->loaded) : (u32)min_u64(options->n_maps, UINT16_MAX);
    instance->programs = mem_zalloc(mem, instance->n_programs * sizeof(*instance->programs));
    instance->maps = mem_zalloc(mem, instance->n_maps * sizeof(*instance->maps));
    if ((instance->n_programs && !instance->programs) || (instance->n_maps && !instance->maps)) {
        instance_drop(instance);
        return SKEP_NOMEM;
    }
    return SKEP_OK;
}

void instance_drop(struct instance *instance)
{
    struct mem *mem = &instance->object->env->mem;
    for (u32 i = 0; instance->programs && i < instance->n_programs; i++)
        if (instance->programs[i])
            rt_program_put(&instance->programs[i]->rt);
    for (u32 i = 0; instance->maps && i < instance->n_maps; i++)
        if (instance->maps[i])
            map_put_user(instance->maps[i]);
    mem_free(mem, instance->programs, instance->n_programs * sizeof(*instance->programs));
    mem_free(mem, instance->maps, instance->n_maps * sizeof(*instance->maps));
    vec_drop(mem, &instance->to_fill);
}

/* Maps */

/* The map that the host wants in the place of this one, or NULL. */
static struct skep_map *instance_given(const struct instance *instance, const char *name)
{
    const struct skep_load_options *options = instance->options;
    for (size_t i = 0; i < options->n_maps; i++)
        if (map_is_named(options->maps[i], name))
            return options->maps[i];
    const struct skep_program *share = options->share;
    for (u32 i = 0; share && i < share->n_instance_maps; i++)
        if (map_is_named(share->instance_maps[i], name))
            return share->instance_maps[i];
    return NULL;
}

/* What a declaration leaves to the host that makes the map. */
static struct skep_map_spec instance_spec(const struct instance *instance,
                                          const struct object_map *decl)
{
    const struct skep_env *env = instance->object->env;
    struct skep_map_spec spec = decl->spec;
    const struct skep_map_type *type = registry_map_type(&env->registry, SKEP_LINUX, spec.type);
    if (type && (type->classes & SKEP_MAP_EVENTS) && spec.max_entries == 0)
        spec.max_entries = env->n_cpus; /* one entry per CPU, as libbpf has it */
    if (decl->read_only)
        spec.flags |= MAP_F_RDONLY_PROG;
    return spec;
}

static skep_status instance_make(struct instance *instance, u32 index, struct skep_map **out,
                                 skep_error *err)
{
    const struct object_map *decl = load_map(instance->object->loaded, index);
    struct skep_map_spec spec = instance_spec(instance, decl);
    struct skep_map *map;
    TRY(env_map_new(instance->object->env, &spec, &map, err));
    if (decl->contents) {
        u32 zero = 0;
        void *value = map->type->lookup(map, &zero, 0);
        assert(value && "data sections are arrays of one element");
        memcpy(value, decl->contents, spec.value_size);
    }
    if (decl->read_only)
        atomic_store_explicit(&map->frozen, true, memory_order_release);
    if (decl->n_initial && !vec_push(&instance->object->env->mem, &instance->to_fill, index)) {
        map_put_user(map);
        return SKEP_NOMEM;
    }
    *out = map;
    return SKEP_OK;
}

/* Its values are by the CPU slots of its env, and what it gives back waits for that env's threads.
 */
static skep_status instance_take(struct instance *instance, u32 index, struct skep_map *given,
                                 skep_error *err)
{
    if (given->epoch != instance->object->env->epoch)
        return RAISE(err, SKEP_BAD_ARG, MAP_FOREIGN, STR(given->spec.name));
    map_get_user(given);
    instance->maps[index] = given;
    return SKEP_OK;
}

static skep_status instance_map_of_object(struct instance *instance, u32 index, skep_error *err)
{
    const struct object_map *decl = load_map(instance->object->loaded, index);
    struct skep_map *given = instance_given(instance, decl->spec.name);
    if (!given)
        return instance_make(instance, index, &instance->maps[index], err);
    struct skep_map_spec spec = instance_spec(instance, decl);
    if (!map_same_shape(&given->spec, &spec))
        return RAISE(err, SKEP_BAD_ARG, MAP_MISMATCH, STR(spec.name));
    return instance_take(instance, index, given, err);
}

skep_status instance_map(struct instance *instance, u32 index, struct skep_map **out,
                         skep_error *err)
{
    if (index >= instance->n_maps)
        return RAISE(err, SKEP_BAD_ARG, MAP_MISSING, NUM(index), NUM(instance->n_maps));
    if (!instance->maps[index] && instance->object->loaded)
        TRY(instance_map_of_object(instance, index, err));
    if (!instance->maps[index])
        TRY(instance_take(instance, index, instance->options->maps[index], err));
    *out = instance->maps[index];
    return SKEP_OK;
}

/* Programs, and what maps begin with */

static skep_status instance_program(struct instance *instance, u32 index, skep_error *err)
{
    if (instance->programs[index])
        return SKEP_OK;
    return program_make(instance, index, &instance->programs[index], err);
}

static skep_status instance_fill(struct instance *instance, u32 index, skep_error *err)
{
    const struct object_map *decl = load_map(instance->object->loaded, index);
    struct skep_map *map = instance->maps[index];
    for (u32 i = 0; i < decl->n_initial; i++) {
        const struct map_initial *initial = &decl->initial[i];
        void *held;
        if (initial->is_program) {
            TRY(instance_program(instance, initial->target, err));
            held = &instance->programs[initial->target]->rt;
        } else {
            struct skep_map *inner;
            TRY(instance_map(instance, initial->target, &inner, err));
            held = inner;
        }
        int result =
            map->type->set_held ? map->type->set_held(map, &initial->key, held, 0) : -EINVAL;
        if (result == -ENOMEM)
            return SKEP_NOMEM;
        if (result != 0)
            return RAISE(err, SKEP_BAD_ARG, MAP_INITIAL, STR(decl->spec.name), NUM(initial->key),
                         NUM(-result));
    }
    return SKEP_OK;
}

skep_status instance_load(struct instance *instance, u32 program, skep_error *err)
{
    instance->asked = program;
    TRY(instance_program(instance, program, err));
    for (u32 i = 0; i < instance->to_fill.n; i++)
        TRY(instance_fill(instance, instance->to_fill.data[i], err));
    return SKEP_OK;
}
