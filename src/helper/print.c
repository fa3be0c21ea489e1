/* Text for people: bpf_trace_printk and its relatives. */
#include "helper/define.h"
#include "helper/format.h"

enum { PRINT_LINE = 1024, PRINT_FORMAT = 512 }; /* longer formats cost an allocation */

static u64 helper_print_line(struct skep_thread *thread, const char *fmt, u64 fmt_size,
                             const u64 *args, u32 n_args)
{
    char line[PRINT_LINE];
    s64 length = format_print(line, sizeof(line), fmt, fmt_size, args, n_args);
    if (length >= 0 && thread->host->print)
        thread->host->print(thread->host->user, line, min_u64((u64)length, sizeof(line) - 1));
    return (u64)length;
}

/* The format is copied first: it may lie where another thread writes, and is read twice. */
static u64 helper_print_args(struct skep_thread *thread, u64 fmt, u64 fmt_size, const u64 *args,
                             u32 n_args)
{
    char small[PRINT_FORMAT];
    if (!helper_pay(thread, fmt_size))
        return 0;
    char *copy = fmt_size > sizeof(small) ? mem_alloc(thread->mem, fmt_size) : small;
    if (!copy)
        return helper_errno(-ENOMEM);
    memcpy(copy, helper_pointer(fmt), fmt_size);
    u64 length = helper_print_line(thread, copy, fmt_size, args, n_args);
    if (copy != small)
        mem_free(thread->mem, copy, fmt_size);
    return length;
}

static u64 helper_print(struct skep_thread *thread, u64 fmt, u64 fmt_size, u64 a3, u64 a4, u64 a5)
{
    const u64 args[3] = { a3, a4, a5 };
    return helper_print_args(thread, fmt, fmt_size, args, 3);
}

/* The contract ends with the format: registers that it does not ask for need not be set. */
const struct skep_helper helper_trace_printk = {
    HELPER_HEAD("bpf_trace_printk", 6, BASE, helper_print),
    .args = { ARG_R, ARG_SIZE },
    .effects = SKEP_GPL_ONLY | SKEP_MORE_ARGS,
    .cost = 100,
};

/* An array of arguments in the program's memory: whole ones, and not too many. */
static bool helper_print_array(u64 array, u64 bytes, u64 args[FORMAT_MAX_ARGS])
{
    if (bytes % 8 != 0 || bytes > FORMAT_MAX_ARGS * 8 || (bytes > 0 && !array))
        return false;
    if (bytes > 0)
        memcpy(args, helper_pointer(array), bytes);
    return true;
}

static u64 helper_print_many(struct skep_thread *thread, u64 fmt, u64 fmt_size, u64 array,
                             u64 bytes, u64 a5)
{
    (void)a5;
    u64 args[FORMAT_MAX_ARGS];
    if (!helper_print_array(array, bytes, args))
        return helper_errno(-EINVAL);
    return helper_print_args(thread, fmt, fmt_size, args, (u32)bytes / 8);
}

const struct skep_helper helper_trace_vprintk = {
    HELPER_HEAD("bpf_trace_vprintk", 177, BASE, helper_print_many),
    .args = { ARG_R, ARG_SIZE, ARG_R0, ARG_SIZE0 },
    .effects = SKEP_GPL_ONLY,
    .cost = 100,
};

/* The bytes that the whole text takes, its NUL included. */
static u64 helper_print_to(struct skep_thread *thread, u64 out, u64 size, u64 fmt, u64 array,
                           u64 bytes)
{
    u64 args[FORMAT_MAX_ARGS];
    const char *format = helper_pointer(fmt);
    u64 fmt_size = strlen(format) + 1;
    if (!helper_print_array(array, bytes, args))
        return helper_errno(-EINVAL);
    if (!helper_pay(thread, fmt_size))
        return 0;
    s64 length = format_print(helper_pointer(out), size, format, fmt_size, args, (u32)bytes / 8);
    return (u64)(length < 0 ? length : length + 1);
}

const struct skep_helper helper_snprintf = {
    HELPER_HEAD("bpf_snprintf", 165, BASE, helper_print_to),
    .args = { ARG_W0, ARG_SIZE0, ARG_STRING, ARG_R0, ARG_SIZE0 },
    .cost = 100,
};

/* Iterators' output: the host's, by the program's seq_file. */

static u64 helper_seq_put(struct skep_thread *thread, u64 seq, u64 data, u64 size, u64 a4, u64 a5)
{
    (void)a4, (void)a5;
    if (!helper_pay(thread, size))
        return 0;
    if (thread->host->seq)
        thread->host->seq(thread->host->user, seq, helper_pointer(data), size);
    return 0;
}

const struct skep_helper helper_seq_write = {
    HELPER_HEAD("bpf_seq_write", 127, TRACING, helper_seq_put),
    .args = { ARG_BTF(SEQ), ARG_R, ARG_SIZE0 },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
    .effects = SKEP_GPL_ONLY,
    .cost = 50,
};

static u64 helper_seq_text(struct skep_thread *thread, u64 seq, u64 fmt, u64 fmt_size, u64 array,
                           u64 bytes)
{
    char line[PRINT_LINE], copy[PRINT_FORMAT];
    u64 args[FORMAT_MAX_ARGS];
    if (!helper_print_array(array, bytes, args) || fmt_size > sizeof(copy))
        return helper_errno(-EINVAL);
    memcpy(copy, helper_pointer(fmt), fmt_size);
    s64 length = format_print(line, sizeof(line), copy, fmt_size, args, (u32)bytes / 8);
    if (length < 0)
        return (u64)length;
    if (length >= (s64)sizeof(line))
        return helper_errno(-EOVERFLOW);
    return helper_seq_put(thread, seq, (u64)(uintptr_t)line, (u64)length, 0, 0);
}

const struct skep_helper helper_seq_printf = {
    HELPER_HEAD("bpf_seq_printf", 126, TRACING, helper_seq_text),
    .args = { ARG_BTF(SEQ), ARG_R, ARG_SIZE, ARG_R0, ARG_SIZE0 },
    .ret = { .lo = -HELPER_MAX_ERRNO, .hi = 0 },
    .effects = SKEP_GPL_ONLY,
    .cost = 100,
};
