/* Helpers about cgroups, their settings, and storage that hangs on kernel objects; infrared keys;
 * system calls.  Described for loading and verification. */
#include "helper/define.h"

/* clang-format off */
HELPER_KERNEL(get_cgroup_classid, 17, SKB_READ, .args = { ARG_CTX });
HELPER_KERNEL(skb_under_cgroup, 33, SKB_WRITE, .args = { ARG_CTX, ARG_MAP, ARG_ANY },
              .maps = SKEP_MAP_CGROUPS);
HELPER_KERNEL(skb_cgroup_id, 79, SKB_READ, .args = { ARG_CTX });
HELPER_KERNEL(get_current_cgroup_id, 80, TASK, .ret = { .kind = SKEP_RET_INTEGER });
HELPER_KERNEL(skb_ancestor_cgroup_id, 83, SKB_READ, .args = { ARG_CTX, ARG_ANY });
HELPER_KERNEL(get_current_ancestor_cgroup_id, 123, TASK, .args = { ARG_ANY });
HELPER_KERNEL(sk_cgroup_id, 128, LOOKUP, .args = { ARG_SOCK });
HELPER_KERNEL(sk_ancestor_cgroup_id, 129, LOOKUP, .args = { ARG_SOCK, ARG_ANY });
HELPER_KERNEL(skb_cgroup_classid, 151, SKB_READ, .args = { ARG_CTX });
HELPER_KERNEL(sysctl_get_name, 101, CGROUP, .args = { ARG_CTX, ARG_W, ARG_SIZE, ARG_ANY });
HELPER_KERNEL(sysctl_get_current_value, 102, CGROUP, .args = { ARG_CTX, ARG_W, ARG_SIZE });
HELPER_KERNEL(sysctl_get_new_value, 103, CGROUP, .args = { ARG_CTX, ARG_W, ARG_SIZE });
HELPER_KERNEL(sysctl_set_new_value, 104, CGROUP, .args = { ARG_CTX, ARG_R, ARG_SIZE });
HELPER_KERNEL(get_retval, 186, CGROUP, .ret = { .kind = SKEP_RET_INTEGER });
HELPER_KERNEL(set_retval, 187, CGROUP, .args = { ARG_ANY });

/* storage */
HELPER_KERNEL(get_local_storage, 81, CGROUP, .args = { ARG_MAP, ARG_ANY },
              .ret = { .kind = SKEP_RET_MAP_VALUE }, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(sk_storage_get, 107, BASE, .args = { ARG_MAP, ARG_SOCK, ARG_VALUE0, ARG_ANY },
              .ret = RET_VALUE, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(sk_storage_delete, 108, BASE, .args = { ARG_MAP, ARG_SOCK },
              .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(inode_storage_get, 145, LSM, .args = { ARG_MAP, ARG_BTF, ARG_VALUE0, ARG_ANY },
              .ret = RET_VALUE, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(inode_storage_delete, 146, LSM, .args = { ARG_MAP, ARG_BTF },
              .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(task_storage_get, 156, TRACING, .args = { ARG_MAP, ARG_BTF, ARG_VALUE0, ARG_ANY },
              .ret = RET_VALUE, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(task_storage_delete, 157, TRACING, .args = { ARG_MAP, ARG_BTF },
              .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(cgrp_storage_get, 210, BASE, .args = { ARG_MAP, ARG_BTF, ARG_VALUE0, ARG_ANY },
              .ret = RET_VALUE, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(cgrp_storage_delete, 211, BASE, .args = { ARG_MAP, ARG_BTF },
              .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(kptr_xchg, 194, BASE, .args = { ARG_KPTR, ARG_BTF_END }, .ret = RET_BTF_NEW);

/* infrared */
HELPER_KERNEL(rc_repeat, 77, LIRC, .args = { ARG_CTX }, .effects = SKEP_GPL_ONLY);
HELPER_KERNEL(rc_keydown, 78, LIRC, .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY },
              .effects = SKEP_GPL_ONLY);
HELPER_KERNEL(rc_pointer_rel, 92, LIRC, .args = { ARG_CTX, ARG_ANY, ARG_ANY },
              .effects = SKEP_GPL_ONLY);

/* system calls */
HELPER_KERNEL(sys_bpf, 166, SYSCALL, .args = { ARG_ANY, ARG_RW, ARG_SIZE });
HELPER_KERNEL(btf_find_by_name_kind, 167, SYSCALL, .args = { ARG_R, ARG_SIZE, ARG_ANY, ARG_ANY });
HELPER_KERNEL(sys_close, 168, SYSCALL, .args = { ARG_ANY });
/* clang-format on */
