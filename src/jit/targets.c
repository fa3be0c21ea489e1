/* Which target is this machine's. */
#include "jit/target.h"

/* NULL: programs are not compiled here. */
#if defined(__x86_64__)
const struct jit_target *const jit_host_target = &jit_x86_64;
#elif defined(__aarch64__)
const struct jit_target *const jit_host_target = &jit_arm64;
#else
const struct jit_target *const jit_host_target = NULL;
#endif
