/* The door of hook/: every program type of Skep, through its descriptor. */
#ifndef SKEP_SRC_HOOK_HOOK_H
#define SKEP_SRC_HOOK_HOOK_H

#include "rt/rt.h"

/* list.h: HOOK(symbol), one line per program type, in its own file. */
#define HOOK(symbol) extern const struct skep_hook symbol;
#include "hook/list.h"
#undef HOOK

extern const struct skep_hook *const hooks[];
extern const u32 n_hooks;

#endif
