/* What compiled code calls besides helpers. */
#include "rt/native.h"

#include "rt/fault.h"
#include "rt/packet.h"
#include "rt/program.h"
#include "rt/promise.h"

u64 rt_native_tail_call(struct skep_thread *thread, u64 ctx, u64 map, u64 index, u64 a4, u64 a5)
{
    (void)ctx, (void)a4, (void)a5;
    return rt_tail_call(thread, (struct skep_map *)(uintptr_t)map, (u32)index);
}

u64 rt_native_tail_target(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    u64 r0 = 0;
    skep_status status = rt_run_tail_target(thread, &r0);
    if (status != SKEP_OK)
        thread->stop = status;
    return r0;
}

u64 rt_native_packet_word(struct skep_thread *thread, u64 offset, u64 bytes, u64 a3, u64 a4, u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    u64 value;
    return packet_word(thread->packet, (s32)(u32)offset, (u32)bytes, &value) ? value : UINT64_MAX;
}

u64 rt_native_helper(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    return rt_call_helper(thread, thread->calling, (u64[]){ a1, a2, a3, a4, a5 });
}

u64 rt_native_trap(struct skep_thread *thread, u64 insn, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    const struct rt_program *program = thread->program;
    thread->stop = rt_fault_trap(thread, program->code, program->helpers, (u32)insn);
    return 0;
}

u64 rt_native_guard(struct skep_thread *thread, u64 insn, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    thread->stop = rt_fault_guard(thread, thread->program->code, (u32)insn);
    return 0;
}

u64 rt_native_depth(struct skep_thread *thread, u64 insn, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    thread->stop = rt_fault_depth(thread, thread->program->code, (u32)insn);
    return 0;
}
