#include "support/elf_build.h"

#include <stdlib.h>

#define STRTAB 1u
#define SYMTAB 2u

/* Bytes -------------------------------------------------------------------------------------------
 */

static u8 *out_grow(struct out_bytes *out, size_t n)
{
    if (out->size + n > out->cap) {
        out->cap = 2 * out->cap + n + 64;
        out->data = realloc(out->data, out->cap);
        if (!out->data)
            abort();
    }
    out->size += n;
    return out->data + out->size - n;
}

void out_u8(struct out_bytes *out, u8 v) { *out_grow(out, 1) = v; }
void out_u16(struct out_bytes *out, u16 v) { store_u16(out_grow(out, 2), v, out->big_endian); }
void out_u32(struct out_bytes *out, u32 v) { store_u32(out_grow(out, 4), v, out->big_endian); }
void out_u64(struct out_bytes *out, u64 v) { store_u64(out_grow(out, 8), v, out->big_endian); }

void out_copy(struct out_bytes *out, const void *bytes, size_t size)
{
    if (size)
        memcpy(out_grow(out, size), bytes, size);
}

void out_string(struct out_bytes *out, const char *s) { out_copy(out, s, strlen(s) + 1); }

void out_words(struct out_bytes *out, const u32 *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out_u32(out, words[i]);
}

void out_free(struct out_bytes *out)
{
    free(out->data);
    *out = (struct out_bytes){ 0 };
}

static void out_align(struct out_bytes *out, size_t to)
{
    while (out->size % to)
        out_u8(out, 0);
}

/* ELF ---------------------------------------------------------------------------------------------
 */

static u32 elf_build_name(struct elf_build *b, const char *name)
{
    u32 at = (u32)b->names.size;
    if (!*name && at)
        return 0;
    out_string(&b->names, name);
    return at;
}

u32 elf_build_section(struct elf_build *b, const char *name, u32 type, u64 flags, const void *data,
                      size_t size)
{
    u32 i = b->n_sections++;
    if (i >= ARRAY_LEN(b->sections))
        abort();
    b->sections[i] = (struct elf_build_section){ .name = elf_build_name(b, name),
                                                 .type = type,
                                                 .flags = flags,
                                                 .content = { .big_endian = b->big_endian } };
    if (data)
        out_copy(&b->sections[i].content, data, size);
    else
        b->sections[i].nobits_size = size;
    return i;
}

struct out_bytes *elf_build_content(struct elf_build *b, u32 section)
{
    return &b->sections[section].content;
}

u32 elf_build_symbol(struct elf_build *b, const char *name, u8 bind, u8 type, u32 section,
                     u64 value, u64 size)
{
    out_u32(&b->symbols, elf_build_name(b, name));
    out_u8(&b->symbols, (u8)(bind << 4 | type));
    out_u8(&b->symbols, 0);
    out_u16(&b->symbols, (u16)section);
    out_u64(&b->symbols, value);
    out_u64(&b->symbols, size);
    return b->n_symbols++;
}

void elf_build_init(struct elf_build *b, bool big_endian)
{
    *b = (struct elf_build){ .big_endian = big_endian, .machine = 247 };
    b->names.big_endian = b->symbols.big_endian = big_endian;
    elf_build_section(b, "", 0, 0, NULL, 0);
    elf_build_section(b, ".strtab", 3, 0, NULL, 0);
    u32 symtab = elf_build_section(b, ".symtab", 2, 0, NULL, 0);
    b->sections[symtab].link = STRTAB;
    b->sections[symtab].entsize = 24;
    elf_build_symbol(b, "", 0, 0, 0, 0, 0);
}

static u32 elf_build_rel_of(struct elf_build *b, u32 section)
{
    for (u32 i = 1; i < b->n_sections; i++)
        if (b->sections[i].entsize >= 16 && i != SYMTAB && b->sections[i].info == section)
            return i;
    u32 i = elf_build_section(b, b->rela ? ".rela" : ".rel", b->rela ? 4 : 9, 0, NULL, 0);
    b->sections[i].link = SYMTAB;
    b->sections[i].info = section;
    b->sections[i].entsize = b->rela ? 24 : 16;
    return i;
}

void elf_build_reloc(struct elf_build *b, u32 section, u64 offset, u32 type, u32 symbol, s64 addend)
{
    struct out_bytes *out = elf_build_content(b, elf_build_rel_of(b, section));
    out_u64(out, offset);
    out_u64(out, (u64)symbol << 32 | type);
    if (b->rela)
        out_u64(out, (u64)addend);
}

static void elf_build_header(const struct elf_build *b, struct out_bytes *out, u64 shoff)
{
    static const u8 ident[] = { 0x7f, 'E', 'L', 'F', 2 };
    out_copy(out, ident, sizeof(ident));
    out_u8(out, b->big_endian ? 2 : 1);
    out_u8(out, 1);
    for (int i = 7; i < 16; i++)
        out_u8(out, 0);
    out_u16(out, 1);
    out_u16(out, b->machine);
    out_u32(out, 1);
    out_u64(out, 0);
    out_u64(out, 0);
    out_u64(out, shoff);
    out_u32(out, 0);
    out_u16(out, 64);
    out_u16(out, 0);
    out_u16(out, 0);
    out_u16(out, 64);
    out_u16(out, (u16)b->n_sections);
    out_u16(out, STRTAB);
}

static void elf_build_section_header(const struct elf_build_section *s, struct out_bytes *out,
                                     u64 offset)
{
    out_u32(out, s->name);
    out_u32(out, s->type);
    out_u64(out, s->flags);
    out_u64(out, 0);
    out_u64(out, offset);
    out_u64(out, s->content.size ? s->content.size : s->nobits_size);
    out_u32(out, s->link);
    out_u32(out, s->info);
    out_u64(out, 8);
    out_u64(out, s->entsize);
}

u8 *elf_build_finish(struct elf_build *b, size_t *size)
{
    struct out_bytes body = { .big_endian = b->big_endian }, out = body;
    u64 offsets[ARRAY_LEN(b->sections)];
    b->sections[STRTAB].content = b->names;
    b->sections[SYMTAB].content = b->symbols;
    for (u32 i = 0; i < b->n_sections; i++) {
        out_align(&body, 8);
        offsets[i] = 64 + body.size;
        out_copy(&body, b->sections[i].content.data, b->sections[i].content.size);
    }
    out_align(&body, 8);
    elf_build_header(b, &out, 64 + body.size);
    out_copy(&out, body.data, body.size);
    for (u32 i = 0; i < b->n_sections; i++) {
        elf_build_section_header(&b->sections[i], &out, offsets[i]);
        out_free(&b->sections[i].content);
    }
    out_free(&body);
    *size = out.size;
    return out.data;
}

/* BTF ---------------------------------------------------------------------------------------------
 */

void btf_build_init(struct btf_build *b, bool big_endian)
{
    *b = (struct btf_build){ 0 };
    b->types.big_endian = b->names.big_endian = big_endian;
    out_u8(&b->names, 0);
}

u32 btf_build_name(struct btf_build *b, const char *name)
{
    u32 at = (u32)b->names.size;
    if (!*name)
        return 0;
    out_string(&b->names, name);
    return at;
}

u32 btf_build_type(struct btf_build *b, u32 kind, const char *name, u32 vlen, u32 third,
                   const u32 *words, size_t n)
{
    out_u32(&b->types, btf_build_name(b, name));
    out_u32(&b->types, kind << 24 | vlen); /* vlen may bring the flag in bit 31 */
    out_u32(&b->types, third);
    out_words(&b->types, words, n);
    return ++b->n;
}

void btf_build_finish(struct btf_build *b, struct out_bytes *out)
{
    *out = (struct out_bytes){ .big_endian = b->types.big_endian };
    out_u16(out, 0xeb9f);
    out_u8(out, 1);
    out_u8(out, 0);
    out_u32(out, 24);
    out_u32(out, 0);
    out_u32(out, (u32)b->types.size);
    out_u32(out, (u32)b->types.size);
    out_u32(out, (u32)b->names.size);
    out_copy(out, b->types.data, b->types.size);
    out_copy(out, b->names.data, b->names.size);
    out_free(&b->types);
    out_free(&b->names);
}

#undef STRTAB
#undef SYMTAB
