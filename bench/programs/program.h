/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What every benchmark program is made of.  One C source becomes three things: an XDP program (the
 * type that the Linux kernel runs repeatedly through BPF_PROG_TEST_RUN), a function of the host,
 * and the same function for this very CPU (-march=native).
 *
 * A program sees one block of memory, struct work, as its packet.  It gives the same result however
 * often it runs: what it writes it has filled itself.  The result is 32 bits, as an XDP verdict is.
 */
#ifndef SKEP_BENCH_PROGRAM_H
#define SKEP_BENCH_PROGRAM_H

#ifdef __bpf__
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
#else
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#define __noinline __attribute__((noinline))
#endif

/* As much as one page leaves beside XDP's headroom and tailroom. */
struct work {
    u8 frame[128]; /* Ethernet, 802.1Q, IPv4 and TCP headers */
    union {        /* random */
        u8 a8[1024];
        u32 a32[256];
        u64 a64[128];
    };
    union { /* random u32, ascending */
        u8 b8[1024];
        u32 b32[256];
        u64 b64[128];
    };
    union { /* letters a to h, or a place to write */
        u8 c8[1024];
        u16 c16[512];
        u32 c32[256];
        u64 c64[128];
    };
};

static inline u32 fold(u64 value) { return (u32)(value ^ value >> 32); }

static inline u32 rotl32(u32 value, unsigned by) { return value << by | value >> (32 - by); }

static inline u64 rotl64(u64 value, unsigned by) { return value << by | value >> (64 - by); }

/* PACKET_PROGRAM(name) { body }: the body sees u8 *data and u8 *end, and returns u32.
 * PROGRAM(name) { body }: the body sees struct work *w. */
#ifdef __bpf__
#define PACKET_PROGRAM(name)                                                                       \
    static __always_inline u32 name##_body(u8 *data, u8 *end);                                     \
    SEC("xdp") int name(struct xdp_md *ctx)                                                        \
    {                                                                                              \
        return (int)name##_body((u8 *)(long)ctx->data, (u8 *)(long)ctx->data_end);                 \
    }                                                                                              \
    char LICENSE[] SEC("license") = "Dual BSD/GPL";                                                \
    static __always_inline u32 name##_body(u8 *data, u8 *end)
#define PROGRAM(name)                                                                              \
    static __always_inline u32 name##_work(struct work *w);                                        \
    PACKET_PROGRAM(name)                                                                           \
    {                                                                                              \
        if (data + sizeof(struct work) > end)                                                      \
            return 0;                                                                              \
        return name##_work((struct work *)data);                                                   \
    }                                                                                              \
    static __always_inline u32 name##_work(struct work *w)
#else
#define JOIN_(prefix, name) prefix##name
#define JOIN(prefix, name) JOIN_(prefix, name)
#define PACKET_PROGRAM(name)                                                                       \
    u32 JOIN(NATIVE_PREFIX, name)(u8 * data, u8 * end);                                            \
    u32 JOIN(NATIVE_PREFIX, name)(u8 * data, u8 * end)
#define PROGRAM(name)                                                                              \
    static inline u32 name##_work(struct work *w);                                                 \
    PACKET_PROGRAM(name)                                                                           \
    {                                                                                              \
        if (data + sizeof(struct work) > end)                                                      \
            return 0;                                                                              \
        return name##_work((struct work *)data);                                                   \
    }                                                                                              \
    static inline u32 name##_work(struct work *w)
#endif

#endif
