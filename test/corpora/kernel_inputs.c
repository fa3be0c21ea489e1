/* Every input that can make a difference to a program, in the checked engine: what kernel_tests.py
 * shows safe in this way is listed in kernel_accepted.txt, with the kinds of input that it reads.
 */
#include "kernel_skep.h"

#include "rt/packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETHERNET = 14, ENTRIES_KEY = 64, FLOW_KEYS = 56, RDONLY = 0x80 };

struct inputs {
    const skep_program *program;
    skep_packet *packet;
    uint64_t runs;
    skep_error error;
    bool failed;
    /* of the run under way */
    size_t length;  /* of the packet */
    uint8_t *frame; /* PACKET_MAX bytes */
    uint32_t metadata, mark;
    uint16_t first; /* of plain memory as context */
};

static void input_run(struct inputs *in)
{
    static uint64_t fields[512], words[512], keys[FLOW_KEYS / 8];
    struct skep_memory memory = { words, sizeof(words) };
    const struct skep_hook *hook = skep_program_hook(in->program);
    void *ctx = hook->ctx_kind == SKEP_CTX_MEMORY ? (void *)&memory : fields;
    uint64_t r0;
    if (in->failed)
        return;
    memcpy(words, &in->first, sizeof(in->first));
    fields[0] = (uint64_t)(uintptr_t)keys; /* kernel_runnable() */
    if (hook->flags & SKEP_HOOK_PACKET) {
        if (skep_packet_set(in->packet, in->frame, in->length) != SKEP_OK)
            abort();
        in->packet->data_meta = in->packet->data - in->metadata;
        in->packet->mark = in->mark;
        ctx = in->packet;
    }
    in->failed = skep_run_once(in->program, ctx, &r0, &in->error) != SKEP_OK;
    in->runs++;
}

/* ---- kinds of input; each leaves the others as they were */

/* It reads none, or a constant one. */
static void input_once(struct inputs *in) { input_run(in); }

static void input_lengths(struct inputs *in)
{
    size_t was = in->length;
    for (in->length = ETHERNET; in->length <= PACKET_MAX; in->length++)
        input_run(in);
    in->length = was;
}

/* Every length of the metadata that there is room for. */
static void input_metadata(struct inputs *in)
{
    for (in->metadata = 0; in->metadata <= PACKET_META_MAX; in->metadata++)
        input_run(in);
    in->metadata = 0;
}

/* The low 16 bits of the packet's mark, where the program takes no others; with the longest packet,
 * since what is compared with its end is compared the same way with all shorter ones'. */
static void input_marks(struct inputs *in)
{
    size_t was = in->length;
    in->length = PACKET_MAX;
    for (uint32_t mark = 0; mark <= UINT16_MAX; mark++) {
        in->mark = mark;
        input_run(in);
    }
    in->length = was;
    in->mark = 0;
}

static void input_words(struct inputs *in)
{
    for (uint32_t word = 0; word <= UINT16_MAX; word++) {
        in->first = (uint16_t)word;
        input_run(in);
    }
    in->first = 0;
}

/* No element 0, and one that begins with every byte. */
static void input_elements(struct inputs *in)
{
    static const uint8_t key[ENTRIES_KEY];
    static uint8_t value[512];
    skep_map *map;
    for (int first = -1; first <= UINT8_MAX; first++) {
        for (size_t m = 0; (map = skep_program_map_at(in->program, m)); m++) {
            const struct skep_map_spec *spec = skep_map_spec(map);
            if (spec->key_size > sizeof(key) || spec->value_size > sizeof(value) ||
                (spec->flags & RDONLY))
                continue;
            value[0] = (uint8_t)first;
            if (first < 0)
                skep_map_delete(map, key);
            else
                skep_map_update(map, key, value, 0);
        }
        input_run(in);
    }
}

/* clang-format off */
static const struct { const char *name; void (*run)(struct inputs *in); } input_kinds[] = {
    { "once", input_once }, { "lengths", input_lengths }, { "metadata", input_metadata },
    { "marks", input_marks }, { "words", input_words }, { "elements", input_elements },
};
/* clang-format on */

uint64_t kernel_run_inputs(skep_env *env, const skep_program *program, const char *kinds,
                           skep_error *error)
{
    struct inputs in = { .program = program, .length = 64 };
    uint64_t n_kinds = 0;
    in.frame = calloc(1, PACKET_MAX);
    if (!in.frame || skep_packet_new(env, PACKET_MAX, &in.packet) != SKEP_OK)
        abort();
    for (size_t i = 0; i < sizeof(input_kinds) / sizeof(input_kinds[0]); i++)
        if (strstr(kinds, input_kinds[i].name)) {
            input_kinds[i].run(&in);
            n_kinds++;
        }
    skep_packet_free(in.packet);
    free(in.frame);
    *error = in.error;
    return n_kinds ? in.runs : 0;
}

/* A program type that is only described, with a context that exists: its flow keys are the host's
 * memory, at the beginning of the context. */
const struct skep_hook *kernel_runnable_hook(void)
{
    static struct skep_ctx_field fields[64];
    static struct skep_hook hook;
    skep_env *env;
    const struct skep_hook *described;
    size_t at = 0;
    if (skep_env_new(NULL, &env, NULL) != SKEP_OK)
        abort();
    while ((described = skep_env_hook(env, at)) && strcmp(described->name, "flow_dissector") != 0)
        at++;
    if (!described || described->n_fields > sizeof(fields) / sizeof(fields[0]))
        abort();
    hook = *described;
    memcpy(fields, described->fields, hook.n_fields * sizeof(fields[0]));
    for (uint32_t i = 0; i < hook.n_fields; i++) {
        bool keys = fields[i].kind == SKEP_FIELD_POINTER;
        fields[i].host_size = (uint8_t)(keys ? 8 : fields[i].size > 8 ? fields[i].size : 0);
        fields[i].access = (uint8_t)(keys ? fields[i].access : 0);
    }
    hook.name = KERNEL_RUNNABLE;
    hook.id = 1000;
    hook.personality = SKEP_APPLICATION;
    hook.sections = NULL;
    hook.fields = fields;
    hook.families = SKEP_FAMILY_BASE;
    hook.flags = 0;
    skep_env_free(env);
    return &hook;
}
