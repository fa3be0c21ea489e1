/* printf for programs: bpf_trace_printk, bpf_trace_vprintk, bpf_snprintf. */
#ifndef SKEP_SRC_HELPER_FORMAT_H
#define SKEP_SRC_HELPER_FORMAT_H

#include "base/base.h"

#define FORMAT_MAX_ARGS 12u

/* Writes to out, as snprintf does: at most size bytes, NUL-terminated when size > 0.  Returns the
 * length of the whole text, or -EINVAL when the format (fmt_size bytes, NUL-terminated within) is
 * none that the kernel accepts or asks for more than n_args arguments.  Addresses in arguments
 * (%s, %pI4 …) are read under guard: nothing is printed for what is not there. */
s64 format_print(char *out, size_t size, const char *fmt, size_t fmt_size, const u64 *args,
                 u32 n_args);

#endif
