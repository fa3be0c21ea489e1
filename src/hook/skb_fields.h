/* THE table of struct __sk_buff, for each type of program that sees one.  The includer defines
 * SKB_TYPE; who may read and write a field is told by sets of types.  Which they are is what
 * Linux's verifier decides (net/core/filter.c). */
/* clang-format off */
#define SKB_MAY(who, access) (((who) & SKB_TYPE) ? (access) : 0)
#define SKB_ROW(name, offset, size, kind, readers, writers, rules, host_size, member)              \
    { name, offset, size, SKEP_FIELD_##kind,                                                       \
      SKB_MAY(readers, SKEP_FIELD_READ) | SKB_MAY(writers, SKEP_FIELD_WRITE) | (rules),            \
      host_size, offsetof(struct skep_packet, member), 0 }
#define SKB_U32(name, offset, readers, writers, rules, member) \
    SKB_ROW(name, offset, 4, SCALAR, readers, writers, rules, 4, member)
#define SKB_POINTER(name, offset, kind, readers) \
    SKB_ROW(#name, offset, 4, kind, readers, 0, SKEP_FIELD_NO_NARROW, 8, name)

#define SKB_ALL  (SKB_FILTER | SKB_TC | SKB_CGROUP | SKB_LWT | SKB_STREAM)
#define SKB_SOCK (SKB_CGROUP | SKB_STREAM)
#define SKB_WHOLE SKEP_FIELD_NO_NARROW

SKB_U32("len",              0, SKB_ALL,    0,                              0, length),
SKB_U32("pkt_type",         4, SKB_ALL,    0,                              0, pkt_type),
SKB_U32("mark",             8, SKB_ALL & ~SKB_STREAM, SKB_TC | SKB_CGROUP | SKB_LWT,  0, mark),
SKB_U32("queue_mapping",   12, SKB_ALL,    SKB_TC,                         0, queue_mapping),
SKB_U32("protocol",        16, SKB_ALL,    0,                              0, protocol),
SKB_U32("vlan_present",    20, SKB_ALL,    0,                              0, vlan_present),
SKB_U32("vlan_tci",        24, SKB_ALL,    0,                              0, vlan_tci),
SKB_U32("vlan_proto",      28, SKB_ALL,    0,                              0, vlan_proto),
SKB_U32("priority",        32, SKB_ALL,    SKB_ALL & ~SKB_FILTER,          0, priority),
SKB_U32("ingress_ifindex", 36, SKB_ALL,    0,                              0, ingress_ifindex),
SKB_U32("ifindex",         40, SKB_ALL,    0,                              0, ifindex),
SKB_U32("tc_index",        44, SKB_ALL,    SKB_TC | SKB_STREAM,            0, tc_index),
SKB_ROW("cb", 48, 20, SCALAR,  SKB_ALL,    SKB_ALL & ~SKB_STREAM,          0, 20, cb),
SKB_U32("hash",            68, SKB_ALL,    0,                              0, hash),
SKB_U32("tc_classid",      72, SKB_TC,     SKB_TC,                         0, tc_classid),
SKB_POINTER(data,          76, PACKET,     SKB_DIRECT),
SKB_POINTER(data_end,      80, PACKET_END, SKB_DIRECT),
SKB_U32("napi_id",         84, SKB_ALL,    0,                              0, napi_id),
SKB_U32("family",          88, SKB_SOCK,   0,                              0, family),
SKB_U32("remote_ip4",      92, SKB_SOCK,   0,                      SKB_WHOLE, remote_ip4),
SKB_U32("local_ip4",       96, SKB_SOCK,   0,                      SKB_WHOLE, local_ip4),
SKB_U32("remote_ip6[0]",  100, SKB_SOCK,   0,                      SKB_WHOLE, remote_ip6[0]),
SKB_U32("remote_ip6[1]",  104, SKB_SOCK,   0,                      SKB_WHOLE, remote_ip6[1]),
SKB_U32("remote_ip6[2]",  108, SKB_SOCK,   0,                      SKB_WHOLE, remote_ip6[2]),
SKB_U32("remote_ip6[3]",  112, SKB_SOCK,   0,                      SKB_WHOLE, remote_ip6[3]),
SKB_U32("local_ip6[0]",   116, SKB_SOCK,   0,                      SKB_WHOLE, local_ip6[0]),
SKB_U32("local_ip6[1]",   120, SKB_SOCK,   0,                      SKB_WHOLE, local_ip6[1]),
SKB_U32("local_ip6[2]",   124, SKB_SOCK,   0,                      SKB_WHOLE, local_ip6[2]),
SKB_U32("local_ip6[3]",   128, SKB_SOCK,   0,                      SKB_WHOLE, local_ip6[3]),
SKB_U32("remote_port",    132, SKB_SOCK,   0,                              0, remote_port),
SKB_U32("local_port",     136, SKB_SOCK,   0,                              0, local_port),
SKB_POINTER(data_meta,    140, PACKET_META, SKB_TC),
{ "flow_keys", 144, 8, SKEP_FIELD_POINTER, SKB_MAY(SKB_DISSECTOR, HOOK_RW) | SKB_WHOLE, 0, 0, 56 },
SKB_ROW("tstamp", 152, 8, SCALAR, SKB_TC | SKB_CGROUP, SKB_TC | SKB_CGROUP, SKB_WHOLE, 8, tstamp),
SKB_U32("wire_len",       160, SKB_TC,     0,                              0, wire_len),
SKB_U32("gso_segs",       164, SKB_ALL,    0,                              0, gso_segs),
{ "sk", 168, 8, SKEP_FIELD_SOCK, SKB_MAY(SKB_ALL, SKEP_FIELD_READ) | SKEP_FIELD_NULLABLE | SKB_WHOLE, 0, 0, 0 },
SKB_U32("gso_size",       176, SKB_ALL,    0,                              0, gso_size),
SKB_ROW("tstamp_type", 180, 1, SCALAR, SKB_TC, 0, SKB_WHOLE, 4, tstamp_type),
SKB_ROW("hwtstamp", 184, 8, SCALAR, SKB_TC | SKB_CGROUP, 0, SKB_WHOLE, 8, hwtstamp),
/* clang-format on */
#undef SKB_MAY
#undef SKB_ROW
#undef SKB_U32
#undef SKB_POINTER
#undef SKB_ALL
#undef SKB_SOCK
#undef SKB_WHOLE
