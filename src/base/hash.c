/* SipHash (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) with one compression
 * and three finalisation rounds, and the open-addressing index over it. */
#include "base/hash.h"

#include "base/bytes.h"

struct hash_sip {
    u64 v0, v1, v2, v3;
};

static u64 hash_rotate(u64 x, unsigned by) { return x << by | x >> (64 - by); }

static struct hash_sip hash_sip_round(struct hash_sip s)
{
    s.v0 += s.v1;
    s.v2 += s.v3;
    s.v1 = hash_rotate(s.v1, 13) ^ s.v0;
    s.v3 = hash_rotate(s.v3, 16) ^ s.v2;
    s.v0 = hash_rotate(s.v0, 32);
    s.v2 += s.v1;
    s.v0 += s.v3;
    s.v1 = hash_rotate(s.v1, 17) ^ s.v2;
    s.v3 = hash_rotate(s.v3, 21) ^ s.v0;
    s.v2 = hash_rotate(s.v2, 32);
    return s;
}

/* The constants spell "somepseudorandomlygeneratedbytes". */
static struct hash_sip hash_sip_start(u64 key0, u64 key1)
{
    return (struct hash_sip){
        .v0 = key0 ^ 0x736f6d6570736575,
        .v1 = key1 ^ 0x646f72616e646f6d,
        .v2 = key0 ^ 0x6c7967656e657261,
        .v3 = key1 ^ 0x7465646279746573,
    };
}

static struct hash_sip hash_sip_word(struct hash_sip s, u64 word)
{
    s.v3 ^= word;
    s = hash_sip_round(s);
    s.v0 ^= word;
    return s;
}

/* The last word: what is left of the input, and its length modulo 256 in the top byte. */
static u64 hash_sip_last_word(const u8 *rest, size_t n_rest, size_t size)
{
    u64 word = (u64)(size & 0xff) << 56;
    for (size_t i = 0; i < n_rest; i++)
        word |= (u64)rest[i] << (8 * i);
    return word;
}

u64 hash_bytes(const void *bytes, size_t size, u64 seed)
{
    const u8 *p = bytes;
    size_t n_words = size / 8;
    struct hash_sip s = hash_sip_start(seed, ~seed);
    for (size_t i = 0; i < n_words; i++)
        s = hash_sip_word(s, load_u64(p + 8 * i, false));
    const u8 *rest = n_words ? p + 8 * n_words : p;
    s = hash_sip_word(s, hash_sip_last_word(rest, size % 8, size));
    s.v2 ^= 0xff;
    s = hash_sip_round(hash_sip_round(hash_sip_round(s)));
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

u64 hash_string(const char *text, u64 seed) { return hash_bytes(text, strlen(text), seed); }

/* The seed comes from where things lie in memory, which an author of input does not know; an owner
 * that has random bytes may put them into index->seed before the first use. */
void hash_index_init(struct hash_index *index, struct mem *mem)
{
    u64 places[2] = { (u64)(uintptr_t)index, (u64)(uintptr_t)mem };
    *index = (struct hash_index){ .mem = mem, .seed = hash_bytes(places, sizeof(places), 0) };
}

void hash_index_drop(struct hash_index *index)
{
    mem_free(index->mem, index->slots, index->cap * sizeof(*index->slots));
    index->slots = NULL;
    index->cap = index->n = 0;
}

/* Only the upper half of a hash is stored, so the upper half alone says where a slot search
 * begins; else growing could not find the new places. */
static u32 hash_home(u64 hash, u32 cap) { return (u32)(hash >> 32) & (cap - 1); }

static void hash_slots_put(u64 *slots, u32 cap, u64 slot)
{
    u32 at = hash_home(slot, cap);
    while (slots[at])
        at = (at + 1) & (cap - 1);
    slots[at] = slot;
}

static bool hash_index_grow(struct hash_index *index)
{
    if (index->cap > UINT32_MAX / 4)
        return false;
    u32 cap = index->cap ? 2 * index->cap : 16;
    u64 *slots = mem_zalloc(index->mem, cap * sizeof(*slots));
    if (!slots)
        return false;
    for (u32 i = 0; i < index->cap; i++)
        if (index->slots[i])
            hash_slots_put(slots, cap, index->slots[i]);
    mem_free(index->mem, index->slots, index->cap * sizeof(*slots));
    index->slots = slots;
    index->cap = cap;
    return true;
}

bool hash_index_add(struct hash_index *index, u64 hash, u32 position)
{
    assert(position < UINT32_MAX);
    /* At most two thirds full: a search always ends at a free slot. */
    if (index->n >= index->cap / 3 * 2 && !hash_index_grow(index))
        return false;
    hash_slots_put(index->slots, index->cap, hash >> 32 << 32 | (position + 1));
    index->n++;
    return true;
}

struct hash_probe hash_probe(const struct hash_index *index, u64 hash)
{
    return (struct hash_probe){ .hash = hash,
                                .slot = index->cap ? hash_home(hash, index->cap) : 0 };
}

bool hash_next(const struct hash_index *index, struct hash_probe *probe)
{
    while (index->cap && index->slots[probe->slot]) {
        u64 slot = index->slots[probe->slot];
        probe->slot = (probe->slot + 1) & (index->cap - 1);
        if (slot >> 32 == probe->hash >> 32) {
            probe->position = (u32)slot - 1;
            return true;
        }
    }
    return false;
}
