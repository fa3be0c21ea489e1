/* A call of a helper under way, as the files that know its arguments share it. */
#ifndef SKEP_SRC_VERIFY_CALL_H
#define SKEP_SRC_VERIFY_CALL_H

#include "verify/engine.h"

struct call {
    const struct skep_helper *helper;
    struct cell args[5];
    struct cell map; /* its MAP argument; none: there is none */
    u64 alloc_bytes;
    u32 released;      /* ref */
    u32 slot_type;     /* enum skep_type of what its KPTR argument holds */
    u32 part_of;       /* ref of the dynptr or iterator that the result is part of */
    bool key_is_index; /* the key is a constant that an array has */
};

/* false, and the report says what argument `a` must be. */
bool call_wrong(struct verifier *v, const struct call *call, u32 a, const char *expected);
/* A reference that must be given back; 0: there are too many. */
u32 call_acquire(struct verifier *v, struct state *s, enum held_what kind);

/* ---- owned.c */
bool owned_check_dynptr(struct verifier *v, struct state *s, struct call *call, u32 a);
bool owned_check_iterator(struct verifier *v, struct state *s, struct call *call, u32 a);
/* After the checks: what the call makes of its dynptrs and iterators. */
bool owned_effects(struct verifier *v, struct state *s, const struct call *call, u32 a);
/* The call gives an iterator's next element, r0; there may be none. */
bool owned_iterate(struct verifier *v, struct state *s, const struct call *call, struct cell r0);

/* Is it, in that register, a result that the program may have? */
bool call_check_program_result(struct verifier *v, const struct cell *cell, u32 reg);

/* ---- modes.c */
bool mode_effects(struct verifier *v, struct state *s, const struct skep_helper *helper);
/* The helper throws its first argument: may it? */
bool mode_throw(struct verifier *v, struct state *s, const struct call *call);

#endif
