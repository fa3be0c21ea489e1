/* The door of helper/: every helper of Skep, through its descriptor. */
#ifndef SKEP_SRC_HELPER_HELPER_H
#define SKEP_SRC_HELPER_HELPER_H

#include "rt/rt.h"

/* list.h: HELPER(symbol), one line per descriptor, grouped by file. */
#define HELPER(symbol) extern const struct skep_helper symbol;
#include "helper/list.h"
#undef HELPER

extern const struct skep_helper *const helpers[];
extern const u32 n_helpers;

#endif
