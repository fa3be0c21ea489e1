/* The rights for which Linux's verifier decides as a profile of ours does: CAP_BPF and
 * CAP_NET_ADMIN for `strict`, CAP_PERFMON too for `linux`, and no others. */
#ifndef SKEP_TEST_LINUX_PROFILE_H
#define SKEP_TEST_LINUX_PROFILE_H

#include <stdbool.h>

/* The calling process gives up everything else, for good.  false: it does not have them, or may not
 * load programs with them. */
bool linux_profile_enter(bool strict);

#endif
