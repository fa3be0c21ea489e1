/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Looking inside: listings of objects and programs as text.  Each returns NUL-terminated text that
 * the caller frees with free().
 *
 * Thread safety: as the handle that is looked at. */
#ifndef SKEP_INSPECT_H
#define SKEP_INSPECT_H

#include <skep/verify.h>

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
/* The compiler's view of a program, before it chooses instructions: after the pass of that name
 * (docs/jit.md) ran last on each function, "build": before all passes; NULL: after all.  Passes and
 * facts of the verification are those that the program was compiled with (SKEP_ENGINE_JIT); of one
 * that never ran, nothing is shown.  SKEP_NOT_FOUND: there is no such pass; SKEP_UNSUPPORTED. */
SKEP_API skep_status skep_program_list_ssa(const skep_program *program, const char *pass,
                                           char **text, skep_error *error);

/* The compiler's passes by name, in the order in which they first run; NULL past the last. */
SKEP_API const char *skep_jit_pass(size_t i);

/* Where the bytes of machine code come from: each entry holds until the next. */
struct skep_code_line {
    uint32_t offset; /* in the code */
    uint32_t insn;   /* position in 8-byte slots, as SKEP_LIST_INSNS prints it; UINT32_MAX: none */
    uint32_t line;   /* source; 0: unknown */
    const char *file, *source;
};
struct skep_code_symbol {
    uint32_t offset, bytes;
    const char *name;
};
struct skep_machine_code {
    const char *cpu; /* as skep_jit_name says */
    const void *start;
    size_t bytes;
    const struct skep_code_symbol *symbols;
    size_t n_symbols;
    const struct skep_code_line *lines;
    size_t n_lines;
    size_t peak_bytes; /* the most memory that compiling it took, beside what stays */
};
/* The code of a compiled program; valid while the program is.  false: it is not compiled. */
SKEP_API bool skep_program_machine_code(const skep_program *program, struct skep_machine_code *out);

/* One program of an object, as it stands in its section: unlinked, llvm-objdump's text. */
SKEP_API skep_status skep_object_list(const skep_object *object, const char *program, char **text,
                                      skep_error *error);
/* The relocations, and the types, of an object. */
SKEP_API skep_status skep_object_list_relocs(const skep_object *object, char **text);
SKEP_API skep_status skep_object_list_btf(const skep_object *object, char **text);

/* ---- facts: what holds before every instruction, in every run of an accepted program */

struct skep_facts_insn {
    struct skep_verdict_place at; /* slot, text, source */
    const char *function;         /* that begins here; "": none does */
    bool reached;                 /* false: no run comes here, and nothing is known of it */
    bool conditional;             /* it is a jump that may be taken, or not: */
    bool taken, not_taken;
    size_t n_places; /* registers and pieces of stack of which something is known */
};

/* A register, or bytes of the running function's stack. */
struct skep_facts_place {
    bool is_stack;
    uint8_t reg;
    int16_t offset; /* of the first byte from the frame's top */
    uint8_t size;
    bool mixed; /* different kinds of things on different ways; nothing below is set */
    struct skep_verdict_value value;
    const char *variable; /* the map or variable that it points into; "": none, or several */
};

SKEP_API size_t skep_facts_count(const skep_facts *facts);
SKEP_API void skep_facts_insn(const skep_facts *facts, size_t i, struct skep_facts_insn *out);
/* Registers first, then the stack from its top.  Strings live as long as the facts. */
SKEP_API void skep_facts_place(const skep_facts *facts, size_t i, size_t place,
                               struct skep_facts_place *out);
/* "map value flows + 4 to 8, or NULL": what it holds.  As skep_verdict_text. */
SKEP_API size_t skep_facts_place_text(const struct skep_facts_place *place, char *out, size_t size);
SKEP_API void skep_facts_free(skep_facts *facts);

#ifdef __cplusplus
}
#endif
#endif
