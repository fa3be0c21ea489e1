/* See timer.h.  One lock for all timers of an env; callbacks and releases of programs happen
 * outside of it. */
#include "rt/timer.h"

#include "rt/map.h"
#include "rt/thread.h"

#include <errno.h>

#define TIMER_KEY_MAX 512u /* bytes of a key: what hash tables allow */

struct rt_timer {
    u64 id; /* what its struct bpf_timer holds */
    struct skep_map *map;
    void *slot, *value;
    enum skep_clock clock;
    struct rt_program *program; /* a reference; NULL: no callback yet */
    u64 token;
    u64 due;                    /* on the monotonic clock */
    u32 armed;                  /* position in the heap + 1; 0: it is not */
    struct rt_timer *in_bucket; /* the next one there */
    struct rt_timer *map_next;  /* of the same map */
    u8 key[];
};

void rt_timers_init(struct rt_timers *timers, struct mem *mem)
{
    *timers = (struct rt_timers){ .mem = mem };
}

void rt_timers_drop(struct rt_timers *timers)
{
    mem_free(timers->mem, timers->buckets, timers->n_buckets * sizeof(*timers->buckets));
    timers->buckets = NULL;
    timers->n_buckets = 0;
    vec_drop(timers->mem, &timers->heap);
}

/* By address */

static u32 timer_bucket(const struct rt_timers *timers, const void *slot)
{
    return (u32)(((u64)(uintptr_t)slot >> 3) * 0x9e3779b97f4a7c15 >> 32) & (timers->n_buckets - 1);
}

static void timer_link(struct rt_timers *timers, struct rt_timer *timer)
{
    struct rt_timer **bucket = &timers->buckets[timer_bucket(timers, timer->slot)];
    timer->in_bucket = *bucket;
    *bucket = timer;
}

static bool timer_grow(struct rt_timers *timers)
{
    u32 n_old = timers->n_buckets;
    struct rt_timer **old = timers->buckets;
    if (timers->n < n_old)
        return true;
    u32 n_new = n_old ? 2 * n_old : 16;
    struct rt_timer **grown = mem_zalloc(timers->mem, n_new * sizeof(*grown));
    if (!grown)
        return false;
    timers->buckets = grown;
    timers->n_buckets = n_new;
    for (u32 i = 0; i < n_old; i++)
        for (struct rt_timer *t = old[i], *next; t; t = next) {
            next = t->in_bucket;
            timer_link(timers, t);
        }
    mem_free(timers->mem, old, n_old * sizeof(*old));
    return true;
}

static struct rt_timer *timer_at(const struct rt_timers *timers, const void *slot)
{
    struct rt_timer *t = timers->n ? timers->buckets[timer_bucket(timers, slot)] : NULL;
    while (t && t->slot != slot)
        t = t->in_bucket;
    return t;
}

static void timer_unlink(struct rt_timers *timers, const struct rt_timer *timer)
{
    struct rt_timer **at = &timers->buckets[timer_bucket(timers, timer->slot)];
    while (*at != timer)
        at = &(*at)->in_bucket;
    *at = timer->in_bucket;
    timers->n--;
}

/* By time: a binary heap */

static void timer_place(struct rt_timers *timers, u32 at, struct rt_timer *timer)
{
    timers->heap.data[at] = timer;
    timer->armed = at + 1;
}

static void timer_rise(struct rt_timers *timers, u32 at, struct rt_timer *timer)
{
    while (at > 0 && timers->heap.data[(at - 1) / 2]->due > timer->due) {
        timer_place(timers, at, timers->heap.data[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    timer_place(timers, at, timer);
}

static void timer_sink(struct rt_timers *timers, u32 at, struct rt_timer *timer)
{
    struct rt_timer **heap = timers->heap.data;
    for (;;) {
        u32 child = 2 * at + 1;
        if (child >= timers->heap.n)
            break;
        if (child + 1 < timers->heap.n && heap[child + 1]->due < heap[child]->due)
            child++;
        if (heap[child]->due >= timer->due)
            break;
        timer_place(timers, at, heap[child]);
        at = child;
    }
    timer_place(timers, at, timer);
}

/* Whether it was armed. */
static bool timer_disarm(struct rt_timers *timers, struct rt_timer *timer)
{
    if (!timer->armed)
        return false;
    u32 at = timer->armed - 1;
    struct rt_timer *last = vec_last(&timers->heap);
    timers->heap.n--;
    timer->armed = 0;
    if (last == timer)
        return true;
    if (at > 0 && timers->heap.data[(at - 1) / 2]->due > last->due)
        timer_rise(timers, at, last);
    else
        timer_sink(timers, at, last);
    return true;
}

static bool timer_arm(struct rt_timers *timers, struct rt_timer *timer, u64 due)
{
    timer_disarm(timers, timer);
    timer->due = due;
    if (!vec_push(timers->mem, &timers->heap, timer))
        return false;
    timer_rise(timers, timers->heap.n - 1, timer);
    return true;
}

/* The helpers */

static u64 timer_number(const void *slot)
{
    return __atomic_load_n((const u64 *)slot, __ATOMIC_RELAXED);
}

/* Whether the element is still the one that bpf_timer_init saw. */
static bool timer_lives(const struct rt_timer *timer)
{
    return timer_number(timer->slot) == timer->id &&
           map_look(timer->map, timer->key, 0) == timer->value;
}

static struct rt_timer *timer_find(const struct rt_timers *timers, const void *slot)
{
    struct rt_timer *timer = timer_at(timers, slot);
    return timer && timer_lives(timer) ? timer : NULL;
}

static struct rt_timer *timer_new(struct rt_timers *timers, struct skep_map *map, void *slot)
{
    if (!timer_grow(timers))
        return NULL;
    struct rt_timer *timer = mem_zalloc(timers->mem, sizeof(*timer) + map->spec.key_size);
    if (!timer)
        return NULL;
    timer->map = map;
    timer->slot = slot;
    timer->map_next = map->timers;
    map->timers = timer;
    map->timers_of = timers;
    timer_link(timers, timer);
    timers->n++;
    return timer;
}

static bool timer_clock(u64 number, enum skep_clock *out)
{
    enum { TIMER_REALTIME, TIMER_MONOTONIC, TIMER_BOOTTIME = 7 }; /* CLOCK_* of <time.h> */
    *out = number == TIMER_REALTIME    ? SKEP_CLOCK_REALTIME
           : number == TIMER_MONOTONIC ? SKEP_CLOCK_MONOTONIC
                                       : SKEP_CLOCK_BOOT;
    return number == TIMER_REALTIME || number == TIMER_MONOTONIC || number == TIMER_BOOTTIME;
}

static int timer_make(struct rt_timers *timers, struct skep_map *map, void *slot,
                      enum skep_clock clock, struct rt_program **old)
{
    u8 key[TIMER_KEY_MAX];
    void *value = map->type->locate(map, slot, key);
    if (!value)
        return -EINVAL;
    struct rt_timer *timer = timer_at(timers, slot);
    if (timer && timer_lives(timer))
        return -EBUSY;
    if (atomic_load_explicit(&map->user_references, memory_order_acquire) == 0)
        return -EPERM;
    if (!timer)
        timer = timer_new(timers, map, slot);
    if (!timer)
        return -ENOMEM;
    timer_disarm(timers, timer);
    *old = timer->program;
    timer->program = NULL;
    timer->clock = clock;
    timer->value = value;
    timer->id = ++timers->last_id;
    memcpy(timer->key, key, map->spec.key_size);
    __atomic_store_n((u64 *)slot, timer->id, __ATOMIC_RELAXED);
    return 0;
}

int rt_timer_init(struct skep_thread *thread, struct skep_map *map, void *slot, u64 clock)
{
    struct rt_timers *timers = thread->timers;
    struct rt_program *old = NULL;
    enum skep_clock which;
    if (!timer_clock(clock, &which))
        return -EINVAL;
    if (!timers || !map->type->locate || map->spec.key_size > TIMER_KEY_MAX)
        return -EOPNOTSUPP;
    os_lock(&timers->lock);
    int result = timer_make(timers, map, slot, which, &old);
    os_unlock(&timers->lock);
    if (old)
        rt_program_put(old);
    return result;
}

int rt_timer_set_callback(struct skep_thread *thread, void *slot, u64 token)
{
    struct rt_timers *timers = thread->timers;
    struct rt_program *program = (struct rt_program *)(uintptr_t)thread->program, *old = NULL;
    if (!timers)
        return -EOPNOTSUPP;
    os_lock(&timers->lock);
    struct rt_timer *timer = timer_find(timers, slot);
    int result = !timer ? -EINVAL
                 : atomic_load_explicit(&timer->map->user_references, memory_order_acquire)
                     ? 0
                     : -EPERM;
    if (!result) {
        old = timer->program;
        rt_program_get(program);
        timer->program = program;
        timer->token = token;
    }
    os_unlock(&timers->lock);
    if (old)
        rt_program_put(old);
    return result;
}

/* On the monotonic clock; times that do not fit are never. */
static u64 timer_due(const struct skep_thread *thread, const struct rt_timer *timer, u64 ns,
                     bool absolute)
{
    const struct skep_host *host = thread->host;
    u64 now = host->clock_ns(host->user, SKEP_CLOCK_MONOTONIC), due;
    if (absolute) {
        u64 its_now = host->clock_ns(host->user, timer->clock);
        ns = ns > its_now ? ns - its_now : 0;
    }
    return __builtin_add_overflow(now, ns, &due) ? UINT64_MAX : due;
}

int rt_timer_start(struct skep_thread *thread, void *slot, u64 ns, u64 flags)
{
    enum { TIMER_ABSOLUTE = 1, TIMER_CPU_PIN = 2 };
    struct rt_timers *timers = thread->timers;
    if (flags & ~(u64)(TIMER_ABSOLUTE | TIMER_CPU_PIN))
        return -EINVAL;
    if (!timers)
        return -EOPNOTSUPP;
    os_lock(&timers->lock);
    struct rt_timer *timer = timer_find(timers, slot);
    int result = timer && timer->program ? 0 : -EINVAL;
    if (!result && !timer_arm(timers, timer, timer_due(thread, timer, ns, flags & TIMER_ABSOLUTE)))
        result = -ENOMEM;
    os_unlock(&timers->lock);
    return result;
}

/* Forgets the callback too, as in Linux. */
int rt_timer_cancel(struct skep_thread *thread, void *slot)
{
    struct rt_timers *timers = thread->timers;
    struct rt_program *old = NULL;
    if (!timers)
        return -EOPNOTSUPP;
    os_lock(&timers->lock);
    struct rt_timer *timer = timer_find(timers, slot);
    int result = timer ? timer_disarm(timers, timer) : -EINVAL;
    if (timer) {
        old = timer->program;
        timer->program = NULL;
    }
    os_unlock(&timers->lock);
    if (old)
        rt_program_put(old);
    return result;
}

/* Maps that go */

/* One at a time, since releasing a program may end in here again for another map. */
static struct rt_program *timer_take_program(struct skep_map *map)
{
    struct rt_timers *timers = map->timers_of;
    struct rt_program *program = NULL;
    os_lock(&timers->lock);
    for (struct rt_timer *t = map->timers; t && !program; t = t->map_next) {
        timer_disarm(timers, t);
        program = t->program;
        t->program = NULL;
    }
    os_unlock(&timers->lock);
    return program;
}

void rt_timers_disarm_map(struct skep_map *map)
{
    struct rt_program *program;
    while (map->timers_of && (program = timer_take_program(map)))
        rt_program_put(program);
}

void rt_timers_forget_map(struct skep_map *map)
{
    struct rt_timers *timers = map->timers_of;
    if (!timers)
        return;
    rt_timers_disarm_map(map);
    os_lock(&timers->lock);
    for (struct rt_timer *t = map->timers, *next; t; t = next) {
        next = t->map_next;
        timer_unlink(timers, t);
        mem_free(timers->mem, t, sizeof(*t) + map->spec.key_size);
    }
    map->timers = NULL;
    if (timers->n == 0)
        rt_timers_drop(timers);
    os_unlock(&timers->lock);
}

/* Running */

struct timer_call {
    struct rt_program *program;
    struct skep_map *map;
    struct rt_callback callback;
    u8 key[TIMER_KEY_MAX];
};

/* Takes the first that is due, with references.  false: there is none. */
static bool timer_take_due(struct rt_timers *timers, u64 now, struct timer_call *out)
{
    bool found = false;
    os_lock(&timers->lock);
    while (!found && timers->heap.n && timers->heap.data[0]->due <= now) {
        struct rt_timer *timer = timers->heap.data[0];
        timer_disarm(timers, timer);
        found = timer_lives(timer);
        if (!found)
            continue;
        *out = (struct timer_call){ .program = timer->program, .map = timer->map };
        memcpy(out->key, timer->key, timer->map->spec.key_size);
        out->callback = (struct rt_callback){ timer->token, timer->map, out->key, timer->value };
        rt_program_get(timer->program);
        map_get(timer->map);
    }
    os_unlock(&timers->lock);
    return found;
}

skep_status rt_run_timers(struct skep_thread *thread, u64 now, u64 *next)
{
    struct rt_timers *timers = thread->timers;
    struct timer_call call;
    skep_status first = SKEP_OK;
    if (thread->program)
        return SKEP_STATE;
    os_lock(&timers->lock);
    u32 n = timers->heap.n;
    os_unlock(&timers->lock);
    while (n-- > 0 && timer_take_due(timers, now, &call)) {
        skep_status status = rt_run_callback(thread, call.program, &call.callback);
        first = first == SKEP_OK ? status : first;
        thread->timers_run++;
        map_put(call.map);
        rt_program_put(call.program);
    }
    os_lock(&timers->lock);
    *next = timers->heap.n ? timers->heap.data[0]->due : UINT64_MAX;
    os_unlock(&timers->lock);
    return first;
}

#undef TIMER_KEY_MAX
