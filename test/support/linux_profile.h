/* The rights for which Linux's verifier decides as the profile `linux` does: CAP_BPF, CAP_NET_ADMIN
 * and CAP_PERFMON, and no others. */
#ifndef SKEP_TEST_LINUX_PROFILE_H
#define SKEP_TEST_LINUX_PROFILE_H

#include <stdbool.h>

/* The calling process gives up everything else, for good.  false: it does not have them, or may not
 * load programs with them. */
bool linux_profile_enter(void);

#endif
