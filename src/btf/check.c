/* Checks every type of a BTF, and finds for each its size and what it is without modifiers.
 *
 * First each type alone: ids, names, members, encodings.  Then the types that lie inside one
 * another by value, depth first with a stack of its own, so that a type that contains itself is
 * found and every size is known after the sizes of its parts. */
#include "btf/words.h"

#define BTF_SIZE_MAX UINT32_MAX
/* In resolved[], while a type is on the stack; no id reaches it (parse.c). */
#define BTF_OPEN UINT32_MAX

static skep_status btf_bad_type(skep_error *err, u32 id, const char *what)
{
    return RAISE(err, SKEP_MALFORMED, BTF_TYPE, NUM(id), STR(what));
}

static bool btf_kind_is(const struct btf *btf, u32 id, enum btf_kind kind)
{
    return id < btf->n && btf_kind(btf, id) == kind;
}

/* Each type alone -------------------------------------------------------------------------------
 */

static const char *btf_int_problem(const struct btf *btf, u32 id)
{
    u32 word = btf_tail_words(btf, id, 0)[0], size = btf_words(btf, id)[2];
    u32 bits = word & 0xff, offset = word >> 16 & 0xff;
    if (!size || size > 16 || bits > 128 || offset + bits > size * 8)
        return "the integer's bits do not fit into its bytes";
    return NULL;
}

static const char *btf_enum_problem(const struct btf *btf, u32 id)
{
    u32 size = btf_words(btf, id)[2];
    return size == 1 || size == 2 || size == 4 || size == 8 ? NULL : "impossible size";
}

static const char *btf_array_problem(const struct btf *btf, u32 id)
{
    return btf_tail_words(btf, id, 0)[1] < btf->n ? NULL : "the index type does not exist";
}

static const char *btf_func_problem(const struct btf *btf, u32 id)
{
    if (btf_linkage(btf, id) > BTF_EXTERN)
        return "unknown linkage";
    return btf_kind_is(btf, btf_target(btf, id), BTF_FUNC_PROTO) ? NULL : "no prototype";
}

static const char *btf_var_problem(const struct btf *btf, u32 id)
{
    return btf_linkage(btf, id) > BTF_EXTERN ? "unknown linkage" : NULL;
}

static u32 btf_taggable_parts(const struct btf *btf, u32 id)
{
    u32 of = btf_kind(btf, id) == BTF_FUNC ? btf_target(btf, id) : id;
    return btf_kind(btf, of) == BTF_DATASEC ? 0 : btf_vlen(btf, of);
}

/* The tagged function may not have been checked yet, so its prototype is looked at with care. */
static const char *btf_decl_tag_problem(const struct btf *btf, u32 id)
{
    u32 target = btf_target(btf, id);
    s32 part = btf_tag_component(btf, id);
    if (part == -1)
        return NULL;
    if (btf_kind(btf, target) == BTF_FUNC && btf_target(btf, target) >= btf->n)
        return "the tagged function has no prototype";
    return part >= 0 && (u32)part < btf_taggable_parts(btf, target)
               ? NULL
               : "the tagged part does not exist";
}

static const char *btf_kind_problem(const struct btf *btf, u32 id)
{
    switch (btf_kind(btf, id)) {
    case BTF_INT: return btf_int_problem(btf, id);
    case BTF_ENUM:
    case BTF_ENUM64: return btf_enum_problem(btf, id);
    case BTF_ARRAY: return btf_array_problem(btf, id);
    case BTF_FUNC: return btf_func_problem(btf, id);
    case BTF_VAR: return btf_var_problem(btf, id);
    case BTF_DECL_TAG: return btf_decl_tag_problem(btf, id);
    case BTF_FLOAT: return btf_words(btf, id)[2] <= 16 ? NULL : "impossible size";
    case BTF_VOID:
    case BTF_PTR:
    case BTF_STRUCT:
    case BTF_UNION:
    case BTF_FWD:
    case BTF_TYPEDEF:
    case BTF_VOLATILE:
    case BTF_CONST:
    case BTF_RESTRICT:
    case BTF_FUNC_PROTO:
    case BTF_DATASEC:
    case BTF_TYPE_TAG:
    case BTF_KIND_COUNT: return NULL;
    }
    UNREACHABLE();
    return NULL;
}

/* Data sections list variables, and (externs of the kernel) functions. */
static const char *btf_section_part_problem(const struct btf *btf, const u32 *words)
{
    if (btf_kind_is(btf, words[0], BTF_VAR) || btf_kind_is(btf, words[0], BTF_FUNC))
        return NULL;
    return "a part is no variable";
}

static const char *btf_part_problem(const struct btf *btf, enum btf_kind kind, const u32 *words)
{
    if (kind == BTF_DATASEC)
        return btf_section_part_problem(btf, words);
    if (!btf_string(btf, words[0]))
        return "the name of a member is outside the strings or too long";
    if (kind != BTF_ENUM && kind != BTF_ENUM64 && words[1] >= btf->n)
        return "the type of a member does not exist";
    return NULL;
}

static const char *btf_problem(const struct btf *btf, u32 id)
{
    if (!btf_string(btf, btf_words(btf, id)[0]))
        return "the name is outside the strings or too long";
    enum btf_kind kind = btf_kind(btf, id);
    if (btf_target(btf, id) >= btf->n)
        return "it refers to a type that does not exist";
    const char *problem = btf_kind_problem(btf, id);
    u32 n = btf_vlen(btf, id);
    for (u32 i = 0; i < n && !problem; i++)
        problem = btf_part_problem(btf, kind, btf_tail_words(btf, id, i));
    return problem;
}

/* Types in types --------------------------------------------------------------------------------
 */

/* A type whose parts are being visited. */
struct btf_visit {
    u32 id, next_part;
};

static bool btf_contains_parts(enum btf_kind kind)
{
    return kind == BTF_STRUCT || kind == BTF_UNION;
}

/* How many types lie in this one by value, and the i-th. */
static u32 btf_n_parts(const struct btf *btf, u32 id)
{
    enum btf_kind kind = btf_kind(btf, id);
    if (btf_contains_parts(kind))
        return btf_vlen(btf, id);
    return kind == BTF_ARRAY || kind == BTF_VAR || btf_kind_rows[kind].third == BTF_THIRD_MODIFIES;
}

static u32 btf_part(const struct btf *btf, u32 id, u32 i)
{
    return btf_contains_parts(btf_kind(btf, id)) ? btf_tail_words(btf, id, i)[1]
                                                 : btf_target(btf, id);
}

/* Requires: the parts are finished. */
static const char *btf_members_problem(const struct btf *btf, u32 id)
{
    u64 room = (u64)btf_words(btf, id)[2] * 8;
    u32 n = btf_vlen(btf, id);
    for (u32 i = 0; i < n; i++) {
        struct btf_member m = btf_member(btf, id, i);
        u64 bits = btf_size(btf, m.type) * 8;
        if (m.bits > bits)
            return "a bit-field is wider than its type";
        if (!btf_kind_rows[btf_kind(btf, btf_skip_modifiers(btf, m.type))].is_data)
            return "a member is of a type without values";
        if (m.bit_offset + (m.bits ? m.bits : bits) > room)
            return "a member lies outside";
    }
    return NULL;
}

/* Requires: the parts are finished. */
static const char *btf_size_of_parts(const struct btf *btf, u32 id, u64 *size)
{
    const struct btf_kind_row *row = &btf_kind_rows[btf_kind(btf, id)];
    *size = row->third == BTF_THIRD_SIZE ? btf_words(btf, id)[2] : 0;
    if (row->third == BTF_THIRD_MODIFIES || btf_kind(btf, id) == BTF_VAR)
        *size = btf_size(btf, btf_target(btf, id));
    else if (btf_kind(btf, id) == BTF_PTR)
        *size = 8;
    else if (btf_kind(btf, id) == BTF_ARRAY &&
             (!mul_ok(btf_array_count(btf, id), btf_size(btf, btf_target(btf, id)), size) ||
              *size > BTF_SIZE_MAX))
        return "the array is too large";
    return btf_contains_parts(btf_kind(btf, id)) ? btf_members_problem(btf, id) : NULL;
}

static const char *btf_finish_type(struct btf *btf, u32 id)
{
    u64 size;
    const char *problem = btf_size_of_parts(btf, id, &size);
    if (problem)
        return problem;
    bool modifies = btf_kind_rows[btf_kind(btf, id)].third == BTF_THIRD_MODIFIES;
    btf->size[id - btf->first_id] = size;
    btf->resolved[id - btf->first_id] =
        1 + (modifies ? btf_skip_modifiers(btf, btf_target(btf, id)) : id);
    return NULL;
}

/* Whether a part must be visited; *problem is set when it is being visited already. */
static bool btf_must_visit(const struct btf *btf, u32 part, const char **problem)
{
    if (part < btf->first_id)
        return false;
    u32 mark = btf->resolved[part - btf->first_id];
    if (mark == BTF_OPEN)
        *problem = "it contains itself";
    return !mark;
}

/* Visits all that lies in a type; the stack has room for every own type. */
static skep_status btf_resolve(struct btf *btf, u32 root, struct btf_visit *stack, skep_error *err)
{
    u32 depth = 0;
    stack[depth++] = (struct btf_visit){ .id = root };
    while (depth) {
        struct btf_visit *top = &stack[depth - 1];
        const char *problem = NULL;
        btf->resolved[top->id - btf->first_id] = BTF_OPEN;
        if (top->next_part == btf_n_parts(btf, top->id)) {
            problem = btf_finish_type(btf, top->id);
            depth--;
        } else {
            u32 part = btf_part(btf, top->id, top->next_part++);
            if (btf_must_visit(btf, part, &problem))
                stack[depth++] = (struct btf_visit){ .id = part };
        }
        if (problem)
            return btf_bad_type(err, top->id, problem);
    }
    return SKEP_OK;
}

static skep_status btf_resolve_all(struct btf *btf, struct btf_visit *stack, skep_error *err)
{
    for (u32 id = btf->first_id; id < btf->n; id++)
        if (!btf->resolved[id - btf->first_id])
            TRY(btf_resolve(btf, id, stack, err));
    return SKEP_OK;
}

skep_status btf_check(struct btf *btf, struct mem *mem, skep_error *err)
{
    for (u32 id = btf->first_id; id < btf->n; id++) {
        const char *problem = btf_problem(btf, id);
        if (problem)
            return btf_bad_type(err, id, problem);
    }
    u32 n = btf->n - btf->first_id;
    if (!n)
        return SKEP_OK;
    struct btf_visit *stack = mem_alloc(mem, n * sizeof(*stack));
    if (!stack)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("BTF types"));
    skep_status status = btf_resolve_all(btf, stack, err);
    mem_free(mem, stack, n * sizeof(*stack));
    return status;
}

#undef BTF_SIZE_MAX
#undef BTF_OPEN
