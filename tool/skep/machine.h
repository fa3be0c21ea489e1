/* Machine code, beside the source that it was made of. */
#ifndef SKEP_TOOL_MACHINE_H
#define SKEP_TOOL_MACHINE_H

#include <jansson.h>
#include <skep/skep.h>

/* A list of machine instructions: offset, bytes, text, and where known function, insn (the BPF slot
 * that it is of), file, line, source.  Without capstone the text is empty. */
json_t *machine_code_json(const skep_program *program);
void machine_code_print(const json_t *insns);

#endif
