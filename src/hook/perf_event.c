/* PERF_EVENT: samples; struct bpf_perf_event_data of the CPU that Skep runs on: registers, the
 * sample period and an address, all read-only. */
#include "hook/registers.h"

static const struct skep_ctx_field perf_event_fields[] = {
    HOOK_REGISTERS(HOOK_REGISTER),
    HOOK_REGISTER("sample_period", HOOK_REGISTERS_BYTES),
    HOOK_REGISTER("addr", HOOK_REGISTERS_BYTES + 8),
};

const struct skep_hook hook_perf_event = {
    HOOK_NAMED("perf_event", 7),
    .ctx_type = "bpf_perf_event_data",
    HOOK_SECTIONS("perf_event+"),
    .ctx_kind = SKEP_CTX_MEMORY,
    .ctx_size = HOOK_REGISTERS_BYTES + 16,
    .fields = perf_event_fields,
    .n_fields = ARRAY_LEN(perf_event_fields),
    .families = HOOK_TRACING_FAMILIES,
};
