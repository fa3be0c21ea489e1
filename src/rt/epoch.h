/* When may a thing be freed that a running program may still hold?  When every thread that was
 * running at that time has left its run.
 *
 * A reader's enter and leave are plain stores; the writer pays with a membarrier.  Used only to
 * replace inner maps and programs and to destroy maps: values live in slabs that stay mapped. */
#ifndef SKEP_SRC_RT_EPOCH_H
#define SKEP_SRC_RT_EPOCH_H

#include "base/base.h"

#include <stdatomic.h>

struct epoch;

/* One per thread, registered with its epoch; 0: not running. */
struct epoch_slot {
    _Atomic u64 running; /* the epoch in which the run began */
    struct epoch_slot *next;
};

skep_status epoch_new(struct mem *mem, struct epoch **out);
void epoch_delete(struct epoch *epoch); /* frees all that is deferred; no thread may run */
void epoch_register(struct epoch *epoch, struct epoch_slot *slot);
void epoch_unregister(struct epoch *epoch, struct epoch_slot *slot);

void epoch_enter(struct epoch *epoch, struct epoch_slot *slot);
void epoch_leave(struct epoch_slot *slot);

/* Calls free_it(object) once no run that began before now is left: at once if possible, else in a
 * later call of epoch_defer, epoch_collect or epoch_delete.  node is memory inside the object. */
struct epoch_node {
    struct epoch_node *next;
    void (*free_it)(void *object);
    void *object;
    u64 at;
};
void epoch_defer(struct epoch *epoch, struct epoch_node *node, void (*free_it)(void *object),
                 void *object);
void epoch_collect(struct epoch *epoch);
/* Waits until every run that began before now has ended.  Must not be called from inside a run. */
void epoch_synchronize(struct epoch *epoch);

#endif
