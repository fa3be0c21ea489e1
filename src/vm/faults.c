/* Faults of the checked engine: what was accessed, and where in what. */
#include "vm/checked.h"

struct faults_kind {
    const char *name;
    enum skep_region region;
};
static const struct faults_kind faults_kinds[CHECKED_KIND_COUNT] = {
    [CHECKED_NUMBER] = { "a number", SKEP_REGION_NONE },
    [CHECKED_STACK] = { "the stack frame", SKEP_REGION_STACK },
    [CHECKED_CTX] = { "the context", SKEP_REGION_CTX },
    [CHECKED_PACKET] = { "the packet", SKEP_REGION_PACKET },
    [CHECKED_MAP_VALUE] = { "the map value", SKEP_REGION_MAP_VALUE },
    [CHECKED_MAP] = { "a map", SKEP_REGION_MAP },
    [CHECKED_RECORD] = { "the record", SKEP_REGION_RECORD },
    [CHECKED_MEMORY] = { "the memory", SKEP_REGION_MEMORY },
    [CHECKED_CODE] = { "a subprogram's address", SKEP_REGION_CODE },
    [CHECKED_OPAQUE] = { "an object of the host", SKEP_REGION_RECORD },
};

const char *checked_kind_name(u8 kind) { return faults_kinds[kind].name; }

const char *checked_register_name(u32 reg)
{
    static const char *const names[11] = { "r0", "r1", "r2", "r3", "r4", "r5",
                                           "r6", "r7", "r8", "r9", "r10" };
    return names[reg];
}

skep_status checked_fault_access(struct checked_run_state *s, const struct checked_value *through,
                                 const struct checked_access *access, skep_status status)
{
    struct skep_fault *fault = &s->thread->fault;
    if (LIKELY(status == SKEP_OK))
        return SKEP_OK;
    fault->address = access->address;
    fault->bytes = (u32)min_u64(access->bytes, UINT32_MAX);
    fault->region = faults_kinds[through->from.kind].region;
    if (fault->region != SKEP_REGION_NONE) {
        fault->region_offset = (s64)(access->address - through->from.base);
        fault->region_bytes = through->from.bytes;
    }
    return status;
}
