/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Objects: what a compiler made, opened and inert.  ELF relocatable files of machine BPF, either
 * byte order, as clang and gcc make them for Linux.
 *
 * Opening depends on the bytes alone; nothing is run.  The input may be hostile: memory stays below
 * 32 × size + 1 MB and time is linear in size.
 *
 * Thread safety: an object is used by one thread at a time. */
#ifndef SKEP_OBJECT_H
#define SKEP_OBJECT_H

#include <skep/contract.h>
#include <skep/isa.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Opens an object.  bytes are copied.  SKEP_MALFORMED, SKEP_UNSUPPORTED: error names section and
 * offset or symbol. */
SKEP_API skep_status skep_object_open(skep_env *env, const char *name, const void *bytes,
                                      size_t size, skep_object **object, skep_error *error);
/* The same from a file; SKEP_IO when it cannot be read. */
SKEP_API skep_status skep_object_open_file(skep_env *env, const char *path, skep_object **object,
                                           skep_error *error);
/* Finds the next object inside other bytes (skeletons embed objects in programs), from an offset
 * on: its offset and size.  false: there is no more.  Pure. */
SKEP_API bool skep_object_find(const void *bytes, size_t size, size_t from, size_t *offset,
                               size_t *object_size);
/* A program without an object: n slots of bytecode (isa.h) of the given program type.  Its maps are
 * given at load; LDDW with source 5 or 6 names them by position. */
SKEP_API skep_status skep_object_from_insns(skep_env *env, const char *name, const void *insns,
                                            size_t count, const struct skep_hook *hook,
                                            skep_object **object, skep_error *error);
/* A program of type socket_filter from classic BPF, converted: it runs on packets (packet.h), and
 * r0 is what the filter returns, how many bytes it lets through.
 *
 * Semantics are Linux's: 32 bits; a load outside of the packet and a division by zero return 0; a
 * shift by X takes X modulo 32 (libpcap's own interpreter gives 0 from 32 on).  Offsets from
 * SKF_NET_OFF and SKF_LL_OFF on count from those headers.  Of what lies beside the packet
 * (SKF_AD_*) PROTOCOL, PKTTYPE, IFINDEX, MARK, QUEUE, RXHASH, CPU, ALU_XOR_X, VLAN_TAG,
 * VLAN_TAG_PRESENT, RANDOM and VLAN_TPID run; NLATTR, NLATTR_NEST, HATYPE and PAY_OFFSET are
 * SKEP_UNSUPPORTED, by name.
 *
 * SKEP_MALFORMED for what Linux's SO_ATTACH_FILTER refuses: not 1 to 4096 instructions, an opcode
 * that is not defined, a jump past the end, no return at the end, a division by the constant 0, a
 * shift by a constant above 31, M[] out of range or read where not every path stored it. */
SKEP_API skep_status skep_object_from_classic(skep_env *env, const char *name,
                                              const struct skep_classic_insn *insns, size_t count,
                                              skep_object **object, skep_error *error);
/* Frees it; programs loaded from it keep what they need. */
SKEP_API void skep_object_close(skep_object *object);

/* The programs, in the order of the file. */
struct skep_program_info {
    const char *name, *section, *attach;
    const struct skep_hook *hook; /* NULL: the section says nothing; see skep_object_set_hook */
    bool sleepable;
    uint32_t insn_slots;
};
SKEP_API size_t skep_object_n_programs(const skep_object *object);
/* Strings and hook belong to the object.  SKEP_NOT_FOUND past the last. */
SKEP_API skep_status skep_object_program(const skep_object *object, size_t i,
                                         struct skep_program_info *info);

/* The maps: declared ones, and one for each data section. */
struct skep_object_map_info {
    struct skep_map_spec spec;
    const char *section;
    bool is_data, read_only;
    uint32_t pinning;     /* LIBBPF_PIN_BY_NAME is 1; 0: none */
    const void *contents; /* of data sections: spec.value_size bytes, NULL: all zero; else NULL */
};
SKEP_API size_t skep_object_n_maps(const skep_object *object);
SKEP_API skep_status skep_object_map(const skep_object *object, size_t i,
                                     struct skep_object_map_info *info);

/* The variables in data sections.  *position begins at 0 and means nothing to the caller; strings
 * belong to the object.  SKEP_NOT_FOUND past the last. */
struct skep_variable_info {
    const char *name;
    const char *map;       /* the data section's */
    uint32_t offset, size; /* bytes, in the map's one value */
};
SKEP_API skep_status skep_object_next_variable(const skep_object *object, size_t *position,
                                               struct skep_variable_info *info);

SKEP_API const char *skep_object_license(const skep_object *object); /* "" when there is none */

/* Setters, before programs are loaded.  SKEP_NOT_FOUND: no such name; SKEP_BAD_ARG. */
SKEP_API skep_status skep_object_set_map_entries(skep_object *object, const char *map,
                                                 uint32_t max_entries, skep_error *error);
/* Of maps whose values have no parts that the library knows: not data sections, not with locks. */
SKEP_API skep_status skep_object_set_map_value_size(skep_object *object, const char *map,
                                                    uint32_t bytes, skep_error *error);
/* A variable of .rodata, .data or .bss; size must be the variable's. */
SKEP_API skep_status skep_object_set_variable(skep_object *object, const char *name,
                                              const void *value, size_t size, skep_error *error);
/* The program type by the name of a hook ("xdp", "tc", …), for sections that do not say. */
SKEP_API skep_status skep_object_set_hook(skep_object *object, const char *program,
                                          const char *hook, skep_error *error);

#ifdef __cplusplus
}
#endif
#endif
