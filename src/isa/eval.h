/* What the operations compute (RFC 9669 §4.1, §4.2, §4.3, §5.3): value semantics once, for the
 * interpreters, constant folding and constants.  Pure.
 *
 * eval_<name>64(a, b) and eval_<name>32(a, b) go with the rows of ISA_BINARY, of which 32 uses the
 * low halves and gives a zero-extended result; eval_<name>64/32 of ISA_COND are the tests of the
 * conditional jumps.  An immediate is passed sign-extended to 64 bits. */
#ifndef SKEP_SRC_ISA_EVAL_H
#define SKEP_SRC_ISA_EVAL_H

#include "base/types.h"

/* Wrapping arithmetic */
static inline u64 eval_add64(u64 a, u64 b) { return a + b; }
static inline u64 eval_sub64(u64 a, u64 b) { return a - b; }
static inline u64 eval_mul64(u64 a, u64 b) { return a * b; }
static inline u64 eval_or64(u64 a, u64 b) { return a | b; }
static inline u64 eval_and64(u64 a, u64 b) { return a & b; }
static inline u64 eval_xor64(u64 a, u64 b) { return a ^ b; }
static inline u64 eval_mov64(u64 a, u64 b) { return (void)a, b; }
static inline u64 eval_neg64(u64 a) { return 0 - a; }

static inline u64 eval_add32(u64 a, u64 b) { return (u32)a + (u32)b; }
static inline u64 eval_sub32(u64 a, u64 b) { return (u32)a - (u32)b; }
static inline u64 eval_mul32(u64 a, u64 b) { return (u32)a * (u32)b; }
static inline u64 eval_or32(u64 a, u64 b) { return (u32)a | (u32)b; }
static inline u64 eval_and32(u64 a, u64 b) { return (u32)a & (u32)b; }
static inline u64 eval_xor32(u64 a, u64 b) { return (u32)a ^ (u32)b; }
static inline u64 eval_mov32(u64 a, u64 b) { return (void)a, (u32)b; }
static inline u64 eval_neg32(u64 a) { return 0 - (u32)a; }

/* Division by zero gives 0, the remainder of a division by zero is the dividend; the quotient that
 * does not fit (the smallest number by -1) wraps, with remainder 0. */
static inline u64 eval_div64(u64 a, u64 b) { return b ? a / b : 0; }
static inline u64 eval_div32(u64 a, u64 b) { return (u32)b ? (u32)a / (u32)b : 0; }
static inline u64 eval_mod64(u64 a, u64 b) { return b ? a % b : a; }
static inline u64 eval_mod32(u64 a, u64 b) { return (u32)b ? (u32)a % (u32)b : (u32)a; }

static inline u64 eval_sdiv64(u64 a, u64 b)
{
    if (b == 0)
        return 0;
    return (s64)b == -1 ? 0 - a : (u64)((s64)a / (s64)b);
}
static inline u64 eval_sdiv32(u64 a, u64 b)
{
    if ((u32)b == 0)
        return 0;
    return (s32)b == -1 ? 0 - (u32)a : (u32)((s32)a / (s32)b);
}
static inline u64 eval_smod64(u64 a, u64 b)
{
    if (b == 0)
        return a;
    return (s64)b == -1 ? 0 : (u64)((s64)a % (s64)b);
}
static inline u64 eval_smod32(u64 a, u64 b)
{
    if ((u32)b == 0)
        return (u32)a;
    return (s32)b == -1 ? 0 : (u32)((s32)a % (s32)b);
}

/* Shifts: the amount is masked to the width.  >> of a negative number is arithmetic on every
 * compiler that this is built with. */
static inline u64 eval_lsh64(u64 a, u64 b) { return a << (b & 63); }
static inline u64 eval_lsh32(u64 a, u64 b) { return (u32)a << (b & 31); }
static inline u64 eval_rsh64(u64 a, u64 b) { return a >> (b & 63); }
static inline u64 eval_rsh32(u64 a, u64 b) { return (u32)a >> (b & 31); }
static inline u64 eval_arsh64(u64 a, u64 b) { return (u64)((s64)a >> (b & 63)); }
static inline u64 eval_arsh32(u64 a, u64 b) { return (u32)((s32)a >> (b & 31)); }

/* Moves with sign extension: eval_movsx<from>_<to> */
static inline u64 eval_movsx8_64(u64 a) { return (u64)(s8)a; }
static inline u64 eval_movsx16_64(u64 a) { return (u64)(s16)a; }
static inline u64 eval_movsx32_64(u64 a) { return (u64)(s32)a; }
static inline u64 eval_movsx8_32(u64 a) { return eval_movsx8_64(a) & UINT32_MAX; }
static inline u64 eval_movsx16_32(u64 a) { return eval_movsx16_64(a) & UINT32_MAX; }

/* Byte swaps; the result is zero-extended from its width. */
static inline u64 eval_bswap16(u64 a) { return (a & 0xff) << 8 | (a >> 8 & 0xff); }
static inline u64 eval_bswap32(u64 a) { return eval_bswap16(a) << 16 | eval_bswap16(a >> 16); }
static inline u64 eval_bswap64(u64 a) { return eval_bswap32(a) << 32 | eval_bswap32(a >> 32); }

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define EVAL_HOST_IS_LE false
#else
#define EVAL_HOST_IS_LE true
#endif
static inline u64 eval_le16(u64 a) { return EVAL_HOST_IS_LE ? (u16)a : eval_bswap16(a); }
static inline u64 eval_le32(u64 a) { return EVAL_HOST_IS_LE ? (u32)a : eval_bswap32(a); }
static inline u64 eval_le64(u64 a) { return EVAL_HOST_IS_LE ? a : eval_bswap64(a); }
static inline u64 eval_be16(u64 a) { return EVAL_HOST_IS_LE ? eval_bswap16(a) : (u16)a; }
static inline u64 eval_be32(u64 a) { return EVAL_HOST_IS_LE ? eval_bswap32(a) : (u32)a; }
static inline u64 eval_be64(u64 a) { return EVAL_HOST_IS_LE ? eval_bswap64(a) : a; }
#undef EVAL_HOST_IS_LE

/* Conditions */
static inline bool eval_jeq64(u64 a, u64 b) { return a == b; }
static inline bool eval_jne64(u64 a, u64 b) { return a != b; }
static inline bool eval_jgt64(u64 a, u64 b) { return a > b; }
static inline bool eval_jge64(u64 a, u64 b) { return a >= b; }
static inline bool eval_jlt64(u64 a, u64 b) { return a < b; }
static inline bool eval_jle64(u64 a, u64 b) { return a <= b; }
static inline bool eval_jset64(u64 a, u64 b) { return (a & b) != 0; }
static inline bool eval_jsgt64(u64 a, u64 b) { return (s64)a > (s64)b; }
static inline bool eval_jsge64(u64 a, u64 b) { return (s64)a >= (s64)b; }
static inline bool eval_jslt64(u64 a, u64 b) { return (s64)a < (s64)b; }
static inline bool eval_jsle64(u64 a, u64 b) { return (s64)a <= (s64)b; }

static inline bool eval_jeq32(u64 a, u64 b) { return (u32)a == (u32)b; }
static inline bool eval_jne32(u64 a, u64 b) { return (u32)a != (u32)b; }
static inline bool eval_jgt32(u64 a, u64 b) { return (u32)a > (u32)b; }
static inline bool eval_jge32(u64 a, u64 b) { return (u32)a >= (u32)b; }
static inline bool eval_jlt32(u64 a, u64 b) { return (u32)a < (u32)b; }
static inline bool eval_jle32(u64 a, u64 b) { return (u32)a <= (u32)b; }
static inline bool eval_jset32(u64 a, u64 b) { return ((u32)a & (u32)b) != 0; }
static inline bool eval_jsgt32(u64 a, u64 b) { return (s32)a > (s32)b; }
static inline bool eval_jsge32(u64 a, u64 b) { return (s32)a >= (s32)b; }
static inline bool eval_jslt32(u64 a, u64 b) { return (s32)a < (s32)b; }
static inline bool eval_jsle32(u64 a, u64 b) { return (s32)a <= (s32)b; }

/* Atomics: what memory holds afterwards, given what it held (zero-extended).  The caller stores as
 * many bytes as the operation has; eval_<name>64 of ISA_BINARY serve ISA_ATOMIC likewise.
 * A 32-bit compare-exchange compares the low half of r0. */
static inline u64 eval_cmpxchg64(u64 old, u64 r0, u64 src) { return old == r0 ? src : old; }
static inline u64 eval_cmpxchg32(u64 old, u64 r0, u64 src)
{
    return (u32)((u32)old == (u32)r0 ? src : old);
}

#endif
