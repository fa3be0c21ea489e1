/* The door of load/: bytes → OBJECT, OBJECT → linked program.
 *
 * Opening depends on nothing but the bytes, the options and the registry; it makes no map and runs
 * nothing.  Linking picks one program, brings in the subprograms that it reaches, turns every
 * reference into an index, and decodes. */
#ifndef SKEP_SRC_LOAD_LOAD_H
#define SKEP_SRC_LOAD_LOAD_H

#include "btf/btf.h"
#include "contract/contract.h"
#include "elf/elf.h"
#include "ir/ir.h"

#define LOAD_EM_BPF 247u /* e_machine */

enum map_origin {
    MAP_FROM_BTF,    /* .maps */
    MAP_FROM_LEGACY, /* maps, X/maps, maps/NAME */
    MAP_FROM_DATA,   /* .data* .rodata* .bss*: one ARRAY entry with the section's bytes */
    MAP_FROM_KCONFIG,
};

/* An initial value of a map of maps or a program array. */
struct map_initial {
    u32 key;
    bool is_program;
    u32 target; /* map or program of the object */
};

struct object_map {
    struct skep_map_spec spec; /* spec.inner points into the object */
    const char *section;
    enum map_origin origin;
    bool read_only;         /* .rodata: frozen, and not writable by programs, once loaded */
    u32 pinning;            /* LIBBPF_PIN_*; 0: none */
    u32 btf_key, btf_value; /* BTF type ids; 0: unknown */
    u32 inner;              /* the object's map that is the template; CODE_NONE */
    /* MAP_FROM_DATA, MAP_FROM_KCONFIG: spec.value_size bytes, or NULL: all zero.  Others: NULL. */
    u8 *contents;
    const struct map_initial *initial;
    u32 n_initial;
};

struct object_program {
    const char *name;
    const char *section;
    const struct skep_hook *hook; /* NULL: no pattern matched; a setter can say */
    bool sleepable;
    const char *attach; /* what follows the prefix in the section's name ("" if nothing) */
    u32 section_index;
    u32 first_slot, n_slots; /* in the section */
};

enum extern_kind { EXTERN_KCONFIG, EXTERN_KSYM_VARIABLE, EXTERN_KSYM_FUNCTION, EXTERN_UNKNOWN };
struct object_extern {
    const char *name;
    enum extern_kind kind;
    bool weak;
    u32 btf_type;
    u32 kconfig_offset, kconfig_size; /* in the .kconfig map */
};

struct load_kconfig { /* a value that the env knows: "LINUX_KERNEL_VERSION", "CONFIG_HZ" … */
    const char *name;
    const char *value; /* y, n, m, a number, or "a string" with its quotes */
};

struct load_options {
    const char *name; /* for messages; NULL: "object" */
    const struct load_kconfig *kconfig;
    u32 n_kconfig;
};

struct object; /* everything lives in its arena */

skep_status load_open(struct mem *mem, const struct registry *registry,
                      const struct load_options *options, const void *bytes, size_t size,
                      struct object **out, skep_error *err);
void load_close(struct object *object);

u32 load_n_programs(const struct object *object);
struct object_program *load_program(struct object *object, u32 i);
u32 load_n_maps(const struct object *object);
struct object_map *load_map(struct object *object, u32 i);
u32 load_n_externs(const struct object *object);
const struct object_extern *load_extern(const struct object *object, u32 i);
const char *load_license(const struct object *object);
u32 load_kernel_version(const struct object *object);
const struct btf *load_btf(const struct object *object); /* NULL: none */
const struct elf *load_elf(const struct object *object);
/* CODE_NONE: no such name. */
u32 load_find_program(const struct object *object, const char *name);
u32 load_find_map(const struct object *object, const char *name);

/* Walks over the variables of data sections: *position begins at 0.  false: no more. */
struct object_variable {
    const char *name;
    u32 map; /* the section's */
    u32 offset, size;
};
bool load_next_variable(const struct object *object, size_t *position, struct object_variable *out);

/* Setters, before linking. */
skep_status load_set_map_entries(struct object *object, u32 map, u32 max_entries, skep_error *err);
skep_status load_set_map_value_size(struct object *object, u32 map, u32 bytes, skep_error *err);
/* name: a variable of .rodata (with BTF or a symbol) */
skep_status load_set_rodata(struct object *object, const char *name, const void *value, size_t size,
                            skep_error *err);
skep_status load_set_hook(struct object *object, u32 program, const struct skep_hook *hook,
                          skep_error *err);

/* A linked program: what is verified, lowered and run. */
struct linked {
    const char *name;
    const struct skep_hook *hook; /* NULL: unknown type */
    const char *section;          /* that said so; "": none did */
    bool sleepable;
    const char *license;
    bool big_endian; /* the object's byte order: its data, and what its code takes for granted */
    struct code code;
    u32 n_maps;
    const u32 *maps; /* LDDW_MAP's index → the object's map */
};

/* Everything is allocated in the arena or borrowed from the object, which must stay open. */
skep_status load_link(struct object *object, u32 program, struct arena *arena, struct linked *out,
                      skep_error *err);

/* Whether the program is of the other byte order than this machine.  Its instructions have been
 * converted, and can be listed and checked; but its data, and what it does with the bytes of values
 * of several bytes (ntohs is nothing on a big-endian machine), cannot: it must not run. */
bool load_is_foreign(const struct linked *linked);

/* Classic BPF, converted for a hook whose context has an skb's fields.  The slots lie in the arena.
 * SKEP_MALFORMED: Linux would refuse it too; SKEP_UNSUPPORTED: it asks for what no packet here has.
 */
skep_status load_classic(struct arena *arena, const struct skep_hook *hook,
                         const struct skep_classic_insn *insns, size_t count,
                         struct isa_slot **slots, u32 *n_slots, skep_error *err);

/* What of a value belongs to helpers: the lock and the special fields of a spec.  false: there is
 * more than a spec holds. */
bool load_find_specials(const struct btf *btf, u32 value, struct skep_map_spec *spec);

/* The relocations of a section as text, for skep dump --relocs. */
skep_status load_print_relocs(const struct object *object, struct text *out);

#endif
