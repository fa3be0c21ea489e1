/* What helpers on packets share. */
#ifndef SKEP_SRC_HELPER_PACKET_H
#define SKEP_SRC_HELPER_PACKET_H

#include "helper/define.h"

/* Does an XDP program ask, or a traffic control one?  Redirects return another number in each. */
static inline bool helper_in_xdp(const struct skep_thread *thread)
{
    return thread->program->hook->families & SKEP_FAMILY_XDP;
}

#endif
