/* Timers in map values: the helpers' side of rt/timer.h. */
#include "helper/define.h"

static u64 helper_timer_init_run(struct skep_thread *thread, u64 timer, u64 map, u64 clock, u64 a4,
                                 u64 a5)
{
    (void)a4, (void)a5;
    struct skep_map *m = helper_map(map);
    if (!map_program_may_write(m))
        return helper_errno(-EPERM);
    return helper_errno(rt_timer_init(thread, m, helper_pointer(timer), clock));
}

const struct skep_helper helper_timer_init = {
    HELPER_HEAD("bpf_timer_init", 169, TIMER, helper_timer_init_run),
    .args = { ARG_TIMER, ARG_MAP, ARG_ANY },
    .maps = SKEP_MAP_TIMERS,
    .cost = 20,
};

static u64 helper_timer_callback_run(struct skep_thread *thread, u64 timer, u64 token, u64 a3,
                                     u64 a4, u64 a5)
{
    (void)a3, (void)a4, (void)a5;
    return helper_errno(rt_timer_set_callback(thread, helper_pointer(timer), token));
}

const struct skep_helper helper_timer_set_callback = {
    HELPER_HEAD("bpf_timer_set_callback", 170, TIMER, helper_timer_callback_run),
    .args = { ARG_TIMER, ARG_CALLBACK },
    .callback = { .params = { SKEP_PARAM_MAP, SKEP_PARAM_MAP_KEY, SKEP_PARAM_MAP_VALUE },
                  .returns_0 = true },
    .cost = 20,
};

static u64 helper_timer_start_run(struct skep_thread *thread, u64 timer, u64 ns, u64 flags, u64 a4,
                                  u64 a5)
{
    (void)a4, (void)a5;
    return helper_errno(rt_timer_start(thread, helper_pointer(timer), ns, flags));
}

const struct skep_helper helper_timer_start = {
    HELPER_HEAD("bpf_timer_start", 171, TIMER, helper_timer_start_run),
    .args = { ARG_TIMER, ARG_ANY, ARG_ANY },
    .cost = 20,
};

static u64 helper_timer_cancel_run(struct skep_thread *thread, u64 timer, u64 a2, u64 a3, u64 a4,
                                   u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    return helper_errno(rt_timer_cancel(thread, helper_pointer(timer)));
}

const struct skep_helper helper_timer_cancel = {
    HELPER_HEAD("bpf_timer_cancel", 172, TIMER, helper_timer_cancel_run),
    .args = { ARG_TIMER },
    .cost = 20,
};
