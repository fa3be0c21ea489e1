/* Packets: one check and an access, with constant and variable distances. */
#include "probe.h"

INPUT;
BUFFER(b64, 64);

TWIN("packet=00*13")
PROBE(header_below_end)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    if (p + SWAP(14, 13) > end)
        return 0;
    return p[13];
}

TWIN("packet=00*20")
PROBE(end_not_below_header)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    if (end > p + SWAP(20, 19))
        return p[20];
    return 0;
}

TWIN("packet=00*17")
PROBE(length_as_a_difference)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u64 n = (u64)(end - p);
    HIDE(n);
    if (n >= SWAP(18, 17))
        return p[17];
    return 0;
}

TWIN("x=7 packet=00*7")
PROBE(variable_length_before_end)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u64 n = in.x & 63;
    if (n == 0 || p + n > end)
        return 0;
    return p[n - SWAP(1, 0)];
}

TWIN("x=14 packet=00*15")
PROBE(two_bytes_at_a_variable_offset)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    p += in.x & 0xff;
    if (p + SWAP(2, 1) > end)
        return 0;
    return p[0] + p[1];
}

TWIN("packet=00*20")
PROBE(last_byte)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u64 n = (u64)(end - p);
    HIDE(n);
    if (n == 0)
        return 0;
    return p[n - SWAP(1, 0)];
}

TWIN("packet=00*20")
PROBE(every_byte_by_index)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u64 n = (u64)(end - p);
    u32 sum = 0;
    HIDE(n);
    for (u64 i = 0; i SWAP(<, <=) n; i++)
        sum += p[i];
    return (int)sum;
}

TWIN("packet=00*21")
PROBE(checksum_by_pointer)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u32 sum = 0;
    for (; p + SWAP(2, 1) <= end; p += 2)
        sum += (u32)p[0] << 8 | p[1];
    return (int)sum;
}

TWIN("packet=00*100")
PROBE(checksum_of_a_part)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u32 sum = 0;
    for (u32 i = 0; i < 1024 && p SWAP(<, <=) end; i++, p++)
        sum += *p;
    return (int)sum;
}

TWIN("packet=00*20")
PROBE(byte_before_the_pointer)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    if (p + 20 > end)
        return 0;
    p += 20;
    return p[SWAP(-1, 0)];
}

TWIN("packet=00*33,05*4")
PROBE(limit_is_the_smaller_of_two)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END, *limit = p + 64, *b = OPEN(b64);
    u32 n = 0;
    if (limit > end)
        limit = end;
    for (; p SWAP(<, <=) limit && n < 64; p++)
        b[n++] = *p;
    return 0;
}

static __attribute__((noinline)) int holds(const u8 *p, const u8 *end)
{
    return p + SWAP(34, 33) <= end;
}

TWIN("packet=00*33")
PROBE(check_in_a_subprogram)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    if (!holds(p, end))
        return 0;
    return p[33];
}

TWIN("packet=00*33")
PROBE(copy_of_what_is_there)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END, *b = OPEN(b64);
    u64 n = (u64)(end - p);
    HIDE(n);
    if (n > 64)
        n = 64;
    for (u64 i = 0; i SWAP(<, <=) n; i++)
        b[i] = p[i];
    return 0;
}

TWIN("packet=00*80")
PROBE(helper_with_a_variable_size)
{
    u64 n = (u64)(PACKET_END - PACKET_BEGIN);
    HIDE(n);
    if (n > SWAP(64, 65))
        n = SWAP(64, 65);
    if (n == 0)
        return 0;
    return (int)bpf_xdp_load_bytes(ctx, 0, OPEN(b64), (u32)n);
}

TWIN("x=0 y=65 packet=00*80")
PROBE(helper_with_a_difference_as_size)
{
    u64 from = in.x, to = in.y;
    if (from >= to || to > SWAP(64, 65))
        return 0;
    HIDE(to);
    return (int)bpf_xdp_load_bytes(ctx, 0, OPEN(b64) + from, (u32)(to - from));
}

TWIN("packet=00*10")
PROBE(pointer_kept_on_the_stack)
{
    u8 *volatile p = PACKET_BEGIN;
    u8 *volatile end = PACKET_END;
    if (p + SWAP(11, 10) > end)
        return 0;
    return p[10];
}

TWIN("packet=00*20")
PROBE(backwards_from_the_end)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u64 n = (u64)(end - p);
    u32 zeros = 0;
    HIDE(n);
    while (n > 0 && p[n - SWAP(1, 0)] == 0) {
        n--;
        zeros++;
    }
    return (int)zeros;
}

TWIN("packet=03,00*14,00*3")
PROBE(two_lengths_in_a_row)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END, *q;
    if (p + 2 > end)
        return 0;
    q = p + (p[0] & 15);
    q += p[1] & 15;
    if (q + SWAP(16, 15) > end)
        return 0;
    return q[15];
}
