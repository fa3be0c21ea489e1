/* KPROBE: probes of kernel and user functions; the context is the registers (struct pt_regs) of the
 * CPU that Skep runs on. */
#include "hook/fields.h"

#if defined(__x86_64__)
#define KPROBE_REGISTERS 168u
#elif defined(__aarch64__)
#define KPROBE_REGISTERS 272u
#else
#define KPROBE_REGISTERS 264u
#endif

const struct skep_hook hook_kprobe = {
    HOOK_NAMED("kprobe", 2),
    HOOK_SECTIONS("kprobe+", "kretprobe+", "uprobe+", "uretprobe+", "kprobe.multi+",
                  "kretprobe.multi+", "kprobe.session+", "uprobe.multi+", "uretprobe.multi+",
                  "uprobe.session+", "ksyscall+", "kretsyscall+", "usdt+"),
    .ctx_kind = SKEP_CTX_MEMORY,
    .ctx_size = KPROBE_REGISTERS,
    .families = HOOK_TRACING_FAMILIES,
    .flags = SKEP_HOOK_SLEEPABLE,
};
#undef KPROBE_REGISTERS
