/* Parts of kernel_skep. */
#ifndef SKEP_TEST_CORPORA_KERNEL_SKEP_H
#define SKEP_TEST_CORPORA_KERNEL_SKEP_H

#include <stddef.h>
#include <stdint.h>

/* Prints a line for each program of an object: file, program, type, section, slots of bytecode,
 * "links" or why not, which objects of a kernel its instructions deal with ("socket", "kernel":
 * other typed pointers, by the contracts of fields and helpers), kernel functions, other externs,
 * types of maps, CO-RE relocations, declaration tags.  Fields are separated by tabs, lists by
 * commas, tags by \x1f; "-" is nothing. */
void kernel_facts(const char *path);

/* 1 + the offset of the struct bpf_spin_lock in a struct of these types; 0: it has none. */
uint32_t kernel_lock_at(const uint8_t *btf, size_t size, uint32_t type);

#endif
