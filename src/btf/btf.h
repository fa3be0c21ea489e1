/* The door of btf/: type information (BTF), its checks, queries and text, and .BTF.ext.
 *
 * The format is that of Linux's Documentation/bpf/btf.rst, kinds 0 to 19, in both byte orders,
 * alone or split (its ids and strings continue those of a base).  btf_parse checks everything that
 * the functions below rely on, so that they cannot fail on what it has accepted: every id, name and
 * member exists, no type contains itself, sizes fit.  Sizes and modifier chains are resolved once,
 * while checking; no query walks a chain. */
#ifndef SKEP_SRC_BTF_BTF_H
#define SKEP_SRC_BTF_BTF_H

#include "base/base.h"

/* clang-format off */
/* The kinds, in the order of their numbers:
 *   K(NAME, "text", words after the first three, words per member (vlen counts members),
 *     what the third word is, whether values of the type exist in memory) */
#define BTF_KINDS(K) \
    K(VOID,       "void",       0, 0, UNUSED,   NO_DATA) \
    K(INT,        "int",        1, 0, SIZE,     DATA)    \
    K(PTR,        "ptr",        0, 0, TYPE,     DATA)    \
    K(ARRAY,      "array",      3, 0, UNUSED,   DATA)    \
    K(STRUCT,     "struct",     0, 3, SIZE,     DATA)    \
    K(UNION,      "union",      0, 3, SIZE,     DATA)    \
    K(ENUM,       "enum",       0, 2, SIZE,     DATA)    \
    K(FWD,        "fwd",        0, 0, UNUSED,   NO_DATA) \
    K(TYPEDEF,    "typedef",    0, 0, MODIFIES, NO_DATA) \
    K(VOLATILE,   "volatile",   0, 0, MODIFIES, NO_DATA) \
    K(CONST,      "const",      0, 0, MODIFIES, NO_DATA) \
    K(RESTRICT,   "restrict",   0, 0, MODIFIES, NO_DATA) \
    K(FUNC,       "func",       0, 0, TYPE,     NO_DATA) \
    K(FUNC_PROTO, "func_proto", 0, 2, TYPE,     NO_DATA) \
    K(VAR,        "var",        1, 0, TYPE,     NO_DATA) \
    K(DATASEC,    "datasec",    0, 3, SIZE,     NO_DATA) \
    K(FLOAT,      "float",      0, 0, SIZE,     DATA)    \
    K(DECL_TAG,   "decl_tag",   1, 0, TYPE,     NO_DATA) \
    K(TYPE_TAG,   "type_tag",   0, 0, MODIFIES, NO_DATA) \
    K(ENUM64,     "enum64",     0, 3, SIZE,     DATA)
/* clang-format on */

enum btf_kind {
#define K(NAME, ...) BTF_##NAME,
    BTF_KINDS(K)
#undef K
        BTF_KIND_COUNT,
};

#define BTF_NAME_MAX 4096u

/* Linkage of a FUNC or VAR. */
#define BTF_STATIC 0u
#define BTF_GLOBAL 1u
#define BTF_EXTERN 2u

/* Encoding bits of an INT. */
#define BTF_INT_SIGNED 1u
#define BTF_INT_CHAR 2u
#define BTF_INT_BOOL 4u

/* A parsed BTF blob.  Immutable after btf_parse; the arena holds everything except the strings,
 * which stay in the caller's bytes, and the base, both of which must outlive it. */
struct btf {
    const struct btf *base; /* NULL: not split */
    u32 first_id, n;        /* own ids are first_id ≤ id < n; 0 is void */
    u32 first_name;         /* own strings begin at this offset */
    u32 names_size;
    const char *names;
    u32 *words;                /* the type section in the byte order of this machine */
    u32 *start;                /* where in words a type begins, by id - first_id */
    u64 *size;                 /* bytes that an object of the type takes; 0 for what has no size */
    u32 *resolved;             /* the type without modifiers and typedefs, plus 1 */
    struct hash_index by_name; /* of (kind, name), the first of each */
    bool big_endian;           /* byte order of the blob, and so of the data that it describes */
};

/* One member of a struct or union, parameter of a prototype, variable of a data section,
 * enumerator; fields that the kind does not have are 0. */
struct btf_member {
    const char *name;
    u32 type;
    u32 bit_offset;   /* STRUCT, UNION */
    u32 bits;         /* width of a bit-field; 0: none */
    u32 offset, size; /* DATASEC, in bytes */
    u64 value;        /* ENUM, ENUM64: sign-extended when the enumeration is signed */
};

/* Checks everything; the memory of *out comes from the arena, except by_name: call btf_drop.
 * SKEP_MALFORMED names the type by its id. */
skep_status btf_parse(struct btf *out, struct arena *arena, const void *data, u64 size,
                      const struct btf *base, skep_error *err);
void btf_drop(struct btf *btf);

/* The names of kinds, "struct"; kind < BTF_KIND_COUNT. */
const char *btf_kind_name(enum btf_kind kind);

/* Queries.  Every id must be < btf->n. */
enum btf_kind btf_kind(const struct btf *btf, u32 id);
const char *btf_name(const struct btf *btf, u32 id); /* "" for anonymous types */
u32 btf_vlen(const struct btf *btf, u32 id);
bool btf_flag(const struct btf *btf, u32 id); /* kind_flag: bit-fields, signed enum, union FWD */
/* What PTR, TYPEDEF, CONST, …, VAR, FUNC, DECL_TAG point to, the return type of a FUNC_PROTO, the
 * element type of an ARRAY; 0 for others. */
u32 btf_target(const struct btf *btf, u32 id);
u32 btf_skip_modifiers(const struct btf *btf, u32 id); /* typedef, const, …, type_tag */
u64 btf_size(const struct btf *btf, u32 id);           /* through modifiers; pointers are 8 */
struct btf_member btf_member(const struct btf *btf, u32 id, u32 i); /* i < btf_vlen */
u32 btf_array_count(const struct btf *btf, u32 id);
u32 btf_int_encoding(const struct btf *btf, u32 id);
u32 btf_int_bits(const struct btf *btf, u32 id);
u32 btf_linkage(const struct btf *btf, u32 id);       /* FUNC, VAR */
s32 btf_tag_component(const struct btf *btf, u32 id); /* DECL_TAG: member or parameter, -1: all */
/* The string at an offset of the string section; NULL when there is none. */
const char *btf_string(const struct btf *btf, u32 offset);

/* The first type of that kind and name, own ids before the base's; 0: none. */
u32 btf_find(const struct btf *btf, enum btf_kind kind, const char *name);
/* The member of that name (not inside anonymous members); false: none. */
bool btf_find_member(const struct btf *btf, u32 id, const char *name, struct btf_member *out);

/* Text ---------------------------------------------------------------------------------------- */

/* A declaration such as `struct foo *(*name)[4]`; name "" for the type alone. */
void btf_print_declaration(struct text *out, const struct btf *btf, u32 id, const char *name);
/* The definition of a named type with its members, or the declaration of others, ended by `;`.
 * Output ends in `...` where it grows past any use (types may nest exponentially). */
void btf_print_definition(struct text *out, const struct btf *btf, u32 id);
/* .BTF.ext ------------------------------------------------------------------------------------ */

struct btf_func_info {
    u32 offset; /* in bytes, in the section */
    u32 type;   /* a FUNC */
};
struct btf_line_info {
    u32 offset;
    u32 line, column;
    const char *file, *text;
};
struct btf_core_relo {
    u32 offset;
    u32 type;
    u32 kind; /* 0 to 12: BTF_CORE_KINDS */
    const char *access;
};

/* The kinds of CO-RE relocations, in the order of their numbers. */
/* clang-format off */
#define BTF_CORE_KINDS(K) \
    K(FIELD_BYTE_OFFSET, "field_byte_offset") K(FIELD_BYTE_SIZE,   "field_byte_size")   \
    K(FIELD_EXISTS,      "field_exists")      K(FIELD_SIGNED,      "field_signed")      \
    K(FIELD_LSHIFT_U64,  "field_lshift_u64")  K(FIELD_RSHIFT_U64,  "field_rshift_u64")  \
    K(TYPE_ID_LOCAL,     "type_id_local")     K(TYPE_ID_TARGET,    "type_id_target")    \
    K(TYPE_EXISTS,       "type_exists")       K(TYPE_SIZE,         "type_size")         \
    K(ENUMVAL_EXISTS,    "enumval_exists")    K(ENUMVAL_VALUE,     "enumval_value")     \
    K(TYPE_MATCHES,      "type_matches")
/* clang-format on */
enum btf_core_kind {
#define K(NAME, text) BTF_CORE_##NAME,
    BTF_CORE_KINDS(K)
#undef K
        BTF_CORE_KIND_COUNT,
};
/* "field_exists"; "?" for a number that is none. */
const char *btf_core_kind_name(u32 kind);

/* What a CO-RE relocation is about: `struct task_struct.pid`, `struct s.a[3].b`, `enum e.VALUE`. An
 * access string that does not fit the type is printed as it is. */
void btf_print_access(struct text *out, const struct btf *btf, const struct btf_core_relo *relo);

/* The records of one section: positions first ≤ i < first + n in one of the arrays of a btf_ext. */
struct btf_ext_section {
    const char *name;
    u32 first, n;
};
struct btf_ext_part {
    struct btf_ext_section *sections;
    u32 n_sections, n_records;
};
struct btf_ext {
    struct btf_ext_part func_part, line_part, relo_part;
    struct btf_func_info *funcs;
    struct btf_line_info *lines;
    struct btf_core_relo *relos;
};

/* Everything comes from the arena; names stay in the BTF's strings.  Record sizes larger than the
 * known ones are allowed, their tails ignored. */
skep_status btf_ext_parse(struct btf_ext *out, struct arena *arena, const void *data, u64 size,
                          const struct btf *btf, skep_error *err);

#endif
