/* Maps from the host's side (include/skep/map.h). */
#include "map/map.h"
#include "api/api.h"

#include <errno.h>

skep_status skep_map_new(skep_env *env, const struct skep_map_spec *spec, skep_map **out,
                         skep_error *err)
{
    if (!env || !spec || !out || spec->size != sizeof(*spec))
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_map_new"),
                     STR("NULL, or spec.size is not sizeof(struct skep_map_spec)"));
    return env_map_new(env, spec, out, err);
}

void skep_map_ref(skep_map *map) { map_get_user(map); }

void skep_map_unref(skep_map *map)
{
    if (map)
        map_put_user(map);
}

const struct skep_map_spec *skep_map_spec(const skep_map *map) { return &map->spec; }

const struct skep_map_type *skep_map_type(const skep_map *map) { return map->type; }

uint64_t skep_map_host_value_size(const skep_map *map) { return map_host_value_size(map); }

uint64_t skep_map_memory_bytes(const skep_map *map)
{
    return map->type->memory_bytes ? map->type->memory_bytes(map) : 0;
}

/* Elements.  What the host sees of a map of maps or programs is not a value but an object of the
 * library, so those are set by their own calls and cannot be read. */

static bool map_holds_objects(const struct skep_map *map)
{
    return (map->type->traits & (SKEP_MAP_HOLDS_MAPS | SKEP_MAP_HOLDS_PROGRAMS)) != 0;
}

/* One value per CPU slot, each in its own 8-byte-rounded place. */
static int map_copy_values(struct skep_map *map, const void *key, u8 *out)
{
    u64 stride = round_up_u64(map->spec.value_size, 8);
    for (u32 cpu = 0; cpu < map->n_cpus; cpu++) {
        const void *value = map_look(map, key, cpu);
        if (!value)
            return -ENOENT;
        map_read_value(out + cpu * stride, value, map->spec.value_size);
    }
    return 0;
}

int skep_map_lookup_flags(skep_map *map, const void *key, void *value, uint64_t flags)
{
    if (flags & ~(u64)SKEP_MAP_F_LOCK || (flags && !map->spec.lock_at))
        return -EINVAL;
    if (!map_host_may_read(map))
        return -EPERM;
    if (map_holds_objects(map))
        return -ENOTSUP;
    if (!key)
        return map->type->peek ? map->type->peek(map, value) : -EINVAL;
    if (!map->type->lookup)
        return -ENOTSUP;
    if (map->type->traits & SKEP_MAP_PER_CPU)
        return map_copy_values(map, key, value);
    void *found = map_look(map, key, 0);
    if (!found)
        return -ENOENT;
    return map_read_locked_value(map, value, found, flags);
}

int skep_map_lookup(skep_map *map, const void *key, void *value)
{
    return skep_map_lookup_flags(map, key, value, 0);
}

int skep_map_update(skep_map *map, const void *key, const void *value, uint64_t flags)
{
    if (!map_host_may_write(map))
        return -EPERM;
    if (!key && map->type->push)
        return map->type->push(map, value, flags);
    if (!key)
        return -EINVAL;
    if (map_holds_objects(map) || !map->type->update)
        return -ENOTSUP;
    u32 cpu = map->type->traits & SKEP_MAP_PER_CPU ? SKEP_ALL_CPUS : 0;
    return map->type->update(map, key, value, flags, cpu);
}

int skep_map_delete(skep_map *map, const void *key)
{
    if (!map_host_may_write(map))
        return -EPERM;
    if (!key)
        return -EINVAL;
    return map->type->remove ? map->type->remove(map, key) : -ENOTSUP;
}

int skep_map_next_key(skep_map *map, const void *key, void *next)
{
    if (!map_host_may_read(map))
        return -EPERM;
    return map->type->next_key ? map->type->next_key(map, key, next) : -ENOTSUP;
}

int skep_map_lookup_and_delete(skep_map *map, const void *key, void *value)
{
    if (!map_host_may_write(map) || !map_host_may_read(map))
        return -EPERM;
    if (!key)
        return map->type->pop ? map->type->pop(map, value) : -EINVAL;
    if (!map->type->lookup_and_delete)
        return -ENOTSUP;
    u32 cpu = map->type->traits & SKEP_MAP_PER_CPU ? SKEP_ALL_CPUS : 0;
    return map->type->lookup_and_delete(map, key, value, cpu);
}

int skep_map_freeze(skep_map *map)
{
    bool was = atomic_exchange_explicit(&map->frozen, true, memory_order_acq_rel);
    return was ? -EBUSY : 0;
}

void *skep_map_value(skep_map *map, const void *key, uint32_t cpu)
{
    return LIKELY(cpu < map->n_cpus) ? map->host_value(map, key, cpu) : NULL;
}

/* Maps of maps, program arrays */

static int map_set_held(struct skep_map *map, u32 trait, const void *key, void *object, u64 flags)
{
    if (!(map->type->traits & trait) || !map->type->set_held)
        return -EINVAL;
    if (!map_host_may_write(map))
        return -EPERM;
    return map->type->set_held(map, key, object, flags);
}

int skep_map_set_map(skep_map *map, const void *key, skep_map *inner, uint64_t flags)
{
    if (!key || !inner || inner->epoch != map->epoch)
        return -EINVAL;
    return map_set_held(map, SKEP_MAP_HOLDS_MAPS, key, inner, flags);
}

int skep_map_set_program(skep_map *map, uint32_t index, skep_program *program)
{
    if (!program || program->rt.epoch != map->epoch)
        return -EINVAL;
    return map_set_held(map, SKEP_MAP_HOLDS_PROGRAMS, &index, &program->rt, SKEP_MAP_ANY);
}

/* Ring buffers */

static bool map_is_of(const struct skep_map *map, u32 class)
{
    return (map->type->classes & class) != 0;
}

int64_t skep_ringbuf_drain(skep_map *map, int (*record)(void *user, const void *data, size_t size),
                           void *user)
{
    bool can = map_is_of(map, SKEP_MAP_RINGBUF_OUT) && map->type->drain;
    return can ? map->type->drain(map, record, user) : -EINVAL;
}

int skep_ringbuf_wait(skep_map *map, int64_t timeout_ns)
{
    bool can = map_is_of(map, SKEP_MAP_RINGBUF_OUT) && map->type->wait;
    return can ? map->type->wait(map, timeout_ns) : -EINVAL;
}

int skep_user_ringbuf_reserve(skep_map *map, uint64_t size, void **record)
{
    if (!map_is_of(map, SKEP_MAP_USER_RINGBUF))
        return -EINVAL;
    if (size > RT_DYNPTR_MAX || size + MAP_RECORD_OVERHEAD > map->spec.max_entries)
        return -E2BIG;
    void *memory = map->type->reserve(map, size, 0);
    if (memory)
        *record = memory;
    return memory ? 0 : -ENOSPC;
}

void skep_user_ringbuf_submit(skep_map *map, void *record, bool discard)
{
    map->type->commit(map, record, discard, 0);
}

int skep_user_ringbuf_wait(skep_map *map, int64_t timeout_ns)
{
    bool can = map_is_of(map, SKEP_MAP_USER_RINGBUF) && map->type->wait;
    return can ? map->type->wait(map, timeout_ns) : -EINVAL;
}

uint64_t skep_ringbuf_lost(const skep_map *map)
{
    return map->type->lost ? map->type->lost(map) : 0;
}

/* For map types of an application */

void *skep_map_private(const skep_map *map) { return map->impl; }

void skep_map_set_private(skep_map *map, void *impl) { map->impl = impl; }

uint32_t skep_map_n_cpus(const skep_map *map) { return map->n_cpus; }

void *skep_map_alloc(skep_map *map, size_t size) { return mem_zalloc(map->mem, size); }

void skep_map_release(skep_map *map, void *block, size_t size) { mem_free(map->mem, block, size); }
