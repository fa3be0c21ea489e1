/* The trie of LPM_TRIE; see lpm.h. */
#include "map/lpm.h"

#include "base/bytes.h"

#include <errno.h>

enum {
    LPM_SKIP_MAX = 32,
    LPM_DEPTH_MAX = LPM_DATA_MAX * 8 / LPM_WINDOW + 1,
    LPM_LISTS_AT_ONCE = 5
};

/* ---- bits ---- */

static inline u64 lpm_big_endian(const u8 *at) { return load_u64(at, true); }

/* Four bytes of map memory, the first one highest. */
static inline u32 lpm_big_endian_half(const u8 *at)
{
    u32 word = half_word_load(at);
    u8 bytes[4];
    memcpy(bytes, &word, sizeof(word));
    return load_u32(bytes, true);
}

/* Small data is wholly in `head`, so only large data is copied. */
static inline void lpm_load_bits(const struct lpm_trie *trie, const u8 *data, struct lpm_bits *out)
{
    u32 size = trie->data_size;
    if (LIKELY(size == 4)) {
        out->head = (u64)load_u32(data, true) << 32;
        return;
    }
    memcpy(out->data, data, size);
    memset(out->data + size, 0, 8);
    out->head = lpm_big_endian(out->data);
}

/* n bits (1 … 32) from bit `at`. */
static inline u32 lpm_bits_at(const struct lpm_bits *bits, u32 at, u32 n)
{
    u64 word =
        LIKELY(at + n <= 64) ? bits->head << at : lpm_big_endian(bits->data + at / 8) << at % 8;
    return (u32)(word >> (64 - n));
}

/* ---- elements ---- */

static inline u32 lpm_length(const struct lpm_trie *trie, u32 element)
{
    return half_word_load(hashtab_key(trie->prefixes, element));
}

static void lpm_element_bits(const struct lpm_trie *trie, u32 element, struct lpm_bits *out)
{
    u8 data[LPM_DATA_MAX];
    words_get(data, hashtab_key(trie->prefixes, element) + 4, trie->data_size);
    lpm_load_bits(trie, data, out);
}

/* Does the element's prefix cover the address?  Its data begins in the middle of a word. */
static inline bool lpm_covers(const struct lpm_trie *trie, u32 element, const struct lpm_bits *bits)
{
    const u8 *key = hashtab_key(trie->prefixes, element), *data = key + 4;
    u32 length = half_word_load(key), at = 0;
    for (; length > 32; length -= 32, at += 32)
        if (lpm_big_endian_half(data + at / 8) != lpm_bits_at(bits, at, 32))
            return false;
    u32 differ = lpm_big_endian_half(data + at / 8) ^ lpm_bits_at(bits, at, 32);
    return length == 0 || differ >> (32 - length) == 0;
}

/* ---- slots ---- */

static inline u64 lpm_slot_load(const lpm_slot *slot)
{
    return atomic_load_explicit(slot, memory_order_acquire);
}
static inline u32 lpm_best(u64 slot) { return (u32)slot; }
static inline enum lpm_child lpm_kind(u64 slot) { return (enum lpm_child)(slot >> 62); }
static inline u32 lpm_index(u64 slot) { return (u32)(slot >> 32) & 0x3fffffff; }

static u64 lpm_child_word(enum lpm_child kind, u32 index)
{
    return (u64)kind << 62 | (u64)index << 32;
}

/* Only writers store, one at a time. */
static void lpm_set_best(lpm_slot *slot, u32 element)
{
    u64 word = lpm_slot_load(slot) & ~(u64)UINT32_MAX;
    atomic_store_explicit(slot, word | element, memory_order_release);
}
static void lpm_set_child(lpm_slot *slot, enum lpm_child kind, u32 index)
{
    u64 word = lpm_slot_load(slot) & UINT32_MAX;
    atomic_store_explicit(slot, word | lpm_child_word(kind, index), memory_order_release);
}

/* ---- pools ---- */

static void *lpm_block(const struct lpm_pool *pool, u32 index)
{
    return pool->region.base + (u64)index * pool->block_bytes;
}
static struct lpm_node *lpm_node_at(const struct lpm_trie *trie, u32 index)
{
    return lpm_block(&trie->nodes, index);
}
static struct lpm_list *lpm_list_at(const struct lpm_trie *trie, u32 index)
{
    return lpm_block(&trie->lists, index);
}

/* Of a free block: the next one. */
static u32 *lpm_pool_link(const struct lpm_pool *pool, u32 index) { return lpm_block(pool, index); }

/* Makes sure that n blocks can be taken. */
static bool lpm_pool_ready(struct skep_map *map, struct lpm_pool *pool, u32 n)
{
    if (pool->n_free >= n)
        return true;
    u32 more = n - pool->n_free;
    return pool->end - pool->fresh >= more &&
           region_commit(map, &pool->region, (u64)(pool->fresh + more) * pool->block_bytes);
}

/* A block; lpm_pool_ready has said that there is one.  What it contains is old. */
static u32 lpm_pool_take(struct lpm_pool *pool)
{
    u32 index = pool->free;
    if (!index)
        return pool->fresh++;
    pool->free = *lpm_pool_link(pool, index);
    pool->n_free--;
    return index;
}

/* Readers may still be inside: the block is left as it is until the next change. */
static void lpm_pool_give(struct lpm_pool *pool, u32 index)
{
    *lpm_pool_link(pool, index) = pool->limbo;
    if (!pool->limbo)
        pool->limbo_last = index;
    pool->limbo = index;
    pool->n_limbo++;
}

/* The whole list goes before the free ones, however long it is. */
static void lpm_pool_end_limbo(struct lpm_pool *pool)
{
    if (!pool->limbo)
        return;
    *lpm_pool_link(pool, pool->limbo_last) = pool->free;
    pool->free = pool->limbo;
    pool->n_free += pool->n_limbo;
    pool->limbo = pool->n_limbo = 0;
}

static u32 lpm_new_node(struct lpm_trie *trie, u32 at, u32 skipped, u32 skip_bits)
{
    u32 index = lpm_pool_take(&trie->nodes);
    struct lpm_node *node = lpm_node_at(trie, index);
    atomic_store_explicit(&node->skip_bits, skip_bits, memory_order_relaxed);
    atomic_store_explicit(&node->at, at | skipped << 16, memory_order_relaxed);
    for (u32 i = 0; i < LPM_FAN; i++)
        atomic_store_explicit(&node->slots[i], 0, memory_order_relaxed);
    return index;
}

static u32 lpm_node_start(const struct lpm_node *node)
{
    return atomic_load_explicit(&node->at, memory_order_relaxed) & 0xffff;
}
static u32 lpm_node_skipped(const struct lpm_node *node)
{
    return atomic_load_explicit(&node->at, memory_order_relaxed) >> 16;
}

/* ---- finding ---- */

static inline u32 lpm_find_in_list(const struct lpm_trie *trie, u32 index,
                                   const struct lpm_bits *bits)
{
    const struct lpm_list *list = lpm_list_at(trie, index);
    u32 n = min_u32(atomic_load_explicit(&list->n, memory_order_relaxed), LPM_LIST);
    for (u32 i = 0; i < n; i++) {
        u32 element = atomic_load_explicit(&list->elements[i], memory_order_relaxed);
        if (element && lpm_covers(trie, element, bits))
            return element;
    }
    return 0;
}

/* Blocks that are reused under the reader may lead it anywhere, but not out of the pools, and not
 * down for ever. */
static inline u32 lpm_walk(const struct lpm_trie *trie, const struct lpm_bits *bits)
{
    u64 slot = lpm_slot_load(&trie->root[lpm_bits_at(bits, 0, trie->root_bits)]);
    u32 best = lpm_best(slot), from = trie->root_bits, deeper = 0;
    for (u32 depth = 0; lpm_kind(slot) == LPM_NODE && depth < LPM_DEPTH_MAX; depth++) {
        const struct lpm_node *node = lpm_node_at(trie, lpm_index(slot));
        u32 where = atomic_load_explicit(&node->at, memory_order_relaxed);
        u32 at = where & 0xffff, skipped = where >> 16;
        if (skipped && lpm_bits_at(bits, from, skipped) !=
                           atomic_load_explicit(&node->skip_bits, memory_order_relaxed))
            return best;
        slot = lpm_slot_load(&node->slots[lpm_bits_at(bits, at, LPM_WINDOW)]);
        if (lpm_best(slot))
            best = lpm_best(slot);
        from = at + LPM_WINDOW;
    }
    if (lpm_kind(slot) == LPM_ELEMENT && lpm_covers(trie, lpm_index(slot), bits))
        deeper = lpm_index(slot);
    else if (lpm_kind(slot) == LPM_IN_LIST)
        deeper = lpm_find_in_list(trie, lpm_index(slot), bits);
    return deeper ? deeper : best;
}

u32 lpm_trie_find(const struct lpm_trie *trie, const u8 *data)
{
    struct lpm_bits bits;
    lpm_load_bits(trie, data, &bits);
    for (;;) {
        u64 reuses = atomic_load_explicit(&trie->reuses, memory_order_acquire);
        u32 element = lpm_walk(trie, &bits);
        atomic_thread_fence(memory_order_acquire);
        if (LIKELY(atomic_load_explicit(&trie->reuses, memory_order_relaxed) == reuses))
            return element;
    }
}

/* ---- changing ---- */

void lpm_trie_begin(struct lpm_trie *trie)
{
    atomic_fetch_add_explicit(&trie->reuses, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release); /* before anything is written into reused blocks */
    lpm_pool_end_limbo(&trie->nodes);
    lpm_pool_end_limbo(&trie->lists);
}

/* A window: the root's or a node's slots, and the bits that they stand for. */
struct lpm_window {
    lpm_slot *slots;
    u32 at, width;
};

static struct lpm_window lpm_root_window(const struct lpm_trie *trie)
{
    return (struct lpm_window){ .slots = trie->root, .at = 0, .width = trie->root_bits };
}
static struct lpm_window lpm_node_window(struct lpm_node *node)
{
    return (
        struct lpm_window){ .slots = node->slots, .at = lpm_node_start(node), .width = LPM_WINDOW };
}
static u32 lpm_window_end(const struct lpm_window *w) { return w->at + w->width; }
static lpm_slot *lpm_window_slot(const struct lpm_window *w, const struct lpm_bits *bits)
{
    return &w->slots[lpm_bits_at(bits, w->at, w->width)];
}

/* The slots that a prefix covers which ends in the window. */
struct lpm_span {
    lpm_slot *slots;
    u32 n;
};
static struct lpm_span lpm_span_of(const struct lpm_window *w, const struct lpm_bits *bits,
                                   u32 length)
{
    u32 n = (u32)1 << (lpm_window_end(w) - length);
    return (struct lpm_span){ &w->slots[lpm_bits_at(bits, w->at, w->width) & ~(n - 1)], n };
}

static void lpm_cover(const struct lpm_trie *trie, const struct lpm_window *w,
                      const struct lpm_bits *bits, u32 length, u32 element)
{
    struct lpm_span span = lpm_span_of(w, bits, length);
    for (u32 i = 0; i < span.n; i++) {
        u32 best = lpm_best(lpm_slot_load(&span.slots[i]));
        if (!best || lpm_length(trie, best) <= length)
            lpm_set_best(&span.slots[i], element);
    }
}

static void lpm_exchange(const struct lpm_window *w, const struct lpm_bits *bits, u32 length,
                         u32 from, u32 to)
{
    struct lpm_span span = lpm_span_of(w, bits, length);
    for (u32 i = 0; i < span.n; i++)
        if (lpm_best(lpm_slot_load(&span.slots[i])) == from)
            lpm_set_best(&span.slots[i], to);
}

/* What lies at the end of a slot: 0 … LPM_LIST elements, the longest first. */
struct lpm_few {
    u32 n;
    u32 elements[LPM_LIST];
};

static struct lpm_few lpm_few_at(const struct lpm_trie *trie, u64 slot)
{
    struct lpm_few few = { .n = lpm_kind(slot) == LPM_ELEMENT };
    few.elements[0] = lpm_index(slot);
    if (lpm_kind(slot) != LPM_IN_LIST)
        return few;
    const struct lpm_list *list = lpm_list_at(trie, lpm_index(slot));
    u32 n = atomic_load_explicit(&list->n, memory_order_relaxed);
    for (u32 i = 0; i < n; i++) {
        u32 element = atomic_load_explicit(&list->elements[i], memory_order_relaxed);
        if (element)
            few.elements[few.n++] = element;
    }
    return few;
}

/* Replaces a slot's elements by others, in one store. */
static void lpm_put_few(struct lpm_trie *trie, lpm_slot *slot, const struct lpm_few *few)
{
    u64 before = lpm_slot_load(slot);
    if (few->n > 1) {
        u32 index = lpm_pool_take(&trie->lists);
        struct lpm_list *list = lpm_list_at(trie, index);
        atomic_store_explicit(&list->n, few->n, memory_order_relaxed);
        for (u32 i = 0; i < few->n; i++)
            atomic_store_explicit(&list->elements[i], few->elements[i], memory_order_relaxed);
        lpm_set_child(slot, LPM_IN_LIST, index);
    } else {
        lpm_set_child(slot, few->n ? LPM_ELEMENT : LPM_NONE, few->n ? few->elements[0] : 0);
    }
    if (lpm_kind(before) == LPM_IN_LIST)
        lpm_pool_give(&trie->lists, lpm_index(before));
}

static void lpm_add_few(const struct lpm_trie *trie, struct lpm_few *few, u32 element)
{
    u32 i = few->n++, length = lpm_length(trie, element);
    for (; i > 0 && lpm_length(trie, few->elements[i - 1]) < length; i--)
        few->elements[i] = few->elements[i - 1];
    few->elements[i] = element;
}

/* How many bits from `from` (at most max) two addresses share. */
static u32 lpm_common_bits(const struct lpm_bits *a, const struct lpm_bits *b, u32 from, u32 max)
{
    for (u32 n = 0; n < max; n += 32) {
        u32 width = min_u32(max - n, 32);
        u32 differ = lpm_bits_at(a, from + n, width) ^ lpm_bits_at(b, from + n, width);
        if (differ)
            return n + (u32)__builtin_clz(differ) - (32 - width);
    }
    return max;
}

static u32 lpm_window_start(u32 bit) { return bit & ~(u32)(LPM_WINDOW - 1); }

/* Where a node for these elements may look first: past all that they share, but not past the last
 * bit of the shortest, and not further than a node can skip. */
static u32 lpm_burst_start(const struct lpm_trie *trie, const struct lpm_few *few, u32 from)
{
    struct lpm_bits first, other;
    lpm_element_bits(trie, few->elements[0], &first);
    u32 shortest = lpm_length(trie, few->elements[few->n - 1]);
    u32 common = min_u32(shortest - 1 - from, LPM_SKIP_MAX);
    for (u32 i = 1; i < few->n && common; i++) {
        lpm_element_bits(trie, few->elements[i], &other);
        common = lpm_common_bits(&first, &other, from, common);
    }
    return lpm_window_start(from + common);
}

/* Puts elements into a node that nobody sees yet. */
static void lpm_fill_node(struct lpm_trie *trie, struct lpm_node *node, const struct lpm_few *few)
{
    struct lpm_window window = lpm_node_window(node);
    for (u32 i = 0; i < few->n; i++) {
        struct lpm_bits bits;
        u32 element = few->elements[i], length = lpm_length(trie, element);
        lpm_element_bits(trie, element, &bits);
        if (length <= lpm_window_end(&window)) {
            lpm_cover(trie, &window, &bits, length, element);
            continue;
        }
        lpm_slot *slot = lpm_window_slot(&window, &bits);
        struct lpm_few there = lpm_few_at(trie, lpm_slot_load(slot));
        lpm_add_few(trie, &there, element);
        lpm_put_few(trie, slot, &there);
    }
}

/* Lists that filling a node takes, those that it throws away again included. */
enum { LPM_LISTS_PER_BURST = LPM_LIST };

/* Turns a full list into a node. */
static bool lpm_burst(struct lpm_trie *trie, lpm_slot *slot, u32 from)
{
    if (!lpm_pool_ready(trie->map, &trie->nodes, 1) ||
        !lpm_pool_ready(trie->map, &trie->lists, LPM_LISTS_PER_BURST))
        return false;
    u64 before = lpm_slot_load(slot);
    struct lpm_few few = lpm_few_at(trie, before);
    struct lpm_bits bits;
    lpm_element_bits(trie, few.elements[0], &bits);
    u32 at = lpm_burst_start(trie, &few, from), skipped = at - from;
    u32 index = lpm_new_node(trie, at, skipped, skipped ? lpm_bits_at(&bits, from, skipped) : 0);
    lpm_fill_node(trie, lpm_node_at(trie, index), &few);
    lpm_set_child(slot, LPM_NODE, index);
    lpm_pool_give(&trie->lists, lpm_index(before));
    return true;
}

/* Puts a node with an earlier window before one whose skipped bits do not suit: the old node moves
 * into the slot that its bits say, as a copy that skips less. */
static bool lpm_split(struct lpm_trie *trie, lpm_slot *slot, u32 from, u32 at)
{
    if (!lpm_pool_ready(trie->map, &trie->nodes, 2))
        return false;
    u64 before = lpm_slot_load(slot);
    struct lpm_node *old = lpm_node_at(trie, lpm_index(before));
    u32 start = lpm_node_start(old), all = lpm_node_skipped(old);
    u32 bits = atomic_load_explicit(&old->skip_bits, memory_order_relaxed);
    u32 early = at - from, late = start - at - LPM_WINDOW;
    u32 turn = bits >> late & (LPM_FAN - 1);
    u32 late_bits = bits & (u32)(((u64)1 << late) - 1);
    u32 copy = lpm_new_node(trie, start, late, late_bits);
    for (u32 i = 0; i < LPM_FAN; i++)
        atomic_store_explicit(&lpm_node_at(trie, copy)->slots[i], lpm_slot_load(&old->slots[i]),
                              memory_order_relaxed);
    u32 early_bits = early ? bits >> (all - early) : 0;
    u32 index = lpm_new_node(trie, at, early, early_bits);
    lpm_set_child(&lpm_node_at(trie, index)->slots[turn], LPM_NODE, copy);
    lpm_set_child(slot, LPM_NODE, index);
    lpm_pool_give(&trie->nodes, lpm_index(before));
    return true;
}

/* The first window that a prefix of `length` bits, which shares `common` bits from `from`, ends in
 * or leaves by. */
static u32 lpm_turn_start(u32 from, u32 common, u32 length)
{
    return lpm_window_start(min_u32(from + common, length - 1));
}

/* The child of a slot, seen by a prefix that goes deeper than `from`. */
enum lpm_step { LPM_DESCENDED, LPM_ENDED, LPM_FAILED };

static enum lpm_step lpm_insert_at(struct lpm_trie *trie, lpm_slot *slot, u32 from,
                                   const struct lpm_bits *bits, u32 length, u32 element,
                                   struct lpm_window *next)
{
    u64 word = lpm_slot_load(slot);
    if (lpm_kind(word) != LPM_NODE) {
        struct lpm_few few = lpm_few_at(trie, word);
        if (few.n < LPM_LIST) {
            if (!lpm_pool_ready(trie->map, &trie->lists, 1))
                return LPM_FAILED;
            lpm_add_few(trie, &few, element);
            lpm_put_few(trie, slot, &few);
            return LPM_ENDED;
        }
        if (!lpm_burst(trie, slot, from))
            return LPM_FAILED;
        word = lpm_slot_load(slot);
    }
    struct lpm_node *node = lpm_node_at(trie, lpm_index(word));
    u32 skipped = lpm_node_skipped(node), common = 0;
    if (skipped) {
        u32 differ = lpm_bits_at(bits, from, skipped) ^
                     atomic_load_explicit(&node->skip_bits, memory_order_relaxed);
        common = differ ? (u32)__builtin_clz(differ) - (32 - skipped) : skipped;
        if (common < skipped || length <= from + skipped) {
            if (!lpm_split(trie, slot, from, lpm_turn_start(from, common, length)))
                return LPM_FAILED;
            node = lpm_node_at(trie, lpm_index(lpm_slot_load(slot)));
        }
    }
    *next = lpm_node_window(node);
    return LPM_DESCENDED;
}

bool lpm_trie_insert(struct lpm_trie *trie, u32 element)
{
    struct lpm_bits bits;
    u32 length = lpm_length(trie, element);
    lpm_element_bits(trie, element, &bits);
    struct lpm_window window = lpm_root_window(trie);
    while (length > lpm_window_end(&window)) {
        enum lpm_step step =
            lpm_insert_at(trie, lpm_window_slot(&window, &bits), lpm_window_end(&window), &bits,
                          length, element, &window);
        if (step != LPM_DESCENDED)
            return step == LPM_ENDED;
    }
    lpm_cover(trie, &window, &bits, length, element);
    return true;
}

/* The way from the root to where a prefix that is in the trie sits. */
struct lpm_path {
    u32 n;
    lpm_slot *slots[LPM_DEPTH_MAX]; /* each holds the node of the next window, the last the end */
    struct lpm_window window;       /* the last; the prefix ends in it if it is not deeper */
};

static void lpm_path_to(const struct lpm_trie *trie, const struct lpm_bits *bits, u32 length,
                        struct lpm_path *path)
{
    path->n = 0;
    path->window = lpm_root_window(trie);
    while (length > lpm_window_end(&path->window)) {
        lpm_slot *slot = lpm_window_slot(&path->window, bits);
        path->slots[path->n++] = slot;
        u64 word = lpm_slot_load(slot);
        if (lpm_kind(word) != LPM_NODE)
            return;
        path->window = lpm_node_window(lpm_node_at(trie, lpm_index(word)));
    }
}

static void lpm_exchange_in_list(struct lpm_trie *trie, u32 index, u32 from, u32 to)
{
    struct lpm_list *list = lpm_list_at(trie, index);
    for (u32 i = 0; i < LPM_LIST; i++)
        if (atomic_load_explicit(&list->elements[i], memory_order_relaxed) == from) {
            atomic_store_explicit(&list->elements[i], to, memory_order_release);
            return;
        }
}

void lpm_trie_rename(struct lpm_trie *trie, u32 from, u32 to)
{
    struct lpm_bits bits;
    struct lpm_path path;
    u32 length = lpm_length(trie, to);
    lpm_element_bits(trie, to, &bits);
    lpm_path_to(trie, &bits, length, &path);
    if (length <= lpm_window_end(&path.window)) {
        lpm_exchange(&path.window, &bits, length, from, to);
        return;
    }
    lpm_slot *slot = path.slots[path.n - 1];
    u64 word = lpm_slot_load(slot);
    if (lpm_kind(word) == LPM_ELEMENT)
        lpm_set_child(slot, LPM_ELEMENT, to);
    else
        lpm_exchange_in_list(trie, lpm_index(word), from, to);
}

/* The longest prefix that covers an element's, is shorter, and ends in the same window. */
static u32 lpm_next_shorter(const struct lpm_trie *trie, const struct lpm_window *window,
                            u32 element, u32 length)
{
    u8 key[4 + LPM_DATA_MAX];
    words_get(key, hashtab_key(trie->prefixes, element), 4 + trie->data_size);
    u32 shortest = window->at ? window->at + 1 : 0;
    while (length-- > shortest) {
        key[4 + length / 8] &= (u8) ~(0x80u >> length % 8);
        memcpy(key, &length, sizeof(length));
        u32 found = atomic_load_explicit(&trie->lengths[length], memory_order_relaxed)
                        ? hashtab_find(trie->prefixes, key)
                        : 0;
        if (found)
            return found;
    }
    return 0;
}

static bool lpm_node_is_empty(const struct lpm_node *node)
{
    for (u32 i = 0; i < LPM_FAN; i++)
        if (lpm_slot_load(&node->slots[i]))
            return false;
    return true;
}

/* Frees nodes that have become empty, from the end of the path up. */
static void lpm_prune(struct lpm_trie *trie, const struct lpm_path *path)
{
    for (u32 i = path->n; i-- > 0;) {
        u64 word = lpm_slot_load(path->slots[i]);
        if (lpm_kind(word) != LPM_NODE)
            continue;
        if (!lpm_node_is_empty(lpm_node_at(trie, lpm_index(word))))
            return;
        lpm_set_child(path->slots[i], LPM_NONE, 0);
        lpm_pool_give(&trie->nodes, lpm_index(word));
    }
}

/* A list that keeps two or more gets a hole in place, so removing needs no memory. */
static void lpm_remove_from_few(struct lpm_trie *trie, lpm_slot *slot, u32 element)
{
    u64 word = lpm_slot_load(slot);
    struct lpm_few few = lpm_few_at(trie, word);
    if (few.n > 2) {
        lpm_exchange_in_list(trie, lpm_index(word), element, 0);
        return;
    }
    few.n--;
    if (few.elements[0] == element)
        few.elements[0] = few.elements[1];
    lpm_put_few(trie, slot, &few);
}

void lpm_trie_remove(struct lpm_trie *trie, u32 element)
{
    struct lpm_bits bits;
    struct lpm_path path;
    u32 length = lpm_length(trie, element);
    lpm_element_bits(trie, element, &bits);
    lpm_path_to(trie, &bits, length, &path);
    if (length <= lpm_window_end(&path.window))
        lpm_exchange(&path.window, &bits, length, element,
                     lpm_next_shorter(trie, &path.window, element, length));
    else
        lpm_remove_from_few(trie, path.slots[path.n - 1], element);
    lpm_prune(trie, &path);
}

/* ---- making ---- */

/* More slots than prefixes while that is 32 KB; a change never touches more. */
static u32 lpm_root_bits(u32 max_entries, u32 max_bits)
{
    u32 bits = max_entries > 64 ? 12 : max_entries > 8 ? 8 : 4;
    return min_u32(bits, max_bits);
}

/* Nodes are shared by several prefixes, but a few long ones may need a chain each. */
static int lpm_pool_build(struct lpm_pool *pool, u32 block_bytes, u64 blocks)
{
    pool->block_bytes = block_bytes;
    pool->fresh = 1;
    pool->end = (u32)min_u64(blocks + 64, 1u << 29);
    return region_reserve(&pool->region, (u64)pool->end * block_bytes);
}

int lpm_trie_build(struct lpm_trie *trie)
{
    u32 max_entries = trie->map->spec.max_entries;
    trie->root_bits = lpm_root_bits(max_entries, trie->max_bits);
    u64 root_bytes = sizeof(*trie->root) << trie->root_bits;
    u64 length_bytes = (trie->max_bits + 1) * sizeof(*trie->lengths);
    int result = region_new(trie->map, &trie->region, root_bytes + length_bytes);
    if (result)
        return result;
    trie->root = (lpm_slot *)(void *)trie->region.base;
    trie->lengths = (_Atomic u32 *)(void *)(trie->region.base + root_bytes);
    u64 nodes = (u64)max_entries * (2 + trie->max_bits / (LPM_SKIP_MAX + LPM_WINDOW));
    result = lpm_pool_build(&trie->nodes, sizeof(struct lpm_node), nodes);
    if (!result)
        result = lpm_pool_build(&trie->lists, sizeof(struct lpm_list), max_entries);
    return result;
}

void lpm_trie_drop(struct lpm_trie *trie)
{
    region_free(trie->map, &trie->lists.region);
    region_free(trie->map, &trie->nodes.region);
    region_free(trie->map, &trie->region);
}
