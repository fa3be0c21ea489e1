/* Objects that maps hold: inner maps and programs.
 *
 * A slot holds a reference of its own.  Readers load the pointer and may use the object until their
 * run ends: a reference that is taken out of a map is given back through the epoch, when no run
 * that could have seen the pointer is left. */
#ifndef SKEP_SRC_MAP_HELD_H
#define SKEP_SRC_MAP_HELD_H

#include "rt/rt.h"

struct held_kind {
    void (*get)(void *object);
    void (*put)(void *object);
};
extern const struct held_kind held_map, held_program;

struct held_node;
/* What a slot stores; both NULL when it is empty. */
struct held_slot {
    void *object;
    struct held_node *node; /* what dropping will need, so that dropping cannot fail */
};

/* Takes a reference.  false: no memory. */
bool held_take(struct skep_map *map, const struct held_kind *kind, void *object,
               struct held_slot *out);
/* Gives it back when no run can still see it; nothing for an empty slot. */
void held_drop(struct skep_map *map, const struct held_slot *slot);

#endif
