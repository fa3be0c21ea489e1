/* The witness of a verification: all that is known, at every place that control can reach, as a
 * graph (docs/verifier.md).
 *
 * A node is a state (fact/state.h): an instruction, and the call string that led there.  A place is
 * the nodes of one instruction in one call string; what is known there is that one of them holds.
 * Edges follow from the program: every successor of a node lies in the place that control comes to,
 * and one of the nodes there stands for it, be it its own or one that covers it.  So whatever holds
 * at the roots holds on all paths, if it is kept by single steps; that can be checked without
 * knowing how the witness was found, and against what a program really does.
 *
 * A witness owns what it holds; witness_drop frees all of it. */
#ifndef SKEP_SRC_FACT_WITNESS_H
#define SKEP_SRC_FACT_WITNESS_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include "fact/state.h"

#define WITNESS_NONE UINT32_MAX
#define WITNESS_MOST_NODES ((u32)1 << 17)

/* A call string, as its last call and what comes before. */
struct witness_context {
    u32 parent; /* WITNESS_NONE: a root */
    u32 call;   /* the instruction that called */
    u32 func;
    u32 map; /* ASYNC: whose values it is called for */
    u8 kind; /* enum witness_entry */
};
/* How a function was entered. */
enum witness_entry {
    WITNESS_MAIN,
    WITNESS_CALL,
    WITNESS_CALLBACK,
    WITNESS_ASYNC,
    WITNESS_GLOBAL,    /* a function by its signature, whoever calls it: a root */
    WITNESS_EXCEPTION, /* what makes a result of what was thrown: a root */
};

struct witness_node {
    const struct state *state;
    u32 next; /* of the same place */
};

struct witness {
    struct mem *mem;
    struct arena arena; /* states, values */
    const struct value *values;
    VEC(struct witness_context) contexts;
    VEC(struct witness_node) nodes;
    VEC(u32) places; /* the first node of each */
    struct hash_index index;
};

void witness_init(struct witness *w, struct mem *mem);
void witness_drop(struct witness *w);

/* Copies a state.  SKEP_LIMIT: there are WITNESS_MOST_NODES of them; SKEP_NOMEM. */
skep_status witness_add(struct witness *w, const struct state *state);
/* Call strings are numbered as they are added. */
bool witness_add_context(struct witness *w, const struct witness_context *context);
/* Last: the values that the states refer to. */
bool witness_take_values(struct witness *w, const struct value_table *table);

/* The first node of a place, or WITNESS_NONE. */
u32 witness_first(const struct witness *w, u32 context, u32 insn);
/* The call string of that description, or WITNESS_NONE. */
u32 witness_find_context(const struct witness *w, const struct witness_context *context);
static inline const struct value *witness_value(const struct witness *w, const struct cell *cell)
{
    return &w->values[cell->value];
}

#endif
