/* Kernel functions about how a program runs: sections that must be closed again, which cost nothing
 * here since nothing is freed or interrupted while a program runs; and exceptions. */
#include "helper/define.h"

static u64 helper_section(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)thread, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return 0;
}

#define HELPER_SECTION(NAME, ID, EFFECT)                                                           \
    const struct skep_helper kfunc_##NAME = { KFUNC_HEAD("bpf_" #NAME, ID, BASE, helper_section),  \
                                              .ret = RET_VOID, .effects = EFFECT }

HELPER_SECTION(rcu_read_lock, 10, SKEP_OPENS_RCU);
HELPER_SECTION(rcu_read_unlock, 11, SKEP_CLOSES_RCU);
HELPER_SECTION(preempt_disable, 12, SKEP_OPENS_PREEMPT);
HELPER_SECTION(preempt_enable, 13, SKEP_CLOSES_PREEMPT);
#undef HELPER_SECTION

static u64 helper_throw(struct skep_thread *thread, u64 cookie, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a2, (void)a3, (void)a4, (void)a5;
    rt_throw(thread, cookie);
    return 0;
}

const struct skep_helper kfunc_throw = {
    KFUNC_HEAD("bpf_throw", 14, BASE, helper_throw),
    .args = { { .kind = SKEP_ARG_SCALAR } },
    .ret = RET_VOID,
    .effects = SKEP_THROWS,
};
