/* PERF_EVENT: samples; struct bpf_perf_event_data of the CPU that Skep runs on: registers, the
 * sample period and an address, all read-only. */
#include "hook/fields.h"

#if defined(__x86_64__)
#define PERF_EVENT_REGISTERS 168u
#elif defined(__aarch64__)
#define PERF_EVENT_REGISTERS 272u
#else
#define PERF_EVENT_REGISTERS 256u
#endif

const struct skep_hook hook_perf_event = {
    HOOK_NAMED("perf_event", 7),       HOOK_SECTIONS("perf_event+"),
    .ctx_kind = SKEP_CTX_MEMORY,       .ctx_size = PERF_EVENT_REGISTERS + 16,
    .families = HOOK_TRACING_FAMILIES,
};
#undef PERF_EVENT_REGISTERS
