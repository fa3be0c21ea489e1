/* Timers in map values. */
#include "helper/define.h"

/* clang-format off */
HELPER_KERNEL(timer_init, 169, BASE, .args = { ARG_TIMER, ARG_MAP, ARG_ANY },
              .maps = SKEP_MAP_TIMERS);
HELPER_KERNEL(timer_set_callback, 170, BASE, .args = { ARG_TIMER, ARG_CALLBACK },
              .callback = { .params = { SKEP_PARAM_MAP, SKEP_PARAM_MAP_KEY,
                                        SKEP_PARAM_MAP_VALUE } });
HELPER_KERNEL(timer_start, 171, BASE, .args = { ARG_TIMER, ARG_ANY, ARG_ANY });
HELPER_KERNEL(timer_cancel, 172, BASE, .args = { ARG_TIMER });
/* clang-format on */
