/* The trie of LPM_TRIE: from addresses to the numbers of elements.
 *
 * Bits are taken from the front.  The root looks at the first 4, 8 or 12 bits at once, every node
 * below at 4.  A slot has two halves:
 *   best    the longest prefix that ends inside the window of this root or node and covers the slot
 *   child   what lies deeper: one element, a list of up to 6, or a node
 * A node may skip bits (up to 32) that everything below it has in common.  So an address is
 * resolved by one load per window, the last best seen on the way is the answer unless the element
 * or list at the end has a longer one, and dense parts of the address space become deep while
 * sparse ones stay short.
 *
 * Readers take no lock and never wait.  Every change is one store that leaves a right trie (blocks
 * are built aside and then linked), so a reader can only be misled by a block or an element that is
 * reused while it looks at it.  Blocks that a change frees become usable only at the start of the
 * next change, which first counts `reuses` up; a reader that sees the count move begins again. */
#ifndef SKEP_SRC_MAP_LPM_TRIE_H
#define SKEP_SRC_MAP_LPM_TRIE_H

#include "map/hashtab.h"

enum { LPM_DATA_MAX = 256, LPM_WINDOW = 4, LPM_FAN = 1 << LPM_WINDOW, LPM_LIST = 6 };

/* best | child << 32; child: an index of 30 bits, and above it its kind. */
typedef _Atomic u64 lpm_slot;
enum lpm_child { LPM_NONE, LPM_ELEMENT, LPM_IN_LIST, LPM_NODE };

struct lpm_node {
    u32 link; /* of free blocks; writers only, as in lists */
    u32 padding_;
    /* Set before the node is linked, and constant then. */
    _Atomic u32 skip_bits; /* the bits before the window, the last one lowest */
    _Atomic u32 at;        /* first bit of the window; skipped bits << 16 */
    lpm_slot slots[LPM_FAN];
};
struct lpm_list {
    u32 link;
    _Atomic u32 n;
    _Atomic u32 elements[LPM_LIST]; /* the longest prefix first; 0: a hole */
};

/* Blocks of one size, by index; index 0 is never used. */
struct lpm_pool {
    struct region region;
    u32 block_bytes;
    u32 fresh, end; /* those that were never used */
    u32 free, n_free;
    /* Freed by the change under way or the last one: the first, the last, how many. */
    u32 limbo, limbo_last, n_limbo;
};

struct lpm_trie {
    struct hashtab *prefixes; /* all of them, exactly: key {length, masked data} */
    u32 data_size, max_bits, root_bits;
    lpm_slot *root;
    struct lpm_pool nodes, lists;
    _Atomic u64 reuses;
    struct os_lock lock;  /* of writers */
    struct region region; /* of the root */
    _Atomic u32 *lengths; /* how many prefixes there are of each length */
    struct skep_map *map;
};

/* An address or prefix, ready to take bits from. */
struct lpm_bits {
    u64 head; /* the first 64 bits */
    u8 data[LPM_DATA_MAX + 8];
};

int lpm_trie_build(struct lpm_trie *trie);
void lpm_trie_drop(struct lpm_trie *trie);
/* The element of the longest prefix of a whole address, or 0. */
u32 lpm_trie_find(const struct lpm_trie *trie, const u8 *data);
/* Writers, under the lock, with the element's key in place. */
void lpm_trie_begin(struct lpm_trie *trie);
bool lpm_trie_insert(struct lpm_trie *trie, u32 element); /* false: no memory */
void lpm_trie_rename(struct lpm_trie *trie, u32 from, u32 to);
void lpm_trie_remove(struct lpm_trie *trie, u32 element);

#endif
