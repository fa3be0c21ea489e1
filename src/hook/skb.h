/* What the program types that see a struct __sk_buff have in common. */
#ifndef SKEP_SRC_HOOK_SKB_H
#define SKEP_SRC_HOOK_SKB_H

#include "hook/fields.h"

/* Who sees one; sets of these in skb_fields.h. */
#define SKB_FILTER 1     /* SOCKET_FILTER */
#define SKB_TC 2         /* SCHED_CLS, SCHED_ACT */
#define SKB_CGROUP 4     /* CGROUP_SKB */
#define SKB_LWT 8        /* LWT_* */
#define SKB_STREAM 16    /* SK_SKB */
#define SKB_DISSECTOR 32 /* FLOW_DISSECTOR */
#define SKB_DIRECT (SKB_TC | SKB_CGROUP | SKB_LWT | SKB_STREAM | SKB_DISSECTOR)
#define SKB_BYTES 192

/* Struct skep_hook.prepare: fills in what the kernel knows of a frame that came in over Ethernet.
 * Data begins at the link header. */
void skb_prepare(void *packet);
/* The same for programs whose data begins at the network header. */
void skb_prepare_network(void *packet);

#endif
