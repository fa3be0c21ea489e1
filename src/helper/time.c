/* Clocks. */
#include "helper/define.h"

static u64 helper_clock(struct skep_thread *thread, enum skep_clock clock)
{
    return thread->host->clock_ns(thread->host->user, clock);
}

#define HELPER_CLOCK(SYMBOL, NAME, ID, FAMILY, CLOCK)                                              \
    static u64 SYMBOL##_run(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)    \
    {                                                                                              \
        (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;                                          \
        return helper_clock(thread, CLOCK);                                                        \
    }                                                                                              \
    const struct skep_helper SYMBOL = { HELPER_HEAD(NAME, ID, FAMILY, SYMBOL##_run) }

HELPER_CLOCK(helper_ktime_get_ns, "bpf_ktime_get_ns", 5, BASE, SKEP_CLOCK_MONOTONIC);
HELPER_CLOCK(helper_ktime_get_boot_ns, "bpf_ktime_get_boot_ns", 125, BASE, SKEP_CLOCK_BOOT);
HELPER_CLOCK(helper_ktime_get_coarse_ns, "bpf_ktime_get_coarse_ns", 160, TIMER, SKEP_CLOCK_COARSE);
HELPER_CLOCK(helper_ktime_get_tai_ns, "bpf_ktime_get_tai_ns", 208, BASE, SKEP_CLOCK_TAI);
#undef HELPER_CLOCK

/* A jiffy is 4 ms, as in most distributions' kernels (CONFIG_HZ=250). */
enum { HELPER_JIFFY_NS = 4000000 };

static u64 helper_jiffies(struct skep_thread *thread, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
    return helper_clock(thread, SKEP_CLOCK_COARSE) / HELPER_JIFFY_NS;
}

const struct skep_helper helper_jiffies64 = {
    HELPER_HEAD("bpf_jiffies64", 118, BASE, helper_jiffies),
};
