/* From an OBJ argument to an open object and a loaded program, as the options ask. */
#ifndef SKEP_TOOL_OPEN_H
#define SKEP_TOOL_OPEN_H

#include "command.h"
#include "values.h"

#include <jansson.h>
#include <skep/skep.h>

/* What one OBJ argument names, opened. */
struct target {
    char *path;
    char *program; /* what OBJ:PROG or --prog says; NULL: nothing */
    skep_object *object;
    struct bytes_buffer elf; /* the object's bytes; empty for bare instructions */
    skep_insn *insns;        /* bare instructions; NULL: an object */
    size_t n_insns;
};

/* The engine and profile that a name stands for.  false: said. */
bool engine_parse(const char *name, enum skep_engine *out);
const char *engine_name(enum skep_engine engine);
bool profile_parse(const char *name, enum skep_profile *out);

/* The hook of that name, or the one of sections of that name (tc, classifier); NULL: none. */
const struct skep_hook *hook_find(const skep_env *env, const char *name);

/* Opens what `word` names (an object, a C file, assembler text, raw or hex bytecode, classic BPF as
 * `tcpdump -ddd` prints it) and applies
 * --type, --set-map-size, --set-rodata.  On failure nothing is left open. */
int target_open(skep_env *env, const struct args *args, const char *word, struct target *out);
/* The same with an expression in tcpdump's language, for packets of a link type. */
int target_open_filter(skep_env *env, const struct args *args, const char *expression,
                       int link_type, struct target *out);
void target_close(struct target *target);

/* The one program to take: the one named, or the only one. */
int target_program(const struct target *target, struct skep_program_info *info);
/* The same when another name is asked for first (bench: each of several). */
bool target_find(const struct target *target, const char *name, struct skep_program_info *info);

/* What every result says of a program: object, program, section, type. */
json_t *target_result(const struct target *target, const struct skep_program_info *info);

#endif
