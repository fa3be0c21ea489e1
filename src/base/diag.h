/* Error reports: ids with typed arguments.  A module raises, the border renders.
 *
 *     return RAISE(err, SKEP_MALFORMED, ELF_SECTION_RANGE, STR(name), NUM(offset), NUM(size));
 *
 * The text of an id, in diags.h, names its arguments in order: "{section} lies outside the file
 * ({offset:x} + {size} bytes)".  :x prints hex, :d a signed number, "{least:d}{most:t}" a range: 3,
 * or 3 to 7; a string is printed as it is; unprintable bytes are escaped.  The names are the keys
 * of the JSON form. */
#ifndef SKEP_SRC_BASE_DIAG_H
#define SKEP_SRC_BASE_DIAG_H

#include "base/types.h"

enum diag_id {
    DIAG_NONE,
#define DIAG(id, ...) DIAG_##id,
#include "base/diags.h"
#undef DIAG
    DIAG_COUNT,
};

struct diag_arg {
    bool is_string;
    const char *string;
    u64 number;
};
#define STR(s) ((struct diag_arg){ .is_string = true, .string = (s) })
#define NUM(n) ((struct diag_arg){ .number = (u64)(n) })

/* Fills *err (NULL: nothing) and returns status.  The first report wins: a filled one stays. */
skep_status diag_raise(skep_error *err, skep_status status, enum diag_id id, unsigned n_args,
                       const struct diag_arg *args);

/* What usually helps; "": nothing is known to. */
const char *diag_advice(const skep_error *error);

#define RAISE(err, status, id, ...)                                                                \
    diag_raise((err), (status), DIAG_##id,                                                         \
               sizeof((struct diag_arg[]){ __VA_ARGS__ }) / sizeof(struct diag_arg),               \
               (struct diag_arg[]){ __VA_ARGS__ })

#endif
