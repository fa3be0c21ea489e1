/* When may a thing be freed that a running program may still hold?  When every thread that was
 * running at that time has left its run.
 *
 * A reader's enter and leave are plain stores; the writer pays with a membarrier.  Used only to
 * replace inner maps and programs and to destroy maps: values live in slabs that stay mapped. */
#ifndef SKEP_SRC_RT_EPOCH_H
#define SKEP_SRC_RT_EPOCH_H

#include "base/base.h"
#include "os/os.h"

#include <stdatomic.h>

struct epoch_node;

/* One per thread, registered with its epoch; 0: not running. */
struct epoch_slot {
    _Atomic u64 running; /* the epoch in which the run began */
    struct epoch_slot *next;
};

struct epoch {
    struct mem *mem;
    enum os_barrier barrier;
    _Atomic u64 now;
    struct os_lock lock; /* of what follows */
    struct epoch_slot *slots;
    struct epoch_node *first, *last; /* deferred, the oldest first */
};

skep_status epoch_new(struct mem *mem, struct epoch **out);
void epoch_delete(struct epoch *epoch); /* frees all that is deferred; no thread may run */
void epoch_register(struct epoch *epoch, struct epoch_slot *slot);
void epoch_unregister(struct epoch *epoch, struct epoch_slot *slot);

/* Inline: they are part of what an empty run costs. */
static inline void epoch_enter(struct epoch *epoch, struct epoch_slot *slot)
{
    u64 now = atomic_load_explicit(&epoch->now, memory_order_acquire);
    atomic_store_explicit(&slot->running, now, memory_order_relaxed);
    os_barrier_light(epoch->barrier);
}

static inline void epoch_leave(struct epoch_slot *slot)
{
    atomic_store_explicit(&slot->running, 0, memory_order_release);
}

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

/* References to one object that wait to be given back, any number of them without memory of their
 * own: those that are taken out while others wait go with the next deferral. */
struct epoch_returns {
    struct epoch_node node;
    struct epoch *epoch;
    void (*put)(void *object);
    void *object;
    u32 due, later; /* references; under the epoch's lock */
};
/* Calls put(object) once no run that began before now is left; the reference keeps the object until
 * then.  Of an object put and epoch are always the same. */
void epoch_return(struct epoch *epoch, struct epoch_returns *returns, void (*put)(void *object),
                  void *object);

/* Waits until every run that began before now has ended.  Must not be called from inside a run. */
void epoch_synchronize(struct epoch *epoch);

#endif
