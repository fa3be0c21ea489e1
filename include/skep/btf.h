/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Type information (BTF): parsed and checked once, then asked.  The format is that of Linux's
 * Documentation/bpf/btf.rst, kinds 0 to 19, either byte order, alone or split over a base.  The
 * input may be hostile: memory stays below 16 × size + 64 KB and time is linear in size.
 *
 * Thread safety: types are immutable; any number of threads may ask at once. */
#ifndef SKEP_BTF_H
#define SKEP_BTF_H

#include <skep/env.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct skep_btf skep_btf;

/* Parses bytes, which are copied.  base: the types that these continue, as those of a kernel module
 * continue the kernel's; it must outlive them; NULL: none.  SKEP_MALFORMED, SKEP_UNSUPPORTED: error
 * names the type and what is wrong with it.  SKEP_NOMEM. */
SKEP_API skep_status skep_btf_open(skep_env *env, const void *bytes, size_t size,
                                   const skep_btf *base, skep_btf **btf, skep_error *error);
/* The same from a file of nothing but BTF, such as /sys/kernel/btf/vmlinux; SKEP_IO. */
SKEP_API skep_status skep_btf_open_file(skep_env *env, const char *path, const skep_btf *base,
                                        skep_btf **btf, skep_error *error);
SKEP_API void skep_btf_close(skep_btf *btf);

/* One type.  Strings belong to the types. */
struct skep_btf_type {
    const char *kind;    /* "struct", "typedef", … */
    const char *name;    /* "" when it has none */
    uint64_t size;       /* bytes in memory; 0 for what has no size */
    uint32_t n_members;  /* of structs, unions, enums, prototypes, data sections */
    uint32_t target;     /* what a pointer, typedef, array, variable, function refers to; 0: void */
    uint32_t underlying; /* the type without typedefs and qualifiers */
};

/* Ids are 1 to n - 1, a base's included; 0 is void. */
SKEP_API uint32_t skep_btf_n_types(const skep_btf *btf);
/* SKEP_NOT_FOUND: there is no such id. */
SKEP_API skep_status skep_btf_type(const skep_btf *btf, uint32_t id, struct skep_btf_type *type);
/* The first type of a kind ("struct") and name; 0: there is none. */
SKEP_API uint32_t skep_btf_find(const skep_btf *btf, const char *kind, const char *name);

/* The definition of a type as C text, NUL-terminated; the caller frees it with free(). */
SKEP_API skep_status skep_btf_print(const skep_btf *btf, uint32_t id, char **text);

#ifdef __cplusplus
}
#endif
#endif
