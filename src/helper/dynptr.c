/* Dynamic pointers: memory whose size is known at run time only. */
#include "helper/define.h"

/* clang-format off */
HELPER_KERNEL(dynptr_from_mem, 197, BASE, .args = { ARG_RW, ARG_SIZE0, ARG_ANY, ARG_DYNPTR_W });
HELPER_KERNEL(ringbuf_reserve_dynptr, 198, BASE,
              .args = { ARG_MAP, ARG_ANY, ARG_ANY, ARG_DYNPTR_NEW }, .maps = SKEP_MAP_RINGBUF_OUT);
HELPER_KERNEL(ringbuf_submit_dynptr, 199, BASE, .args = { ARG_DYNPTR_END, ARG_ANY },
              .ret = RET_VOID);
HELPER_KERNEL(ringbuf_discard_dynptr, 200, BASE, .args = { ARG_DYNPTR_END, ARG_ANY },
              .ret = RET_VOID);
HELPER_KERNEL(dynptr_read, 201, BASE, .args = { ARG_W, ARG_SIZE0, ARG_DYNPTR, ARG_ANY, ARG_ANY });
HELPER_KERNEL(dynptr_write, 202, BASE, .args = { ARG_DYNPTR, ARG_ANY, ARG_R, ARG_SIZE0, ARG_ANY });
HELPER_KERNEL(dynptr_data, 203, BASE, .args = { ARG_DYNPTR, ARG_ANY, ARG_ALLOC },
              .ret = RET_MEM0);
HELPER_KERNEL(user_ringbuf_drain, 209, BASE,
              .args = { ARG_MAP, ARG_CALLBACK, ARG_CALLBACK_CTX, ARG_ANY },
              .effects = SKEP_CALLS_BACK, .maps = SKEP_MAP_USER_RINGBUF,
              .callback = { .params = { SKEP_PARAM_DYNPTR, SKEP_PARAM_CTX }, .lo = 0, .hi = 1 });
/* clang-format on */
