/* Parsers of what networks carry. */
#include "probe.h"

#include <bpf/bpf_endian.h>

INPUT;
BUFFER(b64, 64);
BUFFER(name, 256);

struct ethernet {
    u8 to[6], from[6];
    u16 type;
};
struct vlan {
    u16 tag, type;
};
struct ipv4 {
    u8 version_words, tos;
    u16 length, id, fragment;
    u8 ttl, protocol;
    u16 checksum;
    u32 from, to;
};
struct tcp {
    u16 from, to;
    u32 sequence, acknowledged;
    u8 words, flags;
    u16 window, checksum, urgent;
};

TWIN("packet=00*12,81,00,00,01")
PROBE(vlan_walk)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    struct ethernet *ethernet = (void *)p;
    if (p + sizeof(*ethernet) > end)
        return 0;
    u16 type = ethernet->type;
    p += sizeof(*ethernet);
    for (u32 i = 0; i < 4; i++) {
        struct vlan *vlan = (void *)p;
        if (type != bpf_htons(0x8100) && type != bpf_htons(0x88a8))
            break;
        if (p + SWAP(4, 2) > end)
            return 0;
        type = vlan->type;
        p += sizeof(*vlan);
    }
    return type;
}

TWIN("packet=00*12,08,00,4f,00*62")
PROBE(options_of_ipv4)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    struct ipv4 *ip = (void *)(p + 14);
    struct tcp *tcp;
    if ((u8 *)(ip + 1) > end || p[12] != 8)
        return 0;
    u32 bytes = (ip->version_words & 15) * 4u;
    if (bytes < sizeof(*ip))
        return 0;
    tcp = (void *)((u8 *)ip + bytes);
    if ((u8 *)tcp + SWAP(20, 1) > end)
        return 0;
    return tcp->urgent;
}

/* Kind, length, value. */
TWIN("packet=02,04,00,00,02,04,00,00")
PROBE(options_of_tcp)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    for (u32 i = 0; i < 40; i++) {
        if (p SWAP(>=, >) end)
            return 0;
        u8 kind = p[0];
        if (kind == 0)
            return 0;
        if (kind == 1) {
            p++;
            continue;
        }
        if (p + 2 > end || p[1] < 2)
            return 1;
        p += p[1];
    }
    return 2;
}

TWIN("packet=07,02,aa,bb,09,03,01,02")
PROBE(type_length_value)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u32 sum = 0;
    while (p + 2 <= end) {
        u32 n = p[1];
        u8 *value = p + 2;
        if (value + n > end + SWAP(0, 1))
            return -1;
        for (u32 i = 0; i < n; i++)
            sum += value[i];
        p = value + n;
    }
    return (int)sum;
}

TWIN("packet=03,61,62,63,04,61")
PROBE(name_of_dns)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END, *out = OPEN(name);
    u32 n = 0;
    for (u32 labels = 0; labels < 128; labels++) {
        if (p >= end)
            return -1;
        u32 bytes = *p++;
        if (bytes == 0)
            return (int)n;
        if (bytes > 63 || p + SWAP(bytes, 1) > end || n + bytes + 1 > 256)
            return -1;
        for (u32 i = 0; i < bytes; i++)
            out[n + i] = p[i];
        n += bytes;
        out[n++] = '.';
        p += bytes;
    }
    return -1;
}

TWIN("packet=61*64")
PROBE(string_until_zero)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END, *b = OPEN(b64);
    u32 n = 0;
    while (p < end && *p != 0 && n < SWAP(63, 64)) {
        b[n++] = *p++;
    }
    b[n] = 0;
    return (int)n;
}

TWIN("packet=31,32,33")
PROBE(decimal_number)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u64 value = 0;
    while (p SWAP(<, <=) end && *p >= '0' && *p <= '9') {
        value = value * 10 + (*p - '0');
        p++;
    }
    return (int)value;
}

TWIN("packet=47,45,54,20,2f")
PROBE(request_line)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u64 n = (u64)(end - p), i = 0, path;
    HIDE(n);
    while (i < n && p[i] != ' ')
        i++;
    path = i + 1;
    for (i = path; i SWAP(<, <=) n; i++)
        if (p[i] == ' ')
            break;
    return (int)(i - path);
}

TWIN("packet=61,e2,82")
PROBE(utf8_characters)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u32 characters = 0;
    while (p < end) {
        u32 bytes = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
        if (p + bytes > end + SWAP(0, 1))
            return -1;
        if ((p[bytes - 1] & 0xc0) == 0xc0)
            return -1;
        p += bytes;
        characters++;
    }
    return (int)characters;
}

/* Next header, length in units of 8 bytes beyond the first. */
TWIN("packet=00,00,00*6,3c")
PROBE(extension_headers_of_ipv6)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u8 next = 0;
    for (u32 i = 0; i < 8; i++) {
        if (next != 0 && next != 43 && next != 60)
            break;
        if (p + SWAP(8, 1) > end)
            return -1;
        next = p[0];
        p += 8 + p[1] * 8;
    }
    return next;
}

TWIN("packet=09,00*7")
PROBE(length_field_against_the_packet)
{
    u8 *p = PACKET_BEGIN, *end = PACKET_END;
    u32 sum = 0;
    if (p + 2 > end)
        return 0;
    u64 length = *p, there = (u64)(end - p);
    HIDE(there);
    if (length > there + SWAP(0, 1))
        return 0;
    for (u64 i = 0; i < length; i++)
        sum += p[i];
    return (int)sum;
}
