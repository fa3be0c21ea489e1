/* Objects that maps hold: inner maps and programs.
 *
 * A slot holds a reference of its own.  Readers load the pointer and may use the object until their
 * run ends: a reference that is taken out of a map is given back through the epoch, when no run
 * that could have seen the pointer is left. */
#ifndef SKEP_SRC_MAP_HELD_H
#define SKEP_SRC_MAP_HELD_H

#include "rt/rt.h"

struct held_kind {
    void (*take)(void *object);
    /* Gives a reference back when no run can still see it. */
    void (*drop)(struct epoch *epoch, void *object);
};
extern const struct held_kind held_map, held_program;

#endif
