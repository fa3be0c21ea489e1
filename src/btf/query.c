/* Answers about types of a checked BTF: constant time, except the searches among members. */
#include "btf/words.h"

const char *btf_kind_name(enum btf_kind kind) { return btf_kind_rows[kind].name; }

enum btf_kind btf_kind(const struct btf *btf, u32 id)
{
    assert(id < btf->n);
    return id ? (enum btf_kind)btf_info_kind(btf_words(btf, id)[1]) : BTF_VOID;
}

/* The length limit makes a search for the terminator cheap wherever the offset points. */
const char *btf_string(const struct btf *btf, u32 offset)
{
    while (offset < btf->first_name)
        btf = btf->base;
    u32 at = offset - btf->first_name;
    if (at >= btf->names_size)
        return NULL;
    u32 room = min_u32(btf->names_size - at, BTF_NAME_MAX + 1);
    return memchr(btf->names + at, 0, room) ? btf->names + at : NULL;
}

const char *btf_name(const struct btf *btf, u32 id)
{
    return id ? btf_string(btf, btf_words(btf, id)[0]) : "void";
}

u32 btf_vlen(const struct btf *btf, u32 id)
{
    if (!btf_kind_rows[btf_kind(btf, id)].member_words)
        return 0;
    return btf_info_vlen(btf_words(btf, id)[1]);
}

bool btf_flag(const struct btf *btf, u32 id) { return id && btf_info_flag(btf_words(btf, id)[1]); }

u32 btf_target(const struct btf *btf, u32 id)
{
    enum btf_kind kind = btf_kind(btf, id);
    if (kind == BTF_ARRAY)
        return btf_tail_words(btf, id, 0)[0];
    return btf_third_is_type(&btf_kind_rows[kind]) ? btf_words(btf, id)[2] : 0;
}

u32 btf_skip_modifiers(const struct btf *btf, u32 id)
{
    if (!id)
        return 0;
    const struct btf *own = btf_owner(btf, id);
    return own->resolved[id - own->first_id] - 1;
}

u64 btf_size(const struct btf *btf, u32 id)
{
    if (!id)
        return 0;
    const struct btf *own = btf_owner(btf, id);
    return own->size[id - own->first_id];
}

u32 btf_array_count(const struct btf *btf, u32 id)
{
    return btf_kind(btf, id) == BTF_ARRAY ? btf_tail_words(btf, id, 0)[2] : 0;
}

static u32 btf_int_word(const struct btf *btf, u32 id)
{
    return btf_kind(btf, id) == BTF_INT ? btf_tail_words(btf, id, 0)[0] : 0;
}

u32 btf_int_encoding(const struct btf *btf, u32 id) { return btf_int_word(btf, id) >> 24 & 0xf; }

u32 btf_int_bits(const struct btf *btf, u32 id) { return btf_int_word(btf, id) & 0xff; }

u32 btf_linkage(const struct btf *btf, u32 id)
{
    enum btf_kind kind = btf_kind(btf, id);
    if (kind == BTF_FUNC)
        return btf_info_vlen(btf_words(btf, id)[1]);
    return kind == BTF_VAR ? btf_tail_words(btf, id, 0)[0] : 0;
}

s32 btf_tag_component(const struct btf *btf, u32 id)
{
    return btf_kind(btf, id) == BTF_DECL_TAG ? (s32)btf_tail_words(btf, id, 0)[0] : -1;
}

/* Members ---------------------------------------------------------------------------------------
 */

/* With the flag, offsets hold the width of a bit-field in their upper byte. */
static void btf_member_place(struct btf_member *m, bool flag, u32 word)
{
    m->bit_offset = flag ? word & 0xffffff : word;
    m->bits = flag ? word >> 24 : 0;
}

/* ENUM and ENUM64 keep a value's lower half in the second word. */
static u64 btf_enum_value(const u32 *words, enum btf_kind kind, bool is_signed)
{
    if (kind == BTF_ENUM64)
        return (u64)words[2] << 32 | words[1];
    return is_signed ? (u64)(s64)(s32)words[1] : words[1];
}

struct btf_member btf_member(const struct btf *btf, u32 id, u32 i)
{
    assert(i < btf_vlen(btf, id));
    enum btf_kind kind = btf_kind(btf, id);
    const u32 *words = btf_tail_words(btf, id, i);
    struct btf_member m = { .name = "" };
    if (kind == BTF_DATASEC) {
        m.type = words[0];
        m.name = btf_name(btf, m.type);
        m.offset = words[1];
        m.size = words[2];
        return m;
    }
    m.name = btf_string(btf, words[0]);
    if (kind == BTF_ENUM || kind == BTF_ENUM64) {
        m.value = btf_enum_value(words, kind, btf_flag(btf, id));
        return m;
    }
    m.type = words[1];
    if (kind != BTF_FUNC_PROTO)
        btf_member_place(&m, btf_flag(btf, id), words[2]);
    return m;
}

bool btf_find_member(const struct btf *btf, u32 id, const char *name, struct btf_member *out)
{
    u32 n = btf_vlen(btf, id);
    for (u32 i = 0; i < n; i++) {
        struct btf_member m = btf_member(btf, id, i);
        if (strcmp(m.name, name))
            continue;
        *out = m;
        return true;
    }
    return false;
}
