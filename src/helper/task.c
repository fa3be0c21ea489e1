/* Where a program runs, and for whom; random numbers. */
#include "helper/define.h"

static u64 helper_random(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return rt_random_u32(thread);
}

const struct skep_helper helper_get_prandom_u32 = {
    HELPER_HEAD("bpf_get_prandom_u32", 7, BASE, helper_random),
    .ret = { .lo = 0, .hi = UINT32_MAX },
};

static u64 helper_cpu(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return thread->cpu;
}

const struct skep_helper helper_get_smp_processor_id = {
    HELPER_HEAD("bpf_get_smp_processor_id", 8, BASE, helper_cpu),
    .ret = { .lo = 0, .hi = UINT32_MAX },
    .effects = SKEP_PURE,
};

/* CPU slots are not bound to memory: all are on one node. */
static u64 helper_numa_node(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)thread, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return 0;
}

const struct skep_helper helper_get_numa_node_id = {
    HELPER_HEAD("bpf_get_numa_node_id", 42, BASE, helper_numa_node),
    .effects = SKEP_PURE,
};

static u64 helper_pid_tgid(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return thread->host->pid_tgid(thread->host->user);
}

const struct skep_helper helper_get_current_pid_tgid = {
    HELPER_HEAD("bpf_get_current_pid_tgid", 14, TASK, helper_pid_tgid),
    .effects = SKEP_PURE,
};

static u64 helper_uid_gid(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return thread->host->uid_gid(thread->host->user);
}

const struct skep_helper helper_get_current_uid_gid = {
    HELPER_HEAD("bpf_get_current_uid_gid", 15, TASK, helper_uid_gid),
    .effects = SKEP_PURE,
};

/* The name, cut to what fits with its NUL, and zeros after it. */
static u64 helper_comm(struct skep_thread *thread, u64 buffer, u64 size, u64 a3, u64 a4, u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    char comm[16] = { 0 };
    if (!helper_pay(thread, size))
        return 0;
    thread->host->comm(thread->host->user, comm);
    comm[sizeof(comm) - 1] = 0;
    size_t kept = min_u64(size - 1, strlen(comm));
    memset(helper_pointer(buffer), 0, size);
    memcpy(helper_pointer(buffer), comm, kept);
    return 0;
}

const struct skep_helper helper_get_current_comm = {
    HELPER_HEAD("bpf_get_current_comm", 16, TASK, helper_comm),
    .args = { ARG_W, ARG_SIZE },
};
