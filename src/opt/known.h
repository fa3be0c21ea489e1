/* What is known of a value: bounds and bits, and what operations make of them.  Pure functions;
 * `fold` computes it for every value, others may ask for single ones. */
#ifndef SKEP_SRC_OPT_KNOWN_H
#define SKEP_SRC_OPT_KNOWN_H

#include "ir/ir.h"

struct known {
    u64 lo, hi;      /* lo <= value <= hi, unsigned */
    u64 zeros, ones; /* bits that are 0, bits that are 1 */
};

static inline struct known known_nothing(void) { return (struct known){ 0, UINT64_MAX, 0, 0 }; }
static inline struct known known_number(u64 number)
{
    return (struct known){ number, number, ~number, number };
}
static inline u64 known_mask(u32 width_bytes)
{
    return width_bytes >= 8 ? UINT64_MAX : ((u64)1 << 8 * width_bytes) - 1;
}
static inline bool known_is_number(struct known k) { return k.lo == k.hi; }

/* Bounds and bits learn from each other.  What contradicts itself, as in code that is never
 * reached, becomes nothing. */
struct known known_reduce(struct known k);
/* Any of the two; both. */
struct known known_join(struct known a, struct known b);
struct known known_meet(struct known a, struct known b);
/* The low bytes, zero-extended. */
struct known known_low(struct known a, u32 width_bytes);
/* The result of an operation of up to three arguments; of loads and calls: by their kind. */
struct known known_result(const struct ssa_insn *insn, struct known a, struct known b,
                          struct known c);
/* A comparison: 1, 0, or -1: not known. */
int known_compare(u32 op, u32 width, struct known a, struct known b);
/* What `insn` gives for these numbers; false: not an operation on numbers. */
bool known_eval(const struct ssa_insn *insn, u64 a, u64 b, u64 c, u64 *result);

#endif
