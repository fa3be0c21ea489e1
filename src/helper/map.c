/* Maps from the program's side (bpf-helpers(7)): elements, queues, walks.  What a map type cannot
 * do is kept from these functions by the classes that each descriptor asks for. */
#include "helper/define.h"

static u64 helper_lookup(struct skep_thread *thread, u64 map, u64 key, u64 a3, u64 a4, u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    return (u64)(uintptr_t)m->type->lookup(m, helper_pointer(key), thread->cpu);
}

const struct skep_helper helper_map_lookup_elem = {
    HELPER_HEAD("bpf_map_lookup_elem", 1, BASE, helper_lookup),
    .args = { ARG_MAP, ARG_KEY },
    .ret = RET_VALUE,
    .effects = SKEP_LOOKS_UP,
    .maps = SKEP_MAP_LOOKUP,
};

static u64 helper_update(struct skep_thread *thread, u64 map, u64 key, u64 value, u64 flags, u64 a5)
{
    (void)a5;
    struct skep_map *m = helper_map(map);
    if (!map_program_may_write(m))
        return helper_errno(-EPERM);
    if (!helper_pay(thread, m->spec.value_size))
        return 0;
    return helper_errno(
        m->type->update(m, helper_pointer(key), helper_pointer(value), flags, thread->cpu));
}

const struct skep_helper helper_map_update_elem = {
    HELPER_HEAD("bpf_map_update_elem", 2, BASE, helper_update),
    .args = { ARG_MAP, ARG_KEY, ARG_VALUE, ARG_ANY },
    .maps = SKEP_MAP_UPDATE,
};

static u64 helper_delete(struct skep_thread *thread, u64 map, u64 key, u64 a3, u64 a4, u64 a5)
{
    (void)thread, (void)a3, (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    if (!map_program_may_write(m))
        return helper_errno(-EPERM);
    return helper_errno(m->type->remove(m, helper_pointer(key)));
}

const struct skep_helper helper_map_delete_elem = {
    HELPER_HEAD("bpf_map_delete_elem", 3, BASE, helper_delete),
    .args = { ARG_MAP, ARG_KEY },
    .maps = SKEP_MAP_DELETE,
};

static u64 helper_lookup_percpu(struct skep_thread *thread, u64 map, u64 key, u64 cpu, u64 a4,
                                u64 a5)
{
    (void)thread, (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    if ((u32)cpu >= m->n_cpus)
        return 0;
    return (u64)(uintptr_t)m->type->lookup(m, helper_pointer(key), (u32)cpu);
}

const struct skep_helper helper_map_lookup_percpu_elem = {
    HELPER_HEAD("bpf_map_lookup_percpu_elem", 195, BASE, helper_lookup_percpu),
    .args = { ARG_MAP, ARG_KEY, ARG_ANY },
    .ret = RET_VALUE,
    .maps = SKEP_MAP_LOOKUP_PERCPU,
};

/* Queues, stacks, Bloom filters */

static u64 helper_push(struct skep_thread *thread, u64 map, u64 value, u64 flags, u64 a4, u64 a5)
{
    (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    if (!map_program_may_write(m))
        return helper_errno(-EPERM);
    if (!helper_pay(thread, m->spec.value_size))
        return 0;
    return helper_errno(m->type->push(m, helper_pointer(value), flags));
}

const struct skep_helper helper_map_push_elem = {
    HELPER_HEAD("bpf_map_push_elem", 87, BASE, helper_push),
    .args = { ARG_MAP, ARG_VALUE, ARG_ANY },
    .maps = SKEP_MAP_PUSH,
};

static u64 helper_pop(struct skep_thread *thread, u64 map, u64 value, u64 a3, u64 a4, u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    if (!map_program_may_write(m))
        return helper_errno(-EPERM);
    if (!helper_pay(thread, m->spec.value_size))
        return 0;
    return helper_errno(m->type->pop(m, helper_pointer(value)));
}

const struct skep_helper helper_map_pop_elem = {
    HELPER_HEAD("bpf_map_pop_elem", 88, BASE, helper_pop),
    .args = { ARG_MAP, ARG_VALUE_W },
    .maps = SKEP_MAP_POP,
};

static u64 helper_peek(struct skep_thread *thread, u64 map, u64 value, u64 a3, u64 a4, u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    if (!helper_pay(thread, m->spec.value_size))
        return 0;
    return helper_errno(m->type->peek(m, helper_pointer(value)));
}

/* A Bloom filter reads the value, a queue writes it. */
const struct skep_helper helper_map_peek_elem = {
    HELPER_HEAD("bpf_map_peek_elem", 89, BASE, helper_peek),
    .args = { ARG_MAP, ARG_VALUE_W },
    .maps = SKEP_MAP_PEEK,
};

/* Walks */

/* Calls back for each element with its key in a buffer of the walk's own, since the callback may
 * delete the element. */
static u64 helper_walk(struct skep_thread *thread, struct skep_map *map, u64 callback, u64 ctx,
                       u8 *key)
{
    u64 position = 0, n = 0, stop = 0;
    void *value;
    while (map->type->next_element(map, &position, key, &value, thread->cpu) == 0) {
        const u64 args[5] = { (u64)(uintptr_t)map, (u64)(uintptr_t)key, (u64)(uintptr_t)value, ctx,
                              0 };
        n++;
        if (!rt_call(thread, callback, args, &stop) || stop)
            break;
    }
    return n;
}

enum {
    HELPER_KEY_BYTES = 512, /* longer ones cost an allocation for each walk */
    HELPER_PLACE_BYTES = 8, /* what a walk looks at for each element that there could be */
};

static u64 helper_for_each(struct skep_thread *thread, u64 map, u64 callback, u64 ctx, u64 flags,
                           u64 a5)
{
    (void)a5;
    struct skep_map *m = helper_map(map);
    _Alignas(8) u8 key[HELPER_KEY_BYTES];
    if (flags)
        return helper_errno(-EINVAL);
    if (!helper_pay(thread, m->spec.max_entries * (u64)HELPER_PLACE_BYTES))
        return 0;
    if (m->spec.key_size <= sizeof(key))
        return helper_walk(thread, m, callback, ctx, key);
    u8 *long_key = mem_alloc(thread->mem, m->spec.key_size);
    if (!long_key)
        return helper_errno(-ENOMEM);
    u64 n = helper_walk(thread, m, callback, ctx, long_key);
    mem_free(thread->mem, long_key, m->spec.key_size);
    return n;
}

const struct skep_helper helper_for_each_map_elem = {
    HELPER_HEAD("bpf_for_each_map_elem", 164, BASE, helper_for_each),
    .args = { ARG_MAP, ARG_CALLBACK, ARG_CALLBACK_CTX, ARG_ANY },
    .effects = SKEP_CALLS_BACK,
    .maps = SKEP_MAP_ITERATE,
    .callback = { .params = { SKEP_PARAM_MAP, SKEP_PARAM_MAP_KEY, SKEP_PARAM_MAP_VALUE,
                              SKEP_PARAM_CTX },
                  .lo = 0,
                  .hi = 1 },
};
