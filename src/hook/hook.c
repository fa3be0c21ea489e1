/* The list of program types, as an array. */
#include "hook/hook.h"

const struct skep_hook *const hooks[] = {
#define HOOK(symbol) &(symbol),
#include "hook/list.h"
#undef HOOK
};
const u32 n_hooks = ARRAY_LEN(hooks);
