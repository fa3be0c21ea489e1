/* The few host layouts that lowered and compiled code may know.  Offsets are taken with offsetof by
 * hooks' field tables, and by inlined map lookups. */
#ifndef SKEP_SRC_CONTRACT_LAYOUT_H
#define SKEP_SRC_CONTRACT_LAYOUT_H

#include "base/types.h"

/* A packet in one buffer: hard_start ≤ data_meta ≤ data ≤ data_end ≤ hard_end.  XDP and skb
 * programs see the same struct through different field tables.  Multi-buffer packets keep their
 * fragments behind `frags`. */
struct skep_packet {
    u8 *data, *data_end, *data_meta;
    u8 *hard_start, *hard_end;
    struct packet_frags *frags; /* NULL: linear */

    u32 length; /* bytes in all, fragments included; kept equal to data_end - data when linear */

    /* XDP */
    u32 ingress_ifindex, rx_queue_index, egress_ifindex;

    /* skb */
    u32 pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority;
    u32 ifindex, tc_index, hash, tc_classid, napi_id, gso_segs, gso_size, hwtstamp_lo;
    u32 cb[5];
    u32 family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port;
    u32 wire_len, tstamp_type;
    u64 tstamp, hwtstamp;
    u32 sums_verified; /* how many checksums from outside in are known to be right */

    /* What redirect helpers asked for; valid with a REDIRECT verdict. */
    u32 redirect_ifindex, redirect_flags;
    struct skep_map *redirect_map;
    u64 redirect_key;
    u32 mac_header_offset, network_header_offset; /* from data, for load_bytes_relative */
};

#endif
