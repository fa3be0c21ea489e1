/* The clock of LRU maps; see lru.h. */
#include "map/lru.h"

#include "map/hashtab.h"

enum {
    LRU_FIRST_GENERATION = 1u << 16, /* older than any age; 0 means free */
    LRU_PROBES = 8,                  /* per round; the oldest is taken */
    LRU_ROUNDS = 16,
};

bool lru_init(struct lru *lru, struct skep_map *map)
{
    u32 n = map->spec.max_entries;
    lru->n_counters = max_u32(map->n_cpus, 1);
    lru->counters = mem_zalloc(map->mem, lru->n_counters * sizeof(*lru->counters));
    if (!lru->counters)
        return false;
    u32 batched = n / 32;
    lru->batch = max_u32(batched / lru->n_counters, 1);
    lru->length = max_u32(n / 16, 1);
    /* The generations that n/2 touches certainly fill, the running one, and what batches hide. */
    lru->old_age = (n / 2 + batched + lru->length - 1) / lru->length + 1;
    atomic_init(&lru->generation, LRU_FIRST_GENERATION);
    atomic_init(&lru->touches, 0);
    atomic_init(&lru->random, map->seed);
    return true;
}

void lru_drop(struct lru *lru, struct skep_map *map)
{
    mem_free(map->mem, lru->counters, lru->n_counters * sizeof(*lru->counters));
}

void lru_restamp(struct lru *lru, _Atomic u32 *stamp, u32 cpu)
{
    u32 now = atomic_load_explicit(&lru->generation, memory_order_relaxed);
    atomic_store_explicit(stamp, now, memory_order_relaxed);
    struct lru_counter *counter = &lru->counters[cpu < lru->n_counters ? cpu : 0];
    u32 mine = atomic_fetch_add_explicit(&counter->touches, 1, memory_order_relaxed) + 1;
    if (mine % lru->batch)
        return;
    u64 before = atomic_fetch_add_explicit(&lru->touches, lru->batch, memory_order_relaxed);
    if (before / lru->length != (before + lru->batch) / lru->length)
        atomic_fetch_add_explicit(&lru->generation, 1, memory_order_relaxed);
}

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
    u32 element, stamp;
    u32 age; /* generations; 0: none */
};

static _Atomic u32 *lru_stamp(const struct hashtab *table, u32 element)
{
    return (_Atomic u32 *)(hashtab_element(table, element) + 4);
}

static struct lru_victim lru_older(const struct hashtab *table, struct lru_victim than, u32 element)
{
    u32 stamp = atomic_load_explicit(lru_stamp(table, element), memory_order_relaxed);
    u32 now = atomic_load_explicit(&table->lru.generation, memory_order_relaxed);
    u32 age = now - stamp + 1;
    bool older = stamp != 0 && age > than.age && age < UINT32_MAX / 2;
    return older ? (struct lru_victim){ .element = element, .stamp = stamp, .age = age } : than;
}

static struct lru_victim lru_probe(struct hashtab *table)
{
    struct lru_victim victim = { 0 };
    for (u32 round = 0; round < LRU_ROUNDS && victim.age <= table->lru.old_age; round++)
        for (u32 i = 0; i < LRU_PROBES; i++) {
            u32 element = 1 + lru_random_below(&table->lru, table->end - 1);
            victim = lru_older(table, victim, element);
        }
    return victim;
}

/* When chance does not help (small maps): the oldest of all. */
static struct lru_victim lru_oldest(const struct hashtab *table)
{
    struct lru_victim victim = { 0 };
    for (u32 element = 1; element < table->end; element++)
        victim = lru_older(table, victim, element);
    return victim;
}

bool lru_evict(struct hashtab *table)
{
    for (u32 tries = 0; tries < LRU_ROUNDS; tries++) {
        struct lru_victim victim = lru_probe(table);
        if (victim.age <= table->lru.old_age)
            victim = lru_oldest(table);
        if (victim.age && hashtab_evict(table, victim.element, victim.stamp))
            return true;
    }
    return false;
}
