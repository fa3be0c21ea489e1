/* Events: bytes that the host's event function gets (bpf_perf_event_output). */
#include "helper/define.h"

#define EVENT_INDEX UINT64_C(0xffffffff)       /* BPF_F_INDEX_MASK; all ones: this CPU's */
#define EVENT_PACKET UINT64_C(0xfffff00000000) /* BPF_F_CTXLEN_MASK: packet bytes to append */

/* Nobody listens: as when no event was put into the map. */
static u64 helper_event_send(struct skep_thread *thread, struct skep_map *map, u64 flags,
                             const void *data, u64 size)
{
    if (!thread->host->event)
        return helper_errno(-ENOENT);
    if (!helper_pay(thread, size))
        return 0;
    thread->host->event(thread->host->user, map, flags & EVENT_INDEX, data, size);
    return 0;
}

/* The program's bytes and the packet's, in one piece. */
static u64 helper_event_with_packet(struct skep_thread *thread, struct skep_map *map, u64 flags,
                                    const void *data, u64 size)
{
    u32 extra = (u32)((flags & EVENT_PACKET) >> 32);
    if (!thread->packet)
        return helper_errno(-EINVAL);
    if (extra > thread->packet->length)
        return helper_errno(-EFAULT);
    u64 total = size + extra;
    u8 *whole = mem_alloc(thread->mem, total);
    if (!whole)
        return helper_errno(-ENOMEM);
    memcpy(whole, data, size);
    packet_load(thread->packet, 0, whole + size, extra);
    u64 result = helper_event_send(thread, map, flags, whole, total);
    mem_free(thread->mem, whole, total);
    return result;
}

static u64 helper_event(struct skep_thread *thread, u64 ctx, u64 map, u64 flags, u64 data, u64 size)
{
    (void)ctx;
    struct skep_map *m = helper_map(map);
    if (flags & ~(EVENT_INDEX | EVENT_PACKET))
        return helper_errno(-EINVAL);
    u64 index = flags & EVENT_INDEX;
    if ((index == EVENT_INDEX ? thread->cpu : index) >= m->spec.max_entries)
        return helper_errno(-E2BIG);
    if (flags & EVENT_PACKET)
        return helper_event_with_packet(thread, m, flags, helper_pointer(data), size);
    return helper_event_send(thread, m, flags, helper_pointer(data), size);
}

const struct skep_helper helper_perf_event_output = {
    HELPER_HEAD("bpf_perf_event_output", 25, BASE, helper_event),
    .args = { ARG_CTX, ARG_MAP, ARG_ANY, ARG_R, ARG_SIZE0 },
    .effects = SKEP_GPL_ONLY,
    .maps = SKEP_MAP_EVENTS,
    .cost = 50,
};

/* In tracing programs the packet is an object that the program's arguments name; its bytes are
 * those of the run's packet, if the host runs it with one. */
#define EVENT_KERNEL(SYMBOL, NAME, ID, OF)                                                         \
    const struct skep_helper SYMBOL = {                                                            \
        HELPER_HEAD(NAME, ID, TRACING, helper_event),                                              \
        .args = { ARG_BTF(OF), ARG_MAP, ARG_ANY, ARG_R, ARG_SIZE0 },                               \
        .effects = SKEP_GPL_ONLY,                                                                  \
        .maps = SKEP_MAP_EVENTS,                                                                   \
        .cost = 50,                                                                                \
    }
EVENT_KERNEL(helper_skb_output, "bpf_skb_output", 111, SKB);
EVENT_KERNEL(helper_xdp_output, "bpf_xdp_output", 121, XDP);
#undef EVENT_KERNEL
#undef EVENT_INDEX
#undef EVENT_PACKET
