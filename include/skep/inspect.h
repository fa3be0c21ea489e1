/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking inside: listings of objects and programs as text.  Each returns NUL-terminated text that
 * the caller frees with free().
 *
 * Thread safety: as the handle that is looked at. */
#ifndef SKEP_INSPECT_H
#define SKEP_INSPECT_H

#include <skep/program.h>

#ifdef __cplusplus
extern "C" {
#endif

enum skep_listing {
    SKEP_LIST_INSNS, /* linked bytecode, with source lines */
    SKEP_LIST_CFG,   /* blocks, edges, loop heads, charges */
    SKEP_LIST_HOST,  /* host code after lowering */
};

/* One loaded program. */
SKEP_API skep_status skep_program_list(const skep_program *program, enum skep_listing what,
                                       char **text);
/* One program of an object, as it stands in its section: unlinked, llvm-objdump's text. */
SKEP_API skep_status skep_object_list(const skep_object *object, const char *program, char **text,
                                      skep_error *error);
/* The relocations, and the types, of an object. */
SKEP_API skep_status skep_object_list_relocs(const skep_object *object, char **text);
SKEP_API skep_status skep_object_list_btf(const skep_object *object, char **text);

#ifdef __cplusplus
}
#endif
#endif
