/* The hash table under every hash map type; see hashtab.h for its shape and what readers may rely
 * on.  Semantics of updates: Documentation/bpf/map_hash.rst. */
#include "map/hashtab.h"

#include <errno.h>

enum {
    HASHTAB_ELEMENT_MAX = 1 << 22, /* key and value, as in Linux */
    HASHTAB_PERCPU_VALUE_MAX = 32768,
    HASHTAB_ENTRIES_MAX = 1 << 28,
    HASHTAB_ENOTSUPP = 524, /* the kernel's own; <errno.h> does not have it */
    HASHTAB_SPARE_BYTES = 1 << 18,
};

/* ---- the hash ---- */

__extension__ typedef unsigned __int128 hashtab_wide;

/* Both halves of a product, folded. */
static inline u64 hashtab_fold(u64 a, u64 b)
{
    hashtab_wide product = (hashtab_wide)a * b;
    return (u64)product ^ (u64)(product >> 64);
}

/* 16 bytes at a time; the last 16 overlap what came before them.  Lengths need not be mixed in: all
 * keys of a map have the same. */
static inline u64 hashtab_hash_long(const u64 keys[4], const u8 *key, u32 size)
{
    u64 h = keys[2];
    for (u32 at = 0; at + 16 < size; at += 16)
        h = hashtab_fold(word_at(key + at) ^ keys[0] ^ h, word_at(key + at + 8) ^ keys[1]);
    return hashtab_fold(word_at(key + size - 16) ^ keys[0] ^ h, word_at(key + size - 8) ^ keys[1]);
}

/* Loads overlap where that saves a loop. */
static inline u64 hashtab_hash_short(const u64 keys[4], const u8 *key, u32 size)
{
    u64 low = 0, high = 0;
    if (size >= 8) {
        low = word_at(key);
        high = word_at(key + size - 8);
    } else if (size >= 4) {
        low = half_word_at(key);
        high = half_word_at(key + size - 4);
    } else {
        for (u32 i = 0; i < size; i++)
            low = low << 8 | key[i];
    }
    return hashtab_fold(low ^ keys[0], high ^ keys[1]);
}

/* Two rounds: one alone is close to linear in the key, and multiples of some stride would meet. */
static inline u64 hashtab_hash(const struct hashtab *table, const void *key, u32 size)
{
    const u64 *keys = table->keys;
    u64 h = size == 4    ? hashtab_fold(half_word_at(key) ^ keys[0], keys[1])
            : size == 8  ? hashtab_fold(word_at(key) ^ keys[0], keys[1])
            : size >= 16 ? hashtab_hash_long(keys, key, size)
                         : hashtab_hash_short(keys, key, size);
    return hashtab_fold(h ^ keys[2], keys[3]);
}

/* ---- searching ---- */

#define HASHTAB_ONES 0x0000010101010101u  /* 1 in every tag */
#define HASHTAB_HIGHS 0x0000808080808080u /* the top bit of every tag */
#define HASHTAB_PAST_ONE ((u64)1 << 48)
#define HASHTAB_PAST_MAX 0xffffu /* stays so: the count was lost */

static inline u64 hashtab_tag(u64 hash)
{
    u64 tag = hash >> 56;
    return tag + (tag == 0);
}

/* The top bit of every tag that is equal.  A tag above an equal one may be reported too; its key
 * will differ. */
static inline u64 hashtab_equal_tags(u64 tags, u64 tag)
{
    u64 x = tags ^ tag * HASHTAB_ONES;
    return (x - HASHTAB_ONES) & ~x & HASHTAB_HIGHS;
}
static inline u64 hashtab_free_tags(u64 tags) { return hashtab_equal_tags(tags, 0); }

static inline u32 hashtab_first_slot(u64 tops) { return (u32)__builtin_ctzll(tops) / 8; }

static inline bool hashtab_key_is(const struct hashtab *table, u32 element, const void *key,
                                  u32 size)
{
    const u8 *mine = hashtab_element(table, element) + (size <= 4 ? table->key_at : 8);
    if (size == 4)
        return half_word_load(mine) == half_word_at(key);
    if (size == 8)
        return word_load(mine) == word_at(key);
    if (size == 16) {
        u64 low = word_load(mine) ^ word_at(key);
        u64 high = word_load(mine + 8) ^ word_at((const u8 *)key + 8);
        return (low | high) == 0;
    }
    return words_equal(mine, key, size);
}

/* Where a key is. */
struct hashtab_place {
    u32 element; /* 0: nowhere */
    u32 slot;
    u64 bucket;
    bool doubtful; /* a tag was equal and the key was not */
};

static inline struct hashtab_place hashtab_scan(const struct hashtab *table, const void *key,
                                                u32 size, u64 hash)
{
    struct hashtab_place place = { .bucket = hash & table->mask };
    u64 tag = hashtab_tag(hash);
    for (u64 n = 0; n <= table->mask; n++) {
        const struct hashtab_bucket *bucket = &table->buckets[place.bucket];
        u64 tags = atomic_load_explicit(&bucket->tags, memory_order_acquire);
        for (u64 tops = hashtab_equal_tags(tags, tag); tops; tops &= tops - 1) {
            place.slot = hashtab_first_slot(tops);
            u32 element = atomic_load_explicit(&bucket->slots[place.slot], memory_order_acquire);
            if (LIKELY(element && hashtab_key_is(table, element, key, size))) {
                place.element = element;
                return place;
            }
            place.doubtful = true;
        }
        if (LIKELY(tags < HASHTAB_PAST_ONE))
            break;
        place.bucket = (place.bucket + 1) & table->mask;
    }
    return place;
}

static inline struct hashtab_stripe *hashtab_stripe_of(const struct hashtab *table, u64 hash)
{
    return &table->stripes[hash >> 32 & table->stripe_mask];
}

/* A search that a replacement may have led astray, again until none came between. */
static COLD u32 hashtab_find_again(const struct hashtab *table, const void *key, u64 hash)
{
    const struct map_lock *lock = &hashtab_stripe_of(table, hash)->lock;
    for (;;) {
        u32 version = map_lock_read(lock);
        u32 element = hashtab_scan(table, key, table->key_size, hash).element;
        if (element || map_lock_same(lock, version))
            return element;
    }
}

static inline u32 hashtab_find_sized(const struct hashtab *table, const void *key, u32 size)
{
    u64 hash = hashtab_hash(table, key, size);
    struct hashtab_place place = hashtab_scan(table, key, size, hash);
    if (UNLIKELY(!place.element && place.doubtful))
        return hashtab_find_again(table, key, hash);
    return place.element;
}

/* The common sizes get code of their own. */
static inline u32 hashtab_find_inline(const struct hashtab *table, const void *key)
{
    switch (table->key_size) {
    case 4: return hashtab_find_sized(table, key, 4);
    case 8: return hashtab_find_sized(table, key, 8);
    case 16: return hashtab_find_sized(table, key, 16);
    default: return hashtab_find_sized(table, key, table->key_size);
    }
}

u32 hashtab_find(const struct hashtab *table, const void *key)
{
    return hashtab_find_inline(table, key);
}

/* ---- free elements ---- */

static _Atomic u32 *hashtab_link(const struct hashtab *table, u32 element)
{
    return (_Atomic u32 *)hashtab_element(table, element);
}

static struct hashtab_list *hashtab_list_of(const struct hashtab *table, u64 hash)
{
    return &table->lists[hash >> 32 & table->list_mask];
}

static void hashtab_free_element(struct hashtab *table, struct hashtab_list *list, u32 element)
{
    if (table->evicts)
        lru_forget(&table->lru, element);
    u64 head = atomic_load_explicit(&list->head, memory_order_relaxed), next;
    do {
        atomic_store_explicit(hashtab_link(table, element), (u32)head, memory_order_relaxed);
        next = ((head >> 32) + 1) << 32 | element;
    } while (!atomic_compare_exchange_weak_explicit(&list->head, &head, next, memory_order_release,
                                                    memory_order_relaxed));
}

/* The count of changes in the upper half keeps a stale link from being put back. */
static u32 hashtab_pop_free(struct hashtab *table, struct hashtab_list *list)
{
    u64 head = atomic_load_explicit(&list->head, memory_order_acquire), next;
    do {
        if (!(u32)head)
            return 0;
        u32 link = atomic_load_explicit(hashtab_link(table, (u32)head), memory_order_relaxed);
        next = ((head >> 32) + 1) << 32 | link;
    } while (!atomic_compare_exchange_weak_explicit(&list->head, &head, next, memory_order_acquire,
                                                    memory_order_acquire));
    return (u32)head;
}

static u64 hashtab_store_bytes(const struct hashtab *table, u32 elements)
{
    return table->n_cpus > 1 || table->cpu_stride
               ? (u64)elements * (table->element_size + table->n_cpus * table->value_stride)
               : (u64)elements * table->element_size;
}

/* Commits what the first `elements` need; maps without preallocation only. */
static bool hashtab_grow(struct hashtab *table, u32 elements)
{
    u64 bytes = hashtab_store_bytes(table, elements);
    if (LIKELY(region_committed(&table->store) >= bytes))
        return true;
    map_lock_take(&table->growing);
    bool grown = region_commit(table->map, &table->store, bytes);
    map_lock_give(&table->growing);
    return grown;
}

static u32 hashtab_fresh_element(struct hashtab *table)
{
    u32 element = atomic_load_explicit(&table->fresh, memory_order_relaxed);
    do {
        if (element >= table->end || (table->grows && !hashtab_grow(table, element + 1)))
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&table->fresh, &element, element + 1,
                                                    memory_order_relaxed, memory_order_relaxed));
    return element;
}

/* From this list, from those that were never used, from any other list. */
static u32 hashtab_new_element(struct hashtab *table, struct hashtab_list *list)
{
    u32 element = hashtab_pop_free(table, list);
    if (!element)
        element = hashtab_fresh_element(table);
    for (u32 i = 0; !element && i <= table->list_mask; i++)
        element = hashtab_pop_free(table, &table->lists[i]);
    return element;
}

/* ---- writing ---- */

static void hashtab_count_past(struct hashtab_bucket *bucket, bool up)
{
    u64 tags = atomic_load_explicit(&bucket->tags, memory_order_relaxed), changed;
    do {
        if (tags >> 48 == HASHTAB_PAST_MAX)
            return;
        changed = up ? tags + HASHTAB_PAST_ONE : tags - HASHTAB_PAST_ONE;
    } while (!atomic_compare_exchange_weak_explicit(&bucket->tags, &tags, changed,
                                                    memory_order_acq_rel, memory_order_relaxed));
}

/* Claims a free slot by its tag.  false: the bucket is full. */
static bool hashtab_claim_slot(struct hashtab_bucket *bucket, u64 tag, u32 *slot)
{
    u64 tags = atomic_load_explicit(&bucket->tags, memory_order_acquire);
    u64 tops;
    do {
        tops = hashtab_free_tags(tags);
        if (!tops)
            return false;
        *slot = hashtab_first_slot(tops);
    } while (!atomic_compare_exchange_weak_explicit(&bucket->tags, &tags, tags | tag << 8 * *slot,
                                                    memory_order_acq_rel, memory_order_acquire));
    return true;
}

/* A bucket is passed only after that is counted, so a reader who finds the key's place empty has
 * not missed it.  There are more slots than elements: the loop ends. */
static void hashtab_link_element(struct hashtab *table, u64 hash, u32 element)
{
    u64 at = hash & table->mask, tag = hashtab_tag(hash);
    u32 slot = 0;
    while (!hashtab_claim_slot(&table->buckets[at], tag, &slot)) {
        hashtab_count_past(&table->buckets[at], true);
        at = (at + 1) & table->mask;
    }
    atomic_store_explicit(&table->buckets[at].slots[slot], element, memory_order_release);
    atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
}

static void hashtab_unlink(struct hashtab *table, u64 hash, const struct hashtab_place *place)
{
    struct hashtab_bucket *bucket = &table->buckets[place->bucket];
    atomic_store_explicit(&bucket->slots[place->slot], 0, memory_order_relaxed);
    atomic_fetch_and_explicit(&bucket->tags, ~((u64)0xff << 8 * place->slot), memory_order_acq_rel);
    for (u64 at = hash & table->mask; at != place->bucket; at = (at + 1) & table->mask)
        hashtab_count_past(&table->buckets[at], false);
    atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
}

/* cpu: one slot's value (the others of a new element are zero), or all in the host's form. */
static void hashtab_write_value(struct hashtab *table, u32 element, const void *value, u32 cpu,
                                bool is_new)
{
    if (!table->cpu_stride) {
        u8 *to = hashtab_value(table, element, 0);
        if (UNLIKELY(table->lock_at)) {
            spin_lock_put(to, value, table->value_size, table->lock_at, false);
            return;
        }
        u32 first = table->pointers ? 8 : 0;
        words_put(to + first, (const u8 *)value + first, table->value_size - first);
        if (table->pointers)
            atomic_store_explicit((_Atomic u64 *)(void *)to, word_at(value), memory_order_release);
        return;
    }
    for (u32 c = 0; c < table->n_cpus; c++) {
        void *to = hashtab_value(table, element, c);
        if (cpu == SKEP_ALL_CPUS)
            words_put(to, (const u8 *)value + (u64)c * table->host_stride, table->value_size);
        else if (c == cpu)
            words_put(to, value, table->value_size);
        else if (is_new)
            words_zero(to, table->value_size);
    }
}

static void hashtab_read_value(const struct hashtab *table, u32 element, void *value, u32 cpu)
{
    if (!table->cpu_stride || cpu != SKEP_ALL_CPUS) {
        words_get(value, hashtab_value(table, element, table->cpu_stride ? cpu : 0),
                  table->value_size);
        spin_lock_hide(value, table->lock_at);
        return;
    }
    for (u32 c = 0; c < table->n_cpus; c++)
        words_get((u8 *)value + (u64)c * table->host_stride, hashtab_value(table, element, c),
                  table->value_size);
}

static inline void hashtab_touch(struct hashtab *table, u32 element, u32 cpu)
{
    if (table->evicts)
        lru_touch(&table->lru, element, cpu);
}

/* An update is a use.  The host's threads have no slots, so it is noted for the processor. */
static inline void hashtab_touch_written(struct hashtab *table, u32 element)
{
    if (table->evicts)
        lru_touch(&table->lru, element, os_cpu_here());
}

static void hashtab_replace(struct hashtab *table, struct hashtab_stripe *stripe,
                            const struct hashtab_place *place, const void *key, const void *value,
                            u32 cpu)
{
    if (table->cpu_stride) {
        hashtab_write_value(table, place->element, value, cpu, false);
        hashtab_touch_written(table, place->element);
        return;
    }
    u32 element = stripe->spare;
    words_put(hashtab_key(table, element), key, table->key_size);
    hashtab_write_value(table, element, value, cpu, true);
    hashtab_touch_written(table, element);
    atomic_store_explicit(&table->buckets[place->bucket].slots[place->slot], element,
                          memory_order_release);
    stripe->spare = place->element;
}

static int hashtab_insert(struct hashtab *table, u64 hash, const void *key, const void *value,
                          u32 cpu)
{
    u32 element = hashtab_new_element(table, hashtab_list_of(table, hash));
    if (!element) {
        bool full = atomic_load_explicit(&table->fresh, memory_order_relaxed) >= table->end;
        return full ? table->full : -ENOMEM;
    }
    words_put(hashtab_key(table, element), key, table->key_size);
    hashtab_write_value(table, element, value, cpu, true);
    hashtab_touch_written(table, element);
    hashtab_link_element(table, hash, element);
    return 0;
}

/* The stripe is locked: nobody else writes this key. */
static int hashtab_put_locked(struct hashtab *table, struct hashtab_stripe *stripe, u64 hash,
                              const void *key, const void *value, u64 flags, u32 cpu,
                              void *previous, bool *inserted)
{
    struct hashtab_place place = hashtab_scan(table, key, table->key_size, hash);
    if (inserted)
        *inserted = !place.element;
    if (!place.element) {
        if (flags & SKEP_MAP_EXIST)
            return -ENOENT;
        return hashtab_insert(table, hash, key, value, cpu);
    }
    if (flags & SKEP_MAP_NOEXIST)
        return -EEXIST;
    if (flags & SKEP_MAP_F_LOCK)
        return spin_lock_put(hashtab_value(table, place.element, 0), value, table->value_size,
                             table->lock_at, true);
    if (previous)
        hashtab_read_value(table, place.element, previous, 0);
    hashtab_replace(table, stripe, &place, key, value, cpu);
    return 0;
}

int hashtab_put(struct hashtab *table, const void *key, const void *value, u64 flags, u32 cpu,
                void *previous, bool *inserted)
{
    u64 known = table->lock_at ? SKEP_MAP_F_LOCK : 0;
    if ((flags & ~known) > SKEP_MAP_EXIST)
        return -EINVAL;
    u64 hash = hashtab_hash(table, key, table->key_size);
    struct hashtab_stripe *stripe = hashtab_stripe_of(table, hash);
    for (;;) {
        map_lock_take(&stripe->lock);
        int result =
            hashtab_put_locked(table, stripe, hash, key, value, flags, cpu, previous, inserted);
        map_lock_give(&stripe->lock);
        if (LIKELY(result != table->full) || !table->evicts)
            return result;
        if (!lru_evict(table))
            return -ENOMEM;
    }
}

int hashtab_take(struct hashtab *table, const void *key, void *value, u32 cpu)
{
    u64 hash = hashtab_hash(table, key, table->key_size);
    struct hashtab_stripe *stripe = hashtab_stripe_of(table, hash);
    map_lock_take(&stripe->lock);
    struct hashtab_place place = hashtab_scan(table, key, table->key_size, hash);
    if (place.element) {
        if (value)
            hashtab_read_value(table, place.element, value, cpu);
        hashtab_unlink(table, hash, &place);
        hashtab_free_element(table, hashtab_list_of(table, hash), place.element);
    }
    map_lock_give(&stripe->lock);
    return place.element ? 0 : -ENOENT;
}

/* A stripe's spare element keeps the touches of the key that it had (forgetting them would write to
 * the rows of other threads), and a lookup that ended too late can leave one on an element that was
 * freed meanwhile.  Such an element is old and has no key in the table: the touches are forgotten
 * now. */
bool hashtab_evict(struct hashtab *table, u32 element, const struct lru_window *window)
{
    u64 key[HASHTAB_KEY_MAX / 8];
    words_get(key, hashtab_key(table, element), table->key_size);
    u64 hash = hashtab_hash(table, key, table->key_size);
    struct hashtab_stripe *stripe = hashtab_stripe_of(table, hash);
    map_lock_take(&stripe->lock);
    struct hashtab_place place = hashtab_scan(table, key, table->key_size, hash);
    bool old = lru_is_old(&table->lru, element, window), here = place.element == element;
    if (old && here) {
        hashtab_unlink(table, hash, &place);
        hashtab_free_element(table, hashtab_list_of(table, hash), element);
    } else if (old) {
        lru_forget(&table->lru, element);
    }
    map_lock_give(&stripe->lock);
    return old && here;
}

/* ---- walking ---- */

/* A position is the slot that comes next, counted from the first bucket.  The key is copied and
 * the slot looked at again: while it holds the same element, the key is that element's. */
u32 hashtab_next(const struct hashtab *table, u64 *position, void *key)
{
    u64 end = (table->mask + 1) * HASHTAB_SLOTS;
    for (; *position < end; ++*position) {
        const struct hashtab_bucket *bucket = &table->buckets[*position / HASHTAB_SLOTS];
        u32 slot = (u32)(*position % HASHTAB_SLOTS);
        u64 tags = atomic_load_explicit(&bucket->tags, memory_order_acquire);
        if (!(tags & 0xffffffffffff)) {
            *position += HASHTAB_SLOTS - 1 - slot;
            continue;
        }
        u32 element = atomic_load_explicit(&bucket->slots[slot], memory_order_acquire), same;
        for (; element; element = same) {
            words_get(key, hashtab_key(table, element), table->key_size);
            atomic_thread_fence(memory_order_acquire);
            same = atomic_load_explicit(&bucket->slots[slot], memory_order_relaxed);
            if (same == element) {
                ++*position;
                return element;
            }
        }
    }
    return 0;
}

u64 hashtab_position(const struct hashtab *table, const void *key)
{
    u64 hash = hashtab_hash(table, key, table->key_size);
    struct hashtab_place place = hashtab_scan(table, key, table->key_size, hash);
    return place.element ? place.bucket * HASHTAB_SLOTS + place.slot + 1 : 0;
}

/* ---- making ---- */

int hashtab_check(const struct skep_map_spec *spec, bool per_cpu, bool lru)
{
    if (!lru && (spec->flags & MAP_F_NO_COMMON_LRU))
        return -EINVAL;
    if (lru && (spec->flags & MAP_F_NO_PREALLOC))
        return -HASHTAB_ENOTSUPP;
    if (spec->flags & MAP_F_NUMA_NODE && (per_cpu || spec->flags & MAP_F_NO_COMMON_LRU))
        return -EINVAL;
    if (spec->key_size > HASHTAB_KEY_MAX)
        return -E2BIG;
    if ((u64)spec->key_size + spec->value_size >= HASHTAB_ELEMENT_MAX)
        return -E2BIG;
    if (per_cpu && spec->value_size > HASHTAB_PERCPU_VALUE_MAX)
        return -E2BIG;
    return spec->max_entries > HASHTAB_ENTRIES_MAX ? -E2BIG : 0;
}

static u64 hashtab_round_up_pow2(u64 n)
{
    return n <= 1 ? 1 : (u64)1 << (64 - __builtin_clzll(n - 1));
}

/* At most three elements for six slots. */
static u64 hashtab_n_buckets(u32 max_entries)
{
    return hashtab_round_up_pow2(((u64)max_entries + 2) / 3);
}

/* Every stripe keeps a spare element, so large elements mean few stripes. */
static u32 hashtab_n_stripes(u64 n_buckets, u32 element_size)
{
    u64 affordable = max_u64(HASHTAB_SPARE_BYTES / element_size, 1);
    u64 n = min_u64(max_u64(n_buckets / 2, 1), HASHTAB_STRIPES);
    while (n > affordable)
        n /= 2;
    return (u32)n;
}

static u32 hashtab_n_lists(u64 n_buckets)
{
    return (u32)min_u64(max_u64(n_buckets / 16, 1), HASHTAB_LISTS);
}

static void hashtab_lay_out_element(struct hashtab *table, const struct hashtab_options *options,
                                    u32 key_size)
{
    table->key_size = key_size;
    table->key_at = key_size <= 4 ? 4 : 8;
    table->value_size = options->value_size;
    u32 value_at = (u32)round_up_u64(table->key_at + key_size, 8);
    u32 value_room = (u32)round_up_u64(options->value_size, 8);
    table->element_size = value_at + (options->per_cpu ? 0 : value_room);
    table->value_stride = options->per_cpu ? value_room : table->element_size;
    table->host_stride = value_room;
    table->n_cpus = options->per_cpu ? table->map->n_cpus : 1;
}

/* Per-CPU values lie behind the elements, slot by slot, so that slots share no cache line. */
static int hashtab_make_store(struct hashtab *table, const struct hashtab_options *options)
{
    u64 elements = round_up_u64((u64)table->end * table->element_size, 64);
    u64 per_cpu = options->per_cpu ? round_up_u64((u64)table->end * table->value_stride, 64) : 0;
    u64 size = elements + per_cpu * table->n_cpus;
    /* Committing in steps works from the front, which per-CPU values are not at. */
    table->grows = table->map->spec.flags & MAP_F_NO_PREALLOC && !options->per_cpu;
    int result = table->grows ? region_reserve(&table->store, size)
                              : region_new(table->map, &table->store, size);
    if (result)
        return result;
    table->elements = table->store.base;
    table->cpu_stride = per_cpu;
    u32 value_at = (u32)round_up_u64(table->key_at + table->key_size, 8);
    table->values = table->elements + (options->per_cpu ? elements : value_at);
    bool ready =
        !table->grows || region_commit(table->map, &table->store,
                                       (u64)(table->stripe_mask + 2) * table->element_size);
    return ready ? 0 : -ENOMEM;
}

static void hashtab_make_keys(struct hashtab *table, u64 seed)
{
    for (u64 i = 0; i < ARRAY_LEN(table->keys); i++)
        table->keys[i] = hash_bytes(&i, sizeof(i), seed);
    table->keys[1] |= 1;
    table->keys[3] |= 1;
}

static int hashtab_build(struct hashtab *table, const struct hashtab_options *options)
{
    u32 max_entries = table->map->spec.max_entries;
    u64 n_buckets = hashtab_n_buckets(max_entries);
    u32 n_stripes = hashtab_n_stripes(n_buckets, table->element_size);
    u32 n_lists = hashtab_n_lists(n_buckets);
    u64 list_bytes = n_lists * sizeof(struct hashtab_list);
    u64 bucket_bytes = n_buckets * sizeof(struct hashtab_bucket);
    u64 stripe_bytes = n_stripes * sizeof(struct hashtab_stripe);
    int result = region_new(table->map, &table->table, list_bytes + bucket_bytes + stripe_bytes);
    if (result)
        return result;
    u8 *base = table->table.base;
    table->lists = (struct hashtab_list *)(void *)base;
    table->buckets = (struct hashtab_bucket *)(void *)(base + list_bytes);
    table->stripes = (struct hashtab_stripe *)(void *)(base + list_bytes + bucket_bytes);
    table->mask = n_buckets - 1;
    table->list_mask = n_lists - 1;
    table->stripe_mask = n_stripes - 1;
    table->end = 1 + n_stripes + max_entries;
    atomic_init(&table->fresh, 1 + n_stripes);
    for (u32 i = 0; i < n_stripes; i++)
        table->stripes[i].spare = 1 + i;
    result = hashtab_make_store(table, options);
    return !result && options->lru ? lru_init(&table->lru, table->map, table->end) : result;
}

int hashtab_new(struct skep_map *map, const struct hashtab_options *options, struct hashtab **out)
{
    struct hashtab *table = mem_new(map->mem, struct hashtab);
    if (!table)
        return -ENOMEM;
    table->map = map;
    table->evicts = options->lru;
    table->pointers = options->pointers;
    table->full = options->full;
    table->lock_at = options->lock_at;
    hashtab_make_keys(table, map->seed);
    hashtab_lay_out_element(table, options, map->spec.key_size);
    int result = hashtab_build(table, options);
    if (result) {
        hashtab_delete(table);
        return result;
    }
    *out = table;
    return 0;
}

void hashtab_delete(struct hashtab *table)
{
    struct skep_map *map = table->map;
    lru_drop(&table->lru, map);
    region_free(map, &table->store);
    region_free(map, &table->table);
    mem_delete(map->mem, table);
}

u64 hashtab_memory_bytes(const struct hashtab *table)
{
    return sizeof(*table) + region_committed(&table->table) + region_committed(&table->store) +
           lru_memory_bytes(&table->lru);
}

/* ---- the functions of map types ---- */

int hashtab_map_create(struct skep_map *map, const struct hashtab_options *options)
{
    struct hashtab *table = NULL;
    int result = hashtab_new(map, options, &table);
    map->impl = table;
    return result;
}

void hashtab_map_destroy(struct skep_map *map) { hashtab_delete(map->impl); }

static inline void *hashtab_map_find(struct hashtab *table, const void *key, u32 cpu, bool use)
{
    u32 element = hashtab_find_inline(table, key);
    if (!element || UNLIKELY(table->cpu_stride && cpu >= table->n_cpus))
        return NULL;
    if (use)
        hashtab_touch(table, element, cpu);
    return hashtab_value(table, element, cpu);
}

void *hashtab_map_lookup(struct skep_map *map, const void *key, u32 cpu)
{
    return hashtab_map_find(map->impl, key, cpu, true);
}

void *hashtab_map_look(struct skep_map *map, const void *key, u32 cpu)
{
    return hashtab_map_find(map->impl, key, cpu, false);
}

/* Lookups of tables with one value for all, which nothing is evicted from. */
#define HASHTAB_FINDER(name, size)                                                                 \
    static u64 hashtab_lookup_##name(struct skep_thread *thread, u64 map, u64 key, u64 a3, u64 a4, \
                                     u64 a5)                                                       \
    {                                                                                              \
        (void)thread, (void)a3, (void)a4, (void)a5;                                                \
        const struct hashtab *table = ((const struct skep_map *)(uintptr_t)map)->impl;             \
        u32 element = hashtab_find_sized(table, (const void *)(uintptr_t)key, size);               \
        u64 value = (u64)(uintptr_t)table->values + element * table->value_stride;                 \
        return LIKELY(element) ? value : 0;                                                        \
    }
HASHTAB_FINDER(4, 4)
HASHTAB_FINDER(8, 8)
HASHTAB_FINDER(16, 16)
HASHTAB_FINDER(any, table->key_size)
#undef HASHTAB_FINDER

static u64 hashtab_lookup_here(struct skep_thread *thread, u64 map, u64 key, u64 a3, u64 a4, u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    return (u64)(uintptr_t)hashtab_map_lookup((struct skep_map *)(uintptr_t)map,
                                              (const void *)(uintptr_t)key, thread->cpu);
}

skep_helper_fn *hashtab_map_finder(const struct skep_map *map)
{
    const struct hashtab *table = map->impl;
    if (table->cpu_stride || table->evicts)
        return hashtab_lookup_here;
    switch (table->key_size) {
    case 4: return hashtab_lookup_4;
    case 8: return hashtab_lookup_8;
    case 16: return hashtab_lookup_16;
    default: return hashtab_lookup_any;
    }
}

int hashtab_map_update(struct skep_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
    return hashtab_put(map->impl, key, value, flags, cpu, NULL, NULL);
}

int hashtab_map_remove(struct skep_map *map, const void *key)
{
    return hashtab_take(map->impl, key, NULL, 0);
}

int hashtab_map_next_key(struct skep_map *map, const void *key, void *next)
{
    const struct hashtab *table = map->impl;
    u64 position = key ? hashtab_position(table, key) : 0;
    return hashtab_next(table, &position, next) ? 0 : -ENOENT;
}

int hashtab_map_next_element(struct skep_map *map, u64 *position, void *key, void **value, u32 cpu)
{
    const struct hashtab *table = map->impl;
    u32 element = hashtab_next(table, position, key);
    if (!element)
        return -ENOENT;
    *value = hashtab_value(table, element, cpu);
    return 0;
}

int hashtab_map_take(struct skep_map *map, const void *key, void *value, u32 cpu)
{
    return hashtab_take(map->impl, key, value, cpu);
}

u64 hashtab_map_memory_bytes(const struct skep_map *map)
{
    return sizeof(*map) + hashtab_memory_bytes(map->impl);
}

#undef HASHTAB_ONES
#undef HASHTAB_HIGHS
#undef HASHTAB_PAST_ONE
#undef HASHTAB_PAST_MAX

void *hashtab_map_locate(struct skep_map *map, const void *inside, void *key)
{
    const struct hashtab *table = map->impl;
    u64 offset = (u64)(uintptr_t)inside - (u64)(uintptr_t)table->values;
    u64 element = offset / table->value_stride;
    if (element == 0 || element >= table->end)
        return NULL;
    words_get(key, hashtab_key(table, (u32)element), table->key_size);
    return hashtab_value(table, (u32)element, 0);
}
