/* Who has not been used for longest, nearly: the marks of LRU maps.
 *
 * Threads that look up the same keys must not fight over cache lines, so what a CPU slot knows
 * about uses it writes to memory of its own, a row (there are up to 8; further slots share them): a
 * stamp for every element, and how often the slot touched elements.  Every `length` touches a row
 * begins a new mark and keeps the time (the system's: it only tells in which order rows came).  An
 * element's stamp is the mark of its last touch; touching it again within the mark costs nothing.
 *
 * Rows come together only when an element must be evicted.  It must not have been touched by the
 * last n/2 operations, n being the capacity.  Going back over the marks of all rows by their times,
 * until n/2 touches lie behind, gives a moment and so, in every row, the first mark that may lie
 * behind it: the window.  Stamps within it protect their elements.  They are at most
 * n/2 + rows * length <= 3/4 n touches, so a full map always has a victim (in maps of a few
 * elements that many threads use, the window is narrowed until there is one); random probes find
 * one soon, and the oldest of some is taken.
 *
 * Threads that use one row at once can lose touches, never add any: the window is too wide then. */
#ifndef SKEP_SRC_MAP_LRU_H
#define SKEP_SRC_MAP_LRU_H

#include "map/region.h"

enum {
    LRU_ROWS_MAX = 8,
    LRU_TIMES = 64, /* marks whose times are known */
};

struct lru_row {
    _Atomic u32 mark;             /* 0 is left out */
    _Atomic u32 touches;          /* in this mark */
    u8 padding_[120];             /* two cache lines, since they are fetched in pairs */
    _Atomic u64 times[LRU_TIMES]; /* when mark m began, ns: times[m % LRU_TIMES] */
};

struct lru {
    struct lru_row *rows;
    u8 *stamps; /* of element 0 in row 0; a stamp of 0: no touch */
    u64 stride; /* bytes of stamps in a row */
    u32 mask;   /* rows - 1; they are a power of two */
    u32 length;
    _Atomic u64 random;
    struct region region;
};

/* In each row the first mark of what is protected. */
struct lru_window {
    u32 marks[LRU_ROWS_MAX];
};

/* elements: one past the highest number.  0, -errno. */
int lru_init(struct lru *lru, struct skep_map *map, u32 elements);
void lru_drop(struct lru *lru, struct skep_map *map);
u64 lru_memory_bytes(const struct lru *lru);

void lru_next_mark(struct lru_row *row, u32 mark);

static inline _Atomic u32 *lru_stamp(const struct lru *lru, u32 element, u32 row)
{
    return (_Atomic u32 *)(void *)(lru->stamps + row * lru->stride) + element;
}

/* Notes that an element is used now.  cpu: which row, any number. */
static inline void lru_touch(struct lru *lru, u32 element, u32 cpu)
{
    struct lru_row *row = &lru->rows[cpu & lru->mask];
    _Atomic u32 *stamp = lru_stamp(lru, element, cpu & lru->mask);
    u32 mark = atomic_load_explicit(&row->mark, memory_order_relaxed);
    if (atomic_load_explicit(stamp, memory_order_relaxed) == mark)
        return;
    atomic_store_explicit(stamp, mark, memory_order_relaxed);
    u32 touches = atomic_load_explicit(&row->touches, memory_order_relaxed) + 1;
    atomic_store_explicit(&row->touches, touches, memory_order_relaxed);
    if (UNLIKELY(touches >= lru->length))
        lru_next_mark(row, mark);
}

/* An element that is free has no touch; one that is spare may have. */
void lru_forget(struct lru *lru, u32 element);
/* Has it been touched, and not within the window? */
bool lru_is_old(const struct lru *lru, u32 element, const struct lru_window *window);

struct hashtab;
/* Makes room for one element.  false: there was nothing to evict. */
bool lru_evict(struct hashtab *table);

#endif
