/* The structs of the kernel's that typed pointers point to, by number and by name. */
#include "contract/contract.h"

#include <string.h>

/* clang-format off */
static const char *const contract_types[] = {
#define CONTRACT_TYPE(NAME, name) [SKEP_TYPE_##NAME - SKEP_TYPE_KERNEL] = "a struct " #name,
    SKEP_KERNEL_TYPES(CONTRACT_TYPE)
#undef CONTRACT_TYPE
    [SKEP_TYPE_PER_CPU - SKEP_TYPE_KERNEL] = "a variable that each CPU has",
};
/* clang-format on */

const char *contract_type_name(u32 type)
{
    bool named = type > SKEP_TYPE_KERNEL && type - SKEP_TYPE_KERNEL < ARRAY_LEN(contract_types);
    return named ? contract_types[type - SKEP_TYPE_KERNEL] : "an object";
}

u32 contract_type_named(const char *name)
{
    const u32 first = SKEP_TYPE_KERNEL + 1;
    for (u32 type = first; type < SKEP_TYPE_PER_CPU; type++)
        if (!strcmp(contract_type_name(type) + strlen("a struct "), name))
            return type;
    return SKEP_TYPE_UNKNOWN;
}
