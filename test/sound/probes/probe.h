/* What every probe includes.  A probe is one XDP program: an idiom that people write and that never
 * faults, whatever its input is.  Most have an unsafe twin: the same text with one token swapped
 * (SWAP), and the input that makes it fault (TWIN), which the harness runs as the proof.  Global
 * functions that probes call have names that begin with sub_.
 *
 * An input is four numbers, x y z w, and a packet.  A buffer is a section of its own, so that it is
 * a map value of exactly its size; OPEN hides the size from the compiler, which would otherwise
 * argue that nobody writes past it. */
#ifndef SKEP_PROBE_H
#define SKEP_PROBE_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#ifdef UNSAFE
#define SWAP(safe, unsafe) unsafe
#else
#define SWAP(safe, unsafe) safe
#endif

#define PROBE(name)                                                                                \
    SEC("xdp")                                                                                     \
    int name(struct xdp_md *ctx __attribute__((unused)))
/* The tag is read from the object's BTF. */
#define TWIN(input) __attribute__((btf_decl_tag("twin " input)))

#define INPUT                                                                                      \
    struct {                                                                                       \
        volatile u64 x, y, z, w;                                                                   \
    } in SEC(".data.input")

#define BUFFER(name, bytes) u8 name[bytes] SEC(".data." #name)
#define OPEN(buffer)                                                                               \
    ({                                                                                             \
        u8 *open_ = (buffer);                                                                      \
        HIDE(open_);                                                                               \
        open_;                                                                                     \
    })

/* The compiler no longer knows anything about it. */
#define HIDE(variable) asm volatile("" : "+r"(variable))

#define PACKET_BEGIN ((u8 *)(long)ctx->data)
#define PACKET_END ((u8 *)(long)ctx->data_end)

char LICENSE[] SEC("license") = "GPL";

#endif
