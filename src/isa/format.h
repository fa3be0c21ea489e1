/* The texts of instructions as patterns, one description for printing and reading.
 *
 * In a pattern a blank stands for any blanks, other characters for themselves, and
 *   %d %s   destination and source register, r or w by the width of the operation
 *   %D %S   the same, always r
 *   %x %y   the same, as the value of a memory access: r, or w when it has at most 32 bits
 *   %o      r0 or w0, which cmpxchg compares with
 *   %t %T   the row's text; the row's text as a pattern
 *   %c      the classic mnemonic with its width suffix, %m the same without
 *   %a      atomic64_ or atomic_, by width, before more of the word
 *   %u %z   u8..u64, s8..s64: the type of a memory access
 *   %M %N   dst + off, src + off; read also without an offset
 *   %i      the 32-bit immediate; %l the 64-bit one
 *   %j %J   the distance of a jump, in off or imm: +0x3, pc+3, or a label; %p the same of a call
 *   %h      a helper's number, or name#number
 *   %g      the low half of the immediate, 16 bits each: addr_space_cast's dst and src
 *   %f %v   the halves of a two-slot immediate; %C the low one as a distance in the code
 *   %n      the row's src field
 *   %L      nothing; the pattern counts only in a listing, whose lines begin with the opcode
 *   %k      off, which a kfunc call may have: nothing, or `off N` */
#ifndef SKEP_SRC_ISA_FORMAT_H
#define SKEP_SRC_ISA_FORMAT_H

#include "isa/isa.h"

struct isa_format {
    u8 kind; /* enum isa_kind */
    const char *pattern;
};

/* What isa_print writes, by kind. */
extern const char *const isa_canonical_formats[ISA_KIND_COUNT];

/* What isa_assemble reads besides. */
extern const struct isa_format isa_other_formats[];
extern const u32 isa_other_formats_n;

/* What llvm-objdump prints, which may lose bits. */
const char *isa_objdump_format(const struct isa_row *row);

/* The suffixes that the classic mnemonic of a row may have; second may be NULL. */
struct isa_suffixes {
    const char *first, *second;
};
struct isa_suffixes isa_classic_suffixes(const struct isa_row *row);

#endif
