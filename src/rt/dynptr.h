/* What the dynptrs on a thread's stack mean. */
#ifndef SKEP_SRC_RT_DYNPTR_H
#define SKEP_SRC_RT_DYNPTR_H

#include "rt/thread.h"

#define RT_DYNPTR_BYTES 16u     /* struct bpf_dynptr */
#define RT_DYNPTR_MAX 0xffffffu /* bytes that one can name */
#define RT_DYNPTR_PLACES (RT_MAX_FRAMES * RT_FRAME_BYTES / 8)

/* The program's view is { number, bytes }: `number` is this one's, and no other dynptr of the
 * thread ever has it. */
struct rt_dynptr {
    u8 *data;
    void *record; /* in the ledger as long as the dynptr means something; or NULL */
    u64 number;
    u32 bytes;
};

/* A dynptr that a helper makes for what it calls back.  It lies in the helper's frame, so a program
 * can neither write to it nor keep it. */
struct rt_dynptr_lent {
    struct rt_dynptr dynptr;
    u64 view[2]; /* its address is what the program gets */
    struct rt_dynptr_lent *outer;
};
u64 rt_dynptr_lend(struct skep_thread *thread, struct rt_dynptr_lent *lent, void *data, u32 bytes);
/* The one that was lent last. */
void rt_dynptr_take_back(struct skep_thread *thread);

/* at: an address in the thread's stack.  -EINVAL when it is none, or not aligned; -ENOMEM. */
int rt_dynptr_set(struct skep_thread *thread, u64 at, const struct rt_dynptr *dynptr);
/* Set or lent; NULL: there is none. */
const struct rt_dynptr *rt_dynptr_at(const struct skep_thread *thread, u64 at);
/* Afterwards there is none. */
void rt_dynptr_clear(struct skep_thread *thread, u64 at);

#endif
