/* Faults of a run: where in the program, and the two that need no memory access. */
#include "rt/fault.h"

#include "ir/ir.h"

void rt_fault_begin(struct skep_thread *thread, const struct code *code, u32 insn)
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

skep_status rt_fault_depth(struct skep_thread *thread, const struct code *code, u32 insn)
{
    rt_fault_begin(thread, code, insn);
    return RAISE(&thread->fault.error, SKEP_TRAP, VM_DEPTH,
                 STR(insn_row(&code->insns[insn])->name));
}

skep_status rt_fault_guard(struct skep_thread *thread, const struct code *code, u32 insn)
{
    rt_fault_begin(thread, code, insn);
    return RAISE(&thread->fault.error, SKEP_TRAP, VM_GUARD,
                 STR(insn_row(&code->insns[insn])->name));
}

skep_status rt_fault_trap(struct skep_thread *thread, const struct code *code,
                          const struct skep_helper *const *helpers, u32 insn)
{
    const char *poison = code_poison_at(code, insn);
    const struct skep_helper *helper = poison || !helpers ? NULL : helpers[insn];
    rt_fault_begin(thread, code, insn);
    return helper ? RAISE(&thread->fault.error, SKEP_TRAP, VM_HELPER_CONTRACT, STR(helper->name))
                  : RAISE(&thread->fault.error, SKEP_TRAP, VM_POISONED,
                          STR(poison ? poison : insn_row(&code->insns[insn])->name));
}
