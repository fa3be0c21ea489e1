/* Conformance vectors: small programs, generated for every row of the instruction table, whose r0
 * tells all that the instruction changed.  Engines run them; the reference evaluator says what is
 * right. */
#ifndef SKEP_TEST_CONFORMANCE_VECTORS_H
#define SKEP_TEST_CONFORMANCE_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Something that runs little-endian bytecode: r1 = memory, r2 = its size.  run returns false when
 * it refuses or traps. */
struct conformance_engine {
    const char *name;
    bool (*run)(void *self, const uint8_t *code, size_t size, uint8_t *memory, size_t memory_size,
                uint64_t *r0);
    void *self;
    bool may_refuse; /* has rules of its own about what it runs: a refusal is counted, no failure */
};

#define VECTOR_BYTES 512
#define VECTOR_MEMORY 32
struct vector {
    uint16_t op; /* enum isa_op: whose vector it is */
    uint8_t code[VECTOR_BYTES];
    size_t size;
    uint8_t memory[VECTOR_MEMORY]; /* what the memory holds at the start */
    size_t memory_size;            /* 0: the program uses its stack only */
};

/* The least number of vectors of a row. */
#define VECTORS_PER_ROW_MIN 64

/* Why a row has no vectors: it needs something of a platform (platform.c).  NULL: it has. */
const char *vectors_missing(uint16_t op);

/* Visits the vectors of a row.  Always the same ones. */
typedef void vector_visitor(void *user, const struct vector *vector);
void vectors_of_row(uint16_t op, vector_visitor *visit, void *user);

/* Runs all vectors on all engines, prints a line per row and the counts; returns how many results
 * were wrong, and fails a row that has too few vectors. */
unsigned conformance_check(const struct conformance_engine *engines, size_t n);

/* The Linux kernel, through bpf(2) BPF_PROG_TEST_RUN; false, with a line that says why, where it is
 * not there or not permitted. */
bool kernel_engine_open(struct conformance_engine *engine);

#endif
