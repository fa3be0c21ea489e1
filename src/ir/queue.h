/* A queue of numbers below n, each in it at most once: the blocks that a dataflow analysis has to
 * look at again. */
#ifndef SKEP_SRC_IR_QUEUE_H
#define SKEP_SRC_IR_QUEUE_H

#include "base/base.h"

struct queue {
    u32 *items; /* a ring */
    bool *waiting;
    u32 size, first, n;
};

static inline bool queue_init(struct queue *queue, struct arena *arena, u32 size)
{
    *queue = (struct queue){ .items = arena_array(arena, u32, size),
                             .waiting = arena_array(arena, bool, size),
                             .size = size };
    return queue->items && queue->waiting;
}

static inline void queue_add(struct queue *queue, u32 item)
{
    if (queue->waiting[item])
        return;
    u32 room = queue->size - queue->first;
    queue->items[queue->n < room ? queue->first + queue->n : queue->n - room] = item;
    queue->waiting[item] = true;
    queue->n++;
}

/* Requires: n > 0. */
static inline u32 queue_take(struct queue *queue)
{
    u32 item = queue->items[queue->first];
    queue->first = queue->first + 1 == queue->size ? 0 : queue->first + 1;
    queue->n--;
    queue->waiting[item] = false;
    return item;
}

#endif
