/* LIRC_MODE2: infrared decoders; each run gets one sample, a length and a kind (<linux/lirc.h>). */
#include "hook/fields.h"

static const struct skep_ctx_field lirc_mode2_fields[] = {
    { "sample", 0, 4, SKEP_FIELD_SCALAR, HOOK_R | HOOK_WHOLE, 4, 0, 0 },
};

const struct skep_hook hook_lirc_mode2 = {
    HOOK_NAMED("lirc_mode2", 20),
    HOOK_SECTIONS("lirc_mode2+"),
    HOOK_CONTEXT(lirc_mode2_fields, 4),
    .families = HOOK_BASE_FAMILIES | SKEP_FAMILY_LIRC,
};
