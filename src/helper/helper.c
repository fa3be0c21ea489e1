/* The list of helpers, as an array. */
#include "helper/helper.h"

const struct skep_helper *const helpers[] = {
#define HELPER(symbol) &(symbol),
#include "helper/list.h"
#undef HELPER
};
const u32 n_helpers = ARRAY_LEN(helpers);
