/* CGROUP_SOCK_ADDR: addresses that sockets bind, connect, send to and receive from. */
#include "hook/fields.h"

static const struct skep_ctx_field cgroup_sock_addr_fields[] = {
    HOOK_HIDDEN("user_family", 0, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("user_ip4", 4, 4, HOOK_RW),
    HOOK_HIDDEN("user_ip6", 8, 16, HOOK_RW),
    HOOK_HIDDEN("user_port", 24, 4, HOOK_RW),
    HOOK_HIDDEN("family", 28, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("type", 32, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("protocol", 36, 4, HOOK_R | HOOK_WHOLE),
    HOOK_HIDDEN("msg_src_ip4", 40, 4, HOOK_RW),
    HOOK_HIDDEN("msg_src_ip6", 44, 16, HOOK_RW),
    HOOK_SOCKET_FULL("sk", 64),
};

const struct skep_hook hook_cgroup_sock_addr = {
    HOOK_NAMED("cgroup_sock_addr", 18),
    .ctx_type = "bpf_sock_addr",
    HOOK_SECTIONS("cgroup/bind4", "cgroup/bind6", "cgroup/connect4", "cgroup/connect6",
                  "cgroup/connect_unix", "cgroup/sendmsg4", "cgroup/sendmsg6",
                  "cgroup/sendmsg_unix", "cgroup/recvmsg4", "cgroup/recvmsg6",
                  "cgroup/recvmsg_unix", "cgroup/getpeername4", "cgroup/getpeername6",
                  "cgroup/getpeername_unix", "cgroup/getsockname4", "cgroup/getsockname6",
                  "cgroup/getsockname_unix"),
    HOOK_CONTEXT(cgroup_sock_addr_fields, 72),
    .families = HOOK_CGROUP_FAMILIES | SKEP_FAMILY_LOOKUP | SKEP_FAMILY_SOCKET,
    .flags = SKEP_HOOK_CONTRACT_ONLY,
    .ret_lo = 0,
    .ret_hi = 1,
    HOOK_RETURNS({ "cgroup/bind*", 0, 3 }, { "cgroup/recvmsg*", 1, 1 },
                 { "cgroup/getpeername*", 1, 1 }, { "cgroup/getsockname*", 1, 1 }),
};
