/* The thread: what a run holds and spends, callbacks, random numbers, and the system's own answers
 * to what helpers ask of a host. */
#include "rt/thread.h"

#include "os/os.h"
#include "rt/dynptr.h"

/* The system's answers */

static u64 rt_system_clock(void *user, enum skep_clock clock)
{
    static const enum os_clock clocks[] = {
        [SKEP_CLOCK_MONOTONIC] = OS_CLOCK_MONOTONIC,
        [SKEP_CLOCK_BOOT] = OS_CLOCK_BOOTTIME,
        [SKEP_CLOCK_TAI] = OS_CLOCK_TAI,
        [SKEP_CLOCK_COARSE] = OS_CLOCK_MONOTONIC_COARSE,
        [SKEP_CLOCK_REALTIME] = OS_CLOCK_REALTIME,
    };
    (void)user;
    return os_clock_ns(clocks[clock]);
}

static u64 rt_system_pid_tgid(void *user)
{
    (void)user;
    return (u64)os_process_id() << 32 | os_thread_id();
}

static u64 rt_system_uid_gid(void *user)
{
    (void)user;
    return (u64)os_group_id() << 32 | os_user_id();
}

static void rt_system_comm(void *user, char out[16])
{
    (void)user;
    _Static_assert(OS_COMM_SIZE == 16, "what bpf_get_current_comm promises");
    os_thread_comm(out);
}

const struct skep_host rt_system_host = {
    .clock_ns = rt_system_clock,
    .pid_tgid = rt_system_pid_tgid,
    .uid_gid = rt_system_uid_gid,
    .comm = rt_system_comm,
};

/* Random numbers: xoroshiro128+ (Blackman and Vigna), seeded through splitmix64. */

static u64 rt_splitmix(u64 *state)
{
    u64 z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void rt_seed(struct skep_thread *thread, u64 seed)
{
    thread->random[0] = rt_splitmix(&seed);
    thread->random[1] = rt_splitmix(&seed);
}

static u64 rt_rotate(u64 x, unsigned by) { return x << by | x >> (64 - by); }

/* The upper half of a sum: its lowest bits are the generator's weak ones. */
u32 rt_random_u32(struct skep_thread *thread)
{
    if (thread->host->random_u32)
        return thread->host->random_u32(thread->host->user);
    u64 s0 = thread->random[0], s1 = thread->random[1];
    u64 sum = s0 + s1;
    s1 ^= s0;
    thread->random[0] = rt_rotate(s0, 24) ^ s1 ^ s1 << 16;
    thread->random[1] = rt_rotate(s1, 37);
    return (u32)(sum >> 32);
}

/* Life */

#define RT_STACK_BYTES ((size_t)RT_MAX_FRAMES * RT_FRAME_BYTES)

skep_status rt_thread_init(struct skep_thread *thread, struct mem *mem,
                           const struct skep_host *host, struct epoch *epoch, u32 cpu, u32 n_cpus)
{
    u64 seed;
    if (os_random(&seed, sizeof(seed)) != SKEP_OK)
        seed = os_clock_ns(OS_CLOCK_MONOTONIC) ^ (u64)(uintptr_t)thread;
    u8 *stack = mem_zalloc(mem, RT_STACK_BYTES);
    if (!stack)
        return SKEP_NOMEM;
    memset(thread, 0, sizeof(*thread));
    thread->mem = mem;
    thread->host = host;
    thread->epoch = epoch;
    thread->cpu = cpu;
    thread->n_cpus = n_cpus;
    thread->stack = stack;
    rt_seed(thread, seed);
    epoch_register(epoch, &thread->epoch_slot);
    return SKEP_OK;
}

void rt_thread_fini(struct skep_thread *thread)
{
    epoch_unregister(thread->epoch, &thread->epoch_slot);
    mem_free(thread->mem, thread->stack, RT_STACK_BYTES);
    mem_free(thread->mem, thread->dynptrs, RT_DYNPTR_PLACES * sizeof(thread->dynptrs[0]));
    thread->stack = NULL;
}

#undef RT_STACK_BYTES

/* Calling back, and paying */

bool rt_call(struct skep_thread *thread, u64 token, const u64 args[5], u64 *r0)
{
    if (thread->stop != SKEP_OK)
        return false;
    /* Code that is not metered looks nowhere else. */
    if (atomic_load_explicit(&thread->cancel, memory_order_relaxed)) {
        thread->stop = SKEP_CANCELLED;
        return false;
    }
    skep_status status = thread->call_back(thread, token, args, r0);
    if (status != SKEP_OK)
        thread->stop = status;
    return status == SKEP_OK;
}

void rt_throw(struct skep_thread *thread, u64 cookie)
{
    thread->thrown = true;
    thread->cookie = cookie;
    thread->stop = SKEP_STATE; /* no end of a run, only of its frames */
}

bool rt_catch(struct skep_thread *thread, u64 *cookie)
{
    if (LIKELY(!thread->thrown))
        return false;
    rt_release_all(thread);
    thread->thrown = false;
    thread->stop = SKEP_OK;
    *cookie = thread->cookie;
    return true;
}

bool rt_charge(struct skep_thread *thread, u64 fuel)
{
    if (thread->stop != SKEP_OK)
        return false;
    thread->fuel -= (s64)min_u64(fuel, INT64_MAX);
    if (thread->fuel < 0)
        thread->stop = SKEP_FUEL;
    else if (atomic_load_explicit(&thread->cancel, memory_order_relaxed))
        thread->stop = SKEP_CANCELLED;
    return thread->stop == SKEP_OK;
}

/* The ledger: a stack in practice, so searches begin at its top. */

static u32 rt_held_at(const struct skep_thread *thread, const void *what)
{
    u32 i = thread->n_held;
    while (i > 0 && thread->held[i - 1].what != what)
        i--;
    return i;
}

const struct skep_held *rt_find_held(const struct skep_thread *thread, const void *what)
{
    u32 at = rt_held_at(thread, what);
    return at ? &thread->held[at - 1] : NULL;
}

bool rt_hold(struct skep_thread *thread, const struct skep_held *held)
{
    if (thread->n_held == RT_LEDGER)
        return false;
    thread->held[thread->n_held++] = *held;
    return true;
}

bool rt_drop(struct skep_thread *thread, void *what)
{
    u32 at = rt_held_at(thread, what);
    if (!at)
        return false;
    u32 above = thread->n_held - at;
    memmove(&thread->held[at - 1], &thread->held[at], above * sizeof(thread->held[0]));
    thread->n_held--;
    return true;
}

/* Last taken, first released; an entry is off the ledger before its release is called. */
void rt_release_all(struct skep_thread *thread)
{
    while (thread->n_held > 0) {
        struct skep_held held = thread->held[--thread->n_held];
        held.release(thread, &held);
    }
}
