/* What may be known of a register or a piece of stack: a kind, what the kind is about, and a set of
 * numbers (the value of a scalar, the offset of a pointer).
 *
 * Values are interned: a table holds each once, equal values have equal ids, and states are vectors
 * of ids.  What is known of one place in relation to others (identities, sums and differences) is
 * not part of the value: it lives in the cell that holds the id (state.h). */
#ifndef SKEP_SRC_FACT_VALUE_H
#define SKEP_SRC_FACT_VALUE_H

#include "base/base.h"
#include "fact/scalar.h"

/* clang-format off */
/* K(NAME, text): what is there */
#define VALUE_KINDS(K) \
    K(NONE,       "nothing")              /* never written, or no longer usable                  */ \
    K(SCALAR,     "a number")                                                                       \
    K(CTX,        "the context")                                                                    \
    K(STACK,      "the stack")            /* object: the frame's number; offsets from its top    */ \
    K(PACKET,     "the packet")           /* offsets from data; its size is EXTENT_PACKET        */ \
    K(META,       "the packet's metadata") /* offsets from data_meta; its size is EXTENT_META    */ \
    K(PACKET_END, "the packet's end")                                                               \
    K(MAP,        "a map")                /* object: the map                                     */ \
    K(MAP_VALUE,  "a map value")          /* of map `object`                                     */ \
    K(MAP_KEY,    "a map key")            /* of map `object`, read-only                          */ \
    K(MEMORY,     "memory")               /* of `bytes`; DYNAMIC: of EXTENT_MEMORY               */ \
    K(MEMORY_END, "the memory's end")                                                               \
    K(SOCK,       "a socket")             /* object: enum skep_sock                              */ \
    K(TYPED,      "a typed pointer")      /* object: what gave it, see verify/                   */ \
    K(PER_CPU,    "a per-CPU variable")                                                             \
    K(FUNC,       "a function")           /* object: its number                                  */ \
    K(DYNPTR,     "a dynptr")             /* stack slots only; object: enum dynptr_kind          */ \
    K(ITERATOR,   "an iterator")          /* stack slots only                                    */
/* clang-format on */

enum value_kind {
#define K(NAME, text) VALUE_##NAME,
    VALUE_KINDS(K)
#undef K
        VALUE_KIND_COUNT,
};

enum value_flag {
    VALUE_NULLABLE = 1 << 0,  /* or 0 */
    VALUE_READ_ONLY = 1 << 1, /* memory that programs may not write */
    VALUE_INNER = 1 << 2,     /* MAP, MAP_VALUE: of the map that a value of map `object` is */
    VALUE_DYNAMIC = 1 << 3,   /* MEMORY: the size is known at run time */
    VALUE_RECORD = 1 << 4,    /* MEMORY: handed back to a RELEASE argument at its first byte */
    VALUE_OF_HOST = 1 << 5,   /* SCALAR: an argument of the host's, perhaps a typed object */
    VALUE_UNTRUSTED = 1 << 7, /* TYPED: may point to what is no more */
    VALUE_PART = 1 << 6,      /* of what its ref stands for: NULL tells nothing about the whole */
};

struct value {
    u8 kind;    /* enum value_kind */
    u8 flags;   /* enum value_flag */
    u16 object; /* by kind */
    u32 bytes;  /* MEMORY: its size; MAP_KEY, DYNPTR: the frame that it is lent to, if one */
    struct scalar range;
};

/* "a map value" */
const char *value_kind_name(enum value_kind kind);

static inline bool value_is_pointer(const struct value *value)
{
    return value->kind != VALUE_NONE && value->kind != VALUE_SCALAR;
}

/* "a map value at offset 0 to 63", "a number, 1 to 14". */
void value_print(struct text *out, const struct value *value);

/* The interned values of one verification.  Id 0 is VALUE_NONE. */
typedef u32 value_id;

struct value_table {
    struct mem *mem;
    struct value **chunks; /* values stay where they are */
    u32 n, n_chunks;
    value_id *slots; /* open addressing; 0: free */
    u32 n_slots;
    bool failed; /* no memory: ids given since are 0 */
};
#define VALUE_CHUNK 128u

bool value_table_init(struct value_table *table, struct mem *mem);
void value_table_drop(struct value_table *table);
/* The id of a value; every byte of it counts, padding is zeroed here. */
value_id value_intern(struct value_table *table, const struct value *value);
static inline const struct value *value_at(const struct value_table *table, value_id id)
{
    return &table->chunks[id / VALUE_CHUNK][id % VALUE_CHUNK];
}

#endif
