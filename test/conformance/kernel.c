/* The Linux kernel as an engine.  The vector becomes a subprogram, so that a main program can hand
 * all 64 bits of its result out through the context; only programs of type SYSCALL may write
 * theirs. */
#include "conformance/vectors.h"

#include <stdio.h>

#ifdef HAVE_LIBBPF
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#define MAIN_SLOTS 5
#define MAX_SLOTS 128

/* r6 = r1; call the vector; *(u64 *)(r6 + 0) = r0; r0 = 0; exit */
static const struct bpf_insn main_program[MAIN_SLOTS] = {
    { .code = 0xbf, .dst_reg = 6, .src_reg = 1 },
    { .code = 0x85, .src_reg = 1, .imm = 3 },
    { .code = 0x7b, .dst_reg = 6, .src_reg = 0 },
    { .code = 0xb7, .dst_reg = 0 },
    { .code = 0x95 },
};

static int kernel_load(const uint8_t *code, size_t size)
{
    struct bpf_insn insns[MAX_SLOTS];
    struct bpf_prog_load_opts options = { .sz = sizeof options, .prog_flags = BPF_F_SLEEPABLE };
    if (size / 8 + MAIN_SLOTS > MAX_SLOTS)
        return -E2BIG;
    memcpy(insns, main_program, sizeof main_program);
    memcpy(insns + MAIN_SLOTS, code, size);
    return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "conformance", "GPL", insns, MAIN_SLOTS + size / 8,
                         &options);
}

static bool kernel_run(void *self, const uint8_t *code, size_t size, uint8_t *memory,
                       size_t memory_size, uint64_t *r0)
{
    (void)self, (void)memory;
    if (memory_size > 0)
        return false;
    int program = kernel_load(code, size);
    if (program < 0)
        return false;
    uint64_t context[8] = { 0 };
    struct bpf_test_run_opts run = { .sz = sizeof run,
                                     .ctx_in = context,
                                     .ctx_size_in = sizeof context };
    int error = bpf_prog_test_run_opts(program, &run);
    close(program);
    *r0 = context[0];
    return error == 0;
}

static const uint8_t return_nothing[] = { 0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0 };

bool kernel_engine_open(struct conformance_engine *engine)
{
    uint64_t r0;
    if (!kernel_run(NULL, return_nothing, sizeof return_nothing, NULL, 0, &r0)) {
        printf("kernel: skipped, bpf(2) does not run programs of type SYSCALL here (%s)\n",
               strerror(errno));
        return false;
    }
    *engine =
        (struct conformance_engine){ .name = "kernel", .run = kernel_run, .may_refuse = true };
    return true;
}
#else
bool kernel_engine_open(struct conformance_engine *engine)
{
    (void)engine;
    printf("kernel: skipped, libbpf's headers were not there when this was built\n");
    return false;
}
#endif
