/* Reading a BTF blob: header, the type section as words of this machine, where each type begins,
 * and the index of names.
 *
 * Linux's Documentation/bpf/btf.rst, "BTF Header" to "Type Encoding".  Every value of the type
 * section is a 32-bit word, so that one pass over it settles the byte order for good. */
#include "btf/words.h"

#define BTF_MAGIC 0xeb9fu
#define BTF_VERSION 1u
#define BTF_HEADER_SIZE 24u

struct btf_header {
    u32 size, type_offset, type_size, string_offset, string_size;
    bool big_endian;
};

/* clang-format off */
const struct btf_kind_row btf_kind_rows[BTF_KIND_COUNT] = {
#define K(NAME, text, extra, member, third, data) \
    [BTF_##NAME] = { text, extra, member, BTF_THIRD_##third, BTF_HAS_##data },
    BTF_KINDS(K)
#undef K
};
/* clang-format on */

u64 btf_words_of_info(u32 info)
{
    u32 kind = btf_info_kind(info);
    if (kind == BTF_VOID || kind >= BTF_KIND_COUNT || info & BTF_INFO_RESERVED)
        return 0;
    const struct btf_kind_row *row = &btf_kind_rows[kind];
    return 3 + row->extra_words + (u64)row->member_words * btf_info_vlen(info);
}

static skep_status btf_read_header(struct btf_header *h, const u8 *p, u64 size, skep_error *err)
{
    if (size < BTF_HEADER_SIZE)
        return RAISE(err, SKEP_MALFORMED, BTF_HEADER, STR("shorter than a header"));
    h->big_endian = load_u16(p, true) == BTF_MAGIC;
    if (load_u16(p, h->big_endian) != BTF_MAGIC)
        return RAISE(err, SKEP_MALFORMED, BTF_HEADER, STR("bad magic number"));
    if (p[2] != BTF_VERSION || p[3])
        return RAISE(err, SKEP_UNSUPPORTED, BTF_HEADER, STR("unknown version or flags"));
    u32 *fields[] = { &h->size, &h->type_offset, &h->type_size, &h->string_offset,
                      &h->string_size };
    for (u32 i = 0; i < ARRAY_LEN(fields); i++)
        *fields[i] = load_u32(p + 4 + 4 * i, h->big_endian);
    if (h->size < BTF_HEADER_SIZE || h->size > size || h->type_offset % 4 || h->type_size % 4)
        return RAISE(err, SKEP_MALFORMED, BTF_HEADER, STR("impossible or unaligned sizes"));
    u64 left = size - h->size; /* both offsets count from the end of the header */
    if ((u64)h->type_offset + h->type_size > left || (u64)h->string_offset + h->string_size > left)
        return RAISE(err, SKEP_MALFORMED, BTF_HEADER, STR("a section lies outside the data"));
    return SKEP_OK;
}

/* The first string of a BTF without base is the empty one, which names what is anonymous. */
static skep_status btf_take_strings(struct btf *btf, const u8 *strings, u32 size, skep_error *err)
{
    bool terminated = size && !strings[size - 1];
    bool empty_first = size && !strings[0];
    if (btf->base ? size && !terminated : !terminated || !empty_first)
        return RAISE(err, SKEP_MALFORMED, BTF_HEADER,
                     STR("the strings do not begin and end with a zero byte"));
    btf->names = (const char *)strings;
    btf->names_size = size;
    return SKEP_OK;
}

static skep_status btf_take_words(struct btf *btf, struct arena *arena, const u8 *types,
                                  u32 n_words, bool big_endian, skep_error *err)
{
    btf->words = arena_array(arena, u32, max_u64(n_words, 1));
    if (!btf->words)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("BTF types"));
    for (u32 i = 0; i < n_words; i++)
        btf->words[i] = load_u32(types + (u64)i * 4, big_endian);
    return SKEP_OK;
}

static skep_status btf_count_types(const struct btf *btf, u32 n_words, u32 *count, skep_error *err)
{
    u32 n = 0;
    for (u32 at = 0; at < n_words; n++) {
        u64 words = n_words - at >= 3 ? btf_words_of_info(btf->words[at + 1]) : 0;
        if (!words || words > n_words - at)
            return RAISE(err, SKEP_MALFORMED, BTF_TYPE, NUM((u64)btf->first_id + n),
                         STR("unknown kind, or cut short"));
        at += (u32)words;
    }
    if (n >= UINT32_MAX - btf->first_id)
        return RAISE(err, SKEP_LIMIT, BTF_HEADER, STR("too many types"));
    *count = n;
    return SKEP_OK;
}

static skep_status btf_index_starts(struct btf *btf, struct arena *arena, u32 count,
                                    skep_error *err)
{
    btf->start = arena_array(arena, u32, (u64)count + 1);
    btf->size = arena_array(arena, u64, (u64)count + 1);
    btf->resolved = arena_array(arena, u32, (u64)count + 1);
    if (!btf->start || !btf->size || !btf->resolved)
        return RAISE(err, SKEP_NOMEM, NOMEM, STR("BTF types"));
    u32 at = 0;
    for (u32 i = 0; i < count; i++) {
        btf->start[i] = at;
        at += (u32)btf_words_of_info(btf->words[at + 1]);
    }
    btf->n = btf->first_id + count;
    return SKEP_OK;
}

/* Names -----------------------------------------------------------------------------------------
 */

static u64 btf_name_hash(const struct btf *btf, enum btf_kind kind, const char *name)
{
    return hash_string(name, btf->by_name.seed + (u64)kind);
}

static u32 btf_find_own(const struct btf *btf, enum btf_kind kind, const char *name)
{
    u64 hash = btf_name_hash(btf, kind, name);
    for (struct hash_probe p = hash_probe(&btf->by_name, hash); hash_next(&btf->by_name, &p);)
        if (btf_kind(btf, p.position) == kind && !strcmp(btf_name(btf, p.position), name))
            return p.position;
    return 0;
}

/* Only the first type of a kind and name is entered: a thousand types of one name must not make a
 * chain of a thousand entries. */
static skep_status btf_index_names(struct btf *btf, struct mem *mem, skep_error *err)
{
    hash_index_init(&btf->by_name, mem);
    for (u32 id = max_u32(btf->first_id, 1); id < btf->n; id++) {
        const char *name = btf_name(btf, id);
        enum btf_kind kind = btf_kind(btf, id);
        if (!*name || btf_find_own(btf, kind, name))
            continue;
        if (!hash_index_add(&btf->by_name, btf_name_hash(btf, kind, name), id)) {
            btf_drop(btf);
            return RAISE(err, SKEP_NOMEM, NOMEM, STR("BTF names"));
        }
    }
    return SKEP_OK;
}

u32 btf_find(const struct btf *btf, enum btf_kind kind, const char *name)
{
    for (; btf; btf = btf->base) {
        u32 id = btf_find_own(btf, kind, name);
        if (id)
            return id;
    }
    return 0;
}

void btf_drop(struct btf *btf) { hash_index_drop(&btf->by_name); }

skep_status btf_parse(struct btf *out, struct arena *arena, const void *data, u64 size,
                      const struct btf *base, skep_error *err)
{
    const u8 *p = data;
    struct btf_header h;
    u32 count = 0;
    TRY(btf_read_header(&h, p, size, err));
    struct btf btf = {
        .base = base,
        .first_id = base ? base->n : 1,
        .first_name = base ? base->first_name + base->names_size : 0,
        .big_endian = h.big_endian,
    };
    if (h.string_size > UINT32_MAX - btf.first_name)
        return RAISE(err, SKEP_LIMIT, BTF_HEADER, STR("too many strings"));
    const u8 *sections = p + h.size;
    TRY(btf_take_strings(&btf, sections + h.string_offset, h.string_size, err));
    TRY(btf_take_words(&btf, arena, sections + h.type_offset, h.type_size / 4, h.big_endian, err));
    TRY(btf_count_types(&btf, h.type_size / 4, &count, err));
    TRY(btf_index_starts(&btf, arena, count, err));
    TRY(btf_check(&btf, arena->mem, err));
    TRY(btf_index_names(&btf, arena->mem, err));
    *out = btf;
    return SKEP_OK;
}

#undef BTF_MAGIC
#undef BTF_VERSION
#undef BTF_HEADER_SIZE
