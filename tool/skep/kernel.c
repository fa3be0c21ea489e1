/* BPF_PROG_TEST_RUN: the kernel runs a packet program as often as asked and tells the mean time.  A
 * program of type SYSCALL it runs once; there the calls are counted, and what they cost beside the
 * program shows in the empty one.  Every error is a reason to skip, not to fail: without privileges
 * bpf(2) is refused. */
#include "kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef SKEP_HAVE_LIBBPF

struct kernel *kernel_open(const struct target *target, const struct args *args,
                           const struct skep_program_info *info, const struct input *input,
                           char **why)
{
    (void)target, (void)args, (void)info, (void)input;
    *why = need(strdup("skep was built without libbpf"));
    return NULL;
}

void kernel_close(struct kernel *kernel) { (void)kernel; }

bool kernel_round(struct kernel *kernel, uint32_t n, struct kernel_result *out, char **why)
{
    (void)kernel, (void)n, (void)out, (void)why;
    return false;
}

#else

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#define KERNEL_ETHERNET 14u /* bytes of the header that BPF_PROG_TEST_RUN wants */

struct kernel {
    struct bpf_object *object; /* NULL: bare instructions */
    int program, empty;        /* fds */
    enum bpf_prog_type type;
    const struct input *input;
    uint8_t *bytes; /* the packet or memory of a run */
    uint32_t size;
    uint64_t compile_us;
    uint64_t code_bytes;
};

static int kernel_silent(enum libbpf_print_level level, const char *format, va_list list)
{
    (void)level, (void)format, (void)list;
    return 0;
}

static int kernel_load_insns(enum bpf_prog_type type, const void *insns, size_t n)
{
    struct bpf_prog_load_opts options = { .sz = sizeof options };
    if (type == BPF_PROG_TYPE_SYSCALL)
        options.prog_flags = BPF_F_SLEEPABLE;
    return bpf_prog_load(type, "skep_bench", "GPL", insns, n, &options);
}

/* `r0 = 0 ; exit` of the same type: what a repeat costs beside the program. */
static int kernel_load_empty(enum bpf_prog_type type)
{
    static const struct bpf_insn insns[] = { { .code = 0xb7 }, { .code = 0x95 } };
    return kernel_load_insns(type, insns, 2);
}

static bool kernel_load_object(struct kernel *kernel, const struct target *target,
                               const struct skep_program_info *info)
{
    struct bpf_program *program, *wanted = NULL;
    kernel->object = bpf_object__open_mem(target->elf.data, target->elf.size, NULL);
    if (!kernel->object)
        return false;
    bpf_object__for_each_program(program, kernel->object)
    {
        bool is_it = !strcmp(bpf_program__name(program), info->name);
        bpf_program__set_autoload(program, is_it);
        if (is_it)
            wanted = program;
    }
    if (!wanted) {
        errno = ENOENT;
        return false;
    }
    bpf_program__set_type(wanted, kernel->type);
    int failed = bpf_object__load(kernel->object);
    if (failed)
        errno = -failed;
    else
        kernel->program = bpf_program__fd(wanted);
    return !failed;
}

static bool kernel_load(struct kernel *kernel, const struct target *target,
                        const struct skep_program_info *info)
{
    uint64_t start = now_ns();
    bool loaded;
    if (target->insns) {
        kernel->program = kernel_load_insns(kernel->type, target->insns, target->n_insns);
        loaded = kernel->program >= 0;
    } else {
        loaded = kernel_load_object(kernel, target, info);
    }
    kernel->compile_us = (now_ns() - start) / 1000;
    if (loaded)
        kernel->empty = kernel_load_empty(kernel->type);
    return loaded && kernel->empty >= 0;
}

static void kernel_tell_size(struct kernel *kernel)
{
    struct bpf_prog_info info = { 0 };
    uint32_t size = sizeof info;
    if (!bpf_obj_get_info_by_fd(kernel->program, &info, &size))
        kernel->code_bytes = info.jited_prog_len;
}

/* Why the kernel could not measure the program; NULL: it may. */
static char *kernel_why_not(const struct args *args, const struct target *target,
                            const struct skep_hook *hook, const struct input *input)
{
    if (!target->insns && !target->elf.data)
        return need(strdup("the kernel is given objects and bytecode, not classic filters"));
    bool is_packet = hook->flags & SKEP_HOOK_PACKET;
    if (!is_packet && hook->id != BPF_PROG_TYPE_SYSCALL)
        return format_new("BPF_PROG_TEST_RUN is for packet programs and syscall, not %s",
                          hook->name);
    if (args_has(args, OPT_SET_MAP) || args_has(args, OPT_SET_MAP_SIZE) ||
        args_has(args, OPT_SET_RODATA))
        return need(strdup("--set-… options do not reach the kernel"));
    if (is_packet && input->cases.frames[0].size < KERNEL_ETHERNET)
        return format_new("the kernel wants packets of at least %u bytes", KERNEL_ETHERNET);
    return NULL;
}

/* A socket filter sees the whole frame, but BPF_PROG_TEST_RUN takes a header off it first. */
static void kernel_set_bytes(struct kernel *kernel, const struct input *input)
{
    const uint8_t *bytes = capture_bytes(&input->cases, 0);
    uint32_t size = input->cases.frames[0].size;
    uint32_t extra = kernel->type == BPF_PROG_TYPE_SOCKET_FILTER ? KERNEL_ETHERNET : 0;
    kernel->bytes = need(malloc(extra + (size_t)size + 1));
    if (extra)
        memcpy(kernel->bytes, bytes, extra);
    if (size)
        memcpy(kernel->bytes + extra, bytes, size);
    kernel->size = extra + size;
}

struct kernel *kernel_open(const struct target *target, const struct args *args,
                           const struct skep_program_info *info, const struct input *input,
                           char **why)
{
    *why = kernel_why_not(args, target, info->hook, input);
    if (*why)
        return NULL;
    libbpf_set_print(kernel_silent);
    struct kernel *kernel = need(calloc(1, sizeof *kernel));
    *kernel = (struct kernel){
        .program = -1, .empty = -1, .type = (enum bpf_prog_type)info->hook->id, .input = input
    };
    if (!kernel_load(kernel, target, info)) {
        *why = format_new("the kernel refuses it: %s", strerror(errno));
        kernel_close(kernel);
        return NULL;
    }
    kernel_set_bytes(kernel, input);
    kernel_tell_size(kernel);
    return kernel;
}

void kernel_close(struct kernel *kernel)
{
    /* The object owns its program's descriptor. */
    if (kernel->object)
        bpf_object__close(kernel->object);
    else if (kernel->program >= 0)
        close(kernel->program);
    if (kernel->empty >= 0)
        close(kernel->empty);
    free(kernel->bytes);
    free(kernel);
}

static bool kernel_time_packets(const struct kernel *kernel, int program, uint32_t n, uint32_t *r0,
                                double *ns)
{
    struct bpf_test_run_opts options = { .sz = sizeof options,
                                         .data_in = kernel->bytes,
                                         .data_size_in = kernel->size,
                                         .repeat = (int)n };
    if (bpf_prog_test_run_opts(program, &options))
        return false;
    *r0 = options.retval;
    *ns = options.duration + 0.5; /* the kernel rounds down to whole nanoseconds */
    return true;
}

/* The kernel writes the context back, so every run starts with the input's bytes. */
static bool kernel_time_syscalls(const struct kernel *kernel, int program, uint32_t n, uint32_t *r0,
                                 double *ns)
{
    struct bpf_test_run_opts options = { .sz = sizeof options };
    if (kernel->size)
        options.ctx_in = kernel->bytes, options.ctx_size_in = kernel->size;
    uint64_t start = cpu_ns();
    for (uint32_t i = 0; i < n; i++) {
        if (kernel->size)
            memcpy(kernel->bytes, capture_bytes(&kernel->input->cases, 0), kernel->size);
        if (bpf_prog_test_run_opts(program, &options))
            return false;
    }
    *ns = (double)(cpu_ns() - start) / n;
    *r0 = options.retval;
    return true;
}

bool kernel_round(struct kernel *kernel, uint32_t n, struct kernel_result *out, char **why)
{
    bool (*const time)(const struct kernel *, int, uint32_t, uint32_t *, double *) =
        kernel->type == BPF_PROG_TYPE_SYSCALL ? kernel_time_syscalls : kernel_time_packets;
    uint32_t ignored;
    if (!time(kernel, kernel->empty, n, &ignored, &out->empty_ns) ||
        !time(kernel, kernel->program, n, &out->r0, &out->ns)) {
        *why = format_new("BPF_PROG_TEST_RUN: %s", strerror(errno));
        return false;
    }
    out->compile_us = kernel->compile_us;
    out->code_bytes = kernel->code_bytes;
    return true;
}

#endif
