/* Timers in map values (bpf_timer).  The host drives them: rt_run_timers runs what is due, on its
 * caller's thread.
 *
 * A timer belongs to the element whose value holds its struct bpf_timer.  Nothing of the value is
 * believed: the struct gets a number that says whether it still is what bpf_timer_init made, and
 * timers are found by the address.  One whose element was deleted, replaced or evicted meanwhile is
 * gone, as in Linux.  A map without user references has none that is armed: they hold programs,
 * and programs hold maps. */
#ifndef SKEP_SRC_RT_TIMER_H
#define SKEP_SRC_RT_TIMER_H

#include "base/vec.h"
#include "os/os.h"
#include "rt/program.h"

struct rt_timer;

/* The timers of an env. */
struct rt_timers {
    struct mem *mem;
    struct os_lock lock;
    u64 last_id;
    VEC(struct rt_timer *) heap; /* those that are armed, the next due first */
    struct rt_timer **buckets;   /* all, by address */
    u32 n_buckets, n;
};

void rt_timers_init(struct rt_timers *timers, struct mem *mem);
void rt_timers_drop(struct rt_timers *timers); /* every map is gone */

/* The helpers; slot: a struct bpf_timer in a value.  -errno as theirs. */
int rt_timer_init(struct skep_thread *thread, struct skep_map *map, void *slot, u64 clock);
int rt_timer_set_callback(struct skep_thread *thread, void *slot, u64 token);
int rt_timer_start(struct skep_thread *thread, void *slot, u64 ns, u64 flags);
int rt_timer_cancel(struct skep_thread *thread, void *slot);

/* The map's last user reference went; the map goes. */
void rt_timers_disarm_map(struct skep_map *map);
void rt_timers_forget_map(struct skep_map *map);

/* Runs what is due at `now` of the monotonic clock, each in a run of its own; what callbacks arm
 * waits for the next call.  *next: when the next one is due, UINT64_MAX: none.  The first status
 * that is not SKEP_OK. */
skep_status rt_run_timers(struct skep_thread *thread, u64 now, u64 *next);

#endif
