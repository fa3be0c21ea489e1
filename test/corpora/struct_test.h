/* A verifier test in struct form, read from the text that struct_tests.c writes (it says what the
 * lines mean).  Ids are small numbers here: positions in the arrays. */
#ifndef SKEP_TEST_CORPORA_STRUCT_TEST_H
#define SKEP_TEST_CORPORA_STRUCT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STRUCT_TEST_MAX = 16, STRUCT_TEST_DATA = 64 };

struct struct_blob { /* types (BTF), or a program */
    int id;
    uint32_t type;
    uint8_t *bytes;
    size_t size;
};

struct struct_map {
    int id;
    uint32_t type, key_size, value_size, entries, flags;
    int btf; /* id of a blob; 0: none */
    uint32_t key_type, value_type;
    int inner; /* id of a map; 0: none */
};

struct struct_element {
    int map;
    uint8_t key[8];
    struct struct_blob value; /* bytes; of PROG_ARRAYs `id` is that of a program */
};

struct struct_run {
    uint32_t result;
    uint8_t data[STRUCT_TEST_DATA];
};

struct struct_kfunc {
    int id;
    char *name;
};

struct struct_test {
    char *name, *target; /* target: the function to attach to, "-": none */
    struct struct_blob btf[STRUCT_TEST_MAX], aux[STRUCT_TEST_MAX], program, functions;
    struct struct_map maps[STRUCT_TEST_MAX];
    struct struct_element elements[STRUCT_TEST_MAX];
    struct struct_kfunc kfuncs[STRUCT_TEST_MAX];
    struct struct_run runs[STRUCT_TEST_MAX];
    size_t n_btf, n_aux, n_maps, n_elements, n_kfuncs, n_runs;
    uint32_t attach, flags, function_bytes;
    int program_btf; /* id; 0: none */
};

/* The test at this offset of the file, never freed.  Ends the program where that is none. */
struct struct_test *struct_test_read(const char *path, long offset);

#endif
