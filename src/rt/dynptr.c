/* See dynptr.h.  A dynptr is named by its place on the stack and by a number that the place must
 * still hold, so forging one names at most another of the same place, whose memory is the run's
 * own; and copies mean nothing. */
#include "rt/dynptr.h"

#include <errno.h>

/* Which place an address is; RT_DYNPTR_PLACES: none. */
static u32 dynptr_place(const struct skep_thread *thread, u64 at)
{
    u64 offset = at - (u64)(uintptr_t)thread->stack;
    bool is_place = offset <= RT_MAX_FRAMES * RT_FRAME_BYTES - RT_DYNPTR_BYTES && offset % 8 == 0;
    return is_place ? (u32)offset / 8 : RT_DYNPTR_PLACES;
}

int rt_dynptr_set(struct skep_thread *thread, u64 at, const struct rt_dynptr *dynptr)
{
    u32 place = dynptr_place(thread, at);
    if (place == RT_DYNPTR_PLACES)
        return -EINVAL;
    if (!thread->dynptrs)
        thread->dynptrs = mem_zalloc(thread->mem, RT_DYNPTR_PLACES * sizeof(thread->dynptrs[0]));
    if (!thread->dynptrs)
        return -ENOMEM;
    thread->dynptrs[place] = *dynptr;
    thread->dynptrs[place].number = ++thread->dynptrs_made;
    const u64 view[2] = { thread->dynptrs_made, dynptr->bytes };
    memcpy((void *)(uintptr_t)at, view, sizeof(view));
    return 0;
}

u64 rt_dynptr_lend(struct skep_thread *thread, struct rt_dynptr_lent *lent, void *data, u32 bytes)
{
    *lent = (struct rt_dynptr_lent){ .dynptr = { .data = data, .bytes = bytes },
                                     .view = { 0, bytes },
                                     .outer = thread->lent };
    thread->lent = lent;
    return (u64)(uintptr_t)lent->view;
}

void rt_dynptr_take_back(struct skep_thread *thread) { thread->lent = thread->lent->outer; }

static const struct rt_dynptr *dynptr_lent(const struct skep_thread *thread, u64 at)
{
    const struct rt_dynptr_lent *lent = thread->lent;
    while (lent && (u64)(uintptr_t)lent->view != at)
        lent = lent->outer;
    return lent ? &lent->dynptr : NULL;
}

const struct rt_dynptr *rt_dynptr_at(const struct skep_thread *thread, u64 at)
{
    u32 place = dynptr_place(thread, at);
    if (place == RT_DYNPTR_PLACES)
        return dynptr_lent(thread, at);
    if (!thread->dynptrs)
        return NULL;
    u64 view[2];
    const struct rt_dynptr *dynptr = &thread->dynptrs[place];
    memcpy(view, (const void *)(uintptr_t)at, sizeof(view));
    bool whole = dynptr->number && view[0] == dynptr->number && view[1] == dynptr->bytes;
    bool lives = dynptr->number > thread->dynptrs_before &&
                 (!dynptr->record || rt_find_held(thread, dynptr->record));
    return whole && lives ? dynptr : NULL;
}

void rt_dynptr_clear(struct skep_thread *thread, u64 at)
{
    u32 place = dynptr_place(thread, at);
    if (place == RT_DYNPTR_PLACES)
        return;
    memset((void *)(uintptr_t)at, 0, RT_DYNPTR_BYTES);
    if (thread->dynptrs)
        thread->dynptrs[place].number = 0;
}
