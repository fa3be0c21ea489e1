/* Pass: the signatures of global functions, from their types.
 *
 * Another function with the same signature may take the place of a global one (that is what
 * freplace programs do in Linux), so callers and the function itself are verified apart, by the
 * signature alone.  Tags on parameters ("arg:ctx", "arg:nonnull" …, libbpf's __arg_ctx and so on)
 * say what types do not: Linux's Documentation/bpf/libbpf/program_types.rst and bpf_helpers.h.
 *
 * A function whose types say no such signature (no types, more than five parameters, a result that
 * is no number, a pointer to what has no size) has none: it is verified where it is called, as
 * static functions are.
 *
 * Needs: types, code.  Gives: signature of o->funcs. */
#include "load/object.h"

#define SIGNATURE_TAG "arg:"
#define SIGNATURE_EXCEPTION "exception_callback:"

enum signature_tags {
    SIGNATURE_CTX = 1,
    SIGNATURE_NONNULL = 2,
    SIGNATURE_NULLABLE = 4,
    SIGNATURE_TRUSTED = 8,
    SIGNATURE_ARENA = 16,
    SIGNATURE_UNKNOWN = 32,
};

static bool signature_is_number(const struct btf *btf, u32 type)
{
    enum btf_kind kind = btf_kind(btf, btf_skip_modifiers(btf, type));
    return kind == BTF_INT || kind == BTF_ENUM || kind == BTF_ENUM64;
}

static struct load_param signature_pointer(const struct btf *btf, u32 ptr)
{
    u32 to = btf_skip_modifiers(btf, btf_target(btf, ptr));
    enum btf_kind kind = btf_kind(btf, to);
    bool named = kind == BTF_STRUCT || kind == BTF_FWD;
    struct load_param param = {
        .arg = { .kind = CODE_ARG_MEMORY, .nullable = true },
        .pointee = named ? btf_name(btf, to) : "",
    };
    u64 bytes = btf_size(btf, to);
    if (!strcmp(param.pointee, "bpf_dynptr"))
        param.arg = (struct code_arg){ .kind = CODE_ARG_DYNPTR };
    else if (!bytes || bytes > INT32_MAX)
        param.sizeless = true;
    else
        param.arg.bytes = (u32)bytes;
    return param;
}

static struct load_param signature_param(const struct btf *btf, u32 type)
{
    u32 resolved = btf_skip_modifiers(btf, type);
    if (signature_is_number(btf, type))
        return (struct load_param){ .arg = { .kind = CODE_ARG_SCALAR }, .pointee = "" };
    if (btf_kind(btf, resolved) == BTF_PTR)
        return signature_pointer(btf, resolved);
    return (struct load_param){ .pointee = "", .sizeless = true };
}

static bool signature_is_usable(const struct btf *btf, u32 type, u32 proto)
{
    return btf_linkage(btf, type) == BTF_GLOBAL && btf_kind(btf, proto) == BTF_FUNC_PROTO &&
           btf_vlen(btf, proto) <= 5 && signature_is_number(btf, btf_target(btf, proto));
}

static struct load_signature *signature_of(struct object *o, u32 type)
{
    const struct btf *btf = &o->btf;
    u32 proto = btf_target(btf, type);
    struct load_signature *signature = arena_new(&o->arena, struct load_signature);
    if (!signature)
        return NULL;
    signature->usable = signature_is_usable(btf, type, proto);
    signature->n_args = signature->usable ? btf_vlen(btf, proto) : 0;
    for (u32 i = 0; i < signature->n_args; i++)
        signature->params[i] = signature_param(btf, btf_member(btf, proto, i).type);
    return signature;
}

/* Tags ------------------------------------------------------------------------------------------
 */

static u8 signature_tag(const char *name)
{
    static const struct {
        const char *name;
        u8 tag;
    } tags[] = {
        { "ctx", SIGNATURE_CTX },           { "nonnull", SIGNATURE_NONNULL },
        { "nullable", SIGNATURE_NULLABLE }, { "trusted", SIGNATURE_TRUSTED },
        { "arena", SIGNATURE_ARENA },
    };
    for (u32 i = 0; i < ARRAY_LEN(tags); i++)
        if (!strcmp(tags[i].name, name))
            return tags[i].tag;
    return SIGNATURE_UNKNOWN;
}

static void signature_read_tag(const struct btf *btf, u32 id, struct load_signature *const *by_type)
{
    const char *text = btf_name(btf, id);
    u32 target = btf_target(btf, id);
    s32 i = btf_tag_component(btf, id);
    struct load_signature *signature = target < btf->n ? by_type[target] : NULL;
    if (signature && i < 0 && !strncmp(text, SIGNATURE_EXCEPTION, strlen(SIGNATURE_EXCEPTION))) {
        signature->two_exceptions = signature->exception != NULL;
        signature->exception = text + strlen(SIGNATURE_EXCEPTION);
    }
    if (signature && i >= 0 && (u32)i < signature->n_args &&
        !strncmp(text, SIGNATURE_TAG, strlen(SIGNATURE_TAG)))
        signature->params[i].tags |= signature_tag(text + strlen(SIGNATURE_TAG));
}

/* The whole -------------------------------------------------------------------------------------
 */

skep_status load_pass_signatures(struct object *o, skep_error *err)
{
    const struct btf *btf = &o->btf;
    if (!o->has_btf)
        return SKEP_OK;
    struct load_signature **by_type = arena_array(&o->arena, struct load_signature *, btf->n);
    if (!by_type)
        return load_nomem(err, "signatures");
    for (u32 f = 0; f < o->funcs.n; f++) {
        struct load_func *func = &o->funcs.data[f];
        u32 type = func->is_global ? btf_find(btf, BTF_FUNC, func->name) : 0;
        if (type && !(func->signature = by_type[type] = signature_of(o, type)))
            return load_nomem(err, "signatures");
    }
    for (u32 id = 1; id < btf->n; id++)
        if (btf_kind(btf, id) == BTF_DECL_TAG)
            signature_read_tag(btf, id, by_type);
    return SKEP_OK;
}

static bool signature_is_ctx(const struct load_param *param, const struct skep_hook *hook)
{
    return (param->tags & SIGNATURE_CTX) ||
           (!param->tags && *param->pointee && hook && hook->ctx_type &&
            !strcmp(param->pointee, hook->ctx_type));
}

/* false: nothing can be verified by it. */
static bool signature_settle(const struct load_param *param, const struct skep_hook *hook,
                             struct code_arg *arg)
{
    *arg = param->arg;
    if (param->tags & SIGNATURE_UNKNOWN)
        return false;
    if (param->tags & SIGNATURE_NONNULL)
        arg->nullable = false;
    if (signature_is_ctx(param, hook))
        *arg = (struct code_arg){ .kind = CODE_ARG_CTX };
    else if (param->tags & SIGNATURE_ARENA)
        *arg = (struct code_arg){ .kind = CODE_ARG_SCALAR };
    else if (param->tags & SIGNATURE_TRUSTED)
        *arg = (struct code_arg){ .kind = CODE_ARG_TYPED,
                                  .nullable = param->tags & SIGNATURE_NULLABLE,
                                  .type = (u16)contract_type_named(param->pointee) };
    else
        return !param->sizeless;
    return true;
}

skep_status load_settle_signature(struct arena *arena, const struct load_signature *from,
                                  const struct skep_hook *hook, const struct code_signature **out)
{
    *out = NULL;
    if (!from || !from->usable)
        return SKEP_OK;
    struct code_signature *signature = arena_new(arena, struct code_signature);
    if (!signature)
        return SKEP_NOMEM;
    signature->n_args = from->n_args;
    bool settled = true;
    for (u32 i = 0; i < from->n_args; i++)
        settled &= signature_settle(&from->params[i], hook, &signature->args[i]);
    if (settled)
        *out = signature;
    return SKEP_OK;
}

#undef SIGNATURE_TAG
#undef SIGNATURE_EXCEPTION
