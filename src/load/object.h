/* What an opened object is made of; inside load/ only.  Each pass of load.c says which part it
 * fills.
 *
 * Tables over the slots of a section, the symbols or the sections are arrays with an entry for
 * each, so that no input order makes a search slow. */
#ifndef SKEP_SRC_LOAD_OBJECT_H
#define SKEP_SRC_LOAD_OBJECT_H

#include "load/load.h"

#define LOAD_SLOT 8u

/* Relocation types (LLVM's "ELF relocation types" for BPF). */
enum load_reloc_type {
    ELF_BPF_NONE = 0,
    ELF_BPF_64_64 = 1,
    ELF_BPF_64_ABS64 = 2,
    ELF_BPF_64_ABS32 = 3,
    ELF_BPF_64_NODYLD32 = 4,
    ELF_BPF_64_32 = 10,
};

/* Types and flags of maps that the format itself gives a meaning. */
#define LOAD_MAP_TYPE_ARRAY 2u
#define LOAD_MAP_TYPE_PROG_ARRAY 3u
#define LOAD_MAP_TYPE_ARRAY_OF_MAPS 12u
#define LOAD_MAP_TYPE_HASH_OF_MAPS 13u
#define LOAD_MAP_RDONLY_PROG 0x80u

enum load_role {
    ROLE_NONE,
    ROLE_CODE,
    ROLE_DATA,     /* becomes a map of one entry; read-only if named .rodata* */
    ROLE_ZERO,     /* .bss*: the same, all zero */
    ROLE_BTF_MAPS, /* .maps */
    ROLE_LEGACY_MAPS,
    ROLE_LICENSE,
    ROLE_VERSION,
    ROLE_BTF,
    ROLE_BTF_EXT,
};

/* A function: a program, a subprogram, or both. */
struct load_func {
    const char *name;
    u32 code; /* position in object.codes */
    u32 first_slot, n_slots;
    u32 program;    /* CODE_NONE: it is only called */
    bool is_local;  /* a static function, or one without a symbol */
    bool is_global; /* to be verified by its signature: neither local nor hidden */
    bool is_called;
    const struct load_signature *signature; /* of a global function whose types say one */
};

/* A function's parameters as its types declare them; what is a context depends on the program. */
struct load_signature {
    const char *exception; /* the name of the function for exceptions, by a tag; NULL */
    bool two_exceptions;
    bool usable; /* to verify by; else only the tags count */
    u32 n_args;
    struct load_param {
        struct code_arg arg;
        const char *pointee; /* the struct that it points to; "": none */
        bool sizeless;       /* nothing is known of what it points to, or it is no parameter */
        u8 tags;             /* signatures.c */
    } params[5];
};

struct load_code_reloc {
    u32 type, symbol;
    s64 addend;
    bool has_addend;
};

/* A section of instructions.  The tables have an entry per slot: a position + 1, or 0. */
struct load_code {
    u32 section;
    u32 n_slots;
    u32 *func_at;  /* in object.funcs; of slots where one begins */
    u32 *reloc_at; /* in relocs */
    u32 *line_at;  /* in object.ext.lines */
    u32 *relo_at;  /* in object.ext.relos */
    VEC(struct load_code_reloc) relocs;
};

/* What the initial values of a map, if it has any, must be. */
enum load_values { VALUES_NONE, VALUES_MAPS, VALUES_PROGRAMS };

/* Where a map was declared. */
struct load_place {
    u32 section, offset, size;
    u32 values_offset; /* of the `values` array in the declaration */
    enum load_values values;
};

struct load_extern {
    struct object_extern info;
    bool is_set; /* EXTERN_KCONFIG: somebody gave a value, or it is weak */
};

struct object {
    struct mem *mem;
    struct arena arena;
    const struct registry *registry;
    const struct load_options *options; /* only while opening */
    const char *name;
    struct elf elf; /* over the object's own copy of the file */

    u8 *roles;                    /* by section: enum load_role */
    u32 *code_of;                 /* by section: position in codes, or CODE_NONE */
    u32 *data_map_of;             /* by section: the map made of it, or CODE_NONE */
    u32 *extern_of;               /* by symbol: position in externs, or CODE_NONE */
    struct hash_index symbols;    /* named symbols that are not local, the first of each name */
    struct hash_index map_places; /* maps by (section, offset) */
    struct hash_index map_names, program_names;

    bool has_btf, has_ext;
    struct btf btf;
    struct btf_ext ext;

    VEC(struct load_code) codes;
    VEC(struct load_func) funcs;
    VEC(struct object_program) programs;
    VEC(u32) program_funcs; /* by program: its function */
    VEC(struct object_map) maps;
    VEC(struct load_place) places; /* by map */
    VEC(struct load_extern) externs;
    u32 kconfig_map; /* CODE_NONE: none */
    const char *license;
    u32 version;
};

/* The passes of load_open, in load.c's order. */
skep_status load_pass_sections(struct object *o, skep_error *err);
skep_status load_pass_data_relocs(struct object *o, skep_error *err);
skep_status load_pass_types(struct object *o, skep_error *err);
skep_status load_pass_symbols(struct object *o, skep_error *err);
skep_status load_pass_code(struct object *o, skep_error *err);
skep_status load_pass_signatures(struct object *o, skep_error *err);
skep_status load_pass_programs(struct object *o, skep_error *err);
skep_status load_pass_btf_maps(struct object *o, skep_error *err);
skep_status load_pass_legacy_maps(struct object *o, skep_error *err);
skep_status load_pass_data_maps(struct object *o, skep_error *err);
skep_status load_pass_externs(struct object *o, skep_error *err);
skep_status load_pass_initial_values(struct object *o, skep_error *err);
skep_status load_pass_debug_info(struct object *o, skep_error *err);

static inline const struct elf_section *load_section(const struct object *o, u32 section)
{
    return &o->elf.sections[section];
}
static inline skep_status load_nomem(skep_error *err, const char *what)
{
    return RAISE(err, SKEP_NOMEM, NOMEM, STR(what));
}

/* An array with all entries CODE_NONE; NULL when there is no memory. */
u32 *load_none_array(struct arena *arena, u32 n);

/* The symbol that is not local and has this name; CODE_NONE. */
u32 load_find_symbol(const struct object *o, const char *name);

/* Registers a map; SKEP_MALFORMED when another one begins at the same place. */
skep_status load_add_map(struct object *o, const struct object_map *map,
                         const struct load_place *place, skep_error *err);
/* The map declared at a place; CODE_NONE. */
u32 load_map_at(const struct object *o, u32 section, u64 offset);

/* The signature in programs of a hook; NULL: the function has none to be verified by. */
skep_status load_settle_signature(struct arena *arena, const struct load_signature *from,
                                  const struct skep_hook *hook, const struct code_signature **out);

/* The function that begins at a byte offset of a code section; CODE_NONE. */
u32 load_func_at(const struct object *o, u32 section, u64 offset);

/* What a reference points to: an offset in bytes of a section, or (ELF_UNDEF) an extern symbol. */
struct load_target {
    u32 symbol, section;
    u64 offset;
};

/* The target of a relocated instruction: symbol + addend; for REL the addend is in the instruction.
 */
struct load_target load_target_of(const struct object *o, const struct load_code *code,
                                  const struct load_code_reloc *reloc, u32 slot);

/* Whether a slot calls a function of the object or takes its address, and where that is. */
bool load_code_reference(const struct object *o, const struct load_code *code, u32 slot,
                         struct load_target *out);

/* The slots of a code section, in this machine's order. */
static inline struct isa_slot load_slot(const struct object *o, const struct load_code *code, u32 i)
{
    const struct elf_section *s = load_section(o, code->section);
    return isa_slot_read(s->data + (u64)i * LOAD_SLOT, o->elf.big_endian);
}

/* The section's name without libbpf's mark of programs that are not to be loaded unless asked for.
 */
const char *load_without_mark(const char *section);

#endif
