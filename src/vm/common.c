/* What both engines do alike, and seldom. */
#include "vm/common.h"

skep_status vm_run_tail_target(struct skep_thread *thread, u64 *r0)
{
    const struct rt_program *caller = thread->program;
    skep_status status = SKEP_OK;
    thread->depth--; /* the caller's frame is the target's */
    while (status == SKEP_OK && thread->tail_target) {
        const struct rt_program *target = thread->tail_target;
        thread->tail_target = NULL;
        thread->program = target;
        status = target->run(thread, target, thread->ctx, r0);
    }
    thread->depth++;
    thread->program = caller;
    return status;
}

void vm_fault_begin(struct skep_thread *thread, const struct code *code, u32 insn)
{
    const struct code_line *line = code_line_at(code, insn);
    thread->fault = (struct skep_fault){
        .insn = code->slot_of[insn],
        .function = code->funcs[code->func_of[insn]].name,
        .file = line ? line->file : "",
        .line = line ? line->line : 0,
        .column = line ? line->column : 0,
        .source = line ? line->source : "",
    };
}

/* Where an offset points, from the data on: offsets from SKF_LL_OFF and SKF_NET_OFF on
 * (<linux/filter.h>) count from the link and the network header, which may lie before the data.
 * INT64_MIN: nowhere. */
static s64 vm_packet_position(const struct skep_packet *packet, s32 offset)
{
    enum { VM_FROM_NETWORK = -0x100000, VM_FROM_LINK = -0x200000 };
    if (offset >= 0)
        return offset;
    if (offset >= VM_FROM_NETWORK)
        return (s64)offset - VM_FROM_NETWORK + (s32)packet->network_header_offset;
    if (offset >= VM_FROM_LINK)
        return (s64)offset - VM_FROM_LINK + (s32)packet->mac_header_offset;
    return INT64_MIN;
}

bool vm_packet_load(const struct skep_thread *thread, u32 offset, u32 bytes, u64 *value)
{
    u8 at[4];
    u64 number = 0;
    if (!thread->packet ||
        packet_load_from(thread->packet, vm_packet_position(thread->packet, (s32)offset), at,
                         bytes) != 0)
        return false;
    for (u32 i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    *value = number;
    return true;
}
