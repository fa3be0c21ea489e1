/* Parts of kernel_skep. */
#ifndef SKEP_TEST_CORPORA_KERNEL_SKEP_H
#define SKEP_TEST_CORPORA_KERNEL_SKEP_H

#include <skep/skep.h>

#include <stddef.h>
#include <stdint.h>

/* Prints a line for each program of an object: file, program, type, section, slots of bytecode,
 * "links" or why not, which objects of a kernel its instructions deal with ("socket", "kernel":
 * other typed pointers, by the contracts of fields and helpers), kernel functions, other externs,
 * types of maps, CO-RE relocations, declaration tags.  Fields are separated by tabs, lists by
 * commas, tags by \x1f; "-" is nothing. */
void kernel_facts(const char *path);

/* What of a value of that type belongs to helpers goes into the spec. */
void kernel_find_specials(const uint8_t *btf, size_t size, uint32_t type,
                          struct skep_map_spec *spec);

/* Runs an accepted program on every input of some kinds (kernel_inputs.c), at least until it
 * faults. How many there were; *error: the fault, if there was one. */
uint64_t kernel_run_inputs(skep_env *env, const skep_program *program, const char *kinds,
                           skep_error *error);
/* What stands for a program type that cannot run here, and its name; for the env. */
#define KERNEL_RUNNABLE "flow_dissector with keys"
const struct skep_hook *kernel_runnable_hook(void);

#endif
