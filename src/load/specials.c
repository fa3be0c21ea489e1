/* What of a map's values belongs to helpers: locks, timers, kernel pointers and so on, by their
 * types.  As Linux looks for them since 6.11: members of the value, or of a struct in it, not of
 * unions and arrays. */
#include "load/object.h"

static const struct load_special_type {
    const char *name;
    u8 kind, size;
} load_special_types[] = {
    { "bpf_timer", SKEP_SPECIAL_TIMER, 16 },    { "bpf_wq", SKEP_SPECIAL_WORK, 16 },
    { "bpf_list_head", SKEP_SPECIAL_LIST, 16 }, { "bpf_list_node", SKEP_SPECIAL_LIST, 24 },
    { "bpf_rb_root", SKEP_SPECIAL_TREE, 16 },   { "bpf_rb_node", SKEP_SPECIAL_TREE, 32 },
    { "bpf_refcount", SKEP_SPECIAL_COUNT, 4 },
};

/* Tags on what a pointer points to. */
static const struct load_special_tag {
    const char *name;
    u8 kind;
} load_special_tags[] = {
    { "kptr_untrusted", SKEP_SPECIAL_POINTER },
    { "kptr", SKEP_SPECIAL_REFERENCE },
    { "percpu_kptr", SKEP_SPECIAL_REFERENCE },
};

/* Structs that only the object knows are told apart by its own numbers, as far as those go. */
static u32 load_special_target(const struct btf *btf, u32 type)
{
    u32 known = contract_type_named(btf_name(btf, type));
    if (known != SKEP_TYPE_UNKNOWN || type >= SKEP_TYPE_OF_SLOT - SKEP_TYPE_OBJECT)
        return known;
    return SKEP_TYPE_OBJECT + type;
}

/* A struct that is being searched. */
struct load_search {
    u32 type, next; /* member */
    u64 bits;       /* where it lies in the value */
};

static bool load_put_special(struct skep_map_spec *spec, struct skep_special special)
{
    for (u32 i = 0; i < SKEP_MAX_SPECIALS; i++)
        if (spec->specials[i].kind == SKEP_SPECIAL_NONE) {
            spec->specials[i] = special;
            return true;
        }
    return false;
}

static struct skep_special load_special_struct(const struct btf *btf, u32 type)
{
    for (u32 i = 0; i < ARRAY_LEN(load_special_types); i++)
        if (!strcmp(btf_name(btf, type), load_special_types[i].name))
            return (struct skep_special){ .kind = load_special_types[i].kind,
                                          .size = load_special_types[i].size };
    return (struct skep_special){ .kind = SKEP_SPECIAL_NONE };
}

static struct skep_special load_special_pointer(const struct btf *btf, u32 pointer)
{
    u32 tag = btf_target(btf, pointer);
    if (btf_kind(btf, tag) == BTF_TYPE_TAG)
        for (u32 i = 0; i < ARRAY_LEN(load_special_tags); i++)
            if (!strcmp(btf_name(btf, tag), load_special_tags[i].name))
                return (struct skep_special){ .kind = load_special_tags[i].kind,
                                              .size = 8,
                                              .type = load_special_target(
                                                  btf, btf_skip_modifiers(btf, tag)) };
    return (struct skep_special){ .kind = SKEP_SPECIAL_NONE };
}

/* Types may name one another many times over, so the search ends after so many members. */
bool load_find_specials(const struct btf *btf, u32 value, struct skep_map_spec *spec)
{
    enum { LOAD_SPECIAL_DEPTH = 32, LOAD_SPECIAL_MEMBERS = 65536 };
    struct load_search open[LOAD_SPECIAL_DEPTH] = { { .type = btf_skip_modifiers(btf, value) } };
    u32 depth = btf_kind(btf, open[0].type) == BTF_STRUCT;
    for (u32 n = 0; depth && n < LOAD_SPECIAL_MEMBERS; n++) {
        struct load_search *in = &open[depth - 1];
        if (in->next == btf_vlen(btf, in->type)) {
            depth--;
            continue;
        }
        struct btf_member m = btf_member(btf, in->type, in->next++);
        u32 of = btf_skip_modifiers(btf, m.type);
        enum btf_kind kind = btf_kind(btf, of);
        u64 bits = in->bits + m.bit_offset;
        struct skep_special special = { .kind = SKEP_SPECIAL_NONE };
        if (bits / 8 >= UINT32_MAX)
            continue;
        if (kind == BTF_STRUCT && !strcmp(btf_name(btf, of), "bpf_spin_lock")) {
            spec->lock_at = spec->lock_at ? spec->lock_at : 1 + (u32)(bits / 8);
            continue;
        }
        if (kind == BTF_STRUCT)
            special = load_special_struct(btf, of);
        else if (kind == BTF_PTR)
            special = load_special_pointer(btf, of);
        special.offset = (u32)(bits / 8);
        if (special.kind != SKEP_SPECIAL_NONE) {
            if (!load_put_special(spec, special))
                return false;
        } else if (kind == BTF_STRUCT && depth < LOAD_SPECIAL_DEPTH) {
            open[depth++] = (struct load_search){ .type = of, .bits = bits };
        }
    }
    return true;
}
