/* The marks of LRU maps; see lru.h. */
#include "map/lru.h"

#include "map/hashtab.h"

enum {
    LRU_LENGTH = 256,    /* touches that are worth a look at the clock */
    LRU_REACH = 40,      /* marks that a window may go back */
    LRU_AHEAD = 1 << 16, /* marks that are younger than a window's first; others are far older */
    LRU_PROBES = 8,      /* per round; the oldest is taken */
    LRU_ROUNDS = 16,
};

static u32 lru_n_rows(u32 n_cpus)
{
    u32 n = 1;
    while (n < n_cpus && n < LRU_ROWS_MAX)
        n *= 2;
    return n;
}

/* rows * length <= n/4, and n/2 touches are fewer marks than LRU_REACH. */
static u32 lru_length(u32 n, u32 rows)
{
    u32 most = n / (4 * max_u32(rows, 2));
    return max_u32(min_u32(most, max_u32(n / 64, LRU_LENGTH)), 1);
}

int lru_init(struct lru *lru, struct skep_map *map, u32 elements)
{
    u32 rows = lru_n_rows(map->n_cpus);
    lru->mask = rows - 1;
    lru->length = lru_length(map->spec.max_entries, rows);
    lru->stride = round_up_u64((u64)elements * sizeof(u32), 64);
    int result = region_new(map, &lru->region, rows * (sizeof(struct lru_row) + lru->stride));
    if (result)
        return result;
    lru->rows = (struct lru_row *)(void *)lru->region.base;
    lru->stamps = (u8 *)(lru->rows + rows);
    for (u32 i = 0; i < rows; i++)
        atomic_init(&lru->rows[i].mark, 1);
    atomic_init(&lru->random, map->seed);
    return 0;
}

void lru_drop(struct lru *lru, struct skep_map *map) { region_free(map, &lru->region); }

u64 lru_memory_bytes(const struct lru *lru) { return region_committed(&lru->region); }

static _Atomic u64 *lru_time(struct lru_row *row, u32 mark)
{
    return &row->times[mark % LRU_TIMES];
}

/* The time first: who sees the mark sees its time.  Of threads that share the row one succeeds. */
COLD void lru_next_mark(struct lru_row *row, u32 mark)
{
    u64 now = os_clock_ns(OS_CLOCK_MONOTONIC);
    u32 next = mark + 1;
    if (!next)
        atomic_store_explicit(lru_time(row, next++), now, memory_order_relaxed);
    atomic_store_explicit(lru_time(row, next), now, memory_order_relaxed);
    if (atomic_compare_exchange_strong_explicit(&row->mark, &mark, next, memory_order_release,
                                                memory_order_relaxed))
        atomic_store_explicit(&row->touches, 0, memory_order_relaxed);
}

void lru_forget(struct lru *lru, u32 element)
{
    for (u32 row = 0; row <= lru->mask; row++) {
        _Atomic u32 *stamp = lru_stamp(lru, element, row);
        if (atomic_load_explicit(stamp, memory_order_relaxed))
            atomic_store_explicit(stamp, 0, memory_order_relaxed);
    }
}

/* ---- the window ---- */

/* How far back over a row's marks we are. */
struct lru_back {
    u32 mark;    /* the row's own when we began */
    u32 touches; /* in that one */
    u32 steps;   /* marks that lie behind */
};

/* The row whose next mark to go over began last; ROWS_MAX: none has one (first marks have no time,
 * and so are never gone over). */
static u32 lru_latest(const struct lru *lru, const struct lru_back back[LRU_ROWS_MAX])
{
    u32 latest = LRU_ROWS_MAX;
    u64 when = 0;
    for (u32 i = 0; i <= lru->mask; i++) {
        u64 began = atomic_load_explicit(lru_time(&lru->rows[i], back[i].mark - back[i].steps),
                                         memory_order_relaxed);
        if (began > when && back[i].steps < LRU_REACH) {
            latest = i;
            when = began;
        }
    }
    return latest;
}

/* Goes back until `touches` lie behind.  What began before the moment that was reached, and may
 * reach behind it, is protected, too; in the row of that very moment, nothing is. */
static void lru_go_back(const struct lru *lru, u32 touches, struct lru_back back[LRU_ROWS_MAX],
                        struct lru_window *window)
{
    u32 behind = 0, row = LRU_ROWS_MAX;
    while (behind < touches && (row = lru_latest(lru, back)) < LRU_ROWS_MAX) {
        behind += back[row].steps ? lru->length : back[row].touches;
        back[row].steps++;
    }
    for (u32 i = 0; i <= lru->mask; i++)
        window->marks[i] = back[i].mark - back[i].steps + (i == row || touches == 0);
}

/* The window of the last `touches`.  Where a row went on so far meanwhile that times may have been
 * written over, again. */
static void lru_look_back(const struct lru *lru, u32 touches, struct lru_window *window)
{
    struct lru_back back[LRU_ROWS_MAX];
    bool overtaken;
    do {
        for (u32 i = 0; i <= lru->mask; i++) {
            struct lru_row *row = &lru->rows[i];
            back[i].mark = atomic_load_explicit(&row->mark, memory_order_acquire);
            u32 n = atomic_load_explicit(&row->touches, memory_order_relaxed);
            back[i].touches = min_u32(n, lru->length);
            back[i].steps = 0;
        }
        lru_go_back(lru, touches, back, window);
        atomic_thread_fence(memory_order_acquire);
        overtaken = false;
        for (u32 i = 0; i <= lru->mask; i++) {
            u32 mark = atomic_load_explicit(&lru->rows[i].mark, memory_order_relaxed);
            overtaken = overtaken || mark - back[i].mark >= LRU_TIMES - LRU_REACH;
        }
    } while (overtaken);
}

bool lru_is_old(const struct lru *lru, u32 element, const struct lru_window *window)
{
    bool touched = false;
    for (u32 row = 0; row <= lru->mask; row++) {
        u32 stamp = atomic_load_explicit(lru_stamp(lru, element, row), memory_order_relaxed);
        if (stamp && stamp - window->marks[row] < LRU_AHEAD)
            return false;
        touched = touched || stamp;
    }
    return touched;
}

/* ---- victims ---- */

/* Weyl sequence and a multiplicative mix; races only make it more random. */
static u32 lru_random_below(struct lru *lru, u32 n)
{
    u64 x = atomic_load_explicit(&lru->random, memory_order_relaxed) + 0x9e3779b97f4a7c15;
    atomic_store_explicit(&lru->random, x, memory_order_relaxed);
    x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
    x ^= x >> 32;
    return (u32)((u64)(u32)x * n >> 32);
}

struct lru_victim {
    u32 element; /* 0: none */
    u64 used;    /* when, about; 0: longer ago than times are known */
};

static u64 lru_last_use(const struct lru *lru, u32 element)
{
    u64 last = 0;
    for (u32 i = 0; i <= lru->mask; i++) {
        struct lru_row *row = &lru->rows[i];
        u32 stamp = atomic_load_explicit(lru_stamp(lru, element, i), memory_order_relaxed);
        u32 mark = atomic_load_explicit(&row->mark, memory_order_relaxed);
        if (stamp && mark - stamp < LRU_TIMES)
            last = max_u64(last, atomic_load_explicit(lru_time(row, stamp), memory_order_relaxed));
    }
    return last;
}

static void lru_consider(const struct lru *lru, u32 element, const struct lru_window *window,
                         struct lru_victim *victim)
{
    if (!lru_is_old(lru, element, window))
        return;
    u64 used = lru_last_use(lru, element);
    if (!victim->element || used < victim->used)
        *victim = (struct lru_victim){ .element = element, .used = used };
}

static u32 lru_probe(struct hashtab *table, const struct lru_window *window)
{
    struct lru_victim victim = { 0 };
    for (u32 round = 0; round < LRU_ROUNDS && !victim.element; round++)
        for (u32 i = 0; i < LRU_PROBES; i++) {
            u32 element = 1 + lru_random_below(&table->lru, table->end - 1);
            lru_consider(&table->lru, element, window, &victim);
        }
    return victim.element;
}

/* When chance does not help (small maps): the oldest of all. */
static u32 lru_oldest(const struct hashtab *table, const struct lru_window *window)
{
    struct lru_victim victim = { 0 };
    for (u32 element = 1; element < table->end; element++)
        lru_consider(&table->lru, element, window, &victim);
    return victim.element;
}

/* Every spare element may be tried in vain once. */
static bool lru_evict_before(struct hashtab *table, const struct lru_window *window)
{
    for (u32 tries = 0; tries < LRU_ROUNDS + table->stripe_mask + 1; tries++) {
        u32 victim = lru_probe(table, window);
        if (!victim)
            victim = lru_oldest(table, window);
        if (!victim)
            return false;
        if (hashtab_evict(table, victim, window))
            return true;
    }
    return false;
}

bool lru_evict(struct hashtab *table)
{
    struct lru_window window;
    for (u32 touches = table->map->spec.max_entries / 2;; touches /= 2) {
        lru_look_back(&table->lru, touches, &window);
        if (lru_evict_before(table, &window))
            return true;
        if (!touches)
            return false;
    }
}
