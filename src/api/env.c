/* The env (include/skep/env.h): registries, limits, and what the host does for programs. */
#include "api/compile.h"
#include "helper/helper.h"
#include "hook/hook.h"
#include "map/map.h"

#include <errno.h>
#include <stdlib.h>

/* The host's functions, and the system's own where it gave none. */
static struct skep_host env_host(const struct skep_host *given)
{
    const struct skep_host *system = &rt_system_host;
    struct skep_host host = given ? *given : *system;
    host.clock_ns = host.clock_ns ? host.clock_ns : system->clock_ns;
    host.pid_tgid = host.pid_tgid ? host.pid_tgid : system->pid_tgid;
    host.uid_gid = host.uid_gid ? host.uid_gid : system->uid_gid;
    host.comm = host.comm ? host.comm : system->comm;
    return host;
}

/* Registration */

static skep_status env_register_built_in(struct registry *registry, skep_error *err)
{
    for (u32 i = 0; i < n_helpers; i++)
        TRY(registry_add_helper(registry, helpers[i], err));
    for (u32 i = 0; i < n_map_types; i++)
        TRY(registry_add_map_type(registry, map_types[i], err));
    const struct skep_map_type *described;
    for (u32 i = 0; (described = map_type_described(i)); i++)
        TRY(registry_add_map_type(registry, described, err));
    for (u32 i = 0; i < n_hooks; i++)
        TRY(registry_add_hook(registry, hooks[i], err));
    return SKEP_OK;
}

static skep_status env_register_given(struct registry *registry,
                                      const struct skep_env_options *options, skep_error *err)
{
    for (size_t i = 0; i < options->n_replaced_helpers; i++)
        TRY(registry_replace_helper(registry, options->replaced_helpers[i], err));
    for (size_t i = 0; i < options->n_helpers; i++)
        TRY(registry_add_helper(registry, options->helpers[i], err));
    for (size_t i = 0; i < options->n_map_types; i++)
        TRY(registry_add_map_type(registry, options->map_types[i], err));
    for (size_t i = 0; i < options->n_hooks; i++)
        TRY(registry_add_hook(registry, options->hooks[i], err));
    return SKEP_OK;
}

/* Kernel configuration */

static const char *env_strdup(struct mem *mem, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mem_alloc(mem, size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

static skep_status env_copy_kconfig(struct skep_env *env, const struct skep_env_options *options,
                                    skep_error *err)
{
    if (!options->n_kconfig)
        return SKEP_OK;
    if (options->n_kconfig > UINT16_MAX)
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_env_new"), STR("n_kconfig > 65535"));
    env->kconfig = mem_zalloc(&env->mem, options->n_kconfig * sizeof(*env->kconfig));
    if (!env->kconfig)
        return SKEP_NOMEM;
    env->n_kconfig = (u32)options->n_kconfig;
    for (u32 i = 0; i < env->n_kconfig; i++) {
        env->kconfig[i].name = env_strdup(&env->mem, options->kconfig[i].name);
        env->kconfig[i].value = env_strdup(&env->mem, options->kconfig[i].value);
        if (!env->kconfig[i].name || !env->kconfig[i].value)
            return SKEP_NOMEM;
    }
    return SKEP_OK;
}

static void env_drop_string(struct mem *mem, const char *text)
{
    if (text)
        mem_free(mem, (void *)(uintptr_t)text, strlen(text) + 1);
}

static void env_drop_kconfig(struct skep_env *env)
{
    for (u32 i = 0; i < env->n_kconfig; i++) {
        env_drop_string(&env->mem, env->kconfig[i].name);
        env_drop_string(&env->mem, env->kconfig[i].value);
    }
    mem_free(&env->mem, env->kconfig, env->n_kconfig * sizeof(*env->kconfig));
}

/* Life */

static size_t env_cpu_slots_bytes(const struct skep_env *env)
{
    return bits_words(env->n_cpus) * sizeof(u64);
}

static void env_drop(struct skep_env *env)
{
    if (env->epoch)
        epoch_delete(env->epoch); /* programs that wait for it go now */
    compile_drop_gate(env);
    rt_timers_drop(&env->timers);
    env_drop_kconfig(env);
    registry_drop(&env->registry);
    mem_free(&env->mem, env->cpu_slots, env->cpu_slots ? env_cpu_slots_bytes(env) : 0);
    struct skep_allocator allocator = env->mem.allocator; /* the env lies in its own memory */
    allocator.resize(allocator.user, env, sizeof(*env), 0);
}

/* Of a map's hashes, and of what nobody outside may foretell. */
static u64 env_seed(const struct skep_env *env)
{
    u64 seed = env->hash_seed;
    if (!seed && os_random(&seed, sizeof(seed)) != SKEP_OK)
        seed = os_clock_ns(OS_CLOCK_MONOTONIC) ^ (u64)(uintptr_t)&seed;
    return seed;
}

static skep_status env_fill(struct skep_env *env, const struct skep_env_options *options,
                            skep_error *err)
{
    registry_init(&env->registry, &env->mem);
    env->host = env_host(options->host);
    env->n_cpus = options->n_cpus ? options->n_cpus : os_cpu_count();
    env->max_maps = options->max_maps;
    env->hash_seed = options->hash_seed;
    env->secret = env_seed(env);
    env->cpu_slots = mem_zalloc(&env->mem, env_cpu_slots_bytes(env));
    if (!env->cpu_slots)
        return SKEP_NOMEM;
    rt_timers_init(&env->timers, &env->mem);
    TRY(epoch_new(&env->mem, &env->epoch));
    TRY(env_copy_kconfig(env, options, err));
    TRY(env_register_built_in(&env->registry, err));
    return env_register_given(&env->registry, options, err);
}

/* Far above any machine; keeps n_cpus × value size within 32 bits where it matters. */
#define ENV_MAX_CPUS 4096u

skep_status skep_env_new(const struct skep_env_options *options, skep_env **out, skep_error *err)
{
    static const struct skep_env_options defaults = { .size = sizeof(defaults) };
    if (!options)
        options = &defaults;
    if (!out || options->size != sizeof(*options) || options->n_cpus > ENV_MAX_CPUS)
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_env_new"),
                     STR("options.size is not sizeof(struct skep_env_options), or n_cpus > 4096"));
    struct mem mem;
    mem_init(&mem, options->allocator, options->memory_limit);
    struct skep_env *env = mem_zalloc(&mem, sizeof(*env));
    if (!env)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("the env"));
    mem_init(&env->mem, options->allocator, options->memory_limit);
    mem_charge(&env->mem, sizeof(*env));
    skep_status status = env_fill(env, options, err);
    if (status != SKEP_OK) {
        env_drop(env);
        return status == SKEP_NOMEM ? RAISE(err, status, NOMEM, STR("the env")) : status;
    }
    *out = env;
    return SKEP_OK;
}

#undef ENV_MAX_CPUS

void skep_env_free(skep_env *env)
{
    if (env)
        env_drop(env);
}

size_t skep_env_memory_used(const skep_env *env)
{
    return atomic_load_explicit(&env->mem.used, memory_order_relaxed);
}

size_t skep_env_memory_peak(const skep_env *env)
{
    return atomic_load_explicit(&env->mem.peak, memory_order_relaxed);
}

const struct skep_helper *skep_env_helper(const skep_env *env, size_t i)
{
    return i < env->registry.helpers.n ? env->registry.helpers.data[i] : NULL;
}

const struct skep_map_type *skep_env_map_type(const skep_env *env, size_t i)
{
    return i < env->registry.map_types.n ? env->registry.map_types.data[i] : NULL;
}

const struct skep_hook *skep_env_hook(const skep_env *env, size_t i)
{
    return i < env->registry.hooks.n ? env->registry.hooks.data[i] : NULL;
}

/* For the other files of api/ */

static void env_map_freed(struct skep_map *map)
{
    struct skep_env *env = map->owner;
    atomic_fetch_sub_explicit(&env->n_maps, 1, memory_order_relaxed);
}

static bool env_count_map(struct skep_env *env)
{
    u32 before = atomic_fetch_add_explicit(&env->n_maps, 1, memory_order_relaxed);
    if (!env->max_maps || before < env->max_maps)
        return true;
    atomic_fetch_sub_explicit(&env->n_maps, 1, memory_order_relaxed);
    return false;
}

skep_status env_map_new(struct skep_env *env, const struct skep_map_spec *spec,
                        struct skep_map **out, skep_error *err)
{
    const char *name = spec->name ? spec->name : "";
    const struct skep_map_type *type = registry_map_type(&env->registry, SKEP_LINUX, spec->type);
    if (!type)
        return RAISE(err, SKEP_UNSUPPORTED, MAP_TYPE_UNKNOWN, STR(name), NUM(spec->type));
    if (!type->create)
        return RAISE(err, SKEP_UNSUPPORTED, MAP_TYPE_ABSENT, STR(name), STR(type->name));
    if (!env_count_map(env))
        return RAISE(err, SKEP_LIMIT, MAP_QUOTA, STR(name), NUM(env->max_maps));
    struct skep_map *map;
    int result = map_new(type, spec, env->n_cpus, env_seed(env), &env->mem, env->epoch, &map);
    if (result != 0) {
        atomic_fetch_sub_explicit(&env->n_maps, 1, memory_order_relaxed);
        return RAISE(err, result == -ENOMEM ? SKEP_NOMEM : SKEP_BAD_ARG, MAP_NOT_MADE, STR(name),
                     STR(type->name), NUM(-result), NUM(spec->key_size), NUM(spec->value_size),
                     NUM(spec->max_entries), NUM(spec->flags));
    }
    map->owner = env;
    map->on_free = env_map_freed;
    *out = map;
    return SKEP_OK;
}

skep_status api_text_out(struct text *text, char **out)
{
    char *copy = text->failed ? NULL : malloc(text->length + 1);
    if (!copy)
        return SKEP_NOMEM;
    memcpy(copy, text_cstr(text), text->length + 1);
    *out = copy;
    return SKEP_OK;
}
