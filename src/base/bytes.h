/* A cursor over untrusted bytes: the only way in which they are read.  Every read is checked
 * against the end; a failed read leaves the cursor and the output alone. */
#ifndef SKEP_SRC_BASE_BYTES_H
#define SKEP_SRC_BASE_BYTES_H

#include "base/types.h"

struct bytes {
    const u8 *data;
    u64 size;
    u64 at;
    bool big_endian; /* byte order of the multi-byte values */
};

static inline struct bytes bytes_over(const void *data, u64 size, bool big_endian)
{
    return (struct bytes){ .data = data, .size = size, .big_endian = big_endian };
}

static inline u64 bytes_left(const struct bytes *in) { return in->size - in->at; }

/* SKEP_MALFORMED when fewer bytes are left than asked for. */
skep_status bytes_u8(struct bytes *in, u8 *out);
skep_status bytes_u16(struct bytes *in, u16 *out);
skep_status bytes_u32(struct bytes *in, u32 *out);
skep_status bytes_u64(struct bytes *in, u64 *out);
skep_status bytes_skip(struct bytes *in, u64 count);
skep_status bytes_seek(struct bytes *in, u64 at);
/* count bytes, not copied. */
skep_status bytes_take(struct bytes *in, u64 count, const u8 **out);
/* The part [offset, offset + size) as a cursor of its own; the cursor does not move. */
skep_status bytes_slice(const struct bytes *in, u64 offset, u64 size, struct bytes *out);
/* The NUL-terminated string at an offset; the cursor does not move. */
skep_status bytes_string(const struct bytes *in, u64 offset, const char **out);

/* Loads from and stores to memory known to be large enough, in a given byte order. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define BYTES_HOST_IS_BIG true
#else
#define BYTES_HOST_IS_BIG false
#endif

static inline u16 bytes_swap_u16(u16 v) { return (u16)(v << 8 | v >> 8); }
static inline u32 bytes_swap_u32(u32 v)
{
    return (u32)bytes_swap_u16((u16)v) << 16 | bytes_swap_u16((u16)(v >> 16));
}
static inline u64 bytes_swap_u64(u64 v)
{
    return (u64)bytes_swap_u32((u32)v) << 32 | bytes_swap_u32((u32)(v >> 32));
}

#define BYTES_ACCESS(TYPE)                                                                         \
    static inline TYPE load_##TYPE(const u8 *p, bool big_endian)                                   \
    {                                                                                              \
        TYPE v;                                                                                    \
        memcpy(&v, p, sizeof(v));                                                                  \
        return big_endian == BYTES_HOST_IS_BIG ? v : bytes_swap_##TYPE(v);                         \
    }                                                                                              \
    static inline void store_##TYPE(u8 *p, TYPE v, bool big_endian)                                \
    {                                                                                              \
        v = big_endian == BYTES_HOST_IS_BIG ? v : bytes_swap_##TYPE(v);                            \
        memcpy(p, &v, sizeof(v));                                                                  \
    }
BYTES_ACCESS(u16)
BYTES_ACCESS(u32)
BYTES_ACCESS(u64)
#undef BYTES_ACCESS
#undef BYTES_HOST_IS_BIG

#endif
