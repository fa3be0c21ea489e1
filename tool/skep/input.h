/* What a program is run on: packets of a capture, bytes, contexts given field by field. */
#ifndef SKEP_TOOL_INPUT_H
#define SKEP_TOOL_INPUT_H

#include "capture.h"
#include "command.h"
#include "values.h"

#include <jansson.h>
#include <skep/skep.h>

/* A field of a context and the value that --ctx gives it. */
struct field_value {
    const struct skep_ctx_field *field;
    uint64_t number;
    struct bytes_buffer bytes; /* of arrays and of what pointers point to; else empty */
};

/* One --ctx document. */
struct settings {
    struct field_value *fields;
    size_t n_fields;
    uint64_t *args; /* of argument hooks */
    size_t n_args;
};

struct input {
    const struct skep_hook *hook;
    struct capture cases; /* the bytes of each run of a round: packets, or plain memory */
    bool is_capture;
    struct settings *settings; /* one for all cases, or one for each; none */
    size_t n_settings;
    size_t largest;    /* bytes of the largest case */
    bool wire_in_mark; /* the mark says how long a packet was before the capture cut it off */
    size_t linear;     /* of a packet; what lies behind comes in fragments */
};

/* Reads what --pcap, --filter, --data and --ctx say for a hook.  Without words on the command line
 * --filter is the program, and all packets are its input. */
int input_open(const struct args *args, const struct skep_hook *hook, struct input *out);
void input_close(struct input *input);

/* The host context of one thread, filled anew for each run. */
struct slot {
    const struct input *input;
    skep_packet *packet;
    struct skep_memory memory;
    uint8_t *block; /* memory, the arguments, the fields of a context, or a packet's copy */
    size_t block_size;
};
int slot_open(struct slot *slot, skep_env *env, const struct input *input);
void slot_close(struct slot *slot);
/* Makes the context of case i; what skep_run wants. */
void *slot_prepare(struct slot *slot, size_t i);
/* The packet or memory as the program left it.  NULL: the hook has none. */
const uint8_t *slot_bytes(struct slot *slot, size_t *size);

#endif
