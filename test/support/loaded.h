/* Objects opened for tests, with the built-in program types, and their programs linked. */
#ifndef SKEP_TEST_LOADED_H
#define SKEP_TEST_LOADED_H

#include "hook/hook.h"
#include "load/load.h"

#include "support/samples.h"
#include "support/unit.h"

#include <stdlib.h>

struct loaded {
    struct mem mem, registry_mem;
    struct arena arena; /* of what is linked */
    struct registry registry;
    struct object *object;
    struct linked linked;
    struct text listing;
    skep_error err;
    u8 *file; /* exactly as large as the file; freed as soon as the object is open */
};

static inline skep_status loaded_open(struct loaded *l, const u8 *file, size_t size,
                                      const struct load_options *options)
{
    *l = (struct loaded){ .file = malloc(size ? size : 1) };
    assert_non_null(l->file);
    if (size)
        memcpy(l->file, file, size);
    mem_init(&l->mem, NULL, 0);
    mem_init(&l->registry_mem, NULL, 0);
    arena_init(&l->arena, &l->mem);
    text_init(&l->listing, &l->mem);
    registry_init(&l->registry, &l->registry_mem);
    for (u32 i = 0; i < n_hooks; i++)
        assert_int_equal(registry_add_hook(&l->registry, hooks[i], NULL), SKEP_OK);
    skep_status status =
        load_open(&l->mem, &l->registry, options, l->file, size, &l->object, &l->err);
    free(l->file);
    return status;
}

static inline void loaded_sample(struct loaded *l, bool big_endian, bool rela)
{
    size_t size;
    u8 *file = sample_object(big_endian, rela, &size);
    assert_int_equal(loaded_open(l, file, size, NULL), SKEP_OK);
    free(file);
}

static inline void loaded_close(struct loaded *l)
{
    text_drop(&l->listing);
    arena_drop(&l->arena);
    load_close(l->object);
    registry_drop(&l->registry);
    assert_int_equal(l->mem.used, 0);
}

static inline skep_status loaded_link(struct loaded *l, const char *program)
{
    u32 i = load_find_program(l->object, program);
    assert_int_not_equal(i, CODE_NONE);
    l->err = (skep_error){ 0 };
    return load_link(l->object, i, &l->arena, &l->linked, &l->err);
}

/* The text of one linked instruction. */
static inline const char *loaded_insn(struct loaded *l, u32 i)
{
    text_drop(&l->listing);
    assert_true(i < l->linked.code.n_insns);
    isa_print(&l->listing, &l->linked.code.insns[i]);
    return text_cstr(&l->listing);
}

static inline struct object_map *loaded_map(struct loaded *l, const char *name)
{
    u32 i = load_find_map(l->object, name);
    assert_int_not_equal(i, CODE_NONE);
    return load_map(l->object, i);
}

/* The name of the i-th map that the linked program uses. */
static inline const char *loaded_map_name(struct loaded *l, u32 i)
{
    assert_true(i < l->linked.n_maps);
    return load_map(l->object, l->linked.maps[i])->spec.name;
}

#endif
