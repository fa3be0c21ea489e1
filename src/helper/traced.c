/* What is being traced, as the host tells it: the function, its arguments and result, the stack,
 * the task (bpf-helpers(7)). */
#include "helper/define.h"

/* The function */

static struct skep_traced helper_traced(const struct skep_thread *thread)
{
    struct skep_traced traced = { 0 };
    if (thread->host->traced)
        thread->host->traced(thread->host->user, thread->ctx, &traced);
    return traced;
}

/* The arguments, when this program type's context is that; a value past them is not there. */
static bool helper_traced_value(const struct skep_thread *thread, u32 index, u64 to)
{
    const struct skep_hook *hook = thread->program->hook;
    if (hook->ctx_kind != SKEP_CTX_ARGS || !thread->ctx || index >= hook->ctx_size / sizeof(u64))
        return false;
    memcpy(helper_pointer(to), (const u64 *)thread->ctx + index, sizeof(u64));
    return true;
}

static u64 helper_func_ip(struct skep_thread *thread, u64 ctx, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)ctx, (void)a2, (void)a3, (void)a4, (void)a5;
    return helper_traced(thread).ip;
}

static u64 helper_func_cookie(struct skep_thread *thread, u64 ctx, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)ctx, (void)a2, (void)a3, (void)a4, (void)a5;
    return helper_traced(thread).cookie;
}

static u64 helper_func_arg_count(struct skep_thread *thread, u64 ctx, u64 a2, u64 a3, u64 a4,
                                 u64 a5)
{
    (void)ctx, (void)a2, (void)a3, (void)a4, (void)a5;
    return helper_traced(thread).n_args;
}

static u64 helper_func_arg(struct skep_thread *thread, u64 ctx, u64 index, u64 to, u64 a4, u64 a5)
{
    (void)ctx, (void)a4, (void)a5;
    bool there = (u32)index < helper_traced(thread).n_args;
    return there && helper_traced_value(thread, (u32)index, to) ? 0 : helper_errno(-EINVAL);
}

static u64 helper_func_ret(struct skep_thread *thread, u64 ctx, u64 to, u64 a3, u64 a4, u64 a5)
{
    (void)ctx, (void)a3, (void)a4, (void)a5;
    struct skep_traced traced = helper_traced(thread);
    return traced.returned && helper_traced_value(thread, traced.n_args, to)
               ? 0
               : helper_errno(-EOPNOTSUPP);
}

const struct skep_helper helper_get_func_ip = {
    HELPER_HEAD("bpf_get_func_ip", 173, TRACING, helper_func_ip),
    .args = { ARG_CTX },
    .effects = SKEP_GPL_ONLY,
};
const struct skep_helper helper_get_attach_cookie = {
    HELPER_HEAD("bpf_get_attach_cookie", 174, TRACING, helper_func_cookie),
    .args = { ARG_CTX },
};
const struct skep_helper helper_get_func_arg = {
    HELPER_HEAD("bpf_get_func_arg", 183, TRACING, helper_func_arg),
    .args = { ARG_CTX, ARG_ANY, ARG_W_WORD(8) },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
};
const struct skep_helper helper_get_func_ret = {
    HELPER_HEAD("bpf_get_func_ret", 184, TRACING, helper_func_ret),
    .args = { ARG_CTX, ARG_W_WORD(8) },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
};
const struct skep_helper helper_get_func_arg_cnt = {
    HELPER_HEAD("bpf_get_func_arg_cnt", 185, TRACING, helper_func_arg_count),
    .args = { ARG_CTX },
    .ret = { .lo = 0, .hi = UINT32_MAX },
};

/* The task */

static u64 helper_task(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    const struct skep_host *host = thread->host;
    return host->current_task ? host->current_task(host->user) : 0;
}

const struct skep_helper helper_get_current_task = {
    HELPER_HEAD("bpf_get_current_task", 35, TRACING, helper_task),
    .effects = SKEP_GPL_ONLY,
};

/* A host has one process namespace, whatever its device and inode are. */
static u64 helper_ns_pid_tgid(struct skep_thread *thread, u64 device, u64 inode, u64 to, u64 size,
                              u64 a5)
{
    (void)device, (void)inode, (void)a5;
    if (size != 2 * sizeof(u32)) {
        memset(helper_pointer(to), 0, size);
        return helper_errno(-EINVAL);
    }
    u64 both = thread->host->pid_tgid(thread->host->user);
    const u32 numbers[2] = { (u32)both, (u32)(both >> 32) };
    memcpy(helper_pointer(to), numbers, sizeof(numbers));
    return 0;
}

const struct skep_helper helper_get_ns_current_pid_tgid = {
    HELPER_HEAD("bpf_get_ns_current_pid_tgid", 120, BASE, helper_ns_pid_tgid),
    .args = { ARG_ANY, ARG_ANY, ARG_W, ARG_SIZE },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
};

/* Stacks */

enum {
    STACK_SKIP = 0xff,       /* BPF_F_SKIP_FIELD_MASK */
    STACK_USER = 1 << 8,     /* BPF_F_USER_STACK */
    STACK_FAST_CMP = 1 << 9, /* BPF_F_FAST_STACK_CMP */
    STACK_REUSE = 1 << 10,   /* BPF_F_REUSE_STACKID */
    STACK_DEPTH = 127,       /* PERF_MAX_STACK_DEPTH */
};

/* At most `most` addresses, after those that flags skip. */
static u32 helper_stack_take(const struct skep_thread *thread, u64 flags, u32 most, u64 *out)
{
    const struct skep_host *host = thread->host;
    u64 all[STACK_SKIP + STACK_DEPTH];
    u32 skip = (u32)flags & STACK_SKIP;
    most = min_u32(most, STACK_DEPTH);
    if (!host->stack)
        return 0;
    size_t n = host->stack(host->user, thread->ctx, flags & STACK_USER, all, skip + most);
    n = min_u64(n, skip + most);
    if (n <= skip)
        return 0;
    memcpy(out, all + skip, (n - skip) * sizeof(u64));
    return (u32)n - skip;
}

static u64 helper_stack_copy(struct skep_thread *thread, u64 ctx, u64 to, u64 size, u64 flags,
                             u64 a5)
{
    u64 addresses[STACK_DEPTH];
    (void)ctx, (void)a5;
    if (!helper_pay(thread, size))
        return 0;
    memset(helper_pointer(to), 0, size);
    if (flags & ~(u64)(STACK_SKIP | STACK_USER) || size % sizeof(u64))
        return helper_errno(-EINVAL);
    u32 n =
        helper_stack_take(thread, flags, (u32)min_u64(size / sizeof(u64), STACK_DEPTH), addresses);
    if (!n)
        return helper_errno(-EFAULT);
    memcpy(helper_pointer(to), addresses, n * sizeof(u64));
    return n * sizeof(u64);
}

const struct skep_helper helper_get_stack = {
    HELPER_HEAD("bpf_get_stack", 67, TRACING, helper_stack_copy),
    .args = { ARG_CTX, ARG_W, ARG_SIZE0, ARG_ANY },
    .ret = RET_UP_TO_SIZE,
    .effects = SKEP_GPL_ONLY,
    .cost = 100,
};

static u64 helper_stack_id(struct skep_thread *thread, u64 ctx, u64 map, u64 flags, u64 a4, u64 a5)
{
    u64 addresses[STACK_DEPTH];
    struct skep_map *m = helper_map(map);
    (void)ctx, (void)a4, (void)a5;
    if (flags & ~(u64)(STACK_SKIP | STACK_USER | STACK_FAST_CMP | STACK_REUSE))
        return helper_errno(-EINVAL);
    u32 n = helper_stack_take(thread, flags, STACK_DEPTH, addresses);
    return (u64)(n ? m->type->keep_stack(m, addresses, n, flags) : -EFAULT);
}

const struct skep_helper helper_get_stackid = {
    HELPER_HEAD("bpf_get_stackid", 27, TRACING, helper_stack_id),
    .args = { ARG_CTX, ARG_MAP, ARG_ANY },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = INT32_MAX },
    .effects = SKEP_GPL_ONLY,
    .maps = SKEP_MAP_STACKS,
    .cost = 100,
};
