/* The host's typed objects: their text, their copies per CPU, and the task that runs.  Whoever runs
 * the program knows them, so it is the host that is asked. */
#include "helper/define.h"

enum {
    TYPED_FLAGS = 15, /* BTF_F_COMPACT … BTF_F_ZERO */
    TYPED_TEXT_MAX = 1 << 16,
};

/* struct btf_ptr of <linux/bpf.h> */
struct typed_pointer {
    u64 address;
    u32 type;
    u32 flags;
};

/* -EINVAL also when the host knows no types, as in a kernel that was built without them. */
static s64 typed_show(const struct skep_thread *thread, u64 pointer, u64 size, u64 flags, char *out,
                      size_t out_size)
{
    const struct skep_host *host = thread->host;
    struct typed_pointer what;
    if (size != sizeof(what) || flags & ~(u64)TYPED_FLAGS || !host->show)
        return -EINVAL;
    memcpy(&what, helper_pointer(pointer), sizeof(what));
    return what.type ? host->show(host->user, what.address, what.type, flags, out, out_size)
                     : -EINVAL;
}

static u64 typed_snprintf(struct skep_thread *thread, u64 out, u64 out_size, u64 pointer, u64 size,
                          u64 flags)
{
    if (!helper_pay(thread, out_size))
        return 0;
    return (u64)typed_show(thread, pointer, size, flags, helper_pointer(out), out_size);
}

const struct skep_helper helper_snprintf_btf = {
    HELPER_HEAD("bpf_snprintf_btf", 149, BASE, typed_snprintf),
    .args = { ARG_W, ARG_SIZE, ARG_R, ARG_SIZE, ARG_ANY },
    .effects = SKEP_GPL_ONLY,
    .cost = 100,
};

static u64 typed_seq_text(struct skep_thread *thread, u64 seq, u64 pointer, u64 size, u64 flags,
                          size_t length)
{
    const struct skep_host *host = thread->host;
    char *text = mem_alloc(thread->mem, length + 1);
    if (!text)
        return helper_errno(-ENOMEM);
    s64 result = typed_show(thread, pointer, size, flags, text, length + 1);
    if (result > 0 && host->seq)
        host->seq(host->user, seq, text, min_u64((u64)result, length));
    mem_free(thread->mem, text, length + 1);
    return helper_errno(result < 0 ? (int)result : 0);
}

static u64 typed_seq(struct skep_thread *thread, u64 seq, u64 pointer, u64 size, u64 flags, u64 a5)
{
    (void)a5;
    s64 length = typed_show(thread, pointer, size, flags, NULL, 0);
    if (length < 0 || length > TYPED_TEXT_MAX)
        return helper_errno(length < 0 ? (int)length : -EOVERFLOW);
    if (!helper_pay(thread, (u64)length))
        return 0;
    return typed_seq_text(thread, seq, pointer, size, flags, (size_t)length);
}

const struct skep_helper helper_seq_printf_btf = {
    HELPER_HEAD("bpf_seq_printf_btf", 150, TRACING, typed_seq),
    .args = { ARG_BTF(SEQ), ARG_R, ARG_SIZE0, ARG_ANY },
    .effects = SKEP_GPL_ONLY,
    .cost = 100,
};

/* Variables per CPU: a host that has no copies for each has one for all. */

static u64 typed_copy(const struct skep_thread *thread, u64 variable, u32 cpu)
{
    const struct skep_host *host = thread->host;
    return host->per_cpu ? host->per_cpu(host->user, variable, cpu) : variable;
}

static u64 typed_per_cpu(struct skep_thread *thread, u64 variable, u64 cpu, u64 a3, u64 a4, u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    return (u32)cpu < thread->n_cpus ? typed_copy(thread, variable, (u32)cpu) : 0;
}

const struct skep_helper helper_per_cpu_ptr = {
    HELPER_HEAD("bpf_per_cpu_ptr", 153, BASE, typed_per_cpu),
    .args = { ARG_BTF(PER_CPU), ARG_ANY },
    .ret = RET_CPU0,
};

static u64 typed_this_cpu(struct skep_thread *thread, u64 variable, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    return typed_copy(thread, variable, thread->cpu);
}

const struct skep_helper helper_this_cpu_ptr = {
    HELPER_HEAD("bpf_this_cpu_ptr", 154, BASE, typed_this_cpu),
    .args = { ARG_BTF(PER_CPU) },
    .ret = RET_CPU,
};
