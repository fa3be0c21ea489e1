/* KPROBE: probes of kernel and user functions; the context is the registers (struct pt_regs) of the
 * CPU that Skep runs on. */
#include "hook/registers.h"

#if defined(__x86_64__) || defined(__aarch64__)
#define KPROBE_BYTES HOOK_REGISTERS_BYTES
#else
#define KPROBE_BYTES (HOOK_REGISTERS_BYTES + 8) /* what the kernel keeps beside them */
#endif

static const struct skep_ctx_field kprobe_fields[] = { HOOK_REGISTERS(HOOK_REGISTER) };

const struct skep_hook hook_kprobe = {
    HOOK_NAMED("kprobe", 2),
    .ctx_type = "pt_regs",
    HOOK_SECTIONS("kprobe+", "kretprobe+", "uprobe+", "uretprobe+", "kprobe.multi+",
                  "kretprobe.multi+", "kprobe.session+", "uprobe.multi+", "uretprobe.multi+",
                  "uprobe.session+", "ksyscall+", "kretsyscall+", "usdt+"),
    .ctx_kind = SKEP_CTX_MEMORY,
    .ctx_size = KPROBE_BYTES,
    .fields = kprobe_fields,
    .n_fields = ARRAY_LEN(kprobe_fields),
    .families = HOOK_TRACING_FAMILIES,
    .flags = SKEP_HOOK_SLEEPABLE,
    HOOK_RETURNS({ "kprobe.session+", 0, 1 }, { "uprobe.session+", 0, 1 }),
};
#undef KPROBE_BYTES
