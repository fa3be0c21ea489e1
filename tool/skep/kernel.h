/* The Linux kernel as an engine of skep bench, through libbpf. */
#ifndef SKEP_TOOL_KERNEL_H
#define SKEP_TOOL_KERNEL_H

#include "input.h"
#include "load.h"

struct kernel_result {
    uint32_t r0;
    double ns, empty_ns; /* of one run; of one run of an empty program */
    uint64_t compile_us;
    uint64_t code_bytes; /* of the kernel's machine code; 0: not told */
};

struct kernel;

/* Loads the program into the kernel, for the input's first case, which must stay.  NULL: *why says
 * why not, to be freed. */
struct kernel *kernel_open(const struct target *target, const struct args *args,
                           const struct skep_program_info *info, const struct input *input,
                           char **why);
void kernel_close(struct kernel *kernel);

/* One round of n runs.  false: *why. */
bool kernel_round(struct kernel *kernel, uint32_t n, struct kernel_result *out, char **why);

#endif
