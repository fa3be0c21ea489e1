/* What the files of `idioms` share: where the bytes of a value come from. */
#ifndef SKEP_SRC_OPT_IDIOMS_H
#define SKEP_SRC_OPT_IDIOMS_H

#include "opt/make.h"
#include "opt/pass.h"

/* Byte i of a value is byte at[i] of from[i]; from[i] == 0: it is 0. */
struct idiom_bytes {
    u32 from[8];
    u8 at[8];
};

struct idioms {
    struct ssa_func *func;
    u32 room;     /* of the arrays by value: those that were there before */
    u32 *instead; /* what to use in its place; 0: itself */
    u8 *done;     /* is part of what was recognised */
    u32 *epoch;   /* of memory: equal for loads of a block between which nothing is written */
    u32 *place;   /* in the block */
    bool changed;
};

/* idioms_bytes.c */
struct idiom_bytes idiom_bytes_of(struct idioms *p, u32 value);
/* Bytes first … first + n - 1 as a value of `n` (2, 4, 8) bytes that is made before `at`: one
 * value's, shifted or swapped, or those of one wider load.  0: they are not. */
u32 idiom_gather(struct idioms *p, u32 at, const struct idiom_bytes *bytes, u32 n);
/* x << a | x >> (bits - a). */
bool idiom_rotate(struct idioms *p, u32 at);
bool idiom_put_together(struct idioms *p, u32 at);
/* idioms_stores.c: adjacent stores of one block become one. */
void idiom_stores(struct idioms *p, u32 block);

#endif
