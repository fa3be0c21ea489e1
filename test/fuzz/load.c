/* Any bytes as an object: opened, changed by setters, its programs linked. */
#include "load/load.h"
#include "hook/hook.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void fuzz_link_all(struct mem *mem, struct object *object)
{
    for (u32 i = 0; i < load_n_programs(object) && i < 64; i++) {
        struct arena arena;
        struct linked linked;
        skep_error err = { 0 };
        arena_init(&arena, mem);
        if (load_link(object, i, &arena, &linked, &err) != SKEP_OK && !err.id)
            abort();
        arena_drop(&arena);
    }
}

static void fuzz_set_all(struct object *object)
{
    for (u32 i = 0; i < load_n_maps(object) && i < 64; i++) {
        const struct object_map *map = load_map(object, i);
        if (load_find_map(object, map->spec.name) == CODE_NONE)
            abort();
        load_set_map_entries(object, i, 7, NULL);
    }
    load_set_rodata(object, "limit", "abcd", 4, NULL);
    load_set_rodata(object, "zeros", "abcdefgh", 8, NULL);
    load_set_hook(object, 0, hooks[0], NULL);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    static const struct load_kconfig values[] = { { "CONFIG_DEBUG", "y" },
                                                  { "CONFIG_NAME", "\"name\"" },
                                                  { "LINUX_KERNEL_VERSION", "393216" } };
    struct load_options options = { .kconfig = values, .n_kconfig = size % 4 };
    struct mem mem, registry_mem;
    struct registry registry;
    struct object *object;
    struct text text;
    skep_error err = { 0 };
    mem_init(&registry_mem, NULL, 0);
    registry_init(&registry, &registry_mem);
    for (u32 i = 0; i < n_hooks; i++)
        if (registry_add_hook(&registry, hooks[i], NULL) != SKEP_OK)
            abort();
    mem_init(&mem, NULL, 0);
    if (load_open(&mem, &registry, &options, data, size, &object, &err) == SKEP_OK) {
        if (mem.peak > 32 * size + (1u << 20))
            abort();
        fuzz_set_all(object);
        fuzz_link_all(&mem, object);
        text_init(&text, &mem);
        load_print_relocs(object, &text);
        text_drop(&text);
        load_close(object);
    } else if (!err.id) {
        abort();
    }
    if (mem.used)
        abort();
    registry_drop(&registry);
    return 0;
}
