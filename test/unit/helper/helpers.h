/* What the tests of helpers share: a thread whose host answers as told, maps and a packet, and
 * helpers called by name. */
#ifndef SKEP_TEST_UNIT_HELPER_HELPERS_H
#define SKEP_TEST_UNIT_HELPER_HELPERS_H

#include "helper/helper.h"
#include "hook/hook.h"
#include "map/map.h"

#include "support/unit.h"

#include <errno.h>

static struct mem mem;
static struct epoch *epoch;
static struct skep_thread thread;
static struct skep_packet *packet;
static struct skep_host host;
static struct rt_program program;

static inline const struct skep_hook *hook_named(const char *name)
{
    for (u32 i = 0; i < n_hooks; i++)
        if (strcmp(hooks[i]->name, name) == 0)
            return hooks[i];
    fail_msg("no hook %s", name);
    return NULL;
}

/* A thread on CPU slot 1 of 4, as if a program of that type were running. */
static inline void begin(const char *hook)
{
    mem_init(&mem, NULL, 0);
    host = rt_system_host;
    assert_int_equal(epoch_new(&mem, &epoch), SKEP_OK);
    assert_int_equal(rt_thread_init(&thread, &mem, &host, epoch, 1, 4), SKEP_OK);
    program = (struct rt_program){ .hook = hook_named(hook) };
    thread.program = &program;
    thread.fuel = 1000000;
    packet = packet_new(&mem, 2000);
    thread.packet = packet;
}

static inline void end(void)
{
    packet_delete(packet);
    rt_thread_fini(&thread);
    epoch_delete(epoch);
    assert_int_equal(mem.used, 0);
}

static inline void frame(const void *bytes, size_t size)
{
    assert_int_equal(packet_set(packet, bytes, size), SKEP_OK);
    if (program.hook->prepare)
        program.hook->prepare(packet);
}

static inline s64 call5(const struct skep_helper *helper, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    return (s64)helper->run(&thread, a1, a2, a3, a4, a5);
}
#define FIRST_FIVE(helper, a1, a2, a3, a4, a5, ...)                                                \
    call5(helper, (u64)(a1), (u64)(a2), (u64)(a3), (u64)(a4), (u64)(a5))
#define CALL(...) FIRST_FIVE(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define AT(pointer) ((uintptr_t)(pointer))

static inline struct skep_map *new_map(const char *type, u32 key, u32 value, u32 entries)
{
    struct skep_map *map;
    struct skep_map_spec spec = { .size = sizeof(spec),
                                  .name = type,
                                  .key_size = key,
                                  .value_size = value,
                                  .max_entries = entries };
    for (u32 i = 0; i < n_map_types; i++)
        if (strcmp(map_types[i]->name, type) == 0) {
            spec.type = map_types[i]->id;
            assert_int_equal(map_new(map_types[i], &spec, 4, 1, &mem, epoch, &map), 0);
            return map;
        }
    fail_msg("no map type %s", type);
    return NULL;
}

#endif
