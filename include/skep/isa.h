/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The instruction set (RFC 9669 and the Linux extensions after it): text to bytecode and back,
 * the structural check, and which conformance groups this build has.
 *
 * Thread safety: every function is pure. */
#ifndef SKEP_ISA_H
#define SKEP_ISA_H

#include <skep/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One 8-byte instruction slot in the byte order and layout of a little-endian object (RFC 9669
 * §3.1); wide instructions take two. */
typedef struct skep_insn {
    uint8_t opcode;
    uint8_t registers; /* src << 4 | dst */
    int16_t offset;
    int32_t imm;
} skep_insn;

/* Assembles NUL-terminated text into freshly allocated slots (free with free()): one instruction
 * per line or `;`, labels, comments.  Reads llvm-objdump's text, the kernel verifier's spellings
 * and the classic mnemonics.  SKEP_MALFORMED: error names line and column.  SKEP_NOMEM. */
SKEP_API skep_status skep_assemble(const char *text, skep_insn **insns, size_t *count,
                                   skep_error *error);

/* Renders n slots as text, one instruction per line, llvm-objdump's spelling, NUL-terminated,
 * freshly allocated (free with free()).  A slot that is no instruction becomes `.8byte 0x…`. */
SKEP_API skep_status skep_disassemble(const skep_insn *insns, size_t count, char **text);

/* The structural check: exactly the encodings that the standard defines, jumps that land on
 * instructions.  SKEP_MALFORMED: error names the slot and the field. */
SKEP_API skep_status skep_check_structure(const skep_insn *insns, size_t count, skep_error *error);

/* The i-th conformance group that this build supports, such as "base64" (RFC 9669 §2.4) or
 * "linux-may-goto"; NULL past the last. */
SKEP_API const char *skep_isa_group(unsigned i);

/* One instruction of classic BPF: struct sock_filter of <linux/filter.h>, libpcap's struct
 * bpf_insn, a line of `tcpdump -ddd`.  Host byte order. */
struct skep_classic_insn {
    uint16_t code;
    uint8_t jt, jf;
    uint32_t k;
};

#ifdef __cplusplus
}
#endif
#endif
