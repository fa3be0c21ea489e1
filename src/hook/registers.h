/* The registers that a probe or a sample is given (struct pt_regs, or what its user's view is
 * called), of the CPU that Skep runs on, by the names of its <asm/ptrace.h>. */
#ifndef SKEP_SRC_HOOK_REGISTERS_H
#define SKEP_SRC_HOOK_REGISTERS_H

#include "hook/fields.h"

#define HOOK_REGISTER(name, offset)                                                                \
    {                                                                                              \
        name, offset, 8, SKEP_FIELD_SCALAR, HOOK_R, 8, offset, 0                                   \
    }

/* clang-format off */
#if defined(__x86_64__)
#define HOOK_REGISTERS_BYTES 168u
#define HOOK_REGISTERS(R) \
    R("r15", 0), R("r14", 8), R("r13", 16), R("r12", 24), R("rbp", 32), R("rbx", 40), \
    R("r11", 48), R("r10", 56), R("r9", 64), R("r8", 72), R("rax", 80), R("rcx", 88), \
    R("rdx", 96), R("rsi", 104), R("rdi", 112), R("orig_rax", 120), R("rip", 128), \
    R("cs", 136), R("eflags", 144), R("rsp", 152), R("ss", 160)
#elif defined(__aarch64__)
#define HOOK_REGISTERS_BYTES 272u
#define HOOK_REGISTERS(R) \
    R("x0", 0), R("x1", 8), R("x2", 16), R("x3", 24), R("x4", 32), R("x5", 40), R("x6", 48), \
    R("x7", 56), R("x8", 64), R("x9", 72), R("x10", 80), R("x11", 88), R("x12", 96), \
    R("x13", 104), R("x14", 112), R("x15", 120), R("x16", 128), R("x17", 136), R("x18", 144), \
    R("x19", 152), R("x20", 160), R("x21", 168), R("x22", 176), R("x23", 184), R("x24", 192), \
    R("x25", 200), R("x26", 208), R("x27", 216), R("x28", 224), R("x29", 232), R("x30", 240), \
    R("sp", 248), R("pc", 256), R("pstate", 264)
#else /* RISC-V */
#define HOOK_REGISTERS_BYTES 256u
#define HOOK_REGISTERS(R) \
    R("pc", 0), R("ra", 8), R("sp", 16), R("gp", 24), R("tp", 32), R("t0", 40), R("t1", 48), \
    R("t2", 56), R("s0", 64), R("s1", 72), R("a0", 80), R("a1", 88), R("a2", 96), \
    R("a3", 104), R("a4", 112), R("a5", 120), R("a6", 128), R("a7", 136), R("s2", 144), \
    R("s3", 152), R("s4", 160), R("s5", 168), R("s6", 176), R("s7", 184), R("s8", 192), \
    R("s9", 200), R("s10", 208), R("s11", 216), R("t3", 224), R("t4", 232), R("t5", 240), \
    R("t6", 248)
#endif
/* clang-format on */

#endif
