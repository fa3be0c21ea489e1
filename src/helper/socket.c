/* Helpers that need a kernel's sockets, tunnels and routes.  Described for loading and
 * verification.
 *
 * The ones that find sockets, and see one as another kind, run even so: here there are none, so
 * they find none.  A host that has sockets registers its own in their place. */
#include "helper/define.h"

static u64 helper_no_socket(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)thread, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return 0;
}

#define HELPER_SOCKETLESS(NAME, ID, FAMILY, ...)                                                   \
    const struct skep_helper helper_##NAME = {                                                     \
        HELPER_HEAD("bpf_" #NAME, ID, FAMILY, helper_no_socket), __VA_ARGS__                       \
    }

/* clang-format off */
/* tunnels and routes of a packet */
HELPER_KERNEL(skb_get_tunnel_key, 20, SKB_EDIT, .args = { ARG_CTX, ARG_W, ARG_SIZE, ARG_ANY });
HELPER_KERNEL(skb_set_tunnel_key, 21, SKB_EDIT, .args = { ARG_CTX, ARG_R, ARG_SIZE, ARG_ANY });
HELPER_KERNEL(get_route_realm, 24, NET, .args = { ARG_CTX });
HELPER_KERNEL(skb_get_tunnel_opt, 29, SKB_EDIT, .args = { ARG_CTX, ARG_W, ARG_SIZE });
HELPER_KERNEL(skb_set_tunnel_opt, 30, SKB_EDIT, .args = { ARG_CTX, ARG_R, ARG_SIZE });
HELPER_KERNEL(skb_get_xfrm_state, 66, SKB_WRITE,
              .args = { ARG_CTX, ARG_ANY, ARG_W, ARG_SIZE, ARG_ANY });
HELPER_KERNEL(lwt_push_encap, 73, LWT, .args = { ARG_CTX, ARG_ANY, ARG_R, ARG_SIZE },
              .effects = SKEP_MOVES_PACKET);
HELPER_KERNEL(lwt_seg6_store_bytes, 74, LWT, .args = { ARG_CTX, ARG_ANY, ARG_R, ARG_SIZE },
              .effects = SKEP_MOVES_PACKET);
HELPER_KERNEL(lwt_seg6_adjust_srh, 75, LWT, .args = { ARG_CTX, ARG_ANY, ARG_ANY },
              .effects = SKEP_MOVES_PACKET);
HELPER_KERNEL(lwt_seg6_action, 76, LWT, .args = { ARG_CTX, ARG_ANY, ARG_R, ARG_SIZE },
              .effects = SKEP_MOVES_PACKET);

/* finding sockets, and using them */
HELPER_KERNEL(get_socket_cookie, 46, BASE, .args = { ARG_CTX });
HELPER_KERNEL(get_socket_uid, 47, SKB_READ, .args = { ARG_CTX });
HELPER_KERNEL(setsockopt, 49, SOCKET, .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_R, ARG_SIZE });
HELPER_KERNEL(getsockopt, 57, SOCKET, .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_W, ARG_SIZE });
HELPER_KERNEL(bind, 64, SOCKET, .args = { ARG_CTX, ARG_R, ARG_SIZE });
HELPER_SOCKETLESS(sk_lookup_tcp, 84, LOOKUP, .args = { ARG_CTX, ARG_R, ARG_SIZE, ARG_ANY, ARG_ANY },
              .ret = RET_FULL_NEW);
HELPER_SOCKETLESS(sk_lookup_udp, 85, LOOKUP, .args = { ARG_CTX, ARG_R, ARG_SIZE, ARG_ANY, ARG_ANY },
              .ret = RET_FULL_NEW);
HELPER_SOCKETLESS(sk_release, 86, LOOKUP, .args = { ARG_SOCK_END });
HELPER_SOCKETLESS(sk_fullsock, 95, LOOKUP, .args = { ARG_SOCK }, .ret = RET_CAST(FULL));
HELPER_SOCKETLESS(tcp_sock, 96, LOOKUP, .args = { ARG_SOCK }, .ret = RET_CAST(TCP));
HELPER_SOCKETLESS(get_listener_sock, 98, LOOKUP, .args = { ARG_SOCK }, .ret = RET_FULL);
HELPER_SOCKETLESS(skc_lookup_tcp, 99, LOOKUP, .args = { ARG_CTX, ARG_R, ARG_SIZE, ARG_ANY, ARG_ANY },
              .ret = RET_SOCK_NEW);
HELPER_KERNEL(tcp_check_syncookie, 100, LOOKUP,
              .args = { ARG_SOCK, ARG_R, ARG_SIZE, ARG_R, ARG_SIZE });
HELPER_KERNEL(tcp_gen_syncookie, 110, LOOKUP,
              .args = { ARG_SOCK, ARG_R, ARG_SIZE, ARG_R, ARG_SIZE });
HELPER_KERNEL(tcp_send_ack, 116, SOCKET, .args = { ARG_BTF(TCP), ARG_ANY });
HELPER_KERNEL(get_netns_cookie, 122, BASE, .args = { ARG_CTX0 });
HELPER_KERNEL(sk_assign, 124, LOOKUP, .args = { ARG_CTX, ARG_SOCK, ARG_ANY });
HELPER_SOCKETLESS(skc_to_tcp6_sock, 136, BASE, .args = { ARG_SOCK }, .ret = RET_CAST(KERNEL));
HELPER_SOCKETLESS(skc_to_tcp_sock, 137, BASE, .args = { ARG_SOCK }, .ret = RET_CAST(KERNEL));
HELPER_SOCKETLESS(skc_to_tcp_timewait_sock, 138, BASE, .args = { ARG_SOCK }, .ret = RET_CAST(KERNEL));
HELPER_SOCKETLESS(skc_to_tcp_request_sock, 139, BASE, .args = { ARG_SOCK }, .ret = RET_CAST(KERNEL));
HELPER_SOCKETLESS(skc_to_udp6_sock, 140, BASE, .args = { ARG_SOCK }, .ret = RET_CAST(KERNEL));
HELPER_KERNEL(sock_from_file, 162, TRACING, .args = { ARG_BTF(FILE) }, .ret = RET_BTF0(SOCKET));
HELPER_SOCKETLESS(skc_to_unix_sock, 178, BASE, .args = { ARG_SOCK }, .ret = RET_CAST(KERNEL));
HELPER_SOCKETLESS(skc_to_mptcp_sock, 196, BASE, .args = { ARG_SOCK }, .ret = RET_CAST(KERNEL));

/* socket maps: streams, messages, ports */
HELPER_KERNEL(sk_redirect_map, 52, SK_SKB, .args = { ARG_CTX, ARG_MAP, ARG_ANY, ARG_ANY },
              .maps = SKEP_MAP_SOCKETS);
HELPER_KERNEL(sock_map_update, 53, SOCK_OPS, .args = { ARG_CTX, ARG_MAP, ARG_KEY, ARG_ANY },
              .maps = SKEP_MAP_SOCKETS);
HELPER_KERNEL(sock_ops_cb_flags_set, 59, SOCK_OPS, .args = { ARG_CTX, ARG_ANY });
HELPER_KERNEL(msg_redirect_map, 60, SK_MSG, .args = { ARG_CTX, ARG_MAP, ARG_ANY, ARG_ANY },
              .maps = SKEP_MAP_SOCKETS);
HELPER_KERNEL(msg_apply_bytes, 61, SK_MSG, .args = { ARG_CTX, ARG_ANY });
HELPER_KERNEL(msg_cork_bytes, 62, SK_MSG, .args = { ARG_CTX, ARG_ANY });
HELPER_KERNEL(msg_pull_data, 63, SK_MSG, .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY },
              .effects = SKEP_MOVES_PACKET);
HELPER_KERNEL(sock_hash_update, 70, SOCK_OPS, .args = { ARG_CTX, ARG_MAP, ARG_KEY, ARG_ANY },
              .maps = SKEP_MAP_SOCKETS);
HELPER_KERNEL(msg_redirect_hash, 71, SK_MSG, .args = { ARG_CTX, ARG_MAP, ARG_KEY, ARG_ANY },
              .maps = SKEP_MAP_SOCKETS);
HELPER_KERNEL(sk_redirect_hash, 72, SK_SKB, .args = { ARG_CTX, ARG_MAP, ARG_KEY, ARG_ANY },
              .maps = SKEP_MAP_SOCKETS);
HELPER_KERNEL(sk_select_reuseport, 82, REUSEPORT, .args = { ARG_CTX, ARG_MAP, ARG_KEY, ARG_ANY },
              .maps = SKEP_MAP_SOCKETS);
HELPER_KERNEL(msg_push_data, 90, SK_MSG, .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY },
              .effects = SKEP_MOVES_PACKET);
HELPER_KERNEL(msg_pop_data, 91, SK_MSG, .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY },
              .effects = SKEP_MOVES_PACKET);
HELPER_KERNEL(load_hdr_opt, 142, SOCK_OPS, .args = { ARG_CTX, ARG_RW, ARG_SIZE, ARG_ANY });
HELPER_KERNEL(store_hdr_opt, 143, SOCK_OPS, .args = { ARG_CTX, ARG_R, ARG_SIZE, ARG_ANY });
HELPER_KERNEL(reserve_hdr_opt, 144, SOCK_OPS, .args = { ARG_CTX, ARG_ANY, ARG_ANY });
/* clang-format on */
#undef HELPER_SOCKETLESS
