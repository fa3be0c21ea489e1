/* Tracing helpers that look into a running kernel: tasks, samples, files.  Described for loading
 * and verification. */
#include "helper/define.h"

/* clang-format off */
HELPER_KERNEL(perf_event_read, 22, TRACING, .args = { ARG_MAP, ARG_ANY },
              .effects = SKEP_GPL_ONLY, .maps = SKEP_MAP_EVENTS);
HELPER_KERNEL(probe_write_user, 36, TRACING, .args = { ARG_ANY, ARG_R, ARG_SIZE },
              .effects = SKEP_GPL_ONLY);
HELPER_KERNEL(perf_event_read_value, 55, TRACING, .args = { ARG_MAP, ARG_ANY, ARG_W, ARG_SIZE },
              .effects = SKEP_GPL_ONLY, .maps = SKEP_MAP_EVENTS);
HELPER_KERNEL(perf_prog_read_value, 56, TRACING, .args = { ARG_CTX, ARG_W, ARG_SIZE },
              .effects = SKEP_GPL_ONLY);
HELPER_KERNEL(override_return, 58, TRACING, .args = { ARG_CTX, ARG_ANY },
              .effects = SKEP_GPL_ONLY);
HELPER_KERNEL(send_signal, 109, TRACING, .args = { ARG_ANY });
HELPER_KERNEL(send_signal_thread, 117, TRACING, .args = { ARG_ANY });
HELPER_KERNEL(read_branch_records, 119, TRACING, .args = { ARG_CTX, ARG_W0, ARG_SIZE0, ARG_ANY },
              .effects = SKEP_GPL_ONLY);
HELPER_KERNEL(get_task_stack, 141, TRACING, .args = { ARG_BTF(TASK), ARG_W, ARG_SIZE0, ARG_ANY },
              .ret = RET_UP_TO_SIZE);
HELPER_KERNEL(d_path, 147, TRACING, .args = { ARG_BTF(PATH), ARG_W, ARG_SIZE0 });
HELPER_KERNEL(get_current_task_btf, 158, BASE, .ret = RET_BTF(TASK), .effects = SKEP_GPL_ONLY);
HELPER_KERNEL(bprm_opts_set, 159, LSM, .args = { ARG_BTF(BPRM), ARG_ANY });
HELPER_KERNEL(ima_inode_hash, 161, LSM, .args = { ARG_BTF(INODE), ARG_W, ARG_SIZE },
              .effects = SKEP_SLEEPS);
HELPER_KERNEL(task_pt_regs, 175, BASE, .args = { ARG_BTF(TASK) }, .ret = RET_BTF(REGS),
              .effects = SKEP_GPL_ONLY);
HELPER_KERNEL(get_branch_snapshot, 176, TRACING, .args = { ARG_W, ARG_SIZE0, ARG_ANY },
              .effects = SKEP_GPL_ONLY);
HELPER_KERNEL(kallsyms_lookup_name, 179, SYSCALL,
              .args = { ARG_R, ARG_SIZE0, ARG_ANY, ARG_W_WORD(8) });
HELPER_KERNEL(find_vma, 180, TRACING,
              .args = { ARG_BTF(TASK), ARG_ANY, ARG_CALLBACK, ARG_CALLBACK_CTX, ARG_ANY },
              .effects = SKEP_CALLS_BACK,
              .callback = { .params = { SKEP_PARAM_BTF_PTR, SKEP_PARAM_BTF_PTR, SKEP_PARAM_CTX },
                            .types = { SKEP_TYPE_TASK, SKEP_TYPE_VMA }, .lo = 0, .hi = 1 });
HELPER_KERNEL(copy_from_user_task, 191, TRACING,
              .args = { ARG_W, ARG_SIZE0, ARG_ANY, ARG_BTF(TASK), ARG_ANY },
              .effects = SKEP_SLEEPS | SKEP_GPL_ONLY);
HELPER_KERNEL(ima_file_hash, 193, LSM, .args = { ARG_BTF(FILE), ARG_W, ARG_SIZE },
              .effects = SKEP_SLEEPS);
/* clang-format on */
