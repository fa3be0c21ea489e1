/* BPF_PROG_TEST_RUN: the kernel runs the program on a packet as often as asked and tells the mean
 * time.  Every error is a reason to skip, not to fail: without privileges bpf(2) is refused. */
#include "kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef SKEP_HAVE_LIBBPF

struct kernel *kernel_open(const struct target *target, const struct args *args,
                           const struct skep_program_info *info, char **why)
{
    (void)target, (void)args, (void)info;
    *why = need(strdup("skep was built without libbpf"));
    return NULL;
}

void kernel_close(struct kernel *kernel) { (void)kernel; }

bool kernel_round(struct kernel *kernel, const struct input *input, uint32_t n,
                  struct kernel_result *out, char **why)
{
    (void)kernel, (void)input, (void)n, (void)out, (void)why;
    return false;
}

#else

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#define KERNEL_PACKET_MIN 14u /* BPF_PROG_TEST_RUN wants an Ethernet header */

struct kernel {
    struct bpf_object *object; /* NULL: bare instructions */
    int program, empty;        /* fds */
    uint64_t compile_us;
    uint64_t code_bytes;
};

static int kernel_silent(enum libbpf_print_level level, const char *format, va_list list)
{
    (void)level, (void)format, (void)list;
    return 0;
}

/* `r0 = 0 ; exit` of the same type: what a repeat costs beside the program. */
static int kernel_load_insns(uint32_t type, const void *insns, size_t n)
{
    return bpf_prog_load((enum bpf_prog_type)type, "skep_bench", "GPL", insns, n, NULL);
}

static int kernel_load_empty(uint32_t type)
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
    bpf_program__set_type(wanted, (enum bpf_prog_type)info->hook->id);
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
        kernel->program = kernel_load_insns(info->hook->id, target->insns, target->n_insns);
        loaded = kernel->program >= 0;
    } else {
        loaded = kernel_load_object(kernel, target, info);
    }
    kernel->compile_us = (now_ns() - start) / 1000;
    if (loaded)
        kernel->empty = kernel_load_empty(info->hook->id);
    return loaded && kernel->empty >= 0;
}

static void kernel_tell_size(struct kernel *kernel)
{
    struct bpf_prog_info info = { 0 };
    uint32_t size = sizeof info;
    if (!bpf_obj_get_info_by_fd(kernel->program, &info, &size))
        kernel->code_bytes = info.jited_prog_len;
}

struct kernel *kernel_open(const struct target *target, const struct args *args,
                           const struct skep_program_info *info, char **why)
{
    if (!(info->hook->flags & SKEP_HOOK_PACKET)) {
        *why =
            format_new("BPF_PROG_TEST_RUN repeats packet programs only, not %s", info->hook->name);
        return NULL;
    }
    if (args_has(args, OPT_SET_MAP) || args_has(args, OPT_SET_MAP_SIZE) ||
        args_has(args, OPT_SET_RODATA)) {
        *why = need(strdup("--set-… options do not reach the kernel"));
        return NULL;
    }
    libbpf_set_print(kernel_silent);
    struct kernel *kernel = need(calloc(1, sizeof *kernel));
    *kernel = (struct kernel){ .program = -1, .empty = -1 };
    if (!kernel_load(kernel, target, info)) {
        *why = format_new("the kernel refuses it: %s", strerror(errno));
        kernel_close(kernel);
        return NULL;
    }
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
    free(kernel);
}

static bool kernel_time(int program, const uint8_t *bytes, uint32_t size, uint32_t n, uint32_t *r0,
                        double *ns)
{
    struct bpf_test_run_opts options = {
        .sz = sizeof options, .data_in = bytes, .data_size_in = size, .repeat = (int)n
    };
    if (bpf_prog_test_run_opts(program, &options))
        return false;
    *r0 = options.retval;
    *ns = options.duration + 0.5; /* the kernel rounds down to whole nanoseconds */
    return true;
}

bool kernel_round(struct kernel *kernel, const struct input *input, uint32_t n,
                  struct kernel_result *out, char **why)
{
    const struct frame *frame = &input->cases.frames[0];
    const uint8_t *bytes = capture_bytes(&input->cases, 0);
    uint32_t ignored;
    if (frame->size < KERNEL_PACKET_MIN) {
        *why = format_new("the kernel wants packets of at least %u bytes", KERNEL_PACKET_MIN);
        return false;
    }
    if (!kernel_time(kernel->empty, bytes, frame->size, n, &ignored, &out->empty_ns) ||
        !kernel_time(kernel->program, bytes, frame->size, n, &out->r0, &out->ns)) {
        *why = format_new("BPF_PROG_TEST_RUN: %s", strerror(errno));
        return false;
    }
    out->compile_us = kernel->compile_us;
    out->code_bytes = kernel->code_bytes;
    return true;
}

#endif
