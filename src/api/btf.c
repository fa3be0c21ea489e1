/* Type information (include/skep/btf.h): thin over btf/. */
#include "api/api.h"
#include <skep/btf.h>

#define API_BTF_MAX_FILE ((size_t)256 << 20) /* bytes; a kernel's types have about 6 MB */

struct skep_btf {
    struct skep_env *env;
    struct arena arena; /* the bytes, and all that btf/ makes of them */
    struct btf types;
};

static skep_status api_btf_parse(struct skep_btf *btf, const void *bytes, size_t size,
                                 const struct skep_btf *base, skep_error *err)
{
    void *copy = size ? arena_copy(&btf->arena, bytes, size) : NULL;
    if (size && !copy)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("the types"));
    return btf_parse(&btf->types, &btf->arena, copy, size, base ? &base->types : NULL, err);
}

skep_status skep_btf_open(skep_env *env, const void *bytes, size_t size, const skep_btf *base,
                          skep_btf **out, skep_error *err)
{
    if (!env || !out || (!bytes && size))
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_btf_open"), STR("NULL"));
    struct skep_btf *btf = mem_new(&env->mem, struct skep_btf);
    if (!btf)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("the types"));
    btf->env = env;
    arena_init(&btf->arena, &env->mem);
    skep_status status = api_btf_parse(btf, bytes, size, base, err);
    if (status != SKEP_OK) {
        arena_drop(&btf->arena);
        mem_delete(&env->mem, btf);
        return status;
    }
    *out = btf;
    return SKEP_OK;
}

skep_status skep_btf_open_file(skep_env *env, const char *path, const skep_btf *base,
                               skep_btf **out, skep_error *err)
{
    if (!env || !path || !out)
        return RAISE(err, SKEP_BAD_ARG, BAD_ARG, STR("skep_btf_open_file"), STR("NULL"));
    u8 *data;
    size_t size;
    skep_status status = os_read_file(&env->mem, path, API_BTF_MAX_FILE, &data, &size);
    if (status != SKEP_OK)
        return RAISE(err, status, FILE_READ, STR(path), STR(skep_status_name(status)));
    status = skep_btf_open(env, data, size, base, out, err);
    mem_free(&env->mem, data, size);
    return status;
}

#undef API_BTF_MAX_FILE

void skep_btf_close(skep_btf *btf)
{
    if (!btf)
        return;
    btf_drop(&btf->types);
    arena_drop(&btf->arena);
    mem_delete(&btf->env->mem, btf);
}

uint32_t skep_btf_n_types(const skep_btf *btf) { return btf->types.n; }

skep_status skep_btf_type(const skep_btf *btf, uint32_t id, struct skep_btf_type *type)
{
    const struct btf *types = &btf->types;
    if (id >= types->n)
        return SKEP_NOT_FOUND;
    *type = (struct skep_btf_type){
        .kind = btf_kind_name(btf_kind(types, id)),
        .name = btf_name(types, id),
        .size = btf_size(types, id),
        .n_members = btf_vlen(types, id),
        .target = btf_target(types, id),
        .underlying = btf_skip_modifiers(types, id),
    };
    return SKEP_OK;
}

uint32_t skep_btf_find(const skep_btf *btf, const char *kind, const char *name)
{
    for (u32 k = 0; k < BTF_KIND_COUNT; k++)
        if (!strcmp(btf_kind_name((enum btf_kind)k), kind))
            return btf_find(&btf->types, (enum btf_kind)k, name);
    return 0;
}

skep_status skep_btf_print(const skep_btf *btf, uint32_t id, char **out)
{
    if (id >= btf->types.n)
        return SKEP_NOT_FOUND;
    struct text text;
    text_init(&text, &btf->env->mem);
    btf_print_definition(&text, &btf->types, id);
    skep_status status = api_text_out(&text, out);
    text_drop(&text);
    return status;
}
