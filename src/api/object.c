/* Objects (include/skep/object.h): thin over load/, plus bytecode that comes without an object. */
#include "api/api.h"

#define OBJECT_MAX_FILE ((size_t)256 << 20) /* bytes; the largest real objects are below 10 MB */
#define OBJECT_MAX_SLOTS 1000000u           /* as many instructions as Linux verifies */

void object_get(struct skep_object *object)
{
    atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
}

void object_put(struct skep_object *object)
{
    if (atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel) != 1)
        return;
    struct mem *mem = &object->env->mem;
    if (object->loaded)
        load_close(object->loaded);
    mem_free(mem, object->slots, object->n_slots * sizeof(*object->slots));
    mem_free(mem, object->name, object->name_size);
    mem_delete(mem, object);
}

static struct skep_object *object_new(struct skep_env *env, const char *name)
{
    struct skep_object *object = mem_new(&env->mem, struct skep_object);
    if (!object)
        return NULL;
    object->env = env;
    atomic_store_explicit(&object->references, 1, memory_order_relaxed);
    object->name = mem_alloc(&env->mem, strlen(name) + 1);
    if (!object->name) {
        mem_delete(&env->mem, object);
        return NULL;
    }
    object->name_size = strlen(name) + 1;
    memcpy(object->name, name, object->name_size);
    return object;
}

skep_status skep_object_open(skep_env *env, const char *name, const void *bytes, size_t size,
                             skep_object **out, skep_error *err)
{
    if (!env || !out || (!bytes && size))
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_object_open"), STR("NULL"));
    struct skep_object *object = object_new(env, name ? name : "object");
    if (!object)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("the object"));
    struct load_options options = { .name = object->name,
                                    .kconfig = env->kconfig,
                                    .n_kconfig = env->n_kconfig };
    skep_status status =
        load_open(&env->mem, &env->registry, &options, bytes, size, &object->loaded, err);
    if (status != SKEP_OK) {
        object_put(object);
        return status == SKEP_NOMEM ? RAISE(err, status, NOMEM, STR("the object")) : status;
    }
    *out = object;
    return SKEP_OK;
}

skep_status skep_object_open_file(skep_env *env, const char *path, skep_object **out,
                                  skep_error *err)
{
    if (!env || !path || !out)
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_object_open_file"), STR("NULL"));
    u8 *data;
    size_t size;
    skep_status status = os_read_file(&env->mem, path, OBJECT_MAX_FILE, &data, &size);
    if (status != SKEP_OK)
        return RAISE(err, status, FILE_READ, STR(path), STR(skep_status_name(status)));
    status = skep_object_open(env, path, data, size, out, err);
    mem_free(&env->mem, data, size);
    return status;
}

bool skep_object_find(const void *bytes, size_t size, size_t from, size_t *offset,
                      size_t *object_size)
{
    u64 at, length;
    if (!bytes || !elf_find_embedded(bytes, size, LOAD_EM_BPF, from, &at, &length))
        return false;
    *offset = (size_t)at;
    *object_size = (size_t)length;
    return true;
}

/* Room for n slots; NULL: no memory. */
static struct skep_object *object_of_slots(struct skep_env *env, const char *name, u32 n,
                                           const struct skep_hook *hook)
{
    struct skep_object *object = object_new(env, name ? name : "program");
    if (!object)
        return NULL;
    object->hook = hook;
    object->slots = mem_alloc(&env->mem, n * sizeof(*object->slots));
    if (!object->slots) {
        object_put(object);
        return NULL;
    }
    object->n_slots = n;
    return object;
}

skep_status skep_object_from_insns(skep_env *env, const char *name, const void *insns, size_t count,
                                   const struct skep_hook *hook, skep_object **out, skep_error *err)
{
    if (!env || !out || !insns || !count || count > OBJECT_MAX_SLOTS || !hook)
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_object_from_insns"),
                     STR("NULL, no instruction, or more than a million"));
    struct skep_object *object = object_of_slots(env, name, (u32)count, hook);
    if (!object)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("the instructions"));
    for (size_t i = 0; i < count; i++)
        object->slots[i] = isa_slot_read((const u8 *)insns + i * 8, false);
    *out = object;
    return SKEP_OK;
}

static skep_status object_convert(struct skep_env *env, const char *name,
                                  const struct skep_classic_insn *insns, size_t count,
                                  struct arena *arena, skep_object **out, skep_error *err)
{
    const struct skep_hook *hook = registry_hook_by_name(&env->registry, "socket_filter");
    struct isa_slot *slots;
    u32 n;
    if (!hook)
        return RAISE(err, SKEP_NOT_FOUND, NO_SUCH, STR("program type"), STR("socket_filter"));
    TRY(load_classic(arena, hook, insns, count, &slots, &n, err));
    struct skep_object *object = object_of_slots(env, name, n, hook);
    if (!object)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("the instructions"));
    memcpy(object->slots, slots, n * sizeof(*slots));
    *out = object;
    return SKEP_OK;
}

skep_status skep_object_from_classic(skep_env *env, const char *name,
                                     const struct skep_classic_insn *insns, size_t count,
                                     skep_object **out, skep_error *err)
{
    if (!env || !out || (!insns && count))
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_object_from_classic"), STR("NULL"));
    struct arena arena;
    arena_init(&arena, &env->mem);
    skep_status status = object_convert(env, name, insns, count, &arena, out, err);
    arena_drop(&arena);
    return status;
}

#undef OBJECT_MAX_FILE
#undef OBJECT_MAX_SLOTS

void skep_object_close(skep_object *object)
{
    if (object)
        object_put(object);
}

size_t skep_object_n_programs(const skep_object *object)
{
    return object->loaded ? load_n_programs(object->loaded) : 1;
}

skep_status skep_object_program(const skep_object *object, size_t i, struct skep_program_info *info)
{
    if (i >= skep_object_n_programs(object))
        return SKEP_NOT_FOUND;
    if (!object->loaded) {
        *info = (struct skep_program_info){ .name = object->name,
                                            .section = "",
                                            .attach = "",
                                            .hook = object->hook,
                                            .insn_slots = object->n_slots };
        return SKEP_OK;
    }
    const struct object_program *program = load_program(object->loaded, (u32)i);
    *info = (struct skep_program_info){ .name = program->name,
                                        .section = program->section,
                                        .attach = program->attach,
                                        .hook = program->hook,
                                        .sleepable = program->sleepable,
                                        .insn_slots = program->n_slots };
    return SKEP_OK;
}

size_t skep_object_n_maps(const skep_object *object)
{
    return object->loaded ? load_n_maps(object->loaded) : 0;
}

skep_status skep_object_map(const skep_object *object, size_t i, struct skep_object_map_info *info)
{
    if (i >= skep_object_n_maps(object))
        return SKEP_NOT_FOUND;
    const struct object_map *map = load_map(object->loaded, (u32)i);
    *info = (struct skep_object_map_info){
        .spec = map->spec,
        .section = map->section,
        .is_data = map->origin == MAP_FROM_DATA || map->origin == MAP_FROM_KCONFIG,
        .read_only = map->read_only,
        .pinning = map->pinning,
        .contents = map->contents,
    };
    return SKEP_OK;
}

skep_status skep_object_next_variable(const skep_object *object, size_t *position,
                                      struct skep_variable_info *info)
{
    struct object_variable found;
    if (!object->loaded || !load_next_variable(object->loaded, position, &found))
        return SKEP_NOT_FOUND;
    *info = (struct skep_variable_info){ .name = found.name,
                                         .map = load_map(object->loaded, found.map)->spec.name,
                                         .offset = found.offset,
                                         .size = found.size };
    return SKEP_OK;
}

const char *skep_object_license(const skep_object *object)
{
    return object->loaded ? load_license(object->loaded) : "";
}

/* Setters */

static skep_status object_no_such(skep_error *err, const char *kind, const char *name)
{
    return RAISE(err, SKEP_NOT_FOUND, NO_SUCH, STR(kind), STR(name));
}

skep_status skep_object_set_map_entries(skep_object *object, const char *map, u32 max_entries,
                                        skep_error *err)
{
    u32 i = object->loaded ? load_find_map(object->loaded, map) : CODE_NONE;
    if (i == CODE_NONE)
        return object_no_such(err, "map", map);
    return load_set_map_entries(object->loaded, i, max_entries, err);
}

skep_status skep_object_set_map_value_size(skep_object *object, const char *map, u32 bytes,
                                           skep_error *err)
{
    u32 i = object->loaded ? load_find_map(object->loaded, map) : CODE_NONE;
    if (i == CODE_NONE)
        return object_no_such(err, "map", map);
    return load_set_map_value_size(object->loaded, i, bytes, err);
}

skep_status skep_object_set_variable(skep_object *object, const char *name, const void *value,
                                     size_t size, skep_error *err)
{
    if (!object->loaded)
        return object_no_such(err, "variable", name);
    return load_set_rodata(object->loaded, name, value, size, err);
}

skep_status skep_object_set_hook(skep_object *object, const char *program, const char *hook,
                                 skep_error *err)
{
    const struct skep_hook *found = registry_hook_by_name(&object->env->registry, hook);
    if (!found)
        return object_no_such(err, "program type", hook);
    if (!object->loaded) {
        object->hook = found;
        return SKEP_OK;
    }
    u32 i = load_find_program(object->loaded, program);
    if (i == CODE_NONE)
        return object_no_such(err, "program", program);
    return load_set_hook(object->loaded, i, found, err);
}

u32 object_find_program(const skep_object *object, const char *name)
{
    if (!name)
        return skep_object_n_programs(object) ? 0 : CODE_NONE;
    if (!object->loaded)
        return strcmp(name, object->name) ? CODE_NONE : 0;
    return load_find_program(object->loaded, name);
}
