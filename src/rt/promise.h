/* Calling a helper.  Builds with assertions hold it to its contract while it runs. */
#ifndef SKEP_SRC_RT_PROMISE_H
#define SKEP_SRC_RT_PROMISE_H

#include "rt/thread.h"

/* What was so before the call. */
struct rt_promise {
    const struct skep_helper *helper;
    u64 args[5];
    u64 constants; /* what its CONSTANT arguments stand for */
    u32 n_held;
    u8 stack[RT_MAX_FRAMES * RT_FRAME_BYTES];
};

void rt_promise_note(struct rt_promise *promise, const struct skep_thread *thread,
                     const struct skep_helper *helper, const u64 args[5]);
/* What the helper did that its contract does not say; NULL: nothing. */
const char *rt_promise_broken(const struct rt_promise *promise, const struct skep_thread *thread,
                              u64 r0);

u64 rt_call_helper(struct skep_thread *thread, const struct skep_helper *helper, const u64 args[5]);

#endif
