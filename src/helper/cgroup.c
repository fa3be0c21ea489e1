/* Helpers about cgroups, their settings, and storage that hangs on kernel objects; system calls.
 * The current cgroup is the host's to name; the rest is described for loading and verification. */
#include "helper/define.h"

static u64 helper_cgroup_of_host(const struct skep_thread *thread)
{
    enum { CGROUP_ROOT = 1 };
    const struct skep_host *host = thread->host;
    return host->cgroup_id ? host->cgroup_id(host->user) : CGROUP_ROOT;
}

static u64 helper_cgroup_id(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return helper_cgroup_of_host(thread);
}

const struct skep_helper helper_get_current_cgroup_id = {
    HELPER_HEAD("bpf_get_current_cgroup_id", 80, TASK, helper_cgroup_id),
};

static bool helper_is_under(const struct skep_thread *thread, u32 handle)
{
    const struct skep_host *host = thread->host;
    return host->under_cgroup ? host->under_cgroup(host->user, handle)
                              : helper_cgroup_of_host(thread) == handle;
}

static u64 helper_under_cgroup(struct skep_thread *thread, u64 map, u64 index, u64 a3, u64 a4,
                               u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    u32 key = (u32)index, handle;
    if (key >= m->spec.max_entries)
        return helper_errno(-E2BIG);
    const void *value = m->type->lookup(m, &key, thread->cpu);
    if (!value)
        return helper_errno(-EAGAIN);
    memcpy(&handle, value, sizeof(handle));
    return helper_is_under(thread, handle);
}

const struct skep_helper helper_current_task_under_cgroup = {
    HELPER_HEAD("bpf_current_task_under_cgroup", 37, TASK, helper_under_cgroup),
    .args = { ARG_MAP, ARG_ANY },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 1 },
    .maps = SKEP_MAP_CGROUPS,
};

/* What the program's caller will be told; begins each run as 0. */

static u64 helper_retval(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return helper_errno(thread->retval);
}

const struct skep_helper helper_get_retval = {
    HELPER_HEAD("bpf_get_retval", 186, CGROUP, helper_retval),
    .ret = { .lo = INT32_MIN, .hi = INT32_MAX },
};

static u64 helper_set_retval_to(struct skep_thread *thread, u64 retval, u64 a2, u64 a3, u64 a4,
                                u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    thread->retval = (s32)retval;
    return 0;
}

const struct skep_helper helper_set_retval = {
    HELPER_HEAD("bpf_set_retval", 187, CGROUP, helper_set_retval_to),
    .args = { ARG_ANY },
};

/* clang-format off */
HELPER_KERNEL(get_cgroup_classid, 17, SKB_READ, .args = { ARG_CTX });
HELPER_KERNEL(skb_under_cgroup, 33, SKB_WRITE, .args = { ARG_CTX, ARG_MAP, ARG_ANY },
              .maps = SKEP_MAP_CGROUPS);
HELPER_KERNEL(skb_cgroup_id, 79, SKB_READ, .args = { ARG_CTX });
HELPER_KERNEL(skb_ancestor_cgroup_id, 83, SKB_READ, .args = { ARG_CTX, ARG_ANY });
HELPER_KERNEL(get_current_ancestor_cgroup_id, 123, TASK, .args = { ARG_ANY });
HELPER_KERNEL(sk_cgroup_id, 128, LOOKUP, .args = { ARG_SOCK });
HELPER_KERNEL(sk_ancestor_cgroup_id, 129, LOOKUP, .args = { ARG_SOCK, ARG_ANY });
HELPER_KERNEL(skb_cgroup_classid, 151, SKB_READ, .args = { ARG_CTX });
HELPER_KERNEL(sysctl_get_name, 101, CGROUP, .args = { ARG_CTX, ARG_W, ARG_SIZE, ARG_ANY });
HELPER_KERNEL(sysctl_get_current_value, 102, CGROUP, .args = { ARG_CTX, ARG_W, ARG_SIZE });
HELPER_KERNEL(sysctl_get_new_value, 103, CGROUP, .args = { ARG_CTX, ARG_W, ARG_SIZE });
HELPER_KERNEL(sysctl_set_new_value, 104, CGROUP, .args = { ARG_CTX, ARG_R, ARG_SIZE });

/* storage */
HELPER_KERNEL(get_local_storage, 81, CGROUP, .args = { ARG_MAP, ARG_NOTHING },
              .ret = { .kind = SKEP_RET_MAP_VALUE }, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(sk_storage_get, 107, BASE, .args = { ARG_MAP, ARG_SOCK, ARG_VALUE0, ARG_ANY },
              .ret = RET_VALUE, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(sk_storage_delete, 108, BASE, .args = { ARG_MAP, ARG_SOCK },
              .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(inode_storage_get, 145, LSM, .args = { ARG_MAP, ARG_BTF(INODE), ARG_VALUE0, ARG_ANY },
              .ret = RET_VALUE, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(inode_storage_delete, 146, LSM, .args = { ARG_MAP, ARG_BTF(INODE) },
              .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(task_storage_get, 156, TRACING, .args = { ARG_MAP, ARG_BTF(TASK), ARG_VALUE0, ARG_ANY },
              .ret = RET_VALUE, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(task_storage_delete, 157, TRACING, .args = { ARG_MAP, ARG_BTF(TASK) },
              .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(cgrp_storage_get, 210, BASE, .args = { ARG_MAP, ARG_BTF(CGROUP), ARG_VALUE0, ARG_ANY },
              .ret = RET_VALUE, .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(cgrp_storage_delete, 211, BASE, .args = { ARG_MAP, ARG_BTF(CGROUP) },
              .maps = SKEP_MAP_STORAGE);
HELPER_KERNEL(kptr_xchg, 194, BASE, .args = { ARG_KPTR, ARG_BTF_END }, .ret = RET_BTF_NEW);

/* system calls */
HELPER_KERNEL(sys_bpf, 166, SYSCALL, .args = { ARG_ANY, ARG_RW, ARG_SIZE });
HELPER_KERNEL(btf_find_by_name_kind, 167, SYSCALL, .args = { ARG_R, ARG_SIZE, ARG_ANY, ARG_ANY });
HELPER_KERNEL(sys_close, 168, SYSCALL, .args = { ARG_ANY });
/* clang-format on */
