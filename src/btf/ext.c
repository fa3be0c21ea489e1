/* Reading .BTF.ext: which function, source line and CO-RE relocation belongs to which instruction.
 *
 * Linux's Documentation/bpf/btf.rst, ".BTF.ext section".  The three parts have one shape: the size
 * of a record, then for each section of the object its name, a count, and the records.  Records may
 * be longer than what is known here: newer compilers may append fields. */
#include "btf/btf.h"

#define BTF_EXT_MAGIC 0xeb9fu
#define BTF_EXT_VERSION 1u
#define BTF_EXT_HEADER_SIZE 24u /* with func_info and line_info; core_relo came later */
#define BTF_EXT_HEADER_CORE 32u

/* What is being read; every failure is reported from here. */
struct btf_ext_reader {
    const struct btf *btf;
    struct arena *arena;
    struct bytes in; /* one part */
    const char *part;
    u64 part_offset;
    skep_error *err;
};

static skep_status btf_ext_bad(const struct btf_ext_reader *r, const char *what)
{
    return RAISE(r->err, SKEP_MALFORMED, BTF_EXT, STR(r->part), NUM(r->part_offset + r->in.at),
                 STR(what));
}

/* Reads the head of the next section and steps over its records. */
static skep_status btf_ext_section(struct btf_ext_reader *r, u32 record_size,
                                   struct btf_ext_section *section, const u8 **records)
{
    u32 name, n;
    u64 bytes;
    if (bytes_u32(&r->in, &name) || bytes_u32(&r->in, &n))
        return btf_ext_bad(r, "a section is cut short");
    section->name = btf_string(r->btf, name);
    section->n = n;
    if (!section->name)
        return btf_ext_bad(r, "the section's name is outside the strings");
    if (!n || !mul_ok(n, record_size, &bytes) || bytes_take(&r->in, bytes, records))
        return btf_ext_bad(r, "no records, or more than there is data");
    return SKEP_OK;
}

/* Steps over all sections; fills them in when their array exists already. */
static skep_status btf_ext_walk(struct btf_ext_reader *r, u32 record_size,
                                struct btf_ext_part *part)
{
    struct btf_ext_section section;
    const u8 *records;
    u32 n = 0, first = 0;
    u64 start = r->in.at;
    for (; bytes_left(&r->in); n++) {
        TRY(btf_ext_section(r, record_size, &section, &records));
        section.first = first;
        first += section.n; /* the records lie in less than 4 GB */
        if (part->sections)
            part->sections[n] = section;
    }
    part->n_sections = n;
    part->n_records = first;
    r->in.at = start;
    return SKEP_OK;
}

/* Records -----------------------------------------------------------------------------------------
 */

static u32 btf_ext_word(const struct btf_ext_reader *r, const u8 *record, u32 i)
{
    return load_u32(record + 4 * i, r->in.big_endian);
}

static skep_status btf_ext_func(struct btf_ext_reader *r, const u8 *record, void *out)
{
    struct btf_func_info func = { .offset = btf_ext_word(r, record, 0),
                                  .type = btf_ext_word(r, record, 1) };
    if (func.type >= r->btf->n || btf_kind(r->btf, func.type) != BTF_FUNC)
        return btf_ext_bad(r, "a function's type is no function");
    *(struct btf_func_info *)out = func;
    return SKEP_OK;
}

static skep_status btf_ext_line(struct btf_ext_reader *r, const u8 *record, void *out)
{
    u32 place = btf_ext_word(r, record, 3);
    struct btf_line_info line = { .offset = btf_ext_word(r, record, 0),
                                  .file = btf_string(r->btf, btf_ext_word(r, record, 1)),
                                  .text = btf_string(r->btf, btf_ext_word(r, record, 2)),
                                  .line = place >> 10,
                                  .column = place & 0x3ff };
    if (!line.file)
        return btf_ext_bad(r, "a line's file is outside the strings");
    if (!line.text)
        line.text = ""; /* long lines are no reason to refuse an object */
    *(struct btf_line_info *)out = line;
    return SKEP_OK;
}

static skep_status btf_ext_relo(struct btf_ext_reader *r, const u8 *record, void *out)
{
    struct btf_core_relo relo = { .offset = btf_ext_word(r, record, 0),
                                  .type = btf_ext_word(r, record, 1),
                                  .access = btf_string(r->btf, btf_ext_word(r, record, 2)),
                                  .kind = btf_ext_word(r, record, 3) };
    if (relo.type >= r->btf->n || !relo.access)
        return btf_ext_bad(r, "a CO-RE relocation's type or access string does not exist");
    *(struct btf_core_relo *)out = relo;
    return SKEP_OK;
}

/* How the three parts differ. */
struct btf_ext_table {
    const char *name;
    u32 header_at;   /* where the header has the part's offset and length */
    u32 record_size; /* of the fields known here */
    u32 item_size;
    skep_status (*decode)(struct btf_ext_reader *r, const u8 *record, void *out);
};
/* clang-format off */
static const struct btf_ext_table btf_ext_tables[] = {
    { "func_info", 8,  8,  sizeof(struct btf_func_info), btf_ext_func },
    { "line_info", 16, 16, sizeof(struct btf_line_info), btf_ext_line },
    { "core_relo", 24, 16, sizeof(struct btf_core_relo), btf_ext_relo },
};
/* clang-format on */

/* Positions the reader on a part; its offset counts from the end of the header. */
static skep_status btf_ext_enter(struct btf_ext_reader *r, const struct btf_ext_table *table,
                                 const struct bytes *all, u32 header_size)
{
    const u8 *p = all->data + table->header_at;
    u64 offset = header_size + (u64)load_u32(p, all->big_endian);
    r->part = table->name;
    r->part_offset = offset;
    r->in = bytes_over(NULL, 0, all->big_endian);
    if (bytes_slice(all, offset, load_u32(p + 4, all->big_endian), &r->in))
        return btf_ext_bad(r, "it lies outside the data");
    return SKEP_OK;
}

static skep_status btf_ext_decode(struct btf_ext_reader *r, const struct btf_ext_table *table,
                                  u32 record_size, const struct btf_ext_part *part, u8 *out)
{
    struct btf_ext_section section;
    const u8 *records;
    for (u32 s = 0; s < part->n_sections; s++) {
        TRY(btf_ext_section(r, record_size, &section, &records));
        for (u32 i = 0; i < section.n; i++, out += table->item_size)
            TRY(table->decode(r, records + (u64)i * record_size, out));
    }
    return SKEP_OK;
}

static skep_status btf_ext_read(struct btf_ext_reader *r, const struct btf_ext_table *table,
                                const struct bytes *all, u32 header_size, struct btf_ext_part *part,
                                void **items)
{
    u32 record_size;
    TRY(btf_ext_enter(r, table, all, header_size));
    if (!bytes_left(&r->in))
        return SKEP_OK;
    if (bytes_u32(&r->in, &record_size))
        return btf_ext_bad(r, "cut short");
    if (record_size < table->record_size || record_size % 4)
        return btf_ext_bad(r, "impossible record size");
    TRY(btf_ext_walk(r, record_size, part));
    part->sections = arena_array(r->arena, struct btf_ext_section, (u64)part->n_sections + 1);
    *items = arena_alloc_array(r->arena, (u64)part->n_records + 1, table->item_size);
    if (!part->sections || !*items)
        return RAISE(r->err, SKEP_NOMEM, NOMEM, STR("BTF.ext"));
    TRY(btf_ext_walk(r, record_size, part));
    return btf_ext_decode(r, table, record_size, part, *items);
}

static skep_status btf_ext_read_parts(struct btf_ext_reader *r, const struct bytes *all,
                                      u32 header_size, struct btf_ext *out)
{
    const struct btf_ext_table *t = btf_ext_tables;
    void *funcs = NULL, *lines = NULL, *relos = NULL;
    TRY(btf_ext_read(r, &t[0], all, header_size, &out->func_part, &funcs));
    TRY(btf_ext_read(r, &t[1], all, header_size, &out->line_part, &lines));
    if (header_size >= BTF_EXT_HEADER_CORE)
        TRY(btf_ext_read(r, &t[2], all, header_size, &out->relo_part, &relos));
    out->funcs = funcs;
    out->lines = lines;
    out->relos = relos;
    return SKEP_OK;
}

skep_status btf_ext_parse(struct btf_ext *out, struct arena *arena, const void *data, u64 size,
                          const struct btf *btf, skep_error *err)
{
    const u8 *p = data;
    struct btf_ext ext = { 0 };
    struct btf_ext_reader r = { .btf = btf, .arena = arena, .part = "header", .err = err };
    if (size < BTF_EXT_HEADER_SIZE || size > UINT32_MAX)
        return btf_ext_bad(&r, "impossible size");
    struct bytes all = bytes_over(data, size, load_u16(p, true) == BTF_EXT_MAGIC);
    if (load_u16(p, all.big_endian) != BTF_EXT_MAGIC)
        return btf_ext_bad(&r, "bad magic number");
    if (p[2] != BTF_EXT_VERSION)
        return btf_ext_bad(&r, "unknown version");
    u32 header_size = load_u32(p + 4, all.big_endian);
    if (header_size < BTF_EXT_HEADER_SIZE || header_size > size)
        return btf_ext_bad(&r, "impossible header size");
    TRY(btf_ext_read_parts(&r, &all, header_size, &ext));
    *out = ext;
    return SKEP_OK;
}

#define K(NAME, text) text,
static const char *const btf_core_kind_names[] = { BTF_CORE_KINDS(K) };
#undef K

const char *btf_core_kind_name(u32 kind)
{
    return kind < BTF_CORE_KIND_COUNT ? btf_core_kind_names[kind] : "?";
}

#undef BTF_EXT_MAGIC
#undef BTF_EXT_VERSION
#undef BTF_EXT_HEADER_SIZE
#undef BTF_EXT_HEADER_CORE
