/* What the fixpoint and the proof that loops end share. */
#ifndef SKEP_SRC_VERIFY_FIXPOINT_H
#define SKEP_SRC_VERIFY_FIXPOINT_H

#include "verify/engine.h"

/* A place in a context, and the states that were kept there. */
struct fix_node {
    u32 context, insn;
    u32 joins;
    bool queued;
    VEC(struct state *) states;
    u32 n_done; /* of the states, those that were stepped */
};

struct loop;

struct fix {
    struct verifier *v;
    u32 most_states; /* kept apart at a point */
    bool widens;
    u64 most_visited;          /* by the verifier, before it is given up */
    u32 fixed;                 /* ids below keep their meaning */
    const struct state *begin; /* of the loop that is looked at; else NULL */
    struct loop *loop;         /* one loop's body is looked at, not the program; else NULL */
    VEC(struct fix_node) nodes;
    struct hash_index index;
    VEC(u32) heap;               /* nodes with states to be stepped */
    VEC(struct state *) pending; /* on their way from one node to others */
    bool releases; /* what nothing can arrive at again is not kept once it was stepped */
    bool released;
    bool widened; /* something was; else every state is what its paths lead to, joined */
    u32 n_roots;  /* of the verifier's, those that have begun */
    bool again;   /* some state was stepped from before it was what it is in the end */
    bool any_failed;
    struct verify_report first; /* of the failures, the first */
};

void fix_init(struct fix *f, struct verifier *v, u32 most_states);
void fix_drop(struct fix *f);
/* A state arrives where others may be.  Consumes it. */
bool fix_arrive(struct fix *f, struct state *s);
/* Until nothing new arrives, narrowed where something failed.  false: a limit, or no memory. */
bool fix_close(struct fix *f);
/* One more pass over all states, which makes the table anew. */
bool fix_narrow(struct fix *f);

/* Do all loops of a finished fixpoint end?  The report says which one may not. */
enum outcome loops_end(struct fix *f);
/* Is the state the concern of the loop that is looked at, or of nobody?  Consumes it then. */
bool loop_takes(struct loop *loop, struct verifier *v, struct state *s);

#endif
