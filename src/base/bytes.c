/* The cursor over untrusted bytes. */
#include "base/bytes.h"

skep_status bytes_take(struct bytes *in, u64 count, const u8 **out)
{
    assert(in->at <= in->size);
    if (count > bytes_left(in))
        return SKEP_MALFORMED;
    /* NULL + 0 is undefined, and an empty cursor may have no data. */
    *out = in->size ? in->data + in->at : in->data;
    in->at += count;
    return SKEP_OK;
}

skep_status bytes_u8(struct bytes *in, u8 *out)
{
    const u8 *p;
    TRY(bytes_take(in, 1, &p));
    *out = *p;
    return SKEP_OK;
}

skep_status bytes_u16(struct bytes *in, u16 *out)
{
    const u8 *p;
    TRY(bytes_take(in, 2, &p));
    *out = load_u16(p, in->big_endian);
    return SKEP_OK;
}

skep_status bytes_u32(struct bytes *in, u32 *out)
{
    const u8 *p;
    TRY(bytes_take(in, 4, &p));
    *out = load_u32(p, in->big_endian);
    return SKEP_OK;
}

skep_status bytes_u64(struct bytes *in, u64 *out)
{
    const u8 *p;
    TRY(bytes_take(in, 8, &p));
    *out = load_u64(p, in->big_endian);
    return SKEP_OK;
}

skep_status bytes_skip(struct bytes *in, u64 count)
{
    const u8 *skipped;
    return bytes_take(in, count, &skipped);
}

skep_status bytes_seek(struct bytes *in, u64 at)
{
    if (at > in->size)
        return SKEP_MALFORMED;
    in->at = at;
    return SKEP_OK;
}

skep_status bytes_slice(const struct bytes *in, u64 offset, u64 size, struct bytes *out)
{
    if (offset > in->size || size > in->size - offset)
        return SKEP_MALFORMED;
    *out = bytes_over(in->size ? in->data + offset : in->data, size, in->big_endian);
    return SKEP_OK;
}

skep_status bytes_string(const struct bytes *in, u64 offset, const char **out)
{
    if (offset >= in->size)
        return SKEP_MALFORMED;
    const u8 *start = in->data + offset;
    if (!memchr(start, 0, (size_t)(in->size - offset)))
        return SKEP_MALFORMED;
    *out = (const char *)start;
    return SKEP_OK;
}
