/* Internet checksums (RFC 1071): the one's complement sum of 16-bit words, in the host's byte
 * order, as the kernel's csum_partial and csum_fold count them. */
#include "rt/packet.h"

static u64 checksum_add(u64 sum, u64 word)
{
    sum += word;
    return sum + (sum < word);
}

/* The last bytes as if zeros followed. */
static u64 checksum_tail(const u8 *bytes, u32 size)
{
    u64 word = 0;
    memcpy(&word, bytes, size);
    return word;
}

/* 2^64 - 1 and 2^32 - 1 are multiples of 2^16 - 1, so words of any width may be added with their
 * carries brought round, and folded last. */
u32 checksum_partial(const void *bytes, u32 size, u32 seed)
{
    const u8 *p = bytes;
    u64 sum = seed, other = 0;
    for (; size >= 16; size -= 16, p += 16) {
        u64 words[2];
        memcpy(words, p, sizeof(words));
        sum = checksum_add(sum, words[0]);
        other = checksum_add(other, words[1]);
    }
    for (; size >= 8; size -= 8, p += 8) {
        u64 word;
        memcpy(&word, p, sizeof(word));
        sum = checksum_add(sum, word);
    }
    if (size > 0)
        sum = checksum_add(sum, checksum_tail(p, size));
    sum = checksum_add(sum, other);
    u32 low = (u32)sum, folded = low + (u32)(sum >> 32);
    return folded + (folded < low);
}

u16 checksum_fold(u32 sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}
