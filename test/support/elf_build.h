/* Writes ELF64 relocatable files and BTF for tests: what compilers make, and what none would. */
#ifndef SKEP_TEST_ELF_BUILD_H
#define SKEP_TEST_ELF_BUILD_H

#include "base/base.h"

/* A growing run of bytes in one byte order. */
struct out_bytes {
    u8 *data;
    size_t size, cap;
    bool big_endian;
};
void out_u8(struct out_bytes *out, u8 v);
void out_u16(struct out_bytes *out, u16 v);
void out_u32(struct out_bytes *out, u32 v);
void out_u64(struct out_bytes *out, u64 v);
void out_copy(struct out_bytes *out, const void *bytes, size_t size);
void out_string(struct out_bytes *out, const char *s); /* with its NUL */
void out_words(struct out_bytes *out, const u32 *words, size_t n);
void out_free(struct out_bytes *out);

/* A file that is being built.  Section 1 is the string table, 2 the symbol table; both are written
 * by elf_build_finish, as are the relocation sections, behind all others. */
struct elf_build_section {
    u32 name, type, link, info;
    u64 flags, entsize;
    u64 nobits_size;
    struct out_bytes content;
};
struct elf_build {
    bool big_endian, rela;
    u16 machine;
    struct elf_build_section sections[48];
    u32 n_sections;
    struct out_bytes names, symbols;
    u32 n_symbols;
};

void elf_build_init(struct elf_build *b, bool big_endian);
/* data may be NULL: nothing yet.  Gives the section's number. */
u32 elf_build_section(struct elf_build *b, const char *name, u32 type, u64 flags, const void *data,
                      size_t size);
struct out_bytes *elf_build_content(struct elf_build *b, u32 section);
/* Gives the symbol's number; section 0 makes it undefined. */
u32 elf_build_symbol(struct elf_build *b, const char *name, u8 bind, u8 type, u32 section,
                     u64 value, u64 size);
/* In the target's REL section, or RELA if b->rela; one is made when there is none. */
void elf_build_reloc(struct elf_build *b, u32 section, u64 offset, u32 type, u32 symbol,
                     s64 addend);
/* The file, for free(); the builder is dropped. */
u8 *elf_build_finish(struct elf_build *b, size_t *size);

/* A BTF blob that is being built; ids count from 1. */
struct btf_build {
    struct out_bytes types, names;
    u32 n;
};
void btf_build_init(struct btf_build *b, bool big_endian);
u32 btf_build_name(struct btf_build *b, const char *name); /* "" is 0 */
/* third: size or type id; n words follow. */
u32 btf_build_type(struct btf_build *b, u32 kind, const char *name, u32 vlen, u32 third,
                   const u32 *words, size_t n);
void btf_build_finish(struct btf_build *b, struct out_bytes *out); /* drops the builder */

#define BTF_BUILD(b, kind, name, vlen, third, ...)                                                 \
    btf_build_type((b), (kind), (name), (vlen), (third), (const u32[]){ __VA_ARGS__ },             \
                   sizeof((const u32[]){ __VA_ARGS__ }) / 4)
#define BTF_BUILD_PLAIN(b, kind, name, vlen, third)                                                \
    btf_build_type((b), (kind), (name), (vlen), (third), NULL, 0)

#endif
