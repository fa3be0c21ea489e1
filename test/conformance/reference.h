/* A second evaluator of BPF, written from the text of RFC 9669 and sharing nothing with the
 * library: what an engine computes is compared with what this says.  Slow and plain on purpose. */
#ifndef SKEP_TEST_CONFORMANCE_REFERENCE_H
#define SKEP_TEST_CONFORMANCE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs little-endian bytecode.  r1 = the memory, r2 = its size, r10 = the end of 512 bytes of
 * stack. False when the program does what the RFC does not define, touches other memory, needs
 * something of a platform (helpers, maps, packets), or takes more than a million steps. */
bool reference_run(const uint8_t *code, size_t size, uint8_t *memory, size_t memory_size,
                   uint64_t *r0);

#endif
