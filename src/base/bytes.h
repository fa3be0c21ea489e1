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

/* Loads from memory known to be large enough, in a given byte order. */
static inline u16 load_u16(const u8 *p, bool big_endian)
{
    return big_endian ? (u16)(p[0] << 8 | p[1]) : (u16)(p[1] << 8 | p[0]);
}
static inline u32 load_u32(const u8 *p, bool big_endian)
{
    return big_endian ? (u32)load_u16(p, true) << 16 | load_u16(p + 2, true)
                      : (u32)load_u16(p + 2, false) << 16 | load_u16(p, false);
}
static inline u64 load_u64(const u8 *p, bool big_endian)
{
    return big_endian ? (u64)load_u32(p, true) << 32 | load_u32(p + 4, true)
                      : (u64)load_u32(p + 4, false) << 32 | load_u32(p, false);
}
static inline void store_u16(u8 *p, u16 v, bool big_endian)
{
    p[big_endian ? 0 : 1] = (u8)(v >> 8);
    p[big_endian ? 1 : 0] = (u8)v;
}
static inline void store_u32(u8 *p, u32 v, bool big_endian)
{
    store_u16(p + (big_endian ? 0 : 2), (u16)(v >> 16), big_endian);
    store_u16(p + (big_endian ? 2 : 0), (u16)v, big_endian);
}
static inline void store_u64(u8 *p, u64 v, bool big_endian)
{
    store_u32(p + (big_endian ? 0 : 4), (u32)(v >> 32), big_endian);
    store_u32(p + (big_endian ? 4 : 0), (u32)v, big_endian);
}

#endif
