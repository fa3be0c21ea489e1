/* The names of statuses, and the version. */
#include "base/types.h"

static const char *const status_names[] = {
    [SKEP_OK] = "SKEP_OK",
    [SKEP_NOMEM] = "SKEP_NOMEM",
    [SKEP_BAD_ARG] = "SKEP_BAD_ARG",
    [SKEP_MALFORMED] = "SKEP_MALFORMED",
    [SKEP_UNSUPPORTED] = "SKEP_UNSUPPORTED",
    [SKEP_LIMIT] = "SKEP_LIMIT",
    [SKEP_NOT_FOUND] = "SKEP_NOT_FOUND",
    [SKEP_EXISTS] = "SKEP_EXISTS",
    [SKEP_STATE] = "SKEP_STATE",
    [SKEP_IO] = "SKEP_IO",
    [SKEP_REJECTED] = "SKEP_REJECTED",
    [SKEP_TRAP] = "SKEP_TRAP",
    [SKEP_FUEL] = "SKEP_FUEL",
    [SKEP_CANCELLED] = "SKEP_CANCELLED",
};
_Static_assert(ARRAY_LEN(status_names) == SKEP_CANCELLED + 1, "every status has a name");

const char *skep_status_name(skep_status status)
{
    size_t i = (size_t)status;
    return i < ARRAY_LEN(status_names) ? status_names[i] : "SKEP_(unknown)";
}

#define STATUS_QUOTE_(x) #x
#define STATUS_QUOTE(x) STATUS_QUOTE_(x)

const char *skep_version(void)
{
    return STATUS_QUOTE(SKEP_VERSION_MAJOR) "." STATUS_QUOTE(SKEP_VERSION_MINOR) "." STATUS_QUOTE(
        SKEP_VERSION_PATCH);
}

#undef STATUS_QUOTE
#undef STATUS_QUOTE_
