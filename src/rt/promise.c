/* Does a helper keep its contract?  Its result is of the kind and in the range that the descriptor
 * says; of the program's stack it writes what its arguments allow; what it takes for the run is in
 * the ledger, and only what it says it takes.  Verifier and engines rely on all of that. */
#include "rt/promise.h"

#include "base/hash.h"
#include "rt/dynptr.h"
#include "rt/map.h"

/* What a program's author fixed: the text of strings.  Sizes to allocate are the result's matter.
 */
static u64 promise_constants(const struct skep_helper *helper, const u64 args[5])
{
    u64 sum = 0;
    for (u32 a = 0; a < 5; a++)
        if (helper->args[a].kind == SKEP_ARG_STRING)
            sum ^= hash_string((const char *)(uintptr_t)args[a], a);
    return sum;
}

void rt_promise_note(struct rt_promise *promise, const struct skep_thread *thread,
                     const struct skep_helper *helper, const u64 args[5])
{
    promise->helper = helper;
    promise->n_held = thread->n_held;
    promise->constants = promise_constants(helper, args);
    memcpy(promise->args, args, sizeof(promise->args));
    memcpy(promise->stack, thread->stack, sizeof(promise->stack));
}

static const struct skep_map *promise_map(const struct rt_promise *promise)
{
    for (u32 a = 0; a < 5; a++)
        if (promise->helper->args[a].kind == SKEP_ARG_MAP)
            return (const struct skep_map *)(uintptr_t)promise->args[a];
    return NULL;
}

/* How many bytes the helper may write through an argument. */
static u64 promise_written(const struct rt_promise *promise, u32 a)
{
    const struct skep_arg *arg = &promise->helper->args[a];
    const struct skep_map *map = promise_map(promise);
    if (arg->kind == SKEP_ARG_DYNPTR)
        return RT_DYNPTR_BYTES;
    if (!(arg->flags & SKEP_ARG_WRITE))
        return 0;
    if (arg->kind == SKEP_ARG_MAP_KEY)
        return map->spec.key_size;
    if (arg->kind == SKEP_ARG_MAP_VALUE)
        return map->spec.value_size;
    if (arg->kind == SKEP_ARG_ITER)
        return arg->bytes;
    return arg->kind != SKEP_ARG_MEM ? 0 : arg->bytes ? arg->bytes : promise->args[a + 1];
}

static bool promise_may_write(const struct rt_promise *promise, u64 address)
{
    for (u32 a = 0; a < 5; a++)
        if (address - promise->args[a] < promise_written(promise, a))
            return true;
    return false;
}

static bool promise_stack_is_kept(const struct rt_promise *promise,
                                  const struct skep_thread *thread)
{
    if (promise->helper->effects & SKEP_CALLS_BACK ||
        memcmp(promise->stack, thread->stack, sizeof(promise->stack)) == 0)
        return true;
    for (u32 i = 0; i < sizeof(promise->stack); i++)
        if (promise->stack[i] != thread->stack[i] &&
            !promise_may_write(promise, (u64)(uintptr_t)(thread->stack + i)))
            return false;
    return true;
}

static bool promise_acquires(const struct skep_helper *helper)
{
    bool acquires = helper->ret.flags & SKEP_RET_ACQUIRES || helper->effects & SKEP_LOCKS ||
                    helper->effects & SKEP_CALLS_BACK;
    for (u32 a = 0; a < 5; a++)
        acquires |= (helper->args[a].flags & SKEP_ARG_ACQUIRE) != 0;
    return acquires;
}

/* Memory of the size that was asked for: in the ledger, when the program has to give it back. */
static const char *promise_allocated(const struct rt_promise *promise,
                                     const struct skep_thread *thread, u64 r0)
{
    const struct skep_held *held = rt_find_held(thread, (void *)(uintptr_t)r0);
    for (u32 a = 0; a < 5; a++)
        if (promise->helper->args[a].kind == SKEP_ARG_ALLOC_SIZE && held &&
            held->bytes != promise->args[a])
            return "it gave memory of another size than it was asked for";
    return NULL;
}

/* The most that an integer result may be. */
static s64 promise_most(const struct rt_promise *promise)
{
    const struct skep_ret *ret = &promise->helper->ret;
    for (u32 a = 0; a < 5 && ret->flags & SKEP_RET_AT_MOST_SIZE; a++)
        if (promise->helper->args[a].kind == SKEP_ARG_SIZE)
            return (s64)promise->args[a];
    return ret->hi;
}

static const char *promise_result(const struct rt_promise *promise,
                                  const struct skep_thread *thread, u64 r0)
{
    const struct skep_ret *ret = &promise->helper->ret;
    bool ranged = ret->kind == SKEP_RET_INTEGER && (ret->lo || ret->hi);
    if (ranged && ((s64)r0 < ret->lo || (s64)r0 > promise_most(promise)))
        return "its result is not in its range";
    if (ret->kind <= SKEP_RET_VOID)
        return NULL;
    if (!r0 && !(ret->flags & SKEP_RET_NULLABLE) && ret->kind != SKEP_RET_MAP_VALUE)
        return "its result is NULL, which it never is";
    if (r0 && ret->flags & SKEP_RET_ACQUIRES && !rt_find_held(thread, (void *)(uintptr_t)r0))
        return "what it gave is not in the ledger";
    return ret->flags & SKEP_RET_ACQUIRES ? promise_allocated(promise, thread, r0) : NULL;
}

const char *rt_promise_broken(const struct rt_promise *promise, const struct skep_thread *thread,
                              u64 r0)
{
    if (thread->stop != SKEP_OK) /* its result counts for nothing */
        return NULL;
    if (!promise_stack_is_kept(promise, thread))
        return "it wrote to the program's stack where it may not";
    if (promise_constants(promise->helper, promise->args) != promise->constants)
        return "it changed a constant of the program's";
    if (thread->n_held > promise->n_held && !promise_acquires(promise->helper))
        return "it took something, but takes nothing";
    return promise_result(promise, thread, r0);
}

u64 rt_call_helper(struct skep_thread *thread, const struct skep_helper *helper, const u64 args[5])
{
#ifndef NDEBUG
    struct rt_promise promise;
    rt_promise_note(&promise, thread, helper, args);
#endif
    u64 r0 = helper->run(thread, args[0], args[1], args[2], args[3], args[4]);
    assert(!rt_promise_broken(&promise, thread, r0) && "a helper broke its contract");
    return r0;
}
